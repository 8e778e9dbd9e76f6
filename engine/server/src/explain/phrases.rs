//! What the parts of a decision mean, for somebody who has never seen the code.

use call::{
    BargeInSeen, CallerVoice, Certainty, Confirmed, Emptied, Failure, Late, LegEnd, Manner,
    Rejected, Rule, Timer,
};
use types::{Because, EndReason, Expect, LegOrder, Millis};

pub(crate) fn rule(rule: Rule) -> &'static str {
    match rule {
        Rule::NoText => "no words have come yet",
        Rule::Finished => "the words sound finished",
        Rule::Answer => "a short answer to a closed question",
        Rule::Fragment => "a word or two, perhaps all, perhaps a beginning",
        Rule::Unfinished => "the last word announces more",
        Rule::Filler => "the caller looks for words",
        Rule::DigitsIncomplete => "digits, fewer than make a number",
        Rule::DigitsComplete => "digits enough for a number",
        Rule::Dictation => "a name or an address, with pauses inside",
        Rule::Spelling => "single letters, being spelled",
    }
}

/// The same, where there is little room: what the caller's words are.
pub(crate) fn rule_in_a_word(rule: Rule) -> &'static str {
    match rule {
        Rule::NoText => "no words yet",
        Rule::Finished => "sounds finished",
        Rule::Answer => "an answer",
        Rule::Fragment => "a word or two",
        Rule::Unfinished => "sounds unfinished",
        Rule::Filler => "hesitates",
        Rule::DigitsIncomplete => "part of a number",
        Rule::DigitsComplete => "a whole number",
        Rule::Dictation => "dictates",
        Rule::Spelling => "spells",
    }
}

pub(crate) fn certainty(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::None => "nothing is recognized yet",
        Certainty::Partial => "the words may lag behind the voice",
        Certainty::Stable => "the words cover all that was said",
    }
}

pub(crate) fn expect(expect: Expect) -> &'static str {
    match expect {
        Expect::Open => "any answer fits",
        Expect::Choice => "a yes or no was asked for",
        Expect::Digits => "digits were asked for",
        Expect::Dictation => "a name or an address was asked for",
    }
}

pub(crate) fn confirmed(why: Confirmed) -> &'static str {
    match why {
        Confirmed::Words => "two words that are more than a sign of listening",
        Confirmed::StopWord => "a word that means stop",
        Confirmed::Lasting => "speech that lasts and has words in it",
        Confirmed::Said => "a whole utterance that says something",
        Confirmed::Key => "a key was pressed",
        Confirmed::TimeUp => "speech still went on when time was up",
        Confirmed::Unprotected => "the protected words are over",
    }
}

pub(crate) fn rejected(why: Rejected) -> &'static str {
    match why {
        Rejected::Noise => "short, and without words",
        Rejected::Backchannel => "a sign of listening",
        Rejected::Wordless => "sound that goes on, with no words in it",
        Rejected::Echo => "the agent's own voice, come back",
        Rejected::OwnWords => "the agent's own words, come back",
    }
}

pub(crate) fn manner(manner: Manner) -> &'static str {
    match manner {
        Manner::Telling => "the agent was telling something",
        Manner::Asking => "the agent was asking a yes-or-no question",
        Manner::Leaving => "the agent was saying goodbye",
        Manner::Silent => "nothing of the reply was audible yet",
    }
}

pub(crate) fn evidence(seen: &BargeInSeen) -> String {
    let text = seen.text.reveal();
    let words = if text.is_empty() { "no words".to_owned() } else { format!("“{text}”") };
    let voice = match seen.voice {
        CallerVoice::Speaking => "still speaking",
        CallerVoice::Paused => "pausing",
        CallerVoice::Ended => "silent again",
    };
    let echo = seen.echo.map_or(String::new(), |echo| {
        let percent = echo.likeness.get() / 10;
        let (lag, gain) = (echo.lag, echo.gain.get());
        format!("; {percent} % like the agent's voice {lag} before, at {gain} dB")
    });
    let own = seen.own_words.filter(|own| 0 < own.get()).map_or(String::new(), |own| {
        format!("; {} % of the words the agent had just said", own.get() / 10)
    });
    format!(
        "{words}, {} of them more than a sign of listening; {} of speech, {voice}; agent held {}; \
         {}; {}{echo}{own}",
        seen.meaning,
        span(seen.speech),
        seen.held,
        certainty(seen.certainty),
        manner(seen.manner),
    )
}

pub(crate) fn emptied(then: Emptied) -> &'static str {
    match then {
        Emptied::ThoughtAgain => "the reply it took back is thought again",
        Emptied::Resumed => "the reply it cut goes on",
        Emptied::NotCaught => "the agent says that it did not understand",
        Emptied::Ignored => "nothing follows",
        Emptied::HungUp => "the call ends as it was about to",
    }
}

pub(crate) fn failure(what: Failure) -> &'static str {
    match what {
        Failure::Recognizer => "the recognizer",
        Failure::Brain => "the brain",
        Failure::Voice => "the voice",
        Failure::Playout => "the way to the caller's ear",
    }
}

pub(crate) fn late(to: Late) -> &'static str {
    match to {
        Late::Utterance(_) => "words of speech that was dealt with",
        Late::Generation(_) => "words of a reply that was taken back",
        Late::Segment(..) => "audio of a reply that was taken back",
    }
}

pub(crate) fn leg_end(how: LegEnd) -> &'static str {
    match how {
        LegEnd::Stopped => "the carrier says the call is over",
        LegEnd::Lost => "the carrier's socket broke",
        LegEnd::MediaDead => "no audio came from the carrier for too long",
        LegEnd::HandedOver => "the carrier has put the caller through",
    }
}

pub(crate) fn ended(reason: EndReason) -> &'static str {
    match reason {
        EndReason::CallerHungUp => "the caller hung up",
        EndReason::AgentSaidGoodbye => "the agent said goodbye",
        EndReason::Transferred => "handed to a person",
        EndReason::Overflow => "turned away: all lines were busy",
        EndReason::NoInput => "the caller said nothing for too long",
        EndReason::DurationMax => "it reached its longest duration",
        EndReason::LegLost => "the carrier's socket went away without a word",
        EndReason::MediaDead => "the carrier sent no audio for too long",
        EndReason::Shutdown => "ended by the house",
        EndReason::VendorsFailed => "recognizer, brain or voice failed beyond help",
        EndReason::Internal => "a fault of ours",
    }
}

pub(crate) fn deadline(timer: Timer) -> &'static str {
    match timer {
        Timer::Endpoint => "the silence is long enough",
        Timer::FinalWait => "the recognizer's last words are overdue",
        Timer::SpeechMax => "the caller never pauses",
        Timer::BargeInArbitration => "it must be decided whether the caller barges in",
        Timer::BargeInArmed => "the caller may stop the agent again",
        Timer::ClearWait => "the report of what was heard is overdue",
        Timer::DtmfGap => "no further key came",
        Timer::ThinkWait => "the brain has gone quiet",
        Timer::VoiceWait => "the voice has gone quiet",
        Timer::PlayoutWait => "all must have been heard by now, though the carrier did not say so",
        Timer::NoInput => "the caller has said nothing for too long",
        Timer::GoodbyeWait => "the goodbye has died away",
        Timer::ClosingWait => "the reply before the goodbye does not end",
        Timer::TransferWait => "the transfer shows no result",
        Timer::HangUpWait => "the leg was told to hang up and does not",
        Timer::DetachedMax => "the line has been without audio for too long",
        Timer::Reattach => "the carrier was asked for the line's audio and is asked again",
        Timer::GoOnWait => "the caller was asked to go on and does not",
        Timer::DurationWarning => "the call will reach its longest duration soon",
        Timer::DurationMax => "the call has reached its longest duration",
    }
}

pub(crate) fn order(order: &LegOrder) -> String {
    match order {
        LegOrder::HangUp => "hangs up".to_owned(),
        LegOrder::Transfer { to } => format!("transfers the caller to {to}"),
        LegOrder::SendDtmf { digits } => format!("presses {digits}"),
    }
}

/// A span as people say it: `420 ms`, `3.9 s`, `2:05 min`.
pub(crate) fn span(span: Millis) -> String {
    let ms = span.get();
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        60_000.. => format!("{}:{:02} min", ms / 60_000, ms / 1_000 % 60),
    }
}

/// Which reading was answered, and why.
pub(crate) fn chosen(reading: usize, because: Because) -> String {
    let which = match reading {
        0 => "the first reading".to_owned(),
        other => format!("reading {}", other + 1),
    };
    match because {
        Because::First => format!("answers {which}"),
        Because::Agreed => "answers: the readings come to the same".to_owned(),
        Because::Alone => format!("answers {which}: only it can be answered"),
        Because::Clearer => format!("answers {which}: it leaves nothing unexplained"),
        Because::Asked => "asks: no reading is clear, or they differ".to_owned(),
    }
}

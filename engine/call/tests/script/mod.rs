//! A conversation as a table of what happens and a table of what must follow.

use call::{Action, Call, CallConfig, EndManner, Event, LegEnd, Lines, ResumeLimits, SegmentHeard};
use types::{
    BargeIn, Because, BrainNote, CallTime, DialogueEntry, DtmfDigit, Effect, Expect, GenerationId,
    Heard, LegOrder, Limits, Message, Millis, Persona, Pii, SegmentId, Tone, TurnId, Turns,
    Unavailable, Urgency, UtteranceId,
};

/// A receptionist with short words.
pub(crate) fn config() -> CallConfig {
    CallConfig {
        persona: Persona {
            greeting: "Hello.".to_owned(),
            disclosure: None,
            tone: Tone::Warm,
            language: "en-US".to_owned(),
        },
        turns: Turns {
            endpoint_delay_min: Millis::new(300),
            endpoint_delay_max: Millis::new(1_500),
            barge_in: BargeIn::Allowed,
            no_input_delay: Millis::from_secs(8),
            no_input_prompts_max: 1,
            dtmf_gap_max: Millis::from_secs(3),
            greeting_protected: Millis::ZERO,
            keys: types::KeyRules::STANDARD,
        },
        limits: Limits { call_duration_max: Millis::from_secs(900), calls_max: 1 },
        lines: Lines::english(),
        resume: ResumeLimits::STANDARD,
    }
}

/// Runs `script` and compares what came out; see [`check_with`].
pub(crate) fn check(script: &str, expected: &str) {
    check_with(config(), script, expected);
}

/// Runs `script` through a call with `config` in virtual time and compares the actions, notes left
/// out, with `expected`. Time is in milliseconds; parentheses at the end of a line are comments.
pub(crate) fn check_with(config: CallConfig, script: &str, expected: &str) {
    let got = run(config, script);
    let expected: Vec<String> = rows(expected);
    assert_eq!(got.join("\n"), expected.join("\n"), "\n--- got ---\n{}\n", got.join("\n"));
}

fn run(config: CallConfig, script: &str) -> Vec<String> {
    let mut call = Call::new(config, 0);
    let mut got = Vec::new();
    for row in rows(script) {
        let (at, what) = row.split_once(' ').expect("a time and a happening");
        let now = CallTime::from_millis(at.parse().expect("milliseconds"));
        while let Some((due, _)) = call.poll_timeout().filter(|&(due, _)| due <= now) {
            let due = due.max(latest(&got));
            call.handle_timeout(due);
            drain(&mut call, due, &mut got);
        }
        if what != "end" {
            call.handle_event(now, event(what, now));
            drain(&mut call, now, &mut got);
        }
    }
    got
}

fn latest(got: &[String]) -> CallTime {
    let at = got.last().and_then(|row| row.split_once(' ')).map_or("0", |(at, _)| at);
    CallTime::from_millis(at.parse().expect("milliseconds"))
}

fn rows(table: &str) -> Vec<String> {
    let rows = table.lines().map(|row| {
        let row = row.trim();
        let row =
            if row.ends_with(')') { row.rsplit_once('(').map_or(row, |(row, _)| row) } else { row };
        row.split_whitespace().collect::<Vec<_>>().join(" ")
    });
    rows.filter(|row| !row.is_empty()).collect()
}

fn drain(call: &mut Call, now: CallTime, got: &mut Vec<String>) {
    while let Some(action) = call.poll_action() {
        if let Some(text) = action_text(&action) {
            got.push(format!("{} {text}", now.as_millis()));
        }
    }
}

fn action_text(action: &Action) -> Option<String> {
    Some(match action {
        Action::BeginUtterance { utterance, .. } => format!("begin {}", utterance.get()),
        Action::PauseUtterance { utterance } => format!("pause {}", utterance.get()),
        Action::ResumeUtterance { utterance } => format!("resume {}", utterance.get()),
        Action::FinalizeUtterance { utterance } => format!("finalize {}", utterance.get()),
        Action::DiscardUtterance { utterance } => format!("discard {}", utterance.get()),
        Action::Think { generation, dialogue } => {
            let entries: Vec<String> = dialogue.entries.iter().map(entry_text).collect();
            format!("think {} {}", id(generation), entries.join(" | "))
        }
        Action::CancelThought { generation } => format!("cancel-thought {}", id(generation)),
        Action::Speak { generation, segment, text, barge_in } => {
            let protected = match barge_in {
                BargeIn::Allowed => "",
                BargeIn::Protected => " protected",
            };
            format!("speak {}/{} '{}'{protected}", id(generation), segment.get(), text.reveal())
        }
        Action::EndSpeech { generation } => format!("end-speech {}", id(generation)),
        Action::CancelSpeech { generation, heard } => {
            format!("cancel-speech {} {}", id(generation), heard.get())
        }
        Action::HoldPlayout { generation } => format!("hold {}", id(generation)),
        Action::ResumePlayout { generation } => format!("go-on {}", id(generation)),
        Action::ClearPlayout { generation } => format!("clear {}", id(generation)),
        Action::Leg { order: LegOrder::HangUp } => "hang-up".to_owned(),
        Action::Leg { order: LegOrder::Transfer { .. } } => "transfer".to_owned(),
        Action::Leg { order: LegOrder::SendDtmf { .. } } => "send-dtmf".to_owned(),
        Action::Reattach { attempt } => format!("reattach {attempt}"),
        Action::KeepMessage { .. } => "keep-message".to_owned(),
        Action::Finish { reason } => format!("finish {reason:?}"),
        Action::Note { .. } => return None,
    })
}

fn entry_text(entry: &DialogueEntry) -> String {
    match entry {
        DialogueEntry::Caller { text, others, .. } => {
            let others: String = others.iter().map(|o| format!(" or {}", o.reveal())).collect();
            format!("caller: {}{others}", text.reveal())
        }
        DialogueEntry::Keys { digits, .. } => format!("keys: {}", digits.reveal()),
        DialogueEntry::Agent { text, heard: Heard::Whole, .. } => {
            format!("agent: {}", text.reveal())
        }
        DialogueEntry::Agent { text, heard: Heard::Cut, .. } => format!("cut: {}", text.reveal()),
        DialogueEntry::NoInput { .. } => "silence".to_owned(),
    }
}

fn id(generation: &GenerationId) -> String {
    format!("{}.{}", generation.turn.get(), generation.attempt)
}

fn event(what: &str, now: CallTime) -> Event {
    let (words, quoted) = match what.split_once('\'') {
        Some((words, quoted)) => (words, quoted.trim_end_matches('\'')),
        None => (what, ""),
    };
    let mut readings = quoted.split("' or '").map(|text| Pii::new(text.to_owned()));
    let text = readings.next().unwrap_or_default();
    let others: Vec<_> = readings.collect();
    let words: Vec<&str> = words.split_whitespace().collect();
    let at = |ms: &str| CallTime::from_millis(ms.parse().expect("milliseconds"));
    match words[..] {
        ["answered"] => Event::Answered,
        ["caller", "starts"] => Event::SpeechStarted { at: now },
        ["caller", "pauses", ms] => Event::SpeechPaused { at: at(ms) },
        ["caller", "resumes"] => Event::SpeechResumed,
        ["caller", "ended", ms] => Event::SpeechEnded { at: at(ms) },
        ["caller", "stopped", ms] => Event::SpeechStopped { at: at(ms) },
        ["partial", n] => Event::Partial { utterance: utterance(n), text },
        ["stable", n] => Event::Stable { utterance: utterance(n), text, others },
        ["final", n] => {
            Event::Final { utterance: utterance(n), text, others, audio: Millis::new(500) }
        }
        ["recognizer", "fails"] => Event::RecognizerFailed,
        ["recognizer", "recovers"] => Event::RecognizerRecovers,
        ["key", key] => {
            let symbol = key.chars().next().expect("a key");
            Event::Dtmf { digit: DtmfDigit::new(symbol).expect("a key") }
        }
        ["leg", "refuses"] => Event::LegRefused { reason: Unavailable::Unsupported },
        ["media", "lost"] => Event::Detached { how: LegEnd::Lost },
        ["media", "silent"] => Event::Detached { how: LegEnd::MediaDead },
        ["media", "back", ms] => Event::Reattached { gap: span(ms) },
        ["attach", "accepted"] => Event::AttachAccepted,
        ["attach", "refused"] => Event::AttachRefused { reason: Unavailable::Refused },
        ["attach", "unsupported"] => Event::AttachRefused { reason: Unavailable::Unsupported },
        ["restored", ms] => Event::Restored { gap: span(ms) },
        ["leg", "ended"] => Event::LegEnded { how: LegEnd::Stopped },
        ["leg", "handed-over"] => Event::LegEnded { how: LegEnd::HandedOver },
        ["leg", "lost"] => Event::LegEnded { how: LegEnd::Lost },
        ["house", "polite"] => Event::EndRequested { manner: EndManner::Polite },
        ["house", "at-once"] => Event::EndRequested { manner: EndManner::AtOnce },
        ["brain", g, ref rest @ ..] => brain_event(generation(g), rest, text),
        ["voice", gs, ref rest @ ..] => voice_event(gs, rest),
        ["playout", g, ref rest @ ..] => playout_event(generation(g), rest, now),
        _ => panic!("what is {what:?}?"),
    }
}

fn brain_event(generation: GenerationId, words: &[&str], text: Pii<String>) -> Event {
    let note = Some(BrainNote(Pii::new("note".to_owned())));
    if let ["answers", reading] = words {
        let reading = reading.parse().expect("a number");
        return Event::Understood { generation, reading, because: Because::Alone };
    }
    let done = |expect| Event::ThoughtDone { generation, expect, note: note.clone() };
    let effect = |effect| Event::ThoughtEffect { generation, effect };
    match words {
        ["says"] => Event::Thought { generation, text, cites: Vec::new() },
        ["done"] => done(Expect::Open),
        ["asks"] => done(Expect::Choice),
        ["fails"] => Event::ThoughtFailed { generation },
        ["ends-call"] => effect(Effect::EndCall),
        ["transfers"] => effect(Effect::Transfer { to: "+14155550100".parse().expect("a number") }),
        ["takes-message"] => effect(Effect::TakeMessage(Message {
            name: Pii::default(),
            number: Pii::default(),
            reason: Pii::default(),
            urgency: Urgency::Normal,
        })),
        _ => panic!("what does the brain do by {words:?}?"),
    }
}

fn voice_event(place: &str, words: &[&str]) -> Event {
    let (g, s) = place.split_once('/').expect("generation/segment");
    let (generation, segment) = (generation(g), segment(s));
    match words {
        ["voiced"] => Event::SegmentVoiced { generation, segment },
        ["queued", ms] => Event::SegmentQueued {
            generation,
            segment,
            duration: Millis::new(ms.parse().expect("milliseconds")),
            words: Vec::new(),
        },
        ["fails"] => Event::SegmentFailed { generation, segment },
        _ => panic!("what does the voice do by {words:?}?"),
    }
}

fn playout_event(generation: GenerationId, words: &[&str], now: CallTime) -> Event {
    match words {
        ["sent"] => Event::PlayoutSent { generation },
        ["started"] => Event::PlayoutStarted { generation, at: now },
        ["heard", s] => Event::SegmentHeard { generation, segment: segment(s) },
        ["finished"] => Event::PlayoutFinished { generation, at: now },
        ["cleared", reports @ ..] => {
            let heard = reports.iter().map(|report| {
                let (s, rest) = report.split_once(':').expect("segment:heard/of");
                let (heard, of) = rest.split_once('/').expect("segment:heard/of");
                let ms = |ms: &str| Millis::new(ms.parse().expect("milliseconds"));
                SegmentHeard { segment: segment(s), heard: ms(heard), of: ms(of) }
            });
            Event::PlayoutCleared { generation, heard: heard.collect() }
        }
        _ => panic!("what does playout do by {words:?}?"),
    }
}

fn span(ms: &str) -> Millis {
    Millis::new(ms.parse().expect("milliseconds"))
}

fn utterance(number: &str) -> UtteranceId {
    UtteranceId::new(number.parse().expect("an utterance's number"))
}

fn segment(number: &str) -> SegmentId {
    SegmentId::new(number.parse().expect("a segment's number"))
}

fn generation(text: &str) -> GenerationId {
    let (turn, attempt) = text.split_once('.').expect("turn.attempt");
    let turn = TurnId::new(turn.parse().expect("a turn's number"));
    GenerationId { turn, attempt: attempt.parse().expect("an attempt's number") }
}

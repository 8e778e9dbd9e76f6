//! Whether the caller barges in: the evidence, and the judgment of it.

use serde::{Deserialize, Serialize};
use types::Millis;

use crate::Words;
use crate::ear::Edge;
use crate::endpoint::{Certainty, Permille};
use crate::words::{contains, words_beside};

/// Why the caller does barge in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confirmed {
    /// Two words that are no mere sign of listening.
    Words,
    /// A word that means stop.
    StopWord,
    /// Speech that lasts and has words in it.
    Lasting,
    /// A whole utterance that says something.
    Said,
    /// A key.
    Key,
    /// Speech still went on when time was up.
    TimeUp,
    /// The agent's protected words are over, and the caller had spoken into them.
    Unprotected,
}

/// Why the caller does not barge in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rejected {
    /// Short, and without words.
    Noise,
    /// A sign of listening.
    Backchannel,
    /// It goes on, and a recognizer that tells words as they come has found none in it.
    Wordless,
    /// The agent's own voice, come back.
    Echo,
    /// The agent's own words, come back.
    OwnWords,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Confirmed(Confirmed),
    Rejected(Rejected),
    Undecided,
}

/// What barge-in is judged by.
pub(crate) struct Evidence<'a> {
    /// The caller's words, but for those that the agent itself had just said where its voice comes
    /// back.
    pub(crate) text: &'a [String],
    pub(crate) certainty: Certainty,
    pub(crate) edge: Edge,
    pub(crate) speech: Millis,
    pub(crate) held: Millis,
    pub(crate) manner: Manner,
    pub(crate) words: &'a Words,
    pub(crate) likeness: Likeness,
    pub(crate) partials: Partials,
}

/// How far what comes in is the agent's own doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Likeness {
    /// How much the sound is like what the agent says; unknown if nobody compares.
    pub(crate) sound: Option<Permille>,
    /// The share of the words that the agent has just said.
    pub(crate) words: Permille,
    /// How many words there are.
    pub(crate) count: usize,
}

/// Whether silence of the recognizer means that there are no words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Partials {
    /// Not that we know: it may tell words only at the end.
    #[default]
    Unknown,
    /// It does: it has told words while they were being said.
    Told,
}

/// What the caller would interrupt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Manner {
    /// Words the caller hears: signs of listening are natural.
    Telling,
    /// A question that can be answered in a word.
    Asking,
    /// A goodbye: the caller's own is natural.
    Leaving,
    /// Nothing yet: whatever the caller says belongs to the turn.
    Silent,
}

pub(crate) fn judge(evidence: &Evidence<'_>) -> Verdict {
    let meaning = meaning(evidence);
    if let Some(why) = own_doing(evidence, meaning) {
        return Verdict::Rejected(why);
    }
    match evidence.edge {
        Edge::Speaking | Edge::Paused { .. } => judge_speaking(evidence, meaning),
        Edge::Ended { .. } => judge_ended(evidence, meaning),
    }
}

/// Whether it is the agent itself that is heard.
fn own_doing(evidence: &Evidence<'_>, meaning: usize) -> Option<Rejected> {
    let Likeness { sound, words, count } = evidence.likeness;
    let is_echo = sound.is_some_and(|sound| {
        // Words of the caller's own weigh against all but a clear likeness.
        let has_words = 2 <= meaning && words < OWN_WORDS_FEW;
        ECHO_MIN <= sound && (ECHO_CLEAR <= sound || !has_words)
    });
    let is_ended = matches!(evidence.edge, Edge::Ended { .. });
    if is_echo && (is_ended || ECHO_SPEECH_MIN <= evidence.speech) {
        return Some(Rejected::Echo);
    }
    let is_repeated = OWN_WORDS_MIN <= words && evidence.manner == Manner::Telling;
    let is_own = match sound {
        // A caller who repeats what was said asks about it.
        Some(sound) => ECHO_HINT <= sound && 2 <= count,
        None => 4 <= count,
    };
    (is_repeated && is_own).then_some(Rejected::OwnWords)
}

fn judge_speaking(evidence: &Evidence<'_>, meaning: usize) -> Verdict {
    if contains(evidence.text, &evidence.words.stops) && 0 < meaning {
        return Verdict::Confirmed(Confirmed::StopWord);
    }
    if 2 <= meaning {
        return Verdict::Confirmed(Confirmed::Words);
    }
    if 0 < meaning && LASTING_MIN <= evidence.speech {
        return Verdict::Confirmed(Confirmed::Lasting);
    }
    let is_listening = !evidence.text.is_empty() && meaning == 0;
    let time_up = match evidence.partials {
        // Words would have been told by now. If they come later, they stop the agent later.
        Partials::Told if evidence.text.is_empty() => {
            return if WORDLESS_MAX <= evidence.held {
                Verdict::Rejected(Rejected::Wordless)
            } else {
                Verdict::Undecided
            };
        }
        Partials::Told if is_listening => Verdict::Rejected(Rejected::Backchannel),
        Partials::Told | Partials::Unknown => Verdict::Confirmed(Confirmed::TimeUp),
    };
    // A sign of listening that is still being said gets a little more time, and so does
    // a pause that is about to become an end.
    let is_speaking = evidence.edge == Edge::Speaking;
    let held_max = if is_listening || !is_speaking { HELD_MAX } else { ARBITRATION_MAX };
    if held_max <= evidence.held { time_up } else { Verdict::Undecided }
}

fn judge_ended(evidence: &Evidence<'_>, meaning: usize) -> Verdict {
    if 0 < meaning {
        return Verdict::Confirmed(Confirmed::Said);
    }
    let nothing = if evidence.text.is_empty() { Rejected::Noise } else { Rejected::Backchannel };
    match evidence.certainty {
        Certainty::Stable => Verdict::Rejected(nothing),
        // The words may lag: wait for those that do not.
        Certainty::None | Certainty::Partial if evidence.held < ARBITRATION_MAX => {
            Verdict::Undecided
        }
        Certainty::Partial => Verdict::Rejected(nothing),
        Certainty::None if evidence.speech < LASTING_MIN => Verdict::Rejected(Rejected::Noise),
        Certainty::None if evidence.held < HELD_MAX => Verdict::Undecided,
        Certainty::None => match evidence.partials {
            Partials::Told => Verdict::Rejected(Rejected::Wordless),
            // Speech that lasted, and a recognizer too slow to say what it was: let it be heard out.
            Partials::Unknown => Verdict::Confirmed(Confirmed::TimeUp),
        },
    }
}

/// How many words say something.
pub(crate) fn meaning(evidence: &Evidence<'_>) -> usize {
    let words = evidence.words;
    match evidence.manner {
        Manner::Telling => words_beside(evidence.text, &[&words.backchannels, &words.fillers]),
        Manner::Leaving => {
            words_beside(evidence.text, &[&words.backchannels, &words.fillers, &words.farewells])
        }
        Manner::Silent | Manner::Asking => words_beside(evidence.text, &[&words.fillers]),
    }
}

/// A decision is due after this long, if speech goes on (conversation.md §7.5).
pub(crate) const ARBITRATION_MAX: Millis = Millis::new(500);

/// The agent is never held longer than this.
pub(crate) const HELD_MAX: Millis = Millis::new(1_000);

/// Sound without words holds the agent no longer than this (conversation.md §7.5, slow recognizers).
const WORDLESS_MAX: Millis = Millis::new(800);

/// Speech this long with words in it is meant (conversation.md §7.5: 500 ms; the detector's edges
/// come debounced, so 350 ms of them are as good).
const LASTING_MIN: Millis = Millis::new(350);

/// From this likeness on, what comes in is the agent's own voice (conversation.md §7.5; measured: 1 %
/// of echoes lie below, and less than 1 % of other voices' windows of 300 ms above).
pub(crate) const ECHO_MIN: Permille = Permille::new(500);

/// The same at the very beginning of speech, where other voices come close: up to 0.58.
pub(crate) const ECHO_MIN_AT_ONSET: Permille = Permille::new(600);

/// Below this it is somebody else again.
pub(crate) const ECHO_OVER: Permille = Permille::new(400);

/// From this likeness on words do not matter.
const ECHO_CLEAR: Permille = Permille::new(700);

/// From this likeness on the agent's words may be what is recognized.
pub(crate) const ECHO_HINT: Permille = Permille::new(300);

/// Speech of this length has a likeness that can be believed.
pub(crate) const ECHO_SPEECH_MIN: Millis = Millis::new(250);

/// So many of the words are the agent's own (conversation.md §7.5).
pub(crate) const OWN_WORDS_MIN: Permille = Permille::new(700);

/// So few are chance.
const OWN_WORDS_FEW: Permille = Permille::new(400);

const _: () = assert!(ARBITRATION_MAX.get() < WORDLESS_MAX.get());
const _: () = assert!(WORDLESS_MAX.get() < HELD_MAX.get());

#[cfg(test)]
mod tests {
    use types::CallTime;

    use super::*;
    use crate::words::tokens;

    const SPEAKING: Edge = Edge::Speaking;
    const PAUSED: Edge = Edge::Paused { at: CallTime::ZERO };
    const ENDED: Edge = Edge::Ended { at: CallTime::ZERO };

    type Row<'a> = (Edge, Certainty, u32, u32, &'a str, Verdict);

    fn check(manner: Manner, rows: &[Row<'_>]) {
        check_with(manner, Partials::Unknown, Likeness::default(), rows);
    }

    fn check_with(manner: Manner, partials: Partials, likeness: Likeness, rows: &[Row<'_>]) {
        let words = Words::english();
        for (edge, certainty, speech, held, text, verdict) in rows {
            let text = tokens(text);
            let got = judge(&Evidence {
                text: &text,
                certainty: *certainty,
                edge: *edge,
                speech: Millis::new(*speech),
                held: Millis::new(*held),
                manner,
                words: &words,
                likeness: Likeness { count: text.len(), ..likeness },
                partials,
            });
            assert_eq!(got, *verdict, "{manner:?} {text:?} {edge:?} after {speech} ms");
        }
    }

    #[test]
    fn the_agent_yields_to_words_and_not_to_noise() {
        use Certainty::{None, Partial, Stable};
        use Verdict::{Confirmed as Yes, Rejected as No, Undecided};
        check(
            Manner::Telling,
            &[
                (SPEAKING, None, 200, 0, "", Undecided),
                (SPEAKING, None, 600, 500, "", Yes(Confirmed::TimeUp)),
                (PAUSED, None, 300, 500, "", Undecided),
                (PAUSED, None, 300, 1_000, "", Yes(Confirmed::TimeUp)),
                (SPEAKING, Partial, 300, 200, "stop", Yes(Confirmed::StopWord)),
                (SPEAKING, Partial, 300, 200, "do you", Yes(Confirmed::Words)),
                (SPEAKING, Partial, 300, 200, "Sunday", Undecided),
                (SPEAKING, Partial, 350, 250, "Sunday", Yes(Confirmed::Lasting)),
                (SPEAKING, Partial, 600, 500, "mm-hm okay", Undecided),
                (SPEAKING, Partial, 1_100, 1_000, "mm-hm okay", Yes(Confirmed::TimeUp)),
                (ENDED, Stable, 200, 300, "", No(Rejected::Noise)),
                (ENDED, Stable, 400, 450, "Uh-huh.", No(Rejected::Backchannel)),
                (ENDED, Stable, 200, 300, "Sunday?", Yes(Confirmed::Said)),
                (ENDED, Partial, 400, 450, "yeah", Undecided),
                (ENDED, Partial, 400, 500, "yeah", No(Rejected::Backchannel)),
                (ENDED, None, 200, 500, "", No(Rejected::Noise)),
                (ENDED, None, 400, 500, "", Undecided),
                (ENDED, None, 400, 1_000, "", Yes(Confirmed::TimeUp)),
            ],
        );
    }

    #[test]
    fn what_counts_as_listening_depends_on_what_is_being_said() {
        let yes = || Verdict::Confirmed(Confirmed::Said);
        let no = || Verdict::Rejected(Rejected::Backchannel);
        let row = |text, verdict| [(ENDED, Certainty::Stable, 300, 400, text, verdict)];
        check(Manner::Telling, &row("Yes.", no()));
        check(Manner::Asking, &row("Yes.", yes()));
        check(Manner::Silent, &row("Okay.", yes()));
        check(Manner::Silent, &row("Um.", no()));
        check(Manner::Leaving, &row("Thank you, bye bye!", no()));
        check(Manner::Leaving, &row("One more question", yes()));
        check(Manner::Telling, &row("Goodbye.", yes()));
    }

    #[test]
    fn silence_of_a_recognizer_that_tells_words_as_they_come_means_noise() {
        use Certainty::{None, Partial};
        use Verdict::{Confirmed as Yes, Rejected as No, Undecided};
        check_with(
            Manner::Telling,
            Partials::Told,
            Likeness::default(),
            &[
                (SPEAKING, None, 700, 600, "", Undecided),
                (SPEAKING, None, 900, 800, "", No(Rejected::Wordless)),
                (PAUSED, None, 900, 800, "", No(Rejected::Wordless)),
                (ENDED, None, 400, 1_000, "", No(Rejected::Wordless)),
                (SPEAKING, Partial, 1_100, 1_000, "mm-hm okay", No(Rejected::Backchannel)),
                (SPEAKING, Partial, 400, 300, "Sunday", Yes(Confirmed::Lasting)),
            ],
        );
    }

    #[test]
    fn the_agents_own_voice_and_words_are_no_barge_in() {
        use Certainty::{None, Partial, Stable};
        use Verdict::{Confirmed as Yes, Rejected as No, Undecided};
        let like = |sound, words| Likeness {
            sound: Some(Permille::new(sound)),
            words: Permille::new(words),
            count: 0,
        };
        let check = |sound, words, rows: &[Row<'_>]| {
            check_with(Manner::Telling, Partials::Told, like(sound, words), rows);
        };
        check(
            550,
            0,
            &[
                (SPEAKING, None, 200, 100, "", Undecided),
                (SPEAKING, None, 250, 150, "", No(Rejected::Echo)),
                (ENDED, Stable, 150, 300, "", No(Rejected::Echo)),
                (SPEAKING, Partial, 300, 200, "stop", No(Rejected::Echo)),
                (SPEAKING, Partial, 600, 400, "how about Sunday", Yes(Confirmed::Words)),
            ],
        );
        check(750, 0, &[(SPEAKING, Partial, 600, 400, "how about it", No(Rejected::Echo))]);
        // An echo among the caller's own words.
        check(350, 1_000, &[(SPEAKING, Partial, 600, 400, "until five", No(Rejected::OwnWords))]);
        check(
            350,
            600,
            &[(SPEAKING, Partial, 600, 400, "no until five", Yes(Confirmed::StopWord))],
        );
        // Somebody who repeats what was said asks about it.
        check(100, 1_000, &[(ENDED, Stable, 600, 400, "until five?", Yes(Confirmed::Said))]);
        let unknown = Likeness { words: Permille::ONE, ..Likeness::default() };
        check_with(
            Manner::Telling,
            Partials::Told,
            unknown,
            &[
                (ENDED, Stable, 600, 400, "until five?", Yes(Confirmed::Said)),
                (ENDED, Stable, 900, 400, "we open until five", No(Rejected::OwnWords)),
            ],
        );
    }
}

//! Ways of deciding that a caller has finished, and what comes of each.

use call::{Certainty, EndpointInputs, Permille, Words, endpoint_delay};
use types::{Expect, Millis};

use crate::signals::Pause;

/// A way of deciding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Strategy {
    /// A silence of this length, whatever was said.
    Silence {
        /// How long.
        delay: Millis,
    },
    /// Smart Turn is asked once; who has not finished gets three seconds (Pipecat's default).
    OneShot {
        /// After which silence it is asked.
        asked: Millis,
        /// From which probability the turn ends, in thousandths.
        threshold: Permille,
    },
    /// The engine's own decision.
    Ours {
        /// Silence after words that sound finished.
        delay_min: Millis,
        /// Silence after words that do not.
        delay_max: Millis,
    },
}

/// When `strategy` ends the turn in `pause`, in milliseconds from the start of the audio; `None` if
/// the caller goes on before.
pub fn decided(strategy: Strategy, pause: &Pause, expect: Expect, words: &Words) -> Option<u32> {
    // All of them wait for the detector: a pause that is shorter is none.
    let ended = pause.ended?;
    let due = match strategy {
        Strategy::Silence { delay } => ended.max(pause.from + delay.get()),
        Strategy::OneShot { asked, threshold } => {
            let asked = ended.max(pause.from + asked.get());
            let score = score_at(pause, asked - pause.from);
            if f32::from(threshold.get()) / 1_000.0 <= score {
                asked + SCORE_TAKES
            } else {
                pause.from + ONE_SHOT_FALLBACK
            }
        }
        Strategy::Ours { delay_min, delay_max } => {
            ours((delay_min, delay_max), pause, expect, words)
        }
    };
    (due < pause.resumed.unwrap_or(u32::MAX)).then_some(due)
}

/// The newest score by `silence`.
fn score_at(pause: &Pause, silence: u32) -> f32 {
    let scores = pause.scores.iter().take_while(|(at, _)| *at <= silence.max(200));
    scores.last().map_or(0.0, |(_, score)| *score)
}

/// The engine's decision is made anew with everything that becomes known.
fn ours(
    (delay_min, delay_max): (Millis, Millis),
    pause: &Pause,
    expect: Expect,
    words: &Words,
) -> u32 {
    let ended = pause.ended.unwrap_or(pause.told);
    let decoded = pause.told + WORDS_TAKE;
    let scored =
        pause.scores.iter().map(|(silence, _)| (pause.from + silence).max(ended) + SCORE_TAKES);
    let mut moments: Vec<u32> = scored.chain([ended, decoded.max(ended)]).collect();
    moments.sort_unstable();
    moments.dedup();
    let mut due = u32::MAX;
    for (place, &moment) in moments.iter().enumerate() {
        let inputs = EndpointInputs {
            text: if decoded <= moment { &pause.words } else { "" },
            certainty: if decoded <= moment { Certainty::Stable } else { Certainty::None },
            expect,
            delay_min,
            delay_max,
            words,
        };
        let (delay, ..) = endpoint_delay(inputs);
        due = moment.max(pause.from + delay.get());
        if moments.get(place + 1).is_none_or(|&next| due < next) {
            break;
        }
    }
    due
}

/// How long the recognizer takes over the words, on a machine with time (ARCHITECTURE.md: 100 ms for
/// 3.5 s of speech).
pub const WORDS_TAKE: u32 = 130;

/// How long the model takes over its score.
pub const SCORE_TAKES: u32 = 70;

/// Pipecat's `stop_secs` of its turn analyzer.
const ONE_SHOT_FALLBACK: u32 = 3_000;

//! What the engine itself adds to a caller's wait when every vendor's own time is known.
//!
//! Of a turn's split ([`crate::split::Turn`]) the vendors' fixed delays are taken off where they are
//! waited for, and what the modelled carrier holds back; everything that is left is the engine's.

use crate::split::Turn;

/// What is not the engine's, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fixed {
    /// From the request to the token with which the first segment is whole.
    pub brain: f64,
    /// From the segment's text to its first audio.
    pub voice: f64,
    /// What the modelled carrier waits before it plays.
    pub carrier: f64,
}

/// One turn's wait, by whose it is, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// Until words after the endpoint was due: what the recognizer still had to say.
    pub words: f64,
    /// From the words to the brain's first segment, but for the brain's own time.
    pub brain: f64,
    /// From the segment's text to its sound, but for the voice's own time.
    pub voice: f64,
    /// From the sound to the caller's socket.
    pub way: f64,
}

impl Share {
    /// The engine's part of `turn`.
    pub fn of(turn: &Turn, fixed: Fixed) -> Self {
        Self {
            words: turn.timer + turn.recognizer,
            brain: turn.brain - fixed.brain,
            voice: turn.voice - fixed.voice,
            way: turn.sending + turn.lead - fixed.carrier,
        }
    }

    /// All of it.
    pub fn all(self) -> f64 {
        self.words + self.brain + self.voice + self.way
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nobody_else_s_is_the_engine_s() {
        let turn = Turn {
            label: String::new(),
            response: 700.0,
            detector: 60.0,
            endpoint: 350.0,
            recognizer: 1.0,
            brain: 152.0,
            voice: 83.0,
            lead: 42.0,
            timer: 4.0,
            sending: 8.0,
            gaps: 0,
        };
        let fixed = Fixed { brain: 150.0, voice: 80.0, carrier: 40.0 };
        let share = Share::of(&turn, fixed);
        assert_eq!(share, Share { words: 5.0, brain: 2.0, voice: 3.0, way: 10.0 });
        let others = turn.detector + turn.endpoint + fixed.brain + fixed.voice + fixed.carrier;
        assert!((share.all() + others - turn.response).abs() < 1e-9);
    }
}

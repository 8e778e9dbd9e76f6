//! When a likeness is worth telling.

use types::Millis;

use super::EchoSeen;

/// The conversation is told again after this long at the earliest, once the first news are out.
const AGAIN: Millis = Millis::new(100);

/// And only if the likeness has changed by this.
const CHANGE: f32 = 0.05;

/// Frames are this long.
const PTIME: Millis = types::PTIME;

/// Picks, from what the guard sees in every frame, what the conversation is told: the first of a
/// stretch of speech, and changes ten times a second at most.
#[derive(Clone, Copy, Debug, Default)]
pub struct EchoNews {
    told: Option<f32>,
    since: Millis,
}

impl EchoNews {
    /// The caller speaks, and the guard sees `seen`: what is to be told of it.
    pub fn speech(&mut self, seen: Option<EchoSeen>) -> Option<EchoSeen> {
        self.since = self.since + PTIME;
        let seen = seen?;
        let is_news = self
            .told
            .is_none_or(|told| AGAIN <= self.since && CHANGE <= (told - seen.likeness).abs());
        if !is_news {
            return None;
        }
        *self = Self { told: Some(seen.likeness), since: Millis::ZERO };
        Some(seen)
    }

    /// The caller does not speak.
    pub fn silence(&mut self) {
        *self = Self::default();
    }
}

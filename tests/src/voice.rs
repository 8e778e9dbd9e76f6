//! A fake voice: every word at a level of its own.

use std::sync::Arc;

use types::Millis;

use crate::random::Random;
use crate::scenario::VoiceFaults;
use fake_vendors::speech::{Lexicon, SAMPLES_PER_MS};

/// The voice of one call.
#[derive(Debug)]
pub struct Voice {
    faults: VoiceFaults,
    random: Random,
    /// All words the agent was told to say.
    pub lexicon: Lexicon,
}

/// What becomes of a segment.
#[derive(Clone, Debug)]
pub enum Sound {
    /// Audio.
    Audio {
        /// The samples.
        samples: Arc<[i16]>,
        /// Where words end, in bytes and in time.
        words: Vec<(usize, Millis)>,
    },
    /// None.
    Failed,
}

impl Voice {
    /// A voice with `faults`.
    pub fn new(faults: VoiceFaults, seed: u64) -> Self {
        Self { faults, random: Random::new(seed, 4), lexicon: Lexicon::default() }
    }

    /// Speaks `text`: what comes of it and when, unless nothing does.
    pub fn speak(&mut self, text: &str) -> Option<(Millis, Sound)> {
        let latency = self.random.span(Millis::new(10), self.faults.latency_max);
        if self.random.per_mille(self.faults.silent) {
            return None;
        }
        if self.random.per_mille(self.faults.fails) {
            return Some((latency, Sound::Failed));
        }
        let mut samples = Vec::new();
        let ends = self.lexicon.say(text, &mut samples);
        let ends = ends.into_iter();
        let words = ends.map(|(offset, end)| (offset, Millis::new((end / SAMPLES_PER_MS) as u32)));
        let words = words.collect();
        Some((latency, Sound::Audio { samples: samples.into(), words }))
    }
}

//! What was said, and its sound.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use codecs::g711;
use types::Millis;

use crate::speech::{Lexicon, SAMPLES_PER_MS};

/// All words that the voices of one server were told to say.
#[derive(Clone, Debug, Default)]
pub struct Voiced {
    lexicon: Arc<Mutex<Lexicon>>,
    sound: Option<Arc<[i16]>>,
}

impl Voiced {
    /// Voices that sound like this instead of telling their words.
    pub(crate) fn sounding(sound: Option<Arc<[i16]>>) -> Self {
        Self { sound, ..Self::default() }
    }

    /// The words, in the order in which they were taken up.
    pub fn lexicon(&self) -> Lexicon {
        self.lock().clone()
    }

    /// Takes up `text`.
    pub(crate) fn say(&self, text: &str) -> Said {
        let mut samples = Vec::new();
        let mut ends = self.lock().say(text, &mut samples);
        if let Some(sound) = &self.sound {
            let scale = |end: usize| end * sound.len() / samples.len().max(1);
            ends.iter_mut().for_each(|(_, end)| *end = scale(*end));
            samples = sound.to_vec();
        }
        Said { samples, ends }
    }

    fn lock(&self) -> MutexGuard<'_, Lexicon> {
        self.lexicon.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A text as sound, at 8 kHz.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) samples: Vec<i16>,
    /// Where each word ends: byte in the text, sample.
    pub(crate) ends: Vec<(usize, usize)>,
}

impl Said {
    pub(crate) fn duration(&self) -> Millis {
        Millis::new((self.samples.len() / SAMPLES_PER_MS) as u32)
    }
}

/// How sound is put into bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Mulaw,
    Alaw,
    /// 16 bits, little-endian, at this many hertz.
    Linear(u32),
}

impl Coding {
    /// The bytes of samples at 8 kHz.
    pub(crate) fn encode(self, samples: &[i16]) -> Vec<u8> {
        let mut bytes = Vec::new();
        match self {
            Self::Mulaw => g711::encode_ulaw(samples, &mut bytes),
            Self::Alaw => g711::encode_alaw(samples, &mut bytes),
            Self::Linear(hz) => {
                let count = samples.len() * hz as usize / 8_000;
                // Levels stay levels, whatever the rate.
                let held = (0..count).map(|n| samples[n * 8_000 / hz as usize]);
                bytes.extend(held.flat_map(i16::to_le_bytes));
            }
        }
        bytes
    }
}

/// How much sound goes into one message.
pub(crate) const MESSAGE_MS: usize = 100;

/// The pieces in which sound is sent: first sample and samples.
pub(crate) fn pieces(samples: &[i16]) -> impl Iterator<Item = (usize, &[i16])> {
    let size = MESSAGE_MS * SAMPLES_PER_MS;
    samples.chunks(size).enumerate().map(move |(number, piece)| (number * size, piece))
}

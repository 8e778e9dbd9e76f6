//! Samples into words: marked ones as they are, or the next sentence of a script.

use crate::session::Words;
use crate::speech::{Listener, SAMPLES_PER_MS};

/// A word, and the samples it lies in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) text: String,
    pub(crate) from: u64,
    pub(crate) to: u64,
}

/// What one connection has understood.
pub(crate) struct Understanding {
    ear: Listener,
    words: Words,
    at: u64,
    /// Stretches of sound, for a script.
    sounds: Vec<(u64, u64)>,
}

/// Louder than this is sound: 30 dB below full scale.
const SOUND: u16 = 1_000;

/// A shorter silence does not divide sounds.
const GAP: u64 = 600 * SAMPLES_PER_MS as u64;

impl Understanding {
    pub(crate) const fn new(ear: Listener, words: Words) -> Self {
        Self { ear, words, at: 0, sounds: Vec::new() }
    }

    pub(crate) fn hear(&mut self, samples: &[i16]) {
        self.ear.hear(samples);
        let (from, to) = (self.at, self.at + samples.len() as u64);
        self.at = to;
        if samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0) < SOUND {
            return;
        }
        match self.sounds.last_mut() {
            Some((_, end)) if from < *end + GAP => *end = to,
            Some(_) | None => self.sounds.push((from, to)),
        }
    }

    pub(crate) fn words(&mut self) -> Vec<Heard> {
        match &self.words {
            Words::Marked(_) => {
                let found = self.words.found(&mut self.ear).into_iter();
                let found = found.map(|(found, text)| Heard {
                    text,
                    from: found.at,
                    to: found.at + found.samples as u64,
                });
                found.collect()
            }
            Words::Scripted(lines) => {
                let lines = lines.iter().cycle();
                let said = self.sounds.iter().zip(lines);
                said.flat_map(|(&(from, to), line)| spread(line, from, to)).collect()
            }
        }
    }

    /// The words that lie mostly between two samples.
    pub(crate) fn words_between(&mut self, from: u64, to: u64) -> Vec<Heard> {
        let mut words = self.words();
        words.retain(|word| {
            let middle = u64::midpoint(word.from, word.to);
            from <= middle && middle < to
        });
        words
    }
}

/// The words of `line`, evenly over a stretch.
fn spread(line: &str, from: u64, to: u64) -> Vec<Heard> {
    let count = line.split_whitespace().count().max(1) as u64;
    let step = (to - from) / count;
    let words = line.split_whitespace().zip(0..);
    let place = |n: u64| from + n * step;
    words
        .map(|(text, n)| Heard { text: text.to_owned(), from: place(n), to: place(n + 1) })
        .collect()
}

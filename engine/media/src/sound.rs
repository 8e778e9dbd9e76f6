//! Where in a piece of audio there is sound: what lies between is pauses, in which no word is said.

use codecs::g711;
use codecs::level::Dbfs;
use types::{Audio, Millis, SampleRate};

/// Looked at in steps of this.
const BLOCK: Millis = Millis::new(10);

/// Softer is silence (conversation.md §7.6).
const SILENCE: Dbfs = Dbfs(-45.0);

/// A shorter silence belongs to a word: the stop before a `t` or a `p`.
const PAUSE_MIN: Millis = Millis::new(80);

/// More stretches than any segment has.
const SPANS_MAX: usize = 256;

/// The stretches of sound in one segment, from its first sample on.
///
/// Input:  audio in pieces of any length, at the leg's rate.
/// Cost:   one pass over the samples, as they are queued and not as they are sent.
#[derive(Debug)]
pub struct SoundSpans {
    rate: SampleRate,
    block: Vec<i16>,
    /// How many blocks were looked at.
    blocks: u32,
    spans: Vec<(Millis, Millis)>,
}

impl SoundSpans {
    /// Of a segment that has not begun.
    pub fn new(rate: SampleRate) -> Self {
        Self { rate, block: Vec::new(), blocks: 0, spans: Vec::new() }
    }

    /// Takes in the next piece.
    pub fn push(&mut self, audio: &Audio) {
        match audio {
            Audio::Linear(samples) => self.push_samples(samples),
            Audio::Pcmu(bytes) => {
                bytes.iter().for_each(|&code| self.push_samples(&[g711::ulaw_decode(code)]));
            }
            Audio::Pcma(bytes) => {
                bytes.iter().for_each(|&code| self.push_samples(&[g711::alaw_decode(code)]));
            }
        }
    }

    /// The stretches so far, in order: begin and end.
    pub fn spans(&self) -> &[(Millis, Millis)] {
        &self.spans
    }

    fn push_samples(&mut self, mut samples: &[i16]) {
        let size = self.rate.samples_in(BLOCK);
        while !samples.is_empty() {
            let (now, later) = samples.split_at(samples.len().min(size - self.block.len()));
            self.block.extend_from_slice(now);
            samples = later;
            if self.block.len() == size {
                self.look();
            }
        }
    }

    fn look(&mut self) {
        let is_sound = SILENCE <= Dbfs::of(&self.block);
        self.block.clear();
        let begin = Millis::new(self.blocks * BLOCK.get());
        self.blocks += 1;
        if !is_sound {
            return;
        }
        let end = begin + BLOCK;
        let is_full = SPANS_MAX <= self.spans.len();
        match self.spans.last_mut() {
            Some(last) if is_full || begin < last.1 + PAUSE_MIN => last.1 = end,
            Some(_) | None => self.spans.push((begin, end)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_is_told_from_pauses_in_every_coding() {
        let tone = |ms: usize| (0..ms * 8).map(|n| if n / 8 % 2 == 0 { 3_000 } else { -3_000 });
        let silence = |ms: usize| std::iter::repeat_n(4_i16, ms * 8);
        let samples: Vec<i16> = silence(60)
            .chain(tone(300))
            .chain(silence(50))
            .chain(tone(100))
            .chain(silence(200))
            .chain(tone(240))
            .collect();
        let ms = Millis::new;
        let expected = [(ms(60), ms(510)), (ms(710), ms(950))];
        let mut coded = Vec::new();
        g711::encode_ulaw(&samples, &mut coded);
        for audio in [Audio::from(samples), Audio::Pcmu(coded.into())] {
            let mut spans = SoundSpans::new(SampleRate::Hz8000);
            spans.push(&audio);
            assert_eq!(spans.spans(), expected);
        }
    }
}

//! When somebody can be heard, by energy.

use std::ops::Range;

use types::{Millis, SampleRate};

/// The quietest amplitude that counts as heard: -45 dBFS of full scale (32,768 · 10^(-45/20)).
pub const AUDIBLE_AMPLITUDE: u16 = 184;

/// Silence that splits what is heard into two spans; shorter pauses belong to the speech.
pub const SPAN_SPLIT: Millis = Millis::new(200);

/// Listens to a track and keeps the spans in which something was to be heard.
///
/// Positions are samples from the track's start. Memory: one range per span of speech.
#[derive(Clone, Debug)]
pub struct Ear {
    split: usize,
    position: usize,
    spans: Vec<Range<usize>>,
}

impl Ear {
    /// An ear that has heard nothing yet.
    pub fn new(rate: SampleRate) -> Self {
        Self { split: rate.samples_in(SPAN_SPLIT), position: 0, spans: Vec::new() }
    }

    /// Whether one sample alone can be heard.
    pub fn is_audible(sample: i16) -> bool {
        AUDIBLE_AMPLITUDE < sample.unsigned_abs()
    }

    /// Hears what follows.
    pub fn hear(&mut self, samples: &[i16]) {
        for (offset, _) in samples.iter().enumerate().filter(|(_, s)| Self::is_audible(**s)) {
            let at = self.position + offset;
            match self.spans.last_mut() {
                Some(span) if at < span.end + self.split => span.end = at + 1,
                Some(_) | None => self.spans.push(at..at + 1),
            }
        }
        self.position += samples.len();
    }

    /// Hears `count` samples of silence.
    pub fn hear_silence(&mut self, count: usize) {
        self.position += count;
    }

    /// What was heard, oldest first; the last span may still be growing.
    pub fn spans(&self) -> &[Range<usize>] {
        &self.spans
    }

    /// How many samples have been listened to.
    pub fn position(&self) -> usize {
        self.position
    }

    /// How many samples of silence there have been since something was heard; all of them if
    /// nothing ever was.
    pub fn silence(&self) -> usize {
        self.position - self.spans.last().map_or(0, |span| span.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_pauses_belong_to_the_speech_and_long_ones_split_it() {
        let mut ear = Ear::new(SampleRate::Hz8000);
        ear.hear(&[0, 184, 185, -185, 0]);
        assert_eq!(ear.spans().first(), Some(&(2..4)), "-45 dBFS itself is not heard");
        assert_eq!(ear.spans().len(), 1);
        ear.hear_silence(1_598);
        ear.hear(&[1_000]);
        assert_eq!(ear.spans().first(), Some(&(2..1_604)), "199.9 ms of silence");
        assert_eq!(ear.spans().len(), 1);
        ear.hear_silence(1_600);
        ear.hear(&[i16::MIN, 0]);
        assert_eq!(ear.spans(), [2..1_604, 3_204..3_205]);
        assert_eq!((ear.position(), ear.silence()), (3_206, 1));
    }
}

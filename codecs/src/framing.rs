//! Arbitrary pieces of audio into exact frames.

use types::{Millis, SampleRate};

/// Cuts pieces of any length into frames of exactly one ptime.
///
/// Input:  mono `i16` at `rate`, any length.
/// Output: frames of exactly `rate.samples_in(ptime)` samples, oldest first; the rest is kept.
/// Cost:   one copy per sample; no allocation once the longest backlog has been seen. Whoever
///         pushes bounds the backlog by draining, or by looking at [`Framer::held`] first.
/// Source: ptime, RFC 8866 §6.4.
#[derive(Debug)]
pub struct Framer {
    samples_per_frame: usize,
    /// Samples from `start` on are held; those before have been popped.
    samples: Vec<i16>,
    start: usize,
}

impl Framer {
    /// A framer with nothing in it.
    ///
    /// # Panics
    /// If `ptime` is zero: configuration has been checked by then.
    pub fn new(rate: SampleRate, ptime: Millis) -> Self {
        let samples_per_frame = rate.samples_in(ptime);
        assert!(0 < samples_per_frame, "a frame has at least one sample");
        Self { samples_per_frame, samples: Vec::with_capacity(2 * samples_per_frame), start: 0 }
    }

    /// Takes in `samples`.
    pub fn push(&mut self, samples: &[i16]) {
        // Moving only when at least half has been popped keeps the cost per sample constant,
        // however long the backlog is.
        if self.samples.len() <= 2 * self.start {
            self.samples.copy_within(self.start.., 0);
            self.samples.truncate(self.samples.len() - self.start);
            self.start = 0;
        }
        self.samples.extend_from_slice(samples);
    }

    /// Gives out the oldest whole frame, if there is one.
    pub fn pop(&mut self) -> Option<&[i16]> {
        if self.held() < self.samples_per_frame {
            return None;
        }
        let frame = self.start..self.start + self.samples_per_frame;
        self.start = frame.end;
        Some(&self.samples[frame])
    }

    /// Fills a started frame up with silence, so that the next [`Framer::pop`] gives it out:
    /// for the end of an utterance. Does nothing if no frame is started. Returns how many samples
    /// of silence were added.
    pub fn pad_tail(&mut self) -> usize {
        let started = self.held() % self.samples_per_frame;
        if started == 0 {
            return 0;
        }
        let missing = self.samples_per_frame - started;
        self.samples.resize(self.samples.len() + missing, 0);
        missing
    }

    /// Drops everything held and returns how many samples that were.
    pub fn clear(&mut self) -> usize {
        let held = self.held();
        self.samples.clear();
        self.start = 0;
        held
    }

    /// How many samples are held, whole frames and rest.
    pub fn held(&self) -> usize {
        self.samples.len() - self.start
    }

    /// How many samples one frame holds.
    pub fn samples_per_frame(&self) -> usize {
        self.samples_per_frame
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use types::PTIME;

    use super::*;

    #[test]
    fn a_short_piece_waits_and_a_tail_is_padded_with_silence() {
        let mut framer = Framer::new(SampleRate::Hz8000, PTIME);
        assert_eq!(framer.samples_per_frame(), 160);
        framer.push(&[1; 159]);
        assert_eq!(framer.pop(), None);
        framer.push(&[2; 2]);
        assert_eq!(framer.pop().unwrap()[158..], [1, 2]);
        assert_eq!((framer.held(), framer.pop()), (1, None));
        assert_eq!(framer.pad_tail(), 159);
        let mut expected = [0; 160];
        expected[0] = 2;
        assert_eq!(framer.pop(), Some(&expected[..]));
        assert_eq!(framer.pad_tail(), 0);
        assert_eq!(framer.pop(), None);
    }

    #[test]
    fn clear_drops_everything() {
        let mut framer = Framer::new(SampleRate::Hz16000, PTIME);
        framer.push(&[1; 700]);
        assert_eq!(framer.pop().map(<[i16]>::len), Some(320));
        assert_eq!(framer.clear(), 380);
        assert_eq!((framer.held(), framer.pad_tail(), framer.pop()), (0, 0, None));
    }

    proptest! {
        /// Whatever the pieces and whenever frames are taken: nothing lost, doubled or reordered.
        #[test]
        fn frames_are_the_input_cut_exactly(
            pieces in proptest::collection::vec((0usize..900, 0usize..4), 0..40),
        ) {
            let mut framer = Framer::new(SampleRate::Hz8000, PTIME);
            let (mut input, mut output) = (Vec::new(), Vec::new());
            for (len, pops) in pieces {
                let piece: Vec<i16> = (input.len()..input.len() + len).map(|n| n as i16).collect();
                framer.push(&piece);
                input.extend_from_slice(&piece);
                for _ in 0..pops {
                    if let Some(frame) = framer.pop() {
                        prop_assert_eq!(frame.len(), 160);
                        output.extend_from_slice(frame);
                    }
                }
                prop_assert_eq!(framer.held() + output.len(), input.len());
            }
            let padding = framer.pad_tail();
            while let Some(frame) = framer.pop() {
                output.extend_from_slice(frame);
            }
            input.resize(input.len() + padding, 0);
            prop_assert_eq!(output, input);
        }
    }
}

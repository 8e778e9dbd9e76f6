//! What stands in for a lost frame where the codec has no idea of its own.

use types::{PTIME, SampleRate};

/// Repeats the last frame, 6 dB quieter each time, for at most 60 ms, then gives silence
/// (conversation.md §7.1).
///
/// Input:  all samples of the leg, as they are decoded.
/// Output: frames of 20 ms.
/// Cost:   one copy of at most 20 ms per call; no allocation after construction.
#[derive(Debug)]
pub struct Concealer {
    /// The last 20 ms, oldest first.
    last: Vec<i16>,
    /// How many frames in a row have been lost.
    lost: u32,
}

impl Concealer {
    /// A concealer that has heard nothing but silence.
    pub fn new(rate: SampleRate) -> Self {
        Self { last: vec![0; rate.samples_in(PTIME)], lost: 0 }
    }

    /// Remembers the end of `samples`, which arrived.
    pub fn observe(&mut self, samples: &[i16]) {
        if samples.is_empty() {
            return;
        }
        let frame = self.last.len();
        let fresh = samples.len().min(frame);
        self.last.copy_within(fresh.., 0);
        self.last[frame - fresh..].copy_from_slice(&samples[samples.len() - fresh..]);
        self.lost = 0;
    }

    /// Appends 20 ms for one lost frame to `out`.
    ///
    /// The level slides within the frame instead of dropping at its edge; the last repeated
    /// frame slides to nothing.
    pub fn conceal(&mut self, out: &mut Vec<i16>) {
        let frame = self.last.len();
        self.lost = self.lost.saturating_add(1);
        let Some(&(from, to)) = SLOPES.get(self.lost as usize - 1) else {
            out.resize(out.len() + frame, 0);
            return;
        };
        let step = (to - from) / frame as f32;
        out.extend(self.last.iter().enumerate().map(|(n, &sample)| {
            let gain = from + step * n as f32;
            (f32::from(sample) * gain) as i16
        }));
    }
}

/// Gain at the start and at the end of each repeated frame: 6 dB a frame, 60 ms in all.
const SLOPES: [(f32, f32); 3] = [(1.0, 0.5), (0.5, 0.25), (0.25, 0.0)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_frame_fades_over_sixty_milliseconds_to_silence() {
        let mut concealer = Concealer::new(SampleRate::Hz8000);
        concealer.observe(&[9_000; 100]);
        concealer.observe(&[10_000; 160]);
        let mut out = Vec::new();
        for _ in 0..4 {
            concealer.conceal(&mut out);
        }
        assert_eq!(out.len(), 4 * 160);
        assert!(out.iter().rev().is_sorted());
        assert_eq!((out[0], out[160], out[320]), (10_000, 5_000, 2_500));
        assert!(out[479] < 20);
        assert!(out[480..].iter().all(|&sample| sample == 0));

        concealer.observe(&[8_000; 500]);
        out.clear();
        concealer.conceal(&mut out);
        assert_eq!(out[0], 8_000);
    }

    #[test]
    fn before_any_audio_there_is_silence() {
        let mut out = Vec::new();
        let mut concealer = Concealer::new(SampleRate::Hz16000);
        concealer.observe(&[]);
        concealer.conceal(&mut out);
        assert_eq!(out, [0; 320]);
    }

    #[test]
    fn short_pieces_add_up_to_the_last_frame() {
        let mut concealer = Concealer::new(SampleRate::Hz8000);
        let ramp: Vec<i16> = (0..1_000).collect();
        for piece in ramp.chunks(7) {
            concealer.observe(piece);
        }
        assert_eq!(concealer.last, ramp[840..]);
    }
}

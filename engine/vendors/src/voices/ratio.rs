//! Any rate into another: local voices speak at 22,050 Hz and the like.
//!
//! A windowed sinc, computed where it is needed: a quarter of a millisecond of work for a second of
//! telephone sound, which is why the live path has its own fixed ratios and this has not.

use std::f32::consts::PI;

/// Taps on either side of a sample, at the lower of the two rates.
const WING: f32 = 16.0;

/// One stream of 16-bit mono sound on its way from one rate to another.
///
/// Output: `n·to/from` samples after `n` samples in, but for the wing that is still to come. The sound is
/// not delayed, and how the input is cut does not matter.
#[derive(Debug)]
pub(crate) struct Ratio {
    from: u32,
    to: u32,
    /// The input that may still be needed; silence before it.
    history: Vec<f32>,
    /// How many samples came before `history`.
    dropped: u64,
    /// How many samples have been given out.
    made: u64,
    half: Option<u8>,
}

impl Ratio {
    pub(crate) const fn new(from: u32, to: u32) -> Self {
        Self { from, to, history: Vec::new(), dropped: 0, made: 0, half: None }
    }

    pub(crate) const fn from(&self) -> u32 {
        self.from
    }

    /// The bytes that follow from `bytes`, little-endian both.
    pub(crate) fn convert(&mut self, bytes: &[u8]) -> Vec<u8> {
        if self.from == self.to {
            return bytes.to_vec();
        }
        let whole: Vec<u8> = self.half.take().into_iter().chain(bytes.iter().copied()).collect();
        let (pairs, tail) = whole.as_chunks::<2>();
        self.half = tail.first().copied();
        self.history.extend(pairs.iter().map(|pair| f32::from(i16::from_le_bytes(*pair))));
        let mut out = Vec::new();
        let cutoff = (self.to as f32 / self.from as f32).min(1.0);
        let wing = WING / cutoff;
        let end = self.dropped + self.history.len() as u64;
        loop {
            let whole = self.made * u64::from(self.from) / u64::from(self.to);
            let rest = self.made * u64::from(self.from) % u64::from(self.to);
            if end < whole + wing as u64 + 2 {
                break;
            }
            let sample = self.at(whole, rest as f32 / self.to as f32, (wing, cutoff));
            out.extend_from_slice(&(sample.clamp(-32_768.0, 32_767.0) as i16).to_le_bytes());
            self.made += 1;
        }
        self.forget(wing);
        out
    }

    /// The rest, with silence behind it; what comes next is a new stream.
    pub(crate) fn finish(&mut self) -> Vec<u8> {
        let cutoff = (self.to as f32 / self.from as f32).min(1.0);
        let silence = vec![0; 2 * (WING / cutoff) as usize + 4];
        let rest = if self.from == self.to { Vec::new() } else { self.convert(&silence) };
        *self = Self::new(self.from, self.to);
        rest
    }

    /// The sound `fraction` behind input sample `whole`.
    fn at(&self, whole: u64, fraction: f32, (wing, cutoff): (f32, f32)) -> f32 {
        let first = whole.saturating_sub(wing as u64);
        let mut sum = 0.0;
        for place in first..=whole + wing as u64 + 1 {
            let Some(index) = place.checked_sub(self.dropped) else { continue };
            let Some(sample) = self.history.get(index as usize) else { break };
            let distance = (place as i64 - whole as i64) as f32 - fraction;
            sum += sample * kernel(distance, wing, cutoff);
        }
        sum
    }

    fn forget(&mut self, wing: f32) {
        let next = self.made * u64::from(self.from) / u64::from(self.to);
        let keep = next.saturating_sub(wing as u64 + 1);
        let old = keep.saturating_sub(self.dropped).min(self.history.len() as u64);
        self.history.drain(..old as usize);
        self.dropped += old;
    }
}

/// A sinc below `cutoff` of the input's band, in a raised cosine.
fn kernel(distance: f32, wing: f32, cutoff: f32) -> f32 {
    if wing <= distance.abs() {
        return 0.0;
    }
    let window = 0.5 + 0.5 * (PI * distance / wing).cos();
    let x = PI * distance * cutoff;
    let sinc = if x.abs() < 1e-6 { 1.0 } else { x.sin() / x };
    cutoff * sinc * window
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hz: f32, rate: u32, count: usize) -> Vec<i16> {
        let step = 2.0 * PI * hz / rate as f32;
        (0..count).map(|n| ((n as f32 * step).sin() * 10_000.0) as i16).collect()
    }

    fn bytes(samples: &[i16]) -> Vec<u8> {
        samples.iter().flat_map(|sample| sample.to_le_bytes()).collect()
    }

    fn samples(bytes: &[u8]) -> Vec<i16> {
        bytes.as_chunks::<2>().0.iter().map(|pair| i16::from_le_bytes(*pair)).collect()
    }

    #[test]
    fn a_tone_stays_a_tone_and_in_time() {
        let heard =
            samples(&Ratio::new(22_050, 16_000).convert(&bytes(&tone(440.0, 22_050, 22_050))));
        let expected = tone(440.0, 16_000, heard.len());
        assert!((15_900..=16_000).contains(&heard.len()), "{}", heard.len());
        let worst = heard.iter().zip(&expected).skip(100).map(|(a, b)| (a - b).abs()).max();
        assert!(worst.is_some_and(|worst| worst < 150), "{worst:?} of 10,000");
    }

    #[test]
    fn all_of_it_comes_out() {
        let mut ratio = Ratio::new(22_050, 16_000);
        let mut heard = ratio.convert(&bytes(&tone(440.0, 22_050, 22_050)));
        heard.extend(ratio.finish());
        assert!(samples(&heard).len().abs_diff(16_000) <= 2, "{}", heard.len() / 2);
    }

    #[test]
    fn what_the_lower_rate_cannot_carry_is_gone() {
        let heard =
            samples(&Ratio::new(22_050, 8_000).convert(&bytes(&tone(6_000.0, 22_050, 22_050))));
        let loudest = heard.iter().skip(100).map(|s| s.abs()).max();
        assert!(loudest.is_some_and(|loudest| loudest < 200), "{loudest:?} of 10,000");
    }

    #[test]
    fn cuts_are_not_heard() {
        let whole = bytes(&tone(700.0, 22_050, 4_000));
        let once = Ratio::new(22_050, 16_000).convert(&whole);
        let mut ratio = Ratio::new(22_050, 16_000);
        let parts: Vec<u8> = whole.chunks(333).flat_map(|part| ratio.convert(part)).collect();
        assert_eq!(parts, once);
    }
}

//! Sound as Whisper sees it: how strong each of 80 bands is, a hundred times a second.

use std::f64::consts::PI;
use std::ops::Range;
use std::sync::Arc;

use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};

/// Bands of the spectrum, evenly spaced to the ear.
pub(crate) const BANDS: usize = 80;

/// Samples between one column and the next: 10 ms at 16 kHz.
pub(crate) const HOP: usize = 160;

/// Samples a column looks at: 25 ms.
const WINDOW: usize = 400;

/// Frequencies of a window's spectrum: 0 to 8 kHz in steps of 40 Hz.
const BINS: usize = WINDOW / 2 + 1;

const RATE_HZ: f64 = 16_000.0;

/// Log-mel spectra as openai/whisper's audio.py makes them (MIT): a Hann window over 400 samples
/// every 160, centered and mirrored at both ends, librosa's bands by Slaney's formula, logarithms
/// clamped to 8 below the greatest and brought near ±1.
pub(crate) struct LogMel {
    fft: Arc<dyn Fft<f32>>,
    window: Vec<f32>,
    bands: Vec<Band>,
}

/// What a band takes of which frequencies.
struct Band {
    bins: Range<usize>,
    weights: Vec<f32>,
}

impl LogMel {
    pub(crate) fn new() -> Self {
        let hann = |n: usize| (0.5 - 0.5 * (2.0 * PI * n as f64 / WINDOW as f64).cos()) as f32;
        Self {
            fft: FftPlanner::new().plan_fft_forward(WINDOW),
            window: (0..WINDOW).map(hann).collect(),
            bands: bands(),
        }
    }

    /// A column for each 160 of `samples` (16 kHz, full scale 1.0), band by band: the values of a
    /// band stand side by side. What is left of `samples` is silence.
    pub(crate) fn columns(&self, samples: &[f32], columns: usize) -> Vec<f32> {
        let at = |index: isize| mirrored(samples, index, columns * HOP);
        let mut mel = vec![0.0; BANDS * columns];
        let mut buffer = vec![Complex::default(); WINDOW];
        let mut scratch = vec![Complex::default(); self.fft.get_inplace_scratch_len()];
        let mut greatest = f32::NEG_INFINITY;
        for column in 0..columns {
            let first = (column * HOP) as isize - (WINDOW / 2) as isize;
            for ((index, value), weight) in (first..).zip(&mut buffer).zip(&self.window) {
                *value = Complex::new(at(index) * weight, 0.0);
            }
            self.fft.process_with_scratch(&mut buffer, &mut scratch);
            for (number, band) in self.bands.iter().enumerate() {
                let spectrum = &buffer[band.bins.clone()];
                let powers = spectrum.iter().map(Complex::norm_sqr);
                let power: f32 =
                    powers.zip(&band.weights).map(|(power, weight)| power * weight).sum();
                let log = power.max(POWER_MIN).log10();
                greatest = greatest.max(log);
                mel[number * columns + column] = log;
            }
        }
        let floor = greatest - RANGE;
        for value in &mut mel {
            *value = (value.max(floor) + 4.0) / 4.0;
        }
        mel
    }
}

/// The sample at `index` of `samples` followed by silence, `len` in all, mirrored at both ends.
fn mirrored(samples: &[f32], index: isize, len: usize) -> f32 {
    let index = index.unsigned_abs();
    let index = if index < len { index } else { (2 * len).saturating_sub(index + 2) };
    samples.get(index).copied().unwrap_or(0.0)
}

fn bands() -> Vec<Band> {
    let top = mel_of(RATE_HZ / 2.0);
    let edge = |n: usize| hz_of(top * n as f64 / (BANDS + 1) as f64);
    let band = |number: usize| {
        let (low, mid, high) = (edge(number), edge(number + 1), edge(number + 2));
        let weight = |bin: usize| {
            let hz = bin as f64 * RATE_HZ / WINDOW as f64;
            let slope = ((hz - low) / (mid - low)).min((high - hz) / (high - mid));
            // Each band's area is the same.
            (slope.max(0.0) * 2.0 / (high - low)) as f32
        };
        let inside = |bin: &usize| 0.0 < weight(*bin);
        let first = (0..BINS).find(inside).unwrap_or(0);
        let end = (0..BINS).rfind(inside).map_or(first, |last| last + 1);
        Band { bins: first..end, weights: (first..end).map(weight).collect() }
    };
    (0..BANDS).map(band).collect()
}

/// Slaney's scale of pitch: even up to 1 kHz, then even ratios.
fn mel_of(hz: f64) -> f64 {
    if hz < BEND_HZ { hz / HZ_PER_MEL } else { BEND_MEL + (hz / BEND_HZ).ln() / log_step() }
}

fn hz_of(mel: f64) -> f64 {
    if mel < BEND_MEL { mel * HZ_PER_MEL } else { BEND_HZ * (log_step() * (mel - BEND_MEL)).exp() }
}

/// 27 steps multiply a frequency by 6.4 (Slaney, Auditory Toolbox, as in librosa).
fn log_step() -> f64 {
    6.4_f64.ln() / 27.0
}

const HZ_PER_MEL: f64 = 200.0 / 3.0;
const BEND_HZ: f64 = 1_000.0;
const BEND_MEL: f64 = BEND_HZ / HZ_PER_MEL;

/// Less counts as this much: the logarithm has an end.
const POWER_MIN: f32 = 1e-10;

/// How far below the greatest value the rest is cut off, in powers of ten.
const RANGE: f32 = 8.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hz: f64, samples: usize) -> Vec<f32> {
        (0..samples).map(|n| (0.5 * (2.0 * PI * hz * n as f64 / RATE_HZ).sin()) as f32).collect()
    }

    #[test]
    fn a_tone_is_strongest_in_its_own_band() {
        let mel = LogMel::new();
        let mut before = 0;
        for hz in [200.0, 1_000.0, 3_000.0, 7_000.0] {
            let columns = mel.columns(&tone(hz, 16_000), 100);
            let at = |band: usize| columns[band * 100 + 50];
            let strongest = (0..BANDS).max_by(|&a, &b| at(a).total_cmp(&at(b))).unwrap();
            let (low, high) = (hz - 250.0, hz + 250.0);
            let edge = |n: usize| hz_of(mel_of(8_000.0) * n as f64 / 81.0);
            assert!(low < edge(strongest + 1) && edge(strongest + 1) < high, "{hz} in {strongest}");
            assert!(before <= strongest);
            before = strongest;
        }
    }

    #[test]
    fn silence_is_flat_and_follows_what_is_there() {
        let mel = LogMel::new();
        let silence = mel.columns(&[], 4);
        assert_eq!(silence.len(), 4 * BANDS);
        assert!(silence.iter().all(|value| (value + 1.5).abs() < 1e-6), "{silence:?}");
        let half = mel.columns(&tone(500.0, 8_000), 100);
        let strongest = |column: usize| {
            (0..BANDS).map(|band| half[band * 100 + column]).fold(f32::NEG_INFINITY, f32::max)
        };
        // Nothing is more than eight powers of ten below the greatest.
        let (tone, rest) = (strongest(20), strongest(90));
        assert!((tone - rest - 2.0).abs() < 0.1, "{tone} {rest}");
    }

    #[test]
    fn ends_are_mirrored() {
        let samples = [1.0, 2.0, 3.0];
        let read = |range: Range<isize>| {
            range.map(|index| mirrored(&samples, index, 5)).collect::<Vec<_>>()
        };
        assert_eq!(read(-2..8), [3.0, 2.0, 1.0, 2.0, 3.0, 0.0, 0.0, 0.0, 3.0, 2.0]);
    }
}

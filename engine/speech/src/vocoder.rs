//! From the voice's spectra to its waveform.
//!
//! hibari's network predicts five parts of a spectrum and a pitch for every 12.5 ms. The harmonic
//! part filters a train of pulses at that pitch, the second shapes noise, the third stands by
//! itself; their sum goes through one inverse short-time Fourier transform:
//!
//! ```text
//! S = exp(lh) e^(iπ tanh θ) STFT(pulses(f0)) + exp(ln) Z + exp(lr) e^(iφ)
//! ```
//!
//! Source: hibari-tts 0.2.1, `dsp.py` (Apache-2.0).

use std::f32::consts::PI;
use std::sync::Arc;

use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};

/// Samples of a frame: 12.5 ms at 24 kHz.
pub(crate) const HOP: usize = 300;

/// Bins of a spectrum.
pub(crate) const BINS: usize = WINDOW / 2 + 1;

/// What the network predicts for some frames. Spectra lie bin by bin: all frames of bin 0, then all
/// of bin 1.
pub(crate) struct Spectra {
    pub(crate) frames: usize,
    /// Logarithm of the harmonic part's filter.
    pub(crate) harmonic: Vec<f32>,
    /// Its phase: π times the hyperbolic tangent of this.
    pub(crate) harmonic_phase: Vec<f32>,
    /// Logarithm of the noise's strength.
    pub(crate) noise: Vec<f32>,
    /// Logarithm of what stands by itself.
    pub(crate) rest: Vec<f32>,
    /// Its phase.
    pub(crate) rest_phase: Vec<f32>,
    /// The pitch of each frame in hertz.
    pub(crate) pitch: Vec<f32>,
}

impl Spectra {
    /// Whether every part has the size it should have.
    pub(crate) fn is_whole(&self) -> bool {
        let parts =
            [&self.harmonic, &self.harmonic_phase, &self.noise, &self.rest, &self.rest_phase];
        0 < self.frames
            && parts.iter().all(|part| part.len() == BINS * self.frames)
            && self.pitch.len() == self.frames
    }
}

/// Turns [`Spectra`] into sound. Holds only tables.
pub(crate) struct Vocoder {
    forward: Arc<dyn Fft<f32>>,
    inverse: Arc<dyn Fft<f32>>,
    window: Vec<f32>,
}

impl Vocoder {
    pub(crate) fn new() -> Self {
        let mut planner = FftPlanner::new();
        Self {
            forward: planner.plan_fft_forward(WINDOW),
            inverse: planner.plan_fft_inverse(WINDOW),
            window: (0..WINDOW)
                .map(|n| 0.5 - 0.5 * (2.0 * PI * n as f32 / WINDOW as f32).cos())
                .collect(),
        }
    }

    /// The waveform at 24 kHz, full scale at 1.0: [`HOP`] samples a frame. The same spectra make
    /// the same sound.
    ///
    /// # Panics
    /// If `spectra` is not whole.
    pub(crate) fn render(&self, spectra: &Spectra) -> Vec<f32> {
        assert!(spectra.is_whole(), "every part covers every frame");
        let frames = spectra.frames;
        let source = pulses(&spectra.pitch);
        let mut noise = Noise::new();
        let mut sum = vec![0.0; frames * HOP + WINDOW - HOP];
        let mut weight = vec![0.0; sum.len()];
        let mut buffer = vec![Complex32::default(); WINDOW];
        let mut scratch =
            vec![
                Complex32::default();
                self.forward.get_inplace_scratch_len().max(self.inverse.get_inplace_scratch_len())
            ];
        for frame in 0..frames {
            self.load(&source, frame, &mut buffer);
            self.forward.process_with_scratch(&mut buffer, &mut scratch);
            shape(spectra, frame, &mut noise, &mut buffer);
            self.inverse.process_with_scratch(&mut buffer, &mut scratch);
            let at = frame * HOP;
            for (n, (value, window)) in buffer.iter().zip(&self.window).enumerate() {
                sum[at + n] += value.re / WINDOW as f32 * window;
                weight[at + n] += window * window;
            }
        }
        let middle = WINDOW / 2;
        let range = middle..middle + frames * HOP;
        sum[range.clone()].iter().zip(&weight[range]).map(|(sum, w)| sum / w.max(1e-11)).collect()
    }

    /// Loads the window of `source` around a frame's beginning, mirrored at the ends.
    fn load(&self, source: &[f32], frame: usize, buffer: &mut [Complex32]) {
        let last = source.len() as isize - 1;
        let begin = (frame * HOP) as isize - (WINDOW / 2) as isize;
        for (n, (to, window)) in buffer.iter_mut().zip(&self.window).enumerate() {
            let at = (begin + n as isize).abs();
            let at = if last < at { 2 * last - at } else { at };
            let sample = source[at.clamp(0, last) as usize];
            // A unit cosine peaks at half the window's sum in the spectrum.
            *to = Complex32::new(sample * window / (WINDOW as f32 / 4.0), 0.0);
        }
    }
}

/// Filters the spectrum in `buffer` and adds noise and the rest; fills in the mirrored half.
fn shape(spectra: &Spectra, frame: usize, noise: &mut Noise, buffer: &mut [Complex32]) {
    // The network's logarithms are cut, so that one bad value cannot drown the rest.
    let magnitude = |log: f32| log.min(7.0).exp();
    for (bin, value) in buffer.iter_mut().take(BINS).enumerate() {
        let at = bin * spectra.frames + frame;
        let phase = PI * spectra.harmonic_phase[at].tanh();
        *value = *value * Complex32::from_polar(magnitude(spectra.harmonic[at]), phase)
            + noise.complex() * magnitude(spectra.noise[at])
            + Complex32::from_polar(magnitude(spectra.rest[at]), spectra.rest_phase[at]);
    }
    buffer[0].im = 0.0;
    buffer[BINS - 1].im = 0.0;
    for bin in 1..BINS - 1 {
        buffer[WINDOW - bin] = buffer[bin].conj();
    }
}

/// A train of pulses whose every harmonic below 11 kHz has unit amplitude; silent where the voice
/// has no pitch. The pitch runs in straight lines from the middle of each frame to the next.
fn pulses(pitch: &[f32]) -> Vec<f32> {
    let last = pitch.len() - 1;
    let mut cycle = 0.0_f64;
    let mut pulse = |n: usize| {
        let (frame, offset) = (n / HOP, n % HOP);
        let place = (offset as f32 + 0.5) / HOP as f32 - 0.5;
        let (from, to, weight) = if place < 0.0 {
            (pitch[frame.saturating_sub(1)], pitch[frame], 1.0 + place)
        } else {
            (pitch[frame], pitch[(frame + 1).min(last)], place)
        };
        let hertz = from * (1.0 - weight) + to * weight;
        let is_voiced = VOICED_MIN < hertz;
        let hertz = hertz.max(VOICED_MIN);
        cycle = (cycle + f64::from(hertz) / f64::from(RATE)).fract();
        if !is_voiced {
            return 0.0;
        }
        // Σ cos(hφ) for h to H is sin((H+½)φ) / (2 sin(φ/2)) - ½.
        let phase = (cycle * std::f64::consts::TAU) as f32;
        let harmonics = (HARMONIC_MAX / hertz).floor() + 0.5;
        let sine = 2.0 * (phase * 0.5).sin();
        let sum = if sine.abs() <= 2e-3 { harmonics } else { (harmonics * phase).sin() / sine };
        sum - 0.5
    };
    (0..pitch.len() * HOP).map(&mut pulse).collect()
}

/// Noise of unit variance, from a fixed seed: greetings come out the same on every start.
struct Noise(u64);

impl Noise {
    fn new() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    fn complex(&mut self) -> Complex32 {
        Complex32::new(self.normal(), self.normal())
    }

    /// Nearly normal: the sum of four uniform values, scaled.
    fn normal(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let sum: f32 =
            (0..4).map(|n| ((self.0 >> (16 * n)) & 0xffff) as f32 / 65_536.0 - 0.5).sum();
        // Variance of the sum: 4/12.
        sum * 1.732_050_8
    }
}

/// Samples of a window: 50 ms at 24 kHz.
const WINDOW: usize = 1_200;

const RATE: u32 = 24_000;

/// Below this a frame has no pitch.
const VOICED_MIN: f32 = 40.0;

/// Up to where there are harmonics, in hertz.
const HARMONIC_MAX: f32 = 11_000.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn spectra(frames: usize, noise: f32, pitch: f32) -> Spectra {
        let part = |value: f32| vec![value; BINS * frames];
        Spectra {
            frames,
            harmonic: part(-3.0),
            harmonic_phase: part(0.0),
            noise: part(noise),
            rest: part(-40.0),
            rest_phase: part(0.0),
            pitch: vec![pitch; frames],
        }
    }

    #[test]
    fn a_pitch_repeats_at_its_period() {
        // 200 Hz: 120 samples.
        let sound = Vocoder::new().render(&spectra(40, -40.0, 200.0));
        assert_eq!(sound.len(), 40 * HOP);
        let (mut same, mut power) = (0.0, 0.0);
        for n in 3_000..9_000 {
            same += sound[n] * sound[n + 120];
            power += sound[n] * sound[n];
        }
        assert!(0.99 < same / power && 0.0 < power, "{same} {power}");
    }

    #[test]
    fn the_same_spectra_make_the_same_sound() {
        let vocoder = Vocoder::new();
        assert_eq!(vocoder.render(&spectra(9, 0.0, 0.0)), vocoder.render(&spectra(9, 0.0, 0.0)));
    }

    #[test]
    fn noise_is_noise() {
        let mut noise = Noise::new();
        let values: Vec<f32> = (0..40_000).map(|_| noise.normal()).collect();
        let mean = values.iter().sum::<f32>() / 40_000.0;
        let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / 40_000.0;
        let next: f32 = values.windows(2).map(|pair| pair[0] * pair[1]).sum::<f32>() / 40_000.0;
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.03 && next.abs() < 0.02);
    }
}

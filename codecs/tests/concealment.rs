//! How near concealed speech comes to what was lost, on recorded people.

use codecs::conceal::Concealer;
use types::{PTIME, SampleRate};

mod support;

const RATE: SampleRate = SampleRate::Hz8000;
const FRAME: usize = 160;

/// A way to fill lost frames.
trait Filler {
    fn arrived(&mut self, frame: &mut [i16]);
    fn lost(&mut self, out: &mut Vec<i16>);
}

impl Filler for Concealer {
    fn arrived(&mut self, frame: &mut [i16]) {
        self.observe(frame);
    }
    fn lost(&mut self, out: &mut Vec<i16>) {
        self.conceal(out);
    }
}

struct Silence;

impl Filler for Silence {
    fn arrived(&mut self, _: &mut [i16]) {}
    fn lost(&mut self, out: &mut Vec<i16>) {
        out.resize(out.len() + FRAME, 0);
    }
}

/// The last frame again, 6 dB quieter each time, for 60 ms.
struct Repetition {
    last: Vec<i16>,
    lost: i32,
}

impl Filler for Repetition {
    fn arrived(&mut self, frame: &mut [i16]) {
        self.last = frame.to_vec();
        self.lost = 0;
    }
    fn lost(&mut self, out: &mut Vec<i16>) {
        let gain = if self.lost < 3 { 0.5f32.powi(self.lost) } else { 0.0 };
        self.lost += 1;
        out.extend(self.last.iter().map(|&sample| (f32::from(sample) * gain) as i16));
    }
}

/// Which frames are lost: runs of `burst` frames, one in twenty in all, by seed.
fn losses(frames: usize, burst: usize, seed: u64) -> Vec<bool> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut lost = vec![false; frames];
    let mut at = 10;
    while at + burst + 2 < frames {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        if state.is_multiple_of(19 * burst as u64 + 1) {
            lost[at..at + burst].fill(true);
            at += burst;
        }
        at += 1;
    }
    lost
}

/// Means over what was lost of speech.
#[derive(Clone, Copy, Debug, Default)]
struct Quality {
    /// Decibels between the spectra, also across the seams.
    distance: f64,
    windows: f64,
    /// Decibels of signal over error, each frame within -10 to 35.
    snr: f64,
    frames: f64,
}

fn judge(speech: &[i16], lost: &[bool], filler: &mut dyn Filler, total: &mut Quality) {
    let mut heard = Vec::new();
    for (frame, &lost) in speech.chunks_exact(FRAME).zip(lost) {
        if lost {
            filler.lost(&mut heard);
        } else {
            let mut frame = frame.to_vec();
            filler.arrived(&mut frame);
            heard.extend(frame);
        }
    }
    for (n, &is_lost) in lost.iter().enumerate() {
        let place = n * FRAME..(n + 1) * FRAME;
        let power = power(&speech[place.clone()]);
        if !is_lost || power < POWER_MIN {
            continue;
        }
        let pairs = speech[place.clone()].iter().zip(&heard[place]);
        let error: f64 = pairs.map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum();
        total.snr += (10.0 * (power / error.max(1.0)).log10()).clamp(-10.0, 35.0);
        total.frames += 1.0;
    }
    // Windows every 10 ms, so that what happens at the seams is heard as well.
    for start in (0..heard.len() - FRAME).step_by(FRAME / 2) {
        let place = start..start + FRAME;
        let touches = lost[start / FRAME] || lost[start.div_ceil(FRAME)];
        if touches && POWER_MIN <= power(&speech[place.clone()]) {
            total.distance += distance(&speech[place.clone()], &heard[place]);
            total.windows += 1.0;
        }
    }
}

fn power(samples: &[i16]) -> f64 {
    samples.iter().map(|&sample| f64::from(sample).powi(2)).sum()
}

/// -45 dBFS over a frame: pauses would be judged by their noise.
const POWER_MIN: f64 = 34_000.0 * FRAME as f64;

/// The root mean square difference of two log spectra up to 3.8 kHz, noise floor -66 dBFS.
fn distance(a: &[i16], b: &[i16]) -> f64 {
    let (a, b) = (spectrum(a), spectrum(b));
    let squares: f64 = a.iter().zip(&b).map(|(a, b)| (a - b).powi(2)).sum();
    (squares / a.len() as f64).sqrt()
}

fn spectrum(frame: &[i16]) -> Vec<f64> {
    let count = frame.len() as f64;
    (4..77)
        .map(|bin| {
            let (mut real, mut imaginary) = (0.0, 0.0);
            for (n, &sample) in frame.iter().enumerate() {
                let n = n as f64;
                let window = 0.5 - 0.5 * (std::f64::consts::TAU * (n + 0.5) / count).cos();
                let angle = std::f64::consts::TAU * f64::from(bin) * n / count;
                real += f64::from(sample) * window * angle.cos();
                imaginary += f64::from(sample) * window * angle.sin();
            }
            10.0 * ((real * real + imaginary * imaginary) / (count * count) + 16.0).log10()
        })
        .collect()
}

fn score(burst: usize, filler: impl Fn() -> Box<dyn Filler>) -> Quality {
    let mut total = Quality::default();
    for (n, (_, speech)) in support::recordings("speech", "", RATE).iter().enumerate() {
        let lost = losses(speech.len() / FRAME, burst, 7 + n as u64);
        judge(speech, &lost, &mut *filler(), &mut total);
    }
    Quality { distance: total.distance / total.windows, snr: total.snr / total.frames, ..total }
}

#[test]
fn concealed_speech_is_nearer_to_what_was_lost_than_silence_or_repetition() {
    assert_eq!(RATE.samples_in(PTIME), FRAME);
    // Measured with this file; half a decibel of margin.
    for (burst, snr_min, distance_max) in GOLDEN {
        let ours = score(burst, || Box::new(Concealer::new(RATE)));
        let silence = score(burst, || Box::new(Silence));
        let repeated = score(burst, || Box::new(Repetition { last: vec![0; FRAME], lost: 0 }));
        let told = format!("bursts of {burst}: {ours:.1?}, {silence:.1?}, {repeated:.1?}");
        assert!(100.0 < ours.frames, "{told}");
        assert!(ours.distance < silence.distance && ours.distance < repeated.distance, "{told}");
        assert!(silence.snr < ours.snr && repeated.snr < ours.snr, "{told}");
        assert!(snr_min < ours.snr && ours.distance < distance_max, "{told}");
    }
}

/// Frames lost in a row, the least signal over error and the greatest spectral distance, in decibels.
const GOLDEN: [(usize, f64, f64); 3] = [(1, 0.9, 6.2), (2, 0.2, 7.9), (4, -0.1, 8.7)];

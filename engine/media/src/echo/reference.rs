//! What we sent, reduced to the band that is compared, by the time the carrier plays it.

use std::f32::consts::PI;

use super::{LAGS, RATE};

/// How much is kept: the lead that is ahead of the clock, the longest lag, and some.
const KEPT: usize = 4_096;

/// How many samples at 8 kHz become one.
const FACTOR: usize = 8_000 / RATE as usize;

/// Taps of the low-pass filter: -6 dB at 900 Hz, its own delay the same on both sides.
const TAPS: usize = 16 * FACTOR + 1;

/// From 8 kHz to [`RATE`].
#[derive(Debug)]
pub(super) struct Decimator {
    taps: [f32; TAPS],
    history: [f32; TAPS],
    /// Where the next sample goes.
    at: usize,
    /// How many samples came since the last one went out.
    phase: usize,
}

impl Decimator {
    pub(super) fn new() -> Self {
        let cutoff = 0.45 / FACTOR as f32;
        let middle = (TAPS - 1) as f32 / 2.0;
        let mut taps = [0.0; TAPS];
        for (number, tap) in taps.iter_mut().enumerate() {
            let from_middle = number as f32 - middle;
            let sinc = if from_middle == 0.0 {
                2.0 * cutoff
            } else {
                (2.0 * PI * cutoff * from_middle).sin() / (PI * from_middle)
            };
            // Hamming's window.
            let window = 0.54 - 0.46 * (2.0 * PI * number as f32 / (TAPS - 1) as f32).cos();
            *tap = sinc * window;
        }
        let gain: f32 = taps.iter().sum();
        taps.iter_mut().for_each(|tap| *tap /= gain);
        Self { taps, history: [0.0; TAPS], at: 0, phase: 0 }
    }

    /// What comes next does not follow what came before.
    pub(super) fn forget(&mut self) {
        self.history = [0.0; TAPS];
        self.phase = 0;
    }

    /// Takes samples in and hands out every fourth of them, filtered.
    pub(super) fn push(&mut self, samples: &[i16], mut out: impl FnMut(f32)) {
        for &sample in samples {
            self.history[self.at] = f32::from(sample) / 32_768.0;
            self.at = (self.at + 1) % TAPS;
            if self.phase == 0 {
                // The taps read the same both ways.
                let (newer, older) = self.history.split_at(self.at);
                let in_order = older.iter().chain(newer);
                out(in_order.zip(&self.taps).map(|(sample, tap)| sample * tap).sum());
            }
            self.phase = (self.phase + 1) % FACTOR;
        }
    }
}

/// Where a frame lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Behind the one before it.
    Behind,
    /// After a gap, or over something that was cleared.
    Apart,
}

/// The last two seconds by index; silence where nothing was sent.
#[derive(Debug)]
pub(super) struct Reference {
    samples: Box<[f32; KEPT]>,
    /// One past the newest sample.
    end: u64,
    /// One past the newest sample that was sound.
    sound_end: u64,
}

impl Reference {
    pub(super) fn new() -> Self {
        Self { samples: Box::new([0.0; KEPT]), end: 0, sound_end: 0 }
    }

    /// The next samples begin at `index`.
    pub(super) fn place(&mut self, index: u64) -> Place {
        // Rounding of times is no gap.
        if index.abs_diff(self.end) <= 1 && 0 < self.end {
            return Place::Behind;
        }
        if self.end < index {
            let gap = (index - self.end).min(KEPT as u64);
            for at in index - gap..index {
                self.samples[at as usize % KEPT] = 0.0;
            }
        }
        self.end = index;
        Place::Apart
    }

    pub(super) fn push(&mut self, sample: f32) {
        self.samples[self.end as usize % KEPT] = sample;
        self.end += 1;
        if SOUND < sample.abs() {
            self.sound_end = self.end;
        }
    }

    /// Nothing is heard of what lies from `index` on.
    pub(super) fn cut(&mut self, index: u64) {
        let from = index.max(self.end.saturating_sub(KEPT as u64));
        for at in from..self.end.max(from) {
            self.samples[at as usize % KEPT] = 0.0;
        }
        self.end = self.end.min(from);
        self.sound_end = self.sound_end.min(from);
    }

    /// Whether the `span` samples before `index`, and what came before them, are silence by now.
    pub(super) fn is_silent(&self, index: u64, span: usize) -> bool {
        self.sound_end + (span as u64) < index || self.sound_end == 0
    }

    /// Fills `window` with what lies up to its last sample but for the longest lag before `begin`.
    pub(super) fn window(&self, begin: u64, window: &mut [f32]) {
        let oldest = self.end.saturating_sub(KEPT as u64);
        for (number, sample) in (0_u64..).zip(window) {
            let at = (begin + number).checked_sub(LAGS as u64 - 1);
            *sample = match at {
                Some(at) if oldest <= at && at < self.end => self.samples[at as usize % KEPT],
                Some(_) | None => 0.0,
            };
        }
    }
}

/// Louder than what a codec makes of silence: -66 dBFS.
const SOUND: f32 = 5e-4;

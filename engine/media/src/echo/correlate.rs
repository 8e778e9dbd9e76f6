//! How alike two signals are at every lag, over the last fifth of a second.

use types::Millis;

use super::{AUDIBLE_MEAN_SQUARE, EchoSeen, FRAME, LAGS, RATE};

/// What a frame's weight is worth one frame later: a window of 200 ms that fades out.
const FADE: f32 = 0.904_837_4;

/// How many samples that window holds, by weight.
const WEIGHT: f32 = FRAME as f32 / (1.0 - FADE);

/// Lags at which the reference is fainter than this share of its loudest say nothing.
const FAINT: f32 = 0.02;

/// Running products of what is heard with what was sent, for every lag.
#[derive(Debug)]
pub(super) struct Correlator {
    /// What was sent, from the longest lag before the frame to its end.
    pub(super) window: Box<[f32; LAGS + FRAME - 1]>,
    /// By lag, the longest first: both multiplied.
    products: Box<[f32; LAGS]>,
    /// By lag, the longest first: the energy of what was sent.
    sent: Box<[f32; LAGS]>,
    heard: f32,
}

impl Correlator {
    pub(super) fn new() -> Self {
        Self {
            window: Box::new([0.0; LAGS + FRAME - 1]),
            products: Box::new([0.0; LAGS]),
            sent: Box::new([0.0; LAGS]),
            heard: 0.0,
        }
    }

    /// Nothing was sent that could come back.
    pub(super) fn forget(&mut self) {
        if self.heard != 0.0 {
            self.products.fill(0.0);
            self.sent.fill(0.0);
            self.heard = 0.0;
        }
    }

    /// Takes in a frame that was heard, with the window around it.
    pub(super) fn push(&mut self, frame: &[f32; FRAME]) -> Option<EchoSeen> {
        self.heard = self.heard * FADE + frame.iter().map(|s| s * s).sum::<f32>();
        self.multiply(frame);
        self.weigh();
        if self.heard / WEIGHT < AUDIBLE_MEAN_SQUARE {
            return None;
        }
        let loudest = self.sent.iter().copied().fold(0.0, f32::max);
        if loudest / WEIGHT < AUDIBLE_MEAN_SQUARE {
            return None;
        }
        let (mut best, mut best_at) = (0.0_f32, 0);
        for (at, (&product, &sent)) in self.products.iter().zip(&self.sent[..]).enumerate() {
            let alike = product * product / (self.heard * sent.max(loudest * FAINT));
            if best < alike {
                (best, best_at) = (alike, at);
            }
        }
        let lag = (LAGS - 1 - best_at) as u64 * 1_000 / RATE;
        let gain = self.products[best_at].abs() / self.sent[best_at].max(loudest * FAINT);
        Some(EchoSeen {
            likeness: best.sqrt().min(1.0),
            lag: Millis::new(lag as u32),
            gain_db: 20.0 * gain.max(1e-5).log10(),
        })
    }

    fn multiply(&mut self, frame: &[f32; FRAME]) {
        let window = &self.window[..];
        self.products.iter_mut().for_each(|product| *product *= FADE);
        for (at, heard) in frame.as_chunks::<4>().0.iter().enumerate() {
            let part = &window[4 * at..4 * at + LAGS + 3];
            let products = self.products.iter_mut().zip(part);
            let others = part[1..].iter().zip(&part[2..]).zip(&part[3..]);
            for ((product, a), ((b, c), d)) in products.zip(others) {
                *product += heard[0] * a + heard[1] * b + heard[2] * c + heard[3] * d;
            }
        }
    }

    /// The energy of what was sent, by a sum that moves along.
    fn weigh(&mut self) {
        let square = |at: usize| self.window[at] * self.window[at];
        let mut sum: f32 = (0..FRAME).map(square).sum();
        for at in 0..LAGS {
            self.sent[at] = self.sent[at] * FADE + sum;
            if at + FRAME < self.window.len() {
                sum = (sum + square(at + FRAME) - square(at)).max(0.0);
            }
        }
    }
}

const _: () = assert!(FRAME.is_multiple_of(4));

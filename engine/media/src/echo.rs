//! Whether what comes from the caller is our own voice, come back: a guard without a canceller.
//!
//! What we send is the reference, placed on the clock by which the carrier plays it. What arrives is
//! compared with it at every lag an echo may have. Nothing is taken out of the audio: the guard only
//! tells how alike the two are, at which lag and how loud.
//!
//! ```text
//! sent ──▶ reference, 2 kHz ──┐
//!                             ├──▶ likeness at lags of 0 to 600 ms ──▶ EchoSeen
//! heard ─▶ 2 kHz ─────────────┘
//! ```
//!
//! Both sides are reduced to the band below 900 Hz, where a telephone's voice has most of its energy
//! and a room changes least of it. Measured on the clips of `fixtures/`, 150 each, over µ-law with
//! line noise and 30 ms of room: echoes at -20 to -35 dB and lags of 80 to 400 ms are alike by 0.83
//! (1 % below 0.51), another speaker's first 300 ms by 0.18 (1 % above 0.39), the agent's own voice
//! saying something else by 0.23 (1 % above 0.59).

use codecs::resample::Resampler;
use types::{CallTime, Millis, SampleRate};

use correlate::Correlator;
use reference::{Decimator, Reference};

pub use news::EchoNews;

mod correlate;
mod news;
mod reference;

/// The rate at which both sides are compared, in samples a second.
const RATE: u64 = 2_000;

/// The longest echo that is looked for (conversation.md §7.5).
pub const LAG_MAX: Millis = Millis::new(600);

/// How many lags there are.
const LAGS: usize = (RATE * LAG_MAX.get() as u64 / 1_000) as usize;

/// How many samples a frame of 20 ms has at [`RATE`].
const FRAME: usize = (RATE / 50) as usize;

/// An echo weaker than this has reached the line's own noise and says nothing.
const AUDIBLE_MEAN_SQUARE: f32 = 2.5e-7;

/// From this likeness on, what is heard counts as the way our own voice takes.
const PATH_LIKENESS: f32 = 0.6;

/// How many frames in a row must be so: 80 ms.
const PATH_FRAMES: u32 = 4;

/// How far two lags may lie apart and still be the same way: the telephone may shift a little.
const PATH_DRIFT: Millis = Millis::new(8);

/// How much like our own voice the caller's audio is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EchoSeen {
    /// The correlation with what we sent, 0.0 to 1.0, at the lag where it is greatest.
    pub likeness: f32,
    /// From the carrier's playing it, by the model, to its coming back.
    pub lag: Millis,
    /// How much louder than what we sent that part of it is which is alike; in practice far softer.
    pub gain_db: f32,
}

/// The way our own voice takes back to us.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EchoPath {
    /// How long it is.
    pub lag: Millis,
    /// How much of our voice comes back.
    pub gain_db: f32,
}

/// Compares one leg's two directions.
///
/// Input:  sent frames at the leg's rate, with the time the carrier plays them; heard frames of
///         20 ms at 8 kHz, with the time of their first sample.
/// Cost:   per heard frame 48,000 multiplications while anything was sent within the last second,
///         a handful of steps otherwise; no allocation, ever. 40 KB of state.
#[derive(Debug)]
pub struct EchoGuard {
    to_8k: Resampler,
    sent_8k: Vec<i16>,
    sent_filter: Decimator,
    heard_filter: Decimator,
    reference: Reference,
    correlator: Correlator,
    path: Option<EchoPath>,
    /// The lag of the last frames that were alike, and how many there were in a row.
    alike: (Millis, u32),
    seen: Option<EchoSeen>,
}

impl EchoGuard {
    /// A guard of a leg at `rate` on which nothing was said.
    pub fn new(rate: SampleRate) -> Self {
        Self {
            to_8k: Resampler::new(rate, SampleRate::Hz8000),
            sent_8k: Vec::with_capacity(SampleRate::Hz8000.samples_in(Millis::new(40))),
            sent_filter: Decimator::new(),
            heard_filter: Decimator::new(),
            reference: Reference::new(),
            correlator: Correlator::new(),
            path: None,
            alike: (Millis::ZERO, 0),
            seen: None,
        }
    }

    /// Takes in a frame that was sent, which the carrier plays from `at` on.
    pub fn sent(&mut self, at: CallTime, samples: &[i16]) {
        self.sent_8k.clear();
        self.to_8k.process(samples, &mut self.sent_8k);
        if self.reference.place(index(at)) == reference::Place::Apart {
            self.sent_filter.forget();
        }
        let reference = &mut self.reference;
        self.sent_filter.push(&self.sent_8k, |sample| reference.push(sample));
    }

    /// What was to be played from `at` on was cleared: nobody hears it.
    pub fn clear(&mut self, at: CallTime) {
        self.reference.cut(index(at));
    }

    /// Takes in a frame of 20 ms at 8 kHz that begins at `at`.
    pub fn heard(&mut self, at: CallTime, frame: &[i16]) -> Option<EchoSeen> {
        let mut reduced = [0.0; FRAME];
        let mut count = 0;
        self.heard_filter.push(frame, |sample| {
            if count < FRAME {
                reduced[count] = sample;
                count += 1;
            }
        });
        let begin = index(at);
        if self.reference.is_silent(begin, LAGS + FRAME) {
            self.correlator.forget();
            self.seen = None;
            return None;
        }
        self.reference.window(begin, &mut self.correlator.window[..]);
        self.seen = self.correlator.push(&reduced);
        self.learn();
        self.seen
    }

    /// What the last frame was like; absent while nothing of ours can come back.
    pub fn seen(&self) -> Option<EchoSeen> {
        self.seen
    }

    /// The way our own voice took when it last came back, if it ever did.
    pub fn path(&self) -> Option<EchoPath> {
        self.path
    }

    fn learn(&mut self) {
        let Some(seen) = self.seen.filter(|seen| PATH_LIKENESS <= seen.likeness) else {
            self.alike.1 = 0;
            return;
        };
        let (lag, frames) = self.alike;
        let apart = Millis::new(lag.get().abs_diff(seen.lag.get()));
        self.alike = (seen.lag, if apart <= PATH_DRIFT { frames + 1 } else { 1 });
        if PATH_FRAMES <= self.alike.1 {
            let gain_db = match self.path {
                Some(path) => path.gain_db * 0.8 + seen.gain_db * 0.2,
                None => seen.gain_db,
            };
            self.path = Some(EchoPath { lag: seen.lag, gain_db });
        }
    }
}

/// The sample of `at` at [`RATE`], from the call's beginning, to the nearest.
fn index(at: CallTime) -> u64 {
    (at.as_micros() * RATE + 500_000) / 1_000_000
}

#[cfg(test)]
mod tests;

//! Changes of rate on the live path: a polyphase FIR between any two of 8, 16, 24 and 48 kHz.
//!
//! All edges scale with the slower of the two rates, since that is the one that limits the band:
//!
//! | slower rate | flat within 0.5 dB up to | below -60 dB from | delay |
//! |---|---|---|---|
//! | 8 kHz | 3.4 kHz | 4.6 kHz | 2 ms |
//! | 16 kHz | 6.8 kHz | 9.2 kHz | 1 ms |
//! | 24 kHz | 10.2 kHz | 13.8 kHz | 0.67 ms |
//!
//! What lies between the edges folds back above the flat band only. The filter is Kaiser's
//! windowed sinc, 32 taps for each sample of the slower rate (measured against rubato in
//! crates.md §3.4: that needs 10 ms of delay for the same band).

use std::time::Duration;

use types::{PTIME, SampleRate};

/// A sample a [`Resampler`] takes or gives: `i16`, or `f32` with full scale at ±1.0, which is what
/// recognizers and voices work with.
pub trait Sample: Copy {
    /// This sample with full scale at ±1.0. Exact for `i16`.
    fn to_unit(self) -> f32;
    /// The sample closest to `unit`; `i16` saturates.
    fn from_unit(unit: f32) -> Self;
}

impl Sample for i16 {
    fn to_unit(self) -> f32 {
        f32::from(self) * (1.0 / 32_768.0)
    }

    fn from_unit(unit: f32) -> Self {
        let scaled = (unit * 32_768.0).clamp(-32_768.0, 32_767.0);
        // Adding and taking away 1.5·2^23 rounds to even: several times faster than a call of
        // `round_ties_even`, which the baseline instruction set lacks. NaN becomes silence.
        (scaled + ROUNDING - ROUNDING) as Self
    }
}

impl Sample for f32 {
    fn to_unit(self) -> f32 {
        self
    }

    fn from_unit(unit: f32) -> Self {
        unit
    }
}

/// Turns one stream of samples at one rate into the same stream at another.
///
/// Output: after `n` samples in, exactly `n·to/from`, rounded up, have come out: whole frames in
///         give whole frames out, and no drift ever builds up. How the input is cut into calls does
///         not change a bit of it. The sound lags by [`Resampler::delay`]; [`Resampler::flush`]
///         brings out the rest. Equal rates pass through untouched.
/// Cost:   1 to 5 µs per 20 ms (benches/README.md); no allocation but growth of the caller's
///         buffer.
#[derive(Clone, Debug)]
pub struct Resampler {
    from: SampleRate,
    to: SampleRate,
    filter: Option<Filter>,
}

impl Resampler {
    /// A resampler with silence behind it.
    pub fn new(from: SampleRate, to: SampleRate) -> Self {
        let filter = (from != to).then(|| Filter::new(from, to));
        Self { from, to, filter }
    }

    /// The rate of the samples taken in.
    pub fn from(&self) -> SampleRate {
        self.from
    }

    /// The rate of the samples given out.
    pub fn to(&self) -> SampleRate {
        self.to
    }

    /// Takes in `input`, of any length, and appends what follows from it to `out`.
    pub fn process<I: Sample, O: Sample>(&mut self, input: &[I], out: &mut Vec<O>) {
        match &mut self.filter {
            Some(filter) => filter.process(input, out),
            None => out.extend(input.iter().map(|sample| O::from_unit(sample.to_unit()))),
        }
    }

    /// Appends the end of the stream, [`Resampler::delay_samples`] samples, to `out`, and forgets
    /// everything: the next input starts a new stream.
    pub fn flush<O: Sample>(&mut self, out: &mut Vec<O>) {
        if let Some(filter) = &mut self.filter {
            // As many samples of silence as the delay is long, at the rate of the input.
            let silence = [0.0f32; DELAY_SAMPLES * RATIO_MAX];
            let missing = filter.delay_in(self.from, self.from.min(self.to));
            filter.process(&silence[..missing], out);
        }
        self.reset();
    }

    /// Forgets everything: the next input starts a new stream, with silence before it.
    pub fn reset(&mut self) {
        if let Some(filter) = &mut self.filter {
            filter.reset();
        }
    }

    /// How much later a sound comes out than it goes in; at most 2 ms.
    pub fn delay(&self) -> Duration {
        Duration::from_secs(1) * self.delay_samples() as u32 / self.to.hz()
    }

    /// How many samples of the output [`Resampler::delay`] spans: exact at every ratio.
    pub fn delay_samples(&self) -> usize {
        self.filter.as_ref().map_or(0, |f| f.delay_in(self.to, self.from.min(self.to)))
    }
}

/// Resamples a whole recording: the result is not delayed and has exactly
/// `input.len()·to/from` samples, rounded up.
///
/// Allocates; for greetings and files, not for the live path.
pub fn resample_all<I: Sample, O: Sample>(from: SampleRate, to: SampleRate, input: &[I]) -> Vec<O> {
    let mut resampler = Resampler::new(from, to);
    let delay = resampler.delay_samples();
    let mut out =
        Vec::with_capacity(input.len() * to.hz() as usize / from.hz() as usize + delay + 1);
    resampler.process(input, &mut out);
    resampler.flush(&mut out);
    out.drain(..delay);
    out
}

/// A polyphase FIR: conceptually the input with `up - 1` zeros after each sample, filtered, and
/// every `down`-th sample kept.
///
/// One group of `down` inputs makes `up` outputs with the same filters each time. [`TILE`] groups are
/// computed side by side, so that the compiler can keep one group per vector lane; what does not
/// fill a tile is computed one output at a time. Both add up the taps in the same order, so the
/// result does not depend on which one ran.
#[derive(Clone, Debug)]
struct Filter {
    up: usize,
    down: usize,
    taps: usize,
    /// One filter of `taps` coefficients per phase, newest sample last.
    phases: Vec<f32>,
    /// The last `taps - 1` samples, then room for the block at hand.
    samples: Vec<f32>,
    /// Room for `samples` dealt out to `down` branches: neighbors in a branch are `down` apart.
    branches: Vec<f32>,
    /// Where the next output lies, in steps of the upsampled stream after the next input.
    next: usize,
}

impl Filter {
    fn new(from: SampleRate, to: SampleRate) -> Self {
        let (from_hz, to_hz) = (from.hz() as usize, to.hz() as usize);
        let common = greatest_common_divisor(from_hz, to_hz);
        let (up, down) = (to_hz / common, from_hz / common);
        let slower = from_hz.min(to_hz);
        let taps = 2 * DELAY_SAMPLES * from_hz / slower;
        let phases = design(up, taps, (from_hz * up / slower) as f64);
        let samples = vec![0.0; taps - 1 + BLOCK];
        let branches = vec![0.0; samples.len().next_multiple_of(down)];
        Self { up, down, taps, phases, samples, branches, next: 0 }
    }

    fn process<I: Sample, O: Sample>(&mut self, input: &[I], out: &mut Vec<O>) {
        for block in input.chunks(BLOCK) {
            let history = self.taps - 1;
            let fresh = &mut self.samples[history..history + block.len()];
            for (slot, sample) in fresh.iter_mut().zip(block) {
                *slot = sample.to_unit();
            }
            let end = block.len() * self.up;
            // Up to where groups start, tile by tile from there, then what is left.
            self.filter_singly(end, Until::GroupStart, out);
            self.filter_tiles(end, out);
            self.filter_singly(end, Until::End, out);
            self.next -= end;
            self.samples.copy_within(block.len()..block.len() + history, 0);
        }
    }

    fn filter_singly<O: Sample>(&mut self, end: usize, until: Until, out: &mut Vec<O>) {
        while self.next < end {
            let (input, phase) = (self.next / self.up, self.next % self.up);
            match until {
                Until::GroupStart if phase == 0 => return,
                Until::GroupStart | Until::End => (),
            }
            let coefficients = &self.phases[phase * self.taps..][..self.taps];
            let samples = &self.samples[input..][..self.taps];
            let mut unit = 0.0;
            for (c, s) in coefficients.iter().zip(samples) {
                unit += c * s;
            }
            out.push(O::from_unit(unit));
            self.next += self.down;
        }
    }

    fn filter_tiles<O: Sample>(&mut self, end: usize, out: &mut Vec<O>) {
        let group = self.up * self.down;
        let tiles = end.saturating_sub(self.next) / (group * TILE);
        if tiles == 0 {
            return;
        }
        let samples = &self.samples[self.next / self.up..];
        let used = (tiles * TILE - 1) * self.down + (self.up - 1) * self.down / self.up + self.taps;
        let branches = Branches::deal(&samples[..used], self.down, &mut self.branches);
        let mut outputs = [0.0; TILE * RATIO_MAX];
        let outputs = &mut outputs[..TILE * self.up];
        for tile in 0..tiles {
            for nth in 0..self.up {
                let (input, phase) = (nth * self.down / self.up, nth * self.down % self.up);
                let coefficients = &self.phases[phase * self.taps..][..self.taps];
                let units = branches.filter(coefficients, tile * TILE, input);
                for (group, unit) in outputs.chunks_exact_mut(self.up).zip(units) {
                    group[nth] = unit;
                }
            }
            out.extend(outputs.iter().map(|&unit| O::from_unit(unit)));
        }
        self.next += tiles * TILE * group;
    }

    fn reset(&mut self) {
        self.samples.fill(0.0);
        self.next = 0;
    }

    /// The delay, [`DELAY_SAMPLES`] of the slower rate, in samples of `rate`.
    fn delay_in(&self, rate: SampleRate, slower: SampleRate) -> usize {
        DELAY_SAMPLES * rate.hz() as usize / slower.hz() as usize
    }
}

/// How far [`Filter::filter_singly`] goes.
#[derive(Clone, Copy)]
enum Until {
    /// To the first output of a group.
    GroupStart,
    /// To the end of the block.
    End,
}

/// Samples so arranged that those of neighboring groups lie side by side.
struct Branches<'a> {
    samples: &'a [f32],
    count: usize,
    length: usize,
}

impl<'a> Branches<'a> {
    /// Deals `samples` out to `count` branches, in `room` if there is more than one.
    fn deal(samples: &'a [f32], count: usize, room: &'a mut [f32]) -> Self {
        if count == 1 {
            return Self { samples, count, length: samples.len() };
        }
        let length = samples.len().div_ceil(count);
        for (n, branch) in room.chunks_exact_mut(length).take(count).enumerate() {
            for (slot, &sample) in branch.iter_mut().zip(samples[n..].iter().step_by(count)) {
                *slot = sample;
            }
        }
        Self { samples: room, count, length }
    }

    /// One output of each of [`TILE`] groups from `group` on: the one whose oldest sample is the
    /// `input`-th of its group.
    #[inline]
    fn filter(&self, coefficients: &[f32], group: usize, input: usize) -> [f32; TILE] {
        let mut units = [0.0; TILE];
        let (mut branch, mut at) = (input % self.count, group + input / self.count);
        for &coefficient in coefficients {
            let samples = &self.samples[branch * self.length + at..][..TILE];
            for (unit, sample) in units.iter_mut().zip(samples) {
                *unit += coefficient * sample;
            }
            branch += 1;
            if branch == self.count {
                branch = 0;
                at += 1;
            }
        }
        units
    }
}

/// The filters of all phases, each with exactly unit gain at 0 Hz.
///
/// `slow_step` is the length of one sample of the slower rate in steps of the upsampled stream.
/// The sinc's zeros lie on its multiples, so the two outermost taps are zero and the filter is
/// symmetric about step `DELAY_SAMPLES·slow_step`.
fn design(up: usize, taps: usize, slow_step: f64) -> Vec<f32> {
    let center = DELAY_SAMPLES as f64;
    let mut phases = Vec::with_capacity(up * taps);
    for phase in 0..up {
        let coefficients: Vec<f64> = (0..taps)
            .rev()
            .map(|tap| {
                let at = (phase + tap * up) as f64 / slow_step - center;
                sinc(at) * kaiser(at / center)
            })
            .collect();
        let sum: f64 = coefficients.iter().sum();
        phases.extend(coefficients.iter().map(|c| (c / sum) as f32));
    }
    phases
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (std::f64::consts::PI * x).sin() / (std::f64::consts::PI * x) }
}

/// Kaiser's window at `x` between -1 and 1.
fn kaiser(x: f64) -> f64 {
    bessel_i0(KAISER_BETA * (1.0 - x * x).max(0.0).sqrt()) / bessel_i0(KAISER_BETA)
}

/// The modified Bessel function of the first kind and order zero, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let (mut term, mut sum, mut k) = (1.0, 1.0, 1.0);
    while sum * 1e-17 < term {
        term *= (x / (2.0 * k)).powi(2);
        sum += term;
        k += 1.0;
    }
    sum
}

const fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

/// Delay in samples of the slower rate, half the filter's length. Kaiser's formula: a transition
/// of 0.15 of the rate over 32 samples attenuates by 7.95 + 2.285·2π·0.15·32 = 76.9 dB.
const DELAY_SAMPLES: usize = 16;

/// Kaiser's beta for about 73 dB: 0.1102·(73 - 8.7). The rest of the 77 dB narrows the transition,
/// which is what keeps 3.4 kHz flat.
const KAISER_BETA: f64 = 7.09;

/// The largest ratio of two of our rates: 48 to 8 kHz.
const RATIO_MAX: usize = 6;

/// How many samples are converted at a time: 20 ms at 48 kHz. Bounds the resampler's memory
/// whatever the size of a message is.
const BLOCK: usize = 960;

/// How many groups are computed side by side: eight vectors of four hide the latency of addition,
/// and 20 ms are a whole number of tiles at every ratio.
const TILE: usize = 32;

/// Beyond this, `f32` has no fractions.
const ROUNDING: f32 = 12_582_912.0;

const _: () =
    assert!(SampleRate::Hz48000.hz() as usize == RATIO_MAX * SampleRate::Hz8000.hz() as usize);
const _: () = assert!(SampleRate::Hz8000.samples_in(PTIME).is_multiple_of(TILE));

//! What stands in for a lost frame where the codec has no idea of its own.
//!
//! In the manner of ITU-T G.711 Appendix I: a voice is periodic, so the last period goes on, its
//! seams overlapped; after 10 and 20 ms of loss two and three periods take turns, because a single
//! one buzzes. It dies away 6 dB a frame, gone after 60 ms, while the line's own noise comes up.
//! Unlike the Appendix nothing is delayed, so nothing that has been played can be overlapped: the
//! step at that seam dies away over a quarter of a period.

use types::{Millis, PTIME, SampleRate};

use crate::comfort::{ComfortNoise, clamp};

/// How long a voice is made to go on (conversation.md §7.1).
pub const CONCEALED_MAX: Millis = Millis::new(60);

/// Makes up lost frames from what came before.
///
/// Input:  all samples of the leg, as they are decoded.
/// Output: frames of 20 ms; the first samples after a loss are blended with what was made up.
/// Cost:   observing one copy and a level; the first lost frame a search for the period (5 to
///         10 µs), the others one pass. No allocation after construction.
#[derive(Debug)]
pub struct Concealer {
    rate: SampleRate,
    /// What came last, made up or not: [`HISTORY_US`] of it, oldest first.
    history: Vec<i16>,
    noise: ComfortNoise,
    loss: Loss,
    /// The history as it was when the loss began.
    before: Vec<i16>,
    /// The periods that take turns, and the buffer for the next set of them.
    cycle: Vec<f32>,
    spare: Vec<f32>,
}

/// What is being made up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loss {
    /// Nothing.
    None,
    /// A voice going on.
    Running {
        /// Samples a period.
        period: usize,
        /// How many periods take turns.
        periods: usize,
        /// Where in the cycle the next sample lies.
        at: usize,
        /// Samples made up so far.
        made: usize,
    },
}

impl Concealer {
    /// A concealer that has heard nothing but silence.
    pub fn new(rate: SampleRate) -> Self {
        let history = samples(rate, HISTORY_US);
        let cycle = PERIODS_MAX * samples(rate, PERIOD_US_MAX);
        Self {
            rate,
            history: vec![0; history],
            noise: ComfortNoise::new(NOISE_SEED),
            loss: Loss::None,
            before: vec![0; history],
            cycle: Vec::with_capacity(cycle),
            spare: Vec::with_capacity(cycle),
        }
    }

    /// Remembers the end of `fresh`, which arrived. After a loss its beginning, at most 10 ms, is
    /// blended with what was made up.
    pub fn observe(&mut self, fresh: &mut [i16]) {
        if fresh.is_empty() {
            return;
        }
        self.noise.observe(fresh);
        self.blend(fresh);
        self.remember(fresh);
    }

    /// Appends 20 ms for one lost frame to `out`.
    pub fn conceal(&mut self, out: &mut Vec<i16>) {
        let start = out.len();
        let block = samples(self.rate, BLOCK_US);
        for _ in 0..PTIME.as_micros() / BLOCK_US {
            self.conceal_block(block, out);
        }
        let made = out.len() - start;
        let history = self.history.len();
        self.history.copy_within(made.min(history).., 0);
        self.history[history - made..].copy_from_slice(&out[start..]);
    }

    /// Ends a loss without anything having come: what comes next follows nothing.
    pub fn forget_loss(&mut self) {
        self.loss = Loss::None;
    }

    /// The noise of the line, as it is known.
    pub fn noise(&mut self) -> &mut ComfortNoise {
        &mut self.noise
    }

    fn remember(&mut self, fresh: &[i16]) {
        let kept = self.history.len();
        let new = fresh.len().min(kept);
        self.history.copy_within(new.., 0);
        self.history[kept - new..].copy_from_slice(&fresh[fresh.len() - new..]);
    }

    /// Appends 10 ms.
    fn conceal_block(&mut self, block: usize, out: &mut Vec<i16>) {
        let start = out.len();
        match self.loss {
            Loss::None => self.begin(),
            Loss::Running { made, .. } if made < self.fade() => self.lengthen(),
            Loss::Running { .. } => (),
        }
        let Loss::Running { period, periods, at, made } = self.loss else { return };
        let amplitude = self.noise.prepare();
        if self.fade() <= made {
            out.extend((0..block).map(|_| clamp(self.noise.sample(amplitude))));
        } else {
            let (from, to) = GAINS[(made / block).min(GAINS.len() - 1)];
            let step = (to - from) / block as f32;
            for n in 0..block {
                let gain = from + step * n as f32;
                let voice = self.cycle[(at + n) % self.cycle.len()];
                let noise = (1.0 - gain) * self.noise.sample(amplitude);
                out.push(clamp(gain * voice + noise));
            }
            if made == 0 {
                self.smooth_beginning(period, &mut out[start..]);
            }
        }
        let at = (at + block) % self.cycle.len();
        self.loss = Loss::Running { period, periods, at, made: made + block };
    }

    /// Finds the period and sets one of it to take turns with itself.
    fn begin(&mut self) {
        self.before.copy_from_slice(&self.history);
        let period = self.find_period();
        make_cycle(&self.before, period, 1, &mut self.cycle);
        self.loss = Loss::Running { period, periods: 1, at: 0, made: 0 };
    }

    /// One more period takes turns with the others. For a quarter of a period old and new overlap.
    fn lengthen(&mut self) {
        let Loss::Running { period, periods, at, made } = self.loss else { return };
        if PERIODS_MAX <= periods || made == 0 {
            return;
        }
        make_cycle(&self.before, period, periods + 1, &mut self.spare);
        let new_at = at % period;
        let overlap = period / 4;
        for n in 0..overlap {
            let weight = (n as f32 + 0.5) / overlap as f32;
            let old = self.cycle[(at + n) % self.cycle.len()];
            let new = &mut self.spare[new_at + n];
            *new = old + (*new - old) * weight;
        }
        std::mem::swap(&mut self.cycle, &mut self.spare);
        self.loss = Loss::Running { period, periods: periods + 1, at: new_at, made };
    }

    /// What has been played ends elsewhere than the period before it: that step dies away.
    fn smooth_beginning(&self, period: usize, made: &mut [i16]) {
        let last = self.before.len() - 1;
        let step = f32::from(self.before[last]) - f32::from(self.before[last - period]);
        let peak = self.before.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0);
        let overlap = period / 4;
        for (n, sample) in made.iter_mut().take(overlap).enumerate() {
            let weight = 1.0 - (n as f32 + 0.5) / overlap as f32;
            let stepped = f32::from(*sample) + step * weight;
            *sample = clamp(stepped.clamp(-f32::from(peak), f32::from(peak)));
        }
    }

    /// The end of a loss: what was made up hands over to what has come.
    fn blend(&mut self, fresh: &mut [i16]) {
        let Loss::Running { period, at, made, .. } = std::mem::replace(&mut self.loss, Loss::None)
        else {
            return;
        };
        let block = samples(self.rate, BLOCK_US);
        // Appendix I: a quarter of a period and 4 ms more for each 10 ms lost, at most 10 ms.
        let longer = samples(self.rate, BLEND_US) * (made / block).saturating_sub(1);
        let overlap = (period / 4 + longer).min(block).min(fresh.len());
        let amplitude = self.noise.prepare();
        let gain =
            if made < self.fade() { GAINS[(made / block).min(GAINS.len() - 1)].0 } else { 0.0 };
        for (n, sample) in fresh.iter_mut().take(overlap).enumerate() {
            let weight = (n as f32 + 0.5) / overlap as f32;
            let voice = gain * self.cycle[(at + n) % self.cycle.len()];
            let old = voice + (1.0 - gain) * self.noise.sample(amplitude);
            *sample = clamp(old + (f32::from(*sample) - old) * weight);
        }
    }

    /// Samples after which no voice is left.
    fn fade(&self) -> usize {
        self.rate.samples_in(CONCEALED_MAX)
    }

    /// The lag at which the last 20 ms are most like what came before them, 5 to 15 ms: first at
    /// 4 kHz, then among the neighbors.
    fn find_period(&self) -> usize {
        let span = samples(self.rate, SPAN_US);
        let low = samples(self.rate, PERIOD_US_MIN);
        let high = samples(self.rate, PERIOD_US_MAX);
        let stride = samples(self.rate, STRIDE_US);
        let coarse = best_lag(&self.before, span, (low..=high).step_by(stride), stride);
        let near = coarse.saturating_sub(stride - 1).max(low)..=(coarse + stride - 1).min(high);
        best_lag(&self.before, span, near, stride.div_ceil(2))
    }
}

/// The lag among `lags` with the greatest normalized correlation over the last `span` samples,
/// looking at every `stride`th of them.
fn best_lag(
    history: &[i16],
    span: usize,
    lags: impl Iterator<Item = usize>,
    stride: usize,
) -> usize {
    let target = history.len() - span;
    let mut best = (f32::MIN, 0);
    for lag in lags {
        let (mut product, mut power) = (0i64, 0i64);
        for n in (0..span).step_by(stride) {
            let now = i32::from(history[target + n]);
            let then = i32::from(history[target + n - lag]);
            product += i64::from(now * then);
            power += i64::from(then * then);
        }
        let score = product as f32 / (power as f32).max(1.0).sqrt();
        if best.0 < score || best.1 == 0 {
            best = (score, lag);
        }
    }
    best.1
}

/// The last `periods` periods of `history`, the end overlapped with what precedes them, so that
/// they can follow each other.
fn make_cycle(history: &[i16], period: usize, periods: usize, cycle: &mut Vec<f32>) {
    let length = period * periods;
    let overlap = period / 4;
    let start = history.len() - length;
    cycle.clear();
    cycle.extend(history[start..].iter().map(|&sample| f32::from(sample)));
    for n in 0..overlap {
        let weight = (n as f32 + 0.5) / overlap as f32;
        let before = f32::from(history[start - overlap + n]);
        let end = &mut cycle[length - overlap + n];
        *end += (before - *end) * weight;
    }
}

/// How many samples `us` microseconds hold, rounded down.
const fn samples(rate: SampleRate, us: u64) -> usize {
    (rate.hz() as u64 * us / 1_000_000) as usize
}

/// Three of the longest periods and a quarter of one (G.711 Appendix I).
const HISTORY_US: u64 = 48_750;

/// Voices of 66 to 200 Hz; a higher one is met at twice its period (G.711 Appendix I).
const PERIOD_US_MIN: u64 = 5_000;
const PERIOD_US_MAX: u64 = 15_000;

/// What is compared when a period is looked for (G.711 Appendix I).
const SPAN_US: u64 = 20_000;

/// Every second sample at 8 kHz.
const STRIDE_US: u64 = 250;

/// The step in which periods are added (G.711 Appendix I).
const BLOCK_US: u64 = 10_000;

/// How much longer the end's overlap gets with each block lost (G.711 Appendix I).
const BLEND_US: u64 = 4_000;

/// One, two, then three periods (G.711 Appendix I).
const PERIODS_MAX: usize = 3;

/// The level at the beginning and at the end of each 10 ms: 6 dB a frame, 60 ms in all.
const GAINS: [(f32, f32); 6] =
    [(1.0, 0.75), (0.75, 0.5), (0.5, 0.375), (0.375, 0.25), (0.25, 0.125), (0.125, 0.0)];

const NOISE_SEED: u32 = 0x05EE_D711;

const _: () = assert!(PERIODS_MAX as u64 * PERIOD_US_MAX + PERIOD_US_MAX / 4 <= HISTORY_US);
const _: () = assert!(SPAN_US + PERIOD_US_MAX <= HISTORY_US);
const _: () = assert!(GAINS.len() as u64 * BLOCK_US == CONCEALED_MAX.as_micros());
const _: () = assert!(PTIME.as_micros().is_multiple_of(BLOCK_US));

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::level::Dbfs;

    /// A vowel: harmonics of 125 Hz.
    fn vowel(rate: SampleRate, count: usize) -> Vec<i16> {
        (0..count)
            .map(|n| {
                let t = n as f64 / f64::from(rate.hz()) * std::f64::consts::TAU;
                let sum: f64 =
                    (1..16).map(|h| (t * 125.0 * f64::from(h)).sin() / f64::from(h)).sum();
                (sum * 5_000.0) as i16
            })
            .collect()
    }

    /// Signal to error in decibels.
    fn snr(signal: &[i16], made: &[i16]) -> f64 {
        let power: f64 = signal.iter().map(|&a| f64::from(a).powi(2)).sum();
        let error: f64 =
            signal.iter().zip(made).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum();
        10.0 * (power / error.max(1.0)).log10()
    }

    #[test]
    fn a_vowel_goes_on_in_phase_and_dies_away() {
        for rate in SampleRate::ALL {
            let frame = rate.samples_in(PTIME);
            let mut whole = vowel(rate, 20 * frame);
            let mut concealer = Concealer::new(rate);
            let (heard, lost) = whole.split_at_mut(10 * frame);
            heard.chunks_mut(frame).for_each(|frame| concealer.observe(frame));
            let mut made = Vec::new();
            for n in 1..=4 {
                concealer.conceal(&mut made);
                assert_eq!(made.len(), n * frame);
            }
            let faded: Vec<i16> = lost[..frame / 2]
                .iter()
                .enumerate()
                .map(|(n, &s)| clamp(f32::from(s) * (1.0 - 0.5 * n as f32 / frame as f32)))
                .collect();
            let quality = snr(&faded, &made[..frame / 2]);
            assert!(15.0 < quality, "{rate}: {quality} dB");
            let levels: Vec<f32> = made.chunks(frame).map(|frame| Dbfs::of(frame).0).collect();
            assert!(levels[1] < levels[0] - 4.0 && levels[2] < levels[1] - 6.0, "{levels:?}");
            assert!(levels[3] < -55.0, "comfort noise: {levels:?}");
        }
    }

    #[test]
    fn no_seam_jumps() {
        let rate = SampleRate::Hz8000;
        let mut whole = vowel(rate, 160 * 40);
        let step = |samples: &[i16]| {
            samples.windows(2).map(|pair| pair[0].abs_diff(pair[1])).max().unwrap_or(0)
        };
        let usual = step(&whole);
        for lost in 1..=5 {
            let mut concealer = Concealer::new(rate);
            let mut heard = Vec::new();
            for (n, frame) in whole.chunks_mut(160).enumerate() {
                if (20..20 + lost).contains(&n) {
                    concealer.conceal(&mut heard);
                } else {
                    let mut frame = frame.to_vec();
                    concealer.observe(&mut frame);
                    heard.extend(frame);
                }
            }
            assert!(step(&heard) <= usual + usual / 5, "{lost}: {} for {usual}", step(&heard));
        }
    }

    #[test]
    fn recovery_leaves_all_but_the_first_ten_milliseconds_as_they_came() {
        let rate = SampleRate::Hz16000;
        let mut concealer = Concealer::new(rate);
        let mut fresh = vowel(rate, 960);
        concealer.observe(&mut fresh);
        let mut made = Vec::new();
        (0..8).for_each(|_| concealer.conceal(&mut made));
        let came = vowel(rate, 640);
        let mut fresh = came.clone();
        concealer.observe(&mut fresh);
        assert_ne!(fresh[..160], came[..160]);
        assert_eq!(fresh[160..], came[160..]);
        let mut next = came.clone();
        concealer.observe(&mut next);
        assert_eq!(next, came, "once");
    }

    #[test]
    fn before_any_audio_there_is_a_quiet_line() {
        let mut out = Vec::new();
        let mut concealer = Concealer::new(SampleRate::Hz16000);
        concealer.observe(&mut []);
        for _ in 0..10 {
            concealer.conceal(&mut out);
        }
        assert_eq!(out.len(), 3_200);
        assert!(Dbfs::of(&out) < Dbfs(-58.0), "{}", Dbfs::of(&out));
        assert!(Dbfs(-64.0) < Dbfs::of(&out[960..]), "{}", Dbfs::of(&out));
    }

    #[test]
    fn short_pieces_add_up() {
        let mut concealer = Concealer::new(SampleRate::Hz8000);
        let mut ramp: Vec<i16> = (0..1_000).collect();
        ramp.chunks_mut(7).for_each(|piece| concealer.observe(piece));
        let kept = concealer.history.len();
        assert_eq!(concealer.history, ramp[1_000 - kept..]);
    }

    proptest! {
        /// Whatever comes and is lost: exact lengths, and nothing louder than what there was.
        #[test]
        fn any_audio_and_any_losses(
            frames in prop::collection::vec(prop::option::of((1usize..400, 1i16..8_000)), 1..60),
        ) {
            let mut concealer = Concealer::new(SampleRate::Hz8000);
            let mut loudest = 300;
            for (n, frame) in frames.into_iter().enumerate() {
                match frame {
                    Some((length, amplitude)) => {
                        let mut samples: Vec<i16> = (0..length)
                            .map(|k| if (k * (n + 3)) % 31 < 15 { amplitude } else { -amplitude })
                            .collect();
                        loudest = loudest.max(amplitude + 1);
                        concealer.observe(&mut samples);
                        prop_assert!(samples.iter().all(|s| s.abs() <= loudest + 300));
                    }
                    None => {
                        let mut out = vec![1];
                        concealer.conceal(&mut out);
                        prop_assert_eq!(out.len(), 161);
                        prop_assert!(out.iter().all(|s| s.abs() <= loudest + 300));
                    }
                }
            }
        }
    }
}

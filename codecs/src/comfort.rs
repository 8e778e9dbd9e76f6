//! The noise of a line, made anew: for where there would be dead silence.
//!
//! A line that falls silent in the middle of a call sounds cut off, and a detector's floor that
//! drops to nothing takes the next breath for speech. So gaps are filled with what the line itself
//! sounds like while nobody speaks: its level and its color.

use crate::gate::{FLOOR_ASSUMED, FloorTracker};
use crate::level::Dbfs;

/// Nothing louder is made up: a floor beyond it is a talker who never pauses, or music.
pub const COMFORT_LEVEL_MAX: Dbfs = Dbfs(-40.0);

/// Listens to a line and makes noise like its own.
///
/// Input:  the line's samples in pieces of any length, 20 ms as a rule.
/// Output: noise at the floor's level, at most [`COMFORT_LEVEL_MAX`], colored by linear prediction
///         of order 8 from the line's quiet moments. The same seed and input give the same noise.
/// Floor:  the 10th percentile of the pieces' levels over 150 of them, as the gate's; before
///         anything was heard a quiet line's, white.
/// Cost:   one pass for the level; in quiet moments, once in five, 9 correlations. No allocation.
#[derive(Clone, Debug)]
pub struct ComfortNoise {
    floor: FloorTracker,
    /// Correlations of quiet moments, the first one 1, smoothed.
    correlations: [f32; ORDER + 1],
    /// Prediction from the last outputs, newest first, and what it leaves over of the amplitude.
    predictor: [f32; ORDER],
    residue: f32,
    /// Whether the predictor is that of the correlations.
    stale: Freshness,
    /// The last outputs, newest first, in samples.
    outputs: [f32; ORDER],
    /// Quiet moments until the color is looked at again.
    rest: u32,
    random: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Freshness {
    Fresh,
    Stale,
}

impl ComfortNoise {
    /// Noise of a line that has not been heard.
    pub fn new(seed: u32) -> Self {
        let mut correlations = [0.0; ORDER + 1];
        correlations[0] = 1.0;
        Self {
            floor: FloorTracker::new(FLOOR_ASSUMED),
            correlations,
            predictor: [0.0; ORDER],
            residue: 1.0,
            stale: Freshness::Fresh,
            outputs: [0.0; ORDER],
            rest: 0,
            // A shift register of zeros would stay there.
            random: seed.wrapping_mul(0x9E37_79B9) | 1,
        }
    }

    /// White noise at `level`, whatever the limit: a line for tests.
    pub fn white(level: Dbfs, seed: u32) -> impl Iterator<Item = i16> {
        let mut random = Self::new(seed);
        let amplitude = amplitude(level);
        std::iter::repeat_with(move || clamp(random.unit() * amplitude))
    }

    /// Takes in what the line sounds like.
    pub fn observe(&mut self, samples: &[i16]) {
        if samples.is_empty() {
            return;
        }
        let level = Dbfs::of_alternating(samples);
        self.floor.push(level);
        let is_quiet = level <= self.floor.level().raised_by(QUIET_DB) && Dbfs::SILENCE < level;
        if !is_quiet || samples.len() <= ORDER {
            return;
        }
        if 0 < self.rest {
            self.rest -= 1;
            return;
        }
        self.rest = REST;
        self.observe_color(samples);
    }

    /// The level at which noise would be made now.
    pub fn level(&self) -> Dbfs {
        let floor = self.floor.level();
        if COMFORT_LEVEL_MAX < floor { COMFORT_LEVEL_MAX } else { floor }
    }

    /// Appends `samples` samples of noise to `out`.
    pub fn fill(&mut self, samples: usize, out: &mut Vec<i16>) {
        let amplitude = self.prepare();
        out.extend(std::iter::repeat_with(|| clamp(self.sample(amplitude))).take(samples));
    }

    /// Makes the predictor fit and says what [`Self::sample`] is to be given.
    pub(crate) fn prepare(&mut self) -> f32 {
        if self.stale == Freshness::Stale {
            self.stale = Freshness::Fresh;
            (self.predictor, self.residue) = predict(&self.correlations);
        }
        let level = self.level();
        if level <= Dbfs::SILENCE { 0.0 } else { amplitude(level) * self.residue }
    }

    /// The next sample, from an excitation of `amplitude`.
    pub(crate) fn sample(&mut self, amplitude: f32) -> f32 {
        let excitation = self.unit() * amplitude;
        let predicted: f32 = self.predictor.iter().zip(&self.outputs).map(|(a, y)| a * y).sum();
        let output = excitation + predicted;
        self.outputs.copy_within(..ORDER - 1, 1);
        self.outputs[0] = output;
        output
    }

    fn observe_color(&mut self, samples: &[i16]) {
        let at = |lag: usize| -> f32 {
            let pairs = samples[lag..].iter().zip(samples);
            pairs.map(|(&a, &b)| i64::from(i32::from(a) * i32::from(b))).sum::<i64>() as f32
        };
        let power = at(0);
        if power <= 0.0 {
            return;
        }
        for (lag, smoothed) in self.correlations.iter_mut().enumerate().skip(1) {
            *smoothed += (at(lag) / power - *smoothed) * SMOOTHING;
        }
        self.stale = Freshness::Stale;
    }

    /// Uniform between -1 and 1: the shift register of Marsaglia, "Xorshift RNGs" (2003).
    fn unit(&mut self) -> f32 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        (self.random >> 8) as f32 / 8_388_608.0 - 1.0
    }
}

/// The peak of uniform noise whose root mean square is `level`.
fn amplitude(level: Dbfs) -> f32 {
    32_768.0 * 10.0f32.powf(level.0 / 20.0) * 3.0f32.sqrt()
}

pub(crate) fn clamp(sample: f32) -> i16 {
    // The cast saturates.
    sample.round() as i16
}

/// Levinson and Durbin: the predictor of `correlations`, and the share of the amplitude that it
/// leaves over. A little white noise added keeps it stable.
fn predict(correlations: &[f32; ORDER + 1]) -> ([f32; ORDER], f32) {
    let mut predictor = [0.0f32; ORDER];
    let mut error = correlations[0] * WHITE;
    for order in 0..ORDER {
        let predicted: f32 = (0..order).map(|k| predictor[k] * correlations[order - k]).sum();
        let reflection = (correlations[order + 1] - predicted) / error;
        if !reflection.is_finite() || 1.0 <= reflection.abs() {
            return ([0.0; ORDER], 1.0);
        }
        let before = predictor;
        predictor[order] = reflection;
        for k in 0..order {
            predictor[k] = before[k] - reflection * before[order - 1 - k];
        }
        error *= 1.0 - reflection * reflection;
    }
    (predictor, (error / (correlations[0] * WHITE)).max(0.0).sqrt())
}

/// Enough for the tilt and two resonances of a telephone line.
const ORDER: usize = 8;

/// A moment not louder than this above the floor is quiet.
const QUIET_DB: f32 = 3.0;

/// Quiet moments between two looks at the color: it does not change that fast.
const REST: u32 = 4;

/// How much a look moves the color.
const SMOOTHING: f32 = 0.25;

/// -30 dB of white noise: sharper resonances would ring.
const WHITE: f32 = 1.001;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A low rumble at `level`: white noise through one pole.
    fn rumble(level: Dbfs, samples: usize) -> Vec<i16> {
        let pole = 0.9f32;
        let gain = (1.0 - pole * pole).sqrt();
        let mut last = 0.0;
        ComfortNoise::white(Dbfs(-6.0), 7)
            .take(samples)
            .map(|white| {
                last = pole * last + gain * f32::from(white);
                clamp(last * 10.0f32.powf((level.0 + 6.0) / 20.0))
            })
            .collect()
    }

    /// How alike neighbors are: 0 for white noise.
    fn tilt(samples: &[i16]) -> f64 {
        let product = |lag: usize| -> f64 {
            let pairs = samples[lag..].iter().zip(samples);
            pairs.map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
        };
        product(1) / product(0)
    }

    #[test]
    fn noise_has_the_level_and_the_color_of_the_line() {
        let line = rumble(Dbfs(-55.0), 160 * 400);
        let mut noise = ComfortNoise::new(1);
        for frame in line.chunks(160) {
            noise.observe(frame);
        }
        let mut made = Vec::new();
        noise.fill(80_000, &mut made);
        let (real, made_level) = (Dbfs::of(&line), Dbfs::of(&made));
        assert!((made_level.0 - real.0).abs() < 3.0, "{made_level} for {real}");
        assert!(made_level < real.raised_by(0.5), "never louder than the line");
        assert!((tilt(&made) - tilt(&line)).abs() < 0.08, "{} {}", tilt(&made), tilt(&line));
    }

    #[test]
    fn speech_in_between_changes_neither_level_nor_color() {
        let line = rumble(Dbfs(-55.0), 160 * 400);
        let mut noise = ComfortNoise::new(1);
        for (n, frame) in line.chunks(160).enumerate() {
            let speech: Vec<i16> = (0..160).map(|k| ((k % 8) * 2_000 - 8_000) as i16).collect();
            noise.observe(if n % 4 < 2 { frame } else { &speech });
        }
        let mut made = Vec::new();
        noise.fill(80_000, &mut made);
        assert!((Dbfs::of(&made).0 + 55.0).abs() < 3.0, "{}", Dbfs::of(&made));
        assert!((tilt(&made) - tilt(&line)).abs() < 0.08);
    }

    #[test]
    fn noise_is_limited_seeded_and_absent_on_a_silent_line() {
        let mut loud = ComfortNoise::new(3);
        let mut silent = ComfortNoise::new(3);
        for _ in 0..200 {
            loud.observe(&[8_000, -8_000].repeat(80));
            silent.observe(&[0; 160]);
        }
        assert_eq!(loud.level(), COMFORT_LEVEL_MAX);
        let (mut first, mut again, mut none) = (Vec::new(), Vec::new(), Vec::new());
        loud.clone().fill(8_000, &mut again);
        loud.fill(8_000, &mut first);
        silent.fill(8_000, &mut none);
        assert_eq!(first, again);
        assert!(Dbfs::of(&first) < COMFORT_LEVEL_MAX.raised_by(1.0), "{}", Dbfs::of(&first));
        assert!(none.iter().all(|&sample| sample == 0));
        let mut other = Vec::new();
        ComfortNoise::new(4).fill(160, &mut other);
        let mut unheard = Vec::new();
        ComfortNoise::new(3).fill(160, &mut unheard);
        assert_ne!(unheard, other);
        let level = Dbfs::of(&unheard);
        assert!((level.0 - FLOOR_ASSUMED.0).abs() < 2.0, "a quiet line: {level}");
    }

    #[test]
    fn white_noise_for_tests_has_the_level_that_was_asked_for() {
        for level in [-10.0, -30.0, -60.0] {
            let noise: Vec<i16> = ComfortNoise::white(Dbfs(level), 5).take(40_000).collect();
            assert!((Dbfs::of(&noise).0 - level).abs() < 0.3, "{}", Dbfs::of(&noise));
        }
    }

    proptest! {
        /// Whatever the line, the noise stays within its limit: the filter cannot run away.
        #[test]
        fn noise_stays_within_its_limit(
            frames in prop::collection::vec(prop::collection::vec(any::<i16>(), 0..200), 0..40),
            tones in prop::collection::vec(1i32..60, 0..40),
        ) {
            let mut noise = ComfortNoise::new(9);
            for frame in &frames {
                noise.observe(frame);
            }
            for tone in tones {
                let frame: Vec<i16> = (0..160)
                    .map(|n| (20.0 * (n as f32 * tone as f32 * 0.05).sin()) as i16)
                    .collect();
                noise.observe(&frame);
            }
            let mut out = Vec::new();
            noise.fill(4_000, &mut out);
            prop_assert!(Dbfs::of(&out) <= COMFORT_LEVEL_MAX.raised_by(8.0), "{}", Dbfs::of(&out));
            prop_assert!(out.iter().all(|sample| sample.unsigned_abs() < 8_000));
        }
    }
}

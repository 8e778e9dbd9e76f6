//! Keys of a telephone as tones: made, and found in speech and noise.
//!
//! A key is two tones at once, one of four low and one of four high ones (ITU-T Q.23). The
//! detector's limits are those of ITU-T Q.24, with more tolerance for noise: it sits behind
//! whatever line the caller has.

use types::{DtmfDigit, Millis, SampleRate};

use crate::fade;

/// How long a key sounds when we press it, and how long the pause after it is: what any
/// exchange takes (ETSI ES 201 235-2 wants 65 ms each).
pub const TONE: Millis = Millis::new(100);

/// See [`TONE`].
pub const PAUSE: Millis = Millis::new(100);

/// Appends `digits` as tones to `out`, each [`TONE`] long and followed by [`PAUSE`], with soft
/// edges; low tones at -9, high tones at -7 dBm (ETSI ES 201 235-2, the higher one lost more on
/// the way).
pub fn press(digits: &[DtmfDigit], rate: SampleRate, out: &mut Vec<i16>) {
    for &digit in digits {
        let levels = (Dbm(-9.0), Dbm(-7.0));
        tone(Tone { digit, levels, off: 0.0 }, rate, TONE, out);
        out.resize(out.len() + rate.samples_in(PAUSE), 0);
    }
}

/// A key's two tones with everything that can vary about them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tone {
    /// Which key.
    pub digit: DtmfDigit,
    /// How strong the low and the high tone are.
    pub levels: (Dbm, Dbm),
    /// How much too high both are: 0.015 is 1.5 %.
    pub off: f64,
}

/// The power of a tone as telephone engineers count it: a sine that touches both ends of `i16` has
/// +3.14 dBm (ITU-T G.711).
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Dbm(pub f64);

impl Dbm {
    /// The peak of a sine of this power, in samples.
    fn peak(self) -> f64 {
        32_768.0 * 10.0f64.powf((self.0 - FULL_SCALE_DBM) / 20.0)
    }
}

/// Appends `span` of `tone` to `out`, with edges of 5 ms.
pub fn tone(tone: Tone, rate: SampleRate, span: Millis, out: &mut Vec<i16>) {
    let (low, high) = frequencies(tone.digit);
    let start = out.len();
    let angle = |hz: f64| std::f64::consts::TAU * hz * (1.0 + tone.off) / f64::from(rate.hz());
    let (low, high) = (angle(low), angle(high));
    let (low_peak, high_peak) = (tone.levels.0.peak(), tone.levels.1.peak());
    out.extend((0..rate.samples_in(span)).map(|n| {
        let n = n as f64;
        // The cast saturates: two tones at the upper limit do not quite fit.
        (low_peak * (low * n).sin() + high_peak * (high * n).sin()).round() as i16
    }));
    let edge = rate.samples_in(fade::FADE_IN).min((out.len() - start) / 2);
    fade::fade_in(&mut out[start..start + edge]);
    let end = out.len() - edge;
    fade::fade_out(&mut out[end..]);
}

/// Finds keys in the sound of a line.
///
/// Input:  samples at 8 kHz, in order, in pieces of any length.
/// Found:  tones of 40 ms and more, each at -31 to 0 dBm, ±1.5 % in frequency, the high one 8 dB
///         weaker to 4 dB stronger than the low one, at 10 dB above noise. Pauses of 40 ms
///         separate keys; interruptions of 10 ms do not (ITU-T Q.24).
/// Told:   26 to 39 ms after the tone's beginning.
/// Cost:   per 12.75 ms one pass for the level; where that is enough for a key, 8 filters, and 1
///         more where they fit. No allocation, ever.
#[derive(Clone, Debug)]
pub struct DtmfDetector {
    block: [f32; BLOCK],
    len: usize,
    /// The key of the last block, if it held one.
    last: Option<Found>,
    /// The key that sounds, once told.
    sounding: Option<DtmfDigit>,
    /// Blocks in a row without the key that sounds.
    missed: u32,
}

/// A key in one block.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Found {
    digit: DtmfDigit,
    /// The tones' powers.
    low: f32,
    high: f32,
}

impl Found {
    /// Whether both blocks hold the same sound: a voice that passes through a key does not stay.
    fn is_steady(self, before: Self) -> bool {
        let near = |a: f32, b: f32, most: f32| a.max(b) <= most * a.min(b);
        self.digit == before.digit
            && near(self.low + self.high, before.low + before.high, STEADY)
            && near(self.high * before.low, before.high * self.low, self.twist_change_max())
    }

    /// How much more one tone may change than the other: of two alike 2.5 dB, edges or not; a much
    /// weaker one has the other leaking into it.
    fn twist_change_max(self) -> f32 {
        if self.low.max(self.high) <= 2.5 * self.low.min(self.high) { 1.8 } else { 2.5 }
    }
}

impl Default for DtmfDetector {
    fn default() -> Self {
        Self { block: [0.0; BLOCK], len: 0, last: None, sounding: None, missed: 0 }
    }
}

impl DtmfDetector {
    /// A detector of a line that has been silent.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in `samples` and hands every key that has begun to `key`, in order.
    pub fn push(&mut self, samples: &[i16], mut key: impl FnMut(DtmfDigit)) {
        for &sample in samples {
            self.block[self.len] = f32::from(sample);
            self.len += 1;
            if self.len == BLOCK {
                self.len = 0;
                if let Some(digit) = self.look() {
                    key(digit);
                }
            }
        }
    }

    /// Takes in that `samples` samples were lost: a key that sounds goes on, none begins.
    pub fn skip(&mut self, samples: usize) {
        if 0 < samples {
            self.len = 0;
            self.last = None;
        }
    }

    /// Whether a key sounds.
    pub fn sounding(&self) -> Option<DtmfDigit> {
        self.sounding
    }

    fn look(&mut self) -> Option<DtmfDigit> {
        let found = find(&self.block);
        let before = std::mem::replace(&mut self.last, found);
        match (self.sounding, found) {
            (Some(sounding), Some(found)) if sounding == found.digit => {
                self.missed = 0;
                return None;
            }
            (Some(_), _) => {
                self.missed += 1;
                if self.missed < MISSED_MAX {
                    return None;
                }
                self.sounding = None;
            }
            (None, _) => (),
        }
        let (found, before) = (found?, before?);
        if !found.is_steady(before) {
            return None;
        }
        self.sounding = Some(found.digit);
        self.missed = 0;
        Some(found.digit)
    }
}

/// The key whose tones make up `block`, if they do.
fn find(block: &[f32; BLOCK]) -> Option<Found> {
    let energy: f32 = block.iter().map(|sample| sample * sample).sum();
    // What two tones of the least power would have.
    if energy < POWER_MIN * BLOCK as f32 {
        return None;
    }
    let powers = goertzel(block, &FUNDAMENTALS);
    let (low, low_power) = strongest(&powers[..4])?;
    let (high, high_power) = strongest(&powers[4..])?;
    let is_loud = POWER_MIN / 2.0 <= low_power.min(high_power);
    let twist_fits = high_power <= low_power * TWIST_MAX && low_power <= high_power * REVERSE_MAX;
    let is_lopsided = LOPSIDED * high_power < low_power;
    let share_min = if is_lopsided { SHARE_LOPSIDED_MIN } else { SHARE_MIN };
    let is_all = share_min * energy / BLOCK as f32 <= low_power + high_power;
    if !is_loud || !twist_fits || !is_all {
        return None;
    }
    // Twice a low tone is too near a high one to tell.
    let [harmonic] = goertzel(block, &[2.0 * HIGH[high] as f32]);
    if high_power < HARMONIC_MAX * harmonic {
        return None;
    }
    let digit = DtmfDigit::new(KEYS[low][high])?;
    Some(Found { digit, low: low_power, high: high_power })
}

/// The strongest of four tones, if it stands out from the others.
fn strongest(powers: &[f32]) -> Option<(usize, f32)> {
    let (best, &power) = powers.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
    let mut others = powers.iter().enumerate().filter(|&(tone, _)| tone != best);
    others.all(|(_, &other)| other * OTHERS_MAX <= power).then_some((best, power))
}

/// The power of the tone at each of `hz` in `block`: that of a sine of peak A is A²/2.
/// (Goertzel, American Mathematical Monthly 65, 1958.)
fn goertzel<const N: usize>(block: &[f32; BLOCK], hz: &[f32; N]) -> [f32; N] {
    let coefficients =
        hz.map(|hz| 2.0 * (std::f32::consts::TAU * hz / SampleRate::Hz8000.hz() as f32).cos());
    let (mut last, mut before) = ([0.0f32; N], [0.0f32; N]);
    for &sample in block {
        for tone in 0..N {
            let next = sample + coefficients[tone] * last[tone] - before[tone];
            before[tone] = last[tone];
            last[tone] = next;
        }
    }
    let scale = 2.0 / (BLOCK * BLOCK) as f32;
    std::array::from_fn(|tone| {
        let (a, b) = (last[tone], before[tone]);
        scale * (a * a + b * b - coefficients[tone] * a * b)
    })
}

/// The low and the high tone of a key.
fn frequencies(digit: DtmfDigit) -> (f64, f64) {
    for (row, keys) in KEYS.iter().enumerate() {
        if let Some(column) = keys.iter().position(|&key| key == digit.symbol()) {
            return (LOW[row], HIGH[column]);
        }
    }
    unreachable!("every key stands in the table")
}

/// ITU-T Q.23.
const KEYS: [[char; 4]; 4] =
    [['1', '2', '3', 'A'], ['4', '5', '6', 'B'], ['7', '8', '9', 'C'], ['*', '0', '#', 'D']];
const LOW: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
const HIGH: [f64; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];
const FUNDAMENTALS: [f32; 8] = [697.0, 770.0, 852.0, 941.0, 1_209.0, 1_336.0, 1_477.0, 1_633.0];

/// 12.75 ms at 8 kHz: wide enough for ±1.5 %, and three fit into 40 ms at any offset but the worst.
const BLOCK: usize = 102;

/// ITU-T G.711: what a sine over the full scale of µ-law has.
#[expect(clippy::approx_constant, reason = "decibels, no circle")]
const FULL_SCALE_DBM: f64 = 3.14;

/// Two tones of -33 dBm, in squared samples: -25 is what Q.24 wants, less 4 of twist and what a tone
/// beside its frequency loses.
const POWER_MIN: f32 = 32_768.0 * 32_768.0 * 0.000_243;

/// +4 and -8 dB (ITU-T Q.24), with 2 and 3 dB for tones beside their frequency.
const TWIST_MAX: f32 = 4.0;
const REVERSE_MAX: f32 = 12.6;

/// How much the strongest of a group stands out from the other three: 6 dB. A tone 1.5 % off and 8 dB
/// below the other reaches 7.
const OTHERS_MAX: f32 = 4.0;

/// The tones' share of all there is. 10 dB of noise leave 0.91, tones 1.5 % off another 0.83.
const SHARE_MIN: f32 = 0.74;

/// A low tone 6 dB above the high one is what voices are like: then nearly all has to be tones. A low
/// tone loses little 1.5 % off.
const LOPSIDED: f32 = 4.0;
const SHARE_LOPSIDED_MIN: f32 = 0.81;

/// How far a second harmonic lies below its tone: a voice has stronger ones.
const HARMONIC_MAX: f32 = 10.0;

/// Two blocks of one key differ by less than 5 dB, where they are not its edges.
const STEADY: f32 = 3.2;

/// Blocks without the key that end it: an interruption of 10 ms spoils one or two.
const MISSED_MAX: u32 = 2;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::comfort::ComfortNoise;
    use crate::level::Dbfs;

    const RATE: SampleRate = SampleRate::Hz8000;

    fn all() -> Vec<DtmfDigit> {
        KEYS.iter().flatten().map(|&key| DtmfDigit::new(key).unwrap()).collect()
    }

    fn keys(samples: &[i16]) -> String {
        let mut found = String::new();
        let mut detector = DtmfDetector::new();
        for frame in samples.chunks(160) {
            detector.push(frame, |digit| found.push(digit.symbol()));
        }
        found
    }

    const ALL: &str = "123A456B789C*0#D";

    /// All keys, 40 ms on and 40 ms off, with `shape` and noise at `noise` below them.
    fn short(levels: (f64, f64), off: f64, noise: Option<(f64, u32)>) -> Vec<i16> {
        let mut out = vec![0; 77];
        for digit in all() {
            let levels = (Dbm(levels.0), Dbm(levels.1));
            tone(Tone { digit, levels, off }, RATE, Millis::new(40), &mut out);
            out.resize(out.len() + RATE.samples_in(Millis::new(40)), 0);
        }
        if let Some((below, seed)) = noise {
            // Of a sine at 0 dBm, in dBFS as a level.
            let low = 10.0f64.powf(levels.0 / 10.0) + 10.0f64.powf(levels.1 / 10.0);
            let level = 10.0 * low.log10() - FULL_SCALE_DBM - 3.01 - below;
            let noise = ComfortNoise::white(Dbfs(level as f32), seed);
            out.iter_mut().zip(noise).for_each(|(s, noise)| *s = s.saturating_add(noise));
        }
        out
    }

    #[test]
    fn pressed_keys_are_found_at_every_rate() {
        for rate in SampleRate::ALL {
            let mut out = Vec::new();
            press(&all(), rate, &mut out);
            assert_eq!(out.len(), 16 * rate.samples_in(TONE + PAUSE));
            let narrow: Vec<i16> = crate::resample::resample_all(rate, RATE, &out);
            assert_eq!(keys(&narrow), ALL, "{rate}");
            assert!(Dbfs::of(&out[..rate.samples_in(TONE)]) < Dbfs(-7.0));
        }
    }

    #[test]
    fn short_keys_are_found_at_every_level_twist_and_frequency() {
        for level in [-25.0, -20.0, -12.0, -6.0, -3.0] {
            for off in [-0.015, -0.007, 0.0, 0.007, 0.015] {
                for twist in [-8.0, -4.0, 0.0, 4.0] {
                    let high: f64 = level + twist;
                    if !(-30.0..=0.0).contains(&high) {
                        continue;
                    }
                    let found = keys(&short((level, high), off, None));
                    assert_eq!(found, ALL, "{level} dBm, {twist} dB, {off}");
                }
            }
        }
    }

    #[test]
    fn keys_are_found_in_noise_ten_decibels_below() {
        let mut wrong = 0;
        for seed in 0..40 {
            let found = keys(&short((-10.0, -10.0), 0.0, Some((10.0, seed))));
            wrong += u32::from(found != ALL);
        }
        // 640 keys of 40 ms: Q.24 lets an exchange miss some at 15 dB.
        assert!(wrong <= 1, "{wrong} of 40 lines");
        for seed in 0..10 {
            assert_eq!(keys(&short((-10.0, -10.0), 0.01, Some((15.0, seed)))), ALL, "{seed}");
        }
    }

    #[test]
    fn what_is_no_key_is_not_found() {
        let silent_and_single = |hz: f64| -> Vec<i16> {
            (0..8_000)
                .map(|n| {
                    let t = f64::from(n) / 8_000.0 * std::f64::consts::TAU;
                    (9_000.0 * (t * hz).sin()) as i16
                })
                .collect()
        };
        for hz in [0.0, 350.0, 440.0, 697.0, 941.0, 1_000.0, 1_209.0, 1_633.0, 2_100.0] {
            assert_eq!(keys(&silent_and_single(hz)), "", "{hz} Hz");
        }
        // Dial tone, ringing, busy: sums of two tones that are no key.
        for (a, b) in [(350.0, 440.0), (440.0, 480.0), (480.0, 620.0), (697.0, 770.0)] {
            let sum: Vec<i16> = silent_and_single(a)
                .iter()
                .zip(silent_and_single(b))
                .map(|(a, b)| a / 2 + b / 2)
                .collect();
            assert_eq!(keys(&sum), "", "{a} and {b} Hz");
        }
        // Too far off, too weak, too short, too lopsided.
        assert_eq!(keys(&short((-10.0, -10.0), 0.035, None)), "");
        assert_eq!(keys(&short((-40.0, -40.0), 0.0, None)), "");
        assert_eq!(keys(&short((-20.0, -8.0), 0.0, None)), "");
        let mut blips = Vec::new();
        for digit in all() {
            let levels = (Dbm(-10.0), Dbm(-10.0));
            tone(Tone { digit, levels, off: 0.0 }, RATE, Millis::new(20), &mut blips);
            blips.resize(blips.len() + 400, 0);
        }
        assert_eq!(keys(&blips), "");
        let noise: Vec<i16> = ComfortNoise::white(Dbfs(-10.0), 3).take(800_000).collect();
        assert_eq!(keys(&noise), "");
    }

    #[test]
    fn a_key_counts_once_however_long_and_an_interruption_does_not_double_it() {
        let five = Tone {
            digit: DtmfDigit::new('5').unwrap(),
            levels: (Dbm(-10.0), Dbm(-10.0)),
            off: 0.0,
        };
        let mut out = Vec::new();
        tone(five, RATE, Millis::from_secs(2), &mut out);
        out[4_000..4_080].fill(0);
        out.resize(out.len() + 320, 0);
        tone(five, RATE, Millis::new(60), &mut out);
        out.resize(out.len() + 800, 0);
        assert_eq!(keys(&out), "55");
        let mut detector = DtmfDetector::new();
        detector.push(&out[..800], |_| ());
        assert_eq!(detector.sounding(), Some(five.digit));
        detector.skip(160);
        let mut again = 0;
        detector.push(&out[960..3_000], |_| again += 1);
        assert_eq!(again, 0, "a loss within a key does not double it");
    }

    proptest! {
        #[test]
        fn any_samples_in_any_pieces_give_the_same_keys(
            samples in prop::collection::vec(any::<i16>(), 0..3_000),
            digits in prop::collection::vec(0usize..16, 0..4),
            size in 1usize..500,
        ) {
            let digits: Vec<DtmfDigit> = digits.into_iter().map(|n| all()[n]).collect();
            let mut line = samples;
            press(&digits, RATE, &mut line);
            let mut found = String::new();
            let mut detector = DtmfDetector::new();
            for piece in line.chunks(size) {
                detector.push(piece, |digit| found.push(digit.symbol()));
            }
            prop_assert_eq!(&found, &keys(&line));
            let pressed: String = digits.iter().map(|digit| digit.symbol()).collect();
            prop_assert!(found.ends_with(&pressed), "{} {}", found, pressed);
        }
    }
}

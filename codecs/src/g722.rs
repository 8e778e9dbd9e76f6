//! G.722: 16 kHz audio in 64 kbit/s, two samples a byte.
//!
//! Announced as 8 kHz all the same, because RTP's first table said so (RFC 3551 §4.5.2): 160 bytes
//! are 20 ms, 320 samples. Two mirrored filters split the band at 4 kHz; each half is coded by
//! adaptive prediction, the lower with 6 bits, the upper with 2 (ITU-T G.722, mode 1). The
//! arithmetic is the standard's to the bit; the names in brackets are its own.

use crate::CodecError;

/// Decodes the payloads of one leg, in order.
///
/// Cost: about 7 µs per 20 ms (benches/README.md); no allocation but growth of the caller's buffer.
#[derive(Clone, Debug)]
pub struct G722Decoder {
    low: Band,
    high: Band,
    line: DelayLine,
}

impl G722Decoder {
    /// A decoder that has heard nothing.
    #[expect(clippy::new_without_default, reason = "a codec's state is begun on purpose")]
    pub fn new() -> Self {
        Self { low: Band::new(LOW_SCALE), high: Band::new(HIGH_SCALE), line: DelayLine::new() }
    }

    /// Appends the samples of `payload` to `out`, two a byte, at 16 kHz. Any byte is a code.
    pub fn decode(&mut self, payload: &[u8], out: &mut Vec<i16>) {
        out.extend(payload.iter().flat_map(|&code| {
            let (low, high) = (usize::from(code & 0x3F), usize::from(code >> 6));
            let fine = (self.low.scale * LOW_VALUES_FINE[low]) >> 15;
            let low_sample = limited(self.low.estimate + fine);
            self.low.take_low(low);
            let coarse = (self.high.scale * HIGH_VALUES[high]) >> 15;
            let high_sample = limited(self.high.estimate + coarse);
            self.high.take_high(high);
            self.line.join(low_sample, high_sample)
        }));
    }
}

/// Encodes the frames of one leg, in order.
///
/// Cost: about 9 µs per 20 ms (benches/README.md); no allocation but growth of the caller's buffer.
#[derive(Clone, Debug)]
pub struct G722Encoder {
    low: Band,
    high: Band,
    line: DelayLine,
}

impl G722Encoder {
    /// An encoder that has heard nothing.
    #[expect(clippy::new_without_default, reason = "a codec's state is begun on purpose")]
    pub fn new() -> Self {
        Self { low: Band::new(LOW_SCALE), high: Band::new(HIGH_SCALE), line: DelayLine::new() }
    }

    /// Appends the bytes of `samples` at 16 kHz to `out`, one for each two.
    ///
    /// # Errors
    /// [`CodecError::HalfByte`] if the number of samples is odd; `out` is then as it was.
    pub fn encode(&mut self, samples: &[i16], out: &mut Vec<u8>) -> Result<(), CodecError> {
        let (pairs, rest) = samples.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(CodecError::HalfByte { samples: samples.len() });
        }
        out.extend(pairs.iter().map(|&pair| {
            let (low, high) = self.line.split(pair);
            let low_code = self.low.quantize_low(low);
            self.low.take_low(low_code);
            let high_code = self.high.quantize_high(high);
            self.high.take_high(high_code);
            ((high_code << 6) | low_code) as u8
        }));
        Ok(())
    }
}

/// The last 24 samples, oldest first: before the split, or before the joining.
#[derive(Clone, Debug)]
struct DelayLine([i32; 24]);

impl DelayLine {
    fn new() -> Self {
        Self([0; 24])
    }

    fn push(&mut self, pair: [i32; 2]) {
        self.0.copy_within(2.., 0);
        self.0[22..].copy_from_slice(&pair);
    }

    /// The sums over every second sample, first one way, then the other way through the filter.
    fn filter(&self) -> (i32, i32) {
        let (pairs, _) = self.0.as_chunks::<2>();
        let taps = QMF.iter().zip(QMF.iter().rev());
        pairs.iter().zip(taps).fold((0, 0), |(odd, even), (pair, (&tap, &mirrored))| {
            (odd + pair[0] * tap, even + pair[1] * mirrored)
        })
    }

    /// The next samples of the lower and the upper half of the band.
    fn split(&mut self, pair: [i16; 2]) -> (i32, i32) {
        self.push(pair.map(i32::from));
        let (odd, even) = self.filter();
        ((even + odd) >> 14, (even - odd) >> 14)
    }

    /// The next two samples of the whole band.
    fn join(&mut self, low: i32, high: i32) -> [i16; 2] {
        self.push([low + high, low - high]);
        let (odd, even) = self.filter();
        [saturated(even >> 11) as i16, saturated(odd >> 11) as i16]
    }
}

/// One half of the band: what comes next, by what came before.
#[derive(Clone, Debug)]
struct Band {
    /// What the next sample is expected to be [S], and the zeros' part of that [SZ].
    estimate: i32,
    estimate_zeros: i32,
    /// The step of the quantizer [DET], and its logarithm [NB].
    scale: i32,
    scale_log: i32,
    /// The predictor [A1, A2; B1 to B6].
    poles: [i32; 2],
    zeros: [i32; 6],
    /// The last samples [R], the last without the poles' part [P], the last differences [D]; the
    /// newest first.
    samples: [i32; 2],
    partial: [i32; 2],
    differences: [i32; 6],
}

impl Band {
    fn new(scale: i32) -> Self {
        Self {
            estimate: 0,
            estimate_zeros: 0,
            scale,
            scale_log: 0,
            poles: [0; 2],
            zeros: [0; 6],
            samples: [0; 2],
            partial: [0; 2],
            differences: [0; 6],
        }
    }

    /// The 6-bit code of a sample of the lower half [QUANTL].
    fn quantize_low(&self, sample: i32) -> usize {
        let difference = saturated(sample - self.estimate);
        let size = if difference < 0 { -(difference + 1) } else { difference };
        let is_below = |&level: &i32| size < (level * self.scale) >> 12;
        let step = LOW_LEVELS.iter().position(is_below).unwrap_or(LOW_LEVELS.len());
        // Two codes less: those are kept free so that no code is all zeros.
        if difference < 0 { LOW_CODES_NEGATIVE[step] } else { 61 - step }
    }

    /// The 2-bit code of a sample of the upper half [QUANTH].
    fn quantize_high(&self, sample: i32) -> usize {
        let difference = saturated(sample - self.estimate);
        let size = if difference < 0 { -(difference + 1) } else { difference };
        let is_small = size < (HIGH_LEVEL * self.scale) >> 12;
        match (difference < 0, is_small) {
            (true, true) => 1,
            (true, false) => 0,
            (false, true) => 3,
            (false, false) => 2,
        }
    }

    /// Goes on by one code of the lower half; the two finest bits do not count [INVQAL, LOGSCL].
    fn take_low(&mut self, code: usize) {
        let coarse = code >> 2;
        let difference = (self.scale * LOW_VALUES[coarse]) >> 15;
        self.rescale(LOW_STEPS[coarse], LOW_LOG_MAX, 8);
        self.adapt(difference);
    }

    /// Goes on by one code of the upper half [INVQAH, LOGSCH].
    fn take_high(&mut self, code: usize) {
        let difference = (self.scale * HIGH_VALUES[code]) >> 15;
        self.rescale(HIGH_STEPS[code], HIGH_LOG_MAX, 10);
        self.adapt(difference);
    }

    /// Moves the step of the quantizer [SCALEL, SCALEH].
    fn rescale(&mut self, step: i32, log_max: i32, shift: i32) {
        self.scale_log = (((self.scale_log * 127) >> 7) + step).clamp(0, log_max);
        let mantissa = POWERS[((self.scale_log >> 6) & 31) as usize];
        let exponent = shift - (self.scale_log >> 11);
        let scale = if exponent < 0 { mantissa << -exponent } else { mantissa >> exponent };
        self.scale = scale << 2;
    }

    /// Learns from the difference between sample and estimate and estimates anew [block 4].
    fn adapt(&mut self, difference: i32) {
        let sample = saturated(self.estimate + difference);
        let partial = saturated(self.estimate_zeros + difference);
        self.adapt_poles(partial);
        self.adapt_zeros(difference);
        self.differences.copy_within(..5, 1);
        self.differences[0] = difference;
        self.samples = [sample, self.samples[0]];
        self.partial = [partial, self.partial[0]];
        let weigh = |(&weight, &sample): (&i32, &i32)| (weight * saturated(sample << 1)) >> 15;
        let poles: i32 = self.poles.iter().zip(&self.samples).map(weigh).sum();
        let zeros: i32 = self.zeros.iter().zip(&self.differences).map(weigh).sum();
        self.estimate_zeros = saturated(zeros);
        self.estimate = saturated(saturated(poles) + self.estimate_zeros);
    }

    /// [UPPOL2, UPPOL1]
    fn adapt_poles(&mut self, partial: i32) {
        let agrees = |earlier: i32| (partial < 0) == (earlier < 0);
        let first = saturated(self.poles[0] << 2);
        let moved = if agrees(self.partial[0]) { -first } else { first };
        let mut second = moved.min(i32::from(i16::MAX)) >> 7;
        second += if agrees(self.partial[1]) { 128 } else { -128 };
        second = (second + ((self.poles[1] * 32_512) >> 15)).clamp(-12_288, 12_288);
        let step = if agrees(self.partial[0]) { 192 } else { -192 };
        let limit = saturated(15_360 - second);
        let first = saturated(step + ((self.poles[0] * 32_640) >> 15)).clamp(-limit, limit);
        self.poles = [first, second];
    }

    /// [UPZERO]
    fn adapt_zeros(&mut self, difference: i32) {
        let step = if difference == 0 { 0 } else { 128 };
        for (zero, &earlier) in self.zeros.iter_mut().zip(&self.differences) {
            let step = if (earlier < 0) == (difference < 0) { step } else { -step };
            *zero = saturated(step + ((*zero * 32_640) >> 15));
        }
    }
}

fn saturated(value: i32) -> i32 {
    value.clamp(i32::from(i16::MIN), i32::from(i16::MAX))
}

/// [LIMIT]
fn limited(value: i32) -> i32 {
    value.clamp(-16_384, 16_383)
}

/// The steps at the beginning (ITU-T G.722 §3.6: reset).
const LOW_SCALE: i32 = 32;
const HIGH_SCALE: i32 = 8;

/// ITU-T G.722, table 11, every second coefficient.
const QMF: [i32; 12] = [3, -11, 12, 32, -210, 951, 3_876, -805, 362, -156, 53, -11];

/// ITU-T G.722, table 14 [Q6]: below which size each code lies.
const LOW_LEVELS: [i32; 29] = [
    35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1_023,
    1_121, 1_219, 1_339, 1_458, 1_612, 1_765, 1_980, 2_195, 2_557, 2_919,
];

/// [ILN]
const LOW_CODES_NEGATIVE: [usize; 30] = [
    63, 62, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10,
    9, 8, 7, 6, 5, 4,
];

/// [QQ6]: the sizes of the lower half's codes, all six bits.
const LOW_VALUES_FINE: [i32; 64] = [
    -136, -136, -136, -136, -24_808, -21_904, -19_008, -16_704, -14_984, -13_512, -12_280, -11_192,
    -10_232, -9_360, -8_576, -7_856, -7_192, -6_576, -6_000, -5_456, -4_944, -4_464, -4_008,
    -3_576, -3_168, -2_776, -2_400, -2_032, -1_688, -1_360, -1_040, -728, 24_808, 21_904, 19_008,
    16_704, 14_984, 13_512, 12_280, 11_192, 10_232, 9_360, 8_576, 7_856, 7_192, 6_576, 6_000,
    5_456, 4_944, 4_464, 4_008, 3_576, 3_168, 2_776, 2_400, 2_032, 1_688, 1_360, 1_040, 728, 432,
    136, -432, -136,
];

/// [QQ4]: the same by the four upper bits, which the prediction goes by.
const LOW_VALUES: [i32; 16] = [
    0, -20_456, -12_896, -8_968, -6_288, -4_240, -2_584, -1_200, 20_456, 12_896, 8_968, 6_288,
    4_240, 2_584, 1_200, 0,
];

/// [WL by RL42]: how each of them moves the step.
const LOW_STEPS: [i32; 16] =
    [-60, 3_042, 1_198, 538, 334, 172, 58, -30, 3_042, 1_198, 538, 334, 172, 58, -30, -60];

/// [Q2, QQ2, WH by RH2]
const HIGH_LEVEL: i32 = 564;
const HIGH_VALUES: [i32; 4] = [-7_408, -1_616, 7_408, 1_616];
const HIGH_STEPS: [i32; 4] = [798, -214, 798, -214];

const LOW_LOG_MAX: i32 = 18_432;
const HIGH_LOG_MAX: i32 = 22_528;

/// [ILB]: 2,048 times 2 to the power of n/32.
const POWERS: [i32; 32] = [
    2_048, 2_093, 2_139, 2_186, 2_233, 2_282, 2_332, 2_383, 2_435, 2_489, 2_543, 2_599, 2_656,
    2_714, 2_774, 2_834, 2_896, 2_960, 3_025, 3_091, 3_158, 3_228, 3_298, 3_371, 3_444, 3_520,
    3_597, 3_676, 3_756, 3_838, 3_922, 4_008,
];

/// How far the sound lags behind after encoding and decoding, in samples: the filters that split
/// and join the bands have 24 taps each.
pub const DELAY_SAMPLES: usize = 22;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::Dbfs;

    fn sine(hz: f64, peak: f64, count: usize) -> Vec<i16> {
        (0..count)
            .map(|n| (peak * (n as f64 / 16_000.0 * hz * std::f64::consts::TAU).sin()) as i16)
            .collect()
    }

    fn there_and_back(samples: &[i16]) -> Vec<i16> {
        let (mut bytes, mut out) = (Vec::new(), Vec::new());
        let (mut encoder, mut decoder) = (G722Encoder::new(), G722Decoder::new());
        for frame in samples.chunks(320) {
            bytes.clear();
            encoder.encode(frame, &mut bytes).unwrap();
            assert_eq!(bytes.len(), frame.len() / 2);
            decoder.decode(&bytes, &mut out);
        }
        out
    }

    fn snr(signal: &[i16], heard: &[i16]) -> f64 {
        let power: f64 = signal.iter().map(|&a| f64::from(a).powi(2)).sum();
        let error: f64 =
            signal.iter().zip(heard).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum();
        10.0 * (power / error.max(1.0)).log10()
    }

    #[test]
    fn the_pass_band_is_flat_to_seven_kilohertz() {
        for hz in
            [60.0, 300.0, 1_000.0, 2_000.0, 3_400.0, 3_900.0, 4_100.0, 5_000.0, 6_500.0, 7_000.0]
        {
            let sent = sine(hz, 8_000.0, 16_000);
            let heard = there_and_back(&sent);
            let gain = Dbfs::of(&heard[1_600..]).0 - Dbfs::of(&sent).0;
            // ITU-T G.722 §2.4 lets the edges fall by 1 dB and more.
            assert!(gain.abs() < 1.5, "{hz} Hz: {gain} dB");
        }
    }

    #[test]
    fn tones_come_back_clean() {
        for (hz, least) in [(300.0, 30.0), (1_000.0, 30.0), (3_000.0, 25.0), (5_000.0, 9.0)] {
            let sent = sine(hz, 8_000.0, 16_000);
            let heard = there_and_back(&sent);
            let quality = (0..40).map(|lag| snr(&sent[1_600..15_000], &heard[1_600 + lag..]));
            let (lag, best) = quality.enumerate().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
            assert!(least < best, "{hz} Hz: {best} dB at lag {lag}");
        }
        let noise: Vec<i16> =
            crate::comfort::ComfortNoise::white(Dbfs(-20.0), 4).take(16_000).collect();
        let heard = there_and_back(&noise);
        let lags = (0..40).map(|lag| snr(&noise[1_600..15_000], &heard[1_600 + lag..]));
        let (lag, best) = lags.enumerate().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
        assert_eq!(lag, DELAY_SAMPLES);
        assert!(10.0 < best, "{best}");
    }

    /// What anybody can compute again: a sweeping triangle and a little noise.
    fn reference_signal() -> Vec<i16> {
        let mut state = 1u32;
        (0..16_000i32)
            .map(|k| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let noise = ((state >> 16) & 0x7FF) as i32 - 1_024;
                let triangle = ((k * k / 400 + k * 3) % 400 - 200).abs() * 60 - 6_000;
                (triangle + noise) as i16
            })
            .collect()
    }

    /// FNV-1a.
    fn hash(bytes: impl IntoIterator<Item = u8>) -> u64 {
        bytes.into_iter().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        })
    }

    #[test]
    fn the_bytes_are_those_of_another_implementation() {
        // libg722 (public domain) on the same signal.
        let mut bytes = Vec::new();
        G722Encoder::new().encode(&reference_signal(), &mut bytes).unwrap();
        assert_eq!(bytes[..8], [0x98, 0x24, 0x84, 0x20, 0x84, 0x20, 0xA0, 0x26]);
        assert_eq!(hash(bytes.iter().copied()), 0x438D_E8CD_FEC1_70D1);
        let mut samples = Vec::new();
        G722Decoder::new().decode(&bytes, &mut samples);
        assert_eq!(samples[8_000..8_004], [-1_946, 677, 3_024, 5_865]);
        let all = samples.iter().flat_map(|sample| sample.to_le_bytes());
        assert_eq!(hash(all), 0x7117_4DF3_C868_646F);
    }

    #[test]
    fn half_a_byte_is_an_error() {
        let mut out = vec![1];
        let error = G722Encoder::new().encode(&[0; 319], &mut out).unwrap_err();
        assert_eq!(error, CodecError::HalfByte { samples: 319 });
        assert_eq!(out, [1]);
    }
}

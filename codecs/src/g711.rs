//! G.711: one byte per sample at 8 kHz, µ-law (PCMU) and A-law (PCMA).
//!
//! Samples are `i16`: µ-law's 14-bit scale shifted left by two, A-law's 13-bit scale by three,
//! as in ITU-T G.191's reference code. Negative samples are folded by one's complement, so a
//! sample that sits exactly on a decision value goes away from zero if positive and towards zero
//! if negative.
//!
//! Decoding is a table of 256 entries; encoding looks up the folded magnitude in a table of 8 KiB
//! (µ-law) or 2 KiB (A-law), which is about eight times faster than bit arithmetic
//! (crates.md §3.3) and stays in the first-level cache.

/// The µ-law code of zero: what to pad a short PCMU payload with.
pub const ULAW_SILENCE: u8 = 0xFF;

/// The A-law code closest to zero: what to pad a short PCMA payload with.
pub const ALAW_SILENCE: u8 = 0xD5;

/// The sample of one µ-law code. 0x7F, negative zero, is 0 like 0xFF.
pub const fn ulaw_decode(code: u8) -> i16 {
    ULAW_SAMPLES[code as usize]
}

/// The µ-law code of one sample; louder than ±32,635 is clipped.
pub const fn ulaw_encode(sample: i16) -> u8 {
    let sign = sample >> 15;
    ULAW_CODES[((sample ^ sign) >> 2) as usize] ^ (sign as u8 & SIGN)
}

/// The sample of one A-law code. A-law has no zero: the quietest samples are ±8.
pub const fn alaw_decode(code: u8) -> i16 {
    ALAW_SAMPLES[code as usize]
}

/// The A-law code of one sample.
pub const fn alaw_encode(sample: i16) -> u8 {
    let sign = sample >> 15;
    ALAW_CODES[((sample ^ sign) >> 4) as usize] ^ (sign as u8 & SIGN)
}

/// Appends the samples of µ-law `codes` to `out`, one per code.
pub fn decode_ulaw(codes: &[u8], out: &mut Vec<i16>) {
    out.extend(codes.iter().map(|&code| ulaw_decode(code)));
}

/// Appends the µ-law codes of `samples` to `out`, one per sample.
pub fn encode_ulaw(samples: &[i16], out: &mut Vec<u8>) {
    out.extend(samples.iter().map(|&sample| ulaw_encode(sample)));
}

/// Appends the samples of A-law `codes` to `out`, one per code.
pub fn decode_alaw(codes: &[u8], out: &mut Vec<i16>) {
    out.extend(codes.iter().map(|&code| alaw_decode(code)));
}

/// Appends the A-law codes of `samples` to `out`, one per sample.
pub fn encode_alaw(samples: &[i16], out: &mut Vec<u8>) {
    out.extend(samples.iter().map(|&sample| alaw_encode(sample)));
}

/// Bit 8 of a code is the polarity: set for positive samples in both laws.
const SIGN: u8 = 0x80;

/// Added to a µ-law magnitude so that every segment starts at a power of two (14-bit scale).
const ULAW_BIAS: u16 = 33;

/// ITU-T G.711 Table 2a: even bits of an A-law code are inverted on the line.
const ALAW_INVERSION: u8 = 0x55;

const ULAW_SAMPLES: [i16; 256] = ulaw_samples();
const ALAW_SAMPLES: [i16; 256] = alaw_samples();
static ULAW_CODES: [u8; 8_192] = ulaw_codes();
static ALAW_CODES: [u8; 2_048] = alaw_codes();

const fn ulaw_samples() -> [i16; 256] {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        let bits = !(code as u8);
        let segment = (bits >> 4) & 0x07;
        let step = (bits & 0x0F) as i16;
        let magnitude = (((step << 1) + ULAW_BIAS as i16) << segment) - ULAW_BIAS as i16;
        table[code] = if bits & SIGN == 0 { magnitude << 2 } else { -(magnitude << 2) };
        code += 1;
    }
    table
}

const fn alaw_samples() -> [i16; 256] {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        let bits = code as u8 ^ ALAW_INVERSION;
        let segment = (bits >> 4) & 0x07;
        let step = ((bits & 0x0F) as i16) << 1;
        // The first two segments share a step size, so only later ones have the implicit bit.
        let magnitude = match segment {
            0 => step + 1,
            _ => (step + 33) << (segment - 1),
        };
        table[code] = if bits & SIGN == 0 { -(magnitude << 3) } else { magnitude << 3 };
        code += 1;
    }
    table
}

/// Codes of positive samples by their 13-bit magnitude.
const fn ulaw_codes() -> [u8; 8_192] {
    let mut table = [0; 8_192];
    let mut magnitude = 0;
    while magnitude < 8_192u16 {
        let biased = if magnitude + ULAW_BIAS > 8_191 { 8_191 } else { magnitude + ULAW_BIAS };
        let segment = biased.ilog2() as u16 - 5;
        let step = (biased >> (segment + 1)) & 0x0F;
        table[magnitude as usize] = !((segment << 4 | step) as u8);
        magnitude += 1;
    }
    table
}

/// Codes of positive samples by their 11-bit magnitude.
const fn alaw_codes() -> [u8; 2_048] {
    let mut table = [0; 2_048];
    let mut magnitude = 0;
    while magnitude < 2_048u16 {
        let bits = if magnitude < 32 {
            magnitude
        } else {
            let segment = magnitude.ilog2() as u16 - 3;
            segment << 4 | (magnitude >> (segment - 1)) & 0x0F
        };
        table[magnitude as usize] = (bits as u8 | SIGN) ^ ALAW_INVERSION;
        magnitude += 1;
    }
    table
}

const _: () = assert!(ulaw_encode(0) == ULAW_SILENCE);
const _: () = assert!(alaw_encode(0) == ALAW_SILENCE);
const _: () = assert!(ulaw_decode(ULAW_SILENCE) == 0);

#[cfg(test)]
mod tests {
    use super::*;

    /// G.711 as its tables 1 and 2 print it: decision values and the output value between each
    /// two of them. Shares nothing with the bit arithmetic above.
    struct Law {
        decisions: Vec<f64>,
        outputs: Vec<f64>,
        /// How many `i16` steps one unit of the table is.
        unit: f64,
        code_of: fn(usize) -> u8,
    }

    impl Law {
        fn ulaw() -> Self {
            // Table 2a: intervals of 1 (once), 2 (15 times), then 16 each of 4, 8 … 256, to 8159.
            let mut decisions = vec![0.0, 1.0];
            for (step, count) in
                [(2, 15), (4, 16), (8, 16), (16, 16), (32, 16), (64, 16), (128, 16), (256, 16)]
            {
                for _ in 0..count {
                    decisions.push(decisions.last().unwrap() + f64::from(step));
                }
            }
            assert_eq!(*decisions.last().unwrap(), 8_159.0);
            let mut outputs: Vec<f64> =
                decisions.windows(2).map(|pair| (pair[0] + pair[1]) / 2.0).collect();
            outputs[0] = 0.0;
            Self { decisions, outputs, unit: 4.0, code_of: |n| 0xFF - n as u8 }
        }

        fn alaw() -> Self {
            // Table 1a: 32 intervals of 2, then 16 each of 4, 8 … 128, to 4096.
            let mut decisions = vec![0.0];
            for (step, count) in
                [(2, 32), (4, 16), (8, 16), (16, 16), (32, 16), (64, 16), (128, 16)]
            {
                for _ in 0..count {
                    decisions.push(decisions.last().unwrap() + f64::from(step));
                }
            }
            assert_eq!(*decisions.last().unwrap(), 4_096.0);
            let outputs = decisions.windows(2).map(|pair| (pair[0] + pair[1]) / 2.0).collect();
            Self { decisions, outputs, unit: 8.0, code_of: |n| (0x80 | n as u8) ^ 0x55 }
        }

        fn encode(&self, sample: i16) -> u8 {
            let magnitude = f64::from(sample).abs() / self.unit;
            let inner = &self.decisions[1..128];
            if sample >= 0 {
                (self.code_of)(inner.iter().filter(|&&x| x <= magnitude).count())
            } else {
                (self.code_of)(inner.iter().filter(|&&x| x < magnitude).count()) ^ 0x80
            }
        }

        fn check(&self, encode: fn(i16) -> u8, decode: fn(u8) -> i16) {
            assert_eq!(self.outputs.len(), 128);
            for (n, &output) in self.outputs.iter().enumerate() {
                let code = (self.code_of)(n);
                assert_eq!(f64::from(decode(code)), output * self.unit, "code {code:#04x}");
                assert_eq!(decode(code ^ 0x80), -decode(code), "code {:#04x}", code ^ 0x80);
            }
            for sample in i16::MIN..=i16::MAX {
                assert_eq!(encode(sample), self.encode(sample), "sample {sample}");
            }
        }
    }

    #[test]
    fn ulaw_is_the_table_of_the_standard() {
        Law::ulaw().check(ulaw_encode, ulaw_decode);
        // Spot values anyone can look up.
        assert_eq!(ulaw_decode(0x00), -32_124);
        assert_eq!(ulaw_decode(0x80), 32_124);
        assert_eq!(ulaw_decode(0x7F), 0);
    }

    #[test]
    fn alaw_is_the_table_of_the_standard() {
        Law::alaw().check(alaw_encode, alaw_decode);
        assert_eq!(alaw_decode(0x2A), -32_256);
        assert_eq!(alaw_decode(0xAA), 32_256);
        assert_eq!(alaw_decode(0x55), -8);
        assert_eq!(alaw_decode(ALAW_SILENCE), 8);
    }

    #[test]
    fn every_code_survives_the_round_trip() {
        for code in 0..=u8::MAX {
            let expected = if code == 0x7F { ULAW_SILENCE } else { code };
            assert_eq!(ulaw_encode(ulaw_decode(code)), expected);
            assert_eq!(alaw_encode(alaw_decode(code)), code);
        }
    }

    #[test]
    fn every_sample_comes_back_within_half_a_step_and_in_order() {
        let mut last = (i16::MIN, i16::MIN);
        for sample in i16::MIN..=i16::MAX {
            let (mu, a) = (ulaw_decode(ulaw_encode(sample)), alaw_decode(alaw_encode(sample)));
            let loudness = i32::from(sample).abs();
            // Steps double per segment: half a step is at most 1/32 of the biased magnitude.
            let clipped = loudness.min(32_636);
            let bound = (clipped + 132) / 32 + 1;
            assert!((i32::from(mu).abs() - clipped).abs() <= bound, "µ-law {sample} -> {mu}");
            assert!(
                (i32::from(a).abs() - loudness).abs() <= (loudness / 32).max(8),
                "A-law {sample} -> {a}"
            );
            assert!(last.0 <= mu, "µ-law falls at {sample}");
            assert!(last.1 <= a, "A-law falls at {sample}");
            last = (mu, a);
        }
    }

    #[test]
    fn slices_append_and_keep_what_was_there() {
        let samples: Vec<i16> = (i16::MIN..=i16::MAX).step_by(97).collect();
        let (mut bytes, mut back) = (vec![1], vec![7]);
        encode_ulaw(&samples, &mut bytes);
        decode_ulaw(&bytes[1..], &mut back);
        assert_eq!(back[0], 7);
        assert!(samples.iter().zip(&back[1..]).all(|(&s, &b)| b == ulaw_decode(ulaw_encode(s))));
        bytes.clear();
        back.clear();
        encode_alaw(&samples, &mut bytes);
        decode_alaw(&bytes, &mut back);
        assert!(samples.iter().zip(&back).all(|(&s, &b)| b == alaw_decode(alaw_encode(s))));
        assert_eq!(back.len(), samples.len());
    }
}

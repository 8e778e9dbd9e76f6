//! L16: linear 16-bit samples as bytes.
//!
//! RFC 3551 §4.5.11 wants network order; the carrier's live streams are little-endian
//! (telnyx.md §1.8), so the order is a choice and [`likely_order`] checks it on real audio.

use crate::CodecError;

/// Which byte of a sample comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ByteOrder {
    /// Low byte first: what the carrier sends.
    #[default]
    Little,
    /// High byte first: RFC 3551's network order.
    Big,
}

/// Appends the samples of `bytes` to `out`, one for each two bytes.
///
/// # Errors
/// [`CodecError::HalfSample`] if the number of bytes is odd; `out` is then as it was.
pub fn decode(bytes: &[u8], order: ByteOrder, out: &mut Vec<i16>) -> Result<(), CodecError> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(CodecError::HalfSample { bytes: bytes.len() });
    }
    match order {
        ByteOrder::Little => out.extend(pairs.iter().map(|&pair| i16::from_le_bytes(pair))),
        ByteOrder::Big => out.extend(pairs.iter().map(|&pair| i16::from_be_bytes(pair))),
    }
    Ok(())
}

/// Appends the bytes of `samples` to `out`, two for each sample.
pub fn encode(samples: &[i16], order: ByteOrder, out: &mut Vec<u8>) {
    match order {
        ByteOrder::Little => out.extend(samples.iter().flat_map(|sample| sample.to_le_bytes())),
        ByteOrder::Big => out.extend(samples.iter().flat_map(|sample| sample.to_be_bytes())),
    }
}

/// The byte order in which `bytes` sound like audio rather than like noise.
///
/// Reads `bytes` both ways and compares how much neighboring samples differ: audio is smooth,
/// swapped bytes are white noise. About 500 ms with speech in it is enough (telnyx.md §1.8).
/// `None` if there is too little audio, if it is too quiet to say, or if the answer is not
/// clear by a factor of two: then keep the order that was configured. An odd last byte is ignored.
pub fn likely_order(bytes: &[u8]) -> Option<ByteOrder> {
    let (pairs, _) = bytes.as_chunks::<2>();
    if pairs.len() < SAMPLES_MIN {
        return None;
    }
    let little = roughness(pairs, i16::from_le_bytes);
    let big = roughness(pairs, i16::from_be_bytes);
    if little.max(big) < ROUGHNESS_MIN {
        None
    } else if little <= big / 2 {
        Some(ByteOrder::Little)
    } else if big <= little / 2 {
        Some(ByteOrder::Big)
    } else {
        None
    }
}

/// Mean absolute difference between neighbors.
fn roughness(pairs: &[[u8; 2]], read: fn([u8; 2]) -> i16) -> u64 {
    let sum: u64 =
        pairs.windows(2).map(|pair| u64::from(read(pair[0]).abs_diff(read(pair[1])))).sum();
    sum / (pairs.len() as u64 - 1)
}

/// 20 ms at 8 kHz: less says nothing.
const SAMPLES_MIN: usize = 160;

/// Swapped, even a sample that only dithers between 0 and 1 jumps by 256. Below that in both
/// orders the payload is digital silence.
const ROUGHNESS_MIN: u64 = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_order_is_what_it_says() {
        let mut out = Vec::new();
        decode(&[0x01, 0x02, 0xFF, 0x7F], ByteOrder::Little, &mut out).unwrap();
        decode(&[0x01, 0x02, 0x80, 0x00], ByteOrder::Big, &mut out).unwrap();
        assert_eq!(out, [0x0201, i16::MAX, 0x0102, i16::MIN]);
    }

    #[test]
    fn an_odd_byte_is_an_error_and_leaves_nothing_behind() {
        let mut out = vec![5];
        let error = decode(&[1, 2, 3], ByteOrder::Little, &mut out).unwrap_err();
        assert_eq!(error, CodecError::HalfSample { bytes: 3 });
        assert!(error.to_string().starts_with("3 bytes of L16 end in half a sample"));
        assert_eq!(out, [5]);
    }

    #[test]
    fn the_likely_order_is_found_on_a_voice_and_not_on_silence() {
        let voice: Vec<i16> = (0..4_000)
            .map(|n| {
                let t = f64::from(n) / 8_000.0;
                let buzz: f64 =
                    (1..12).map(|h| (t * 814.0 * f64::from(h)).sin() / f64::from(h)).sum();
                (buzz * 3_000.0) as i16
            })
            .collect();
        for order in [ByteOrder::Little, ByteOrder::Big] {
            let mut bytes = Vec::new();
            encode(&voice, order, &mut bytes);
            assert_eq!(likely_order(&bytes), Some(order));
            assert_eq!(likely_order(&bytes[..100]), None);
        }
        assert_eq!(likely_order(&[0; 8_000]), None);
        // Noise sounds the same either way.
        let mut state = 1u32;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .take(8_000)
        .collect();
        assert_eq!(likely_order(&noise), None);
        assert_eq!(likely_order(&[]), None);
    }

    proptest! {
        #[test]
        fn samples_survive_the_round_trip(samples in proptest::collection::vec(any::<i16>(), 0..500)) {
            for order in [ByteOrder::Little, ByteOrder::Big] {
                let (mut bytes, mut back) = (Vec::new(), Vec::new());
                encode(&samples, order, &mut bytes);
                decode(&bytes, order, &mut back).unwrap();
                prop_assert_eq!(&back, &samples);
            }
        }
    }
}

//! Entry points for fuzzing: each takes any bytes and returns, or has found a bug.
//!
//! Property tests drive them on every run; a coverage-guided fuzzer can drive them as they are.

use types::{AudioFormat, Encoding, SampleRate};

use crate::conceal::Concealer;
use crate::dtmf::DtmfDetector;
use crate::g711;
use crate::g722::{G722Decoder, G722Encoder};
use crate::l16::{self, ByteOrder};
use crate::leg::Decoder;
use crate::opus::OpusDecoder;

/// Any bytes as one Opus packet, at every rate, with losses around it.
///
/// # Panics
/// If a packet is longer than Opus allows or an error leaves samples behind.
pub fn fuzz_opus(bytes: &[u8]) {
    for rate in SampleRate::ALL {
        let Ok(mut decoder) = OpusDecoder::new(rate) else { return };
        let mut out = Vec::new();
        decoder.conceal(&mut out);
        let recovered = decoder.recover(bytes, &mut out);
        assert!(recovered.is_err() || !bytes.is_empty());
        let before = out.len();
        match decoder.decode(bytes, &mut out) {
            Ok(samples) => {
                assert!(samples <= OPUS_MS_MAX * rate.hz() as usize / 1_000);
                assert!(out.len() == before + samples);
            }
            Err(_) => assert!(out.len() == before),
        }
        decoder.conceal(&mut out);
    }
}

/// Any bytes as G.711 of both laws.
///
/// # Panics
/// If a code does not survive decoding and encoding (but for µ-law's two zeros).
pub fn fuzz_g711(bytes: &[u8]) {
    let (mut samples, mut codes) = (Vec::new(), Vec::new());
    g711::decode_ulaw(bytes, &mut samples);
    g711::encode_ulaw(&samples, &mut codes);
    let same = |(&a, &b): (&u8, &u8)| a == b || (a == 0x7F && b == g711::ULAW_SILENCE);
    assert!(bytes.len() == codes.len() && bytes.iter().zip(&codes).all(same));
    samples.clear();
    codes.clear();
    g711::decode_alaw(bytes, &mut samples);
    g711::encode_alaw(&samples, &mut codes);
    assert!(bytes == codes);
}

/// Any bytes as L16 in both orders.
///
/// # Panics
/// If bytes do not survive decoding and encoding.
pub fn fuzz_l16(bytes: &[u8]) {
    for order in [ByteOrder::Little, ByteOrder::Big] {
        let (mut samples, mut back) = (Vec::new(), Vec::new());
        match l16::decode(bytes, order, &mut samples) {
            Ok(()) => {
                l16::encode(&samples, order, &mut back);
                assert!(back == bytes);
            }
            Err(_) => assert!(samples.is_empty() && !bytes.len().is_multiple_of(2)),
        }
    }
    let _ = l16::likely_order(bytes);
}

/// Any bytes as a leg: the first byte picks encoding and rate, then each payload follows its
/// length in one byte, where zero is a lost frame and one a lost frame with its successor at hand.
///
/// # Panics
/// If an error leaves samples behind or a lost frame does not become 20 ms.
pub fn fuzz_leg_decoder(bytes: &[u8]) {
    let Some((&choice, mut rest)) = bytes.split_first() else { return };
    let choice = usize::from(choice);
    let format = AudioFormat {
        encoding: ENCODINGS[choice % ENCODINGS.len()],
        rate: SampleRate::ALL[choice / ENCODINGS.len() % SampleRate::ALL.len()],
    };
    let Ok(mut decoder) = Decoder::new(format) else { return };
    let mut out = Vec::new();
    while let Some((&length, tail)) = rest.split_first() {
        let (payload, tail) = tail.split_at(tail.len().min(usize::from(length)));
        rest = tail;
        out.clear();
        if length == 0 {
            decoder.conceal(&mut out);
            assert!(out.len() == format.rate.samples_in(types::PTIME));
        } else if length == 1 {
            decoder.recover(rest, &mut out);
            assert!(out.len() == format.rate.samples_in(types::PTIME));
        } else if decoder.decode(payload, &mut out).is_err() {
            assert!(out.is_empty());
        }
    }
}

/// Any bytes as G.722.
///
/// # Panics
/// If a byte does not become two samples, or samples do not become bytes again.
pub fn fuzz_g722(bytes: &[u8]) {
    let (mut samples, mut again) = (Vec::new(), Vec::new());
    G722Decoder::new().decode(bytes, &mut samples);
    assert!(samples.len() == 2 * bytes.len());
    let encoded = G722Encoder::new().encode(&samples, &mut again);
    assert!(encoded.is_ok() && again.len() == bytes.len());
}

/// Any bytes as samples that arrive or are lost: the first byte picks the rate, then pieces of
/// samples follow their length in one byte, where zero is a lost frame.
///
/// # Panics
/// If a lost frame does not become 20 ms, or more than the beginning of what arrives is changed.
pub fn fuzz_concealer(bytes: &[u8]) {
    let Some((&choice, mut rest)) = bytes.split_first() else { return };
    let rate = SampleRate::ALL[usize::from(choice) % SampleRate::ALL.len()];
    let mut concealer = Concealer::new(rate);
    let mut out = Vec::new();
    while let Some((&length, tail)) = rest.split_first() {
        let (piece, tail) = tail.split_at(tail.len().min(2 * usize::from(length)));
        rest = tail;
        out.clear();
        if length == 0 {
            concealer.conceal(&mut out);
            assert!(out.len() == rate.samples_in(types::PTIME));
            continue;
        }
        out.extend(piece.as_chunks::<2>().0.iter().map(|&pair| i16::from_le_bytes(pair)));
        let came = out.clone();
        concealer.observe(&mut out);
        let blended = rate.samples_in(types::Millis::new(10)).min(out.len());
        assert!(out[blended..] == came[blended..]);
    }
}

/// Any bytes as samples of a line with keys in it.
///
/// # Panics
/// If keys come faster than tones can.
pub fn fuzz_dtmf(bytes: &[u8]) {
    let samples: Vec<i16> =
        bytes.as_chunks::<2>().0.iter().map(|&pair| i16::from_le_bytes(pair)).collect();
    let mut keys = 0;
    let mut detector = DtmfDetector::new();
    for piece in samples.chunks(usize::from(bytes.first().copied().unwrap_or(0)) + 1) {
        detector.push(piece, |_| keys += 1);
        if piece.len() % 5 == 4 {
            detector.skip(piece.len());
        }
    }
    assert!(keys <= samples.len() / 200);
}

const ENCODINGS: [Encoding; 5] = Encoding::ALL;

/// The longest packet there is (RFC 6716 §3.2.5).
const OPUS_MS_MAX: usize = 120;

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Bytes that get past the first look: a valid header byte, then anything.
    fn opus_like() -> impl Strategy<Value = Vec<u8>> {
        (any::<u8>(), 0u8..=48, vec(any::<u8>(), 0..300)).prop_map(|(toc, count, mut bytes)| {
            bytes.insert(0, toc);
            if toc & 3 == 3 {
                bytes.insert(1, count | (toc & 0x40) | ((toc & 0x20) << 2));
            }
            bytes
        })
    }

    proptest! {
        #[test]
        fn opus_takes_any_bytes(bytes in vec(any::<u8>(), 0..1_500)) {
            fuzz_opus(&bytes);
        }

        #[test]
        fn opus_takes_any_bytes_with_a_plausible_header(bytes in opus_like()) {
            fuzz_opus(&bytes);
        }

        #[test]
        fn g711_takes_any_bytes(bytes in vec(any::<u8>(), 0..1_000)) {
            fuzz_g711(&bytes);
        }

        #[test]
        fn l16_takes_any_bytes(bytes in vec(any::<u8>(), 0..1_000)) {
            fuzz_l16(&bytes);
        }

        #[test]
        fn g722_takes_any_bytes(bytes in vec(any::<u8>(), 0..1_000)) {
            fuzz_g722(&bytes);
        }

        #[test]
        fn a_concealer_takes_any_samples(bytes in vec(any::<u8>(), 0..2_000)) {
            fuzz_concealer(&bytes);
        }

        #[test]
        fn a_key_detector_takes_any_samples(bytes in vec(any::<u8>(), 0..3_000)) {
            fuzz_dtmf(&bytes);
        }

        #[test]
        fn a_leg_takes_any_bytes(bytes in vec(any::<u8>(), 0..2_000)) {
            fuzz_leg_decoder(&bytes);
        }

        /// The same stream of packets, some damaged, through one decoder: state may be spoiled, too.
        #[test]
        fn an_opus_leg_takes_damaged_packets(flips in vec((0usize..400, any::<u8>()), 0..12)) {
            let mut bytes = vec![4 + 5]; // Opus at 16 kHz
            let format = AudioFormat { encoding: Encoding::Opus, rate: SampleRate::Hz16000 };
            let mut encoder = crate::leg::Encoder::new(format).unwrap();
            for n in 1..=8 {
                let frame: Vec<i16> = (0..320).map(|k| (k * n * 31 % 4_000) as i16).collect();
                let mut packet = Vec::new();
                encoder.encode_frame(&frame, &mut packet).unwrap();
                packet.truncate(255);
                bytes.push(packet.len() as u8);
                bytes.extend(packet);
            }
            for (at, with) in flips {
                let at = 1 + at % (bytes.len() - 1);
                bytes[at] ^= with;
            }
            fuzz_leg_decoder(&bytes);
        }
    }
}

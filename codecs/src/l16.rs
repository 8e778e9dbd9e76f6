//! L16: linear 16-bit samples as bytes.
//!
//! RFC 3551 §4.5.11 wants network order; the carrier's live streams are little-endian
//! (telnyx.md §1.8), so the order is a choice and [`likely_order`] checks it on real audio.

use types::{Millis, SampleRate};

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

/// Which byte order a leg is taken to have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OrderChoice {
    /// Little-endian, until its own sound says otherwise.
    #[default]
    Auto,
    /// This one, whatever it sounds like.
    Fixed(ByteOrder),
}

/// Listens to the first half second of sound on a leg and says which byte order it has.
///
/// Reads all that sounds both ways and adds up how much neighbors differ: the wrong way round is
/// white noise. A first answer comes after 160 ms, so that the noise is short; after 500 ms it is
/// thought over once, and then it stands (telnyx.md §1.8). Digital silence does not count.
///
/// Cost: two passes over a payload until the answer stands, nothing afterwards.
#[derive(Clone, Copy, Debug)]
pub struct OrderCheck {
    choice: OrderChoice,
    order: ByteOrder,
    /// Sums of differences, read either way.
    little: u64,
    big: u64,
    /// How many differences have been added.
    heard: usize,
    stage: OrderStage,
    /// Samples after which there is a first, and a last, answer.
    first: usize,
    last: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OrderStage {
    Listening,
    Answered,
    Settled,
}

impl OrderCheck {
    /// A check of a leg at `rate` that has not been heard.
    pub fn new(choice: OrderChoice, rate: SampleRate) -> Self {
        let (order, stage) = match choice {
            OrderChoice::Auto => (ByteOrder::Little, OrderStage::Listening),
            OrderChoice::Fixed(order) => (order, OrderStage::Settled),
        };
        let (first, last) = (rate.samples_in(ORDER_FIRST), rate.samples_in(ORDER_LAST));
        Self { choice, order, little: 0, big: 0, heard: 0, stage, first, last }
    }

    /// Listens to a payload; says so if from it on the order is another one.
    pub fn push(&mut self, bytes: &[u8]) -> Option<ByteOrder> {
        if self.stage == OrderStage::Settled {
            return None;
        }
        let (pairs, _) = bytes.as_chunks::<2>();
        let differences = pairs.len().saturating_sub(1);
        let little = sum_of_differences(pairs, i16::from_le_bytes);
        let big = sum_of_differences(pairs, i16::from_be_bytes);
        if differences == 0 || little.max(big) < ROUGHNESS_MIN * differences as u64 {
            return None;
        }
        self.little += little;
        self.big += big;
        self.heard += differences;
        let is_due = match self.stage {
            OrderStage::Listening => self.first <= self.heard,
            OrderStage::Answered => self.last <= self.first + self.heard,
            OrderStage::Settled => false,
        };
        if !is_due {
            return None;
        }
        self.stage = match self.stage {
            OrderStage::Listening => OrderStage::Answered,
            OrderStage::Answered | OrderStage::Settled => OrderStage::Settled,
        };
        // Second thoughts are about what has come since.
        let (little, big) = (std::mem::take(&mut self.little), std::mem::take(&mut self.big));
        self.heard = 0;
        let heard = smoother(little, big).filter(|&order| order != self.order)?;
        self.order = heard;
        Some(heard)
    }

    /// The order as it is known.
    pub fn order(&self) -> ByteOrder {
        self.order
    }

    /// What was chosen.
    pub fn choice(&self) -> OrderChoice {
        self.choice
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
    let little = sum_of_differences(pairs, i16::from_le_bytes);
    let big = sum_of_differences(pairs, i16::from_be_bytes);
    if little.max(big) < ROUGHNESS_MIN * (pairs.len() as u64 - 1) {
        return None;
    }
    smoother(little, big)
}

/// The reading that is clearly the smoother one.
fn smoother(little: u64, big: u64) -> Option<ByteOrder> {
    if little <= big / 2 {
        Some(ByteOrder::Little)
    } else if big <= little / 2 {
        Some(ByteOrder::Big)
    } else {
        None
    }
}

/// How much neighbors differ, in all.
fn sum_of_differences(pairs: &[[u8; 2]], read: impl Fn([u8; 2]) -> i16) -> u64 {
    pairs.windows(2).map(|pair| u64::from(read(pair[0]).abs_diff(read(pair[1])))).sum()
}

/// How much sound there has to be for the first answer, and for the last.
const ORDER_FIRST: Millis = Millis::new(160);
const ORDER_LAST: Millis = Millis::new(500);

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

    #[test]
    fn a_leg_is_judged_by_its_first_half_second_and_thought_over_once() {
        let tone: Vec<i16> =
            (0..320).map(|n| (6_000.0 * (f64::from(n) * 0.2).sin()) as i16).collect();
        let payload = |order| {
            let mut bytes = Vec::new();
            encode(&tone, order, &mut bytes);
            bytes
        };
        let (little, big) = (payload(ByteOrder::Little), payload(ByteOrder::Big));
        let new = || OrderCheck::new(OrderChoice::Auto, SampleRate::Hz16000);
        // Payload by payload: which switch, and when.
        let told = |check: &mut OrderCheck, payloads: &[&[u8]]| -> Vec<(usize, ByteOrder)> {
            let mut told = Vec::new();
            for (n, bytes) in payloads.iter().enumerate() {
                told.extend(check.push(bytes).map(|order| (n, order)));
            }
            told
        };
        assert_eq!(told(&mut new(), &[&little[..]; 60]), []);
        assert_eq!(told(&mut new(), &[&big[..]; 60]), [(8, ByteOrder::Big)]);
        // Silence says nothing, however long.
        let mut check = new();
        assert_eq!(told(&mut check, &[&[0; 640][..]; 200]), []);
        assert_eq!(told(&mut check, &[&big[..]; 60]), [(8, ByteOrder::Big)]);
        assert_eq!(told(&mut check, &[&little[..]; 200]), [], "it stands");
        // A click that sounds the wrong way round is put right by what follows.
        let mut deceived: Vec<&[u8]> = vec![&big; 9];
        deceived.extend([&little[..]; 60]);
        let mut check = new();
        assert_eq!(told(&mut check, &deceived), [(8, ByteOrder::Big), (26, ByteOrder::Little)]);
        assert_eq!(check.order(), ByteOrder::Little);
        let mut fixed = OrderCheck::new(OrderChoice::Fixed(ByteOrder::Big), SampleRate::Hz16000);
        assert_eq!(told(&mut fixed, &[&little[..]; 60]), []);
        assert_eq!(
            (fixed.order(), fixed.choice()),
            (ByteOrder::Big, OrderChoice::Fixed(ByteOrder::Big))
        );
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

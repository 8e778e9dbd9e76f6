//! One leg's payloads to samples and back, whatever its format.

use types::{AudioFormat, Encoding, PTIME, SampleRate};

use crate::CodecError;
use crate::comfort::ComfortNoise;
use crate::conceal::{CONCEALED_MAX, Concealer};
use crate::fade::{fade_in, fade_out};
use crate::g711;
use crate::g722::{G722Decoder, G722Encoder};
use crate::l16::{self, ByteOrder};
use crate::opus::{OpusDecoder, OpusEncoder, has_copy};

/// Checks that `format` is one we speak.
///
/// # Errors
/// [`CodecError::Unsupported`]: G.711 is 8 kHz only, G.722 16 kHz only.
pub fn check_format(format: AudioFormat) -> Result<(), CodecError> {
    match (format.encoding, format.rate) {
        (Encoding::Pcmu | Encoding::Pcma, SampleRate::Hz8000) => Ok(()),
        (
            Encoding::Pcmu | Encoding::Pcma,
            SampleRate::Hz16000 | SampleRate::Hz24000 | SampleRate::Hz48000,
        ) => Err(CodecError::Unsupported {
            format,
            remedy: "G.711 is 8000 Hz only; for a wider band ask for L16 or OPUS at 16000 Hz",
        }),
        (Encoding::G722, SampleRate::Hz16000) => Ok(()),
        (Encoding::G722, SampleRate::Hz8000 | SampleRate::Hz24000 | SampleRate::Hz48000) => {
            Err(CodecError::Unsupported {
                format,
                remedy: "G.722 is 16000 Hz only, though it is announced as 8000",
            })
        }
        (
            Encoding::L16 | Encoding::Opus,
            SampleRate::Hz8000 | SampleRate::Hz16000 | SampleRate::Hz24000 | SampleRate::Hz48000,
        ) => Ok(()),
    }
}

/// Decodes the payloads of one leg, in order.
///
/// Output: mono `i16` at `format.rate`.
/// Cost:   G.711 and L16 about 1 µs per 20 ms, Opus 3 to 20 µs, G.722 7 µs; no allocation but
///         growth of the caller's buffer.
#[derive(Debug)]
pub struct Decoder {
    format: AudioFormat,
    codec: DecoderCodec,
}

#[derive(Debug)]
enum DecoderCodec {
    Pcmu(Concealer),
    Pcma(Concealer),
    G722(Box<G722Decoder>, Concealer),
    L16(ByteOrder, Concealer),
    Opus(OpusDecoder, Line),
}

/// What libopus does not know about a line: how it sounds when nobody speaks.
#[derive(Debug)]
struct Line {
    noise: ComfortNoise,
    /// How many frames in a row have been concealed.
    lost: u32,
    /// The noise that comes up while libopus's guess goes.
    rising: Vec<i16>,
}

impl Line {
    fn new(rate: SampleRate) -> Self {
        let rising = Vec::with_capacity(rate.samples_in(PTIME));
        Self { noise: ComfortNoise::new(NOISE_SEED), lost: 0, rising }
    }

    fn observe(&mut self, samples: &[i16]) {
        self.lost = 0;
        self.noise.observe(samples);
    }

    /// libopus's guess for 60 ms, the last 20 of them going over into the line's noise.
    fn conceal(&mut self, decoder: &mut OpusDecoder, rate: SampleRate, out: &mut Vec<i16>) {
        self.lost = self.lost.saturating_add(1);
        if GUESSES_MAX < self.lost {
            self.noise.fill(rate.samples_in(PTIME), out);
            return;
        }
        let start = out.len();
        decoder.conceal(out);
        if self.lost == GUESSES_MAX {
            let guess = &mut out[start..];
            self.rising.clear();
            self.noise.fill(guess.len(), &mut self.rising);
            fade_out(guess);
            fade_in(&mut self.rising);
            for (sample, &noise) in guess.iter_mut().zip(&self.rising) {
                *sample = sample.saturating_add(noise);
            }
        }
    }
}

impl Decoder {
    /// A decoder for payloads of `format`. L16 is little-endian, as the carrier sends it
    /// (telnyx.md §1.8).
    ///
    /// # Errors
    /// [`CodecError::Unsupported`] as [`check_format`]; [`CodecError::Opus`] if libopus has no memory left.
    pub fn new(format: AudioFormat) -> Result<Self, CodecError> {
        Self::with_byte_order(format, ByteOrder::Little)
    }

    /// As [`Self::new`], with L16 in `order`. The other formats have no byte order.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_byte_order(format: AudioFormat, order: ByteOrder) -> Result<Self, CodecError> {
        check_format(format)?;
        let concealer = || Concealer::new(format.rate);
        let codec = match format.encoding {
            Encoding::Pcmu => DecoderCodec::Pcmu(concealer()),
            Encoding::Pcma => DecoderCodec::Pcma(concealer()),
            Encoding::G722 => DecoderCodec::G722(Box::new(G722Decoder::new()), concealer()),
            Encoding::L16 => DecoderCodec::L16(order, concealer()),
            Encoding::Opus => {
                DecoderCodec::Opus(OpusDecoder::new(format.rate)?, Line::new(format.rate))
            }
        };
        Ok(Self { format, codec })
    }

    /// What the payloads are.
    pub fn format(&self) -> AudioFormat {
        self.format
    }

    /// Appends the samples of `payload` to `out`: any length for G.711 and L16, one packet for
    /// Opus.
    ///
    /// # Errors
    /// If `payload` is not of this format ([`CodecError::HalfSample`], [`CodecError::EmptyPacket`],
    /// [`CodecError::PacketTooLong`], [`CodecError::BadPacket`]); `out` is then as it was.
    pub fn decode(&mut self, payload: &[u8], out: &mut Vec<i16>) -> Result<(), CodecError> {
        let start = out.len();
        match &mut self.codec {
            DecoderCodec::Pcmu(concealer) => {
                g711::decode_ulaw(payload, out);
                concealer.observe(&mut out[start..]);
            }
            DecoderCodec::Pcma(concealer) => {
                g711::decode_alaw(payload, out);
                concealer.observe(&mut out[start..]);
            }
            DecoderCodec::G722(decoder, concealer) => {
                decoder.decode(payload, out);
                concealer.observe(&mut out[start..]);
            }
            DecoderCodec::L16(order, concealer) => {
                l16::decode(payload, *order, out)?;
                concealer.observe(&mut out[start..]);
            }
            DecoderCodec::Opus(decoder, line) => {
                decoder.decode(payload, out)?;
                line.observe(&out[start..]);
            }
        }
        Ok(())
    }

    /// Appends exactly 20 ms that stand in for a lost frame to `out`, quieter with each loss in a
    /// row, the line's noise after 60 ms: libopus's own guess for Opus, [`Concealer`]'s for the others.
    pub fn conceal(&mut self, out: &mut Vec<i16>) {
        match &mut self.codec {
            DecoderCodec::Pcmu(concealer)
            | DecoderCodec::Pcma(concealer)
            | DecoderCodec::G722(_, concealer)
            | DecoderCodec::L16(_, concealer) => concealer.conceal(out),
            DecoderCodec::Opus(decoder, line) => line.conceal(decoder, self.format.rate, out),
        }
    }

    /// As [`Self::conceal`], with the packet at hand that follows the lost one: where that carries
    /// a copy of the lost frame (Opus, RFC 6716 §2.1.7), the copy is decoded. Decode `next` itself
    /// afterwards.
    pub fn recover(&mut self, next: &[u8], out: &mut Vec<i16>) -> Recovery {
        if let DecoderCodec::Opus(decoder, line) = &mut self.codec
            && has_copy(next)
            && decoder.recover(next, out).is_ok()
        {
            line.lost = 0;
            return Recovery::Copied;
        }
        self.conceal(out);
        Recovery::Concealed
    }

    /// Takes over what `other`, of the same format, remembers of the stream, where that can be had
    /// without a cost: G.722. Opus keeps it in libopus; the others remember nothing.
    pub fn follow(&mut self, other: &Self) {
        match (&mut self.codec, &other.codec) {
            (DecoderCodec::G722(mine, _), DecoderCodec::G722(others, _)) => {
                mine.as_mut().clone_from(others);
            }
            (
                DecoderCodec::Pcmu(_)
                | DecoderCodec::Pcma(_)
                | DecoderCodec::G722(..)
                | DecoderCodec::L16(..)
                | DecoderCodec::Opus(..),
                _,
            ) => (),
        }
    }

    /// Forgets what was heard: what comes next follows nothing.
    ///
    /// # Errors
    /// [`CodecError::Opus`] if libopus refuses, which it has no reason to.
    pub fn reset(&mut self) -> Result<(), CodecError> {
        match &mut self.codec {
            DecoderCodec::Opus(decoder, _) => decoder.reset(),
            DecoderCodec::Pcmu(_)
            | DecoderCodec::Pcma(_)
            | DecoderCodec::G722(..)
            | DecoderCodec::L16(..) => {
                *self = Self::with_byte_order(self.format, self.byte_order())?;
                Ok(())
            }
        }
    }

    /// The byte order of L16; little-endian for the formats that have none.
    pub fn byte_order(&self) -> ByteOrder {
        match self.codec {
            DecoderCodec::L16(order, _) => order,
            DecoderCodec::Pcmu(_)
            | DecoderCodec::Pcma(_)
            | DecoderCodec::G722(..)
            | DecoderCodec::Opus(..) => ByteOrder::Little,
        }
    }
}

/// Where samples in place of a lost frame come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Recovery {
    /// From a copy that the next packet carried: real, if rough.
    Copied,
    /// Made up from what came before.
    Concealed,
}

/// Encodes the frames of one leg, in order: one payload per frame.
///
/// Input:  frames of exactly 20 ms of mono `i16` at `format.rate`.
/// Cost:   G.711 and L16 well below 1 µs per frame, Opus about 100 µs; no allocation but growth of
///         the caller's buffer.
#[derive(Debug)]
pub struct Encoder {
    format: AudioFormat,
    codec: EncoderCodec,
}

#[derive(Debug)]
enum EncoderCodec {
    Pcmu,
    Pcma,
    G722(Box<G722Encoder>),
    L16(ByteOrder),
    Opus(OpusEncoder),
}

impl Encoder {
    /// An encoder for payloads of `format`. L16 is little-endian, as the carrier takes it
    /// (telnyx.md §1.8).
    ///
    /// # Errors
    /// [`CodecError::Unsupported`] as [`check_format`]; [`CodecError::Opus`] if libopus has no memory left.
    pub fn new(format: AudioFormat) -> Result<Self, CodecError> {
        Self::with_byte_order(format, ByteOrder::Little)
    }

    /// As [`Self::new`], with L16 in `order`. The other formats have no byte order.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_byte_order(format: AudioFormat, order: ByteOrder) -> Result<Self, CodecError> {
        check_format(format)?;
        let codec = match format.encoding {
            Encoding::Pcmu => EncoderCodec::Pcmu,
            Encoding::Pcma => EncoderCodec::Pcma,
            Encoding::G722 => EncoderCodec::G722(Box::new(G722Encoder::new())),
            Encoding::L16 => EncoderCodec::L16(order),
            Encoding::Opus => EncoderCodec::Opus(OpusEncoder::new(format.rate)?),
        };
        Ok(Self { format, codec })
    }

    /// What the payloads are.
    pub fn format(&self) -> AudioFormat {
        self.format
    }

    /// Appends the payload of `frame` to `out`.
    ///
    /// # Errors
    /// [`CodecError::FrameLength`] if `frame` is not exactly 20 ms; [`CodecError::Opus`] if
    /// libopus refuses. `out` is then as it was.
    pub fn encode_frame(&mut self, frame: &[i16], out: &mut Vec<u8>) -> Result<(), CodecError> {
        let expected = self.samples_per_frame();
        if frame.len() != expected {
            return Err(CodecError::FrameLength { samples: frame.len(), expected });
        }
        match &mut self.codec {
            EncoderCodec::Pcmu => g711::encode_ulaw(frame, out),
            EncoderCodec::Pcma => g711::encode_alaw(frame, out),
            EncoderCodec::G722(encoder) => encoder.encode(frame, out)?,
            EncoderCodec::L16(order) => l16::encode(frame, *order, out),
            EncoderCodec::Opus(encoder) => {
                encoder.encode(frame, out)?;
            }
        }
        Ok(())
    }

    /// Appends the payload of 20 ms of silence to `out`. For Opus and G.722 this is a frame of the
    /// stream like any other.
    ///
    /// # Errors
    /// [`CodecError::Opus`] if libopus refuses; `out` is then as it was.
    pub fn silence_frame(&mut self, out: &mut Vec<u8>) -> Result<(), CodecError> {
        let samples = self.samples_per_frame();
        match &mut self.codec {
            EncoderCodec::Pcmu => out.resize(out.len() + samples, g711::ULAW_SILENCE),
            EncoderCodec::Pcma => out.resize(out.len() + samples, g711::ALAW_SILENCE),
            EncoderCodec::G722(encoder) => encoder.encode(&SILENCE[..samples], out)?,
            EncoderCodec::L16(_) => out.resize(out.len() + 2 * samples, 0),
            EncoderCodec::Opus(encoder) => {
                encoder.encode(&SILENCE[..samples], out)?;
            }
        }
        Ok(())
    }

    /// How many samples one frame holds.
    pub fn samples_per_frame(&self) -> usize {
        self.format.rate.samples_in(PTIME)
    }
}

/// How many frames in a row libopus makes up.
const GUESSES_MAX: u32 = CONCEALED_MAX.get() / PTIME.get();

const NOISE_SEED: u32 = 0x0905_5EED;

/// 20 ms at the highest rate.
static SILENCE: [i16; SampleRate::Hz48000.samples_in(PTIME)] =
    [0; SampleRate::Hz48000.samples_in(PTIME)];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::Dbfs;

    fn formats() -> impl Iterator<Item = AudioFormat> {
        Encoding::ALL
            .into_iter()
            .flat_map(|encoding| SampleRate::ALL.map(|rate| AudioFormat { encoding, rate }))
    }

    #[test]
    fn formats_of_one_rate_are_refused_at_others_and_the_error_says_what_to_ask_for() {
        let refused: Vec<AudioFormat> =
            formats().filter(|&format| Decoder::new(format).is_err()).collect();
        assert_eq!(refused.len(), 9);
        for format in refused {
            assert!(matches!(format.encoding, Encoding::Pcmu | Encoding::Pcma | Encoding::G722));
            assert!(Encoder::new(format).is_err());
        }
        let wide = AudioFormat { encoding: Encoding::Pcmu, rate: SampleRate::Hz16000 };
        assert_eq!(
            Decoder::new(wide).unwrap_err().to_string(),
            "PCMU 16000 Hz is not a format we speak: G.711 is 8000 Hz only; for a wider band ask \
             for L16 or OPUS at 16000 Hz"
        );
    }

    #[test]
    fn every_format_carries_a_tone_there_and_back() {
        for format in formats().filter(|&format| check_format(format).is_ok()) {
            let mut encoder = Encoder::new(format).unwrap();
            let mut decoder = Decoder::new(format).unwrap();
            assert_eq!((encoder.format(), decoder.format()), (format, format));
            let frame: Vec<i16> = (0..encoder.samples_per_frame())
                .map(|n| {
                    let t = n as f64 / f64::from(format.rate.hz());
                    (8_000.0 * (t * 400.0 * std::f64::consts::TAU).sin()) as i16
                })
                .collect();
            let (mut payload, mut out) = (Vec::new(), Vec::new());
            for _ in 0..10 {
                payload.clear();
                encoder.encode_frame(&frame, &mut payload).unwrap();
                decoder.decode(&payload, &mut out).unwrap();
            }
            assert_eq!(out.len(), 10 * frame.len(), "{format}");
            let (sent, heard) = (Dbfs::of(&frame), Dbfs::of(&out[out.len() / 2..]));
            assert!((sent.0 - heard.0).abs() < 1.5, "{format}: {sent} became {heard}");
            decoder.conceal(&mut out);
            assert_eq!(out.len(), 11 * frame.len(), "{format}");
        }
    }

    #[test]
    fn silence_is_20_ms_of_silence_in_every_format() {
        for format in formats().filter(|&format| check_format(format).is_ok()) {
            let mut encoder = Encoder::new(format).unwrap();
            let mut decoder = Decoder::new(format).unwrap();
            let (mut payload, mut out) = (Vec::new(), Vec::new());
            encoder.silence_frame(&mut payload).unwrap();
            decoder.decode(&payload, &mut out).unwrap();
            assert_eq!(out.len(), encoder.samples_per_frame());
            assert!(out.iter().all(|sample| sample.abs() <= 8), "{format}");
        }
    }

    #[test]
    fn l16_is_little_endian_unless_told_otherwise() {
        let format = AudioFormat { encoding: Encoding::L16, rate: SampleRate::Hz16000 };
        let frame = [0x0102; 320];
        let (mut little, mut big) = (Vec::new(), Vec::new());
        Encoder::new(format).unwrap().encode_frame(&frame, &mut little).unwrap();
        let mut encoder = Encoder::with_byte_order(format, ByteOrder::Big).unwrap();
        encoder.encode_frame(&frame, &mut big).unwrap();
        assert_eq!((little[..2].to_vec(), big[..2].to_vec()), (vec![2, 1], vec![1, 2]));
        let mut out = Vec::new();
        Decoder::with_byte_order(format, ByteOrder::Big).unwrap().decode(&big, &mut out).unwrap();
        assert_eq!(out, frame);
    }

    #[test]
    fn bad_payloads_and_frames_are_errors_that_leave_nothing_behind() {
        let mut out = vec![3];
        let l16 = AudioFormat { encoding: Encoding::L16, rate: SampleRate::Hz8000 };
        assert!(Decoder::new(l16).unwrap().decode(&[0; 319], &mut out).is_err());
        let opus = AudioFormat { encoding: Encoding::Opus, rate: SampleRate::Hz8000 };
        assert!(Decoder::new(opus).unwrap().decode(&[], &mut out).is_err());
        assert_eq!(out, [3]);
        for format in formats().filter(|&format| check_format(format).is_ok()) {
            let mut encoder = Encoder::new(format).unwrap();
            let expected = encoder.samples_per_frame();
            let mut payload = Vec::new();
            let error = encoder.encode_frame(&vec![0; expected - 1], &mut payload).unwrap_err();
            assert_eq!(error, CodecError::FrameLength { samples: expected - 1, expected });
            assert!(payload.is_empty());
        }
    }
}

//! Opus through libopus: one packet per message, mono, at the leg's own rate.
//!
//! Opus codes at any of our rates and libopus resamples inside, so a leg decodes straight to the
//! rate it is wanted at (RFC 6716 §2.1.1).

use ::opus::{Application, Bitrate, Channels, Signal};
use types::{PTIME, SampleRate};

use crate::CodecError;

/// The longest payload that is looked at. A real packet holds at most 48 frames of 1,275 bytes
/// (RFC 6716 §3.2) and a telephone's 20 ms hold about 60 bytes; the rest is padding or an attack.
pub const PACKET_BYTES_MAX: usize = 65_536;

/// Whether `packet` carries a copy of the frame before it ([`OpusDecoder::recover`]): looked up in the
/// header of its first frame (RFC 6716 §4.2.3 and §4.2.4). Packets of several frames are taken to have
/// none.
pub fn has_copy(packet: &[u8]) -> bool {
    let [header, first, ..] = packet else { return false };
    // Configurations from 16 on have no speech layer; 2 and 3 of each four are longer than 20 ms
    // below 12, where a frame has one flag for each 20 ms before that of the copy.
    let config = header >> 3;
    let frames_in_frame = match config {
        0..12 if config & 3 == 2 => 2,
        0..12 if config & 3 == 3 => 3,
        0..16 => 1,
        16.. => return false,
    };
    header & 3 == 0 && (first >> (7 - frames_in_frame)) & 1 == 1
}

/// Decodes the packets of one stream, in order.
///
/// Cost: 3 to 20 µs per 20 ms (benches/README.md); the decoder's state, about 18 KiB, is allocated
/// when it is made and never again.
#[derive(Debug)]
pub struct OpusDecoder {
    decoder: ::opus::Decoder,
    rate: SampleRate,
}

impl OpusDecoder {
    /// A decoder whose samples come out at `rate`, whatever rate the packets were made at.
    ///
    /// # Errors
    /// [`CodecError::Opus`] if libopus has no memory left.
    pub fn new(rate: SampleRate) -> Result<Self, CodecError> {
        let decoder = ::opus::Decoder::new(rate.hz(), Channels::Mono).map_err(refused)?;
        Ok(Self { decoder, rate })
    }

    /// Appends the samples of one packet to `out` and returns how many they are: 2.5 to 120 ms,
    /// as the packet says. Stereo packets are mixed down.
    ///
    /// # Errors
    /// If `packet` is empty, too long or not an Opus packet; `out` is then as it was.
    pub fn decode(&mut self, packet: &[u8], out: &mut Vec<i16>) -> Result<usize, CodecError> {
        check_size(packet)?;
        let samples = ::opus::packet::get_nb_samples(packet, self.rate.hz()).map_err(bad_packet)?;
        self.decode_into(packet, samples, Loss::None, out).map_err(bad_packet)
    }

    /// Appends 20 ms that stand in for one lost packet: libopus continues what it heard last
    /// and fades it over repeated losses. Returns how many samples were appended.
    pub fn conceal(&mut self, out: &mut Vec<i16>) -> usize {
        let samples = self.rate.samples_in(PTIME);
        self.decode_into(&[], samples, Loss::Concealed, out).unwrap_or_else(|_| {
            // Only a broken decoder refuses to conceal; the timeline must not shrink all the same.
            out.resize(out.len() + samples, 0);
            samples
        })
    }

    /// Appends the 20 ms before `next`, the packet that follows a lost one, from the copy that
    /// `next` carries if its sender repeats frames (RFC 6716 §2.1.7), else concealed. Decode
    /// `next` itself afterwards.
    ///
    /// # Errors
    /// As [`Self::decode`].
    pub fn recover(&mut self, next: &[u8], out: &mut Vec<i16>) -> Result<usize, CodecError> {
        check_size(next)?;
        let samples = self.rate.samples_in(PTIME);
        self.decode_into(next, samples, Loss::Recovered, out).map_err(bad_packet)
    }

    /// Forgets what was heard, for a new stream.
    ///
    /// # Errors
    /// [`CodecError::Opus`] if libopus refuses, which it has no reason to.
    pub fn reset(&mut self) -> Result<(), CodecError> {
        self.decoder.reset_state().map_err(refused)
    }

    fn decode_into(
        &mut self,
        packet: &[u8],
        samples: usize,
        loss: Loss,
        out: &mut Vec<i16>,
    ) -> Result<usize, ::opus::Error> {
        let start = out.len();
        out.resize(start + samples, 0);
        let recover = matches!(loss, Loss::Recovered);
        let decoded = self.decoder.decode(packet, &mut out[start..], recover);
        out.truncate(start + *decoded.as_ref().unwrap_or(&0));
        decoded
    }
}

/// Encodes the frames of one stream, in order, for voice over telephone.
///
/// 24 kbit/s, `VOIP`, voice signal, each packet with a rough copy of the frame before it; complexity
/// 5: 109 µs per 20 ms at 48 kHz; complexity 10 costs
/// half as much again, and without the voice signal libopus picks its music mode (crates.md §3.7).
#[derive(Debug)]
pub struct OpusEncoder {
    encoder: ::opus::Encoder,
    rate: SampleRate,
}

impl OpusEncoder {
    /// An encoder for frames at `rate`.
    ///
    /// # Errors
    /// [`CodecError::Opus`] if libopus has no memory left or refuses a setting.
    pub fn new(rate: SampleRate) -> Result<Self, CodecError> {
        let mut encoder =
            ::opus::Encoder::new(rate.hz(), Channels::Mono, Application::Voip).map_err(refused)?;
        encoder.set_bitrate(Bitrate::Bits(BITRATE)).map_err(refused)?;
        encoder.set_signal(Signal::Voice).map_err(refused)?;
        encoder.set_complexity(COMPLEXITY).map_err(refused)?;
        encoder.set_inband_fec(true).map_err(refused)?;
        encoder.set_packet_loss_perc(LOSS_PERCENT).map_err(refused)?;
        Ok(Self { encoder, rate })
    }

    /// Appends the one packet of `frame`, exactly 20 ms, to `out` and returns its size in bytes.
    ///
    /// # Errors
    /// [`CodecError::FrameLength`] if `frame` is not 20 ms; `out` is then as it was.
    pub fn encode(&mut self, frame: &[i16], out: &mut Vec<u8>) -> Result<usize, CodecError> {
        let expected = self.rate.samples_in(PTIME);
        if frame.len() != expected {
            return Err(CodecError::FrameLength { samples: frame.len(), expected });
        }
        let start = out.len();
        out.resize(start + ENCODED_BYTES_MAX, 0);
        let encoded = self.encoder.encode(frame, &mut out[start..]);
        out.truncate(start + *encoded.as_ref().unwrap_or(&0));
        encoded.map_err(refused)
    }

    /// How many samples the sound lags behind the packets: the encoder's look-ahead.
    pub fn delay_samples(&mut self) -> usize {
        self.encoder.get_lookahead().map_or(0, |samples| usize::try_from(samples).unwrap_or(0))
    }
}

/// What stands behind one call of libopus's decoder.
#[derive(Clone, Copy)]
enum Loss {
    /// A packet that arrived.
    None,
    /// A packet that did not.
    Concealed,
    /// A packet that did not, with its successor at hand.
    Recovered,
}

fn bad_packet(error: ::opus::Error) -> CodecError {
    CodecError::BadPacket { reason: error.description() }
}

fn refused(error: ::opus::Error) -> CodecError {
    CodecError::Opus { reason: error.description() }
}

fn check_size(packet: &[u8]) -> Result<(), CodecError> {
    match packet.len() {
        0 => Err(CodecError::EmptyPacket),
        bytes if bytes > PACKET_BYTES_MAX => {
            Err(CodecError::PacketTooLong { bytes, limit: PACKET_BYTES_MAX })
        }
        _ => Ok(()),
    }
}

/// crates.md §3.7: what wide-band voice needs.
const BITRATE: i32 = 24_000;

/// crates.md §3.7: the knee of cost against quality.
const COMPLEXITY: i32 = 5;

/// What is expected to be lost: enough that libopus spends bits on copies of what was voiced, and
/// not so much that they cost the frames themselves.
const LOSS_PERCENT: i32 = 10;

/// One frame's header and the largest frame there is (RFC 6716 §3.2.1).
const ENCODED_BYTES_MAX: usize = 1 + 1_275;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::Dbfs;

    /// A voice-like buzz: harmonics of 140 Hz, swelling four times a second.
    fn voice(rate: SampleRate, samples: usize) -> Vec<i16> {
        let hz = f64::from(rate.hz());
        (0..samples)
            .map(|n| {
                let t = n as f64 / hz * std::f64::consts::TAU;
                let buzz: f64 =
                    (1..20).map(|h| (t * 140.0 * f64::from(h)).sin() / f64::from(h)).sum();
                (buzz * 5_000.0 * (1.0 + 0.5 * (t * 4.0).sin())) as i16
            })
            .collect()
    }

    fn packets(rate: SampleRate, count: usize) -> (Vec<i16>, Vec<Vec<u8>>) {
        let frame = rate.samples_in(PTIME);
        let input = voice(rate, count * frame);
        let mut encoder = OpusEncoder::new(rate).unwrap();
        let packets = input
            .chunks(frame)
            .map(|frame| {
                let mut packet = vec![];
                let size = encoder.encode(frame, &mut packet).unwrap();
                assert_eq!(size, packet.len());
                packet
            })
            .collect();
        (input, packets)
    }

    /// How alike two signals are, at the best of the first `lags` lags: 1.0 is the same shape.
    fn likeness(a: &[i16], b: &[i16], lags: usize) -> f64 {
        let product = |a: &[i16], b: &[i16]| -> f64 {
            a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
        };
        (0..lags)
            .map(|lag| {
                let (a, b) = (&a[..a.len() - lag], &b[lag..]);
                product(a, b) / (product(a, a) * product(b, b)).sqrt()
            })
            .fold(0.0, f64::max)
    }

    #[test]
    fn a_voice_survives_at_every_rate() {
        for rate in SampleRate::ALL {
            let (input, packets) = packets(rate, 50);
            let bytes: usize = packets.iter().map(Vec::len).sum();
            // 24 kbit/s are 60 bytes a frame; narrow band needs less.
            assert!((20 * 50..=75 * 50).contains(&bytes), "{rate}: {bytes} bytes in 50 packets");
            let mut decoder = OpusDecoder::new(rate).unwrap();
            let mut output = Vec::new();
            for packet in &packets {
                assert_eq!(decoder.decode(packet, &mut output), Ok(rate.samples_in(PTIME)));
            }
            assert_eq!(output.len(), input.len());
            let lags = rate.samples_in(types::Millis::new(20));
            let alike = likeness(&input, &output, lags);
            assert!(0.8 < alike, "{rate}: {alike}");
        }
    }

    #[test]
    fn packets_decode_at_a_rate_of_the_listener() {
        let (_, packets) = packets(SampleRate::Hz48000, 10);
        let mut decoder = OpusDecoder::new(SampleRate::Hz16000).unwrap();
        let mut output = Vec::new();
        for packet in &packets {
            assert_eq!(decoder.decode(packet, &mut output), Ok(320));
        }
        assert!(Dbfs(-20.0) < Dbfs::of(&output[640..]));
    }

    #[test]
    fn a_lost_packet_is_bridged_and_repeated_losses_fade() {
        let rate = SampleRate::Hz16000;
        let (_, packets) = packets(rate, 20);
        let mut decoder = OpusDecoder::new(rate).unwrap();
        let mut output = Vec::new();
        assert_eq!(decoder.conceal(&mut output), 320);
        assert_eq!(Dbfs::of(&output), Dbfs::SILENCE);
        for packet in &packets {
            decoder.decode(packet, &mut output).unwrap();
        }
        output.clear();
        decoder.conceal(&mut output);
        assert_eq!(output.len(), 320);
        assert!(Dbfs(-30.0) < Dbfs::of(&output), "{}", Dbfs::of(&output));
        for _ in 0..50 {
            decoder.conceal(&mut output);
        }
        assert!(Dbfs::of(&output[output.len() - 320..]) < Dbfs(-60.0));
        decoder.reset().unwrap();
        assert_eq!(decoder.recover(&packets[0], &mut output), Ok(320));
    }

    #[test]
    fn a_lost_packet_is_decoded_from_the_copy_in_the_next() {
        let rate = SampleRate::Hz16000;
        let (_, packets) = packets(rate, 60);
        let copies = packets.iter().filter(|packet| has_copy(packet)).count();
        assert!(30 < copies, "{copies} of 60 packets carry copies");
        let whole = {
            let mut decoder = OpusDecoder::new(rate).unwrap();
            let mut out = Vec::new();
            packets.iter().for_each(|packet| {
                decoder.decode(packet, &mut out).unwrap();
            });
            out
        };
        // Every fourth packet is lost: what each way makes of it.
        let lost = |n: usize| n % 4 == 2 && packets.get(n + 1).is_some_and(|next| has_copy(next));
        let listen = |recovers: fn(&mut OpusDecoder, &[u8], &mut Vec<i16>)| {
            let mut decoder = OpusDecoder::new(rate).unwrap();
            let mut out = Vec::new();
            for (n, packet) in packets.iter().enumerate() {
                if lost(n) {
                    recovers(&mut decoder, &packets[n + 1], &mut out);
                } else {
                    decoder.decode(packet, &mut out).unwrap();
                }
            }
            let frames = (0..packets.len()).filter(|&n| 20 < n && lost(n));
            let alike = frames.map(|n| {
                let frame = n * 320..(n + 1) * 320;
                likeness(&whole[frame.clone()], &out[frame], 1)
            });
            let alike: Vec<f64> = alike.collect();
            alike.iter().sum::<f64>() / alike.len() as f64
        };
        let recovered = listen(|decoder, next, out| {
            decoder.recover(next, out).unwrap();
        });
        let concealed = listen(|decoder, _, out| {
            decoder.conceal(out);
        });
        assert!(0.9 < recovered, "{recovered} against {concealed}");
    }

    #[test]
    fn copies_are_looked_for_where_there_can_be_some() {
        assert!(!has_copy(&[]) && !has_copy(&[0x48]));
        // Speech of 20 ms: the second bit; of 60 ms: the fourth; music: none; two frames: not looked.
        assert!(has_copy(&[9 << 3, 0b0100_0000]) && !has_copy(&[9 << 3, 0b1011_1111]));
        assert!(has_copy(&[11 << 3, 0b0001_0000]) && !has_copy(&[11 << 3, 0b1110_1111]));
        assert!(!has_copy(&[31 << 3, 0xFF]) && !has_copy(&[(9 << 3) | 1, 0xFF]));
    }

    #[test]
    fn a_sender_that_pauses_in_silence_is_understood() {
        let rate = SampleRate::Hz16000;
        let mut encoder = OpusEncoder::new(rate).unwrap();
        encoder.encoder.set_dtx(true).unwrap();
        let mut decoder = OpusDecoder::new(rate).unwrap();
        let (mut out, mut shortest) = (Vec::new(), usize::MAX);
        for n in 0..150 {
            let frame = if n < 20 { voice(rate, 320) } else { vec![0; 320] };
            let mut packet = Vec::new();
            encoder.encode(&frame, &mut packet).unwrap();
            shortest = shortest.min(packet.len());
            assert_eq!(decoder.decode(&packet, &mut out), Ok(320), "{n}: {} bytes", packet.len());
        }
        assert!(shortest <= 2, "{shortest} bytes: nothing was left out");
        assert!(Dbfs::of(&out[out.len() - 3_200..]) < Dbfs(-60.0));
    }

    #[test]
    fn what_is_no_packet_is_an_error_and_leaves_nothing_behind() {
        let mut decoder = OpusDecoder::new(SampleRate::Hz8000).unwrap();
        let mut out = vec![1, 2];
        assert_eq!(decoder.decode(&[], &mut out), Err(CodecError::EmptyPacket));
        assert_eq!(decoder.recover(&[], &mut out), Err(CodecError::EmptyPacket));
        let long = vec![0; PACKET_BYTES_MAX + 1];
        assert!(matches!(decoder.decode(&long, &mut out), Err(CodecError::PacketTooLong { .. })));
        // Code 3 with no frame count, with zero frames, and with more than 120 ms.
        for packet in [&[0x03][..], &[0x03, 0x00], &[0x1B, 0x03, 0, 0, 0]] {
            let error = decoder.decode(packet, &mut out).unwrap_err();
            assert!(matches!(error, CodecError::BadPacket { .. }), "{packet:?}: {error}");
        }
        assert_eq!(out, [1, 2]);
    }

    #[test]
    fn only_a_whole_frame_is_encoded() {
        let mut encoder = OpusEncoder::new(SampleRate::Hz24000).unwrap();
        let mut out = vec![9];
        for samples in [0, 479, 481, 960] {
            let error = encoder.encode(&vec![0; samples], &mut out).unwrap_err();
            assert_eq!(error, CodecError::FrameLength { samples, expected: 480 });
        }
        assert_eq!(out, [9]);
        assert!(0 < encoder.delay_samples() && encoder.delay_samples() < 480);
    }
}

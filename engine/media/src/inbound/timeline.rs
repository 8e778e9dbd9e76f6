//! Payloads to a gapless run of samples, cut into frames.

use std::collections::VecDeque;

use codecs::CodecError;
use codecs::framing::Framer;
use codecs::l16::{self, ByteOrder};
use codecs::leg::Decoder;
use types::{AudioFormat, Encoding, Millis, PTIME};

use super::{BACKLOG_MAX, CONCEALED_MAX, FrameInfo, LateAudio, Origin};

#[derive(Debug)]
pub(super) struct Timeline {
    format: AudioFormat,
    decoders: Decoders,
    order: OrderVote,
    framer: Framer,
    /// Decoded samples on their way into the framer.
    fresh: Vec<i16>,
    /// Where the framer's samples come from, oldest first.
    origins: VecDeque<(Origin, usize)>,
    /// Index of the sample after the last one in the framer.
    end: u64,
    /// How long the last message was: what a missing one is taken to be.
    samples_per_message: usize,
    /// How much has been concealed in a row.
    concealed: usize,
    late: Late,
}

/// The decoder in use, and one for audio out of order where the codec has no memory.
#[derive(Debug)]
pub(super) struct Decoders {
    live: Decoder,
    late: Option<Decoder>,
}

#[derive(Debug, Default)]
struct Late {
    pieces: VecDeque<(LateAudio, usize)>,
    samples: VecDeque<i16>,
    decoded: Vec<i16>,
}

/// Counts which byte order L16 sounds like.
#[derive(Debug, Default)]
struct OrderVote {
    order: ByteOrder,
    messages: u32,
    swapped: u32,
}

pub(super) fn decoders(format: AudioFormat) -> Result<Decoders, CodecError> {
    with_byte_order(format, ByteOrder::Little)
}

fn with_byte_order(format: AudioFormat, order: ByteOrder) -> Result<Decoders, CodecError> {
    let late = match format.encoding {
        Encoding::Pcmu | Encoding::Pcma | Encoding::L16 => {
            Some(Decoder::with_byte_order(format, order)?)
        }
        Encoding::Opus => None,
    };
    Ok(Decoders { live: Decoder::with_byte_order(format, order)?, late })
}

impl Timeline {
    pub(super) fn new(format: AudioFormat) -> Result<Self, CodecError> {
        Ok(Self {
            format,
            decoders: decoders(format)?,
            order: OrderVote::default(),
            framer: Framer::new(format.rate, PTIME),
            fresh: Vec::with_capacity(format.rate.samples_in(PTIME)),
            origins: VecDeque::with_capacity(8),
            end: 0,
            samples_per_message: format.rate.samples_in(PTIME),
            concealed: 0,
            late: Late::default(),
        })
    }

    /// Goes on with other decoders, at a frame's edge.
    pub(super) fn restart(&mut self, format: AudioFormat, decoders: Decoders) {
        let padding = self.framer.pad_tail();
        self.note(Origin::Filled, padding);
        if format.rate != self.format.rate {
            // Frames of the old rate still in here would be cut wrongly.
            self.framer = Framer::new(format.rate, PTIME);
            self.origins.clear();
            self.late = Late::default();
            let frames = self.end / self.format.rate.samples_in(PTIME) as u64;
            self.end = frames * format.rate.samples_in(PTIME) as u64;
        }
        self.samples_per_message = format.rate.samples_in(PTIME);
        self.order = OrderVote::default();
        self.concealed = 0;
        self.format = format;
        self.decoders = decoders;
    }

    /// Appends a message's samples; an undecodable one's time is concealed.
    pub(super) fn play(&mut self, payload: &[u8]) -> Result<(), CodecError> {
        let payload = match self.format.encoding {
            // Messages hold whole samples: half of one at the end belongs to nothing.
            Encoding::L16 if 1 < payload.len() => {
                self.vote(payload)?;
                &payload[..payload.len() & !1]
            }
            Encoding::L16 | Encoding::Pcmu | Encoding::Pcma | Encoding::Opus => payload,
        };
        self.fresh.clear();
        let decoded = match self.decoders.live.decode(payload, &mut self.fresh) {
            Ok(()) if self.fresh.is_empty() => Err(CodecError::EmptyPacket),
            decoded => decoded,
        };
        if decoded.is_err() {
            self.fill();
            return decoded;
        }
        self.samples_per_message = self.fresh.len();
        self.concealed = 0;
        self.framer.push(&self.fresh);
        self.note(Origin::Received, self.fresh.len());
        Ok(())
    }

    /// Appends what stands in for one missing message.
    pub(super) fn fill(&mut self) {
        let wanted = self.samples_per_message;
        let concealable = self.format.rate.samples_in(CONCEALED_MAX).saturating_sub(self.concealed);
        let concealed = wanted.min(concealable);
        self.fresh.clear();
        while self.fresh.len() < concealed {
            self.decoders.live.conceal(&mut self.fresh);
        }
        self.fresh.truncate(concealed);
        self.fresh.resize(wanted, 0);
        self.concealed += concealed;
        self.framer.push(&self.fresh);
        self.note(Origin::Concealed, concealed);
        self.note(Origin::Filled, wanted - concealed);
    }

    pub(super) fn pop(&mut self, out: &mut Vec<i16>) -> Option<FrameInfo> {
        let at = self.end - self.framer.held() as u64;
        let frame = self.framer.pop()?;
        out.clear();
        out.extend_from_slice(frame);
        let mut left = frame.len();
        let mut least = Origin::Received;
        while 0 < left
            && let Some((origin, samples)) = self.origins.front_mut()
        {
            let taken = left.min(*samples);
            least = least.max(*origin);
            *samples -= taken;
            left -= taken;
            if *samples == 0 {
                self.origins.pop_front();
            }
        }
        Some(FrameInfo { at, origin: least })
    }

    /// Decodes a message that belongs at `at`, where `samples` samples were filled in.
    pub(super) fn push_late(&mut self, at: u64, samples: u64, payload: &[u8]) {
        let Some(decoder) = &mut self.decoders.late else { return };
        if LATE_MAX <= self.late.pieces.len() {
            return;
        }
        let whole = match self.format.encoding {
            Encoding::L16 => payload.len() & !1,
            Encoding::Pcmu | Encoding::Pcma | Encoding::Opus => payload.len(),
        };
        self.late.decoded.clear();
        if decoder.decode(&payload[..whole], &mut self.late.decoded).is_err() {
            return;
        }
        // More than was filled in would cover what came after.
        self.late.decoded.truncate(usize::try_from(samples).unwrap_or(usize::MAX));
        self.late.pieces.push_back((LateAudio { at }, self.late.decoded.len()));
        self.late.samples.extend(&self.late.decoded);
    }

    pub(super) fn pop_late(&mut self, out: &mut Vec<i16>) -> Option<LateAudio> {
        let (piece, samples) = self.late.pieces.pop_front()?;
        out.clear();
        out.extend(self.late.samples.drain(..samples));
        Some(piece)
    }

    pub(super) fn format(&self) -> AudioFormat {
        self.format
    }

    pub(super) fn byte_order(&self) -> ByteOrder {
        self.order.order
    }

    /// Index of the sample that comes next.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// How long `messages` missing messages are taken to be.
    pub(super) fn span_of(&self, messages: u64) -> Millis {
        // Saturates far beyond any gap that is filled.
        let samples = messages.min(1 << 32).saturating_mul(self.samples_per_message as u64);
        self.format.rate.span_of(samples.min(1 << 48))
    }

    /// Whether `bytes` more could be too many: no byte gives more than one sample, but for Opus,
    /// whose messages are short.
    pub(super) fn is_full(&self, bytes: usize) -> bool {
        self.format.rate.samples_in(BACKLOG_MAX) < self.framer.held() + bytes
    }

    fn note(&mut self, origin: Origin, samples: usize) {
        self.end += samples as u64;
        match self.origins.back_mut() {
            _ if samples == 0 => (),
            Some((last, run)) if *last == origin => *run += samples,
            Some(_) | None => self.origins.push_back((origin, samples)),
        }
    }

    /// Listens to the first messages of an L16 leg: if they clearly are noise this way round and
    /// speech the other way round, it is the other way round.
    fn vote(&mut self, payload: &[u8]) -> Result<(), CodecError> {
        if VOTES_MAX <= self.order.messages {
            return Ok(());
        }
        match l16::likely_order(payload) {
            Some(ByteOrder::Little) => self.order.messages += 1,
            Some(ByteOrder::Big) => {
                self.order.messages += 1;
                self.order.swapped += 1;
            }
            None => (),
        }
        let votes = self.order.messages;
        if votes == VOTES_MAX && votes * 3 / 4 < self.order.swapped {
            self.order.order = ByteOrder::Big;
            self.decoders = with_byte_order(self.format, ByteOrder::Big)?;
        }
        Ok(())
    }
}

/// How many late pieces wait for the recording.
const LATE_MAX: usize = 8;

/// How many messages with sound in them decide on the byte order: 160 ms. Fewer could be a key's
/// tone or a click; more would be heard as noise for longer.
const VOTES_MAX: u32 = 8;

//! Payloads to a gapless run of samples, cut into frames.

use std::collections::VecDeque;

use codecs::CodecError;
use codecs::framing::Framer;
use codecs::g711::{ULAW_SILENCE, ulaw_encode};
use codecs::l16::{ByteOrder, OrderCheck, OrderChoice};
use codecs::leg::{Decoder, Recovery};
use types::{AudioFormat, Encoding, Millis, PTIME};

use super::{BACKLOG_MAX, CONCEALED_MAX, FrameInfo, LateAudio, Origin};

#[derive(Debug)]
pub(super) struct Timeline {
    format: AudioFormat,
    decoders: Decoders,
    order: OrderCheck,
    order_switches: u64,
    framer: Framer,
    /// Decoded samples on their way into the framer.
    fresh: Vec<i16>,
    codes: Codes,
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

/// The framer's samples as µ-law bytes, on a µ-law leg: as they came, where they came.
#[derive(Debug)]
struct Codes {
    /// From this sample on they are kept; never, on other legs.
    from: Option<u64>,
    held: VecDeque<u8>,
    /// Those of the frame that was taken last.
    frame: Vec<u8>,
}

impl Codes {
    fn new(format: AudioFormat, from: u64) -> Self {
        let from = (format == AudioFormat::PCMU_8K).then_some(from);
        let capacity = if from.is_some() { format.rate.samples_in(PTIME) } else { 0 };
        let held = VecDeque::with_capacity(2 * capacity);
        Self { from, held, frame: Vec::with_capacity(capacity) }
    }

    fn push(&mut self, codes: impl Iterator<Item = u8>) {
        if self.from.is_some() {
            self.held.extend(codes);
        }
    }

    /// Takes out those of the frame at sample `at`.
    fn pop(&mut self, at: u64, samples: usize) {
        self.frame.clear();
        if self.from.is_some_and(|from| from <= at) {
            self.frame.extend(self.held.drain(..samples.min(self.held.len())));
        }
    }
}

/// The decoder in use, and one for audio out of order.
#[derive(Debug)]
pub(super) struct Decoders {
    live: Decoder,
    late: Decoder,
}

#[derive(Debug, Default)]
struct Late {
    pieces: VecDeque<(LateAudio, usize)>,
    samples: VecDeque<i16>,
    decoded: Vec<i16>,
    /// The last message, and the last one before a loss: what libopus is shown before a late one.
    last: Vec<u8>,
    before: Vec<u8>,
}

fn with_byte_order(format: AudioFormat, order: ByteOrder) -> Result<Decoders, CodecError> {
    let late = Decoder::with_byte_order(format, order)?;
    Ok(Decoders { live: Decoder::with_byte_order(format, order)?, late })
}

impl Timeline {
    pub(super) fn new(format: AudioFormat, order: OrderChoice) -> Result<Self, CodecError> {
        let order = OrderCheck::new(order, format.rate);
        Ok(Self {
            format,
            decoders: with_byte_order(format, order.order())?,
            order,
            order_switches: 0,
            framer: Framer::new(format.rate, PTIME),
            fresh: Vec::with_capacity(format.rate.samples_in(PTIME)),
            codes: Codes::new(format, 0),
            origins: VecDeque::with_capacity(8),
            end: 0,
            samples_per_message: format.rate.samples_in(PTIME),
            concealed: 0,
            late: Late {
                last: Vec::with_capacity(PRIMER_BYTES_MAX),
                before: Vec::with_capacity(PRIMER_BYTES_MAX),
                ..Late::default()
            },
        })
    }

    /// Decoders of another format, for [`Self::restart`].
    pub(super) fn decoders(&self, format: AudioFormat) -> Result<Decoders, CodecError> {
        let order = OrderCheck::new(self.order.choice(), format.rate).order();
        with_byte_order(format, order)
    }

    /// Goes on with other decoders, at a frame's edge.
    pub(super) fn restart(&mut self, format: AudioFormat, decoders: Decoders) {
        let padding = self.framer.pad_tail();
        self.codes.push(std::iter::repeat_n(ULAW_SILENCE, padding));
        self.note(Origin::Filled, padding);
        if format.rate != self.format.rate {
            // Frames of the old rate still in here would be cut wrongly.
            self.framer = Framer::new(format.rate, PTIME);
            self.origins.clear();
            self.late.pieces.clear();
            self.late.samples.clear();
            let frames = self.end / self.format.rate.samples_in(PTIME) as u64;
            self.end = frames * format.rate.samples_in(PTIME) as u64;
        }
        self.samples_per_message = format.rate.samples_in(PTIME);
        self.order = OrderCheck::new(self.order.choice(), format.rate);
        self.concealed = 0;
        self.late.last.clear();
        self.late.before.clear();
        if format != self.format {
            self.codes = Codes::new(format, self.end);
        }
        self.format = format;
        self.decoders = decoders;
    }

    /// Appends a message's samples; an undecodable one's time is concealed.
    pub(super) fn play(&mut self, payload: &[u8]) -> Result<(), CodecError> {
        let payload = match self.format.encoding {
            // Messages hold whole samples: half of one at the end belongs to nothing.
            Encoding::L16 if 1 < payload.len() => {
                self.check_order(payload)?;
                &payload[..payload.len() & !1]
            }
            Encoding::L16 | Encoding::Pcmu | Encoding::Pcma | Encoding::G722 | Encoding::Opus => {
                payload
            }
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
        if self.format.encoding == Encoding::Opus {
            self.late.last.clear();
            self.late.last.extend_from_slice(&payload[..payload.len().min(PRIMER_BYTES_MAX)]);
        }
        self.framer.push(&self.fresh);
        // One byte is one sample there.
        self.codes.push(payload.iter().copied());
        self.note(Origin::Received, self.fresh.len());
        Ok(())
    }

    /// Appends what stands in for one missing message, of which `follower` may hold a copy.
    pub(super) fn recover(&mut self, follower: &[u8]) -> Recovery {
        if self.samples_per_message != self.format.rate.samples_in(PTIME) {
            self.fill();
            return Recovery::Concealed;
        }
        self.begin_loss();
        self.fresh.clear();
        let recovery = self.decoders.live.recover(follower, &mut self.fresh);
        match recovery {
            Recovery::Copied => {
                self.concealed = 0;
                self.framer.push(&self.fresh);
                self.note(Origin::Received, self.fresh.len());
            }
            Recovery::Concealed => self.push_concealed(),
        }
        recovery
    }

    /// Appends what stands in for one missing message.
    pub(super) fn fill(&mut self) {
        self.begin_loss();
        self.fresh.clear();
        while self.fresh.len() < self.samples_per_message {
            self.decoders.live.conceal(&mut self.fresh);
        }
        self.fresh.truncate(self.samples_per_message);
        self.push_concealed();
    }

    fn begin_loss(&mut self) {
        if self.concealed == 0 {
            std::mem::swap(&mut self.late.last, &mut self.late.before);
            self.late.last.clear();
            self.decoders.late.follow(&self.decoders.live);
        }
    }

    /// What was made up goes out: marked as such for 60 ms, then as a filling.
    fn push_concealed(&mut self) {
        let wanted = self.fresh.len();
        let concealable = self.format.rate.samples_in(CONCEALED_MAX).saturating_sub(self.concealed);
        let concealed = wanted.min(concealable);
        self.concealed += wanted;
        self.framer.push(&self.fresh);
        self.codes.push(self.fresh.iter().map(|&sample| ulaw_encode(sample)));
        self.note(Origin::Concealed, concealed);
        self.note(Origin::Filled, wanted - concealed);
    }

    pub(super) fn pop(&mut self, out: &mut Vec<i16>) -> Option<FrameInfo> {
        let at = self.end - self.framer.held() as u64;
        let frame = self.framer.pop()?;
        out.clear();
        out.extend_from_slice(frame);
        self.codes.pop(at, frame.len());
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
        let decoder = &mut self.decoders.late;
        if LATE_MAX <= self.late.pieces.len() {
            return;
        }
        let whole = match self.format.encoding {
            Encoding::L16 => payload.len() & !1,
            Encoding::Pcmu | Encoding::Pcma | Encoding::G722 | Encoding::Opus => payload.len(),
        };
        if self.format.encoding == Encoding::Opus {
            // What cannot be primed is decoded without.
            let _ = decoder.reset();
            if !self.late.before.is_empty() {
                self.late.decoded.clear();
                let _ = decoder.decode(&self.late.before, &mut self.late.decoded);
            }
        }
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

    /// The frame that was taken last as µ-law bytes; empty on other legs.
    pub(super) fn frame_codes(&self) -> &[u8] {
        &self.codes.frame
    }

    pub(super) fn format(&self) -> AudioFormat {
        self.format
    }

    pub(super) fn byte_order(&self) -> ByteOrder {
        self.order.order()
    }

    pub(super) fn order_switches(&self) -> u64 {
        self.order_switches
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

    /// Listens to the first half second of an L16 leg: sound that is clearly noise this way round
    /// and clearly none the other way round is the other way round.
    fn check_order(&mut self, payload: &[u8]) -> Result<(), CodecError> {
        if let Some(order) = self.order.push(payload) {
            self.order_switches += 1;
            self.decoders = with_byte_order(self.format, order)?;
        }
        Ok(())
    }
}

/// How many late pieces wait for the recording.
const LATE_MAX: usize = 8;

/// The longest message kept to prime a decoder: an Opus frame.
const PRIMER_BYTES_MAX: usize = 1_276;

//! What arrives from the carrier, put in order and decoded.

use codecs::CodecError;
use codecs::l16::{ByteOrder, OrderChoice};
use codecs::leg::Recovery;
use thiserror::Error;
use types::{AudioFormat, CallTime, Millis};

use timeline::Timeline;
use window::Past::{Missed, Received};
use window::Window;

mod timeline;
mod window;

/// How long a message waits for the one before it (conversation.md §7.1).
pub const GAP_HELD: Millis = Millis::new(40);

/// How much lost audio is concealed before there is the line's noise (conversation.md §7.1).
pub use codecs::conceal::CONCEALED_MAX;

/// A gap longer than this is no loss but another count: it is not filled.
pub const GAP_MAX: Millis = Millis::from_secs(5);

/// How much decoded audio waits for [`Inbound::poll_frame`]. Whoever drains after each message
/// never has more than one message's; beyond this nobody drains and messages are refused.
pub const BACKLOG_MAX: Millis = Millis::from_secs(20);

/// One direction of one leg: messages in any order to frames of exactly 20 ms.
///
/// Input:  payloads of any length, with the carrier's chunk numbers.
/// Output: a gapless timeline of frames at the format's rate; each says whether it is real.
/// Cost:   in order: one decode and one copy. No allocation once warm.
///
/// What is in order passes at once. What comes early waits at most [`GAP_HELD`] for what is
/// missing; then the gap is filled so that sample indexes stay true.
#[derive(Debug)]
pub struct Inbound {
    timeline: Timeline,
    window: Window,
    /// The chunk that would be in order; none before the first.
    next: Option<u64>,
    backward: Backward,
    /// When sample 0 would have arrived, by the quickest message so far.
    origin: Option<CallTime>,
    counters: InboundCounters,
}

/// What is said about a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameInfo {
    /// Index of its first sample since the start of the leg. Frames follow each other without
    /// gap.
    pub at: u64,
    /// Where it comes from: the least real of its samples counts.
    pub origin: Origin,
}

/// Where samples come from, from the most to the least real.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// From the caller; also from the copy of a lost Opus packet that the next one carried.
    Received,
    /// Made up from what came before a loss: a detector holds its opinion.
    Concealed,
    /// The line's noise in place of a longer loss.
    Filled,
}

/// A message that came after its place had been filled: for the recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LateAudio {
    /// Index of its first sample on the timeline of [`FrameInfo::at`].
    pub at: u64,
}

/// What happened to the messages of a leg.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InboundCounters {
    /// Messages taken in, whatever became of them.
    pub received: u64,
    /// Messages that had to wait for an earlier one.
    pub reordered: u64,
    /// Messages that had been here before.
    pub duplicates: u64,
    /// Messages that came after their place had been filled.
    pub late: u64,
    /// Messages that had not come when their time was up.
    pub gaps_filled: u64,
    /// Of those, decoded from the copy that the next message carried.
    pub gaps_recovered: u64,
    /// Messages that could not be decoded and were concealed.
    pub undecodable: u64,
    /// Times the carrier began to count anew.
    pub resyncs: u64,
    /// Messages refused because nobody took the frames.
    pub refused: u64,
    /// Times L16 turned out to come the other way round.
    pub order_switches: u64,
}

/// Why a message gave no audio of its own.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum MediaFault {
    /// Not of the announced format. Its time is concealed.
    #[error("undecodable payload")]
    Undecodable {
        /// What the decoder says.
        #[from]
        source: CodecError,
    },
    /// Nobody takes the frames. The message is dropped.
    #[error("{limit} of audio wait to be taken")]
    Backlog {
        /// How much can wait.
        limit: Millis,
    },
}

impl Inbound {
    /// A leg that has received nothing. L16 is taken for little-endian until its own sound says
    /// otherwise (telnyx.md §1.8).
    ///
    /// # Errors
    /// If there is no decoder for `format`.
    pub fn new(format: AudioFormat) -> Result<Self, CodecError> {
        Self::with_byte_order(format, OrderChoice::Auto)
    }

    /// As [`Self::new`], with the byte order of L16 as chosen. The other formats have none.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_byte_order(format: AudioFormat, order: OrderChoice) -> Result<Self, CodecError> {
        Ok(Self {
            timeline: Timeline::new(format, order)?,
            window: Window::default(),
            next: None,
            backward: Backward::default(),
            origin: None,
            counters: InboundCounters::default(),
        })
    }

    /// Takes in the payload of one message.
    ///
    /// `chunk` is the carrier's count; without one the message is taken to be in order. Drain
    /// [`Self::poll_frame`] and [`Self::poll_late`] afterwards.
    ///
    /// # Errors
    /// [`MediaFault`]: for counting and logging, nothing needs to be done about it.
    pub fn handle_media(
        &mut self,
        now: CallTime,
        chunk: Option<u64>,
        payload: &[u8],
    ) -> Result<(), MediaFault> {
        self.handle_timeout(now);
        self.counters.received += 1;
        if self.timeline.is_full(payload.len()) {
            self.counters.refused += 1;
            return Err(MediaFault::Backlog { limit: BACKLOG_MAX });
        }
        // A count beyond this is no count.
        let Some(chunk) = chunk.filter(|&chunk| chunk <= CHUNK_MAX) else {
            let played = self.play(None, payload);
            self.observe_arrival(now);
            return played;
        };
        let next = *self.next.get_or_insert(chunk);
        if chunk < next {
            return self.handle_past(chunk, payload);
        }
        self.backward = Backward::default();
        if chunk == next {
            self.next = Some(next + 1);
            let played = self.play(Some(chunk), payload);
            self.observe_arrival(now);
            self.release_run();
            return played;
        }
        if GAP_MAX < self.timeline.span_of(chunk - next) {
            self.release_all();
            self.resync(chunk);
            return self.play(Some(chunk), payload);
        }
        self.hold(now, chunk, payload)
    }

    /// Gives up on what has been missing for [`GAP_HELD`].
    pub fn handle_timeout(&mut self, now: CallTime) {
        while self.window.deadline().is_some_and(|deadline| deadline <= now) {
            self.release_first();
        }
    }

    /// When [`Self::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Option<CallTime> {
        self.window.deadline()
    }

    /// Replaces the contents of `out` by the next frame, exactly 20 ms.
    pub fn poll_frame(&mut self, out: &mut Vec<i16>) -> Option<FrameInfo> {
        self.timeline.pop(out)
    }

    /// The frame that [`Self::poll_frame`] gave last, as µ-law bytes: what the carrier sent, where it
    /// sent something. `None` on legs of another format.
    pub fn frame_codes(&self) -> Option<&[u8]> {
        let codes = self.timeline.frame_codes();
        (!codes.is_empty()).then_some(codes)
    }

    /// Replaces the contents of `out` by audio that came too late for [`Self::poll_frame`].
    ///
    /// At most eight such pieces wait. A codec with a memory is shown the message before the loss
    /// first, so that it knows the voice.
    pub fn poll_late(&mut self, out: &mut Vec<i16>) -> Option<LateAudio> {
        self.timeline.pop_late(out)
    }

    /// A second `start` for the same leg: its audio comes as `format` and is counted anew
    /// (telnyx.md §1.10). The timeline goes on; a started frame is filled up with silence, and if
    /// the rate changed, indexes count in the new rate from here on.
    ///
    /// # Errors
    /// If there is no decoder for `format`; nothing has changed then.
    pub fn restart(&mut self, format: AudioFormat) -> Result<(), CodecError> {
        let decoders = self.timeline.decoders(format)?;
        self.release_all();
        self.window.forget();
        self.next = None;
        self.origin = None;
        self.backward = Backward::default();
        self.timeline.restart(format, decoders);
        Ok(())
    }

    /// When sample 0 of the timeline arrived, had every message come as quickly as the quickest:
    /// sample `n` was spoken `n` samples after that, less the delay of the line.
    ///
    /// It moves forward over a second `start`, whose outage the timeline does not contain, and when
    /// the carrier sends nothing for a while and does not count it. `None`
    /// until the first message in order after that.
    pub fn origin(&self) -> Option<CallTime> {
        self.origin
    }

    /// What has happened so far.
    pub fn counters(&self) -> InboundCounters {
        InboundCounters { order_switches: self.timeline.order_switches(), ..self.counters }
    }

    /// What is being decoded.
    pub fn format(&self) -> AudioFormat {
        self.timeline.format()
    }

    /// The byte order that L16 is being decoded in.
    pub fn byte_order(&self) -> ByteOrder {
        self.timeline.byte_order()
    }

    /// A message in order came at `now`: the end of the timeline had then been spoken.
    fn observe_arrival(&mut self, now: CallTime) {
        let spoken_us = self.timeline.end() * 1_000_000 / u64::from(self.format().rate.hz());
        let origin = CallTime::from_micros(now.as_micros().saturating_sub(spoken_us));
        let is_paused = |quickest: CallTime| LAG_MAX < origin.since(quickest);
        self.origin = match self.origin {
            Some(quickest) if !is_paused(quickest) => Some(quickest.min(origin)),
            Some(_) | None => Some(origin),
        };
    }

    /// Decodes a message in its place, or conceals it.
    fn play(&mut self, chunk: Option<u64>, payload: &[u8]) -> Result<(), MediaFault> {
        let at = self.timeline.end();
        let played = self.timeline.play(payload);
        if played.is_err() {
            self.counters.undecodable += 1;
        }
        if let Some(chunk) = chunk {
            self.window.remember(chunk, Received { at, samples: self.timeline.end() - at });
        }
        Ok(played?)
    }

    /// A message before the one that is in order.
    fn handle_past(&mut self, chunk: u64, payload: &[u8]) -> Result<(), MediaFault> {
        if self.backward.is_new_count(chunk) {
            self.release_all();
            self.window.forget();
            self.resync(chunk);
            return self.play(Some(chunk), payload);
        }
        match self.window.past(chunk) {
            Some(Received { .. }) => self.counters.duplicates += 1,
            Some(Missed { at, samples }) => {
                self.counters.late += 1;
                self.window.remember(chunk, Received { at, samples });
                self.timeline.push_late(at, samples, payload);
            }
            // Too long ago to know.
            None => self.counters.late += 1,
        }
        Ok(())
    }

    /// A message after the one that is in order: it waits, if there is room.
    fn hold(&mut self, now: CallTime, chunk: u64, payload: &[u8]) -> Result<(), MediaFault> {
        if self.window.holds(chunk) {
            self.counters.duplicates += 1;
            return Ok(());
        }
        self.counters.reordered += 1;
        while self.window.is_full() && self.next.is_some_and(|next| next < chunk) {
            self.release_first();
        }
        if self.next == Some(chunk) || window::HELD_BYTES_MAX < payload.len() {
            self.release_before(chunk, payload);
            self.next = Some(chunk + 1);
            let played = self.play(Some(chunk), payload);
            self.release_run();
            return played;
        }
        self.window.hold(chunk, now, payload);
        Ok(())
    }

    fn resync(&mut self, chunk: u64) {
        self.counters.resyncs += 1;
        self.origin = None;
        self.backward = Backward::default();
        self.next = Some(chunk + 1);
    }

    /// Fills the gap before the first message that waits, then plays what is in order.
    fn release_first(&mut self) {
        if let Some(first) = self.window.first() {
            self.fill_to(first, None);
            self.release_run();
        }
    }

    /// Plays and fills everything before `chunk`, which holds `payload`.
    fn release_before(&mut self, chunk: u64, payload: &[u8]) {
        while self.window.first().is_some_and(|first| first < chunk) {
            self.release_first();
        }
        self.fill_to(chunk, Some(payload));
    }

    fn release_all(&mut self) {
        while self.window.first().is_some() {
            self.release_first();
        }
    }

    /// Plays the messages that wait and are in order.
    fn release_run(&mut self) {
        while let Some(next) = self.next
            && let Some(payload) = self.window.take(next)
        {
            self.next = Some(next + 1);
            // Counted; there is no message being handled that the fault could belong to.
            let _ = self.play(Some(next), &payload);
            self.window.reuse(payload);
        }
    }

    /// Fills up to, and not including, `chunk`, which is at hand: given, or waiting.
    fn fill_to(&mut self, chunk: u64, at_hand: Option<&[u8]>) {
        while let Some(next) = self.next
            && next < chunk
        {
            let at = self.timeline.end();
            let follower = at_hand.or_else(|| self.window.payload(chunk));
            let recovery = match follower.filter(|_| next + 1 == chunk) {
                Some(follower) => self.timeline.recover(follower),
                None => {
                    self.timeline.fill();
                    Recovery::Concealed
                }
            };
            self.counters.gaps_filled += 1;
            self.counters.gaps_recovered += u64::from(recovery == Recovery::Copied);
            self.window.remember(next, Missed { at, samples: self.timeline.end() - at });
            self.next = Some(next + 1);
        }
    }
}

/// Messages this much slower than the quickest are not late: the carrier paused.
const LAG_MAX: Millis = Millis::new(400);

/// Tells a stream that counts anew without saying so from single late messages.
#[derive(Debug, Default)]
struct Backward {
    last: Option<u64>,
    run: u32,
}

impl Backward {
    fn is_new_count(&mut self, chunk: u64) -> bool {
        self.run = if chunk.checked_sub(1) == self.last { self.run + 1 } else { 1 };
        self.last = Some(chunk);
        BACKWARD_RUN_MAX <= self.run
    }
}

/// Half a second of messages in a row.
const BACKWARD_RUN_MAX: u32 = 25;

/// More than any call has, and adding one is safe.
const CHUNK_MAX: u64 = 1 << 62;

#[cfg(test)]
mod codes_tests;
#[cfg(test)]
mod tests;

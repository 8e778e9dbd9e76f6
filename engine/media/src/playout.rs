//! What is to be said, on its way to the caller's ear.
//!
//! ```text
//! queue --> [pieces] --poll_message--> carrier's queue --delay--> ear
//!              |                            |
//!            unsent        sent, may be cleared        heard: marks, else the model
//! ```
//!
//! Files: `queue` holds what is unsent and the account per segment, `carrier` models what the
//! carrier plays and when the caller hears it, `mark` the labels that prove it.

use std::collections::VecDeque;

use codecs::CodecError;
use codecs::conceal::Concealer;
use codecs::l16::ByteOrder;
use codecs::leg::Encoder;
use types::{Audio, AudioFormat, CallTime, Encoding, GenerationId, Millis, PTIME, SegmentId};

use carrier::Carrier;
use mark::{MarkKind, Marks, PendingMark};
use queue::Queue;

pub use carrier::HeardFrame;
pub use mark::{MarkEvent, MarkName, MarkNameError};
pub use queue::{Ledger, QueueError};
pub use replay::{REPEAT_MAX, RESTART_HELD};
pub use settings::{PlayoutSettings, Tap};
pub use values::{Cleared, Outgoing, PlayoutCounters, PlayoutEvent, PlayoutState, SegmentHeard};

mod carrier;
mod mark;
mod queue;
mod replay;
mod send;
mod settings;
mod values;

/// How much unsent audio is kept: the longest reply is far shorter. Beyond it, whoever makes the
/// audio has to wait ([`Playout::room`]).
pub const QUEUED_MAX: Millis = Millis::from_secs(60);

/// How long after its predicted time a mark is waited for (conversation.md §7.7).
pub const MARK_WAIT: Millis = Millis::new(1_000);

/// A mark that comes back this much before its time was flushed, not played
/// (conversation.md §7.6).
pub const MARK_EARLY: Millis = Millis::new(60);

/// How many events wait for [`Playout::poll_event`]; beyond it nobody drains and the oldest go.
const EVENTS_MAX: usize = 1_024;

/// The other direction of one leg: queued audio to messages that are due.
///
/// Input:  samples at the format's rate, or bytes in its own encoding, by generation and segment;
///         the marks that come back.
/// Output: payloads of exactly 20 ms, marks and `clear`, in the order they must be sent; events.
/// Cost:   per frame one copy and one encode; no allocation once warm. Bytes in the leg's own
///         encoding go out as they came: they are decoded once for the account of what was heard
///         and encoded again only where a fade or a gap touches them.
///
/// Frame k of a run is due at `origin + 20 ms · (k + 1) - lead`; a late tick sends all that is due, and
/// the schedule never moves. Generations play one after the other.
#[derive(Debug)]
pub struct Playout {
    settings: PlayoutSettings,
    encoder: Encoder,
    queue: Queue,
    carrier: Carrier,
    marks: Marks,
    phase: Phase,
    hold: Hold,
    /// When the last hold began.
    held_at: CallTime,
    /// The carrier is to be told to drop what it has.
    clear_due: bool,
    /// The latest time that came in.
    now: CallTime,
    frame: Frame,
    events: VecDeque<PlayoutEvent>,
    counters: PlayoutCounters,
}

/// Whether frames are being sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing goes out until there is enough of it.
    Waiting {
        /// The generation whose audio ran out, if that is why.
        underrun: Option<GenerationId>,
    },
    /// On schedule.
    Running(Run),
}

/// One unbroken schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    /// When it was begun.
    started: CallTime,
    /// When the carrier plays its first frame, but for the delay.
    origin: CallTime,
    /// How many frames have been sent.
    frames: u64,
    /// The frame now due is late because there was no audio or no room, not because of a tick.
    blocked: bool,
}

impl Run {
    /// When the next frame is due: when the carrier, with it, has exactly the lead.
    fn due(&self, lead: Millis) -> CallTime {
        let after = (self.frames + 1) * PTIME.as_micros();
        let played = CallTime::from_micros(self.origin.as_micros() + after);
        played.saturating_sub(lead).max(self.started)
    }
}

/// Whether sending is interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hold {
    No,
    /// One more frame, fading out, when it is due.
    Fading,
    Held,
}

/// The frame being made.
#[derive(Debug)]
struct Frame {
    samples: Vec<i16>,
    /// The same as the leg's codec has it, as far as it came that way; empty if a part did not.
    coded: Vec<u8>,
    /// What went before, and the noise behind it, for comfort.
    comfort: Concealer,
    fill: Vec<i16>,
    /// The next frame of audio begins softly.
    fade_in: bool,
    /// When a late tick was last counted.
    late: Option<CallTime>,
}

impl Playout {
    /// A leg that has nothing to say.
    ///
    /// # Errors
    /// If there is no encoder for `format`.
    pub fn new(format: AudioFormat, settings: PlayoutSettings) -> Result<Self, CodecError> {
        let samples = format.rate.samples_in(PTIME);
        Ok(Self {
            encoder: Encoder::new(format)?,
            queue: Queue::new(format),
            carrier: Carrier::new(format.rate, settings.tap),
            marks: Marks::default(),
            phase: Phase::Waiting { underrun: None },
            hold: Hold::No,
            held_at: CallTime::ZERO,
            clear_due: false,
            now: CallTime::ZERO,
            frame: Frame {
                samples: Vec::with_capacity(samples),
                coded: Vec::with_capacity(samples),
                comfort: Concealer::new(format.rate),
                fill: Vec::with_capacity(samples),
                fade_in: true,
                late: None,
            },
            events: VecDeque::with_capacity(16),
            counters: PlayoutCounters::default(),
            settings,
        })
    }

    /// Queues audio of a segment after what is queued.
    ///
    /// The first audio of another segment ends the one before it, that of another generation the
    /// generation before it.
    ///
    /// # Errors
    /// [`QueueError`]; nothing of `audio` has been taken then.
    pub fn queue(
        &mut self,
        generation: GenerationId,
        segment: SegmentId,
        audio: Audio,
    ) -> Result<(), QueueError> {
        self.queue.push(generation, segment, audio)?;
        self.label();
        Ok(())
    }

    /// No more audio of this segment will come. Does nothing if it is not known.
    pub fn end_segment(&mut self, generation: GenerationId, segment: SegmentId) {
        self.queue.end_segment(generation, segment);
        self.label();
    }

    /// The words of a segment end there, counted from its first sample: a voice that knows says where
    /// it can go on after a hold.
    pub fn note_words(
        &mut self,
        generation: GenerationId,
        segment: SegmentId,
        ends: impl Iterator<Item = Millis>,
    ) {
        self.queue.note_words((generation, segment), ends);
    }

    /// No more audio of this generation will come: its tail is filled up with silence and goes
    /// out. One that never had audio is finished at once. Does nothing if it is over already.
    pub fn end(&mut self, generation: GenerationId) {
        self.queue.end(generation);
        self.label();
    }

    /// What to send next; call it until it gives `None`. For [`Outgoing::Media`] the contents of
    /// `payload` have been replaced by the codec's bytes.
    pub fn poll_message(&mut self, now: CallTime, payload: &mut Vec<u8>) -> Option<Outgoing> {
        self.handle_timeout(now);
        let now = self.now;
        if self.clear_due {
            self.clear_due = false;
            self.counters.clears += 1;
            return Some(Outgoing::Clear);
        }
        if let Some(name) = self.marks.send_next(self.carrier.end().max(now)) {
            return Some(Outgoing::Mark(name));
        }
        match self.hold {
            Hold::No => (),
            Hold::Fading => return self.send_fade(now, payload),
            Hold::Held => return None,
        }
        if let Phase::Waiting { underrun } = self.phase {
            if !self.queue.is_ready(self.threshold(underrun)) {
                return None;
            }
            let origin = self.carrier.end().max(now);
            self.frame.fade_in = true;
            self.phase = Phase::Running(Run { started: now, origin, frames: 0, blocked: false });
        }
        match self.phase {
            Phase::Waiting { .. } => None,
            Phase::Running(run) => self.send_due(now, run, payload),
        }
    }

    /// Brings the account up to `now` and gives up on marks that do not come.
    /// [`Self::poll_message`] does it too.
    pub fn handle_timeout(&mut self, now: CallTime) {
        self.now = self.now.max(now);
        self.settle_model();
        while let Some(mark) = self.marks.first_sent()
            && self.carrier.ear(mark.play_end) + MARK_WAIT <= self.now
        {
            self.counters.marks_missed += 1;
            let at = self.carrier.ear(mark.play_end);
            self.marks.pop_first();
            self.resolve(mark, at);
        }
    }

    /// When [`Self::poll_message`] has something to do if nothing else happens before.
    pub fn poll_timeout(&self) -> Option<CallTime> {
        let wait = self.marks.first_sent().map(|mark| self.carrier.ear(mark.play_end) + MARK_WAIT);
        [self.next_send(), wait].into_iter().flatten().min()
    }

    /// A mark has come back. What it proves is returned, and queued as an event as well.
    ///
    /// Marks that are not ours, come too early or have been settled are counted and prove nothing.
    pub fn handle_mark(&mut self, now: CallTime, name: &str) -> Option<MarkEvent> {
        self.handle_timeout(now);
        let now = self.now;
        let name = name.parse::<MarkName>().ok();
        let Some(mark) = name.and_then(|name| self.marks.find_sent(name)) else {
            self.counters.marks_ignored += 1;
            return None;
        };
        if now + MARK_EARLY < mark.play_end {
            self.counters.marks_early += 1;
            return None;
        }
        self.carrier.observe_echo(now, mark.play_end);
        // What was sent before it has been heard before it.
        let mut proof = None;
        while let Some(first) = self.marks.first_sent()
            && first.name.seq <= mark.name.seq
        {
            self.marks.pop_first();
            let at = self.carrier.ear(first.play_end).min(now);
            proof = Some(self.resolve(first, at));
        }
        proof
    }

    /// Drops all that has not been heard, here and at the carrier.
    ///
    /// What the caller hears until the order arrives there counts as heard. Marks that come back
    /// afterwards prove nothing, and audio for the dropped generations is refused.
    pub fn clear(&mut self, now: CallTime) -> Cleared {
        self.now = self.now.max(now);
        self.settle(self.carrier.position(self.now));
        let cleared = Cleared {
            generation: self.queue.playing(),
            segments: self.queue.heard(|_| 0).collect(),
        };
        self.clear_due |= self.carrier.may_hold(self.now) || self.marks.first_sent().is_some();
        self.queue.clear();
        self.carrier.clear(self.now);
        self.marks.clear();
        self.stop();
        self.hold = Hold::No;
        cleared
    }

    /// Stops sending within one frame and keeps what is unsent: what the carrier has, at most the
    /// lead, is still heard, and 10 ms that die away (they are said again later). Stays until [`Self::resume`] or [`Self::clear`].
    pub fn hold(&mut self, now: CallTime) {
        self.now = self.now.max(now);
        if self.hold == Hold::No {
            self.held_at = self.now;
        }
        match (self.hold, self.phase) {
            (Hold::No, Phase::Running(_)) => self.hold = Hold::Fading,
            (Hold::No, Phase::Waiting { .. }) => self.hold = Hold::Held,
            (Hold::Fading | Hold::Held, _) => (),
        }
    }

    /// Goes on with what was kept, from the beginning of the word it was stopped in; after a hold of
    /// more than [`RESTART_HELD`] from further back, the segment's beginning if that is near.
    pub fn resume(&mut self, now: CallTime) {
        self.now = self.now.max(now);
        match self.hold {
            // Nothing has been left out yet.
            Hold::No | Hold::Fading => (),
            Hold::Held => self.queue.rewind(self.now.since(self.held_at)),
        }
        self.hold = Hold::No;
    }

    /// The last frame that [`Self::poll_message`] made, and when the carrier plays it, but for the way
    /// there: what may come back as an echo.
    pub fn last_frame(&self) -> (CallTime, &[i16]) {
        (self.carrier.end().saturating_sub(PTIME), &self.frame.samples)
    }

    /// A second `start` for the same leg: the carrier has lost its queue and its marks
    /// (telnyx.md §1.10). What was on its way counts as not heard; what is unsent is kept.
    pub fn handle_restart(&mut self, now: CallTime) {
        self.handle_timeout(now);
        self.queue.lose(self.carrier.unheard());
        self.carrier.clear(self.now);
        while let Some(mark) = self.marks.pop_first() {
            match mark.kind {
                MarkKind::Segment(_) | MarkKind::Progress => (),
                MarkKind::Finish(_) => {
                    self.resolve(mark, self.now);
                }
            }
        }
        self.clear_due = false;
        self.stop();
    }

    /// Sends L16 in `order` from the next frame on: for a carrier whose own audio turned out to be
    /// that way round (telnyx.md §1.8). Other formats have no byte order.
    ///
    /// # Errors
    /// If there is no encoder for it; nothing has changed then.
    pub fn swap_bytes(&mut self, order: ByteOrder) -> Result<(), CodecError> {
        if self.format().encoding == Encoding::L16 {
            self.encoder = Encoder::with_byte_order(self.format(), order)?;
        }
        Ok(())
    }

    /// What has happened; call it until it gives `None`.
    pub fn poll_event(&mut self) -> Option<PlayoutEvent> {
        self.events.pop_front()
    }

    /// Replaces the contents of `out` by audio that the caller has heard: for the recording. Only
    /// with [`Tap::On`]. At most 20 ms at a time, less where a clear cut it.
    ///
    /// It comes out when it has been heard by the model, so that what was cleared never does.
    pub fn poll_heard(&mut self, out: &mut Vec<i16>) -> Option<HeardFrame> {
        self.carrier.pop_heard(out)
    }

    /// What it is doing.
    pub fn state(&self) -> PlayoutState {
        match (self.hold, self.phase) {
            (Hold::Fading | Hold::Held, _) => PlayoutState::Held,
            (Hold::No, Phase::Running(_)) => PlayoutState::Playing,
            (Hold::No, Phase::Waiting { .. }) if self.queue.is_open() => PlayoutState::Buffering,
            (Hold::No, Phase::Waiting { .. }) if self.queue.playing().is_some() => {
                PlayoutState::Playing
            }
            (Hold::No, Phase::Waiting { .. }) => PlayoutState::Idle,
        }
    }

    /// Whether the caller hears something of ours at `now`, by the model.
    pub fn audible(&self, now: CallTime) -> bool {
        self.carrier.audible(now)
    }

    /// What the caller has heard at `now`, by the model: one entry per segment that has not been
    /// finished with its generation, in order. Not less than marks have proved, not more than was
    /// sent.
    pub fn heard(&self, now: CallTime) -> impl Iterator<Item = SegmentHeard> {
        let position = self.carrier.heard_position(now);
        self.queue.heard(move |(generation, segment)| {
            self.carrier.unsettled(generation, segment, position)
        })
    }

    /// How long what we send takes to the caller's ear, by the model.
    pub fn delay(&self) -> Millis {
        self.carrier.delay()
    }

    /// How much audio is queued and unsent.
    pub fn backlog(&self) -> Millis {
        self.encoder.format().rate.span_of(self.queue.unsent())
    }

    /// How much more audio [`Self::queue`] takes.
    pub fn room(&self) -> Millis {
        QUEUED_MAX.saturating_sub(self.backlog())
    }

    /// The account in samples.
    pub fn ledger(&self) -> Ledger {
        self.queue.ledger()
    }

    /// What has been done so far.
    pub fn counters(&self) -> PlayoutCounters {
        PlayoutCounters { tap_dropped: self.carrier.tap_dropped(), ..self.counters }
    }

    /// What is being encoded.
    pub fn format(&self) -> AudioFormat {
        self.encoder.format()
    }

    /// Puts marks behind what has been sent.
    fn label(&mut self) {
        let wire = self.carrier.sent();
        let every = self.encoder.format().rate.samples_in(self.settings.mark_every) as u64;
        while let Some((generation, sample, kind)) = self.queue.label(every) {
            self.marks.push(generation, sample, kind, wire);
            if matches!(kind, MarkKind::Finish(_)) {
                // The next generation begins where this one ends, by its own threshold.
                self.stop();
            }
        }
    }

    /// Counts as heard what the model says has been heard.
    fn settle_model(&mut self) {
        self.settle(self.carrier.heard_position(self.now));
        self.carrier.release(self.now);
    }

    fn settle(&mut self, position: u64) {
        let queue = &mut self.queue;
        self.carrier.settle(position, |owner, samples| queue.count_heard(owner, samples));
    }

    /// Draws the conclusions from a mark that has been heard.
    fn resolve(&mut self, mark: PendingMark, at: CallTime) -> MarkEvent {
        self.settle(mark.wire);
        let generation = mark.name.generation;
        match mark.kind {
            MarkKind::Segment(segment) => {
                self.emit(PlayoutEvent::SegmentHeard { generation, segment, at });
                MarkEvent::SegmentHeard { generation, segment }
            }
            MarkKind::Progress => {
                let heard = self.encoder.format().rate.span_of(mark.name.sample);
                MarkEvent::Heard { generation, heard }
            }
            MarkKind::Finish(last) => {
                if let Some(segment) = last {
                    self.emit(PlayoutEvent::SegmentHeard { generation, segment, at });
                }
                self.queue.finish(generation);
                self.emit(PlayoutEvent::Finished { generation, at });
                MarkEvent::Finished { generation }
            }
        }
    }

    fn emit(&mut self, event: PlayoutEvent) {
        if EVENTS_MAX <= self.events.len() {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }
}

#[cfg(test)]
mod tests;

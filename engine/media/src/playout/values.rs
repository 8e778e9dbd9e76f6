//! What a playout says about itself.

use types::{CallTime, GenerationId, Millis, SegmentId};

use super::mark::MarkName;

/// What goes to the carrier next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// 20 ms of audio: the payload is in the buffer.
    Media,
    /// A mark of this name.
    Mark(MarkName),
    /// Drop all that is queued.
    Clear,
}

/// What has happened to a generation, at the time the caller hears it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlayoutEvent {
    /// Its first audio is on the way.
    Started {
        /// Which.
        generation: GenerationId,
        /// When the caller hears it: shortly.
        at: CallTime,
    },
    /// One segment has been heard to its end.
    SegmentHeard {
        /// Whose.
        generation: GenerationId,
        /// Which.
        segment: SegmentId,
        /// When the caller heard its end.
        at: CallTime,
    },
    /// All of it has been heard.
    Finished {
        /// Which.
        generation: GenerationId,
        /// When the caller heard its end.
        at: CallTime,
    },
    /// Its audio did not come in time: the caller hears a gap.
    Underrun {
        /// Which.
        generation: GenerationId,
    },
}

/// How much of a segment the caller has heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentHeard {
    /// Whose.
    pub generation: GenerationId,
    /// Which.
    pub segment: SegmentId,
    /// How much has been heard.
    pub heard: Millis,
    /// How much has been queued.
    pub of: Millis,
}

/// What had been heard when everything was dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cleared {
    /// The generation that was playing, or about to; none if there was none.
    pub generation: Option<GenerationId>,
    /// Every segment that had not been finished with its generation, in order.
    pub segments: Vec<SegmentHeard>,
}

/// What a playout is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PlayoutState {
    /// Nothing to play and nothing still being played.
    Idle,
    /// Waiting for enough audio.
    Buffering,
    /// Sending, or waiting for the caller to hear the end.
    Playing,
    /// Interrupted: nothing goes out until `resume` or `clear`.
    Held,
}

/// What has been done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlayoutCounters {
    /// Messages of audio sent.
    pub frames: u64,
    /// Times the audio ran out in the middle of a generation.
    pub underruns: u64,
    /// Ticks that came at least one frame late.
    pub late_ticks: u64,
    /// `clear` messages sent.
    pub clears: u64,
    /// Marks that came back too early to have been heard.
    pub marks_early: u64,
    /// Marks that are none of ours, or had been settled: those that `clear` returns.
    pub marks_ignored: u64,
    /// Marks that never came back.
    pub marks_missed: u64,
    /// Frames the encoder refused, sent as silence.
    pub encode_faults: u64,
    /// Heard frames that nobody took.
    pub tap_dropped: u64,
}

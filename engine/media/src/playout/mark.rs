//! Marks: labels that the carrier returns when what was sent before them has played.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;

use thiserror::Error;
use types::{CallTime, GenerationId, Millis, SegmentId, TurnId};

/// A mark's name: `turn.attempt.seq.sample`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MarkName {
    /// The generation whose audio it follows.
    pub generation: GenerationId,
    /// Position among all marks of the leg.
    pub seq: u32,
    /// How many samples of the generation lie before it.
    pub sample: u64,
}

/// A text that is no mark of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is no mark of ours: expected turn.attempt.seq.sample")]
pub struct MarkNameError;

/// What a mark that came back proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkEvent {
    /// A segment has been heard to its end.
    SegmentHeard {
        /// Whose.
        generation: GenerationId,
        /// Which.
        segment: SegmentId,
    },
    /// A generation has been heard up to a point.
    Heard {
        /// Which.
        generation: GenerationId,
        /// How much of it.
        heard: Millis,
    },
    /// A generation has been heard to its end.
    Finished {
        /// Which.
        generation: GenerationId,
    },
}

/// What a mark stands behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MarkKind {
    /// The end of a segment.
    Segment(SegmentId),
    /// So much audio.
    Progress,
    /// The end of a generation, and of this segment of it.
    Finish(Option<SegmentId>),
}

/// A mark that has not come back.
#[derive(Clone, Copy, Debug)]
pub(super) struct PendingMark {
    pub(super) name: MarkName,
    pub(super) kind: MarkKind,
    /// How many samples had been sent before it.
    pub(super) wire: u64,
    /// When the carrier has played those, but for the delay.
    pub(super) play_end: CallTime,
}

/// The marks of one leg, in the order they are sent.
#[derive(Debug, Default)]
pub(super) struct Marks {
    pending: VecDeque<PendingMark>,
    /// How many of the pending ones have been sent.
    sent: usize,
    seq: u32,
}

impl Marks {
    pub(super) fn push(
        &mut self,
        generation: GenerationId,
        sample: u64,
        kind: MarkKind,
        wire: u64,
    ) {
        self.seq = self.seq.wrapping_add(1);
        let name = MarkName { generation, seq: self.seq, sample };
        self.pending.push_back(PendingMark { name, kind, wire, play_end: CallTime::ZERO });
    }

    /// The next mark to send; what was sent before it has played at `play_end`.
    pub(super) fn send_next(&mut self, play_end: CallTime) -> Option<MarkName> {
        let mark = self.pending.get_mut(self.sent)?;
        mark.play_end = play_end;
        self.sent += 1;
        Some(mark.name)
    }

    pub(super) fn has_unsent(&self) -> bool {
        self.sent < self.pending.len()
    }

    /// The oldest mark that has been sent.
    pub(super) fn first_sent(&self) -> Option<PendingMark> {
        self.pending.front().copied().filter(|_| 0 < self.sent)
    }

    pub(super) fn find_sent(&self, name: MarkName) -> Option<PendingMark> {
        self.pending.iter().take(self.sent).find(|mark| mark.name == name).copied()
    }

    pub(super) fn pop_first(&mut self) -> Option<PendingMark> {
        self.sent = self.sent.saturating_sub(1);
        self.pending.pop_front()
    }

    pub(super) fn clear(&mut self) {
        self.pending.clear();
        self.sent = 0;
    }
}

impl fmt::Display for MarkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let GenerationId { turn, attempt } = self.generation;
        write!(f, "{}.{attempt}.{}.{}", turn.get(), self.seq, self.sample)
    }
}

impl FromStr for MarkName {
    type Err = MarkNameError;

    fn from_str(text: &str) -> Result<Self, MarkNameError> {
        let mut parts = text.split('.');
        let mut part = || parts.next().ok_or(MarkNameError);
        let name = Self {
            generation: GenerationId {
                turn: TurnId::new(number(part()?)?),
                attempt: number(part()?)?,
            },
            seq: number(part()?)?,
            sample: number(part()?)?,
        };
        parts.next().is_none().then_some(name).ok_or(MarkNameError)
    }
}

/// Digits only: `parse` alone would take a sign.
fn number<T: FromStr>(digits: &str) -> Result<T, MarkNameError> {
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(MarkNameError);
    }
    digits.parse().map_err(|_| MarkNameError)
}

//! Messages that came early, and what is remembered of those that are through.

use types::CallTime;

use super::GAP_HELD;

/// How many messages wait at most: 160 ms, four times what any waits for.
pub(super) const HELD_MAX: usize = 8;

/// A longer payload does not wait: 85 ms of the widest format.
pub(super) const HELD_BYTES_MAX: usize = 8 * 1_024;

/// Room for the next message, whose size varies: any frame of Opus, 40 ms of L16 at 16 kHz.
const BUFFER_BYTES: usize = 1_280;

/// How many messages back a duplicate is told from a late one.
const PAST_MAX: usize = 64;

/// What became of a message that is no longer waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Past {
    /// It was played there.
    Received { at: u64, samples: u64 },
    /// Its place was filled.
    Missed { at: u64, samples: u64 },
}

#[derive(Debug)]
pub(super) struct Window {
    /// Ascending by chunk, at most [`HELD_MAX`].
    held: Vec<Held>,
    /// Buffers of messages that have been played.
    spare: Vec<Vec<u8>>,
    /// By chunk, modulo its length.
    past: [Option<(u64, Past)>; PAST_MAX],
}

#[derive(Debug)]
struct Held {
    chunk: u64,
    arrived: CallTime,
    payload: Vec<u8>,
}

impl Default for Window {
    fn default() -> Self {
        Self {
            held: Vec::with_capacity(HELD_MAX),
            spare: Vec::with_capacity(HELD_MAX),
            past: [None; PAST_MAX],
        }
    }
}

impl Window {
    /// Keeps a message for later. There is room and it is not here yet.
    pub(super) fn hold(&mut self, chunk: u64, now: CallTime, payload: &[u8]) {
        debug_assert!(!self.is_full() && !self.holds(chunk));
        let fresh = || Vec::with_capacity(BUFFER_BYTES);
        let mut buffer = self.spare.pop().unwrap_or_else(fresh);
        buffer.clear();
        buffer.extend_from_slice(payload);
        let place = self.held.partition_point(|held| held.chunk < chunk);
        self.held.insert(place, Held { chunk, arrived: now, payload: buffer });
    }

    /// Takes out the message `chunk`, if it is the first that waits.
    pub(super) fn take(&mut self, chunk: u64) -> Option<Vec<u8>> {
        (self.first() == Some(chunk)).then(|| self.held.remove(0).payload)
    }

    /// Takes back the buffer of a message that has been played.
    pub(super) fn reuse(&mut self, buffer: Vec<u8>) {
        if self.spare.len() < HELD_MAX {
            self.spare.push(buffer);
        }
    }

    pub(super) fn remember(&mut self, chunk: u64, past: Past) {
        self.past[(chunk % PAST_MAX as u64) as usize] = Some((chunk, past));
    }

    /// Forgets all that is through: the carrier counts anew.
    pub(super) fn forget(&mut self) {
        self.past = [None; PAST_MAX];
    }

    pub(super) fn past(&self, chunk: u64) -> Option<Past> {
        self.past[(chunk % PAST_MAX as u64) as usize]
            .and_then(|(known, past)| (known == chunk).then_some(past))
    }

    pub(super) fn first(&self) -> Option<u64> {
        self.held.first().map(|held| held.chunk)
    }

    pub(super) fn holds(&self, chunk: u64) -> bool {
        self.held.binary_search_by_key(&chunk, |held| held.chunk).is_ok()
    }

    /// What waits as `chunk`.
    pub(super) fn payload(&self, chunk: u64) -> Option<&[u8]> {
        let at = self.held.binary_search_by_key(&chunk, |held| held.chunk).ok()?;
        Some(&self.held[at].payload)
    }

    pub(super) fn is_full(&self) -> bool {
        self.held.len() == HELD_MAX
    }

    /// When the longest-waiting message has waited enough.
    pub(super) fn deadline(&self) -> Option<CallTime> {
        self.held.iter().map(|held| held.arrived + GAP_HELD).min()
    }
}

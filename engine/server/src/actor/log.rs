//! A call's event log on its way to the journal and, in the end, to its file.

use call::{Action, Event, LogHeader, LogWriter, Remark, Timer};
use types::{CallId, CallTime, Millis};
use vendor::Offered;

use crate::journal::{Entry, Journal, Kind, PAYLOAD_BYTES_MAX};

/// How long what is new waits before it is handed to the journal, so that what comes together goes
/// together.
pub(crate) const PIECE_WAIT: Millis = Millis::new(20);

/// The longest log kept: an hour of lively talk is 2 MB. What comes after is not logged, and the
/// log says so by having no end.
const LOG_BYTES_MAX: usize = 15 << 20;

/// The largest piece: what a full journal left behind goes in several.
const PIECE_BYTES_MAX: usize = 1 << 20;

const _: () = assert!(LOG_BYTES_MAX + (1 << 20) <= PAYLOAD_BYTES_MAX);

/// One call's event log.
pub(crate) struct CallLog {
    call: CallId,
    journal: Journal,
    writer: LogWriter,
    bytes: Vec<u8>,
    committed: usize,
    first: First,
    /// When the first byte that is not committed was written.
    pending_since: Option<CallTime>,
}

/// What goes to the journal first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    /// The log from its header on, in pieces.
    Pieces,
    /// All that another process had written, as one.
    Whole,
}

impl CallLog {
    /// Begins the log of `call`.
    pub(crate) fn begin(call: CallId, journal: Journal, header: &LogHeader) -> Self {
        Self::new(call, journal, (LogWriter::new(header), First::Pieces))
    }

    /// Goes on with the log of `call` behind `lines`, which another process wrote.
    pub(crate) fn behind(call: CallId, journal: Journal, lines: &[u8]) -> Self {
        Self::new(call, journal, (LogWriter::behind(lines), First::Whole))
    }

    fn new(call: CallId, journal: Journal, (writer, first): (LogWriter, First)) -> Self {
        let mut bytes = Vec::with_capacity(64 << 10);
        let mut writer = writer;
        writer.drain_into(&mut bytes);
        let pending_since = Some(CallTime::ZERO);
        Self { call, journal, writer, bytes, committed: 0, first, pending_since }
    }

    pub(crate) fn event(&mut self, now: CallTime, event: &Event) {
        self.writer.event(now, event);
        self.gather(now);
    }

    pub(crate) fn timeout(&mut self, now: CallTime, timer: Timer) {
        self.writer.timeout(now, timer);
        self.gather(now);
    }

    pub(crate) fn action(&mut self, now: CallTime, action: &Action) {
        self.writer.action(now, action);
        self.gather(now);
    }

    pub(crate) fn remark(&mut self, now: CallTime, remark: &Remark) {
        self.writer.remark(now, remark);
        self.gather(now);
    }

    fn gather(&mut self, now: CallTime) {
        if self.bytes.len() < LOG_BYTES_MAX {
            self.writer.drain_into(&mut self.bytes);
            self.pending_since.get_or_insert(now);
        } else {
            // Beyond the longest log: what the writer holds is let go of, whole lines at a time.
            self.writer.drain_into(&mut Vec::new());
        }
    }

    /// When what is new is to be handed over; none if nothing is.
    pub(crate) fn poll_timeout(&self) -> Option<CallTime> {
        self.pending_since.map(|since| since + PIECE_WAIT)
    }

    /// Hands over what is new, if it is time.
    pub(crate) fn handle_timeout(&mut self, now: CallTime) {
        if self.poll_timeout().is_some_and(|due| due <= now) {
            self.commit(now);
        }
    }

    /// Hands over what is new.
    pub(crate) fn commit(&mut self, now: CallTime) {
        while self.committed < self.bytes.len() {
            let (kind, end) = match self.first {
                First::Whole => (Kind::Log, self.bytes.len()),
                First::Pieces => (Kind::Events, self.piece_end()),
            };
            let payload = self.bytes[self.committed..end].to_vec();
            match self.journal.offer(Entry { kind, call: self.call, payload }) {
                Offered::Accepted => {
                    self.committed = end;
                    self.first = First::Pieces;
                }
                // Counted there. It is handed over again later: a log with a hole is none.
                Offered::Shed => {
                    self.pending_since = Some(now);
                    return;
                }
                Offered::Closed => return,
            }
        }
        self.pending_since = None;
    }

    /// Where the next piece ends: at a line's end, not too far ahead.
    fn piece_end(&self) -> usize {
        let rest = &self.bytes[self.committed..];
        if rest.len() <= PIECE_BYTES_MAX {
            return self.bytes.len();
        }
        let lines = rest[..PIECE_BYTES_MAX].iter().rposition(|&byte| byte == b'\n');
        // A line that is longer than a piece makes one of its own.
        lines.map_or(self.bytes.len(), |end| self.committed + end + 1)
    }

    /// Commits the rest and gives the whole log.
    pub(crate) fn finish(mut self, now: CallTime) -> Vec<u8> {
        self.commit(now);
        self.bytes
    }
}

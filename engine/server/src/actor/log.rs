//! A call's event log on its way to the journal and, in the end, to its file.

use call::{Action, Event, LogHeader, LogWriter, Remark, Timer};
use types::{CallId, CallTime, Millis};

use crate::journal::{Entry, Journal, Kind};

/// How often a live call's log goes to the journal: what a crash may cost of it.
const PIECE_EVERY: Millis = Millis::from_secs(1);

/// The longest log kept: an hour of lively talk is 2 MB. What comes after is not logged, and the
/// log says so by having no end.
const LOG_BYTES_MAX: usize = 16 << 20;

/// One call's event log.
pub(crate) struct CallLog {
    call: CallId,
    journal: Journal,
    writer: LogWriter,
    bytes: Vec<u8>,
    committed: usize,
    committed_at: CallTime,
}

impl CallLog {
    /// Begins the log of `call`.
    pub(crate) fn begin(call: CallId, journal: Journal, header: &LogHeader) -> Self {
        let writer = LogWriter::new(header);
        let bytes = Vec::with_capacity(64 << 10);
        Self { call, journal, writer, bytes, committed: 0, committed_at: CallTime::ZERO }
    }

    pub(crate) fn event(&mut self, now: CallTime, event: &Event) {
        self.writer.event(now, event);
        self.gather();
    }

    pub(crate) fn timeout(&mut self, now: CallTime, timer: Timer) {
        self.writer.timeout(now, timer);
        self.gather();
    }

    pub(crate) fn action(&mut self, now: CallTime, action: &Action) {
        self.writer.action(now, action);
        self.gather();
    }

    pub(crate) fn remark(&mut self, now: CallTime, remark: &Remark) {
        self.writer.remark(now, remark);
        self.gather();
    }

    fn gather(&mut self) {
        if self.bytes.len() < LOG_BYTES_MAX {
            self.writer.drain_into(&mut self.bytes);
        } else {
            // Beyond the longest log: what the writer holds is let go of, whole lines at a time.
            self.writer.drain_into(&mut Vec::new());
        }
    }

    /// Sends what is new to the journal, once a second.
    pub(crate) fn commit_if_due(&mut self, now: CallTime) {
        if PIECE_EVERY <= now.since(self.committed_at) && self.committed < self.bytes.len() {
            self.commit(now);
        }
    }

    fn commit(&mut self, now: CallTime) {
        let payload = self.bytes[self.committed..].to_vec();
        self.committed = self.bytes.len();
        self.committed_at = now;
        // A shed piece is counted by the journal; the file at the end of the call has it all.
        self.journal.offer(Entry { kind: Kind::Events, call: self.call, payload });
    }

    /// Commits the rest and gives the whole log.
    pub(crate) fn finish(mut self, now: CallTime) -> Vec<u8> {
        if self.committed < self.bytes.len() {
            self.commit(now);
        }
        self.bytes
    }
}

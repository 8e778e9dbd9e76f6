//! What happened to a leg, as the carrier saw it.

use types::{CallTime, Millis, Pii};
use wire::telnyx::WallMicros;
use wire::telnyx::reply::ErrorCode;
use wire::telnyx::webhook::{HangupCause, HangupSource};

use crate::{AUDIBLE_AMPLITUDE, CallReport};

/// Entries kept per leg at most; what comes later is counted.
const ENTRIES_MAX: usize = 4_096;

/// Something that happened to a leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: WallMicros,
    /// What.
    pub what: Happened,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    /// It began to ring.
    Rang,
    /// A webhook, or a document's request, was delivered or given up.
    Webhook {
        /// The event's name.
        event: String,
        /// The event's id.
        id: String,
        /// Which attempt, from 1.
        attempt: u64,
        /// What came of it.
        fate: WebhookFate,
    },
    /// A command came.
    Command {
        /// Its verb.
        verb: String,
        /// Its id.
        command_id: Option<String>,
        /// What came of it.
        verdict: Verdict,
    },
    /// It was answered.
    Answered,
    /// Its stream came or went.
    Stream(StreamNews),
    /// The caller pressed a key.
    Key,
    /// The caller heard the carrier's own voice say this.
    Said {
        /// What.
        text: String,
    },
    /// The caller heard the engine press these keys.
    Pressed {
        /// Which.
        digits: String,
    },
    /// It is over.
    Over {
        /// Why.
        cause: HangupCause,
        /// By whom.
        by: HangupSource,
    },
}

/// What came of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookFate {
    /// Acknowledged with this status after this time.
    Answered {
        /// The status.
        status: u16,
        /// The time.
        after: Millis,
    },
    /// No answer in time, or nobody there.
    Failed,
    /// Lost on the way, on purpose.
    Lost,
    /// A forged or stale copy, sent on purpose: an engine refuses it with this status.
    Bait {
        /// The status; none if nobody answered.
        status: Option<u16>,
    },
}

/// What came of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Done.
    Done,
    /// Ignored: done before, under the same id.
    Repeated,
    /// Refused for what it is.
    Refused(ErrorCode),
    /// Refused, or its reply withheld, on purpose.
    Faulted,
}

/// News of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamNews {
    /// Its socket is open and the call announced.
    Opened,
    /// The first audio of the engine came.
    FirstMedia,
    /// Its socket could not be opened.
    Unreachable,
    /// The engine closed it.
    ClosedByEngine,
    /// It broke.
    Lost,
    /// It was broken on purpose.
    DroppedByUs,
    /// The carrier ended it.
    Stopped,
}

/// One leg from its first ring to its end.
#[derive(Clone, Debug)]
pub struct LegReport {
    /// The carrier's handle of it.
    pub call_control_id: String,
    /// Who rang.
    pub from: Option<Pii<String>>,
    /// Who was rung.
    pub to: Pii<String>,
    /// When it began.
    pub began: WallMicros,
    /// When it was answered: zero of the times in `call`.
    pub answered_at: Option<WallMicros>,
    /// When it ended.
    pub ended_at: Option<WallMicros>,
    /// Why it ended, if it did.
    pub cause: Option<HangupCause>,
    /// What happened, oldest first.
    pub entries: Vec<Entry>,
    /// How many entries there was no room for.
    pub entries_lost: u64,
    /// What the caller said, heard and measured, if somebody answered.
    pub call: Option<CallReport>,
}

impl LegReport {
    /// How long after `at` the caller heard the engine: the first audible sample from then on.
    /// `None` if it never did.
    ///
    /// Audio that was playing at `at` counts at once; ask with the moment at which it had ended.
    pub fn heard_after(&self, at: WallMicros) -> Option<Millis> {
        let (call, zero) = (self.call.as_ref()?, self.answered_at?);
        let offset = u64::from(at.since(zero).get());
        let from = crate::playout::samples_at(call.rate, CallTime::from_millis(offset));
        let track = call.agent_track.get(from..)?;
        let first = track.iter().position(|s| AUDIBLE_AMPLITUDE < s.unsigned_abs())?;
        Some(call.rate.span_of(first as u64))
    }

    /// How many commands of this verb were carried out.
    pub fn done(&self, verb: &str) -> usize {
        let is_done = |entry: &&Entry| {
            matches!(&entry.what, Happened::Command { verb: v, verdict: Verdict::Done, .. }
                if v == verb)
        };
        self.entries.iter().filter(is_done).count()
    }

    /// What the carrier's own voice said, in order.
    pub fn said(&self) -> Vec<&str> {
        let said = |entry| match entry {
            &Entry { what: Happened::Said { ref text }, .. } => Some(text.as_str()),
            _ => None,
        };
        self.entries.iter().filter_map(said).collect()
    }

    /// Which keys the engine pressed, in order.
    pub fn pressed(&self) -> String {
        let pressed = |entry| match entry {
            &Entry { what: Happened::Pressed { ref digits }, .. } => Some(digits.as_str()),
            _ => None,
        };
        self.entries.iter().filter_map(pressed).collect()
    }

    /// How many forged and stale copies the engine took for true.
    pub fn baits_taken(&self) -> usize {
        let is_taken = |entry: &&Entry| {
            matches!(
                entry.what,
                Happened::Webhook { fate: WebhookFate::Bait { status: Some(200..=299) }, .. }
            )
        };
        self.entries.iter().filter(is_taken).count()
    }
}

/// Entries as they come.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) entries: Vec<Entry>,
    pub(crate) lost: u64,
}

impl Ledger {
    pub(crate) fn note(&mut self, at: WallMicros, what: Happened) {
        if self.entries.len() < ENTRIES_MAX {
            self.entries.push(Entry { at, what });
        } else {
            self.lost += 1;
        }
    }
}

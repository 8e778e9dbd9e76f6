//! What live calls tell whoever is watching: words as they come. Bounded; watchers that lag miss.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use types::{BusinessId, CallId, Pii};

/// Notes that may wait for a watcher: a second of twenty calls that all talk.
const NOTES_MAX: usize = 1_024;

/// Something to see on a live call.
#[derive(Clone, Debug)]
pub struct Note {
    /// Which call.
    pub call: CallId,
    /// Whose.
    pub business: BusinessId,
    /// What.
    pub what: Seen,
}

/// What there is to see.
#[derive(Clone, Debug)]
pub enum Seen {
    /// It began.
    Began {
        /// The carrier's name of it.
        carrier_call: Pii<String>,
    },
    /// The caller's words so far.
    CallerSays {
        /// The words.
        text: Pii<String>,
    },
    /// The caller's words for good.
    CallerSaid {
        /// The words.
        text: Pii<String>,
    },
    /// The agent speaks these words.
    AgentSays {
        /// The words.
        text: Pii<String>,
    },
    /// The agent was stopped by the caller.
    AgentStopped,
    /// It ended.
    Ended,
}

/// The way to a watcher, if there is one.
#[derive(Clone, Debug, Default)]
pub struct Feed(Option<SyncSender<Note>>);

impl Feed {
    /// A feed and its watcher's end.
    pub fn watched() -> (Self, Receiver<Note>) {
        let (notes, watcher) = sync_channel(NOTES_MAX);
        (Self(Some(notes)), watcher)
    }

    /// Shows a note, if somebody watches and keeps up. Nothing is built when nobody does.
    pub(crate) fn show(&self, note: impl FnOnce() -> Note) {
        if let Some(notes) = &self.0
            && notes.try_send(note()).is_err()
        {
            tracing::trace!("a watcher lags or is gone");
        }
    }
}

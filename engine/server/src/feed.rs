//! What live calls tell whoever is watching: words as they come. Bounded; watchers that lag miss.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use types::{BusinessId, CallId, E164, Millis, Pii};

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
        /// The caller's number, if shown.
        from: Option<Pii<E164>>,
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
        /// What they may have been instead; empty if nothing.
        other: Pii<String>,
    },
    /// The agent speaks these words.
    AgentSays {
        /// The words.
        text: Pii<String>,
    },
    /// The agent was stopped by the caller.
    AgentStopped,
    /// The caller begins to hear a reply.
    Replied {
        /// Since the end of the caller's speech.
        response: Millis,
    },
    /// What is going on, in one word.
    Doing {
        /// It.
        what: &'static str,
    },
    /// How loud the caller is.
    Level {
        /// In per cent of what a telephone carries, on the ear's own scale.
        caller: u8,
    },
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

    /// Whether anybody watches: what is only for watchers need not be worked out otherwise.
    pub(crate) fn is_watched(&self) -> bool {
        self.0.is_some()
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

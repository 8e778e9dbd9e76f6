//! What is kept of a finished call: its record and its event log as plain files, beside its
//! recording.
//!
//! `calls/<business>/<call>/` holds `call.json`, `events.jsonl` and, if the agent records,
//! `call.wav`. One thread writes for the node; the media threads never wait for it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use types::{BusinessId, CallId, CallRecord};

use crate::journal::{Entry, Journal, Kind};
use crate::publish::write_whole;

/// Finished calls on their way to the disk: 200 calls that all end at once, several times over.
const FINISHED_MAX: usize = 1_024;

/// The folder of a call below the state directory.
pub fn call_dir(state: &Path, business: BusinessId, call: CallId) -> PathBuf {
    state.join("calls").join(business.as_str()).join(call.to_string())
}

/// A finished call.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) record: CallRecord,
    pub(crate) events: Vec<u8>,
}

/// The way into the archive. Never blocks; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Archive {
    state: PathBuf,
    finished: SyncSender<Finished>,
}

impl Archive {
    /// Starts the writer; it ends, after writing everything, when the last clone is gone.
    pub(crate) fn start(state: PathBuf, journal: Journal) -> io::Result<(Self, JoinHandle<()>)> {
        let (finished, inbox) = sync_channel(FINISHED_MAX);
        let root = state.clone();
        let writer = std::thread::Builder::new()
            .name("archive".into())
            .spawn(move || write_finished(&root, &inbox, &journal))?;
        Ok((Self { state, finished }, writer))
    }

    /// Where `call` is kept.
    pub(crate) fn dir(&self, business: BusinessId, call: CallId) -> PathBuf {
        call_dir(&self.state, business, call)
    }

    /// Hands over a finished call. If the disk cannot follow, the journal still has it.
    pub(crate) fn keep(&self, finished: Finished) {
        let call = finished.record.call;
        match self.finished.try_send(finished) {
            Ok(()) => (),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                tracing::error!(%call, "the archive is full: this call is in the journal only");
            }
        }
    }
}

fn write_finished(state: &Path, inbox: &Receiver<Finished>, journal: &Journal) {
    while let Ok(finished) = inbox.recv() {
        let record = &finished.record;
        let dir = call_dir(state, record.business, record.call);
        let written = fs::create_dir_all(&dir)
            .and_then(|()| write_whole(&dir.join("events.jsonl"), &finished.events))
            .and_then(|()| serde_json::to_vec_pretty(record).map_err(io::Error::other))
            .and_then(|json| write_whole(&dir.join("call.json"), &json));
        match written {
            // From now on the journal need not hold it.
            Ok(()) => {
                let (kind, call, payload) = (Kind::Folded, record.call, Vec::new());
                journal.offer(Entry { kind, call, payload });
            }
            Err(error) => {
                tracing::error!(call = %record.call, %error, "a finished call cannot be kept as files");
            }
        }
    }
}

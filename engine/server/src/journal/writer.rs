//! The journal's one writer thread.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use thiserror::Error;
use types::Millis;
use vendor::Offered;

use super::{Entry, HEADER, Kind};
use crate::telemetry::Telemetry;

/// Entries on their way to the disk: a node of 1,000 calls that each write once a second, for
/// eight seconds of a stuck disk.
const ENTRIES_MAX: usize = 8_192;

/// The share of the queue that event log pieces may fill: beginnings and ends of calls always
/// find room.
const EVENTS_MAX: usize = ENTRIES_MAX * 3 / 4;

/// Bytes gathered before they are written at once, whatever the clock says.
const GROUP_BYTES_MAX: usize = 1 << 20;

/// A journal that cannot be opened.
#[derive(Debug, Error)]
#[error("the journal in {} cannot be opened: {source}", dir.display())]
pub struct JournalError {
    /// Where it should be.
    pub dir: PathBuf,
    /// What the system says.
    #[source]
    pub source: io::Error,
}

/// The way into a node's journal. Never blocks; cheap to clone.
#[derive(Clone, Debug)]
pub struct Journal {
    entries: SyncSender<Entry>,
    waiting: Arc<AtomicUsize>,
    telemetry: Telemetry,
}

impl Journal {
    /// Opens the journal in `dir`, in a new file, and starts its writer. The writer ends, after
    /// writing everything, when the last clone of the journal is dropped.
    ///
    /// # Errors
    /// [`JournalError`] if directory or file cannot be made.
    pub fn open(
        dir: &Path,
        commit: Millis,
        segment_bytes_max: u64,
        telemetry: Telemetry,
    ) -> Result<(Self, JoinHandle<()>), JournalError> {
        let fail = |source| JournalError { dir: dir.to_owned(), source };
        let mut segments = Segments::open(dir, segment_bytes_max).map_err(fail)?;
        let (entries, inbox) = sync_channel(ENTRIES_MAX);
        let waiting = Arc::new(AtomicUsize::new(0));
        let (depth, counts) = (waiting.clone(), telemetry.clone());
        let writer = std::thread::Builder::new()
            .name("journal".into())
            .spawn(move || write_groups(&inbox, &depth, commit, &mut segments, &counts))
            .map_err(fail)?;
        Ok((Self { entries, waiting, telemetry }, writer))
    }

    /// Hands `entry` to the writer. Event log pieces are shed first when the disk cannot follow.
    pub fn offer(&self, entry: Entry) -> Offered {
        let room = match entry.kind {
            Kind::Events => EVENTS_MAX,
            Kind::Began | Kind::Record | Kind::Closed | Kind::Webhook | Kind::Refused => {
                ENTRIES_MAX
            }
        };
        if room <= self.waiting.load(Ordering::Relaxed) {
            self.telemetry.journal_shed.increment(1);
            return Offered::Shed;
        }
        // Counted before it is sent: the writer may take it, and count it off, at once.
        self.waiting.fetch_add(1, Ordering::Relaxed);
        match self.entries.try_send(entry) {
            Ok(()) => Offered::Accepted,
            Err(TrySendError::Full(_)) => {
                self.waiting.fetch_sub(1, Ordering::Relaxed);
                self.telemetry.journal_shed.increment(1);
                Offered::Shed
            }
            Err(TrySendError::Disconnected(_)) => {
                self.waiting.fetch_sub(1, Ordering::Relaxed);
                Offered::Closed
            }
        }
    }
}

/// Gathers entries for `commit`, writes and syncs them, until nobody can send any more.
fn write_groups(
    inbox: &Receiver<Entry>,
    waiting: &AtomicUsize,
    commit: Millis,
    segments: &mut Segments,
    telemetry: &Telemetry,
) {
    let mut group = Vec::with_capacity(GROUP_BYTES_MAX);
    while let Ok(first) = inbox.recv() {
        let until = Instant::now() + Duration::from_micros(commit.as_micros());
        let mut entries = 1;
        first.encode(&mut group);
        while group.len() < GROUP_BYTES_MAX {
            match inbox.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(entry) => {
                    entries += 1;
                    entry.encode(&mut group);
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
        // The group is kept and tried again with the next one: a disk may recover. Memory stays
        // bounded because pieces of event logs are given up once two groups have gathered, and
        // then the rest.
        match segments.append(&group) {
            Ok(()) => group.clear(),
            Err(error) => {
                telemetry.journal_faults.increment(1);
                tracing::error!(%error, bytes = group.len(), "journal cannot be written");
                if 2 * GROUP_BYTES_MAX < group.len() {
                    shed_events(&mut group, telemetry);
                }
            }
        }
        waiting.fetch_sub(entries, Ordering::Relaxed);
    }
    if !group.is_empty() && segments.append(&group).is_err() {
        tracing::error!(bytes = group.len(), "journal could not be finished");
    }
}

/// Gives up the pieces of event logs in `group`, and all of it if that is not enough.
fn shed_events(group: &mut Vec<u8>, telemetry: &Telemetry) {
    let mut kept = Vec::with_capacity(GROUP_BYTES_MAX);
    let mut at = 0;
    while let Ok(Some((entry, length))) = Entry::decode(&group[at..]) {
        if entry.kind == Kind::Events || GROUP_BYTES_MAX < kept.len() {
            telemetry.journal_shed.increment(1);
        } else {
            kept.extend_from_slice(&group[at..at + length]);
        }
        at += length;
    }
    *group = kept;
}

/// The numbered files, of which the last is written to.
struct Segments {
    dir: PathBuf,
    bytes_max: u64,
    number: u64,
    file: File,
    bytes: u64,
}

impl Segments {
    fn open(dir: &Path, bytes_max: u64) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        let number = super::reader::segments(dir)?.last().map_or(1, |(number, _)| number + 1);
        let file = create(dir, number)?;
        Ok(Self { dir: dir.to_owned(), bytes_max, number, file, bytes: HEADER.len() as u64 })
    }

    /// Writes `group` and waits until the disk has it. On failure nothing of it counts: a torn
    /// record is cut off again, so that a later group is not lost behind it.
    fn append(&mut self, group: &[u8]) -> io::Result<()> {
        if self.bytes_max < self.bytes {
            self.file = create(&self.dir, self.number + 1)?;
            self.number += 1;
            self.bytes = HEADER.len() as u64;
        }
        let written = self.file.write_all(group).and_then(|()| self.file.sync_data());
        match written {
            Ok(()) => {
                self.bytes += group.len() as u64;
                Ok(())
            }
            Err(error) => {
                self.file.set_len(self.bytes)?;
                Err(error)
            }
        }
    }
}

fn create(dir: &Path, number: u64) -> io::Result<File> {
    let path = dir.join(format!("{number:08}.apexj"));
    let mut file = OpenOptions::new().append(true).create_new(true).open(&path)?;
    match file.write_all(&HEADER) {
        Ok(()) => Ok(file),
        Err(error) => {
            // A full disk: the number must be free again for the next try.
            fs::remove_file(&path)?;
            Err(error)
        }
    }
}

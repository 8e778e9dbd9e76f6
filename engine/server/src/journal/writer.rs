//! The journal's one writer thread.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use thiserror::Error;
use types::{CallId, Millis};
use vendor::Offered;

use super::{Entry, HEADER, Kept, Kind};
use crate::telemetry::Telemetry;

/// Entries on their way to the disk: 200 calls that each hand over a piece of their log 20 times a
/// second, for two seconds of a stuck disk. A piece that finds no room is handed over later.
const ENTRIES_MAX: usize = 8_192;

/// The share of the queue that event log pieces may fill: beginnings and ends of calls always
/// find room.
const EVENTS_MAX: usize = ENTRIES_MAX * 3 / 4;

/// Bytes gathered before they are written at once, whatever the clock says.
const GROUP_BYTES_MAX: usize = 1 << 20;

/// How often it is looked whether files can go, besides whenever a new one begins.
const PRUNE_EVERY: Duration = Duration::from_secs(60);

/// How a journal is kept.
#[derive(Clone, Copy, Debug)]
pub struct JournalSettings {
    /// How long entries wait to be written together.
    pub commit: Millis,
    /// When a file is followed by a new one, in bytes.
    pub segment_bytes_max: u64,
    /// All files together, in bytes. Beyond it files go that would have been kept for their age
    /// alone, and if that is not enough, no more pieces of event logs are taken.
    pub bytes_max: u64,
    /// How long a file stays though no call needs it: webhooks are recognized by it.
    pub age_min: Duration,
}

impl JournalSettings {
    /// How long the carrier may deliver a webhook again.
    pub const AGE_MIN: Duration = Duration::from_secs(3_600);
}

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
    full: Arc<AtomicBool>,
    telemetry: Telemetry,
}

impl Journal {
    /// Opens the journal in `dir`, in a new file, and starts its writer. The writer ends, after
    /// writing everything, when the last clone of the journal is dropped. `kept` says what of an
    /// earlier process's is needed ([`super::recover`]).
    ///
    /// # Errors
    /// [`JournalError`] if directory or file cannot be made.
    pub fn open(
        dir: &Path,
        settings: JournalSettings,
        kept: Kept,
        telemetry: Telemetry,
    ) -> Result<(Self, JoinHandle<()>), JournalError> {
        let fail = |source| JournalError { dir: dir.to_owned(), source };
        let full = Arc::new(AtomicBool::new(false));
        let segments = Segments::open(dir, settings).map_err(fail)?;
        let (entries, inbox) = sync_channel(ENTRIES_MAX);
        let waiting = Arc::new(AtomicUsize::new(0));
        let mut writer = Writer {
            segments,
            kept,
            depth: waiting.clone(),
            full: full.clone(),
            telemetry: telemetry.clone(),
            group: Vec::with_capacity(GROUP_BYTES_MAX),
            notes: Vec::new(),
            pruned_at: Instant::now(),
        };
        writer.prune();
        let thread = std::thread::Builder::new()
            .name("journal".into())
            .spawn(move || writer.write_groups(&inbox, settings.commit))
            .map_err(fail)?;
        Ok((Self { entries, waiting, full, telemetry }, thread))
    }

    /// Hands `entry` to the writer. Event log pieces are shed first when the disk cannot follow.
    pub fn offer(&self, entry: Entry) -> Offered {
        let room = match entry.kind {
            Kind::Events => EVENTS_MAX,
            Kind::Began
            | Kind::Log
            | Kind::Record
            | Kind::Closed
            | Kind::Folded
            | Kind::Webhook
            | Kind::Refused => ENTRIES_MAX,
        };
        let room =
            if entry.kind == Kind::Events && self.full.load(Ordering::Relaxed) { 0 } else { room };
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

/// What the journal's thread works with.
struct Writer {
    segments: Segments,
    kept: Kept,
    depth: Arc<AtomicUsize>,
    full: Arc<AtomicBool>,
    telemetry: Telemetry,
    group: Vec<u8>,
    /// What the group's entries are about.
    notes: Vec<(Kind, CallId)>,
    pruned_at: Instant,
}

impl Writer {
    /// Gathers entries for `commit`, writes and syncs them, until nobody can send any more.
    fn write_groups(&mut self, inbox: &Receiver<Entry>, commit: Millis) {
        while let Ok(first) = inbox.recv() {
            let until = Instant::now() + Duration::from_micros(commit.as_micros());
            let mut entries = 1;
            self.take(&first);
            while self.group.len() < GROUP_BYTES_MAX {
                match inbox.recv_timeout(until.saturating_duration_since(Instant::now())) {
                    Ok(entry) => {
                        entries += 1;
                        self.take(&entry);
                    }
                    Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
                }
            }
            // The group is kept and tried again with the next one: a disk may recover. Memory
            // stays bounded because pieces of event logs are given up once two groups have
            // gathered, and then the rest.
            if let Err(error) = self.append() {
                self.telemetry.journal_faults.increment(1);
                let bytes = self.group.len();
                tracing::error!(%error, bytes, "journal cannot be written");
                if 2 * GROUP_BYTES_MAX < self.group.len() {
                    shed_events(&mut self.group, &self.telemetry);
                }
            }
            self.depth.fetch_sub(entries, Ordering::Relaxed);
            if PRUNE_EVERY < self.pruned_at.elapsed() {
                self.prune();
            }
        }
        if !self.group.is_empty() && self.append().is_err() {
            tracing::error!(bytes = self.group.len(), "journal could not be finished");
        }
    }

    fn take(&mut self, entry: &Entry) {
        entry.encode(&mut self.group);
        if entry.kind != Kind::Events {
            self.notes.push((entry.kind, entry.call));
        }
    }

    fn append(&mut self) -> io::Result<()> {
        let before = self.segments.number;
        self.segments.append(&self.group)?;
        self.group.clear();
        for (kind, call) in self.notes.drain(..) {
            self.kept.note(self.segments.number, kind, call);
        }
        if before != self.segments.number {
            self.prune();
        }
        Ok(())
    }

    /// Removes the files nobody needs, and says whether there is room for more.
    fn prune(&mut self) {
        self.pruned_at = Instant::now();
        let floor = self.kept.floor(self.segments.number);
        match self.segments.prune(floor) {
            Ok(bytes) => {
                let is_full = self.segments.settings.bytes_max < bytes;
                if is_full && !self.full.swap(is_full, Ordering::Relaxed) {
                    let calls = self.kept.len();
                    tracing::error!(bytes, calls, "journal is full: live calls are not kept");
                }
                self.full.store(is_full, Ordering::Relaxed);
                self.telemetry.journal_bytes.set(bytes as f64);
            }
            Err(error) => tracing::warn!(%error, "old journal files cannot be removed"),
        }
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
    settings: JournalSettings,
    number: u64,
    file: File,
    bytes: u64,
}

impl Segments {
    fn open(dir: &Path, settings: JournalSettings) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        let number = super::reader::segments(dir)?.last().map_or(1, |(number, _)| number + 1);
        let file = create(dir, number)?;
        Ok(Self { dir: dir.to_owned(), settings, number, file, bytes: HEADER.len() as u64 })
    }

    /// Writes `group` and waits until the disk has it. On failure nothing of it counts: a torn
    /// record is cut off again, so that a later group is not lost behind it.
    fn append(&mut self, group: &[u8]) -> io::Result<()> {
        if self.settings.segment_bytes_max < self.bytes {
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

impl Segments {
    /// Removes files below `floor` that are old enough, or any of them while all are too large;
    /// says how many bytes are left.
    fn prune(&self, floor: u64) -> io::Result<u64> {
        let mut found = Vec::new();
        for (number, path) in super::reader::segments(&self.dir)? {
            let meta = fs::metadata(&path)?;
            let age = meta.modified().ok().and_then(|at| SystemTime::now().duration_since(at).ok());
            found.push((number, path, meta.len(), age.unwrap_or_default()));
        }
        let mut bytes: u64 = found.iter().map(|(_, _, length, _)| length).sum();
        for (number, path, length, age) in found {
            let is_needed = floor <= number || self.number <= number;
            let is_kept = age < self.settings.age_min && bytes <= self.settings.bytes_max;
            if !is_needed && !is_kept {
                fs::remove_file(&path)?;
                bytes -= length;
            }
        }
        Ok(bytes)
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

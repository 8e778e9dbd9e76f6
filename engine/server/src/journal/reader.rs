//! Reading a journal back: after a crash, or to look at it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};
use std::{fs, io};

use thiserror::Error;
use types::{CallId, WallTime};

use super::{Entry, HEADER, Kept, Kind};

/// A journal file that is damaged, not merely torn at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// It does not begin as one.
    #[error("is no journal file of this version")]
    Header,
    /// A record's length makes no sense.
    #[error("a record's length makes no sense")]
    Length,
    /// A record's bytes are not those that were written.
    #[error("a record's checksum is wrong")]
    Checksum,
    /// A record of a kind this version does not know.
    #[error("a record's kind is unknown")]
    Kind,
}

/// Reads a journal's entries, file by file, oldest first.
#[derive(Debug)]
pub struct JournalReader {
    files: std::vec::IntoIter<(u64, PathBuf)>,
    bytes: Vec<u8>,
    at: usize,
    /// Files that were damaged, with the offset up to which they were read.
    pub faults: Vec<(PathBuf, usize, Fault)>,
    path: PathBuf,
    segment: u64,
}

impl JournalReader {
    /// Reads the journal in `dir`; one that does not exist yet is empty.
    ///
    /// # Errors
    /// The directory cannot be listed.
    pub fn open(dir: &Path) -> io::Result<Self> {
        let files = if dir.exists() { segments(dir)? } else { Vec::new() };
        Ok(Self {
            files: files.into_iter(),
            bytes: Vec::new(),
            at: 0,
            faults: Vec::new(),
            path: PathBuf::new(),
            segment: 0,
        })
    }

    /// Reads only the files that were written to since `since`.
    ///
    /// # Errors
    /// The directory cannot be listed.
    pub fn open_since(dir: &Path, since: WallTime) -> io::Result<Self> {
        let mut reader = Self::open(dir)?;
        let since = UNIX_EPOCH + Duration::from_millis(since.as_unix_millis().unsigned_abs());
        let files = reader.files.filter(|(_, path)| {
            // A file whose age is not to be had is read.
            let written = fs::metadata(path).and_then(|meta| meta.modified());
            written.map_or(true, |written| since <= written)
        });
        reader.files = files.collect::<Vec<_>>().into_iter();
        Ok(reader)
    }

    /// The number of the file the last entry stands in.
    pub fn segment(&self) -> u64 {
        self.segment
    }

    /// The next entry. A damaged one is skipped, or, if nothing sound stands behind it, the rest of
    /// its file; the fault is noted.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn next_entry(&mut self) -> io::Result<Option<Entry>> {
        loop {
            match Entry::decode(&self.bytes[self.at..]) {
                Ok(Some((entry, length))) => {
                    self.at += length;
                    return Ok(Some(entry));
                }
                Ok(None) => (),
                Err(fault) => {
                    self.faults.push((self.path.clone(), self.at, fault));
                    if let Some(next) = self.behind_damage() {
                        self.at = next;
                        continue;
                    }
                }
            }
            let Some((segment, path)) = self.files.next() else {
                self.at = self.bytes.len();
                return Ok(None);
            };
            self.bytes = match fs::read(&path) {
                Ok(bytes) => bytes,
                // Listed, and removed since: nobody needed it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => HEADER.to_vec(),
                Err(error) => return Err(error),
            };
            self.path = path;
            self.segment = segment;
            self.at = HEADER.len();
            if !self.bytes.starts_with(&HEADER) {
                // An empty file is one whose header was torn off by a crash.
                if !HEADER.starts_with(&self.bytes) {
                    self.faults.push((self.path.clone(), 0, Fault::Header));
                }
                self.at = self.bytes.len();
            }
        }
    }
}

impl JournalReader {
    /// Where the next sound record stands, if the damaged one at least tells its length.
    fn behind_damage(&self) -> Option<usize> {
        let length = self.bytes.get(self.at..)?.first_chunk().copied().map(u32::from_le_bytes)?;
        let next = self.at.checked_add(8 + length as usize)?;
        let sound = matches!(Entry::decode(self.bytes.get(next..)?), Ok(Some(_)));
        sound.then_some(next)
    }
}

/// A call that began and never ended: its node died.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orphan {
    /// Which.
    pub call: CallId,
    /// What was written when it began.
    pub began: Vec<u8>,
    /// Its event log as far as it was committed.
    pub events: Vec<u8>,
}

/// A finished call whose record is nowhere but in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfolded {
    /// Its [`types::CallRecord`] as JSON.
    pub record: Vec<u8>,
    /// Its event log as far as it was committed.
    pub events: Vec<u8>,
}

/// What an earlier process has left in the journal.
#[derive(Debug, Default)]
pub struct Recovered {
    /// Calls that were live when it ended, by id.
    pub live: Vec<Orphan>,
    /// Finished calls whose record was not kept elsewhere yet.
    pub unfolded: Vec<Unfolded>,
    /// Which files are needed for it.
    pub kept: Kept,
}

/// Reads the journal of `dir` for what an earlier process could not finish.
///
/// Cost: all files are read, one after the other; memory holds the logs of unfinished calls.
///
/// # Errors
/// The journal cannot be read.
pub fn recover(dir: &Path) -> io::Result<Recovered> {
    let mut reader = JournalReader::open(dir)?;
    let mut live: BTreeMap<CallId, Orphan> = BTreeMap::new();
    let mut unfolded: BTreeMap<CallId, Unfolded> = BTreeMap::new();
    let mut kept = Kept::default();
    while let Some(entry) = reader.next_entry()? {
        let call = entry.call;
        kept.note(reader.segment(), entry.kind, call);
        match entry.kind {
            Kind::Began => {
                // Written again by a process that goes on with it: then its log stays.
                let events = live.remove(&call).map_or_else(Vec::new, |before| before.events);
                live.insert(call, Orphan { call, began: entry.payload, events });
            }
            Kind::Events => {
                if let Some(orphan) = live.get_mut(&call) {
                    orphan.events.extend_from_slice(&entry.payload);
                }
            }
            Kind::Log => {
                if let Some(orphan) = live.get_mut(&call) {
                    orphan.events = entry.payload;
                }
            }
            Kind::Record => {
                let events = live.remove(&call).map_or_else(Vec::new, |before| before.events);
                unfolded.insert(call, Unfolded { record: entry.payload, events });
            }
            Kind::Closed | Kind::Folded => {
                live.remove(&call);
                unfolded.remove(&call);
            }
            Kind::Webhook | Kind::Refused => (),
        }
    }
    for (path, offset, fault) in &reader.faults {
        tracing::error!(file = %path.display(), offset, %fault, "journal is damaged");
    }
    let unfolded = unfolded.into_values().collect();
    Ok(Recovered { live: live.into_values().collect(), unfolded, kept })
}

/// The calls in the journal of `dir` that were live when their node died.
///
/// # Errors
/// The journal cannot be read.
pub fn orphans(dir: &Path) -> io::Result<Vec<Orphan>> {
    Ok(recover(dir)?.live)
}

/// The journal's files with their numbers, ascending.
pub(super) fn segments(dir: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for item in fs::read_dir(dir)? {
        let path = item?.path();
        let number = path
            .file_name()
            .and_then(|name| name.to_str())
            .and_then(|name| name.strip_suffix(".apexj"))
            .and_then(|digits| digits.parse().ok());
        if let Some(number) = number {
            found.push((number, path));
        }
    }
    found.sort();
    Ok(found)
}

//! What every session of every protocol shares: its number, its faults, its record.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};
use std::time::Duration;

use tokio::time::Instant;
use types::Millis;

use crate::Fault;
use crate::plan::{Delays, Protocol, Punctuality};
use crate::speech::{Found, Lexicon, Listener};

/// How the recognizers know what is said.
#[derive(Clone, Debug)]
pub enum Words {
    /// From audio that says which word it is, made by this lexicon.
    Marked(Arc<Mutex<Lexicon>>),
    /// These sentences, one for each stretch of sound, again from the first after the last: for real
    /// speech, which nobody here understands.
    Scripted(Vec<String>),
}

impl Default for Words {
    fn default() -> Self {
        Self::Marked(Arc::default())
    }
}

impl Words {
    /// The words of marked audio.
    pub(crate) fn found(&self, ear: &mut Listener) -> Vec<(Found, String)> {
        match self {
            Self::Marked(lexicon) => {
                let lexicon = lexicon.lock().unwrap_or_else(PoisonError::into_inner);
                let found = ear.words(&lexicon).into_iter();
                found.map(|found| (found, lexicon.word(found.word).to_owned())).collect()
            }
            Self::Scripted(_) => Vec::new(),
        }
    }
}

/// What one session received and sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionReport {
    /// Of which protocol.
    pub protocol: Protocol,
    /// Which of its sessions, from 0.
    pub number: u64,
    /// What went wrong with it.
    pub faults: Vec<Fault>,
    /// The query of its address.
    pub query: String,
    /// Bytes of audio received.
    pub audio_bytes: u64,
    /// The first of them, as many as are kept.
    pub audio: Vec<u8>,
    /// Text messages received, in order, as they came; a model's whole request.
    pub texts: Vec<String>,
    /// Messages sent.
    pub sent: u64,
    /// When it began.
    pub began: Instant,
    /// When it ended, if it has.
    pub ended: Option<Instant>,
}

/// Text messages kept per session at most; of more only the newest.
const TEXTS_MAX: usize = 1_000;

/// All sessions of a server, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Record {
    audio_kept: usize,
    punctuality: Punctuality,
    sessions: Mutex<Vec<SessionReport>>,
    late: Mutex<Vec<Duration>>,
}

/// Messages whose lateness is kept at most; later ones are sent and not measured.
const LATE_MAX: usize = 4_000_000;

/// Sessions kept on record at most; later ones are served and not recorded.
const SESSIONS_MAX: usize = 100_000;

impl Record {
    /// A record that keeps so many bytes of each session's audio, of sessions that are so punctual.
    pub(crate) fn keeping(audio_kept: usize, punctuality: Punctuality) -> Self {
        Self { audio_kept, punctuality, ..Self::default() }
    }

    pub(crate) fn all(&self) -> Vec<SessionReport> {
        self.lock().clone()
    }

    pub(crate) fn late(&self) -> Vec<Duration> {
        self.late.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<SessionReport>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What goes wrong with a session, also such as befalls it in the middle of its life.
#[derive(Debug)]
pub(crate) struct Fate {
    faults: RwLock<Arc<[Fault]>>,
    /// How far it has come, in what it is for.
    passed: AtomicU32,
}

impl Fate {
    /// These faults befall it now: what counts from its beginning counts from here.
    pub(crate) fn befall(&self, faults: &[Fault]) {
        let passed = Millis::new(self.passed.load(Ordering::Acquire));
        let faults = faults.iter().map(|fault| fault.later(passed));
        *self.faults.write().unwrap_or_else(PoisonError::into_inner) = faults.collect();
    }
}

/// One session as its protocol's module sees it. Dropping it notes its end.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    fate: Arc<Fate>,
    pub(crate) delays: Delays,
    pub(crate) words: Words,
    end: Arc<End>,
}

#[derive(Debug)]
struct End {
    record: Arc<Record>,
    place: usize,
}

impl Drop for End {
    fn drop(&mut self) {
        if let Some(report) = self.record.lock().get_mut(self.place) {
            report.ended = Some(Instant::now());
        }
    }
}

impl Session {
    pub(crate) fn begin(
        record: &Arc<Record>,
        (protocol, number): (Protocol, u64),
        faults: Vec<Fault>,
        delays: Delays,
        words: Words,
    ) -> Self {
        let mut all = record.lock();
        let place = all.len();
        if place < SESSIONS_MAX {
            all.push(SessionReport {
                protocol,
                number,
                faults: faults.clone(),
                query: String::new(),
                audio_bytes: 0,
                audio: Vec::new(),
                texts: Vec::new(),
                sent: 0,
                began: Instant::now(),
                ended: None,
            });
        }
        drop(all);
        let end = Arc::new(End { record: record.clone(), place });
        let fate = Fate { faults: RwLock::new(faults.into()), passed: AtomicU32::new(0) };
        Self { fate: Arc::new(fate), delays, words, end }
    }

    /// Its fate, for as long as it lives.
    pub(crate) fn fate(&self) -> Weak<Fate> {
        Arc::downgrade(&self.fate)
    }

    /// It has come so far: what befalls it from outside counts from here.
    pub(crate) fn note_passed(&self, passed: Millis) {
        self.fate.passed.store(passed.get(), Ordering::Release);
    }

    /// What goes wrong with it.
    pub(crate) fn faults(&self) -> Arc<[Fault]> {
        self.fate.faults.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, note: impl FnOnce(&mut SessionReport)) {
        if let Some(report) = self.end.record.lock().get_mut(self.end.place) {
            note(report);
        }
    }

    pub(crate) fn note_query(&self, query: &str) {
        self.note(|report| query.clone_into(&mut report.query));
    }

    pub(crate) fn note_audio(&self, bytes: &[u8]) {
        let kept = self.end.record.audio_kept;
        self.note(|report| {
            report.audio_bytes += bytes.len() as u64;
            let room = kept.saturating_sub(report.audio.len());
            report.audio.extend_from_slice(&bytes[..room.min(bytes.len())]);
        });
    }

    pub(crate) fn note_text(&self, text: &str) {
        self.note(|report| {
            if report.texts.len() == TEXTS_MAX {
                report.texts.remove(0);
            }
            report.texts.push(text.to_owned());
        });
    }

    /// How exactly it keeps its delays.
    pub(crate) fn punctuality(&self) -> Punctuality {
        self.end.record.punctuality
    }

    /// A message that was due at `due` is being sent.
    pub(crate) fn note_due(&self, due: Instant) {
        let late = Instant::now().saturating_duration_since(due);
        let mut all = self.end.record.late.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() < LATE_MAX {
            all.push(late);
        }
    }

    /// Counts a message that is being sent; its number, from 1.
    pub(crate) fn note_sent(&self) -> u64 {
        let mut sent = 0;
        self.note(|report| {
            report.sent += 1;
            sent = report.sent;
        });
        sent
    }

    /// The first fault that `pick` knows.
    pub(crate) fn fault<T>(&self, pick: impl Fn(Fault) -> Option<T>) -> Option<T> {
        self.faults().iter().copied().find_map(pick)
    }

    /// Whether it has a fault.
    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.faults().contains(&fault)
    }

    /// Whether the message that is the so many-th is to be nothing that could be read.
    pub(crate) fn is_malformed(&self, sent: u64) -> bool {
        self.faults().iter().any(|fault| {
            matches!(fault, Fault::Malformed { every } if sent.is_multiple_of(u64::from((*every).max(1))))
        })
    }

    /// `delay`, slowed down as planned.
    pub(crate) fn slowed(&self, delay: Millis) -> Duration {
        let by = self.fault(|fault| if let Fault::Slow { by } = fault { Some(by) } else { None });
        Duration::from_millis(u64::from((delay + by.unwrap_or(Millis::ZERO)).get()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_befalls_a_session_counts_from_then() {
        let (record, planned) = (Arc::<Record>::default(), vec![Fault::Unknown]);
        let of = (Protocol::Cartesia, 0);
        let session = Session::begin(&record, of, planned, Delays::NONE, Words::default());
        let fate = session.clone().fate();
        session.note_passed(Millis::new(2_000));
        let after = Millis::new(300);
        fate.upgrade().unwrap().befall(&[Fault::Drop { after }, Fault::WrongOrder]);
        let later = Fault::Drop { after: Millis::new(2_300) };
        assert_eq!(*session.faults(), [later, Fault::WrongOrder]);
        drop(session);
        assert!(fate.upgrade().is_none(), "it is over");
    }
}

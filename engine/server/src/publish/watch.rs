//! Notices that business files changed, and publishes.
//!
//! Three ways, so that none is trusted alone: the system's file events on the directory, debounced;
//! a comparison every few seconds, because events get lost on network and container mounts; and an
//! order (SIGHUP, an admin).

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use thiserror::Error;
use types::Millis;

use super::Publisher;

/// One waiting signal is enough: the files are read when it is taken.
const SIGNALS_MAX: usize = 1;

/// However long the files keep changing, they are read after this many quiet times.
const DEBOUNCES_MAX: u32 = 8;

/// A watch that cannot be started.
#[derive(Debug, Error)]
#[error("the system has no thread left to watch business files")]
pub struct WatchError;

/// A running watch. Ends when dropped.
#[derive(Debug)]
pub struct Watch {
    signals: SyncSender<()>,
    stopped: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Watches the publisher's directory: changes are read after `debounce` of quiet, and every
    /// `poll` the files are compared regardless.
    ///
    /// # Errors
    /// [`WatchError`]. A directory whose events cannot be had is polled only, and that is logged.
    pub fn start(
        publisher: Arc<Publisher>,
        debounce: Millis,
        poll: Millis,
    ) -> Result<Self, WatchError> {
        let (signals, inbox) = sync_channel(SIGNALS_MAX);
        let stopped = Arc::new(AtomicBool::new(false));
        let events = watch_events(publisher.path(), signals.clone());
        if events.is_none() {
            tracing::warn!(path = %publisher.path().display(), "no file events here: polling only");
        }
        // What changed before events were on is seen by a first look.
        signal(&signals);
        let stop = stopped.clone();
        let thread = std::thread::Builder::new()
            .name("publish".into())
            .spawn(move || {
                // Events end with the thread that acts on them.
                let _events = events;
                follow(&publisher, &inbox, &stop, (span(debounce), span(poll)));
            })
            .map_err(|_| WatchError)?;
        Ok(Self { signals, stopped, thread: Some(thread) })
    }

    /// Publishes soon, whether or not a file seems to have changed.
    pub fn trigger(&self) {
        signal(&self.signals);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        signal(&self.signals);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the publishing thread had died");
        }
    }
}

fn span(span: Millis) -> Duration {
    Duration::from_micros(span.as_micros())
}

/// Leaves a signal; if one waits already, that one will do.
fn signal(signals: &SyncSender<()>) {
    match signals.try_send(()) {
        Ok(()) | Err(TrySendError::Full(()) | TrySendError::Disconnected(())) => (),
    }
}

/// Signals every event of `dir`; container mounts swap a link in it, so every event counts.
fn watch_events(dir: &Path, signals: SyncSender<()>) -> Option<RecommendedWatcher> {
    let on_event = move |event: notify::Result<notify::Event>| {
        // Reading the files is an event, too: it must not make us read them again.
        if !event.is_ok_and(|event| event.kind.is_access()) {
            signal(&signals);
        }
    };
    let mut watcher = notify::recommended_watcher(on_event).ok()?;
    watcher.watch(dir, RecursiveMode::NonRecursive).ok()?;
    Some(watcher)
}

fn follow(
    publisher: &Publisher,
    inbox: &Receiver<()>,
    stopped: &AtomicBool,
    (debounce, poll): (Duration, Duration),
) {
    let mut seen = fingerprint(publisher.path());
    while !stopped.load(Ordering::SeqCst) {
        match inbox.recv_timeout(poll) {
            Ok(()) => wait_for_quiet(inbox, debounce),
            Err(RecvTimeoutError::Timeout) => {
                let now = fingerprint(publisher.path());
                if now == seen {
                    continue;
                }
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
        if stopped.load(Ordering::SeqCst) {
            return;
        }
        // Taken before reading: a change in between shows at the next look.
        seen = fingerprint(publisher.path());
        if let Err(error) = publisher.publish() {
            tracing::error!(%error, "nothing published");
        }
    }
}

/// Waits until no signal has come for `debounce`, but not forever.
fn wait_for_quiet(inbox: &Receiver<()>, debounce: Duration) {
    let give_up = Instant::now() + debounce * DEBOUNCES_MAX;
    while Instant::now() < give_up && inbox.recv_timeout(debounce).is_ok() {}
}

/// What can be told of the files without reading them. Links are followed: a swapped link shows.
fn fingerprint(dir: &Path) -> Vec<(PathBuf, u64, Option<SystemTime>)> {
    let Ok(items) = std::fs::read_dir(dir) else { return Vec::new() };
    let paths = items.filter_map(|item| item.ok().map(|item| item.path()));
    let toml = paths.filter(|path| path.extension().is_some_and(|end| end == "toml"));
    let mut files: Vec<_> = toml
        .filter_map(|path| {
            let about = std::fs::metadata(&path).ok()?;
            Some((path, about.len(), about.modified().ok()))
        })
        .collect();
    files.sort();
    files
}

//! Whether the machine had a core for the engine when it needed one: what of a late answer is the
//! machine's.

use std::collections::HashMap;
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use types::Millis;
use wire::telnyx::WallMicros;

use super::round::now;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Looks kept: half an hour.
const LOOKS_MAX: usize = 36_000;

/// One look: when, and how long threads had waited in all by then, in nanoseconds.
type Look = (WallMicros, u64);

/// Watches how long the engine's threads wait for a core.
#[derive(Debug)]
pub(super) struct Cores {
    pid: Arc<AtomicU32>,
    looks: Arc<Mutex<Vec<Look>>>,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Cores {
    /// Begins to watch.
    ///
    /// # Errors
    /// The system has no thread left.
    pub(super) fn watch() -> std::io::Result<Self> {
        let (pid, looks) = (Arc::new(AtomicU32::new(0)), Arc::new(Mutex::new(Vec::new())));
        let is_over = Arc::new(AtomicBool::new(false));
        let shared = (pid.clone(), looks.clone(), is_over.clone());
        let thread = std::thread::Builder::new().name("cores".to_owned()).spawn(move || {
            let (pid, looks, is_over) = shared;
            let (mut before, mut total) = (HashMap::new(), 0);
            while !is_over.load(Ordering::Relaxed) {
                total += worst(&mut before, waits(pid.load(Ordering::Relaxed)));
                let mut looks = looks.lock().unwrap_or_else(PoisonError::into_inner);
                if looks.len() == LOOKS_MAX {
                    looks.drain(..LOOKS_MAX / 2);
                }
                looks.push((now(), total));
                drop(looks);
                std::thread::sleep(LOOK_EVERY);
            }
        })?;
        Ok(Self { pid, looks, is_over, thread: Some(thread) })
    }

    /// The engine is this process from now on.
    pub(super) fn follow(&self, pid: u32) {
        self.pid.store(pid, Ordering::Relaxed);
    }

    /// How long the engine went without a core between two moments.
    pub(super) fn starved(&self, from: WallMicros, to: WallMicros) -> Millis {
        let looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        between(&looks, from, to)
    }
}

impl Drop for Cores {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::debug!("nobody watches the cores any more");
        }
    }
}

fn between(looks: &[Look], from: WallMicros, to: WallMicros) -> Millis {
    let total_at = |at: WallMicros| {
        let behind = looks.partition_point(|(look, _)| *look <= at);
        looks.get(behind).or(looks.last()).map_or(0, |(_, total)| *total)
    };
    let nanos = total_at(to).saturating_sub(total_at(from));
    Millis::new(u32::try_from(nanos / 1_000_000).unwrap_or(u32::MAX))
}

/// What the thread that waited longest since the last look has waited.
fn worst(before: &mut HashMap<u32, u64>, waits: HashMap<u32, u64>) -> u64 {
    let grown = |(thread, wait): (&u32, &u64)| wait.checked_sub(*before.get(thread)?);
    let worst = waits.iter().filter_map(grown).max().unwrap_or(0);
    *before = waits;
    worst
}

/// How long each thread of a process has stood in the run queue in all, in nanoseconds
/// (Linux, Documentation/scheduler/sched-stats.rst). Empty where the system does not tell.
fn waits(pid: u32) -> HashMap<u32, u64> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return HashMap::new() };
    let wait = |thread: fs::DirEntry| {
        let id = thread.file_name().to_str()?.parse().ok()?;
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        Some((id, text.split_whitespace().nth(1)?.parse().ok()?))
    };
    threads.filter_map(|thread| wait(thread.ok()?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thread_that_waited_longest_counts() {
        let mut before = HashMap::new();
        assert_eq!(worst(&mut before, HashMap::from([(1, 500), (2, 700)])), 0, "known from now on");
        assert_eq!(worst(&mut before, HashMap::from([(1, 900), (2, 800)])), 400);
        assert_eq!(worst(&mut before, HashMap::from([(2, 850), (3, 9_000)])), 50, "3 is new");
    }

    #[test]
    fn a_span_is_told_by_the_looks_around_it() {
        let at = |ms: i64| WallMicros::from_unix_micros(ms * 1_000);
        let looks = [(at(0), 0), (at(50), 5_000_000), (at(100), 40_000_000), (at(150), 41_000_000)];
        assert_eq!(between(&looks, at(10), at(90)), Millis::new(35));
        assert_eq!(between(&looks, at(120), at(900)), Millis::ZERO);
        assert_eq!(between(&[], at(0), at(1)), Millis::ZERO);
    }
}

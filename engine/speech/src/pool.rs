//! The threads that run models: few, bounded, and never in the way of the media threads.
//!
//! Work comes in classes, and under pressure the lower ones go first: a partial or a speculation is
//! only ever a convenience, a final never is. Which job runs next and which goes is decided in
//! `Queue`, which knows no threads.

use std::cell::Cell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::hearing::Pace;
use crate::session::on_inference_thread;

/// Jobs that may wait. A session has at most one of each class waiting, so this is reached with
/// well over a hundred busy calls, which no machine of ours decodes in time anyway.
pub const QUEUE_JOBS_MAX: usize = 512;

/// Jobs that may wait for each worker before it hurries: three careful decodes of 0.1 s each are
/// what the shortest endpoint delay leaves room for.
const JOBS_IN_PEACE: usize = 3;

/// How much less of a processor a worker gets than a media thread, if both want it: a step of
/// niceness is worth a factor of 1.25 (sched(7)), so media threads outweigh workers 3 to 1, and
/// preempt them when they wake.
const NICENESS: i32 = 5;

/// What a job is worth, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobClass {
    /// The words of a turn that is over: the caller waits.
    Final,
    /// Speech for the caller.
    Voice,
    /// Words decoded in a pause that may be the end of the turn.
    Speculation,
    /// Another reading of words that a better job decodes.
    Second,
    /// Words so far.
    Partial,
}

impl JobClass {
    const COUNT: usize = 5;

    const fn index(self) -> usize {
        match self {
            Self::Final => 0,
            Self::Voice => 1,
            Self::Speculation => 2,
            Self::Second => 3,
            Self::Partial => 4,
        }
    }
}

/// Why a job did not do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobFailure {
    /// There was no room for it.
    Shed,
    /// It panicked.
    Panicked,
}

/// A piece of work. Exactly one of `run` and `fail(Shed)` is called; `fail(Panicked)` follows a
/// `run` that panicked.
pub trait Job: Send {
    /// Does the work.
    fn run(&mut self);

    /// Tells whoever waits that nothing comes of it.
    fn fail(&mut self, failure: JobFailure);
}

/// What the pool has done so far, and what waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolCounters {
    /// Jobs waiting now.
    pub queue_depth: usize,
    /// Jobs done.
    pub jobs: u64,
    /// Partials that were shed.
    pub partials_dropped: u64,
    /// Speculations that were shed.
    pub speculations_dropped: u64,
    /// Pieces of speech that were refused.
    pub voices_refused: u64,
    /// Second readings that were left out because too much waited, or shed.
    pub seconds_dropped: u64,
    /// Turns whose words were decoded the fast way because too much waited ([`WorkerPool::pace`]).
    pub finals_hurried: u64,
    /// Finals that were refused: only ever with [`QUEUE_JOBS_MAX`] finals waiting.
    pub finals_refused: u64,
    /// Jobs that panicked.
    pub panics: u64,
}

/// Threads that take [`Job`]s by class, first come first served within a class.
pub struct WorkerPool {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    queue: Mutex<Queue>,
    wake: Condvar,
    jobs: AtomicU64,
    panics: AtomicU64,
    hurried: AtomicU64,
    seconds_dropped: AtomicU64,
    /// By class.
    shed: [AtomicU64; JobClass::COUNT],
}

impl WorkerPool {
    /// A pool of `threads` threads, at least one, of lowered priority.
    pub fn new(threads: usize) -> Arc<Self> {
        let shared = Arc::new(Shared {
            queue: Mutex::new(Queue::new(QUEUE_JOBS_MAX)),
            wake: Condvar::new(),
            jobs: AtomicU64::new(0),
            panics: AtomicU64::new(0),
            hurried: AtomicU64::new(0),
            seconds_dropped: AtomicU64::new(0),
            shed: [const { AtomicU64::new(0) }; JobClass::COUNT],
        });
        let spawn = |number: usize| {
            let shared = Arc::clone(&shared);
            std::thread::Builder::new()
                .name(format!("speech-{number}"))
                .spawn(move || on_inference_thread(|| work(&shared)))
                .expect("a thread can be started while the process starts")
        };
        let threads = (0..threads.max(1)).map(spawn).collect();
        Arc::new(Self { shared, threads })
    }

    /// Queues `job`, or fails it or another one if there is no room. Never blocks for long.
    pub fn submit(&self, class: JobClass, job: Box<dyn Job>) {
        let shed = self.shared.lock().push(class, job);
        match shed {
            Some((class, mut job)) => {
                self.shared.shed[class.index()].fetch_add(1, Ordering::Relaxed);
                job.fail(JobFailure::Shed);
                // The queue was full, so its workers are awake.
            }
            None => self.shared.wake.notify_one(),
        }
    }

    /// How much time a worker may take for the words of one turn, by what waits for the workers:
    /// nobody's words shall come late because somebody else's are heard with more care. Counts
    /// each time there is a hurry.
    pub fn pace(&self) -> Pace {
        if self.is_at_peace() {
            return Pace::Careful;
        }
        self.shared.hurried.fetch_add(1, Ordering::Relaxed);
        Pace::Hurried
    }

    /// Whether too much waits for a second reading of anything. Counts each time it is asked and so.
    pub fn is_pressed(&self) -> bool {
        let is_pressed = !self.is_at_peace();
        if is_pressed {
            self.shared.seconds_dropped.fetch_add(1, Ordering::Relaxed);
        }
        is_pressed
    }

    fn is_at_peace(&self) -> bool {
        self.shared.lock().waiting_for_it() < JOBS_IN_PEACE * self.threads.len()
    }

    /// What has been done so far.
    pub fn counters(&self) -> PoolCounters {
        let shared = &self.shared;
        let shed = |class: JobClass| shared.shed[class.index()].load(Ordering::Relaxed);
        PoolCounters {
            queue_depth: shared.lock().len(),
            jobs: shared.jobs.load(Ordering::Relaxed),
            partials_dropped: shed(JobClass::Partial),
            speculations_dropped: shed(JobClass::Speculation),
            seconds_dropped: shared.seconds_dropped.load(Ordering::Relaxed)
                + shed(JobClass::Second),
            voices_refused: shed(JobClass::Voice),
            finals_hurried: shared.hurried.load(Ordering::Relaxed),
            finals_refused: shed(JobClass::Final),
            panics: shared.panics.load(Ordering::Relaxed),
        }
    }
}

impl Drop for WorkerPool {
    /// Jobs that wait are failed, those that run are finished.
    fn drop(&mut self) {
        let waiting = self.shared.lock().close();
        for mut job in waiting {
            job.fail(JobFailure::Shed);
        }
        self.shared.wake.notify_all();
        // A job may hold the last handle of the pool: a worker cannot wait for itself.
        if !IS_WORKER.get() {
            for thread in self.threads.drain(..) {
                let _ = thread.join();
            }
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        // Nothing that can panic runs under this lock.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

thread_local! {
    /// Whether this thread runs jobs.
    static IS_WORKER: Cell<bool> = const { Cell::new(false) };
}

fn work(shared: &Shared) {
    IS_WORKER.set(true);
    lower_priority();
    while let Some(mut job) = next(shared) {
        // A job that panics is told so and dropped, whatever state it is in.
        if catch_unwind(AssertUnwindSafe(|| job.run())).is_err() {
            shared.panics.fetch_add(1, Ordering::Relaxed);
            let _ = catch_unwind(AssertUnwindSafe(|| job.fail(JobFailure::Panicked)));
        }
        shared.jobs.fetch_add(1, Ordering::Relaxed);
        // Dropping what it held may panic as well.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(job)));
    }
}

/// The next job, as soon as there is one; `None` when the pool goes.
fn next(shared: &Shared) -> Option<Box<dyn Job>> {
    let mut queue = shared.lock();
    loop {
        if let Some(job) = queue.pop() {
            return Some(job);
        }
        if queue.closed {
            return None;
        }
        queue = shared.wake.wait(queue).unwrap_or_else(PoisonError::into_inner);
    }
}

/// Has the calling thread yield to media threads, as a worker does.
pub fn lower_priority() {
    // Linux counts niceness per thread (setpriority(2)). Without it the pool works all the same.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, NICENESS);
}

/// What waits, by class, and who goes when there is no room.
struct Queue {
    waiting: [VecDeque<Box<dyn Job>>; JobClass::COUNT],
    jobs_max: usize,
    closed: bool,
}

impl Queue {
    fn new(jobs_max: usize) -> Self {
        Self { waiting: Default::default(), jobs_max, closed: false }
    }

    fn len(&self) -> usize {
        self.waiting.iter().map(VecDeque::len).sum()
    }

    /// How many jobs somebody waits for, or soon will.
    fn waiting_for_it(&self) -> usize {
        let waiting = |class: JobClass| self.waiting[class.index()].len();
        self.len() - waiting(JobClass::Partial) - waiting(JobClass::Second)
    }

    /// Takes `job` in. Gives back the job that has to go for it, which may be `job` itself: the
    /// oldest partial, else the oldest second reading, else the oldest speculation, else (for a final) the newest piece of speech.
    fn push(&mut self, class: JobClass, job: Box<dyn Job>) -> Option<(JobClass, Box<dyn Job>)> {
        if self.closed {
            return Some((class, job));
        }
        let mut shed = None;
        if self.jobs_max <= self.len() {
            shed = self.make_room(class);
            if shed.is_none() {
                return Some((class, job));
            }
        }
        self.waiting[class.index()].push_back(job);
        shed
    }

    fn make_room(&mut self, class: JobClass) -> Option<(JobClass, Box<dyn Job>)> {
        for lower in [JobClass::Partial, JobClass::Second, JobClass::Speculation] {
            // A newer partial is worth no more than an older one: that one is closer to its turn.
            if class < lower
                && let Some(job) = self.waiting[lower.index()].pop_front()
            {
                return Some((lower, job));
            }
        }
        if class == JobClass::Final {
            let job = self.waiting[JobClass::Voice.index()].pop_back()?;
            return Some((JobClass::Voice, job));
        }
        None
    }

    fn pop(&mut self) -> Option<Box<dyn Job>> {
        self.waiting.iter_mut().find_map(VecDeque::pop_front)
    }

    fn close(&mut self) -> Vec<Box<dyn Job>> {
        self.closed = true;
        self.waiting.iter_mut().flat_map(|waiting| waiting.drain(..)).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{SyncSender, sync_channel};

    use super::*;

    /// Sends its name when it runs, its name and a `!` when it fails.
    struct Named {
        name: &'static str,
        out: SyncSender<String>,
    }

    impl Job for Named {
        fn run(&mut self) {
            assert!(!self.name.starts_with("panic"), "as told");
            self.out.send(self.name.into()).unwrap();
        }

        fn fail(&mut self, failure: JobFailure) {
            let mark = match failure {
                JobFailure::Shed => "!",
                JobFailure::Panicked => "?",
            };
            self.out.send(format!("{}{mark}", self.name)).unwrap();
        }
    }

    /// Fills a queue of three with rows of (class, name); returns what was shed, then what is left
    /// in the order it would run.
    fn check(rows: &[(JobClass, &'static str)], expected: &str) {
        let (out, results) = sync_channel(64);
        let mut queue = Queue::new(3);
        for &(class, name) in rows {
            let job = Box::new(Named { name, out: out.clone() });
            if let Some((_, mut shed)) = queue.push(class, job) {
                shed.fail(JobFailure::Shed);
            }
        }
        assert!(queue.len() <= 3);
        while let Some(mut job) = queue.pop() {
            job.run();
        }
        assert_eq!(results.try_iter().collect::<Vec<_>>().join(" "), expected);
    }

    #[test]
    fn lower_classes_go_first_and_run_last() {
        use JobClass::{Final, Partial, Speculation, Voice};
        check(&[(Partial, "p"), (Voice, "v"), (Final, "f")], "f v p");
        check(
            &[(Partial, "p1"), (Partial, "p2"), (Partial, "p3"), (Partial, "p4")],
            "p4! p1 p2 p3",
        );
        check(&[(Partial, "p1"), (Speculation, "s"), (Partial, "p2"), (Final, "f")], "p1! f s p2");
        check(&[(Speculation, "s"), (Voice, "v1"), (Voice, "v2"), (Voice, "v3")], "s! v1 v2 v3");
        check(&[(Voice, "v1"), (Voice, "v2"), (Voice, "v3"), (Voice, "v4")], "v4! v1 v2 v3");
        check(&[(Voice, "v1"), (Voice, "v2"), (Voice, "v3"), (Final, "f")], "v3! f v1 v2");
        check(&[(Final, "f1"), (Final, "f2"), (Final, "f3"), (Voice, "v")], "v! f1 f2 f3");
        check(&[(Final, "f1"), (Final, "f2"), (Final, "f3"), (Final, "f4")], "f4! f1 f2 f3");
    }

    #[test]
    fn a_panicking_job_fails_alone() {
        let (out, results) = sync_channel(64);
        let pool = WorkerPool::new(1);
        for name in ["a", "panic", "b"] {
            pool.submit(JobClass::Final, Box::new(Named { name, out: out.clone() }));
        }
        let order: Vec<String> = results.iter().take(3).collect();
        assert_eq!(order, ["a", "panic?", "b"]);
        drop(pool);
    }

    /// Tells that it has started, then waits for leave to end.
    struct Block {
        started: SyncSender<String>,
        go: Arc<Mutex<()>>,
    }

    impl Job for Block {
        fn run(&mut self) {
            self.started.send("started".into()).unwrap();
            drop(self.go.lock());
        }

        fn fail(&mut self, _: JobFailure) {}
    }

    #[test]
    fn a_queue_of_waiting_callers_makes_a_hurry() {
        let (out, results) = sync_channel(64);
        let go = Arc::new(Mutex::new(()));
        let held = go.lock().unwrap();
        let pool = WorkerPool::new(1);
        let block = Block { started: out.clone(), go: Arc::clone(&go) };
        pool.submit(JobClass::Final, Box::new(block));
        assert_eq!(results.recv().unwrap(), "started");
        let submit = |class, name| pool.submit(class, Box::new(Named { name, out: out.clone() }));
        for _ in 0..JOBS_IN_PEACE {
            assert_eq!(pool.pace(), Pace::Careful);
            // Nobody waits for words so far.
            submit(JobClass::Partial, "p");
            submit(JobClass::Final, "f");
        }
        assert_eq!((pool.pace(), pool.counters().finals_hurried), (Pace::Hurried, 1));
        drop(held);
    }

    #[test]
    fn a_pool_that_goes_fails_what_waits() {
        let (out, results) = sync_channel(64);
        let go = Arc::new(Mutex::new(()));
        let held = go.lock().unwrap();
        let pool = WorkerPool::new(1);
        let block = Block { started: out.clone(), go: Arc::clone(&go) };
        pool.submit(JobClass::Final, Box::new(block));
        assert_eq!(results.recv().unwrap(), "started");
        pool.submit(JobClass::Voice, Box::new(Named { name: "late", out: out.clone() }));
        assert_eq!(pool.counters().queue_depth, 1);
        let dropped = std::thread::spawn(move || drop(pool));
        assert_eq!(results.recv().unwrap(), "late!");
        drop(held);
        dropped.join().unwrap();
    }
}

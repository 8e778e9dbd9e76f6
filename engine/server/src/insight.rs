//! What callers' words mean, for the built-in brain: the model at work on the threads for inference,
//! and what the rows of each business mean, worked out beforehand on a thread of its own.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use directory::Directory;
use frontdesk::{General, Insight, Meanings, Then};
use speech::{
    Job, JobClass, JobFailure, ModelDir, Sentences, WorkerPool, lower_priority, on_inference_thread,
};
use types::{AgentConfig, Facts};
use vendor::Meaning;

use crate::config::MeaningModel;
use crate::telemetry::Telemetry;

/// A caller does not notice so much more before a reply; then the rules alone answer.
const SEEK_LIMIT: Duration = Duration::from_millis(30);

/// How long the thread that works out rows waits for calls to be served first.
const YIELD: Duration = Duration::from_millis(20);

/// The model that is set, if its files are there; says what is given up if not.
pub fn load(models: &ModelDir, choice: MeaningModel) -> Option<Arc<dyn Meaning>> {
    match choice {
        MeaningModel::None => None,
        MeaningModel::Minilm => match Sentences::load(models.root()) {
            Ok(sentences) => Some(Arc::new(sentences)),
            Err(error) => {
                tracing::warn!(%error, "questions are understood by their words alone");
                None
            }
        },
    }
}

/// Meanings for calls: never waits, and is never waited for.
pub struct Seer {
    model: Arc<dyn Meaning>,
    pool: Arc<WorkerPool>,
    library: Arc<Library>,
    telemetry: Telemetry,
    thread: Option<JoinHandle<()>>,
}

/// What rows mean, by where their facts lie.
type Shelf<Facts> = HashMap<usize, (Facts, Arc<Meanings>)>;

/// What rows mean, by business.
#[derive(Default)]
struct Library {
    /// An entry keeps the place of its facts taken as long as it stands here.
    known: Mutex<Shelf<Weak<Facts>>>,
    wanted: Mutex<Wanted>,
    wake: Condvar,
}

/// What is to be worked out: the latest of everything, so nothing ever queues up.
#[derive(Default)]
struct Wanted {
    facts: Vec<Weak<Facts>>,
    over: bool,
}

impl Seer {
    /// Starts the thread that works out what rows mean.
    pub fn start(model: Arc<dyn Meaning>, pool: Arc<WorkerPool>) -> Self {
        let library = Arc::new(Library::default());
        let (mind, shelves, workers) = (model.clone(), library.clone(), pool.clone());
        let work = move || {
            lower_priority();
            shelves.fill(&*mind, &workers);
        };
        let thread = std::thread::Builder::new()
            .name("meanings".into())
            .spawn(move || on_inference_thread(work))
            .expect("a thread can be started while the process starts");
        Self { model, pool, library, telemetry: Telemetry::new(), thread: Some(thread) }
    }

    /// Works out, in the background, what the rows of all businesses of `next` mean that it does
    /// not know yet; forgets those of businesses that are gone.
    pub fn prepare(&self, next: &Directory) {
        let agents = next.businesses().flat_map(|business| &business.agents);
        let mut facts: Vec<Weak<Facts>> = Vec::new();
        for agent in agents {
            let own = Arc::downgrade(&agent.facts);
            if !facts.iter().any(|known| known.ptr_eq(&own)) {
                facts.push(own);
            }
        }
        lock(&self.library.wanted).facts = facts;
        self.library.wake.notify_all();
    }
}

impl Insight for Seer {
    fn meanings(&self, agent: &AgentConfig) -> Option<Arc<Meanings>> {
        self.library.get(&agent.facts)
    }

    fn seek(&self, text: String, then: Then) {
        let telemetry = self.telemetry.clone();
        let once = Once { then: Mutex::new(Some(then)), began: Instant::now(), telemetry };
        let once = Arc::new(once);
        let late = once.clone();
        let job = Seek { model: self.model.clone(), text, once };
        self.pool.submit(JobClass::Final, Box::new(job));
        // A call's thread has a clock; whoever has none can wait.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                tokio::time::sleep(SEEK_LIMIT).await;
                late.call(None);
            });
        }
    }
}

impl Drop for Seer {
    fn drop(&mut self) {
        lock(&self.library.wanted).over = true;
        self.library.wake.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl std::fmt::Debug for Seer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seer").field("known", &lock(&self.library.known).len()).finish()
    }
}

impl Library {
    fn get(&self, facts: &Arc<Facts>) -> Option<Arc<Meanings>> {
        lock(&self.known).get(&place(facts)).map(|(_, meanings)| meanings.clone())
    }

    /// Works out what is wanted until it is over.
    fn fill(&self, mind: &dyn Meaning, pool: &WorkerPool) {
        let model = Patient { model: mind, pool, library: self };
        let Some(general) = General::of(&model).map(Arc::new) else { return };
        while let Some(facts) = self.next() {
            let began = Instant::now();
            let Some(meanings) = Meanings::of(&facts, general.clone(), &model) else { continue };
            let entry = (Arc::downgrade(&facts), Arc::new(meanings));
            lock(&self.known).insert(place(&facts), entry);
            let took_ms = began.elapsed().as_millis();
            tracing::debug!(took_ms, "the meaning of a business's questions is known");
        }
    }

    /// The next facts to be worked out; `None` when it is over.
    fn next(&self) -> Option<Arc<Facts>> {
        let mut wanted = lock(&self.wanted);
        loop {
            if wanted.over {
                return None;
            }
            {
                let mut known = lock(&self.known);
                known.retain(|_, (facts, _)| facts.strong_count() > 0);
                wanted.facts.retain(|facts| {
                    facts.upgrade().is_some_and(|facts| !known.contains_key(&place(&facts)))
                });
            }
            if let Some(facts) = wanted.facts.pop().and_then(|facts| facts.upgrade()) {
                return Some(facts);
            }
            wanted = self.wake.wait(wanted).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// The model, while nobody on the telephone needs the cores.
struct Patient<'a> {
    model: &'a dyn Meaning,
    pool: &'a WorkerPool,
    library: &'a Library,
}

impl Meaning for Patient<'_> {
    fn embed(&self, text: &str) -> Option<Vec<f32>> {
        let mut wanted = lock(&self.library.wanted);
        if !wanted.over && self.pool.counters().queue_depth > 0 {
            let waited = self.library.wake.wait_timeout(wanted, YIELD);
            wanted = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        if wanted.over {
            return None;
        }
        drop(wanted);
        self.model.embed(text)
    }
}

/// Something to be called once, by whoever comes first.
struct Once {
    then: Mutex<Option<Then>>,
    began: Instant,
    telemetry: Telemetry,
}

impl Once {
    fn call(&self, direction: Option<Vec<f32>>) {
        let then = lock(&self.then).take();
        if let Some(then) = then {
            if direction.is_none() {
                self.telemetry.meanings_missed.increment(1);
            }
            let took_ms = self.began.elapsed().as_secs_f64() * 1e3;
            self.telemetry.meaning_ms.record(took_ms);
            then(direction);
        }
    }

    fn is_called(&self) -> bool {
        lock(&self.then).is_none()
    }
}

/// The direction of one question, on a thread for inference.
struct Seek {
    model: Arc<dyn Meaning>,
    text: String,
    once: Arc<Once>,
}

impl Job for Seek {
    fn run(&mut self) {
        // Too late: the rules have answered.
        if !self.once.is_called() {
            self.once.call(self.model.embed(&self.text));
        }
    }

    fn fail(&mut self, _: JobFailure) {
        self.once.call(None);
    }
}

/// Meanings for one question after another, worked out when first asked for: for scoring.
pub struct Reader {
    model: Arc<dyn Meaning>,
    general: Option<Arc<General>>,
    known: Mutex<Shelf<Arc<Facts>>>,
}

impl Reader {
    /// A reader with `model`.
    pub fn new(model: Arc<dyn Meaning>) -> Self {
        let general = on_inference_thread(|| General::of(&*model)).map(Arc::new);
        Self { model, general, known: Mutex::default() }
    }
}

impl Insight for Reader {
    fn meanings(&self, agent: &AgentConfig) -> Option<Arc<Meanings>> {
        let mut known = lock(&self.known);
        if let Some((_, meanings)) = known.get(&place(&agent.facts)) {
            return Some(meanings.clone());
        }
        let general = self.general.clone()?;
        let meanings = on_inference_thread(|| Meanings::of(&agent.facts, general, &*self.model))?;
        let meanings = Arc::new(meanings);
        known.insert(place(&agent.facts), (agent.facts.clone(), meanings.clone()));
        Some(meanings)
    }

    fn seek(&self, text: String, then: Then) {
        then(self.model.embed(&text));
    }
}

fn place(facts: &Arc<Facts>) -> usize {
    Arc::as_ptr(facts) as usize
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What stands under these locks is whole at any moment.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    use super::*;

    /// A direction for any text, when it is let go.
    struct Gate {
        began: SyncSender<()>,
        go: Mutex<Receiver<()>>,
    }

    impl Meaning for Gate {
        fn embed(&self, _: &str) -> Option<Vec<f32>> {
            let _ = self.began.try_send(());
            let _ = self.go.lock().unwrap().recv();
            Some(vec![1.0])
        }
    }

    /// A direction for any text, at once.
    struct Any;

    impl Meaning for Any {
        fn embed(&self, text: &str) -> Option<Vec<f32>> {
            Some(vec![text.len() as f32, 1.0])
        }
    }

    fn tell(out: &SyncSender<Option<Vec<f32>>>) -> Then {
        let out = out.clone();
        Box::new(move |direction| out.send(direction).unwrap())
    }

    #[test]
    fn a_model_that_is_late_is_not_waited_for() {
        let ((began, begun), (go, gate)) = (sync_channel(9), sync_channel::<()>(9));
        let (out, got) = sync_channel(9);
        let pool = WorkerPool::new(1);
        let model = Arc::new(Gate { began, go: Mutex::new(gate) });
        // The thread that works out rows stands at the gate as well.
        let seer = Seer::start(model, pool.clone());
        begun.recv().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let (heard, answer) = tokio::sync::oneshot::channel();
            let out = out.clone();
            let then = move |direction: Option<Vec<f32>>| {
                out.send(direction.clone()).unwrap();
                heard.send(direction).unwrap();
            };
            seer.seek("how much is it".into(), Box::new(then));
            begun.recv().unwrap();
            assert_eq!(answer.await, Ok(None));
        });
        assert_eq!(got.try_recv(), Ok(None));
        drop(go);
        drop(seer);
        drop(pool);
        assert!(got.try_recv().is_err(), "it was called twice");
    }

    #[test]
    fn a_model_in_time_is_heard_once() {
        let (out, got) = sync_channel(9);
        let pool = WorkerPool::new(1);
        let seer = Seer::start(Arc::new(Any), pool.clone());
        seer.seek("four".into(), tell(&out));
        assert_eq!(got.recv(), Ok(Some(vec![4.0, 1.0])));
        drop(seer);
        drop(pool);
        assert!(got.try_recv().is_err());
    }

    #[test]
    fn a_pool_that_goes_leaves_nobody_waiting() {
        let (out, got) = sync_channel(9);
        let telemetry = Telemetry::new();
        let once = Once { then: Mutex::new(Some(tell(&out))), began: Instant::now(), telemetry };
        let once = Arc::new(once);
        let mut job = Seek { model: Arc::new(Any), text: "four".into(), once };
        job.fail(JobFailure::Shed);
        assert_eq!(got.recv(), Ok(None));
        job.run();
        assert!(got.try_recv().is_err());
    }

    #[test]
    fn what_is_known_is_not_worked_out_again_and_what_is_gone_is_forgotten() {
        let (known, new) = (Arc::new(facts()), Arc::new(facts()));
        let library = Library::default();
        let general = Arc::new(General::of(&Any).unwrap());
        let meanings = Arc::new(Meanings::of(&known, general, &Any).unwrap());
        let entry = (Arc::downgrade(&known), meanings);
        lock(&library.known).insert(place(&known), entry);
        lock(&library.wanted).facts = vec![Arc::downgrade(&known), Arc::downgrade(&new)];
        assert!(Arc::ptr_eq(&library.next().unwrap(), &new));
        assert!(library.get(&known).is_some() && library.get(&new).is_none());
        let gone = place(&known);
        drop(known);
        lock(&library.wanted).over = true;
        lock(&library.wanted).facts = vec![Arc::downgrade(&new)];
        assert!(library.next().is_none());
        lock(&library.wanted).over = false;
        assert!(library.next().is_some());
        assert!(!lock(&library.known).contains_key(&gone));
    }

    #[test]
    fn what_is_published_is_known_soon_after() {
        let pool = WorkerPool::new(1);
        let seer = Seer::start(Arc::new(Any), pool);
        let facts = Arc::new(facts());
        lock(&seer.library.wanted).facts = vec![Arc::downgrade(&facts)];
        seer.library.wake.notify_all();
        let until = Instant::now() + Duration::from_secs(60);
        while seer.library.get(&facts).is_none() && Instant::now() < until {
            std::thread::yield_now();
        }
        assert!(seer.library.get(&facts).is_some());
    }

    fn facts() -> Facts {
        Facts {
            name: "Harbor Vet".into(),
            timezone: jiff::tz::TimeZone::UTC,
            hours: types::Hours { week: Default::default(), exceptions: Vec::new() },
            contact: types::Contact {
                address: None,
                directions: None,
                parking: None,
                phone: None,
                email: None,
                website: None,
            },
            services: Vec::new(),
            policies: Vec::new(),
            faqs: Vec::new(),
            staff: Vec::new(),
            escalation: types::Escalation {
                transfer_to: None,
                emergency: None,
                emergency_topics: Vec::new(),
            },
        }
    }
}

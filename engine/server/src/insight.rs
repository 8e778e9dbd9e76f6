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
pub fn load(models: &ModelDir, choice: MeaningModel) -> Option<Arc<Sentences>> {
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
    sentences: Arc<Sentences>,
    pool: Arc<WorkerPool>,
    library: Arc<Library>,
    telemetry: Telemetry,
    thread: Option<JoinHandle<()>>,
}

/// What rows mean, by business.
#[derive(Default)]
struct Library {
    /// By where the facts lie. An entry keeps that place taken as long as it stands here.
    known: Mutex<HashMap<usize, (Weak<Facts>, Arc<Meanings>)>>,
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
    pub fn start(sentences: Arc<Sentences>, pool: Arc<WorkerPool>) -> Self {
        let library = Arc::new(Library::default());
        let (model, shelves, workers) = (sentences.clone(), library.clone(), pool.clone());
        let work = move || {
            lower_priority();
            shelves.fill(&model, &workers);
        };
        let thread = std::thread::Builder::new()
            .name("meanings".into())
            .spawn(move || on_inference_thread(work))
            .expect("a thread can be started while the process starts");
        Self { sentences, pool, library, telemetry: Telemetry::new(), thread: Some(thread) }
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
        let job = Seek { sentences: self.sentences.clone(), text, once };
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
    fn fill(&self, sentences: &Sentences, pool: &WorkerPool) {
        let model = Patient { sentences, pool, library: self };
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
    sentences: &'a Sentences,
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
        Meaning::embed(self.sentences, text)
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
    sentences: Arc<Sentences>,
    text: String,
    once: Arc<Once>,
}

impl Job for Seek {
    fn run(&mut self) {
        // Too late: the rules have answered.
        if !self.once.is_called() {
            self.once.call(Meaning::embed(&*self.sentences, &self.text));
        }
    }

    fn fail(&mut self, _: JobFailure) {
        self.once.call(None);
    }
}

/// Meanings for one question after another, worked out when first asked for: for scoring.
pub struct Reader {
    sentences: Arc<Sentences>,
    general: Option<Arc<General>>,
    known: Mutex<HashMap<usize, (Arc<Facts>, Arc<Meanings>)>>,
}

impl Reader {
    /// A reader with `sentences`.
    pub fn new(sentences: Arc<Sentences>) -> Self {
        let general = on_inference_thread(|| General::of(&*sentences)).map(Arc::new);
        Self { sentences, general, known: Mutex::default() }
    }
}

impl Insight for Reader {
    fn meanings(&self, agent: &AgentConfig) -> Option<Arc<Meanings>> {
        let mut known = lock(&self.known);
        if let Some((_, meanings)) = known.get(&place(&agent.facts)) {
            return Some(meanings.clone());
        }
        let general = self.general.clone()?;
        let meanings =
            on_inference_thread(|| Meanings::of(&agent.facts, general, &*self.sentences))?;
        let meanings = Arc::new(meanings);
        known.insert(place(&agent.facts), (agent.facts.clone(), meanings.clone()));
        Some(meanings)
    }

    fn seek(&self, text: String, then: Then) {
        then(Meaning::embed(&*self.sentences, &text));
    }
}

fn place(facts: &Arc<Facts>) -> usize {
    Arc::as_ptr(facts) as usize
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What stands under these locks is whole at any moment.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

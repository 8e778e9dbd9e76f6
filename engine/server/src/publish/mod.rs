//! Business files into the live directory: read, check, synthesize greetings, swap.

mod files;
mod pinned;
mod watch;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use call::Lines;
use directory::{Directory, LastGood, Mistake, Rules, Source, ToStore};
use thiserror::Error;
use types::{AgentConfig, AgentId, BusinessId, ConfigVersion, E164, SampleRate};

pub use files::read_sources;
pub(crate) use files::write_whole;
pub use watch::{Watch, WatchError};

use pinned::Pinned;

use crate::routes::Snapshot;
use crate::telemetry::Telemetry;

/// The rate greetings are kept at: the voice's own.
pub const GREETING_RATE: SampleRate = SampleRate::Hz24000;

/// Speaks a greeting at publish, so that the first words of a call cost nothing.
pub trait Greeter: Send + Sync {
    /// The audio of `text` at [`GREETING_RATE`]; `None` if it cannot be spoken now, and then the
    /// call's own voice will.
    fn synthesize(&self, text: &str) -> Option<Arc<[i16]>>;

    /// Hears what is about to be published, to get ready for its calls in the background. Never
    /// keeps a publish waiting.
    fn prepare(&self, _next: &Directory) {}
}

/// One version of everything a new call needs.
#[derive(Debug)]
pub struct Published {
    /// Numbers and agents.
    pub directory: Directory,
    /// What first words sound like at [`GREETING_RATE`], by their text.
    greetings: HashMap<String, Arc<[i16]>>,
    /// The file of each business, by the digest it is kept under.
    sources: HashMap<BusinessId, String>,
}

impl Published {
    /// No business yet.
    pub fn empty() -> Self {
        Self { directory: Directory::empty(), greetings: HashMap::new(), sources: HashMap::new() }
    }

    /// The agent that answers `number`.
    pub fn agent_for(&self, number: E164) -> Option<Arc<AgentConfig>> {
        self.directory.agent_for(number)
    }

    /// The name under which the file of `business` is kept in this version.
    pub(crate) fn source(&self, business: BusinessId) -> Option<&String> {
        self.sources.get(&business)
    }

    /// What `text` sounds like, if it is an agent's first words.
    pub fn greeting(&self, text: &str) -> Option<&Arc<[i16]>> {
        self.greetings.get(text)
    }
}

/// The routing table: number to agent, swapped as a whole.
pub type Routes = Snapshot<Published>;

/// What one publish did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The version in force afterwards.
    pub version: ConfigVersion,
    /// Businesses that are new or different.
    pub changed: Vec<BusinessId>,
    /// Businesses that are gone.
    pub removed: Vec<BusinessId>,
    /// Everything wrong with the files.
    pub mistakes: Vec<Mistake>,
}

/// A directory of business files that cannot be read.
#[derive(Debug, Error)]
#[error("business files in {} cannot be read: {source} (create the directory or set directory.path)", path.display())]
pub struct PublishError {
    /// Where they should be.
    pub path: PathBuf,
    /// What the system says.
    #[source]
    pub source: std::io::Error,
}

/// Makes the next version of the routes from the files as they are now. One at a time.
pub struct Publisher {
    path: PathBuf,
    last_good: PathBuf,
    pinned: Pinned,
    rules: Rules,
    greeter: Box<dyn Greeter>,
    routes: Arc<Routes>,
    telemetry: Telemetry,
    turn: Mutex<()>,
}

impl Publisher {
    /// A publisher of the files in `path`, which keeps copies of good ones in `last_good`.
    pub fn new(
        paths: (PathBuf, PathBuf),
        rules: Rules,
        greeter: Box<dyn Greeter>,
        routes: Arc<Routes>,
        telemetry: Telemetry,
    ) -> Self {
        let (path, last_good) = paths;
        let pinned = Pinned::new(last_good.with_file_name("versions"));
        Self { path, last_good, pinned, rules, greeter, routes, telemetry, turn: Mutex::new(()) }
    }

    /// Where the files lie.
    pub fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// Reads all files and puts what is good of them in force. What is bad changes nothing.
    ///
    /// # Errors
    /// [`PublishError`] if the directory itself cannot be read; the routes stay as they are.
    pub fn publish(&self) -> Result<Outcome, PublishError> {
        let _turn = self.turn.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let fail = |source| PublishError { path: self.path.clone(), source };
        let sources = read_sources(&self.path).map_err(fail)?;
        let previous = self.routes.load();
        let cold = previous.directory.businesses().len() == 0;
        let last_good = if cold { files::read_last_good(&self.last_good) } else { Vec::new() };
        let next = directory::publish(&previous.directory, &sources, &last_good, &self.rules);
        for stored in &next.to_store {
            let bytes = LastGood::encode(stored.business, &sources[stored.source]);
            files::store_last_good(&self.last_good, stored.business, &bytes);
        }
        // An empty directory at the start is rather one that is not mounted yet than the end of
        // every business: the copies stay until files are seen again.
        let mounted = !(cold && sources.is_empty());
        for removed in next.removed.iter().filter(|_| mounted) {
            files::remove_last_good(&self.last_good, *removed);
        }
        let outcome = Outcome {
            version: next.directory.version(),
            changed: next.changed,
            removed: next.removed,
            mistakes: next.mistakes,
        };
        self.telemetry.publishes.increment(1);
        self.telemetry.config_mistakes.set(outcome.mistakes.len() as f64);
        if outcome.version != previous.directory.version() {
            let greetings = self.greetings(&previous, &next.directory);
            self.greeter.prepare(&next.directory);
            let kept = (&next.to_store[..], &sources[..], &last_good[..]);
            let sources = self.keep_sources(&previous, &next.directory, kept);
            let published = Published { directory: next.directory, greetings, sources };
            self.routes.publish(Arc::new(published));
        }
        self.report(&outcome, &next.kept);
        Ok(outcome)
    }

    /// The agent as a call began with it: the file called `source`, whatever the files say now.
    pub(crate) fn agent_of(
        &self,
        source: &str,
        business: BusinessId,
        agent: AgentId,
    ) -> Option<Arc<AgentConfig>> {
        self.pinned.agent(source, (business, agent), &self.rules)
    }

    /// Keeps the files of all businesses in force, for calls that outlive this process; the names
    /// they are kept under.
    fn keep_sources(
        &self,
        previous: &Published,
        next: &Directory,
        (to_store, sources, last_good): (&[ToStore], &[Source], &[LastGood]),
    ) -> HashMap<BusinessId, String> {
        let mut names = HashMap::new();
        for business in next.businesses() {
            let id = business.id;
            let stored = to_store.iter().find(|stored| stored.business == id);
            let before = previous.sources.get(&id);
            let name = match (stored, before) {
                (Some(stored), _) => self.pinned.store(id, &sources[stored.source]),
                (None, Some(before)) => Some(before.clone()),
                (None, None) => {
                    let copy = last_good.iter().find(|copy| copy.business == id);
                    copy.and_then(|copy| self.pinned.store(id, &copy.source))
                }
            };
            if let Some(before) = before.filter(|before| name.as_ref() != Some(before)) {
                self.pinned.retire(before);
            }
            names.extend(name.map(|name| (id, name)));
        }
        let gone = previous.sources.iter().filter(|(id, _)| !names.contains_key(id));
        gone.for_each(|(_, name)| self.pinned.retire(name));
        let current: Vec<&str> = names.values().map(String::as_str).collect();
        self.pinned.prune_if_due(&current, Instant::now());
        names
    }

    /// The sound of all first words: what was there before is kept, the rest is synthesized.
    fn greetings(&self, previous: &Published, next: &Directory) -> HashMap<String, Arc<[i16]>> {
        let personas =
            next.businesses().flat_map(|business| &business.agents).map(|agent| &agent.persona);
        let texts = personas
            .flat_map(|persona| std::iter::once(&persona.greeting).chain(&persona.disclosure));
        // After a crash all calls apologize at once: the voice could not keep up.
        let Lines { bridge, go_on, say_again, .. } = Lines::english();
        let apologies = [bridge, go_on, say_again];
        let apologies = apologies.iter().filter(|_| 0 < next.businesses().len());
        let mut greetings = HashMap::new();
        for text in texts.chain(apologies) {
            let sound = match previous.greeting(text) {
                Some(sound) => Some(sound.clone()),
                None if greetings.contains_key(text) => None,
                None => self.greeter.synthesize(text),
            };
            if let Some(sound) = sound {
                greetings.insert(text.clone(), sound);
            }
        }
        greetings
    }

    fn report(&self, outcome: &Outcome, kept: &[directory::BusinessKept]) {
        for mistake in &outcome.mistakes {
            tracing::warn!(%mistake, "business file has a mistake");
        }
        for kept in kept {
            tracing::warn!(business = %kept.business, file = kept.file, "last good version stays");
        }
        tracing::info!(
            version = %outcome.version,
            changed = outcome.changed.len(),
            removed = outcome.removed.len(),
            mistakes = outcome.mistakes.len(),
            "published"
        );
    }
}

impl std::fmt::Debug for Publisher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Publisher").field("path", &self.path).finish_non_exhaustive()
    }
}

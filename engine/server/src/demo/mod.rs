//! The main job shown: an engine, sample businesses, and recorded callers who ring them.
//!
//! Everything runs for real on loopback: the engine as it serves, the callers over the carrier's
//! protocol, a business file edited on disk while a call is up.

mod judge;
mod picture;
mod place;
mod script;
mod view;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant};

use thiserror::Error;
use types::{ConfigVersion, Encoding, Millis};

use crate::config::{Access, ConfigError, EngineConfig};
use crate::engine::{Engine, Given, StartError};
use crate::feed::Feed;
pub use judge::{Asks, LineVerdict, Outcome};
use place::Placed;
pub use script::{DemoCall, DemoLine, DemoScript, Reload, ScriptError};
use view::{Shown, View};

/// Things to show that may wait for the terminal.
const SHOWN_MAX: usize = 4_096;

/// How long a changed file may take to be in force: debounce, read, synthesize, swap.
const RELOAD_LIMIT: Duration = Duration::from_secs(10);

/// What a demo is told.
#[derive(Clone, Debug)]
pub struct DemoOptions {
    /// Where everything it makes goes.
    pub out: PathBuf,
    /// The calls to place.
    pub script: PathBuf,
    /// Where the local models lie.
    pub models: PathBuf,
    /// What the legs carry.
    pub codec: Encoding,
    /// How it is shown.
    pub layout: Layout,
}

/// How a demo is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// On a screen, if there is a terminal.
    #[default]
    Live,
    /// Line by line.
    Lines,
}

/// A demo that could not be given.
#[derive(Debug, Error)]
pub enum DemoError {
    /// The script or a recording cannot be used.
    #[error(transparent)]
    Script(#[from] ScriptError),
    /// The settings made for it are wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The engine does not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A call could not be placed.
    #[error(transparent)]
    Caller(#[from] caller::CallerError),
    /// A call left no record.
    #[error("call {id} left no record in {}", dir.display())]
    NoRecord {
        /// Which call of the script.
        id: String,
        /// Where it was looked for.
        dir: PathBuf,
    },
    /// The changed file did not come into force.
    #[error("the changed price was not in force after {} s", RELOAD_LIMIT.as_secs())]
    NoReload,
    /// A thread of ours died.
    #[error("a call's thread died")]
    Died,
    /// Files cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

impl DemoError {
    fn file(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }
}

/// What came of a demo.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Every question, in order of the script.
    pub lines: Vec<LineVerdict>,
    /// How long the engine took from its start to its first spoken word heard.
    pub first_word: Millis,
}

impl Summary {
    /// Whether every question was answered with the right facts.
    pub fn is_right(&self) -> bool {
        self.questions().all(|line| line.outcome == Outcome::Right)
    }

    /// The lines that ask for facts.
    pub fn questions(&self) -> impl Iterator<Item = &LineVerdict> {
        self.lines.iter().filter(|line| line.asks == Asks::Facts)
    }
}

/// Gives the demo.
///
/// # Errors
/// [`DemoError`]; what was made until then stays in `out`.
pub fn run(options: &DemoOptions) -> Result<Summary, DemoError> {
    let begun = Instant::now();
    let script = DemoScript::read(&options.script)?;
    let config = settings(options)?;
    copy_businesses(&script.businesses, &config.directory.path)?;
    let (feed, notes) = Feed::watched();
    let (shown, inbox) = sync_channel(SHOWN_MAX);
    let view = View::start(inbox, notes, begun, options.layout);
    let state = config.state.clone();
    let engine = Engine::start(config, Given { feed, ..Given::default() })?;
    tell(&shown, Shown::Started { media: engine.media, control: engine.control });
    let placed = place_all(&script, options, &engine, &shown);
    engine.stop(Millis::from_secs(5));
    let placed = placed?;
    let lines = judge::judge_all(&script, &placed, &state)?;
    for call in &placed {
        picture::write_call(&script, call, &state, &options.out)?;
    }
    let first_word = placed.first().map_or(Millis::ZERO, |call| call.first_word);
    let summary = Summary { lines, first_word };
    tell(&shown, Shown::Summary(Box::new(summary.clone()), options.out.clone()));
    drop(shown);
    view.finish();
    Ok(summary)
}

/// The shipped settings with free ports, one-shot tokens and everything below `out`.
fn settings(options: &DemoOptions) -> Result<EngineConfig, DemoError> {
    let out = &options.out;
    let state = out.join("state");
    if state.exists() {
        // A demo always begins with an empty past: what an earlier one left is its own.
        fs::remove_dir_all(&state).map_err(DemoError::file(&state))?;
    }
    fs::create_dir_all(out).map_err(DemoError::file(out))?;
    let mut config = EngineConfig::checked("the demo's settings", FREE_PORTS)?;
    config.media.access = Access::Token;
    config.directory.path = out.join("businesses");
    config.state = state;
    config.models.path.clone_from(&options.models);
    Ok(config)
}

const FREE_PORTS: &str = "[media]\nlisten = \"127.0.0.1:0\"\n[control]\nlisten = \"127.0.0.1:0\"\n";

fn copy_businesses(from: &Path, to: &Path) -> Result<(), DemoError> {
    if to.exists() {
        fs::remove_dir_all(to).map_err(DemoError::file(to))?;
    }
    fs::create_dir_all(to).map_err(DemoError::file(to))?;
    for source in crate::publish::read_sources(from).map_err(DemoError::file(from))? {
        let path = to.join(&source.file);
        fs::write(&path, &source.bytes).map_err(DemoError::file(&path))?;
    }
    Ok(())
}

/// Shows something, if the terminal keeps up.
fn tell(shown: &SyncSender<Shown>, what: Shown) {
    if shown.try_send(what).is_err() {
        tracing::debug!("the view lags");
    }
}

/// Places the calls: the first with those that follow one of its lines, then the rest together.
fn place_all(
    script: &DemoScript,
    options: &DemoOptions,
    engine: &Engine,
    shown: &SyncSender<Shown>,
) -> Result<Vec<Placed>, DemoError> {
    let place = |id: &str| place::start(script, id, options.codec, engine, shown);
    let (first, rest): (Vec<_>, Vec<_>) = {
        let free: Vec<_> = script.calls.iter().filter(|call| call.after_line.is_none()).collect();
        let (first, rest) = free.split_at(free.len().min(1));
        (first.to_vec(), rest.to_vec())
    };
    let mut placed = Vec::new();
    for call in first {
        let running = place(&call.id)?;
        let mut following = Vec::new();
        for follower in script.calls.iter().filter(|other| other.follows(&call.id)) {
            running.wait_for_line(follower);
            reload(script, engine, shown)?;
            following.push(place(&follower.id)?);
        }
        placed.push(running.finish()?);
        for follower in following {
            placed.push(follower.finish()?);
        }
    }
    let running: Result<Vec<_>, _> = rest.iter().map(|call| place(&call.id)).collect();
    for call in running? {
        placed.push(call.finish()?);
    }
    Ok(placed)
}

/// Changes the price on disk as an admin would, and waits until it is in force.
fn reload(
    script: &DemoScript,
    engine: &Engine,
    shown: &SyncSender<Shown>,
) -> Result<(), DemoError> {
    let version = || -> ConfigVersion { engine.node.routes.load().directory.version() };
    let before = version();
    script.reload.apply(engine.publisher.path())?;
    let begun = Instant::now();
    while version() == before {
        if RELOAD_LIMIT < begun.elapsed() {
            return Err(DemoError::NoReload);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let took = Millis::new(begun.elapsed().as_millis() as u32);
    tell(shown, Shown::Reloaded { what: script.reload.describe(), version: version(), took });
    Ok(())
}

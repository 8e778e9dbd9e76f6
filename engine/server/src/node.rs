//! One running engine: everything its calls share.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

use call::EndManner;
use dashmap::DashMap;
use types::{AgentConfig, BusinessId, CallId, Millis, Pii};

use crate::actor::{InboxSink, Inner};
use crate::admission::{Place, Places, Refusal, Tokens};
use crate::archive::Archive;
use crate::config::EngineConfig;
use crate::feed::Feed;
use crate::front::Front;
use crate::journal::{Journal, JournalError, JournalSettings, Kept};
use crate::publish::Routes;
use crate::recording::Recorder;
use crate::telemetry::Telemetry;
use crate::vendors::Vendors;

/// Everything the calls of one engine share.
pub struct Node {
    /// The checked settings.
    pub config: EngineConfig,
    /// Number to agent.
    pub routes: Arc<Routes>,
    /// Who recognizes, thinks and speaks.
    pub vendors: Vendors,
    /// Which sockets are let in.
    pub tokens: Tokens,
    /// How many calls fit.
    pub places: Arc<Places>,
    /// What is counted.
    pub telemetry: Telemetry,
    /// The way to the carrier, if its front door is open.
    pub front: Option<Front>,
    /// Legs the front door follows.
    pub(crate) legs: AtomicUsize,
    pub(crate) live: DashMap<CallId, LiveCall>,
    pub(crate) journal: Journal,
    pub(crate) recorder: Recorder,
    pub(crate) archive: Archive,
    pub(crate) feed: Feed,
}

/// What a node is made of besides its settings.
#[derive(Debug)]
pub struct Parts {
    /// Number to agent.
    pub routes: Arc<Routes>,
    /// Who recognizes, thinks and speaks.
    pub vendors: Vendors,
    /// Which sockets are let in.
    pub tokens: Tokens,
    /// Who watches.
    pub feed: Feed,
    /// The way to the carrier, if its front door is open.
    pub front: Option<Front>,
    /// What is counted.
    pub telemetry: Telemetry,
}

/// A call that is up, as others may reach it.
#[derive(Clone, Debug)]
pub(crate) struct LiveCall {
    pub(crate) business: BusinessId,
    pub(crate) carrier_call: Pii<String>,
    pub(crate) inbox: InboxSink,
}

/// The threads that write for a node. They end once the node is gone.
#[derive(Debug)]
pub struct Writers(Vec<JoinHandle<()>>);

impl Writers {
    /// Waits until everything is on disk. The node must be gone, or about to go.
    pub fn join(self) {
        for writer in self.0 {
            if writer.join().is_err() {
                tracing::error!("a writing thread had died");
            }
        }
    }
}

impl Node {
    /// A node with its writers running and no call yet. `kept` is what the journal holds of an
    /// earlier process's calls.
    ///
    /// # Errors
    /// [`JournalError`] if the state directory cannot be written.
    pub fn start(
        config: EngineConfig,
        parts: Parts,
        kept: Kept,
    ) -> Result<(Arc<Self>, Writers), JournalError> {
        let Parts { routes, vendors, tokens, feed, front, telemetry } = parts;
        let dir: PathBuf = config.state.join("journal");
        let keeping = config.keeping;
        let fail = |source: io::Error| JournalError { dir: config.state.clone(), source };
        let (journal, journal_writer) =
            Journal::open(&dir, journal_settings(keeping), kept, telemetry.clone())?;
        let (recorder, recording_writer) = Recorder::start(telemetry.clone()).map_err(fail)?;
        let (archive, archive_writer) =
            Archive::start(config.state.clone(), journal.clone()).map_err(fail)?;
        let places = Arc::new(Places::new(config.media.calls_max));
        let node = Self {
            config,
            routes,
            vendors,
            tokens,
            places,
            telemetry,
            front,
            legs: AtomicUsize::new(0),
            live: DashMap::new(),
            journal,
            recorder,
            archive,
            feed,
        };
        let writers = Writers(vec![journal_writer, recording_writer, archive_writer]);
        Ok((Arc::new(node), writers))
    }

    /// A place for one more call of `agent`'s business, if it may have one now.
    ///
    /// # Errors
    /// [`Refusal`], which is counted.
    pub(crate) fn admit(&self, agent: &AgentConfig) -> Result<Place, Refusal> {
        let business = agent.business;
        // A place first: a call that finds none has not started.
        let place = self.places.take(business, agent.limits.calls_max).inspect_err(|_| {
            self.telemetry.refused_full.increment(1);
        })?;
        let paced = self.places.start(business, agent.intake.starts_per_s_max, Instant::now());
        paced.inspect_err(|_| self.telemetry.refused_pace.increment(1))?;
        Ok(place)
    }

    /// Ends every live call in this manner.
    pub fn end_calls(&self, manner: EndManner) {
        // Handles are copied out: no shard stays locked while an inbox is offered something.
        let inboxes: Vec<InboxSink> = self.live.iter().map(|live| live.inbox.clone()).collect();
        for inbox in inboxes {
            inbox.offer_inner(Inner::End(manner));
        }
    }

    /// Legs the front door follows and that are ours to end.
    pub fn legs_live(&self) -> usize {
        self.legs.load(Ordering::Relaxed)
    }

    /// Calls that are up.
    pub fn calls_live(&self) -> usize {
        self.live.len()
    }
}

/// A piece of a call's log waits for its call, then for the group: together no longer than the
/// settings say.
fn journal_settings(keeping: crate::config::KeepingConfig) -> JournalSettings {
    JournalSettings {
        commit: keeping.commit.saturating_sub(crate::actor::PIECE_WAIT).max(Millis::new(1)),
        segment_bytes_max: keeping.segment_bytes_max,
        bytes_max: u64::from(keeping.disk_mb_max) << 20,
        age_min: JournalSettings::AGE_MIN,
    }
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node").field("live", &self.live.len()).finish_non_exhaustive()
    }
}

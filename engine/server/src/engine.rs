//! A running engine, from its settings to its last written byte.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use call::EndManner;
use directory::{Defaults, Rules};
use metrics_exporter_prometheus::PrometheusHandle;
use speech::{ModelDir, ModelError};
use thiserror::Error;
use tokio::sync::watch;
use types::{Millis, Secret};

use crate::admission::Tokens;
use crate::config::EngineConfig;
use crate::feed::Feed;
use crate::journal::{self, Entry, Journal, JournalError, Kind};
use crate::listen::{ListenError, Run, bind, spawn_control, spawn_media};
use crate::node::{Node, Parts, Writers};
use crate::publish::{PublishError, Published, Publisher, Routes, Watch, WatchError};
use crate::telemetry::Telemetry;
use crate::vendors::Vendors;

/// How long a goodbye may take once it is asked for, before calls are ended at once.
const GOODBYE_LIMIT: Duration = Duration::from_secs(10);

/// How long calls may take to write their last words once they are ended at once.
const END_LIMIT: Duration = Duration::from_secs(2);

/// How often a stopping engine looks whether its calls are over.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// An engine that cannot start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The local models are not here.
    #[error(transparent)]
    Models(#[from] ModelError),
    /// The business files cannot be read.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// They cannot be watched.
    #[error(transparent)]
    Watch(#[from] WatchError),
    /// The journal cannot be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A port cannot be had.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The system has no thread left, or no file.
    #[error("the system gives no more: {0}")]
    System(#[from] io::Error),
}

/// A running engine.
#[derive(Debug)]
pub struct Engine {
    /// What its calls share.
    pub node: Arc<Node>,
    /// Makes new versions of the routes.
    pub publisher: Arc<Publisher>,
    /// Where carriers stream to.
    pub media: SocketAddr,
    /// Where operators look.
    pub control: SocketAddr,
    watch: Watch,
    run: watch::Sender<Run>,
    threads: Vec<JoinHandle<()>>,
    writers: Writers,
}

/// What an engine is given besides its settings.
#[derive(Debug, Default)]
pub struct Given {
    /// A token that opens any number of sockets; from the environment.
    pub standing_token: Option<Secret<String>>,
    /// The process's metrics, if it keeps any.
    pub metrics: Option<PrometheusHandle>,
    /// Who watches its calls.
    pub feed: Feed,
}

impl Engine {
    /// Starts an engine: models, businesses, writers, listeners, in this order, so that the first
    /// call finds everything ready.
    ///
    /// # Errors
    /// [`StartError`]; nothing runs then.
    pub fn start(config: EngineConfig, given: Given) -> Result<Self, StartError> {
        let telemetry = Telemetry::new();
        let models = ModelDir::open(&config.models.path)?;
        let vendors = Vendors::local(&models, &config.models)?;
        let routes = Arc::new(Routes::new(Published::empty()));
        let publisher = Arc::new(publisher(&config, &vendors, routes.clone(), &telemetry));
        publisher.publish()?;
        let orphans = journal::orphans(&config.state.join("journal"))?;
        let tokens = Tokens::new(config.media.access, given.standing_token);
        let parts = Parts { routes, vendors, tokens, feed: given.feed, telemetry };
        let (node, writers) = Node::start(config, parts)?;
        close_orphans(&node.journal, &orphans);
        let (run, running) = watch::channel(Run::On);
        let config = &node.config;
        let listeners = bind(config.media.listen, config.media.threads)?;
        let media = listeners[0].local_addr()?;
        let mut threads = Vec::new();
        for (number, listener) in listeners.into_iter().enumerate() {
            threads.push(spawn_media(number, listener, node.clone(), running.clone())?);
        }
        let mut control = bind(config.control, 1)?;
        let listener = control.remove(0);
        let control = listener.local_addr()?;
        threads.push(spawn_control(listener, node.clone(), given.metrics, running)?);
        let directory = &config.directory;
        let watch = Watch::start(publisher.clone(), directory.debounce, directory.poll)?;
        Ok(Self { node, publisher, media, control, watch, run, threads, writers })
    }

    /// Looks at the business files soon: an order from outside (SIGHUP).
    pub fn reload(&self) {
        self.watch.trigger();
    }

    /// Stops: admits no call, lets calls end for `wait`, says goodbye to the rest, writes
    /// everything down. Blocks until all is done.
    pub fn stop(self, wait: Millis) {
        self.node.places.drain();
        let calls = self.node.calls_live();
        tracing::info!(calls, wait_s = wait.get() / 1_000, "draining");
        let over = |limit: Duration| {
            let until = Instant::now() + limit;
            while 0 < self.node.calls_live() && Instant::now() < until {
                std::thread::sleep(LOOK_EVERY);
            }
            self.node.calls_live() == 0
        };
        if !over(Duration::from_micros(wait.as_micros())) {
            self.node.end_calls(EndManner::Polite);
            if !over(GOODBYE_LIMIT) {
                self.node.end_calls(EndManner::AtOnce);
                over(END_LIMIT);
            }
        }
        self.run.send_replace(Run::Stop);
        drop(self.watch);
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a listening thread had died");
            }
        }
        drop((self.publisher, self.node));
        self.writers.join();
        tracing::info!("stopped");
    }
}

fn publisher(
    config: &EngineConfig,
    vendors: &Vendors,
    routes: Arc<Routes>,
    telemetry: &Telemetry,
) -> Publisher {
    let rules = Rules {
        defaults: Defaults {
            turns: config.defaults.turns.clone(),
            limits: config.defaults.limits.clone(),
        },
        vendors: vendors.known(),
    };
    let paths = (config.directory.path.clone(), config.state.join("last-good"));
    Publisher::new(paths, rules, vendors.greeter(), routes, telemetry.clone())
}

/// Calls that were live when an earlier process died are over: the journal says so from now on.
fn close_orphans(journal: &Journal, orphans: &[journal::Orphan]) {
    for orphan in orphans {
        tracing::warn!(call = %orphan.call, "closed: its node had died");
        let payload = br#"{"reason":"node_died"}"#.to_vec();
        journal.offer(Entry { kind: Kind::Closed, call: orphan.call, payload });
    }
}

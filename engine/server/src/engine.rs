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

use crate::actor;
use crate::admission::Tokens;
use crate::archive::Finished;
use crate::config::{EngineConfig, TlsUse};
use crate::control::{OpenControl, check_access};
use crate::feed::Feed;
use crate::front::{FrontDoor, RestError};
use crate::journal::{self, JournalError, Recovered, Unfolded};
use crate::listen::doors::Doors;
use crate::listen::serve::Port;
use crate::listen::tls::{Certificates, TlsError, install_provider};
use crate::listen::{ListenError, Run, bind, spawn_control, spawn_media};
use crate::node::{Node, Parts, Writers};
use crate::publish::{PublishError, Published, Publisher, Routes, Watch, WatchError};
use crate::telemetry::Telemetry;
use crate::vendors::{CloudError, Environment, Vendors, known};

/// How long a goodbye may take once it is asked for, before calls are ended at once.
const GOODBYE_LIMIT: Duration = Duration::from_secs(10);

/// How long calls may take to write their last words once they are ended at once.
const END_LIMIT: Duration = Duration::from_secs(2);

/// How long the carrier may take to take the last hang-ups.
const HANG_UP_LIMIT: Duration = Duration::from_secs(3);

/// How often a stopping engine looks whether its calls are over.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// An engine that cannot start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The local models are not here.
    #[error(transparent)]
    Models(#[from] ModelError),
    /// A vendor's key or address cannot be used.
    #[error(transparent)]
    Cloud(#[from] CloudError),
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
    /// The control port would be open to the world.
    #[error(transparent)]
    Control(#[from] OpenControl),
    /// The front door is to open, and there is no key to the carrier's API.
    #[error(
        "front.listen is set, and APEX_TELNYX_API_KEY is not: put the key of the carrier's API \
         (portal: Keys & Credentials, API Keys) into the environment"
    )]
    NoApiKey,
    /// The key cannot be used.
    #[error(transparent)]
    Api(#[from] RestError),
    /// Certificate or key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
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
    /// Where webhooks are taken, if the front door is open.
    pub front: Option<SocketAddr>,
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
    /// The key of the carrier's API; from the environment.
    pub api_key: Option<Secret<String>>,
    /// The token that operators show; from the environment.
    pub control_token: Option<Secret<String>>,
    /// Where keys and addresses of vendors stand; without it there are local ones only.
    pub environment: Option<Environment>,
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
        check_access(config.control, given.control_token.as_ref())?;
        let telemetry = Telemetry::new();
        // What somebody forgot to set is said before anything slow begins.
        let door = front_door(&config, given.api_key, &telemetry)?;
        let certificates = certificates(&config, &telemetry)?;
        let models = ModelDir::open(&config.models.path)?;
        let vendors = Vendors::local(&models, &config.models)?;
        let vendors = match given.environment {
            Some(environment) => vendors.with_cloud(environment, &config.tools)?,
            None => vendors,
        };
        let routes = Arc::new(Routes::new(Published::empty()));
        let publisher = Arc::new(publisher(&config, &vendors, routes.clone(), &telemetry));
        publisher.publish()?;
        let Recovered { live, unfolded, kept } = journal::recover(&config.state.join("journal"))?;
        let tokens = Tokens::new(config.media.access, given.standing_token);
        let front = door.as_ref().map(|door| door.front().clone());
        let parts = Parts { routes, vendors, tokens, feed: given.feed, front, telemetry };
        let (node, writers) = Node::start(config, parts, kept)?;
        fold(&node, unfolded);
        let mut returning = actor::gather(&node, &publisher, live);
        let (run, running) = watch::channel(Run::On);
        let config = &node.config;
        let media_port = port(config, config.media.tls, (certificates.as_ref(), &node.telemetry));
        let listeners = bind(config.media.listen, config.media.threads)?;
        let media = listeners[0].local_addr()?;
        let mut threads = Vec::new();
        for (number, listener) in listeners.into_iter().enumerate() {
            let inside = (node.clone(), media_port.clone());
            // Calls of an earlier process are spread over the threads.
            let rest = config.media.threads - number;
            let mine = returning.split_off(returning.len() - returning.len() / rest);
            threads.push(spawn_media((number, mine), listener, inside, running.clone())?);
        }
        let mut control = bind(config.control, 1)?;
        let listener = control.remove(0);
        let control = listener.local_addr()?;
        let inside = (node.clone(), port(config, TlsUse::Off, (None, &node.telemetry)));
        let extras = (given.metrics, given.control_token, certificates.clone());
        threads.push(spawn_control(listener, inside, extras, running.clone())?);
        let mut front = None;
        if let (Some(door), Some(address)) = (door, config.front.listen) {
            let listener = bind(address, 1)?.remove(0);
            front = Some(listener.local_addr()?);
            let port = port(config, config.front.tls, (certificates.as_ref(), &node.telemetry));
            threads.push(door.spawn(listener, (node.clone(), port), running)?);
        }
        let directory = &config.directory;
        let watch = Watch::start(publisher.clone(), directory.debounce, directory.poll)?;
        Ok(Self { node, publisher, media, control, front, watch, run, threads, writers })
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
        // Calls that have just ended are still to be hung up.
        if let Some(front) = &self.node.front {
            front.end_legs();
            let until = Instant::now() + HANG_UP_LIMIT;
            while 0 < self.node.legs_live() && Instant::now() < until {
                std::thread::sleep(LOOK_EVERY);
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

/// The front door, if it is to open.
fn front_door(
    config: &EngineConfig,
    key: Option<Secret<String>>,
    telemetry: &Telemetry,
) -> Result<Option<FrontDoor>, StartError> {
    if config.front.listen.is_none() {
        return Ok(None);
    }
    let key = key.filter(|key| !key.expose().trim().is_empty()).ok_or(StartError::NoApiKey)?;
    let journal = config.state.join("journal");
    Ok(Some(FrontDoor::new(&config.front, &key, &journal, telemetry.clone())?))
}

/// Certificate and key, if a listener speaks TLS.
fn certificates(
    config: &EngineConfig,
    telemetry: &Telemetry,
) -> Result<Option<Arc<Certificates>>, TlsError> {
    install_provider();
    if [config.media.tls, config.front.tls].contains(&TlsUse::On) {
        return Certificates::load(config.tls.clone(), telemetry.clone()).map(Some);
    }
    Ok(None)
}

/// What the connections of one listener are held to.
fn port(
    config: &EngineConfig,
    tls: TlsUse,
    (certificates, telemetry): (Option<&Arc<Certificates>>, &Telemetry),
) -> Port {
    let acceptor = match tls {
        TlsUse::On => certificates.map(|certificates| certificates.acceptor()),
        TlsUse::Off => None,
    };
    Port {
        doors: Doors::new(config.connections.clone()),
        tls: acceptor,
        handshake_wait: config.tls.handshake_wait,
        header_wait: config.connections.header_wait,
        headers_max: config.connections.headers_max,
        telemetry: telemetry.clone(),
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
            intake: config.defaults.intake.clone(),
        },
        vendors: known(),
    };
    let paths = (config.directory.path.clone(), config.state.join("last-good"));
    Publisher::new(paths, rules, vendors.greeter(), routes, telemetry.clone())
}

/// Finished calls whose record an earlier process did not live to keep as files.
fn fold(node: &Node, unfolded: Vec<Unfolded>) {
    for Unfolded { record, events } in unfolded {
        match serde_json::from_slice(&record) {
            Ok(record) => node.archive.keep(Finished { record, events }),
            Err(error) => tracing::error!(%error, "a record in the journal cannot be read"),
        }
    }
}

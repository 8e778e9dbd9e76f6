//! The front door: a real carrier's calls, from `call.initiated` to the last hang-up.
//!
//! ```text
//! carrier --webhook--> [hall] verify, claim, acknowledge --> [desk] one LegLife per leg
//!    ^                                                         |  answer, stream, hang up
//!    '--REST-- [rest] attempts by [retry] <-- [carrier] <------'
//!    '--socket with one-shot token--> media threads: the call takes the leg's seat
//! ```
//!
//! It has a thread, a listener and a client of its own: nothing it does can make audio late, and a
//! media thread only ever hands it a message. [`leg`] is the pure part, and decides everything.

pub mod carrier;
pub mod leg;

mod claims;
mod desk;
mod document;
mod hall;
mod handle;
mod news;
pub(crate) mod record;
mod rest;
mod retry;
mod webhook;

use std::io;
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use axum::Router;
use axum::routing::post;
use tokio::runtime::Builder;
use tokio::sync::mpsc;
use types::{CallId, Secret, WallTime};

pub use handle::LegHandle;
pub use news::fuzz_client_state;
pub use rest::RestError;

pub(crate) use handle::{OwnShare, Seat, SeatSlot};

use carrier::{Carrier, LegName};
use claims::{CLAIM_LIFE_MS, Claims, EventKey};
use desk::Desk;
use document::{handle_stream_status, handle_texml};
use hall::Hall;
use handle::{Delivered, Work};
use rest::Api;
use webhook::handle_webhook;

use crate::journal::{JournalReader, Kind};
use crate::listen::Running;
use crate::listen::serve::{Port, serve};
use crate::node::Node;
use crate::telemetry::Telemetry;

/// Webhooks that may wait for the desk, which needs microseconds for one: a second of the largest
/// carrier's burst. Beyond it they are sent back to be delivered again.
const WEBHOOKS_MAX: usize = 4_096;

/// Reports of calls and commands that may wait: a leg has a handful in all, the largest node's legs
/// may all end at once.
const WORK_MAX: usize = 65_536;

/// The front door as the rest of the engine reaches it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Front {
    carrier: Carrier,
    work: mpsc::Sender<Work>,
    telemetry: Telemetry,
}

impl Front {
    /// The carrier's API.
    pub fn carrier(&self) -> &Carrier {
        &self.carrier
    }

    /// Takes over a leg that an earlier process answered, for a call that lives here from now on:
    /// until then the sweeper would take it for lost. Its stream is to be started
    /// ([`LegHandle::restream`]).
    pub fn adopt(&self, leg: &LegName, call: CallId) -> LegHandle {
        if self.work.try_send(Work::Adopt { leg: leg.clone(), call }).is_err() {
            self.telemetry.carrier_shed.increment(1);
        }
        LegHandle::new(leg.clone(), self.work.clone(), self.telemetry.clone())
    }
}

impl Front {
    /// Ends every leg that is ours to end.
    pub(crate) fn end_legs(&self) {
        if self.work.try_send(Work::EndLegs).is_err() {
            self.telemetry.carrier_shed.increment(1);
        }
    }
}

/// The front door before its thread runs: other parts need its handle to be made.
pub struct FrontDoor {
    front: Front,
    api: Arc<Api>,
    jobs: mpsc::Receiver<carrier::Job>,
    inbox: mpsc::Receiver<Work>,
    claims: Claims,
}

impl std::fmt::Debug for FrontDoor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FrontDoor")
    }
}

impl FrontDoor {
    /// A front door by `config`, which opens the carrier's API with `key`. `journal` remembers which
    /// webhooks were seen.
    ///
    /// # Errors
    /// [`RestError`]; an unreadable journal is logged, and then copies of what an earlier process saw
    /// are not recognized.
    pub fn new(
        config: &crate::config::FrontConfig,
        key: &Secret<String>,
        journal: &Path,
        telemetry: Telemetry,
    ) -> Result<Self, RestError> {
        let (carrier, jobs) = Carrier::new(telemetry.clone());
        let api = Api::new(&config.api_url, key, &config.connections, telemetry.clone())?;
        let (work, inbox) = mpsc::channel(WORK_MAX);
        let claims = claims_in(journal).unwrap_or_else(|error| {
            tracing::error!(%error, "webhooks seen before are not known");
            Claims::default()
        });
        let front = Front { carrier, work, telemetry };
        Ok(Self { front, api: Arc::new(api), jobs, inbox, claims })
    }

    /// Its handle.
    pub fn front(&self) -> &Front {
        &self.front
    }

    /// Runs it on a thread of its own.
    ///
    /// # Errors
    /// The system has no thread left.
    pub(crate) fn spawn(
        self,
        listener: TcpListener,
        (node, port): (Arc<Node>, Port),
        running: Running,
    ) -> io::Result<JoinHandle<()>> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name("front".into()).spawn(move || {
            runtime.block_on(async {
                let Self { front, api, jobs, inbox, claims } = self;
                let (webhooks, delivered) = mpsc::channel::<Delivered>(WEBHOOKS_MAX);
                let hall = Hall {
                    node: node.clone(),
                    claims: Arc::new(Mutex::new(claims)),
                    webhooks,
                    work: front.work.clone(),
                };
                let router = Router::new()
                    .route("/webhooks/telnyx", post(handle_webhook))
                    .route("/texml", post(handle_texml))
                    .route("/texml/stream", post(handle_stream_status))
                    .with_state(hall);
                let client = tokio::spawn(api.run(jobs));
                let desk = Desk::new(node, front.carrier.clone(), front.work.clone());
                let desk = tokio::spawn(desk.run(delivered, inbox, running.clone()));
                serve(listener, router, port, running).await;
                if desk.await.is_err() {
                    tracing::error!("the desk had died");
                }
                client.abort();
            });
        })
    }
}

/// The webhooks of the last hour, by the journal.
fn claims_in(journal: &Path) -> io::Result<Claims> {
    let now = crate::actor::wall_now();
    let since = WallTime::from_unix_millis(now.as_unix_millis() - CLAIM_LIFE_MS);
    let mut reader = JournalReader::open_since(journal, since)?;
    let mut claims = Claims::default();
    while let Some(entry) = reader.next_entry()? {
        if entry.kind == Kind::Webhook
            && let Some((key, at)) = EventKey::decode(&entry.payload)
            && since <= at
        {
            claims.claim(key, at);
        }
    }
    Ok(claims)
}

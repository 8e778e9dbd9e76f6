//! The carrier itself: its legs, its API, its clients.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, broadcast};
use tokio::task::{AbortHandle, JoinHandle, JoinSet};
use types::{Millis, Pii};
use wire::telnyx::WallMicros;
use wire::telnyx::signature::{PublicKey, SigningKey};
use wire::telnyx::webhook::Direction;

use crate::{CallPlan, CarrierLeg};

use super::api;
use super::clock::Clock;
use super::error::CarrierError;
use super::ledger::{Happened, Ledger, LegReport};
use super::leg::{Callee, LegTask};
use super::machine::Machine;
use super::names::Names;
use super::options::{CarrierOptions, RingPlan, Trust};
use super::order::StreamOrder;
use super::seat::{Board, Input, Seat};

/// Webhooks under way at the same time at most; more of them wait.
const FLIGHTS_MAX: usize = 512;

/// Legs that are over and still answer questions, at most; then the oldest is forgotten.
const ENDED_MAX: usize = 10_000;

/// News a slow watcher may be behind; then it misses some.
const NEWS_MAX: usize = 4_096;

/// How long whoever was dialed lets it ring before answering.
const CALLEE_RINGS: Millis = Millis::from_secs(1);

/// A carrier. Dropping it ends all its legs and its API at once.
#[derive(Debug)]
pub struct FakeCarrier {
    shared: Arc<Shared>,
    address: SocketAddr,
    api: JoinHandle<()>,
}

/// One leg that was rung.
#[derive(Debug)]
pub struct Leg {
    seat: Seat,
    task: JoinHandle<LegReport>,
}

/// Something that happened to a leg, for whoever watches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// Which leg, in order of their beginning.
    pub leg: u64,
    /// The carrier's handle of it.
    pub call_control_id: String,
    /// Who was rung.
    pub to: Pii<String>,
    /// When.
    pub at: WallMicros,
    /// What.
    pub what: Happened,
}

/// What all of the carrier's tasks share.
pub(crate) struct Shared {
    pub(crate) options: CarrierOptions,
    pub(crate) clock: Clock,
    pub(crate) client: reqwest::Client,
    pub(crate) key: SigningKey,
    /// A key that is not the carrier's.
    pub(crate) forger: SigningKey,
    pub(crate) flights: Semaphore,
    pub(crate) news: broadcast::Sender<News>,
    pub(crate) counts: Mutex<HashMap<String, u64>>,
    /// Dials by command id, and when they came.
    pub(crate) dials: Mutex<VecDeque<(WallMicros, String, String)>>,
    legs: Mutex<Legs>,
    tasks: Mutex<JoinSet<()>>,
    next_leg: AtomicU64,
}

#[derive(Debug, Default)]
struct Legs {
    seats: HashMap<String, Seat>,
    ended: VecDeque<String>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl FakeCarrier {
    /// Starts a carrier on this runtime.
    ///
    /// # Errors
    /// [`CarrierError`] if its API cannot listen or its client cannot be made.
    pub async fn start(options: CarrierOptions) -> Result<Self, CarrierError> {
        let address = options.listen;
        let refused = |source| CarrierError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let client = reqwest::Client::builder()
            .user_agent("telnyx-webhooks")
            .redirect(reqwest::redirect::Policy::limited(3))
            .tcp_nodelay(true)
            .danger_accept_invalid_certs(options.trust == Trust::Anything)
            .build()
            .map_err(CarrierError::Client)?;
        let forger = options.signing_seed.map(|byte| !byte);
        let shared = Arc::new(Shared {
            key: SigningKey::from_seed(&options.signing_seed),
            forger: SigningKey::from_seed(&forger),
            options,
            clock: Clock::set(),
            client,
            flights: Semaphore::new(FLIGHTS_MAX),
            news: broadcast::channel(NEWS_MAX).0,
            counts: Mutex::default(),
            dials: Mutex::default(),
            legs: Mutex::default(),
            tasks: Mutex::default(),
            next_leg: AtomicU64::new(1),
        });
        let api = tokio::spawn(api::serve(shared.clone(), listener));
        Ok(Self { shared, address, api })
    }

    /// The address of its API: what an engine's settings call the carrier's.
    pub fn api_base(&self) -> String {
        format!("http://{}/v2", self.address)
    }

    /// The application its numbers belong to.
    pub fn connection_id(&self) -> &str {
        &self.shared.options.connection_id
    }

    /// What verifies its webhooks: what an engine's settings call the carrier's public key.
    pub fn public_key(&self) -> PublicKey {
        self.shared.key.public_key()
    }

    /// Rings a number of the engine's.
    ///
    /// # Errors
    /// [`CarrierError`] if there are too many legs, or the plan's codec does not exist.
    pub fn ring(&self, plan: RingPlan) -> Result<Leg, CarrierError> {
        self.shared.ring(plan, Direction::Incoming, None)
    }

    /// How many legs are not over: parked, being set up, answered.
    pub fn legs_live(&self) -> usize {
        self.shared.live().len()
    }

    /// What happens to all legs from now on. Whoever reads slowly misses some.
    pub fn watch(&self) -> broadcast::Receiver<News> {
        self.shared.news.subscribe()
    }
}

impl Drop for FakeCarrier {
    fn drop(&mut self) {
        self.api.abort();
        self.shared.tasks().abort_all();
    }
}

impl Leg {
    /// The carrier's handle of it.
    pub fn call_control_id(&self) -> String {
        self.seat.board().names.call_control.clone()
    }

    /// Whether it is not over.
    pub fn is_live(&self) -> bool {
        !self.seat.board().is_over()
    }

    /// When it was answered, if it was.
    pub fn answered_at(&self) -> Option<WallMicros> {
        self.seat.board().answered_at
    }

    /// What has happened to it so far, oldest first.
    pub fn entries(&self) -> Vec<super::Entry> {
        self.seat.board().ledger.entries.clone()
    }

    /// The caller hangs up now, whatever its script says.
    pub async fn hang_up(&self) {
        // A leg that is over has nobody to hang up.
        let _ = self.seat.inputs.send(Input::HangUp).await;
    }

    /// Its media socket breaks now, without a close. The call stays up.
    pub async fn drop_socket(&self) {
        self.drop_socket_unnoticed(Millis::ZERO).await;
    }

    /// Its media socket breaks now, without a close, and the carrier believes in it for so long. Until
    /// then the leg counts as streamed, unless the engine has its stream stopped. How long a carrier
    /// takes to notice is not documented (telnyx.md §1.10).
    pub async fn drop_socket_unnoticed(&self, noticed_after: Millis) {
        let _ = self.seat.inputs.send(Input::DropSocket { noticed_after }).await;
    }

    /// Waits for its end, and until all of it has been told to the engine or given up.
    ///
    /// # Errors
    /// If the carrier was dropped in the meantime.
    pub async fn ended(self) -> Result<LegReport, tokio::task::JoinError> {
        self.task.await
    }
}

impl Shared {
    pub(crate) fn next_number(&self) -> u64 {
        self.next_leg.fetch_add(1, Ordering::Relaxed)
    }

    /// Runs something until it ends or the carrier does.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
        let mut tasks = self.tasks();
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task)
    }

    pub(crate) fn ring(
        self: &Arc<Self>,
        plan: RingPlan,
        direction: Direction,
        dialed: Option<(Callee, Option<StreamOrder>)>,
    ) -> Result<Leg, CarrierError> {
        codecs::leg::check_format(plan.call.codec)
            .map_err(|error| CarrierError::Caller(error.into()))?;
        let number = self.next_number();
        let mut names = Names::of(self.options.faults.seed, number, &self.options.connection_id);
        if let Some(name) = &plan.call.call_control {
            names.call_control.clone_from(name);
        }
        let now = self.clock.now();
        let call = CallPlan { call_control: Some(names.call_control.clone()), ..plan.call.clone() };
        let machine = Machine::new(now, names.clone(), direction, call.codec, plan.tags.clone());
        let board = Board {
            names,
            phase: machine.phase(),
            began: now,
            answered_at: None,
            ended_at: None,
            from: call.from.map(|from| Pii::new(from.to_string())),
            to: Pii::new(call.to.to_string()),
            ledger: Ledger::default(),
        };
        let (seat, inputs) = Seat::new(number, board, self.news.clone());
        self.admit(&seat)?;
        let deadline = match dialed {
            Some((Callee::Answers, _)) => now.after(CALLEE_RINGS),
            Some((Callee::DoesNot, _)) | None => now.after(plan.patience),
        };
        let task = LegTask {
            shared: self.clone(),
            seat: seat.clone(),
            machine,
            phone: CarrierLeg::parked(call),
            plan,
            inputs,
            deadline,
            dialed,
            media: super::leg::Media::default(),
            deliveries: JoinSet::new(),
            told: 0,
        };
        let task = self.spawn_leg(task);
        Ok(Leg { seat, task })
    }

    /// A leg's task: its report for whoever waits, an end with the carrier otherwise.
    fn spawn_leg(&self, task: LegTask) -> JoinHandle<LegReport> {
        let handle = tokio::spawn(task.run());
        let abort = handle.abort_handle();
        self.spawn(async move {
            let _abort = AbortOnDrop(abort);
            std::future::pending::<()>().await;
        });
        handle
    }

    /// Takes a leg in.
    ///
    /// # Errors
    /// [`CarrierError::Full`].
    pub(crate) fn admit(&self, seat: &Seat) -> Result<(), CarrierError> {
        let mut legs = self.legs();
        let live = legs.seats.len() - legs.ended.len();
        if self.options.legs_max <= live {
            return Err(CarrierError::Full { legs: live });
        }
        let name = seat.board().names.call_control.clone();
        legs.seats.insert(name, seat.clone());
        Ok(())
    }

    /// A leg is over: it answers questions a while longer.
    pub(crate) fn retire(&self, seat: &Seat) {
        let name = seat.board().names.call_control.clone();
        let mut legs = self.legs();
        legs.ended.push_back(name);
        if ENDED_MAX < legs.ended.len()
            && let Some(oldest) = legs.ended.pop_front()
        {
            legs.seats.remove(&oldest);
        }
    }

    pub(crate) fn seat(&self, call_control: &str) -> Option<Seat> {
        self.legs().seats.get(call_control).cloned()
    }

    /// All legs that are not over, oldest first.
    pub(crate) fn live(&self) -> Vec<Seat> {
        let mut live: Vec<Seat> = {
            let legs = self.legs();
            legs.seats.values().filter(|seat| !seat.board().is_over()).cloned().collect()
        };
        live.sort_by_key(|seat| seat.number);
        live
    }

    fn legs(&self) -> MutexGuard<'_, Legs> {
        self.legs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tasks(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

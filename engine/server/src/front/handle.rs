//! What ties a leg, its sockets and its call together across threads.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use types::{AgentConfig, CallId, E164, LegOrder as Wish, Millis, Unavailable};

use super::carrier::{ActiveCall, CarrierError, LegName};
use super::leg::LegEvent;
use super::news::{News, Ring};
use crate::admission::Place;
use crate::publish::Published;
use crate::telemetry::Telemetry;

/// What a call needs that was found and taken when its leg rang.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) agent: Arc<AgentConfig>,
    pub(crate) published: Arc<Published>,
    pub(crate) place: Place,
}

/// A leg's seat. Whoever takes it writes the record: the call that begins, or the front door when it
/// gives the leg up. Nobody else can, so there is one record, however late a socket comes.
#[derive(Debug, Default)]
pub(crate) struct SeatSlot(Mutex<Option<Seat>>);

impl SeatSlot {
    pub(crate) fn new(seat: Seat) -> Self {
        Self(Mutex::new(Some(seat)))
    }

    /// The seat, for the first who asks.
    pub(crate) fn take(&self) -> Option<Seat> {
        self.0.lock().expect("no holder panics").take()
    }
}

/// How much of the time from a ring to the greeting was our own: everything but waiting for the
/// carrier.
#[derive(Debug, Default)]
pub(crate) struct OwnShare(AtomicU64);

impl OwnShare {
    pub(crate) fn add(&self, span: Duration) {
        self.0.fetch_add(span.as_micros() as u64, Ordering::Relaxed);
    }

    pub(crate) fn total(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::Relaxed))
    }
}

/// Something for the desk to deal with.
#[derive(Debug)]
pub(crate) enum Work {
    /// A document is asked for; the desk says what is to stand in it.
    Ring { ring: Ring, reply: oneshot::Sender<Taken> },
    /// Something happened to a leg.
    Leg { leg: LegName, event: LegEvent },
    /// A call wants something of its leg.
    Wish { leg: LegName, wish: Wish },
    /// A call wants its leg streamed anew.
    Restream { leg: LegName, reply: oneshot::Sender<Result<(), CarrierError>> },
    /// An earlier process's call lives here from now on.
    Adopt { leg: LegName, call: CallId },
    /// The engine stops: legs without a call end now, too.
    EndLegs,
    /// What the carrier says is up; `None` if it would not say.
    Active(Option<Vec<ActiveCall>>),
}

/// A webhook on its way to the desk.
#[derive(Debug)]
pub(crate) struct Delivered {
    pub(crate) news: News,
    pub(crate) at: tokio::time::Instant,
}

/// What a caller hears in the carrier's voice for whom there is no place.
#[derive(Clone, Debug)]
pub(crate) struct Spoken {
    pub(crate) text: String,
    /// In the carrier's words.
    pub(crate) voice: String,
    pub(crate) language: String,
    /// Who is rung then, if anybody, and for how long.
    pub(crate) then: Option<E164>,
    pub(crate) ring: Millis,
}

/// What a document is to say.
#[derive(Debug)]
pub(crate) enum Taken {
    /// Connect the stream to this address.
    Connect { url: String, call: CallId },
    /// Say that there is no place.
    Told(Box<Spoken>),
    /// Refuse.
    Refused(super::carrier::RejectCause),
    /// It is over.
    Over,
}

/// One leg of ours, as its call reaches it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct LegHandle {
    name: LegName,
    work: mpsc::Sender<Work>,
    telemetry: Telemetry,
    pub(crate) own: Arc<OwnShare>,
}

impl LegHandle {
    pub(crate) fn new(name: LegName, work: mpsc::Sender<Work>, telemetry: Telemetry) -> Self {
        Self { name, work, telemetry, own: Arc::default() }
    }

    /// The carrier's word for it.
    pub fn name(&self) -> &LegName {
        &self.name
    }

    /// Tells the front door what happened.
    pub(crate) fn report(&self, event: LegEvent) {
        self.offer(Work::Leg { leg: self.name.clone(), event });
    }

    /// Has the leg do something; what becomes of it reaches the call's inbox.
    ///
    /// # Errors
    /// [`Unavailable::Refused`] if too much waits already.
    pub fn wish(&self, wish: Wish) -> Result<(), Unavailable> {
        if self.offer(Work::Wish { leg: self.name.clone(), wish }) {
            Ok(())
        } else {
            Err(Unavailable::Refused)
        }
    }

    /// Has the carrier stream this leg to us anew, with a token of its own. The socket it opens comes
    /// with `Purpose::Again`.
    ///
    /// # Errors
    /// [`CarrierError`]; attempts have been made.
    pub async fn restream(&self) -> Result<(), CarrierError> {
        let (reply, answer) = oneshot::channel();
        if !self.offer(Work::Restream { leg: self.name.clone(), reply }) {
            return Err(CarrierError::Shed);
        }
        answer.await.unwrap_or(Err(CarrierError::Shed))
    }

    fn offer(&self, work: Work) -> bool {
        let offered = self.work.try_send(work).is_ok();
        if !offered {
            // The sweeper ends what is left behind.
            self.telemetry.carrier_shed.increment(1);
            tracing::error!("the front door has too much to do: a leg is left to the sweeper");
        }
        offered
    }
}

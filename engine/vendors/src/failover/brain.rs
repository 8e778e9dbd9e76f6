//! Several brains as one: the first that answers is heard, and nobody waits for one that hangs.
//!
//! ```text
//! think ─▶ first ──── text ───────────────────────────▶ the call
//!            │ fails, or is late
//!            └─▶ next ── text first: it has won, the others are cancelled
//!                  │ fails, or is late
//!                  └─▶ … the last is local
//! ```

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::mpsc::{Receiver, Sender, channel, error::TrySendError};
use tokio::time::{Instant, sleep_until};
use types::{GenerationId, VendorName};
use vendor::{
    Brain, BrainContext, BrainEvent, BrainSession, Offered, Sink, Thought, VendorError, VendorUsage,
};

use super::breaker::Admission;
use super::health::{LATE, RESTING};
use super::member::Member;
use crate::brains::gate::Gate;

/// Orders a call may have under way: a turn gives two.
const ORDERS_MAX: usize = 32;

/// Events of all brains that may wait to be passed on: a reply of a thousand words.
const EVENTS_MAX: usize = 1_024;

/// Opens a session of which the members are tried in order.
pub fn open_brains(
    members: Vec<Member<dyn Brain>>,
    context: BrainContext,
    events: Arc<dyn Sink<BrainEvent>>,
    handle: &Handle,
) -> Box<dyn BrainSession> {
    let (orders, taken) = channel(ORDERS_MAX);
    let (sender, heard) = channel(EVENTS_MAX);
    let seat = |member| Seat { member, session: Mutex::new(None) };
    let members: Arc<[Seat]> = members.into_iter().map(seat).collect();
    let gate = Arc::new(Gate::new(events));
    let session = Session { orders, gate: gate.clone(), members: members.clone() };
    let panel = Panel { members, context, gate, sender, race: None, shunned: None };
    handle.spawn(panel.run(taken, heard));
    Box::new(session)
}

/// What the call holds: passes its orders on.
struct Session {
    orders: Sender<Order>,
    /// Closed by a cancel before the panel hears of it: nothing follows a cancel.
    gate: Arc<Gate>,
    /// The panel's; looked at for what they have used up.
    members: Arc<[Seat]>,
}

enum Order {
    Think(Thought),
    Cancel(GenerationId),
    Commit(GenerationId),
}

impl BrainSession for Session {
    fn think(&mut self, thought: Thought) {
        let generation = thought.generation;
        self.gate.open(generation);
        if let Err(TrySendError::Full(_) | TrySendError::Closed(_)) =
            self.orders.try_send(Order::Think(thought))
        {
            let error = VendorError::Overloaded { vendor: super::ourselves(), retry_after: None };
            let _ = self.gate.offer(generation, BrainEvent::Failed { generation, error });
        }
    }

    fn cancel(&mut self, generation: GenerationId) {
        self.gate.close(generation);
        // Full: what is cancelled here is dead in the call, too, and dropped there.
        let _ = self.orders.try_send(Order::Cancel(generation));
    }

    fn commit(&mut self, generation: GenerationId) {
        // Full: what waits for it fails by its own deadline.
        let _ = self.orders.try_send(Order::Commit(generation));
    }

    fn usage(&self) -> VendorUsage {
        let shares = self.shares().into_iter();
        shares.fold(VendorUsage::default(), |sum, (_, usage)| sum + usage)
    }

    fn shares(&self) -> Vec<(VendorName, VendorUsage)> {
        let usage = |seat: &Seat| seat.session().as_ref().map(|session| session.usage());
        let shares = self.members.iter().map(|seat| (seat.member.name, usage(seat)));
        shares.map(|(name, usage)| (name, usage.unwrap_or_default())).collect()
    }
}

/// Everybody who may be asked, and the present race between them.
struct Panel {
    members: Arc<[Seat]>,
    context: BrainContext,
    gate: Arc<Gate>,
    sender: Sender<(usize, BrainEvent)>,
    race: Option<Race>,
    /// Who broke off in the middle of a reply: the next thought starts with somebody else.
    shunned: Option<usize>,
}

struct Seat {
    member: Member<dyn Brain>,
    /// The panel works with it; nobody holds it for longer than an order takes.
    session: Mutex<Option<Box<dyn BrainSession>>>,
}

impl Seat {
    fn session(&self) -> MutexGuard<'_, Option<Box<dyn BrainSession>>> {
        // A session is whole between two orders; a panic elsewhere must not silence the call.
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The search for an answer to one thought.
struct Race {
    thought: Thought,
    runners: Vec<Runner>,
    winner: Option<usize>,
    /// Who has not been asked yet, in order.
    waiting: Vec<usize>,
    /// When the next is asked although somebody is still thinking.
    late_at: Option<Instant>,
    /// Why the latest of those who failed did.
    error: Option<VendorError>,
}

struct Runner {
    seat: usize,
    asked: Instant,
}

impl Panel {
    async fn run(mut self, mut orders: Receiver<Order>, mut heard: Receiver<(usize, BrainEvent)>) {
        loop {
            let late_at = self.race.as_ref().and_then(|race| race.late_at);
            let late = async {
                match late_at {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                // What is cancelled is not passed on: orders first.
                biased;
                order = orders.recv() => match order {
                    Some(Order::Think(thought)) => self.begin(thought),
                    Some(Order::Cancel(generation)) => self.cancel(generation),
                    Some(Order::Commit(generation)) => self.commit(generation),
                    None => return self.end(),
                },
                Some((seat, event)) = heard.recv() => self.handle_event(seat, event),
                () = late => self.handle_lateness(),
            }
        }
    }

    fn begin(&mut self, thought: Thought) {
        self.end();
        let shunned = self.shunned.take();
        let mut waiting: Vec<usize> =
            (0..self.members.len()).filter(|seat| Some(*seat) != shunned).collect();
        waiting.extend(shunned);
        let runners = Vec::with_capacity(waiting.len());
        self.race =
            Some(Race { thought, runners, winner: None, waiting, late_at: None, error: None });
        self.ask_next();
    }

    /// Whoever was asked last is late: the next is asked, too.
    fn handle_lateness(&mut self) {
        let late = self.race.as_ref().and_then(|race| race.runners.last());
        if let Some(runner) = late {
            self.members[runner.seat].member.health.left(LATE);
        }
        self.ask_next();
    }

    /// Asks whoever is next and may be asked. Gives up if nobody is left and nobody is thinking.
    fn ask_next(&mut self) {
        loop {
            let Some(race) = &mut self.race else { return };
            race.late_at = None;
            if race.waiting.is_empty() {
                if race.runners.is_empty() {
                    self.give_up();
                }
                return;
            }
            let seat = race.waiting.remove(0);
            // The last is asked even if it had better rest: silence is no answer.
            let is_last = race.waiting.is_empty() && race.runners.is_empty();
            let health = &self.members[seat].member.health;
            if health.admit() == Admission::Refused && !is_last {
                health.left(RESTING);
                continue;
            }
            match self.ask(seat) {
                Ok(()) => return,
                Err(error) => self.note_failure(seat, error),
            }
        }
    }

    fn ask(&mut self, seat: usize) -> Result<(), VendorError> {
        let Some(race) = &mut self.race else { return Ok(()) };
        let Seat { member, .. } = &self.members[seat];
        let mut session = self.members[seat].session();
        let session = match &mut *session {
            Some(session) => session,
            empty @ None => {
                let sink = Tagged { seat, sender: self.sender.clone() };
                empty.insert(member.vendor.open(self.context.clone(), Arc::new(sink))?)
            }
        };
        let asked = Instant::now();
        race.runners.push(Runner { seat, asked });
        race.late_at = (!race.waiting.is_empty()).then(|| asked + member.health.late_after());
        session.think(race.thought.clone());
        Ok(())
    }

    fn note_failure(&mut self, seat: usize, error: VendorError) {
        let health = &self.members[seat].member.health;
        health.failed(&error);
        if let Some(race) = &mut self.race {
            if !race.waiting.is_empty() {
                health.left(error.reason());
            }
            race.runners.retain(|runner| runner.seat != seat);
            race.error = Some(error);
        }
    }

    fn give_up(&mut self) {
        let Some(race) = self.race.take() else { return };
        let error = race.error.unwrap_or_else(|| VendorError::Overloaded {
            vendor: super::ourselves(),
            retry_after: None,
        });
        let generation = race.thought.generation;
        self.pass(BrainEvent::Failed { generation, error });
    }

    fn handle_event(&mut self, seat: usize, event: BrainEvent) {
        let Some(race) = &self.race else { return };
        let is_alive = race.thought.generation == generation(&event)
            && race.winner.is_none_or(|winner| winner == seat)
            && race.runners.iter().any(|runner| runner.seat == seat);
        if !is_alive {
            return;
        }
        match event {
            BrainEvent::Failed { generation, error } => {
                self.handle_failure(seat, generation, error)
            }
            BrainEvent::Done { generation, .. } if race.winner.is_none() => {
                // Nothing to say is no answer.
                let vendor = self.members[seat].member.name;
                let reason = "it ended its reply without a word".into();
                self.handle_failure(seat, generation, VendorError::Malformed { vendor, reason });
            }
            BrainEvent::Done { .. } => {
                self.race = None;
                self.pass(event);
            }
            BrainEvent::Text { .. }
            | BrainEvent::Pause { .. }
            | BrainEvent::Understood { .. }
            | BrainEvent::Effect { .. } => {
                self.settle(seat);
                self.pass(event);
            }
        }
    }

    /// `seat` has answered: if nobody had, the race is over.
    fn settle(&mut self, seat: usize) {
        let Some(race) = &mut self.race else { return };
        if race.winner.is_some() {
            return;
        }
        race.winner = Some(seat);
        race.late_at = None;
        let generation = race.thought.generation;
        for runner in std::mem::take(&mut race.runners) {
            let asked = &self.members[runner.seat];
            if runner.seat == seat {
                asked.member.health.answered(runner.asked.elapsed());
                race.runners.push(runner);
            } else if let Some(session) = &mut *asked.session() {
                session.cancel(generation);
            }
        }
    }

    fn handle_failure(&mut self, seat: usize, generation: GenerationId, error: VendorError) {
        let has_begun = self.race.as_ref().is_some_and(|race| race.winner == Some(seat));
        self.note_failure(seat, error.clone());
        if has_begun {
            // Words are out that another brain does not know of: the call decides what becomes of them.
            self.shunned = Some(seat);
            self.race = None;
            self.pass(BrainEvent::Failed { generation, error });
            return;
        }
        let is_anybody_thinking = self.race.as_ref().is_some_and(|race| !race.runners.is_empty());
        if !is_anybody_thinking {
            self.ask_next();
        }
    }

    fn cancel(&mut self, generation: GenerationId) {
        if self.race.as_ref().is_some_and(|race| race.thought.generation == generation) {
            self.end();
        }
    }

    /// The winner's reply is heard.
    fn commit(&mut self, generation: GenerationId) {
        let Some(race) = &self.race else { return };
        let seat = race.winner.filter(|_| race.thought.generation == generation);
        let Some(seat) = seat else { return };
        if let Some(session) = &mut *self.members[seat].session() {
            session.commit(generation);
        }
    }

    /// Offers `event` to the call, unless its reply has been cancelled meanwhile.
    fn pass(&self, event: BrainEvent) {
        let _ = self.gate.offer(generation(&event), event);
    }

    /// Calls off the present race.
    fn end(&mut self) {
        let Some(race) = self.race.take() else { return };
        for runner in race.runners {
            if let Some(session) = &mut *self.members[runner.seat].session() {
                session.cancel(race.thought.generation);
            }
        }
    }
}

/// A member's way to the panel: its events with its seat on them.
struct Tagged {
    seat: usize,
    sender: Sender<(usize, BrainEvent)>,
}

impl Sink<BrainEvent> for Tagged {
    fn offer(&self, event: BrainEvent) -> Offered {
        match self.sender.try_send((self.seat, event)) {
            Ok(()) => Offered::Accepted,
            Err(TrySendError::Full(_)) => Offered::Shed,
            Err(TrySendError::Closed(_)) => Offered::Closed,
        }
    }
}

const fn generation(event: &BrainEvent) -> GenerationId {
    match event {
        BrainEvent::Text { generation, .. }
        | BrainEvent::Pause { generation }
        | BrainEvent::Understood { generation, .. }
        | BrainEvent::Effect { generation, .. }
        | BrainEvent::Done { generation, .. }
        | BrainEvent::Failed { generation, .. } => *generation,
    }
}

//! The desk: one task that follows every leg from ring to end and carries out what its
//! [`LegLife`] orders. It waits for nobody: commands run beside it and report back.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use types::{CallId, CallTime, EndReason, LegOrder as Wish, Millis, Unavailable, WallTime};

use super::again;
use super::carrier::{
    ActiveCall, Carrier, CarrierError, ClientState, Command, CommandId, LegMark, LegName,
    LegParties, LegRole, RejectCause, StreamOrder,
};
use super::handle::{Delivered, LegHandle, Seat, SeatSlot, Taken, Work};
use super::leg::{Close, LegEvent, LegLife, LegOrder, RecordBy, Verb, Way, Why};
use super::news::{News, Ring, What};
use super::record;
use crate::actor::{Inner, LegNews};
use crate::admission::{Purpose, Refusal, Ticket, new_call_id};
use crate::config::{FrontConfig, Streaming};
use crate::listen::serve::stopped;
use crate::node::Node;

/// Legs followed at once beyond the calls a node carries: those that are being refused or ended.
const LEGS_SPARE: usize = 4_096;

/// Ended legs remembered, so that a late `call.initiated` does not answer the dead.
const GONE_MAX: usize = 16_384;

/// Legs that one look hangs up at most: a list that is wrong must not end everything at once.
const SWEPT_MAX: usize = 50;

/// A leg this young may be missing from the carrier's list without being gone.
const LISTED_AFTER: Duration = Duration::from_secs(5);

/// One leg, and all that is ours about it.
struct Leg {
    life: LegLife,
    begun: Instant,
    way: Way,
    call: CallId,
    epoch: u64,
    handle: LegHandle,
    parties: Option<LegParties>,
    seat: Arc<SeatSlot>,
    /// When it was answered, for the record of a call that never began.
    answered_at: Option<WallTime>,
    token: Option<types::Secret<String>>,
    /// Streams ordered, by us and by its call.
    streams: u32,
    wishes: u32,
    deadline: Option<Instant>,
}

/// Ended legs, the oldest forgotten first.
#[derive(Default)]
struct Gone {
    names: HashSet<LegName>,
    order: VecDeque<LegName>,
}

impl Gone {
    fn insert(&mut self, leg: LegName) {
        if GONE_MAX <= self.order.len()
            && let Some(oldest) = self.order.pop_front()
        {
            self.names.remove(&oldest);
        }
        if self.names.insert(leg.clone()) {
            self.order.push_back(leg);
        }
    }
}

/// Follows the legs.
pub(crate) struct Desk {
    node: Arc<Node>,
    config: FrontConfig,
    carrier: Carrier,
    work: mpsc::Sender<Work>,
    epoch: u64,
    legs: HashMap<LegName, Leg>,
    gone: Gone,
    deadlines: BTreeSet<(Instant, LegName)>,
    sweep_at: Instant,
    /// Looks so far: a leg that is hung up again needs a new command.
    sweeps: u32,
    /// Unowned at the last look.
    suspects: HashSet<LegName>,
    /// Of ours, and not listed at the last look.
    missing: HashSet<LegName>,
}

/// Whom a leg is for.
enum Decision {
    Take(Box<Seat>),
    Refuse(RejectCause),
}

impl Desk {
    /// A desk without legs. `work` is how its own commands report back.
    pub(crate) fn new(node: Arc<Node>, carrier: Carrier, work: mpsc::Sender<Work>) -> Self {
        let config = node.config.front.clone();
        let sweep_at = Instant::now() + duration(config.sweep);
        let epoch = crate::actor::wall_now().as_unix_millis().unsigned_abs() / 1_000;
        Self {
            node,
            config,
            carrier,
            work,
            epoch,
            legs: HashMap::new(),
            gone: Gone::default(),
            deadlines: BTreeSet::new(),
            sweep_at,
            sweeps: 0,
            suspects: HashSet::new(),
            missing: HashSet::new(),
        }
    }

    /// Works until the engine stops.
    pub(crate) async fn run(
        mut self,
        mut webhooks: mpsc::Receiver<Delivered>,
        mut work: mpsc::Receiver<Work>,
        mut running: crate::listen::Running,
    ) {
        loop {
            let deadline = self.deadlines.first().map_or(self.sweep_at, |(at, _)| *at);
            tokio::select! {
                biased;
                Some(item) = work.recv() => self.handle_work(item),
                Some(delivered) = webhooks.recv() => self.handle_delivered(delivered),
                () = tokio::time::sleep_until(deadline.min(self.sweep_at)) => self.handle_time(),
                () = stopped(&mut running) => return,
            }
            self.node.telemetry.legs_live.set(self.legs.len() as f64);
            let ours = self.legs.values().filter(|leg| !leg.life.is_handed_over()).count();
            self.node.legs.store(ours, Ordering::Relaxed);
        }
    }

    fn handle_work(&mut self, work: Work) {
        match work {
            Work::Ring { ring, reply } => {
                let taken = self.on_document(&ring);
                // A carrier that no longer waits asks again.
                let _ = reply.send(taken);
            }
            Work::Leg { leg, event } => self.tell(&leg, event),
            Work::Wish { leg, wish } => self.on_wish(&leg, wish),
            Work::Restream { leg, reply } => self.on_restream(&leg, reply),
            Work::Adopt { leg, call } => self.on_adopt(leg, call),
            Work::EndLegs => {
                let names: Vec<LegName> = self.legs.keys().cloned().collect();
                for name in names {
                    if self.legs.get(&name).is_some_and(|leg| !leg.life.is_handed_over()) {
                        self.tell(&name, LegEvent::HangUp);
                    }
                }
            }
            Work::Active(Some(active)) => self.on_active(&active),
            Work::Active(None) => (),
        }
    }

    fn handle_delivered(&mut self, delivered: Delivered) {
        let Delivered { news, at } = delivered;
        let leg = news.leg.clone();
        self.on_news(news);
        if let Some(leg) = self.legs.get(&leg) {
            leg.handle.own.add(at.elapsed());
        }
    }

    fn on_news(&mut self, news: News) {
        let News { leg, connection, mark, ring, what } = news;
        let ours = &self.config.connections;
        if !ours.is_empty() && !connection.is_some_and(|connection| ours.contains(&connection)) {
            self.node.telemetry.webhooks_foreign.increment(1);
            return;
        }
        match what {
            What::Rings => self.on_rings(&ring),
            What::Answered => {
                if self.legs.contains_key(&leg) {
                    return self.tell(&leg, LegEvent::Answered);
                }
                // Answered by an earlier process that did not live to see it: the caller waits.
                if let LegMark::Ours(state) = mark
                    && state.role == LegRole::Call
                    && state.node == self.config.node
                {
                    self.on_answered_before(&ring, state.call);
                }
            }
            What::HungUp | What::HungUpAnswered => {
                if self.legs.contains_key(&leg) {
                    if what == What::HungUpAnswered {
                        self.tell(&leg, LegEvent::WasAnswered);
                    }
                    self.tell(&leg, LegEvent::HungUp);
                } else {
                    // Before its `call.initiated`, maybe: that one is then too late.
                    self.gone.insert(leg);
                }
            }
            What::StreamFailed => self.tell(&leg, LegEvent::StreamFailed),
            What::RingsOthers | What::Nothing => (),
            What::Unknown => self.node.telemetry.webhooks_unknown.increment(1),
        }
    }

    fn is_known(&self, leg: &LegName) -> bool {
        self.legs.contains_key(leg) || self.gone.names.contains(leg)
    }

    fn on_rings(&mut self, ring: &Ring) {
        if self.is_known(&ring.leg) {
            return;
        }
        let settings = self.config.leg;
        match self.decide(ring) {
            Decision::Take(seat) => {
                let way = self.way();
                let life = LegLife::take(CallTime::ZERO, way, settings);
                self.insert(ring, (way, life), (new_call_id(), Some(*seat)));
            }
            Decision::Refuse(cause) => {
                let life = LegLife::refuse(CallTime::ZERO, cause, settings);
                self.insert(ring, (Way::Ordered, life), (new_call_id(), None));
            }
        }
        self.settle(&ring.leg);
    }

    /// A document is asked for: the carrier answers the leg itself.
    fn on_document(&mut self, ring: &Ring) -> Taken {
        if self.gone.names.contains(&ring.leg) {
            return Taken::Over;
        }
        if let Some(leg) = self.legs.get(&ring.leg) {
            // Our first document got lost: the same again, with a token that still opens.
            let (way, call) = (leg.way, leg.call);
            let order = if way == Way::Document { self.stream_order(&ring.leg) } else { None };
            return order.map_or(Taken::Over, |order| Taken::Connect { url: order.url, call });
        }
        let seat = match self.decide(ring) {
            Decision::Take(seat) => seat,
            Decision::Refuse(cause) => {
                record::refused(&self.node, &ring.leg, ring.to, Why::Refused(cause));
                self.gone.insert(ring.leg.clone());
                return Taken::Refused(cause);
            }
        };
        let call = new_call_id();
        let life = LegLife::take(CallTime::ZERO, Way::Document, self.config.leg);
        self.insert(ring, (Way::Document, life), (call, Some(*seat)));
        let order = self.stream_order(&ring.leg);
        self.settle(&ring.leg);
        match order {
            Some(order) => Taken::Connect { url: order.url, call },
            None => Taken::Refused(RejectCause::Unavailable),
        }
    }

    fn on_answered_before(&mut self, ring: &Ring, call: CallId) {
        if self.is_known(&ring.leg) {
            return;
        }
        // A call that lives here is being resumed, and knows what to do with its leg.
        if self.node.live.contains_key(&call) {
            return self.on_adopt(ring.leg.clone(), call);
        }
        if let Decision::Take(seat) = self.decide(ring) {
            let life = LegLife::take_answered(CallTime::ZERO, self.config.leg);
            self.insert(ring, (Way::Ordered, life), (call, Some(*seat)));
            self.settle(&ring.leg);
        }
    }

    /// Whose number it is, and whether there is a place. Read once: the call keeps what was found.
    fn decide(&self, ring: &Ring) -> Decision {
        let telemetry = &self.node.telemetry;
        let published = self.node.routes.load();
        let Some(agent) = ring.to.and_then(|to| published.agent_for(to)) else {
            telemetry.refused_number.increment(1);
            return Decision::Refuse(RejectCause::NotFound);
        };
        if self.node.config.media.calls_max + LEGS_SPARE <= self.legs.len() {
            telemetry.refused_full.increment(1);
            return Decision::Refuse(RejectCause::Unavailable);
        }
        match self.node.admit(&agent) {
            Ok(place) => Decision::Take(Box::new(Seat { agent, published, place })),
            Err(refusal) => {
                tracing::warn!(business = %agent.business, %refusal, "call refused");
                Decision::Refuse(match refusal {
                    Refusal::BusinessFull | Refusal::Pace => match agent.intake.overflow {
                        types::Overflow::Busy => RejectCause::Busy,
                        types::Overflow::Reject => RejectCause::Rejected,
                        types::Overflow::Unavailable => RejectCause::Unavailable,
                    },
                    Refusal::NodeFull
                    | Refusal::Draining
                    | Refusal::NoToken
                    | Refusal::BadToken => RejectCause::Unavailable,
                })
            }
        }
    }

    /// Streams that need more than an answer can carry are ordered by themselves (telnyx.md §1.3).
    fn way(&self) -> Way {
        let telephone = self.config.format.rate == types::SampleRate::Hz8000;
        match self.config.streaming {
            Streaming::Inline if telephone => Way::Inline,
            Streaming::Inline | Streaming::Command => Way::Ordered,
        }
    }

    fn insert(
        &mut self,
        ring: &Ring,
        (way, life): (Way, LegLife),
        (call, seat): (CallId, Option<Seat>),
    ) {
        let telemetry = self.node.telemetry.clone();
        let handle = LegHandle::new(ring.leg.clone(), self.work.clone(), telemetry);
        let parties = ring.to.map(|to| LegParties { from: ring.from.clone(), to });
        let leg = Leg {
            life,
            begun: Instant::now(),
            way,
            call,
            epoch: 0,
            handle,
            parties,
            seat: Arc::new(seat.map_or_else(SeatSlot::default, SeatSlot::new)),
            answered_at: None,
            token: None,
            streams: 0,
            wishes: 0,
            deadline: None,
        };
        self.legs.insert(ring.leg.clone(), leg);
    }

    fn on_adopt(&mut self, name: LegName, call: CallId) {
        if self.legs.contains_key(&name) {
            return;
        }
        let ring = Ring { leg: name.clone(), from: None, to: None };
        let life = LegLife::adopt(self.config.leg);
        self.insert(&ring, (Way::Ordered, life), (call, None));
        if let Some(leg) = self.legs.get_mut(&name) {
            // Commands of the process before must not be taken for these.
            leg.epoch = self.epoch;
        }
    }

    /// Tells a leg what happened, and carries out what it orders.
    fn tell(&mut self, name: &LegName, event: LegEvent) {
        let Some(leg) = self.legs.get_mut(name) else { return };
        let proves = matches!(
            event,
            LegEvent::Answered | LegEvent::WasAnswered | LegEvent::Began | LegEvent::SocketOpened
        );
        if proves && leg.answered_at.is_none() {
            leg.answered_at = Some(crate::actor::wall_now());
            self.node.telemetry.legs_answered.increment(1);
        }
        let now = leg.now();
        leg.life.handle_event(now, event);
        self.settle(name);
    }

    fn handle_time(&mut self) {
        let now = Instant::now();
        while let Some((at, name)) = self.deadlines.first().cloned()
            && at <= now
        {
            self.deadlines.pop_first();
            if let Some(leg) = self.legs.get_mut(&name) {
                leg.deadline = None;
                let now = leg.now();
                leg.life.handle_timeout(now);
            }
            self.settle(&name);
        }
        if self.sweep_at <= now {
            self.sweep_at = now + duration(self.config.sweep);
            self.ask_active();
        }
    }

    /// Carries out a leg's orders and notes its next deadline.
    fn settle(&mut self, name: &LegName) {
        while let Some(order) = self.legs.get_mut(name).and_then(|leg| leg.life.poll_order()) {
            self.perform(name, order);
        }
        let Some(leg) = self.legs.get_mut(name) else { return };
        let due = leg.life.poll_timeout();
        let due = due.map(|at| leg.begun + Duration::from_micros(at.as_micros()));
        if due != leg.deadline {
            if let Some(old) = leg.deadline {
                self.deadlines.remove(&(old, name.clone()));
            }
            leg.deadline = due;
            if let Some(due) = due {
                self.deadlines.insert((due, name.clone()));
            }
        }
    }

    fn perform(&mut self, name: &LegName, order: LegOrder) {
        match order {
            LegOrder::Answer => {
                let Some(leg) = self.legs.get(name) else { return };
                let (state, way) = (self.state(leg.call, LegRole::Call), leg.way);
                let inline = way == Way::Inline;
                let stream = inline.then(|| self.stream_order(name)).flatten().map(Box::new);
                self.command(name, Verb::Answer, 0, Command::Answer { state, stream });
            }
            LegOrder::Reject(cause) => {
                self.command(name, Verb::Reject, 0, Command::Reject(cause));
            }
            LegOrder::StartStream { n: _ } => {
                let Some(order) = self.stream_order(name) else { return };
                let CommandId { n, epoch: _ } = self.stream_id(name);
                let command = Command::StartStream(Box::new(order));
                self.command(name, Verb::StartStream, n, command);
            }
            LegOrder::HangUp { n } => {
                self.revoke(name);
                self.command(name, Verb::HangUp, n, Command::HangUp);
            }
            LegOrder::EndCall => self.tell_call(name, LegNews::Gone),
            LegOrder::TellStreamFailed => self.tell_call(name, LegNews::StreamFailed),
            LegOrder::Close(close) => self.close(name, close),
        }
    }

    /// Runs a command beside the desk; its outcome comes back as work.
    fn command(&self, name: &LegName, verb: Verb, n: u32, command: Command) {
        let epoch = self.legs.get(name).map_or(0, |leg| leg.epoch);
        let (carrier, work, leg) = (self.carrier.clone(), self.work.clone(), name.clone());
        tokio::spawn(async move {
            let outcome = carrier.command(&leg, CommandId { epoch, n }, command).await;
            let done = Work::Leg { leg, event: LegEvent::Done(verb, outcome) };
            // A desk that is gone needs to know nothing.
            let _ = work.send(done).await;
        });
    }

    /// A stream with a new token; the one before opens nothing any more.
    fn stream_order(&mut self, name: &LegName) -> Option<StreamOrder> {
        self.revoke(name);
        let leg = self.legs.get_mut(name)?;
        let seat = leg.seat.clone();
        let ticket =
            Ticket { leg: leg.handle.clone(), call: leg.call, purpose: Purpose::Begin(seat) };
        Some(self.mint(name, ticket))
    }

    fn mint(&mut self, name: &LegName, ticket: Ticket) -> StreamOrder {
        let call = ticket.call;
        let token = self.node.tokens.mint_for(ticket);
        if let Some(leg) = self.legs.get_mut(name) {
            leg.token = Some(token.clone());
        }
        self.order(call, token)
    }

    fn order(&self, call: CallId, token: types::Secret<String>) -> StreamOrder {
        StreamOrder {
            url: format!("{}/media/telnyx/{}", self.config.media_url, token.expose()),
            token,
            format: self.config.format,
            state: self.state(call, LegRole::Call),
            parameters: vec![("call".into(), call.to_string())],
        }
    }

    fn revoke(&mut self, name: &LegName) {
        if let Some(token) = self.legs.get_mut(name).and_then(|leg| leg.token.take()) {
            self.node.tokens.revoke(&token);
        }
    }

    fn state(&self, call: CallId, role: LegRole) -> ClientState {
        ClientState { call, node: self.config.node.clone(), role }
    }

    fn tell_call(&self, name: &LegName, news: LegNews) {
        let Some(leg) = self.legs.get(name) else { return };
        // The handle is copied out: no shard stays locked while an inbox is offered something.
        let inbox = self.node.live.get(&leg.call).map(|live| live.inbox.clone());
        if let Some(inbox) = inbox {
            inbox.offer_inner(Inner::Leg(news));
        }
    }

    fn on_wish(&mut self, name: &LegName, wish: Wish) {
        let Some(leg) = self.legs.get_mut(name) else { return };
        leg.wishes += 1;
        let (n, call, epoch) = (leg.wishes, leg.call, leg.epoch);
        let command = match wish {
            Wish::HangUp => return self.tell(name, LegEvent::HangUp),
            Wish::Transfer { to } => {
                Command::Transfer { to, state: self.state(call, LegRole::HandedOver) }
            }
            Wish::SendDtmf { digits } => Command::SendDtmf { digits },
        };
        let hands_over = matches!(command, Command::Transfer { .. });
        let (carrier, work, leg) = (self.carrier.clone(), self.work.clone(), name.clone());
        let inbox = self.node.live.get(&call).map(|live| live.inbox.clone());
        tokio::spawn(async move {
            match carrier.command(&leg, CommandId { epoch, n }, command).await {
                Ok(()) if hands_over => {
                    let event = LegEvent::HandedOver;
                    // A desk that is gone needs to know nothing.
                    let _ = work.send(Work::Leg { leg, event }).await;
                }
                Ok(()) => (),
                Err(_) => {
                    if let Some(inbox) = inbox {
                        inbox.offer_inner(Inner::Leg(LegNews::Refused(Unavailable::Refused)));
                    }
                }
            }
        });
    }

    fn on_restream(&mut self, name: &LegName, reply: oneshot::Sender<Result<(), CarrierError>>) {
        let Some(order) = self.order_again(name) else {
            // Who asked may have gone; then nobody hears it.
            let _ = reply.send(Err(CarrierError::Ended));
            return;
        };
        let ids = [self.stream_id(name), self.stream_id(name)];
        let (carrier, node, leg) = (self.carrier.clone(), self.node.clone(), name.clone());
        tokio::spawn(async move {
            let is_waited_for = || node.tokens.renew(&order.token);
            let outcome = again::stream_again(&carrier, (&leg, ids), &order, is_waited_for).await;
            let _ = reply.send(outcome);
        });
    }

    /// A stream for a call that goes on: with the token of the order before, if its socket has not
    /// come. Both orders then open the same door, whichever the carrier follows.
    fn order_again(&mut self, name: &LegName) -> Option<StreamOrder> {
        let leg = self.legs.get(name)?;
        let call = leg.call;
        if let Some(token) = leg.token.clone().filter(|token| self.node.tokens.renew(token)) {
            return Some(self.order(call, token));
        }
        let ticket = Ticket { leg: leg.handle.clone(), call, purpose: Purpose::Again };
        Some(self.mint(name, ticket))
    }

    /// The name of the next order to stream.
    fn stream_id(&mut self, name: &LegName) -> CommandId {
        let leg = self.legs.get_mut(name);
        let (epoch, n) = leg.map_or((0, 0), |leg| {
            leg.streams += 1;
            (leg.epoch, leg.streams)
        });
        CommandId { epoch, n }
    }

    fn close(&mut self, name: &LegName, close: Close) {
        self.revoke(name);
        let Some(leg) = self.legs.remove(name) else { return };
        if let Some(deadline) = leg.deadline {
            self.deadlines.remove(&(deadline, name.clone()));
        }
        self.gone.insert(name.clone());
        let seat = leg.seat.take();
        let (to, why) = (leg.parties.as_ref().map(|parties| parties.to), close.why);
        if why == Why::NoMedia {
            self.node.telemetry.legs_without_media.increment(1);
        }
        match (close.record, seat, leg.parties) {
            // Nobody took the seat, so no call began, nor can one begin now.
            (RecordBy::Front, Some(seat), Some(parties)) => {
                let began = leg.answered_at.unwrap_or_else(crate::actor::wall_now);
                let lost = record::Lost { call: leg.call, began, ended: reason(why) };
                record::lost(&self.node, name, &seat.agent, (&parties, lost));
            }
            (RecordBy::Nobody, _, _) => record::refused(&self.node, name, to, why),
            // A call took the seat meanwhile: the record is its.
            (RecordBy::Front | RecordBy::Call, _, _) => (),
        }
    }

    /// Has the carrier list the legs it has, beside the desk.
    fn ask_active(&self) {
        if self.config.connections.is_empty() {
            return;
        }
        let (carrier, work) = (self.carrier.clone(), self.work.clone());
        tokio::spawn(async move {
            let active = carrier.active_calls().await;
            if let Err(error) = &active {
                tracing::warn!(%error, "the carrier's live legs cannot be listed");
            }
            // A desk that is gone needs to know nothing.
            let _ = work.send(Work::Active(active.ok())).await;
        });
    }

    /// Compares the carrier's live legs with ours, twice before anything is done: what is on its way
    /// looks like what is lost.
    fn on_active(&mut self, active: &[ActiveCall]) {
        self.sweeps = self.sweeps.wrapping_add(1);
        let unowned = active.iter().filter(|active| match &active.mark {
            LegMark::None => !self.legs.contains_key(&active.leg),
            LegMark::Ours(state) => {
                state.node == self.config.node
                    && state.role == LegRole::Call
                    && !self.legs.contains_key(&active.leg)
            }
            LegMark::Foreign => false,
        });
        let unowned: HashSet<LegName> = unowned.map(|active| active.leg.clone()).collect();
        let lost: Vec<LegName> =
            unowned.intersection(&self.suspects).take(SWEPT_MAX).cloned().collect();
        for leg in lost {
            self.node.telemetry.legs_swept.increment(1);
            tracing::warn!("a leg nobody owns is hung up");
            let (carrier, epoch, n) = (self.carrier.clone(), self.epoch, self.sweeps);
            tokio::spawn(async move {
                // What could not be hung up is found again at the next look.
                let _ = carrier.hang_up(&leg, CommandId { epoch, n }).await;
            });
        }
        self.suspects = unowned;
        let listed: HashSet<&LegName> = active.iter().map(|active| &active.leg).collect();
        let missing = self.legs.iter().filter(|(name, leg)| {
            leg.way != Way::Document && LISTED_AFTER < leg.begun.elapsed() && !listed.contains(name)
        });
        let missing: HashSet<LegName> = missing.map(|(name, _)| name.clone()).collect();
        let ended: Vec<LegName> = missing.intersection(&self.missing).cloned().collect();
        self.missing = missing;
        for name in ended {
            // Its `call.hangup` was lost.
            self.tell(&name, LegEvent::HungUp);
        }
    }
}

impl Leg {
    fn now(&self) -> CallTime {
        CallTime::from_micros(self.begun.elapsed().as_micros() as u64)
    }
}

/// What a record says of a leg that no call began on.
const fn reason(why: Why) -> EndReason {
    match why {
        Why::CallerGone => EndReason::CallerHungUp,
        Why::NoMedia => EndReason::MediaDead,
        Why::Shutdown => EndReason::Shutdown,
        Why::Ended | Why::Refused(_) | Why::AnswerFailed => EndReason::LegLost,
    }
}

fn duration(span: Millis) -> Duration {
    Duration::from_micros(span.as_micros())
}

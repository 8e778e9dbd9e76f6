//! One call: one task, on one thread for life.

mod hearing;
mod inbox;
mod leg;
mod log;
mod opening;
mod parts;
mod resume;
mod session;
mod socket;
mod speaking;
mod timeline;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{WebSocket, close_code};
use tokio::time::Instant;
use types::{
    AgentConfig, CALL_RECORD_FORMAT, CallId, CallRecord, EndReason, Millis, PTIME, Parties, Usage,
};

pub(crate) use inbox::{InboxSink, Inner, LegNews};
use leg::{CarrierLeg, SocketLeg};
pub(crate) use log::PIECE_WAIT;
use opening::{NoCall, Opening};
pub(crate) use resume::{Returning, gather, resume};
pub(crate) use session::wall_now;
use session::{Beginning, LineState, RingShare, Session};
use socket::{Line, Ticks, Wake};

use crate::admission::{Admitted, Place, Purpose, Refusal, Ticket};
use crate::archive::Finished;
use crate::feed::Seen;
use crate::front::carrier::{LegName, LegParties};
use crate::front::leg::{Ending, LegEvent};
use crate::front::record::{self, Lost};
use crate::front::{LegHandle, Seat};
use crate::journal::{Began, Entry, Kind, LegKind};
use crate::node::{LiveCall, Node};

/// How long a carrier may take to take our last word.
const CLOSE_LIMIT: Duration = Duration::from_millis(500);

/// The moment `span` from now.
fn instant_after(span: Millis) -> Instant {
    Instant::now() + Duration::from_micros(span.as_micros())
}

/// Carries one socket's call from its first message to its record.
pub(crate) async fn run(node: Arc<Node>, socket: WebSocket, admitted: Admitted) {
    let (inbox, events) = InboxSink::new(node.telemetry.clone());
    let mut line = Line::new(socket, events);
    let ticket = match admitted {
        Admitted::Leg(ticket) => Some(ticket.0),
        Admitted::Anyone => None,
    };
    if let Some(ticket) = &ticket {
        ticket.leg.report(LegEvent::SocketOpened);
    }
    let limit = match &ticket {
        // Its leg is answered: the caller hears nothing until it has begun.
        Some(_) => node.config.front.leg.start_wait,
        None => node.config.media.start_wait,
    };
    let opened = opening::open(&node, &mut line, limit).await;
    let opening = match opened.and_then(|opening| check_leg(opening, ticket.as_deref())) {
        Ok(opening) => opening,
        Err(why) => {
            if let Some(ticket) = ticket {
                ticket.leg.report(LegEvent::SocketFailed);
            }
            refuse(&node, line, why).await;
            return;
        }
    };
    if let Some(ticket) = ticket {
        return run_leg(node, line, (opening, inbox), *ticket).await;
    }
    if let Some(live) = live_call(&node, &opening) {
        attach(&live, line, opening.format);
        return;
    }
    match admit(&node, &opening, inbox) {
        Ok((beginning, place)) => {
            carry(beginning, line, place, None).await;
        }
        Err(Rejected::Number) => {
            node.telemetry.refused_number.increment(1);
            line.close(close_code::POLICY, "nobody here has this number", CLOSE_LIMIT).await;
        }
        Err(Rejected::Full(refusal)) => {
            tracing::warn!(%refusal, "call refused");
            line.close(close_code::AGAIN, "busy", CLOSE_LIMIT).await;
        }
    }
}

/// Hands a socket to the call it belongs to.
fn attach(live: &InboxSink, line: Line, format: types::AudioFormat) {
    if let Some(socket) = line.into_socket() {
        live.offer_inner(Inner::Attach { socket: Box::new(socket), format });
    }
}

/// A token is for one leg, and for no other.
fn check_leg(opening: Opening, ticket: Option<&Ticket>) -> Result<Opening, NoCall> {
    match ticket {
        Some(ticket) if ticket.leg.name().as_str() != opening.carrier_call.reveal() => {
            Err(NoCall::OtherLeg)
        }
        Some(_) | None => Ok(opening),
    }
}

/// Goes on with a socket whose leg the front door follows.
async fn run_leg(
    node: Arc<Node>,
    line: Line,
    (opening, inbox): (Opening, InboxSink),
    ticket: Ticket,
) {
    let opened = Instant::now();
    let Ticket { leg, call, purpose } = ticket;
    let seat = match purpose {
        Purpose::Begin(seat) => seat.take(),
        Purpose::Again => {
            let live = node.live.get(&call).map(|live| live.inbox.clone());
            if let Some(live) = live {
                attach(&live, line, opening.format);
                return;
            }
            None
        }
    };
    let Some(Seat { agent, published, place }) = seat else {
        // The leg was given up, or its call is over.
        leg.report(LegEvent::SocketFailed);
        line.close(close_code::NORMAL, "call ended", CLOSE_LIMIT).await;
        return;
    };
    node.telemetry.calls_admitted.increment(1);
    let (_, seed) = random_numbers();
    let control = Box::new(CarrierLeg(leg.clone()));
    let source = published.source(agent.business).cloned();
    let began = wall_now();
    let ring = Some(RingShare { own: leg.own.clone(), opened });
    let beginning = Beginning {
        node,
        call,
        seed,
        opening,
        agent,
        published,
        inbox,
        leg: control,
        began,
        ring,
        again: Some(leg.clone()),
        past: None,
        source,
    };
    leg.report(LegEvent::Began);
    carry(beginning, line, place, Some(leg)).await;
}

async fn refuse(node: &Node, line: Line, why: NoCall) {
    let (counter, code, reason) = match why {
        NoCall::Gone => {
            node.telemetry.start_missing.increment(1);
            return;
        }
        NoCall::NoStart => (&node.telemetry.start_missing, close_code::POLICY, "no start"),
        NoCall::OtherLeg => (&node.telemetry.refused_token, close_code::POLICY, "another leg"),
        NoCall::NoNumber => (&node.telemetry.refused_number, close_code::POLICY, "no number"),
        NoCall::Format => {
            (&node.telemetry.refused_format, close_code::UNSUPPORTED, "unknown audio format")
        }
    };
    counter.increment(1);
    tracing::warn!(reason, "socket did not become a call");
    line.close(code, reason, CLOSE_LIMIT).await;
}

/// The call that this carrier's call is already, if it streams a second time (telnyx.md §1.10).
fn live_call(node: &Node, opening: &Opening) -> Option<InboxSink> {
    let carrier_call = opening.carrier_call.reveal();
    if carrier_call.is_empty() {
        return None;
    }
    let business = node.routes.load().agent_for(opening.to)?.business;
    let mut live = node.live.iter();
    let same =
        live.find(|live| live.business == business && live.carrier_call.reveal() == carrier_call)?;
    Some(same.inbox.clone())
}

enum Rejected {
    Number,
    Full(Refusal),
}

/// Finds the agent and a place. The routes are read once; the call keeps what it found.
fn admit(
    node: &Arc<Node>,
    opening: &Opening,
    inbox: InboxSink,
) -> Result<(Beginning, Place), Rejected> {
    let published = node.routes.load();
    let agent = published.agent_for(opening.to).ok_or(Rejected::Number)?;
    let place = node.admit(&agent).map_err(Rejected::Full)?;
    node.telemetry.calls_admitted.increment(1);
    let (number, seed) = random_numbers();
    let source = published.source(agent.business).cloned();
    let beginning = Beginning {
        node: node.clone(),
        call: CallId::new(number),
        seed,
        opening: opening.clone(),
        agent,
        published,
        inbox,
        leg: Box::new(SocketLeg),
        ring: None,
        again: None,
        past: None,
        source,
        began: wall_now(),
    };
    Ok((beginning, place))
}

/// An id that no other call has and a seed, by way of the hasher keys that the standard library
/// draws from the system's random source. Unique, not secret: no door opens to an id.
fn random_numbers() -> (u128, u64) {
    use std::hash::{BuildHasher, RandomState};
    let draw = |salt: u64| RandomState::new().hash_one((salt, std::time::SystemTime::now()));
    (u128::from(draw(1)) << 64 | u128::from(draw(2)), draw(3))
}

/// Begins the call and keeps it until it is over.
async fn carry(beginning: Beginning, line: Line, place: Place, leg: Option<LegHandle>) {
    let node = beginning.node.clone();
    let (id, business) = (beginning.call, beginning.agent.business);
    let inbox = beginning.inbox.clone();
    let never = Never::of(&beginning);
    let session = match Session::begin(beginning) {
        Ok(session) => session,
        Err(error) => {
            tracing::error!(%error, "call cannot begin");
            if let Some(leg) = leg {
                never.keep(&node, leg.name());
                leg.report(LegEvent::Ended(Ending::HangUp));
            }
            line.close(close_code::ERROR, "no vendors", CLOSE_LIMIT).await;
            return;
        }
    };
    let live = LiveCall { business, carrier_call: session.opening.carrier_call.clone(), inbox };
    node.live.insert(id, live);
    node.telemetry.calls_live.set(node.live.len() as f64);
    tracing::info!(call = %id, %business, version = %session.agent.version, "call began");
    carry_on((node, session, line), (Some(place), leg)).await;
}

/// Keeps a call, new or brought back, until it is over; its leg is told how it ended.
async fn carry_on(
    (node, mut session, mut line): (Arc<Node>, Session, Line),
    (place, leg): (Option<Place>, Option<LegHandle>),
) {
    let (id, business) = (session.id, session.agent.business);
    offer_began(&node, &session);
    session.commit_header();
    session.show(|| Seen::Began {
        carrier_call: session.opening.carrier_call.clone(),
        from: session.opening.from.clone(),
    });

    let reason = converse(&node, &mut session, &mut line).await;

    node.live.remove(&id);
    node.telemetry.calls_live.set(node.live.len() as f64);
    session.show(|| Seen::Ended);
    keep(&node, session, reason);
    drop(place);
    tracing::info!(call = %id, %business, ?reason, "call ended");
    let code = if reason == EndReason::Internal { close_code::ERROR } else { close_code::NORMAL };
    if let Some(leg) = leg {
        // The carrier is told before its socket is: hanging up takes longer than closing.
        leg.report(LegEvent::Ended(match reason {
            EndReason::Transferred => Ending::HandedOver,
            EndReason::CallerHungUp
            | EndReason::AgentSaidGoodbye
            | EndReason::Overflow
            | EndReason::NoInput
            | EndReason::DurationMax
            | EndReason::LegLost
            | EndReason::MediaDead
            | EndReason::Shutdown
            | EndReason::VendorsFailed
            | EndReason::Internal => Ending::HangUp,
        }));
    }
    line.close(code, "call ended", CLOSE_LIMIT).await;
}

/// What the record needs of a call that took its leg's seat and could not begin.
struct Never {
    agent: Arc<AgentConfig>,
    parties: LegParties,
    lost: Lost,
}

impl Never {
    fn of(beginning: &Beginning) -> Self {
        let Beginning { call, opening, agent, began, .. } = beginning;
        Self {
            agent: agent.clone(),
            parties: LegParties { from: opening.from.clone(), to: opening.to },
            lost: Lost { call: *call, began: *began, ended: EndReason::VendorsFailed },
        }
    }

    fn keep(self, node: &Node, leg: &LegName) {
        record::lost(node, leg, &self.agent, (&self.parties, self.lost));
    }
}

/// The call's loop. A fault of ours ends this call and no other.
async fn converse(node: &Node, session: &mut Session, line: &mut Line) -> EndReason {
    let mut ping_at = instant_after(node.config.media.ping);
    loop {
        loop {
            match guarded(node, session, Session::poll_message) {
                Ok(None) => break,
                Ok(Some(message)) => {
                    if line.send(message).is_err() {
                        node.telemetry.legs_stalled.increment(1);
                        line.drop_socket();
                        session.handle_gone();
                        break;
                    }
                }
                Err(reason) => return reason,
            }
        }
        match session.line {
            LineState::Up => (),
            LineState::HangingUp => session.handle_hung_up(),
            LineState::Over(reason) => return reason,
        }
        if let LineState::Over(reason) = session.line {
            return reason;
        }
        session.commit_log();
        let ticks = if session.speaking.is_playing() { Ticks::Wanted } else { Ticks::Unwanted };
        let wake = line.wait(session.deadline().min(ping_at), ticks).await;
        if ping_at <= Instant::now() {
            ping_at = instant_after(node.config.media.ping);
            if line.ping().is_err() {
                node.telemetry.legs_stalled.increment(1);
            }
        }
        if let Wake::Inner(Inner::Attach { socket, format }) = wake {
            line.replace_socket(*socket);
            if let Err(reason) = guarded(node, session, |session| session.attach(format)) {
                return reason;
            }
            continue;
        }
        match wake {
            Wake::Gone | Wake::Broken => line.drop_socket(),
            Wake::Text(_) | Wake::Binary | Wake::Inner(_) | Wake::Tick | Wake::Deadline => (),
        }
        let handled = guarded(node, session, |session| match wake {
            Wake::Text(text) => session.handle_text(&text),
            Wake::Binary => node.telemetry.messages_binary.increment(1),
            Wake::Inner(inner) => session.handle_inner(inner),
            Wake::Tick | Wake::Deadline => session.handle_time(),
            Wake::Gone => session.handle_gone(),
            Wake::Broken => {
                node.telemetry.sockets_broken.increment(1);
                session.handle_gone();
            }
        });
        if let Err(reason) = handled {
            return reason;
        }
    }
}

/// Runs a piece of a call; what panics in it ends the call, and is counted.
fn guarded<T>(
    node: &Node,
    session: &mut Session,
    piece: impl FnOnce(&mut Session) -> T,
) -> Result<T, EndReason> {
    catch_unwind(AssertUnwindSafe(|| piece(session))).map_err(|_| {
        node.telemetry.calls_panicked.increment(1);
        tracing::error!(call = %session.id, "a fault of ours ends this call; its log is kept");
        EndReason::Internal
    })
}

/// Writes into the journal that the call began: enough for another process to go on with it.
fn offer_began(node: &Node, session: &Session) {
    let leg = if session.has_carrier() { LegKind::Carrier } else { LegKind::Socket };
    let began = Began {
        source: session.source(),
        from: session.opening.from.clone(),
        carrier_call: session.opening.carrier_call.clone(),
        leg,
        ..Began::new(&session.agent, session.opening.to, session.began)
    };
    match serde_json::to_vec(&began.in_format(session.opening.format)) {
        Ok(payload) => {
            node.journal.offer(Entry { kind: Kind::Began, call: session.id, payload });
        }
        Err(error) => tracing::error!(%error, "a call's beginning cannot be written"),
    }
}

/// Makes the call's record and hands everything that is kept to its writers.
fn keep(node: &Node, session: Session, reason: EndReason) {
    let summary = session.call.summary();
    for turn in &summary.turns {
        if let Some(response) = turn.stages.response() {
            node.telemetry.response_ms.record(f64::from(response.get()));
        }
    }
    let sent = Millis::new(PTIME.get().saturating_mul(session.speaking.frames_sent as u32));
    let record = CallRecord {
        format: CALL_RECORD_FORMAT,
        call: session.id,
        business: session.agent.business,
        agent: session.agent.agent,
        version: session.agent.version,
        parties: Parties {
            from: session.opening.from.clone(),
            to: session.opening.to,
            carrier_call: session.opening.carrier_call.reveal().clone(),
        },
        began: session.began,
        duration: session.now().since(types::CallTime::ZERO),
        ended: reason,
        turns: summary.turns,
        messages: summary.messages,
        usage: Usage {
            recognized: summary.counts.recognized,
            voiced_characters: summary.counts.voiced_characters,
            sent,
            heard: summary.counts.heard,
        },
        vendors: session.vendor_shares(),
    };
    let (events, counters) = session.finish();
    node.telemetry.media_filled.increment(counters.gaps_filled);
    node.telemetry.media_recovered.increment(counters.gaps_recovered);
    node.telemetry.media_late.increment(counters.late);
    node.telemetry.media_bad.increment(counters.undecodable);
    match serde_json::to_vec(&record) {
        Ok(payload) => {
            node.journal.offer(Entry { kind: Kind::Record, call: record.call, payload });
        }
        Err(error) => tracing::error!(%error, "a call record cannot be written"),
    }
    node.archive.keep(Finished { record, events });
}

//! One call: one task, on one thread for life.

mod hearing;
mod inbox;
mod leg;
mod log;
mod opening;
mod session;
mod socket;
mod speaking;
mod timeline;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{WebSocket, close_code};
use tokio::time::Instant;
use types::{CALL_RECORD_FORMAT, CallId, CallRecord, EndReason, Millis, PTIME, Parties, Usage};

pub(crate) use inbox::{InboxSink, Inner};
use opening::{NoCall, Opening};
use session::{Beginning, LineState, Session, wall_now};
use socket::{Line, Ticks, Wake};

use crate::admission::{Place, Refusal};
use crate::archive::Finished;
use crate::feed::Seen;
use crate::journal::{Entry, Kind};
use crate::node::{LiveCall, Node};

/// How long a carrier may take to take our last word.
const CLOSE_LIMIT: Duration = Duration::from_millis(500);

/// The moment `span` from now.
fn instant_after(span: Millis) -> Instant {
    Instant::now() + Duration::from_micros(span.as_micros())
}

/// Carries one socket's call from its first message to its record.
pub(crate) async fn run(node: Arc<Node>, socket: WebSocket) {
    let (inbox, events) = InboxSink::new(node.telemetry.clone());
    let mut line = Line::new(socket, events);
    let opening = match opening::open(&node, &mut line).await {
        Ok(opening) => opening,
        Err(why) => {
            refuse(&node, line, why).await;
            return;
        }
    };
    if let Some(live) = live_call(&node, &opening) {
        let socket = Box::new(line.into_socket());
        live.offer_inner(Inner::Attach { socket, format: opening.format });
        return;
    }
    match admit(&node, &opening, inbox) {
        Ok((beginning, place)) => carry(beginning, line, place).await,
        Err(Rejected::Number) => {
            node.telemetry.refused_number.increment(1);
            line.close(close_code::POLICY, "nobody here has this number", CLOSE_LIMIT).await;
        }
        Err(Rejected::Full(refusal)) => {
            node.telemetry.refused_full.increment(1);
            tracing::warn!(%refusal, "call refused");
            line.close(close_code::AGAIN, "busy", CLOSE_LIMIT).await;
        }
    }
}

async fn refuse(node: &Node, line: Line, why: NoCall) {
    let (counter, code, reason) = match why {
        NoCall::Gone => {
            node.telemetry.start_missing.increment(1);
            return;
        }
        NoCall::NoStart => (&node.telemetry.start_missing, close_code::POLICY, "no start"),
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
    let place = node.places.take(agent.business, agent.limits.calls_max).map_err(Rejected::Full)?;
    node.telemetry.calls_admitted.increment(1);
    let (number, seed) = random_numbers();
    let beginning = Beginning {
        node: node.clone(),
        call: CallId::new(number),
        seed,
        opening: opening.clone(),
        agent,
        published,
        inbox,
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
async fn carry(beginning: Beginning, mut line: Line, place: Place) {
    let node = beginning.node.clone();
    let (id, business) = (beginning.call, beginning.agent.business);
    let inbox = beginning.inbox.clone();
    let mut session = match Session::begin(beginning) {
        Ok(session) => session,
        Err(error) => {
            tracing::error!(%error, "call cannot begin");
            line.close(close_code::ERROR, "no vendors", CLOSE_LIMIT).await;
            return;
        }
    };
    let live = LiveCall { business, carrier_call: session.opening.carrier_call.clone(), inbox };
    node.live.insert(id, live);
    node.telemetry.calls_live.set(node.live.len() as f64);
    offer_began(&node, &session);
    session.show(|| Seen::Began {
        carrier_call: session.opening.carrier_call.clone(),
        from: session.opening.from.clone(),
    });
    tracing::info!(call = %id, %business, version = %session.agent.version, "call began");

    let reason = converse(&node, &mut session, &mut line).await;

    node.live.remove(&id);
    node.telemetry.calls_live.set(node.live.len() as f64);
    session.show(|| Seen::Ended);
    keep(&node, session, reason);
    drop(place);
    tracing::info!(call = %id, %business, ?reason, "call ended");
    let code = if reason == EndReason::Internal { close_code::ERROR } else { close_code::NORMAL };
    line.close(code, "call ended", CLOSE_LIMIT).await;
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
            session.restart(format);
            continue;
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

/// Writes into the journal that the call began: enough to know whose it was if we die now.
fn offer_began(node: &Node, session: &Session) {
    let began = serde_json::json!({
        "business": session.agent.business,
        "agent": session.agent.agent,
        "version": session.agent.version,
        "to": session.opening.to,
        "from": session.opening.from,
        "carrier_call": session.opening.carrier_call,
        "began": session.began,
    });
    let payload = began.to_string().into_bytes();
    node.journal.offer(Entry { kind: Kind::Began, call: session.id, payload });
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
    };
    let (events, counters) = session.finish();
    node.telemetry.media_filled.increment(counters.gaps_filled);
    node.telemetry.media_bad.increment(counters.undecodable);
    match serde_json::to_vec(&record) {
        Ok(payload) => {
            node.journal.offer(Entry { kind: Kind::Record, call: record.call, payload });
        }
        Err(error) => tracing::error!(%error, "a call record cannot be written"),
    }
    node.archive.keep(Finished { record, events });
}

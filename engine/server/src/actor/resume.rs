//! Calls of a process that died, brought back by this one.
//!
//! What is known of a call stands in the journal: whose it was and with which version of its agent,
//! and its event log. The log, run again, gives the conversation. Whether the leg still lives the
//! carrier says when it is told to stream it again; a leg that is gone ends its call, and so leaves
//! its record.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use call::{LogError, Rebuilt};
use thiserror::Error;
use tokio::sync::mpsc::Receiver;
use types::{AgentConfig, AudioFormat, CallId, EndReason, Millis};

use super::inbox::{InboxSink, Inner};
use super::leg::{CarrierLeg, SocketLeg};
use super::opening::Opening;
use super::session::{Beginning, Past, Session, wall_now};
use super::socket::Line;
use crate::admission::Place;
use crate::front::LegHandle;
use crate::front::carrier::{LegName, LegParties};
use crate::front::leg::{Ending, LegEvent};
use crate::front::record::Lost;
use crate::journal::{Began, Entry, Kind, LegKind, Orphan};
use crate::node::{LiveCall, Node};
use crate::publish::Publisher;

/// A call that cannot be brought back.
#[derive(Debug, Error)]
enum ResumeError {
    /// Its log has no beginning.
    #[error(transparent)]
    Log(#[from] LogError),
    /// Running the log again met a fault of ours.
    #[error("its log cannot be run again")]
    Fault,
}

/// A call of an earlier process, on its way back.
pub(crate) struct Returning {
    call: CallId,
    began: Began,
    agent: Arc<AgentConfig>,
    events: Vec<u8>,
    inbox: InboxSink,
    inner: Receiver<Inner>,
    leg: Option<LegHandle>,
    place: Option<Place>,
}

/// Makes room for the calls that were live when an earlier process died: sockets and webhooks about
/// them find them from now on. One of which too little is known is closed.
pub(crate) fn gather(node: &Node, publisher: &Publisher, orphans: Vec<Orphan>) -> Vec<Returning> {
    orphans.into_iter().filter_map(|orphan| expect(node, publisher, orphan)).collect()
}

fn expect(node: &Node, publisher: &Publisher, orphan: Orphan) -> Option<Returning> {
    let Orphan { call, began, events } = orphan;
    let began: Began = match serde_json::from_slice(&began) {
        Ok(began) => began,
        Err(error) => {
            tracing::error!(%call, %error, "closed: its beginning cannot be read");
            close(node, call);
            return None;
        }
    };
    let Some(agent) = agent_of(node, publisher, &began) else {
        tracing::error!(%call, business = %began.business, "closed: its business is gone");
        close(node, call);
        return None;
    };
    let (inbox, inner) = InboxSink::new(node.telemetry.clone());
    let carrier_call = began.carrier_call.clone();
    let live = LiveCall { business: began.business, carrier_call, inbox: inbox.clone() };
    node.live.insert(call, live);
    node.telemetry.calls_live.set(node.live.len() as f64);
    let front = node.front.as_ref().filter(|_| began.leg == LegKind::Carrier);
    let leg = front.map(|front| front.adopt(&LegName::new(began.carrier_call.reveal()), call));
    // It has its place already, whatever may be allowed by now.
    let place = node.places.take(began.business, u32::MAX).ok();
    Some(Returning { call, began, agent, events, inbox, inner, leg, place })
}

/// The agent in the version the call began with; as it is now, if that version is lost.
fn agent_of(node: &Node, publisher: &Publisher, began: &Began) -> Option<Arc<AgentConfig>> {
    let source = began.source.as_ref();
    let pinned = source.and_then(|source| publisher.agent_of(source, began.business, began.agent));
    if let Some(mut agent) = pinned {
        Arc::make_mut(&mut agent).version = began.version;
        return Some(agent);
    }
    tracing::warn!(business = %began.business, "a call's version of its agent is lost");
    let published = node.routes.load();
    let now = published.agent_for(began.to).filter(|agent| agent.business == began.business);
    now.or_else(|| published.directory.business(began.business)?.agent(began.agent).cloned())
}

fn close(node: &Node, call: CallId) {
    let payload = br#"{"reason":"node_died"}"#.to_vec();
    node.journal.offer(Entry { kind: Kind::Closed, call, payload });
}

/// Brings a call back and keeps it until it is over.
pub(crate) async fn resume(node: Arc<Node>, returning: Returning) {
    let Returning { call, began, agent, events, inbox, inner, leg, place } = returning;
    // Off this thread: other calls must not wait for it.
    let lines = tokio::task::spawn_blocking(move || {
        let rebuilt = rebuild(&events);
        (rebuilt, events)
    });
    let (rebuilt, lines) = match lines.await {
        Ok(both) => both,
        Err(_) => (Err(ResumeError::Fault), Vec::new()),
    };
    let opening = opening_of(&began);
    let past = match rebuilt {
        Ok(rebuilt) => {
            report(&rebuilt, call);
            Ok(Some(Past { rebuilt, lines }))
        }
        // It had only just begun: nobody has said a word.
        Err(ResumeError::Log(LogError::NoHeader)) => Ok(None),
        Err(error) => Err(error.to_string()),
    };
    let session = past.and_then(|past| {
        let control: Box<dyn types::LegControl> = match &leg {
            Some(leg) => Box::new(CarrierLeg(leg.clone())),
            None => Box::new(SocketLeg),
        };
        let begins_anew = past.is_none();
        let session = Session::begin(Beginning {
            node: node.clone(),
            call,
            seed: past.as_ref().map_or(call.get() as u64, |past| past.rebuilt.header.seed),
            opening: opening.clone(),
            agent: agent.clone(),
            published: node.routes.load(),
            inbox: inbox.clone(),
            leg: control,
            ring: None,
            again: leg.clone(),
            past,
            source: began.source.clone(),
            began: began.began,
        });
        session
            .map(|mut session| {
                if begins_anew {
                    session.handle_gone();
                }
                session
            })
            .map_err(|error| error.to_string())
    });
    match session {
        Ok(session) => {
            node.telemetry.calls_restored.increment(1);
            let line = Line::detached(inner);
            super::carry_on((node, session, line), (place, leg)).await;
        }
        Err(error) => {
            tracing::error!(%call, error, "a call cannot be brought back");
            node.live.remove(&call);
            let parties = LegParties { from: opening.from.clone(), to: opening.to };
            let lost = Lost { call, began: began.began, ended: EndReason::Internal };
            let name = LegName::new(began.carrier_call.reveal());
            crate::front::record::lost(&node, &name, &agent, (&parties, lost));
            if let Some(leg) = leg {
                leg.report(LegEvent::Ended(Ending::HangUp));
            }
        }
    }
}

/// What the leg's `start` had told.
fn opening_of(began: &Began) -> Opening {
    Opening {
        carrier_call: began.carrier_call.clone(),
        from: began.from.clone(),
        to: began.to,
        format: began.format().unwrap_or(AudioFormat::PCMU_8K),
    }
}

/// Runs the log again. A fault in it ends this call and no other.
fn rebuild(events: &[u8]) -> Result<Rebuilt, ResumeError> {
    catch_unwind(AssertUnwindSafe(|| call::rebuild(events)))
        .map_err(|_| ResumeError::Fault)?
        .map_err(ResumeError::from)
}

fn report(rebuilt: &Rebuilt, call: CallId) {
    let passed = wall_now().as_unix_millis() - rebuilt.header.began.as_unix_millis();
    let passed = Millis::new(u32::try_from(passed).unwrap_or(0));
    let gone_ms = passed.saturating_sub(rebuilt.at.since(types::CallTime::ZERO)).get();
    tracing::info!(%call, gone_ms, "call is brought back");
    if !rebuilt.is_faithful {
        tracing::warn!(%call, "another version of the engine decided otherwise; words stand");
    }
}

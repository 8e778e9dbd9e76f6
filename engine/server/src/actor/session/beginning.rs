//! What a session begins with, and how it is put together.

use std::collections::VecDeque;
use std::sync::Arc;

use call::{CallConfig, Event, Lines, Rebuilt, Remark, ResumeLimits};
use thiserror::Error;
use tokio::time::Instant;
use types::{AgentConfig, CallId, CallTime, LegControl, Recording as Record, WallTime};
use vendor::VendorError;

use super::commit::Commit;
use super::{LineState, Session, Socket, Stream};
use crate::actor::inbox::InboxSink;
use crate::actor::opening::Opening;
use crate::actor::parts::{Conversation, open_brain, open_hearing, open_speaking, recording_path};
use crate::front::{LegHandle, OwnShare};
use crate::node::Node;
use crate::publish::Published;

/// A call that cannot begin.
#[derive(Debug, Error)]
pub(crate) enum SessionError {
    /// None of the agent's vendors is here.
    #[error("no {kind} of this agent's choice is on this node")]
    NoVendor {
        /// Which kind.
        kind: &'static str,
    },
    /// A vendor has no session for us.
    #[error(transparent)]
    Vendor(#[from] VendorError),
    /// The leg's audio cannot be coded.
    #[error(transparent)]
    Codec(#[from] codecs::CodecError),
}

/// What a session is made of besides its socket.
pub(crate) struct Beginning {
    pub(crate) node: Arc<Node>,
    pub(crate) call: CallId,
    pub(crate) seed: u64,
    pub(crate) opening: Opening,
    pub(crate) agent: Arc<AgentConfig>,
    pub(crate) published: Arc<Published>,
    pub(crate) inbox: InboxSink,
    pub(crate) leg: Box<dyn LegControl>,
    pub(crate) began: WallTime,
    pub(crate) ring: Option<RingShare>,
    /// The way to have the leg streamed again, if its carrier can be told to.
    pub(crate) again: Option<LegHandle>,
    /// What another process has left, if the call goes on from there.
    pub(crate) past: Option<Past>,
    /// The business file the agent came from, by its kept name.
    pub(crate) source: Option<String>,
}

/// A call that another process began.
pub(crate) struct Past {
    pub(crate) rebuilt: Rebuilt,
    /// Its event log.
    pub(crate) lines: Vec<u8>,
}

/// Our own share of the time from a ring to the greeting: what passed before its `start`, and when
/// that came.
pub(crate) struct RingShare {
    pub(crate) own: Arc<OwnShare>,
    pub(crate) opened: Instant,
}

impl Session {
    /// Opens every part of a call.
    pub(crate) fn begin(beginning: Beginning) -> Result<Self, SessionError> {
        let Beginning { node, call: id, seed, opening, agent, published, inbox, .. } = beginning;
        let Beginning { leg, began, ring, again, past, source, .. } = beginning;
        let sink = Arc::new(inbox.clone());
        let format = opening.format;
        let hearing = open_hearing(&node, &agent, format, sink.clone())?;
        let speaking = open_speaking(&node, &agent, format, sink.clone())?;
        let brain = open_brain(&node, &agent, (id, &opening, leg.as_ref()), sink)?;
        let resume =
            if again.is_some() { &node.config.resume.carrier } else { &node.config.resume.bare };
        let config = call_config(&agent, resume);
        let Conversation { call, log, clock_offset, gap } = match past {
            Some(past) => Conversation::goes_on(&node, id, began, past),
            None => Conversation::begins(&node, (id, began, seed), &agent, config),
        };
        let recording = (agent.recording == Record::On).then(|| {
            let path = recording_path(&node.archive.dir(agent.business, id));
            node.recorder.begin(id, path, format.rate, node.config.keeping.recording_backlog)
        });
        let mut session = Self {
            node,
            id,
            opening,
            agent,
            published,
            began,
            clock: Instant::now(),
            clock_offset,
            call,
            log,
            hearing,
            speaking,
            brain,
            commit: Commit::default(),
            leg,
            again,
            inbox,
            source,
            recording,
            events: VecDeque::with_capacity(16),
            payload: Vec::with_capacity(4_096),
            line: LineState::Up,
            socket: if gap.is_some() { Socket::Gone } else { Socket::Open },
            stream: Stream::NotOrdered,
            media_at: CallTime::ZERO,
            ring,
            doing: "",
            level_at: CallTime::ZERO,
        };
        let now = session.now();
        session.hearing.suspend_starvation(now);
        session.media_at = now;
        let leg = Remark::leg(session.opening.from.clone(), session.opening.to, format);
        session.log.remark(now, &leg);
        session.tell(now, gap.map_or(Event::Answered, |gap| Event::Restored { gap }));
        Ok(session)
    }
}

/// What `agent` asks of its conversations, on a leg that may be without media as `resume` says.
fn call_config(agent: &AgentConfig, resume: &ResumeLimits) -> CallConfig {
    CallConfig {
        persona: agent.persona.clone(),
        turns: agent.turns.clone(),
        limits: agent.limits.clone(),
        lines: Lines::english(),
        resume: resume.clone(),
    }
}

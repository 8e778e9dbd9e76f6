//! What remains of legs that no call began on.

use types::{
    AgentConfig, CALL_RECORD_FORMAT, CallId, CallRecord, E164, EndReason, Millis, Parties, Usage,
    WallTime,
};

use super::carrier::{LegName, LegParties};
use super::leg::Why;
use crate::admission::new_call_id;
use crate::archive::Finished;
use crate::journal::{Entry, Kind};
use crate::node::Node;

/// A call that was answered and never began.
pub(crate) struct Lost {
    pub(crate) call: CallId,
    pub(crate) began: WallTime,
    pub(crate) ended: EndReason,
}

/// Writes the record of an answered leg that no call began on: no turns, nothing said.
pub(crate) fn lost(
    node: &Node,
    leg: &LegName,
    agent: &AgentConfig,
    (parties, lost): (&LegParties, Lost),
) {
    let passed = crate::actor::wall_now().as_unix_millis() - lost.began.as_unix_millis();
    let record = CallRecord {
        format: CALL_RECORD_FORMAT,
        call: lost.call,
        business: agent.business,
        agent: agent.agent,
        version: agent.version,
        parties: Parties {
            from: parties.from.clone(),
            to: parties.to,
            carrier_call: leg.as_str().to_owned(),
        },
        began: lost.began,
        duration: Millis::new(u32::try_from(passed).unwrap_or(0)),
        ended: lost.ended,
        turns: Vec::new(),
        messages: Vec::new(),
        usage: Usage::default(),
        vendors: Vec::new(),
    };
    tracing::warn!(call = %lost.call, business = %record.business, reason = ?lost.ended, "no call began");
    match serde_json::to_vec(&record) {
        Ok(payload) => {
            node.journal.offer(Entry { kind: Kind::Record, call: record.call, payload });
        }
        Err(error) => tracing::error!(%error, "a call record cannot be written"),
    }
    node.archive.keep(Finished { record, events: Vec::new() });
}

/// Notes a leg that was not answered.
pub(crate) fn refused(node: &Node, leg: &LegName, to: Option<E164>, why: Why) {
    let business = to.and_then(|to| Some(node.routes.load().agent_for(to)?.business));
    let why = match why {
        Why::Refused(cause) => match cause {
            super::carrier::RejectCause::Rejected => "rejected",
            super::carrier::RejectCause::Busy => "busy",
            super::carrier::RejectCause::NotFound => "no_such_number",
            super::carrier::RejectCause::Unavailable => "unavailable",
        },
        Why::CallerGone | Why::Ended => "caller_gone",
        Why::Overflow => "overflow",
        Why::Transferred => "transferred",
        Why::AnswerFailed => "answer_failed",
        Why::NoMedia => "no_media",
        Why::Shutdown => "shutdown",
    };
    let note = serde_json::json!({
        "why": why,
        "business": business,
        "to": to,
        "carrier_call": leg.as_str(),
        "at": crate::actor::wall_now(),
    });
    let payload = note.to_string().into_bytes();
    node.journal.offer(Entry { kind: Kind::Refused, call: new_call_id(), payload });
}

//! Webhooks and documents in the words of the front door: what the desk needs to know, owned.

use types::{E164, Pii};
use wire::telnyx::client_state;
use wire::telnyx::texml::{StreamEvent, StreamStatus, TexmlRequest};
use wire::telnyx::webhook::{Direction, Event, HangupCause, Webhook};

use super::carrier::{ClientState, LegMark, LegName, LegRole};

/// What one webhook says.
#[derive(Clone, Debug)]
pub(crate) struct News {
    pub(crate) leg: LegName,
    /// The application.
    pub(crate) connection: Option<String>,
    /// What the leg carries.
    pub(crate) mark: LegMark,
    /// Who is on it.
    pub(crate) ring: Ring,
    pub(crate) what: What,
}

/// Who is on a leg, as it was said: nothing of it is checked.
#[derive(Clone, Debug)]
pub(crate) struct Ring {
    pub(crate) leg: LegName,
    pub(crate) from: Option<Pii<E164>>,
    pub(crate) to: Option<E164>,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// Somebody rings us.
    Rings,
    /// A leg that we set up, or that a transfer did.
    RingsOthers,
    Answered,
    /// It is over, and was answered before.
    HungUpAnswered,
    HungUp,
    StreamFailed,
    /// The carrier's voice has said what it had to.
    Said,
    /// It is connected with another leg.
    Bridged,
    /// Nothing to act on.
    Nothing,
    /// An event this version does not know.
    Unknown,
}

/// Reads a webhook. `None`: it is about no leg.
pub(crate) fn of_webhook(webhook: &Webhook<'_>) -> Option<News> {
    let leg = LegName::new(webhook.leg.call_control_id.as_deref()?);
    let number = |text: &Option<Pii<std::borrow::Cow<'_, str>>>| {
        text.as_ref().and_then(|text| text.reveal().parse::<E164>().ok())
    };
    let what = match &webhook.event {
        Event::Initiated(initiated) => match initiated.direction {
            Some(Direction::Incoming) => What::Rings,
            // Unknown directions are not answered: ours would be a leg that answers itself.
            Some(Direction::Outgoing) | None => What::RingsOthers,
        },
        Event::Answered(_) => What::Answered,
        // Webhooks overtake each other: this one tells both.
        Event::Hangup(hangup) => match hangup.cause {
            Some(HangupCause::NormalClearing | HangupCause::TimeLimit) => What::HungUpAnswered,
            Some(
                HangupCause::CallRejected
                | HangupCause::OriginatorCancel
                | HangupCause::Timeout
                | HangupCause::UserBusy
                | HangupCause::NotFound
                | HangupCause::NoAnswer
                | HangupCause::Unspecified,
            )
            | None => What::HungUp,
        },
        Event::StreamingFailed(_) => What::StreamFailed,
        Event::SpeakEnded { .. } => What::Said,
        Event::Bridged => What::Bridged,
        Event::SpeakStarted
        | Event::StreamingStarted { .. }
        | Event::StreamingStopped { .. }
        | Event::Dtmf { .. }
        | Event::Held
        | Event::Unheld
        | Event::Refer { .. }
        | Event::RecordingSaved(_)
        | Event::RecordingError { .. }
        | Event::Cost(_)
        | Event::Machine(_) => What::Nothing,
        Event::Other { .. } => What::Unknown,
    };
    Some(News {
        ring: Ring {
            leg: leg.clone(),
            from: number(&webhook.from).map(Pii::new),
            to: number(&webhook.to),
        },
        leg,
        connection: webhook.leg.connection_id.as_deref().map(str::to_owned),
        mark: mark(webhook.leg.client_state.as_ref().map(|state| &**state.reveal())),
        what,
    })
}

/// Reads the form that asks for a document.
pub(crate) fn of_request(request: &TexmlRequest<'_>) -> Ring {
    let number = |text: &Option<Pii<std::borrow::Cow<'_, str>>>| {
        text.as_ref().and_then(|text| text.reveal().parse::<E164>().ok())
    };
    Ring {
        leg: LegName::new(&request.call_sid),
        from: number(&request.from).map(Pii::new),
        to: number(&request.to),
    }
}

/// Reads news of a document's stream.
pub(crate) fn of_status(status: &StreamStatus<'_>) -> (LegName, What) {
    let what = match status.event {
        StreamEvent::Failed => What::StreamFailed,
        // The document goes on to its hang-up.
        StreamEvent::Stopped => What::HungUp,
        StreamEvent::Started => What::Nothing,
        StreamEvent::Other { .. } => What::Unknown,
    };
    (LegName::new(&status.call_sid), what)
}

/// What tells ours from others', and this version from the next.
const MARK: &str = "apex1";

/// `state` as legs carry it.
pub(crate) fn encode_state(state: &ClientState) -> String {
    let role = match state.role {
        LegRole::Call => "call",
        LegRole::HandedOver => "over",
    };
    client_state::encode(format!("{MARK}|{role}|{}|{}", state.call, state.node).as_bytes())
}

/// Whose a leg is by the client state it carries.
pub(crate) fn mark(text: Option<&str>) -> LegMark {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return LegMark::None };
    client_state::decode(text)
        .and_then(|bytes| decode_state(std::str::from_utf8(&bytes).ok()?))
        .map_or(LegMark::Foreign, LegMark::Ours)
}

fn decode_state(text: &str) -> Option<ClientState> {
    let mut parts = text.splitn(4, '|');
    if parts.next()? != MARK {
        return None;
    }
    let role = match parts.next()? {
        "call" => LegRole::Call,
        "over" => LegRole::HandedOver,
        _ => return None,
    };
    let call = parts.next()?.parse().ok()?;
    Some(ClientState { call, node: parts.next()?.to_owned(), role })
}

/// Reads `bytes` as a client state; any bytes are fine.
pub fn fuzz_client_state(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let LegMark::Ours(state) = mark(Some(&text)) {
        assert_eq!(mark(Some(&encode_state(&state))), LegMark::Ours(state));
    }
    if let Some(state) = decode_state(&text) {
        assert_eq!(mark(Some(&encode_state(&state))), LegMark::Ours(state));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use types::CallId;

    use super::*;

    #[test]
    fn what_a_leg_carries_comes_back_and_others_is_foreign() {
        for role in [LegRole::Call, LegRole::HandedOver] {
            let state = ClientState { call: CallId::new(77), node: "a|b".into(), role };
            assert_eq!(mark(Some(&encode_state(&state))), LegMark::Ours(state));
        }
        assert_eq!(mark(None), LegMark::None);
        assert_eq!(mark(Some("")), LegMark::None);
        assert_eq!(mark(Some("aGVsbG8=")), LegMark::Foreign);
        assert_eq!(mark(Some("no base64")), LegMark::Foreign);
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_mark(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            fuzz_client_state(&bytes);
            fuzz_client_state(format!("{MARK}|call|{}|x", String::from_utf8_lossy(&bytes)).as_bytes());
        }
    }
}

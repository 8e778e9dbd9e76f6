//! Forms, both ways.

use std::borrow::Cow;

use types::Pii;

use super::{StreamEvent, StreamStatus, TexmlError, TexmlRequest};
use crate::telnyx::percent;
use crate::telnyx::webhook::Direction;

/// The question that a form is. Also what tells how a call ends: look at
/// [`TexmlRequest::call_status`].
///
/// # Errors
/// [`TexmlError`] if there is no leg in it.
pub fn decode_request(form: &[u8]) -> Result<TexmlRequest<'_>, TexmlError> {
    let mut request = TexmlRequest::default();
    let mut legacy = None;
    for (name, value) in percent::form(text(form)?) {
        match name.as_ref() {
            "CallSid" => request.call_sid = value,
            "CallSidLegacy" | "CallControlId" => legacy = Some(value),
            "AccountSid" => request.account_sid = Some(value),
            "ConnectionId" => request.connection_id = Some(value),
            "CallSessionId" => request.call_session_id = Some(value),
            "From" => request.from = present(value),
            "To" => request.to = present(value),
            "Direction" => request.direction = Direction::of(&value),
            "CallStatus" => request.call_status = Some(value),
            _ => (),
        }
    }
    if request.call_sid.is_empty() {
        let none = TexmlError::Missing { field: "CallSid" };
        request.call_sid = legacy.filter(|sid| !sid.is_empty()).ok_or(none)?;
    }
    Ok(request)
}

/// The news of a stream that a form is.
///
/// # Errors
/// [`TexmlError`] if there is no leg or no event in it.
pub fn decode_stream_status(form: &[u8]) -> Result<StreamStatus<'_>, TexmlError> {
    let (mut call_sid, mut event) = (None, None);
    let (mut stream_sid, mut stream_name, mut error) = (None, None, None);
    for (name, value) in percent::form(text(form)?) {
        match name.as_ref() {
            "CallSid" => call_sid = Some(value),
            "StreamEvent" => event = Some(value),
            "StreamSid" => stream_sid = Some(value),
            "StreamName" => stream_name = Some(value),
            "StreamError" => error = Some(value),
            _ => (),
        }
    }
    let event = event.ok_or(TexmlError::Missing { field: "StreamEvent" })?;
    let event = match event.as_ref() {
        STARTED => StreamEvent::Started,
        STOPPED => StreamEvent::Stopped,
        FAILED | "stream-error" => StreamEvent::Failed,
        _ => StreamEvent::Other { word: event },
    };
    let call_sid = call_sid.ok_or(TexmlError::Missing { field: "CallSid" })?;
    Ok(StreamStatus { call_sid, stream_sid, stream_name, event, error })
}

/// The form of `request`: the carrier's side.
pub fn encode_request(request: &TexmlRequest<'_>) -> String {
    let mut form = String::new();
    let mut pair = |name, value: Option<&str>| {
        if let Some(value) = value {
            percent::append_pair(name, value, &mut form);
        }
    };
    pair("AccountSid", request.account_sid.as_deref());
    pair("CallSid", Some(&request.call_sid));
    pair("CallSidLegacy", Some(&request.call_sid));
    pair("ConnectionId", request.connection_id.as_deref());
    pair("CallSessionId", request.call_session_id.as_deref());
    pair("From", request.from.as_ref().map(|from| from.reveal().as_ref()));
    pair("To", request.to.as_ref().map(|to| to.reveal().as_ref()));
    let direction = request.direction.map(|direction| match direction {
        Direction::Incoming => "inbound",
        Direction::Outgoing => "outbound",
    });
    pair("Direction", direction);
    pair("CallStatus", request.call_status.as_deref());
    form
}

/// The form of `status`: the carrier's side.
pub fn encode_stream_status(status: &StreamStatus<'_>) -> String {
    let mut form = String::new();
    let mut pair = |name, value: Option<&str>| {
        if let Some(value) = value {
            percent::append_pair(name, value, &mut form);
        }
    };
    let event = match &status.event {
        StreamEvent::Started => STARTED,
        StreamEvent::Stopped => STOPPED,
        StreamEvent::Failed => FAILED,
        StreamEvent::Other { word } => word,
    };
    pair("CallSid", Some(&status.call_sid));
    pair("StreamSid", status.stream_sid.as_deref());
    pair("StreamName", status.stream_name.as_deref());
    pair("StreamEvent", Some(event));
    pair("StreamError", status.error.as_deref());
    form
}

const STARTED: &str = "stream-started";
const STOPPED: &str = "stream-stopped";
const FAILED: &str = "stream-failed";

fn text(form: &[u8]) -> Result<&str, TexmlError> {
    std::str::from_utf8(form).map_err(|_| TexmlError::NotText)
}

fn present(value: Cow<'_, str>) -> Option<Pii<Cow<'_, str>>> {
    if value.is_empty() { None } else { Some(Pii::new(value)) }
}

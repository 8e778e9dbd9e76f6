//! From replies to values.

use serde::Deserialize;
use types::Pii;

use super::{
    ActiveCalls, ApiError, Application, CallState, Number, Numbers, Refusal, Reply, ReplyError,
};
use crate::telnyx::WallMicros;
use crate::telnyx::command::Command;
use crate::telnyx::lenient::{Counter, Flag, Object, Objects, Text};
use crate::telnyx::webhook::LegNames;

/// Errors of one refusal kept at most: one or two is what comes.
const ERRORS_MAX: usize = 16;

/// The reply to `command`: a status and a body no longer than [`super::REPLY_BYTES_MAX`].
///
/// Any status of 200 to 299 accepts an action, whatever the body says; questions need the body.
///
/// # Errors
/// [`ReplyError::Refused`] for any other status, [`ReplyError::Unreadable`] for a body that does
/// not hold what was asked for.
pub fn decode<'a>(
    command: &Command<'_>,
    status: u16,
    body: &'a [u8],
) -> Result<Reply<'a>, ReplyError> {
    if !(200..=299).contains(&status) {
        return Err(decode_refusal(status, body).into());
    }
    let unreadable = ReplyError::Unreadable { status };
    match command {
        Command::Act { .. } => Ok(Reply::Accepted),
        Command::Dial(_) => one(body).map(Reply::Dialed).ok_or(unreadable),
        Command::GetCall { .. } => one(body).map(Reply::Call).ok_or(unreadable),
        Command::ActiveCalls { .. } => many(body).map(Reply::ActiveCalls).ok_or(unreadable),
        Command::GetApplication { .. } => {
            application(body).map(Reply::Application).ok_or(unreadable)
        }
        Command::ListNumbers { .. } => numbers(body).map(Reply::Numbers).ok_or(unreadable),
    }
}

/// The refusal that a status and a body are. A body nobody can read leaves the status.
pub fn decode_refusal(status: u16, body: &[u8]) -> Refusal {
    let raw: Object<RawErrors<'_>> = serde_json::from_slice(body).unwrap_or_default();
    let errors = raw.0.map_or_else(Vec::new, |raw| raw.errors.0);
    let error = |raw: RawError<'_>| ApiError {
        code: raw.code.0.unwrap_or_default().into_owned(),
        title: raw.title.0.unwrap_or_default().into_owned(),
        detail: Pii::new(raw.detail.0.unwrap_or_default().into_owned()),
    };
    Refusal { status, errors: errors.into_iter().take(ERRORS_MAX).map(error).collect() }
}

fn one(body: &[u8]) -> Option<CallState<'_>> {
    let raw: Object<RawOne<'_>> = serde_json::from_slice(body).ok()?;
    Some(raw.0?.data.0?.into_call())
}

fn many(body: &[u8]) -> Option<ActiveCalls<'_>> {
    let raw: Object<RawMany<'_>> = serde_json::from_slice(body).ok()?;
    let raw = raw.0?;
    let calls = raw.data?.0.into_iter().map(RawCall::into_call).collect();
    let (after, total) = raw.meta.0.map_or((None, None), |meta| {
        (meta.cursors.0.and_then(|cursors| cursors.after.0), meta.total_items.0)
    });
    Some(ActiveCalls { calls, after: after.filter(|after| !after.is_empty()), total })
}

fn application(body: &[u8]) -> Option<Application<'_>> {
    let raw: Object<RawDocument<'_>> = serde_json::from_slice(body).ok()?;
    let raw = raw.0?.data.0?;
    Some(Application {
        id: raw.id.0,
        name: raw.application_name.0,
        active: raw.active.0,
        webhook_url: raw.webhook_event_url.0,
        webhook_api_version: raw.webhook_api_version.0,
    })
}

fn numbers(body: &[u8]) -> Option<Numbers<'_>> {
    let raw: Object<RawNumbers<'_>> = serde_json::from_slice(body).ok()?;
    let raw = raw.0?;
    let numbers = raw.data?.0.into_iter().map(|raw| Number {
        number: raw.phone_number.0.map(Pii::new),
        connection_id: raw.connection_id.0,
        status: raw.status.0,
    });
    Some(Numbers {
        numbers: numbers.collect(),
        pages: raw.meta.0.and_then(|meta| meta.total_pages.0),
    })
}

#[derive(Deserialize)]
struct RawDocument<'a> {
    #[serde(borrow, default)]
    data: Object<RawApplication<'a>>,
}

#[derive(Deserialize)]
struct RawApplication<'a> {
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default)]
    application_name: Text<'a>,
    #[serde(default)]
    active: Flag,
    #[serde(borrow, default)]
    webhook_event_url: Text<'a>,
    #[serde(borrow, default)]
    webhook_api_version: Text<'a>,
}

#[derive(Deserialize)]
struct RawNumbers<'a> {
    #[serde(borrow, default)]
    data: Option<Objects<RawNumber<'a>>>,
    #[serde(default)]
    meta: Object<RawPages>,
}

#[derive(Deserialize)]
struct RawPages {
    #[serde(default)]
    total_pages: Counter,
}

#[derive(Deserialize)]
struct RawNumber<'a> {
    #[serde(borrow, default)]
    phone_number: Text<'a>,
    #[serde(borrow, default)]
    connection_id: Text<'a>,
    #[serde(borrow, default)]
    status: Text<'a>,
}

#[derive(Deserialize)]
struct RawErrors<'a> {
    #[serde(borrow, default)]
    errors: Objects<RawError<'a>>,
}

#[derive(Deserialize)]
struct RawError<'a> {
    #[serde(borrow, default)]
    code: Text<'a>,
    #[serde(borrow, default)]
    title: Text<'a>,
    #[serde(borrow, default)]
    detail: Text<'a>,
}

#[derive(Deserialize)]
struct RawOne<'a> {
    #[serde(borrow, default)]
    data: Object<RawCall<'a>>,
}

#[derive(Deserialize)]
struct RawMany<'a> {
    #[serde(borrow, default)]
    data: Option<Objects<RawCall<'a>>>,
    #[serde(borrow, default)]
    meta: Object<RawMeta<'a>>,
}

#[derive(Deserialize)]
struct RawMeta<'a> {
    #[serde(borrow, default)]
    cursors: Object<RawCursors<'a>>,
    #[serde(default)]
    total_items: Counter,
}

#[derive(Deserialize)]
struct RawCursors<'a> {
    #[serde(borrow, default)]
    after: Text<'a>,
}

#[derive(Deserialize)]
struct RawCall<'a> {
    #[serde(borrow, default)]
    call_control_id: Text<'a>,
    #[serde(borrow, default)]
    call_leg_id: Text<'a>,
    #[serde(borrow, default)]
    call_session_id: Text<'a>,
    #[serde(borrow, default)]
    connection_id: Text<'a>,
    #[serde(borrow, default)]
    client_state: Text<'a>,
    #[serde(default)]
    is_alive: Flag,
    #[serde(default)]
    call_duration: Counter,
    #[serde(borrow, default)]
    start_time: Text<'a>,
    #[serde(borrow, default)]
    end_time: Text<'a>,
}

impl<'a> RawCall<'a> {
    fn into_call(self) -> CallState<'a> {
        let time = |text: &Text<'_>| text.0.as_deref().and_then(WallMicros::parse);
        CallState {
            is_alive: self.is_alive.0,
            duration_seconds: self.call_duration.0,
            start_time: time(&self.start_time),
            end_time: time(&self.end_time),
            leg: LegNames {
                call_control_id: self.call_control_id.0,
                call_leg_id: self.call_leg_id.0,
                call_session_id: self.call_session_id.0,
                connection_id: self.connection_id.0,
                client_state: self.client_state.0.map(Pii::new),
            },
        }
    }
}

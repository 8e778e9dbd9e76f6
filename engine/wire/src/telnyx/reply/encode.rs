//! From values to replies: the carrier's side.

use super::{ActiveCalls, ApiError, CallState, Numbers, Reply};
use crate::telnyx::json::Writer;

/// Replaces the contents of `out` by the body of `reply`.
pub fn encode(reply: &Reply<'_>, out: &mut Vec<u8>) {
    let mut top = Writer::document(out);
    match reply {
        Reply::Accepted => {
            let mut data = top.object("data");
            data.text("result", Some("ok"));
            data.end();
        }
        Reply::Dialed(call) | Reply::Call(call) => {
            let mut data = top.object("data");
            write_call(call, &mut data);
            data.end();
        }
        Reply::ActiveCalls(active) => write_active(active, &mut top),
        Reply::Application(application) => {
            let mut data = top.object("data");
            data.text("record_type", Some("call_control_application"));
            data.text("id", application.id.as_deref());
            data.text("application_name", application.name.as_deref());
            data.flag("active", application.active);
            data.text("webhook_event_url", application.webhook_url.as_deref());
            data.text("webhook_api_version", application.webhook_api_version.as_deref());
            data.end();
        }
        Reply::Numbers(numbers) => write_numbers(numbers, &mut top),
    }
    top.end();
}

/// Replaces the contents of `out` by the body of a refusal.
pub fn encode_errors(errors: &[ApiError], out: &mut Vec<u8>) {
    let mut top = Writer::document(out);
    top.objects("errors", errors, |error, object| {
        object.text("code", Some(&error.code));
        object.text("title", Some(&error.title));
        object.text("detail", Some(error.detail.reveal()));
    });
    top.end();
}

fn write_active(active: &ActiveCalls<'_>, top: &mut Writer<'_>) {
    top.objects("data", &active.calls, write_call);
    let mut meta = top.object("meta");
    meta.number("total_items", active.total);
    let mut cursors = meta.object("cursors");
    cursors.text("after", active.after.as_deref());
    cursors.end();
    meta.end();
}

fn write_numbers(numbers: &Numbers<'_>, top: &mut Writer<'_>) {
    top.objects("data", &numbers.numbers, |number, object| {
        object.text("record_type", Some("phone_number"));
        let text = number.number.as_ref().map(|number| number.reveal().as_ref());
        object.text("phone_number", text);
        object.text("connection_id", number.connection_id.as_deref());
        object.text("status", number.status.as_deref());
    });
    let mut meta = top.object("meta");
    meta.number("total_pages", numbers.pages);
    meta.end();
}

fn write_call(call: &CallState<'_>, object: &mut Writer<'_>) {
    let leg = &call.leg;
    object.text("record_type", Some("call"));
    object.text("call_control_id", leg.call_control_id.as_deref());
    object.text("call_leg_id", leg.call_leg_id.as_deref());
    object.text("call_session_id", leg.call_session_id.as_deref());
    object.text("connection_id", leg.connection_id.as_deref());
    let state = leg.client_state.as_ref().map(|state| state.reveal().as_ref());
    object.text("client_state", state);
    object.flag("is_alive", call.is_alive);
    object.number("call_duration", call.duration_seconds);
    object.text("start_time", call.start_time.map(|at| at.to_string()).as_deref());
    object.text("end_time", call.end_time.map(|at| at.to_string()).as_deref());
}

//! From commands to requests.

use std::borrow::Cow;

use types::Pii;

use super::{
    Action, Answer, Command, Dial, Encoded, Method, RecordStart, Request, Stream, Transfer,
};
use crate::telnyx::json::Writer;
use crate::telnyx::percent;

impl Request<'_> {
    /// The request as it goes over the wire.
    pub fn encode(&self) -> Encoded {
        match &self.command {
            Command::Act { call_control_id, action } => {
                let mut path = String::from("/calls/");
                percent::append(call_control_id, &mut path);
                path.push_str("/actions/");
                path.push_str(action.verb());
                let method = match action {
                    Action::UpdateClientState => Method::Put,
                    Action::Answer(_)
                    | Action::Reject { .. }
                    | Action::Hangup
                    | Action::StreamingStart(_)
                    | Action::StreamingStop { .. }
                    | Action::Transfer(_)
                    | Action::Speak(_)
                    | Action::SendDtmf { .. }
                    | Action::RecordStart(_)
                    | Action::RecordStop => Method::Post,
                };
                let body = self.body(|object| write_action(action, object), method);
                Encoded { method, path, body }
            }
            Command::Dial(dial) => Encoded {
                method: Method::Post,
                path: String::from("/calls"),
                body: self.body(|object| write_dial(dial, object), Method::Post),
            },
            Command::GetCall { call_control_id } => {
                let mut path = String::from("/calls/");
                percent::append(call_control_id, &mut path);
                Encoded { method: Method::Get, path, body: Vec::new() }
            }
            Command::ActiveCalls { connection_id, after, limit } => {
                let path = active_calls(connection_id, after.as_deref(), *limit);
                Encoded { method: Method::Get, path, body: Vec::new() }
            }
            Command::GetApplication { connection_id } => {
                let mut path = String::from("/call_control_applications/");
                percent::append(connection_id, &mut path);
                Encoded { method: Method::Get, path, body: Vec::new() }
            }
            Command::ListNumbers { connection_id, page, limit } => {
                let mut path = String::from("/phone_numbers?");
                percent::append_pair("filter[connection_id]", connection_id, &mut path);
                path.push('&');
                percent::append_pair("page[number]", &page.to_string(), &mut path);
                path.push('&');
                percent::append_pair("page[size]", &limit.to_string(), &mut path);
                Encoded { method: Method::Get, path, body: Vec::new() }
            }
        }
    }

    fn body(&self, write: impl FnOnce(&mut Writer<'_>), method: Method) -> Vec<u8> {
        let mut body = Vec::new();
        let mut object = Writer::document(&mut body);
        write(&mut object);
        object.text("client_state", revealed(self.client_state.as_ref()));
        if method == Method::Post {
            object.text("command_id", self.command_id.as_deref());
        }
        object.end();
        body
    }
}

fn active_calls(connection_id: &str, after: Option<&str>, limit: Option<u64>) -> String {
    let mut path = String::from("/connections/");
    percent::append(connection_id, &mut path);
    path.push_str("/active_calls");
    let mut query = String::new();
    if let Some(limit) = limit {
        percent::append_pair("page[limit]", &limit.to_string(), &mut query);
    }
    if let Some(after) = after {
        percent::append_pair("page[after]", after, &mut query);
    }
    if !query.is_empty() {
        path.push('?');
        path.push_str(&query);
    }
    path
}

fn write_action(action: &Action<'_>, object: &mut Writer<'_>) {
    match action {
        Action::Answer(answer) => write_answer(answer, object),
        Action::Reject { cause } => object.text("cause", Some(cause.name())),
        Action::StreamingStart(stream) => {
            write_stream(stream, object);
            write_stream_extras(stream, object);
        }
        Action::StreamingStop { stream_id } => object.text("stream_id", stream_id.as_deref()),
        Action::Transfer(transfer) => write_transfer(transfer, object),
        Action::Speak(speak) => {
            object.text("payload", Some(&speak.text));
            object.text("voice", Some(&speak.voice));
            object.text("language", speak.language.as_deref());
        }
        Action::SendDtmf { digits, duration_ms } => {
            object.text("digits", Some(digits.reveal()));
            object.number("duration_millis", *duration_ms);
        }
        Action::RecordStart(record) => write_record(*record, object),
        Action::Hangup | Action::RecordStop | Action::UpdateClientState => (),
    }
}

fn write_answer(answer: &Answer<'_>, object: &mut Writer<'_>) {
    if let Some(stream) = &answer.stream {
        write_stream(stream, object);
    }
    object.flag("send_silence_when_idle", answer.send_silence_when_idle);
    object.text("preferred_codecs", answer.preferred_codecs.as_deref());
    object.text("webhook_url", answer.webhook_url.as_deref());
}

/// What every way of starting a stream takes.
fn write_stream(stream: &Stream<'_>, object: &mut Writer<'_>) {
    object.text("stream_url", Some(stream.url.reveal()));
    object.text("stream_track", stream.track.map(|track| track.name()));
    object.text("stream_codec", stream.codec.map(|codec| codec.name()));
    object.text("stream_bidirectional_mode", stream.mode.map(|mode| mode.name()));
    let codec = stream.bidirectional_codec.map(|codec| codec.name());
    object.text("stream_bidirectional_codec", codec);
    let legs = stream.target_legs.map(|legs| legs.name());
    object.text("stream_bidirectional_target_legs", legs);
}

fn write_stream_extras(stream: &Stream<'_>, object: &mut Writer<'_>) {
    object.number("stream_bidirectional_sampling_rate", stream.sampling_rate);
    let token = stream.auth_token.as_ref().map(|token| token.expose().as_ref());
    object.text("stream_auth_token", token);
    if !stream.custom_parameters.is_empty() {
        object.objects("custom_parameters", &stream.custom_parameters, |parameter, item| {
            item.text("name", Some(&parameter.name));
            item.text("value", Some(parameter.value.reveal()));
        });
    }
}

fn write_transfer(transfer: &Transfer<'_>, object: &mut Writer<'_>) {
    object.text("to", Some(transfer.to.reveal()));
    object.text("from", revealed(transfer.from.as_ref()));
    object.text("from_display_name", revealed(transfer.from_display_name.as_ref()));
    object.number("timeout_secs", transfer.timeout_seconds);
    object.number("time_limit_secs", transfer.time_limit_seconds);
    object.text("target_leg_client_state", revealed(transfer.target_leg_client_state.as_ref()));
    if transfer.park_after_unbridge == Some(true) {
        object.text("park_after_unbridge", Some("self"));
    }
}

fn write_record(record: RecordStart, object: &mut Writer<'_>) {
    object.text("channels", Some(record.channels.name()));
    object.text("format", Some(record.format.name()));
    object.number("max_length", record.length_seconds_max);
    object.flag("play_beep", record.play_beep);
}

fn write_dial(dial: &Dial<'_>, object: &mut Writer<'_>) {
    object.text("connection_id", Some(&dial.connection_id));
    object.text("from", Some(dial.from.reveal()));
    object.text("to", Some(dial.to.reveal()));
    if let Some(stream) = &dial.stream {
        write_stream(stream, object);
        // Custom parameters are for `streaming_start` only.
        object.number("stream_bidirectional_sampling_rate", stream.sampling_rate);
        let token = stream.auth_token.as_ref().map(|token| token.expose().as_ref());
        object.text("stream_auth_token", token);
    }
    object.number("timeout_secs", dial.timeout_seconds);
    object.number("time_limit_secs", dial.time_limit_seconds);
    let detection = dial.machine_detection.map(|mode| mode.name());
    object.text("answering_machine_detection", detection);
    object.text("link_to", dial.link_to.as_deref());
    object.flag("bridge_on_answer", dial.bridge_on_answer);
}

fn revealed<'v>(value: Option<&'v Pii<Cow<'_, str>>>) -> Option<&'v str> {
    value.map(|value| value.reveal().as_ref())
}

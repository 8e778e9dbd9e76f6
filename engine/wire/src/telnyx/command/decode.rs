//! From requests to commands: the carrier's side.

use std::borrow::Cow;

use serde::Deserialize;
use types::{Pii, Secret};

use super::{
    Action, Answer, Command, CommandError, Dial, MachineDetectionMode, Method, RecordChannels,
    RecordFormat, RecordStart, RejectCause, Request, SPEAK_CHARS_MAX, Speak, Stream, StreamCodec,
    StreamMode, StreamTrack, TargetLegs, Transfer,
};
use crate::telnyx::lenient::{Counter, Flag, Object, Pairs, Text};
use crate::telnyx::{Parameter, percent};

/// The command that a request is.
///
/// Input:  `path` as it came, encoded, after the API's address, with its query if it has one.
/// Output: a value that borrows from both.
///
/// # Errors
/// [`CommandError`] tells what to answer; it holds nothing of the request.
pub fn decode<'a>(
    method: Method,
    path: &'a str,
    body: &'a [u8],
) -> Result<Request<'a>, CommandError> {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut segments = path.strip_prefix('/').ok_or(CommandError::NoSuchPath)?.split('/');
    let segments = [(); 5].map(|()| segments.next());
    let text = |segment| percent::decode(segment).ok_or(CommandError::NoSuchPath);
    match (method, segments) {
        (Method::Post, [Some("calls"), None, ..]) => {
            let mut raw = parse(body)?;
            let dial = raw.dial()?;
            Ok(raw.into_request(Command::Dial(Box::new(dial))))
        }
        (Method::Get, [Some("calls"), Some(leg), None, ..]) => {
            Ok(Request::new(Command::GetCall { call_control_id: text(leg)? }))
        }
        (Method::Get, [Some("connections"), Some(connection), Some("active_calls"), None, _]) => {
            let value = |name| percent::form(query).find_map(|(n, v)| (n == name).then_some(v));
            let limit = value("page[limit]").map(|limit| limit.parse());
            let limit = limit.transpose().map_err(|_| INVALID_LIMIT)?;
            let after = value("page[after]");
            let connection_id = text(connection)?;
            Ok(Request::new(Command::ActiveCalls { connection_id, after, limit }))
        }
        (Method::Get, [Some("call_control_applications"), Some(connection), None, ..]) => {
            Ok(Request::new(Command::GetApplication { connection_id: text(connection)? }))
        }
        (Method::Get, [Some("phone_numbers"), None, ..]) => list_numbers(query),
        (
            Method::Post | Method::Put,
            [Some("calls"), Some(leg), Some("actions"), Some(verb), None],
        ) => {
            let call_control_id = text(leg)?;
            let mut raw = parse(body)?;
            let action = raw.action(verb, method)?;
            Ok(raw.into_request(Command::Act { call_control_id, action }))
        }
        (Method::Get | Method::Post | Method::Put, _) => Err(CommandError::NoSuchPath),
    }
}

fn list_numbers(query: &str) -> Result<Request<'_>, CommandError> {
    let value = |name| percent::form(query).find_map(|(n, v)| (n == name).then_some(v));
    let number = |field, absent: u64| match value(field) {
        Some(text) => text.parse().map_err(|_| CommandError::Invalid { field }),
        None => Ok(absent),
    };
    let connection_id = value("filter[connection_id]");
    Ok(Request::new(Command::ListNumbers {
        connection_id: connection_id.ok_or(missing("filter[connection_id]"))?,
        page: number("page[number]", 1)?,
        limit: number("page[size]", NUMBERS_DEFAULT)?,
    }))
}

/// Numbers on a page unless asked otherwise.
const NUMBERS_DEFAULT: u64 = 20;

const INVALID_LIMIT: CommandError = CommandError::Invalid { field: "page[limit]" };

fn parse(body: &[u8]) -> Result<RawBody<'_>, CommandError> {
    // `hangup` and `record_stop` are often sent with nothing at all.
    if body.is_empty() {
        return Ok(RawBody::default());
    }
    let raw: Object<RawBody<'_>> = serde_json::from_slice(body)
        .map_err(|e| CommandError::Malformed { line: e.line(), column: e.column() })?;
    raw.0.ok_or(CommandError::Malformed { line: 1, column: 0 })
}

/// All fields of all commands.
#[derive(Default, Deserialize)]
#[serde(default)]
struct RawBody<'a> {
    #[serde(borrow)]
    client_state: Text<'a>,
    #[serde(borrow)]
    command_id: Text<'a>,
    #[serde(borrow)]
    cause: Text<'a>,
    #[serde(borrow)]
    stream_url: Text<'a>,
    #[serde(borrow)]
    stream_track: Text<'a>,
    #[serde(borrow)]
    stream_codec: Text<'a>,
    #[serde(borrow)]
    stream_bidirectional_mode: Text<'a>,
    #[serde(borrow)]
    stream_bidirectional_codec: Text<'a>,
    stream_bidirectional_sampling_rate: Counter,
    #[serde(borrow)]
    stream_bidirectional_target_legs: Text<'a>,
    #[serde(borrow)]
    stream_auth_token: Text<'a>,
    #[serde(borrow)]
    custom_parameters: Pairs<'a>,
    send_silence_when_idle: Flag,
    #[serde(borrow)]
    preferred_codecs: Text<'a>,
    #[serde(borrow)]
    webhook_url: Text<'a>,
    #[serde(borrow)]
    stream_id: Text<'a>,
    #[serde(borrow)]
    to: Text<'a>,
    #[serde(borrow)]
    from: Text<'a>,
    #[serde(borrow)]
    from_display_name: Text<'a>,
    timeout_secs: Counter,
    time_limit_secs: Counter,
    #[serde(borrow)]
    target_leg_client_state: Text<'a>,
    #[serde(borrow)]
    park_after_unbridge: Text<'a>,
    #[serde(borrow)]
    payload: Text<'a>,
    #[serde(borrow)]
    voice: Text<'a>,
    #[serde(borrow)]
    language: Text<'a>,
    #[serde(borrow)]
    digits: Text<'a>,
    duration_millis: Counter,
    #[serde(borrow)]
    channels: Text<'a>,
    #[serde(borrow)]
    format: Text<'a>,
    max_length: Counter,
    play_beep: Flag,
    #[serde(borrow)]
    connection_id: Text<'a>,
    #[serde(borrow)]
    answering_machine_detection: Text<'a>,
    #[serde(borrow)]
    link_to: Text<'a>,
    bridge_on_answer: Flag,
}

impl<'a> RawBody<'a> {
    fn into_request(self, command: Command<'a>) -> Request<'a> {
        Request {
            command,
            client_state: self.client_state.0.map(Pii::new),
            command_id: self.command_id.0,
        }
    }

    fn action(&mut self, verb: &str, method: Method) -> Result<Action<'a>, CommandError> {
        match (method, verb) {
            (Method::Put, "client_state_update") => {
                required(&self.client_state, "client_state")?;
                Ok(Action::UpdateClientState)
            }
            (Method::Post, "answer") => {
                let stream = self.stream()?;
                Ok(Action::Answer(Box::new(Answer {
                    stream,
                    send_silence_when_idle: self.send_silence_when_idle.0,
                    preferred_codecs: self.preferred_codecs.0.take(),
                    webhook_url: self.webhook_url.0.take(),
                })))
            }
            (Method::Post, "reject") => {
                let cause = word(&self.cause, "cause", RejectCause::of)?;
                Ok(Action::Reject { cause: cause.ok_or(missing("cause"))? })
            }
            (Method::Post, "hangup") => Ok(Action::Hangup),
            (Method::Post, "streaming_start") => {
                let stream = self.stream()?.ok_or(missing("stream_url"))?;
                Ok(Action::StreamingStart(Box::new(self.with_extras(stream))))
            }
            (Method::Post, "streaming_stop") => {
                Ok(Action::StreamingStop { stream_id: self.stream_id.0.take() })
            }
            (Method::Post, "transfer") => Ok(Action::Transfer(Box::new(self.transfer()?))),
            (Method::Post, "speak") => self.speak(),
            (Method::Post, "send_dtmf") => self.send_dtmf(),
            (Method::Post, "record_start") => self.record_start(),
            (Method::Post, "record_stop") => Ok(Action::RecordStop),
            (Method::Get | Method::Post | Method::Put, _) => Err(CommandError::NoSuchPath),
        }
    }

    fn stream(&mut self) -> Result<Option<Stream<'a>>, CommandError> {
        let Some(url) = self.stream_url.0.take() else { return Ok(None) };
        Ok(Some(Stream {
            url: Pii::new(url),
            track: word(&self.stream_track, "stream_track", StreamTrack::of)?,
            codec: word(&self.stream_codec, "stream_codec", StreamCodec::of)?,
            mode: word(
                &self.stream_bidirectional_mode,
                "stream_bidirectional_mode",
                StreamMode::of,
            )?,
            bidirectional_codec: word(
                &self.stream_bidirectional_codec,
                "stream_bidirectional_codec",
                StreamCodec::of,
            )?,
            target_legs: word(
                &self.stream_bidirectional_target_legs,
                "stream_bidirectional_target_legs",
                TargetLegs::of,
            )?,
            ..Stream::default()
        }))
    }

    fn with_extras(&mut self, stream: Stream<'a>) -> Stream<'a> {
        let pairs = std::mem::take(&mut self.custom_parameters.0);
        Stream {
            sampling_rate: self.stream_bidirectional_sampling_rate.0,
            auth_token: self.stream_auth_token.0.take().map(Secret::new),
            custom_parameters: pairs
                .into_iter()
                .map(|(name, value)| Parameter { name, value: Pii::new(value) })
                .collect(),
            ..stream
        }
    }

    fn transfer(&mut self) -> Result<Transfer<'a>, CommandError> {
        Ok(Transfer {
            to: Pii::new(taken(&mut self.to, "to")?),
            from: self.from.0.take().map(Pii::new),
            from_display_name: self.from_display_name.0.take().map(Pii::new),
            timeout_seconds: self.timeout_secs.0,
            time_limit_seconds: self.time_limit_secs.0,
            target_leg_client_state: self.target_leg_client_state.0.take().map(Pii::new),
            park_after_unbridge: self.park_after_unbridge.0.as_deref().map(|leg| leg == "self"),
        })
    }

    fn speak(&mut self) -> Result<Action<'a>, CommandError> {
        let text = taken(&mut self.payload, "payload")?;
        if text.is_empty() || SPEAK_CHARS_MAX < text.chars().count() {
            return Err(CommandError::Invalid { field: "payload" });
        }
        let voice = taken(&mut self.voice, "voice")?;
        let language = self.language.0.take();
        Ok(Action::Speak(Box::new(Speak { text, voice, language })))
    }

    fn send_dtmf(&mut self) -> Result<Action<'a>, CommandError> {
        let digits = taken(&mut self.digits, "digits")?;
        if digits.is_empty() || !digits.bytes().all(|b| b"0123456789ABCD*#wW".contains(&b)) {
            return Err(CommandError::Invalid { field: "digits" });
        }
        if self.duration_millis.0.is_some_and(|ms| !(100..=500).contains(&ms)) {
            return Err(CommandError::Invalid { field: "duration_millis" });
        }
        Ok(Action::SendDtmf { digits: Pii::new(digits), duration_ms: self.duration_millis.0 })
    }

    fn record_start(&mut self) -> Result<Action<'a>, CommandError> {
        let channels = word(&self.channels, "channels", RecordChannels::of)?;
        let format = word(&self.format, "format", RecordFormat::of)?;
        Ok(Action::RecordStart(RecordStart {
            channels: channels.ok_or(missing("channels"))?,
            format: format.ok_or(missing("format"))?,
            length_seconds_max: self.max_length.0,
            play_beep: self.play_beep.0,
        }))
    }

    fn dial(&mut self) -> Result<Dial<'a>, CommandError> {
        let stream = self.stream()?;
        let detection = &self.answering_machine_detection;
        Ok(Dial {
            connection_id: taken(&mut self.connection_id, "connection_id")?,
            from: Pii::new(taken(&mut self.from, "from")?),
            to: Pii::new(taken(&mut self.to, "to")?),
            stream: stream.map(|stream| Stream {
                sampling_rate: self.stream_bidirectional_sampling_rate.0,
                auth_token: self.stream_auth_token.0.take().map(Secret::new),
                ..stream
            }),
            timeout_seconds: self.timeout_secs.0,
            time_limit_seconds: self.time_limit_secs.0,
            machine_detection: word(
                detection,
                "answering_machine_detection",
                MachineDetectionMode::of,
            )?,
            link_to: self.link_to.0.take(),
            bridge_on_answer: self.bridge_on_answer.0,
        })
    }
}

fn missing(field: &'static str) -> CommandError {
    CommandError::Missing { field }
}

fn required(text: &Text<'_>, field: &'static str) -> Result<(), CommandError> {
    if text.0.is_some() { Ok(()) } else { Err(missing(field)) }
}

fn taken<'a>(text: &mut Text<'a>, field: &'static str) -> Result<Cow<'a, str>, CommandError> {
    text.0.take().ok_or(missing(field))
}

/// A word of a closed set: absent, known, or refused.
fn word<T>(
    text: &Text<'_>,
    field: &'static str,
    of: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, CommandError> {
    let known = |text: &str| of(text).ok_or(CommandError::Invalid { field });
    text.0.as_deref().map(known).transpose()
}

//! Text to message.

use std::borrow::Cow;

use serde::Deserialize;
use types::{DtmfDigit, Pii, Secret};

use super::fast;
use super::lenient::{Counter, Object, Pairs, Text, Texts};
use super::message::{
    Connected, Dtmf, Mark, Media, MediaFormat, Message, Parameter, Start, Stop, StreamError, Track,
};
use super::{DecodeError, PayloadBase64};

/// The message that `text` is.
///
/// Input:  one text message of the socket, no longer than [`super::MESSAGE_BYTES_MAX`].
/// Output: a value that borrows from `text`; an unknown event is [`Message::Unknown`].
/// Cost:   `media` in its usual shape below 200 ns, no allocation; anything else about 500 ns.
///
/// # Errors
/// [`DecodeError`] says what is wrong, never what was in the text.
pub fn decode(text: &str) -> Result<Message<'_>, DecodeError> {
    fast::media(text).map_or_else(|| decode_thoroughly(text), |media| Ok(Message::Media(media)))
}

/// As [`decode`], without the short cut for `media`: what the short cut is measured against.
///
/// # Errors
/// As [`decode`].
pub fn decode_thoroughly(text: &str) -> Result<Message<'_>, DecodeError> {
    let raw = serde_json::from_str::<Object<RawMessage<'_>>>(text).map_err(malformed)?.0;
    let raw = raw.ok_or(DecodeError::NoEvent)?;
    let event = raw.event.0.clone().ok_or(DecodeError::NoEvent)?;
    match event.as_ref() {
        "connected" => Ok(Message::Connected(raw.into_connected())),
        "start" => raw.into_start().map(Message::Start),
        "media" => raw.into_media().map(Message::Media),
        "dtmf" => raw.into_dtmf().map(Message::Dtmf),
        "mark" => raw.into_mark().map(Message::Mark),
        "error" => Ok(Message::Error(raw.into_error())),
        "stop" => Ok(Message::Stop(raw.into_stop())),
        _ => Ok(Message::Unknown { event }),
    }
}

pub(super) fn malformed(error: serde_json::Error) -> DecodeError {
    DecodeError::Malformed { line: error.line(), column: error.column() }
}

/// All fields of all events.
#[derive(Deserialize)]
struct RawMessage<'a> {
    #[serde(borrow, default)]
    event: Text<'a>,
    #[serde(borrow, default)]
    version: Text<'a>,
    #[serde(borrow, default, rename = "x-telnyx-streaming-auth-token")]
    token: Text<'a>,
    #[serde(default)]
    sequence_number: Counter,
    #[serde(borrow, default)]
    stream_id: Text<'a>,
    #[serde(borrow, default)]
    occurred_at: Text<'a>,
    #[serde(borrow, default)]
    connected: Object<RawConnected<'a>>,
    #[serde(borrow, default)]
    start: Object<RawStart<'a>>,
    #[serde(borrow, default)]
    media: Object<RawMedia<'a>>,
    #[serde(borrow, default)]
    dtmf: Object<RawDtmf<'a>>,
    #[serde(borrow, default)]
    mark: Object<RawMark<'a>>,
    #[serde(borrow, default)]
    payload: Object<RawError<'a>>,
    #[serde(borrow, default)]
    stop: Object<RawStop<'a>>,
}

#[derive(Deserialize)]
struct RawConnected<'a> {
    #[serde(borrow, default, rename = "x-telnyx-streaming-auth-token")]
    token: Text<'a>,
}

#[derive(Deserialize)]
struct RawStart<'a> {
    #[serde(borrow, default)]
    user_id: Text<'a>,
    #[serde(borrow, default)]
    call_control_id: Text<'a>,
    #[serde(borrow, default)]
    call_session_id: Text<'a>,
    #[serde(borrow, default)]
    from: Text<'a>,
    #[serde(borrow, default)]
    to: Text<'a>,
    #[serde(borrow, default)]
    tags: Texts<'a>,
    #[serde(borrow, default)]
    client_state: Text<'a>,
    #[serde(borrow, default)]
    custom_parameters: Pairs<'a>,
    #[serde(borrow, default)]
    media_format: Object<RawMediaFormat<'a>>,
}

#[derive(Deserialize)]
struct RawMediaFormat<'a> {
    #[serde(borrow, default)]
    encoding: Text<'a>,
    #[serde(default)]
    sample_rate: Counter,
    #[serde(default)]
    channels: Counter,
}

#[derive(Deserialize)]
struct RawMedia<'a> {
    #[serde(borrow, default)]
    track: Text<'a>,
    #[serde(default)]
    chunk: Counter,
    #[serde(default)]
    timestamp: Counter,
    #[serde(borrow, default)]
    payload: Text<'a>,
}

#[derive(Deserialize)]
struct RawDtmf<'a> {
    #[serde(borrow, default)]
    digit: Text<'a>,
}

#[derive(Deserialize)]
struct RawMark<'a> {
    #[serde(borrow, default)]
    name: Text<'a>,
}

#[derive(Deserialize)]
struct RawError<'a> {
    #[serde(default)]
    code: Counter,
    #[serde(borrow, default)]
    title: Text<'a>,
    #[serde(borrow, default)]
    detail: Text<'a>,
}

#[derive(Deserialize)]
struct RawStop<'a> {
    #[serde(borrow, default)]
    user_id: Text<'a>,
    #[serde(borrow, default)]
    call_control_id: Text<'a>,
}

impl<'a> RawMessage<'a> {
    fn into_connected(self) -> Connected<'a> {
        let inner = self.connected.0.and_then(|connected| connected.token.0);
        Connected { version: self.version.0, token: inner.or(self.token.0).map(Secret::new) }
    }

    fn into_start(self) -> Result<Start<'a>, DecodeError> {
        let start = self.start.0.ok_or(DecodeError::Missing { event: "start", field: "start" })?;
        let format = start.media_format.0.map_or_else(MediaFormat::default, |raw| MediaFormat {
            encoding: raw.encoding.0,
            sample_rate: raw.sample_rate.0,
            channels: raw.channels.0,
        });
        let parameter =
            |(name, value): (Cow<'a, str>, _)| Parameter { name, value: Pii::new(value) };
        Ok(Start {
            sequence: self.sequence_number.0,
            stream_id: self.stream_id.0,
            user_id: start.user_id.0,
            call_control_id: start.call_control_id.0,
            call_session_id: start.call_session_id.0,
            from: start.from.0.map(Pii::new),
            to: start.to.0.map(Pii::new),
            tags: start.tags.0,
            client_state: start.client_state.0.map(Pii::new),
            custom_parameters: start.custom_parameters.0.into_iter().map(parameter).collect(),
            media_format: format,
        })
    }

    fn into_media(self) -> Result<Media<'a>, DecodeError> {
        let missing = DecodeError::Missing { event: "media", field: "media.payload" };
        let media = self.media.0.ok_or(missing)?;
        Ok(Media {
            track: media.track.0.map_or(Track::Inbound, |name| Track::of(&name)),
            chunk: media.chunk.0,
            sequence: self.sequence_number.0,
            timestamp: media.timestamp.0,
            payload: PayloadBase64::new(media.payload.0.ok_or(missing)?),
        })
    }

    fn into_dtmf(self) -> Result<Dtmf<'a>, DecodeError> {
        let digit = self.dtmf.0.and_then(|dtmf| dtmf.digit.0);
        let digit = digit.ok_or(DecodeError::Missing { event: "dtmf", field: "dtmf.digit" })?;
        let mut symbols = digit.chars();
        let digit = match (symbols.next(), symbols.next()) {
            (Some(symbol), None) => DtmfDigit::new(symbol.to_ascii_uppercase()),
            (_, _) => None,
        };
        Ok(Dtmf {
            sequence: self.sequence_number.0,
            stream_id: self.stream_id.0,
            occurred_at: self.occurred_at.0,
            digit: digit.ok_or(DecodeError::NoSuchKey)?,
        })
    }

    fn into_mark(self) -> Result<Mark<'a>, DecodeError> {
        let name = self.mark.0.and_then(|mark| mark.name.0);
        Ok(Mark {
            sequence: self.sequence_number.0,
            stream_id: self.stream_id.0,
            name: name.ok_or(DecodeError::Missing { event: "mark", field: "mark.name" })?,
        })
    }

    fn into_error(self) -> StreamError<'a> {
        let stream_id = self.stream_id.0;
        self.payload.0.map_or_else(
            || StreamError { stream_id: stream_id.clone(), ..StreamError::default() },
            |error| StreamError {
                stream_id: stream_id.clone(),
                code: error.code.0,
                title: error.title.0,
                detail: error.detail.0.map(Pii::new),
            },
        )
    }

    fn into_stop(self) -> Stop<'a> {
        let (user_id, call_control_id) =
            self.stop.0.map_or((None, None), |stop| (stop.user_id.0, stop.call_control_id.0));
        Stop {
            sequence: self.sequence_number.0,
            stream_id: self.stream_id.0,
            user_id,
            call_control_id,
        }
    }
}

#[cfg(test)]
mod tests;

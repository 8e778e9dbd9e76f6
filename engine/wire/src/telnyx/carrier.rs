//! The carrier's own side: for the simulated caller and for tests.
//!
//! Counters are written as text, as the carrier does.

use std::borrow::Cow;

use serde::Deserialize;

use super::decode::malformed;
use super::json::Writer;
use super::lenient::{Object, Text};
use super::message::{Connected, Dtmf, Mark, Parameter, Start, Stop, StreamError};
use super::{DecodeError, PayloadBase64, Track};

/// The longest message a carrier takes: 30 s of 16 kHz L16 as base64 and some (telnyx.md §1.7).
pub const COMMAND_BYTES_MAX: usize = 1_300_000;

/// What a server tells the carrier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command<'a> {
    /// Play this after what is queued.
    Media {
        /// The codec's bytes.
        payload: PayloadBase64<'a>,
    },
    /// Return this when all before it has been played.
    Mark {
        /// Its name.
        name: Cow<'a, str>,
    },
    /// Drop what is queued.
    Clear,
    /// A command no carrier knows.
    Unknown {
        /// Its name, as sent.
        event: Cow<'a, str>,
    },
}

/// The command that `text` is.
///
/// # Errors
/// [`DecodeError`]: a carrier answers it with the error 100003.
pub fn decode_command(text: &str) -> Result<Command<'_>, DecodeError> {
    let raw = serde_json::from_str::<Object<RawCommand<'_>>>(text).map_err(malformed)?.0;
    let raw = raw.ok_or(DecodeError::NoEvent)?;
    let event = raw.event.0.ok_or(DecodeError::NoEvent)?;
    match event.as_ref() {
        "media" => {
            let payload = raw.media.0.and_then(|media| media.payload.0);
            let payload =
                payload.ok_or(DecodeError::Missing { event: "media", field: "media.payload" })?;
            Ok(Command::Media { payload: PayloadBase64::new(payload) })
        }
        "mark" => {
            let name = raw.mark.0.and_then(|mark| mark.name.0);
            let name = name.ok_or(DecodeError::Missing { event: "mark", field: "mark.name" })?;
            Ok(Command::Mark { name })
        }
        "clear" => Ok(Command::Clear),
        _ => Ok(Command::Unknown { event }),
    }
}

#[derive(Deserialize)]
struct RawCommand<'a> {
    #[serde(borrow, default)]
    event: Text<'a>,
    #[serde(borrow, default)]
    media: Object<RawMedia<'a>>,
    #[serde(borrow, default)]
    mark: Object<RawMark<'a>>,
}

#[derive(Deserialize)]
struct RawMedia<'a> {
    #[serde(borrow, default)]
    payload: Text<'a>,
}

#[derive(Deserialize)]
struct RawMark<'a> {
    #[serde(borrow, default)]
    name: Text<'a>,
}

/// What a `media` message says besides its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaHead<'a> {
    /// Position among all events of this socket.
    pub sequence: u64,
    /// The carrier's name of this stream.
    pub stream_id: &'a str,
    /// Whose audio it is.
    pub track: Track,
    /// Position among the pieces of this track, from 1.
    pub chunk: u64,
    /// Samples since the start, as one observer measured (telnyx.md §1.5).
    pub timestamp: u64,
}

/// Replaces the contents of `out` by a `connected` message.
pub fn encode_connected(connected: &Connected<'_>, out: &mut Vec<u8>) {
    let mut object = Writer::message("connected", out);
    object.text("version", connected.version.as_deref());
    object.text(
        "x-telnyx-streaming-auth-token",
        connected.token.as_ref().map(|token| token.expose().as_ref()),
    );
    object.end();
}

/// Replaces the contents of `out` by a `start` message.
pub fn encode_start(start: &Start<'_>, out: &mut Vec<u8>) {
    let mut object = Writer::message("start", out);
    object.counter("sequence_number", start.sequence);
    object.text("stream_id", start.stream_id.as_deref());
    let mut inner = object.object("start");
    inner.text("user_id", start.user_id.as_deref());
    inner.text("call_control_id", start.call_control_id.as_deref());
    inner.text("call_session_id", start.call_session_id.as_deref());
    inner.text("from", start.from.as_ref().map(|from| from.reveal().as_ref()));
    inner.text("to", start.to.as_ref().map(|to| to.reveal().as_ref()));
    if !start.tags.is_empty() {
        inner.texts("tags", &start.tags);
    }
    inner.text("client_state", start.client_state.as_ref().map(|state| state.reveal().as_ref()));
    if !start.custom_parameters.is_empty() {
        let mut parameters = inner.object("custom_parameters");
        for Parameter { name, value } in &start.custom_parameters {
            parameters.text(name, Some(value.reveal()));
        }
        parameters.end();
    }
    let mut format = inner.object("media_format");
    format.text("encoding", start.media_format.encoding.as_deref());
    format.number("sample_rate", start.media_format.sample_rate);
    format.number("channels", start.media_format.channels);
    format.end();
    inner.end();
    object.end();
}

/// Replaces the contents of `out` by a `media` message with the codec's bytes `payload`.
pub fn encode_media(head: &MediaHead<'_>, payload: &[u8], out: &mut Vec<u8>) {
    let mut object = Writer::message("media", out);
    object.counter("sequence_number", Some(head.sequence));
    object.text("stream_id", Some(head.stream_id));
    let mut media = object.object("media");
    let track = match head.track {
        Track::Inbound => "inbound",
        Track::Outbound => "outbound",
        Track::Unknown => "unknown",
    };
    media.text("track", Some(track));
    media.counter("chunk", Some(head.chunk));
    media.counter("timestamp", Some(head.timestamp));
    media.base64("payload", payload);
    media.end();
    object.end();
}

/// Replaces the contents of `out` by a `dtmf` message.
pub fn encode_dtmf(dtmf: &Dtmf<'_>, out: &mut Vec<u8>) {
    let mut object = Writer::message("dtmf", out);
    object.text("stream_id", dtmf.stream_id.as_deref());
    object.text("occurred_at", dtmf.occurred_at.as_deref());
    object.counter("sequence_number", dtmf.sequence);
    let mut inner = object.object("dtmf");
    inner.text("digit", Some(dtmf.digit.symbol().encode_utf8(&mut [0; 4])));
    inner.end();
    object.end();
}

/// Replaces the contents of `out` by a `mark` message.
pub fn encode_mark(mark: &Mark<'_>, out: &mut Vec<u8>) {
    let mut object = Writer::message("mark", out);
    object.text("stream_id", mark.stream_id.as_deref());
    object.counter("sequence_number", mark.sequence);
    let mut inner = object.object("mark");
    inner.text("name", Some(&mark.name));
    inner.end();
    object.end();
}

/// Replaces the contents of `out` by an `error` message.
pub fn encode_error(error: &StreamError<'_>, out: &mut Vec<u8>) {
    let mut object = Writer::message("error", out);
    object.text("stream_id", error.stream_id.as_deref());
    let mut payload = object.object("payload");
    payload.number("code", error.code);
    payload.text("title", error.title.as_deref());
    payload.text("detail", error.detail.as_ref().map(|detail| detail.reveal().as_ref()));
    payload.end();
    object.end();
}

/// Replaces the contents of `out` by a `stop` message.
pub fn encode_stop(stop: &Stop<'_>, out: &mut Vec<u8>) {
    let mut object = Writer::message("stop", out);
    object.counter("sequence_number", stop.sequence);
    object.text("stream_id", stop.stream_id.as_deref());
    let mut inner = object.object("stop");
    inner.text("user_id", stop.user_id.as_deref());
    inner.text("call_control_id", stop.call_control_id.as_deref());
    inner.end();
    object.end();
}

//! Documents, both ways.

use std::borrow::Cow;

use types::Pii;

use super::xml::{self, Element, append_escaped};
use super::{RejectReason, StreamNoun, TexmlError, Verb};
use crate::telnyx::Parameter;
use crate::telnyx::command::{StreamCodec, StreamMode, StreamTrack};

/// The document of these verbs. What it holds is escaped.
pub fn encode_document(verbs: &[Verb<'_>]) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>");
    for verb in verbs {
        write_verb(verb, &mut out);
    }
    out.push_str("</Response>");
    out
}

/// The verbs of a document, in order.
///
/// # Errors
/// [`TexmlError`]: a carrier hangs up then.
pub fn decode_document(bytes: &[u8]) -> Result<Vec<Verb<'_>>, TexmlError> {
    let text = std::str::from_utf8(bytes).map_err(|_| TexmlError::NotText)?;
    let response = xml::parse(text)?;
    if response.name != "Response" {
        return Err(TexmlError::NoResponse);
    }
    response.children.into_iter().map(verb).collect()
}

fn write_verb(verb: &Verb<'_>, out: &mut String) {
    match verb {
        Verb::Connect(stream) => {
            out.push_str("<Connect>");
            write_stream(stream, out);
            out.push_str("</Connect>");
        }
        Verb::Start(stream) => {
            out.push_str("<Start>");
            write_stream(stream, out);
            out.push_str("</Start>");
        }
        Verb::Say { text, voice, language } => {
            out.push_str("<Say");
            attribute("voice", voice.as_deref(), out);
            attribute("language", language.as_deref(), out);
            out.push('>');
            append_escaped(text, out);
            out.push_str("</Say>");
        }
        Verb::Pause { seconds } => {
            out.push_str("<Pause");
            attribute("length", seconds.map(|s| s.to_string()).as_deref(), out);
            out.push_str("/>");
        }
        Verb::Reject { reason } => {
            out.push_str("<Reject");
            attribute("reason", reason.map(|reason| reason.name()), out);
            out.push_str("/>");
        }
        Verb::Dial { number, timeout_seconds } => {
            out.push_str("<Dial");
            attribute("timeout", timeout_seconds.map(|s| s.to_string()).as_deref(), out);
            out.push('>');
            append_escaped(number.reveal(), out);
            out.push_str("</Dial>");
        }
        Verb::Hangup => out.push_str("<Hangup/>"),
        Verb::Redirect { url } => {
            out.push_str("<Redirect>");
            append_escaped(url.reveal(), out);
            out.push_str("</Redirect>");
        }
        // A name from outside never becomes markup.
        Verb::Other { name } if is_name(name) => {
            out.push('<');
            out.push_str(name);
            out.push_str("/>");
        }
        Verb::Other { .. } => (),
    }
}

fn is_name(name: &str) -> bool {
    let is_part = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.bytes().all(is_part)
}

fn write_stream(stream: &StreamNoun<'_>, out: &mut String) {
    out.push_str("<Stream");
    attribute("url", Some(stream.url.reveal()), out);
    attribute("track", stream.track.map(|track| track.name()), out);
    attribute("name", stream.name.as_deref(), out);
    attribute("codec", stream.codec.map(|codec| codec.name()), out);
    attribute("bidirectionalMode", stream.mode.map(|mode| mode.name()), out);
    let codec = stream.bidirectional_codec.map(|codec| codec.name());
    attribute("bidirectionalCodec", codec, out);
    let rate = stream.sampling_rate.map(|rate| rate.to_string());
    attribute("bidirectionalSamplingRate", rate.as_deref(), out);
    attribute("statusCallback", stream.status_callback.as_deref(), out);
    let reconnect = stream.enable_reconnect.map(|on| if on { "true" } else { "false" });
    attribute("enableReconnect", reconnect, out);
    if stream.parameters.is_empty() {
        out.push_str("/>");
        return;
    }
    out.push('>');
    for parameter in &stream.parameters {
        out.push_str("<Parameter");
        attribute("name", Some(&parameter.name), out);
        attribute("value", Some(parameter.value.reveal()), out);
        out.push_str("/>");
    }
    out.push_str("</Stream>");
}

fn attribute(name: &str, value: Option<&str>, out: &mut String) {
    if let Some(value) = value {
        out.push(' ');
        out.push_str(name);
        out.push_str("=\"");
        append_escaped(value, out);
        out.push('"');
    }
}

fn verb(mut element: Element<'_>) -> Result<Verb<'_>, TexmlError> {
    match element.name {
        "Connect" => Ok(Verb::Connect(Box::new(inner_stream(element)?))),
        "Start" => Ok(Verb::Start(Box::new(inner_stream(element)?))),
        "Say" => Ok(Verb::Say {
            voice: element.attribute("voice"),
            language: element.attribute("language"),
            text: Cow::Owned(element.text),
        }),
        "Pause" => {
            let seconds = number(element.attribute("length"), "length")?;
            Ok(Verb::Pause { seconds })
        }
        "Reject" => {
            let reason = word(element.attribute("reason"), "reason", RejectReason::of)?;
            Ok(Verb::Reject { reason })
        }
        "Dial" => Ok(Verb::Dial {
            timeout_seconds: number(element.attribute("timeout"), "timeout")?,
            number: Pii::new(Cow::Owned(element.text.trim().to_owned())),
        }),
        "Hangup" => Ok(Verb::Hangup),
        "Redirect" => Ok(Verb::Redirect { url: Pii::new(Cow::Owned(element.text)) }),
        name => Ok(Verb::Other { name: Cow::Borrowed(name) }),
    }
}

fn inner_stream(element: Element<'_>) -> Result<StreamNoun<'_>, TexmlError> {
    let stream = element.children.into_iter().find(|child| child.name == "Stream");
    let mut stream = stream.ok_or(TexmlError::Missing { field: "Stream" })?;
    let url = stream.attribute("url").ok_or(TexmlError::Missing { field: "url" })?;
    let reconnect = word(stream.attribute("enableReconnect"), "enableReconnect", |word| {
        word.parse::<bool>().ok()
    })?;
    Ok(StreamNoun {
        url: Pii::new(url),
        track: word(stream.attribute("track"), "track", StreamTrack::of)?,
        name: stream.attribute("name"),
        codec: word(stream.attribute("codec"), "codec", StreamCodec::of)?,
        mode: word(stream.attribute("bidirectionalMode"), "bidirectionalMode", StreamMode::of)?,
        bidirectional_codec: word(
            stream.attribute("bidirectionalCodec"),
            "bidirectionalCodec",
            StreamCodec::of,
        )?,
        sampling_rate: number(
            stream.attribute("bidirectionalSamplingRate"),
            "bidirectionalSamplingRate",
        )?,
        status_callback: stream.attribute("statusCallback"),
        enable_reconnect: reconnect,
        parameters: stream.children.into_iter().filter_map(parameter).collect(),
    })
}

fn parameter(mut element: Element<'_>) -> Option<Parameter<'_>> {
    if element.name != "Parameter" {
        return None;
    }
    let (name, value) = (element.attribute("name")?, element.attribute("value")?);
    Some(Parameter { name, value: Pii::new(value) })
}

fn number(text: Option<Cow<'_, str>>, attribute: &'static str) -> Result<Option<u64>, TexmlError> {
    word(text, attribute, |text| text.parse().ok())
}

fn word<T>(
    text: Option<Cow<'_, str>>,
    attribute: &'static str,
    of: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, TexmlError> {
    text.map(|text| of(&text).ok_or(TexmlError::Invalid { attribute })).transpose()
}

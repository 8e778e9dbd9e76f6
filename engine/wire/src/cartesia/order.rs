//! What is sent.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use types::Millis;

use crate::MessageFault;

/// An order to the voice.
#[derive(Clone, Debug, PartialEq)]
pub enum Order<'a> {
    /// More to say, or the end of it.
    Speak(Generation<'a>),
    /// Stop a context.
    Cancel {
        /// Which.
        context: Cow<'a, str>,
    },
}

/// One text of a context.
#[derive(Clone, Debug, PartialEq)]
pub struct Generation<'a> {
    /// The context's name: ours to choose, and never used again.
    pub context: Cow<'a, str>,
    /// How to speak: every text of a context repeats it, unchanged.
    pub request: Cow<'a, Request>,
    /// The text; joined to what came before as it is, so that spaces are ours. Empty at the end.
    pub transcript: Cow<'a, str>,
    /// Whether more will come.
    pub more: More,
}

/// What follows a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum More {
    /// Perhaps more of the same piece.
    Continues,
    /// More, but this piece is complete: its sound carries a number of its own.
    Flushed,
    /// Nothing: the context ends.
    Ends,
}

/// How to speak.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// `sonic-3.5`, …
    pub model: String,
    /// The voice's id.
    pub voice: String,
    /// `pcm_s16le`, `pcm_mulaw` or `pcm_alaw`.
    pub encoding: String,
    /// In hertz.
    pub sample_rate: u32,
    /// ISO 639-1.
    pub language: Option<String>,
    /// How long to wait for more text before speaking: 0 where whole sentences are sent.
    pub max_buffer_delay: Millis,
    /// 0.6 to 1.5, if it is not the voice's own.
    pub speed: Option<f32>,
}

#[derive(Serialize, Deserialize)]
struct Raw<'a> {
    #[serde(borrow)]
    context_id: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancel: Option<bool>,
    #[serde(flatten, borrow, skip_serializing_if = "Option::is_none")]
    speak: Option<RawSpeak<'a>>,
}

#[derive(Serialize, Deserialize)]
struct RawSpeak<'a> {
    #[serde(borrow)]
    model_id: Cow<'a, str>,
    #[serde(borrow)]
    transcript: Cow<'a, str>,
    #[serde(rename = "continue")]
    more: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    flush: Option<bool>,
    voice: RawVoice<'a>,
    output_format: RawFormat<'a>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    language: Option<Cow<'a, str>>,
    #[serde(default)]
    add_timestamps: Option<bool>,
    #[serde(default)]
    max_buffer_delay_ms: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    generation_config: Option<RawConfig>,
}

#[derive(Serialize, Deserialize)]
struct RawVoice<'a> {
    mode: Cow<'a, str>,
    id: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
struct RawFormat<'a> {
    container: Cow<'a, str>,
    encoding: Cow<'a, str>,
    sample_rate: u32,
}

#[derive(Serialize, Deserialize)]
struct RawConfig {
    speed: f32,
}

impl Order<'_> {
    /// As it goes onto the socket, in a text frame.
    pub fn encode(&self) -> String {
        let raw = match self {
            Order::Cancel { context } => {
                Raw { context_id: Cow::Borrowed(context), cancel: Some(true), speak: None }
            }
            Order::Speak(generation) => {
                let request = &generation.request;
                let speak = RawSpeak {
                    model_id: Cow::Borrowed(&request.model),
                    transcript: Cow::Borrowed(&generation.transcript),
                    more: generation.more != More::Ends,
                    flush: (generation.more == More::Flushed).then_some(true),
                    voice: RawVoice { mode: "id".into(), id: Cow::Borrowed(&request.voice) },
                    output_format: RawFormat {
                        container: "raw".into(),
                        encoding: Cow::Borrowed(&request.encoding),
                        sample_rate: request.sample_rate,
                    },
                    language: request.language.as_deref().map(Cow::Borrowed),
                    add_timestamps: Some(true),
                    max_buffer_delay_ms: request.max_buffer_delay.get(),
                    generation_config: request.speed.map(|speed| RawConfig { speed }),
                };
                let context_id = Cow::Borrowed(&*generation.context);
                Raw { context_id, cancel: None, speak: Some(speak) }
            }
        };
        serde_json::to_string(&raw).expect("texts and numbers")
    }
}

/// Reads an order: the far side's part.
///
/// # Errors
/// [`MessageFault`] if it is none.
pub fn decode_order(text: &str) -> Result<Order<'_>, MessageFault> {
    let raw: Raw<'_> = serde_json::from_str(text)?;
    let context = raw.context_id;
    if raw.cancel == Some(true) {
        return Ok(Order::Cancel { context });
    }
    let missing = MessageFault::Missing { message: "generation", field: "transcript" };
    let speak = raw.speak.ok_or(missing)?;
    let more = match (speak.more, speak.flush.unwrap_or_default()) {
        (false, _) => More::Ends,
        (true, true) => More::Flushed,
        (true, false) => More::Continues,
    };
    let request = Request {
        model: speak.model_id.into_owned(),
        voice: speak.voice.id.into_owned(),
        encoding: speak.output_format.encoding.into_owned(),
        sample_rate: speak.output_format.sample_rate,
        language: speak.language.map(Cow::into_owned),
        max_buffer_delay: Millis::new(speak.max_buffer_delay_ms),
        speed: speak.generation_config.map(|config| config.speed).filter(|speed| speed.is_finite()),
    };
    let transcript = speak.transcript;
    Ok(Order::Speak(Generation { context, request: Cow::Owned(request), transcript, more }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_look_as_documented() {
        let request = Request {
            model: "sonic-3.5".into(),
            voice: "VOICE".into(),
            encoding: "pcm_mulaw".into(),
            sample_rate: 8_000,
            language: Some("en".into()),
            max_buffer_delay: Millis::ZERO,
            speed: None,
        };
        let speak = |transcript: &'static str, more| {
            Order::Speak(Generation {
                context: "g7".into(),
                request: Cow::Borrowed(&request),
                transcript: transcript.into(),
                more,
            })
        };
        let rows = [
            speak("Your order ", More::Continues),
            speak("is ready. ", More::Flushed),
            speak("", More::Ends),
            Order::Cancel { context: "g7".into() },
        ];
        let shapes = include_str!("../../../../fixtures/wire/cartesia/orders.jsonl");
        assert_eq!(shapes.lines().count(), rows.len());
        for (order, shape) in rows.iter().zip(shapes.lines()) {
            assert_eq!(order.encode(), shape);
            assert_eq!(&decode_order(shape).unwrap(), order);
        }
        assert!(decode_order(r#"{"context_id":"g7"}"#).is_err());
        assert!(decode_order("{}").is_err());
    }
}

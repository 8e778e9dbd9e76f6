//! What is sent.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::MessageFault;

/// An order to the voice.
#[derive(Clone, Debug, PartialEq)]
pub enum Order<'a> {
    /// The first of a context, which alone may carry settings.
    Open {
        /// The context's name: ours to choose.
        context: Cow<'a, str>,
        /// How to speak; the voice's own settings if absent.
        settings: Option<VoiceSettings>,
    },
    /// More to say. Ends in a space, or the next text grows onto its last word.
    Text {
        /// Where.
        context: Cow<'a, str>,
        /// What.
        text: Cow<'a, str>,
    },
    /// Speak what has been gathered.
    Flush {
        /// Where.
        context: Cow<'a, str>,
    },
    /// Do not close for want of orders. Must not name a context before it has been opened: it
    /// would be taken for the opening.
    KeepAlive {
        /// One that is open, if any is.
        context: Option<Cow<'a, str>>,
    },
    /// No more of this context: its end, or its cancellation.
    Close {
        /// Which.
        context: Cow<'a, str>,
    },
    /// No more of anything.
    CloseSocket,
}

/// How to speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct VoiceSettings {
    /// 0 to 1: low is lively.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stability: Option<f32>,
    /// 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub similarity_boost: Option<f32>,
    /// 0.7 to 1.2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speed: Option<f32>,
}

/// An order as it stands on the wire.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Raw<'a> {
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    context_id: Option<Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    text: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    voice_settings: Option<VoiceSettings>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flush: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    close_context: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    close_socket: Option<bool>,
}

impl Order<'_> {
    /// As it goes onto the socket, in a text frame.
    pub fn encode(&self) -> String {
        let name = |context: &Cow<'_, str>| Some(Cow::Owned(context.clone().into_owned()));
        let text = |text: &str| Some(Cow::Owned(text.to_owned()));
        let raw = match self {
            Self::Open { context, settings } => Raw {
                context_id: name(context),
                text: text(" "),
                voice_settings: *settings,
                ..Raw::default()
            },
            Self::Text { context, text: said } => {
                Raw { context_id: name(context), text: text(said), ..Raw::default() }
            }
            Self::Flush { context } => Raw {
                context_id: name(context),
                text: text(""),
                flush: Some(true),
                ..Raw::default()
            },
            Self::KeepAlive { context } => Raw {
                context_id: context.as_ref().and_then(name),
                text: text(""),
                ..Raw::default()
            },
            Self::Close { context } => {
                Raw { context_id: name(context), close_context: Some(true), ..Raw::default() }
            }
            Self::CloseSocket => Raw { close_socket: Some(true), ..Raw::default() },
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
    if raw.close_socket == Some(true) {
        return Ok(Order::CloseSocket);
    }
    let text = raw.text.unwrap_or_default();
    let Some(context) = raw.context_id else {
        return if text.trim().is_empty() {
            Ok(Order::KeepAlive { context: None })
        } else {
            Err(MessageFault::Missing { message: "text", field: "context_id" })
        };
    };
    Ok(if raw.close_context == Some(true) {
        Order::Close { context }
    } else if raw.flush == Some(true) && text.is_empty() {
        Order::Flush { context }
    } else if text.is_empty() {
        Order::KeepAlive { context: Some(context) }
    } else if text == " " || raw.voice_settings.is_some() {
        Order::Open { context, settings: raw.voice_settings }
    } else {
        Order::Text { context, text }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_look_as_documented() {
        let context = || Cow::Borrowed("g7");
        let settings = VoiceSettings { speed: Some(1.0), ..VoiceSettings::default() };
        let rows = [
            Order::Open { context: context(), settings: None },
            Order::Open { context: context(), settings: Some(settings) },
            Order::Text { context: context(), text: "One \"moment\". ".into() },
            Order::Flush { context: context() },
            Order::KeepAlive { context: Some(context()) },
            Order::KeepAlive { context: None },
            Order::Close { context: context() },
            Order::CloseSocket,
        ];
        let shapes = include_str!("../../../../fixtures/wire/elevenlabs/orders.jsonl");
        assert_eq!(shapes.lines().count(), rows.len());
        for (order, shape) in rows.iter().zip(shapes.lines()) {
            assert_eq!(order.encode(), shape);
            assert_eq!(&decode_order(shape).unwrap(), order);
        }
        assert!(decode_order("{\"text\":\"whose?\"}").is_err());
        assert!(decode_order("7").is_err());
    }
}

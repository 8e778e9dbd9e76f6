//! What is sent.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use types::Millis;

use crate::MessageFault;
use crate::soft::soft;

/// An order to the voice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order<'a> {
    /// More to say; joined to what came before as it is.
    Speak {
        /// What.
        text: Cow<'a, str>,
    },
    /// Speak what has been gathered: the end of a turn.
    Flush,
    /// Aura: drop what has been gathered and what has not been sent.
    Clear,
    /// Flux: the caller has interrupted.
    Interrupt {
        /// How much of the session's sound has been heard, all turns together; without it there is
        /// no account of the text.
        heard: Option<Millis>,
    },
    /// No more of anything.
    Close,
}

#[derive(Default, Serialize, Deserialize)]
struct Raw<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    text: Option<Cow<'a, str>>,
    #[serde(default, deserialize_with = "soft", skip_serializing_if = "Option::is_none")]
    playback_offset: Option<RawOffset<'a>>,
}

#[derive(Serialize, Deserialize)]
struct RawOffset<'a> {
    #[serde(rename = "type")]
    kind: Cow<'a, str>,
    value: u32,
}

impl Order<'_> {
    /// As it goes onto the socket, in a text frame: in a binary one it would be misread.
    pub fn encode(&self) -> String {
        let bare = |kind: &'static str| Raw { kind: kind.into(), ..Raw::default() };
        let raw = match self {
            Self::Speak { text } => Raw { text: Some(Cow::Borrowed(text)), ..bare("Speak") },
            Self::Flush => bare("Flush"),
            Self::Clear => bare("Clear"),
            Self::Interrupt { heard } => {
                let offset = heard.map(|ms| RawOffset { kind: "time_ms".into(), value: ms.get() });
                Raw { playback_offset: offset, ..bare("Interrupt") }
            }
            Self::Close => bare("Close"),
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
    Ok(match &*raw.kind {
        "Speak" => {
            let missing = MessageFault::Missing { message: "Speak", field: "text" };
            Order::Speak { text: raw.text.ok_or(missing)? }
        }
        "Flush" => Order::Flush,
        "Clear" => Order::Clear,
        "Interrupt" => {
            Order::Interrupt { heard: raw.playback_offset.map(|at| Millis::new(at.value)) }
        }
        "Close" => Order::Close,
        _ => return Err(MessageFault::Missing { message: "order", field: "type" }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_look_as_documented() {
        let rows = [
            Order::Speak { text: "Hi. ".into() },
            Order::Flush,
            Order::Clear,
            Order::Interrupt { heard: Some(Millis::new(48_210)) },
            Order::Interrupt { heard: None },
            Order::Close,
        ];
        let shapes = include_str!("../../../../../fixtures/wire/deepgram_speak/orders.jsonl");
        assert_eq!(shapes.lines().count(), rows.len());
        for (order, shape) in rows.iter().zip(shapes.lines()) {
            assert_eq!(order.encode(), shape);
            assert_eq!(&decode_order(shape).unwrap(), order);
        }
        assert!(decode_order(r#"{"type":"Speak"}"#).is_err());
        assert!(decode_order(r#"{"type":"Sing"}"#).is_err());
    }
}

//! What comes back.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use types::Millis;

use crate::MessageFault;
use crate::soft::{millis, soft};
use crate::telnyx::PayloadBase64;
use crate::telnyx::payload::append_base64;

/// A message of the voice.
#[derive(Clone, Debug, PartialEq)]
pub enum Message<'a> {
    /// Sound.
    Chunk {
        /// Whose.
        context: Cow<'a, str>,
        /// In the encoding that was asked for.
        audio: PayloadBase64<'a>,
        /// Of which flushed piece, from 1; absent where nothing was flushed.
        flush: Option<u32>,
    },
    /// When words are spoken, on the context's clock.
    Words {
        /// Whose.
        context: Cow<'a, str>,
        /// Words as they were sent.
        words: Vec<WordSpan<'a>>,
        /// Of which flushed piece.
        flush: Option<u32>,
    },
    /// All sound of a flushed piece has been sent.
    Flushed {
        /// Whose.
        context: Cow<'a, str>,
        /// Which piece.
        flush: u32,
    },
    /// All sound of a context has been sent.
    Done {
        /// Which.
        context: Cow<'a, str>,
    },
    /// It gives up on a context, or on all if it names none.
    Failure(Failure<'a>),
    /// Something a later version added.
    Unknown,
}

/// A word and when it is spoken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordSpan<'a> {
    /// The word. Languages without spaces come character by character.
    pub word: Cow<'a, str>,
    /// From the context's first sample.
    pub start: Millis,
    /// From the context's first sample.
    pub end: Millis,
}

/// Why it gives up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure<'a> {
    /// On what.
    pub context: Option<Cow<'a, str>>,
    /// `concurrency_limited`, …
    pub code: Option<Cow<'a, str>>,
    /// As HTTP counts.
    pub status: u16,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Raw<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    context_id: Option<Cow<'a, str>>,
    #[serde(deserialize_with = "soft", skip_serializing_if = "Option::is_none")]
    status_code: Option<u16>,
    #[serde(deserialize_with = "soft", skip_serializing_if = "Option::is_none")]
    done: Option<bool>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    data: Option<Cow<'a, str>>,
    #[serde(deserialize_with = "soft", skip_serializing_if = "Option::is_none")]
    flush_id: Option<u32>,
    #[serde(deserialize_with = "soft", skip_serializing_if = "Option::is_none")]
    flush_done: Option<bool>,
    #[serde(borrow, deserialize_with = "soft", skip_serializing_if = "Option::is_none")]
    word_timestamps: Option<RawWords<'a>>,
    #[serde(borrow, deserialize_with = "soft", skip_serializing_if = "Option::is_none")]
    error_code: Option<Cow<'a, str>>,
}

#[derive(Default, Serialize, Deserialize)]
struct RawWords<'a> {
    #[serde(borrow)]
    words: Vec<Cow<'a, str>>,
    start: Vec<f64>,
    end: Vec<f64>,
}

/// Reads a message. The audio is checked when it is decoded.
///
/// # Errors
/// [`MessageFault`] if it is none.
pub fn decode(text: &str) -> Result<Message<'_>, MessageFault> {
    let raw: Raw<'_> = serde_json::from_str(text)?;
    let missing = |message| MessageFault::Missing { message, field: "context_id" };
    let flush = raw.flush_id;
    Ok(match &*raw.kind {
        "chunk" => {
            let missing_data = MessageFault::Missing { message: "chunk", field: "data" };
            let audio = PayloadBase64::new(raw.data.ok_or(missing_data)?);
            Message::Chunk { context: raw.context_id.ok_or(missing("chunk"))?, audio, flush }
        }
        "timestamps" => Message::Words {
            context: raw.context_id.ok_or(missing("timestamps"))?,
            words: raw.word_timestamps.map(spans).unwrap_or_default(),
            flush,
        },
        "flush_done" => Message::Flushed {
            context: raw.context_id.ok_or(missing("flush_done"))?,
            flush: flush
                .ok_or(MessageFault::Missing { message: "flush_done", field: "flush_id" })?,
        },
        "done" => Message::Done { context: raw.context_id.ok_or(missing("done"))? },
        "error" => Message::Failure(Failure {
            context: raw.context_id,
            code: raw.error_code,
            status: raw.status_code.unwrap_or_default(),
        }),
        _ => Message::Unknown,
    })
}

/// Lists of different lengths are not believed beyond the shortest.
fn spans(raw: RawWords<'_>) -> Vec<WordSpan<'_>> {
    let times = raw.start.into_iter().zip(raw.end);
    let spoken = raw.words.into_iter().zip(times);
    let spoken = spoken.map(|(word, (start, end))| WordSpan {
        word,
        start: millis(start * 1_000.0),
        end: millis(end * 1_000.0),
    });
    spoken.collect()
}

impl<'a> Message<'a> {
    /// As it goes onto the socket: the far side's part.
    pub fn encode(&self) -> String {
        let owned = |text: &Cow<'_, str>| Some(Cow::Owned(text.clone().into_owned()));
        let raw = match self {
            Self::Unknown => Raw { kind: "added_later".into(), ..Raw::default() },
            Self::Chunk { context, audio, flush } => Raw {
                kind: "chunk".into(),
                context_id: owned(context),
                status_code: Some(206),
                done: Some(false),
                data: Some(Cow::Owned(audio.as_str().to_owned())),
                flush_id: *flush,
                ..Raw::default()
            },
            Self::Words { context, words, flush } => Raw {
                kind: "timestamps".into(),
                context_id: owned(context),
                status_code: Some(206),
                done: Some(false),
                word_timestamps: Some(RawWords {
                    words: words.iter().map(|span| Cow::Owned(span.word.to_string())).collect(),
                    start: words.iter().map(|span| seconds(span.start)).collect(),
                    end: words.iter().map(|span| seconds(span.end)).collect(),
                }),
                flush_id: *flush,
                ..Raw::default()
            },
            Self::Flushed { context, flush } => Raw {
                kind: "flush_done".into(),
                context_id: owned(context),
                status_code: Some(206),
                done: Some(false),
                flush_id: Some(*flush),
                flush_done: Some(true),
                ..Raw::default()
            },
            Self::Done { context } => Raw {
                kind: "done".into(),
                context_id: owned(context),
                status_code: Some(200),
                done: Some(true),
                ..Raw::default()
            },
            Self::Failure(failure) => Raw {
                kind: "error".into(),
                context_id: failure.context.as_ref().and_then(owned),
                status_code: Some(failure.status),
                done: Some(true),
                error_code: failure.code.as_ref().and_then(owned),
                ..Raw::default()
            },
        };
        serde_json::to_string(&raw).expect("texts and numbers")
    }

    /// Sound of `context` made of the codec's `bytes`: the far side's part.
    pub fn chunk(context: &'a str, bytes: &[u8], flush: Option<u32>) -> Self {
        let mut text = Vec::new();
        append_base64(bytes, &mut text);
        let text = String::from_utf8(text).expect("base64 is ASCII");
        Self::Chunk { context: Cow::Borrowed(context), audio: PayloadBase64::new(text), flush }
    }
}

fn seconds(span: Millis) -> f64 {
    f64::from(span.get()) / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shapes() -> Vec<Message<'static>> {
        let text = include_str!("../../../../fixtures/wire/cartesia/messages.jsonl");
        text.lines().map(|line| decode(line).unwrap()).collect()
    }

    #[test]
    fn shapes_of_the_documentation_are_read() {
        let context = || Cow::Borrowed("g7");
        let ms = Millis::new;
        let word = |word: &'static str, start, end| WordSpan {
            word: word.into(),
            start: ms(start),
            end: ms(end),
        };
        let failure = Failure {
            context: Some(context()),
            code: Some("concurrency_limited".into()),
            status: 429,
        };
        let expected = [
            Message::chunk("g7", &[0, 1, 2, 3, 4, 5], None),
            Message::chunk("g7", &[0, 1, 2], Some(2)),
            Message::Words {
                context: context(),
                words: vec![word("Your", 0, 210), word("order", 210, 655)],
                flush: Some(1),
            },
            Message::Unknown,
            Message::Flushed { context: context(), flush: 1 },
            Message::Done { context: context() },
            Message::Failure(failure),
            Message::Failure(Failure { status: 500, ..Failure::default() }),
        ];
        assert_eq!(shapes(), expected);
    }

    #[test]
    fn messages_survive_being_written() {
        for message in shapes() {
            assert_eq!(decode(&message.encode()).unwrap(), message);
        }
    }

    #[test]
    fn a_message_without_what_it_is_about_is_an_error() {
        for text in [
            r#"{"type":"chunk","context_id":"g7"}"#,
            r#"{"type":"chunk","data":"AAAA"}"#,
            r#"{"type":"done"}"#,
            r#"{"type":"flush_done","context_id":"g7"}"#,
            r#"{"type":7}"#,
            "null",
        ] {
            assert!(decode(text).is_err(), "{text}");
        }
    }
}

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
    /// Sound, or the end of a context.
    Speech(Speech<'a>),
    /// It gives up on the socket.
    Failure(Failure<'a>),
    /// Something a later version added.
    Unknown,
}

/// Sound of a context.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Speech<'a> {
    /// Whose; absent where only one can be meant.
    pub context: Option<Cow<'a, str>>,
    /// The audio, in the socket's format.
    pub audio: Option<PayloadBase64<'a>>,
    /// The characters it speaks, as they were sent. Their clock starts at 0 with each message. Empty
    /// if it does not say.
    pub characters: Vec<CharTime<'a>>,
    /// Nothing more of this context will come.
    pub is_final: bool,
}

/// When a character is spoken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CharTime<'a> {
    /// The character; more than one where they are spoken as one.
    pub text: Cow<'a, str>,
    /// From the message's first sample.
    pub start: Millis,
    /// For how long.
    pub duration: Millis,
}

/// Why it gives up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure<'a> {
    /// Its name: `max_active_conversations`, `quota_exceeded`, …
    pub error: Cow<'a, str>,
    /// The code it is about to close with, if it says.
    pub code: Option<u16>,
}

/// A message as it stands on the wire. Documentation and live traffic disagree about the spelling,
/// so both are read.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Raw<'a> {
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    audio: Option<Cow<'a, str>>,
    #[serde(rename = "contextId", borrow, skip_serializing_if = "Option::is_none")]
    camel_context: Option<Cow<'a, str>>,
    #[serde(rename = "context_id", borrow, skip_serializing_if = "Option::is_none")]
    snake_context: Option<Cow<'a, str>>,
    #[serde(rename = "isFinal", skip_serializing_if = "Option::is_none")]
    camel_final: Option<bool>,
    #[serde(rename = "is_final", skip_serializing_if = "Option::is_none")]
    snake_final: Option<bool>,
    #[serde(borrow, deserialize_with = "soft", skip_serializing_if = "Option::is_none")]
    alignment: Option<RawAlignment<'a>>,
    #[serde(borrow, deserialize_with = "soft", skip_serializing_if = "Option::is_none")]
    error: Option<Cow<'a, str>>,
    #[serde(deserialize_with = "soft", skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
}

#[derive(Default, Serialize, Deserialize)]
struct RawAlignment<'a> {
    #[serde(borrow)]
    chars: Vec<Cow<'a, str>>,
    #[serde(rename = "charStartTimesMs", alias = "char_start_times_ms")]
    starts: Vec<f64>,
    #[serde(rename = "charDurationsMs", alias = "char_durations_ms")]
    durations: Vec<f64>,
}

/// Reads a message. The audio is checked when it is decoded.
///
/// # Errors
/// [`MessageFault`] if it is none.
pub fn decode(text: &str) -> Result<Message<'_>, MessageFault> {
    let raw: Raw<'_> = serde_json::from_str(text)?;
    if let Some(error) = raw.error {
        return Ok(Message::Failure(Failure { error, code: raw.code }));
    }
    let is_final = raw.camel_final.or(raw.snake_final).unwrap_or_default();
    let audio = raw.audio.filter(|audio| !audio.is_empty()).map(PayloadBase64::new);
    let characters = raw.alignment.map(characters).unwrap_or_default();
    if audio.is_none() && !is_final && characters.is_empty() {
        return Ok(Message::Unknown);
    }
    Ok(Message::Speech(Speech {
        context: raw.camel_context.or(raw.snake_context),
        audio,
        characters,
        is_final,
    }))
}

/// Lists of different lengths are not believed beyond the shortest.
fn characters(raw: RawAlignment<'_>) -> Vec<CharTime<'_>> {
    let times = raw.starts.into_iter().zip(raw.durations);
    let spoken = raw.chars.into_iter().zip(times);
    let spoken = spoken.map(|(text, (start, duration))| CharTime {
        text,
        start: millis(start),
        duration: millis(duration),
    });
    spoken.collect()
}

impl Message<'_> {
    /// As it goes onto the socket: the far side's part.
    pub fn encode(&self) -> String {
        let raw = match self {
            Self::Unknown => Raw::default(),
            Self::Failure(failure) => Raw {
                error: Some(Cow::Owned(failure.error.clone().into_owned())),
                code: failure.code,
                ..Raw::default()
            },
            Self::Speech(speech) => Raw {
                audio: speech.audio.as_ref().map(|audio| Cow::Owned(audio.as_str().to_owned())),
                camel_context: speech.context.clone().map(|name| Cow::Owned(name.into_owned())),
                camel_final: speech.is_final.then_some(true),
                alignment: (!speech.characters.is_empty()).then(|| RawAlignment {
                    chars: speech
                        .characters
                        .iter()
                        .map(|c| Cow::Owned(c.text.to_string()))
                        .collect(),
                    starts: speech.characters.iter().map(|c| c.start.get().into()).collect(),
                    durations: speech.characters.iter().map(|c| c.duration.get().into()).collect(),
                }),
                ..Raw::default()
            },
        };
        serde_json::to_string(&raw).expect("texts and numbers")
    }
}

impl Speech<'_> {
    /// Sound of `context` made of the codec's `bytes`: the far side's part.
    pub fn of(context: &str, bytes: &[u8]) -> Self {
        let mut text = Vec::new();
        append_base64(bytes, &mut text);
        let text = String::from_utf8(text).expect("base64 is ASCII");
        Self {
            context: Some(Cow::Owned(context.to_owned())),
            audio: Some(PayloadBase64::new(text)),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shapes() -> Vec<Message<'static>> {
        let text = include_str!("../../../../fixtures/wire/elevenlabs/messages.jsonl");
        text.lines().map(|line| decode(line).unwrap()).collect()
    }

    #[test]
    fn shapes_of_the_documentation_are_read() {
        let shapes = shapes();
        let Message::Speech(first) = &shapes[0] else { panic!("{:?}", shapes[0]) };
        let mut audio = Vec::new();
        first.audio.as_ref().unwrap().decode(&mut audio).unwrap();
        assert_eq!((first.context.as_deref(), audio.len()), (Some("g7"), 12));
        let (ms, is_final) = (Millis::new, false);
        let timed = |text: &'static str, start, duration| CharTime {
            text: text.into(),
            start: ms(start),
            duration: ms(duration),
        };
        assert_eq!(first.characters, [timed("H", 0, 80), timed("i", 80, 95)]);
        assert_eq!(first.is_final, is_final);
        let Message::Speech(snake) = &shapes[1] else { panic!("{:?}", shapes[1]) };
        assert_eq!((snake.context.as_deref(), snake.characters.len()), (Some("g7"), 1));
        let end = Speech { context: Some("g7".into()), is_final: true, ..Speech::default() };
        assert_eq!(shapes[2], Message::Speech(end.clone()));
        assert_eq!(shapes[3], Message::Speech(end));
        let failure = Failure { error: "max_active_conversations".into(), code: Some(1008) };
        assert_eq!(shapes[4], Message::Failure(failure));
        assert_eq!(shapes[5], Message::Unknown, "what a later version adds");
        let Message::Speech(without) = &shapes[6] else { panic!("{:?}", shapes[6]) };
        assert!(without.audio.is_some() && without.characters.is_empty(), "odd alignment");
        assert_eq!(shapes.len(), 7);
    }

    #[test]
    fn messages_survive_being_written() {
        for message in shapes() {
            assert_eq!(decode(&message.encode()).unwrap(), message);
        }
    }

    #[test]
    fn rubbish_is_an_error_and_wild_times_are_spans() {
        for text in ["", "null", "7", "{\"audio\":7}", "{\"audio\":\"AA"] {
            assert!(decode(text).is_err(), "{text}");
        }
        let wild = r#"{"audio":"AAAA","alignment":{"chars":["a","b","c"],
            "charStartTimesMs":[-5,1e99],"charDurationsMs":[0.6,3]}}"#;
        let Ok(Message::Speech(speech)) = decode(wild) else { panic!("a message") };
        let times: Vec<_> = speech.characters.iter().map(|c| (c.start, c.duration)).collect();
        let ms = Millis::new;
        assert_eq!(times, [(ms(0), ms(1)), (ms(u32::MAX), ms(3))]);
    }
}

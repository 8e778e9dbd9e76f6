//! Flux: turns as the vendor sees them, the text of each replaced as it grows (providers.md §2.2).

use std::time::Duration;

use serde_json::{Value, json};
use types::Pii;

use super::word::{AudioEncoding, DecodeError, Word, fraction, seconds, text_of, typed, words_of};

/// What a session is opened with.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// `flux-general-en`, `flux-general-multi`.
    pub model: String,
    /// How the audio comes.
    pub encoding: AudioEncoding,
    /// At how many samples a second.
    pub sample_rate: u32,
    /// How sure the vendor is of a turn's end before it says so, in hundredths: 50 to 100.
    pub eot_threshold_percent: u8,
    /// How sure before it says so early, 30 to 90; never early if absent.
    pub eager_eot_threshold_percent: Option<u8>,
    /// Silence that ends a turn whatever the words, 500 to 60,000.
    pub eot_timeout_ms: u32,
    /// Terms to expect, within [`super::keyterms`]' limits.
    pub keyterms: Vec<String>,
    /// Languages to expect, for the multilingual model.
    pub language_hints: Vec<String>,
    /// A label for the vendor's own usage reports.
    pub tag: Option<String>,
}

impl Query {
    /// The pairs of the address's query.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let share = |percent: u8| format!("{}.{:02}", percent / 100, percent % 100);
        let mut pairs = vec![
            ("model", self.model.clone()),
            ("encoding", self.encoding.name().to_owned()),
            ("sample_rate", self.sample_rate.to_string()),
            ("eot_threshold", share(self.eot_threshold_percent)),
            ("eot_timeout_ms", self.eot_timeout_ms.to_string()),
        ];
        pairs.extend(
            self.eager_eot_threshold_percent.map(|eager| ("eager_eot_threshold", share(eager))),
        );
        pairs.extend(self.keyterms.iter().map(|term| ("keyterm", term.clone())));
        pairs.extend(self.language_hints.iter().map(|hint| ("language_hint", hint.clone())));
        pairs.extend(self.tag.iter().map(|tag| ("tag", tag.clone())));
        pairs
    }
}

/// What we say to the vendor, besides audio. Always as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// The turn is over: its words, now.
    ForceEndTurn,
    /// The end.
    CloseStream,
    /// Other key terms from here on.
    Configure {
        /// All of them.
        keyterms: Vec<String>,
    },
}

impl Control {
    /// The text to send.
    pub fn encode(&self) -> String {
        match self {
            Self::ForceEndTurn => r#"{"type":"ForceEndTurn"}"#.to_owned(),
            Self::CloseStream => r#"{"type":"CloseStream"}"#.to_owned(),
            Self::Configure { keyterms } => {
                json!({ "type": "Configure", "keyterms": keyterms }).to_string()
            }
        }
    }

    /// The order that `text` is, on the vendor's side. `None` for one that nobody knows.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn decode(text: &str) -> Result<Option<Self>, DecodeError> {
        let (raw, kind) = typed(text)?;
        Ok(match kind.as_str() {
            "ForceEndTurn" => Some(Self::ForceEndTurn),
            "CloseStream" => Some(Self::CloseStream),
            "Configure" => {
                let terms = raw["keyterms"].as_array().into_iter().flatten();
                Some(Self::Configure { keyterms: terms.map(text_of).collect() })
            }
            _ => None,
        })
    }
}

/// What the vendor says.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// The session has begun. Nothing counts before.
    Connected,
    /// News of a turn.
    Turn(Turn),
    /// Settings were exchanged.
    Configured,
    /// They were not.
    ConfigureFailed {
        /// Why.
        code: String,
    },
    /// The session goes on all the same.
    Warning {
        /// Why.
        code: String,
    },
    /// The session is over.
    Error {
        /// Why.
        code: String,
    },
    /// A kind that we do not know.
    Unknown {
        /// Its name.
        kind: String,
    },
}

/// News of a turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// What happened.
    pub event: TurnEvent,
    /// Which turn.
    pub index: u64,
    /// Place of this message among the session's, if told.
    pub sequence: Option<u64>,
    /// The range of the audio that the turn is made of, so far.
    pub window: (Duration, Duration),
    /// All its words so far; replaces what was said of this turn before.
    pub transcript: Pii<String>,
    /// The words, one by one; their times are optional.
    pub words: Vec<Word>,
    /// How sure the vendor is that the turn is over, 0 to 1.
    pub end_confidence: f32,
    /// What ended the turn: `model`, `manual`, `timeout`, or what comes later.
    pub trigger: Option<String>,
}

/// What happened to a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnEvent {
    /// Somebody speaks: the first words.
    Started,
    /// Other words.
    Updated,
    /// It is probably over.
    EndsEarly,
    /// It goes on after all.
    Resumed,
    /// It is over.
    Ended,
    /// Something else.
    Unknown,
}

impl TurnEvent {
    const NAMES: [(Self, &'static str); 5] = [
        (Self::Started, "StartOfTurn"),
        (Self::Updated, "Update"),
        (Self::EndsEarly, "EagerEndOfTurn"),
        (Self::Resumed, "TurnResumed"),
        (Self::Ended, "EndOfTurn"),
    ];

    fn of(name: &str) -> Self {
        let known = Self::NAMES.iter().find(|(_, known)| *known == name);
        known.map_or(Self::Unknown, |(event, _)| *event)
    }

    fn name(self) -> &'static str {
        let known = Self::NAMES.iter().find(|(event, _)| *event == self);
        known.map_or("SomethingElse", |(_, name)| name)
    }
}

impl Turn {
    fn of(raw: &Value) -> Self {
        let place = |name: &str| seconds(&raw[name]).unwrap_or_default();
        Self {
            event: TurnEvent::of(raw["event"].as_str().unwrap_or_default()),
            index: raw["turn_index"].as_u64().unwrap_or(0),
            sequence: raw["sequence_id"].as_u64(),
            window: (place("audio_window_start"), place("audio_window_end")),
            transcript: Pii::new(text_of(&raw["transcript"])),
            words: words_of(&raw["words"]),
            end_confidence: fraction(&raw["end_of_turn_confidence"]),
            trigger: raw["trigger"].as_str().map(ToOwned::to_owned),
        }
    }

    fn to_json(&self) -> Value {
        let mut raw = json!({
            "type": "TurnInfo",
            "request_id": "r1",
            "event": self.event.name(),
            "turn_index": self.index,
            "audio_window_start": self.window.0.as_secs_f64(),
            "audio_window_end": self.window.1.as_secs_f64(),
            "transcript": self.transcript.reveal(),
            "words": self.words.iter().map(Word::to_json).collect::<Vec<_>>(),
            "end_of_turn_confidence": self.end_confidence,
        });
        if let Some(sequence) = self.sequence {
            raw["sequence_id"] = sequence.into();
        }
        if let Some(trigger) = &self.trigger {
            raw["trigger"] = trigger.as_str().into();
        }
        raw
    }
}

impl Message {
    /// The message that `text` is.
    ///
    /// Input:  one text message of the socket.
    /// Output: a value; an unknown kind is [`Message::Unknown`], a field that is absent or of another
    ///         kind is as good as empty.
    ///
    /// # Errors
    /// [`DecodeError`] says what is wrong, never what was in the text.
    pub fn decode(text: &str) -> Result<Self, DecodeError> {
        let (raw, kind) = typed(text)?;
        let code = || text_of(&raw["code"]);
        Ok(match kind.as_str() {
            "Connected" => Self::Connected,
            "TurnInfo" => Self::Turn(Turn::of(&raw)),
            "ConfigureSuccess" => Self::Configured,
            "ConfigureFailure" => Self::ConfigureFailed { code: code() },
            "Warning" => Self::Warning { code: code() },
            "Error" => Self::Error { code: code() },
            _ => Self::Unknown { kind },
        })
    }

    /// The text of it, on the vendor's side.
    pub fn encode(&self) -> String {
        let raw = match self {
            Self::Connected => json!({ "type": "Connected", "request_id": "r1", "sequence_id": 0 }),
            Self::Turn(turn) => turn.to_json(),
            Self::Configured => json!({ "type": "ConfigureSuccess" }),
            Self::ConfigureFailed { code } => json!({ "type": "ConfigureFailure", "code": code }),
            Self::Warning { code } => json!({ "type": "Warning", "code": code }),
            Self::Error { code } => json!({ "type": "Error", "code": code }),
            Self::Unknown { kind } => json!({ "type": kind }),
        };
        raw.to_string()
    }
}

#[cfg(test)]
#[path = "flux_tests.rs"]
mod tests;

//! Nova: append-only finals, silence-based endpointing (providers.md §2.1).

use std::time::Duration;

use serde_json::{Value, json};
use types::Pii;

use super::word::{AudioEncoding, DecodeError, Word, fraction, seconds, text_of, typed, words_of};

/// What a session is opened with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// `nova-3` and its kind.
    pub model: String,
    /// BCP 47 tag, or `multi`.
    pub language: String,
    /// How the audio comes.
    pub encoding: AudioEncoding,
    /// At how many samples a second.
    pub sample_rate: u32,
    /// Silence after which the vendor declares a range of words final.
    pub endpointing_ms: u32,
    /// How many readings it tells.
    pub alternatives: u32,
    /// Terms to expect, within [`super::keyterms`]' limits.
    pub keyterms: Vec<String>,
    /// A label for the vendor's own usage reports.
    pub tag: Option<String>,
}

impl Query {
    /// The pairs of the address's query. Booleans are words: numbers are refused.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = vec![
            ("model", self.model.clone()),
            ("language", self.language.clone()),
            ("encoding", self.encoding.name().to_owned()),
            ("sample_rate", self.sample_rate.to_string()),
            ("channels", "1".to_owned()),
            ("interim_results", "true".to_owned()),
            ("endpointing", self.endpointing_ms.to_string()),
            ("punctuate", "true".to_owned()),
            ("numerals", "false".to_owned()),
        ];
        if 1 < self.alternatives {
            pairs.push(("alternatives", self.alternatives.to_string()));
        }
        // Only Nova-3 knows key terms; older models take weighted keywords.
        let name = if self.model.starts_with("nova-3") { "keyterm" } else { "keywords" };
        pairs.extend(self.keyterms.iter().map(|term| (name, term.clone())));
        pairs.extend(self.tag.iter().map(|tag| ("tag", tag.clone())));
        pairs
    }
}

/// What we say to the vendor, besides audio. Always as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// No audio now; do not hang up.
    KeepAlive,
    /// The words of all audio so far, now.
    Finalize,
    /// The last words, then the end.
    CloseStream,
    /// Other key terms from here on.
    Configure {
        /// All of them.
        keyterms: Vec<String>,
    },
}

/// What keeps a socket open: [`Control::KeepAlive`] as text.
pub const KEEP_ALIVE: &str = r#"{"type":"KeepAlive"}"#;

impl Control {
    /// The text to send.
    pub fn encode(&self) -> String {
        match self {
            Self::KeepAlive => KEEP_ALIVE.to_owned(),
            Self::Finalize => r#"{"type":"Finalize"}"#.to_owned(),
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
            "KeepAlive" => Some(Self::KeepAlive),
            "Finalize" => Some(Self::Finalize),
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
    /// Words of a range of the audio.
    Results(Results),
    /// Somebody speaks.
    SpeechStarted {
        /// Since when.
        at: Duration,
    },
    /// Nothing more was said for a while.
    UtteranceEnd {
        /// Where the last word ended.
        last_word_end: Duration,
    },
    /// The last message: what the session was.
    Metadata {
        /// The vendor's name of it.
        request_id: String,
        /// How much audio there was.
        duration: Duration,
    },
    /// Key terms were exchanged.
    Configured,
    /// They were not.
    ConfigureFailed {
        /// Why.
        code: String,
    },
    /// Something we sent makes no sense to the vendor.
    Error {
        /// Its code, if it has one.
        code: String,
    },
    /// A kind that we do not know.
    Unknown {
        /// Its name.
        kind: String,
    },
}

/// The words of a range of the audio.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Results {
    /// Where the range begins.
    pub start: Duration,
    /// How long it is.
    pub duration: Duration,
    /// What has become of it.
    pub state: State,
    /// Whether this answers [`Control::Finalize`]. Empty if an earlier final said it all.
    pub from_finalize: bool,
    /// Readings, the best first; may be none.
    pub alternatives: Vec<Alternative>,
}

/// How far a range of words has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// They may still change.
    #[default]
    Interim,
    /// They will not.
    Final,
    /// Nor will they, and silence followed.
    SpeechFinal,
}

/// One reading.
#[derive(Clone, Debug, PartialEq)]
pub struct Alternative {
    /// The words as one text.
    pub transcript: Pii<String>,
    /// How sure the vendor is, 0 to 1.
    pub confidence: f32,
    /// The words, one by one.
    pub words: Vec<Word>,
}

impl Alternative {
    fn of(raw: &Value) -> Self {
        Self {
            transcript: Pii::new(text_of(&raw["transcript"])),
            confidence: fraction(&raw["confidence"]),
            words: words_of(&raw["words"]),
        }
    }

    fn to_json(&self) -> Value {
        json!({
            "transcript": self.transcript.reveal(),
            "confidence": self.confidence,
            "words": self.words.iter().map(Word::to_json).collect::<Vec<_>>(),
        })
    }
}

impl Results {
    fn of(raw: &Value) -> Self {
        let is = |name: &str| raw[name].as_bool().unwrap_or(false);
        let state = match (is("is_final"), is("speech_final")) {
            (false, _) => State::Interim,
            (true, false) => State::Final,
            (true, true) => State::SpeechFinal,
        };
        let alternatives = raw["channel"]["alternatives"].as_array().into_iter().flatten();
        Self {
            start: seconds(&raw["start"]).unwrap_or_default(),
            duration: seconds(&raw["duration"]).unwrap_or_default(),
            state,
            from_finalize: is("from_finalize"),
            alternatives: alternatives.map(Alternative::of).collect(),
        }
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
        Ok(match kind.as_str() {
            "Results" => Self::Results(Results::of(&raw)),
            "SpeechStarted" => {
                Self::SpeechStarted { at: seconds(&raw["timestamp"]).unwrap_or_default() }
            }
            "UtteranceEnd" => Self::UtteranceEnd {
                last_word_end: seconds(&raw["last_word_end"]).unwrap_or_default(),
            },
            "Metadata" => Self::Metadata {
                request_id: text_of(&raw["request_id"]),
                duration: seconds(&raw["duration"]).unwrap_or_default(),
            },
            "ConfigureSuccess" => Self::Configured,
            "ConfigureFailure" => Self::ConfigureFailed { code: text_of(&raw["code"]) },
            "Error" => {
                let code = raw["code"].as_str().or_else(|| raw["variant"].as_str());
                Self::Error { code: code.unwrap_or_default().to_owned() }
            }
            _ => Self::Unknown { kind },
        })
    }

    /// The text of it, on the vendor's side.
    pub fn encode(&self) -> String {
        let raw = match self {
            Self::Results(results) => json!({
                "type": "Results",
                "channel_index": [0, 1],
                "start": results.start.as_secs_f64(),
                "duration": results.duration.as_secs_f64(),
                "is_final": results.state != State::Interim,
                "speech_final": results.state == State::SpeechFinal,
                "from_finalize": results.from_finalize,
                "channel": { "alternatives":
                    results.alternatives.iter().map(Alternative::to_json).collect::<Vec<_>>() },
                "metadata": { "request_id": "r1" },
            }),
            Self::SpeechStarted { at } => {
                json!({ "type": "SpeechStarted", "channel": [0, 1], "timestamp": at.as_secs_f64() })
            }
            Self::UtteranceEnd { last_word_end } => json!({
                "type": "UtteranceEnd",
                "channel": [0, 1],
                "last_word_end": last_word_end.as_secs_f64(),
            }),
            Self::Metadata { request_id, duration } => json!({
                "type": "Metadata",
                "request_id": request_id,
                "duration": duration.as_secs_f64(),
                "channels": 1,
            }),
            Self::Configured => json!({ "type": "ConfigureSuccess" }),
            Self::ConfigureFailed { code } => json!({ "type": "ConfigureFailure", "code": code }),
            Self::Error { code } => json!({ "type": "Error", "variant": code }),
            Self::Unknown { kind } => json!({ "type": kind }),
        };
        raw.to_string()
    }
}

#[cfg(test)]
#[path = "nova_tests.rs"]
mod tests;

//! What the events mean.

use serde_json::{Map, Value, json};
use types::Pii;

/// One event, either way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// What do you have?
    Describe,
    /// This: as the server tells it.
    Info {
        /// Whether it recognizes.
        recognizes: bool,
        /// Whether it speaks.
        speaks: bool,
    },
    /// What follows is to be recognized.
    Transcribe {
        /// The language that is spoken.
        language: Option<String>,
        /// Names to expect.
        names: Vec<String>,
    },
    /// Audio begins.
    AudioStart(AudioFormat),
    /// More audio.
    AudioChunk {
        /// As what.
        format: AudioFormat,
        /// The samples' bytes, little-endian.
        payload: Vec<u8>,
    },
    /// Audio ends.
    AudioStop,
    /// The words.
    Transcript {
        /// All of them; may be empty.
        text: Pii<String>,
    },
    /// The words will come in pieces.
    TranscriptStart,
    /// More words.
    TranscriptChunk {
        /// As they follow.
        text: Pii<String>,
    },
    /// These were all.
    TranscriptStop,
    /// Speak this.
    Synthesize {
        /// What.
        text: Pii<String>,
        /// By which voice.
        voice: Option<String>,
    },
    /// Text to speak will come in pieces.
    SynthesizeStart {
        /// By which voice.
        voice: Option<String>,
    },
    /// More text to speak.
    SynthesizeChunk {
        /// As it follows.
        text: Pii<String>,
    },
    /// That was all text.
    SynthesizeStop,
    /// That was all audio.
    SynthesizeStopped,
    /// It cannot be done.
    Error {
        /// The server's code, if it has one.
        code: Option<String>,
    },
    /// Are you there?
    Ping,
    /// Yes.
    Pong,
    /// A kind that we do not know.
    Unknown {
        /// Its name.
        kind: String,
    },
}

/// How audio comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioFormat {
    /// Samples a second.
    pub rate: u32,
    /// Bytes a sample.
    pub width: u16,
    /// Channels, one behind the other.
    pub channels: u16,
}

impl AudioFormat {
    /// Mono, 16 bits.
    pub const fn mono(rate: u32) -> Self {
        Self { rate, width: 2, channels: 1 }
    }

    fn of(data: &Map<String, Value>) -> Self {
        let number = |name: &str| data.get(name).and_then(Value::as_u64);
        let small = |name: &str| number(name).and_then(|number| u16::try_from(number).ok());
        Self {
            rate: number("rate").and_then(|rate| u32::try_from(rate).ok()).unwrap_or(16_000),
            width: small("width").unwrap_or(2),
            channels: small("channels").unwrap_or(1),
        }
    }

    fn to_json(self) -> Value {
        json!({ "rate": self.rate, "width": self.width, "channels": self.channels })
    }
}

impl Event {
    pub(super) fn of(kind: &str, data: &Map<String, Value>, payload: Vec<u8>) -> Self {
        let text = || Pii::new(text_of(data, "text").unwrap_or_default());
        let voice =
            || data.get("voice").and_then(|voice| voice["name"].as_str()).map(str::to_owned);
        let is_there = |name: &str| {
            data.get(name).and_then(Value::as_array).is_some_and(|all| !all.is_empty())
        };
        match kind {
            "describe" => Self::Describe,
            "info" => Self::Info { recognizes: is_there("asr"), speaks: is_there("tts") },
            "transcribe" => Self::Transcribe {
                language: text_of(data, "language"),
                names: names(data.get("transcript_names")),
            },
            "audio-start" => Self::AudioStart(AudioFormat::of(data)),
            "audio-chunk" => Self::AudioChunk { format: AudioFormat::of(data), payload },
            "audio-stop" => Self::AudioStop,
            "transcript" => Self::Transcript { text: text() },
            "transcript-start" => Self::TranscriptStart,
            "transcript-chunk" => Self::TranscriptChunk { text: text() },
            "transcript-stop" => Self::TranscriptStop,
            "synthesize" => Self::Synthesize { text: text(), voice: voice() },
            "synthesize-start" => Self::SynthesizeStart { voice: voice() },
            "synthesize-chunk" => Self::SynthesizeChunk { text: text() },
            "synthesize-stop" => Self::SynthesizeStop,
            "synthesize-stopped" => Self::SynthesizeStopped,
            "error" => Self::Error { code: text_of(data, "code") },
            "ping" => Self::Ping,
            "pong" => Self::Pong,
            kind => Self::Unknown { kind: kind.to_owned() },
        }
    }

    /// Appends the bytes of it to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let payload: &[u8] =
            if let Self::AudioChunk { payload, .. } = self { payload } else { &[] };
        let (kind, data) = self.parts();
        let data = if data.is_null() { String::new() } else { data.to_string() };
        let header = json!({
            "type": kind,
            "version": "1.10.2",
            "data_length": data.len(),
            "payload_length": payload.len(),
        });
        out.extend_from_slice(header.to_string().as_bytes());
        out.push(b'\n');
        out.extend_from_slice(data.as_bytes());
        out.extend_from_slice(payload);
    }

    fn parts(&self) -> (&str, Value) {
        let voice = |voice: &Option<String>| match voice {
            Some(name) => json!({ "name": name }),
            None => Value::Null,
        };
        match self {
            Self::Describe => ("describe", Value::Null),
            Self::Info { recognizes, speaks } => {
                let list = |there: bool| if there { json!([{ "name": "one" }]) } else { json!([]) };
                ("info", json!({ "asr": list(*recognizes), "tts": list(*speaks) }))
            }
            Self::Transcribe { language, names } => {
                ("transcribe", json!({ "language": language, "transcript_names": names }))
            }
            Self::AudioStart(format) => ("audio-start", format.to_json()),
            Self::AudioChunk { format, .. } => ("audio-chunk", format.to_json()),
            Self::AudioStop => ("audio-stop", Value::Null),
            Self::Transcript { text } => ("transcript", json!({ "text": text.reveal() })),
            Self::TranscriptStart => ("transcript-start", Value::Null),
            Self::TranscriptChunk { text } => {
                ("transcript-chunk", json!({ "text": text.reveal() }))
            }
            Self::TranscriptStop => ("transcript-stop", Value::Null),
            Self::Synthesize { text, voice: name } => {
                ("synthesize", json!({ "text": text.reveal(), "voice": voice(name) }))
            }
            Self::SynthesizeStart { voice: name } => {
                ("synthesize-start", json!({ "voice": voice(name) }))
            }
            Self::SynthesizeChunk { text } => {
                ("synthesize-chunk", json!({ "text": text.reveal() }))
            }
            Self::SynthesizeStop => ("synthesize-stop", Value::Null),
            Self::SynthesizeStopped => ("synthesize-stopped", Value::Null),
            Self::Error { code } => ("error", json!({ "text": "", "code": code })),
            Self::Ping => ("ping", Value::Null),
            Self::Pong => ("pong", Value::Null),
            Self::Unknown { kind } => (kind, Value::Null),
        }
    }
}

fn text_of(data: &Map<String, Value>, name: &str) -> Option<String> {
    data.get(name).and_then(Value::as_str).map(ToOwned::to_owned)
}

fn names(raw: Option<&Value>) -> Vec<String> {
    let names = raw.and_then(Value::as_array).into_iter().flatten();
    names.filter_map(Value::as_str).map(ToOwned::to_owned).collect()
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

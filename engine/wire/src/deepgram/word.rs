//! What both recognizers share: words with times, and key terms.

use std::time::Duration;

use serde_json::{Value, json};
use thiserror::Error;
use types::Pii;

/// Why a text is no message. Carries nothing of the text: that may be personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// It is not JSON.
    #[error("not well-formed JSON at line {line}, column {column}")]
    Malformed {
        /// Line of the first fault, from 1.
        line: usize,
        /// Column of the first fault, in bytes, from 0.
        column: usize,
    },
    /// JSON, but nothing with a `type`.
    #[error("no JSON object with a type")]
    NoType,
}

/// How audio is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AudioEncoding {
    /// Linear 16-bit, little-endian.
    Linear16,
    /// G.711 µ-law.
    Mulaw,
}

impl AudioEncoding {
    /// The vendor's name of it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Linear16 => "linear16",
            Self::Mulaw => "mulaw",
        }
    }

    /// The encoding of this name.
    pub fn of(name: &str) -> Option<Self> {
        [Self::Linear16, Self::Mulaw].into_iter().find(|encoding| encoding.name() == name)
    }

    /// Bytes a sample.
    pub const fn sample_bytes(self) -> usize {
        match self {
            Self::Linear16 => 2,
            Self::Mulaw => 1,
        }
    }
}

/// One word and where it lies in the audio of its socket.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    /// As it is to be read: with punctuation, if that was asked for.
    pub text: Pii<String>,
    /// Its beginning and end, if the vendor tells them.
    pub span: Option<(Duration, Duration)>,
    /// How sure the vendor is, 0 to 1.
    pub confidence: f32,
}

impl Word {
    pub(super) fn of(raw: &Value) -> Option<Self> {
        let text = raw["punctuated_word"].as_str().or_else(|| raw["word"].as_str())?;
        let span = seconds(&raw["start"]).zip(seconds(&raw["end"]));
        Some(Self {
            text: Pii::new(text.to_owned()),
            span: span.filter(|(start, end)| start <= end),
            confidence: fraction(&raw["confidence"]),
        })
    }

    pub(super) fn to_json(&self) -> Value {
        let text = self.text.reveal();
        let plain: String = text.chars().filter(|c| c.is_alphanumeric() || *c == '\'').collect();
        let mut raw = json!({
            "word": plain.to_lowercase(),
            "punctuated_word": text,
            "confidence": self.confidence,
        });
        if let Some((start, end)) = self.span {
            raw["start"] = start.as_secs_f64().into();
            raw["end"] = end.as_secs_f64().into();
        }
        raw
    }
}

pub(super) fn words_of(raw: &Value) -> Vec<Word> {
    raw.as_array().into_iter().flatten().filter_map(Word::of).collect()
}

/// The message and its kind.
pub(super) fn typed(text: &str) -> Result<(Value, String), DecodeError> {
    let raw: Value = serde_json::from_str(text)
        .map_err(|error| DecodeError::Malformed { line: error.line(), column: error.column() })?;
    let kind = raw["type"].as_str().ok_or(DecodeError::NoType)?.to_owned();
    Ok((raw, kind))
}

/// Seconds as a span; what is negative, or beyond a day, is none.
pub(super) fn seconds(raw: &Value) -> Option<Duration> {
    let seconds = raw.as_f64().filter(|seconds| (0.0..=86_400.0).contains(seconds))?;
    Some(Duration::from_micros((seconds * 1e6).round() as u64))
}

pub(super) fn fraction(raw: &Value) -> f32 {
    let fraction = raw.as_f64().unwrap_or(0.0);
    if fraction.is_finite() { fraction.clamp(0.0, 1.0) as f32 } else { 0.0 }
}

pub(super) fn text_of(raw: &Value) -> String {
    raw.as_str().unwrap_or_default().to_owned()
}

/// Tokens of all key terms together at most (providers.md §2.1).
pub const KEYTERM_TOKENS_MAX: usize = 500;

/// Key terms at most: the address they stand in has to stay within 8 KiB.
pub const KEYTERMS_MAX: usize = 100;

/// As many of `vocabulary` as the vendor takes, in order, each once.
///
/// A token is taken to be three bytes: the vendor's own count is not known, and too many refuse the
/// whole session.
pub fn keyterms(vocabulary: &[String]) -> Vec<&str> {
    let mut terms: Vec<&str> = Vec::new();
    let mut tokens = 0;
    for term in vocabulary.iter().map(|term| term.trim()) {
        let cost = term.len().div_ceil(3);
        let is_known = terms.iter().any(|known| known.eq_ignore_ascii_case(term));
        if term.is_empty() || is_known || KEYTERM_TOKENS_MAX < tokens + cost {
            continue;
        }
        if terms.len() == KEYTERMS_MAX {
            break;
        }
        tokens += cost;
        terms.push(term);
    }
    terms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_terms_stay_within_the_vendors_limits() {
        let owned =
            |terms: &[&str]| terms.iter().map(|term| (*term).to_owned()).collect::<Vec<_>>();
        assert_eq!(keyterms(&owned(&["Zoë", " ", "zoë", "root canal"])), ["Zoë", "root canal"]);
        let long = "x".repeat(3 * KEYTERM_TOKENS_MAX);
        assert_eq!(keyterms(&owned(&["a", &long, "b"])), ["a", "b"]);
        let many: Vec<String> = (0..500).map(|n| format!("t{n}")).collect();
        assert_eq!(keyterms(&many).len(), KEYTERMS_MAX);
    }
}

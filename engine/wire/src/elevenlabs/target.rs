//! What a socket is asked for: voice, model, format and language are bound to it.

use crate::query::{self, Query};
use crate::telnyx::percent;

/// The path and query of a multi-context socket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// The voice's id.
    pub voice: String,
    /// `eleven_flash_v2_5`, …
    pub model: String,
    /// `ulaw_8000`, `alaw_8000`, `pcm_8000`, `pcm_16000`, `pcm_24000`, …
    pub output_format: String,
    /// ISO 639-1, for models that speak several languages.
    pub language: Option<String>,
    /// After how many seconds without an order the vendor closes; 20 if it is not said, at most 180.
    pub inactivity_secs: u32,
}

impl Target {
    /// As it is asked for. Whole sentences are sent, so nothing is to be gathered (`auto_mode`).
    pub fn encode(&self) -> String {
        let mut path = String::from("/v1/text-to-speech/");
        percent::append(&self.voice, &mut path);
        path.push_str("/multi-stream-input");
        Query::new(path)
            .with("model_id", &self.model)
            .with("output_format", &self.output_format)
            .with_some("language_code", self.language.as_deref())
            .with("inactivity_timeout", &self.inactivity_secs.to_string())
            .with("auto_mode", "true")
            .with("sync_alignment", "true")
            .into_target()
    }

    /// What `target` asks for; `None` if it is another path.
    pub fn decode(target: &str) -> Option<Self> {
        let path = target.split('?').next()?;
        let voice =
            path.strip_prefix("/v1/text-to-speech/")?.strip_suffix("/multi-stream-input")?;
        let value = |name: &str| query::value(target, name);
        Some(Self {
            voice: percent::decode(voice)?.into_owned(),
            model: value("model_id").unwrap_or_default(),
            output_format: value("output_format").unwrap_or_default(),
            language: value("language_code"),
            inactivity_secs: value("inactivity_timeout").and_then(|s| s.parse().ok()).unwrap_or(20),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_read_as_it_was_written() {
        let target = Target {
            voice: "a/b".into(),
            model: "eleven_flash_v2_5".into(),
            output_format: "ulaw_8000".into(),
            language: Some("en".into()),
            inactivity_secs: 180,
        };
        let text = target.encode();
        assert_eq!(
            text,
            "/v1/text-to-speech/a%2Fb/multi-stream-input?model_id=eleven_flash_v2_5&\
             output_format=ulaw_8000&language_code=en&inactivity_timeout=180&auto_mode=true&\
             sync_alignment=true"
        );
        assert_eq!(Target::decode(&text), Some(target));
        assert_eq!(Target::decode("/v1/speak"), None);
    }
}

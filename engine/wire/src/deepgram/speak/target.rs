//! What a socket is asked for: voice and format are bound to it.

use crate::query::{self, Query};

/// Which of the two sockets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Generation {
    /// `/v1/speak`.
    #[default]
    Aura,
    /// `/v2/speak`.
    Flux,
}

/// The path and query of a speaking socket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// Which socket.
    pub generation: Generation,
    /// The voice: `aura-2-thalia-en`, `flux-alexis-en`, …
    pub model: String,
    /// `linear16`, `mulaw` or `alaw`; the last two at 8,000 hertz.
    pub encoding: String,
    /// In hertz.
    pub sample_rate: u32,
    /// As the vendor writes it: `1.1`.
    pub speed: Option<String>,
}

impl Target {
    /// As it is asked for.
    pub fn encode(&self) -> String {
        Query::new(match self.generation {
            Generation::Aura => "/v1/speak",
            Generation::Flux => "/v2/speak",
        })
        .with("model", &self.model)
        .with("encoding", &self.encoding)
        .with("sample_rate", &self.sample_rate.to_string())
        .with_some("speed", self.speed.as_deref())
        .into_target()
    }

    /// What `target` asks for; `None` if it is another path.
    pub fn decode(target: &str) -> Option<Self> {
        let generation = match target.split('?').next()? {
            "/v1/speak" => Generation::Aura,
            "/v2/speak" => Generation::Flux,
            _ => return None,
        };
        let value = |name: &str| query::value(target, name);
        Some(Self {
            generation,
            model: value("model").unwrap_or_default(),
            encoding: value("encoding").unwrap_or_default(),
            sample_rate: value("sample_rate")
                .and_then(|rate| rate.parse().ok())
                .unwrap_or_default(),
            speed: value("speed"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_read_as_it_was_written() {
        for generation in [Generation::Aura, Generation::Flux] {
            let target = Target {
                generation,
                model: "aura-2-thalia-en".into(),
                encoding: "mulaw".into(),
                sample_rate: 8_000,
                speed: Some("1.1".into()),
            };
            assert_eq!(Target::decode(&target.encode()), Some(target));
        }
        assert_eq!(Target::decode("/v1/listen"), None);
    }
}

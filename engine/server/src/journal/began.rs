//! What a call that began is known by, should its process die.

use serde::{Deserialize, Serialize};
use types::{
    AgentId, AudioFormat, BusinessId, ConfigVersion, E164, Encoding, Pii, SampleRate, WallTime,
};

/// The payload of [`super::Kind::Began`]: what cannot be had from the call's event log.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Began {
    pub(crate) business: BusinessId,
    pub(crate) agent: AgentId,
    pub(crate) version: ConfigVersion,
    /// The business file the agent came from, by the digest of its bytes.
    #[serde(default)]
    pub(crate) source: Option<String>,
    pub(crate) to: E164,
    pub(crate) from: Option<Pii<E164>>,
    pub(crate) carrier_call: Pii<String>,
    pub(crate) began: WallTime,
    #[serde(default)]
    pub(crate) leg: LegKind,
    #[serde(default)]
    pub(crate) encoding: String,
    #[serde(default)]
    pub(crate) hz: u32,
}

/// What a call reaches its leg by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LegKind {
    /// Its socket alone.
    #[default]
    Socket,
    /// The carrier's API.
    Carrier,
}

impl Began {
    /// The same, of a leg in `format`.
    pub(crate) fn in_format(self, format: AudioFormat) -> Self {
        Self { encoding: format.encoding.name().to_owned(), hz: format.rate.hz(), ..self }
    }

    /// The leg's format; none if it was not written down.
    pub(crate) fn format(&self) -> Option<AudioFormat> {
        let encodings =
            [Encoding::Pcmu, Encoding::Pcma, Encoding::G722, Encoding::L16, Encoding::Opus];
        let encoding = encodings.into_iter().find(|known| known.name() == self.encoding)?;
        let rate = SampleRate::from_hz(self.hz)?;
        Some(AudioFormat { encoding, rate })
    }

    /// A call of which only the parties are known yet.
    pub(crate) fn new(agent: &types::AgentConfig, to: E164, began: WallTime) -> Self {
        Self {
            business: agent.business,
            agent: agent.agent,
            version: agent.version,
            source: None,
            to,
            from: None,
            carrier_call: Pii::new(String::new()),
            began,
            leg: LegKind::Socket,
            encoding: String::new(),
            hz: 0,
        }
    }
}

//! A call to be placed.

use codecs::level::Dbfs;
use types::{AudioFormat, E164, Millis, Secret};

use crate::{Impairments, PlayoutConfig, Script};

/// A call to be placed.
#[derive(Clone, Debug)]
pub struct CallPlan {
    /// Where the engine takes media sockets: `ws://127.0.0.1:8080/media/telnyx`.
    pub url: String,
    /// What admits the socket, if anything is needed.
    pub token: Option<Token>,
    /// The number dialed.
    pub to: E164,
    /// The number shown, if any.
    pub from: Option<E164>,
    /// The carrier's name of the call; made from the seed if absent.
    pub call_control: Option<String>,
    /// What travels with the call: name and value.
    pub parameters: Vec<(String, String)>,
    /// What the leg carries toward the engine, and at whose rate everything is measured.
    pub codec: AudioFormat,
    /// What the engine sends, if it is something else.
    pub reply_codec: Option<AudioFormat>,
    /// What the caller does.
    pub script: Script,
    /// The call is hung up after this time, whatever the script says: both tracks are held in
    /// memory.
    pub duration_max: Millis,
    /// How the modelled carrier plays.
    pub playout: PlayoutConfig,
    /// Seed of everything random: impairments, noise, names.
    pub seed: u64,
    /// What goes wrong with the caller's packets.
    pub impairments: Impairments,
    /// Level of the line's noise; digital silence between questions if absent.
    pub line_noise: Option<Dbfs>,
}

/// What admits a media socket.
#[derive(Clone, Debug)]
pub enum Token {
    /// In the header `x-telnyx-streaming-auth-token` (telnyx.md §1.4).
    Header(Secret<String>),
    /// As the last part of the path.
    Path(Secret<String>),
}

impl CallPlan {
    /// A plain telephone call: µ-law, half an hour at most, a faultless line.
    pub fn new(url: impl Into<String>, to: E164, script: Script) -> Self {
        Self {
            url: url.into(),
            token: None,
            to,
            from: None,
            call_control: None,
            parameters: Vec::new(),
            codec: AudioFormat::PCMU_8K,
            reply_codec: None,
            script,
            duration_max: Millis::from_secs(1_800),
            playout: PlayoutConfig::default(),
            seed: 0,
            impairments: Impairments::default(),
            line_noise: None,
        }
    }

    /// The carrier's name of this call.
    pub(crate) fn call_control(&self) -> String {
        self.call_control.clone().unwrap_or_else(|| format!("v3:caller-{:016x}", self.seed))
    }
}

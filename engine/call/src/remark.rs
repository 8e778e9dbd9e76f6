//! What the engine noticed of a call's leg and audio. The conversation does not depend on it: a
//! replay passes over it, whoever reads the log wants to know.

use serde::{Deserialize, Serialize};
use types::{AudioFormat, E164, GenerationId, Pii};

/// Something noticed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "remark", rename_all = "snake_case")]
pub enum Remark {
    /// Who calls whom, and what the leg carries.
    Leg {
        /// The caller's number, if shown.
        from: Option<Pii<E164>>,
        /// The dialed number.
        to: E164,
        /// What the leg carries, as the carrier announced it: `PCMU 8000 Hz`.
        format: String,
    },
    /// The voice was slower than the caller's ear: the reply had a gap.
    Starved {
        /// Which reply.
        generation: GenerationId,
    },
    /// The carrier streams this call anew: what it had queued is lost.
    Restarted,
    /// How the caller's audio arrived, in messages; told at the end.
    Media {
        /// Taken in.
        received: u64,
        /// Came before their turn.
        reordered: u64,
        /// Came twice.
        duplicates: u64,
        /// Came after their place had been filled.
        late: u64,
        /// Never came in time: their place was filled.
        filled: u64,
        /// Could not be decoded.
        undecodable: u64,
    },
}

impl Remark {
    /// The remark on a leg that carries `format`.
    pub fn leg(from: Option<Pii<E164>>, to: E164, format: AudioFormat) -> Self {
        Self::Leg { from, to, format: format.to_string() }
    }
}

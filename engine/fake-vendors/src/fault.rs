//! What can go wrong with a vendor.

use types::Millis;

/// One thing that goes wrong with one session: a socket, or a request.
///
/// "After so much" counts what the session is for: audio received by a recognizer, audio sent by a
/// voice, time since the request of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection ends before any answer.
    Refuse,
    /// Status 401, whatever the key.
    Unauthorized,
    /// Status 429 and, if given, a time to wait in the header `retry-after` (whole seconds) and in
    /// `retry-after-ms`.
    TooMany {
        /// For how long.
        retry_after: Option<Millis>,
    },
    /// This status, 500 to 599.
    Broken {
        /// Which.
        status: u16,
    },
    /// The connection is taken and nothing is ever answered.
    Hang,
    /// The session begins well and says nothing more after so much.
    Mute {
        /// After how much.
        after: Millis,
    },
    /// The connection breaks after so much, without a goodbye.
    Drop {
        /// After how much.
        after: Millis,
    },
    /// The vendor closes after so much, with this code and no reason (RFC 6455 §7.4).
    Close {
        /// After how much.
        after: Millis,
        /// The code.
        code: u16,
    },
    /// Every message of an answer comes this much later than the one before it.
    Drip {
        /// How much later.
        gap: Millis,
    },
    /// One message in so many is nothing that could be read.
    Malformed {
        /// In how many, from 1: every message.
        every: u32,
    },
    /// Neighboring messages change places, where the protocol leaves room for it.
    WrongOrder,
    /// What was cancelled is sent on for so long.
    LateAudio {
        /// For how long.
        span: Millis,
    },
    /// A message of a kind nobody knows before every message of a known one, and unknown fields and
    /// values in those.
    Unknown,
    /// Everything is so much slower.
    Slow {
        /// How much.
        by: Millis,
    },
}

impl Fault {
    /// Whether the session never begins.
    pub const fn is_refusal(self) -> bool {
        match self {
            Self::Refuse
            | Self::Unauthorized
            | Self::TooMany { .. }
            | Self::Broken { .. }
            | Self::Hang => true,
            Self::Mute { .. }
            | Self::Drop { .. }
            | Self::Close { .. }
            | Self::Drip { .. }
            | Self::Malformed { .. }
            | Self::WrongOrder
            | Self::LateAudio { .. }
            | Self::Unknown
            | Self::Slow { .. } => false,
        }
    }
}

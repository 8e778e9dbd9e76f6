//! The life of a call.

use types::EndReason;

/// Where in its life a call is.
///
/// ```text
///            Answered              end of call heard
/// Ringing ─────────────▶ Open ──────────────────────▶ Leaving ── post-roll ──▶ HangingUp
///    │                  ▲ │ ▲ ◀── the caller speaks ────┘                          │
///    │       refused    │ │ │                                                      │
///    │    Transferring ─┘ │ └── (transfer heard) ──▶ Transferring                  │
///    │                    │                                                        │
///    │                    └── time is up, house, vendors ──▶ Closing ── heard ──▶ Leaving
///    │                                                                             │
///    └───────────────────── LegEnded, in every phase ──▶ Ended ◀───────────────────┘
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The leg carries no media yet.
    Ringing,
    /// Caller and agent take turns.
    Open,
    /// The leg was told to transfer the caller; left when that fails or the caller is handed over.
    Transferring,
    /// The call ends whatever the caller says; left when the goodbye was heard.
    Closing {
        /// Why it ends.
        reason: EndReason,
        /// How far the goodbye is.
        goodbye: Goodbye,
    },
    /// A goodbye was heard; left by its post-roll or, while `Open` led here, by the caller's words.
    Leaving {
        /// Why the call ends.
        reason: EndReason,
    },
    /// The leg was told to hang up; left by its end.
    HangingUp {
        /// Why the call ended.
        reason: EndReason,
    },
    /// Over.
    Ended {
        /// Why.
        reason: EndReason,
    },
}

/// How far the goodbye of [`Phase::Closing`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goodbye {
    /// To be said once there is somebody to hear it.
    AwaitsAnswer,
    /// To be said as soon as the agent's present words are out.
    Due,
    /// Being said.
    Begun,
}

impl Phase {
    /// Whether what the caller says or keys now still matters.
    pub(crate) fn listens(self) -> bool {
        match self {
            Self::Open | Self::Transferring => true,
            // Only a goodbye out of the conversation itself can be taken back.
            Self::Leaving { reason } => is_revocable(reason),
            Self::Ringing | Self::Closing { .. } | Self::HangingUp { .. } | Self::Ended { .. } => {
                false
            }
        }
    }
}

/// Whether the caller's words can take a goodbye for `reason` back.
pub(crate) fn is_revocable(reason: EndReason) -> bool {
    match reason {
        EndReason::AgentSaidGoodbye | EndReason::NoInput => true,
        EndReason::CallerHungUp
        | EndReason::Transferred
        | EndReason::Overflow
        | EndReason::DurationMax
        | EndReason::LegLost
        | EndReason::MediaDead
        | EndReason::Shutdown
        | EndReason::VendorsFailed
        | EndReason::Internal => false,
    }
}

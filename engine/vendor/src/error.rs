//! What can go wrong with a vendor, and what to do next.

use thiserror::Error;
use types::{Millis, VendorName};

/// A vendor's failure. Maps every vendor's own errors (providers.md §1.5); carries no caller's words.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum VendorError {
    /// The credential is refused.
    #[error("{vendor} refused our key: check the key of this business")]
    Auth {
        /// Who.
        vendor: VendorName,
    },
    /// The account is used up until a human or a billing cycle acts.
    #[error("{vendor} says the account's quota is used up")]
    Quota {
        /// Who.
        vendor: VendorName,
    },
    /// Too many requests.
    #[error("{vendor} limits our rate")]
    RateLimited {
        /// Who.
        vendor: VendorName,
        /// When to come again, if it said so.
        retry_after: Option<Millis>,
    },
    /// Too many sessions of ours at once.
    #[error("{vendor} allows no further session of ours at once")]
    Concurrency {
        /// Who.
        vendor: VendorName,
        /// When to come again, if it said so.
        retry_after: Option<Millis>,
    },
    /// Its servers are busy, or our own worker pool is.
    #[error("{vendor} is overloaded")]
    Overloaded {
        /// Who.
        vendor: VendorName,
        /// When to come again, if it said so.
        retry_after: Option<Millis>,
    },
    /// Our bug or a wrong setting.
    #[error("{vendor} does not accept the request: {reason}")]
    BadRequest {
        /// Who.
        vendor: VendorName,
        /// What it said, free of personal data.
        reason: String,
    },
    /// Its session reached its end.
    #[error("{vendor} ended the session")]
    SessionExpired {
        /// Who.
        vendor: VendorName,
    },
    /// It did not answer in time.
    #[error("{vendor} did not answer within {limit} ({phase:?})")]
    Timeout {
        /// Who.
        vendor: VendorName,
        /// While doing what.
        phase: Phase,
        /// How long we waited.
        limit: Millis,
    },
    /// The connection broke.
    #[error("the connection to {vendor} broke")]
    Transport {
        /// Who.
        vendor: VendorName,
    },
    /// What it sends is not its own protocol.
    #[error("{vendor} sends what cannot be read: {reason}")]
    Malformed {
        /// Who.
        vendor: VendorName,
        /// What is wrong with it, free of personal data.
        reason: String,
    },
    /// It refused to say this.
    #[error("{vendor} filtered the content")]
    ContentFiltered {
        /// Who.
        vendor: VendorName,
    },
    /// Something it needs is not on this machine.
    #[error("{vendor} lacks {what}: {remedy}")]
    Missing {
        /// Who.
        vendor: VendorName,
        /// What is missing.
        what: String,
        /// How to get it.
        remedy: String,
    },
    /// A fault inside a local model.
    #[error("{vendor} failed inside: {reason}")]
    Internal {
        /// Who.
        vendor: VendorName,
        /// What happened, free of personal data.
        reason: String,
    },
}

/// What a vendor was doing when time ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Opening the connection.
    Connect,
    /// Before the first byte of the answer.
    FirstByte,
    /// Between two bytes of it.
    BetweenBytes,
}

/// What to do after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// The same vendor again, once.
    Retry,
    /// The next vendor in the agent's order.
    Failover,
    /// Speak of something else; the session goes on.
    Skip,
}

impl VendorError {
    /// What to do next within a call.
    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::Auth { .. }
            | Self::Quota { .. }
            | Self::RateLimited { .. }
            | Self::Concurrency { .. }
            | Self::BadRequest { .. }
            | Self::Missing { .. }
            | Self::Internal { .. } => Remedy::Failover,
            Self::Overloaded { .. }
            | Self::SessionExpired { .. }
            | Self::Timeout { .. }
            | Self::Malformed { .. }
            | Self::Transport { .. } => Remedy::Retry,
            Self::ContentFiltered { .. } => Remedy::Skip,
        }
    }

    /// What kind of failure it is, as metrics name it.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Auth { .. } => "auth",
            Self::Quota { .. } => "quota",
            Self::RateLimited { .. } => "rate_limited",
            Self::Concurrency { .. } => "concurrency",
            Self::Overloaded { .. } => "overloaded",
            Self::BadRequest { .. } => "bad_request",
            Self::SessionExpired { .. } => "session_expired",
            Self::Timeout { .. } => "timeout",
            Self::Transport { .. } => "transport",
            Self::Malformed { .. } => "malformed",
            Self::ContentFiltered { .. } => "content_filtered",
            Self::Missing { .. } => "missing",
            Self::Internal { .. } => "internal",
        }
    }

    /// Who failed.
    pub const fn vendor(&self) -> VendorName {
        match self {
            Self::Auth { vendor }
            | Self::Quota { vendor }
            | Self::RateLimited { vendor, .. }
            | Self::Concurrency { vendor, .. }
            | Self::Overloaded { vendor, .. }
            | Self::BadRequest { vendor, .. }
            | Self::SessionExpired { vendor }
            | Self::Timeout { vendor, .. }
            | Self::Transport { vendor }
            | Self::Malformed { vendor, .. }
            | Self::ContentFiltered { vendor }
            | Self::Missing { vendor, .. }
            | Self::Internal { vendor, .. } => *vendor,
        }
    }

    /// How long the vendor asked us to stay away, if it did.
    pub const fn retry_after(&self) -> Option<Millis> {
        match self {
            Self::RateLimited { retry_after, .. }
            | Self::Concurrency { retry_after, .. }
            | Self::Overloaded { retry_after, .. } => *retry_after,
            Self::Auth { .. }
            | Self::Quota { .. }
            | Self::BadRequest { .. }
            | Self::SessionExpired { .. }
            | Self::Timeout { .. }
            | Self::Transport { .. }
            | Self::Malformed { .. }
            | Self::ContentFiltered { .. }
            | Self::Missing { .. }
            | Self::Internal { .. } => None,
        }
    }
}

//! What a call has used up at its vendors, in the units that they bill.

use std::ops::{Add, AddAssign};

use crate::VendorName;

/// What one vendor was used for in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct VendorShare {
    /// What it did.
    pub duty: VendorDuty,
    /// Who, by its name in the agent's file.
    pub vendor: VendorName,
    /// How much.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub usage: VendorUsage,
}

/// What a vendor does in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum VendorDuty {
    /// It recognizes.
    Recognizer,
    /// It thinks.
    Brain,
    /// It speaks.
    Voice,
}

/// What one session has used up so far. Each vendor fills what it bills by; the rest stays zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct VendorUsage {
    /// Connections opened and requests sent, repeated ones included.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Count::is_zero"))]
    pub requests: Count,
    /// Milliseconds of audio sent to a recognizer, repeated ones included.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Count::is_zero"))]
    pub audio_ms: Count,
    /// Milliseconds that sockets were open.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Count::is_zero"))]
    pub connected_ms: Count,
    /// Characters handed to a voice.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Count::is_zero"))]
    pub characters: Count,
    /// Tokens a model read and had not read before.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Count::is_zero"))]
    pub tokens_in: Count,
    /// Tokens a model found in its cache.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Count::is_zero"))]
    pub tokens_cached: Count,
    /// Tokens a model wrote.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Count::is_zero"))]
    pub tokens_out: Count,
}

/// A quantity: what is known of it, and what is only estimated, because a stream that is cancelled
/// tells no figure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Count {
    /// As the vendor counts.
    pub exact: u64,
    /// Our own estimate of the rest.
    pub estimated: u64,
}

impl Count {
    /// Both together.
    pub const fn total(self) -> u64 {
        self.exact.saturating_add(self.estimated)
    }

    /// Whether there is nothing of it.
    pub const fn is_zero(&self) -> bool {
        self.exact == 0 && self.estimated == 0
    }
}

impl Add for Count {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            exact: self.exact.saturating_add(other.exact),
            estimated: self.estimated.saturating_add(other.estimated),
        }
    }
}

impl Add for VendorUsage {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            audio_ms: self.audio_ms + other.audio_ms,
            connected_ms: self.connected_ms + other.connected_ms,
            characters: self.characters + other.characters,
            tokens_in: self.tokens_in + other.tokens_in,
            tokens_cached: self.tokens_cached + other.tokens_cached,
            tokens_out: self.tokens_out + other.tokens_out,
        }
    }
}

impl AddAssign for VendorUsage {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

//! What a session has used up, in the units that vendors bill.

use std::ops::{Add, AddAssign};

/// What one session has used up so far. Each vendor fills what it bills by; the rest stays zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VendorUsage {
    /// Connections opened and requests sent, repeated ones included.
    pub requests: Count,
    /// Milliseconds of audio sent to a recognizer, repeated ones included.
    pub audio_ms: Count,
    /// Milliseconds that sockets were open.
    pub connected_ms: Count,
    /// Characters handed to a voice.
    pub characters: Count,
    /// Tokens a model read and had not read before.
    pub tokens_in: Count,
    /// Tokens a model found in its cache.
    pub tokens_cached: Count,
    /// Tokens a model wrote.
    pub tokens_out: Count,
}

/// A quantity: what is known of it, and what is only estimated, because a stream that is cancelled
/// tells no figure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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

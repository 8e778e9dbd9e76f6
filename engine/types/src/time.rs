//! Time, never bare: spans, points on a call's clock, points on the wall clock.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// A span of whole milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct Millis(u32);

impl Millis {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// A span of `ms` milliseconds.
    pub const fn new(ms: u32) -> Self {
        Self(ms)
    }

    /// A span of `seconds` seconds. Saturates at 49 days.
    pub const fn from_secs(seconds: u32) -> Self {
        Self(seconds.saturating_mul(1_000))
    }

    /// The number of milliseconds.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The same span in microseconds.
    pub const fn as_micros(self) -> u64 {
        self.0 as u64 * 1_000
    }

    /// The part of this span that `other` does not cover; zero if it covers all.
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Add for Millis {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0)
    }
}

/// A point on one call's clock: microseconds since the leg was accepted.
///
/// Two points differ by a span; a point moves by a span; points never add up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct CallTime(u64);

impl CallTime {
    /// The moment the leg was accepted.
    pub const ZERO: Self = Self(0);

    /// The point `micros` microseconds after the leg was accepted.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// The point `ms` milliseconds after the leg was accepted.
    pub const fn from_millis(ms: u64) -> Self {
        Self(ms * 1_000)
    }

    /// Microseconds since the leg was accepted.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// Whole milliseconds since the leg was accepted.
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000
    }

    /// How long ago `earlier` was, rounded down; zero if it lies ahead.
    pub const fn since(self, earlier: Self) -> Millis {
        let ms = self.0.saturating_sub(earlier.0) / 1_000;
        Millis::new(if ms > u32::MAX as u64 { u32::MAX } else { ms as u32 })
    }

    /// This point moved back by `span`, not before the start.
    pub const fn saturating_sub(self, span: Millis) -> Self {
        Self(self.0.saturating_sub(span.as_micros()))
    }
}

impl Add<Millis> for CallTime {
    type Output = Self;
    fn add(self, span: Millis) -> Self {
        Self(self.0 + span.as_micros())
    }
}

impl AddAssign<Millis> for CallTime {
    fn add_assign(&mut self, span: Millis) {
        *self = *self + span;
    }
}

impl Sub for CallTime {
    type Output = Millis;
    fn sub(self, earlier: Self) -> Millis {
        self.since(earlier)
    }
}

impl fmt::Display for CallTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03} s", self.0 / 1_000_000, self.0 / 1_000 % 1_000)
    }
}

/// A point on the wall clock: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct WallTime(i64);

impl WallTime {
    /// The point `ms` milliseconds after 1970-01-01T00:00:00Z.
    pub const fn from_unix_millis(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn as_unix_millis(self) -> i64 {
        self.0
    }

    /// This point, `span` later.
    pub const fn after(self, span: Millis) -> Self {
        Self(self.0.saturating_add(span.get() as i64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_between_points_never_go_negative() {
        let early = CallTime::from_millis(100);
        let late = early + Millis::new(250);
        assert_eq!(late - early, Millis::new(250));
        assert_eq!(early - late, Millis::ZERO);
        assert_eq!(late.saturating_sub(Millis::from_secs(9)), CallTime::ZERO);
    }
}

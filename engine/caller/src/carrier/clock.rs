//! One clock for all that happens at the carrier: wall time that never runs back.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;
use types::Millis;
use wire::telnyx::WallMicros;

/// A clock, set once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    zero: Instant,
    wall: WallMicros,
}

impl Clock {
    pub(crate) fn set() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let micros = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
        Self { zero: Instant::now(), wall: WallMicros::from_unix_micros(micros) }
    }

    pub(crate) fn now(&self) -> WallMicros {
        let passed = i64::try_from(self.zero.elapsed().as_micros()).unwrap_or(i64::MAX);
        WallMicros::from_unix_micros(self.wall.as_unix_micros().saturating_add(passed))
    }

    /// When `at` will be, for a timer.
    pub(crate) fn instant(&self, at: WallMicros) -> Instant {
        let ahead = at.as_unix_micros().saturating_sub(self.wall.as_unix_micros());
        self.zero + Duration::from_micros(u64::try_from(ahead).unwrap_or(0))
    }
}

pub(crate) fn duration(span: Millis) -> Duration {
    Duration::from_millis(u64::from(span.get()))
}

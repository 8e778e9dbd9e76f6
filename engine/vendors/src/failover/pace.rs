//! How long a vendor usually takes to its first answer, and so when it is late.

use std::time::Duration;

/// Answers from which the usual time is learned.
const SAMPLES: usize = 64;

/// Fewer say nothing about a 95th percentile.
const SAMPLES_MIN: usize = 20;

/// The time after which somebody else is asked as well. Source: conversation.md §7.10, which names no
/// upper bound; ours keeps a vendor that has learned us slowness from costing the caller more
/// silence than a caller bears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaceLimits {
    /// Never earlier than this.
    pub late_min: Duration,
    /// Never later than this.
    pub late_max: Duration,
}

impl PaceLimits {
    /// For models: from one second to two.
    pub const BRAIN: Self =
        Self { late_min: Duration::from_millis(1_000), late_max: Duration::from_millis(2_000) };

    /// For voices: from 1.2 s to 1.5 s.
    pub const VOICE: Self =
        Self { late_min: Duration::from_millis(1_200), late_max: Duration::from_millis(1_500) };

    /// For recognizers, from the end of a turn to its words: from 0.7 s to 1.2 s.
    pub const RECOGNIZER: Self =
        Self { late_min: Duration::from_millis(700), late_max: Duration::from_millis(1_200) };
}

/// The latest first-answer times of one vendor.
#[derive(Debug)]
pub struct Pace {
    limits: PaceLimits,
    times: [Duration; SAMPLES],
    count: usize,
    next: usize,
}

impl Pace {
    /// One that has learned nothing yet.
    pub const fn new(limits: PaceLimits) -> Self {
        Self { limits, times: [Duration::ZERO; SAMPLES], count: 0, next: 0 }
    }

    /// Learns that the first answer took `took`.
    pub fn learn(&mut self, took: Duration) {
        self.times[self.next] = took;
        self.next = (self.next + 1) % SAMPLES;
        self.count = (self.count + 1).min(SAMPLES);
    }

    /// After how long without an answer somebody else is asked as well: 1.2 times what 95 of 100
    /// answers stay below, within the limits. Costs one sort of 64 numbers.
    pub fn late_after(&self) -> Duration {
        if self.count < SAMPLES_MIN {
            return self.limits.late_min;
        }
        let mut times = self.times;
        let known = &mut times[..self.count];
        known.sort_unstable();
        let p95 = known[(self.count * 95).div_ceil(100) - 1];
        (p95 * 6 / 5).clamp(self.limits.late_min, self.limits.late_max)
    }
}

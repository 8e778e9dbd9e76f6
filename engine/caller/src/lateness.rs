//! How late the caller itself was: who measures others must be on time.

use std::fmt;

use serde::Serialize;
use types::{CallTime, Millis};

/// A run counts for nothing if its own packets were later than this at the 99th percentile
/// (design.md §6).
pub const LATE_P99_MAX: Millis = Millis::new(5);

/// A packet later than this is very late; one in [`VERY_LATE_SHARE`] is too many (design.md §6).
pub const VERY_LATE: Millis = Millis::new(20);

/// See [`VERY_LATE`].
pub const VERY_LATE_SHARE: u64 = 1_000;

/// Collects how late each packet left. 10 µs steps up to 1 s: 400 kB, whatever the run's length.
#[derive(Clone, Debug)]
pub struct LatenessLog {
    /// Packets per step; the last step holds everything beyond.
    steps: Vec<u32>,
    packets: u64,
    very_late: u64,
    micros_max: u64,
}

/// How late a run's own packets left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Lateness {
    /// Packets sent on schedule or later.
    pub packets: u64,
    /// Half of them left within this time after they were due, in milliseconds.
    pub p50_ms: f64,
    /// 99 of 100 did.
    pub p99_ms: f64,
    /// All of them did.
    pub ms_max: f64,
    /// How many were later than [`VERY_LATE`].
    pub very_late: u64,
}

/// Whether a run's figures count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The load side was on time.
    Sound,
    /// The load side was late itself: its figures say nothing about the engine.
    Void,
}

impl Default for LatenessLog {
    fn default() -> Self {
        Self { steps: vec![0; STEPS], packets: 0, very_late: 0, micros_max: 0 }
    }
}

impl LatenessLog {
    /// A packet that was due at `due` left at `sent`.
    pub fn record(&mut self, due: CallTime, sent: CallTime) {
        let micros = sent.as_micros().saturating_sub(due.as_micros());
        let step = usize::try_from(micros / STEP_MICROS).unwrap_or(usize::MAX).min(STEPS - 1);
        self.steps[step] = self.steps[step].saturating_add(1);
        self.packets += 1;
        self.very_late += u64::from(VERY_LATE.as_micros() < micros);
        self.micros_max = self.micros_max.max(micros);
    }

    /// Adds what another call of the same run collected.
    pub fn merge(&mut self, other: &Self) {
        for (step, more) in self.steps.iter_mut().zip(&other.steps) {
            *step = step.saturating_add(*more);
        }
        self.packets += other.packets;
        self.very_late += other.very_late;
        self.micros_max = self.micros_max.max(other.micros_max);
    }

    /// The figures.
    pub fn lateness(&self) -> Lateness {
        Lateness {
            packets: self.packets,
            p50_ms: self.percentile(50),
            p99_ms: self.percentile(99),
            ms_max: self.micros_max as f64 / 1_000.0,
            very_late: self.very_late,
        }
    }

    /// The upper edge of the step that holds the given percentile, in milliseconds.
    fn percentile(&self, percent: u64) -> f64 {
        let rank = (self.packets * percent).div_ceil(100);
        let mut seen = 0;
        for (step, &count) in self.steps.iter().enumerate() {
            seen += u64::from(count);
            if 0 < count && rank <= seen {
                let edge = (step as u64 + 1) * STEP_MICROS;
                let last = step == STEPS - 1;
                return (if last { self.micros_max } else { edge.min(self.micros_max) }) as f64
                    / 1_000.0;
            }
        }
        0.0
    }
}

impl Lateness {
    /// The void rule of design.md §6. A run without a single packet is void, too.
    pub fn verdict(&self) -> Verdict {
        let on_time = 0 < self.packets
            && self.p99_ms <= f64::from(LATE_P99_MAX.get())
            && self.very_late * VERY_LATE_SHARE <= self.packets;
        if on_time { Verdict::Sound } else { Verdict::Void }
    }
}

impl fmt::Display for Lateness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "own packets late: p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms; {} of {} later than {VERY_LATE}",
            self.p50_ms, self.p99_ms, self.ms_max, self.very_late, self.packets
        )
    }
}

const STEP_MICROS: u64 = 10;
const STEPS: usize = 100_001;

#[cfg(test)]
mod tests {
    use super::*;

    fn log(lateness_micros: impl IntoIterator<Item = u64>) -> LatenessLog {
        let mut log = LatenessLog::default();
        for micros in lateness_micros {
            log.record(CallTime::from_millis(7), CallTime::from_micros(7_000 + micros));
        }
        log
    }

    #[test]
    fn percentiles_are_those_of_the_sorted_list() {
        let lateness = log((0..1_000).map(|n| n * 10)).lateness();
        assert_eq!((lateness.p50_ms, lateness.p99_ms, lateness.ms_max), (5.0, 9.9, 9.99));
        assert_eq!(lateness.verdict(), Verdict::Void, "p99 above 5 ms");
    }

    #[test]
    fn one_very_late_packet_in_a_thousand_is_allowed_and_two_are_not() {
        let run = |late| log((0..1_000u64).map(|n| if n < late { 20_001 } else { 900 })).lateness();
        assert_eq!(run(1).verdict(), Verdict::Sound);
        assert_eq!(run(2).verdict(), Verdict::Void);
        assert_eq!(log([]).lateness().verdict(), Verdict::Void);
    }

    #[test]
    fn merged_logs_are_one_run() {
        let mut whole = log([100, 30_000_000]);
        whole.merge(&log([100, 100]));
        let lateness = whole.lateness();
        assert_eq!((lateness.packets, lateness.very_late, lateness.p50_ms), (4, 1, 0.11));
        assert_eq!((lateness.p99_ms, lateness.ms_max), (30_000.0, 30_000.0));
    }
}

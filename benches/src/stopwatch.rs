//! A stopwatch for work of nanoseconds to milliseconds.

use std::time::{Duration, Instant};

/// How thoroughly to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Long enough for figures worth keeping.
    Full,
    /// One look, to see that the work runs at all.
    Smoke,
}

impl Effort {
    /// Full under `cargo bench`, which says so on the command line; else smoke, as when a test run
    /// builds and starts every target.
    pub fn from_args() -> Self {
        if std::env::args().any(|arg| arg == "--bench") { Self::Full } else { Self::Smoke }
    }
}

/// The cost of one call of some work.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// The median over seven runs, in nanoseconds.
    pub median_ns: f64,
    /// The best run, in nanoseconds. Far below the median, the machine was busy.
    pub best_ns: f64,
}

/// Measures one call of `work`: warm-up, then the median of seven runs of many calls each.
pub fn measure(effort: Effort, mut work: impl FnMut()) -> Cost {
    let mut run = |calls: u32| {
        let start = Instant::now();
        for _ in 0..calls {
            work();
        }
        start.elapsed()
    };
    if effort == Effort::Smoke {
        let ns = run(1).as_nanos() as f64;
        return Cost { median_ns: ns, best_ns: ns };
    }
    // Doubling until a run is long enough is the warm-up as well.
    let mut calls = 1;
    while run(calls) < RUN {
        calls *= 2;
    }
    let mut runs: [f64; RUNS] =
        std::array::from_fn(|_| run(calls).as_nanos() as f64 / f64::from(calls));
    runs.sort_by(f64::total_cmp);
    Cost { median_ns: runs[RUNS / 2], best_ns: runs[0] }
}

/// Long against the clock's grain and against one preemption.
const RUN: Duration = Duration::from_millis(40);

/// An odd number has a middle.
const RUNS: usize = 7;

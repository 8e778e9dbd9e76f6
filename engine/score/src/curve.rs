//! What a strategy can be set to, and what each setting gives.

use call::{Permille, Words};
use types::Millis;

use crate::corpus::Turn;
use crate::strategy::Strategy;
use crate::tally::{Heard, Tally, tally};

/// A family of settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Silence only.
    Silence,
    /// Smart Turn once, at its own threshold; when it is asked varies.
    OneShot,
    /// Smart Turn once, whatever it is set to: the best of all thresholds and moments.
    OneShotBest,
    /// The engine, whatever its two delays are set to.
    Ours,
}

/// One setting and what it gives.
#[derive(Clone, Debug)]
pub struct Point {
    /// The setting.
    pub strategy: Strategy,
    /// What it gives.
    pub tally: Tally,
}

/// How a point's delay is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delay {
    /// Half of the turns end sooner.
    Median,
    /// The mean of all.
    Mean,
}

impl Delay {
    /// Of `tally`, in milliseconds.
    pub fn of(self, tally: &Tally) -> f64 {
        match self {
            Self::Median => f64::from(tally.delay(500)),
            Self::Mean => tally.mean(),
        }
    }
}

impl Family {
    /// All, in the order of reports.
    pub const ALL: [Self; 4] = [Self::Silence, Self::OneShot, Self::OneShotBest, Self::Ours];

    /// What to call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Silence => "silence only",
            Self::OneShot => "Smart Turn once",
            Self::OneShotBest => "Smart Turn once, any threshold",
            Self::Ours => "apex",
        }
    }

    /// As it is shipped; the last one with `ours`.
    pub fn shipped(self, ours: (Millis, Millis)) -> Strategy {
        match self {
            Self::Silence => Strategy::Silence { delay: Millis::new(700) },
            Self::OneShot | Self::OneShotBest => {
                Strategy::OneShot { asked: Millis::new(200), threshold: Permille::new(500) }
            }
            Self::Ours => Strategy::Ours { delay_min: ours.0, delay_max: ours.1 },
        }
    }

    /// Its settings, from hasty to patient.
    pub fn settings(self, ours: (Millis, Millis)) -> Vec<Strategy> {
        let asked = (200..=1_500).step_by(100).map(Millis::new);
        match self {
            Self::Silence => {
                let delays = (200..=2_000).step_by(50).map(Millis::new);
                delays.map(|delay| Strategy::Silence { delay }).collect()
            }
            Self::OneShot => {
                let threshold = Permille::new(500);
                asked.map(|asked| Strategy::OneShot { asked, threshold }).collect()
            }
            Self::OneShotBest => {
                let thresholds = [50, 100, 200, 300, 400, 500, 600, 700, 800, 900, 950, 980];
                let each = |asked| {
                    thresholds.map(|threshold| Strategy::OneShot {
                        asked,
                        threshold: Permille::new(threshold),
                    })
                };
                asked.flat_map(each).collect()
            }
            Self::Ours => {
                let mins = [200, 250, 300, 350, 400, 500, 600, 700, 850, 1_000].map(Millis::new);
                let maxs = [700, 1_000, 1_250, 1_500, 2_000, 2_500, 3_000, 3_500].map(Millis::new);
                let each = |delay_min: Millis| {
                    let some = maxs.into_iter().filter(move |&delay_max| delay_min <= delay_max);
                    some.map(move |delay_max| Strategy::Ours { delay_min, delay_max })
                };
                mins.into_iter().flat_map(each).chain([self.shipped(ours)]).collect()
            }
        }
    }

    /// What all its settings give, by rising delay; only those that no other one beats.
    pub fn curve(
        self,
        ours: (Millis, Millis),
        (heard, words): (&[Heard], &Words),
        delay: Delay,
        wanted: impl Fn(&Turn) -> bool + Copy,
    ) -> Vec<Point> {
        let point = |strategy| Point { strategy, tally: tally(strategy, heard, words, wanted) };
        let mut points: Vec<Point> = self.settings(ours).into_iter().map(point).collect();
        points.sort_by(|a, b| delay.of(&a.tally).total_cmp(&delay.of(&b.tally)));
        let mut best = f64::INFINITY;
        points.retain(|point| {
            let is_better = point.tally.rate() < best;
            best = best.min(point.tally.rate());
            is_better
        });
        points
    }
}

/// The fewest cut-offs of `curve` within `most` milliseconds.
pub fn within(curve: &[Point], delay: Delay, most: f64) -> Option<&Point> {
    curve.iter().rfind(|point| delay.of(&point.tally) <= most)
}

/// The soonest point of `curve` with no more cut-offs than `share`.
pub fn at_most(curve: &[Point], share: f64) -> Option<&Point> {
    curve.iter().find(|point| point.tally.rate() <= share)
}

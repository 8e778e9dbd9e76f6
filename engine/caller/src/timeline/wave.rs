//! Both tracks as strokes.

use std::fmt::Write;

use super::Timeline;
use super::row::{LEFT, Row};
use super::svg::Short;
use crate::Ear;

/// The height of a track.
pub(super) const WAVE: f64 = 58.0;

/// Units per column of a waveform.
const COLUMN: f64 = 1.5;

/// Quieter tracks than this are not blown up to full height.
const PEAK_MIN: f64 = 2_000.0;

/// Both tracks, ready to be drawn.
pub(super) struct Waves<'a> {
    pub(super) caller: Wave<'a>,
    pub(super) agent: Wave<'a>,
    /// Seconds.
    pub(super) agent_spans: Vec<(f64, f64)>,
}

pub(super) struct Wave<'a> {
    samples: &'a [i16],
    hz: f64,
    peak: f64,
}

impl<'a> Waves<'a> {
    pub(super) fn of(timeline: &'a Timeline) -> Self {
        let hz = f64::from(timeline.rate.hz());
        let mut ear = Ear::new(timeline.rate);
        ear.hear(&timeline.agent);
        let spans = ear.spans().iter().map(|s| (s.start as f64 / hz, s.end as f64 / hz));
        Self {
            caller: Wave::of(&timeline.caller, hz),
            agent: Wave::of(&timeline.agent, hz),
            agent_spans: spans.collect(),
        }
    }
}

impl<'a> Wave<'a> {
    fn of(samples: &'a [i16], hz: f64) -> Self {
        let peak = samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0);
        Self { samples, hz, peak: f64::from(peak).max(PEAK_MIN) }
    }

    /// One stroke per column from the lowest to the highest sample in it; silence has none.
    pub(super) fn columns(&self, row: Row, middle: f64) -> String {
        let mut commands = String::new();
        let count = ((row.x(row.to) - LEFT) / COLUMN) as usize;
        let height = (WAVE / 2.0 - 4.0) / self.peak;
        for column in 0..count {
            let at = |column: usize| {
                ((row.from + column as f64 * COLUMN / row.scale()) * self.hz) as usize
            };
            let end = at(column + 1).min(self.samples.len());
            let part = &self.samples[at(column).min(end)..end];
            let (Some(&low), Some(&high)) = (part.iter().min(), part.iter().max()) else { break };
            let (top, bottom) = (f64::from(high) * height, f64::from(low) * height);
            if 0.8 <= top - bottom {
                let x = Short(LEFT + (column as f64 + 0.5) * COLUMN);
                let (top, bottom) = (Short(middle - top), Short(middle - bottom));
                write!(commands, "M{x} {top}V{bottom}").expect("a String takes it");
            }
        }
        commands
    }
}

//! The caller's audio timeline: which sample is which moment of the call.

use types::{CallTime, Millis, SampleRate};

/// Samples may lag the clock by this much before the timeline is anchored anew: more is not
/// jitter but a carrier that paused.
const LAG_MAX: Millis = Millis::new(400);

/// Maps sample indexes of the caller's audio to the call's clock.
///
/// The first frame anchors it; from then on samples count, not arrivals. A carrier that sends
/// nothing for a while makes the samples fall behind the clock: then the anchor moves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeline {
    rate: SampleRate,
    anchor: Option<(u64, CallTime)>,
}

impl Timeline {
    /// A timeline of audio at `rate` that has not begun.
    pub(crate) fn new(rate: SampleRate) -> Self {
        Self { rate, anchor: None }
    }

    /// Notes that audio up to sample `end` had arrived at `now`.
    pub(crate) fn note_arrival(&mut self, end: u64, now: CallTime) {
        let placed = self.anchor.map(|_| self.time_of(end));
        match placed {
            // Audio cannot be newer than its arrival, nor much older.
            Some(placed) if placed <= now && now.since(placed) <= LAG_MAX => (),
            Some(_) | None => self.anchor = Some((end, now)),
        }
    }

    /// The moment of sample `index`.
    pub(crate) fn time_of(&self, index: u64) -> CallTime {
        let Some((sample, time)) = self.anchor else { return CallTime::ZERO };
        let micros = |samples: u64| samples * 1_000_000 / u64::from(self.rate.hz());
        if index < sample {
            CallTime::from_micros(time.as_micros().saturating_sub(micros(sample - index)))
        } else {
            CallTime::from_micros(time.as_micros() + micros(index - sample))
        }
    }

    /// The sample of moment `time`; the first if it lies before.
    pub(crate) fn sample_at(&self, time: CallTime) -> u64 {
        let Some((sample, anchor)) = self.anchor else { return 0 };
        let samples = |micros: u64| micros * u64::from(self.rate.hz()) / 1_000_000;
        if time < anchor {
            sample.saturating_sub(samples(anchor.as_micros() - time.as_micros()))
        } else {
            sample + samples(time.as_micros() - anchor.as_micros())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_count_and_jitter_does_not() {
        let mut timeline = Timeline::new(SampleRate::Hz8000);
        timeline.note_arrival(160, CallTime::from_millis(20));
        assert_eq!(timeline.time_of(0), CallTime::ZERO);
        timeline.note_arrival(320, CallTime::from_millis(70));
        assert_eq!(timeline.time_of(320), CallTime::from_millis(40));
        assert_eq!(timeline.sample_at(CallTime::from_millis(40)), 320);
    }

    #[test]
    fn a_pause_of_the_carrier_moves_the_anchor() {
        let mut timeline = Timeline::new(SampleRate::Hz8000);
        timeline.note_arrival(160, CallTime::from_millis(20));
        timeline.note_arrival(320, CallTime::from_millis(5_000));
        assert_eq!(timeline.time_of(320), CallTime::from_millis(5_000));
        // A clock that runs faster over there: audio would lie ahead of its arrival.
        timeline.note_arrival(640, CallTime::from_millis(5_010));
        assert_eq!(timeline.time_of(640), CallTime::from_millis(5_010));
    }
}

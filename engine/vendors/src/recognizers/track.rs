//! Times of one connection into places of the call.

use std::time::Duration;

use types::SampleRate;

/// What one connection was sent, stretch by stretch, and where each lies in the call.
///
/// A vendor counts from the first sample that *this* connection received, fillings included.
#[derive(Debug)]
pub(crate) struct Track {
    rate: SampleRate,
    /// Samples sent.
    sent: u64,
    /// Where a stretch begins in what was sent, and in the call. Ascending; never empty.
    stretches: Vec<(u64, u64)>,
}

/// Stretches kept at most: a call that pauses more often than this per connection maps its oldest
/// fillings a little early.
const STRETCHES_MAX: usize = 1_024;

impl Track {
    /// A connection whose first sample will be sample `at` of the call.
    pub(crate) fn new(rate: SampleRate, at: u64) -> Self {
        Self { rate, sent: 0, stretches: vec![(0, at)] }
    }

    /// `samples` of the call's audio were sent, from place `at` on.
    pub(crate) fn sent(&mut self, at: u64, samples: usize) {
        if self.place_of(self.sent) != at {
            self.turn_to(at);
        }
        self.sent += samples as u64;
    }

    /// `samples` of silence were sent that are not in the call.
    pub(crate) fn filled(&mut self, samples: usize) {
        let place = self.place_of(self.sent);
        self.sent += samples as u64;
        self.turn_to(place);
    }

    fn turn_to(&mut self, place: u64) {
        if self.stretches.len() == STRETCHES_MAX {
            self.stretches.remove(0);
        }
        self.stretches.push((self.sent, place));
    }

    /// The place in the call that the vendor calls `at`.
    pub(crate) fn place(&self, at: Duration) -> u64 {
        let sample = at.as_micros() * u128::from(self.rate.hz()) / 1_000_000;
        self.place_of(u64::try_from(sample).unwrap_or(u64::MAX).min(self.sent))
    }

    fn place_of(&self, sample: u64) -> u64 {
        let next = self.stretches.partition_point(|(from, _)| *from <= sample);
        let (from, place) = self.stretches[next.saturating_sub(1)];
        let place = place + sample.saturating_sub(from);
        // A filling has no length in the call.
        self.stretches.get(next).map_or(place, |(_, end)| place.min(*end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_later_connection_counts_from_where_it_began() {
        let mut track = Track::new(SampleRate::Hz8000, 16_000);
        track.sent(16_000, 8_000);
        assert_eq!(track.place(ms(0)), 16_000);
        assert_eq!(track.place(ms(500)), 20_000);
        assert_eq!(track.place(ms(9_999)), 24_000, "nothing is heard before it is sent");
    }

    #[test]
    fn fillings_take_no_place() {
        let mut track = Track::new(SampleRate::Hz8000, 0);
        track.sent(0, 800);
        track.filled(4_000);
        track.sent(800, 800);
        assert_eq!(track.place(ms(100)), 800);
        assert_eq!(track.place(ms(300)), 800, "within the filling");
        assert_eq!(track.place(ms(650)), 1_200);
    }
}

//! When a request to the carrier is made again: pure, so that time can be anything.
//!
//! No reply within half a second: the same again (telnyx.md §3.2, CRETRY). A fault of the carrier's:
//! at once, then with growing gaps; with even ones where a caller listens to silence until it is
//! done. Too many requests: when the carrier says. Everything else is final.

use std::time::Duration;

use super::carrier::CarrierError;

/// How long a reply may take before the identical request is sent again.
pub(crate) const REPLY_WAIT: Duration = Duration::from_millis(500);

/// Attempts in all: what the carrier's own advice calls the most (telnyx.md §3.2, REL).
const ATTEMPTS_MAX: u32 = 5;

/// The time all attempts may take: a caller does not wait longer.
const SPAN_MAX: Duration = Duration::from_secs(6);

/// Between attempts that failed, from the third on, doubling.
const GAP: Duration = Duration::from_millis(200);

/// Between attempts that a caller waits for, from the third on: a carrier that works again is found
/// out within this time and [`JITTER_MAX`].
const LISTENER_GAP: Duration = Duration::from_millis(200);

/// What is added to that at most, unlike from leg to leg: those who were cut off together do not ask
/// together.
const JITTER_MAX: Duration = Duration::from_millis(100);

/// Who waits for a request to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Nobody who hears anything of it.
    Order,
    /// A caller who hears nothing until then; the number spreads the attempts of many.
    Listener(u64),
}

/// How one attempt went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setback {
    pub(crate) error: CarrierError,
    /// What the carrier asked us to wait.
    pub(crate) wait: Option<Duration>,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The same again, after this time.
    Again(Duration),
    /// It is final.
    GiveUp(CarrierError),
}

/// The attempts at one request.
#[derive(Debug)]
pub(crate) struct Attempts {
    patience: Patience,
    made: u32,
}

impl Attempts {
    /// None made yet.
    pub(crate) fn new(patience: Patience) -> Self {
        Self { patience, made: 0 }
    }

    /// What to do after a setback, `since` the first attempt began.
    pub(crate) fn handle_setback(&mut self, since: Duration, setback: Setback) -> Next {
        self.made += 1;
        let gap = match &setback.error {
            CarrierError::NoReply | CarrierError::Faulty { .. } => match self.made {
                1 => Duration::ZERO,
                made => self.patience.gap(made),
            },
            CarrierError::Throttled => setback.wait.unwrap_or(GAP * 2),
            CarrierError::Ended
            | CarrierError::NotAnswered
            | CarrierError::Streaming
            | CarrierError::Unauthorized
            | CarrierError::Refused { .. }
            | CarrierError::Unreadable
            | CarrierError::Shed => return Next::GiveUp(setback.error),
        };
        if self.patience.attempts_max() <= self.made || SPAN_MAX <= since + gap {
            return Next::GiveUp(setback.error);
        }
        Next::Again(gap)
    }
}

impl Patience {
    /// The gap before the next attempt when `made` have failed, two at least.
    fn gap(self, made: u32) -> Duration {
        match self {
            Self::Order => GAP * 2_u32.pow(made.min(8) - 2),
            Self::Listener(seed) => {
                let spread = seed.wrapping_add(u64::from(made)).wrapping_mul(SPREAD) >> 32;
                let share = spread as f64 / f64::from(u32::MAX);
                LISTENER_GAP + JITTER_MAX.mul_f64(share)
            }
        }
    }

    const fn attempts_max(self) -> u32 {
        match self {
            Self::Order => ATTEMPTS_MAX,
            // [`SPAN_MAX`] bounds them: thirty.
            Self::Listener(_) => u32::MAX,
        }
    }
}

/// Makes neighbors differ (2^64 / golden ratio, as in SplitMix64, Steele et al. 2014).
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs attempts that all fail with `error`: when each began, and what came of it in the end.
    fn run(
        error: &CarrierError,
        takes: Duration,
        wait: Option<Duration>,
    ) -> (Vec<u64>, CarrierError) {
        run_with(Patience::Order, error, (takes, wait))
    }

    fn run_with(
        patience: Patience,
        error: &CarrierError,
        (takes, wait): (Duration, Option<Duration>),
    ) -> (Vec<u64>, CarrierError) {
        let (mut attempts, mut now, mut began) =
            (Attempts::new(patience), Duration::ZERO, Vec::new());
        loop {
            began.push(now.as_millis() as u64);
            now += takes;
            match attempts.handle_setback(now, Setback { error: error.clone(), wait }) {
                Next::Again(gap) => now += gap,
                Next::GiveUp(error) => return (began, error),
            }
        }
    }

    #[test]
    fn silence_is_answered_with_the_same_again() {
        let (began, error) = run(&CarrierError::NoReply, REPLY_WAIT, None);
        assert_eq!(began, [0, 500, 1_200, 2_100, 3_400]);
        assert_eq!(error, CarrierError::NoReply);
    }

    #[test]
    fn a_fault_is_tried_again_at_once_and_then_with_growing_gaps() {
        let faulty = CarrierError::Faulty { status: 503 };
        let (began, error) = run(&faulty, Duration::from_millis(10), None);
        assert_eq!(began, [0, 10, 220, 630, 1_440]);
        assert_eq!(error, faulty);
    }

    #[test]
    fn a_caller_in_silence_is_tried_for_at_an_even_pace_as_long_as_attempts_may_take() {
        for error in [CarrierError::NoReply, CarrierError::Faulty { status: 503 }] {
            for takes in [Duration::from_millis(1), REPLY_WAIT] {
                let mut seconds = Vec::new();
                for seed in 0..50 {
                    let patience = Patience::Listener(seed);
                    let (began, told) = run_with(patience, &error, (takes, None));
                    assert_eq!(told, error);
                    let gap_max = (takes + LISTENER_GAP + JITTER_MAX).as_millis() as u64;
                    let gaps = began.windows(2).map(|pair| pair[1] - pair[0]);
                    assert!(gaps.max() <= Some(gap_max), "{began:?}");
                    assert!(Some(&5_000) < began.last(), "given up too soon: {began:?}");
                    assert!(began.len() <= 31, "{began:?}");
                    seconds.push(began[2]);
                }
                seconds.sort_unstable();
                seconds.dedup();
                assert!(30 < seconds.len(), "they ask together: {seconds:?}");
            }
        }
    }

    #[test]
    fn who_is_told_to_wait_waits_as_long_as_told_if_that_makes_sense() {
        let throttled = CarrierError::Throttled;
        let second = Some(Duration::from_secs(1));
        let (began, _) = run(&throttled, Duration::from_millis(100), second);
        assert_eq!(began, [0, 1_100, 2_200, 3_300, 4_400]);
        let (began, _) = run(&throttled, Duration::ZERO, Some(Duration::from_secs(60)));
        assert_eq!(began, [0], "a minute is more than a caller waits");
    }

    #[test]
    fn refusals_are_final() {
        for error in [
            CarrierError::Ended,
            CarrierError::NotAnswered,
            CarrierError::Unauthorized,
            CarrierError::Refused { status: 422, code: 90_102 },
            CarrierError::Unreadable,
        ] {
            assert_eq!(run(&error, Duration::ZERO, None).0, [0], "{error}");
        }
    }
}

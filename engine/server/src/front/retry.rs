//! When a request to the carrier is made again: pure, so that time can be anything.
//!
//! No reply within half a second: the same again (telnyx.md §3.2, CRETRY). A fault of the carrier's:
//! at once, then with growing gaps. Too many requests: when the carrier says. Everything else is
//! final.

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
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    made: u32,
}

impl Attempts {
    /// What to do after a setback, `since` the first attempt began.
    pub(crate) fn handle_setback(&mut self, since: Duration, setback: Setback) -> Next {
        self.made += 1;
        let gap = match &setback.error {
            CarrierError::NoReply | CarrierError::Faulty { .. } => match self.made {
                1 => Duration::ZERO,
                made => GAP * 2_u32.pow(made.min(8) - 2),
            },
            CarrierError::Throttled => setback.wait.unwrap_or(GAP * 2),
            CarrierError::Ended
            | CarrierError::NotAnswered
            | CarrierError::Unauthorized
            | CarrierError::Refused { .. }
            | CarrierError::Unreadable
            | CarrierError::Shed => return Next::GiveUp(setback.error),
        };
        if ATTEMPTS_MAX <= self.made || SPAN_MAX <= since + gap {
            return Next::GiveUp(setback.error);
        }
        Next::Again(gap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs attempts that all fail with `error`: when each began, and what came of it in the end.
    fn run(
        error: &CarrierError,
        takes: Duration,
        wait: Option<Duration>,
    ) -> (Vec<u64>, CarrierError) {
        let (mut attempts, mut now, mut began) = (Attempts::default(), Duration::ZERO, Vec::new());
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

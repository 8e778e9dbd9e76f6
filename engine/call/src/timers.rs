//! Every wake-up of a call has a name.

use serde::{Deserialize, Serialize};
use types::CallTime;

/// What a call can be waiting for the time of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timer {
    /// The caller's silence has become long enough to end the turn.
    Endpoint,
    /// The recognizer's last words are overdue: use what is there.
    FinalWait,
    /// The caller has been speaking without a pause for too long to be a turn.
    SpeechMax,
    /// Barge-in must be decided now.
    BargeInArbitration,
    /// The agent has been heard for long enough to be stopped.
    BargeInArmed,
    /// The report of what was heard before a clear is overdue.
    ClearWait,
    /// No further key came: the entry is complete.
    DtmfGap,
    /// The brain has gone quiet.
    ThinkWait,
    /// The voice has gone quiet.
    VoiceWait,
    /// All audio must have been heard by now, whether or not the carrier said so.
    PlayoutWait,
    /// The caller has said nothing for too long.
    NoInput,
    /// The goodbye's last sound has died away: hang up.
    GoodbyeWait,
    /// A goodbye is due and the reply before it does not end.
    ClosingWait,
    /// A transfer shows no result.
    TransferWait,
    /// The leg was told to hang up and does not.
    HangUpWait,
    /// The leg has been without media for too long.
    DetachedMax,
    /// The leg was told to carry media again and does not: tell it once more.
    Reattach,
    /// The caller was asked to go on and does not.
    GoOnWait,
    /// The call will reach its longest duration soon.
    DurationWarning,
    /// The call has reached its longest duration.
    DurationMax,
}

impl Timer {
    /// Every timer, in the order in which those due at the same time fire.
    pub const ALL: [Self; 20] = [
        Self::Endpoint,
        Self::FinalWait,
        Self::SpeechMax,
        Self::BargeInArbitration,
        Self::BargeInArmed,
        Self::ClearWait,
        Self::DtmfGap,
        Self::ThinkWait,
        Self::VoiceWait,
        Self::PlayoutWait,
        Self::NoInput,
        Self::GoodbyeWait,
        Self::ClosingWait,
        Self::TransferWait,
        Self::HangUpWait,
        Self::DetachedMax,
        Self::Reattach,
        Self::GoOnWait,
        Self::DurationWarning,
        Self::DurationMax,
    ];
}

const _: () = {
    let mut index = 0;
    while index < Timer::ALL.len() {
        assert!(Timer::ALL[index] as usize == index, "the table is indexed by the enum");
        index += 1;
    }
};

/// When each timer fires, if it runs.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    due: [Option<CallTime>; Timer::ALL.len()],
}

impl Timers {
    /// (Re)starts `timer`; a point already past fires at the next opportunity.
    pub(crate) fn start(&mut self, timer: Timer, due: CallTime) {
        self.due[timer as usize] = Some(due);
    }

    pub(crate) fn stop(&mut self, timer: Timer) {
        self.due[timer as usize] = None;
    }

    pub(crate) fn stop_all(&mut self) {
        self.due = Default::default();
    }

    pub(crate) fn runs(&self, timer: Timer) -> bool {
        self.due[timer as usize].is_some()
    }

    /// The timer that fires first.
    pub(crate) fn next(&self) -> Option<(CallTime, Timer)> {
        Timer::ALL
            .into_iter()
            .filter_map(|timer| self.due[timer as usize].map(|due| (due, timer)))
            .min()
    }

    /// Stops and names the first timer due at `now`.
    pub(crate) fn take_due(&mut self, now: CallTime) -> Option<Timer> {
        let (due, timer) = self.next()?;
        if now < due {
            return None;
        }
        self.stop(timer);
        Some(timer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_fires_first_and_once() {
        let mut timers = Timers::default();
        timers.start(Timer::NoInput, CallTime::from_millis(900));
        timers.start(Timer::Endpoint, CallTime::from_millis(300));
        assert_eq!(timers.take_due(CallTime::from_millis(299)), None);
        assert_eq!(timers.take_due(CallTime::from_millis(300)), Some(Timer::Endpoint));
        assert_eq!(timers.take_due(CallTime::from_millis(300)), None);
        assert_eq!(timers.next(), Some((CallTime::from_millis(900), Timer::NoInput)));
    }
}

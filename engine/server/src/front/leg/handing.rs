//! Callers who are told that there is no place, and callers who are handed to somebody else.

use types::{CallTime, E164, Millis};

use super::super::carrier::CarrierError;
use super::{Answered, Inside, LegLife, LegOrder, Notice, Parted, Phase, Way, Why};

/// How much later than the ring itself a transfer is given up: its webhooks take their time.
const RING_SLACK: Millis = Millis::from_secs(5);

impl LegLife {
    pub(super) fn start_telling(&mut self, now: CallTime, notice: Notice) {
        let Notice { span, then } = notice;
        self.phase = Phase::Telling { until: now + span, then };
        self.orders.push_back(LegOrder::Speak);
    }

    pub(super) fn on_speak_done(&mut self, now: CallTime, outcome: Result<(), CarrierError>) {
        let Phase::Telling { then, .. } = self.phase else { return };
        match outcome {
            // Accepted: so it is answered, whatever webhook got lost.
            Ok(()) => self.answered = Answered::Yes,
            Err(CarrierError::Ended) => self.leg_is_gone(now, Why::Overflow),
            // Silence is no answer: what comes after the words comes now.
            Err(_) => self.go_on_after_words(now, then),
        }
    }

    pub(super) fn on_said(&mut self, now: CallTime) {
        if let Phase::Telling { then, .. } = self.phase {
            self.go_on_after_words(now, then);
        }
    }

    pub(super) fn go_on_after_words(&mut self, now: CallTime, then: Option<E164>) {
        match then {
            Some(to) => self.hand(now, to),
            None => self.hang_up(now, Why::Overflow),
        }
    }

    /// The call wants its caller handed over. A document's leg cannot be: its stream would end, and
    /// with it the document and the call (telnyx.md §5.13).
    pub(super) fn on_transfer(&mut self, now: CallTime, to: E164) {
        match (self.phase, self.way) {
            (Phase::Carried, Way::Ordered | Way::Inline) => self.hand(now, to),
            (Phase::Carried, Way::Document) => self.orders.push_back(LegOrder::TellTransferFailed),
            // One at a time; and a leg that ends needs nobody any more.
            (
                Phase::Refusing { .. }
                | Phase::Answering { .. }
                | Phase::Starting(_)
                | Phase::Telling { .. }
                | Phase::Handing { .. }
                | Phase::Draining { .. }
                | Phase::HandedOver { .. }
                | Phase::HangingUp { .. }
                | Phase::Over,
                _,
            ) => (),
        }
    }

    fn hand(&mut self, now: CallTime, to: E164) {
        let until = now + self.settings.transfer_ring + RING_SLACK;
        self.phase = Phase::Handing { until };
        self.orders.push_back(LegOrder::Transfer { to });
    }

    pub(super) fn on_transfer_done(&mut self, now: CallTime, outcome: Result<(), CarrierError>) {
        let Phase::Handing { .. } = self.phase else { return };
        match outcome {
            // Accepted: somebody is being rung.
            Ok(()) => (),
            Err(CarrierError::Ended) => {
                let why = match self.inside {
                    Inside::Nothing => Why::Overflow,
                    Inside::Socket | Inside::Call | Inside::CallOver => Why::Ended,
                };
                self.leg_is_gone(now, why);
            }
            Err(_) => self.come_back(now),
        }
    }

    pub(super) fn on_bridged(&mut self) {
        // They may pick up just when we have given them up; or when the process that rang them is
        // gone, and this one starts a stream for a caller who no longer needs it.
        if let Phase::Handing { .. } | Phase::Carried | Phase::Starting(_) = self.phase {
            self.phase = Phase::HandedOver { until: None };
            if self.inside == Inside::Call {
                self.orders.push_back(LegOrder::TellHandedOver);
            }
        }
    }

    pub(super) fn on_other_gone(&mut self, now: CallTime, parted: Parted) {
        match (self.phase, parted) {
            (Phase::Handing { .. }, Parted::Unanswered) => self.come_back(now),
            (Phase::Handing { .. }, Parted::Talked) => {
                // That they were connected is told late, or not at all.
                self.on_bridged();
                self.end_with_other(now);
            }
            (Phase::HandedOver { .. }, _) => self.end_with_other(now),
            (
                Phase::Refusing { .. }
                | Phase::Answering { .. }
                | Phase::Starting(_)
                | Phase::Carried
                | Phase::Telling { .. }
                | Phase::Draining { .. }
                | Phase::HangingUp { .. }
                | Phase::Over,
                _,
            ) => (),
        }
    }

    /// The carrier ends the caller's leg with the other one; if it does not, we do.
    fn end_with_other(&mut self, now: CallTime) {
        self.phase = Phase::HandedOver { until: Some(now + self.settings.end_wait) };
    }

    /// Nobody took the caller, who is ours again: the call's, or nobody's.
    pub(super) fn come_back(&mut self, now: CallTime) {
        match self.inside {
            Inside::Call => {
                self.phase = Phase::Carried;
                self.orders.push_back(LegOrder::TellTransferFailed);
            }
            Inside::Nothing | Inside::Socket | Inside::CallOver => self.hang_up(now, Why::Overflow),
        }
    }
}

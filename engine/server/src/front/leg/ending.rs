//! The end of a leg, whoever wants it, and who keeps its record.

use types::CallTime;

use super::super::carrier::CarrierError;
use super::{Answered, Close, Ending, Inside, LegLife, LegOrder, Phase, RecordBy, Why};

impl LegLife {
    pub(super) fn on_reject_done(&mut self, now: CallTime, outcome: Result<(), CarrierError>) {
        if let Phase::Refusing { cause, .. } = self.phase {
            match outcome {
                // `call.hangup` follows; nobody waits for it.
                Ok(()) | Err(CarrierError::Ended) => self.close(Why::Refused(cause)),
                Err(_) => self.hang_up(now, Why::Refused(cause)),
            }
        }
    }

    pub(super) fn on_hung_up(&mut self, now: CallTime) {
        let why = match self.phase {
            Phase::Refusing { cause, .. } => Why::Refused(cause),
            Phase::Answering { .. } | Phase::Starting(_) => Why::CallerGone,
            Phase::Carried | Phase::HandedOver => Why::Ended,
            Phase::HangingUp { why, .. } => why,
            Phase::Draining { .. } | Phase::Over => return,
        };
        self.leg_is_gone(now, why);
    }

    /// The leg is gone for sure. Whoever is inside is told, and waited for.
    pub(super) fn leg_is_gone(&mut self, now: CallTime, why: Why) {
        match self.inside {
            Inside::Nothing | Inside::CallOver => self.close(why),
            Inside::Socket => {
                let until = now + self.settings.start_wait + self.settings.end_wait;
                self.phase = Phase::Draining { until, why };
            }
            Inside::Call => {
                self.orders.push_back(LegOrder::EndCall);
                self.phase = Phase::Draining { until: now + self.settings.end_wait, why };
            }
        }
    }

    pub(super) fn on_ended(&mut self, now: CallTime, ending: Ending) {
        if self.inside != Inside::Call {
            return;
        }
        self.inside = Inside::CallOver;
        match self.phase {
            Phase::Carried => match ending {
                Ending::HangUp => self.hang_up(now, Why::Ended),
                Ending::HandedOver => self.phase = Phase::HandedOver,
            },
            Phase::Draining { why, .. } => self.close(why),
            Phase::HandedOver
            | Phase::HangingUp { .. }
            | Phase::Refusing { .. }
            | Phase::Answering { .. }
            | Phase::Starting(_)
            | Phase::Over => (),
        }
    }

    pub(super) fn on_handed_over(&mut self) {
        if self.phase == Phase::Carried {
            self.phase = Phase::HandedOver;
        }
    }

    pub(super) fn on_hang_up(&mut self, now: CallTime) {
        match self.phase {
            Phase::Answering { .. } | Phase::Starting(_) => self.hang_up(now, Why::Shutdown),
            Phase::Carried | Phase::HandedOver => self.hang_up(now, Why::Ended),
            Phase::Refusing { .. }
            | Phase::Draining { .. }
            | Phase::HangingUp { .. }
            | Phase::Over => (),
        }
    }

    pub(super) fn on_hang_up_done(&mut self, now: CallTime, outcome: Result<(), CarrierError>) {
        let Phase::HangingUp { n, why, .. } = self.phase else { return };
        match outcome {
            // Accepted; `call.hangup` tells when, and if it does not we ask again.
            Ok(()) => (),
            Err(CarrierError::Ended) => self.leg_is_gone(now, why),
            Err(_) if self.settings.hang_up_tries_max <= n + 1 => self.leg_is_gone(now, why),
            Err(_) => {
                let until = now + self.settings.stream_gap;
                self.phase = Phase::HangingUp { until, n, why };
            }
        }
    }

    pub(super) fn hang_up(&mut self, now: CallTime, why: Why) {
        self.phase = Phase::HangingUp { until: now + self.settings.hang_up_wait, n: 0, why };
        self.orders.push_back(LegOrder::HangUp { n: 0 });
        if self.inside == Inside::Call {
            self.orders.push_back(LegOrder::EndCall);
        }
    }

    pub(super) fn hang_up_again(&mut self, now: CallTime, n: u32, why: Why) {
        if self.settings.hang_up_tries_max <= n + 1 {
            return self.leg_is_gone(now, why);
        }
        let until = now + self.settings.hang_up_wait;
        self.phase = Phase::HangingUp { until, n: n + 1, why };
        self.orders.push_back(LegOrder::HangUp { n: n + 1 });
    }

    pub(super) fn close(&mut self, why: Why) {
        let record = match (self.inside, self.answered) {
            (Inside::Call | Inside::CallOver, _) => RecordBy::Call,
            (Inside::Nothing | Inside::Socket, Answered::Yes) => RecordBy::Front,
            (Inside::Nothing | Inside::Socket, Answered::No) => RecordBy::Nobody,
        };
        self.phase = Phase::Over;
        self.orders.push_back(LegOrder::Close(Close { record, why }));
    }
}

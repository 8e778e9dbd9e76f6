//! From the ring to the call: the answer, and a stream that comes up.

use types::{CallTime, Millis};

use super::super::carrier::CarrierError;
use super::{Answered, Errand, Inside, LegLife, LegOrder, Phase, Starting, Step, Way, Why};

/// How much later than its socket a leg gives up on `start`.
const SOCKET_SLACK: Millis = Millis::from_secs(1);

impl LegLife {
    pub(super) fn on_answered(&mut self, now: CallTime) {
        match self.phase {
            Phase::Answering { .. } => {
                self.answered = Answered::Yes;
                match (self.errand, self.way) {
                    (Errand::Tell(notice), _) => self.start_telling(now, notice),
                    (Errand::Call, Way::Ordered) => self.start_stream(now, 0),
                    (Errand::Call, Way::Inline) => {
                        self.phase = self.starting(now, 0, Step::Ordered);
                    }
                    (Errand::Call, Way::Document) => (),
                }
            }
            // It was slow, and the carrier would not stream before: now it will.
            Phase::Starting(Starting { n, step: Step::Paused, .. }) => {
                self.answered = Answered::Yes;
                self.start_stream(now, n);
            }
            Phase::Starting(_) | Phase::Telling { .. } | Phase::HangingUp { .. } => {
                self.answered = Answered::Yes;
            }
            Phase::Refusing { .. }
            | Phase::Carried
            | Phase::Draining { .. }
            | Phase::Handing { .. }
            | Phase::HandedOver { .. }
            | Phase::Over => (),
        }
    }

    pub(super) fn on_was_answered(&mut self) {
        match self.phase {
            Phase::Answering { .. } | Phase::Starting(_) | Phase::Telling { .. } => {
                self.answered = Answered::Yes;
            }
            // We hung up ourselves: that it ended in order says nothing.
            Phase::HangingUp { .. }
            | Phase::Refusing { .. }
            | Phase::Carried
            | Phase::Draining { .. }
            | Phase::Handing { .. }
            | Phase::HandedOver { .. }
            | Phase::Over => (),
        }
    }

    pub(super) fn on_answer_done(&mut self, now: CallTime, outcome: Result<(), CarrierError>) {
        if let Phase::Answering { .. } = self.phase {
            match outcome {
                // Accepted; `call.answered` tells when.
                Ok(()) => (),
                Err(CarrierError::Ended) => self.leg_is_gone(now, Why::CallerGone),
                Err(_) => self.hang_up(now, Why::AnswerFailed),
            }
        }
    }

    pub(super) fn on_stream_done(&mut self, now: CallTime, outcome: Result<(), CarrierError>) {
        let Phase::Starting(Starting { n, step: Step::Ordered, .. }) = self.phase else { return };
        match outcome {
            // Accepted: so it is answered, whatever webhook got lost.
            Ok(()) => self.answered = Answered::Yes,
            Err(CarrierError::Ended) => self.leg_is_gone(now, Why::CallerGone),
            Err(_) => self.stream_again(now, n),
        }
    }

    pub(super) fn on_stream_failed(&mut self, now: CallTime) {
        match self.phase {
            Phase::Starting(Starting { n, step: Step::Ordered, .. }) => self.stream_again(now, n),
            Phase::Carried => self.orders.push_back(LegOrder::TellStreamFailed),
            // A socket is there already, so this is about an earlier attempt; or nobody cares.
            Phase::Starting(_)
            | Phase::Refusing { .. }
            | Phase::Answering { .. }
            | Phase::Draining { .. }
            | Phase::Telling { .. }
            | Phase::Handing { .. }
            | Phase::HandedOver { .. }
            | Phase::HangingUp { .. }
            | Phase::Over => (),
        }
    }

    pub(super) fn on_socket_opened(&mut self, now: CallTime) {
        if self.inside != Inside::Nothing {
            return;
        }
        self.inside = Inside::Socket;
        match self.phase {
            Phase::Answering { .. } => {
                self.phase = self.starting(now, 0, Step::Opened);
            }
            Phase::Starting(Starting { n, .. }) => {
                self.phase = self.starting(now, n, Step::Opened);
            }
            // Its `start` comes or it does not: the socket will say.
            Phase::Refusing { .. }
            | Phase::Carried
            | Phase::Draining { .. }
            | Phase::Telling { .. }
            | Phase::Handing { .. }
            | Phase::HandedOver { .. }
            | Phase::HangingUp { .. }
            | Phase::Over => (),
        }
    }

    pub(super) fn on_socket_failed(&mut self, now: CallTime) {
        if self.inside != Inside::Socket {
            return;
        }
        self.inside = Inside::Nothing;
        match self.phase {
            Phase::Starting(Starting { n, .. }) => self.stream_again(now, n),
            Phase::Draining { why, .. } => self.close(why),
            Phase::Refusing { .. }
            | Phase::Answering { .. }
            | Phase::Carried
            | Phase::Telling { .. }
            | Phase::Handing { .. }
            | Phase::HandedOver { .. }
            | Phase::HangingUp { .. }
            | Phase::Over => (),
        }
    }

    pub(super) fn on_began(&mut self, now: CallTime) {
        if self.inside != Inside::Socket {
            return;
        }
        self.inside = Inside::Call;
        self.answered = Answered::Yes;
        match self.phase {
            Phase::Answering { .. } | Phase::Starting(_) => self.phase = Phase::Carried,
            // Too late: the leg is gone, or about to be.
            Phase::Draining { why, .. } => self.leg_is_gone(now, why),
            Phase::HangingUp { .. } => self.orders.push_back(LegOrder::EndCall),
            // Two people talk by now: nobody is to speak between them.
            Phase::HandedOver { .. } => self.orders.push_back(LegOrder::TellHandedOver),
            Phase::Refusing { .. }
            | Phase::Carried
            | Phase::Telling { .. }
            | Phase::Handing { .. }
            | Phase::Over => (),
        }
    }

    pub(super) fn starting(&self, now: CallTime, n: u32, step: Step) -> Phase {
        let wait = match step {
            Step::Ordered => self.settings.socket_wait,
            // The socket itself gives up first, and is closed: two streams the carrier does not take.
            Step::Opened => self.settings.start_wait + SOCKET_SLACK,
            Step::Paused => self.settings.stream_gap,
        };
        Phase::Starting(Starting { n, step, until: now + wait })
    }

    pub(super) fn start_stream(&mut self, now: CallTime, n: u32) {
        self.phase = self.starting(now, n, Step::Ordered);
        self.orders.push_back(LegOrder::StartStream { n });
    }

    /// The `n`th stream did not come up. Silence is no answer: after the last one the leg is ended.
    pub(super) fn stream_again(&mut self, now: CallTime, n: u32) {
        if self.way == Way::Document || self.settings.stream_tries_max <= n + 1 {
            self.hang_up(now, Why::NoMedia);
        } else {
            self.phase = self.starting(now, n + 1, Step::Paused);
        }
    }
}

//! The life of one carrier leg, clock-free and pure: what happened goes in, orders come out.
//!
//! ```text
//! ring ──refused──► Refusing ─────────────────────────────────────────────┐
//!   │ accepted                                                            │
//!   ▼                                                                     ▼
//! Answering ──answered──► Starting ──a call began──► Carried ──ended──► HangingUp ──► Over
//!                            │ ▲                        │                 ▲
//!                            │ └─ again, a few times    └─transferred──►  HandedOver ──► Over
//!                            └─ never any media ──────────────────────────┘
//! ```
//!
//! Webhooks come in any order, twice, or never. So every state knows a deadline after which it acts
//! without them, and a leg is answered once, hung up until the carrier says it is gone, and closed
//! with exactly one [`Close`]. *Mutate, then drain*: after each `handle_*` take out
//! [`LegLife::poll_order`], then [`LegLife::poll_timeout`].

mod ending;
mod stream;
mod words;

use std::collections::VecDeque;

use types::CallTime;

use super::carrier::RejectCause;

pub use words::{Close, Ending, LegEvent, LegOrder, LegSettings, RecordBy, Verb, Way, Why};

/// What a leg waits for, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Refusing {
        cause: RejectCause,
        until: CallTime,
    },
    Answering {
        until: CallTime,
    },
    Starting(Starting),
    Carried,
    /// The leg is gone; its call, or the socket that may yet become one, has to say so.
    Draining {
        until: CallTime,
        why: Why,
    },
    HandedOver,
    HangingUp {
        until: CallTime,
        n: u32,
        why: Why,
    },
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Starting {
    n: u32,
    step: Step,
    until: CallTime,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The carrier is told to connect.
    Ordered,
    /// It has connected.
    Opened,
    /// It is told again once the deadline has come.
    Paused,
}

/// Who will write the record, as far as is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answered {
    No,
    Yes,
}

/// Whether a call, or a socket that may become one, lives on this leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inside {
    Nothing,
    Socket,
    Call,
    CallOver,
}

/// One leg.
#[derive(Debug)]
pub struct LegLife {
    settings: LegSettings,
    way: Way,
    phase: Phase,
    answered: Answered,
    inside: Inside,
    orders: VecDeque<LegOrder>,
}

impl LegLife {
    /// A leg that rings and is taken.
    pub fn take(now: CallTime, way: Way, settings: LegSettings) -> Self {
        let mut leg = Self {
            settings,
            way,
            phase: Phase::Answering { until: now + settings.answer_wait },
            answered: Answered::No,
            inside: Inside::Nothing,
            orders: VecDeque::new(),
        };
        match way {
            Way::Ordered | Way::Inline => leg.orders.push_back(LegOrder::Answer),
            Way::Document => {
                leg.answered = Answered::Yes;
                leg.phase = leg.starting(now, 0, Step::Ordered);
            }
        }
        leg
    }

    /// A leg of ours, answered already, whose call nobody here has yet: its stream is started.
    pub fn take_answered(now: CallTime, settings: LegSettings) -> Self {
        let mut leg = Self::take(now, Way::Document, settings);
        leg.way = Way::Ordered;
        leg.start_stream(now, 0);
        leg
    }

    /// A leg whose call lives here already: an earlier process answered it.
    pub fn adopt(settings: LegSettings) -> Self {
        let mut leg = Self::take(CallTime::ZERO, Way::Document, settings);
        leg.way = Way::Ordered;
        leg.phase = Phase::Carried;
        leg.inside = Inside::Call;
        leg
    }

    /// A leg that rings and is not taken.
    pub fn refuse(now: CallTime, cause: RejectCause, settings: LegSettings) -> Self {
        let mut leg = Self::take(now, Way::Document, settings);
        leg.way = Way::Ordered;
        leg.answered = Answered::No;
        leg.phase = Phase::Refusing { cause, until: now + settings.hang_up_wait };
        leg.orders.push_back(LegOrder::Reject(cause));
        leg
    }

    /// Takes in what happened.
    pub fn handle_event(&mut self, now: CallTime, event: LegEvent) {
        match event {
            LegEvent::Answered => self.on_answered(now),
            LegEvent::WasAnswered => self.on_was_answered(),
            LegEvent::HungUp => self.on_hung_up(now),
            LegEvent::StreamFailed => self.on_stream_failed(now),
            LegEvent::Done(Verb::Answer, outcome) => self.on_answer_done(now, outcome),
            LegEvent::Done(Verb::Reject, outcome) => self.on_reject_done(now, outcome),
            LegEvent::Done(Verb::StartStream, outcome) => self.on_stream_done(now, outcome),
            LegEvent::Done(Verb::HangUp, outcome) => self.on_hang_up_done(now, outcome),
            LegEvent::SocketOpened => self.on_socket_opened(now),
            LegEvent::SocketFailed => self.on_socket_failed(now),
            LegEvent::Began => self.on_began(now),
            LegEvent::Ended(ending) => self.on_ended(now, ending),
            LegEvent::HandedOver => self.on_handed_over(),
            LegEvent::HangUp => self.on_hang_up(now),
        }
    }

    /// The next order.
    pub fn poll_order(&mut self) -> Option<LegOrder> {
        self.orders.pop_front()
    }

    /// When something is to be done if nothing else happens.
    pub fn poll_timeout(&self) -> Option<CallTime> {
        match self.phase {
            Phase::Refusing { until, .. }
            | Phase::Answering { until }
            | Phase::Starting(Starting { until, .. })
            | Phase::Draining { until, .. }
            | Phase::HangingUp { until, .. } => Some(until),
            Phase::Carried | Phase::HandedOver | Phase::Over => None,
        }
    }

    /// Acts if the deadline has come.
    pub fn handle_timeout(&mut self, now: CallTime) {
        if self.poll_timeout().is_none_or(|until| now < until) {
            return;
        }
        match self.phase {
            // The carrier took the refusal, or could not be reached: it will time the leg out.
            Phase::Refusing { cause, .. } => self.close(Why::Refused(cause)),
            // `call.answered` is late or lost: if the leg is not answered, the carrier says so.
            Phase::Answering { .. } => self.start_stream(now, 0),
            Phase::Starting(Starting { n, step: Step::Paused, .. }) => self.start_stream(now, n),
            Phase::Starting(Starting { n, step: Step::Ordered | Step::Opened, .. }) => {
                self.stream_again(now, n);
            }
            Phase::Draining { why, .. } => self.close(why),
            Phase::HangingUp { n, why, .. } => self.hang_up_again(now, n, why),
            Phase::Carried | Phase::HandedOver | Phase::Over => (),
        }
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Whether it belongs to two people by now.
    pub fn is_handed_over(&self) -> bool {
        self.phase == Phase::HandedOver
    }
}

#[cfg(test)]
mod tests;

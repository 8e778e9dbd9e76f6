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

use std::collections::VecDeque;

use types::{CallTime, Millis};

use super::carrier::{CarrierError, RejectCause};

/// How long a leg may take for each step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LegSettings {
    /// Answered by us to `call.answered`; then the stream is started without it.
    pub answer_wait: Millis,
    /// Stream ordered to its socket.
    pub socket_wait: Millis,
    /// Socket to the beginning of the call: its `start`.
    pub start_wait: Millis,
    /// Between two attempts at a stream that failed at once.
    pub stream_gap: Millis,
    /// How often a stream is started before the leg is given up.
    pub stream_tries_max: u32,
    /// Hung up to `call.hangup`; then it is hung up again.
    pub hang_up_wait: Millis,
    /// How often a leg is hung up before the sweeper has to do it.
    pub hang_up_tries_max: u32,
    /// How long a call may take to end after its leg is gone.
    pub end_wait: Millis,
}

/// How much later than its socket a leg gives up on `start`.
const SOCKET_SLACK: Millis = Millis::from_secs(1);

/// How a leg reached us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By webhook: we answer it, then order its stream.
    Ordered,
    /// By webhook: the answer carries the stream's order.
    Inline,
    /// By a document that connects the stream: the carrier has answered it, and a stream cannot be
    /// ordered again.
    Document,
}

/// Something that happened to a leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LegEvent {
    /// The carrier says that it is answered.
    Answered,
    /// The carrier says, late, that it had been answered: nothing is to be done for it now.
    WasAnswered,
    /// The carrier says that it is gone.
    HungUp,
    /// The carrier could not stream.
    StreamFailed,
    /// What became of an order.
    Done(Verb, Result<(), CarrierError>),
    /// A socket showed the leg's token.
    SocketOpened,
    /// That socket did not become a call.
    SocketFailed,
    /// That socket became a call: from now on the call writes its own record.
    Began,
    /// The call is over, and its record is written.
    Ended(Ending),
    /// The call hands the caller over; from now on the leg is not ours to end.
    HandedOver,
    /// Somebody of the house wants it gone.
    HangUp,
}

/// How a call left its leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It is to be hung up.
    HangUp,
    /// The caller talks to somebody else.
    HandedOver,
}

/// The orders that have an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Pick up.
    Answer,
    /// Do not.
    Reject,
    /// Stream.
    StartStream,
    /// End it.
    HangUp,
}

/// What is to be done for a leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LegOrder {
    /// Pick it up; with the stream at once if the way is [`Way::Inline`].
    Answer,
    /// Do not pick it up.
    Reject(RejectCause),
    /// Have it streamed: the `n`th time. Earlier tokens are void.
    StartStream {
        /// Counted from 0.
        n: u32,
    },
    /// End it: the `n`th time.
    HangUp {
        /// Counted from 0.
        n: u32,
    },
    /// Tell its call that the leg is gone.
    EndCall,
    /// Tell its call that the stream it asked for again failed.
    TellStreamFailed,
    /// It is over: forget it.
    Close(Close),
}

/// How a leg's life ended. Comes exactly once, last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Close {
    /// Whose the record is.
    pub record: RecordBy,
    /// Why.
    pub why: Why,
}

/// Who writes what remains of a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecordBy {
    /// Its call has, or will.
    Call,
    /// The front door: it was answered, and no call began.
    Front,
    /// Nobody: it was not answered. The journal gets a line.
    Nobody,
}

/// Why a leg is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// It went as it should.
    Ended,
    /// We did not take it.
    Refused(RejectCause),
    /// The caller hung up before a call began.
    CallerGone,
    /// The carrier would not answer it.
    AnswerFailed,
    /// No stream came up.
    NoMedia,
    /// The house ended it.
    Shutdown,
}

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

    fn on_answered(&mut self, now: CallTime) {
        match self.phase {
            Phase::Answering { .. } => {
                self.answered = Answered::Yes;
                match self.way {
                    Way::Ordered => self.start_stream(now, 0),
                    Way::Inline => self.phase = self.starting(now, 0, Step::Ordered),
                    Way::Document => (),
                }
            }
            // It was slow, and the carrier would not stream before: now it will.
            Phase::Starting(Starting { n, step: Step::Paused, .. }) => {
                self.answered = Answered::Yes;
                self.start_stream(now, n);
            }
            Phase::Starting(_) | Phase::HangingUp { .. } => self.answered = Answered::Yes,
            Phase::Refusing { .. }
            | Phase::Carried
            | Phase::Draining { .. }
            | Phase::HandedOver
            | Phase::Over => (),
        }
    }

    fn on_was_answered(&mut self) {
        match self.phase {
            Phase::Answering { .. } | Phase::Starting(_) => self.answered = Answered::Yes,
            // We hung up ourselves: that it ended in order says nothing.
            Phase::HangingUp { .. }
            | Phase::Refusing { .. }
            | Phase::Carried
            | Phase::Draining { .. }
            | Phase::HandedOver
            | Phase::Over => (),
        }
    }

    fn on_hung_up(&mut self, now: CallTime) {
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
    fn leg_is_gone(&mut self, now: CallTime, why: Why) {
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

    fn on_stream_failed(&mut self, now: CallTime) {
        match self.phase {
            Phase::Starting(Starting { n, step: Step::Ordered, .. }) => self.stream_again(now, n),
            Phase::Carried => self.orders.push_back(LegOrder::TellStreamFailed),
            // A socket is there already, so this is about an earlier attempt; or nobody cares.
            Phase::Starting(_)
            | Phase::Refusing { .. }
            | Phase::Answering { .. }
            | Phase::Draining { .. }
            | Phase::HandedOver
            | Phase::HangingUp { .. }
            | Phase::Over => (),
        }
    }

    fn on_answer_done(&mut self, now: CallTime, outcome: Result<(), CarrierError>) {
        if let Phase::Answering { .. } = self.phase {
            match outcome {
                // Accepted; `call.answered` tells when.
                Ok(()) => (),
                Err(CarrierError::Ended) => self.leg_is_gone(now, Why::CallerGone),
                Err(_) => self.hang_up(now, Why::AnswerFailed),
            }
        }
    }

    fn on_reject_done(&mut self, now: CallTime, outcome: Result<(), CarrierError>) {
        if let Phase::Refusing { cause, .. } = self.phase {
            match outcome {
                // `call.hangup` follows; nobody waits for it.
                Ok(()) | Err(CarrierError::Ended) => self.close(Why::Refused(cause)),
                Err(_) => self.hang_up(now, Why::Refused(cause)),
            }
        }
    }

    fn on_stream_done(&mut self, now: CallTime, outcome: Result<(), CarrierError>) {
        let Phase::Starting(Starting { n, step: Step::Ordered, .. }) = self.phase else { return };
        match outcome {
            // Accepted: so it is answered, whatever webhook got lost.
            Ok(()) => self.answered = Answered::Yes,
            Err(CarrierError::Ended) => self.leg_is_gone(now, Why::CallerGone),
            Err(_) => self.stream_again(now, n),
        }
    }

    fn on_hang_up_done(&mut self, now: CallTime, outcome: Result<(), CarrierError>) {
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

    fn on_socket_opened(&mut self, now: CallTime) {
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
            | Phase::HandedOver
            | Phase::HangingUp { .. }
            | Phase::Over => (),
        }
    }

    fn on_socket_failed(&mut self, now: CallTime) {
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
            | Phase::HandedOver
            | Phase::HangingUp { .. }
            | Phase::Over => (),
        }
    }

    fn on_began(&mut self, now: CallTime) {
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
            Phase::Refusing { .. } | Phase::Carried | Phase::HandedOver | Phase::Over => (),
        }
    }

    fn on_ended(&mut self, now: CallTime, ending: Ending) {
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

    fn on_handed_over(&mut self) {
        if self.phase == Phase::Carried {
            self.phase = Phase::HandedOver;
        }
    }

    fn on_hang_up(&mut self, now: CallTime) {
        match self.phase {
            Phase::Answering { .. } | Phase::Starting(_) => self.hang_up(now, Why::Shutdown),
            Phase::Carried | Phase::HandedOver => self.hang_up(now, Why::Ended),
            Phase::Refusing { .. }
            | Phase::Draining { .. }
            | Phase::HangingUp { .. }
            | Phase::Over => (),
        }
    }

    fn starting(&self, now: CallTime, n: u32, step: Step) -> Phase {
        let wait = match step {
            Step::Ordered => self.settings.socket_wait,
            // The socket itself gives up first, and is closed: two streams the carrier does not take.
            Step::Opened => self.settings.start_wait + SOCKET_SLACK,
            Step::Paused => self.settings.stream_gap,
        };
        Phase::Starting(Starting { n, step, until: now + wait })
    }

    fn start_stream(&mut self, now: CallTime, n: u32) {
        self.phase = self.starting(now, n, Step::Ordered);
        self.orders.push_back(LegOrder::StartStream { n });
    }

    /// The `n`th stream did not come up. Silence is no answer: after the last one the leg is ended.
    fn stream_again(&mut self, now: CallTime, n: u32) {
        if self.way == Way::Document || self.settings.stream_tries_max <= n + 1 {
            self.hang_up(now, Why::NoMedia);
        } else {
            self.phase = self.starting(now, n + 1, Step::Paused);
        }
    }

    fn hang_up(&mut self, now: CallTime, why: Why) {
        self.phase = Phase::HangingUp { until: now + self.settings.hang_up_wait, n: 0, why };
        self.orders.push_back(LegOrder::HangUp { n: 0 });
        if self.inside == Inside::Call {
            self.orders.push_back(LegOrder::EndCall);
        }
    }

    fn hang_up_again(&mut self, now: CallTime, n: u32, why: Why) {
        if self.settings.hang_up_tries_max <= n + 1 {
            return self.leg_is_gone(now, why);
        }
        let until = now + self.settings.hang_up_wait;
        self.phase = Phase::HangingUp { until, n: n + 1, why };
        self.orders.push_back(LegOrder::HangUp { n: n + 1 });
    }

    fn close(&mut self, why: Why) {
        let record = match (self.inside, self.answered) {
            (Inside::Call | Inside::CallOver, _) => RecordBy::Call,
            (Inside::Nothing | Inside::Socket, Answered::Yes) => RecordBy::Front,
            (Inside::Nothing | Inside::Socket, Answered::No) => RecordBy::Nobody,
        };
        self.phase = Phase::Over;
        self.orders.push_back(LegOrder::Close(Close { record, why }));
    }
}

#[cfg(test)]
#[path = "leg_tests.rs"]
mod tests;

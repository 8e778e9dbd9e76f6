//! What a leg is told and what it orders.

use types::Millis;

use super::super::carrier::{CarrierError, RejectCause};

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

//! What a vendor's protocol has to say for itself; everything else is shared.

use std::time::Duration;

use types::Millis;
use vendor::{TurnOpinion, VendorError};

use crate::socket::SocketOrder;

/// One vendor's protocol, for one session.
pub(crate) trait Dialect: Send + 'static {
    /// Where to connect, and with what.
    fn order(&self) -> &SocketOrder;

    /// What it does differently.
    fn manners(&self) -> Manners;

    /// The text that asks for the words of all audio so far.
    fn finalize(&self) -> String;

    /// The text that ends the session.
    fn farewell(&self) -> String;

    /// What a text message means; nothing, if it means nothing to us.
    ///
    /// # Errors
    /// [`VendorError`] if it ends the session, or cannot be read.
    fn decode(&mut self, text: &str) -> Result<Option<Said>, VendorError>;
}

/// How a vendor's sessions differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Manners {
    /// Audio per message.
    pub(crate) chunk: Millis,
    /// Whether a session begins only when the vendor says so.
    pub(crate) greets: Greets,
    /// Whether the order to finish is answered even if nothing was said.
    pub(crate) answers_silence: AnswersSilence,
    /// When the order to finish is given.
    pub(crate) asks: Asks,
    /// Silence to send when no audio comes while somebody speaks, if the vendor needs it.
    pub(crate) filling: Option<Millis>,
    /// How long one connection may live before it is replaced in a pause.
    pub(crate) session_max: Millis,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Greets {
    No,
    Yes,
}

/// When a vendor is ordered to finish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asks {
    /// Already when a pause has lasted a moment: it goes on as if nothing had been.
    InPauses,
    /// Only when the turn is over: the order ends the vendor's own turn.
    AtTheEnd,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnswersSilence {
    No,
    Yes,
}

/// What a vendor says, in our words. Times are the connection's.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Said {
    /// The session has begun.
    Ready,
    /// Words.
    Words(Words),
}

/// Words of a range.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Words {
    pub(crate) from: Duration,
    pub(crate) to: Duration,
    /// From where on, up to `to`, a final says all there is.
    pub(crate) covers_from: Duration,
    pub(crate) certainty: Certainty,
    /// Whether this answers the order to finish.
    pub(crate) answers: bool,
    pub(crate) text: String,
    pub(crate) words: Vec<(String, Duration, Duration)>,
    pub(crate) others: Vec<String>,
    /// What the vendor thinks of the turn, if it follows turns.
    pub(crate) opinion: Option<TurnOpinion>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Certainty {
    /// They may still change.
    Guess,
    /// They may, but only if the caller goes on.
    Stable,
    /// They will not.
    Final,
}

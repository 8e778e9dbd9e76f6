//! What a vendor's protocol is to a session: a machine without a socket or a clock of its own.
//!
//! The session hands over what is to be said, by reply and place in it, and what the vendor sends; it
//! takes out messages to send and what was found in those that came.

use bytes::Bytes;
use tokio::time::Instant;
use types::Millis;
use vendor::VendorError;

use super::gate::Epoch;
use crate::socket::SocketOrder;

/// One vendor's protocol, one session of it.
pub(crate) trait Dialect: Send {
    /// Where to connect, and how.
    fn socket(&self) -> SocketOrder;

    /// How long a connection may live.
    fn lifetime(&self) -> Lifetime;

    /// A new connection is up: nothing of an old one is left.
    fn connected(&mut self, now: Instant, out: &mut Out);

    /// Whether a new reply may begin: some vendors finish one before the next, or count them. If
    /// nothing is under way and there is no room, the connection is worn out.
    fn has_room(&self, _epoch: Epoch) -> bool {
        true
    }

    /// What is said before hanging up.
    fn goodbye(&self) -> Option<String> {
        None
    }

    /// Characters that will be charged for `text`; `None` if the vendor says so itself.
    fn charge(&self, text: &str) -> Option<u64> {
        Some(text.trim().chars().count() as u64)
    }

    /// Segment `number` of a reply, from 0.
    fn speak(&mut self, now: Instant, place: (Epoch, usize), text: &str, out: &mut Out);

    /// The reply has no more segments.
    fn end(&mut self, now: Instant, epoch: Epoch, out: &mut Out);

    /// The reply is not wanted any more; `heard` of it was heard.
    fn cancel(&mut self, epoch: Epoch, heard: Millis, out: &mut Out);

    /// A text message came.
    ///
    /// # Errors
    /// [`VendorError`] if the connection is of no further use.
    fn handle_text(&mut self, now: Instant, text: &str, out: &mut Out) -> Result<(), VendorError>;

    /// A binary message came.
    fn handle_binary(&mut self, now: Instant, bytes: Bytes, out: &mut Out);

    /// When there is something to do although nothing comes.
    fn timeout(&self) -> Option<Instant> {
        None
    }

    /// That time may have come.
    fn handle_timeout(&mut self, _now: Instant, _out: &mut Out) {}

    /// The reply whose sound the vendor owes us, if it owes any.
    fn owing(&self) -> Option<Epoch>;

    /// Whether nothing is under way.
    fn is_idle(&self) -> bool;
}

/// How long a connection may live. It is replaced in a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lifetime {
    /// Without an order, if the vendor hangs up then.
    pub(crate) idle_max: Option<Millis>,
    /// At all.
    pub(crate) age_max: Option<Millis>,
}

impl Lifetime {
    pub(crate) const UNLIMITED: Self = Self { idle_max: None, age_max: None };
}

/// What comes of a call to a [`Dialect`].
#[derive(Debug, Default)]
pub(crate) struct Out {
    /// Text messages for the vendor, in order.
    pub(crate) messages: Vec<String>,
    /// What was found, in order.
    pub(crate) found: Vec<Found>,
}

/// Something found in what a vendor sent. Segments go by their number in the reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Sound.
    Sound { epoch: Epoch, segment: usize, bytes: Bytes },
    /// A word: its end in the text and on the reply's clock.
    Word { epoch: Epoch, segment: usize, text_end: usize, end: Millis },
    /// All sound of the segments before `segment` has come; whether the vendor said so or we think so.
    Reached { epoch: Epoch, segment: usize, certainty: Certainty },
    /// All sound of the reply has come.
    Finished { epoch: Epoch },
    /// The reply ends here, for this reason, though the connection may go on.
    Broken { epoch: Epoch, error: VendorError },
    /// Of a cancelled reply so many bytes of text were heard, segments joined by a space each.
    Cut { epoch: Epoch, spoken: usize },
    /// Characters that the vendor will charge for, whether it said so or not.
    Charged { characters: u64, certainty: Certainty },
}

/// Whether something was told or is thought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Certainty {
    Told,
    Thought,
}

impl Out {
    pub(crate) fn send(&mut self, message: String) {
        self.messages.push(message);
    }

    pub(crate) fn find(&mut self, found: Found) {
        self.found.push(found);
    }
}

/// `text` as it is sent: trimmed, with a space behind it, so that the next grows onto nothing.
pub(crate) fn spaced(text: &str) -> String {
    let mut spaced = text.trim().to_owned();
    spaced.push(' ');
    spaced
}

//! Where a session's events go.

/// A bounded way out of a session. Offering never blocks.
pub trait Sink<E>: Send + Sync {
    /// Hands over `event`, or says why it was not taken. Whoever implements it counts what it sheds.
    fn offer(&self, event: E) -> Offered;
}

/// What became of something offered to a bounded queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offered {
    /// It was taken.
    Accepted,
    /// The queue was full: dropped on purpose, and counted.
    Shed,
    /// Nobody listens any more: the session may stop.
    Closed,
}

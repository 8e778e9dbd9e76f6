//! Webhooks: what the carrier tells about a leg by HTTP (telnyx.md §2).
//!
//! Deliveries come late, twice and in any order: [`Webhook::id`] tells copies apart,
//! [`Webhook::occurred_at`] orders. Check the signature first ([`super::signature`]), over the
//! bytes that came.

mod decode;
mod encode;
mod event;

use std::borrow::Cow;

use thiserror::Error;
use types::Pii;

use super::WallMicros;

pub use decode::decode;
pub use encode::encode;
pub use event::{
    Answered, CallQuality, Cost, Direction, Event, Hangup, HangupCause, HangupSource, Header,
    Initiated, LegState, MachineDetection, MachineResult, MachineStage, RecordingSaved, ReferStage,
    SpeakStatus, StreamFailure,
};

/// The longest webhook to take. Real ones have 1 to 3 KB; the carrier publishes no limit.
pub const WEBHOOK_BYTES_MAX: usize = 64 * 1_024;

/// One delivery of the carrier. Text is borrowed from the body unless it held escapes.
#[derive(Clone, Debug, PartialEq)]
pub struct Webhook<'a> {
    /// How it was wrapped.
    pub envelope: Envelope,
    /// Names the event: copies and retries of it carry the same.
    pub id: Cow<'a, str>,
    /// When it happened, by the carrier's clock: what orders events of a leg.
    pub occurred_at: Option<WallMicros>,
    /// Which attempt at delivery this is, from 1.
    pub attempt: u64,
    /// The leg it is about.
    pub leg: LegNames<'a>,
    /// Who rings, or what we show on a leg of ours.
    pub from: Option<Pii<Cow<'a, str>>>,
    /// Who is rung.
    pub to: Option<Pii<Cow<'a, str>>>,
    /// What happened.
    pub event: Event<'a>,
}

/// The two ways the carrier wraps an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Envelope {
    /// Flat, with underscores in names: what an application made without a version gets.
    V1,
    /// `data` and `meta`, with dots in names.
    V2,
}

/// How the carrier names a leg.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LegNames<'a> {
    /// The handle for commands. Absent in a few events that come after the call.
    pub call_control_id: Option<Cow<'a, str>>,
    /// The leg, for correlation only.
    pub call_leg_id: Option<Cow<'a, str>>,
    /// Shared by the legs of one call.
    pub call_session_id: Option<Cow<'a, str>>,
    /// The application at the carrier.
    pub connection_id: Option<Cow<'a, str>>,
    /// What our last command left with the leg, base64 ([`super::client_state`]).
    pub client_state: Option<Pii<Cow<'a, str>>>,
}

/// Why a body is no webhook.
///
/// Carries nothing of the body: that may be personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum WebhookError {
    /// The body is not JSON, or holds the same field twice.
    #[error("not well-formed JSON at line {line}, column {column}")]
    Malformed {
        /// Line of the first fault, from 1.
        line: usize,
        /// Column of the first fault, in bytes, from 0.
        column: usize,
    },
    /// JSON, but no object with an event type in it.
    #[error("no event type, neither in data nor at the top")]
    NoEvent,
    /// Without an id copies cannot be told apart.
    #[error("an event without an id")]
    NoId,
}

#[cfg(test)]
mod tests;

//! A carrier of our own: what a telephone company does to an engine, without one.
//!
//! [`FakeCarrier`] takes the REST commands of telnyx.md §3 and checks the key they come with,
//! sends signed webhooks with retries (§2), connects media sockets to where it is told and plays a
//! caller over them ([`crate::CarrierLeg`]), or asks for TeXML documents and does what they say.
//! Legs belong to it, not to the engine: an engine may die and come back, the caller stays on the
//! line and what was queued plays on.
//!
//! ```text
//! ring -> leg: parked -answer-> answered -streaming_start-> streaming -hangup-> over
//!           |  webhooks (signed, retried) --> engine --REST commands--> |
//!           `- media socket, caller's voice and ears <------------------'
//! ```
//!
//! Everything that can go wrong has a switch in [`Faults`], by seed: two runs with the same seed
//! decide alike, whatever the network does in between.

mod api;
mod clock;
mod courier;
mod dice;
mod document;
mod error;
mod faults;
mod ledger;
mod leg;
mod machine;
mod names;
mod options;
mod order;
mod seat;
mod server;
mod socket;
mod transfer;
mod words;

pub use error::CarrierError;
pub use faults::{
    Codec, Faults, MediaFaults, PerMille, RestFault, RestOutcome, SocketDrop, WebhookFaults, When,
};
pub use ledger::{Entry, Happened, LegReport, StreamNews, Verdict, WebhookFate};
pub use options::{Bridge, CarrierOptions, RingPlan, TransferOutcome, Trust, Way};
pub use server::{FakeCarrier, Leg, News};
pub use words::{SwitchError, parse_span};

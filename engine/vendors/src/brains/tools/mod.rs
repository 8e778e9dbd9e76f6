//! Tools in the middle of a call: the engine's own, and those of the business.
//!
//! A tool of the engine's own changes nothing by itself: it becomes an effect of the reply, which
//! the call carries out once the reply's words were heard. A tool of the business's own is an HTTP
//! request: signed, bounded in time and size, sent to no address inside our own network
//! ([`guard`]), repeated only if that does no harm, and, if it changes something, not before the
//! caller's turn is sure to be over.

mod args;
mod builtin;
pub mod guard;
mod http;
mod ledger;
pub mod sign;

pub use http::{SecretSource, ToolNet, ToolNetError};

pub(crate) use builtin::{Builtin, Desk, offers, run_builtin};
pub(crate) use http::{CallOf, run_http};
pub(crate) use ledger::{Done, Ledger};

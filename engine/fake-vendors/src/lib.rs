//! The vendors' far side on real sockets: one module per protocol, with scripted latencies and faults.
//!
//! For tests, benches and trying things out without an account. [`FakeVendors::start`] serves every
//! protocol over HTTP at one address, told apart by path as the vendors' own are, and Wyoming at another.
//! What goes wrong is a [`Plan`] per [`Protocol`]: a list of [`Fault`]s per session, in the order in
//! which sessions come, or drawn by seed. What was received is on record ([`FakeVendors::sessions`]).
//!
//! The recognizers know a word because its audio arrived ([`speech`]): audio that is lost shows as lost
//! words.

pub mod account;
pub mod chat;
pub mod speech;
pub mod tools;

mod deepgram;
mod fault;
mod line;
mod plan;
mod server;
mod session;
mod understanding;
mod voices;
mod wyoming;

pub use fault::{Fault, FaultError};
pub use plan::{Delays, Odds, PerMille, Plan, Protocol, Punctuality};
pub use server::{FakeVendors, Options, StartError};
pub use session::{SessionReport, Words};
pub use voices::Voiced;

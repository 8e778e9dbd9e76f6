//! Cloud and network vendors behind the traits `Recognizer`, `Brain` and `Voice`.
//!
//! ```text
//! orders --bounded queue--> session's task --socket | http--> vendor
//! events <--bounded Sink--  session's task <------------------
//! ```
//!
//! A session is a handle and one task on the runtime of a [`net::Net`]. The handle never blocks: what
//! it is told goes into a bounded queue, and what that queue sheds is counted. The task owns the
//! connection, so that nothing is shared and nothing is locked; it ends when its handle is dropped.
//!
//! This crate knows vendors and their protocols (whose messages are `wire`'s). It knows no calls and
//! no businesses. A vendor's session says quickly and precisely what is wrong
//! ([`vendor::VendorError`]); who takes over then, [`failover`] decides.

pub mod brains;
pub mod failover;
pub mod figures;
pub mod http;
pub mod keys;
pub mod net;
pub mod probe;
pub mod recognizers;
pub mod refusal;
pub mod socket;
pub mod usage;
pub mod voices;

pub mod clock;

//! Requests and their streamed answers: one client for all vendors, a deadline for every phase.
//!
//! What a vendor says when it refuses is read here and goes no further than a code: never into a
//! log, never to a caller.

mod request;

pub use request::{Answer, Patience, Request, read_to_end, send, warm};

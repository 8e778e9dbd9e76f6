//! Voices against the far side, on real sockets.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod cancel;
mod faults;
mod speaking;
mod support;

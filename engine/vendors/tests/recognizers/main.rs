//! Recognizers against their vendors' far side, on real sockets: what a caller says arrives, whatever
//! goes wrong. Audio runs at four times its speed; nothing waits for a fixed time.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod caller;
mod faults;
mod manners;

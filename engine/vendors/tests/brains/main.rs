//! Models on real sockets of this machine: what is said, what tools do, what goes wrong.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod cancels;
mod faults;
mod figures;
mod long;
#[path = "../../../frontdesk/tests/frontdesk/support.rs"]
#[expect(dead_code, reason = "shared with the receptionist's tests")]
mod support;
mod talks;
mod tools;
mod world;

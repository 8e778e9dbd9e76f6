//! Several vendors for one duty, on a paused clock: members are puppets whose strings the test pulls.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod brain;
mod health;
mod recognizer;
mod support;
mod voice;

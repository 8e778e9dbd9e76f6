//! What the benches share: a stopwatch, a voice to work on, and candidates for the gate.

pub mod gates;
pub mod signal;
pub mod stopwatch;

//! What the benches share: a stopwatch, the machine, audio to work on, candidates for the gate and
//! how well they find speech.

pub mod bars;
pub mod calls;
pub mod gates;
pub mod machine;
pub mod plot;
pub mod recall;
pub mod share;
pub mod signal;
pub mod split;
pub mod stopwatch;

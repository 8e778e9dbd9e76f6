//! What a caller feels of taking turns, measured on recorded speech in virtual time.
//!
//! ```text
//! clips ──► turns with known pauses ──► what the engine hears of them ──► decisions ──► figures
//!           (corpus)                    (signals: real models, kept)      (strategy)    (tally)
//! ```
//!
//! Recordings, noise, pauses and the time that models take are the same in every run; the decisions
//! are those of the crate `call`. Nothing waits for a clock.

pub mod audio;
pub mod clips;
pub mod corpus;
pub mod curve;
pub mod figure;
pub mod random;
pub mod report;
pub mod signals;
pub mod strategy;
pub mod tally;

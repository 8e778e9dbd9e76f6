//! Whole calls in virtual time: a scripted caller, a carrier with faults, an engine without
//! sockets, and fake vendors, all driven by one clock and one seed.
//!
//! ```text
//! Caller ─ audio ─▶ Carrier ─ messages, impaired ─▶ Node (media + call) ─▶ Recognizer, Brain, Voice
//!    ▲                 │ ▲                               │
//!    └──── the ear ────┘ └────── media, mark, clear ─────┘
//! ```
//!
//! Audio says what it is: every word has a level of its own that survives the line's codec
//! ([`fake_vendors::speech`]). So the fake recognizer knows only words that arrived, and the caller's ear knows
//! which words of the agent it truly heard: the engine's memory is checked against it.
//!
//! Not here: real clocks, sockets, models. A scenario with the same seed goes the same way.

pub mod brain;
pub mod caller;
pub mod carrier;
pub mod node;
pub mod random;
pub mod recognizer;
pub mod report;
pub mod scenario;
pub mod voice;
pub mod world;

pub use report::Report;
pub use scenario::{
    Back, BrainFaults, Line, Lost, Outage, RecognizerFaults, Scenario, VoiceFaults,
};
pub use world::World;

//! Recognizers, one module per vendor's protocol.
//!
//! ```text
//! handle (session) --orders, bounded--> task ── socket ── vendor
//!                                        │ owns
//!                                        ├─ Ring    the audio that the vendor may have to hear again
//!                                        ├─ Track   times of this connection into places of the call
//!                                        └─ Ear     utterances and what was said of them; decides what is
//!                                                   known, what is asked, what is final. No clock, no socket
//! ```
//!
//! Time is the caller's audio: places are samples since the session began, whatever happens to
//! connections. A connection that breaks is opened again, at once, then after 100, 300 and 1,000 ms, and
//! hears again what it had not declared final, at four times the speed.

pub mod catalog;
mod deepgram;
mod dialect;
mod ear;
mod feed;
mod link;
mod ring;
mod script;
mod session;
mod task;
mod track;
mod wyoming;

pub use deepgram::{DeepgramFlux, DeepgramNova, FluxSettings, NovaSettings};
pub use ring::Ring;
pub use wyoming::WyomingRecognizer;

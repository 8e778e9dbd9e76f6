//! ElevenLabs' multi-context socket: several texts spoken over one connection.
//!
//! Facts and their sources: providers.md §4.1.2; shapes: `fixtures/wire/elevenlabs`.

mod fuzz;
mod message;
mod order;
mod target;

pub use fuzz::{fuzz_elevenlabs_message, fuzz_elevenlabs_order};
pub use message::{CharTime, Failure, Message, Speech, decode};
pub use order::{Order, VoiceSettings, decode_order};
pub use target::Target;

/// How many contexts may be open on one socket; the next one closes it.
pub const CONTEXTS_MAX: usize = 5;

//! Deepgram's two speaking sockets: Aura (`/v1/speak`), which knows no turns and labels nothing, and
//! Flux (`/v2/speak`), whose turns begin and end with a message and can be interrupted.
//!
//! Sound is binary, all else is text. Facts and their sources: providers.md §4.3, §4.4; shapes:
//! `fixtures/wire/deepgram_speak`.

mod fuzz;
mod message;
mod order;
mod target;

pub use fuzz::{fuzz_deepgram_speak_message, fuzz_deepgram_speak_order};
pub use message::{Account, Message, decode};
pub use order::{Order, decode_order};
pub use target::{Generation, Target};

/// How many texts Aura flushes a minute; beyond it says so and does not.
pub const FLUSHES_A_MINUTE: usize = 20;

//! Cartesia's socket: contexts that go on from text to text, told apart by name.
//!
//! Facts and their sources: providers.md §4.2; shapes: `fixtures/wire/cartesia`.

mod fuzz;
mod message;
mod order;

pub use fuzz::{fuzz_cartesia_message, fuzz_cartesia_order};
pub use message::{Failure, Message, WordSpan, decode};
pub use order::{Generation, More, Order, Request, decode_order};

/// The socket's path.
pub const PATH: &str = "/tts/websocket";

/// The version of the protocol that this speaks: the first whose errors are objects.
pub const VERSION: &str = "2026-03-01";

/// The header that carries the version.
pub const VERSION_HEADER: &str = "cartesia-version";

/// The header that carries the key.
pub const KEY_HEADER: &str = "x-api-key";

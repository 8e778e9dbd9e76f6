//! Wyoming, both sides: events over a bare TCP stream (providers.md §6.2).
//!
//! An event is one line of JSON, then `data_length` bytes of JSON, then `payload_length` raw bytes.
//! No account, no encryption, no ids: one request at a time per connection.

mod event;
mod frame;
mod fuzz;

pub use event::{AudioFormat, Event};
pub use frame::{DecodeError, Decoder, HEADER_BYTES_MAX, PAYLOAD_BYTES_MAX};
pub use fuzz::fuzz_wyoming;

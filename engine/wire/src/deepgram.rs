//! Deepgram's recognizers, both sides: Nova at `/v1/listen` and Flux at `/v2/listen`
//! (providers.md §2.1, §2.2). Its voices are in [`speak`].
//!
//! ```text
//! ours   --query in the address; audio as binary; nova::Control, flux::Control as text-->  vendor
//! vendor --nova::Message, flux::Message as text-->                                         ours
//! ```
//!
//! Both count time in seconds of the audio received by *this* socket. Unknown kinds of messages, and
//! unknown values of known fields, are values, not errors.

pub mod flux;
pub mod nova;
pub mod speak;

mod fuzz;
mod word;

pub use fuzz::{fuzz_deepgram_flux, fuzz_deepgram_nova};
pub use word::{AudioEncoding, DecodeError, KEYTERM_TOKENS_MAX, KEYTERMS_MAX, Word, keyterms};

/// The longest message to decode: a transcript of minutes, with each word's times.
pub const MESSAGE_BYTES_MAX: usize = 256 << 10;

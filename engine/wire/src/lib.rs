//! Carriers' and vendors' messages: pure encoding and decoding, one module per protocol.
//!
//! Nothing here opens a socket, retries or knows what a call is. Decoding is total: any bytes
//! give a value or a typed error, and what a later version of a protocol adds is a value of its
//! own. Decoded values borrow from the message; encoders replace the contents of a buffer that
//! its owner keeps, so that a warm leg allocates nothing.

pub mod cartesia;
pub mod deepgram;
pub mod elevenlabs;
mod fault;
#[cfg(test)]
mod fuzzing;
pub mod openai_speech;
mod query;
mod soft;
pub mod telnyx;
pub mod wyoming;

pub use fault::MessageFault;

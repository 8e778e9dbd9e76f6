//! Telnyx media streaming, both sides of the WebSocket (telnyx.md §1).
//!
//! ```text
//! carrier --connected, start, media, dtmf, mark, error, stop--> decode
//! carrier <--media, mark, clear-- encode_media, encode_mark, encode_clear
//! ```
//!
//! The carrier's own side, for the simulated caller, is in [`carrier`].
//!
//! Input is taken tolerantly: counters as text or number, absent and unknown fields, unknown
//! events, fields of an unexpected kind (as good as absent). Only what no reader could make sense
//! of is an error.

pub mod carrier;
mod decode;
mod encode;
mod error;
mod fast;
mod fuzz;
mod lenient;
mod message;
mod payload;

pub use decode::{decode, decode_thoroughly};
pub use encode::{encode_clear, encode_mark, encode_media};
pub use error::{DecodeError, FormatError};
pub use fuzz::{fuzz_telnyx_command, fuzz_telnyx_message};
pub use message::{
    Connected, Dtmf, Mark, Media, MediaFormat, Message, Parameter, Start, Stop, StreamError,
    StreamFault, Track,
};
pub use payload::PayloadBase64;

/// The longest message to decode; whoever reads the socket refuses longer ones before they are
/// whole. A frame of 20 ms is 375 to 3,000 bytes (telnyx.md §1.7); the carrier publishes no limit
/// of its own.
pub const MESSAGE_BYTES_MAX: usize = 64 * 1_024;

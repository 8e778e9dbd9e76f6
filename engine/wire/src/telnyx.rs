//! Telnyx, both sides: media streaming over the WebSocket (telnyx.md §1), signed webhooks (§2),
//! REST commands (§3) and TeXML documents.
//!
//! ```text
//! carrier --connected, start, media, dtmf, mark, error, stop--> decode
//! carrier <--media, mark, clear-- encode_media, encode_mark, encode_clear
//!
//! carrier --POST, signed--> webhook::decode            carrier <--REST-- command::Request::encode
//! carrier --form, signed--> texml::decode_request      carrier --JSON--> reply::decode
//! ```
//!
//! The carrier's own side of the socket, for the simulated caller, is in [`carrier`]; of webhooks,
//! commands and documents it stands beside ours, in the same module.
//!
//! Input is taken tolerantly: counters as text or number, absent and unknown fields, unknown
//! events, fields of an unexpected kind (as good as absent). Only what no reader could make sense
//! of is an error.

pub mod carrier;
pub mod client_state;
pub mod command;
mod decode;
mod encode;
mod error;
mod fast;
mod fuzz;
mod instant;
mod json;
mod lenient;
mod message;
pub(crate) mod payload;
pub(crate) mod percent;
pub mod reply;
pub mod signature;
pub mod texml;
pub mod webhook;
mod word;

pub use decode::{decode, decode_thoroughly};
pub use encode::{encode_clear, encode_mark, encode_media};
pub use error::{DecodeError, FormatError};
pub use fuzz::{
    fuzz_telnyx_command, fuzz_telnyx_message, fuzz_telnyx_reply, fuzz_telnyx_rest_command,
    fuzz_telnyx_signature, fuzz_telnyx_texml, fuzz_telnyx_webhook,
};
pub use instant::WallMicros;
pub use message::{
    Connected, Dtmf, Mark, Media, MediaFormat, Message, Parameter, Start, Stop, StreamError,
    StreamFault, Track,
};
pub use payload::PayloadBase64;

/// The longest message to decode; whoever reads the socket refuses longer ones before they are
/// whole. A frame of 20 ms is 375 to 3,000 bytes (telnyx.md §1.7); the carrier publishes no limit
/// of its own.
pub const MESSAGE_BYTES_MAX: usize = 64 * 1_024;

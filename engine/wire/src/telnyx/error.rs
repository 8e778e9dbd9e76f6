//! What can be wrong with a message.

use thiserror::Error;

/// Why a text is no message.
///
/// Carries nothing of the message's own text: that may be personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// The text is not JSON, or holds the same field twice.
    #[error("not well-formed JSON at line {line}, column {column}")]
    Malformed {
        /// Line of the first fault, from 1.
        line: usize,
        /// Column of the first fault, in bytes, from 0.
        column: usize,
    },
    /// JSON, but no object with an `event` in it.
    #[error("no JSON object with an event")]
    NoEvent,
    /// A known event without what it is about.
    #[error("{event} message without {field}")]
    Missing {
        /// The event's name.
        event: &'static str,
        /// Path of the missing field.
        field: &'static str,
    },
    /// A `dtmf` message with something that is on no telephone.
    #[error("no such key: 0-9, *, # and A-D exist")]
    NoSuchKey,
    /// A payload that is not base64.
    #[error("payload is not base64: fault near byte {at}")]
    BadBase64 {
        /// Offset in the payload; its length, if that is the fault.
        at: usize,
    },
}

/// Why a leg's announced audio format is none we speak.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FormatError {
    /// An encoding we cannot decode.
    #[error(
        "encoding {encoding} is not spoken here: start the stream with stream_codec PCMU, PCMA, \
         G722, L16 or OPUS"
    )]
    Encoding {
        /// The announced name, shortened to 16 characters, others than letters, digits, `-` and
        /// `_` left out.
        encoding: String,
    },
    /// AMR-WB: the carrier has it, and no free decoder of it is sound enough for a public line.
    #[error(
        "AMR-WB is not spoken here: start the stream with stream_codec G722, L16 or OPUS for the \
         same band"
    )]
    AmrWb,
    /// A sample rate that the encoding does not have here.
    #[error(
        "{encoding} at {rate} Hz is not spoken here: PCMU, PCMA and G722 at 8000, L16 and OPUS at \
         8000, 16000, 24000 or 48000"
    )]
    Rate {
        /// The encoding's name.
        encoding: &'static str,
        /// The announced rate, in hertz.
        rate: u64,
    },
    /// More than one channel.
    #[error("{channels} channels: a leg has one")]
    Channels {
        /// How many were announced.
        channels: u64,
    },
}

//! What can be wrong with a vendor's message.

use thiserror::Error;

/// Why a text is no message of a vendor.
///
/// Carries nothing of the message's own text: that may be personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum MessageFault {
    /// The text is not JSON, or a field is of another kind than the protocol says.
    #[error("not well-formed at line {line}, column {column}")]
    Malformed {
        /// Line of the first fault, from 1.
        line: usize,
        /// Column of the first fault, in bytes, from 0.
        column: usize,
    },
    /// A known message without what it is about.
    #[error("{message} without {field}")]
    Missing {
        /// What the message is called.
        message: &'static str,
        /// The missing field.
        field: &'static str,
    },
}

impl From<serde_json::Error> for MessageFault {
    fn from(error: serde_json::Error) -> Self {
        Self::Malformed { line: error.line(), column: error.column() }
    }
}

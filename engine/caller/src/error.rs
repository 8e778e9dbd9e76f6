//! What can keep a call from being placed.

use std::io;

use codecs::CodecError;
use thiserror::Error;
use types::Millis;

/// Why a call could not be placed. Once the leg is open there are no errors any more: whatever
/// goes wrong then is in the report.
#[derive(Debug, Error)]
pub enum CallerError {
    /// The address is no WebSocket address we can dial.
    #[error("{url}: {reason}")]
    Url {
        /// What was given.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The token cannot travel in a header or a path.
    #[error("the token holds characters that fit neither a header nor a path")]
    Token,
    /// The leg's format is not one we speak.
    #[error(transparent)]
    Format(#[from] CodecError),
    /// Nobody there.
    #[error("no connection to {address}")]
    Connect {
        /// Host and port.
        address: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// No answer to the upgrade in time.
    #[error("no handshake from {address} within {limit}")]
    HandshakeTimeout {
        /// Host and port.
        address: String,
        /// How long we waited.
        limit: Millis,
    },
    /// The server refused the upgrade.
    #[error("the server refused the media socket with status {status}")]
    Refused {
        /// The HTTP status.
        status: u16,
    },
    /// What answered is no WebSocket server.
    #[error("{address} does not speak WebSocket ({reason})")]
    Handshake {
        /// Host and port.
        address: String,
        /// What went wrong.
        reason: String,
    },
}

impl CallerError {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Url { .. } => "use an address such as ws://127.0.0.1:8080/media/telnyx",
            Self::Token => "use letters, digits, '-', '_' and '.' in the token",
            Self::Format(_) => "choose --codec pcmu, pcma, g722, l16 or opus",
            Self::Connect { .. } => "start the engine first (apex serve), or check the port",
            Self::HandshakeTimeout { .. } => {
                "the engine may be overloaded or draining: look at /readyz"
            }
            Self::Refused { status: 401 | 403 } => {
                "give the token the engine expects (--token), or let it listen openly on loopback"
            }
            Self::Refused { status: 404 } => "check the path: the engine serves /media/telnyx",
            Self::Refused { status: 429 | 503 } => "the engine takes no more calls: try later",
            Self::Refused { .. } => "look at the engine's log for the reason",
            Self::Handshake { .. } => "check that the port is the engine's media port",
        }
    }
}

//! What can keep a fake carrier from working.

use std::io;

use thiserror::Error;

use crate::CallerError;

/// Why a carrier cannot be started or a number not be rung.
#[derive(Debug, Error)]
pub enum CarrierError {
    /// Its API has no port to listen at.
    #[error("cannot listen at {address}: choose another port")]
    Listen {
        /// The address asked for.
        address: std::net::SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The client for webhooks cannot be made.
    #[error("cannot make a client for webhooks")]
    Client(#[source] reqwest::Error),
    /// The caller of a plan cannot be played.
    #[error(transparent)]
    Caller(#[from] CallerError),
    /// As many legs as it takes.
    #[error("{legs} legs are up already: no more are taken")]
    Full {
        /// How many there are.
        legs: usize,
    },
}

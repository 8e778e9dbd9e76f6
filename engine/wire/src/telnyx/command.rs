//! REST commands: what we tell the carrier to do with a leg (telnyx.md §3).
//!
//! A reply only says that a command was accepted; what became of it comes as a webhook.

mod action;
mod decode;
mod encode;

use std::borrow::Cow;

use thiserror::Error;
use types::Pii;

use super::word::words;

pub use action::{
    Action, Answer, MachineDetectionMode, RecordChannels, RecordFormat, RecordStart, RejectCause,
    SPEAK_CHARS_MAX, Speak, Stream, StreamCodec, StreamMode, StreamTrack, TargetLegs, Transfer,
};
pub use decode::decode;

/// The address of the carrier's API. Paths of [`Encoded`] follow it.
pub const API_BASE: &str = "https://api.telnyx.com/v2";

/// The longest body of a command to take: nothing here has more than a client state in it.
pub const COMMAND_BODY_BYTES_MAX: usize = 64 * 1_024;

/// Repetitions of a command id within this many seconds are ignored (telnyx.md §3.2).
pub const COMMAND_ID_SECONDS: u32 = 60;

/// One request to the carrier's API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// What is asked for.
    pub command: Command<'a>,
    /// What comes back with all later events of the leg, base64 ([`super::client_state`]).
    pub client_state: Option<Pii<Cow<'a, str>>>,
    /// Names this command: the carrier ignores a second one of this name on the same leg within
    /// [`COMMAND_ID_SECONDS`]. Not sent with questions, nor with a new client state.
    pub command_id: Option<Cow<'a, str>>,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command<'a> {
    /// Do something with a leg.
    Act {
        /// Which leg: its handle, never its session or leg id.
        call_control_id: Cow<'a, str>,
        /// What.
        action: Action<'a>,
    },
    /// Ring somebody.
    Dial(Box<Dial<'a>>),
    /// How a leg is.
    GetCall {
        /// Which leg.
        call_control_id: Cow<'a, str>,
    },
    /// Which legs of an application live.
    ActiveCalls {
        /// The application.
        connection_id: Cow<'a, str>,
        /// Where the page before ended.
        after: Option<Cow<'a, str>>,
        /// How many on a page at most.
        limit: Option<u64>,
    },
    /// How an application is set up.
    GetApplication {
        /// Which: what every event and every dial calls the connection.
        connection_id: Cow<'a, str>,
    },
    /// Which numbers ring an application.
    ListNumbers {
        /// The application.
        connection_id: Cow<'a, str>,
        /// Which page, from 1.
        page: u64,
        /// How many on a page at most.
        limit: u64,
    },
}

/// A leg of ours to be set up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dial<'a> {
    /// The application that gets the leg's events.
    pub connection_id: Cow<'a, str>,
    /// The number shown.
    pub from: Pii<Cow<'a, str>>,
    /// The number, or SIP address, to ring.
    pub to: Pii<Cow<'a, str>>,
    /// Media streaming from the answer on.
    pub stream: Option<Stream<'a>>,
    /// For how many seconds it may ring: 5 to 600.
    pub timeout_seconds: Option<u64>,
    /// How many seconds the call may last.
    pub time_limit_seconds: Option<u64>,
    /// Whether to find out what answers.
    pub machine_detection: Option<MachineDetectionMode>,
    /// The leg whose call this one belongs to.
    pub link_to: Option<Cow<'a, str>>,
    /// Whether to connect it with that leg once it is answered.
    pub bridge_on_answer: Option<bool>,
}

words! {
    /// How a request is made.
    Method {
        /// A question.
        Get = "GET",
        /// A command.
        Post = "POST",
        /// A new client state.
        Put = "PUT",
    }
}

/// A request as it goes over the wire.
#[derive(Clone, PartialEq, Eq)]
pub struct Encoded {
    /// How.
    pub method: Method,
    /// Where, after the API's address: encoded path and query.
    pub path: String,
    /// JSON; empty for questions.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for Encoded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Neither numbers nor tokens: the path may hold the first, the body both.
        write!(f, "Encoded({}, {} bytes)", self.method, self.body.len())
    }
}

impl<'a> Request<'a> {
    /// A command without client state and id.
    pub fn new(command: Command<'a>) -> Self {
        Self { command, client_state: None, command_id: None }
    }

    /// Something to do with one leg.
    pub fn act(call_control_id: impl Into<Cow<'a, str>>, action: Action<'a>) -> Self {
        Self::new(Command::Act { call_control_id: call_control_id.into(), action })
    }

    /// This, with a client state in base64.
    #[must_use]
    pub fn with_client_state(mut self, state: impl Into<Cow<'a, str>>) -> Self {
        self.client_state = Some(Pii::new(state.into()));
        self
    }

    /// This, with a command id.
    #[must_use]
    pub fn with_command_id(mut self, id: impl Into<Cow<'a, str>>) -> Self {
        self.command_id = Some(id.into());
        self
    }

    /// A short name of what is asked for, fit for logs and metrics.
    pub fn verb(&self) -> &'static str {
        self.command.verb()
    }
}

impl Command<'_> {
    /// A short name of this command, fit for logs and metrics: an action's last part of the path.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Act { action, .. } => action.verb(),
            Self::Dial(_) => "dial",
            Self::GetCall { .. } => "get_call",
            Self::ActiveCalls { .. } => "active_calls",
            Self::GetApplication { .. } => "get_application",
            Self::ListNumbers { .. } => "list_numbers",
        }
    }

    /// The leg this is about, if it is about one.
    pub fn call_control_id(&self) -> Option<&str> {
        match self {
            Self::Act { call_control_id, .. } | Self::GetCall { call_control_id } => {
                Some(call_control_id)
            }
            Self::Dial(_)
            | Self::ActiveCalls { .. }
            | Self::GetApplication { .. }
            | Self::ListNumbers { .. } => None,
        }
    }
}

/// Why a request is no command: what an API answers it with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CommandError {
    /// Nothing is there: status 404.
    #[error("no such path")]
    NoSuchPath,
    /// The body is not JSON: status 400.
    #[error("not well-formed JSON at line {line}, column {column}")]
    Malformed {
        /// Line of the first fault, from 1.
        line: usize,
        /// Column of the first fault, in bytes, from 0.
        column: usize,
    },
    /// A required field is absent: status 422.
    #[error("{field} is required")]
    Missing {
        /// Which.
        field: &'static str,
    },
    /// A field holds what it may not: status 422.
    #[error("{field} is not valid")]
    Invalid {
        /// Which.
        field: &'static str,
    },
}

#[cfg(test)]
mod tests;

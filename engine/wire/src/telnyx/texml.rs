//! TeXML: the carrier asks what to do by a form, we answer with a document (telnyx.md §1.2, §1.3).
//!
//! The form is signed like a webhook ([`super::signature`]), over the form as it came.

mod document;
mod form;
mod xml;

use std::borrow::Cow;

use thiserror::Error;
use types::Pii;

use super::Parameter;
use super::command::{StreamCodec, StreamMode, StreamTrack};
use super::word::words;

pub use document::{decode_document, encode_document};
pub use form::{decode_request, decode_stream_status, encode_request, encode_stream_status};

/// The longest form or document to take.
pub const TEXML_BYTES_MAX: usize = 64 * 1_024;

/// What a document is sent as.
pub const DOCUMENT_TYPE: &str = "application/xml";

/// What a form is sent as.
pub const FORM_TYPE: &str = "application/x-www-form-urlencoded";

/// One thing a document tells the carrier to do. The end of the document hangs up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb<'a> {
    /// `<Connect><Stream/></Connect>`: stream, and go on when the stream is over.
    Connect(Box<StreamNoun<'a>>),
    /// `<Start><Stream/></Start>`: stream, and go on at once.
    Start(Box<StreamNoun<'a>>),
    /// `<Say>`: the carrier's own voice.
    Say {
        /// What.
        text: Cow<'a, str>,
        /// Which voice.
        voice: Option<Cow<'a, str>>,
        /// Which language, such as `en-US`.
        language: Option<Cow<'a, str>>,
    },
    /// `<Pause>`.
    Pause {
        /// For how long; a second if absent.
        seconds: Option<u64>,
    },
    /// `<Reject>`: refuse the call; only first in a document.
    Reject {
        /// What the caller is told.
        reason: Option<RejectReason>,
    },
    /// `<Dial>`: ring somebody and connect the call with them; go on when they have left.
    Dial {
        /// Whom.
        number: Pii<Cow<'a, str>>,
        /// For how many seconds it may ring.
        timeout_seconds: Option<u64>,
    },
    /// `<Hangup>`.
    Hangup,
    /// `<Redirect>`: ask there what to do.
    Redirect {
        /// Where.
        url: Pii<Cow<'a, str>>,
    },
    /// A verb this version does not know.
    Other {
        /// Its name.
        name: Cow<'a, str>,
    },
}

impl Verb<'_> {
    /// The verb's name.
    pub fn name(&self) -> &str {
        match self {
            Self::Connect(_) => "Connect",
            Self::Start(_) => "Start",
            Self::Say { .. } => "Say",
            Self::Pause { .. } => "Pause",
            Self::Reject { .. } => "Reject",
            Self::Dial { .. } => "Dial",
            Self::Hangup => "Hangup",
            Self::Redirect { .. } => "Redirect",
            Self::Other { name } => name,
        }
    }
}

words! {
    /// What a refused caller is told.
    RejectReason {
        /// That we refuse.
        Rejected = "rejected",
        /// That we are busy.
        Busy = "busy",
    }
}

/// A `<Stream>`. What is absent is left to the carrier (telnyx.md §1.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamNoun<'a> {
    /// Where the carrier connects: may hold a token.
    pub url: Pii<Cow<'a, str>>,
    /// Which directions we get.
    pub track: Option<StreamTrack>,
    /// The stream's name in status callbacks.
    pub name: Option<Cow<'a, str>>,
    /// The codec toward us.
    pub codec: Option<StreamCodec>,
    /// How what we send is taken.
    pub mode: Option<StreamMode>,
    /// The codec of what we send.
    pub bidirectional_codec: Option<StreamCodec>,
    /// Samples per second of what we send: 8000, 16000 or 24000.
    pub sampling_rate: Option<u64>,
    /// Where news of the stream goes.
    pub status_callback: Option<Cow<'a, str>>,
    /// Whether the carrier reconnects a socket that was lost; it does if absent.
    pub enable_reconnect: Option<bool>,
    /// Come back in the stream's `start`.
    pub parameters: Vec<Parameter<'a>>,
}

/// The carrier asks what to do with a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TexmlRequest<'a> {
    /// The leg: the same handle that webhooks call `call_control_id`.
    pub call_sid: Cow<'a, str>,
    /// The account.
    pub account_sid: Option<Cow<'a, str>>,
    /// The application.
    pub connection_id: Option<Cow<'a, str>>,
    /// Shared by the legs of one call.
    pub call_session_id: Option<Cow<'a, str>>,
    /// Who rings. Absent for anonymous callers.
    pub from: Option<Pii<Cow<'a, str>>>,
    /// Who is rung.
    pub to: Option<Pii<Cow<'a, str>>>,
    /// Who set up the leg; absent if it was not said or in a word new to us.
    pub direction: Option<super::webhook::Direction>,
    /// What the call does now, such as `ringing` or `completed`.
    pub call_status: Option<Cow<'a, str>>,
}

/// News of a stream that a document started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamStatus<'a> {
    /// The leg.
    pub call_sid: Cow<'a, str>,
    /// The stream.
    pub stream_sid: Option<Cow<'a, str>>,
    /// What we called it.
    pub stream_name: Option<Cow<'a, str>>,
    /// What happened to it.
    pub event: StreamEvent<'a>,
    /// What went wrong, in words.
    pub error: Option<Cow<'a, str>>,
}

/// What happened to a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamEvent<'a> {
    /// `stream-started`.
    Started,
    /// `stream-stopped`.
    Stopped,
    /// `stream-failed` on one page of the carrier's, `stream-error` on another (telnyx.md §1.3).
    Failed,
    /// A word new to us.
    Other {
        /// The word.
        word: Cow<'a, str>,
    },
}

/// Why a form or document cannot be used.
///
/// Carries nothing of its text: that may be personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TexmlError {
    /// The bytes are no text.
    #[error("not UTF-8")]
    NotText,
    /// A required field is absent.
    #[error("{field} is required")]
    Missing {
        /// Which.
        field: &'static str,
    },
    /// A document that is no XML, or not the part of it TeXML uses.
    #[error("not well-formed XML at byte {at}")]
    Malformed {
        /// Offset of the first fault.
        at: usize,
    },
    /// XML, but no `<Response>`.
    #[error("no <Response> element")]
    NoResponse,
    /// An attribute holds what it may not.
    #[error("attribute {attribute} is not valid")]
    Invalid {
        /// Which.
        attribute: &'static str,
    },
}

#[cfg(test)]
mod tests;

//! Replies of the carrier's API, both ways (telnyx.md §3).

mod decode;
mod encode;

use std::borrow::Cow;

use thiserror::Error;
use types::Pii;

use super::WallMicros;
use super::webhook::LegNames;
use super::word::words;

pub use decode::{decode, decode_refusal};
pub use encode::{encode, encode_errors};

/// The longest reply to take: a page of live legs is the longest.
pub const REPLY_BYTES_MAX: usize = 1_024 * 1_024;

/// What the API answers to a request it accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply<'a> {
    /// To an action: it will be done. Also to a repetition, which will not.
    Accepted,
    /// To a dial: how the new leg is named.
    Dialed(CallState<'a>),
    /// How a leg is.
    Call(CallState<'a>),
    /// A page of live legs.
    ActiveCalls(ActiveCalls<'a>),
    /// How an application is set up.
    Application(Application<'a>),
    /// A page of numbers.
    Numbers(Numbers<'a>),
}

/// How an application is set up: where its calls are told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Application<'a> {
    /// Its id: the connection of events.
    pub id: Option<Cow<'a, str>>,
    /// What people call it.
    pub name: Option<Cow<'a, str>>,
    /// Whether it takes calls.
    pub active: Option<bool>,
    /// Where events go.
    pub webhook_url: Option<Cow<'a, str>>,
    /// How they are wrapped: `1` or `2`.
    pub webhook_api_version: Option<Cow<'a, str>>,
}

/// A page of numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Numbers<'a> {
    /// The numbers.
    pub numbers: Vec<Number<'a>>,
    /// How many pages there are.
    pub pages: Option<u64>,
}

/// A telephone number of the account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Number<'a> {
    /// The number itself, as E.164.
    pub number: Option<Pii<Cow<'a, str>>>,
    /// The application it rings.
    pub connection_id: Option<Cow<'a, str>>,
    /// `active`, `purchase-pending`, …
    pub status: Option<Cow<'a, str>>,
}

/// How a leg is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallState<'a> {
    /// Its names and its client state.
    pub leg: LegNames<'a>,
    /// Whether it lives. Not said in lists, whose legs do.
    pub is_alive: Option<bool>,
    /// For how many seconds it has lived.
    pub duration_seconds: Option<u64>,
    /// When it began.
    pub start_time: Option<WallMicros>,
    /// When it ended.
    pub end_time: Option<WallMicros>,
}

/// A page of live legs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActiveCalls<'a> {
    /// The legs.
    pub calls: Vec<CallState<'a>>,
    /// Where the next page begins; absent on the last one.
    pub after: Option<Cow<'a, str>>,
    /// How many legs there are on all pages.
    pub total: Option<u64>,
}

/// Why there is no reply.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReplyError {
    /// The API refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It accepted, in words nobody can read.
    #[error("status {status} with a reply that is not what was asked for")]
    Unreadable {
        /// The status.
        status: u16,
    },
}

/// The API refused a request.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("status {status}{}", printable(.errors))]
pub struct Refusal {
    /// The status.
    pub status: u16,
    /// What is wrong, as far as it was said.
    pub errors: Vec<ApiError>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiError {
    /// Its number, as text.
    pub code: String,
    /// What is wrong in a few words.
    pub title: String,
    /// And in a sentence: may quote the request.
    pub detail: Pii<String>,
}

words! {
    /// What can be wrong, as far as it matters (telnyx.md §3.3).
    ErrorCode {
        /// No such leg.
        BadCallControlId = "90015",
        /// The leg is over: for a hangup as good as done.
        AlreadyEnded = "90018",
        /// The leg was not answered yet.
        NotAnswered = "90034",
        /// Recording before there is audio.
        RecordingTooEarly = "90020",
        /// The client state is not base64.
        BadClientState = "90017",
        /// Keys that are on no telephone.
        BadDigits = "90014",
        /// A duration the carrier does not allow.
        BadTimeLimit = "90029",
        /// The account has as many calls as it may.
        AccountChannels = "90041",
        /// The outbound voice profile has as many calls as it may.
        ProfileChannels = "90042",
        /// The application has as many calls as it may.
        ConnectionChannels = "90043",
        /// Not while the leg streams.
        AlreadyStreaming = "90045",
        /// The stream could not be set up.
        StreamingFailed = "90046",
        /// Only while the leg streams.
        NotStreaming = "90048",
        /// Addresses for events the carrier does not take.
        BadWebhookUrls = "90057",
        /// Only incoming legs can be answered.
        AnswerOnOutgoing = "90102",
        /// Too many dials a second.
        TooManyDials = "90103",
        /// The key is wrong.
        Unauthorized = "10009",
        /// The key may not do this.
        Forbidden = "10010",
        /// Too many requests.
        TooManyRequests = "10011",
        /// A wrong request.
        BadRequest = "10015" | "10027",
        /// A number is not written as it must be.
        NotE164 = "10016",
        /// The account's level does not allow this.
        AccountLevel = "10038" | "10039",
        /// Nothing is there.
        NotFound = "10005",
    }
}

impl ApiError {
    /// An error of this code.
    pub fn new(code: ErrorCode, title: impl Into<String>) -> Self {
        let title = title.into();
        Self { code: code.name().to_owned(), detail: Pii::new(title.clone()), title }
    }

    /// What is wrong, if it is something that matters.
    pub fn kind(&self) -> Option<ErrorCode> {
        ErrorCode::of(&self.code)
    }
}

impl Refusal {
    /// Whether this is among what is wrong.
    pub fn is(&self, code: ErrorCode) -> bool {
        self.errors.iter().any(|error| error.kind() == Some(code))
    }

    /// Whether the leg is over, or never was: there is nothing left to do with it.
    pub fn is_leg_gone(&self) -> bool {
        self.is(ErrorCode::AlreadyEnded) || self.is(ErrorCode::BadCallControlId)
    }

    /// Whether the same request may succeed a little later: what the carrier's own libraries repeat
    /// (telnyx.md §3.3).
    pub fn is_passing(&self) -> bool {
        matches!(self.status, 408 | 409 | 429 | 500..=599)
    }
}

/// The numbers of the errors, for a message.
fn printable(errors: &[ApiError]) -> String {
    let fit = |c: &char| c.is_ascii_alphanumeric();
    let codes = errors
        .iter()
        .take(3)
        .map(|error| -> String { error.code.chars().filter(fit).take(8).collect() });
    codes.fold(String::new(), |text, code| format!("{text}, error {code}"))
}

#[cfg(test)]
mod tests;

//! What a story of a call is made of.

use serde::Serialize;
use types::{
    AgentId, BusinessId, CallId, CallTime, ConfigVersion, E164, EndReason, FactId, GenerationId,
    Heard, Millis, Pii, Stages, TurnId, Turns, WallTime,
};

use super::Moment;

/// The format of [`Story`] as JSON; grows when a reader must know.
pub const STORY_FORMAT: u32 = 1;

/// One call, told turn by turn. Holds the words of both parties: as private as the log.
#[derive(Clone, Debug, Serialize)]
pub struct Story {
    /// [`STORY_FORMAT`].
    pub format: u32,
    /// The format of the log it was made from.
    pub log_format: u32,
    /// Which call.
    pub call: CallId,
    /// Whose.
    pub business: BusinessId,
    /// Who answered.
    pub agent: AgentId,
    /// Under which published configuration.
    pub version: ConfigVersion,
    /// When the leg was accepted.
    #[serde(rename = "began_unix_ms")]
    pub began: WallTime,
    /// Who called whom, if the log says so.
    pub leg: Option<Leg>,
    /// How turns were to be taken.
    pub settings: Turns,
    /// The last entry of the log.
    #[serde(rename = "until_us")]
    pub until: CallTime,
    /// How it ended; absent if the log does not say.
    pub ended: Option<Ending>,
    /// The exchanges, oldest first; turn 0 is the greeting.
    pub turns: Vec<Turn>,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Ending {
    /// Why.
    pub reason: EndReason,
    /// When.
    #[serde(rename = "at_us")]
    pub at: CallTime,
}

/// Who called whom, on what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Leg {
    /// The caller's number, if shown.
    pub from: Option<Pii<E164>>,
    /// The dialed number.
    pub to: E164,
    /// What the leg carries; empty if not known.
    pub format: String,
}

/// One exchange.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Turn {
    /// Which.
    pub turn: TurnId,
    /// When it began.
    #[serde(rename = "began_us")]
    pub began: CallTime,
    /// What was understood of the caller.
    pub caller: Pii<String>,
    /// The keys the caller pressed.
    pub keys: Pii<String>,
    /// When the caller spoke, as the detector saw it.
    pub speech: Vec<Span>,
    /// The recognizer's words as they came.
    pub partials: Vec<Partial>,
    /// What was said in reply, attempt by attempt.
    pub replies: Vec<Reply>,
    /// When each stage was done.
    pub stages: Stages,
    /// The end of the caller's speech to the first sound of the reply, as heard.
    #[serde(rename = "response_ms")]
    pub response: Option<Millis>,
    /// All that happened, in order.
    pub moments: Vec<Moment>,
}

/// A stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Span {
    /// Its first moment.
    #[serde(rename = "from_us")]
    pub from: CallTime,
    /// Its last.
    #[serde(rename = "until_us")]
    pub until: CallTime,
}

/// Words that replace those before them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Partial {
    /// When they came.
    #[serde(rename = "at_us")]
    pub at: CallTime,
    /// All words so far.
    pub text: Pii<String>,
}

/// One attempt at a reply.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Reply {
    /// Its id.
    pub generation: GenerationId,
    /// All words handed to the voice.
    pub said: Pii<String>,
    /// The words the caller heard.
    pub heard: Pii<String>,
    /// The words the caller did not.
    pub unheard: Pii<String>,
    /// Whether it was cut; absent if the log does not say.
    pub cut: Option<Heard>,
    /// The facts behind its figures.
    pub cites: Vec<FactId>,
    /// When its first sample was heard.
    #[serde(rename = "from_us")]
    pub from: Option<CallTime>,
    /// When its last sample was.
    #[serde(rename = "until_us")]
    pub until: Option<CallTime>,
    /// How much audio was heard.
    #[serde(rename = "audio_ms")]
    pub audio: Millis,
    /// How often it ran dry.
    pub gaps: u32,
}

impl Story {
    /// Response times of the turns that have one, in order of time.
    pub fn responses(&self) -> Vec<Millis> {
        self.turns.iter().filter_map(|turn| turn.response).collect()
    }

    /// All moments, turn after turn.
    pub fn moments(&self) -> impl Iterator<Item = &Moment> {
        self.turns.iter().flat_map(|turn| &turn.moments)
    }
}

impl Turn {
    /// The reply that was heard last, if any was.
    pub fn heard_reply(&self) -> Option<&Reply> {
        self.replies.iter().rev().find(|reply| reply.from.is_some())
    }
}

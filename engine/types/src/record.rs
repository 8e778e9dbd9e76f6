//! What remains of a call.

use crate::{
    AgentId, BusinessId, CallId, CallTime, ConfigVersion, E164, FactId, Heard, Message, Millis,
    Pii, TurnId, VendorShare, WallTime,
};

/// The format of [`CallRecord`] as written; grows when a reader must know.
pub const CALL_RECORD_FORMAT: u32 = 1;

/// One finished call: times, turns, latencies, usage, outcome.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CallRecord {
    /// [`CALL_RECORD_FORMAT`].
    pub format: u32,
    /// Which call.
    pub call: CallId,
    /// Whose.
    pub business: BusinessId,
    /// Who answered.
    pub agent: AgentId,
    /// Under which published configuration.
    pub version: ConfigVersion,
    /// The parties.
    pub parties: Parties,
    /// When the leg was accepted.
    #[cfg_attr(feature = "serde", serde(rename = "began_unix_ms"))]
    pub began: WallTime,
    /// How long it lasted.
    #[cfg_attr(feature = "serde", serde(rename = "duration_ms"))]
    pub duration: Millis,
    /// How it ended.
    pub ended: EndReason,
    /// The exchanges, oldest first; turn 0 is the greeting.
    pub turns: Vec<TurnRecord>,
    /// Messages taken.
    pub messages: Vec<Message>,
    /// What it used up.
    pub usage: Usage,
    /// What it used up at each vendor that bills, in the agent's order; members of a list that were
    /// never asked are absent.
    #[cfg_attr(feature = "serde", serde(default))]
    pub vendors: Vec<VendorShare>,
}

/// Who called whom.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Parties {
    /// The caller's number, if shown.
    pub from: Option<Pii<E164>>,
    /// The dialed number.
    pub to: E164,
    /// The carrier's name of the call.
    pub carrier_call: String,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum EndReason {
    /// The caller hung up.
    CallerHungUp,
    /// The agent said goodbye.
    AgentSaidGoodbye,
    /// Handed to a person.
    Transferred,
    /// The business had no place for it: the caller was told so, and the call was over.
    Overflow,
    /// The caller said nothing for too long.
    NoInput,
    /// It reached its longest duration.
    DurationMax,
    /// The socket went away without a word.
    LegLost,
    /// The carrier sent no media for too long.
    MediaDead,
    /// An admin or a drain ended it.
    Shutdown,
    /// Recognizer, brain or voice failed beyond help.
    VendorsFailed,
    /// A fault of ours.
    Internal,
}

/// One exchange.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TurnRecord {
    /// Which.
    pub turn: TurnId,
    /// The caller's words.
    pub caller: Pii<String>,
    /// The reply as it was thought.
    pub reply: Pii<String>,
    /// The part of it that was heard.
    pub heard: Pii<String>,
    /// Whether it was cut off.
    pub cut: Option<Heard>,
    /// The facts behind its figures.
    pub cites: Vec<FactId>,
    /// When each stage was done.
    pub stages: Stages,
}

/// When each stage of a turn was done, on the call's clock. What did not happen is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Stages {
    /// Last sample of the caller's speech.
    #[cfg_attr(feature = "serde", serde(rename = "speech_ended_us"))]
    pub speech_ended: Option<CallTime>,
    /// The silence chosen before the turn counts as over.
    #[cfg_attr(feature = "serde", serde(rename = "endpoint_delay_ms"))]
    pub endpoint_delay: Option<Millis>,
    /// The turn was declared over.
    #[cfg_attr(feature = "serde", serde(rename = "endpointed_us"))]
    pub endpointed: Option<CallTime>,
    /// The final transcript was there.
    #[cfg_attr(feature = "serde", serde(rename = "transcribed_us"))]
    pub transcribed: Option<CallTime>,
    /// The brain's first words were there.
    #[cfg_attr(feature = "serde", serde(rename = "thought_us"))]
    pub thought: Option<CallTime>,
    /// The voice's first audio was there.
    #[cfg_attr(feature = "serde", serde(rename = "voiced_us"))]
    pub voiced: Option<CallTime>,
    /// The first frame of the reply left.
    #[cfg_attr(feature = "serde", serde(rename = "sent_us"))]
    pub sent: Option<CallTime>,
    /// The caller heard the first sample, as far as marks and samples tell.
    #[cfg_attr(feature = "serde", serde(rename = "heard_us"))]
    pub heard: Option<CallTime>,
}

impl Stages {
    /// End of the caller's speech to first audio heard: the headline number.
    pub fn response(&self) -> Option<Millis> {
        Some(self.heard?.since(self.speech_ended?))
    }
}

/// What a call used up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Usage {
    /// Audio that reached the recognizer.
    #[cfg_attr(feature = "serde", serde(rename = "recognized_ms"))]
    pub recognized: Millis,
    /// Characters handed to the voice.
    pub voiced_characters: u64,
    /// Agent audio that was sent.
    #[cfg_attr(feature = "serde", serde(rename = "sent_ms"))]
    pub sent: Millis,
    /// Agent audio that was heard.
    #[cfg_attr(feature = "serde", serde(rename = "heard_ms"))]
    pub heard: Millis,
}

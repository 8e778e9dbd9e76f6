//! A configured agent: what a call pins when it begins and keeps to its end.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::{AgentId, BusinessId, ConfigVersion, E164, Facts, Millis, ToolSpec, VendorName};

/// One published version of one agent. Immutable; a call holds it for its whole life.
#[derive(Clone, Debug)]
pub struct AgentConfig {
    /// Whose agent it is.
    pub business: BusinessId,
    /// Which of the business's agents.
    pub agent: AgentId,
    /// The publish it came with.
    pub version: ConfigVersion,
    /// What is said first, and in which manner.
    pub persona: Persona,
    /// Who recognizes, thinks and speaks.
    pub vendors: VendorChoice,
    /// How turns are taken.
    pub turns: Turns,
    /// What bounds a call.
    pub limits: Limits,
    /// How calls are let in.
    pub intake: Intake,
    /// Whether calls are recorded.
    pub recording: Recording,
    /// What the agent may say.
    pub facts: Arc<Facts>,
    /// What it may do besides: the business's own tools.
    pub tools: Arc<[ToolSpec]>,
}

/// What callers hear first, and in which manner.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Persona {
    /// The first words.
    pub greeting: String,
    /// What the law or the business wants said right after the greeting.
    pub disclosure: Option<String>,
    /// The manner of speaking.
    pub tone: Tone,
    /// BCP 47 tag of the language spoken.
    pub language: String,
}

/// The manner of speaking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Tone {
    /// Friendly, a little longer.
    #[default]
    Warm,
    /// As short as can be.
    Brisk,
    /// Polite distance, no contractions.
    Formal,
}

/// Vendors in the order they are tried. The last is local.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VendorChoice {
    /// Who turns speech into text.
    pub recognizer: Vec<ChosenVendor>,
    /// Who thinks of the reply.
    pub brain: Vec<ChosenVendor>,
    /// Who speaks it.
    pub voice: Vec<ChosenVendor>,
}

/// A vendor that an agent names, and what it wants of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChosenVendor {
    /// Who.
    pub name: VendorName,
    /// Which of its models; absent: the node's.
    pub model: Option<String>,
    /// Which of its voices; absent: the node's.
    pub voice: Option<String>,
    /// How long it may be silent before the next is asked as well; absent: as it was quick so far.
    pub late_after: Option<Millis>,
}

impl From<VendorName> for ChosenVendor {
    /// As the node has it.
    fn from(name: VendorName) -> Self {
        Self { name, model: None, voice: None, late_after: None }
    }
}

impl fmt::Display for ChosenVendor {
    /// `cartesia (model sonic-3.5, voice f786b574)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, model, voice, late_after } = self;
        let wanted = [
            model.as_ref().map(|model| format!("model {model}")),
            voice.as_ref().map(|voice| format!("voice {voice}")),
            late_after.map(|after| format!("late after {after}")),
        ];
        let wanted: Vec<String> = wanted.into_iter().flatten().collect();
        match wanted.as_slice() {
            [] => write!(f, "{name}"),
            wanted => write!(f, "{name} ({})", wanted.join(", ")),
        }
    }
}

/// How turns are taken. Defaults stand in the engine's `config.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Turns {
    /// Silence after words that sound finished.
    pub endpoint_delay_min: Millis,
    /// Silence after words that do not. Not below the minimum.
    pub endpoint_delay_max: Millis,
    /// Whether caller's speech stops the agent.
    pub barge_in: BargeIn,
    /// Silence, counted from the heard end of the agent's words, after which it speaks up.
    pub no_input_delay: Millis,
    /// How often it speaks up before it says goodbye.
    pub no_input_prompts_max: u32,
    /// How long keys may lie apart and still be one entry.
    pub dtmf_gap_max: Millis,
    /// How long the greeting, once it is heard, cannot be talked over.
    #[cfg_attr(feature = "serde", serde(default))]
    pub greeting_protected: Millis,
    /// What makes an entry of the keys a caller presses.
    #[cfg_attr(feature = "serde", serde(default))]
    pub keys: KeyRules,
}

/// What makes an entry of the keys a caller presses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct KeyRules {
    /// How long an entry may take, from its first key.
    pub entry_max: Millis,
    /// The key that ends an entry, and is no part of it.
    pub terminator: crate::DtmfDigit,
    /// An entry is complete with so many.
    pub digits_max: u32,
}

impl KeyRules {
    /// As shipped: what the engine's `config.toml` says.
    pub const STANDARD: Self = Self {
        entry_max: Millis::from_secs(15),
        terminator: crate::DtmfDigit::HASH,
        digits_max: 32,
    };
}

impl Default for KeyRules {
    fn default() -> Self {
        Self::STANDARD
    }
}

/// Whether caller's speech stops the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum BargeIn {
    /// It does.
    Allowed,
    /// The agent finishes its words; what the caller says meanwhile is answered afterwards.
    Protected,
}

/// What bounds a call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Limits {
    /// The longest call; a goodbye is said at its end.
    pub call_duration_max: Millis,
    /// Simultaneous calls of this business.
    pub calls_max: u32,
}

/// How a business's calls are let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intake {
    /// Calls that may start per second, and as many at once.
    pub starts_per_s_max: u32,
    /// What a caller meets who comes on top.
    pub overflow: Overflow,
    /// What [`Overflow::Message`] says.
    pub message: Cow<'static, str>,
    /// Who is rung after it; nobody, and the caller is hung up on, if absent.
    pub transfer_to: Option<E164>,
}

impl Intake {
    /// As shipped: what the engine's `config.toml` says.
    pub const STANDARD: Self = Self {
        starts_per_s_max: 20,
        overflow: Overflow::Busy,
        message: Cow::Borrowed(
            "All our lines are busy right now. Please call again in a few minutes.",
        ),
        transfer_to: None,
    };
}

/// What a caller meets whom the business has no place for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Overflow {
    /// The busy tone: try again.
    Busy,
    /// A refusal.
    Reject,
    /// "Temporarily unavailable": networks divert to voicemail on it where they know one.
    Unavailable,
    /// A sentence in the carrier's voice, which takes no place here; then a transfer, or the end.
    Message,
}

/// Whether calls are recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Recording {
    /// Two channels, caller left, agent right.
    On,
    /// Nothing is kept.
    Off,
}

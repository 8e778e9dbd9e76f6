//! What has been said in a call so far, as its brain may know it: only what was heard.

use crate::{FactId, Pii, TurnId};

/// Everything said in a call, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dialogue {
    /// The utterances, oldest first.
    pub entries: Vec<DialogueEntry>,
}

/// One party's words within one turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DialogueEntry {
    /// The caller's words, as recognized.
    Caller {
        /// The turn they opened.
        turn: TurnId,
        /// The words.
        text: Pii<String>,
        /// Other readings of the same speech, likeliest first; may be empty.
        others: Vec<Pii<String>>,
    },
    /// Keys the caller pressed.
    Keys {
        /// The turn they opened.
        turn: TurnId,
        /// The digits, in order.
        digits: Pii<String>,
    },
    /// The agent's words, as far as the caller heard them.
    Agent {
        /// The turn they answered.
        turn: TurnId,
        /// The words that were heard.
        text: Pii<String>,
        /// Whether the caller heard all of it.
        heard: Heard,
        /// What the brain wants to remember of this reply. Absent when nothing of it was heard.
        note: Option<BrainNote>,
    },
    /// The caller said nothing for a while.
    NoInput {
        /// The turn in which the agent speaks up.
        turn: TurnId,
    },
}

/// Why a reply answers one of several readings of the caller's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Because {
    /// It is the likeliest one, and the others do not matter.
    First,
    /// All of them come to the same.
    Agreed,
    /// It is the only one that can be answered.
    Alone,
    /// Others could be answered as well, but leave words unexplained.
    Clearer,
    /// None is clear, or they mean different things: the caller is asked.
    Asked,
}

/// How much of a reply reached the caller's ear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Heard {
    /// All of it.
    Whole,
    /// It was cut off.
    Cut,
}

/// What a brain wants to find again in the dialogue at its next turn. Opaque to everybody else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct BrainNote(pub Pii<String>);

/// What kind of answer the agent's last words ask for. Endpointing waits accordingly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Expect {
    /// Anything.
    #[default]
    Open,
    /// Yes or no, or one of a few words.
    Choice,
    /// Digits, spoken or keyed, with pauses between them.
    Digits,
    /// A name or an address, perhaps spelled.
    Dictation,
}

/// What a reply does besides being said. Carried out only once its words were heard.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(tag = "effect", rename_all = "snake_case"))]
pub enum Effect {
    /// End the call after these words.
    EndCall,
    /// Connect the caller with a person.
    Transfer {
        /// Whom to ring.
        to: crate::E164,
    },
    /// Keep a message for the business.
    TakeMessage(Message),
    /// Press keys: a menu at the other end of the line.
    PressKeys {
        /// `0-9`, `*`, `#`, `A-D`.
        digits: Pii<String>,
    },
}

/// A message a caller left.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Message {
    /// Who called.
    pub name: Pii<String>,
    /// Where to call back: digits, with `+` if it is a full number.
    pub number: Pii<String>,
    /// What it is about.
    pub reason: Pii<String>,
    /// Whether it cannot wait.
    pub urgency: Urgency,
}

/// Whether a message can wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Urgency {
    /// It can wait for the next working hour.
    Normal,
    /// Somebody should see it now.
    Urgent,
}

/// Words and the facts their figures came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CitedText {
    /// The words.
    pub text: String,
    /// The facts behind the figures in them, in order of appearance.
    pub cites: Vec<FactId>,
}

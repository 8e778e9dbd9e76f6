//! What a call leaves behind.

use types::{EndReason, Message, Millis, TurnRecord};

/// The part of a call record that the conversation itself knows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallSummary {
    /// The exchanges, oldest first; turn 0 is the greeting.
    pub turns: Vec<TurnRecord>,
    /// Messages taken.
    pub messages: Vec<Message>,
    /// What was used and what happened how often.
    pub counts: Counts,
    /// How it ended; absent while it lasts.
    pub reason: Option<EndReason>,
}

/// What a call used and what happened how often.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Audio that became finals.
    pub recognized: Millis,
    /// Characters handed to the voice.
    pub voiced_characters: u64,
    /// Agent audio that was heard.
    pub heard: Millis,
    /// Barge-ins that stopped the agent.
    pub barge_ins: u32,
    /// Barge-ins that turned out to be none.
    pub barge_ins_rejected: u32,
    /// Turns without words.
    pub empty_turns: u32,
    /// Failures of vendors that were noticed.
    pub vendor_failures: u32,
    /// Times the leg was without media.
    pub outages: u32,
}

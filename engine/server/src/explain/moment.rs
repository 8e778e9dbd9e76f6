//! What happens in a story, moment by moment.

use call::{Certainty, Decision, LegEnd, Remark, Rule, Timer};
use serde::Serialize;
use types::{Because, CallTime, EndReason, GenerationId, LegOrder, Millis, Pii, Unavailable};

/// Something that happened, and when.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Moment {
    /// When.
    #[serde(rename = "at_us")]
    pub at: CallTime,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// Why a turn was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TurnEnd {
    /// How long the caller had been silent.
    #[serde(rename = "silent_ms")]
    pub silence: Millis,
    /// How long that had to last.
    #[serde(rename = "chosen_ms")]
    pub chosen: Option<Millis>,
    /// The rule that chose it.
    pub rule: Option<Rule>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "moment", rename_all = "snake_case")]
pub enum What {
    /// The caller spoke, until now or the next pause.
    Spoke {
        /// For how long.
        #[serde(rename = "speech_ms")]
        speech: Millis,
    },
    /// The recognizer's words so far.
    Words {
        /// All of them.
        text: Pii<String>,
        /// How sure they are.
        certainty: Certainty,
    },
    /// The caller went on before the silence was long enough.
    WentOn {
        /// After so much silence.
        #[serde(rename = "silent_ms")]
        silence: Millis,
    },
    /// The recognizer's last words.
    Understood {
        /// They; empty if there were none.
        text: Pii<String>,
        /// Other readings of the same speech, likeliest first.
        others: Vec<Pii<String>>,
        /// The audio they came from.
        #[serde(rename = "audio_ms")]
        audio: Millis,
        /// From the end of the turn until they were there.
        #[serde(rename = "took_ms")]
        took: Option<Millis>,
    },
    /// Which reading of the caller's words the brain answers.
    Chose {
        /// 0 is the first.
        reading: usize,
        /// Why this one.
        because: Because,
    },
    /// The caller pressed a key.
    Key {
        /// Which.
        digit: char,
    },
    /// A decision, with its inputs.
    Decided {
        /// Which.
        #[serde(flatten)]
        decision: Decision,
        /// What ended the turn, where this does.
        #[serde(skip_serializing_if = "Option::is_none")]
        turn_end: Option<TurnEnd>,
    },
    /// The brain was asked.
    Thinks {
        /// For which reply.
        generation: GenerationId,
    },
    /// The reply's first words were there.
    Thought {
        /// Since the brain was asked.
        #[serde(rename = "took_ms")]
        took: Option<Millis>,
    },
    /// The voice was given words.
    Says {
        /// Of which reply.
        generation: GenerationId,
        /// They.
        text: Pii<String>,
        /// The caller may not talk over them.
        protected: bool,
    },
    /// The voice's first audio of a reply was there.
    Voiced {
        /// Since it was given the words.
        #[serde(rename = "took_ms")]
        took: Option<Millis>,
    },
    /// The caller begins to hear a reply.
    HeardFrom {
        /// Which.
        generation: GenerationId,
        /// Since the end of the caller's speech.
        #[serde(rename = "response_ms")]
        response: Option<Millis>,
    },
    /// The caller heard a reply to this point.
    Heard {
        /// Which.
        generation: GenerationId,
        /// The words that were heard.
        text: Pii<String>,
        /// The words that were not.
        unheard: Pii<String>,
        /// How much audio that was.
        #[serde(rename = "audio_ms")]
        audio: Millis,
    },
    /// The agent stopped sending, reversibly.
    Held {
        /// Which reply.
        generation: GenerationId,
    },
    /// The agent went on where it was held.
    Released {
        /// Which reply.
        generation: GenerationId,
    },
    /// The agent's audio was dropped.
    Cleared {
        /// Which reply.
        generation: GenerationId,
    },
    /// A vendor's or our own deadline passed.
    TimedOut {
        /// Which.
        timer: Timer,
    },
    /// Something noticed of leg and audio.
    Noticed {
        /// What.
        #[serde(flatten)]
        remark: Remark,
    },
    /// The leg was ordered something.
    Ordered {
        /// What.
        #[serde(flatten)]
        order: LegOrder,
    },
    /// The leg did not.
    Refused {
        /// Why.
        reason: Unavailable,
    },
    /// A message was kept for the business.
    MessageKept,
    /// Somebody of the house wants the call to end.
    EndAsked,
    /// The leg is gone.
    LegGone {
        /// How.
        how: LegEnd,
    },
    /// The call is over.
    Ended {
        /// Why.
        reason: EndReason,
    },
}

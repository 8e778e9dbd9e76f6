//! What a call decided, and from what: for whoever reads its event log.

use serde::{Deserialize, Serialize};
use types::{
    CallTime, EndReason, Expect, GenerationId, Heard, Millis, Pii, SegmentId, UtteranceId,
};

use crate::{Certainty, Confirmed, EchoHeard, LegEnd, Manner, Permille, Rejected, Rule};

/// A decision with its inputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "decision", rename_all = "snake_case")]
pub enum Decision {
    /// How long the caller's silence must last to end the turn.
    EndpointDelay {
        /// Of which utterance.
        utterance: UtteranceId,
        /// How long, from the last sample of speech.
        delay: Millis,
        /// The rule that spoke.
        rule: Rule,
        /// How likely the words are complete.
        finished: Permille,
        /// How sure the words themselves are.
        certainty: Certainty,
        /// The kind of answer that was asked for.
        expect: Expect,
        /// What else it was chosen from. Logs of format 1 do not have it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seen: Option<EndpointSeen>,
    },
    /// The caller's turn is over.
    Endpointed {
        /// The utterance that ended.
        utterance: UtteranceId,
        /// Its last sample of speech.
        speech_ended: CallTime,
    },
    /// The caller never stopped: the turn is ended by force.
    SpeechTooLong {
        /// The utterance.
        utterance: UtteranceId,
    },
    /// The final did not come in time; earlier words are used.
    FinalMissing {
        /// The utterance.
        utterance: UtteranceId,
    },
    /// The caller went on before the turn was answered: its parts become one.
    Merged {
        /// The utterance that adds to it.
        utterance: UtteranceId,
    },
    /// The caller may be barging in.
    BargeInHeld {
        /// On which reply.
        generation: GenerationId,
        /// With which utterance.
        utterance: UtteranceId,
        /// What was known. Logs of format 1 do not have it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seen: Option<BargeInSeen>,
    },
    /// The caller speaks into words that must not be interrupted: they go on. From format 2 on.
    BargeInProtected {
        /// Of which reply.
        generation: GenerationId,
        /// With which utterance.
        utterance: UtteranceId,
    },
    /// What is heard is the agent's own voice come back, as far as can be told: it goes on. From
    /// format 4 on.
    BargeInIgnored {
        /// On which reply.
        generation: GenerationId,
        /// With which utterance.
        utterance: UtteranceId,
        /// What was known.
        seen: BargeInSeen,
    },
    /// The agent has only just begun, or gone on: it is stopped then, if the caller still speaks. From
    /// format 4 on.
    BargeInPostponed {
        /// On which reply.
        generation: GenerationId,
        /// Until when.
        until: CallTime,
    },
    /// The caller is.
    BargeInConfirmed {
        /// On which reply.
        generation: GenerationId,
        /// Because of what.
        why: Confirmed,
        /// What was known. Absent for keys, and in logs of format 1.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seen: Option<BargeInSeen>,
    },
    /// The caller is not.
    BargeInRejected {
        /// On which reply.
        generation: GenerationId,
        /// Because of what.
        why: Rejected,
        /// What was known. Logs of format 1 do not have it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seen: Option<BargeInSeen>,
    },
    /// How much of a reply reached the caller's ear.
    HeardText {
        /// Of which reply.
        generation: GenerationId,
        /// The words.
        text: Pii<String>,
        /// Whether they are all of it.
        heard: Heard,
        /// How much audio that was.
        audio: Millis,
    },
    /// A reply of which nothing was heard is taken back.
    Withdrawn {
        /// Which.
        generation: GenerationId,
    },
    /// The carrier did not say that a reply was heard; its time has passed.
    PlayoutAssumed {
        /// Which.
        generation: GenerationId,
    },
    /// Speech without words.
    EmptyTurn {
        /// What becomes of it.
        then: Emptied,
    },
    /// The caller has said nothing for too long.
    NoInput {
        /// How often in a row, this one included.
        count: u32,
        /// What that was judged by. Logs of format 1 do not have it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seen: Option<NoInputSeen>,
    },
    /// An answer to something nobody waits for any more.
    LateAnswer {
        /// To what.
        to: Late,
    },
    /// A vendor failed.
    Failed {
        /// In what.
        what: Failure,
        /// How often in a row, this one included.
        count: u32,
    },
    /// The leg has lost its media.
    Detached {
        /// How.
        how: LegEnd,
    },
    /// The process died, and the call was rebuilt from its log.
    Restored {
        /// How long nobody was there.
        gap: Millis,
    },
    /// The leg has its media back.
    Reattached {
        /// After how long.
        gap: Millis,
    },
    /// What an outage had interrupted is taken up again.
    TakenUp {
        /// Whether an apology goes before it.
        apologizes: bool,
    },
    /// The call is to end.
    Closing {
        /// Why.
        reason: EndReason,
    },
    /// The caller spoke into the goodbye: the call goes on.
    HangUpCancelled {
        /// Why it would have ended.
        reason: EndReason,
    },
}

/// What an endpoint delay was chosen from, besides the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointSeen {
    /// How many words there were.
    pub words: u32,
    /// How long the caller had been speaking, pauses included.
    pub speech: Millis,
    /// How long the caller had been silent.
    pub silence: Millis,
    /// The shortest delay that could have been chosen.
    pub delay_min: Millis,
    /// The longest.
    pub delay_max: Millis,
}

/// What a barge-in was judged by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BargeInSeen {
    /// The caller's words so far.
    pub text: Pii<String>,
    /// How many of them are more than a sign of listening.
    pub meaning: u32,
    /// How sure they are.
    pub certainty: Certainty,
    /// Whether the caller was still speaking.
    pub voice: CallerVoice,
    /// How long the caller had been speaking.
    pub speech: Millis,
    /// How long the agent had been held.
    pub held: Millis,
    /// What the agent was doing.
    pub manner: Manner,
    /// How much like the agent's own voice it sounds, if somebody compares. From format 4 on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub echo: Option<EchoHeard>,
    /// The share of the words that the agent had just said itself. From format 4 on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_words: Option<Permille>,
}

impl BargeInSeen {
    /// What a log of `format` holds of it.
    fn in_format(self, format: u32) -> Option<Self> {
        match format {
            0..2 => None,
            2..4 => Some(Self { echo: None, own_words: None, ..self }),
            4.. => Some(self),
        }
    }
}

/// Whether the caller speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallerVoice {
    /// Yes.
    Speaking,
    /// Not at this moment.
    Paused,
    /// Not for the detector's hangover.
    Ended,
}

/// What a silence was judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoInputSeen {
    /// How long the caller had been silent.
    pub silence: Millis,
    /// How often the agent speaks up before it says goodbye.
    pub prompts_max: u32,
}

impl Decision {
    /// This decision as a log of `format` holds it; `None` if such a log has no word for it.
    ///
    /// A call that is replayed from an old log decides as it did, and is compared with what was
    /// written down then.
    pub fn as_of(mut self, format: u32) -> Option<Self> {
        if 4 <= format {
            return Some(self);
        }
        match &mut self {
            Self::BargeInHeld { seen, .. }
            | Self::BargeInConfirmed { seen, .. }
            | Self::BargeInRejected { seen, .. } => {
                *seen = seen.take().and_then(|seen| seen.in_format(format));
            }
            Self::BargeInIgnored { .. } | Self::BargeInPostponed { .. } => return None,
            _ if 2 <= format => (),
            Self::BargeInProtected { .. }
            | Self::Detached { .. }
            | Self::Restored { .. }
            | Self::Reattached { .. }
            | Self::TakenUp { .. } => return None,
            Self::EndpointDelay { seen, .. } => *seen = None,
            Self::NoInput { seen, .. } => *seen = None,
            Self::Endpointed { .. }
            | Self::SpeechTooLong { .. }
            | Self::FinalMissing { .. }
            | Self::Merged { .. }
            | Self::HeardText { .. }
            | Self::Withdrawn { .. }
            | Self::PlayoutAssumed { .. }
            | Self::EmptyTurn { .. }
            | Self::LateAnswer { .. }
            | Self::Failed { .. }
            | Self::Closing { .. }
            | Self::HangUpCancelled { .. } => (),
        }
        Some(self)
    }
}

/// What becomes of a turn without words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Emptied {
    /// The reply it took back is thought again.
    ThoughtAgain,
    /// The reply it cut goes on.
    Resumed,
    /// The agent says that it did not understand.
    NotCaught,
    /// Nothing.
    Ignored,
    /// The call ends as it was about to.
    HungUp,
}

/// Something nobody waits for any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Late {
    /// Words of an utterance that is done.
    Utterance(UtteranceId),
    /// Words, effects or the end of a reply that is dead.
    Generation(GenerationId),
    /// Audio of a segment of a reply that is dead.
    Segment(GenerationId, SegmentId),
}

/// What a vendor failed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// Hearing the caller.
    Recognizer,
    /// Thinking of a reply.
    Brain,
    /// Speaking it.
    Voice,
    /// Bringing it to the caller's ear.
    Playout,
}

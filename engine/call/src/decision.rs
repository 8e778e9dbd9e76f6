//! What a call decided, and from what: for whoever reads its event log.

use serde::{Deserialize, Serialize};
use types::{
    CallTime, EndReason, Expect, GenerationId, Heard, Millis, Pii, SegmentId, UtteranceId,
};

use crate::{Certainty, Confirmed, LegEnd, Permille, Rejected, Rule};

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
    },
    /// The caller is.
    BargeInConfirmed {
        /// On which reply.
        generation: GenerationId,
        /// Because of what.
        why: Confirmed,
    },
    /// The caller is not.
    BargeInRejected {
        /// On which reply.
        generation: GenerationId,
        /// Because of what.
        why: Rejected,
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

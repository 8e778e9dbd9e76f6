//! What a call orders the outside to do.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use types::{
    BargeIn, CallTime, Dialogue, EndReason, GenerationId, LegOrder, Message, Millis, Pii,
    SegmentId, UtteranceId,
};

use crate::Decision;

/// An order. Actions come out in the order they must be carried out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// A new utterance begins: tell the recognizer.
    BeginUtterance {
        /// Its id from now on.
        utterance: UtteranceId,
        /// First sample of speech.
        at: CallTime,
    },
    /// The caller paused within an utterance.
    PauseUtterance {
        /// Which.
        utterance: UtteranceId,
    },
    /// The caller went on.
    ResumeUtterance {
        /// Which.
        utterance: UtteranceId,
    },
    /// The turn is over: the recognizer's last words, please.
    FinalizeUtterance {
        /// Which.
        utterance: UtteranceId,
    },
    /// Nobody waits for this utterance any more.
    DiscardUtterance {
        /// Which.
        utterance: UtteranceId,
    },
    /// Think of a reply.
    Think {
        /// Under this id.
        generation: GenerationId,
        /// Given all that was said and heard.
        #[serde(skip)]
        dialogue: Arc<Dialogue>,
    },
    /// Stop thinking of it.
    CancelThought {
        /// Of which reply.
        generation: GenerationId,
    },
    /// Speak a segment.
    Speak {
        /// Of which reply.
        generation: GenerationId,
        /// Which piece, from 0 upwards.
        segment: SegmentId,
        /// The words.
        text: Pii<String>,
        /// Whether the caller may talk over it.
        barge_in: BargeIn,
    },
    /// No further segment of this reply follows.
    EndSpeech {
        /// Which reply.
        generation: GenerationId,
    },
    /// Stop the voice working on a reply.
    CancelSpeech {
        /// Which reply.
        generation: GenerationId,
        /// How much of it was heard.
        heard: Millis,
    },
    /// Stop sending, keep what is queued: perhaps the caller barges in.
    HoldPlayout {
        /// Which reply.
        generation: GenerationId,
    },
    /// The caller did not: go on sending.
    ResumePlayout {
        /// Which reply.
        generation: GenerationId,
    },
    /// Drop all queued audio, here and at the carrier. Answered by [`crate::Event::PlayoutCleared`].
    ClearPlayout {
        /// Which reply.
        generation: GenerationId,
    },
    /// An order to the leg. A refusal comes back as [`crate::Event::LegRefused`].
    Leg {
        /// What.
        order: LegOrder,
    },
    /// Have the leg carry media again. Answered by [`crate::Event::AttachAccepted`] and then
    /// [`crate::Event::Reattached`], or by [`crate::Event::AttachRefused`], or by
    /// [`crate::Event::LegEnded`] if it is no more.
    Reattach {
        /// Which attempt of this outage, from 1.
        attempt: u32,
    },
    /// Keep a message for the business: its words were heard and agreed to.
    KeepMessage {
        /// The message.
        message: Message,
    },
    /// A decision, for whoever reads the event log later.
    Note {
        /// Which, with its inputs.
        decision: Decision,
    },
    /// The call is over; nothing follows. Collect [`crate::Call::summary`].
    Finish {
        /// How it ended.
        reason: EndReason,
    },
}

//! What can happen to a call, from outside.

use serde::{Deserialize, Serialize};
use types::{
    Because, BrainNote, CallTime, DtmfDigit, Effect, EndReason, Expect, FactId, GenerationId,
    Millis, Pii, SegmentId, Unavailable, UtteranceId,
};

use crate::EchoHeard;

/// Something that happened. A closed set: every one has its arm in every state.
///
/// `at` fields lie on the caller's audio timeline and may precede the `now` they arrive with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The leg carries media: time to greet.
    Answered,
    /// The detector is sure that the caller began to speak.
    SpeechStarted {
        /// First sample of speech.
        at: CallTime,
    },
    /// The caller has been silent for a moment; may go on.
    SpeechPaused {
        /// Last sample of speech.
        at: CallTime,
    },
    /// The caller went on after a pause.
    SpeechResumed,
    /// The caller has been silent for the detector's hangover.
    SpeechEnded {
        /// Last sample of speech.
        at: CallTime,
    },
    /// The caller's audio has stayed away for so long that what was being said is over, whatever was
    /// still to come. [`Event::SpeechEnded`] went before, when it had stayed away for a moment.
    SpeechStopped {
        /// Last sample of speech that came.
        at: CallTime,
    },
    /// While the caller is heard to speak and the agent is audible: how much like the agent's own voice
    /// that sounds. Comes before [`Event::SpeechStarted`], and again when it changes.
    Echo {
        /// How much.
        heard: EchoHeard,
    },
    /// The recognizer's words so far; replace earlier ones of the same utterance.
    Partial {
        /// Which.
        utterance: UtteranceId,
        /// The words.
        text: Pii<String>,
    },
    /// The recognizer's words during a pause: final unless the caller goes on.
    Stable {
        /// Which.
        utterance: UtteranceId,
        /// The words.
        text: Pii<String>,
        /// Other readings of the same speech, likeliest first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        others: Vec<Pii<String>>,
    },
    /// The recognizer's last words on an utterance, as asked for.
    Final {
        /// Which.
        utterance: UtteranceId,
        /// The words; empty if there were none.
        text: Pii<String>,
        /// Other readings of the same speech, likeliest first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        others: Vec<Pii<String>>,
        /// How much audio they came from.
        audio: Millis,
    },
    /// No recognizer is left to hear the caller.
    RecognizerFailed,
    /// The recognizer lost its connection and hears again what was said: last words come late, but
    /// they come.
    RecognizerRecovers,
    /// More words of a reply.
    Thought {
        /// Of which reply.
        generation: GenerationId,
        /// The words.
        text: Pii<String>,
        /// The facts behind their figures.
        cites: Vec<FactId>,
    },
    /// The words of a reply so far stand alone: they may be spoken, more will come later.
    ThoughtPaused {
        /// Which reply.
        generation: GenerationId,
    },
    /// Something to do once a reply's words were heard.
    ThoughtEffect {
        /// Of which reply.
        generation: GenerationId,
        /// What.
        effect: Effect,
    },
    /// Which reading of the caller's words a reply answers, if they had several.
    Understood {
        /// Which reply.
        generation: GenerationId,
        /// 0 is the first reading, 1 the first of the others.
        reading: usize,
        /// Why this one.
        because: Because,
    },
    /// A reply is complete.
    ThoughtDone {
        /// Which.
        generation: GenerationId,
        /// The kind of answer it asks for.
        expect: Expect,
        /// What the brain wants to find in the dialogue again.
        note: Option<BrainNote>,
    },
    /// There will be no more of a reply.
    ThoughtFailed {
        /// Which.
        generation: GenerationId,
    },
    /// The first audio of a segment arrived from the voice.
    SegmentVoiced {
        /// Of which reply.
        generation: GenerationId,
        /// Which piece.
        segment: SegmentId,
    },
    /// All audio of a segment is in the playout buffer.
    SegmentQueued {
        /// Of which reply.
        generation: GenerationId,
        /// Which piece.
        segment: SegmentId,
        /// How long it lasts.
        duration: Millis,
        /// When each word ends, if the voice knows: byte offset in the text, time in the segment.
        words: Vec<(usize, Millis)>,
    },
    /// A segment cannot be spoken.
    SegmentFailed {
        /// Of which reply.
        generation: GenerationId,
        /// Which piece.
        segment: SegmentId,
    },
    /// The first frame of a reply left for the carrier.
    PlayoutSent {
        /// Which reply.
        generation: GenerationId,
    },
    /// The caller begins to hear a reply.
    PlayoutStarted {
        /// Which reply.
        generation: GenerationId,
        /// When its first sample is heard.
        at: CallTime,
    },
    /// The caller has heard a whole segment.
    SegmentHeard {
        /// Of which reply.
        generation: GenerationId,
        /// Which piece.
        segment: SegmentId,
    },
    /// The caller has heard all of a reply.
    PlayoutFinished {
        /// Which reply.
        generation: GenerationId,
        /// When its last sample was heard.
        at: CallTime,
    },
    /// Playout was cleared as ordered: how much of each segment had been heard.
    PlayoutCleared {
        /// Which reply.
        generation: GenerationId,
        /// Segments of which at least something was queued, in order.
        heard: Vec<SegmentHeard>,
    },
    /// The caller pressed a key.
    Dtmf {
        /// Which.
        digit: DtmfDigit,
    },
    /// The leg could not do what was ordered.
    LegRefused {
        /// Why.
        reason: Unavailable,
    },
    /// The leg carries no media any more and has not ended: its socket is gone, or silent for too
    /// long. Answered by [`crate::Action::Reattach`].
    Detached {
        /// What became of its media.
        how: LegEnd,
    },
    /// The leg carries media again, on another socket or stream: what the carrier had queued is
    /// lost.
    Reattached {
        /// How long the caller was neither heard nor spoken to.
        gap: Millis,
    },
    /// The leg was told to carry media again, and whoever was told has taken the order: media is to
    /// follow.
    AttachAccepted,
    /// The leg was told to carry media again, and does not.
    AttachRefused {
        /// Why.
        reason: Unavailable,
    },
    /// The process that carried the call died, and another one has brought it here by this log.
    /// Nobody who worked for the call is left: no utterance, thought or segment will be answered.
    /// The leg carries no media until [`Event::Reattached`].
    Restored {
        /// How long nobody was there.
        gap: Millis,
    },
    /// The carrier's leg is gone.
    LegEnded {
        /// How.
        how: LegEnd,
    },
    /// Somebody of the house wants the call to end: politely or at once.
    EndRequested {
        /// How.
        manner: EndManner,
    },
}

impl Event {
    /// Whether it comes from the caller's side of the media.
    pub(crate) fn is_of_media(&self) -> bool {
        match self {
            Self::SpeechStarted { .. }
            | Self::SpeechPaused { .. }
            | Self::SpeechResumed
            | Self::SpeechEnded { .. }
            | Self::SpeechStopped { .. }
            | Self::Echo { .. }
            | Self::Dtmf { .. } => true,
            Self::Answered
            | Self::Partial { .. }
            | Self::Stable { .. }
            | Self::Final { .. }
            | Self::RecognizerFailed
            | Self::RecognizerRecovers
            | Self::Thought { .. }
            | Self::ThoughtPaused { .. }
            | Self::ThoughtEffect { .. }
            | Self::Understood { .. }
            | Self::ThoughtDone { .. }
            | Self::ThoughtFailed { .. }
            | Self::SegmentVoiced { .. }
            | Self::SegmentQueued { .. }
            | Self::SegmentFailed { .. }
            | Self::PlayoutSent { .. }
            | Self::PlayoutStarted { .. }
            | Self::SegmentHeard { .. }
            | Self::PlayoutFinished { .. }
            | Self::PlayoutCleared { .. }
            | Self::LegRefused { .. }
            | Self::Detached { .. }
            | Self::Reattached { .. }
            | Self::AttachAccepted
            | Self::AttachRefused { .. }
            | Self::Restored { .. }
            | Self::LegEnded { .. }
            | Self::EndRequested { .. } => false,
        }
    }
}

/// How much of a segment was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentHeard {
    /// Which.
    pub segment: SegmentId,
    /// How much of it.
    pub heard: Millis,
    /// How much there was in the buffer.
    pub of: Millis,
}

/// How a leg went away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegEnd {
    /// The carrier said so.
    Stopped,
    /// The socket broke.
    Lost,
    /// No media for too long.
    MediaDead,
    /// The carrier has connected the caller with whom it was transferred to.
    HandedOver,
}

impl LegEnd {
    /// Why a call ends whose leg went away like this.
    pub(crate) fn reason(self) -> EndReason {
        match self {
            Self::Stopped => EndReason::CallerHungUp,
            Self::Lost => EndReason::LegLost,
            Self::MediaDead => EndReason::MediaDead,
            Self::HandedOver => EndReason::Transferred,
        }
    }
}

/// How the house ends a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndManner {
    /// With a goodbye.
    Polite,
    /// At once.
    AtOnce,
}

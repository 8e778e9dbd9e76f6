//! Speech into text.

use std::sync::Arc;

use types::{AudioFormat, Encoding, Millis, Pii, UtteranceId, VendorName};

use crate::{Sink, VendorError, VendorUsage};

/// A vendor that turns speech into text. Shared by all calls; sessions are per call.
pub trait Recognizer: Send + Sync {
    /// What it can do.
    fn capabilities(&self) -> &RecognizerCapabilities;

    /// Opens a session for one call.
    ///
    /// # Errors
    /// [`VendorError`] if it is already clear that no session can be had.
    fn open(
        &self,
        request: &RecognizerRequest,
        events: Arc<dyn Sink<RecognizerEvent>>,
    ) -> Result<Box<dyn RecognizerSession>, VendorError>;
}

/// What one call wants of a recognizer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecognizerRequest {
    /// How the audio will come: one of [`RecognizerCapabilities::formats`].
    pub format: AudioFormat,
    /// The BCP 47 tag of the language that is spoken.
    pub language: String,
    /// Words and short phrases that are likelier in this call than elsewhere, as they are written:
    /// services, names. A hint; cloud vendors map it to their key terms.
    pub vocabulary: Vec<String>,
}

/// What a recognizer can do. Data, so that callers choose by looking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecognizerCapabilities {
    /// The formats it takes: linear ([`Encoding::L16`]) or µ-law ([`Encoding::Pcmu`]), never none, the
    /// one it recognizes best first.
    pub formats: Vec<AudioFormat>,
    /// How it answers the order to finish.
    pub finalization: Finalization,
    /// The longest utterance it takes in one piece; longer ones it cuts at pauses itself.
    pub utterance_max: Option<Millis>,
    /// BCP 47 tags of the languages it knows.
    pub languages: Vec<String>,
}

impl RecognizerCapabilities {
    /// The format to hand it the audio of a leg in: the leg's own, bytes as they are, if it takes
    /// that; else the linear one it likes best.
    ///
    /// # Panics
    /// If it takes no format at all.
    pub fn format_for(&self, leg: AudioFormat) -> AudioFormat {
        let native = self.formats.iter().find(|format| **format == leg);
        let linear = self.formats.iter().find(|format| format.encoding == Encoding::L16);
        *native.or(linear).or(self.formats.first()).expect("a recognizer takes some format")
    }
}

/// A stretch of a caller's audio in the session's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AudioChunk<'a> {
    /// Mono samples.
    Linear(&'a [i16]),
    /// G.711 µ-law at 8 kHz, one byte a sample, as the leg carried it.
    Mulaw(&'a [u8]),
}

impl AudioChunk<'_> {
    /// How many samples it holds.
    pub const fn samples(self) -> usize {
        match self {
            Self::Linear(samples) => samples.len(),
            Self::Mulaw(codes) => codes.len(),
        }
    }
}

/// How a recognizer answers the order to finish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finalization {
    /// With a final that names the utterance.
    Acked,
    /// With finals that name nothing.
    Unacked,
    /// It decides alone.
    None,
}

/// One call's speech on its way into text.
///
/// The detector's edges come as hints: a local model works between them, a streaming vendor may
/// ignore them. Audio is pushed all the time, speech or not; the session keeps the prefix it needs.
pub trait RecognizerSession: Send {
    /// More of the caller's audio, in the format of the request, any length.
    fn push_audio(&mut self, audio: AudioChunk<'_>);

    /// Speech of a new utterance began `ago` before the newest sample.
    fn begin(&mut self, utterance: UtteranceId, ago: Millis);

    /// The caller has paused: what is there may be decoded on speculation.
    fn pause(&mut self, utterance: UtteranceId);

    /// The caller went on after a pause: speculation on the shorter audio is void.
    fn resume(&mut self, utterance: UtteranceId);

    /// The turn is over: answer with [`RecognizerEvent::Final`] for `utterance`, soon.
    fn finalize(&mut self, utterance: UtteranceId);

    /// Drops what is known of `utterance`; no further event for it will follow.
    fn discard(&mut self, utterance: UtteranceId);

    /// What the session has used up so far; nothing, for one that costs nothing.
    fn usage(&self) -> VendorUsage {
        VendorUsage::default()
    }

    /// What each vendor has used up, where several stand behind one session; empty for a session of one
    /// vendor alone.
    fn shares(&self) -> Vec<(VendorName, VendorUsage)> {
        Vec::new()
    }
}

/// What a recognizer heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecognizerEvent {
    /// The words so far; replaces what was said of this utterance before.
    Partial {
        /// Which.
        utterance: UtteranceId,
        /// The words.
        text: Pii<String>,
    },
    /// The words. Follows every `finalize` exactly once, even if there were none.
    Final {
        /// Which.
        utterance: UtteranceId,
        /// The words; may be empty.
        text: Pii<String>,
        /// Other readings of the same speech, likeliest first; may be empty. What another recognizer
        /// heard, or the runners-up of the same one; none of them is `text` again.
        others: Vec<Pii<String>>,
        /// How much audio they came from.
        audio: Millis,
    },
    /// The words as decoded during a pause: final unless the caller goes on.
    Stable {
        /// Which.
        utterance: UtteranceId,
        /// The words; may be empty.
        text: Pii<String>,
        /// Other readings of the same speech, as in [`RecognizerEvent::Final`].
        others: Vec<Pii<String>>,
    },
    /// The vendor's own opinion on whether the caller has finished.
    Turn {
        /// Which.
        utterance: UtteranceId,
        /// What it thinks.
        opinion: TurnOpinion,
    },
    /// The connection was lost and is there again: what was said and not yet understood is being
    /// repeated to the vendor. Finals of this time come late, but they come.
    Recovering {
        /// How much audio is repeated.
        behind: Millis,
    },
    /// The session is of no further use. The finals that are owed follow it, with what was known.
    Failed {
        /// Why.
        error: VendorError,
    },
}

/// What a vendor that follows turns thinks of the caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnOpinion {
    /// It has probably ended: worth thinking about, not yet worth answering.
    EndsEarly,
    /// It goes on after all.
    Resumed,
    /// It is over.
    Ended,
}

//! Text into speech.

use std::sync::Arc;

use types::{GenerationId, Millis, Pii, SampleRate, SegmentId};

use crate::{Sink, VendorError, VendorUsage};

/// A vendor that speaks. Shared by all calls; sessions are per call.
pub trait Voice: Send + Sync {
    /// What it can do.
    fn capabilities(&self) -> &VoiceCapabilities;

    /// Opens a session for one call.
    ///
    /// # Errors
    /// [`VendorError`] if it is already clear that no session can be had.
    fn open(
        &self,
        request: &VoiceRequest,
        events: Arc<dyn Sink<VoiceEvent>>,
    ) -> Result<Box<dyn VoiceSession>, VendorError>;
}

/// How a session is to speak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoiceRequest {
    /// BCP 47 tag.
    pub language: String,
    /// The rate the audio is wanted at; the session converts if its model speaks another.
    pub rate: SampleRate,
}

/// What a voice can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoiceCapabilities {
    /// The rate its model speaks.
    pub rate: SampleRate,
    /// How precisely it knows when which word is spoken.
    pub alignment: Alignment,
    /// BCP 47 tags of the languages it speaks.
    pub languages: Vec<String>,
}

/// How precisely a voice knows when which word is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alignment {
    /// Per word.
    Words,
    /// Not at all: estimate from lengths.
    None,
}

/// One call's speaking.
///
/// After [`VoiceSession::cancel`] returns, no audio of that generation is delivered.
pub trait VoiceSession: Send {
    /// Speaks `text`. Segments of a generation are delivered in the order they were asked for.
    fn speak(&mut self, generation: GenerationId, segment: SegmentId, text: &Pii<String>);

    /// Stops speaking `generation`, of which the caller has heard `heard`.
    fn cancel(&mut self, generation: GenerationId, heard: Millis);

    /// What the session has used up so far; nothing, for one that costs nothing.
    fn usage(&self) -> VendorUsage {
        VendorUsage::default()
    }
}

/// What a voice delivers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VoiceEvent {
    /// More audio, mono at the requested rate.
    Audio {
        /// Of which reply.
        generation: GenerationId,
        /// Of which piece of it.
        segment: SegmentId,
        /// The samples.
        samples: Arc<[i16]>,
    },
    /// All audio of a segment has been delivered.
    SegmentDone {
        /// Of which reply.
        generation: GenerationId,
        /// Which piece.
        segment: SegmentId,
        /// When each word ends, if the voice knows.
        words: Vec<WordTime>,
    },
    /// A segment cannot be spoken.
    Failed {
        /// Of which reply.
        generation: GenerationId,
        /// Which piece.
        segment: SegmentId,
        /// Why.
        error: VendorError,
    },
}

/// The place of a word in a segment's audio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordTime {
    /// Byte offset of the word's end in the segment's text.
    pub text_end: usize,
    /// When the word has been spoken, from the segment's first sample.
    pub end: Millis,
}

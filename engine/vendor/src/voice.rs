//! Text into speech.

use std::sync::Arc;

use types::{Audio, AudioFormat, GenerationId, Millis, Pii, SampleRate, SegmentId, VendorName};

use crate::{Sink, VendorError, VendorUsage};

/// A vendor that speaks. Shared by all calls; sessions are per call.
pub trait Voice: Send + Sync {
    /// What it can do.
    fn capabilities(&self) -> &VoiceCapabilities;

    /// Opens a session for one call, and begins to warm it: a vendor connects at once, so that the
    /// first word finds an open connection. What goes wrong meanwhile is told by the first segment.
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
    /// What the leg carries. Audio comes as samples at its rate, or in its own encoding if that is
    /// G.711 and the vendor speaks it: then nobody decodes or encodes on the way.
    pub format: AudioFormat,
}

/// What a voice can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoiceCapabilities {
    /// The rate its model speaks.
    pub rate: SampleRate,
    /// The formats its audio comes in without conversion on this side: linear
    /// ([`types::Encoding::L16`]) or G.711. What a leg wants beyond them is converted.
    pub formats: Vec<AudioFormat>,
    /// How precisely it knows when which word is spoken.
    pub alignment: Alignment,
    /// BCP 47 tags of the languages it speaks; empty if that depends on the voice, which knows.
    pub languages: Vec<String>,
}

/// How precisely a voice knows when which word is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alignment {
    /// Per word.
    Words,
    /// It says, after an interruption, where the text was cut ([`VoiceEvent::Heard`]); until then
    /// it is estimated from lengths.
    Cut,
    /// Not at all: estimate from lengths.
    None,
}

/// Whether a place in a text was told by who speaks it or worked out from lengths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// Told.
    Exact,
    /// Worked out.
    Estimated,
}

/// One call's speaking.
///
/// After [`VoiceSession::cancel`] returns, no audio of that generation is delivered, whatever is
/// still under way.
pub trait VoiceSession: Send {
    /// Speaks `text`. Segments of a generation are delivered in the order they were asked for.
    fn speak(&mut self, generation: GenerationId, segment: SegmentId, text: &Pii<String>);

    /// No further segment of `generation` will be asked for: nothing of it needs to wait for more.
    /// A voice that speaks every segment by itself has nothing to do.
    fn end(&mut self, _generation: GenerationId) {}

    /// Stops speaking `generation`, of which the caller has heard `heard`.
    fn cancel(&mut self, generation: GenerationId, heard: Millis);

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

/// What a voice delivers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VoiceEvent {
    /// More audio.
    Audio {
        /// Of which reply.
        generation: GenerationId,
        /// Of which piece of it.
        segment: SegmentId,
        /// The sound, as the request's format has it.
        audio: Audio,
    },
    /// All audio of a segment has been delivered.
    SegmentDone {
        /// Of which reply.
        generation: GenerationId,
        /// Which piece.
        segment: SegmentId,
        /// When each word ends; empty if the voice does not know.
        words: Vec<WordTime>,
        /// How sure it is of where this segment's audio ends, and of `words`.
        precision: Precision,
    },
    /// The vendor's own account of a cancelled reply: what of it was heard. Comes some time after
    /// the cancel, from voices whose alignment is [`Alignment::Cut`].
    Heard {
        /// Of which reply.
        generation: GenerationId,
        /// The segment it was cut in.
        segment: SegmentId,
        /// Byte offset in that segment's text of the end of what was heard; earlier segments were
        /// heard, later ones were not.
        text_end: usize,
    },
    /// A segment cannot be spoken, or not to its end. Each segment that is open fails by itself, in
    /// order: another voice goes on from `delivered`.
    Failed {
        /// Of which reply.
        generation: GenerationId,
        /// Which piece.
        segment: SegmentId,
        /// How much of its text has been delivered as audio.
        delivered: Delivered,
        /// Why.
        error: VendorError,
    },
}

/// How much of a segment's text has been delivered as audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// Byte offset of the end of the last word that is whole; 0 if there is none. What follows it has
    /// to be said again.
    pub text_end: usize,
    /// Whether the voice knows or guesses.
    pub precision: Precision,
}

impl Delivered {
    /// Not a word.
    pub const NOTHING: Self = Self { text_end: 0, precision: Precision::Exact };
}

/// The place of a word in a segment's audio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordTime {
    /// Byte offset of the word's end in the segment's text.
    pub text_end: usize,
    /// When the word has been spoken, from the segment's first sample.
    pub end: Millis,
}

//! Who recognizes, thinks and speaks for us: three traits, their capabilities, their errors.
//!
//! No I/O and no clock. A session takes orders and never blocks; what comes of them arrives as
//! events through a bounded [`Sink`], each carrying the id of what was asked. An answer to a
//! generation that is dead is the receiver's to drop.

mod brain;
mod error;
mod meaning;
mod recognizer;
mod sink;
mod voice;

pub use brain::{Brain, BrainContext, BrainEvent, BrainSession, Thought};
pub use error::{Phase, Remedy, VendorError};
pub use meaning::Meaning;
pub use recognizer::{
    AudioChunk, Finalization, Recognizer, RecognizerCapabilities, RecognizerEvent,
    RecognizerRequest, RecognizerSession, TurnOpinion,
};
pub use sink::{Offered, Sink};
pub use types::{Count, VendorUsage};
pub use voice::{
    Alignment, Delivered, Precision, Voice, VoiceCapabilities, VoiceEvent, VoiceRequest,
    VoiceSession, WordTime,
};

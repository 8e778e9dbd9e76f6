//! Local models behind the vendors' traits: speech detection, recognizer, voice.
//!
//! ```text
//! caller's audio, 8 kHz  --SpeechDetector-->  edges: started, paused, resumed, ended
//! caller's audio, 16 kHz --LocalRecognizer--> partial, stable and final words
//! reply's words          --LocalVoice-------> audio and the time of each word
//! ```
//!
//! Weights are loaded once and shared by all calls. The detector is small enough to run where the
//! audio arrives; everything else runs on a bounded [`WorkerPool`] of threads of lower priority,
//! and a session only queues work there. Nothing here knows calls or tokio.

pub mod models;
pub mod pool;
pub mod session;
pub mod verbalize;

mod beam;
mod bias;
mod denoise;
mod detector;
mod g2p;
mod guard;
mod hearing;
mod hibari;
mod meaning;
mod mel;
mod moonshine;
mod recognizer;
mod silero;
mod smart_turn;
mod tokens;
mod transcript;
mod trim;
mod utterance;
mod vocoder;
mod voice;
mod whisper;
mod wordpiece;

pub use bias::Bias;
pub use detector::{Audibility, DetectorCounters, DetectorSettings, Edge, SpeechDetector};
pub use hearing::{Ears, Expected, Finals, Pace};
pub use hibari::{Prediction, Speech, Synthesizer, VOICE_RATE};
pub use meaning::{MEANING_LEN, Sentences};
pub use models::{MODEL_FILES, ModelDir, ModelError, ModelFile};
pub use moonshine::{Moonshine, PIECE_MAX};
pub use pool::{Job, JobClass, JobFailure, PoolCounters, WorkerPool, lower_priority};
pub use recognizer::LocalRecognizer;
pub use session::{InferenceError, on_inference_thread};
pub use silero::{Vad, WINDOW};
pub use smart_turn::{HEARD_MAX, SmartTurn};
pub use tokens::{parse_byte_tokens, parse_tokens};
pub use transcript::Transcript;
pub use voice::{LocalVoice, SEGMENTS_MAX};
pub use whisper::Whisper;
pub use wordpiece::WordPieces;

//! Voices, one module per vendor's protocol.
//!
//! Every session is a handle, a task and a gate between them. The handle never waits; the task owns
//! the connection, warm from the moment the session is opened; the gate lets nothing of a cancelled
//! reply through, whatever the vendor still sends.
//!
//! | voice | unit | cancel on the wire | words | where a segment ends |
//! |---|---|---|---|---|
//! | ElevenLabs | context | close it, drop by name | characters, exact | told by the characters |
//! | Cartesia | context | cancel it, drop by name | words, exact | told (`flush_done`) |
//! | Deepgram Aura | stream | `Clear`, drop till `Cleared` | estimated | told by a flush each, estimated beyond 12 a minute |
//! | Deepgram Flux | turn | `Interrupt`, drop till acknowledged | the vendor's own cut | estimated |
//! | OpenAI speech | request | drop it | estimated | told: one request each |
//! | Wyoming | connection | drop it, connect anew | estimated | told: one `synthesize` each |

mod adapters;
mod aura;
mod cartesia;
pub mod catalog;
mod convert;
mod delivery;
mod dialect;
#[cfg(test)]
mod dialect_tests;
mod elevenlabs;
mod flux;
mod gate;
mod openai;
mod ratio;
mod script;
mod session;
mod spread;
mod wyoming;

pub use adapters::{
    CartesiaSettings, CartesiaVoice, DeepgramSettings, DeepgramVoice, ElevenLabsSettings,
    ElevenLabsVoice, SOUND_WAIT, Seat,
};
pub use openai::{OpenAiSpeechSettings, OpenAiVoice};
pub use wyoming::WyomingVoice;

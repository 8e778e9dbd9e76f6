//! Models that think of replies.
//!
//! ```text
//! Thought --> history, prompt --> family (openai | anthropic) --> request
//!                                                                   |
//!             Text, Effect, Done <-- checker <-- clauses <-- pieces of the stream
//!                                      |                        |
//!                                    repair                   tools --> another round
//! ```
//!
//! One session serves both families ([`ChatBrain`]); what differs between them is how a
//! conversation is written and how a reply is read. A reply is one task on the runtime of
//! [`crate::net::Net`]; a gate between it and the listener sees to it that nothing of a cancelled
//! reply is offered. Tools are called within the reply that wants them: the model's stream, its
//! calls, their results and the next stream are one generation. What changes the world waits
//! until the caller hears the reply ([`vendor::BrainSession::commit`]).

pub mod anthropic;
mod brain;
pub mod catalog;
mod clauses;
mod family;
pub(crate) mod gate;
mod generate;
mod history;
pub mod openai;
pub mod prompt;
mod repair;
mod stream;
mod summary;
pub mod tools;

pub use brain::{ChatBrain, ChatSettings};

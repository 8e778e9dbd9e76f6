//! OpenAI-compatible chat completions (providers.md §3.1): requests out, a streamed reply in.
//!
//! One encoding with [`Dialect`] for what servers disagree on; one decoder that takes all their
//! replies. Which dialect a server speaks is configured, never probed.

mod decode;
mod fault;
mod fuzz;
mod request;

pub use decode::StreamDecoder;
pub use fault::decode_fault;
pub use fuzz::{fuzz_openai_fault, fuzz_openai_stream};
pub(crate) use request::schema;
pub use request::{Dialect, Message, Request, Tool, ToolChoice, encode};

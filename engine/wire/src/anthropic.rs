//! Anthropic's Messages (providers.md §3.3): requests out, a streamed reply in.

mod decode;
mod fault;
mod fuzz;
mod request;

pub use decode::StreamDecoder;
pub use fault::decode_fault;
pub use fuzz::{fuzz_anthropic_fault, fuzz_anthropic_stream};
pub use request::{Block, CacheLifetime, Message, Outcome, Request, Role, Tool, encode};

/// The version of the protocol that goes into `anthropic-version` together with `x-api-key`.
pub const VERSION: &str = "2023-06-01";

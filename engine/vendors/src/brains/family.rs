//! What differs between families of models: how a conversation is written, how a reply is read.

use std::sync::Arc;

use wire::chat::{Decoder, Fault, ToolCall};

use crate::http::Request;

/// One side's words, or what tools gave back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// The caller's, perhaps with what code computed for this moment.
    Caller {
        /// What was said.
        text: String,
        /// What changes from turn to turn and belongs to none: it is not kept.
        moment: Option<String>,
    },
    /// The agent's: words, reasoning to hand back, calls.
    Agent { text: String, opaque: Vec<String>, calls: Vec<ToolCall> },
    /// Results of the calls just before, in their order.
    Results(Vec<ToolResult>),
}

/// What a call of a tool came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ToolResult {
    /// The call's id.
    pub(crate) call: String,
    /// For the model: JSON or text.
    pub(crate) content: String,
    /// Whether it worked.
    pub(crate) outcome: Outcome,
}

/// Whether a tool worked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    Failed,
}

/// A tool on offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offer {
    pub(crate) name: String,
    pub(crate) description: String,
    /// JSON Schema, as JSON.
    pub(crate) parameters: String,
}

/// All that goes into a request.
#[derive(Clone, Debug)]
pub(crate) struct Prompt {
    /// The same for all calls of an agent's version: cacheable.
    pub(crate) system: Arc<str>,
    pub(crate) messages: Vec<Message>,
    pub(crate) tools: Arc<[Offer]>,
    pub(crate) may_call: MayCall,
    pub(crate) tokens_max: u32,
}

/// Whether tools may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MayCall {
    Yes,
    No,
}

/// A family of models.
pub(crate) trait Family: Send + Sync {
    /// The request for a streamed reply to `prompt`.
    fn request(&self, prompt: &Prompt) -> Request;

    /// A reader for the reply.
    fn decoder(&self) -> Box<dyn Decoder>;

    /// What a refusal means.
    fn fault(&self, status: u16, body: &[u8]) -> Fault;

    /// Where its server is.
    fn host(&self) -> reqwest::Url;

    /// A request that makes the first real one faster, if there is one worth sending.
    fn warm(&self, prompt: &Prompt) -> Option<Request>;
}

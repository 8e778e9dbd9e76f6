//! What a business lets its agent do besides talking: tools of its own, reached over HTTP.

use crate::Millis;

/// A tool of a business's own, as its file describes it. Checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolSpec {
    /// Its name, as a model calls it: `a-z`, `0-9` and `_`, at most 64, unique within the business.
    pub name: String,
    /// When to call it, in words for the model.
    pub description: String,
    /// JSON Schema of its arguments: an object, as JSON.
    pub parameters: String,
    /// Where it is: `http` or `https`, without user, password and fragment.
    pub url: String,
    /// How it is asked.
    pub method: ToolMethod,
    /// The environment variable of the secret its requests are signed with.
    pub secret_env: Option<String>,
    /// How long it may take, from the model's call to its result, repeated attempts included.
    pub deadline: Millis,
    /// Whether asking twice does no more than asking once.
    pub repeat: ToolRepeat,
    /// What the caller hears while it works; a standard sentence if absent.
    pub filler: Option<String>,
    /// What becomes of it when the caller talks over the reply it was called for.
    pub on_cancel: ToolOnCancel,
}

/// How a tool is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ToolMethod {
    /// Arguments in the query.
    Get,
    /// Arguments as JSON in the body.
    Post,
    /// As [`ToolMethod::Post`].
    Put,
}

/// Whether asking a tool twice does no more than asking it once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ToolRepeat {
    /// It only looks, or knows what it has done: asked at once, and again if the answer is lost.
    Idempotent,
    /// It changes something each time: asked once, and only when the caller's turn is sure to be
    /// over.
    Once,
}

/// What becomes of a call of a tool whose reply is cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ToolOnCancel {
    /// The request is dropped; what it did is unknown.
    Abort,
    /// It runs to its end, and the agent knows its result at the next turn.
    Finish,
}

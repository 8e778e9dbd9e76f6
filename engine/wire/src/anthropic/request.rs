//! A request for a streamed reply.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;

use crate::openai;

/// Who said something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The caller, and what tools gave back.
    User,
    /// The model.
    Assistant,
}

/// How long a cached prefix is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CacheLifetime {
    /// Five minutes from its last use.
    #[default]
    FiveMinutes,
    /// An hour.
    OneHour,
}

/// A piece of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block<'a> {
    /// Words.
    Text(&'a str),
    /// A call of a tool.
    ToolUse {
        /// Its id.
        id: &'a str,
        /// Which tool.
        name: &'a str,
        /// JSON.
        arguments: &'a str,
    },
    /// What a tool gave back.
    ToolResult {
        /// The id of its call.
        id: &'a str,
        /// Its result.
        content: &'a str,
        /// Whether it failed.
        outcome: Outcome,
    },
    /// A block of the model's own that goes back unchanged (its reasoning, signed), as JSON.
    Opaque(&'a str),
}

/// Whether a tool succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It did.
    Done,
    /// It did not.
    Failed,
}

/// What one side said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// Who.
    pub role: Role,
    /// What.
    pub blocks: Vec<Block<'a>>,
    /// Whether everything up to here is worth caching.
    pub cached: Option<CacheLifetime>,
}

/// A tool on offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tool<'a> {
    /// `a-z`, `0-9`, `_` and `-`, at most 64.
    pub name: &'a str,
    /// When to call it.
    pub description: &'a str,
    /// JSON Schema of its arguments, as JSON.
    pub parameters: &'a str,
}

/// A request for a streamed reply.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request<'a> {
    /// Which model.
    pub model: &'a str,
    /// The longest reply; 0 fills the cache and generates nothing.
    pub tokens_max: u32,
    /// Instructions; cached up to their end.
    pub system: &'a str,
    /// For how long.
    pub system_cached: CacheLifetime,
    /// All that was said, oldest first, the sides in turns.
    pub messages: &'a [Message<'a>],
    /// Tools on offer.
    pub tools: &'a [Tool<'a>],
    /// Whether they may be called.
    pub tool_choice: openai::ToolChoice,
    /// The `thinking` object as JSON, where the model takes one.
    pub thinking: Option<&'a str>,
    /// `output_config.effort`, where the model takes one.
    pub effort: Option<&'a str>,
}

/// Writes `request` as the body of `POST {base}/v1/messages`, replacing what is in `out`.
pub fn encode(request: &Request<'_>, out: &mut Vec<u8>) {
    out.clear();
    serde_json::to_writer(out, request).expect("a Vec takes all that is written");
}

impl Serialize for Request<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("model", self.model)?;
        map.serialize_entry("max_tokens", &self.tokens_max)?;
        // Filling the cache generates nothing that could be streamed.
        map.serialize_entry("stream", &(self.tokens_max != 0))?;
        if let Some(thinking) = self.thinking.and_then(object) {
            map.serialize_entry("thinking", &thinking)?;
        }
        if let Some(effort) = self.effort {
            map.serialize_entry("output_config", &serde_json::json!({ "effort": effort }))?;
        }
        if !self.tools.is_empty() {
            map.serialize_entry("tools", self.tools)?;
            match self.tool_choice {
                openai::ToolChoice::Auto => (),
                openai::ToolChoice::None => {
                    map.serialize_entry("tool_choice", &serde_json::json!({ "type": "none" }))?;
                }
            }
        }
        if !self.system.is_empty() {
            map.serialize_entry("system", &[System(self.system, self.system_cached)])?;
        }
        map.serialize_entry("messages", self.messages)?;
        map.end()
    }
}

struct System<'a>(&'a str, CacheLifetime);

impl Serialize for System<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(3))?;
        map.serialize_entry("type", "text")?;
        map.serialize_entry("text", self.0)?;
        map.serialize_entry("cache_control", &self.1)?;
        map.end()
    }
}

impl Serialize for CacheLifetime {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("type", "ephemeral")?;
        match self {
            Self::FiveMinutes => (),
            Self::OneHour => map.serialize_entry("ttl", "1h")?,
        }
        map.end()
    }
}

impl Serialize for Tool<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(3))?;
        map.serialize_entry("name", self.name)?;
        map.serialize_entry("description", self.description)?;
        map.serialize_entry("input_schema", &openai::schema(self.parameters))?;
        map.end()
    }
}

impl Serialize for Message<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(2))?;
        let role = match self.role {
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        map.serialize_entry("role", role)?;
        let mut blocks: Vec<Value> = self.blocks.iter().map(Block::json).collect();
        if let (Some(lifetime), Some(Value::Object(last))) = (self.cached, blocks.last_mut()) {
            let control = serde_json::to_value(lifetime).unwrap_or_default();
            last.insert("cache_control".to_owned(), control);
        }
        map.serialize_entry("content", &blocks)?;
        map.end()
    }
}

impl Block<'_> {
    fn json(&self) -> Value {
        match self {
            Self::Text(text) => serde_json::json!({ "type": "text", "text": text }),
            Self::ToolUse { id, name, arguments } => {
                let input = object(arguments).unwrap_or_else(|| serde_json::json!({}));
                serde_json::json!({ "type": "tool_use", "id": id, "name": name, "input": input })
            }
            Self::ToolResult { id, content, outcome } => serde_json::json!({
                "type": "tool_result",
                "tool_use_id": id,
                "content": content,
                "is_error": *outcome == Outcome::Failed,
            }),
            Self::Opaque(json) => object(json).unwrap_or_else(|| serde_json::json!({})),
        }
    }
}

fn object(json: &str) -> Option<Value> {
    serde_json::from_str(json).ok().filter(Value::is_object)
}

//! A request for a streamed reply.

use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use serde_json::Value;

use crate::chat::ToolCall;

/// Whose reading of the protocol a server has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// OpenAI itself, and servers that keep to its letter.
    #[default]
    OpenAi,
    /// Groq.
    Groq,
    /// Together.
    Together,
    /// vLLM's server.
    Vllm,
    /// Ollama's `/v1`.
    Ollama,
    /// llama.cpp's server, and llama-cpp-python's.
    LlamaCpp,
}

impl Dialect {
    /// All of them with their names in configuration.
    pub const NAMES: [(&'static str, Self); 6] = [
        ("openai", Self::OpenAi),
        ("groq", Self::Groq),
        ("together", Self::Together),
        ("vllm", Self::Vllm),
        ("ollama", Self::Ollama),
        ("llama-cpp", Self::LlamaCpp),
    ];

    /// The dialect called `name`.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|known| known.0 == name).map(|known| known.1)
    }

    /// Whether its server is on the own premises, where nobody bills a prompt that is read before it
    /// is needed, and where it is read slowly: it keeps what it has read.
    pub const fn is_own(self) -> bool {
        match self {
            Self::Vllm | Self::Ollama | Self::LlamaCpp => true,
            Self::OpenAi | Self::Groq | Self::Together => false,
        }
    }

    /// `max_completion_tokens` is OpenAI's name by now; the others take the old one.
    const fn tokens_field(self) -> &'static str {
        match self {
            Self::OpenAi | Self::Groq => "max_completion_tokens",
            Self::Together | Self::Vllm | Self::Ollama | Self::LlamaCpp => "max_tokens",
        }
    }

    /// Whether `tool_choice` may be sent: Ollama ignores it, vLLM refuses `auto` unless it was
    /// started for it, and `auto` is the default everywhere.
    const fn sends_choice(self, choice: ToolChoice) -> bool {
        match self {
            Self::Ollama => false,
            Self::OpenAi | Self::Groq | Self::Together | Self::Vllm | Self::LlamaCpp => {
                match choice {
                    ToolChoice::Auto => false,
                    ToolChoice::None => true,
                }
            }
        }
    }

    const fn is_openai(self) -> bool {
        match self {
            Self::OpenAi => true,
            Self::Groq | Self::Together | Self::Vllm | Self::Ollama | Self::LlamaCpp => false,
        }
    }
}

/// Whether the model may call tools in this reply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ToolChoice {
    /// As it likes.
    #[default]
    Auto,
    /// Words only.
    None,
}

/// What was said, as the protocol has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// Instructions.
    System(&'a str),
    /// The caller's words.
    User(&'a str),
    /// The model's words and the tools it called.
    Assistant {
        /// Words; may be empty if there are calls.
        text: &'a str,
        /// Calls, each answered by a [`Message::Tool`] that follows.
        calls: &'a [ToolCall],
    },
    /// What a tool gave back.
    Tool {
        /// The id of its call.
        call: &'a str,
        /// Its result.
        content: &'a str,
    },
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
    /// Whose reading.
    pub dialect: Dialect,
    /// Which model.
    pub model: &'a str,
    /// All that was said, oldest first.
    pub messages: &'a [Message<'a>],
    /// Tools on offer.
    pub tools: &'a [Tool<'a>],
    /// Whether they may be called.
    pub tool_choice: ToolChoice,
    /// The longest reply.
    pub tokens_max: u32,
    /// How freely it speaks, if the model takes that.
    pub temperature: Option<f32>,
    /// How long it reasons, if the model takes that.
    pub reasoning_effort: Option<&'a str>,
    /// Requests with the same beginning carry the same key (OpenAI).
    pub cache_key: Option<&'a str>,
}

/// Writes `request` as the body of `POST {base}/chat/completions`, replacing what is in `out`.
pub fn encode(request: &Request<'_>, out: &mut Vec<u8>) {
    out.clear();
    serde_json::to_writer(out, request).expect("a Vec takes all that is written");
}

impl Serialize for Request<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        // Tools come first in the cached prefix anyway; the messages, which grow, come last.
        map.serialize_entry("model", self.model)?;
        map.serialize_entry("stream", &true)?;
        map.serialize_entry("stream_options", &StreamOptions(self.dialect))?;
        map.serialize_entry(self.dialect.tokens_field(), &self.tokens_max)?;
        if let Some(temperature) = self.temperature {
            map.serialize_entry("temperature", &temperature)?;
        }
        if let Some(effort) = self.reasoning_effort {
            map.serialize_entry("reasoning_effort", effort)?;
        }
        if self.dialect == Dialect::LlamaCpp {
            map.serialize_entry("cache_prompt", &true)?;
        }
        if self.dialect.is_openai() {
            if let Some(key) = self.cache_key {
                map.serialize_entry("prompt_cache_key", key)?;
            }
            map.serialize_entry("store", &false)?;
        }
        if !self.tools.is_empty() {
            map.serialize_entry("tools", &Tools(self.tools))?;
            if self.dialect.sends_choice(self.tool_choice) {
                map.serialize_entry("tool_choice", "none")?;
            }
        }
        map.serialize_entry("messages", self.messages)?;
        map.end()
    }
}

/// Usage is opt-in; OpenAI alone pads its chunks unless told not to.
struct StreamOptions(Dialect);

impl Serialize for StreamOptions {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("include_usage", &true)?;
        if self.0.is_openai() {
            map.serialize_entry("include_obfuscation", &false)?;
        }
        map.end()
    }
}

struct Tools<'a>(&'a [Tool<'a>]);

impl Serialize for Tools<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut list = to.serialize_seq(Some(self.0.len()))?;
        for tool in self.0 {
            list.serialize_element(&Named { kind: "function", function: Function(tool) })?;
        }
        list.end()
    }
}

#[derive(Serialize)]
struct Named<F> {
    #[serde(rename = "type")]
    kind: &'static str,
    function: F,
}

struct Function<'a>(&'a Tool<'a>);

impl Serialize for Function<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(3))?;
        map.serialize_entry("name", self.0.name)?;
        map.serialize_entry("description", self.0.description)?;
        map.serialize_entry("parameters", &schema(self.0.parameters))?;
        map.end()
    }
}

/// The JSON in `text`; a schema that takes anything if there is none.
pub(crate) fn schema(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(Value::Object(schema)) => Value::Object(schema),
        Ok(_) | Err(_) => serde_json::json!({ "type": "object" }),
    }
}

impl Serialize for Message<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        match self {
            Self::System(text) => {
                // `system` is taken everywhere; OpenAI reads it as `developer`.
                map.serialize_entry("role", "system")?;
                map.serialize_entry("content", text)?;
            }
            Self::User(text) => {
                map.serialize_entry("role", "user")?;
                map.serialize_entry("content", text)?;
            }
            Self::Assistant { text, calls } => {
                map.serialize_entry("role", "assistant")?;
                if calls.is_empty() || !text.is_empty() {
                    map.serialize_entry("content", text)?;
                } else {
                    // Templates exist that fail without the field.
                    map.serialize_entry("content", &())?;
                }
                if !calls.is_empty() {
                    map.serialize_entry("tool_calls", &Calls(calls))?;
                }
            }
            Self::Tool { call, content } => {
                map.serialize_entry("role", "tool")?;
                map.serialize_entry("tool_call_id", call)?;
                map.serialize_entry("content", content)?;
            }
        }
        map.end()
    }
}

struct Calls<'a>(&'a [ToolCall]);

impl Serialize for Calls<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Call<'a> {
            id: &'a str,
            #[serde(rename = "type")]
            kind: &'static str,
            function: Target<'a>,
        }
        #[derive(Serialize)]
        struct Target<'a> {
            name: &'a str,
            arguments: &'a str,
        }
        to.collect_seq(self.0.iter().map(|call| Call {
            id: &call.id,
            kind: "function",
            function: Target { name: &call.name, arguments: &call.arguments },
        }))
    }
}

//! OpenAI-compatible chat completions.

use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use types::Secret;
use wire::chat::{Decoder, Fault};
pub use wire::openai::Dialect;
use wire::openai::{self, Message as WireMessage, Request as WireRequest, Tool, ToolChoice};

use super::family::{Family, MayCall, Message, Prompt};
use crate::http::Request;
use crate::keys::Account;

/// What a server and its model take.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenAiSettings {
    /// Whose reading of the protocol.
    pub dialect: Dialect,
    /// Which model.
    pub model: String,
    /// How freely it speaks; absent for models that take no such thing.
    pub temperature: Option<f32>,
    /// How long it reasons (`none`, `minimal`, `low`, …); for speech the lowest it takes.
    pub reasoning_effort: Option<String>,
}

pub(crate) struct OpenAi {
    pub(crate) account: Account,
    pub(crate) settings: OpenAiSettings,
    /// The same for all calls with the same beginning.
    pub(crate) cache_key: String,
}

impl OpenAi {
    fn headers(&self) -> Vec<(reqwest::header::HeaderName, Secret<String>)> {
        let bearer = |key: &Secret<String>| Secret::new(format!("Bearer {}", key.expose()));
        self.account.key.iter().map(|key| (AUTHORIZATION, bearer(key))).collect()
    }
}

impl Family for OpenAi {
    fn request(&self, prompt: &Prompt) -> Request {
        // Words that belong together are joined first: what is borrowed must live.
        let texts: Vec<String> = prompt.messages.iter().map(joined).collect();
        let mut messages = vec![WireMessage::System(&prompt.system)];
        for (message, text) in prompt.messages.iter().zip(&texts) {
            match message {
                Message::Caller { .. } => messages.push(WireMessage::User(text)),
                Message::Agent { calls, .. } => {
                    messages.push(WireMessage::Assistant { text, calls });
                }
                Message::Results(results) => {
                    messages.extend(results.iter().map(|result| WireMessage::Tool {
                        call: &result.call,
                        content: &result.content,
                    }));
                }
            }
        }
        let tools: Vec<Tool<'_>> = prompt
            .tools
            .iter()
            .map(|tool| Tool {
                name: &tool.name,
                description: &tool.description,
                parameters: &tool.parameters,
            })
            .collect();
        let request = WireRequest {
            dialect: self.settings.dialect,
            model: &self.settings.model,
            messages: &messages,
            tools: &tools,
            tool_choice: match prompt.may_call {
                MayCall::Yes => ToolChoice::Auto,
                MayCall::No => ToolChoice::None,
            },
            tokens_max: prompt.tokens_max,
            temperature: self.settings.temperature,
            reasoning_effort: self.settings.reasoning_effort.as_deref(),
            cache_key: Some(&self.cache_key),
        };
        let mut body = Vec::new();
        openai::encode(&request, &mut body);
        let url = self.account.url("chat/completions", &[]);
        Request { method: Method::POST, url, headers: self.headers(), body: Some(body) }
    }

    fn host(&self) -> reqwest::Url {
        self.account.base.clone()
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::<openai::StreamDecoder>::default()
    }

    fn fault(&self, status: u16, body: &[u8]) -> Fault {
        openai::decode_fault(status, body)
    }

    /// A server of one's own reads the prompt while the greeting is spoken. From a vendor a connection
    /// is all that can be had beforehand: its cache fills by itself.
    fn warm(&self, prompt: &Prompt) -> Option<Request> {
        if self.settings.dialect.is_own() {
            let hello = Message::Caller { text: "Hello.".to_owned(), moment: None };
            // One token is the least that all of them take.
            return Some(self.request(&Prompt {
                messages: vec![hello],
                tokens_max: 1,
                ..prompt.clone()
            }));
        }
        let url = self.account.url("models", &[]);
        Some(Request { method: Method::HEAD, url, headers: self.headers(), body: None })
    }
}

fn joined(message: &Message) -> String {
    match message {
        Message::Caller { text, moment: Some(moment) } => format!("{moment}\n{text}"),
        Message::Caller { text, moment: None } | Message::Agent { text, .. } => text.clone(),
        Message::Results(_) => String::new(),
    }
}

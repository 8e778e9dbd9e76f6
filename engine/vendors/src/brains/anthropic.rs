//! Anthropic's Messages.

use reqwest::Method;
use reqwest::header::HeaderName;
use types::Secret;
pub use wire::anthropic::CacheLifetime;
use wire::anthropic::{self, Block, Message as WireMessage, Request as WireRequest, Role, Tool};
use wire::chat::{Decoder, Fault};
use wire::openai::ToolChoice;

use super::family::{Family, MayCall, Message, Outcome, Prompt};
use crate::http::Request;
use crate::keys::Account;

/// What a model takes, and how its cache is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnthropicSettings {
    /// Which model.
    pub model: String,
    /// The `thinking` object as JSON; for speech the least the model takes
    /// (`{"type":"disabled"}`), absent for models that take none.
    pub thinking: Option<String>,
    /// `output_config.effort`, for models that cannot but think.
    pub effort: Option<String>,
    /// How long the vendor keeps an agent's prompt.
    pub cache: CacheLifetime,
}

pub(crate) struct Anthropic {
    pub(crate) account: Account,
    pub(crate) settings: AnthropicSettings,
}

impl Anthropic {
    fn headers(&self) -> Vec<(HeaderName, Secret<String>)> {
        let version = (
            HeaderName::from_static("anthropic-version"),
            Secret::new(anthropic::VERSION.to_owned()),
        );
        let key = |key: &Secret<String>| (HeaderName::from_static("x-api-key"), key.clone());
        let mut headers: Vec<_> = self.account.key.iter().map(key).collect();
        headers.push(version);
        headers
    }

    fn post(&self, prompt: &Prompt, messages: &[WireMessage<'_>], tokens_max: u32) -> Request {
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
            model: &self.settings.model,
            tokens_max,
            system: &prompt.system,
            system_cached: self.settings.cache,
            messages,
            tools: &tools,
            tool_choice: match prompt.may_call {
                MayCall::Yes => ToolChoice::Auto,
                MayCall::No => ToolChoice::None,
            },
            thinking: self.settings.thinking.as_deref(),
            effort: self.settings.effort.as_deref(),
        };
        let mut body = Vec::new();
        anthropic::encode(&request, &mut body);
        let url = self.account.url("v1/messages", &[]);
        Request { method: Method::POST, url, headers: self.headers(), body: Some(body) }
    }
}

impl Family for Anthropic {
    fn request(&self, prompt: &Prompt) -> Request {
        self.post(prompt, &messages(&prompt.messages), prompt.tokens_max)
    }

    fn host(&self) -> reqwest::Url {
        self.account.base.clone()
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::<anthropic::StreamDecoder>::default()
    }

    fn fault(&self, status: u16, body: &[u8]) -> Fault {
        anthropic::decode_fault(status, body)
    }

    /// Fills the cache with tools and prompt while the greeting is spoken (providers.md §3.3).
    fn warm(&self, prompt: &Prompt) -> Option<Request> {
        let blocks = vec![Block::Text("Hello.")];
        let first = WireMessage { role: Role::User, blocks, cached: None };
        Some(self.post(prompt, &[first], 0))
    }
}

/// The sides in turns, a caller's first; all that will be the same next time is marked for the cache.
fn messages(all: &[Message]) -> Vec<WireMessage<'_>> {
    let mut out: Vec<WireMessage<'_>> = Vec::with_capacity(all.len());
    for message in all {
        let (role, blocks) = blocks(message);
        match out.last_mut().filter(|last| last.role == role) {
            Some(last) => last.blocks.extend(blocks),
            None => out.push(WireMessage { role, blocks, cached: None }),
        }
    }
    // Before the last words of the caller: with them comes the moment, which will be another.
    let caller = all.iter().rposition(|message| matches!(message, Message::Caller { .. }));
    let is_new = caller.is_some_and(|at| at + 1 == all.len());
    if let Some(before) = out.len().checked_sub(2).filter(|_| is_new) {
        out[before].cached = Some(CacheLifetime::FiveMinutes);
    }
    out
}

fn blocks(message: &Message) -> (Role, Vec<Block<'_>>) {
    match message {
        Message::Caller { text, moment } => {
            let moment = moment.iter().map(|moment| Block::Text(moment));
            (Role::User, moment.chain([Block::Text(text)]).collect())
        }
        Message::Agent { text, opaque, calls } => {
            let opaque = opaque.iter().map(|json| Block::Opaque(json));
            let text = Some(text.as_str()).filter(|text| !text.is_empty()).map(Block::Text);
            let calls = calls.iter().map(|call| Block::ToolUse {
                id: &call.id,
                name: &call.name,
                arguments: &call.arguments,
            });
            (Role::Assistant, opaque.chain(text).chain(calls).collect())
        }
        Message::Results(results) => {
            let blocks = results.iter().map(|result| Block::ToolResult {
                id: &result.call,
                content: &result.content,
                outcome: match result.outcome {
                    Outcome::Done => anthropic::Outcome::Done,
                    Outcome::Failed => anthropic::Outcome::Failed,
                },
            });
            (Role::User, blocks.collect())
        }
    }
}

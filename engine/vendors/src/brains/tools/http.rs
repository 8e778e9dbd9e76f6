//! A business's own tools over HTTP.

use std::sync::Arc;

use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Method, Url};
use serde_json::{Map, Value, json};
use thiserror::Error;
use tokio::time::{Instant, timeout_at};
use types::{BusinessId, CallId, Millis, Secret, ToolMethod, ToolRepeat, ToolSpec, TurnId};
use wire::chat::ToolCall;

use super::super::family::{Outcome, ToolResult};
use super::args;
use super::guard::Guard;
use super::sign::{IDEMPOTENCY_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, signature};
use crate::clock::{after, duration};
use crate::net::CONNECT_WAIT;

/// The longest result, in bytes: beyond that a model loses the thread, and a caller patience.
const RESULT_BYTES_MAX: usize = 16 * 1_024;

/// Attempts at a tool that may be asked twice.
const ATTEMPTS_MAX: u32 = 2;

/// Between two attempts.
const RETRY_PAUSE: Millis = Millis::new(100);

/// Where secrets come from: the environment, or a test.
pub type SecretSource = Arc<dyn Fn(&str) -> Option<Secret<String>> + Send + Sync>;

/// What all tools of a node share: a client that reaches no address of our own, and the secrets.
#[derive(Clone)]
pub struct ToolNet {
    client: reqwest::Client,
    guard: Guard,
    secrets: SecretSource,
}

/// Why tools cannot be reached at all.
#[derive(Debug, Error)]
pub enum ToolNetError {
    /// No HTTP client.
    #[error("no client for tools: {0}")]
    Http(#[source] reqwest::Error),
}

impl ToolNet {
    /// Tools whose addresses `guard` admits, signed with what `secrets` gives.
    ///
    /// # Errors
    /// [`ToolNetError`] if the system's trust cannot be read.
    pub fn new(guard: Guard, secrets: SecretSource) -> Result<Self, ToolNetError> {
        let client = reqwest::Client::builder()
            .dns_resolver(Arc::new(guard.clone()))
            // A proxy would resolve names itself, past the guard.
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(duration(CONNECT_WAIT))
            .pool_max_idle_per_host(4)
            .tcp_nodelay(true)
            .user_agent("apex-tools/1")
            .build()
            .map_err(ToolNetError::Http)?;
        Ok(Self { client, guard, secrets })
    }
}

impl std::fmt::Debug for ToolNet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ToolNet").field("guard", &self.guard).finish_non_exhaustive()
    }
}

/// In which call, and for whom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallOf {
    pub(crate) business: BusinessId,
    pub(crate) call: CallId,
    pub(crate) turn: TurnId,
}

/// Calls `tool` as `call` has it; the result is for the model, whatever happens.
pub(crate) async fn run_http(
    net: &ToolNet,
    tool: &ToolSpec,
    call: &ToolCall,
    of: CallOf,
) -> ToolResult {
    let done = |outcome, content: String| ToolResult { call: call.id.clone(), content, outcome };
    match ask(net, tool, call, of).await {
        Ok(content) => done(Outcome::Done, content),
        Err(failed) => {
            tracing::info!(tool = tool.name, cause = failed.cause(), "tool failed");
            done(Outcome::Failed, failed.told().to_string())
        }
    }
}

/// Why a tool gave no result.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Failed {
    /// The model's arguments do not fit.
    Arguments(String),
    /// Its address is none a tool may have, or its settings are wrong.
    Forbidden,
    /// Its secret is not set.
    NoSecret,
    /// It did not answer in time.
    Late,
    /// It could not be reached, or broke off.
    Unreachable,
    /// It refused, with a text for the model.
    Refused { status: u16, text: String },
    /// It failed inside.
    Broken { status: u16 },
    /// Its answer is too long.
    TooLong,
}

impl Failed {
    fn cause(&self) -> &'static str {
        match self {
            Self::Arguments(_) => "arguments",
            Self::Forbidden => "address",
            Self::NoSecret => "secret",
            Self::Late => "deadline",
            Self::Unreachable => "connection",
            Self::Refused { .. } => "refused",
            Self::Broken { .. } => "status",
            Self::TooLong => "length",
        }
    }

    fn may_repeat(&self) -> bool {
        match self {
            Self::Unreachable | Self::Broken { .. } => true,
            Self::Arguments(_)
            | Self::Forbidden
            | Self::NoSecret
            | Self::Late
            | Self::Refused { .. }
            | Self::TooLong => false,
        }
    }

    /// What the model is told.
    fn told(&self) -> Value {
        match self {
            Self::Arguments(wrong) => json!({ "error": wrong }),
            Self::Refused { status, text } => {
                json!({ "error": "refused", "status": status, "says": text })
            }
            Self::Late => json!({
                "error": "no answer in time; whether it was done is unknown",
                "instead": "say that you could not confirm it and offer to take a message",
            }),
            Self::Forbidden
            | Self::NoSecret
            | Self::Unreachable
            | Self::Broken { .. }
            | Self::TooLong => json!({
                "error": "not available right now",
                "instead": "say so and offer to take a message",
            }),
        }
    }
}

async fn ask(
    net: &ToolNet,
    tool: &ToolSpec,
    call: &ToolCall,
    of: CallOf,
) -> Result<String, Failed> {
    let schema: Value = serde_json::from_str(&tool.parameters).unwrap_or_default();
    let arguments = args::read(&call.arguments, &schema).map_err(Failed::Arguments)?;
    let secret = match &tool.secret_env {
        Some(name) => Some((net.secrets)(name).ok_or(Failed::NoSecret)?),
        None => None,
    };
    let mut url: Url = tool.url.parse().map_err(|_| Failed::Forbidden)?;
    if !net.guard.admits_url(&url) {
        return Err(Failed::Forbidden);
    }
    let body = match tool.method {
        ToolMethod::Get => {
            add_query(&mut url, &arguments);
            None
        }
        ToolMethod::Post | ToolMethod::Put => Some(body_of(tool, arguments, of)),
    };
    let attempts = match tool.repeat {
        ToolRepeat::Idempotent => ATTEMPTS_MAX,
        ToolRepeat::Once => 1,
    };
    let deadline = after(Instant::now(), tool.deadline);
    let key = format!("{}-{}-{}", of.call, of.turn, call.id);
    for attempt in 1.. {
        let request = signed(net, tool, (&url, body.as_deref()), secret.as_ref(), &key)?;
        let outcome = match timeout_at(deadline, answer(request)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Failed::Late),
        };
        match &outcome {
            Err(failed) if attempt < attempts && failed.may_repeat() => {
                if timeout_at(deadline, tokio::time::sleep(duration(RETRY_PAUSE))).await.is_err() {
                    return Err(Failed::Late);
                }
            }
            Ok(_) | Err(_) => return outcome,
        }
    }
    Err(Failed::Unreachable)
}

/// Arguments as a query: text as it is, everything else as JSON.
fn add_query(url: &mut Url, arguments: &Map<String, Value>) {
    let mut query = url.query_pairs_mut();
    for (name, value) in arguments {
        // Text as it is, everything else as JSON.
        match value.as_str() {
            Some(text) => query.append_pair(name, text),
            None => query.append_pair(name, &value.to_string()),
        };
    }
}

fn body_of(tool: &ToolSpec, arguments: Map<String, Value>, of: CallOf) -> Vec<u8> {
    let body = json!({
        "tool": tool.name,
        "business": of.business.as_str(),
        "call": of.call.to_string(),
        "turn": of.turn.get(),
        "arguments": arguments,
    });
    body.to_string().into_bytes()
}

fn signed(
    net: &ToolNet,
    tool: &ToolSpec,
    (url, body): (&Url, Option<&[u8]>),
    secret: Option<&Secret<String>>,
    key: &str,
) -> Result<reqwest::RequestBuilder, Failed> {
    let method = match tool.method {
        ToolMethod::Get => Method::GET,
        ToolMethod::Post => Method::POST,
        ToolMethod::Put => Method::PUT,
    };
    let header = |text: &str| HeaderValue::from_str(text).map_err(|_| Failed::Forbidden);
    let mut request = net
        .client
        .request(method, url.clone())
        .header(HeaderName::from_static(IDEMPOTENCY_HEADER), header(key)?)
        .header(reqwest::header::ACCEPT, HeaderValue::from_static("application/json"));
    if let Some(secret) = secret {
        let timestamp = jiff::Timestamp::now().as_second();
        let covered = body.unwrap_or_else(|| url.query().unwrap_or_default().as_bytes());
        let signature = signature(secret.expose(), timestamp, covered);
        request = request
            .header(HeaderName::from_static(TIMESTAMP_HEADER), header(&timestamp.to_string())?)
            .header(HeaderName::from_static(SIGNATURE_HEADER), header(&signature)?);
    }
    if let Some(body) = body {
        let json = HeaderValue::from_static("application/json");
        request = request.header(reqwest::header::CONTENT_TYPE, json).body(body.to_vec());
    }
    Ok(request)
}

async fn answer(request: reqwest::RequestBuilder) -> Result<String, Failed> {
    // The library's error names the address; only its kind goes on.
    let mut response = request.send().await.map_err(|_| Failed::Unreachable)?;
    let status = response.status().as_u16();
    if matches!(status, 300..400 | 500..) {
        return Err(Failed::Broken { status });
    }
    let mut body = Vec::new();
    while let Some(bytes) = response.chunk().await.map_err(|_| Failed::Unreachable)? {
        if RESULT_BYTES_MAX < body.len() + bytes.len() {
            return Err(Failed::TooLong);
        }
        body.extend_from_slice(&bytes);
    }
    let text = String::from_utf8_lossy(&body).trim().to_owned();
    if (200..300).contains(&status) {
        let is_empty = text.is_empty();
        return Ok(if is_empty { json!({ "done": true }).to_string() } else { text });
    }
    // "That slot is taken" is for the caller to know.
    let text = text.chars().take(REFUSAL_CHARS_MAX).collect();
    Err(Failed::Refused { status, text })
}

/// What a refusal may say.
const REFUSAL_CHARS_MAX: usize = 500;

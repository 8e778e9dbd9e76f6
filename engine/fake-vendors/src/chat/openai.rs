//! OpenAI-compatible chat completions.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use super::script::{Replies, Reply};
use super::stream::streamed;
use crate::session::Session;

const UNKNOWN: &str = ": a comment\n\nevent: later\ndata: {\"object\":\"later\",\"x\":[1]}\n\n";

pub(super) async fn answer(
    State(replies): State<Arc<Replies>>,
    Extension(session): Extension<Session>,
    body: String,
) -> Response {
    session.note_text(&body);
    let request: Value = serde_json::from_str(&body).unwrap_or_default();
    let words = request["messages"].as_array().and_then(|messages| {
        let last = messages.iter().rev().find(|message| message["role"] == "user")?;
        last["content"].as_str().map(str::to_owned)
    });
    let reply = replies.next(&words.unwrap_or_default());
    streamed(session, events(&reply, body.len()), UNKNOWN)
}

fn events(reply: &Reply, request_bytes: usize) -> Vec<String> {
    let mut chunks = vec![json!({ "role": "assistant", "content": "" })];
    chunks.extend(reply.tokens().into_iter().map(|token| json!({ "content": token })));
    for (index, (name, arguments)) in reply.calls.iter().enumerate() {
        let id = format!("call_{name}_{index}");
        let function = json!({ "name": name, "arguments": "" });
        let head = json!({ "index": index, "id": id, "type": "function", "function": function });
        chunks.push(json!({ "tool_calls": [head] }));
        for piece in halves(arguments) {
            let piece = json!({ "index": index, "function": { "arguments": piece } });
            chunks.push(json!({ "tool_calls": [piece] }));
        }
    }
    let written = chunks.len();
    let chunk = |delta: Value, finish: Value| {
        let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish });
        chunk_of(json!([choice]), Value::Null)
    };
    let mut events: Vec<String> =
        chunks.into_iter().map(|delta| chunk(delta, Value::Null)).collect();
    let finish = if reply.calls.is_empty() { "stop" } else { "tool_calls" };
    events.push(chunk(json!({}), json!(finish)));
    let usage = json!({
        "prompt_tokens": request_bytes / 4,
        "completion_tokens": written,
        "total_tokens": request_bytes / 4 + written,
    });
    events.push(chunk_of(json!([]), usage));
    events.push("data: [DONE]\n\n".to_owned());
    events
}

fn chunk_of(choices: Value, usage: Value) -> String {
    let chunk = json!({
        "id": "chatcmpl-fake",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "fake",
        "choices": choices,
        "usage": usage,
    });
    format!("data: {chunk}\n\n")
}

/// Text in two pieces: arguments come in fragments.
pub(super) fn halves(text: &str) -> [String; 2] {
    let middle = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
    let (first, second) = text.split_at(middle);
    [first.to_owned(), second.to_owned()]
}

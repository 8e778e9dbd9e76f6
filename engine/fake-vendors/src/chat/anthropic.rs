//! Anthropic's Messages.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::openai::halves;
use super::script::{Replies, Reply};
use super::stream::streamed;
use crate::session::Session;

const UNKNOWN: &str = "event: later\ndata: {\"type\":\"later\",\"x\":[1]}\n\n";

pub(super) async fn answer(
    State(replies): State<Arc<Replies>>,
    Extension(session): Extension<Session>,
    body: String,
) -> Response {
    session.note_text(&body);
    let request: Value = serde_json::from_str(&body).unwrap_or_default();
    if request["max_tokens"] == 0 {
        // Fills the cache.
        let usage = json!({ "input_tokens": 5, "cache_creation_input_tokens": body.len() / 4,
            "cache_read_input_tokens": 0, "output_tokens": 0 });
        let message = json!({ "type": "message", "role": "assistant", "content": [],
            "stop_reason": "max_tokens", "usage": usage });
        return message.to_string().into_response();
    }
    let reply = replies.next(&last_words(&request));
    streamed(session, events(&reply, body.len()), UNKNOWN)
}

fn last_words(request: &Value) -> String {
    let messages = request["messages"].as_array();
    let last = messages
        .and_then(|messages| messages.iter().rev().find(|message| message["role"] == "user"));
    let blocks = last.and_then(|last| last["content"].as_array());
    let texts = blocks.into_iter().flatten().filter_map(|block| block["text"].as_str());
    texts.collect::<Vec<_>>().join("\n")
}

fn event(body: Value) -> String {
    format!("event: {}\ndata: {body}\n\n", body["type"].as_str().unwrap_or_default())
}

fn events(reply: &Reply, request_bytes: usize) -> Vec<String> {
    let usage = json!({ "input_tokens": 20, "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": request_bytes / 4, "output_tokens": 1 });
    let message = json!({ "id": "msg_fake", "type": "message", "role": "assistant", "model": "fake",
        "content": [], "usage": usage });
    let mut events = vec![event(json!({ "type": "message_start", "message": message }))];
    let mut index = 0;
    let mut written = 1;
    if !reply.text.is_empty() {
        let block = json!({ "type": "text", "text": "" });
        events.push(event(
            json!({ "type": "content_block_start", "index": 0, "content_block": block }),
        ));
        events.push(event(json!({ "type": "ping" })));
        for token in reply.tokens() {
            let delta = json!({ "type": "text_delta", "text": token });
            events
                .push(event(json!({ "type": "content_block_delta", "index": 0, "delta": delta })));
            written += 1;
        }
        events.push(event(json!({ "type": "content_block_stop", "index": 0 })));
        index += 1;
    }
    for (place, (name, arguments)) in reply.calls.iter().enumerate() {
        let id = format!("toolu_{name}_{place}");
        let block = json!({ "type": "tool_use", "id": id, "name": name, "input": {} });
        events.push(event(
            json!({ "type": "content_block_start", "index": index, "content_block": block }),
        ));
        for piece in halves(arguments) {
            let delta = json!({ "type": "input_json_delta", "partial_json": piece });
            events.push(event(
                json!({ "type": "content_block_delta", "index": index, "delta": delta }),
            ));
            written += 1;
        }
        events.push(event(json!({ "type": "content_block_stop", "index": index })));
        index += 1;
    }
    let reason = if reply.calls.is_empty() { "end_turn" } else { "tool_use" };
    events.push(event(json!({ "type": "message_delta", "delta": { "stop_reason": reason },
        "usage": { "output_tokens": written } })));
    events.push(event(json!({ "type": "message_stop" })));
    events
}

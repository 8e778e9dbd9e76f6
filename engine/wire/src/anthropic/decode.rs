//! A streamed reply.

use serde_json::{Value, json};

use super::fault::fault_of;
use crate::chat::{Decoder, Delta, Fault, Finish, MalformedEvent, Stage, TokenUsage, ToolCall};
use crate::sse::Event;

/// Blocks open at once; the protocol opens one after the other.
const BLOCKS_MAX: usize = 32;

/// One block's text, in bytes.
const BLOCK_BYTES_MAX: usize = 64 * 1_024;

/// Reads a streamed reply.
///
/// Unknown events, blocks and deltas are passed over. A tool's arguments come out whole at their
/// block's end; reasoning is kept out of the words and comes out as [`Delta::Opaque`], to be handed
/// back within a tool loop.
#[derive(Debug, Default)]
pub struct StreamDecoder {
    blocks: Vec<(u64, OpenBlock)>,
    usage: TokenUsage,
    stage: Stage,
}

#[derive(Debug)]
enum OpenBlock {
    Text,
    Tool { call: ToolCall, input: Value },
    Opaque(Value),
}

impl Decoder for StreamDecoder {
    fn event(&mut self, event: &Event, out: &mut Vec<Delta>) -> Result<(), MalformedEvent> {
        if self.stage == Stage::Over || event.data.trim().is_empty() {
            return Ok(());
        }
        let body: Value = serde_json::from_str(&event.data).map_err(|_| MalformedEvent)?;
        if !body.is_object() {
            return Err(MalformedEvent);
        }
        let kind = body.get("type").and_then(Value::as_str).unwrap_or(&event.name);
        let index = body.get("index").and_then(Value::as_u64).unwrap_or(0);
        match kind {
            "message_start" => self.count(body.pointer("/message/usage"), out),
            "content_block_start" => self.open(index, body.get("content_block"), out),
            "content_block_delta" => self.delta(index, body.get("delta"), out),
            "content_block_stop" => self.close(index, out),
            "message_delta" => {
                self.count(body.get("usage"), out);
                if let Some(reason) = body.pointer("/delta/stop_reason").and_then(Value::as_str) {
                    self.stage = Stage::Finished;
                    out.push(Delta::Finish(finish(reason)));
                }
            }
            "message_stop" => self.end(out),
            "error" => {
                self.stage = Stage::Over;
                out.push(Delta::Fault(fault_of(None, body.get("error").unwrap_or(&Value::Null))));
            }
            // `ping`, and whatever a later version adds.
            _ => (),
        }
        Ok(())
    }

    fn end(&mut self, out: &mut Vec<Delta>) {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Over => (),
            Stage::Finished => out.push(Delta::End),
            Stage::Open => out.push(Delta::Fault(Fault::Internal)),
        }
    }
}

impl StreamDecoder {
    fn open(&mut self, index: u64, block: Option<&Value>, out: &mut Vec<Delta>) {
        let Some(block) = block.filter(|_| self.blocks.len() < BLOCKS_MAX) else { return };
        let text = |key| block.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let open = match block.get("type").and_then(Value::as_str) {
            Some("text") => {
                let begun = text("text");
                if !begun.is_empty() {
                    out.push(Delta::Text(begun));
                }
                OpenBlock::Text
            }
            Some("tool_use") => {
                let mut id = text("id");
                if id.is_empty() {
                    id = format!("toolu_{index}");
                }
                let call = ToolCall { id, name: text("name"), arguments: String::new() };
                OpenBlock::Tool { call, input: block.get("input").cloned().unwrap_or_default() }
            }
            Some("thinking" | "redacted_thinking") => OpenBlock::Opaque(block.clone()),
            // A block of a kind this version does not know says nothing.
            Some(_) | None => return,
        };
        self.blocks.retain(|(known, _)| *known != index);
        self.blocks.push((index, open));
    }

    fn delta(&mut self, index: u64, delta: Option<&Value>, out: &mut Vec<Delta>) {
        let Some(delta) = delta else { return };
        let text = |key| delta.get(key).and_then(Value::as_str).unwrap_or_default();
        let block = self.blocks.iter_mut().find(|(known, _)| *known == index);
        match (delta.get("type").and_then(Value::as_str), block.map(|(_, block)| block)) {
            (Some("text_delta"), Some(OpenBlock::Text)) if !text("text").is_empty() => {
                out.push(Delta::Text(text("text").to_owned()));
            }
            (Some("input_json_delta"), Some(OpenBlock::Tool { call, .. })) => {
                let piece = text("partial_json");
                if call.arguments.len() + piece.len() <= BLOCK_BYTES_MAX {
                    call.arguments.push_str(piece);
                }
            }
            (Some("thinking_delta"), Some(OpenBlock::Opaque(block))) => {
                append(block, "thinking", text("thinking"));
            }
            (Some("signature_delta"), Some(OpenBlock::Opaque(block))) => {
                append(block, "signature", text("signature"));
            }
            _ => (),
        }
    }

    fn close(&mut self, index: u64, out: &mut Vec<Delta>) {
        let Some(at) = self.blocks.iter().position(|(known, _)| *known == index) else { return };
        match self.blocks.swap_remove(at).1 {
            OpenBlock::Text => (),
            OpenBlock::Tool { mut call, input } => {
                if call.arguments.trim().is_empty() {
                    let is_whole = input.as_object().is_some_and(|input| !input.is_empty());
                    call.arguments = if is_whole { input.to_string() } else { "{}".to_owned() };
                }
                if !call.name.is_empty() {
                    out.push(Delta::Call(call));
                }
            }
            OpenBlock::Opaque(block) => out.push(Delta::Opaque(block.to_string())),
        }
    }

    /// Counts are cumulative, and what a later message leaves out still holds.
    fn count(&mut self, usage: Option<&Value>, out: &mut Vec<Delta>) {
        let Some(usage) = usage.filter(|usage| usage.is_object()) else { return };
        let set = |key: &str, count: &mut u64| {
            if let Some(told) = usage.get(key).and_then(Value::as_u64) {
                *count = told;
            }
        };
        set("input_tokens", &mut self.usage.input);
        set("cache_read_input_tokens", &mut self.usage.cached);
        set("cache_creation_input_tokens", &mut self.usage.cache_written);
        set("output_tokens", &mut self.usage.output);
        out.push(Delta::Usage(self.usage));
    }
}

fn append(block: &mut Value, key: &str, text: &str) {
    let Some(block) = block.as_object_mut() else { return };
    let value = block.entry(key).or_insert_with(|| json!(""));
    if let Value::String(so_far) = value
        && so_far.len() + text.len() <= BLOCK_BYTES_MAX
    {
        so_far.push_str(text);
    }
}

fn finish(reason: &str) -> Finish {
    match reason {
        "end_turn" | "stop_sequence" => Finish::Stop,
        "tool_use" => Finish::Tools,
        "max_tokens" | "model_context_window_exceeded" => Finish::Length,
        "refusal" => Finish::Filtered,
        _ => Finish::Other,
    }
}

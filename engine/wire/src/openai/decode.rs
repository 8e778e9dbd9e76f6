//! A streamed reply.

use serde::Deserialize;
use serde_json::Value;

use super::fault::fault_of;
use crate::chat::{
    Decoder, Delta, Fault, Finish, MalformedEvent, ReasoningFilter, Stage, TokenUsage, ToolCall,
};
use crate::sse::Event;

/// Calls in one reply; a model that wants more has lost its way.
const CALLS_MAX: usize = 16;

/// Arguments of one call, in bytes.
const ARGUMENTS_BYTES_MAX: usize = 64 * 1_024;

/// Reads a streamed reply of any dialect.
///
/// Takes what servers disagree on as it comes: roles absent or repeated, content null, missing or
/// empty, arguments in pieces or whole, calls without an id or with an index that is missing or
/// the same for all, the finish in a chunk with words, usage in a chunk of its own, in every chunk,
/// or under `x_groq`, a stream that ends without `[DONE]`. Reasoning is no part of the words.
#[derive(Debug, Default)]
pub struct StreamDecoder {
    filter: ReasoningFilter,
    calls: Vec<PartialCall>,
    stage: Stage,
}

#[derive(Debug, Default)]
struct PartialCall {
    index: u64,
    call: ToolCall,
}

impl Decoder for StreamDecoder {
    fn event(&mut self, event: &Event, out: &mut Vec<Delta>) -> Result<(), MalformedEvent> {
        let data = event.data.trim();
        if self.stage == Stage::Over || data.is_empty() {
            return Ok(());
        }
        if data == "[DONE]" {
            self.end(out);
            return Ok(());
        }
        let chunk: Value = serde_json::from_str(data).map_err(|_| MalformedEvent)?;
        if !chunk.is_object() {
            return Err(MalformedEvent);
        }
        if let Some(error) = chunk.get("error").filter(|error| !error.is_null()) {
            self.stage = Stage::Over;
            out.push(Delta::Fault(fault_of(None, error)));
            return Ok(());
        }
        if let Some(choice) = chunk.pointer("/choices/0") {
            self.choice(choice, out);
        }
        let usage = chunk.get("usage").filter(|usage| usage.is_object());
        if let Some(usage) = usage.or_else(|| chunk.pointer("/x_groq/usage")) {
            out.extend(Usage::deserialize(usage).ok().map(|usage| Delta::Usage(usage.into())));
        }
        Ok(())
    }

    fn end(&mut self, out: &mut Vec<Delta>) {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Over => (),
            Stage::Finished => out.push(Delta::End),
            Stage::Open => {
                // Whatever was said is not whole: neither a reason to end nor the mark of the end
                // came.
                self.flush(out);
                out.push(Delta::Fault(Fault::Internal));
            }
        }
    }
}

impl StreamDecoder {
    fn choice(&mut self, choice: &Value, out: &mut Vec<Delta>) {
        // Some send `message` where others send `delta`.
        let delta = choice.get("delta").or_else(|| choice.get("message"));
        if let Some(delta) = delta {
            let mut text = String::new();
            if let Some(content) = delta.get("content").and_then(Value::as_str) {
                self.filter.push(content, &mut text);
            }
            // A refusal is words for the caller.
            if let Some(refusal) = delta.get("refusal").and_then(Value::as_str) {
                text.push_str(refusal);
            }
            if !text.is_empty() {
                out.push(Delta::Text(text));
            }
            for (place, piece) in array(delta, "tool_calls").iter().enumerate() {
                self.call_piece(place, piece);
            }
            if let Some(call) = delta.get("function_call").filter(|call| call.is_object()) {
                let piece = serde_json::json!({ "index": 0, "function": call });
                self.call_piece(0, &piece);
            }
        }
        if let Some(reason) = choice.get("finish_reason").and_then(Value::as_str) {
            self.stage = Stage::Finished;
            let calls = self.flush(out);
            let finish = match reason {
                "stop" | "eos" if calls == 0 => Finish::Stop,
                // Servers exist that stop with calls in hand.
                "stop" | "eos" | "tool_calls" | "function_call" => Finish::Tools,
                "length" => Finish::Length,
                "content_filter" => Finish::Filtered,
                _ => Finish::Other,
            };
            out.push(Delta::Finish(finish));
        }
    }

    /// Adds a piece of a call: to the one with its index, or, where the index is of no use, to the
    /// one with its id, or to a new one if it names a function.
    fn call_piece(&mut self, place: usize, piece: &Value) {
        let text = |value: Option<&Value>| {
            value.and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let id = text(piece.get("id"));
        let name = text(piece.pointer("/function/name"));
        let index = piece.get("index").and_then(Value::as_u64);
        let known = self.calls.iter().rposition(|known| match (&id, index) {
            (Some(id), Some(index)) => known.index == index && known.call.id == *id,
            (Some(id), None) => known.call.id == *id,
            (None, Some(index)) => known.index == index && name.is_none(),
            (None, None) => name.is_none(),
        });
        let at = match known {
            Some(at) => at,
            // A piece without a name belongs to something that was never begun.
            None if name.is_none() || self.calls.len() == CALLS_MAX => return,
            None => {
                let index = index.unwrap_or(place as u64);
                let id = id.unwrap_or_else(|| format!("call_{}", self.calls.len()));
                let call = ToolCall { id, ..ToolCall::default() };
                self.calls.push(PartialCall { index, call });
                self.calls.len() - 1
            }
        };
        let call = &mut self.calls[at].call;
        if let Some(name) = name
            && call.name != name
        {
            call.name.push_str(&name);
        }
        let arguments = match piece.pointer("/function/arguments") {
            Some(Value::String(arguments)) => arguments.clone(),
            // Whole, and as an object.
            Some(whole @ Value::Object(_)) => whole.to_string(),
            _ => return,
        };
        if call.arguments.len() + arguments.len() <= ARGUMENTS_BYTES_MAX {
            call.arguments.push_str(&arguments);
        }
    }

    /// Gives out what is complete by now; says how many calls.
    fn flush(&mut self, out: &mut Vec<Delta>) -> usize {
        let mut text = String::new();
        self.filter.finish(&mut text);
        if !text.is_empty() {
            out.push(Delta::Text(text));
        }
        let calls = std::mem::take(&mut self.calls);
        let count = calls.len();
        for PartialCall { mut call, .. } in calls {
            if call.arguments.trim().is_empty() {
                call.arguments = "{}".to_owned();
            }
            out.push(Delta::Call(call));
        }
        count
    }
}

fn array<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

#[derive(Deserialize)]
struct Usage {
    #[serde(default)]
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
    #[serde(default)]
    prompt_tokens_details: Option<Details>,
}

#[derive(Default, Deserialize)]
struct Details {
    #[serde(default)]
    cached_tokens: Option<u64>,
    #[serde(default)]
    cache_write_tokens: Option<u64>,
}

impl From<Usage> for TokenUsage {
    fn from(usage: Usage) -> Self {
        let details = usage.prompt_tokens_details.unwrap_or_default();
        let cached = details.cached_tokens.unwrap_or(0);
        let cache_written = details.cache_write_tokens.unwrap_or(0);
        let input = usage.prompt_tokens.saturating_sub(cached.saturating_add(cache_written));
        Self { input, cached, cache_written, output: usage.completion_tokens }
    }
}

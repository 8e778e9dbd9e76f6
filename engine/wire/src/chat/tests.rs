use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{anthropic, openai};

/// The pieces of a stream, one a line, words joined.
fn told(deltas: &[Delta]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for delta in deltas {
        let line = match delta {
            Delta::Text(text) => match lines.last_mut() {
                Some(last) if last.starts_with("text ") => {
                    last.push_str(text);
                    continue;
                }
                _ => format!("text {text}"),
            },
            Delta::Call(call) => format!("call {} {} {}", call.id, call.name, call.arguments),
            Delta::Usage(usage) => format!(
                "usage {}+{}+{} {}",
                usage.input, usage.cached, usage.cache_written, usage.output
            ),
            Delta::Opaque(json) => format!("opaque {json}"),
            Delta::Finish(finish) => format!("finish {finish:?}"),
            Delta::Fault(fault) => format!("fault {fault:?}"),
            Delta::End => "end".to_owned(),
        };
        lines.push(line);
    }
    lines.join("\n")
}

fn check(name: &str, text: &str, expected: &str) {
    let decoder: fn() -> Box<dyn Decoder> = match name {
        "openai" => || Box::<openai::StreamDecoder>::default(),
        _ => || Box::<anthropic::StreamDecoder>::default(),
    };
    let expected: Vec<&str> = expected.trim().lines().map(str::trim).collect();
    assert_eq!(told(&read(&[text.as_bytes()], decoder())), expected.join("\n"));
    for size in [1, 3, 100] {
        let portions: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
        assert_eq!(told(&read(&portions, decoder())), expected.join("\n"), "portions of {size}");
    }
}

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../../../fixtures/wire/chat/", $name, ".sse"))
    };
}

#[test]
fn words_and_usage_are_read() {
    check(
        "openai",
        fixture!("openai-text"),
        "text We open at 8.
         finish Stop
         usage 176+1024+0 9
         end",
    );
    check(
        "anthropic",
        fixture!("anthropic-text"),
        "usage 25+1800+0 1
         text We open at 8.
         usage 25+1800+0 9
         finish Stop
         end",
    );
}

#[test]
fn calls_are_put_together() {
    check(
        "openai",
        fixture!("openai-tools"),
        "call call_9 free_slots {\"day\":\"friday\"}
         call call_10 end_call {}
         finish Tools
         end",
    );
    check(
        "anthropic",
        fixture!("anthropic-tools"),
        "usage 40+0+1700 1
         opaque {\"signature\":\"c2ln\",\"thinking\":\"Slots, then.\",\"type\":\"thinking\"}
         text Let me look.
         call toolu_1 free_slots {\"day\": \"friday\"}
         call toolu_2 end_call {}
         usage 40+0+1700 61
         finish Tools
         end",
    );
}

#[test]
fn every_dialect_is_understood() {
    check(
        "openai",
        fixture!("groq"),
        "text One moment.
         call call_a free_slots {\"day\":\"friday\"}
         finish Tools
         usage 300+0+0 20
         end",
    );
    check(
        "openai",
        fixture!("ollama-tools"),
        "call call_x1 free_slots {\"day\":\"friday\"}
         call call_x2 free_slots {\"day\":\"monday\"}
         finish Tools
         usage 210+0+0 44
         end",
    );
    check(
        "openai",
        fixture!("llama-cpp"),
        "text We open at 8.
         finish Stop
         usage 8+32+0 6
         end",
    );
    check(
        "openai",
        fixture!("vllm-usage"),
        "usage 90+0+0 0
         usage 90+0+0 4
         usage 90+0+0 5
         call call_0 free_slots {}
         finish Tools
         usage 90+0+0 6
         end",
    );
    check("openai", fixture!("together-cut"), "text Yes.\nfinish Stop\nend");
}

#[test]
fn streams_that_break_off_or_fail_say_so() {
    check("openai", fixture!("openai-cut"), "text We op\nfault Internal");
    check("openai", fixture!("openai-error"), "text We\nfault RateLimited");
    check("anthropic", fixture!("anthropic-error"), "usage 25+0+0 1\nfault Overloaded");
    check("openai", "", "fault Internal");
    check("anthropic", "event: message_stop\ndata: {}\n\n", "fault Internal");
    let mut decoder = openai::StreamDecoder::default();
    let event = |data: &str| crate::sse::Event { name: String::new(), data: data.to_owned() };
    for data in ["<html>", "3", "{\"a\":"] {
        assert_eq!(decoder.event(&event(data), &mut Vec::new()), Err(MalformedEvent), "{data}");
    }
    assert_eq!(decoder.event(&event("{\"later\":1}"), &mut Vec::new()), Ok(()));
}

#[test]
fn an_error_is_told_by_its_own_word_then_by_its_status() {
    let openai = |status, body: Value| openai::decode_fault(status, body.to_string().as_bytes());
    let error = |code: &str| json!({ "error": { "message": "x", "type": "y", "code": code } });
    for (status, code, fault) in [
        (429, "insufficient_quota", Fault::Quota),
        (429, "rate_limit_exceeded", Fault::RateLimited),
        (429, "whatever", Fault::RateLimited),
        (401, "invalid_api_key", Fault::Auth),
        (400, "context_length_exceeded", Fault::TooLong),
        (404, "model_not_found", Fault::NoSuchModel),
        (422, "", Fault::BadRequest),
        (500, "", Fault::Internal),
        (503, "", Fault::Overloaded),
    ] {
        assert_eq!(openai(status, error(code)), fault, "{status} {code}");
    }
    // llama.cpp: a number for a code; Ollama: a bare text; a proxy: no JSON at all.
    let window = json!({ "error": { "code": 400, "message": "the request exceeds the available \
        context size", "type": "exceed_context_size_error" } });
    assert_eq!(openai(400, window), Fault::TooLong);
    assert_eq!(openai(400, json!({ "error": "maximum context length" })), Fault::TooLong);
    assert_eq!(openai::decode_fault(502, b"<html>"), Fault::Internal);
    let anthropic = |status, kind: &str, message: &str| {
        let body = json!({ "type": "error", "error": { "type": kind, "message": message } });
        anthropic::decode_fault(status, body.to_string().as_bytes())
    };
    assert_eq!(anthropic(529, "overloaded_error", ""), Fault::Overloaded);
    assert_eq!(anthropic(402, "billing_error", ""), Fault::Quota);
    let long = "prompt is too long: 9 tokens > 8 maximum";
    assert_eq!(anthropic(400, "invalid_request_error", long), Fault::TooLong);
    assert_eq!(anthropic(418, "teapot_error", ""), Fault::BadRequest);
}

fn encoded_openai(request: &openai::Request<'_>) -> Value {
    let mut out = Vec::new();
    openai::encode(request, &mut out);
    serde_json::from_slice(&out).unwrap()
}

#[test]
fn each_dialect_gets_the_fields_it_takes() {
    use openai::{Dialect, Message, Request, Tool, ToolChoice};
    let call = ToolCall { id: "c".into(), name: "t".into(), arguments: "{}".into() };
    let messages = [
        Message::System("Be brief."),
        Message::User("Hi"),
        Message::Assistant { text: "", calls: std::slice::from_ref(&call) },
        Message::Tool { call: "c", content: "ok" },
        Message::Assistant { text: "Hello.", calls: &[] },
    ];
    let tools = [Tool { name: "t", description: "d", parameters: "{\"type\":\"object\"}" }];
    let request = |dialect| Request {
        dialect,
        model: "m",
        messages: &messages,
        tools: &tools,
        tool_choice: ToolChoice::None,
        tokens_max: 200,
        temperature: None,
        reasoning_effort: None,
        cache_key: Some("k"),
    };
    assert_eq!(
        encoded_openai(&request(Dialect::OpenAi)),
        json!({
            "model": "m",
            "stream": true,
            "stream_options": { "include_usage": true, "include_obfuscation": false },
            "max_completion_tokens": 200,
            "prompt_cache_key": "k",
            "store": false,
            "tools": [{ "type": "function", "function":
                { "name": "t", "description": "d", "parameters": { "type": "object" } } }],
            "tool_choice": "none",
            "messages": [
                { "role": "system", "content": "Be brief." },
                { "role": "user", "content": "Hi" },
                { "role": "assistant", "content": null, "tool_calls": [
                    { "id": "c", "type": "function", "function": { "name": "t", "arguments": "{}" } },
                ] },
                { "role": "tool", "tool_call_id": "c", "content": "ok" },
                { "role": "assistant", "content": "Hello." },
            ],
        })
    );
    for (name, dialect) in Dialect::NAMES {
        assert_eq!(Dialect::named(name), Some(dialect));
        let body = encoded_openai(&request(dialect));
        let is_old = !matches!(dialect, Dialect::OpenAi | Dialect::Groq);
        assert_eq!(body.get("max_tokens").is_some(), is_old, "{name}");
        assert_eq!(body.get("tool_choice").is_some(), dialect != Dialect::Ollama, "{name}");
        assert_eq!(body.get("prompt_cache_key").is_some(), dialect == Dialect::OpenAi, "{name}");
        assert_eq!(body.get("cache_prompt").is_some(), dialect == Dialect::LlamaCpp, "{name}");
    }
}

#[test]
fn a_messages_request_marks_what_is_worth_caching() {
    use anthropic::{Block, CacheLifetime, Message, Outcome, Request, Role, Tool};
    let messages = [
        Message {
            role: Role::User,
            blocks: vec![Block::Text("Hi")],
            cached: Some(CacheLifetime::FiveMinutes),
        },
        Message {
            role: Role::Assistant,
            blocks: vec![
                Block::Opaque("{\"type\":\"thinking\",\"thinking\":\"x\"}"),
                Block::ToolUse { id: "c", name: "t", arguments: "{\"a\":1}" },
            ],
            cached: None,
        },
        Message {
            role: Role::User,
            blocks: vec![Block::ToolResult { id: "c", content: "ok", outcome: Outcome::Done }],
            cached: None,
        },
    ];
    let tools = [Tool { name: "t", description: "d", parameters: "nonsense" }];
    let request = Request {
        model: "m",
        tokens_max: 200,
        system: "Be brief.",
        system_cached: CacheLifetime::OneHour,
        messages: &messages,
        tools: &tools,
        tool_choice: openai::ToolChoice::Auto,
        thinking: Some("{\"type\":\"disabled\"}"),
        effort: None,
    };
    let mut out = Vec::new();
    anthropic::encode(&request, &mut out);
    assert_eq!(
        serde_json::from_slice::<Value>(&out).unwrap(),
        json!({
            "model": "m",
            "max_tokens": 200,
            "stream": true,
            "thinking": { "type": "disabled" },
            "tools": [{ "name": "t", "description": "d", "input_schema": { "type": "object" } }],
            "system": [{ "type": "text", "text": "Be brief.",
                "cache_control": { "type": "ephemeral", "ttl": "1h" } }],
            "messages": [
                { "role": "user", "content": [{ "type": "text", "text": "Hi",
                    "cache_control": { "type": "ephemeral" } }] },
                { "role": "assistant", "content": [
                    { "type": "thinking", "thinking": "x" },
                    { "type": "tool_use", "id": "c", "name": "t", "input": { "a": 1 } },
                ] },
                { "role": "user", "content": [
                    { "type": "tool_result", "tool_use_id": "c", "content": "ok",
                      "is_error": false },
                ] },
            ],
        })
    );
}

/// Bytes that are nearly a stream: pieces of real ones, shuffled and cut.
fn nearly_a_stream() -> impl Strategy<Value = Vec<u8>> {
    let lines: Vec<&'static str> = [
        fixture!("openai-tools"),
        fixture!("llama-cpp"),
        fixture!("vllm-usage"),
        fixture!("openai-error"),
        fixture!("anthropic-tools"),
        fixture!("anthropic-error"),
    ]
    .iter()
    .flat_map(|text| text.split_inclusive("\n\n"))
    .collect();
    let cut = (proptest::sample::select(lines), 0_usize..400, any::<bool>());
    proptest::collection::vec(cut, 0..12).prop_map(|lines| {
        let mut bytes = Vec::new();
        for (line, end, is_cut) in lines {
            let end = if is_cut { end.min(line.len()) } else { line.len() };
            bytes.extend_from_slice(&line.as_bytes()[..end]);
        }
        bytes
    })
}

proptest! {
    #[test]
    fn any_portions_give_the_same_reply(bytes in nearly_a_stream()) {
        openai::fuzz_openai_stream(&bytes);
        anthropic::fuzz_anthropic_stream(&bytes);
    }

    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        openai::fuzz_openai_stream(&bytes);
        openai::fuzz_openai_fault(&bytes);
        anthropic::fuzz_anthropic_stream(&bytes);
        anthropic::fuzz_anthropic_fault(&bytes);
    }
}

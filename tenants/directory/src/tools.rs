//! Tools of a business's own: what its agents may ask of its servers during a call.

use std::collections::BTreeMap;

use serde_json::Value;
use types::{Millis, ToolMethod, ToolOnCancel, ToolRepeat, ToolSpec};

use crate::facts::entries;
use crate::limits::{
    ANSWER_CHARS_MAX, NAME_CHARS_MAX, TOOL_DEADLINE_MS, TOOL_NAME_CHARS_MAX,
    TOOL_PARAMETERS_BYTES_MAX, TOOLS_MAX,
};
use crate::mistake::quoted;
use crate::table::{Node, Table};

/// Names that the engine's own tools have.
const TAKEN: [&str; 5] = ["look_up", "take_message", "transfer_call", "end_call", "press_keys"];

/// What a secret's variable begins with: a file must not reach for the engine's own keys.
const SECRET_PREFIX: &str = "TOOL_SECRET_";

/// The tools in the list `tools` of `root`.
pub(crate) fn read_tools(root: &Table<'_>) -> Vec<ToolSpec> {
    let mut fields: BTreeMap<String, String> = BTreeMap::new();
    entries(root, "tools", TOOLS_MAX, |entry| {
        let name = entry.need("name", "give it a name of a-z, 0-9 and _");
        let name = name.and_then(|node| read_name(&node, &mut fields));
        let description = entry.need("description", "say when the agent should use it");
        let description = description.and_then(|node| node.words(ANSWER_CHARS_MAX));
        let parameters = match entry.find("parameters") {
            Some(node) => read_parameters(&node),
            None => Some(NO_PARAMETERS.to_owned()),
        };
        let url = entry.need("url", "write url = \"https://...\"");
        let url = url.and_then(|node| read_url(&node));
        let methods =
            [("GET", ToolMethod::Get), ("POST", ToolMethod::Post), ("PUT", ToolMethod::Put)];
        let method = entry.find("method").and_then(|node| node.choice(&methods));
        let secret_env = entry.find("secret_env").map(|node| read_secret(&node));
        let deadline = entry.find("deadline_ms");
        let deadline = deadline.and_then(|node| node.number(TOOL_DEADLINE_MS, "ms"));
        let idempotent = entry.find("idempotent").and_then(|node| node.truth());
        let filler = entry.find("filler").and_then(|node| node.words(NAME_CHARS_MAX));
        let on_cancels = [("abort", ToolOnCancel::Abort), ("finish", ToolOnCancel::Finish)];
        let on_cancel = entry.find("on_cancel").and_then(|node| node.choice(&on_cancels));
        let repeat =
            if idempotent == Some(true) { ToolRepeat::Idempotent } else { ToolRepeat::Once };
        Some(ToolSpec {
            name: name?,
            description: description?,
            parameters: parameters?,
            url: url?,
            method: method.unwrap_or(ToolMethod::Post),
            secret_env: secret_env.flatten(),
            deadline: Millis::new(deadline.unwrap_or(DEADLINE_MS)),
            repeat,
            filler,
            on_cancel: on_cancel.unwrap_or(match repeat {
                ToolRepeat::Idempotent => ToolOnCancel::Abort,
                // What has begun to change something is better known than guessed.
                ToolRepeat::Once => ToolOnCancel::Finish,
            }),
        })
    })
}

/// Patience with a tool unless its file says otherwise: with a word in between, a caller waits that
/// long.
const DEADLINE_MS: u32 = 5_000;

const NO_PARAMETERS: &str = "{\"type\":\"object\",\"properties\":{}}";

fn read_name(node: &Node<'_>, fields: &mut BTreeMap<String, String>) -> Option<String> {
    let text = node.text()?;
    let is_name = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.len() <= TOOL_NAME_CHARS_MAX;
    if !is_name {
        let what = format!("{} is no name of a tool", quoted(text));
        let hint =
            format!("use a-z, 0-9 and _, a letter first, at most {TOOL_NAME_CHARS_MAX} characters");
        node.mistake(what, hint);
        return None;
    }
    if TAKEN.contains(&text) {
        node.mistake(format!("\"{text}\" is a tool of the engine's own"), "choose another name");
        return None;
    }
    if let Some(field) = fields.get(text) {
        node.mistake(format!("\"{text}\" is taken by {field}"), "");
        return None;
    }
    fields.insert(text.to_owned(), node.field());
    Some(text.to_owned())
}

fn read_parameters(node: &Node<'_>) -> Option<String> {
    let text = node.text()?;
    let hint = "write parameters = '''{ \"type\": \"object\", \"properties\": { ... } }'''";
    if TOOL_PARAMETERS_BYTES_MAX < text.len() {
        let what = format!("has {} bytes: at most {TOOL_PARAMETERS_BYTES_MAX} fit", text.len());
        node.mistake(what, "");
        return None;
    }
    let schema: Value = match serde_json::from_str(text) {
        Ok(schema) => schema,
        Err(error) => {
            let what =
                format!("is no JSON at its line {}, column {}", error.line(), error.column());
            node.mistake(what, hint);
            return None;
        }
    };
    if schema.get("type").and_then(Value::as_str) != Some("object") {
        node.mistake("describes no object", hint);
        return None;
    }
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    let mut unknown = required.filter(|name| {
        name.as_str().is_none_or(|name| {
            schema.get("properties").is_none_or(|properties| properties.get(name).is_none())
        })
    });
    if let Some(name) = unknown.next() {
        let what = format!("requires {name}, which is not among its properties");
        node.mistake(what, "");
        return None;
    }
    // One line, in one order: what goes into every prompt.
    Some(schema.to_string())
}

fn read_url(node: &Node<'_>) -> Option<String> {
    let text = node.text()?;
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?']).next());
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic()) && !text.contains('#');
    match host {
        Some(host) if host.contains('@') => {
            node.mistake("holds a user or a password", "sign requests with secret_env instead");
            None
        }
        Some(host) if !host.is_empty() && is_plain => Some(text.to_owned()),
        Some(_) | None => {
            let hint = "write it like \"https://example.com/slots\"";
            node.mistake(format!("{} is no address", quoted(text)), hint);
            None
        }
    }
}

fn read_secret(node: &Node<'_>) -> Option<String> {
    let text = node.text()?;
    let name = text.strip_prefix(SECRET_PREFIX).unwrap_or_default();
    let is_name = !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    if is_name {
        return Some(text.to_owned());
    }
    let what = format!("{} is no variable of a tool's secret", quoted(text));
    node.mistake(what, format!("name it {SECRET_PREFIX} and A-Z, 0-9 or _"));
    None
}

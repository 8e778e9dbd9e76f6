//! Errors, as a body of their own or within a stream.

use serde_json::Value;

use crate::chat::Fault;

/// The kind of error that `status` and `body` tell. Total; keeps nothing of the body's text.
pub fn decode_fault(status: u16, body: &[u8]) -> Fault {
    let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    // FastAPI's servers say `detail`, Ollama's own protocol a bare text.
    fault_of(Some(status), body.get("error").unwrap_or(&body))
}

/// The kind of error an `error` value tells; its own words win over the status.
pub(super) fn fault_of(status: Option<u16>, error: &Value) -> Fault {
    let words = ["code", "type", "status"].map(|key| error.get(key).and_then(Value::as_str));
    for word in words.into_iter().flatten() {
        match word {
            "insufficient_quota" | "billing_hard_limit_reached" | "billing_not_active" => {
                return Fault::Quota;
            }
            "invalid_api_key" | "authentication_error" | "permission_error" => {
                return Fault::Auth;
            }
            "rate_limit_exceeded" | "rate_limit_error" | "tokens" | "requests" => {
                return Fault::RateLimited;
            }
            "context_length_exceeded" | "string_above_max_length" | "exceed_context_size_error" => {
                return Fault::TooLong;
            }
            "content_filter" | "content_policy_violation" => return Fault::Filtered,
            "model_not_found" => return Fault::NoSuchModel,
            "server_overloaded" | "overloaded_error" | "unavailable_error" => {
                return Fault::Overloaded;
            }
            _ => (),
        }
    }
    let code = error.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
    match status.or(code) {
        Some(status @ (400 | 413 | 422 | 500)) if is_too_long(error) => {
            let _ = status;
            Fault::TooLong
        }
        Some(status) => Fault::of_status(status),
        None => Fault::Internal,
    }
}

/// Local servers have no code for a window that is too small: only their words tell.
fn is_too_long(error: &Value) -> bool {
    let message = error.get("message").or(Some(error)).and_then(Value::as_str).unwrap_or_default();
    let message = message.to_lowercase();
    ["context length", "context window", "context size", "maximum context", "too many tokens"]
        .iter()
        .any(|words| message.contains(words))
}

//! Errors, as a body of their own or within a stream.

use serde_json::Value;

use crate::chat::Fault;

/// The kind of error that `status` and `body` tell. Total; keeps nothing of the body's text.
pub fn decode_fault(status: u16, body: &[u8]) -> Fault {
    let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    fault_of(Some(status), body.get("error").unwrap_or(&Value::Null))
}

/// The kind of error an `error` value tells; its own word wins over the status.
pub(super) fn fault_of(status: Option<u16>, error: &Value) -> Fault {
    let kind = match error.get("type").and_then(Value::as_str) {
        Some("authentication_error" | "permission_error") => Fault::Auth,
        Some("billing_error") => Fault::Quota,
        Some("rate_limit_error") => Fault::RateLimited,
        Some("overloaded_error") => Fault::Overloaded,
        Some("request_too_large") => Fault::TooLong,
        Some("not_found_error") => Fault::NoSuchModel,
        Some("timeout_error") => Fault::Timeout,
        Some("invalid_request_error") => Fault::BadRequest,
        Some("api_error") => Fault::Internal,
        Some(_) | None => status.map_or(Fault::Internal, Fault::of_status),
    };
    let message = error.get("message").and_then(Value::as_str).unwrap_or_default();
    // One type for all bad requests: only the words tell that the window is too small.
    if kind == Fault::BadRequest && message.contains("prompt is too long") {
        return Fault::TooLong;
    }
    kind
}

//! What vendors tell about an account: its models, its projects, a voice. Nobody is billed for it.

use axum::body::Body;
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use serde_json::json;

/// The models that every list holds.
pub const MODELS: [&str; 5] =
    ["gpt-4.1-mini", "gpt-4.1", "gpt-4o-mini-tts", "claude-haiku-4-5", "llama-3.3-70b-versatile"];

/// The one voice that nobody has.
pub const VOICE_UNKNOWN: &str = "nobody";

/// Whether `path` asks about an account.
pub(crate) fn is_asked(path: &str) -> bool {
    matches!(path, "/v1/models" | "/v1/projects")
        || ["/v1/models/", "/v1/voices/", "/voices/"].iter().any(|root| path.starts_with(root))
}

/// What is told about the account whose key was right.
pub(crate) fn answer(path: &str) -> Response<Body> {
    let missing = || (StatusCode::NOT_FOUND, json!({ "error": "not_found" }).to_string());
    let name = path.rsplit('/').next().unwrap_or_default();
    let (status, body) = match path {
        "/v1/models" => {
            let data: Vec<_> =
                MODELS.iter().map(|id| json!({ "id": id, "object": "model" })).collect();
            (StatusCode::OK, json!({ "object": "list", "data": data }).to_string())
        }
        "/v1/projects" => (StatusCode::OK, json!({ "projects": [] }).to_string()),
        path if path.starts_with("/v1/models/") && !MODELS.contains(&name) => missing(),
        _ if name == VOICE_UNKNOWN => missing(),
        _ => (StatusCode::OK, json!({ "id": name }).to_string()),
    };
    (status, [("content-type", "application/json")], body).into_response()
}

//! Models: what they say is scripted, how they say it is their protocol's, what goes wrong is planned.

mod anthropic;
mod openai;
mod script;
mod stream;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

pub use script::{Replies, Reply};

/// The routes of all models, which say what `replies` has for them.
pub(crate) fn routes(replies: Arc<Replies>) -> Router {
    Router::new()
        .route("/v1/chat/completions", post(openai::answer))
        .route("/v1/messages", post(anthropic::answer))
        .route("/v1/models", get(|| async { "{\"object\":\"list\",\"data\":[]}" }))
        .with_state(replies)
}

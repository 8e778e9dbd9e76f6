//! The voices: words become sound that says which word it is.
//!
//! Every word any voice of a server is told to say goes into one lexicon, [`Voiced`], in the order in which
//! it was taken up; a [`Listener`](crate::speech::Listener) finds it again in whatever was delivered.

mod cartesia;
mod deepgram;
mod elevenlabs;
mod line;
mod openai;
mod planned;
mod said;
pub(crate) mod wyoming;

use axum::Router;
use axum::routing::{any, post};

pub use said::Voiced;

/// All voices over HTTP.
pub(crate) fn routes() -> Router {
    Router::new()
        .route("/v1/text-to-speech/{voice}/multi-stream-input", any(elevenlabs::upgrade))
        .route("/tts/websocket", any(cartesia::upgrade))
        .route("/v1/speak", any(deepgram::upgrade))
        .route("/v2/speak", any(deepgram::upgrade))
        .route("/v1/audio/speech", post(openai::answer))
}

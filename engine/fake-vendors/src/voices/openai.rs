//! OpenAI's speech over HTTP: a text, an answer of samples.

use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt};
use tokio::time::{Instant, sleep_until};
use types::Millis;
use wire::openai_speech;

use super::planned::{self, End};
use super::said::{Coding, Voiced, pieces};
use crate::session::Session;
use crate::speech::SAMPLES_PER_MS;

/// How long what was sent has to get away.
const BREAK_AFTER: Duration = Duration::from_millis(5);

pub(crate) async fn answer(
    Extension(session): Extension<Session>,
    Extension(voiced): Extension<Voiced>,
    body: Bytes,
) -> Response {
    session.note_text(&String::from_utf8_lossy(&body));
    let Ok(request) = openai_speech::decode(&body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    if planned::is_malformed(&session, 0) {
        return ([(header::CONTENT_TYPE, "application/json")], "{\"type\":").into_response();
    }
    let said = voiced.say(&request.input);
    let coding = Coding::Linear(openai_speech::RATE_HZ);
    let chunks: Vec<(Millis, Vec<u8>)> = pieces(&said.samples)
        .map(|(first, piece)| (Millis::new((first / SAMPLES_PER_MS) as u32), coding.encode(piece)))
        .collect();
    let begin = Instant::now() + session.slowed(session.delays.first_audio);
    let gap = planned::gap(&session);
    let timed = chunks.into_iter().zip(0_u32..);
    let body = stream::iter(timed).then(move |((before, bytes), number)| {
        let session = session.clone();
        async move {
            sleep_until(begin + gap * number).await;
            match planned::end(&session, before) {
                Some(End::Mute) => std::future::pending().await,
                Some(End::Drop | End::Close(_)) => {
                    // What was sent is on its way before the connection breaks.
                    sleep_until(Instant::now() + BREAK_AFTER).await;
                    Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))
                }
                None => {
                    session.note_sent();
                    Ok::<_, std::io::Error>(Bytes::from(bytes))
                }
            }
        }
    });
    let Ok(response) = Ok::<_, Infallible>(Body::from_stream(body).into_response());
    response
}

//! A streamed answer with its delays and faults.

use std::collections::VecDeque;
use std::io;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::unfold;
use tokio::time::{Instant, sleep_until};
use types::Millis;

use crate::Fault;
use crate::session::Session;

/// What is sent, event by event.
struct Sending {
    session: Session,
    events: VecDeque<String>,
    /// An event nobody knows.
    unknown: &'static str,
    began: Instant,
    due: Instant,
    is_over: bool,
}

/// `events` as a body: the first after the model's first token, the others a token apart.
pub(super) fn streamed(session: Session, events: Vec<String>, unknown: &'static str) -> Response {
    let began = Instant::now();
    let due = began + session.slowed(session.delays.first_token);
    let events = events.into();
    let sending = Sending { session, events, unknown, began, due, is_over: false };
    let body = Body::from_stream(unfold(sending, next));
    ([(CONTENT_TYPE, "text/event-stream")], body).into_response()
}

async fn next(mut sending: Sending) -> Option<(io::Result<Bytes>, Sending)> {
    if sending.is_over {
        return None;
    }
    let ends = sending.session.fault(|fault| match fault {
        Fault::Mute { after } => Some((after, End::Mute)),
        Fault::Drop { after } | Fault::Close { after, .. } => Some((after, End::Drop)),
        Fault::Refuse
        | Fault::Unauthorized
        | Fault::TooMany { .. }
        | Fault::Broken { .. }
        | Fault::Hang
        | Fault::Drip { .. }
        | Fault::Malformed { .. }
        | Fault::WrongOrder
        | Fault::LateAudio { .. }
        | Fault::Unknown
        | Fault::Slow { .. } => None,
    });
    if let Some((after, end)) = ends {
        let at = sending.began + span(after);
        if at <= sending.due {
            sleep_until(at).await;
            match end {
                End::Mute => std::future::pending::<()>().await,
                End::Drop => {
                    sending.is_over = true;
                    return Some((Err(io::ErrorKind::ConnectionReset.into()), sending));
                }
            }
        }
    }
    sending.session.punctuality().until(Some(sending.due)).await;
    let mut event = sending.events.pop_front()?;
    sending.session.note_due(sending.due);
    let number = sending.session.note_sent();
    let malformed = sending.session.fault(|fault| {
        if let Fault::Malformed { every } = fault { Some(u64::from(every.max(1))) } else { None }
    });
    if malformed.is_some_and(|every| number.is_multiple_of(every)) {
        event = "data: {\"cut\": \n\n".to_owned();
    }
    if sending.session.has(Fault::Unknown) {
        event = format!("{}{event}", sending.unknown);
    }
    let gap = sending.session.fault(
        |fault| {
            if let Fault::Drip { gap } = fault { Some(gap) } else { None }
        },
    );
    let gap = gap.map_or_else(|| sending.session.slowed(sending.session.delays.token), span);
    sending.due += gap;
    Some((Ok(Bytes::from(event)), sending))
}

#[derive(Clone, Copy)]
enum End {
    Mute,
    Drop,
}

fn span(span: Millis) -> std::time::Duration {
    std::time::Duration::from_millis(u64::from(span.get()))
}

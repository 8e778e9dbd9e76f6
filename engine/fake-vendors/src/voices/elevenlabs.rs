//! ElevenLabs' multi-context socket, as strict as the real one is said to be.

use std::collections::BTreeMap;

use axum::Extension;
use axum::extract::ws::{Message as Frame, WebSocket, WebSocketUpgrade};
use axum::http::Uri;
use axum::response::Response;
use types::Millis;
use wire::elevenlabs::{
    CONTEXTS_MAX, CharTime, Failure, Message, Order, Speech, Target, decode_order,
};

use super::line::{Line, Order as Place};
use super::said::{Coding, MESSAGE_MS, Said, Voiced, pieces};
use crate::session::Session;
use crate::speech::SAMPLES_PER_MS;

pub(crate) async fn upgrade(
    upgrade: WebSocketUpgrade,
    uri: Uri,
    Extension(session): Extension<Session>,
    Extension(voiced): Extension<Voiced>,
) -> Response {
    let target = uri.path_and_query().and_then(|target| Target::decode(target.as_str()));
    let format = target.map(|target| target.output_format).unwrap_or_default();
    let coding = match format.as_str() {
        "ulaw_8000" => Coding::Mulaw,
        "alaw_8000" => Coding::Alaw,
        other => {
            let hz = other.strip_prefix("pcm_").and_then(|hz| hz.parse().ok());
            Coding::Linear(hz.unwrap_or(16_000))
        }
    };
    upgrade.on_upgrade(move |socket| serve(socket, session, voiced, coding))
}

/// A context that has not ended.
struct Context {
    work: u64,
    stage: Stage,
}

/// How far a context has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Open,
    /// All it was given is to be spoken.
    Flushed,
    /// Its end waits to be sent.
    Closed,
}

async fn serve(socket: WebSocket, session: Session, voiced: Voiced, coding: Coding) {
    let mut line = Line::new(socket, session);
    let mut contexts: BTreeMap<String, Context> = BTreeMap::new();
    let mut works = 0;
    while let Some(text) = line.next().await {
        // Ended contexts count until their end has been sent.
        contexts.retain(|_, context| context.stage != Stage::Closed || line.has_work(context.work));
        let violation = match decode_order(&text) {
            Err(_) => Some("invalid_message"),
            Ok(Order::CloseSocket) => return line.close(1_000).await,
            Ok(Order::KeepAlive { context }) => context
                .is_some_and(|name| !contexts.contains_key(&*name))
                .then_some("keep_alive_before_open"),
            Ok(Order::Open { context, .. }) => {
                works += 1;
                let fresh = Context { work: works, stage: Stage::Open };
                let is_known = contexts.insert(context.into_owned(), fresh).is_some();
                if CONTEXTS_MAX < contexts.len() {
                    Some("max_active_conversations")
                } else {
                    is_known.then_some("context_opened_twice")
                }
            }
            Ok(Order::Text { context, text }) => match contexts.get_mut(&*context) {
                Some(open) if open.stage != Stage::Closed => {
                    open.stage = Stage::Open;
                    say(&mut line, (&context, open.work), &voiced.say(&text), &text, coding);
                    None
                }
                Some(_) | None => Some("text_without_context"),
            },
            Ok(Order::Flush { context }) => {
                if let Some(context) = contexts.get_mut(&*context) {
                    context.stage = Stage::Flushed;
                }
                None
            }
            Ok(Order::Close { context }) => {
                if let Some(open) = contexts.get_mut(&*context) {
                    if open.stage == Stage::Open {
                        line.cancel(open.work);
                    }
                    open.stage = Stage::Closed;
                    let context = Some(context.into_owned().into());
                    let end = Speech { context, is_final: true, ..Speech::default() };
                    let end = Frame::text(Message::Speech(end).encode());
                    line.send((open.work, Millis::ZERO), end, Millis::ZERO, Place::Fixed);
                }
                None
            }
        };
        if let Some(error) = violation {
            let failure = Failure { error: error.into(), code: Some(1_008) };
            line.tell(Message::Failure(failure).encode());
            return line.close(1_008).await;
        }
    }
}

fn say(line: &mut Line, (context, work): (&str, u64), said: &Said, text: &str, coding: Coding) {
    let mut delay = line.first_sound();
    let times = characters(text, said);
    for (first, piece) in pieces(&said.samples) {
        let begin = Millis::new((first / SAMPLES_PER_MS) as u32);
        let end = begin + Millis::new(MESSAGE_MS as u32);
        let within = times.iter().filter(|time| begin <= time.start && time.start < end);
        // The clock begins anew with every message.
        let characters = within
            .map(|time| CharTime { start: time.start.saturating_sub(begin), ..time.clone() })
            .collect();
        let speech = Speech { characters, ..Speech::of(context, &coding.encode(piece)) };
        let message = Frame::text(Message::Speech(speech).encode());
        let sound = Millis::new((piece.len() / SAMPLES_PER_MS) as u32);
        line.send((work, delay), message, sound, Place::Fixed);
        delay = Millis::ZERO;
    }
}

/// When each character is spoken: a word's share its time, what stands between words takes none.
fn characters<'a>(text: &'a str, said: &Said) -> Vec<CharTime<'a>> {
    let mut times = Vec::new();
    let (mut from, mut start) = (0, 0);
    for &(to, end) in &said.ends {
        let letters = text[from..to].trim().chars().count().max(1);
        let mut number = 0;
        for (at, c) in text[from..to].char_indices() {
            let step = (end - start) / letters;
            let begin =
                if c.is_whitespace() { end.saturating_sub(1) } else { start + number * step };
            let ms = |samples: usize| Millis::new((samples / SAMPLES_PER_MS) as u32);
            times.push(CharTime {
                text: text[from + at..from + at + c.len_utf8()].into(),
                start: ms(begin),
                duration: if c.is_whitespace() { Millis::ZERO } else { ms(step) },
            });
            number += usize::from(!c.is_whitespace());
        }
        (from, start) = (to, end);
    }
    times
}

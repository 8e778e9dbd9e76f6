//! Cartesia's socket.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Extension;
use axum::extract::ws::{Message as Frame, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use tokio::time::Instant;
use types::Millis;
use wire::cartesia::{Failure, Generation, Message, More, Order, WordSpan, decode_order};

use super::line::{Line, Order as Place};
use super::said::{Coding, Said, Voiced, pieces};
use crate::session::Session;
use crate::speech::SAMPLES_PER_MS;

/// A context dies so long after its last sound.
const QUIET_MAX: Duration = Duration::from_secs(1);

pub(crate) async fn upgrade(
    upgrade: WebSocketUpgrade,
    Extension(session): Extension<Session>,
    Extension(voiced): Extension<Voiced>,
) -> Response {
    upgrade.on_upgrade(move |socket| serve(socket, session, voiced))
}

/// A context, dead or alive: no name is used twice.
struct Context {
    work: u64,
    flushes: u32,
    /// Its sound so far.
    clock: Millis,
    /// When its last sound was sent, as far as is known.
    sounded: Instant,
    is_over: bool,
}

async fn serve(socket: WebSocket, session: Session, voiced: Voiced) {
    let mut line = Line::new(socket, session);
    let mut contexts: BTreeMap<String, Context> = BTreeMap::new();
    let mut works = 0;
    while let Some(text) = line.next().await {
        let now = Instant::now();
        match decode_order(&text) {
            Err(_) => {
                line.tell(Message::Failure(Failure { status: 400, ..Failure::default() }).encode())
            }
            Ok(Order::Cancel { context }) => {
                if let Some(context) = contexts.get_mut(&*context) {
                    context.is_over = true;
                    line.cancel(context.work);
                }
            }
            Ok(Order::Speak(generation)) => {
                let context = contexts.entry(generation.context.to_string()).or_insert_with(|| {
                    works += 1;
                    let (flushes, clock) = (0, Millis::ZERO);
                    Context { work: works, flushes, clock, sounded: now, is_over: false }
                });
                if line.has_work(context.work) {
                    context.sounded = now;
                }
                let has_died = context.sounded + QUIET_MAX < now;
                if context.is_over || has_died {
                    let failure = Failure {
                        context: Some(generation.context.clone()),
                        code: Some("context_expired".into()),
                        status: 400,
                    };
                    line.tell(Message::Failure(failure).encode());
                    continue;
                }
                speak(&mut line, context, &generation, &voiced.say(&generation.transcript));
            }
        }
    }
}

fn speak(line: &mut Line, context: &mut Context, generation: &Generation<'_>, said: &Said) {
    let coding = match generation.request.encoding.as_str() {
        "pcm_mulaw" => Coding::Mulaw,
        "pcm_alaw" => Coding::Alaw,
        _ => Coding::Linear(generation.request.sample_rate),
    };
    let name = &*generation.context;
    let work = context.work;
    let flush = context.flushes + 1;
    let mut delay = line.first_sound();
    let words = words(&generation.transcript, said, context.clock);
    if !words.is_empty() {
        let message = Message::Words { context: name.into(), words, flush: Some(flush) };
        line.send((work, delay), Frame::text(message.encode()), Millis::ZERO, Place::Free);
    }
    for (_, piece) in pieces(&said.samples) {
        let chunk = Message::chunk(name, &coding.encode(piece), Some(flush)).encode();
        let sound = Millis::new((piece.len() / SAMPLES_PER_MS) as u32);
        // Times and sound may come in either order; sound among itself may not.
        let place = if delay == Millis::ZERO { Place::Fixed } else { Place::Free };
        line.send((work, delay), Frame::text(chunk), sound, place);
        delay = Millis::ZERO;
    }
    context.clock = context.clock + said.duration();
    let end = match generation.more {
        More::Continues => return,
        More::Flushed => {
            context.flushes = flush;
            Message::Flushed { context: name.into(), flush }
        }
        More::Ends => {
            context.is_over = true;
            Message::Done { context: name.into() }
        }
    };
    line.send((work, Millis::ZERO), Frame::text(end.encode()), Millis::ZERO, Place::Fixed);
}

fn words<'a>(text: &'a str, said: &Said, clock: Millis) -> Vec<WordSpan<'a>> {
    let ms = |samples: usize| Millis::new((samples / SAMPLES_PER_MS) as u32);
    let (mut from, mut start) = (0, 0);
    let spans = said.ends.iter().map(|&(to, end)| {
        let span = WordSpan {
            word: text[from..to].trim().into(),
            start: clock + ms(start),
            end: clock + ms(end),
        };
        (from, start) = (to, end);
        span
    });
    spans.collect()
}

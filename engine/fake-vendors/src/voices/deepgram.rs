//! Deepgram's two speaking sockets.

use std::collections::VecDeque;
use std::time::Duration;

use axum::Extension;
use axum::extract::ws::{Message as Frame, WebSocketUpgrade};
use axum::http::Uri;
use axum::response::Response;
use tokio::time::Instant;
use types::Millis;
use wire::deepgram::speak::{
    Account, FLUSHES_A_MINUTE, Generation, Message, Order, Target, decode_order,
};

use super::line::{Line, Order as Place};
use super::said::{Coding, Said, Voiced, pieces};
use crate::session::Session;
use crate::speech::SAMPLES_PER_MS;

pub(crate) async fn upgrade(
    upgrade: WebSocketUpgrade,
    uri: Uri,
    Extension(session): Extension<Session>,
    Extension(voiced): Extension<Voiced>,
) -> Response {
    let target = uri.path_and_query().and_then(|target| Target::decode(target.as_str()));
    let target = target.unwrap_or_default();
    let coding = match target.encoding.as_str() {
        "mulaw" => Coding::Mulaw,
        "alaw" => Coding::Alaw,
        _ => Coding::Linear(target.sample_rate.max(8_000)),
    };
    upgrade.on_upgrade(move |socket| async move {
        let line = Line::new(socket, session);
        match target.generation {
            Generation::Aura => aura(line, voiced, coding).await,
            Generation::Flux => flux(line, voiced, coding).await,
        }
    })
}

/// The one work there is.
const WORK: u64 = 1;

async fn aura(mut line: Line, voiced: Voiced, coding: Coding) {
    line.tell(Message::Metadata.encode());
    let mut gathered = String::new();
    let mut flushes: VecDeque<Instant> = VecDeque::new();
    while let Some(text) = line.next().await {
        match decode_order(&text) {
            Ok(Order::Speak { text }) => gathered.push_str(&text),
            Ok(Order::Flush) => {
                let now = Instant::now();
                flushes.retain(|sent| now < *sent + Duration::from_secs(60));
                if flushes.len() == FLUSHES_A_MINUTE {
                    line.tell(Message::Warning { code: "EXCESSIVE_FLUSH".into() }.encode());
                    continue;
                }
                flushes.push_back(now);
                say(&mut line, &voiced.say(&gathered), coding);
                gathered.clear();
                tell_behind(&mut line, &Message::Flushed);
            }
            Ok(Order::Clear) => {
                gathered.clear();
                line.cancel(WORK);
                line.tell(Message::Cleared.encode());
            }
            Ok(Order::Close) => return line.close(1_000).await,
            Ok(Order::Interrupt { .. }) | Err(_) => {
                line.tell(Message::Failure { code: "DATA-0000".into() }.encode());
                return line.close(1_008).await;
            }
        }
    }
}

/// A turn of Flux: what was said in it, and when each word ends on the turn's clock.
#[derive(Default)]
struct Turn {
    text: String,
    ends: Vec<(usize, Millis)>,
    sound: Millis,
    is_ended: bool,
}

impl Turn {
    fn account(&self) -> Account {
        let characters = self.text.trim().chars().count();
        Account { audio: Some(self.sound), billable_characters: u32::try_from(characters).ok() }
    }
}

async fn flux(mut line: Line, voiced: Voiced, coding: Coding) {
    line.tell(Message::Connected.encode());
    let mut turn: Option<Turn> = None;
    // The session's sound before this turn, as far as it was heard; and the last interruption.
    let (mut before, mut interrupted) = (Millis::ZERO, Millis::ZERO);
    while let Some(text) = line.next().await {
        match decode_order(&text) {
            Ok(Order::Speak { text }) => {
                if let Some(made) = turn.take_if(|turn| turn.is_ended) {
                    before = before + made.sound;
                }
                let turn = turn.get_or_insert_with(|| {
                    tell_behind(&mut line, &Message::SpeechStarted);
                    Turn::default()
                });
                let said = voiced.say(&text);
                let ms = |samples: usize| Millis::new((samples / SAMPLES_PER_MS) as u32);
                let ends =
                    said.ends.iter().map(|&(to, end)| (turn.text.len() + to, turn.sound + ms(end)));
                let ends: Vec<_> = ends.collect();
                turn.ends.extend(ends);
                turn.text.push_str(&text);
                turn.sound = turn.sound + said.duration();
                say(&mut line, &said, coding);
            }
            Ok(Order::Flush) => match &mut turn {
                Some(turn) if !turn.is_ended => {
                    turn.is_ended = true;
                    // An acknowledgement, not the end: it may come before sound.
                    line.send(
                        (WORK, Millis::ZERO),
                        text_of(&Message::Flushed),
                        Millis::ZERO,
                        Place::Free,
                    );
                    tell_behind(&mut line, &Message::SpeechEnded(turn.account()));
                }
                Some(_) | None => {
                    line.tell(Message::Warning { code: "NO_SYNTHESIZABLE_TEXT".into() }.encode());
                }
            },
            Ok(Order::Interrupt { heard }) => {
                let answer = match (turn.take(), heard) {
                    (None, _) => Message::Warning { code: "NO_ACTIVE_SPEECH".into() },
                    (Some(kept), Some(at)) if at <= interrupted => {
                        turn = Some(kept);
                        Message::Warning { code: "INVALID_INTERRUPT_OFFSET".into() }
                    }
                    (Some(turn), heard) => {
                        line.cancel(WORK);
                        let spoken = heard.map(|at| {
                            let offset = at.saturating_sub(before);
                            let whole = turn.ends.iter().take_while(|(_, end)| *end <= offset);
                            let end = whole.last().map_or(0, |(to, _)| *to);
                            turn.text[..end].to_owned().into()
                        });
                        before = heard.unwrap_or(before);
                        interrupted = before;
                        Message::Interrupted { spoken, account: turn.account() }
                    }
                };
                line.tell(answer.encode());
            }
            Ok(Order::Close) => return line.close(1_000).await,
            Ok(Order::Clear) | Err(_) => {
                line.tell(Message::Failure { code: "DATA-0000".into() }.encode());
                return line.close(1_008).await;
            }
        }
    }
}

fn text_of(message: &Message<'_>) -> Frame {
    Frame::text(message.encode())
}

fn tell_behind(line: &mut Line, message: &Message<'_>) {
    line.send((WORK, Millis::ZERO), text_of(message), Millis::ZERO, Place::Fixed);
}

fn say(line: &mut Line, said: &Said, coding: Coding) {
    let mut delay = line.first_sound();
    for (_, piece) in pieces(&said.samples) {
        let sound = Millis::new((piece.len() / SAMPLES_PER_MS) as u32);
        let message = Frame::Binary(coding.encode(piece).into());
        line.send((WORK, delay), message, sound, Place::Fixed);
        delay = Millis::ZERO;
    }
}

//! Deepgram's recognizers: words come of the audio that arrived.

use std::time::Duration;

use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Extension, RawQuery};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use types::{Millis, Pii};
use wire::deepgram::{AudioEncoding, Word, flux, nova};

use crate::line::{Line, Order, Received};
use crate::session::Session;
use crate::speech::{Listener, SAMPLES_PER_MS};
use crate::understanding::{Heard, Understanding};

/// The sockets of both.
pub(crate) fn routes() -> Router {
    Router::new().route("/v1/listen", get(listen_nova)).route("/v2/listen", get(listen_flux))
}

async fn listen_nova(
    upgrade: WebSocketUpgrade,
    Extension(session): Extension<Session>,
    RawQuery(query): RawQuery,
) -> Response {
    let ear = Ear::of(query.as_deref().unwrap_or_default(), &session);
    answer(upgrade.on_upgrade(move |socket| async move {
        let line = Line::new(socket, session, r#"{"type":"Premonition","of":"words"}"#);
        Nova { line, ear, said: Settled::default() }.serve().await;
    }))
}

async fn listen_flux(
    upgrade: WebSocketUpgrade,
    Extension(session): Extension<Session>,
    RawQuery(query): RawQuery,
) -> Response {
    let ear = Ear::of(query.as_deref().unwrap_or_default(), &session);
    answer(upgrade.on_upgrade(move |socket| async move {
        let line = Line::new(socket, session, r#"{"type":"Premonition","of":"a turn"}"#);
        Flux { line, ear, turn: None, index: 0, sequence: 0, done_to: 0 }.serve().await;
    }))
}

/// The name of a session that the vendor gives it.
fn answer(mut response: Response) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert("dg-request-id", "r1".parse().expect("a constant header"));
    response.headers_mut().extend(headers);
    response
}

/// Audio of one connection into words.
struct Ear {
    encoding: AudioEncoding,
    /// Samples per sample of the markers' own rate.
    stride: usize,
    understanding: Understanding,
    /// Samples at the markers' rate.
    heard: u64,
}

impl Ear {
    fn of(query: &str, session: &Session) -> Self {
        let value = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(known, _)| *known == name).map(|(_, value)| value)
        };
        let encoding = value("encoding").and_then(AudioEncoding::of);
        let rate = value("sample_rate").and_then(|rate| rate.parse::<usize>().ok());
        Self {
            encoding: encoding.unwrap_or(AudioEncoding::Linear16),
            stride: rate.unwrap_or(8_000).div_ceil(8_000).max(1),
            understanding: Understanding::new(Listener::default(), session.words.clone()),
            heard: 0,
        }
    }

    fn hear(&mut self, bytes: &[u8]) {
        let samples: Vec<i16> = match self.encoding {
            AudioEncoding::Mulaw => {
                bytes.iter().map(|&code| codecs::g711::ulaw_decode(code)).collect()
            }
            AudioEncoding::Linear16 => {
                bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
            }
        };
        let samples: Vec<i16> = samples.into_iter().step_by(self.stride).collect();
        self.heard += samples.len() as u64;
        self.understanding.hear(&samples);
    }

    fn passed(&self) -> Millis {
        Millis::new((self.heard / SAMPLES_PER_MS as u64) as u32)
    }
}

/// Up to where a connection's words are final.
#[derive(Default)]
struct Settled {
    to: u64,
    shown_to: u64,
}

/// Words so far are told this often.
const PARTIAL_EVERY: u64 = 300 * SAMPLES_PER_MS as u64;

/// Silence that ends a range of words.
const ENDPOINT: u64 = 300 * SAMPLES_PER_MS as u64;

/// A stretch of speech is declared final at the latest when it is so long.
const RANGE_MAX: u64 = 4_000 * SAMPLES_PER_MS as u64;

struct Nova {
    line: Line,
    ear: Ear,
    said: Settled,
}

impl Nova {
    async fn serve(mut self) {
        while let Some(received) = self.line.next().await {
            match received {
                Received::Binary(bytes) => {
                    self.ear.hear(&bytes);
                    self.on_audio();
                    self.line.progress(self.ear.passed());
                }
                Received::Text(text) => match nova::Control::decode(&text) {
                    Ok(Some(nova::Control::Finalize)) => self.settle(self.ear.heard, Answer::Yes),
                    Ok(Some(nova::Control::CloseStream)) => {
                        self.settle(self.ear.heard, Answer::No);
                        return self.line.finish().await;
                    }
                    Ok(Some(nova::Control::KeepAlive)) => (),
                    Ok(Some(nova::Control::Configure { .. })) => {
                        self.send(nova::Message::Configured, Order::Fixed);
                    }
                    Ok(None) | Err(_) => {
                        let code = "SchemaError".to_owned();
                        self.send(nova::Message::Error { code }, Order::Fixed);
                    }
                },
            }
        }
    }

    fn on_audio(&mut self) {
        let heard = self.ear.heard;
        let words = self.ear.understanding.words();
        let last = words.last().map(|word| word.to).filter(|to| self.said.to < *to);
        if let Some(last) = last
            && (last + ENDPOINT <= heard || self.said.to + RANGE_MAX <= last)
        {
            // A word that is being said belongs to the next range.
            let is_over = last + ENDPOINT <= heard;
            let to = if is_over { heard } else { words.last().map_or(heard, |word| word.from) };
            return self.settle(to, Answer::No);
        }
        if self.said.shown_to.max(self.said.to) + PARTIAL_EVERY <= heard {
            self.said.shown_to = heard;
            let range = (self.said.to, heard);
            self.tell(range, nova::State::Interim, Answer::No);
        }
    }

    fn settle(&mut self, to: u64, answer: Answer) {
        let range = (self.said.to, to);
        self.said.to = to;
        self.tell(range, nova::State::SpeechFinal, answer);
    }

    fn tell(&mut self, (from, to): (u64, u64), state: nova::State, answer: Answer) {
        let words = self.ear.understanding.words_between(from, to);
        let results = nova::Results {
            start: span(from),
            duration: span(to - from),
            state,
            from_finalize: answer == Answer::Yes,
            alternatives: vec![nova::Alternative {
                transcript: transcript(&words),
                confidence: 0.99,
                words: words.iter().map(word).collect(),
            }],
        };
        let order = if state == nova::State::Interim { Order::Fixed } else { Order::Free };
        self.send(nova::Message::Results(results), order);
    }

    fn send(&mut self, message: nova::Message, order: Order) {
        let delay = self.line.session().delays.words;
        self.line.send_text(delay, order, message.encode());
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    No,
    Yes,
}

struct Flux {
    line: Line,
    ear: Ear,
    /// Where the open turn begins, and what was told of it last.
    turn: Option<OpenTurn>,
    index: u64,
    sequence: u64,
    done_to: u64,
}

struct OpenTurn {
    from: u64,
    told: usize,
    told_early: bool,
}

/// Silence after which a turn is probably, and surely, over.
const EARLY: u64 = 250 * SAMPLES_PER_MS as u64;
const OVER: u64 = 800 * SAMPLES_PER_MS as u64;

impl Flux {
    async fn serve(mut self) {
        self.send(&flux::Message::Connected, Millis::ZERO);
        while let Some(received) = self.line.next().await {
            match received {
                Received::Binary(bytes) => {
                    self.ear.hear(&bytes);
                    self.on_audio();
                    self.line.progress(self.ear.passed());
                }
                Received::Text(text) => match flux::Control::decode(&text) {
                    Ok(Some(flux::Control::ForceEndTurn)) => self.end("manual"),
                    Ok(Some(flux::Control::CloseStream)) => return self.line.finish().await,
                    Ok(Some(flux::Control::Configure { .. })) => {
                        self.send(&flux::Message::Configured, Millis::ZERO);
                    }
                    Ok(None) | Err(_) => {
                        let code = "UNPARSABLE_CLIENT_MESSAGE".to_owned();
                        self.send(&flux::Message::Error { code }, Millis::ZERO);
                    }
                },
            }
        }
    }

    fn on_audio(&mut self) {
        let heard = self.ear.heard;
        let words = self.ear.understanding.words_between(self.done_to, heard);
        let Some((first, last)) = words.first().zip(words.last()) else { return };
        let (count, from, silence) = (words.len(), first.from, heard.saturating_sub(last.to));
        match &mut self.turn {
            None => {
                self.turn = Some(OpenTurn { from, told: count, told_early: false });
                self.tell(flux::TurnEvent::Started, None);
            }
            Some(turn) if turn.told != count => {
                let resumed = std::mem::replace(&mut turn.told_early, false);
                turn.told = count;
                let event =
                    if resumed { flux::TurnEvent::Resumed } else { flux::TurnEvent::Updated };
                self.tell(event, None);
            }
            Some(_) if OVER <= silence => self.end("model"),
            Some(turn) if EARLY <= silence && !turn.told_early => {
                turn.told_early = true;
                self.tell(flux::TurnEvent::EndsEarly, None);
            }
            Some(_) => (),
        }
    }

    fn end(&mut self, trigger: &str) {
        // Words whose last sounds are just arriving count, too.
        if self.turn.is_none() {
            let words = self.ear.understanding.words_between(self.done_to, self.ear.heard);
            let Some(first) = words.first() else { return };
            self.turn = Some(OpenTurn { from: first.from, told: words.len(), told_early: false });
        }
        self.tell(flux::TurnEvent::Ended, Some(trigger));
        self.turn = None;
        self.index += 1;
        self.done_to = self.ear.heard;
    }

    fn tell(&mut self, event: flux::TurnEvent, trigger: Option<&str>) {
        let heard = self.ear.heard;
        let words = self.ear.understanding.words_between(self.done_to, heard);
        let from = self.turn.as_ref().map_or(heard, |turn| turn.from);
        let turn = flux::Turn {
            event,
            index: self.index,
            sequence: None,
            window: (span(from), span(heard)),
            transcript: transcript(&words),
            words: words.iter().map(word).collect(),
            end_confidence: if trigger.is_some() { 0.9 } else { 0.1 },
            trigger: trigger.map(ToOwned::to_owned),
        };
        let delay = self.line.session().delays.words;
        self.send(&flux::Message::Turn(turn), delay);
    }

    fn send(&mut self, message: &flux::Message, delay: Millis) {
        self.sequence += 1;
        let mut message = message.clone();
        if let flux::Message::Turn(turn) = &mut message {
            turn.sequence = Some(self.sequence);
        }
        self.line.send_text(delay, Order::Fixed, message.encode());
    }
}

fn span(samples: u64) -> Duration {
    Duration::from_micros(samples * 1_000 / SAMPLES_PER_MS as u64)
}

fn word(heard: &Heard) -> Word {
    Word {
        text: Pii::new(heard.text.clone()),
        span: Some((span(heard.from), span(heard.to))),
        confidence: 0.99,
    }
}

fn transcript(words: &[Heard]) -> Pii<String> {
    let words: Vec<&str> = words.iter().map(|heard| heard.text.as_str()).collect();
    Pii::new(words.join(" "))
}

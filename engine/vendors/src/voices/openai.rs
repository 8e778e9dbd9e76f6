//! OpenAI's speech and whatever speaks its dialect: a request per segment, the next one under way
//! while the first is heard.

use std::collections::VecDeque;
use std::sync::Arc;

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use tokio::task::JoinHandle;
use types::{AudioFormat, Encoding, SampleRate, Secret, VendorName};
use vendor::{
    Alignment, Phase, Sink, VendorError, Voice, VoiceCapabilities, VoiceEvent, VoiceRequest,
    VoiceSession,
};
use wire::openai_speech;

use super::adapters::Seat;
use super::convert::Spoken;
use super::delivery::{Delivery, Verdict};
use super::dialect::{Certainty, Found};
use super::gate::{Epoch, Gate, Order};
use super::session::Session;
use crate::http::{self, Answer, Patience, Request};
use crate::net::Net;
use crate::refusal::{Refusal, code_in};
use crate::usage::{Meter, Unit};

/// Requests under way at a time: the one that is heard and the one behind it (providers.md §4.5).
const REQUESTS_MAX: usize = 2;

/// How much of a refusal is read for its code.
const REFUSAL_BYTES_MAX: usize = 4_096;

/// OpenAI's `/v1/audio/speech`, and local servers that copy it.
#[derive(Clone, Debug)]
pub struct OpenAiVoice {
    seat: Seat,
    settings: OpenAiSpeechSettings,
    capabilities: VoiceCapabilities,
}

/// What is to be spoken with.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenAiSpeechSettings {
    /// `gpt-4o-mini-tts`, or the server's own.
    pub model: String,
    /// The voice's name.
    pub voice: String,
    /// How to say it, for models that can be told.
    pub instructions: Option<String>,
    /// 0.25 to 4, if it is not 1.
    pub speed: Option<f32>,
    /// The rate of the server's samples: 24 kHz unless it is known for another.
    pub rate: SampleRate,
}

impl OpenAiVoice {
    /// A voice at `seat`.
    pub fn new(seat: Seat, settings: OpenAiSpeechSettings) -> Self {
        let capabilities = VoiceCapabilities {
            rate: settings.rate,
            formats: vec![AudioFormat { encoding: Encoding::L16, rate: settings.rate }],
            alignment: Alignment::None,
            languages: Vec::new(),
        };
        Self { seat, settings, capabilities }
    }
}

impl Voice for OpenAiVoice {
    fn capabilities(&self) -> &VoiceCapabilities {
        &self.capabilities
    }

    fn open(
        &self,
        request: &VoiceRequest,
        events: Arc<dyn Sink<VoiceEvent>>,
    ) -> Result<Box<dyn VoiceSession>, VendorError> {
        let spoken = Spoken { encoding: Encoding::L16, rate: self.settings.rate };
        let gate = Arc::new(Gate::new(self.seat.vendor, events));
        let meter = Arc::new(Meter::default());
        let client = Client { seat: self.seat.clone(), settings: self.settings.clone() };
        let delivery = Delivery::new(gate.clone(), meter.clone(), spoken, request.format.rate);
        let task = Task {
            client: Arc::new(client),
            gate: gate.clone(),
            meter: meter.clone(),
            delivery,
            pieces: VecDeque::new(),
            answer: None,
        };
        self.seat.net.handle().spawn(task.run());
        Ok(Box::new(Session::new(gate, meter)))
    }
}

/// Who asks.
struct Client {
    seat: Seat,
    settings: OpenAiSpeechSettings,
}

impl Client {
    fn patience(&self) -> Patience {
        let limit = self.seat.sound_wait;
        Patience { first_byte: limit, between_bytes: limit }
    }

    fn headers(&self) -> Vec<(reqwest::header::HeaderName, Secret<String>)> {
        let key = self.seat.account.key.iter();
        key.map(|key| (AUTHORIZATION, Secret::new(format!("Bearer {}", key.expose())))).collect()
    }

    async fn ask(&self, text: String) -> Result<Answer, VendorError> {
        let body = openai_speech::Request {
            model: self.settings.model.as_str().into(),
            input: text.trim().into(),
            voice: self.settings.voice.as_str().into(),
            instructions: self.settings.instructions.as_deref().map(Into::into),
            response_format: "pcm".into(),
            speed: self.settings.speed,
        };
        let request = Request {
            method: Method::POST,
            url: self.seat.account.url(openai_speech::PATH, &[]),
            headers: self.headers(),
            body: Some(body.encode()),
        };
        let vendor = self.seat.vendor;
        let answer = http::send(&self.seat.net, vendor, request, self.patience()).await?;
        if answer.status() != 200 {
            return Err(refused(vendor, answer).await);
        }
        let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        // A server that answers in words has not understood.
        if kind
            .is_some_and(|kind| kind.starts_with("application/json") || kind.starts_with("text/"))
        {
            let reason = "an answer in words instead of samples".into();
            return Err(VendorError::Malformed { vendor, reason });
        }
        Ok(answer)
    }
}

async fn refused(vendor: VendorName, answer: Answer) -> VendorError {
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = http::read_to_end(answer, REFUSAL_BYTES_MAX).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&body);
    Refusal { vendor, status, headers: &headers, code: code_in(&text) }.error()
}

/// A segment that is to be said.
struct Piece {
    epoch: Epoch,
    number: usize,
    text: String,
    asked: Option<JoinHandle<Result<Answer, VendorError>>>,
}

impl Drop for Piece {
    fn drop(&mut self) {
        if let Some(asked) = &self.asked {
            asked.abort();
        }
    }
}

struct Task {
    client: Arc<Client>,
    gate: Arc<Gate>,
    meter: Arc<Meter>,
    delivery: Delivery,
    /// In the order in which they are said; the first is being heard.
    pieces: VecDeque<Piece>,
    /// Of the first piece, once it has begun.
    answer: Option<Answer>,
}

/// What came next of the first piece.
enum Next {
    Answer(Result<Answer, VendorError>),
    Bytes(Result<Option<bytes::Bytes>, VendorError>),
}

impl Task {
    async fn run(mut self) {
        let client = self.client.clone();
        let net: &Net = &client.seat.net;
        // The handshake is done before the first word.
        let warm = http::warm(net, client.seat.account.url("", &[]), client.headers());
        tokio::select! {
            () = warm => (),
            () = self.gate.wait() => (),
        }
        while !self.gate.is_closed() {
            self.take_orders();
            self.ask();
            let gate = self.gate.clone();
            tokio::select! {
                () = gate.wait() => (),
                next = self.next() => self.handle(next),
            }
        }
    }

    fn take_orders(&mut self) {
        while let Some(order) = self.gate.next_order(|_| true) {
            match order {
                Order::Speak { epoch, generation, segment, text } => {
                    let number = self.delivery.begin((epoch, generation), segment, text.clone());
                    self.pieces.push_back(Piece { epoch, number, text, asked: None });
                }
                Order::End { .. } => (),
                Order::Cancel { epoch, .. } => {
                    self.drop_pieces(epoch);
                    self.delivery.forget(epoch);
                }
            }
        }
    }

    /// Forgets what is to be said of a reply; what is under way is broken off.
    fn drop_pieces(&mut self, epoch: Epoch) {
        if self.pieces.front().is_some_and(|piece| piece.epoch == epoch) {
            self.answer = None;
        }
        self.pieces.retain(|piece| piece.epoch != epoch);
    }

    fn ask(&mut self) {
        for piece in self.pieces.iter_mut().take(REQUESTS_MAX) {
            if piece.asked.is_none() {
                let (client, text) = (self.client.clone(), piece.text.clone());
                self.meter.count(Unit::Requests, 1);
                self.meter.count(Unit::Characters, text.trim().chars().count() as u64);
                let handle = self.client.seat.net.handle();
                piece.asked = Some(handle.spawn(async move { client.ask(text).await }));
            }
        }
    }

    /// What comes next. May be dropped at any await; nothing is lost.
    async fn next(&mut self) -> Next {
        if let Some(answer) = &mut self.answer {
            return Next::Bytes(answer.next().await);
        }
        let vendor = self.client.seat.vendor;
        match self.pieces.front_mut().and_then(|piece| piece.asked.as_mut()) {
            Some(asked) => Next::Answer(match asked.await {
                Ok(answer) => answer,
                Err(_) => Err(VendorError::Transport { vendor }),
            }),
            None => std::future::pending().await,
        }
    }

    fn handle(&mut self, next: Next) {
        let Some((epoch, segment)) = self.pieces.front().map(|p| (p.epoch, p.number)) else {
            return;
        };
        let error = match next {
            Next::Answer(Ok(answer)) => {
                self.answer = Some(answer);
                return;
            }
            Next::Bytes(Ok(Some(bytes))) => {
                match self.delivery.handle(Found::Sound { epoch, segment, bytes }) {
                    Verdict::Fine => return,
                    Verdict::Unwanted(_) => VendorError::Overloaded {
                        vendor: self.client.seat.vendor,
                        retry_after: None,
                    },
                }
            }
            Next::Bytes(Ok(None)) => {
                self.end_piece(epoch, segment);
                return;
            }
            Next::Answer(Err(error)) | Next::Bytes(Err(error)) => self.dated(epoch, error),
        };
        self.delivery.fail(epoch, &error);
        self.drop_pieces(epoch);
    }

    fn end_piece(&mut self, epoch: Epoch, number: usize) {
        self.answer = None;
        // What conversion kept back belongs to this segment.
        let _ = self.delivery.flush(epoch, number);
        let segment = number + 1;
        self.delivery.handle(Found::Reached { epoch, segment, certainty: Certainty::Told });
        self.pieces.pop_front();
    }

    /// A stream that dies before its first sound has not begun.
    fn dated(&self, epoch: Epoch, error: VendorError) -> VendorError {
        if let VendorError::Timeout { vendor, phase: Phase::BetweenBytes, limit } = error
            && !self.delivery.has_sound(epoch)
        {
            return VendorError::Timeout { vendor, phase: Phase::FirstByte, limit };
        }
        error
    }
}

//! Wyoming: one connection, and one question, per utterance (providers.md §6.2).
//!
//! A server on the own premises that recognizes what lies between `audio-start` and `audio-stop`. The
//! audio of an utterance streams there while it is spoken, on a connection that is opened when speech
//! begins. What a pause makes of it is asked at the end only: the server takes one request per
//! connection and tells nothing before. An utterance whose connection breaks is repeated on another.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use types::{AudioFormat, Encoding, Millis, Pii, SampleRate, UtteranceId, VendorName};
use vendor::{
    Finalization, Offered, Phase, Recognizer, RecognizerCapabilities, RecognizerEvent,
    RecognizerRequest, RecognizerSession, Remedy, Sink, VendorError,
};
use wire::wyoming::{AudioFormat as WireFormat, Decoder, Event};

use crate::clock::{after, duration, jittered};
use crate::keys::Account;
use crate::net::{CONNECT_WAIT, Net};
use crate::usage::{Meter, Unit};

use super::link::RETRY_WAITS;
use super::ring::Ring;
use super::session::{ORDERS_MAX, Order, Session};

/// Kept before an utterance's onset, as for every recognizer.
const LEAD: Millis = Millis::new(500);

/// Audio kept at most: the longest utterance that can be repeated.
const RING_MAX: Millis = Millis::from_secs(30);

/// What is kept although nobody speaks.
const PREFIX: Millis = Millis::new(2_000);

/// How long a server may take to recognize an utterance: whisper on a small machine takes half of it.
const ANSWER_MAX: Millis = Millis::new(1_200);

/// How long all attempts together may take once an utterance is over: no caller is to wait for more than
/// three seconds in all.
const LATE_MAX: Millis = Millis::new(2_500);

/// Questions under way at the same time.
const ASKED_MAX: usize = 4;

/// Audio per event.
const CHUNK: Millis = Millis::new(100);

/// The rate the servers work at; they convert others themselves, worse.
const RATE: SampleRate = SampleRate::Hz16000;

/// A recognizer behind Wyoming.
#[derive(Debug)]
pub struct WyomingRecognizer {
    vendor: VendorName,
    net: Net,
    account: Account,
    capabilities: RecognizerCapabilities,
}

impl WyomingRecognizer {
    /// The server at `account`'s address, called `vendor` in errors and settings.
    pub fn new(vendor: VendorName, net: Net, account: Account) -> Self {
        let linear = |rate| AudioFormat { encoding: Encoding::L16, rate };
        let capabilities = RecognizerCapabilities {
            formats: vec![linear(RATE), linear(SampleRate::Hz8000)],
            finalization: Finalization::Acked,
            utterance_max: Some(RING_MAX),
            languages: ["en", "en-US", "en-GB", "de", "fr", "es", "it", "nl", "pt"]
                .map(ToOwned::to_owned)
                .to_vec(),
        };
        Self { vendor, net, account, capabilities }
    }
}

impl Recognizer for WyomingRecognizer {
    fn capabilities(&self) -> &RecognizerCapabilities {
        &self.capabilities
    }

    fn open(
        &self,
        request: &RecognizerRequest,
        events: Arc<dyn Sink<RecognizerEvent>>,
    ) -> Result<Box<dyn RecognizerSession>, VendorError> {
        let vendor = self.vendor;
        let bad = |reason: &str| VendorError::BadRequest { vendor, reason: reason.to_owned() };
        if request.format.encoding != Encoding::L16 {
            return Err(bad("audio has to be linear"));
        }
        let base = &self.account.base;
        let host = base.host_str().ok_or_else(|| bad("the address has no host"))?.to_owned();
        let port = base.port().ok_or_else(|| bad("the address has no port"))?;
        let server = Server {
            vendor,
            host,
            port,
            format: request.format,
            language: request.language.split('-').next().map(ToOwned::to_owned),
            names: request.vocabulary.clone(),
            seed: self.net.next_session(),
        };
        let (orders, inbox) = mpsc::channel(ORDERS_MAX);
        let meter = Arc::new(Meter::default());
        let task = Task {
            ring: Ring::new(2, request.format.rate.samples_in(RING_MAX)),
            server: Arc::new(server),
            net: self.net.clone(),
            events,
            meter: meter.clone(),
            open: VecDeque::new(),
        };
        self.net.handle().spawn(task.run(inbox));
        Ok(Box::new(Session::over(orders, request.format, meter)))
    }
}

/// Where to ask, and how.
#[derive(Debug)]
struct Server {
    vendor: VendorName,
    host: String,
    port: u16,
    format: AudioFormat,
    language: Option<String>,
    names: Vec<String>,
    seed: u64,
}

/// One session: utterances, each with a question of its own.
struct Task {
    server: Arc<Server>,
    net: Net,
    events: Arc<dyn Sink<RecognizerEvent>>,
    meter: Arc<Meter>,
    ring: Ring,
    open: VecDeque<Utterance>,
}

struct Utterance {
    id: UtteranceId,
    from: u64,
    /// Up to where its audio was handed on.
    sent_to: u64,
    audio: mpsc::Sender<Vec<u8>>,
    answer: mpsc::Receiver<Result<String, VendorError>>,
    /// The answer, once it is there.
    answered: Option<Result<String, VendorError>>,
    /// Where it ends.
    to: Option<u64>,
}

/// Portions of one utterance's audio that wait for its connection: all of it.
const PORTIONS_MAX: usize = 2 * (RING_MAX.get() / CHUNK.get()) as usize;

impl Task {
    async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        loop {
            let course = tokio::select! {
                biased;
                order = orders.recv() => match order {
                    Some(order) => {
                        self.handle_order(order);
                        Ok(Offered::Accepted)
                    }
                    None => return,
                },
                answer = answered(&mut self.open) => self.handle_answer(answer),
            };
            match course {
                Ok(Offered::Accepted | Offered::Shed) => (),
                Ok(Offered::Closed) => return,
                Err(error) => return self.fail(error),
            }
        }
    }

    /// Before the words that must do: whoever has another recognizer does not take them.
    fn fail(&mut self, error: VendorError) {
        self.events.offer(RecognizerEvent::Failed { error });
        while self.open.front().is_some_and(|open| open.to.is_some()) {
            self.give_up_first();
        }
    }

    fn handle_order(&mut self, order: Order) {
        match order {
            Order::Audio { at, bytes } => {
                let missing = usize::try_from(at.saturating_sub(self.ring.to())).unwrap_or(0);
                let filled = missing.min(self.server.format.rate.samples_in(RING_MAX));
                self.ring.push(&vec![0; 2 * filled]);
                self.ring.push(&bytes);
                self.hand_on(Rest::Kept);
                let prefix = self.server.format.rate.samples_in(PREFIX) as u64;
                let needed = self.open.iter().filter(|utterance| utterance.to.is_none());
                let needed = needed.map(|utterance| utterance.from).min();
                let newest = self.ring.to().saturating_sub(prefix);
                self.ring.forget(needed.map_or(newest, |needed| needed.min(newest)));
            }
            Order::Begin { utterance, ago } => self.begin(utterance, ago),
            Order::Finalize { utterance } => self.finalize(utterance),
            Order::Discard { utterance } => self.open.retain(|open| open.id != utterance),
            Order::Pause { .. } => self.hand_on(Rest::Sent),
            Order::Resume { .. } => (),
        }
    }

    fn begin(&mut self, id: UtteranceId, ago: Millis) {
        let lead = self.server.format.rate.samples_in(ago + LEAD) as u64;
        let before = self.open.back().and_then(|open| open.to).unwrap_or(0);
        let from = self.ring.to().saturating_sub(lead).max(before).max(self.ring.from());
        let (audio, portions) = mpsc::channel(PORTIONS_MAX);
        let (tell, answer) = mpsc::channel(1);
        let question = Question { portions, spoken: Vec::new(), whole: None };
        let (server, meter) = (self.server.clone(), self.meter.clone());
        self.net.handle().spawn(async move {
            tokio::select! {
                answer = question.ask(&server, &meter) => {
                    // An utterance that was discarded has nobody who listens.
                    let _ = tell.send(answer).await;
                }
                () = tell.closed() => (),
            }
        });
        if self.open.len() == ASKED_MAX {
            // More than any caller says before the first is understood: the oldest is not worth more.
            self.give_up_first();
        }
        self.open.push_back(Utterance {
            id,
            from,
            sent_to: from,
            audio,
            answer,
            answered: None,
            to: None,
        });
        self.hand_on(Rest::Kept);
    }

    fn finalize(&mut self, id: UtteranceId) {
        self.hand_on(Rest::Sent);
        let end = self.ring.to();
        match self.open.iter_mut().find(|open| open.id == id) {
            Some(open) => {
                open.to = Some(end);
                // The end of its audio: nobody sends any more.
                open.audio = mpsc::channel(1).0;
            }
            None => {
                self.final_words(id, String::new(), Millis::ZERO);
            }
        }
    }

    /// Hands the newest audio on to whoever listens.
    fn hand_on(&mut self, rest: Rest) {
        let chunk = self.server.format.rate.samples_in(CHUNK);
        for open in self.open.iter_mut().filter(|open| open.to.is_none()) {
            loop {
                let behind = self.ring.to().saturating_sub(open.sent_to);
                if behind == 0 || (behind < chunk as u64 && rest == Rest::Kept) {
                    break;
                }
                let mut bytes = BytesMut::new();
                let at = self.ring.read(open.sent_to, chunk, &mut bytes);
                open.sent_to = at + bytes.len() as u64 / 2;
                if open.audio.try_send(bytes.into()).is_err() {
                    break;
                }
            }
        }
    }

    fn handle_answer(
        &mut self,
        answer: Result<String, VendorError>,
    ) -> Result<Offered, VendorError> {
        let text = answer?;
        let Some(open) = self.open.pop_front() else { return Ok(Offered::Accepted) };
        let to = open.to.unwrap_or(self.ring.to());
        let audio = self.server.format.rate.span_of(to.saturating_sub(open.from));
        Ok(self.final_words(open.id, text, audio))
    }

    fn give_up_first(&mut self) {
        if let Some(open) = self.open.pop_front() {
            self.final_words(open.id, String::new(), Millis::ZERO);
        }
    }

    fn final_words(&self, utterance: UtteranceId, text: String, audio: Millis) -> Offered {
        let text = Pii::new(text);
        self.events.offer(RecognizerEvent::Final { utterance, text, others: Vec::new(), audio })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    Kept,
    Sent,
}

/// The answer about the oldest utterance, once it was asked for; or, as soon as it is known, that one
/// of them will have none. May be dropped at any await.
async fn answered(open: &mut VecDeque<Utterance>) -> Result<String, VendorError> {
    poll_fn(|context| {
        for (place, open) in open.iter_mut().enumerate() {
            if open.answered.is_none()
                && let Poll::Ready(Some(answer)) = open.answer.poll_recv(context)
            {
                open.answered = Some(answer);
            }
            let is_due = place == 0 && open.to.is_some();
            if open.answered.as_ref().is_some_and(|answer| is_due || answer.is_err())
                && let Some(answer) = open.answered.take()
            {
                return Poll::Ready(answer);
            }
        }
        Poll::Pending
    })
    .await
}

/// One utterance on its way to the server.
struct Question {
    portions: mpsc::Receiver<Vec<u8>>,
    /// What was spoken so far, should it have to be said again. At most 30 s.
    spoken: Vec<Vec<u8>>,
    /// When it was over, if it is.
    whole: Option<Instant>,
}

impl Question {
    /// Asks until there is an answer, or every attempt has failed.
    async fn ask(mut self, server: &Server, meter: &Meter) -> Result<String, VendorError> {
        let mut error = VendorError::Transport { vendor: server.vendor };
        // The first try is not an attempt at coming back.
        for (attempt, wait) in std::iter::once(&Millis::ZERO).chain(&RETRY_WAITS).enumerate() {
            let attempt = u32::try_from(attempt).unwrap_or(u32::MAX);
            let until = after(Instant::now(), jittered(*wait, server.seed, attempt));
            self.wait(until).await;
            match self.attempt(server, meter).await {
                Ok(text) => return Ok(text),
                Err(failed) => error = failed,
            }
            let is_late = self.whole.is_some_and(|at| after(at, LATE_MAX) <= Instant::now());
            if is_late || error.remedy() != Remedy::Retry {
                break;
            }
        }
        Err(error)
    }

    /// Waits; what is spoken meanwhile is kept.
    async fn wait(&mut self, until: Instant) {
        loop {
            tokio::select! {
                () = sleep_until(until) => return,
                portion = self.portions.recv(), if self.whole.is_none() => self.keep(portion),
            }
        }
    }

    fn keep(&mut self, portion: Option<Vec<u8>>) {
        match portion {
            Some(portion) => self.spoken.push(portion),
            None => self.whole = Some(Instant::now()),
        }
    }

    async fn attempt(&mut self, server: &Server, meter: &Meter) -> Result<String, VendorError> {
        let vendor = server.vendor;
        let broken = |_| VendorError::Transport { vendor };
        let connecting = TcpStream::connect((server.host.as_str(), server.port));
        let connected = timeout(duration(CONNECT_WAIT), connecting).await;
        let late = |phase, limit| VendorError::Timeout { vendor, phase, limit };
        let mut stream =
            connected.map_err(|_| late(Phase::Connect, CONNECT_WAIT))?.map_err(broken)?;
        stream.set_nodelay(true).map_err(broken)?;
        meter.count(Unit::Requests, 1);
        let format = WireFormat::mono(server.format.rate.hz());
        let (language, names) = (server.language.clone(), server.names.clone());
        write(&mut stream, &Event::Transcribe { language, names }).await.map_err(broken)?;
        write(&mut stream, &Event::AudioStart(format)).await.map_err(broken)?;
        let mut next = 0;
        loop {
            while let Some(portion) = self.spoken.get(next) {
                let ms = portion.len() as u64 * 500 / u64::from(format.rate);
                meter.count(Unit::AudioMs, ms);
                let payload = portion.clone();
                write(&mut stream, &Event::AudioChunk { format, payload }).await.map_err(broken)?;
                next += 1;
            }
            if self.whole.is_some() {
                break;
            }
            let portion = self.portions.recv().await;
            self.keep(portion);
        }
        write(&mut stream, &Event::AudioStop).await.map_err(broken)?;
        let now = Instant::now();
        let last = after(self.whole.unwrap_or(now), LATE_MAX);
        let deadline = after(now, ANSWER_MAX).min(last);
        let answer = timeout_at(deadline, transcript(&mut stream, vendor)).await;
        answer.map_err(|_| late(Phase::FirstByte, ANSWER_MAX))?
    }
}

async fn write(stream: &mut TcpStream, event: &Event) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    event.encode(&mut bytes);
    stream.write_all(&bytes).await
}

/// What the server makes of it: whole, or in pieces.
async fn transcript(stream: &mut TcpStream, vendor: VendorName) -> Result<String, VendorError> {
    let mut decoder = Decoder::default();
    let mut text: Option<String> = None;
    let mut buffer = [0; 4_096];
    loop {
        let malformed = |error: wire::wyoming::DecodeError| VendorError::Malformed {
            vendor,
            reason: error.to_string(),
        };
        while let Some(event) = decoder.poll().map_err(malformed)? {
            match event {
                Event::Transcript { text } => return Ok(text.into_revealed().trim().to_owned()),
                Event::TranscriptStart => text = Some(String::new()),
                Event::TranscriptChunk { text: more } => {
                    text.get_or_insert_default().push_str(more.reveal());
                }
                Event::TranscriptStop => return Ok(text.unwrap_or_default().trim().to_owned()),
                Event::Error { .. } => {
                    return Err(VendorError::Overloaded { vendor, retry_after: None });
                }
                Event::Describe
                | Event::Info { .. }
                | Event::Transcribe { .. }
                | Event::AudioStart(_)
                | Event::AudioChunk { .. }
                | Event::AudioStop
                | Event::Synthesize { .. }
                | Event::SynthesizeStart { .. }
                | Event::SynthesizeChunk { .. }
                | Event::SynthesizeStop
                | Event::SynthesizeStopped
                | Event::Ping
                | Event::Pong
                | Event::Unknown { .. } => (),
            }
        }
        let read = stream.read(&mut buffer).await;
        match read {
            Ok(0) | Err(_) => return Err(VendorError::Transport { vendor }),
            Ok(read) => decoder.push(&buffer[..read]),
        }
    }
}

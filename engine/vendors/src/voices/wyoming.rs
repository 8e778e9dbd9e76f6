//! Wyoming voices, Piper above all: a server of one's own behind a TCP socket, one text at a time.
//!
//! Nothing can be cancelled but by hanging up, so that is what is done; the next connection is made at
//! once.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};
use types::{AudioFormat, Encoding, Millis, Pii, SampleRate, VendorName};
use vendor::{
    Alignment, Phase, Sink, VendorError, Voice, VoiceCapabilities, VoiceEvent, VoiceRequest,
    VoiceSession,
};
use wire::wyoming::{Decoder, Event};

use super::adapters::Seat;
use super::convert::Spoken;
use super::delivery::{Delivery, Verdict};
use super::dialect::{Certainty, Found};
use super::gate::{Epoch, Gate, Order};
use super::ratio::Ratio;
use super::session::Session;
use crate::clock::{after, duration};
use crate::net::CONNECT_WAIT;
use crate::usage::{Meter, Unit};

/// The port of Piper, unless the address has one.
const PORT: u16 = 10_200;

/// How much is read at once: a quarter of a second at 16 kHz.
const READ_BYTES: usize = 8 << 10;

/// Waits before the attempts to connect anew; after the last, the next word is waited for.
const WAITS: [Millis; 3] = [Millis::ZERO, Millis::new(100), Millis::new(1_000)];

/// The rate everything is brought to first: Piper's voices have odd ones.
const RATE: SampleRate = SampleRate::Hz16000;

/// A voice behind a Wyoming server.
#[derive(Clone, Debug)]
pub struct WyomingVoice {
    seat: Seat,
    voice: Option<String>,
    capabilities: VoiceCapabilities,
}

impl WyomingVoice {
    /// The voice of that name at `seat`; the server's own if there is no name.
    pub fn new(seat: Seat, voice: Option<String>) -> Self {
        let capabilities = VoiceCapabilities {
            rate: RATE,
            formats: vec![AudioFormat { encoding: Encoding::L16, rate: RATE }],
            alignment: Alignment::None,
            languages: Vec::new(),
        };
        Self { seat, voice, capabilities }
    }
}

impl Voice for WyomingVoice {
    fn capabilities(&self) -> &VoiceCapabilities {
        &self.capabilities
    }

    fn open(
        &self,
        request: &VoiceRequest,
        events: Arc<dyn Sink<VoiceEvent>>,
    ) -> Result<Box<dyn VoiceSession>, VendorError> {
        let spoken = Spoken { encoding: Encoding::L16, rate: RATE };
        let gate = Arc::new(Gate::new(self.seat.vendor, events));
        let meter = Arc::new(Meter::default());
        let delivery = Delivery::new(gate.clone(), meter.clone(), spoken, request.format.rate);
        let task = Task {
            seat: self.seat.clone(),
            voice: self.voice.clone(),
            gate: gate.clone(),
            meter: meter.clone(),
            delivery,
            pieces: VecDeque::new(),
            asked: None,
            ratio: None,
        };
        self.seat.net.handle().spawn(task.run());
        Ok(Box::new(Session::new(gate, meter)))
    }
}

/// A segment that is to be said.
struct Piece {
    epoch: Epoch,
    number: usize,
    text: String,
}

struct Task {
    seat: Seat,
    voice: Option<String>,
    gate: Arc<Gate>,
    meter: Arc<Meter>,
    delivery: Delivery,
    /// In the order in which they are said; the first has been asked for if `asked`.
    pieces: VecDeque<Piece>,
    /// Since when sound is owed.
    asked: Option<Instant>,
    /// From the rate that the server announced to [`RATE`].
    ratio: Option<Ratio>,
}

/// Why a connection is left.
enum Left {
    /// The session is over.
    Closed,
    /// What it was saying is not wanted any more.
    Cancelled,
    Broken(VendorError),
}

impl Task {
    async fn run(mut self) {
        let mut attempt = 0;
        loop {
            let left = match self.connect().await {
                Ok(mut stream) => {
                    let left = self.serve(&mut stream).await;
                    if self.ratio.take().is_some() {
                        attempt = 0;
                    }
                    left
                }
                Err(error) => Left::Broken(error),
            };
            match left {
                Left::Closed => return,
                Left::Cancelled => continue,
                Left::Broken(error) => {
                    self.give_up(&error);
                    if !self.wait(attempt).await {
                        return;
                    }
                    attempt += 1;
                }
            }
        }
    }

    fn vendor(&self) -> VendorName {
        self.seat.vendor
    }

    async fn connect(&self) -> Result<TcpStream, VendorError> {
        let vendor = self.vendor();
        let bad = || VendorError::BadRequest { vendor, reason: "the address has no host".into() };
        let base = &self.seat.account.base;
        let host = base.host_str().ok_or_else(bad)?.trim_matches(['[', ']']);
        let address = (host, base.port().unwrap_or(PORT));
        self.meter.count(Unit::Requests, 1);
        match timeout(duration(CONNECT_WAIT), TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // A connection that keeps its delay is merely slower.
                let _ = stream.set_nodelay(true);
                Ok(stream)
            }
            Ok(Err(_)) => Err(VendorError::Transport { vendor }),
            Err(_) => {
                Err(VendorError::Timeout { vendor, phase: Phase::Connect, limit: CONNECT_WAIT })
            }
        }
    }

    /// Everything that was asked for fails.
    fn give_up(&mut self, error: &VendorError) {
        self.take_orders();
        self.pieces.clear();
        self.asked = None;
        self.delivery.fail_all(error);
    }

    /// Waits before the next attempt, or for a word. Returns whether to go on.
    async fn wait(&self, attempt: usize) -> bool {
        let resume = WAITS.get(attempt).map(|pause| after(Instant::now(), *pause));
        loop {
            if self.gate.is_closed() || self.gate.has_speech() {
                return !self.gate.is_closed();
            }
            tokio::select! {
                () = self.gate.wait() => (),
                () = at(resume) => return true,
            }
        }
    }

    /// Takes what is wanted; whether what is being said is not.
    fn take_orders(&mut self) -> bool {
        let mut is_cancelled = false;
        while let Some(order) = self.gate.next_order(|_| true) {
            match order {
                Order::Speak { epoch, generation, segment, text } => {
                    let number = self.delivery.begin((epoch, generation), segment, text.clone());
                    self.pieces.push_back(Piece { epoch, number, text });
                }
                Order::End { .. } => (),
                Order::Cancel { epoch, .. } => {
                    let is_first = self.pieces.front().is_some_and(|piece| piece.epoch == epoch);
                    is_cancelled |= is_first && self.asked.is_some();
                    self.pieces.retain(|piece| piece.epoch != epoch);
                    self.delivery.forget(epoch);
                }
            }
        }
        is_cancelled
    }

    async fn serve(&mut self, stream: &mut TcpStream) -> Left {
        let (vendor, gate, limit) = (self.vendor(), self.gate.clone(), self.seat.sound_wait);
        let mut decoder = Decoder::default();
        let mut buffer = vec![0; READ_BYTES];
        self.asked = None;
        loop {
            if gate.is_closed() {
                return Left::Closed;
            }
            if self.take_orders() {
                return Left::Cancelled;
            }
            if let Err(error) = self.ask(stream).await {
                return Left::Broken(error);
            }
            tokio::select! {
                () = gate.wait() => (),
                read = stream.read(&mut buffer) => match read {
                    Ok(count) if 0 < count => {
                        decoder.push(&buffer[..count]);
                        if let Err(error) = self.handle(&mut decoder) {
                            return Left::Broken(error);
                        }
                    }
                    Ok(_) | Err(_) => return Left::Broken(VendorError::Transport { vendor }),
                },
                () = at(self.asked.map(|since| after(since, limit))) => {
                    let has_sound =
                        self.pieces.front().is_some_and(|p| self.delivery.has_sound(p.epoch));
                    let phase = if has_sound { Phase::BetweenBytes } else { Phase::FirstByte };
                    return Left::Broken(VendorError::Timeout { vendor, phase, limit });
                }
            }
        }
    }

    /// Asks for the next segment, if none is being said.
    async fn ask(&mut self, stream: &mut TcpStream) -> Result<(), VendorError> {
        if self.asked.is_some() {
            return Ok(());
        }
        let Some(piece) = self.pieces.front() else { return Ok(()) };
        let text = piece.text.trim().to_owned();
        self.meter.count(Unit::Characters, text.chars().count() as u64);
        let order = Event::Synthesize { text: Pii::new(text), voice: self.voice.clone() };
        let mut bytes = Vec::new();
        order.encode(&mut bytes);
        self.asked = Some(Instant::now());
        let (vendor, limit) = (self.vendor(), self.seat.sound_wait);
        match timeout(duration(limit), stream.write_all(&bytes)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(VendorError::Transport { vendor }),
            Err(_) => Err(VendorError::Timeout { vendor, phase: Phase::FirstByte, limit }),
        }
    }

    fn handle(&mut self, decoder: &mut Decoder) -> Result<(), VendorError> {
        let vendor = self.vendor();
        loop {
            let event = decoder
                .poll()
                .map_err(|error| VendorError::Malformed { vendor, reason: error.to_string() })?;
            let Some(event) = event else { return Ok(()) };
            let Some((epoch, number)) = self.pieces.front().map(|p| (p.epoch, p.number)) else {
                continue;
            };
            match event {
                Event::AudioChunk { format, payload } if self.asked.is_some() => {
                    self.asked = Some(Instant::now());
                    if (format.width, format.channels) != (2, 1) || format.rate == 0 {
                        let reason = "sound that is not 16 bits mono".into();
                        return Err(VendorError::Malformed { vendor, reason });
                    }
                    let ratio =
                        self.ratio.get_or_insert_with(|| Ratio::new(format.rate, RATE.hz()));
                    if ratio.from() != format.rate {
                        *ratio = Ratio::new(format.rate, RATE.hz());
                    }
                    let bytes = Bytes::from(ratio.convert(&payload));
                    let found = Found::Sound { epoch, segment: number, bytes };
                    if let Verdict::Unwanted(epoch) = self.delivery.handle(found) {
                        let error = VendorError::Overloaded { vendor, retry_after: None };
                        self.delivery.fail(epoch, &error);
                        return Err(error);
                    }
                }
                Event::AudioStop if self.asked.is_some() => {
                    if let Some(ratio) = &mut self.ratio {
                        let bytes = Bytes::from(ratio.finish());
                        self.delivery.handle(Found::Sound { epoch, segment: number, bytes });
                    }
                    let _ = self.delivery.flush(epoch, number);
                    let (segment, certainty) = (number + 1, Certainty::Told);
                    self.delivery.handle(Found::Reached { epoch, segment, certainty });
                    self.pieces.pop_front();
                    self.asked = None;
                }
                Event::Error { .. } => {
                    let reason = "the server cannot say it".into();
                    return Err(VendorError::BadRequest { vendor, reason });
                }
                // What comes beside the sound, too late, or belongs to recognizers.
                Event::AudioChunk { .. }
                | Event::AudioStop
                | Event::AudioStart(_)
                | Event::SynthesizeStopped
                | Event::Describe
                | Event::Info { .. }
                | Event::Transcribe { .. }
                | Event::Transcript { .. }
                | Event::TranscriptStart
                | Event::TranscriptChunk { .. }
                | Event::TranscriptStop
                | Event::Synthesize { .. }
                | Event::SynthesizeStart { .. }
                | Event::SynthesizeChunk { .. }
                | Event::SynthesizeStop
                | Event::Ping
                | Event::Pong
                | Event::Unknown { .. } => (),
            }
            if self.asked.is_none() {
                return Ok(());
            }
        }
    }
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

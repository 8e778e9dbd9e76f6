//! The carrier: packets one way, play-out and marks the other.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};

use codecs::leg::{Decoder, Encoder};
use types::{AudioFormat, CallTime, DtmfDigit, Millis};
use wire::telnyx::carrier::{Command, MediaHead, decode_command};
use wire::telnyx::{Dtmf, Mark, Stop, Track, carrier};

use crate::caller::{AUDIBLE, Caller, Deed};
use crate::random::Random;
use crate::scenario::Line;
use fake_vendors::speech::SAMPLES_PER_MS;

/// The carrier's end of a media stream.
#[derive(Debug)]
pub struct Carrier {
    line: Line,
    random: Random,
    encoder: Encoder,
    decoder: Decoder,
    /// Messages under way to the engine, by arrival.
    to_engine: BTreeMap<(CallTime, u64), String>,
    /// Commands under way to the carrier, in order.
    to_carrier: VecDeque<(CallTime, String)>,
    queue: VecDeque<Queued>,
    sequence: u64,
    chunk: u64,
    tick_at: u64,
    is_over: bool,
    socket: Socket,
    frame: Vec<i16>,
    said: Vec<i16>,
    payload: Vec<u8>,
    text: Vec<u8>,
}

/// Whether there is a media socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Socket {
    Open,
    Gone,
}

#[derive(Debug)]
enum Queued {
    Sample(i16),
    Mark(String),
}

impl Carrier {
    /// The carrier of a call over `line`.
    ///
    /// # Panics
    /// Never: the format is a telephone's.
    pub fn new(line: Line, seed: u64) -> Self {
        Self {
            line,
            random: Random::new(seed, 1),
            encoder: Encoder::new(AudioFormat::PCMU_8K).expect("a telephone's format"),
            decoder: Decoder::new(AudioFormat::PCMU_8K).expect("a telephone's format"),
            to_engine: BTreeMap::new(),
            to_carrier: VecDeque::new(),
            queue: VecDeque::new(),
            sequence: 0,
            chunk: 0,
            tick_at: 0,
            is_over: false,
            socket: Socket::Open,
            frame: Vec::new(),
            said: Vec::new(),
            payload: Vec::new(),
            text: Vec::new(),
        }
    }

    /// Time passes at the carrier and at the caller's.
    pub fn advance(&mut self, now: CallTime, caller: &mut Caller) {
        while self.to_carrier.front().is_some_and(|&(at, _)| at <= now) {
            if let Some((_, text)) = self.to_carrier.pop_front() {
                self.obey(now, &text);
            }
        }
        // 20 ms by the carrier's own clock.
        let tick = (20_000 - i64::from(self.line.drift_ppm) * 20_000 / 1_000_000) as u64;
        while self.tick_at <= now.as_micros() {
            self.tick_at += tick;
            self.play(now);
            if !self.is_over {
                let mut said = std::mem::take(&mut self.said);
                let deed = caller.tick(now, &self.frame, &mut said);
                self.said = said;
                self.send_audio(now);
                self.send_deed(now, deed);
            }
        }
    }

    /// A message that has arrived at the engine.
    pub fn poll_message(&mut self, now: CallTime) -> Option<String> {
        let entry = self.to_engine.first_entry().filter(|entry| entry.key().0 <= now)?;
        Some(entry.remove())
    }

    /// The engine sends a command.
    pub fn command(&mut self, now: CallTime, text: String) {
        // In order: a socket does not overtake itself.
        if self.socket == Socket::Gone {
            return;
        }
        let jitter = Millis::new(self.random.below(6) as u32);
        let at = now + self.line.delay + jitter;
        let at = self.to_carrier.back().map_or(at, |&(last, _)| at.max(last));
        self.to_carrier.push_back((at, text));
    }

    /// The engine hangs up, by the carrier's interface: it needs no socket.
    pub fn hang_up(&mut self, now: CallTime) {
        self.send_stop(now + self.line.delay);
    }

    /// The socket breaks: what was under way is lost, and what was queued.
    pub fn lose_socket(&mut self) {
        self.socket = Socket::Gone;
        self.to_engine.clear();
        self.to_carrier.clear();
        self.queue.clear();
    }

    /// A new socket: its counters begin anew.
    pub fn stream_again(&mut self) {
        self.socket = Socket::Open;
        self.sequence = 0;
        self.chunk = 0;
        self.to_engine.clear();
        self.to_carrier.clear();
    }

    /// Whether the leg is no more.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// Whether there is a socket.
    pub fn is_streaming(&self) -> bool {
        self.socket == Socket::Open
    }

    /// Agent audio that waits to be played.
    pub fn queued(&self) -> Millis {
        let samples = self.queue.iter().filter(|item| matches!(item, Queued::Sample(_))).count();
        Millis::new((samples / SAMPLES_PER_MS) as u32)
    }

    /// Whether what the caller hears now is sound.
    pub fn is_audible(&self) -> bool {
        self.frame.iter().any(|sample| AUDIBLE < sample.saturating_abs())
    }

    fn obey(&mut self, now: CallTime, text: &str) {
        match decode_command(text).expect("the engine speaks the protocol") {
            Command::Media { payload } => {
                let mut bytes = Vec::new();
                payload.decode(&mut bytes).expect("base64");
                let mut samples = Vec::new();
                self.decoder.decode(&bytes, &mut samples).expect("a telephone's format");
                assert_eq!(samples.len() % 160, 0, "messages of 20 ms");
                self.queue.extend(samples.into_iter().map(Queued::Sample));
            }
            Command::Mark { name } => self.queue.push_back(Queued::Mark(name.into_owned())),
            Command::Clear => {
                // Marks come back at once, too (telnyx.md §1.6).
                for item in std::mem::take(&mut self.queue) {
                    match item {
                        Queued::Mark(name) => self.send_mark(now, &name),
                        Queued::Sample(_) => (),
                    }
                }
            }
            Command::Unknown { event } => panic!("no such command: {event}"),
        }
    }

    fn play(&mut self, now: CallTime) {
        self.frame.clear();
        while self.frame.len() < 160 {
            match self.queue.pop_front() {
                Some(Queued::Sample(sample)) => self.frame.push(sample),
                Some(Queued::Mark(name)) => self.send_mark(now, &name),
                None => break,
            }
        }
        self.frame.resize(160, 0);
        while let Some(Queued::Mark(_)) = self.queue.front() {
            if let Some(Queued::Mark(name)) = self.queue.pop_front() {
                self.send_mark(now, &name);
            }
        }
    }

    fn send_audio(&mut self, now: CallTime) {
        let since = now.since(CallTime::ZERO);
        if self.line.starves.is_some_and(|(from, until)| from <= since && since < until) {
            return;
        }
        self.payload.clear();
        self.encoder.encode_frame(&self.said, &mut self.payload).expect("a telephone's format");
        self.chunk += 1;
        let head = MediaHead {
            sequence: self.sequence,
            stream_id: "stream",
            track: Track::Inbound,
            chunk: self.chunk,
            timestamp: self.chunk * 160,
        };
        carrier::encode_media(&head, &self.payload, &mut self.text);
        if self.random.per_mille(self.line.loss) {
            return;
        }
        let mut at = now + self.line.delay;
        if self.random.per_mille(self.line.reorder) {
            at += Millis::new(30);
        }
        if self.random.per_mille(self.line.late) {
            at += self.random.span(Millis::ZERO, self.line.lateness_max);
        }
        if self.random.per_mille(self.line.duplicates) {
            self.deliver(at + Millis::new(5));
        }
        self.deliver(at);
    }

    fn send_deed(&mut self, now: CallTime, deed: Option<Deed>) {
        match deed {
            None => (),
            Some(Deed::Key(key)) => {
                let digit = DtmfDigit::new(key).expect("a key");
                let stream_id = Some(Cow::Borrowed("stream"));
                let dtmf =
                    Dtmf { sequence: Some(self.sequence), stream_id, occurred_at: None, digit };
                carrier::encode_dtmf(&dtmf, &mut self.text);
                self.deliver(now + self.line.delay);
            }
            Some(Deed::HangUp) => self.send_stop(now + self.line.delay),
        }
    }

    fn send_mark(&mut self, now: CallTime, name: &str) {
        if self.random.per_mille(self.line.marks_lost) {
            return;
        }
        let stream_id = Some(Cow::Borrowed("stream"));
        let mark = Mark { sequence: Some(self.sequence), stream_id, name: Cow::Borrowed(name) };
        carrier::encode_mark(&mark, &mut self.text);
        self.deliver(now + self.line.delay);
    }

    fn send_stop(&mut self, at: CallTime) {
        if self.is_over {
            return;
        }
        self.is_over = true;
        let stop = Stop {
            sequence: Some(self.sequence),
            stream_id: Some(Cow::Borrowed("stream")),
            user_id: None,
            call_control_id: None,
        };
        carrier::encode_stop(&stop, &mut self.text);
        self.deliver(at);
    }

    fn deliver(&mut self, at: CallTime) {
        if self.socket == Socket::Gone {
            return;
        }
        self.sequence += 1;
        let text = String::from_utf8(self.text.clone()).expect("JSON is UTF-8");
        self.to_engine.insert((at, self.sequence), text);
    }
}

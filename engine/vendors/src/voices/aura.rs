//! Deepgram Aura: one stream of unlabelled sound, cut by `Flushed` and emptied by `Clear`.

use std::collections::VecDeque;

use bytes::Bytes;
use tokio::time::Instant;
use types::{Millis, VendorName};
use vendor::VendorError;
use wire::deepgram::speak::{FLUSHES_A_MINUTE, Message, Order, decode};

use super::convert::Spoken;
use super::dialect::{Certainty, Dialect, Found, Lifetime, Out, spaced};
use super::gate::Epoch;
use super::spread::Speed;
use crate::clock::after;
use crate::refusal;
use crate::socket::SocketOrder;

/// The vendor hangs up after about an hour (providers.md §1.4).
const AGE_MAX: Millis = Millis::from_secs(55 * 60);

/// The span in which flushes are counted.
const MINUTE: Millis = Millis::from_secs(60);

/// Flushes kept back for the ends of replies, which cannot do without.
const FLUSHES_KEPT: usize = 8;

/// The machine of one session.
pub(crate) struct Aura {
    vendor: VendorName,
    socket: SocketOrder,
    spoken: Spoken,
    /// What has been sent and not been answered, oldest first.
    pieces: VecDeque<Piece>,
    /// Bytes of sound since the last `Flushed`.
    bytes: u64,
    /// Orders to empty the stream that have not been acknowledged: till then all sound is stale.
    clears: u32,
    /// When flushes were sent, in the last minute.
    flushes: VecDeque<Instant>,
    /// Replies that have ended and wait for their last flush.
    unflushed_end: bool,
    /// Replies that have no more segments.
    ended: VecDeque<Epoch>,
    speed: Speed,
}

/// A segment, as sent.
#[derive(Clone)]
struct Piece {
    epoch: Epoch,
    number: usize,
    text: String,
    /// A flush stands behind it.
    is_flushed: bool,
}

/// Replies that are remembered as ended at most.
const ENDED_MAX: usize = 16;

impl Aura {
    pub(crate) fn new(socket: SocketOrder, spoken: Spoken) -> Self {
        Self {
            vendor: socket.vendor,
            socket,
            spoken,
            pieces: VecDeque::new(),
            bytes: 0,
            clears: 0,
            flushes: VecDeque::new(),
            unflushed_end: false,
            ended: VecDeque::new(),
            speed: Speed::default(),
        }
    }

    fn forget_old_flushes(&mut self, now: Instant) {
        while self.flushes.front().is_some_and(|sent| after(*sent, MINUTE) <= now) {
            self.flushes.pop_front();
        }
    }

    fn flush(&mut self, now: Instant, kept: usize, out: &mut Out) {
        self.forget_old_flushes(now);
        let Some(last) = self.pieces.back_mut().filter(|piece| !piece.is_flushed) else { return };
        if self.flushes.len() + kept < FLUSHES_A_MINUTE {
            last.is_flushed = true;
            self.flushes.push_back(now);
            self.unflushed_end = false;
            out.send(Order::Flush.encode());
        }
    }

    /// The pieces whose sound comes before the next `Flushed`.
    fn group(&self) -> impl Iterator<Item = &Piece> {
        let count = self.pieces.iter().position(|piece| piece.is_flushed);
        self.pieces.iter().take(count.map_or(self.pieces.len(), |last| last + 1))
    }

    fn handle_flushed(&mut self, out: &mut Out) {
        let characters: u64 = self.group().map(|piece| piece.text.chars().count() as u64).sum();
        let ms = self.bytes * 1_000 / self.spoken.bytes_per_second();
        self.speed.learn(characters, ms);
        self.bytes = 0;
        while let Some(piece) = self.pieces.pop_front() {
            let (epoch, segment) = (piece.epoch, piece.number + 1);
            out.find(Found::Reached { epoch, segment, certainty: Certainty::Told });
            self.finish(epoch, out);
            if piece.is_flushed {
                break;
            }
        }
    }

    /// Says that a reply is complete, if it is.
    fn finish(&mut self, epoch: Epoch, out: &mut Out) {
        if self.pieces.iter().any(|piece| piece.epoch == epoch) {
            return;
        }
        if let Some(at) = self.ended.iter().position(|ended| *ended == epoch) {
            self.ended.remove(at);
            out.find(Found::Finished { epoch });
        }
    }
}

impl Dialect for Aura {
    fn socket(&self) -> SocketOrder {
        self.socket.clone()
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime { idle_max: None, age_max: Some(AGE_MAX) }
    }

    /// Without it the session lingers, and counts.
    fn goodbye(&self) -> Option<String> {
        Some(Order::Close.encode())
    }

    fn connected(&mut self, _now: Instant, _out: &mut Out) {
        self.pieces.clear();
        self.flushes.clear();
        self.ended.clear();
        (self.bytes, self.clears, self.unflushed_end) = (0, 0, false);
    }

    fn speak(&mut self, now: Instant, (epoch, number): (Epoch, usize), text: &str, out: &mut Out) {
        out.send(Order::Speak { text: spaced(text).into() }.encode());
        self.pieces.push_back(Piece { epoch, number, text: text.to_owned(), is_flushed: false });
        // Each segment is told apart by its own flush while there are enough of them.
        self.flush(now, FLUSHES_KEPT, out);
    }

    fn end(&mut self, now: Instant, epoch: Epoch, out: &mut Out) {
        if ENDED_MAX <= self.ended.len() {
            self.ended.pop_front();
        }
        self.ended.push_back(epoch);
        self.unflushed_end = self.pieces.back().is_some_and(|piece| !piece.is_flushed);
        self.flush(now, 0, out);
        self.finish(epoch, out);
    }

    fn cancel(&mut self, epoch: Epoch, _heard: Millis, out: &mut Out) {
        self.ended.retain(|ended| *ended != epoch);
        if !self.pieces.iter().any(|piece| piece.epoch == epoch) {
            return;
        }
        // `Clear` knows no replies: what others asked for is gone too, and asked for again.
        out.send(Order::Clear.encode());
        self.clears += 1;
        self.bytes = 0;
        self.pieces.retain(|piece| piece.epoch != epoch);
        for piece in &mut self.pieces {
            piece.is_flushed = false;
            out.send(Order::Speak { text: spaced(&piece.text).into() }.encode());
        }
        self.unflushed_end = !self.pieces.is_empty();
    }

    fn handle_text(&mut self, now: Instant, text: &str, out: &mut Out) -> Result<(), VendorError> {
        let vendor = self.vendor;
        let message = decode(text)
            .map_err(|fault| VendorError::Malformed { vendor, reason: fault.to_string() })?;
        match message {
            Message::Cleared => {
                self.clears = self.clears.saturating_sub(1);
                self.flush(now, 0, out);
            }
            Message::Flushed if self.clears == 0 => self.handle_flushed(out),
            Message::Failure { code } => return Err(refusal::closed(vendor, None, &code)),
            Message::Warning { code } => {
                tracing::debug!(%vendor, code = refusal::code_in(&code), "a warning");
            }
            Message::Flushed
            | Message::Metadata
            | Message::Connected
            | Message::SpeechStarted
            | Message::SpeechEnded(_)
            | Message::Interrupted { .. }
            | Message::Unknown => (),
        }
        Ok(())
    }

    fn handle_binary(&mut self, _now: Instant, bytes: Bytes, out: &mut Out) {
        if 0 < self.clears {
            return;
        }
        let ms = self.bytes * 1_000 / self.spoken.bytes_per_second();
        let lengths = self.group().map(|piece| piece.text.chars().count() as u64);
        let place = self.speed.place(lengths, ms);
        let Some((epoch, segment)) = self.group().nth(place).map(|p| (p.epoch, p.number)) else {
            return;
        };
        self.bytes += bytes.len() as u64;
        let is_alone = self.group().nth(1).is_none();
        if !is_alone {
            out.find(Found::Reached { epoch, segment, certainty: Certainty::Thought });
        }
        out.find(Found::Sound { epoch, segment, bytes });
    }

    fn timeout(&self) -> Option<Instant> {
        let oldest = self.flushes.front().filter(|_| self.unflushed_end)?;
        Some(after(*oldest, MINUTE))
    }

    fn handle_timeout(&mut self, now: Instant, out: &mut Out) {
        if self.timeout().is_some_and(|due| due <= now) {
            self.flush(now, 0, out);
        }
    }

    fn owing(&self) -> Option<Epoch> {
        // Nothing need come of what is not flushed.
        let is_asked = self.pieces.iter().any(|piece| piece.is_flushed);
        self.pieces.front().filter(|_| is_asked).map(|piece| piece.epoch)
    }

    fn is_idle(&self) -> bool {
        self.pieces.is_empty()
    }
}

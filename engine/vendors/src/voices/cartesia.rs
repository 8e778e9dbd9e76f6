//! Cartesia: a context per reply that goes on from segment to segment, words with their times.

use std::borrow::Cow;
use std::collections::VecDeque;

use bytes::Bytes;
use tokio::time::Instant;
use types::{Millis, VendorName};
use vendor::VendorError;
use wire::cartesia::{Generation, Message, More, Order, Request, WordSpan, decode};

use super::convert::Spoken;
use super::dialect::{Certainty, Dialect, Found, Lifetime, Out, spaced};
use super::gate::Epoch;
use super::script::Follower;
use crate::clock::after;
use crate::refusal;
use crate::socket::SocketOrder;

/// The vendor hangs up after 5 minutes without an order, and nothing keeps it (providers.md §1.4).
const IDLE_MAX: Millis = Millis::from_secs(240);

/// A context dies a second after its last sound (providers.md §4.2): what is said later goes into a new
/// one.
const CONTEXT_QUIET_MAX: Millis = Millis::new(600);

/// The machine of one session.
pub(crate) struct Cartesia {
    vendor: VendorName,
    socket: SocketOrder,
    spoken: Spoken,
    request: Request,
    replies: VecDeque<Speaking>,
    /// Contexts so far on this connection: no name is used twice.
    names: u64,
}

/// A reply that is being spoken.
struct Speaking {
    epoch: Epoch,
    follower: Follower,
    /// How many segments were asked for, and how many are complete.
    asked: usize,
    done: usize,
    /// Bytes of sound so far: the reply's clock.
    bytes: u64,
    context: Option<Context>,
    has_ended: bool,
}

/// The vendor's name for it: a new one where a pause was too long.
struct Context {
    name: String,
    /// When it began, on the reply's clock.
    start: Millis,
    /// When its last sound came.
    sounded: Instant,
    /// The number of its first flushed piece, and which segment that is.
    first: Option<(u32, usize)>,
    /// Whether nothing is to be added.
    is_complete: bool,
}

impl Cartesia {
    pub(crate) fn new(socket: SocketOrder, spoken: Spoken, request: Request) -> Self {
        let vendor = socket.vendor;
        Self { vendor, socket, spoken, request, replies: VecDeque::new(), names: 0 }
    }

    fn generation<'a>(&'a self, name: &'a str, text: &'a str, more: More) -> String {
        Order::Speak(Generation {
            context: name.into(),
            request: Cow::Borrowed(&self.request),
            transcript: text.into(),
            more,
        })
        .encode()
    }

    fn place(&self, name: &str) -> Option<usize> {
        let is_it = |context: &Context| context.name == name;
        self.replies.iter().position(|reply| reply.context.as_ref().is_some_and(is_it))
    }

    fn handle_message(
        &mut self,
        now: Instant,
        message: Message<'_>,
        out: &mut Out,
    ) -> Result<(), VendorError> {
        let vendor = self.vendor;
        match message {
            Message::Chunk { context, audio, flush } => {
                // Of a context that we have forgotten nothing is wanted.
                let Some(at) = self.place(&context) else { return Ok(()) };
                let mut bytes = Vec::new();
                let reason = || "audio that is no base64".into();
                audio
                    .decode(&mut bytes)
                    .map_err(|_| VendorError::Malformed { vendor, reason: reason() })?;
                self.replies[at].follow(flush, out);
                self.replies[at].sound(now, bytes.into(), out);
            }
            Message::Words { context, words, .. } => {
                if let Some(at) = self.place(&context) {
                    self.replies[at].words(&words, out);
                }
            }
            Message::Flushed { context, .. } => {
                if let Some(at) = self.place(&context) {
                    self.replies[at].segment_done(out);
                }
            }
            Message::Done { context } => {
                if let Some(at) = self.place(&context) {
                    self.replies[at].context_done(out);
                    if self.replies[at].is_finished() {
                        out.find(Found::Finished { epoch: self.replies[at].epoch });
                        self.replies.remove(at);
                    }
                }
            }
            Message::Failure(failure) => {
                let error = failed(vendor, failure.status, failure.code.as_deref());
                match &failure.context {
                    None => return Err(error),
                    // Cancelled ones may fail as they like.
                    Some(context) => {
                        if let Some(reply) =
                            self.place(context).and_then(|at| self.replies.remove(at))
                        {
                            out.find(Found::Broken { epoch: reply.epoch, error });
                        }
                    }
                }
            }
            Message::Unknown => (),
        }
        Ok(())
    }
}

fn failed(vendor: VendorName, status: u16, code: Option<&str>) -> VendorError {
    let headers = reqwest::header::HeaderMap::new();
    refusal::Refusal { vendor, status, headers: &headers, code }.error()
}

impl Speaking {
    fn sound(&mut self, now: Instant, bytes: Bytes, out: &mut Out) {
        if let Some(context) = &mut self.context {
            context.sounded = now;
        }
        self.bytes += bytes.len() as u64;
        let segment = self.done.min(self.asked.saturating_sub(1));
        out.find(Found::Sound { epoch: self.epoch, segment, bytes });
    }

    /// Sound says which piece it belongs to: what comes before that is complete, should nobody have
    /// said so.
    fn follow(&mut self, flush: Option<u32>, out: &mut Out) {
        let done = self.done;
        let Some(context) = &mut self.context else { return };
        let Some(number) = flush else { return };
        let (first, segment) = *context.first.get_or_insert((number, done));
        let place = segment + number.saturating_sub(first) as usize;
        while self.done < place.min(self.asked.saturating_sub(1)) {
            self.segment_done(out);
        }
    }

    fn words(&mut self, words: &[WordSpan<'_>], out: &mut Out) {
        let start = self.context.as_ref().map_or(Millis::ZERO, |context| context.start);
        for word in words {
            if let Some(place) = self.follower.word(&word.word)
                && let Some(text_end) = place.word_end
            {
                let (epoch, segment) = (self.epoch, place.segment);
                out.find(Found::Word { epoch, segment, text_end, end: start + word.end });
            }
        }
    }

    /// The vendor has sent all sound of the segment at hand.
    fn segment_done(&mut self, out: &mut Out) {
        if self.done < self.asked {
            self.done += 1;
            self.follower.skip_to(self.done);
            let (epoch, segment, certainty) = (self.epoch, self.done, Certainty::Told);
            out.find(Found::Reached { epoch, segment, certainty });
        }
    }

    fn context_done(&mut self, out: &mut Out) {
        while self.done < self.asked {
            self.segment_done(out);
        }
        self.context = None;
    }

    fn is_finished(&self) -> bool {
        self.has_ended && self.done == self.asked
    }
}

impl Dialect for Cartesia {
    fn socket(&self) -> SocketOrder {
        self.socket.clone()
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime { idle_max: Some(IDLE_MAX), age_max: None }
    }

    fn connected(&mut self, _now: Instant, _out: &mut Out) {
        self.replies.clear();
    }

    fn speak(&mut self, now: Instant, (epoch, _): (Epoch, usize), text: &str, out: &mut Out) {
        let at = self.replies.iter().position(|reply| reply.epoch == epoch).unwrap_or_else(|| {
            self.replies.push_back(Speaking {
                epoch,
                follower: Follower::default(),
                asked: 0,
                done: 0,
                bytes: 0,
                context: None,
                has_ended: false,
            });
            self.replies.len() - 1
        });
        let bytes_per_second = self.spoken.bytes_per_second();
        let reply = &mut self.replies[at];
        let is_quiet = reply.done == reply.asked;
        if let Some(context) = &reply.context
            && is_quiet
            && after(context.sounded, CONTEXT_QUIET_MAX) <= now
        {
            reply.context = None;
        }
        if reply.context.is_none() {
            self.names += 1;
            let start = u32::try_from(reply.bytes * 1_000 / bytes_per_second);
            reply.context = Some(Context {
                name: format!("g{}-{}", epoch.number(), self.names),
                start: Millis::new(start.unwrap_or(u32::MAX)),
                sounded: now,
                first: None,
                is_complete: false,
            });
        }
        reply.asked += 1;
        reply.follower.push(text);
        if let Some(name) = self.replies[at].context.as_ref().map(|context| context.name.clone()) {
            out.send(self.generation(&name, &spaced(text), More::Flushed));
        }
    }

    fn end(&mut self, now: Instant, epoch: Epoch, out: &mut Out) {
        let Some(at) = self.replies.iter().position(|reply| reply.epoch == epoch) else { return };
        let reply = &mut self.replies[at];
        reply.has_ended = true;
        let is_quiet = reply.done == reply.asked;
        let has_died = reply
            .context
            .as_ref()
            .is_none_or(|context| is_quiet && after(context.sounded, CONTEXT_QUIET_MAX) <= now);
        if has_died && is_quiet {
            out.find(Found::Finished { epoch });
            self.replies.remove(at);
            return;
        }
        if let Some(context) = &mut reply.context {
            context.is_complete = true;
            let name = context.name.clone();
            out.send(self.generation(&name, "", More::Ends));
        }
    }

    fn cancel(&mut self, epoch: Epoch, _heard: Millis, out: &mut Out) {
        let Some(at) = self.replies.iter().position(|reply| reply.epoch == epoch) else { return };
        if let Some(context) = self.replies.remove(at).and_then(|reply| reply.context) {
            out.send(Order::Cancel { context: context.name.into() }.encode());
        }
    }

    fn handle_text(&mut self, now: Instant, text: &str, out: &mut Out) -> Result<(), VendorError> {
        let vendor = self.vendor;
        let message = decode(text)
            .map_err(|fault| VendorError::Malformed { vendor, reason: fault.to_string() })?;
        self.handle_message(now, message, out)
    }

    fn handle_binary(&mut self, _now: Instant, _bytes: Bytes, _out: &mut Out) {}

    fn owing(&self) -> Option<Epoch> {
        let owes = |reply: &&Speaking| {
            let is_closing = reply.context.as_ref().is_some_and(|context| context.is_complete);
            reply.done < reply.asked || is_closing
        };
        self.replies.iter().find(owes).map(|reply| reply.epoch)
    }

    fn is_idle(&self) -> bool {
        self.replies.is_empty()
    }
}

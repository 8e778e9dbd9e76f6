//! ElevenLabs: a context per reply on one socket, characters with their times.

use std::collections::VecDeque;

use bytes::Bytes;
use tokio::time::Instant;
use types::{Millis, VendorName};
use vendor::VendorError;
use wire::elevenlabs::{CONTEXTS_MAX, CharTime, Message, Order, Speech, VoiceSettings, decode};

use super::convert::Spoken;
use super::dialect::{Certainty, Dialect, Found, Lifetime, Out, spaced};
use super::gate::Epoch;
use super::script::Follower;
use crate::clock::after;
use crate::refusal;
use crate::socket::SocketOrder;

/// How often a quiet socket says that it is still wanted: the vendor hangs up after 20 s unless asked
/// for more (providers.md §1.4), and we ask for [`INACTIVITY_SECS`].
const KEEP_ALIVE_EVERY: Millis = Millis::from_secs(15);

/// A segment whose last character has been spoken is complete if so long nothing follows: the vendor
/// says so only of contexts.
const SEGMENT_QUIET: Millis = Millis::new(400);

/// The longest the vendor takes.
pub(crate) const INACTIVITY_SECS: u32 = 180;

/// The machine of one session.
pub(crate) struct ElevenLabs {
    vendor: VendorName,
    socket: SocketOrder,
    spoken: Spoken,
    settings: Option<VoiceSettings>,
    /// All that have not ended on the vendor's side, cancelled ones too.
    contexts: VecDeque<Context>,
    /// When something was sent last.
    sent: Instant,
}

struct Context {
    epoch: Epoch,
    follower: Follower,
    /// Bytes of sound so far: the reply's clock. The vendor's own begins anew with each message.
    bytes: u64,
    /// Whether characters were ever told.
    has_times: bool,
    /// When sound came last, if no segment has been declared complete since.
    sounded: Option<Instant>,
    life: Life,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    /// More may be asked for.
    Open,
    /// All has been asked for.
    Ended,
    /// Not wanted any more; ends when the vendor says so.
    Cancelled,
}

impl ElevenLabs {
    pub(crate) fn new(
        socket: SocketOrder,
        spoken: Spoken,
        settings: Option<VoiceSettings>,
    ) -> Self {
        let vendor = socket.vendor;
        let contexts = VecDeque::new();
        Self { vendor, socket, spoken, settings, contexts, sent: Instant::now() }
    }

    fn send(&mut self, now: Instant, order: &Order<'_>, out: &mut Out) {
        self.sent = now;
        out.send(order.encode());
    }

    fn handle_speech(
        &mut self,
        now: Instant,
        speech: Speech<'_>,
        out: &mut Out,
    ) -> Result<(), VendorError> {
        let at = match &speech.context {
            Some(name) => self.contexts.iter().position(|context| name_of(context.epoch) == **name),
            // Where only one is open, no other can be meant.
            None => (self.contexts.len() == 1).then_some(0),
        };
        // A context that we have forgotten: nothing of it is wanted.
        let Some(at) = at else { return Ok(()) };
        let bytes_per_second = self.spoken.bytes_per_second();
        let context = &mut self.contexts[at];
        if context.life != Life::Cancelled {
            if let Some(audio) = &speech.audio {
                let mut bytes = Vec::new();
                audio.decode(&mut bytes).map_err(|_| VendorError::Malformed {
                    vendor: self.vendor,
                    reason: "audio that is no base64".into(),
                })?;
                context.sounded = Some(now);
                context.sound(bytes.into(), &speech.characters, bytes_per_second, out);
            }
            if speech.is_final {
                out.find(Found::Finished { epoch: context.epoch });
            }
        }
        if speech.is_final {
            self.contexts.remove(at);
        }
        Ok(())
    }
}

impl Context {
    /// When all that was asked for so far counts as complete, if nothing follows.
    fn complete_at(&self) -> Option<Instant> {
        let is_said = self.life == Life::Open && self.has_times && self.follower.is_at_end();
        self.sounded.filter(|_| is_said).map(|at| after(at, SEGMENT_QUIET))
    }

    /// Sound, and the characters in it: cut where a segment ends.
    fn sound(
        &mut self,
        mut bytes: Bytes,
        characters: &[CharTime<'_>],
        bytes_per_second: u64,
        out: &mut Out,
    ) {
        let epoch = self.epoch;
        self.has_times |= !characters.is_empty();
        let base = self.bytes * 1_000 / bytes_per_second;
        self.bytes += bytes.len() as u64;
        let mut taken = 0;
        for timed in characters {
            for c in timed.text.chars() {
                let before = self.follower.segment();
                let Some(place) = self.follower.character(c) else { continue };
                if before < place.segment {
                    let at = offset(timed.start, bytes_per_second).saturating_sub(taken);
                    let head = bytes.split_to(at.min(bytes.len()));
                    taken += head.len();
                    if !head.is_empty() {
                        out.find(Found::Sound { epoch, segment: before, bytes: head });
                    }
                    let certainty = Certainty::Told;
                    out.find(Found::Reached { epoch, segment: place.segment, certainty });
                }
                if let Some(text_end) = place.word_end {
                    let end = Millis::new(u32::try_from(base).unwrap_or(u32::MAX))
                        + timed.start
                        + timed.duration;
                    out.find(Found::Word { epoch, segment: place.segment, text_end, end });
                }
            }
        }
        if !bytes.is_empty() {
            let segment = self.follower.segment();
            out.find(Found::Sound { epoch, segment, bytes });
        }
    }
}

/// The byte at which `at` lies, at a whole sample.
fn offset(at: Millis, bytes_per_second: u64) -> usize {
    let byte = u64::from(at.get()) * bytes_per_second / 1_000;
    usize::try_from(byte & !1).unwrap_or(usize::MAX)
}

fn name_of(epoch: Epoch) -> String {
    format!("g{}", epoch.number())
}

impl Dialect for ElevenLabs {
    fn socket(&self) -> SocketOrder {
        self.socket.clone()
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::UNLIMITED
    }

    fn connected(&mut self, now: Instant, _out: &mut Out) {
        self.contexts.clear();
        self.sent = now;
    }

    /// One context too many closes the socket with everything on it (providers.md §4.1).
    fn has_room(&self, epoch: Epoch) -> bool {
        let is_open = self.contexts.iter().any(|context| context.epoch == epoch);
        is_open || self.contexts.len() < CONTEXTS_MAX
    }

    fn goodbye(&self) -> Option<String> {
        Some(Order::CloseSocket.encode())
    }

    fn speak(&mut self, now: Instant, (epoch, _): (Epoch, usize), text: &str, out: &mut Out) {
        let name = name_of(epoch);
        if !self.contexts.iter().any(|context| context.epoch == epoch) {
            let settings = self.settings;
            self.send(now, &Order::Open { context: name.as_str().into(), settings }, out);
            self.contexts.push_back(Context {
                epoch,
                follower: Follower::default(),
                bytes: 0,
                has_times: false,
                sounded: None,
                life: Life::Open,
            });
        }
        if let Some(context) = self.contexts.iter_mut().find(|context| context.epoch == epoch) {
            context.follower.push(text);
        }
        let text = spaced(text);
        self.send(now, &Order::Text { context: name.into(), text: text.into() }, out);
    }

    fn end(&mut self, now: Instant, epoch: Epoch, out: &mut Out) {
        let Some(context) = self.contexts.iter_mut().find(|context| context.epoch == epoch) else {
            return;
        };
        context.life = Life::Ended;
        let name = name_of(epoch);
        self.send(now, &Order::Flush { context: name.as_str().into() }, out);
        self.send(now, &Order::Close { context: name.into() }, out);
    }

    fn cancel(&mut self, epoch: Epoch, _heard: Millis, out: &mut Out) {
        let Some(context) = self.contexts.iter_mut().find(|context| context.epoch == epoch) else {
            return;
        };
        let was_open = context.life == Life::Open;
        context.life = Life::Cancelled;
        if was_open {
            out.send(Order::Close { context: name_of(epoch).into() }.encode());
        }
    }

    fn handle_text(&mut self, now: Instant, text: &str, out: &mut Out) -> Result<(), VendorError> {
        let vendor = self.vendor;
        let message = decode(text)
            .map_err(|fault| VendorError::Malformed { vendor, reason: fault.to_string() })?;
        match message {
            Message::Speech(speech) => self.handle_speech(now, speech, out),
            Message::Failure(failure) => Err(refusal::closed(vendor, failure.code, &failure.error)),
            Message::Unknown => Ok(()),
        }
    }

    fn handle_binary(&mut self, _now: Instant, _bytes: Bytes, _out: &mut Out) {}

    fn timeout(&self) -> Option<Instant> {
        let quiet = self.contexts.iter().filter_map(Context::complete_at);
        quiet.chain([after(self.sent, KEEP_ALIVE_EVERY)]).min()
    }

    fn handle_timeout(&mut self, now: Instant, out: &mut Out) {
        for context in &mut self.contexts {
            if context.complete_at().is_some_and(|at| at <= now) {
                context.sounded = None;
                let (epoch, segment) = (context.epoch, context.follower.len());
                out.find(Found::Reached { epoch, segment, certainty: Certainty::Told });
            }
        }
        if after(self.sent, KEEP_ALIVE_EVERY) <= now {
            // It must not name a context that has not been opened.
            let open = self.contexts.iter().rev().find(|context| context.life == Life::Open);
            let context = open.map(|context| name_of(context.epoch).into());
            self.send(now, &Order::KeepAlive { context }, out);
        }
    }

    fn owing(&self) -> Option<Epoch> {
        let owes = |context: &&Context| match context.life {
            // Without times nobody knows when an open context has said all it was given.
            Life::Open => {
                context.bytes == 0 || (context.has_times && !context.follower.is_at_end())
            }
            Life::Ended => true,
            Life::Cancelled => false,
        };
        self.contexts.iter().find(owes).map(|context| context.epoch)
    }

    fn is_idle(&self) -> bool {
        self.contexts.iter().all(|context| context.life == Life::Cancelled)
    }
}

//! Deepgram Flux: a turn per reply, which the vendor itself cuts where the caller interrupted.

use bytes::Bytes;
use tokio::time::Instant;
use types::{Millis, VendorName};
use vendor::VendorError;
use wire::deepgram::speak::{Account, Message, Order, decode};

use super::convert::Spoken;
use super::dialect::{Certainty, Dialect, Found, Lifetime, Out, spaced};
use super::gate::Epoch;
use super::spread::Speed;
use crate::refusal;
use crate::socket::SocketOrder;

/// The vendor hangs up after about an hour (providers.md §1.4).
const AGE_MAX: Millis = Millis::from_secs(55 * 60);

/// The machine of one session.
pub(crate) struct Flux {
    vendor: VendorName,
    socket: SocketOrder,
    spoken: Spoken,
    turn: Option<Turn>,
    /// An interruption that has not been acknowledged: till then all sound is stale.
    interrupted: Option<Epoch>,
    /// How much of the session's sound was heard before this turn: the clock of interruptions.
    heard_before: Millis,
    speed: Speed,
}

struct Turn {
    epoch: Epoch,
    /// Characters of each segment.
    lengths: Vec<u64>,
    bytes: u64,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// More may be asked for.
    Open,
    /// Flushed: all has been asked for.
    Ended,
    /// All its sound has come; the caller may still be hearing it.
    Made,
}

impl Flux {
    pub(crate) fn new(socket: SocketOrder, spoken: Spoken) -> Self {
        Self {
            vendor: socket.vendor,
            socket,
            spoken,
            turn: None,
            interrupted: None,
            heard_before: Millis::ZERO,
            speed: Speed::default(),
        }
    }

    fn span(&self, bytes: u64) -> Millis {
        let ms = bytes * 1_000 / self.spoken.bytes_per_second();
        Millis::new(u32::try_from(ms).unwrap_or(u32::MAX))
    }

    fn handle_end(&mut self, account: &Account, out: &mut Out) {
        if let Some(characters) = account.billable_characters {
            let (characters, certainty) = (characters.into(), Certainty::Told);
            out.find(Found::Charged { characters, certainty });
        }
        // The end of a turn that was interrupted meanwhile.
        if self.interrupted.is_some() {
            return;
        }
        let Some(turn) = self.turn.as_mut().filter(|turn| turn.stage == Stage::Ended) else {
            return;
        };
        turn.stage = Stage::Made;
        let (epoch, segment) = (turn.epoch, turn.lengths.len());
        let characters = turn.lengths.iter().sum();
        let ms = turn.bytes * 1_000 / self.spoken.bytes_per_second();
        out.find(Found::Reached { epoch, segment, certainty: Certainty::Thought });
        out.find(Found::Finished { epoch });
        self.speed.learn(characters, ms);
    }

    fn handle_interrupted(&mut self, spoken: Option<&str>, account: &Account, out: &mut Out) {
        if let Some(characters) = account.billable_characters {
            let (characters, certainty) = (characters.into(), Certainty::Told);
            out.find(Found::Charged { characters, certainty });
        }
        if let Some(epoch) = self.interrupted.take()
            && let Some(text) = spoken
        {
            out.find(Found::Cut { epoch, spoken: text.len() });
        }
    }

    /// A turn that is made has been heard when the next begins.
    fn leave_turn(&mut self) {
        if let Some(turn) = self.turn.take() {
            self.heard_before = self.heard_before + self.span(turn.bytes);
        }
    }
}

impl Dialect for Flux {
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

    /// The vendor counts for itself.
    fn charge(&self, _text: &str) -> Option<u64> {
        None
    }

    fn connected(&mut self, _now: Instant, out: &mut Out) {
        // Of a turn that broke off there will be no account.
        if let Some(turn) = self.turn.as_ref().filter(|turn| turn.stage != Stage::Made) {
            let characters = turn.lengths.iter().sum();
            out.find(Found::Charged { characters, certainty: Certainty::Thought });
        }
        (self.turn, self.interrupted, self.heard_before) = (None, None, Millis::ZERO);
    }

    fn has_room(&self, epoch: Epoch) -> bool {
        // One turn at a time, and none while an interruption is under way.
        self.interrupted.is_none()
            && self
                .turn
                .as_ref()
                .is_none_or(|turn| turn.epoch == epoch || turn.stage == Stage::Made)
    }

    fn speak(&mut self, _now: Instant, (epoch, _): (Epoch, usize), text: &str, out: &mut Out) {
        if self.turn.as_ref().is_none_or(|turn| turn.epoch != epoch || turn.stage == Stage::Made) {
            self.leave_turn();
            self.turn = Some(Turn { epoch, lengths: Vec::new(), bytes: 0, stage: Stage::Open });
        }
        if let Some(turn) = &mut self.turn {
            turn.lengths.push(text.chars().count() as u64);
        }
        out.send(Order::Speak { text: spaced(text).into() }.encode());
    }

    fn end(&mut self, _now: Instant, epoch: Epoch, out: &mut Out) {
        if let Some(turn) = &mut self.turn
            && turn.epoch == epoch
            && turn.stage == Stage::Open
        {
            turn.stage = Stage::Ended;
            out.send(Order::Flush.encode());
        }
    }

    fn cancel(&mut self, epoch: Epoch, heard: Millis, out: &mut Out) {
        let Some(turn) = self.turn.take_if(|turn| turn.epoch == epoch) else { return };
        // Nobody can have heard more than there was.
        let heard = heard.min(self.span(turn.bytes));
        self.heard_before = self.heard_before + heard;
        self.interrupted = Some(epoch);
        // An offset that does not go on from the last one is refused; nothing was heard then anyway.
        let offset = (Millis::ZERO < heard).then_some(self.heard_before);
        out.send(Order::Interrupt { heard: offset }.encode());
    }

    fn handle_text(&mut self, _now: Instant, text: &str, out: &mut Out) -> Result<(), VendorError> {
        let vendor = self.vendor;
        let message = decode(text)
            .map_err(|fault| VendorError::Malformed { vendor, reason: fault.to_string() })?;
        match message {
            Message::SpeechEnded(account) => self.handle_end(&account, out),
            Message::Interrupted { spoken, account } => {
                self.handle_interrupted(spoken.as_deref(), &account, out);
            }
            Message::Warning { code } if is_no_speech(&code) => {
                // There was nothing to interrupt any more.
                self.handle_interrupted(None, &Account::default(), out);
            }
            Message::Warning { code } => {
                tracing::debug!(%vendor, code = refusal::code_in(&code), "a warning");
            }
            Message::Failure { code } => return Err(failed(vendor, &code)),
            Message::Metadata
            | Message::Connected
            | Message::SpeechStarted
            | Message::Flushed
            | Message::Cleared
            | Message::Unknown => (),
        }
        Ok(())
    }

    fn handle_binary(&mut self, _now: Instant, bytes: Bytes, out: &mut Out) {
        if self.interrupted.is_some() {
            return;
        }
        let before = self.turn.as_ref().map_or(0, |turn| turn.bytes);
        let ms = self.span(before).get().into();
        let speed = self.speed;
        let Some(turn) = self.turn.as_mut().filter(|turn| turn.stage != Stage::Made) else {
            return;
        };
        let segment = speed.place(turn.lengths.iter().copied(), ms);
        turn.bytes += bytes.len() as u64;
        let epoch = turn.epoch;
        out.find(Found::Reached { epoch, segment, certainty: Certainty::Thought });
        out.find(Found::Sound { epoch, segment, bytes });
    }

    fn owing(&self) -> Option<Epoch> {
        let turn = self.turn.as_ref()?;
        match turn.stage {
            // Before the flush it may hold back what it likes.
            Stage::Open | Stage::Made => None,
            Stage::Ended => Some(turn.epoch),
        }
    }

    fn is_idle(&self) -> bool {
        self.interrupted.is_none()
            && self.turn.as_ref().is_none_or(|turn| turn.stage == Stage::Made)
    }
}

fn is_no_speech(code: &str) -> bool {
    matches!(code, "NO_ACTIVE_SPEECH" | "INVALID_INTERRUPT_OFFSET")
}

/// What its codes mean: ours to correct, or the connection's (providers.md §4.4).
fn failed(vendor: VendorName, code: &str) -> VendorError {
    let reason = || refusal::code_in(code).unwrap_or("an error").to_owned();
    match code.split('-').next() {
        Some("NET") => VendorError::Transport { vendor },
        Some("DATA" | "MESSAGE" | "BIG") => VendorError::BadRequest { vendor, reason: reason() },
        Some(_) | None => refusal::closed(vendor, None, code),
    }
}

//! A leg without media: its socket is lost, or the process that carried the call died. The
//! conversation waits for a bounded time, and then goes on where it was.
//!
//! ```text
//!        Detached, Restored                Reattached              settled
//!  Up ───────────────────────▶ Down ───────────────────▶ Mended ────────────▶ Up
//!                               │  ▲                        │
//!                  DetachedMax  │  └───── Detached ─────────┘
//!                               ▼
//!                            hang up
//! ```
//!
//! While it is down nothing that depends on the caller's ear or mouth goes on: no turn is ended for
//! silence that is none, no word is handed to the voice. Brain and recognizer finish what they
//! have. What was sent and not heard counts as unheard, and is said again.

use serde::{Deserialize, Serialize};
use types::{DialogueEntry, Heard, LegOrder, Millis, Unavailable};

use crate::call::Call;
use crate::decision::Decision;
use crate::ear::{Edge, LastWords, Part};
use crate::endpoint::Certainty;
use crate::event::LegEnd;
use crate::phase::{Goodbye, Phase};
use crate::reply::{Piece, Progress, Stage};
use crate::turn::Recovery;
use crate::{Action, Timer};

/// How long and how often a leg without media is tried for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResumeLimits {
    /// How long a leg may be without media before the call ends.
    pub detached_max: Millis,
    /// How often the leg is told to carry media again; 0 where nobody can tell it to.
    pub attempts_max: u32,
    /// Gaps not shorter than this are apologized for; a death of the process always is.
    pub bridge_after: Millis,
}

impl ResumeLimits {
    /// What suits a carrier that can be told to stream again.
    pub const STANDARD: Self = Self {
        detached_max: Millis::from_secs(20),
        attempts_max: 50,
        bridge_after: Millis::from_secs(1),
    };
}

impl Default for ResumeLimits {
    fn default() -> Self {
        Self::STANDARD
    }
}

/// Whether the leg carries media.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Link {
    /// It does.
    #[default]
    Up,
    /// It does not.
    Down(Outage),
    /// It does again, and what was interrupted has not been taken up yet.
    Mended(Outage),
}

/// One stretch without media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outage {
    how: LegEnd,
    cause: Cause,
    caller: CallerWas,
    gap: Millis,
    attempts: u32,
}

/// What took the media away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// The line.
    Media,
    /// The death of the process: whatever recognizer, brain and voice had in hand is lost.
    Process,
}

/// What the caller was doing when the media went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CallerWas {
    /// Nothing that is not answered or known.
    Silent,
    /// Speaking, or pausing within a sentence.
    Speaking,
}

/// An apology for a gap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Bridge {
    /// None is owed.
    #[default]
    None,
    /// It goes before the next words, whichever they are.
    Due,
    /// It does, and the caller must say again what was lost.
    AskAgain,
}

impl Link {
    pub(crate) fn is_down(self) -> bool {
        match self {
            Self::Down(_) => true,
            Self::Up | Self::Mended(_) => false,
        }
    }
}

impl Call {
    /// The leg has lost its media.
    pub(crate) fn on_detached(&mut self, how: LegEnd) {
        let outage = match self.link {
            // Known.
            Link::Down(_) => return,
            Link::Up => Outage {
                how,
                cause: Cause::Media,
                caller: CallerWas::Silent,
                gap: Millis::ZERO,
                attempts: 0,
            },
            // Lost again before anything could be said: the first gap still needs its apology.
            Link::Mended(outage) => Outage { how, attempts: 0, ..outage },
        };
        self.note(Decision::Detached { how });
        self.counts.outages += 1;
        self.go_down(outage);
        self.attach_again();
    }

    /// The process died and another one goes on from the log.
    pub(crate) fn on_restored(&mut self, gap: Millis) {
        self.note(Decision::Restored { gap });
        self.counts.outages += 1;
        if let Phase::HangingUp { .. } = self.phase {
            // Nobody knows whether the order arrived.
            return self.order_hang_up();
        }
        let before = match self.link {
            Link::Down(outage) | Link::Mended(outage) => outage.caller,
            Link::Up => CallerWas::Silent,
        };
        let how = LegEnd::Lost;
        let outage = Outage { how, cause: Cause::Process, caller: before, gap, attempts: 0 };
        for timer in [Timer::FinalWait, Timer::ThinkWait, Timer::VoiceWait, Timer::PlayoutWait] {
            self.timers.stop(timer);
        }
        self.timers.stop(Timer::ClearWait);
        let lost_words = self.lose_recognizer();
        self.lose_reply(lost_words);
        let caller = if lost_words == CallerWas::Speaking { lost_words } else { before };
        self.go_down(Outage { caller, ..outage });
        self.attach_again();
    }

    /// The leg carries media again.
    pub(crate) fn on_reattached(&mut self, gap: Millis) {
        match self.link {
            Link::Down(_) => (),
            // The carrier streams anew before we knew that it had stopped: what it had is lost.
            Link::Up => {
                let (how, cause, caller) = (LegEnd::Lost, Cause::Media, CallerWas::Silent);
                self.note(Decision::Detached { how });
                self.counts.outages += 1;
                self.go_down(Outage { how, cause, caller, gap, attempts: 0 });
            }
            Link::Mended(outage) => self.go_down(outage),
        }
        let Link::Down(outage) = self.link else { return };
        self.timers.stop(Timer::DetachedMax);
        self.timers.stop(Timer::Reattach);
        self.note(Decision::Reattached { gap });
        self.link = match self.phase {
            Phase::Open => Link::Mended(Outage { gap: outage.gap.max(gap), ..outage }),
            // Nothing is taken up: whoever rings is greeted, who leaves has been said goodbye to.
            Phase::Ringing
            | Phase::Transferring
            | Phase::Closing { .. }
            | Phase::Leaving { .. }
            | Phase::HangingUp { .. }
            | Phase::Ended { .. } => Link::Up,
        };
        if !self.ear.keys.is_empty() {
            let turns = &self.config.turns;
            let due = self.ear.keys.due(self.now, turns.dtmf_gap_max, &turns.keys);
            self.timers.start(Timer::DtmfGap, due);
        }
        if self.link == Link::Up {
            self.speak_on();
        }
    }

    /// The leg was told to carry media again, and will.
    pub(crate) fn on_attach_accepted(&mut self) {
        // Who is not to be told once more needs no clock for it.
        if self.link.is_down() && self.timers.runs(Timer::Reattach) {
            self.timers.start(Timer::Reattach, self.now + SOCKET_WAIT);
        }
    }

    /// Telling the leg to carry media again did not work.
    pub(crate) fn on_attach_refused(&mut self, reason: Unavailable) {
        let attempts_max = self.config.resume.attempts_max;
        let seed = self.seed;
        let Link::Down(outage) = &mut self.link else { return };
        match reason {
            // Nobody can tell this leg anything: it comes back by itself, or not.
            Unavailable::Unsupported => {
                outage.attempts = attempts_max;
                self.timers.stop(Timer::Reattach);
            }
            Unavailable::Refused if attempts_max <= outage.attempts => self.on_detached_max(),
            Unavailable::Refused => {
                let share = seed.wrapping_add(outage.attempts.into()).wrapping_mul(SPREAD) >> 32;
                let jitter = share % u64::from(RETRY_JITTER_MAX.get());
                let wait = RETRY_AFTER + Millis::new(jitter as u32);
                self.timers.start(Timer::Reattach, self.now + wait);
            }
        }
    }

    /// Tells the leg to carry media again, if that has not been tried too often.
    pub(crate) fn attach_again(&mut self) {
        let attempts_max = self.config.resume.attempts_max;
        let Link::Down(outage) = &mut self.link else { return };
        match self.phase {
            Phase::Ringing | Phase::Open | Phase::Closing { .. } => (),
            // Its goodbye was heard and the caller is silent, or a transfer takes the media away.
            Phase::Leaving { .. } if self.ear.is_idle() => return,
            Phase::Leaving { .. } => (),
            Phase::Transferring | Phase::HangingUp { .. } | Phase::Ended { .. } => return,
        }
        if attempts_max <= outage.attempts {
            return;
        }
        outage.attempts += 1;
        let attempt = outage.attempts;
        self.act(Action::Reattach { attempt });
        self.timers.start(Timer::Reattach, self.now + ORDER_WAIT);
    }

    /// The leg has been without media for too long.
    pub(crate) fn on_detached_max(&mut self) {
        let Link::Down(outage) = self.link else { return };
        let reason = outage.how.reason();
        match self.phase {
            Phase::Ringing => self.finish(reason),
            Phase::Open => self.hang_up(reason),
            Phase::Closing { reason, .. } | Phase::Leaving { reason } => self.hang_up(reason),
            // Its own clock runs.
            Phase::Transferring | Phase::HangingUp { .. } | Phase::Ended { .. } => (),
        }
    }

    /// A transfer did not work out, and the leg has no media: from now on it is wanted back.
    pub(crate) fn want_back(&mut self) {
        if self.link.is_down() {
            let max = self.config.resume.detached_max;
            self.timers.start(Timer::DetachedMax, self.now + max);
            self.attach_again();
        }
    }

    /// The caller has not gone on after being cut off: what is there must do.
    pub(crate) fn on_go_on_wait(&mut self) {
        self.ear.cut_off = None;
    }

    /// Stops all that depends on media, and the clock that bounds it runs.
    fn go_down(&mut self, outage: Outage) {
        for timer in [
            Timer::Endpoint,
            Timer::SpeechMax,
            Timer::DtmfGap,
            Timer::NoInput,
            Timer::BargeInArbitration,
            Timer::GoOnWait,
        ] {
            self.timers.stop(timer);
        }
        let caller = match self.close_hearing() {
            CallerWas::Speaking => CallerWas::Speaking,
            CallerWas::Silent if self.ear.is_idle() => CallerWas::Silent,
            CallerWas::Silent => outage.caller,
        };
        self.link = Link::Down(Outage { caller, ..outage });
        self.interrupt_reply(caller);
        match self.phase {
            Phase::Ringing | Phase::Open | Phase::Leaving { .. } => (),
            Phase::Closing { reason, goodbye: Goodbye::Begun } => {
                // Whoever has not heard it to its end shall hear it from its beginning.
                self.phase = Phase::Closing { reason, goodbye: Goodbye::Due };
            }
            Phase::Closing { goodbye: Goodbye::Due | Goodbye::AwaitsAnswer, .. } => (),
            Phase::Transferring | Phase::HangingUp { .. } | Phase::Ended { .. } => return,
        }
        let max = self.config.resume.detached_max;
        self.timers.start(Timer::DetachedMax, self.now + max);
    }

    /// What was being said ends here: its last words are asked for.
    fn close_hearing(&mut self) -> CallerWas {
        let Some(utterance) = &self.ear.hearing else { return CallerWas::Silent };
        let is_held = self.reply.as_ref().is_some_and(|r| matches!(r.stage, Stage::Held { .. }));
        let was = match utterance.edge {
            Edge::Speaking | Edge::Paused { .. } => CallerWas::Speaking,
            Edge::Ended { .. } => CallerWas::Silent,
        };
        if is_held && utterance.words.text.trim().is_empty() {
            // Perhaps a cough: the agent's words come first.
            self.discard_hearing();
            return CallerWas::Silent;
        }
        self.on_endpoint();
        was
    }

    /// Takes back what was sent and not heard; it is said again, unless the caller had begun to
    /// speak into it.
    fn interrupt_reply(&mut self, caller: CallerWas) {
        let Some(reply) = &self.reply else { return };
        let recovery = match reply.thought {
            Progress::Done => Recovery::Speak,
            Progress::Thinking | Progress::Failed => Recovery::Think,
        };
        let is_held = match reply.stage {
            // Nothing was sent, or a barge-in has settled it.
            Stage::Unspoken | Stage::Clearing => return,
            Stage::Held { .. } => true,
            Stage::Voicing | Stage::Audible => false,
        };
        let yields = is_held && caller == CallerWas::Speaking;
        let is_open = match self.phase {
            Phase::Open | Phase::Transferring => true,
            Phase::Ringing
            | Phase::Closing { .. }
            | Phase::Leaving { .. }
            | Phase::HangingUp { .. }
            | Phase::Ended { .. } => false,
        };
        if is_open && !yields {
            self.manners.recovery = recovery;
        }
        self.clear_reply();
    }

    /// No recognizer is left: the words that are there are the last ones.
    fn lose_recognizer(&mut self) -> CallerWas {
        let mut was = CallerWas::Silent;
        if let Some(utterance) = self.ear.hearing.take() {
            let is_known = match utterance.edge {
                Edge::Ended { .. } => utterance.certainty == Certainty::Stable,
                Edge::Speaking | Edge::Paused { .. } => false,
            };
            if !is_known {
                was = CallerWas::Speaking;
            }
            let last_words = LastWords::There;
            self.ear.parts.push(Part {
                utterance: utterance.id,
                words: utterance.words,
                last_words,
                suspicion: utterance.suspicion,
            });
        }
        for part in &mut self.ear.parts {
            part.last_words = LastWords::There;
        }
        if !self.ear.parts.is_empty() && self.ear.words().text.is_empty() {
            was = CallerWas::Speaking;
        }
        was
    }

    /// Neither brain nor voice is left, and nobody will report what was heard.
    fn lose_reply(&mut self, caller: CallerWas) {
        let Some(reply) = &mut self.reply else { return };
        let (recovery, is_lost) = match (reply.stage, reply.thought) {
            // It waits for the media.
            (Stage::Unspoken, Progress::Done) => (Recovery::None, false),
            // A barge-in, or a failure, has settled it.
            (Stage::Clearing, _) => (self.manners.recovery, true),
            (Stage::Held { .. }, _) if caller == CallerWas::Speaking => (Recovery::None, true),
            (_, Progress::Thinking | Progress::Failed) => (Recovery::Think, true),
            (Stage::Voicing | Stage::Audible | Stage::Held { .. }, Progress::Done) => {
                (Recovery::Speak, true)
            }
        };
        if is_lost {
            reply.stage = Stage::Clearing;
            self.manners.recovery = match self.phase {
                Phase::Open | Phase::Transferring => recovery,
                Phase::Ringing
                | Phase::Closing { .. }
                | Phase::Leaving { .. }
                | Phase::HangingUp { .. }
                | Phase::Ended { .. } => Recovery::None,
            };
            self.on_cut(&[]);
        }
    }

    /// Media is back: chooses what is taken up, and whether an apology goes before it.
    pub(crate) fn settle_outage(&mut self) {
        let Link::Mended(outage) = self.link else { return };
        match self.reply.as_ref().map(|reply| reply.stage) {
            // What was heard is being reported.
            Some(Stage::Clearing) => return,
            None | Some(Stage::Unspoken | Stage::Voicing | Stage::Audible | Stage::Held { .. }) => {
            }
        }
        self.link = Link::Up;
        let is_long = self.config.resume.bridge_after <= outage.gap;
        // Whoever has neither heard nor said a word has missed nothing.
        let has_begun = !self.dialogue.entries.is_empty() || !self.ear.is_idle();
        let is_due = has_begun && (is_long || outage.cause == Cause::Process);
        self.note(Decision::TakenUp { apologizes: is_due });
        self.manners.bridge = if is_due { Bridge::Due } else { Bridge::None };
        if outage.caller == CallerWas::Speaking {
            self.ask_on(outage.cause);
        }
        if let Some(mut reply) = self.reply.take() {
            if reply.stage == Stage::Unspoken {
                self.prefix_bridge(&mut reply.script.pieces);
            }
            self.manners.bridge = Bridge::None;
            self.reply = Some(reply);
            self.speak_on();
        }
        let is_halfway = self.ear.cut_off.is_some() || !self.ear.keys.is_complete();
        if self.reply.is_none() && is_halfway && self.manners.bridge != Bridge::None {
            self.say_bridge();
        }
        if self.reply.is_none() && !is_due && UNHEARD_MIN <= outage.gap {
            // Perhaps something was said into the gap: nobody shall wait long for an answer to it.
            let delay = self.config.turns.no_input_delay.min(UNHEARD_WAIT);
            self.timers.start(Timer::NoInput, self.now + delay);
        }
    }

    /// The caller was cut off within a sentence: is asked to go on, or to begin again.
    fn ask_on(&mut self, cause: Cause) {
        let is_wordless = self.ear.words().text.is_empty();
        if is_wordless && self.manners.cut.is_some() {
            // It had stopped the agent and said nothing yet.
            self.manners.recovery = Recovery::Speak;
        }
        match cause {
            Cause::Media if !is_wordless || self.has_last_words_awaited() => {
                let is_asked = self.manners.bridge != Bridge::None;
                let unfinished = self.config.turns.endpoint_delay_max;
                self.ear.cut_off = Some(if is_asked { GO_ON_WAIT } else { unfinished });
            }
            Cause::Media => self.discard_ear(),
            Cause::Process => {
                self.discard_ear();
                if self.reply.is_none() && self.manners.recovery == Recovery::None {
                    self.manners.bridge = Bridge::AskAgain;
                }
            }
        }
    }

    fn has_last_words_awaited(&self) -> bool {
        self.ear.parts.iter().any(|part| part.last_words == LastWords::Awaited)
    }

    /// Puts the apology before `pieces`, if one is owed.
    pub(crate) fn prefix_bridge(&mut self, pieces: &mut Vec<Piece>) {
        match std::mem::take(&mut self.manners.bridge) {
            Bridge::None => (),
            Bridge::Due | Bridge::AskAgain => {
                pieces.insert(0, Piece::bridge(self.config.lines.bridge.clone()));
            }
        }
    }

    /// Says the apology and what helps the caller to go on.
    pub(crate) fn say_bridge(&mut self) {
        let lines = &self.config.lines;
        let line = match self.manners.bridge {
            Bridge::None => return,
            Bridge::AskAgain => lines.say_again.clone(),
            Bridge::Due if !self.ear.is_idle() => lines.go_on.clone(),
            Bridge::Due => self.last_question().unwrap_or_else(|| lines.go_on.clone()),
        };
        self.say_line(line, None);
    }

    /// The question the caller heard last, if nobody has answered it yet.
    fn last_question(&self) -> Option<String> {
        let DialogueEntry::Agent { text, heard: Heard::Whole, .. } =
            self.dialogue.entries.last()?
        else {
            return None;
        };
        let text = text.reveal().trim();
        if !text.ends_with('?') {
            return None;
        }
        let before = text[..text.len() - 1].rfind(['.', '!', '?']).map_or(0, |end| end + 1);
        let question = text[before..].trim();
        (!question.is_empty()).then(|| question.to_owned())
    }

    /// After the caller was asked to go on: a while to do so.
    pub(crate) fn settle_cut_off(&mut self) {
        let Some(wait) = self.ear.cut_off else { return };
        if self.ear.hearing.is_none() && !self.timers.runs(Timer::GoOnWait) {
            self.timers.start(Timer::GoOnWait, self.now + wait);
        }
    }

    /// Orders the leg to hang up, once more.
    fn order_hang_up(&mut self) {
        self.act(Action::Leg { order: LegOrder::HangUp });
        self.timers.start(Timer::HangUpWait, self.now + crate::closing::HANG_UP_WAIT_MAX);
    }
}

/// How long an order to carry media again may take to be taken or refused before it is given once
/// more: whoever carries it out makes attempts for six seconds and then says so.
const ORDER_WAIT: Millis = Millis::from_secs(8);

/// From an order that was taken to its media, before it is given once more: a carrier connects
/// within a second.
const SOCKET_WAIT: Millis = Millis::from_secs(2);

/// After a refused order. No longer the tenth time than the first: the caller hears nothing, and a
/// carrier that works again is not to wait for us.
const RETRY_AFTER: Millis = Millis::new(250);

/// What is added to that at most, unlike from call to call: those who were cut off together do not
/// ask together.
const RETRY_JITTER_MAX: Millis = Millis::new(150);

/// Makes neighbors differ (2^64 / golden ratio, as in SplitMix64, Steele et al. 2014).
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// How long the caller may take to go on after being asked to.
const GO_ON_WAIT: Millis = Millis::from_secs(2);

/// A word may get lost in a gap as long as this.
const UNHEARD_MIN: Millis = Millis::new(400);

/// How long a silence may last after a gap without an apology.
const UNHEARD_WAIT: Millis = Millis::from_secs(2);

const _: () = assert!(RETRY_AFTER.get() + RETRY_JITTER_MAX.get() < SOCKET_WAIT.get());
const _: () = assert!(SOCKET_WAIT.get() < ORDER_WAIT.get());

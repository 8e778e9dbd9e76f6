//! Silence, time limits, transfers and the end of a call.

use types::{CallTime, DialogueEntry, Effect, EndReason, LegOrder, Millis};

use crate::call::Call;
use crate::decision::{Decision, NoInputSeen};
use crate::event::{EndManner, LegEnd};
use crate::phase::{Goodbye, Phase};
use crate::reply::{Consequences, Progress, Stage};
use crate::turn::DueLine;
use crate::{Action, Timer};

impl Call {
    /// The caller has been silent since the agent's words were heard.
    pub(crate) fn on_no_input(&mut self) {
        if self.reply.is_some() || !self.ear.is_idle() {
            return;
        }
        self.manners.no_input += 1;
        let turns = &self.config.turns;
        let seen =
            NoInputSeen { silence: turns.no_input_delay, prompts_max: turns.no_input_prompts_max };
        self.note(Decision::NoInput { count: self.manners.no_input, seen: Some(seen) });
        if self.config.turns.no_input_prompts_max < self.manners.no_input {
            let line = self.config.lines.no_input_goodbye.clone();
            return self.say_line(line, Some(EndReason::NoInput));
        }
        let turn = self.turns.open();
        self.remember(DialogueEntry::NoInput { turn });
        self.think();
    }

    /// Starts the clocks that bound the call.
    pub(crate) fn start_duration(&mut self) {
        let max = self.config.limits.call_duration_max;
        self.timers.start(Timer::DurationMax, self.now + max);
        if WARNED_DURATION_MIN < max {
            let warning = self.now + max.saturating_sub(WARNING);
            self.timers.start(Timer::DurationWarning, warning);
        }
    }

    pub(crate) fn on_duration_warning(&mut self) {
        match self.phase {
            Phase::Open | Phase::Transferring => {
                self.manners.due = Some(DueLine::DurationWarning);
            }
            Phase::Ringing
            | Phase::Closing { .. }
            | Phase::Leaving { .. }
            | Phase::HangingUp { .. }
            | Phase::Ended { .. } => (),
        }
    }

    /// Says a sentence of the engine's own that has waited for this silence.
    pub(crate) fn say_due_line(&mut self) {
        let lines = &self.config.lines;
        let line = match self.manners.due.take() {
            None => return,
            Some(DueLine::DurationWarning) => lines.duration_warning.clone(),
            Some(DueLine::TransferUnavailable) => lines.transfer_unavailable.clone(),
        };
        self.say_line(line, None);
    }

    /// Ends the call with a goodbye the caller cannot stop, as soon as the agent's present words
    /// are out.
    pub(crate) fn start_closing(&mut self, reason: EndReason) {
        match self.phase {
            Phase::Open | Phase::Transferring | Phase::Leaving { .. } => (),
            Phase::Ringing => return self.finish(reason),
            // It ends already.
            Phase::Closing { .. } | Phase::HangingUp { .. } | Phase::Ended { .. } => return,
        }
        self.note(Decision::Closing { reason });
        self.phase = Phase::Closing { reason, goodbye: Goodbye::Due };
        for timer in [Timer::NoInput, Timer::GoodbyeWait, Timer::TransferWait] {
            self.timers.stop(timer);
        }
        self.manners.due = None;
        self.manners.cut = None;
        self.discard_ear();
        self.release_reply();
        let has_failed = self.manners.failures != 0 && reason == EndReason::VendorsFailed;
        match self.reply.as_ref().map(|reply| reply.stage) {
            None | Some(Stage::Clearing) => (),
            Some(Stage::Voicing | Stage::Audible) if !has_failed => {
                self.timers.start(Timer::ClosingWait, self.now + CLOSING_WAIT_MAX);
            }
            Some(Stage::Unspoken | Stage::Voicing | Stage::Audible | Stage::Held { .. }) => {
                self.clear_reply();
            }
        }
    }

    /// The reply before the goodbye does not end.
    pub(crate) fn on_closing_wait(&mut self) {
        match self.reply.as_ref().map(|reply| reply.stage) {
            None | Some(Stage::Clearing) => (),
            Some(Stage::Unspoken | Stage::Voicing | Stage::Audible | Stage::Held { .. }) => {
                self.clear_reply();
            }
        }
    }

    pub(crate) fn on_end_requested(&mut self, manner: EndManner) {
        match (manner, self.phase) {
            (_, Phase::Ended { .. }) => (),
            (_, Phase::Ringing) => self.finish(EndReason::Shutdown),
            (EndManner::Polite, _) => self.start_closing(EndReason::Shutdown),
            (EndManner::AtOnce, Phase::HangingUp { reason }) => self.finish(reason),
            (
                EndManner::AtOnce,
                Phase::Open | Phase::Transferring | Phase::Closing { .. } | Phase::Leaving { .. },
            ) => self.hang_up(EndReason::Shutdown),
        }
    }

    /// Does what a reply promised, now that it was heard.
    pub(crate) fn carry_out(&mut self, outcome: Consequences, at: CallTime) {
        let mut leaves = outcome.hang_up;
        for effect in outcome.effects {
            match effect {
                Effect::TakeMessage(message) => {
                    self.messages.push(message.clone());
                    self.act(Action::KeepMessage { message });
                }
                Effect::Transfer { to } => self.transfer(LegOrder::Transfer { to }),
                Effect::PressKeys { digits } => {
                    let digits = digits.into_revealed();
                    self.act(Action::Leg { order: LegOrder::SendDtmf { digits } });
                }
                Effect::EndCall => leaves = Some(EndReason::AgentSaidGoodbye),
            }
        }
        let Some(reason) = leaves else { return };
        // Whoever is being transferred has been said goodbye to, not hung up on.
        if self.phase != Phase::Transferring {
            self.phase = Phase::Leaving { reason };
            if self.ear.is_idle() {
                self.timers.start(Timer::GoodbyeWait, at + POST_ROLL);
            }
        }
    }

    fn transfer(&mut self, order: LegOrder) {
        match self.phase {
            Phase::Open | Phase::Leaving { .. } | Phase::Closing { .. } => {
                self.phase = Phase::Transferring;
                self.act(Action::Leg { order });
                self.timers.start(Timer::TransferWait, self.now + TRANSFER_WAIT_MAX);
            }
            // One transfer at a time.
            Phase::Transferring => (),
            Phase::Ringing | Phase::HangingUp { .. } | Phase::Ended { .. } => (),
        }
    }

    pub(crate) fn on_leg_refused(&mut self) {
        match self.phase {
            Phase::Transferring => {
                self.timers.stop(Timer::TransferWait);
                self.phase = Phase::Open;
                self.manners.due = Some(DueLine::TransferUnavailable);
                self.want_back();
            }
            // A leg that cannot even hang up is none.
            Phase::HangingUp { reason } => self.finish(reason),
            // Nothing was ordered.
            Phase::Ringing
            | Phase::Open
            | Phase::Closing { .. }
            | Phase::Leaving { .. }
            | Phase::Ended { .. } => (),
        }
    }

    pub(crate) fn on_goodbye_wait(&mut self) {
        match self.phase {
            Phase::Leaving { reason } => self.hang_up(reason),
            Phase::Ringing
            | Phase::Open
            | Phase::Transferring
            | Phase::Closing { .. }
            | Phase::HangingUp { .. }
            | Phase::Ended { .. } => (),
        }
    }

    /// Ends the leg, and whatever is still going on with it.
    pub(crate) fn hang_up(&mut self, reason: EndReason) {
        self.stop_reply();
        self.settle_record();
        self.discard_ear();
        self.timers.stop_all();
        self.phase = Phase::HangingUp { reason };
        self.act(Action::Leg { order: LegOrder::HangUp });
        self.timers.start(Timer::HangUpWait, self.now + HANG_UP_WAIT_MAX);
    }

    pub(crate) fn on_hang_up_wait(&mut self) {
        match self.phase {
            Phase::HangingUp { reason } => self.finish(reason),
            Phase::Ringing
            | Phase::Open
            | Phase::Transferring
            | Phase::Closing { .. }
            | Phase::Leaving { .. }
            | Phase::Ended { .. } => (),
        }
    }

    pub(crate) fn on_leg_ended(&mut self, how: LegEnd) {
        let by_leg = how.reason();
        let reason = match self.phase {
            Phase::HangingUp { reason } | Phase::Leaving { reason } => reason,
            Phase::Ringing | Phase::Open | Phase::Transferring | Phase::Closing { .. } => by_leg,
            Phase::Ended { .. } => return,
        };
        self.settle_record();
        self.finish(reason);
    }

    /// Writes down what is known to have been heard of a reply that has no end.
    fn settle_record(&mut self) {
        let Some(reply) = self.reply.take() else { return };
        let part = reply.heard_part(&[]);
        self.remember_heard(&reply, &part);
    }

    /// Stops whoever works on the present reply.
    fn stop_reply(&mut self) {
        let Some(reply) = &self.reply else { return };
        let generation = reply.generation;
        let heard = reply.heard_part(&[]).audio;
        let is_ordered = reply.is_ordered();
        let is_cleared = reply.stage == Stage::Clearing;
        let is_thinking = reply.thought == Progress::Thinking;
        if is_ordered && !is_cleared {
            self.act(Action::ClearPlayout { generation });
        }
        if is_thinking && !is_cleared {
            self.act(Action::CancelThought { generation });
        }
        if is_ordered {
            self.act(Action::CancelSpeech { generation, heard });
        }
    }

    pub(crate) fn finish(&mut self, reason: EndReason) {
        self.timers.stop_all();
        self.phase = Phase::Ended { reason };
        self.act(Action::Finish { reason });
    }
}

/// The warning comes this long before the end (conversation.md §7.9).
const WARNING: Millis = Millis::from_secs(60);

/// Calls not longer than this get no warning: it would come in their first half.
const WARNED_DURATION_MIN: Millis = Millis::from_secs(120);

/// The last sound reaches the ear before the line goes dead (conversation.md §7.7).
const POST_ROLL: Millis = Millis::new(300);

/// How long the agent's present words may delay a goodbye.
const CLOSING_WAIT_MAX: Millis = Millis::from_secs(8);

/// The carrier dials, the person's telephone rings: all on the carrier's side, which gives up first,
/// after 35 s at most (`front.transfer_ring_s` and what its news may take).
const TRANSFER_WAIT_MAX: Millis = Millis::from_secs(40);

/// A leg that does not end when told to is given up.
pub(crate) const HANG_UP_WAIT_MAX: Millis = Millis::from_secs(5);

const _: () = assert!(WARNING.get() < WARNED_DURATION_MIN.get());

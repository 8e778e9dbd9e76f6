//! Vendors that fail: again once, then an apology, then the end. Never silence.

use types::{BargeIn, DialogueEntry, EndReason};

use crate::Timer;
use crate::call::Call;
use crate::decision::{Decision, Failure};
use crate::phase::{Goodbye, Phase};
use crate::reply::{Piece, Progress, Sound, Stage};
use crate::turn::Recovery;

impl Call {
    /// Deals with what failed in the present reply, unless it is held or cleared.
    pub(crate) fn settle_failures(&mut self) {
        let Some(reply) = &self.reply else { return };
        match reply.stage {
            Stage::Unspoken | Stage::Voicing | Stage::Audible => (),
            // A barge-in may settle it.
            Stage::Held { .. } | Stage::Clearing => return,
        }
        if reply.thought == Progress::Failed {
            self.fail(Failure::Brain);
        } else if reply.script.pieces.iter().any(|piece| matches!(piece.sound, Sound::Failed)) {
            self.fail(Failure::Voice);
        }
    }

    /// Something failed in the present reply.
    pub(crate) fn fail(&mut self, what: Failure) {
        self.count_failure(what);
        let barge_in = self.config.turns.barge_in;
        let Some(reply) = &mut self.reply else { return };
        if let Some(reason) = reply.outcome.hang_up {
            // Not even a goodbye can be said.
            return self.hang_up(reason);
        }
        if what == Failure::Brain && reply.is_audible() {
            // The beginning is out: end it decently, and do nothing it would have promised.
            reply.outcome.effects.clear();
            reply.outcome.note = None;
            reply.thought = Progress::Done;
            let apology = self.config.lines.vendor_apology.clone();
            reply.script.pieces.push(Piece::new(apology, barge_in));
            return self.speak_on();
        }
        let is_known = reply.thought == Progress::Done;
        self.manners.recovery = match self.phase {
            // The goodbye that is due follows by itself.
            Phase::Closing { .. } => Recovery::None,
            Phase::Ringing
            | Phase::Open
            | Phase::Transferring
            | Phase::Leaving { .. }
            | Phase::HangingUp { .. }
            | Phase::Ended { .. } => match self.manners.failures {
                0..2 if is_known => Recovery::Speak,
                0..2 => Recovery::Think,
                2 => Recovery::Apologize,
                3.. => Recovery::None,
            },
        };
        if FAILURES_MAX <= self.manners.failures {
            self.start_closing(EndReason::VendorsFailed);
        } else {
            self.clear_reply();
        }
    }

    /// The failed reply is gone: what was decided about it.
    pub(crate) fn recover(&mut self) {
        match std::mem::take(&mut self.manners.recovery) {
            Recovery::None => (),
            Recovery::Think => {
                self.forget_cut();
                self.think();
            }
            Recovery::Speak => self.resume_cut(),
            Recovery::Apologize => {
                let is_silence =
                    matches!(self.dialogue.entries.last(), Some(DialogueEntry::NoInput { .. }));
                let line = if is_silence {
                    self.pick(&self.config.lines.no_input_prompts, self.manners.no_input)
                } else {
                    self.config.lines.vendor_apology.clone()
                };
                self.say_line_in_turn(line, None, self.config.turns.barge_in);
            }
        }
    }

    pub(crate) fn on_recognizer_failed(&mut self) {
        match self.phase {
            Phase::Open | Phase::Transferring | Phase::Leaving { .. } => {
                self.count_failure(Failure::Recognizer);
                self.start_closing(EndReason::VendorsFailed);
            }
            // The call ends without its words.
            Phase::Closing { .. } | Phase::HangingUp { .. } | Phase::Ended { .. } => (),
            // The goodbye is said once there is somebody to hear it.
            Phase::Ringing => {
                self.count_failure(Failure::Recognizer);
                self.phase = Phase::Closing {
                    reason: EndReason::VendorsFailed,
                    goodbye: Goodbye::AwaitsAnswer,
                };
            }
        }
    }

    fn count_failure(&mut self, what: Failure) {
        self.counts.vendor_failures += 1;
        self.manners.failures += 1;
        self.note(Decision::Failed { what, count: self.manners.failures });
    }

    /// Says goodbye in words the caller cannot stop.
    pub(crate) fn say_goodbye(&mut self, reason: EndReason) {
        let lines = &self.config.lines;
        let line = match reason {
            EndReason::DurationMax => &lines.duration_goodbye,
            EndReason::VendorsFailed | EndReason::Internal => &lines.vendors_failed,
            EndReason::NoInput => &lines.no_input_goodbye,
            EndReason::Shutdown
            | EndReason::AgentSaidGoodbye
            | EndReason::Transferred
            | EndReason::Overflow
            | EndReason::CallerHungUp
            | EndReason::LegLost
            | EndReason::MediaDead => &lines.goodbye,
        };
        let line = line.clone();
        self.phase = Phase::Closing { reason, goodbye: Goodbye::Begun };
        self.timers.stop(Timer::ClosingWait);
        self.turns.open_by_house();
        self.say_line_in_turn(line, Some(reason), BargeIn::Protected);
    }
}

/// Once again, once an apology, and no third time.
const FAILURES_MAX: u32 = 3;

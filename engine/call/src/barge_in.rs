//! Caller's speech against the agent's: held at once, then confirmed or rejected.

use types::{BargeIn, CallTime, DialogueEntry, Expect, Millis};

use crate::arbitration::{
    ARBITRATION_MAX, Confirmed, ECHO_HINT, Evidence, Likeness, Manner, OWN_WORDS_MIN, Partials,
    Rejected, Verdict, judge, meaning,
};
use crate::call::Call;
use crate::decision::{BargeInSeen, CallerVoice, Decision, Emptied};
use crate::ear::{Ear, Edge, Utterance};
use crate::echo::{EchoHeard, Suspicion, likeness};
use crate::reply::{HeldFrom, Progress, Reply, Stage};
use crate::words::tokens;
use crate::{Action, Timer, Words};

/// What is known of the caller's speech against a reply.
struct Known<'a> {
    utterance: &'a Utterance,
    /// All its words.
    text: Vec<String>,
    /// Those that cannot be the agent's own.
    said: Vec<String>,
    likeness: Likeness,
    echo: Option<EchoHeard>,
    partials: Partials,
    manner: Manner,
    now: CallTime,
    held: Millis,
    words: &'a Words,
}

impl<'a> Known<'a> {
    fn new(reply: &Reply, ear: &'a Ear, now: CallTime, words: &'a Words) -> Option<Self> {
        let utterance = ear.hearing.as_ref()?;
        let held = match reply.stage {
            Stage::Held { since, .. } => now.since(since),
            Stage::Unspoken | Stage::Voicing | Stage::Audible | Stage::Clearing => Millis::ZERO,
        };
        let text = tokens(&utterance.words.text);
        let own = reply.said_lately(now, now.since(utterance.began));
        let echo = ear.echo.heard();
        let likeness = likeness(&text, &own, echo);
        let mut said = text.clone();
        if likeness.sound.is_some_and(|sound| ECHO_HINT <= sound) {
            let own = tokens(&own);
            said.retain(|word| !own.contains(word));
        }
        // Where the agent's voice comes back loud, sound alone proves nothing.
        let partials = if ear.echo.is_loud(now) { Partials::Told } else { ear.partials };
        let manner = manner(reply);
        Some(Self { utterance, text, said, likeness, echo, partials, manner, now, held, words })
    }

    fn evidence(&self) -> Evidence<'_> {
        Evidence {
            text: &self.said,
            certainty: self.utterance.certainty,
            edge: self.utterance.edge,
            speech: self.utterance.speech(self.now),
            held: self.held,
            manner: self.manner,
            words: self.words,
            likeness: self.likeness,
            partials: self.partials,
        }
    }

    /// The evidence, for whoever reads the event log.
    fn seen(&self) -> BargeInSeen {
        let evidence = self.evidence();
        BargeInSeen {
            text: self.utterance.words.text.clone().into(),
            meaning: u32::try_from(meaning(&evidence)).unwrap_or(u32::MAX),
            certainty: self.utterance.certainty,
            voice: match self.utterance.edge {
                Edge::Speaking => CallerVoice::Speaking,
                Edge::Paused { .. } => CallerVoice::Paused,
                Edge::Ended { .. } => CallerVoice::Ended,
            },
            speech: evidence.speech,
            held: self.held,
            manner: self.manner,
            echo: self.echo,
            own_words: (!self.text.is_empty()).then_some(self.likeness.words),
        }
    }
}

fn manner(reply: &Reply) -> Manner {
    if !reply.is_audible() {
        Manner::Silent
    } else if reply.says_goodbye() {
        Manner::Leaving
    } else if reply.outcome.expect == Some(Expect::Choice) && reply.is_at_last_piece() {
        Manner::Asking
    } else {
        Manner::Telling
    }
}

impl Call {
    /// The caller speaks: if the agent does, too, the agent falls silent until it is clear why.
    pub(crate) fn consider_barge_in(&mut self) {
        let Some(reply) = &self.reply else { return };
        let Some(utterance) = &self.ear.hearing else { return };
        let from = match reply.stage {
            Stage::Unspoken => HeldFrom::Unspoken,
            Stage::Voicing => HeldFrom::Voicing,
            Stage::Audible => HeldFrom::Audible,
            Stage::Held { .. } | Stage::Clearing => return,
        };
        let (generation, id, began) = (reply.generation, utterance.id, utterance.began);
        match self.protection() {
            BargeIn::Allowed => (),
            // What is said meanwhile is answered afterwards.
            BargeIn::Protected => {
                let greeted = reply.audible_at.filter(|_| reply.is_greeting());
                let until = greeted.map(|at| at + self.config.turns.greeting_protected);
                // Past its own span a greeting may still be protected, as all the agent says is.
                if let Some(until) = until.filter(|&until| self.now < until) {
                    self.timers.start(Timer::BargeInArmed, until);
                }
                if from == HeldFrom::Audible {
                    self.note(Decision::BargeInProtected { generation, utterance: id });
                }
                return;
            }
        }
        if from == HeldFrom::Audible
            && !self.is_clear()
            && (self.is_doubtful() || self.is_too_early(began))
        {
            return;
        }
        if let Some(utterance) = &mut self.ear.hearing {
            utterance.suspicion = Suspicion::None;
        }
        let seen = self.barge_in_seen();
        let Some(reply) = &mut self.reply else { return };
        let is_ordered = reply.is_ordered();
        reply.hold(self.now, from);
        self.note(Decision::BargeInHeld { generation, utterance: id, seen });
        if is_ordered {
            self.act(Action::HoldPlayout { generation });
        }
        self.timers.stop(Timer::PlayoutWait);
        self.timers.stop(Timer::Endpoint);
        self.timers.stop(Timer::BargeInArmed);
        self.timers.start(Timer::BargeInArbitration, self.now + ARBITRATION_MAX);
    }

    /// The caller's speech, or what is known of it, has changed while the agent goes on.
    pub(crate) fn reconsider_barge_in(&mut self) {
        let is_doubted =
            self.ear.hearing.as_ref().is_some_and(|heard| heard.suspicion != Suspicion::None);
        if is_doubted {
            self.consider_barge_in();
        }
    }

    /// Whether what is known already says that the caller barges in.
    fn is_clear(&self) -> bool {
        let Some(reply) = &self.reply else { return false };
        let words = &self.config.lines.words;
        let known = Known::new(reply, &self.ear, self.now, words);
        known.is_some_and(|known| matches!(judge(&known.evidence()), Verdict::Confirmed(_)))
    }

    /// Whether what is heard does not stop the agent: its own voice, or sound that was found to be
    /// without words and still is.
    fn is_doubtful(&mut self) -> bool {
        let Some(reply) = &self.reply else { return false };
        let words = &self.config.lines.words;
        let Some(known) = Known::new(reply, &self.ear, self.now, words) else { return false };
        let evidence = known.evidence();
        let before = known.utterance.suspicion;
        let is_us = self.ear.echo.is_us(evidence.speech, before);
        let has_words = 0 < meaning(&evidence);
        let (generation, utterance) = (reply.generation, known.utterance.id);
        let suspicion = match before {
            _ if is_us => Suspicion::Echo,
            Suspicion::Wordless if !has_words => Suspicion::Wordless,
            Suspicion::None | Suspicion::Echo | Suspicion::Wordless => Suspicion::None,
        };
        if is_us && before != Suspicion::Echo {
            let seen = known.seen();
            self.note(Decision::BargeInIgnored { generation, utterance, seen });
        }
        if let Some(utterance) = &mut self.ear.hearing {
            utterance.suspicion = suspicion;
        }
        suspicion != Suspicion::None
    }

    /// Whether the agent has only just begun, or been stopped for nothing: it goes on for a moment,
    /// and stops then if the caller still speaks.
    fn is_too_early(&mut self, began: CallTime) -> bool {
        let Some(reply) = &self.reply else { return false };
        // Who begins together with the agent goes on with the turn, unless it is the agent's echo.
        let is_loud = self.ear.echo.is_loud(self.now);
        let armed = reply.audible_at.filter(|&at| is_loud && at <= began);
        let armed = armed.map(|at| at + ARMED_AFTER);
        let until = armed.into_iter().chain(self.manners.cool_until).max();
        let Some(until) = until.filter(|&until| self.now < until) else { return false };
        if !self.timers.runs(Timer::BargeInArmed) {
            let generation = reply.generation;
            self.note(Decision::BargeInPostponed { generation, until });
            self.timers.start(Timer::BargeInArmed, until);
        }
        true
    }

    /// Barge-in may be considered again.
    pub(crate) fn on_barge_in_armed(&mut self) {
        self.consider_barge_in();
        self.judge_barge_in();
    }

    /// Whether the caller may talk over what is being heard now.
    pub(crate) fn protection(&self) -> BargeIn {
        let Some(reply) = &self.reply else { return BargeIn::Allowed };
        let span = self.config.turns.greeting_protected;
        match reply.audible_at {
            Some(at) if reply.is_greeting() && self.now < at + span => BargeIn::Protected,
            Some(_) | None => reply.barge_in(),
        }
    }

    /// Looks at what is known of the caller's speech, if the agent is held for it.
    pub(crate) fn judge_barge_in(&mut self) {
        let Some(reply) = &self.reply else { return };
        let Stage::Held { .. } = reply.stage else { return };
        let words = &self.config.lines.words;
        let Some(known) = Known::new(reply, &self.ear, self.now, words) else { return };
        match judge(&known.evidence()) {
            Verdict::Confirmed(why) => self.confirm_barge_in(why),
            Verdict::Rejected(why) => self.reject_barge_in(why),
            Verdict::Undecided if self.timers.runs(Timer::BargeInArbitration) => (),
            Verdict::Undecided => {
                self.timers.start(Timer::BargeInArbitration, self.now + ARBITRATION_AGAIN);
            }
        }
    }

    /// The agent has just finished: what is heard may be the end of its own words.
    pub(crate) fn suspect_echo(&mut self) {
        let is_audible = self.reply.as_ref().is_some_and(Reply::is_audible);
        let Some(utterance) = self.ear.hearing.as_mut().filter(|_| !is_audible) else { return };
        let speech = utterance.speech(self.now);
        let is_us = self.ear.echo.is_us(speech, utterance.suspicion);
        utterance.suspicion = match utterance.suspicion {
            _ if is_us => Suspicion::Echo,
            Suspicion::Echo => Suspicion::None,
            before @ (Suspicion::None | Suspicion::Wordless) => before,
        };
    }

    /// Whether nothing is recognized of what is heard but what the agent has just said. Sound like the
    /// agent's is no reason to drop a question.
    fn has_only_own_words(&self) -> bool {
        let Some(heard) = &self.ear.hearing else { return true };
        let text = tokens(&heard.words.text);
        let own = match self.dialogue.entries.last() {
            Some(DialogueEntry::Agent { text, .. }) => text.reveal().as_str(),
            Some(_) | None => "",
        };
        text.is_empty() || OWN_WORDS_MIN <= likeness(&text, own, None).words
    }

    /// The caller is silent again, having spoken into a reply that went on: if that was nothing, it is
    /// forgotten.
    pub(crate) fn settle_ignored(&mut self) {
        let Some(suspicion) = self.ear.hearing.as_ref().map(|heard| heard.suspicion) else {
            return;
        };
        let is_held =
            self.reply.as_ref().is_some_and(|reply| matches!(reply.stage, Stage::Held { .. }));
        // While the agent goes on, its words have been weighed already.
        let goes_on = self.reply.as_ref().is_some_and(|reply| reply.stage != Stage::Clearing);
        if suspicion == Suspicion::Echo
            && !is_held
            && (goes_on || self.has_only_own_words())
            && self.ear.echo.was_us(self.now)
        {
            match self.reply.as_ref().map(|reply| reply.generation) {
                Some(generation) => {
                    let (why, seen) = (Rejected::Echo, self.barge_in_seen());
                    self.note(Decision::BargeInRejected { generation, why, seen });
                }
                None => self.note(Decision::EmptyTurn { then: Emptied::Ignored }),
            }
            self.discard_hearing();
        }
    }

    /// Stops the agent for something the caller did, unless its words are protected.
    pub(crate) fn interrupt(&mut self, why: Confirmed) {
        let protection = self.protection();
        let Some(reply) = &self.reply else { return };
        match (reply.stage, protection) {
            (Stage::Clearing, _) => (),
            (Stage::Held { .. }, _)
            | (Stage::Unspoken | Stage::Voicing | Stage::Audible, BargeIn::Allowed) => {
                self.confirm_barge_in(why);
            }
            (Stage::Unspoken | Stage::Voicing | Stage::Audible, BargeIn::Protected) => (),
        }
    }

    fn confirm_barge_in(&mut self, why: Confirmed) {
        let Some(reply) = &self.reply else { return };
        let generation = reply.generation;
        let seen = self.barge_in_seen();
        if reply.is_audible() {
            self.counts.barge_ins += 1;
        }
        self.note(Decision::BargeInConfirmed { generation, why, seen });
        self.clear_reply();
        self.arm_endpoint();
    }

    /// What is known of the caller's speech against the reply, if there are both.
    fn barge_in_seen(&self) -> Option<BargeInSeen> {
        let words = &self.config.lines.words;
        let known = Known::new(self.reply.as_ref()?, &self.ear, self.now, words)?;
        Some(known.seen())
    }

    /// Takes the reply back: at once if the voice does not know of it, else by a clear.
    pub(crate) fn clear_reply(&mut self) {
        let Some(reply) = &mut self.reply else { return };
        assert!(reply.stage != Stage::Clearing, "one clear per generation");
        let generation = reply.generation;
        let is_ordered = reply.is_ordered();
        let is_thinking = reply.thought == Progress::Thinking;
        reply.stage = Stage::Clearing;
        for timer in [
            Timer::BargeInArbitration,
            Timer::BargeInArmed,
            Timer::ThinkWait,
            Timer::VoiceWait,
            Timer::PlayoutWait,
        ] {
            self.timers.stop(timer);
        }
        if is_ordered {
            self.act(Action::ClearPlayout { generation });
            self.timers.start(Timer::ClearWait, self.now + CLEAR_WAIT_MAX);
        }
        if is_thinking {
            self.act(Action::CancelThought { generation });
        }
        if !is_ordered {
            self.on_cut(&[]);
        }
    }

    fn reject_barge_in(&mut self, why: Rejected) {
        let Some(reply) = &self.reply else { return };
        let generation = reply.generation;
        let seen = self.barge_in_seen();
        self.counts.barge_ins_rejected += 1;
        self.note(Decision::BargeInRejected { generation, why, seen });
        self.manners.cool_until = Some(self.now + COOLDOWN);
        // Who still speaks may yet say something.
        match &mut self.ear.hearing {
            Some(utterance) if !matches!(utterance.edge, Edge::Ended { .. }) => {
                utterance.suspicion = match why {
                    Rejected::Echo | Rejected::OwnWords => Suspicion::Echo,
                    Rejected::Noise | Rejected::Backchannel | Rejected::Wordless => {
                        Suspicion::Wordless
                    }
                };
            }
            Some(_) | None => self.discard_hearing(),
        }
        self.release_reply();
    }

    /// Lets a held reply go on as if nothing had been.
    pub(crate) fn release_reply(&mut self) {
        let Some(reply) = &mut self.reply else { return };
        let Stage::Held { .. } = reply.stage else { return };
        let generation = reply.generation;
        let is_ordered = reply.is_ordered();
        reply.release(self.now);
        self.timers.stop(Timer::BargeInArbitration);
        if is_ordered {
            self.act(Action::ResumePlayout { generation });
        }
        self.speak_on();
        self.arm_playout_wait();
        self.settle_failures();
        self.finish_wordless();
    }
}

/// How often to look again afterwards.
const ARBITRATION_AGAIN: Millis = Millis::new(250);

/// Where echoes are loud the agent is stopped once it has been heard for so long: what comes before is
/// its own beginning (conversation.md §7.5).
const ARMED_AFTER: Millis = Millis::new(250);

/// Stopped for nothing, the agent is not stopped again at once (conversation.md §7.5).
const COOLDOWN: Millis = Millis::new(400);

/// The report of what was heard comes from our own media path: overdue after this long.
const CLEAR_WAIT_MAX: Millis = Millis::new(500);

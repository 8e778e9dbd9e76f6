//! What the caller is saying: utterances on their way to becoming a turn.

use types::{CallTime, Millis, Stages, UtteranceId};

use crate::arbitration::Partials;
use crate::call::Call;
use crate::decision::{Decision, EndpointSeen, Late};
use crate::dtmf::Keys;
use crate::echo::{Echo, EchoHeard, Suspicion};
use crate::endpoint::{Certainty, EndpointInputs, endpoint_bounds, endpoint_delay};
use crate::readings::Readings;
use crate::reply::Stage;
use crate::words::tokens;
use crate::{Action, Timer};

/// The caller's side since the last turn was answered.
#[derive(Debug, Default)]
pub(crate) struct Ear {
    /// What is being said.
    pub(crate) hearing: Option<Utterance>,
    /// What was said before it and belongs to the same turn, oldest first.
    pub(crate) parts: Vec<Part>,
    /// Keys pressed.
    pub(crate) keys: Keys,
    /// When what happened.
    pub(crate) stages: Stages,
    /// First sample of it all.
    pub(crate) began: Option<CallTime>,
    /// The line broke within a sentence: how long more of it is waited for.
    pub(crate) cut_off: Option<Millis>,
    /// What is known of the agent's own voice coming back.
    pub(crate) echo: Echo,
    /// Whether the recognizer tells words as they come.
    pub(crate) partials: Partials,
    /// How the caller pauses within a turn.
    pub(crate) pace: Pace,
    recognizer: Recognizer,
    next: UtteranceId,
}

/// How long the caller's own pauses within turns are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pace {
    pause: Option<Millis>,
}

impl Pace {
    /// The caller went on after `pause`: that was none of the ends.
    pub(crate) fn learn(&mut self, pause: Millis) {
        let pause = Millis::new(pause.get().clamp(PACE_MIN, PACE_MAX));
        // conversation.md §7.3: a moving average that keeps nine tenths; the first one stands.
        let kept = self.pause.unwrap_or(pause);
        self.pause = Some(Millis::new((kept.get() * 9 + pause.get()) / 10));
    }

    /// The bounds of the silence to wait for, after the turn was once taken to be over too soon.
    fn bounds_after_false_end(self, min: Millis, max: Millis) -> (Millis, Millis) {
        let learned = self.pause.unwrap_or(Millis::new(PACE_MIN));
        (min.max(learned), (max + FALSE_END_EXTRA).max(learned))
    }
}

/// How the recognizer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Recognizer {
    #[default]
    Well,
    /// It hears again what was said: its next last words are late.
    Recovers,
}

/// An utterance that has not ended for good.
#[derive(Debug)]
pub(crate) struct Utterance {
    pub(crate) id: UtteranceId,
    pub(crate) began: CallTime,
    pub(crate) edge: Edge,
    pub(crate) words: Readings,
    pub(crate) certainty: Certainty,
    /// Why the agent goes on although this is being said.
    pub(crate) suspicion: Suspicion,
}

/// The detector's last word on an utterance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edge {
    /// The caller speaks.
    Speaking,
    /// The caller is silent, perhaps only for a moment.
    Paused { at: CallTime },
    /// The caller has been silent for the detector's hangover.
    Ended { at: CallTime },
}

/// An utterance that is over.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) utterance: UtteranceId,
    pub(crate) words: Readings,
    pub(crate) last_words: LastWords,
    /// See [`Utterance::suspicion`].
    pub(crate) suspicion: Suspicion,
}

/// Whether the recognizer has said its last word on an utterance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LastWords {
    Awaited,
    There,
}

impl Ear {
    /// Whether nothing was said or keyed that is not answered.
    pub(crate) fn is_idle(&self) -> bool {
        self.hearing.is_none() && self.parts.is_empty() && self.keys.is_empty()
    }

    /// Whether something was said or keyed, and all of it is known.
    pub(crate) fn is_complete(&self) -> bool {
        self.hearing.is_none()
            && self.cut_off.is_none()
            && self.keys.is_complete()
            && self.parts.iter().all(|part| part.last_words == LastWords::There)
            && !self.is_idle()
    }

    /// Whether all that was said was nothing that stops the agent.
    pub(crate) fn is_suspect(&self) -> bool {
        self.parts.iter().all(|part| part.suspicion != Suspicion::None)
    }

    /// The words of all parts, final or not.
    pub(crate) fn words(&self) -> Readings {
        let mut words = Readings::default();
        self.parts.iter().for_each(|part| words.push(&part.words));
        words
    }
}

impl Utterance {
    /// How long the caller has been speaking, up to `now` or the last sample of speech.
    pub(crate) fn speech(&self, now: CallTime) -> Millis {
        match self.edge {
            Edge::Speaking => now.since(self.began),
            Edge::Paused { at } | Edge::Ended { at } => at.since(self.began),
        }
    }
}

impl Call {
    pub(crate) fn on_speech_started(&mut self, at: CallTime) {
        if self.ear.hearing.is_some() {
            return self.on_speech_resumed();
        }
        if !self.phase.listens() {
            return;
        }
        let id = self.ear.next;
        self.ear.next = id.next();
        if !self.ear.parts.is_empty() {
            // What the line cut off was no pause.
            if let (Some(ended), None) = (self.ear.stages.speech_ended, self.ear.cut_off) {
                self.ear.pace.learn(at.since(ended));
            }
            self.note(Decision::Merged { utterance: id });
        }
        self.ear.hearing = Some(Utterance {
            id,
            began: at,
            edge: Edge::Speaking,
            words: Readings::default(),
            certainty: Certainty::None,
            suspicion: Suspicion::None,
        });
        self.ear.echo.begin(self.now);
        self.ear.began.get_or_insert(at);
        self.ear.cut_off = None;
        self.timers.stop(Timer::GoOnWait);
        self.act(Action::BeginUtterance { utterance: id, at });
        self.timers.stop(Timer::NoInput);
        self.timers.stop(Timer::GoodbyeWait);
        self.timers.start(Timer::SpeechMax, self.now + SPEECH_MAX);
        self.suspect_echo();
        self.consider_barge_in();
    }

    /// How much what is heard is like the agent.
    pub(crate) fn on_echo(&mut self, heard: EchoHeard) {
        self.ear.echo.note(self.now, heard);
        if self.ear.hearing.is_some() {
            self.suspect_echo();
            self.reconsider_barge_in();
            self.judge_barge_in();
        }
    }

    pub(crate) fn on_speech_paused(&mut self, at: CallTime) {
        let Some(utterance) = &mut self.ear.hearing else { return };
        match utterance.edge {
            Edge::Speaking => {
                utterance.edge = Edge::Paused { at };
                let utterance = utterance.id;
                self.act(Action::PauseUtterance { utterance });
            }
            Edge::Paused { .. } | Edge::Ended { .. } => (),
        }
    }

    pub(crate) fn on_speech_resumed(&mut self) {
        let Some(utterance) = &mut self.ear.hearing else {
            // What went before the pause was dealt with: this is something new.
            return self.on_speech_started(self.now);
        };
        match utterance.edge {
            edge @ (Edge::Paused { .. } | Edge::Ended { .. }) => {
                utterance.edge = Edge::Speaking;
                if let Edge::Ended { at } = edge {
                    self.ear.pace.learn(self.now.since(at));
                }
                if utterance.certainty == Certainty::Stable {
                    utterance.certainty = Certainty::Partial;
                }
                if utterance.words.text.is_empty() {
                    // Nothing was said before: what comes is judged by itself.
                    self.ear.echo.begin(self.now);
                }
                let utterance = utterance.id;
                self.timers.stop(Timer::Endpoint);
                self.act(Action::ResumeUtterance { utterance });
                self.consider_barge_in();
            }
            // The detector says twice what it has said.
            Edge::Speaking => (),
        }
    }

    pub(crate) fn on_speech_ended(&mut self, at: CallTime) {
        self.on_speech_paused(at);
        let Some(utterance) = &mut self.ear.hearing else { return };
        utterance.edge = Edge::Ended { at };
        self.settle_ignored();
        self.arm_endpoint();
        self.judge_barge_in();
    }

    /// No audio comes: nothing more of this utterance will.
    pub(crate) fn on_speech_stopped(&mut self, at: CallTime) {
        self.on_speech_ended(at);
        let is_held =
            self.reply.as_ref().is_some_and(|reply| matches!(reply.stage, Stage::Held { .. }));
        // A barge-in is decided by its own clock.
        if !is_held {
            self.on_endpoint();
        }
    }

    /// Words that may still change, or are stable while the caller is silent.
    pub(crate) fn on_words(&mut self, id: UtteranceId, words: Readings, certainty: Certainty) {
        if let Some(utterance) = self.ear.hearing.as_mut().filter(|heard| heard.id == id) {
            let is_silent = utterance.edge != Edge::Speaking;
            if is_silent
                && utterance.certainty == Certainty::Stable
                && certainty < Certainty::Stable
            {
                // Decoded before the words we have, and overtaken by them.
                return;
            }
            utterance.certainty = match utterance.edge {
                // Decoded during a pause that has ended since.
                Edge::Speaking => Certainty::Partial,
                Edge::Paused { .. } | Edge::Ended { .. } => certainty,
            };
            utterance.words = words;
            if !is_silent && !utterance.words.text.is_empty() {
                self.ear.partials = Partials::Told;
            }
            self.arm_endpoint();
            self.reconsider_barge_in();
            self.judge_barge_in();
            return;
        }
        let mut parts = self.ear.parts.iter_mut();
        match parts.find(|part| part.utterance == id && part.last_words == LastWords::Awaited) {
            Some(part) => part.words = words,
            None => self.note(Decision::LateAnswer { to: Late::Utterance(id) }),
        }
    }

    pub(crate) fn on_final(&mut self, id: UtteranceId, words: Readings, audio: Millis) {
        self.counts.recognized = self.counts.recognized + audio;
        self.ear.recognizer = Recognizer::Well;
        let mut parts = self.ear.parts.iter_mut();
        let awaited =
            |part: &&mut Part| part.utterance == id && part.last_words == LastWords::Awaited;
        match parts.find(awaited) {
            Some(part) => {
                part.words = words;
                part.last_words = LastWords::There;
                self.on_last_words();
            }
            // A recognizer that ends utterances by itself: ours may yet go on.
            None => self.on_words(id, words, Certainty::Stable),
        }
    }

    fn on_last_words(&mut self) {
        self.ear.stages.transcribed = Some(self.now);
        if self.ear.parts.iter().all(|part| part.last_words == LastWords::There) {
            self.timers.stop(Timer::FinalWait);
        }
    }

    /// Chooses when the turn ends, if the caller is silent and nothing is being arbitrated.
    pub(crate) fn arm_endpoint(&mut self) {
        let is_held = self.reply.as_ref().is_some_and(|r| matches!(r.stage, Stage::Held { .. }));
        let Some(utterance) = &self.ear.hearing else { return };
        let Edge::Ended { at } = utterance.edge else { return };
        self.ear.stages.speech_ended = Some(at);
        if is_held {
            return;
        }
        let turns = &self.config.turns;
        let mut bounds = (turns.endpoint_delay_min, turns.endpoint_delay_max);
        if self.turns.is_withdrawn() || !self.ear.parts.is_empty() {
            bounds = self.ear.pace.bounds_after_false_end(bounds.0, bounds.1);
        }
        let inputs = EndpointInputs {
            text: &utterance.words.text,
            certainty: utterance.certainty,
            expect: self.manners.expect,
            delay_min: bounds.0,
            delay_max: bounds.1,
            words: &self.config.lines.words,
        };
        let (delay, rule, finished) = endpoint_delay(inputs);
        let (delay_min, delay_max) = endpoint_bounds(&inputs, rule);
        let decision = Decision::EndpointDelay {
            utterance: utterance.id,
            delay,
            rule,
            finished,
            certainty: utterance.certainty,
            expect: self.manners.expect,
            seen: Some(EndpointSeen {
                words: u32::try_from(tokens(&utterance.words.text).len()).unwrap_or(u32::MAX),
                speech: utterance.speech(self.now),
                silence: self.now.since(at),
                delay_min,
                delay_max,
            }),
        };
        self.ear.stages.endpoint_delay = Some(delay);
        self.timers.start(Timer::Endpoint, at + delay);
        self.note(decision);
    }

    /// The silence was long enough: no more of this utterance, its last words please.
    pub(crate) fn on_endpoint(&mut self) {
        let Some(utterance) = self.ear.hearing.take() else { return };
        let speech_ended = match utterance.edge {
            Edge::Paused { at } | Edge::Ended { at } => at,
            Edge::Speaking => self.now,
        };
        self.timers.stop(Timer::Endpoint);
        self.timers.stop(Timer::SpeechMax);
        self.ear.stages.speech_ended = Some(speech_ended);
        self.ear.stages.endpointed = Some(self.now);
        self.note(Decision::Endpointed { utterance: utterance.id, speech_ended });
        self.act(Action::FinalizeUtterance { utterance: utterance.id });
        self.ear.parts.push(Part {
            utterance: utterance.id,
            words: utterance.words,
            last_words: LastWords::Awaited,
            suspicion: utterance.suspicion,
        });
        let wait = match self.ear.recognizer {
            Recognizer::Well => FINAL_WAIT_MAX,
            Recognizer::Recovers => RECOVERY_WAIT_MAX,
        };
        self.timers.start(Timer::FinalWait, self.now + wait);
    }

    /// Last words come late: what is awaited is awaited longer.
    pub(crate) fn on_recognizer_recovers(&mut self) {
        self.ear.recognizer = Recognizer::Recovers;
        if self.ear.parts.iter().any(|part| part.last_words == LastWords::Awaited) {
            self.timers.start(Timer::FinalWait, self.now + RECOVERY_WAIT_MAX);
        }
    }

    pub(crate) fn on_speech_max(&mut self) {
        let Some(utterance) = &self.ear.hearing else { return };
        self.note(Decision::SpeechTooLong { utterance: utterance.id });
        self.on_endpoint();
    }

    pub(crate) fn on_final_wait(&mut self) {
        self.ear.recognizer = Recognizer::Well;
        let mut missing = Vec::new();
        for part in &mut self.ear.parts {
            if part.last_words == LastWords::Awaited {
                part.last_words = LastWords::There;
                missing.push(part.utterance);
            }
        }
        for utterance in missing {
            self.note(Decision::FinalMissing { utterance });
            self.act(Action::DiscardUtterance { utterance });
        }
        self.on_last_words();
    }

    /// Forgets what is being said, and tells the recognizer.
    pub(crate) fn discard_hearing(&mut self) {
        if self.ear.parts.is_empty() {
            self.ear.began = None;
        }
        self.timers.stop(Timer::Endpoint);
        self.timers.stop(Timer::SpeechMax);
        if let Some(utterance) = self.ear.hearing.take() {
            self.act(Action::DiscardUtterance { utterance: utterance.id });
        }
    }

    /// Forgets all that was said or keyed and not answered.
    pub(crate) fn discard_ear(&mut self) {
        self.discard_hearing();
        for part in std::mem::take(&mut self.ear.parts) {
            if part.last_words == LastWords::Awaited {
                self.act(Action::DiscardUtterance { utterance: part.utterance });
            }
        }
        self.timers.stop(Timer::FinalWait);
        self.timers.stop(Timer::DtmfGap);
        self.timers.stop(Timer::GoOnWait);
        self.ear.cut_off = None;
        self.ear.keys = Keys::default();
        self.ear.began = None;
        self.ear.stages = Stages::default();
    }
}

/// A final that takes longer is not worth waiting for: the words before it are used
/// (conversation.md §7.3).
const FINAL_WAIT_MAX: Millis = Millis::new(1_000);

/// The same while the recognizer hears again what was said: recovered words come within 2.5 s or not at
/// all, and a caller waits for no more than three seconds.
const RECOVERY_WAIT_MAX: Millis = Millis::new(2_600);

/// What is learned from a caller's pauses, in milliseconds (conversation.md §7.3).
const PACE_MIN: u32 = 200;
const PACE_MAX: u32 = 1_200;

/// How much longer unfinished words are waited for once a turn was taken to be over too soon
/// (conversation.md §7.3).
const FALSE_END_EXTRA: Millis = Millis::new(500);

/// Nobody speaks for this long without a pause: music on hold, a machine, noise (conversation.md §7.3).
const SPEECH_MAX: Millis = Millis::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callers_own_pauses_set_the_pace() {
        let (min, max) = (Millis::new(250), Millis::new(1_750));
        let mut pace = Pace::default();
        let unknown = pace.bounds_after_false_end(min, max);
        assert_eq!(unknown, (min, Millis::new(2_250)), "nothing is known yet");
        pace.learn(Millis::new(900));
        assert_eq!(pace.bounds_after_false_end(min, max).0, Millis::new(900));
        for _ in 0..60 {
            pace.learn(Millis::from_secs(9));
        }
        let slow = pace.bounds_after_false_end(min, max).0.get();
        assert!((1_150..=1_200).contains(&slow), "{slow}");
        let tight = Millis::new(300);
        let (low, high) = pace.bounds_after_false_end(tight, tight);
        assert!(low <= high);
    }
}

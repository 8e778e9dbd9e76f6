//! Caller's speech against the agent's: held at once, then confirmed or rejected.

use serde::{Deserialize, Serialize};
use types::{BargeIn, CallTime, Expect, Millis, Pii};

use crate::call::Call;
use crate::decision::{BargeInSeen, CallerVoice, Decision};
use crate::ear::{Edge, Utterance};
use crate::endpoint::Certainty;
use crate::reply::{HeldFrom, Progress, Reply, Stage};
use crate::words::{contains, tokens, words_beside};
use crate::{Action, Timer, Words};

/// Why the caller does barge in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confirmed {
    /// Two words that are no mere sign of listening.
    Words,
    /// A word that means stop.
    StopWord,
    /// Speech that lasts and has words in it.
    Lasting,
    /// A whole utterance that says something.
    Said,
    /// A key.
    Key,
    /// Speech still went on when time was up.
    TimeUp,
    /// The agent's protected words are over, and the caller had spoken into them.
    Unprotected,
}

/// Why the caller does not barge in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rejected {
    /// Short, and without words.
    Noise,
    /// A sign of listening.
    Backchannel,
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Confirmed(Confirmed),
    Rejected(Rejected),
    Undecided,
}

/// What barge-in is judged by.
struct Evidence<'a> {
    text: &'a [String],
    certainty: Certainty,
    edge: Edge,
    speech: Millis,
    held: Millis,
    manner: Manner,
    words: &'a Words,
}

/// What the caller would interrupt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Manner {
    /// Words the caller hears: signs of listening are natural.
    Telling,
    /// A question that can be answered in a word.
    Asking,
    /// A goodbye: the caller's own is natural.
    Leaving,
    /// Nothing yet: whatever the caller says belongs to the turn.
    Silent,
}

fn judge(evidence: &Evidence<'_>) -> Verdict {
    let meaning = meaning(evidence);
    match evidence.edge {
        Edge::Speaking | Edge::Paused { .. } => {
            if contains(evidence.text, &evidence.words.stops) && 0 < meaning {
                return Verdict::Confirmed(Confirmed::StopWord);
            }
            if 2 <= meaning {
                return Verdict::Confirmed(Confirmed::Words);
            }
            if 0 < meaning && LASTING_MIN <= evidence.speech {
                return Verdict::Confirmed(Confirmed::Lasting);
            }
            // A sign of listening that is still being said gets a little more time, and so does
            // a pause that is about to become an end.
            let is_listening = !evidence.text.is_empty() && meaning == 0;
            let is_speaking = evidence.edge == Edge::Speaking;
            let held_max = if is_listening || !is_speaking { HELD_MAX } else { ARBITRATION_MAX };
            if held_max <= evidence.held {
                return Verdict::Confirmed(Confirmed::TimeUp);
            }
            Verdict::Undecided
        }
        Edge::Ended { .. } => judge_ended(evidence, meaning),
    }
}

fn judge_ended(evidence: &Evidence<'_>, meaning: usize) -> Verdict {
    if 0 < meaning {
        return Verdict::Confirmed(Confirmed::Said);
    }
    let nothing = if evidence.text.is_empty() { Rejected::Noise } else { Rejected::Backchannel };
    match evidence.certainty {
        Certainty::Stable => Verdict::Rejected(nothing),
        // The words may lag: wait for those that do not.
        Certainty::None | Certainty::Partial if evidence.held < ARBITRATION_MAX => {
            Verdict::Undecided
        }
        Certainty::Partial => Verdict::Rejected(nothing),
        Certainty::None if evidence.speech < LASTING_MIN => Verdict::Rejected(Rejected::Noise),
        Certainty::None if evidence.held < HELD_MAX => Verdict::Undecided,
        // Speech that lasted, and a recognizer too slow to say what it was: let it be heard out.
        Certainty::None => Verdict::Confirmed(Confirmed::TimeUp),
    }
}

/// How many words say something.
fn meaning(evidence: &Evidence<'_>) -> usize {
    let words = evidence.words;
    match evidence.manner {
        Manner::Telling => words_beside(evidence.text, &[&words.backchannels, &words.fillers]),
        Manner::Leaving => {
            words_beside(evidence.text, &[&words.backchannels, &words.fillers, &words.farewells])
        }
        Manner::Silent | Manner::Asking => words_beside(evidence.text, &[&words.fillers]),
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

/// The evidence, for whoever reads the event log.
fn seen(
    reply: &Reply,
    utterance: &Utterance,
    (now, held): (CallTime, Millis),
    words: &Words,
) -> BargeInSeen {
    let text = tokens(&utterance.words.text);
    let evidence = Evidence {
        text: &text,
        certainty: utterance.certainty,
        edge: utterance.edge,
        speech: utterance.speech(now),
        held,
        manner: manner(reply),
        words,
    };
    BargeInSeen {
        text: Pii::new(utterance.words.text.clone()),
        meaning: u32::try_from(meaning(&evidence)).unwrap_or(u32::MAX),
        certainty: utterance.certainty,
        voice: match utterance.edge {
            Edge::Speaking => CallerVoice::Speaking,
            Edge::Paused { .. } => CallerVoice::Paused,
            Edge::Ended { .. } => CallerVoice::Ended,
        },
        speech: evidence.speech,
        held,
        manner: evidence.manner,
    }
}

impl Call {
    /// The caller speaks: if the agent does, too, the agent falls silent until it is clear why.
    pub(crate) fn consider_barge_in(&mut self) {
        let Some(reply) = &mut self.reply else { return };
        let Some(utterance) = &self.ear.hearing else { return };
        let from = match reply.stage {
            Stage::Unspoken => HeldFrom::Unspoken,
            Stage::Voicing => HeldFrom::Voicing,
            Stage::Audible => HeldFrom::Audible,
            Stage::Held { .. } | Stage::Clearing => return,
        };
        match reply.barge_in() {
            BargeIn::Allowed => (),
            // What is said meanwhile is answered afterwards.
            BargeIn::Protected => {
                let decision = Decision::BargeInProtected {
                    generation: reply.generation,
                    utterance: utterance.id,
                };
                if from == HeldFrom::Audible {
                    self.note(decision);
                }
                return;
            }
        }
        let generation = reply.generation;
        let seen = Some(seen(reply, utterance, (self.now, Millis::ZERO), &self.config.lines.words));
        let decision = Decision::BargeInHeld { generation, utterance: utterance.id, seen };
        let is_ordered = reply.is_ordered();
        reply.stage = Stage::Held { since: self.now, from };
        self.note(decision);
        if is_ordered {
            self.act(Action::HoldPlayout { generation });
        }
        self.timers.stop(Timer::PlayoutWait);
        self.timers.stop(Timer::Endpoint);
        self.timers.start(Timer::BargeInArbitration, self.now + ARBITRATION_MAX);
    }

    /// Looks at what is known of the caller's speech, if the agent is held for it.
    pub(crate) fn judge_barge_in(&mut self) {
        let Some(reply) = &self.reply else { return };
        let Stage::Held { since, .. } = reply.stage else { return };
        let Some(utterance) = &self.ear.hearing else { return };
        let text = tokens(&utterance.words.text);
        let evidence = Evidence {
            text: &text,
            certainty: utterance.certainty,
            edge: utterance.edge,
            speech: utterance.speech(self.now),
            held: self.now.since(since),
            manner: manner(reply),
            words: &self.config.lines.words,
        };
        match judge(&evidence) {
            Verdict::Confirmed(why) => self.confirm_barge_in(why),
            Verdict::Rejected(why) => self.reject_barge_in(why),
            Verdict::Undecided if self.timers.runs(Timer::BargeInArbitration) => (),
            Verdict::Undecided => {
                self.timers.start(Timer::BargeInArbitration, self.now + ARBITRATION_AGAIN);
            }
        }
    }

    /// Stops the agent for something the caller did, unless its words are protected.
    pub(crate) fn interrupt(&mut self, why: Confirmed) {
        let Some(reply) = &self.reply else { return };
        match (reply.stage, reply.barge_in()) {
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
        let (reply, utterance) = (self.reply.as_ref()?, self.ear.hearing.as_ref()?);
        let held = match reply.stage {
            Stage::Held { since, .. } => self.now.since(since),
            Stage::Unspoken | Stage::Voicing | Stage::Audible | Stage::Clearing => Millis::ZERO,
        };
        Some(seen(reply, utterance, (self.now, held), &self.config.lines.words))
    }

    /// Takes the reply back: at once if the voice does not know of it, else by a clear.
    pub(crate) fn clear_reply(&mut self) {
        let Some(reply) = &mut self.reply else { return };
        assert!(reply.stage != Stage::Clearing, "one clear per generation");
        let generation = reply.generation;
        let is_ordered = reply.is_ordered();
        let is_thinking = reply.thought == Progress::Thinking;
        reply.stage = Stage::Clearing;
        for timer in
            [Timer::BargeInArbitration, Timer::ThinkWait, Timer::VoiceWait, Timer::PlayoutWait]
        {
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
        self.discard_hearing();
        self.release_reply();
    }

    /// Lets a held reply go on as if nothing had been.
    pub(crate) fn release_reply(&mut self) {
        let Some(reply) = &mut self.reply else { return };
        let Stage::Held { from, .. } = reply.stage else { return };
        let generation = reply.generation;
        let is_ordered = reply.is_ordered();
        reply.stage = match from {
            HeldFrom::Unspoken => Stage::Unspoken,
            HeldFrom::Voicing => Stage::Voicing,
            HeldFrom::Audible => Stage::Audible,
        };
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

/// A decision is due after this long, if speech goes on (conversation.md §7.5).
const ARBITRATION_MAX: Millis = Millis::new(500);

/// How often to look again afterwards.
const ARBITRATION_AGAIN: Millis = Millis::new(250);

/// The agent is never held longer than this.
const HELD_MAX: Millis = Millis::new(1_000);

/// Speech this long with words in it is meant (conversation.md §7.5: 500 ms; the detector's edges
/// come debounced, so 350 ms of them are as good).
const LASTING_MIN: Millis = Millis::new(350);

/// The report of what was heard comes from our own media path: overdue after this long.
const CLEAR_WAIT_MAX: Millis = Millis::new(500);

const _: () = assert!(ARBITRATION_MAX.get() < HELD_MAX.get());

#[cfg(test)]
mod tests {
    use super::*;

    const SPEAKING: Edge = Edge::Speaking;
    const PAUSED: Edge = Edge::Paused { at: CallTime::ZERO };
    const ENDED: Edge = Edge::Ended { at: CallTime::ZERO };

    fn check(manner: Manner, rows: &[(Edge, Certainty, u32, u32, &str, Verdict)]) {
        let words = Words::english();
        for (edge, certainty, speech, held, text, verdict) in rows {
            let got = judge(&Evidence {
                text: &tokens(text),
                certainty: *certainty,
                edge: *edge,
                speech: Millis::new(*speech),
                held: Millis::new(*held),
                manner,
                words: &words,
            });
            assert_eq!(got, *verdict, "{manner:?} {text:?} {edge:?} after {speech} ms");
        }
    }

    #[test]
    fn the_agent_yields_to_words_and_not_to_noise() {
        use Certainty::{None, Partial, Stable};
        use Verdict::{Confirmed as Yes, Rejected as No, Undecided};
        check(
            Manner::Telling,
            &[
                (SPEAKING, None, 200, 0, "", Undecided),
                (SPEAKING, None, 600, 500, "", Yes(Confirmed::TimeUp)),
                (PAUSED, None, 300, 500, "", Undecided),
                (PAUSED, None, 300, 1_000, "", Yes(Confirmed::TimeUp)),
                (SPEAKING, Partial, 300, 200, "stop", Yes(Confirmed::StopWord)),
                (SPEAKING, Partial, 300, 200, "do you", Yes(Confirmed::Words)),
                (SPEAKING, Partial, 300, 200, "Sunday", Undecided),
                (SPEAKING, Partial, 350, 250, "Sunday", Yes(Confirmed::Lasting)),
                (SPEAKING, Partial, 600, 500, "mm-hm okay", Undecided),
                (SPEAKING, Partial, 1_100, 1_000, "mm-hm okay", Yes(Confirmed::TimeUp)),
                (ENDED, Stable, 200, 300, "", No(Rejected::Noise)),
                (ENDED, Stable, 400, 450, "Uh-huh.", No(Rejected::Backchannel)),
                (ENDED, Stable, 200, 300, "Sunday?", Yes(Confirmed::Said)),
                (ENDED, Partial, 400, 450, "yeah", Undecided),
                (ENDED, Partial, 400, 500, "yeah", No(Rejected::Backchannel)),
                (ENDED, None, 200, 500, "", No(Rejected::Noise)),
                (ENDED, None, 400, 500, "", Undecided),
                (ENDED, None, 400, 1_000, "", Yes(Confirmed::TimeUp)),
            ],
        );
    }

    #[test]
    fn what_counts_as_listening_depends_on_what_is_being_said() {
        let yes = || Verdict::Confirmed(Confirmed::Said);
        let no = || Verdict::Rejected(Rejected::Backchannel);
        let row = |text, verdict| [(ENDED, Certainty::Stable, 300, 400, text, verdict)];
        check(Manner::Telling, &row("Yes.", no()));
        check(Manner::Asking, &row("Yes.", yes()));
        check(Manner::Silent, &row("Okay.", yes()));
        check(Manner::Silent, &row("Um.", no()));
        check(Manner::Leaving, &row("Thank you, bye bye!", no()));
        check(Manner::Leaving, &row("One more question", yes()));
        check(Manner::Telling, &row("Goodbye.", yes()));
    }
}

//! From the brain's words to segments for the voice.

use std::sync::Arc;

use types::{
    BargeIn, BrainNote, DialogueEntry, Effect, Expect, FactId, GenerationId, Millis, Pii, SegmentId,
};

use crate::call::Call;
use crate::decision::{Decision, Late};
use crate::reply::{End, Piece, PieceKind, Progress, Reply, Sound, Source, Stage};
use crate::turn::Disclosure;
use crate::{Action, Timer};

impl Call {
    /// Asks the brain for a reply to the present turn.
    pub(crate) fn think(&mut self) {
        let generation = self.turns.next_generation();
        let mut reply = Reply::thought(generation);
        if self.manners.disclosure == Disclosure::Due
            && let Some(text) = &self.config.persona.disclosure
        {
            // The caller talked over the greeting and has not heard it yet.
            reply.script.pieces.push(Piece::disclosure(text.clone()));
        }
        self.begin_reply(reply);
        self.act(Action::Think { generation, dialogue: self.dialogue.clone() });
        self.timers.start(Timer::ThinkWait, self.now + THINK_WAIT_MAX);
        self.speak_on();
    }

    /// Says `text`, which no brain thought of, as a turn of the house.
    pub(crate) fn say_line(&mut self, text: String, consequence: Option<types::EndReason>) {
        self.turns.open_by_house();
        self.say_line_in_turn(text, consequence, self.config.turns.barge_in);
    }

    pub(crate) fn say_line_in_turn(
        &mut self,
        text: String,
        hang_up: Option<types::EndReason>,
        barge_in: BargeIn,
    ) {
        let generation = self.turns.next_generation();
        self.turns.present().reply = Pii::new(text.clone());
        let mut reply = Reply::scripted(generation, Source::Line, vec![Piece::new(text, barge_in)]);
        reply.outcome.hang_up = hang_up;
        self.begin_reply(reply);
        self.speak_on();
    }

    pub(crate) fn begin_reply(&mut self, reply: Reply) {
        assert!(self.reply.is_none(), "one reply at a time");
        self.timers.stop(Timer::NoInput);
        let mut reply = reply;
        self.prefix_bridge(&mut reply.script.pieces);
        self.reply = Some(reply);
    }

    pub(crate) fn on_thought(&mut self, id: GenerationId, text: &str, cites: Vec<FactId>) {
        let barge_in = self.config.turns.barge_in;
        let Some(reply) = self.thinking(id) else { return };
        let space = REPLY_BYTES_MAX.saturating_sub(reply.script.bytes);
        let end = (0..=space.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
        let text = &text[..end.unwrap_or(0)];
        reply.script.bytes += text.len();
        reply.script.segmenter.push(text);
        while let Some(piece) = reply.script.segmenter.poll() {
            reply.script.pieces.push(Piece::new(piece, barge_in));
        }
        let now = self.now;
        let record = self.turns.present();
        record.stages.thought.get_or_insert(now);
        let space = CITES_MAX.saturating_sub(record.cites.len());
        record.cites.extend(cites.into_iter().take(space));
        self.timers.start(Timer::ThinkWait, now + THINK_WAIT_MAX);
        self.speak_on();
    }

    /// The brain waits for something: what it has said so far is spoken meanwhile, and its own
    /// patience begins anew.
    pub(crate) fn on_thought_paused(&mut self, id: GenerationId) {
        let barge_in = self.config.turns.barge_in;
        let Some(reply) = self.thinking(id) else { return };
        let rest = reply.script.segmenter.finish();
        reply.script.pieces.extend(rest.map(|text| Piece::new(text, barge_in)));
        self.timers.start(Timer::ThinkWait, self.now + THINK_WAIT_MAX);
        self.speak_on();
    }

    /// The brain answers another reading of the caller's words: that one is remembered.
    pub(crate) fn on_understood(&mut self, id: GenerationId, reading: usize) {
        let Some(other) = reading.checked_sub(1) else { return };
        if self.thinking(id).is_none() {
            return;
        }
        let dialogue = Arc::make_mut(&mut self.dialogue);
        let entry = dialogue.entries.iter_mut().rev().find_map(|entry| match entry {
            DialogueEntry::Caller { turn, text, others } if *turn == id.turn => {
                Some((text, others))
            }
            DialogueEntry::Caller { .. }
            | DialogueEntry::Keys { .. }
            | DialogueEntry::Agent { .. }
            | DialogueEntry::NoInput { .. } => None,
        });
        let Some((text, others)) = entry else { return };
        let Some(answered) = others.get_mut(other) else { return };
        std::mem::swap(text, answered);
        let words = text.clone();
        self.turns.present().caller = words;
    }

    pub(crate) fn on_thought_effect(&mut self, id: GenerationId, effect: Effect) {
        let Some(reply) = self.thinking(id) else { return };
        if reply.outcome.effects.len() < EFFECTS_MAX {
            reply.outcome.effects.push(effect);
        }
    }

    pub(crate) fn on_thought_done(
        &mut self,
        id: GenerationId,
        expect: Expect,
        note: Option<BrainNote>,
    ) {
        let barge_in = self.config.turns.barge_in;
        let Some(reply) = self.thinking(id) else { return };
        let rest = reply.script.segmenter.finish();
        reply.script.pieces.extend(rest.map(|text| Piece::new(text, barge_in)));
        reply.outcome.expect = Some(expect);
        reply.outcome.note = note;
        let is_wordless = reply.script.pieces.iter().all(|piece| piece.kind == PieceKind::Bridge);
        let is_empty = is_wordless && reply.outcome.effects.is_empty();
        // A brain with nothing to say and nothing to do has failed: silence is no answer.
        reply.thought = if is_empty { Progress::Failed } else { Progress::Done };
        let text = reply.text();
        self.turns.present().reply = Pii::new(text);
        self.timers.stop(Timer::ThinkWait);
        self.speak_on();
        self.settle_failures();
        self.finish_wordless();
    }

    pub(crate) fn on_thought_failed(&mut self, id: GenerationId) {
        let Some(reply) = self.thinking(id) else { return };
        reply.thought = Progress::Failed;
        self.timers.stop(Timer::ThinkWait);
        self.settle_failures();
    }

    /// The brain has not said a word for too long.
    pub(crate) fn on_think_wait(&mut self) {
        let Some(reply) = &mut self.reply else { return };
        if reply.thought == Progress::Thinking {
            reply.thought = Progress::Failed;
            let generation = reply.generation;
            self.act(Action::CancelThought { generation });
            self.settle_failures();
        }
    }

    /// A reply that does something and says nothing is over as soon as it is there.
    pub(crate) fn finish_wordless(&mut self) {
        let is_wordless = self.reply.as_ref().is_some_and(|reply| {
            reply.thought == Progress::Done
                && reply.stage == Stage::Unspoken
                && reply.script.pieces.is_empty()
        });
        if is_wordless {
            self.finish_reply(self.now);
        }
    }

    /// Hands over to the voice what can be handed over.
    pub(crate) fn speak_on(&mut self) {
        if self.link.is_down() {
            return;
        }
        let Some(reply) = &mut self.reply else { return };
        match reply.stage {
            Stage::Unspoken | Stage::Voicing | Stage::Audible => (),
            Stage::Held { .. } | Stage::Clearing => return,
        }
        let generation = reply.generation;
        let mut orders = Vec::new();
        for (number, piece) in (0_u32..).zip(&mut reply.script.pieces) {
            if matches!(piece.sound, Sound::Waiting) {
                piece.sound = Sound::Ordered;
                self.counts.voiced_characters += piece.text.chars().count() as u64;
                orders.push(Action::Speak {
                    generation,
                    segment: SegmentId::new(number),
                    text: Pii::new(piece.text.clone()),
                    barge_in: piece.barge_in,
                });
            }
        }
        if !orders.is_empty() {
            if reply.stage == Stage::Unspoken {
                reply.stage = Stage::Voicing;
            }
            if !self.timers.runs(Timer::VoiceWait) {
                self.timers.start(Timer::VoiceWait, self.now + VOICE_WAIT_MAX);
            }
        }
        let is_over = reply.thought == Progress::Done && reply.script.end == End::Open;
        if is_over && reply.is_ordered() {
            reply.script.end = End::Told;
            orders.push(Action::EndSpeech { generation });
        }
        orders.into_iter().for_each(|order| self.act(order));
        self.arm_playout_wait();
    }

    /// The reply `id`, if its words are still wanted. An answer to a dead generation is noted.
    fn thinking(&mut self, id: GenerationId) -> Option<&mut Reply> {
        let wanted = self.reply.as_ref().is_some_and(|reply| {
            reply.generation == id
                && reply.thought == Progress::Thinking
                && reply.stage != Stage::Clearing
        });
        if !wanted {
            self.note(Decision::LateAnswer { to: Late::Generation(id) });
            return None;
        }
        self.reply.as_mut()
    }
}

/// A brain that is silent for this long has failed (conversation.md §7.3, turn watchdog).
const THINK_WAIT_MAX: Millis = Millis::from_secs(5);

/// A voice that is silent for this long has failed; local ones share their cores with other calls.
pub(crate) const VOICE_WAIT_MAX: Millis = Millis::from_secs(8);

/// Five minutes of speech: nobody listens longer to one reply.
const REPLY_BYTES_MAX: usize = 6_000;

/// Figures in one turn.
const CITES_MAX: usize = 64;

/// Things done in one turn.
const EFFECTS_MAX: usize = 8;

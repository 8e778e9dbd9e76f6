//! Exchanges: what the caller said, what is answered to it, and when.

use std::sync::Arc;

use types::{
    CallTime, DialogueEntry, EndReason, Expect, GenerationId, Heard, Pii, Stages, TurnId,
    TurnRecord,
};

use crate::call::Call;
use crate::decision::{Decision, Emptied};
use crate::outage::Bridge;
use crate::phase::Phase;
use crate::readings::Readings;
use crate::reply::{Consequences, HeardPart, Piece, Reply, Source};
use crate::words::{tokens, words_beside};

/// All exchanges; the last one is the present one.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    records: Vec<TurnRecord>,
    attempts: u16,
    answer: Answer,
}

/// What became of the present turn's answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Answer {
    /// It is on its way, or the caller heard something of it.
    #[default]
    Given,
    /// It was taken back before the caller heard anything: the turn is still open.
    Withdrawn,
}

/// What the call keeps in mind from turn to turn.
#[derive(Debug, Default)]
pub(crate) struct Manners {
    /// The kind of answer that was asked for last.
    pub(crate) expect: Expect,
    /// How often in a row nothing was understood.
    pub(crate) not_caught: u32,
    /// How often in a row the caller said nothing.
    pub(crate) no_input: u32,
    /// How often in a row a vendor failed.
    pub(crate) failures: u32,
    /// What to do about the last failure.
    pub(crate) recovery: Recovery,
    /// Whether the disclosure was heard.
    pub(crate) disclosure: Disclosure,
    /// The engine's own sentence that is to be said at the next silence.
    pub(crate) due: Option<DueLine>,
    /// The first sample of the greeting that was heard.
    pub(crate) greeted: Option<CallTime>,
    /// A reply that was cut and could go on.
    pub(crate) cut: Option<Cut>,
    /// The apology that goes before the agent's next words.
    pub(crate) bridge: Bridge,
    /// Stopped for nothing, the agent is not stopped again before.
    pub(crate) cool_until: Option<CallTime>,
}

/// What to do about a failure once the failed reply is gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Recovery {
    /// Nothing.
    #[default]
    None,
    /// Ask the brain again.
    Think,
    /// Say the same words again.
    Speak,
    /// Apologize.
    Apologize,
}

/// Whether the caller heard what the law wants said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Disclosure {
    /// There is none, or it was heard.
    #[default]
    Settled,
    /// Not yet.
    Due,
}

/// A sentence of the engine's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DueLine {
    /// The call ends in a minute.
    DurationWarning,
    /// The transfer did not work out.
    TransferUnavailable,
}

/// The rest of a reply that was cut.
#[derive(Debug)]
pub(crate) struct Cut {
    pub(crate) turn: TurnId,
    pub(crate) source: Source,
    pub(crate) heard: String,
    pub(crate) rest: Vec<Piece>,
    pub(crate) outcome: Consequences,
}

impl Turns {
    /// Opens the next turn.
    pub(crate) fn open(&mut self) -> TurnId {
        let turn = self.records.last().map_or(TurnId::FIRST, |record| record.turn.next());
        self.records.push(TurnRecord { turn, ..TurnRecord::default() });
        self.attempts = 0;
        self.answer = Answer::Given;
        turn
    }

    /// Opens a turn in which the agent speaks unasked.
    pub(crate) fn open_by_house(&mut self) {
        self.open();
    }

    /// The present turn.
    ///
    /// # Panics
    /// Before the first turn was opened: nothing can be said or heard before the greeting.
    pub(crate) fn present(&mut self) -> &mut TurnRecord {
        self.records.last_mut().expect("a turn is open once the call is answered")
    }

    /// The id of the next attempt at answering the present turn.
    pub(crate) fn next_generation(&mut self) -> GenerationId {
        let generation = GenerationId { turn: self.present().turn, attempt: self.attempts };
        self.attempts = self.attempts.saturating_add(1);
        self.answer = Answer::Given;
        generation
    }

    /// The present turn's answer is taken back.
    pub(crate) fn withdraw(&mut self) {
        let stages = &mut self.present().stages;
        *stages = Stages { thought: None, voiced: None, sent: None, heard: None, ..*stages };
        let record = self.present();
        record.cites.clear();
        record.reply = Pii::default();
        self.answer = Answer::Withdrawn;
    }

    pub(crate) fn is_withdrawn(&self) -> bool {
        self.answer == Answer::Withdrawn
    }

    pub(crate) fn is_greeting(&self) -> bool {
        self.records.len() == 1
    }

    pub(crate) fn records(&self) -> &[TurnRecord] {
        &self.records
    }
}

impl Call {
    /// The caller's side is complete and the agent is silent: answer.
    pub(crate) fn conclude(&mut self) {
        let words = self.ear.words();
        let keys = self.ear.keys.take();
        let stages = std::mem::take(&mut self.ear.stages);
        let is_suspect = self.ear.is_suspect();
        self.ear.parts.clear();
        let began = self.ear.began.take();
        if words.text.is_empty() && keys.is_none() {
            if self.manners.recovery != Recovery::None {
                // A reply failed meanwhile: what is to be done about it has waited for this silence.
                self.note(Decision::EmptyTurn { then: Emptied::ThoughtAgain });
                return self.recover();
            }
            if is_suspect && !self.turns.is_withdrawn() && self.manners.cut.is_none() {
                // The agent went on over it, and rightly so.
                return self.note(Decision::EmptyTurn { then: Emptied::Ignored });
            }
            return self.on_empty_turn();
        }
        if keys.is_none() && self.is_beside_the_point(&words.text, began) {
            return;
        }
        if let Phase::Leaving { reason } = self.phase {
            self.phase = Phase::Open;
            self.note(Decision::HangUpCancelled { reason });
        }
        if self.turns.is_withdrawn()
            && let (Some(ended), Some(began)) = (self.turns.present().stages.speech_ended, began)
        {
            // The answer came into a pause.
            self.ear.pace.learn(began.since(ended));
        }
        let words = self.open_or_go_on(words);
        self.manners = Manners {
            not_caught: 0,
            no_input: 0,
            cut: None,
            recovery: Recovery::None,
            ..std::mem::take(&mut self.manners)
        };
        let record = self.turns.present();
        record.stages = stages;
        record.caller = Pii::new(words.text.clone());
        let turn = record.turn;
        if let Some(digits) = keys {
            self.remember(DialogueEntry::Keys { turn, digits });
        }
        if !words.text.is_empty() {
            let others = words.others();
            self.remember(DialogueEntry::Caller { turn, text: Pii::new(words.text), others });
        }
        self.think();
    }

    /// A withdrawn turn goes on with more words; else a new one opens.
    fn open_or_go_on(&mut self, words: Readings) -> Readings {
        if !self.turns.is_withdrawn() {
            self.turns.open();
            return words;
        }
        let present = self.turns.present().turn;
        let dialogue = Arc::make_mut(&mut self.dialogue);
        let before = match dialogue.entries.last() {
            Some(DialogueEntry::Caller { turn, text, others }) if *turn == present => {
                Some(Readings::new(text.clone(), others.clone()))
            }
            // The caller did say something, after all.
            Some(DialogueEntry::NoInput { turn }) if *turn == present => Some(Readings::default()),
            Some(
                DialogueEntry::Caller { .. }
                | DialogueEntry::NoInput { .. }
                | DialogueEntry::Keys { .. }
                | DialogueEntry::Agent { .. },
            )
            | None => None,
        };
        let Some(mut merged) = before else { return words };
        dialogue.entries.pop();
        merged.push(&words);
        merged
    }

    /// Words that need no answer: a hello into the greeting, a goodbye after the goodbye.
    pub(crate) fn is_beside_the_point(&self, text: &str, began: Option<CallTime>) -> bool {
        let words = &self.config.lines.words;
        let tokens = tokens(text);
        let into_greeting = self.turns.is_greeting() && began < self.manners.greeted;
        if into_greeting && words_beside(&tokens, &[&words.greetings, &words.fillers]) == 0 {
            return true;
        }
        match self.phase {
            Phase::Leaving { reason: EndReason::AgentSaidGoodbye } => {
                let lists = [&words.farewells[..], &words.backchannels, &words.fillers];
                words_beside(&tokens, &lists) == 0
            }
            Phase::Ringing
            | Phase::Open
            | Phase::Transferring
            | Phase::Closing { .. }
            | Phase::Leaving { .. }
            | Phase::HangingUp { .. }
            | Phase::Ended { .. } => false,
        }
    }

    fn on_empty_turn(&mut self) {
        self.counts.empty_turns += 1;
        let then = match self.phase {
            Phase::Leaving { .. } => Emptied::HungUp,
            Phase::Ringing
            | Phase::Open
            | Phase::Transferring
            | Phase::Closing { .. }
            | Phase::HangingUp { .. }
            | Phase::Ended { .. } => {
                if self.turns.is_withdrawn() {
                    Emptied::ThoughtAgain
                } else if self.manners.cut.is_some() {
                    Emptied::Resumed
                } else if self.manners.not_caught < NOT_CAUGHT_MAX {
                    Emptied::NotCaught
                } else {
                    Emptied::Ignored
                }
            }
        };
        self.note(Decision::EmptyTurn { then });
        match then {
            Emptied::ThoughtAgain => self.think(),
            Emptied::Resumed => self.resume_cut(),
            Emptied::NotCaught => {
                let line = self.pick(&self.config.lines.not_caught, self.manners.not_caught);
                self.manners.not_caught += 1;
                self.say_line(line, None);
            }
            // The hang-up is re-armed when all is quiet.
            Emptied::Ignored | Emptied::HungUp => (),
        }
    }

    /// Says again what was not heard of the reply that was cut.
    pub(crate) fn resume_cut(&mut self) {
        let Some(cut) = self.manners.cut.take() else { return };
        if cut.rest.is_empty() {
            return;
        }
        // What was heard of it comes back as part of the whole.
        self.forget_cut();
        let source = match cut.source {
            Source::Brain | Source::Resumption => Source::Resumption,
            // Said anew, and still nobody's answer.
            Source::Greeting => Source::Greeting,
            Source::Line => Source::Line,
        };
        let generation = self.turns.next_generation();
        let mut reply = Reply::scripted(generation, source, cut.rest);
        if cut.turn == generation.turn {
            reply.script.heard_before = cut.heard;
        }
        reply.outcome = cut.outcome;
        let record = self.turns.present();
        if record.reply.reveal().is_empty() {
            record.reply = Pii::new(reply.text());
        }
        self.begin_reply(reply);
        self.speak_on();
    }

    /// Forgets what was heard of the present turn's answer: it is given anew.
    pub(crate) fn forget_cut(&mut self) {
        let turn = self.turns.present().turn;
        let dialogue = Arc::make_mut(&mut self.dialogue);
        if let Some(DialogueEntry::Agent { turn: cut, heard: Heard::Cut, .. }) =
            dialogue.entries.last()
            && *cut == turn
        {
            dialogue.entries.pop();
        }
    }

    /// Adds to what the brain may know.
    pub(crate) fn remember(&mut self, entry: DialogueEntry) {
        Arc::make_mut(&mut self.dialogue).entries.push(entry);
    }

    /// Writes down what was heard of `reply`.
    pub(crate) fn remember_heard(&mut self, reply: &Reply, part: &HeardPart) {
        self.note(Decision::HeardText {
            generation: reply.generation,
            text: Pii::new(part.text.clone()),
            heard: part.heard,
            audio: part.audio,
        });
        self.counts.heard = self.counts.heard + part.audio;
        if part.text.is_empty() {
            return;
        }
        let record = self.turns.present();
        record.heard = Pii::new(part.text.clone());
        record.cut = Some(part.heard);
        self.remember(DialogueEntry::Agent {
            turn: reply.generation.turn,
            text: Pii::new(part.text.clone()),
            heard: part.heard,
            note: reply.outcome.note.clone(),
        });
    }

    /// One of several lines that mean the same: the seed chooses the first, then they take turns.
    pub(crate) fn pick(&self, lines: &[String], count: u32) -> String {
        let number = self.seed.wrapping_add(u64::from(count)) % (lines.len().max(1) as u64);
        lines.get(number as usize).cloned().unwrap_or_default()
    }
}

/// More often in a row would sound like a machine; silence and its prompts follow.
const NOT_CAUGHT_MAX: u32 = 2;

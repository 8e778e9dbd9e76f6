//! Everything said around the answers: greetings, thanks, goodbyes, silence, and not having
//! understood.

use types::{Effect, Expect};

use crate::answers::{self, Verdict};
use crate::cues::Cue;
use crate::intent::Sense;
use crate::memory::{Question, Topic};
use crate::message;
use crate::reply::{Intent, Reply};
use crate::turn::Turn;

/// After so many misses a message is offered.
const MISSES_MAX: u8 = 2;

impl Turn<'_> {
    /// Says the greeting again.
    pub(crate) fn repeat_greeting(mut self) -> Reply {
        let greeting = self.desk.agent.persona.greeting.clone();
        for sentence in crate::phrase::sentences(&greeting) {
            self.out.say(sentence);
        }
        self.finish(Intent::Greeting, Expect::Open)
    }

    pub(crate) fn speak_up(mut self) -> Reply {
        let silences = self.reading.no_input;
        if silences > self.desk.agent.turns.no_input_prompts_max {
            self.out.say(self.desk.pick(
                "I can't hear you, so I'll hang up now. Please call us again.",
                "I can't hear you. Please call again.",
                "I cannot hear you, so I will end this call. Please call us again.",
            ));
            self.effects.push(Effect::EndCall);
            return self.finish(Intent::NoInput, Expect::Open);
        }
        let first = silences <= 1;
        self.out.say(if first {
            self.desk.pick("Are you still there?", "Still there?", "Are you still there?")
        } else {
            self.desk.pick(
                "I'm sorry, I can't hear you.",
                "I can't hear you.",
                "I am afraid I cannot hear you.",
            )
        });
        if let Some(draft) = &self.memory.draft {
            let slot = draft.slot;
            message::ask(self.desk, draft, &mut self.out);
            return self.finish(Intent::NoInput, message::expect(slot));
        }
        self.out.say(if first {
            self.desk.pick("What can I do for you?", "How can I help?", "How may I help you?")
        } else {
            "You can ask about our hours, prices or services, or leave a message."
        });
        self.finish(Intent::NoInput, Expect::Open)
    }

    pub(crate) fn small_talk(&mut self, sense: &Sense, _: Question) -> Option<(Intent, Expect)> {
        let desk = self.desk;
        if sense.has(Cue::Misunderstood) && !sense.is_question() {
            return Some(self.apologize());
        }
        if sense.has(Cue::Robot) {
            self.out.say(desk.pick(
                "I'm an automated assistant, not a person.",
                "I'm an automated assistant.",
                "I am an automated assistant, not a person.",
            ));
            self.out.say(desk.pick("How can I help?", "How can I help?", "How may I help you?"));
            return Some((Intent::SmallTalk, Expect::Open));
        }
        if sense.has(Cue::HowAreYou) {
            self.out.say(desk.pick(
                "I'm doing well, thanks for asking!",
                "Good, thanks.",
                "I am well, thank you.",
            ));
            self.out.say(desk.pick("How can I help?", "How can I help?", "How may I help you?"));
            return Some((Intent::SmallTalk, Expect::Open));
        }
        let done = sense.has(Cue::Done) && !sense.has(Cue::Help);
        if sense.has(Cue::Bye) && sense.is_plain(Cue::Bye) || done && sense.is_plain(Cue::Done) {
            self.goodbye();
            return Some((Intent::Goodbye, Expect::Open));
        }
        if sense.has(Cue::Bye) {
            // Hanging up on somebody who said something else is worse than one more question.
            self.out.say("Did you say goodbye?");
            self.ask_anything_else();
            return Some((Intent::Clarify, Expect::Choice));
        }
        if sense.has(Cue::NeverMind) {
            return Some(self.all_right());
        }
        if !sense.leftover.is_empty() && (sense.is_question() || sense.has(Cue::Thanks)) {
            return None;
        }
        if sense.has(Cue::Help) {
            self.out.say(desk.pick("Of course.", "Sure.", "Certainly."));
            self.out.say("I can tell you our hours, prices and services, or take a message.");
            return Some((Intent::SmallTalk, Expect::Open));
        }
        if sense.has(Cue::Thanks) {
            self.out.say(desk.pick("You're welcome!", "You're welcome.", "You are welcome."));
            self.ask_anything_else();
            return Some((Intent::Thanks, Expect::Open));
        }
        if sense.has(Cue::Greeting) {
            self.out.say(desk.pick("Hello!", "Hi.", "Hello."));
            self.out.say(desk.pick("How can I help?", "How can I help?", "How may I help you?"));
            return Some((Intent::Greeting, Expect::Open));
        }
        let bare = answers::is_filler(&sense.utterance) && !sense.utterance.is_empty();
        let verdict = answers::verdict(&sense.utterance).filter(|_| bare)?;
        match verdict {
            Verdict::Yes => {
                self.out.say(desk.pick(
                    "Great. How can I help?",
                    "How can I help?",
                    "How may I help you?",
                ));
                Some((Intent::SmallTalk, Expect::Open))
            }
            Verdict::No => Some(self.all_right()),
        }
    }

    /// The answer was to another question: asks for it, and offers a message if that goes on.
    fn apologize(&mut self) -> (Intent, Expect) {
        self.out.say(self.desk.pick(
            "I'm sorry, I got that wrong.",
            "Sorry, my mistake.",
            "I apologize, I misunderstood.",
        ));
        let misses = self.memory.misses;
        self.memory.misses = misses.saturating_add(1);
        if misses >= MISSES_MAX {
            self.offer_message();
            return (Intent::NotUnderstood, Expect::Choice);
        }
        self.out.say(self.desk.pick(
            "What would you like to know?",
            "What would you like to know?",
            "What would you like to know?",
        ));
        (Intent::NotUnderstood, Expect::Open)
    }

    /// A question that was understood as one, about something that is in no row.
    pub(crate) fn unknown(&mut self, sense: &Sense, _: Question) -> Option<(Intent, Expect)> {
        let changes = sense.has_any(&[Cue::Undo, Cue::NoBooking]);
        if sense.has(Cue::Undo) && !sense.is_question() {
            self.out.say(self.desk.pick(
                "I can't change appointments myself.",
                "I can't change appointments.",
                "I cannot change appointments myself.",
            ));
            self.offer_message();
            return Some((Intent::Message, Expect::Choice));
        }
        if !sense.is_question() || sense.leftover.is_empty() && !changes {
            return None;
        }
        let expect = self.say_unknown(Topic::Offered);
        Some((Intent::Unknown, expect))
    }

    /// Asks again in other words; in the end offers a message.
    pub(crate) fn miss(&mut self) -> Expect {
        let misses = self.memory.misses;
        self.memory.misses = misses.saturating_add(1);
        if misses >= MISSES_MAX {
            self.out.say(self.desk.pick(
                "I'm sorry, I'm having trouble understanding.",
                "Sorry, I'm having trouble understanding.",
                "I am sorry, I have difficulty understanding.",
            ));
            self.offer_message();
            return Expect::Choice;
        }
        if misses == 0 {
            self.out.say(self.desk.pick(
                "Sorry, I didn't catch that.",
                "Sorry, I didn't catch that.",
                "I am sorry, I did not understand that.",
            ));
            self.out.say(self.desk.pick(
                "Could you say it again?",
                "Once more, please?",
                "Could you please repeat it?",
            ));
        } else {
            self.out.say(self.desk.pick(
                "I'm still not sure I understood.",
                "I still didn't get it.",
                "I am still not sure that I understood.",
            ));
            self.out.say("You can ask about our hours, a price, or a service.");
        }
        Expect::Open
    }

    pub(crate) fn ask_anything_else(&mut self) {
        self.out.say(self.desk.pick(
            "Is there anything else?",
            "Anything else?",
            "Is there anything else?",
        ));
        self.memory.question = Question::AnythingElse;
    }

    pub(crate) fn goodbye(&mut self) {
        let name = &self.desk.facts.name;
        let text = match self.desk.pick("warm", "brisk", "formal") {
            "brisk" => "Thanks, bye!".to_owned(),
            "formal" => format!("Thank you for calling {name}. Goodbye."),
            _ => format!("Thanks for calling {name}. Bye!"),
        };
        self.out.say(text);
        self.effects.push(Effect::EndCall);
    }
}

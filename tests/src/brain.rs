//! A fake brain: answers by the caller's words, as its faults let it.

use call::Event;
use types::{Dialogue, DialogueEntry, Effect, Expect, GenerationId, Message, Millis, Pii, Urgency};

use crate::random::Random;
use crate::scenario::BrainFaults;

/// The brain of one call.
#[derive(Debug)]
pub struct Brain {
    faults: BrainFaults,
    random: Random,
    asked: u64,
}

impl Brain {
    /// A brain with `faults`.
    pub fn new(faults: BrainFaults, seed: u64) -> Self {
        Self { faults, random: Random::new(seed, 3), asked: 0 }
    }

    /// Thinks of a reply: its events and when they come.
    pub fn think(&mut self, generation: GenerationId, dialogue: &Dialogue) -> Vec<(Millis, Event)> {
        self.asked += 1;
        let first = self.random.span(Millis::new(5), self.faults.latency_max);
        if self.random.per_mille(self.faults.silent) {
            return Vec::new();
        }
        if self.random.per_mille(self.faults.fails) {
            return vec![(first, Event::ThoughtFailed { generation })];
        }
        let (text, effect) = self.reply(dialogue);
        let mut events = Vec::new();
        let mut at = first;
        for piece in text.split_inclusive(' ') {
            let text = Pii::new(piece.to_owned());
            events.push((at, Event::Thought { generation, text, cites: Vec::new() }));
            at = at + Millis::new(4);
        }
        if let Some(effect) = effect {
            events.push((at, Event::ThoughtEffect { generation, effect }));
        }
        let expect = if text.ends_with('?') { Expect::Choice } else { Expect::Open };
        events.push((at, Event::ThoughtDone { generation, expect, note: None }));
        events
    }

    fn reply(&mut self, dialogue: &Dialogue) -> (String, Option<Effect>) {
        let heard = match dialogue.entries.last() {
            Some(DialogueEntry::Caller { text, .. }) => text.reveal().to_lowercase(),
            Some(DialogueEntry::Keys { digits, .. }) => {
                return (format!("You pressed {}.", digits.reveal()), None);
            }
            Some(DialogueEntry::NoInput { .. }) => {
                return ("Are you still there?".to_owned(), None);
            }
            Some(DialogueEntry::Agent { .. }) | None => String::new(),
        };
        let number = self.asked;
        if heard.contains("bye") {
            return ("Goodbye, and have a pleasant day!".to_owned(), Some(Effect::EndCall));
        }
        if heard.contains("person") {
            let to = "+14155550100".parse().expect("a number");
            return (
                "I will put you through to a person.".to_owned(),
                Some(Effect::Transfer { to }),
            );
        }
        if heard.contains("message") {
            let (name, number_) = (Pii::default(), Pii::default());
            let reason = Pii::new(format!("number {number}"));
            let message = Message { name, number: number_, reason, urgency: Urgency::Normal };
            let text = "Thank you, I have written your message down for them.".to_owned();
            return (text, Some(Effect::TakeMessage(message)));
        }
        let text = format!(
            "A cleaning costs ${number}20 at our place, and it takes about an hour. We also do \
             fillings, crowns and whitening on any weekday. Is there anything else?"
        );
        (text, None)
    }
}

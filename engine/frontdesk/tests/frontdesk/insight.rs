//! The brain with a model of meaning: when it is asked, and what becomes of its answers.

use std::sync::{Arc, Mutex};

use frontdesk::{Frontdesk, General, Insight, Meanings, Then};
use types::{AgentConfig, CallId, DialogueEntry, GenerationId, LegAbilities, TurnId};
use vendor::{Brain as _, BrainContext, BrainEvent, Meaning, Offered, Sink, Thought};

use crate::support::{Talk, business};

/// A direction for every word, by its letters; alike are texts of the same words.
struct Words;

impl Meaning for Words {
    fn embed(&self, text: &str) -> Option<Vec<f32>> {
        let mut numbers = vec![0.0_f32; 64];
        for word in text.to_lowercase().split(|letter: char| !letter.is_alphanumeric()) {
            let place = word
                .bytes()
                .fold(7_usize, |sum, byte| sum.wrapping_mul(31) + usize::from(byte) % 97);
            numbers[place % 64] += 1.0;
        }
        let length = numbers.iter().map(|number| number * number).sum::<f32>().sqrt();
        Some(numbers.iter().map(|number| number / length.max(1.0)).collect())
    }
}

/// Hands out meanings if it has any, and keeps what is sought until it is told to answer.
#[derive(Default)]
struct Held {
    meanings: Option<Arc<Meanings>>,
    sought: Mutex<Vec<(String, Then)>>,
}

impl Held {
    fn knowing(agent: &AgentConfig) -> Self {
        let general = Arc::new(General::of(&Words).unwrap());
        let meanings = Meanings::of(&agent.facts, general, &Words).map(Arc::new);
        Self { meanings, sought: Mutex::default() }
    }
}

impl Insight for Held {
    fn meanings(&self, _: &AgentConfig) -> Option<Arc<Meanings>> {
        self.meanings.clone()
    }

    fn seek(&self, text: String, then: Then) {
        self.sought.lock().unwrap().push((text, then));
    }
}

#[derive(Default)]
struct Events(Mutex<Vec<BrainEvent>>);

impl Sink<BrainEvent> for Events {
    fn offer(&self, event: BrainEvent) -> Offered {
        self.0.lock().unwrap().push(event);
        Offered::Accepted
    }
}

/// What the brain says to `words`, and what it seeks beforehand.
fn said(insight: &Arc<Held>, words: &str) -> Arc<Events> {
    let mut talk = Talk::new(business("riverside-dental"), "2026-11-24T10:15:00-05:00");
    talk.say_only(words);
    let events = Arc::new(Events::default());
    let (agent, abilities) = (Arc::new(talk.agent.clone()), LegAbilities::ALL);
    let context = BrainContext { agent, caller: None, call: CallId::new(1), abilities };
    let mut session = Frontdesk::with(insight.clone()).open(context, events.clone()).unwrap();
    assert!(matches!(talk.dialogue.entries.last(), Some(DialogueEntry::Caller { .. })));
    let generation = GenerationId { turn: TurnId::FIRST, attempt: 0 };
    session.think(Thought { generation, dialogue: Arc::new(talk.dialogue), now: talk.now });
    events
}

const WORDS: &str = "Have you got room for a pony in the waiting area?";

#[test]
fn until_the_meanings_are_known_the_rules_alone_answer() {
    let insight = Arc::new(Held::default());
    let events = said(&insight, WORDS);
    assert!(matches!(events.0.lock().unwrap().last(), Some(BrainEvent::Done { .. })));
    assert!(insight.sought.lock().unwrap().is_empty());
}

#[test]
fn a_reply_comes_when_the_direction_does_and_only_once() {
    let insight = Arc::new(Held::knowing(&business("riverside-dental")));
    let events = said(&insight, WORDS);
    assert!(events.0.lock().unwrap().is_empty());
    let (text, then) = insight.sought.lock().unwrap().pop().unwrap();
    assert_eq!(text, WORDS);
    // From another thread, as it comes in a call.
    std::thread::spawn(move || then(Words.embed(&text))).join().unwrap();
    let events = events.0.lock().unwrap();
    let done = events.iter().filter(|event| matches!(event, BrainEvent::Done { .. })).count();
    assert_eq!(done, 1);
}

#[test]
fn without_a_direction_the_rules_answer_as_they_would_alone() {
    let alone = said(&Arc::new(Held::default()), WORDS);
    let insight = Arc::new(Held::knowing(&business("riverside-dental")));
    let events = said(&insight, WORDS);
    let (_, then) = insight.sought.lock().unwrap().pop().unwrap();
    then(None);
    assert_eq!(*events.0.lock().unwrap(), *alone.0.lock().unwrap());
}

#[test]
fn one_word_is_what_it_says() {
    let insight = Arc::new(Held::knowing(&business("riverside-dental")));
    let events = said(&insight, "Parking?");
    assert!(!events.0.lock().unwrap().is_empty());
    assert!(insight.sought.lock().unwrap().is_empty());
}

//! Answers to what the agent itself asked last.

use types::{Expect, Urgency};

use crate::answers::{self, Verdict};
use crate::calendar::Day;
use crate::cues::Cue;
use crate::hours::{Aspect, HoursAsk};
use crate::intent::{Ask, Certainty, Danger, Sense, Subject};
use crate::matching::Row;
use crate::memory::{Draft, Purpose, Question, Topic};
use crate::reply::Intent;
use crate::services;
use crate::turn::{Turn, WANTS};
use crate::words::Utterance;

/// A longer no says something besides.
const NO_WORDS_MAX: usize = 4;

/// Whether a few words ask nothing but what would be asked back.
fn only_doubts(sense: &Sense) -> bool {
    let doubts = sense.asks.iter().all(|(_, ask)| matches!(ask, Ask::Confirm(_)));
    sense.utterance.tokens.len() <= NO_WORDS_MAX && doubts && !sense.has_any(WANTS)
}

impl Turn<'_> {
    /// What the agent asked last, if this answers it.
    pub(crate) fn pending_question(
        &mut self,
        sense: &Sense,
        question: Question,
    ) -> Option<(Intent, Expect)> {
        let verdict = answers::verdict(&sense.utterance);
        let asks_more = sense.is_question() && !sense.asks.is_empty();
        match question {
            Question::Open => None,
            Question::Which => self.chosen(sense, verdict),
            Question::Connect | Question::Urgent => self.urgent(sense, question, verdict),
            Question::AfterHours => self.after_hours(sense, verdict),
            _ if asks_more || sense.has(Cue::Bye) => None,
            Question::AnythingElse => match verdict? {
                // "No, peace" is no question about a freeze.
                Verdict::No if !sense.is_wanted() && only_doubts(sense) => {
                    self.goodbye();
                    Some((Intent::Goodbye, Expect::Open))
                }
                _ if !sense.asks.is_empty() || sense.has_any(WANTS) => None,
                Verdict::No => {
                    self.goodbye();
                    Some((Intent::Goodbye, Expect::Open))
                }
                Verdict::Yes if sense.has_any(&[Cue::Done, Cue::Thanks]) => None,
                Verdict::Yes => {
                    self.out.say(self.desk.pick(
                        "Sure, what would you like to know?",
                        "Go ahead.",
                        "Certainly, please go ahead.",
                    ));
                    Some((Intent::SmallTalk, Expect::Open))
                }
            },
            Question::Meant(subject) => self.meant(sense, subject, verdict?),
            Question::MoreServices(from) => match verdict? {
                Verdict::Yes => {
                    let next = services::services(self.desk, usize::from(from), &mut self.out);
                    Some((Intent::Services, self.after_services(next)))
                }
                Verdict::No if !sense.has(Cue::Done) => Some(self.all_right()),
                Verdict::No => None,
            },
            Question::Message => match verdict {
                _ if sense.has(Cue::Message) => None,
                Some(Verdict::Yes) => Some(self.begin_message(Draft::new(Purpose::Message))),
                Some(Verdict::No) if sense.asks.is_empty() => Some(self.all_right()),
                Some(Verdict::No) | None => None,
            },
        }
    }

    /// A yes or a no to "did you mean ...?".
    fn meant(
        &mut self,
        sense: &Sense,
        subject: Subject,
        verdict: Verdict,
    ) -> Option<(Intent, Expect)> {
        if sense.asks.iter().any(|(_, ask)| !matches!(ask, Ask::Confirm(_))) || sense.has_any(WANTS)
        {
            return None;
        }
        match (verdict, subject) {
            (Verdict::No, _) => {
                self.out.say(self.desk.pick(
                    "Sorry about that. What would you like to know?",
                    "Sorry. What would you like to know?",
                    "I apologize. What would you like to know?",
                ));
                Some((Intent::Clarify, Expect::Open))
            }
            (Verdict::Yes, Subject::Person) => Some(self.put_through()),
            (Verdict::Yes, Subject::Row(row)) => Some(self.answer_asks(&[match row {
                Row::Service(at) => Ask::About(at),
                Row::Policy(at) => Ask::Policy(at),
                Row::Faq(at) => Ask::Faq(at),
                Row::Staff(at) => Ask::Staff(at),
                Row::Emergency => return None,
            }])),
            (Verdict::Yes, Subject::Price(at)) => Some(self.answer_asks(&[Ask::Price(at)])),
            (Verdict::Yes, Subject::Duration(at)) => Some(self.answer_asks(&[Ask::Duration(at)])),
            (Verdict::Yes, Subject::House(house)) => Some(self.answer_asks(&[Ask::House(house)])),
            (Verdict::Yes, Subject::Hours) => {
                let mut days = sense.days.clone();
                if days.days.is_empty() {
                    days.days.extend(self.memory.day.map(Day::later));
                }
                let ask = HoursAsk { aspect: Aspect::Hours, days, clock: None };
                Some(self.answer_asks(&[Ask::Hours(ask)]))
            }
        }
    }

    pub(crate) fn all_right(&mut self) -> (Intent, Expect) {
        self.out.say(self.desk.pick("All right.", "Okay.", "Very well."));
        self.ask_anything_else();
        (Intent::SmallTalk, Expect::Open)
    }

    /// Which of the services offered was chosen.
    pub(crate) fn chosen(
        &mut self,
        sense: &Sense,
        verdict: Option<Verdict>,
    ) -> Option<(Intent, Expect)> {
        let options = self.thread().services;
        let topic = self.memory.topic.unwrap_or(Topic::Offered);
        let fresh = sense.has_any(&[Cue::Price, Cue::Duration]) || sense.has_any(WANTS);
        let named = sense.services.iter().find_map(|hit| {
            let sure = hit.certainty == Certainty::Sure;
            let within: Vec<usize> =
                hit.options.iter().filter(|at| options.contains(at)).copied().collect();
            match (&within[..], &hit.options[..]) {
                ([one], _) | ([], [one]) if sure || !within.is_empty() => Some(*one),
                _ => None,
            }
        });
        let placed = answers::place(&sense.utterance, options.len()).map(|place| options[place]);
        let only = (options.len() == 1 && verdict == Some(Verdict::Yes)).then(|| options[0]);
        let part = self.part_of(sense, &options);
        if fresh && !sense.asks.is_empty() {
            return None;
        }
        if let Some(at) = named.or(placed).or(only).or(part) {
            let ask = match topic {
                Topic::Price => Ask::Price(at),
                Topic::Duration => Ask::Duration(at),
                Topic::Offered | Topic::Hours | Topic::Transfer | Topic::Taken => Ask::About(at),
            };
            return Some(self.answer_asks(&[ask]));
        }
        if verdict == Some(Verdict::No) && sense.asks.is_empty() {
            self.out.say(self.desk.pick(
                "Sorry about that. Which service did you mean?",
                "Which service, then?",
                "I apologize. Which service did you mean?",
            ));
            self.memory.services.clear();
            self.memory.question = Question::Which;
            return Some((Intent::Clarify, Expect::Open));
        }
        None
    }

    /// The one of `options` whose name holds a word of the answer that the others lack.
    pub(crate) fn part_of(&self, sense: &Sense, options: &[usize]) -> Option<usize> {
        let tells = |at: &&usize| {
            let service = &self.desk.facts.services[**at];
            let words = std::iter::once(&service.name).chain(&service.aliases);
            let words: Vec<Utterance> = words.map(|name| Utterance::new(name)).collect();
            sense.utterance.tokens.iter().filter(|token| token.weight > 0.0).any(|token| {
                words.iter().flat_map(|name| &name.tokens).any(|word| word.lemma == token.lemma)
            })
        };
        let mut fitting = options.iter().filter(tells);
        let first = fitting.next().copied();
        if fitting.next().is_some() { None } else { first }
    }

    pub(crate) fn urgent(
        &mut self,
        sense: &Sense,
        question: Question,
        verdict: Option<Verdict>,
    ) -> Option<(Intent, Expect)> {
        let wants_message = sense.has(Cue::Message)
            || sense.utterance.texts().iter().any(|text| ["message", "callback"].contains(text));
        let wants_person = sense.has(Cue::Person)
            || sense
                .utterance
                .texts()
                .iter()
                .any(|text| ["connect", "transfer", "through"].contains(text));
        let again = sense.emergency == Danger::Likely;
        if wants_message || question == Question::Urgent && (verdict == Some(Verdict::Yes) || again)
        {
            return Some(self.begin_urgent());
        }
        if wants_person || verdict == Some(Verdict::Yes) || again {
            return Some(self.put_through());
        }
        (verdict == Some(Verdict::No) && sense.asks.is_empty() && !sense.has(Cue::Bye))
            .then(|| self.all_right())
    }

    /// Whether it can wait until it opens.
    fn after_hours(&mut self, sense: &Sense, verdict: Option<Verdict>) -> Option<(Intent, Expect)> {
        const URGENT: [&str; 6] =
            ["urgent", "urgently", "emergency", "connect", "transfer", "wait"];
        let says = |word: &&str| sense.utterance.texts().contains(word);
        let denied = verdict == Some(Verdict::No);
        let cannot = says(&"wait") && denied;
        let urgent =
            URGENT.iter().any(says) && (!denied || cannot) || sense.emergency == Danger::Likely;
        if urgent {
            return Some(if self.can_transfer() { self.transfer() } else { self.begin_urgent() });
        }
        if sense.is_question() && !sense.asks.is_empty() || sense.has(Cue::Bye) {
            return None;
        }
        let message = sense.has(Cue::Message) || says(&"message") || verdict == Some(Verdict::Yes);
        if message {
            return Some(self.begin_message(Draft::new(Purpose::Message)));
        }
        (denied && sense.asks.is_empty()).then(|| self.all_right())
    }

    pub(crate) fn begin_urgent(&mut self) -> (Intent, Expect) {
        let draft = Draft { urgency: Urgency::Urgent, ..Draft::new(Purpose::Message) };
        self.begin_message(draft)
    }
}

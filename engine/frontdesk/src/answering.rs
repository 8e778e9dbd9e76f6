//! Answers to what was asked, and questions back where it is not clear.

use types::{Expect, Tone};

use crate::contact;
use crate::cues::Cue;
use crate::hours;
use crate::intent::{Ask, House, Sense, Subject};
use crate::matching::Row;
use crate::memory::{Question, SERVICES_MAX, Topic};
use crate::phrase::{is_plural, list, with_article};
use crate::reply::Intent;
use crate::services;
use crate::turn::Turn;

/// More answers in one reply nobody remembers.
const ANSWERS_MAX: usize = 3;
/// Every so many answers the agent asks whether there is anything else.
const ELSE_EVERY: u8 = 3;

impl Turn<'_> {
    pub(crate) fn asks(&mut self, sense: &Sense, _: Question) -> Option<(Intent, Expect)> {
        if sense.asks.is_empty() {
            return None;
        }
        Some(self.answer(sense))
    }

    /// Answers all that `sense` asks.
    pub(crate) fn answer(&mut self, sense: &Sense) -> (Intent, Expect) {
        let asks: Vec<Ask> = sense.asks.iter().map(|(_, ask)| ask.clone()).collect();
        let answer = self.answer_asks(&asks);
        let undoes = sense.has(Cue::Undo)
            && !sense.is_question()
            && asks.iter().any(|ask| matches!(ask, Ask::Policy(_)));
        if undoes && self.memory.question == Question::Open {
            self.offer_message();
            return (answer.0, Expect::Choice);
        }
        answer
    }

    pub(crate) fn answer_asks(&mut self, asks: &[Ask]) -> (Intent, Expect) {
        let mut expect = Expect::Open;
        let mut intent = None;
        // A name alone is no question about a person when the real question stands beside it.
        let others = asks.iter().any(|ask| !matches!(ask, Ask::House(House::Name)));
        let asks = asks.iter().filter(|ask| !others || !matches!(ask, Ask::House(House::Name)));
        let mut spoken = Vec::new();
        for ask in asks.take(ANSWERS_MAX) {
            let (own, wanted) = self.answer_one(ask);
            intent = intent.or(Some(own));
            if let Some(at) = ask.service() {
                spoken.push(at);
            }
            if wanted != Expect::Open {
                expect = wanted;
                break;
            }
        }
        if !spoken.is_empty() {
            spoken.dedup();
            let services = &self.desk.facts.services;
            let slugs = spoken.iter().filter_map(|at| services.get(*at)).map(|service| service.id);
            self.memory.services = slugs.take(SERVICES_MAX).collect();
        }
        self.memory.answers = self.memory.answers.wrapping_add(1);
        let brisk = self.desk.tone() == Tone::Brisk;
        if !brisk
            && expect == Expect::Open
            && self.memory.question == Question::Open
            && self.memory.answers.is_multiple_of(ELSE_EVERY)
        {
            self.ask_anything_else();
        }
        (intent.unwrap_or(Intent::NotUnderstood), expect)
    }

    fn answer_one(&mut self, ask: &Ask) -> (Intent, Expect) {
        let desk = self.desk;
        let expect = match ask {
            Ask::Price(at) | Ask::Duration(at) | Ask::Offered(at) | Ask::About(at) => {
                self.answer_service(ask, *at);
                Expect::Open
            }
            Ask::Which { options, topic } => self.ask_which(options, *topic),
            Ask::WhichTopic(at) => self.ask_which_topic(*at),
            Ask::WhichDay => self.ask_which_day(),
            Ask::Confirm(subjects) => self.ask_meant(subjects),
            Ask::Unknown(topic) => self.say_unknown(*topic),
            Ask::ServiceList => {
                let next = services::services(desk, 0, &mut self.out);
                self.after_services(next)
            }
            Ask::Hours(ask) => {
                self.memory.day = hours::answer(desk, ask, &mut self.out);
                self.memory.topic = Some(Topic::Hours);
                self.memory.aspect = Some(ask.aspect);
                Expect::Open
            }
            Ask::Staff(at) => self.say_row(Row::Staff(*at)),
            Ask::Policy(at) => self.say_row(Row::Policy(*at)),
            Ask::Faq(at) => self.say_row(Row::Faq(*at)),
            Ask::StaffList => {
                contact::staff_list(desk, &mut self.out);
                Expect::Open
            }
            Ask::House(house) => match contact::contact(desk, *house, &mut self.out) {
                contact::Known::Yes => Expect::Open,
                contact::Known::No => {
                    self.offer_message();
                    Expect::Choice
                }
            },
        };
        (ask.intent(), expect)
    }

    fn answer_service(&mut self, ask: &Ask, at: usize) {
        let Some(service) = self.desk.facts.services.get(at) else { return };
        let (desk, out) = (self.desk, &mut self.out);
        let topic = if matches!(ask, Ask::Price(_)) {
            services::price(service, out);
            Topic::Price
        } else if matches!(ask, Ask::Duration(_)) {
            services::takes(desk, service, out);
            Topic::Duration
        } else if matches!(ask, Ask::Offered(_)) {
            services::offered(service, out);
            Topic::Offered
        } else {
            services::about(service, out);
            Topic::Offered
        };
        self.memory.topic = Some(topic);
    }

    fn say_row(&mut self, row: Row) -> Expect {
        contact::say_row(self.desk, row, &mut self.out);
        Expect::Open
    }

    fn ask_which_topic(&mut self, at: usize) -> Expect {
        if let Some(service) = self.desk.facts.services.get(at) {
            let name = with_article(&service.name);
            let they = if is_plural(&service.name) { "they take" } else { "it takes" };
            self.out.say(format!("Which do you mean, the price of {name}, or how long {they}?"));
        }
        Expect::Choice
    }

    fn ask_which_day(&mut self) -> Expect {
        self.out.say(self.desk.pick(
            "Sorry, which day do you mean?",
            "Sorry, which day?",
            "I am sorry, which day do you mean?",
        ));
        self.memory.topic = Some(Topic::Hours);
        Expect::Choice
    }

    pub(crate) fn ask_which(&mut self, options: &[usize], topic: Topic) -> Expect {
        let services = &self.desk.facts.services;
        let known: Vec<_> = options.iter().filter_map(|at| services.get(*at)).collect();
        services::which(self.desk, &known, topic, &mut self.out);
        self.memory.services = known.iter().map(|service| service.id).collect();
        self.memory.topic = Some(topic);
        self.memory.question = Question::Which;
        if known.is_empty() { Expect::Open } else { Expect::Choice }
    }

    /// Asks which of `subjects` was meant.
    pub(crate) fn ask_meant(&mut self, subjects: &[Subject]) -> Expect {
        let facts = self.desk.facts;
        let labels: Vec<String> =
            subjects.iter().filter_map(|subject| contact::label(facts, *subject)).collect();
        self.out.say(format!("Did you mean {}?", list(&labels, "or")));
        self.memory.question = match subjects {
            [one] => Question::Meant(*one),
            _ => Question::Open,
        };
        // Who goes on about "it" has not denied it.
        if let [Subject::Row(Row::Service(at)) | Subject::Price(at) | Subject::Duration(at)] =
            subjects
            && let Some(service) = self.desk.facts.services.get(*at)
        {
            self.memory.services = vec![service.id];
        }
        Expect::Choice
    }

    pub(crate) fn say_unknown(&mut self, topic: Topic) -> Expect {
        self.out.say(match topic {
            Topic::Price => self.desk.pick(
                "I'm sorry, I don't have a price for that.",
                "I don't have a price for that.",
                "I am sorry, I do not have a price for that.",
            ),
            Topic::Duration | Topic::Hours | Topic::Transfer | Topic::Taken => self.desk.pick(
                "I'm sorry, I don't know that.",
                "I don't know that.",
                "I am sorry, I do not know that.",
            ),
            Topic::Offered => self.desk.pick(
                "I'm sorry, I don't know about that.",
                "I don't know about that.",
                "I am sorry, I do not know about that.",
            ),
        });
        self.offer_message();
        Expect::Choice
    }

    pub(crate) fn after_services(&mut self, next: Option<usize>) -> Expect {
        let Some(next) = next.and_then(|next| u8::try_from(next).ok()) else { return Expect::Open };
        self.memory.question = Question::MoreServices(next);
        Expect::Choice
    }
}

//! One reply in the making: what the caller wants, in the order in which wants go before each other.

use types::{Effect, Expect, FactId, Urgency};

use crate::answers::{self, Verdict};
use crate::contact;
use crate::cues::Cue;
use crate::desk::{Desk, Speech};
use crate::hours;
use crate::intent::{Ask, Certainty, Danger, Sense, Thread};
use crate::matching::{Index, Row};
use crate::memory::{Draft, Memory, Purpose, Question, SERVICES_MAX, Slot, Topic};
use crate::message::{self, Given, Outcome};
use crate::phrase::list;
use crate::reply::{Intent, Reading, Reply, TransferState};
use crate::services;
use crate::words::Utterance;

/// More answers in one reply nobody remembers.
const ANSWERS_MAX: usize = 3;
/// After so many misses a message is offered.
const MISSES_MAX: u8 = 2;
/// Every so many answers the agent asks whether there is anything else.
const ELSE_EVERY: u8 = 3;

/// A reply in the making.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    desk: &'a Desk<'a>,
    index: &'a Index,
    reading: &'a Reading,
    memory: Memory,
    out: Speech,
    effects: Vec<Effect>,
}

impl<'a> Turn<'a> {
    /// The reply to what `reading` left unanswered.
    pub(crate) fn new(desk: &'a Desk<'a>, index: &'a Index, reading: &'a Reading) -> Self {
        let memory = reading.memory.clone();
        Self { desk, index, reading, memory, out: Speech::default(), effects: Vec::new() }
    }

    /// Makes it.
    pub(crate) fn respond(mut self) -> Reply {
        if self.reading.words.is_empty() && self.reading.keys.is_empty() {
            return self.speak_up();
        }
        let utterance = corrected(Utterance::new(&self.reading.words));
        let thread = self.thread();
        let sense = Sense::new(self.desk, self.index, utterance, &thread);
        let question = std::mem::take(&mut self.memory.question);
        // A transfer that came to nothing is no topic any more.
        if self.memory.topic == Some(Topic::Transfer) {
            self.memory.topic = None;
        }
        let steps = [
            Self::emergency,
            Self::message_in_the_making,
            Self::keys,
            Self::pending_question,
            Self::person,
            Self::message,
            Self::booking,
            Self::asks,
            Self::small_talk,
            Self::unknown,
        ];
        for step in steps {
            if let Some((intent, expect)) = step(&mut self, &sense, question) {
                return self.finish(intent, expect);
            }
        }
        let expect = self.miss();
        self.finish(Intent::NotUnderstood, expect)
    }

    /// Says the greeting again.
    pub(crate) fn repeat_greeting(mut self) -> Reply {
        let greeting = self.desk.agent.persona.greeting.clone();
        for sentence in crate::phrase::sentences(&greeting) {
            self.out.say(sentence);
        }
        self.finish(Intent::Greeting, Expect::Open)
    }

    fn finish(mut self, intent: Intent, expect: Expect) -> Reply {
        if intent != Intent::NotUnderstood {
            self.memory.misses = 0;
        }
        if self.out.sentences.is_empty() {
            self.out.say(self.desk.pick(
                "How can I help?",
                "How can I help?",
                "How may I help you?",
            ));
        }
        Reply {
            sentences: self.out.sentences,
            effects: self.effects,
            expect,
            note: Some(self.memory.to_note()),
            intent,
        }
    }

    fn thread(&self) -> Thread {
        let place = |slug| self.desk.facts.services.iter().position(|service| service.id == slug);
        Thread {
            topic: self.memory.topic,
            services: self.memory.services.iter().filter_map(|slug| place(*slug)).collect(),
            day: self.memory.day,
        }
    }

    fn speak_up(mut self) -> Reply {
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

    fn emergency(&mut self, sense: &Sense, question: Question) -> Option<(Intent, Expect)> {
        let offered = matches!(question, Question::Connect | Question::Urgent);
        if sense.emergency == Danger::None || self.memory.draft.is_some() || offered {
            return None;
        }
        match &self.desk.facts.escalation.emergency {
            Some(text) => contact::say_text(text, FactId::Emergency, &mut self.out),
            None => self
                .out
                .say("If this is an emergency, please hang up and call the emergency services."),
        }
        self.memory.question = if self.can_transfer() {
            self.out.say(self.desk.pick(
                "Shall I connect you, or take an urgent message?",
                "Shall I connect you, or take an urgent message?",
                "Shall I connect you, or take an urgent message?",
            ));
            Question::Connect
        } else {
            self.out.say("Shall I take an urgent message?");
            Question::Urgent
        };
        Some((Intent::Emergency, Expect::Choice))
    }

    fn message_in_the_making(&mut self, sense: &Sense, _: Question) -> Option<(Intent, Expect)> {
        let draft = self.memory.draft.take()?;
        let dictating = matches!(draft.slot, Slot::Reason | Slot::Wish | Slot::Name);
        let confirming = draft.slot == Slot::AllRight;
        if sense.has(Cue::NeverMind) {
            self.out.say(self.desk.pick(
                "Okay, no message then.",
                "Okay, no message.",
                "Very well, no message then.",
            ));
            self.ask_anything_else();
            return Some((Intent::Message, Expect::Open));
        }
        let leaves = sense.has(Cue::Bye) || sense.has(Cue::Done) && draft.slot == Slot::Name;
        if leaves && sense.asks.is_empty() {
            if confirming && answers::verdict(&sense.utterance) != Some(Verdict::No) {
                self.effects.push(message::finish(&draft));
            }
            self.goodbye();
            return Some((Intent::Goodbye, Expect::Open));
        }
        if sense.has(Cue::Person) && self.can_transfer() && draft.slot != Slot::Reason {
            return Some(self.transfer());
        }
        let question = sense.is_question() && !sense.asks.is_empty();
        let understood =
            !matches!(sense.asks.first(), Some((_, Ask::Unknown(_) | Ask::Which { .. })));
        if question && understood && draft.slot != Slot::Reason && self.reading.keys.is_empty() {
            let (intent, _) = self.answer(sense);
            message::ask(self.desk, &draft, &mut self.out);
            let expect = message::expect(draft.slot);
            self.memory.draft = Some(draft);
            return Some((intent, expect));
        }
        let whole = Utterance::new(&self.reading.words);
        let utterance = if dictating { &whole } else { &sense.utterance };
        let given = Given { said: &self.reading.words, utterance, keys: &self.reading.keys };
        match message::take(self.desk, draft, given, &mut self.out) {
            Outcome::Asking(draft) => Some(self.ask_slot(draft)),
            Outcome::Taken(effect) => {
                self.effects.push(effect);
                self.memory.topic = Some(Topic::Taken);
                self.out.say(self.desk.pick(
                    "Got it, I'll pass that on.",
                    "Got it.",
                    "Thank you, I will pass that on.",
                ));
                self.out.say(self.desk.pick(
                    "Is there anything else?",
                    "Anything else?",
                    "Is there anything else?",
                ));
                self.memory.question = Question::AnythingElse;
                Some((Intent::Message, Expect::Open))
            }
        }
    }

    fn ask_slot(&mut self, draft: Draft) -> (Intent, Expect) {
        message::ask(self.desk, &draft, &mut self.out);
        let expect = message::expect(draft.slot);
        let booking = draft.purpose == Purpose::Booking;
        self.memory.draft = Some(draft);
        (if booking { Intent::Booking } else { Intent::Message }, expect)
    }

    fn begin_message(&mut self, draft: Draft) -> (Intent, Expect) {
        let draft = message::begin(self.desk, draft);
        self.ask_slot(draft)
    }

    /// Keys outside of a message: 0 is a person everywhere.
    fn keys(&mut self, sense: &Sense, _: Question) -> Option<(Intent, Expect)> {
        if self.reading.keys.is_empty() || !sense.utterance.is_empty() {
            return None;
        }
        if self.reading.keys.trim_matches(['#', '*']) == "0" {
            return Some(self.to_person());
        }
        self.out.say(self.desk.pick(
            "I heard keys, but I only need them for phone numbers.",
            "Keys are only for phone numbers.",
            "Keys are only needed for telephone numbers.",
        ));
        self.out.say(self.desk.pick("How can I help?", "How can I help?", "How may I help you?"));
        Some((Intent::NotUnderstood, Expect::Open))
    }

    /// What the agent asked last, if this answers it.
    fn pending_question(&mut self, sense: &Sense, question: Question) -> Option<(Intent, Expect)> {
        let verdict = answers::verdict(&sense.utterance);
        let asks_more = sense.is_question() && !sense.asks.is_empty();
        match question {
            Question::Open => None,
            Question::Which => self.chosen(sense, verdict),
            Question::Connect | Question::Urgent => self.urgent(sense, question, verdict),
            _ if asks_more || sense.has(Cue::Bye) => None,
            Question::AnythingElse => match verdict? {
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

    fn all_right(&mut self) -> (Intent, Expect) {
        self.out.say(self.desk.pick("All right.", "Okay.", "Very well."));
        self.ask_anything_else();
        (Intent::SmallTalk, Expect::Open)
    }

    /// Which of the services offered was chosen.
    fn chosen(&mut self, sense: &Sense, verdict: Option<Verdict>) -> Option<(Intent, Expect)> {
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
                _ => Ask::About(at),
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
    fn part_of(&self, sense: &Sense, options: &[usize]) -> Option<usize> {
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

    fn urgent(
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
            return Some(self.to_person());
        }
        (verdict == Some(Verdict::No) && sense.asks.is_empty() && !sense.has(Cue::Bye))
            .then(|| self.all_right())
    }

    fn begin_urgent(&mut self) -> (Intent, Expect) {
        let draft = Draft { urgency: Urgency::Urgent, ..Draft::new(Purpose::Message) };
        self.begin_message(draft)
    }

    fn can_transfer(&self) -> bool {
        self.desk.facts.escalation.transfer_to.is_some()
            && self.reading.transfer == TransferState::Untried
    }

    fn person(&mut self, sense: &Sense, _: Question) -> Option<(Intent, Expect)> {
        let asked = sense.has(Cue::Person) && !sense.has(Cue::Robot);
        (asked && !sense.has(Cue::Message)).then(|| self.to_person())
    }

    fn to_person(&mut self) -> (Intent, Expect) {
        if self.can_transfer() {
            return self.transfer();
        }
        self.out.say(match self.reading.transfer {
            TransferState::Failed => self.desk.pick(
                "I'm sorry, I couldn't connect you.",
                "Sorry, I couldn't connect you.",
                "I am sorry, I could not connect you.",
            ),
            TransferState::Untried => self.desk.pick(
                "I'm sorry, I can't put you through.",
                "Sorry, I can't put you through.",
                "I am sorry, I cannot put you through.",
            ),
        });
        self.offer_message();
        (Intent::Person, Expect::Choice)
    }

    fn transfer(&mut self) -> (Intent, Expect) {
        let Some(to) = self.desk.facts.escalation.transfer_to else { return self.to_person() };
        let text = self.desk.pick(
            "Of course, I'll connect you now.",
            "Connecting you now.",
            "Certainly, I will connect you now.",
        );
        self.out.cite(text, &[FactId::Transfer]);
        self.effects.push(Effect::Transfer { to });
        self.memory.topic = Some(Topic::Transfer);
        self.memory.draft = None;
        (Intent::Person, Expect::Open)
    }

    fn offer_message(&mut self) {
        self.out.say(self.desk.pick(
            "Would you like to leave a message?",
            "Want to leave a message?",
            "Would you like to leave a message?",
        ));
        self.memory.question = Question::Message;
    }

    fn message(&mut self, sense: &Sense, _: Question) -> Option<(Intent, Expect)> {
        if !sense.has(Cue::Message) {
            return None;
        }
        let recipient = sense.staff.first().and_then(|at| self.desk.facts.staff.get(*at));
        self.out.say(self.desk.pick(
            "Sure, I can take a message.",
            "Sure.",
            "Certainly, I can take a message.",
        ));
        let draft = Draft {
            recipient: recipient.map(|person| person.name.clone()),
            ..Draft::new(Purpose::Message)
        };
        Some(self.begin_message(draft))
    }

    fn booking(&mut self, sense: &Sense, _: Question) -> Option<(Intent, Expect)> {
        if !sense.has_any(&[Cue::Booking, Cue::Availability])
            || sense.has_any(&[Cue::Undo, Cue::NoBooking])
        {
            return None;
        }
        let firm = |ask: &Ask| {
            matches!(
                ask,
                Ask::Price(_) | Ask::Duration(_) | Ask::Hours(_) | Ask::Faq(_) | Ask::Policy(_)
            )
        };
        let asks: Vec<Ask> = sense.asks.iter().map(|(_, ask)| ask.clone()).filter(firm).collect();
        let booking = sense.has(Cue::Booking);
        if !asks.is_empty() {
            // "Do I need an appointment?" is answered, not taken for one.
            if !booking || asks.iter().all(|ask| matches!(ask, Ask::Faq(_) | Ask::Policy(_))) {
                return None;
            }
            self.answer_asks(&asks);
            self.memory.question = Question::Open;
        }
        self.out.say(if booking {
            self.desk.pick(
                "I can't book it myself, but I'll pass your request on.",
                "I'll take a request, and we'll call you back.",
                "I cannot book it myself, but I will pass your request on.",
            )
        } else {
            self.desk.pick(
                "I can't see the calendar, but I'll pass your request on.",
                "I can't see the calendar. I'll take a request.",
                "I cannot see the calendar, but I will pass your request on.",
            )
        });
        let service = sense.services.iter().find(|hit| hit.certainty == Certainty::Sure);
        let service = service.and_then(|hit| self.desk.facts.services.get(hit.options[0]));
        let what = service.map_or_else(String::new, |service| format!(" for {}", service.name));
        let reason =
            format!("Appointment wanted{what}. Caller said: {}", self.reading.words.trim());
        let timed =
            !sense.days.days.is_empty() || crate::calendar::find_clock(&sense.utterance).is_some();
        let draft = Draft {
            reason: Some(crate::memory::shorten(&reason)),
            slot: if timed { Slot::Name } else { Slot::Wish },
            ..Draft::new(Purpose::Booking)
        };
        Some(self.begin_message(draft))
    }

    fn asks(&mut self, sense: &Sense, _: Question) -> Option<(Intent, Expect)> {
        if sense.asks.is_empty() {
            return None;
        }
        Some(self.answer(sense))
    }

    /// Answers all that `sense` asks.
    fn answer(&mut self, sense: &Sense) -> (Intent, Expect) {
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

    fn answer_asks(&mut self, asks: &[Ask]) -> (Intent, Expect) {
        let mut expect = Expect::Open;
        let mut intent = None;
        // A name alone is no question about a person when the real question stands beside it.
        let others = asks.iter().any(|ask| !matches!(ask, Ask::Staff(_) | Ask::Name));
        let asks = asks.iter().filter(|ask| !others || !matches!(ask, Ask::Name));
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
        let brisk = self.desk.pick("", "brisk", "") == "brisk";
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
        let out = &mut self.out;
        let service = ask.service().and_then(|at| desk.facts.services.get(at));
        match (ask, service) {
            (Ask::Price(_), Some(service)) => {
                services::price(desk, service, out);
                self.memory.topic = Some(Topic::Price);
                (Intent::Price, Expect::Open)
            }
            (Ask::Duration(_), Some(service)) => {
                services::takes(desk, service, out);
                self.memory.topic = Some(Topic::Duration);
                (Intent::Duration, Expect::Open)
            }
            (Ask::Offered(_), Some(service)) => {
                services::offered(service, out);
                self.memory.topic = Some(Topic::Offered);
                (Intent::Offered, Expect::Open)
            }
            (Ask::About(_), Some(service)) => {
                services::about(desk, service, out);
                self.memory.topic = Some(Topic::Offered);
                (Intent::Offered, Expect::Open)
            }
            (Ask::Which { options, topic }, _) => {
                (Intent::Clarify, self.ask_which(options, *topic))
            }
            (Ask::WhichRow(rows), _) => (Intent::Clarify, self.ask_which_row(rows)),
            (Ask::Unknown(topic), _) => (Intent::Unknown, self.say_unknown(*topic)),
            (Ask::ServiceList, _) => {
                let next = services::services(desk, 0, out);
                (Intent::Services, self.after_services(next))
            }
            (Ask::Hours(ask), _) => {
                self.memory.day = hours::answer(desk, ask, out);
                self.memory.topic = Some(Topic::Hours);
                (Intent::Hours, Expect::Open)
            }
            (Ask::Staff(at), _) => {
                contact::staff(desk, *at, out);
                (Intent::Staff, Expect::Open)
            }
            (Ask::StaffList, _) => {
                contact::staff_list(desk, out);
                (Intent::Staff, Expect::Open)
            }
            (Ask::Policy(at), _) => {
                contact::say_row(desk, Row::Policy(*at), out);
                (Intent::Policy, Expect::Open)
            }
            (Ask::Faq(at), _) => {
                contact::say_row(desk, Row::Faq(*at), out);
                (Intent::Faq, Expect::Open)
            }
            (ask, _) => {
                let known = contact::contact(desk, ask, out);
                let expect = match known {
                    contact::Known::Yes => Expect::Open,
                    contact::Known::No => {
                        self.offer_message();
                        Expect::Choice
                    }
                };
                (ask.intent(), expect)
            }
        }
    }

    fn ask_which(&mut self, options: &[usize], topic: Topic) -> Expect {
        let services = &self.desk.facts.services;
        let known: Vec<_> = options.iter().filter_map(|at| services.get(*at)).collect();
        services::which(self.desk, &known, topic, &mut self.out);
        self.memory.services = known.iter().map(|service| service.id).collect();
        self.memory.topic = Some(topic);
        self.memory.question = Question::Which;
        if known.is_empty() { Expect::Open } else { Expect::Choice }
    }

    fn ask_which_row(&mut self, rows: &[Row]) -> Expect {
        let labels: Vec<String> =
            rows.iter().filter_map(|row| contact::label(self.desk.facts, *row)).collect();
        self.out.say(format!("Is that about {}?", list(&labels, "or")));
        Expect::Choice
    }

    fn say_unknown(&mut self, topic: Topic) -> Expect {
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

    fn after_services(&mut self, next: Option<usize>) -> Expect {
        let Some(next) = next.and_then(|next| u8::try_from(next).ok()) else { return Expect::Open };
        self.memory.question = Question::MoreServices(next);
        Expect::Choice
    }

    fn small_talk(&mut self, sense: &Sense, _: Question) -> Option<(Intent, Expect)> {
        let desk = self.desk;
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
        if sense.has(Cue::Bye) || sense.has(Cue::Done) && !sense.has(Cue::Help) {
            self.goodbye();
            return Some((Intent::Goodbye, Expect::Open));
        }
        if sense.has(Cue::NeverMind) {
            return Some(self.all_right());
        }
        if !sense.leftover.is_empty() && sense.is_question() {
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

    /// A question that was understood as one, about something that is in no row.
    fn unknown(&mut self, sense: &Sense, _: Question) -> Option<(Intent, Expect)> {
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
    fn miss(&mut self) -> Expect {
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

    fn ask_anything_else(&mut self) {
        self.out.say(self.desk.pick(
            "Is there anything else?",
            "Anything else?",
            "Is there anything else?",
        ));
        self.memory.question = Question::AnythingElse;
    }

    fn goodbye(&mut self) {
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

/// Cues that want something else than an answer from the table.
const WANTS: &[Cue] = &[Cue::Person, Cue::Message, Cue::Booking, Cue::Availability];

/// What is left when the caller takes back the first words: "sorry, actually, how much is whitening".
fn corrected(utterance: Utterance) -> Utterance {
    let cues = crate::pattern::find_cues(&utterance);
    let Some(hit) = cues.iter().rev().find(|hit| hit.cue == Cue::Correction) else {
        return utterance;
    };
    let tail = utterance.tail(hit.mask.last() + 1);
    if tail.weight(tail.all()) > 0.0 || cues.iter().any(|cue| cue.mask.first() > hit.mask.last()) {
        tail
    } else {
        utterance
    }
}

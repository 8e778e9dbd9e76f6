//! One reply in the making: what the caller wants, in the order in which wants go before each
//! other.

use types::{Effect, Expect, FactId};

use crate::answers::{self, Verdict};
use crate::calendar::find_days;
use crate::contact;
use crate::correction::corrected;
use crate::cues::Cue;
use crate::desk::{Desk, Speech};
use crate::doubt::Meant;
use crate::hours::{self, Openness};
use crate::intent::{Ask, Certainty, Danger, Sense, Subject, Thread};
use crate::matching::Index;
use crate::memory::{Draft, Memory, Purpose, Question, Slot, Told, Topic};
use crate::message::{self, Given, Outcome};
use crate::repair::repair;
use crate::reply::{Intent, Reading, Reply, TransferState};
use crate::words::Utterance;

/// A reply in the making.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    /// The business at this moment.
    pub(crate) desk: &'a Desk<'a>,
    /// Its phrases.
    pub(crate) index: &'a Index,
    /// What is to be answered.
    pub(crate) reading: &'a Reading,
    /// What will be noted.
    pub(crate) memory: Memory,
    /// What is said.
    pub(crate) out: Speech,
    /// What is done then.
    pub(crate) effects: Vec<Effect>,
}

impl<'a> Turn<'a> {
    /// The reply to what `reading` left unanswered.
    pub(crate) fn new(desk: &'a Desk<'a>, index: &'a Index, reading: &'a Reading) -> Self {
        let memory = reading.memory.clone();
        Self { desk, index, reading, memory, out: Speech::default(), effects: Vec::new() }
    }

    /// Makes it.
    pub(crate) fn respond(self) -> Reply {
        if self.reading.words.is_empty() && self.reading.keys.is_empty() {
            return self.speak_up();
        }
        let sense = self.sense();
        self.respond_to(&sense)
    }

    /// What the words come to.
    pub(crate) fn sense(&self) -> Sense {
        let utterance = repair(Utterance::new(&self.reading.words), self.index);
        let mut utterance = corrected(utterance);
        self.index.lift(&mut utterance);
        Sense::new(self.desk, self.index, utterance, &self.thread())
    }

    /// Makes it, from what the words come to.
    pub(crate) fn respond_to(mut self, sense: &Sense) -> Reply {
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
            if let Some((intent, expect)) = step(&mut self, sense, question) {
                return self.finish(intent, expect);
            }
        }
        let expect = self.miss();
        self.finish(Intent::NotUnderstood, expect)
    }

    /// Answers what was meant.
    pub(crate) fn respond_instead(mut self, meant: &Meant) -> Reply {
        let ask = match meant {
            Meant::Tell(ask) => ask.clone(),
            Meant::Perhaps(subjects) => Ask::Confirm(subjects.clone()),
        };
        // The day of "did you mean our hours?" is not asked for again.
        if matches!(meant, Meant::Perhaps(_)) {
            let utterance = Utterance::new(&self.reading.words);
            let exceptions = &self.desk.facts.hours.exceptions;
            let days = find_days(&utterance, self.desk.now.date(), exceptions);
            if let [day] = &days.days[..] {
                self.memory.day = Some(day.date);
            }
        }
        self.memory.question = Question::Open;
        let (intent, expect) = self.answer_asks(&[ask]);
        self.finish(intent, expect)
    }

    pub(crate) fn finish(mut self, intent: Intent, expect: Expect) -> Reply {
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
            chosen: None,
        }
    }

    pub(crate) fn thread(&self) -> Thread {
        let place = |slug| self.desk.facts.services.iter().position(|service| service.id == slug);
        Thread {
            topic: self.memory.topic,
            services: self.memory.services.iter().filter_map(|slug| place(*slug)).collect(),
            day: self.memory.day,
            aspect: self.memory.aspect,
        }
    }

    pub(crate) fn emergency(
        &mut self,
        sense: &Sense,
        question: Question,
    ) -> Option<(Intent, Expect)> {
        let offered =
            matches!(question, Question::Connect | Question::Urgent | Question::AfterHours);
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

    pub(crate) fn message_in_the_making(
        &mut self,
        sense: &Sense,
        _: Question,
    ) -> Option<(Intent, Expect)> {
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

    pub(crate) fn ask_slot(&mut self, draft: Draft) -> (Intent, Expect) {
        message::ask(self.desk, &draft, &mut self.out);
        let expect = message::expect(draft.slot);
        let booking = draft.purpose == Purpose::Booking;
        self.memory.draft = Some(draft);
        (if booking { Intent::Booking } else { Intent::Message }, expect)
    }

    pub(crate) fn begin_message(&mut self, draft: Draft) -> (Intent, Expect) {
        let draft = message::begin(self.desk, draft);
        self.ask_slot(draft)
    }

    /// Keys outside of a message: 0 is a person everywhere.
    pub(crate) fn keys(&mut self, sense: &Sense, _: Question) -> Option<(Intent, Expect)> {
        if self.reading.keys.is_empty() || !sense.utterance.is_empty() {
            return None;
        }
        if self.reading.keys.trim_matches(['#', '*']) == "0" {
            return Some(self.put_through());
        }
        self.out.say(self.desk.pick(
            "I heard keys, but I only need them for phone numbers.",
            "Keys are only for phone numbers.",
            "Keys are only needed for telephone numbers.",
        ));
        self.out.say(self.desk.pick("How can I help?", "How can I help?", "How may I help you?"));
        Some((Intent::NotUnderstood, Expect::Open))
    }

    pub(crate) fn can_transfer(&self) -> bool {
        self.desk.facts.escalation.transfer_to.is_some()
            && self.reading.transfer == TransferState::Untried
    }

    pub(crate) fn person(&mut self, sense: &Sense, _: Question) -> Option<(Intent, Expect)> {
        // "Rosa, please."
        let called = !sense.staff.is_empty()
            && sense.cues.is_empty()
            && sense.days.mask.is_empty()
            && sense.utterance.tokens.len() <= CALLED_WORDS_MAX
            && sense.utterance.texts().contains(&"please");
        let asked = called || sense.has(Cue::Person) && !sense.has(Cue::Robot);
        if !asked || sense.has(Cue::Message) {
            return None;
        }
        if called || self.is_wish(sense) {
            return Some(self.put_through());
        }
        // A word like "human" in a sentence about something else connects nobody.
        let other = sense.asks.iter().any(|(_, ask)| !matches!(ask, Ask::Unknown(_)));
        (!other).then(|| (Intent::Clarify, self.ask_meant(&[Subject::Person])))
    }

    /// Whether the words that ask for a person stand in a wish, and beside nothing else.
    fn is_wish(&self, sense: &Sense) -> bool {
        const WISHES: [&str; 21] = [
            "can", "could", "may", "let", "like", "want", "wanna", "need", "rather", "prefer",
            "please", "connect", "transfer", "put", "get", "give", "patch", "is", "would",
            "trying", "just",
        ];
        let mask = sense.mask_of(Cue::Person);
        let tokens = &sense.utterance.tokens;
        let same = |at: usize| tokens[at].sentence == tokens[mask.first()].sentence;
        let near = mask.first().saturating_sub(4)..tokens.len();
        let wished = near.clone().any(|at| same(at) && WISHES.contains(&tokens[at].text.as_str()));
        // "With an accountant": whoever that is, it is a person.
        let role = |at: usize| {
            let before = |back: usize| at.checked_sub(back).map(|at| tokens[at].text.as_str());
            matches!(before(1), Some("a" | "an" | "the" | "your"))
                && (mask.holds(at - 1) || matches!(before(2), Some("with" | "to" | "through")))
        };
        let noise = near.clone().any(|at| {
            let beside = tokens[at].part == tokens[mask.last()].part;
            same(at) && beside && at > mask.last() && sense.leftover.holds(at) && !role(at)
        });
        let asked = sense.cues.iter().any(|hit| {
            matches!(hit.cue, Cue::Works | Cue::Price | Cue::Duration) && same(hit.mask.first())
        });
        let curt = (0..tokens.len()).filter(|at| same(*at)).count() <= 3 && sense.asks.is_empty();
        (curt || wished) && !asked && !noise
    }

    pub(crate) fn put_through(&mut self) -> (Intent, Expect) {
        if self.can_transfer() {
            // Nobody picks up while it is closed: a message, unless it cannot wait.
            if self.is_closed() && self.memory.told_closed == Told::Never {
                self.say_closed();
                self.out.say(self.desk.pick(
                    "Would you like to leave a message, or is it urgent?",
                    "Want to leave a message, or is it urgent?",
                    "Would you like to leave a message, or is it urgent?",
                ));
                self.memory.question = Question::AfterHours;
                return (Intent::Person, Expect::Choice);
            }
            return self.transfer();
        }
        if self.reading.transfer == TransferState::Untried {
            self.say_closed();
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

    pub(crate) fn transfer(&mut self) -> (Intent, Expect) {
        let Some(to) = self.desk.facts.escalation.transfer_to else { return self.put_through() };
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

    fn is_closed(&self) -> bool {
        hours::is_open_now(self.desk) == Openness::Closed
    }

    /// Says once in a call that it is closed now, if it is.
    pub(crate) fn say_closed(&mut self) {
        if self.is_closed() && self.memory.told_closed == Told::Never {
            hours::say_closed_now(self.desk, &mut self.out);
            self.memory.told_closed = Told::Once;
        }
    }

    pub(crate) fn offer_message(&mut self) {
        self.out.say(self.desk.pick(
            "Would you like to leave a message?",
            "Want to leave a message?",
            "Would you like to leave a message?",
        ));
        self.memory.question = Question::Message;
    }

    pub(crate) fn message(&mut self, sense: &Sense, _: Question) -> Option<(Intent, Expect)> {
        if !sense.has(Cue::Message) {
            return None;
        }
        let recipient = sense.staff.first().and_then(|at| self.desk.facts.staff.get(*at));
        self.say_closed();
        self.out.say(self.desk.pick(
            "Sure, I can take a message.",
            "Sure.",
            "Certainly, I can take a message.",
        ));
        let mut draft = Draft {
            recipient: recipient.map(|person| person.name.clone()),
            ..Draft::new(Purpose::Message)
        };
        message::take_along(&self.reading.words, &mut draft);
        if let Some(email) = &draft.email {
            self.out.say(format!("I have {email}."));
        }
        Some(self.begin_message(draft))
    }

    pub(crate) fn booking(&mut self, sense: &Sense, _: Question) -> Option<(Intent, Expect)> {
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
        // "What is it to have somebody come out?": the words are those of a service.
        let wishes =
            sense.cues.iter().filter(|hit| matches!(hit.cue, Cue::Booking | Cue::Availability));
        let named = |hit: &crate::pattern::CueHit| {
            sense.services.iter().any(|service| service.mask.meets(hit.mask))
        };
        let priced = sense
            .asks
            .iter()
            .any(|(_, ask)| matches!(ask, Ask::Price(_) | Ask::Duration(_) | Ask::Offered(_)));
        if priced && wishes.clone().all(named) {
            return None;
        }
        let asks: Vec<Ask> = sense.asks.iter().map(|(_, ask)| ask.clone()).filter(firm).collect();
        // "Is Dr. Keller available on Monday?" asks when somebody works.
        let works = sense.has(Cue::Works);
        if works && !sense.has(Cue::Booking) && !sense.staff.is_empty() {
            return None;
        }
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
}

/// A name and "please" among more words is a sentence about that person.
const CALLED_WORDS_MAX: usize = 5;

/// Cues that want something else than an answer from the table.
pub(crate) const WANTS: &[Cue] = &[Cue::Person, Cue::Message, Cue::Booking, Cue::Availability];

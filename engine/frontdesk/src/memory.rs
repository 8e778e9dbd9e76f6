//! What the brain wants to find again at its next turn, as the text of a [`BrainNote`].

use std::fmt::Write as _;

use crate::hours::Aspect;
use crate::intent::{House, Subject};
use crate::matching::Row;
use jiff::civil::Date;
use types::{BrainNote, Pii, Slug, Urgency};

/// What was spoken of and what was asked back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    /// What the last answer was about.
    pub(crate) topic: Option<Topic>,
    /// The services last spoken of, or those offered to choose from; at most [`SERVICES_MAX`].
    pub(crate) services: Vec<Slug>,
    /// The day last spoken of.
    pub(crate) day: Option<Date>,
    /// What was asked about its hours.
    pub(crate) aspect: Option<Aspect>,
    /// Whether the caller was told that it is closed now.
    pub(crate) told_closed: Told,
    /// What the agent asked last.
    pub(crate) question: Question,
    /// How often in a row the caller was not understood.
    pub(crate) misses: u8,
    /// How many questions have been answered.
    pub(crate) answers: u8,
    /// The message being taken.
    pub(crate) draft: Option<Draft>,
}

/// Whether something was said before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Told {
    /// Not yet.
    #[default]
    Never,
    /// It was.
    Once,
}

/// What an elliptic question goes on about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Topic {
    /// What it costs.
    Price,
    /// How long it takes.
    Duration,
    /// Whether it is offered.
    Offered,
    /// When it is open.
    Hours,
    /// The person was promised a transfer.
    Transfer,
    /// A message was taken.
    Taken,
}

/// What a bare "yes" would answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Question {
    /// Nothing particular.
    #[default]
    Open,
    /// Whether there is anything else.
    AnythingElse,
    /// Which of `services` was meant.
    Which,
    /// Whether to hear the services from this one on.
    MoreServices(u8),
    /// Whether to leave a message.
    Message,
    /// Whether to leave an urgent message.
    Urgent,
    /// Whether to be connected, or leave an urgent message.
    Connect,
    /// Whether to leave a message until it opens, or whether it cannot wait.
    AfterHours,
    /// Whether this was meant.
    Meant(Subject),
}

/// A message in the making.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Draft {
    /// What is being asked.
    pub(crate) slot: Slot,
    /// How often it has been asked again.
    pub(crate) asked_again: u8,
    /// Who calls.
    pub(crate) name: Option<String>,
    /// Where to call back, digits and perhaps a `+`.
    pub(crate) number: Option<String>,
    /// Where to write, if the caller gave that.
    pub(crate) email: Option<String>,
    /// What it is about.
    pub(crate) reason: Option<String>,
    /// Whom it is for, if the caller named somebody.
    pub(crate) recipient: Option<String>,
    /// Whether it can wait.
    pub(crate) urgency: Urgency,
    /// Whether it stands for a booking.
    pub(crate) purpose: Purpose,
    /// Whether the number is that of the line.
    pub(crate) line: Line,
}

/// What a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Anything.
    Message,
    /// An appointment that the engine cannot book.
    Booking,
}

/// Where a number comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// The caller calls from it.
    CallerId,
    /// The caller gave it.
    Given,
}

/// The questions of a message, in the order they are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    /// The day and time wished for a booking.
    Wish,
    /// The caller's name.
    Name,
    /// Whether the number on the line is best.
    LineIsBest,
    /// The number.
    Number,
    /// Whether the number was understood.
    NumberRight,
    /// What it is about.
    Reason,
    /// Whether all is right.
    AllRight,
    /// What is wrong.
    WhatIsWrong,
}

/// More services in one breath nobody remembers.
pub(crate) const SERVICES_MAX: usize = 4;
/// The longest text kept of a caller's words, in bytes.
pub(crate) const TEXT_BYTES_MAX: usize = 400;

const VERSION: &str = "frontdesk1";

impl Memory {
    /// The memory as a note.
    pub(crate) fn to_note(&self) -> BrainNote {
        let mut text = String::from(VERSION);
        let mut put = |key: &str, value: &str| {
            // Writing to a string cannot fail.
            let _ = write!(text, ";{key}={}", escape(value));
        };
        if let Some(topic) = self.topic {
            put("topic", topic.code());
        }
        for service in &self.services {
            put("service", service.as_str());
        }
        if let Some(day) = self.day {
            put("day", &day.to_string());
        }
        if let Some(aspect) = self.aspect {
            put("aspect", aspect.code());
        }
        if self.told_closed == Told::Once {
            put("closed", "1");
        }
        put("question", &self.question.code());
        put("misses", &self.misses.to_string());
        put("answers", &self.answers.to_string());
        if let Some(draft) = &self.draft {
            put("slot", draft.slot.code());
            put("again", &draft.asked_again.to_string());
            put("urgent", if draft.urgency == Urgency::Urgent { "1" } else { "0" });
            put("booking", if draft.purpose == Purpose::Booking { "1" } else { "0" });
            put("line", if draft.line == Line::CallerId { "1" } else { "0" });
            let texts = [
                ("name", &draft.name),
                ("number", &draft.number),
                ("reason", &draft.reason),
                ("email", &draft.email),
                ("for", &draft.recipient),
            ];
            for (key, value) in texts {
                if let Some(value) = value {
                    put(key, value);
                }
            }
        }
        BrainNote(Pii::new(text))
    }

    /// The memory in `note`, if it is one of ours. What it does not understand in it is passed
    /// over.
    pub(crate) fn from_note(note: &BrainNote) -> Option<Self> {
        let mut fields = note.0.reveal().split(';');
        if fields.next() != Some(VERSION) {
            return None;
        }
        let mut memory = Self::default();
        for field in fields {
            let Some((key, value)) = field.split_once('=') else { continue };
            memory.take_field(key, &unescape(value));
        }
        Some(memory)
    }

    fn take_field(&mut self, key: &str, value: &str) {
        match key {
            "topic" => self.topic = Topic::from_code(value),
            "service" if self.services.len() < SERVICES_MAX => {
                self.services.extend(value.parse::<Slug>())
            }
            "day" => self.day = value.parse().ok(),
            "aspect" => self.aspect = Aspect::from_code(value),
            "closed" => self.told_closed = Told::Once,
            "question" => self.question = Question::from_code(value).unwrap_or_default(),
            "misses" => self.misses = value.parse().unwrap_or_default(),
            "answers" => self.answers = value.parse().unwrap_or_default(),
            "slot" => {
                self.draft = Slot::from_code(value)
                    .map(|slot| Draft { slot, ..Draft::new(Purpose::Message) });
            }
            _ => {
                if let Some(draft) = &mut self.draft {
                    draft.take_field(key, value);
                }
            }
        }
    }
}

impl Draft {
    /// An empty message.
    pub(crate) fn new(purpose: Purpose) -> Self {
        Self {
            slot: Slot::Name,
            asked_again: 0,
            name: None,
            number: None,
            email: None,
            reason: None,
            recipient: None,
            urgency: Urgency::Normal,
            purpose,
            line: Line::Given,
        }
    }

    fn take_field(&mut self, key: &str, value: &str) {
        let text = || Some(shorten(value));
        match key {
            "again" => self.asked_again = value.parse().unwrap_or_default(),
            "urgent" if value == "1" => self.urgency = Urgency::Urgent,
            "booking" if value == "1" => self.purpose = Purpose::Booking,
            "line" if value == "1" => self.line = Line::CallerId,
            "name" => self.name = text(),
            "number" => self.number = text(),
            "reason" => self.reason = text(),
            "email" => self.email = text(),
            "for" => self.recipient = text(),
            _ => (),
        }
    }
}

impl Topic {
    const ALL: [Self; 6] =
        [Self::Price, Self::Duration, Self::Offered, Self::Hours, Self::Transfer, Self::Taken];

    const fn code(self) -> &'static str {
        match self {
            Self::Price => "price",
            Self::Duration => "duration",
            Self::Offered => "offered",
            Self::Hours => "hours",
            Self::Transfer => "transfer",
            Self::Taken => "taken",
        }
    }

    fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.code() == code)
    }
}

impl Question {
    fn code(self) -> String {
        match self {
            Self::Open => "open".into(),
            Self::AnythingElse => "else".into(),
            Self::Which => "which".into(),
            Self::MoreServices(from) => format!("more{from}"),
            Self::Message => "message".into(),
            Self::Urgent => "urgent".into(),
            Self::Connect => "connect".into(),
            Self::AfterHours => "after".into(),
            Self::Meant(subject) => format!("meant-{}", subject.code()),
        }
    }

    fn from_code(code: &str) -> Option<Self> {
        Some(match code {
            "open" => Self::Open,
            "else" => Self::AnythingElse,
            "which" => Self::Which,
            "message" => Self::Message,
            "urgent" => Self::Urgent,
            "connect" => Self::Connect,
            "after" => Self::AfterHours,
            _ => match code.strip_prefix("meant-") {
                Some(subject) => Self::Meant(Subject::from_code(subject)?),
                None => Self::MoreServices(code.strip_prefix("more")?.parse().ok()?),
            },
        })
    }
}

impl Subject {
    const NAMED: [(Self, &str); 9] = [
        (Self::House(House::Location), "location"),
        (Self::House(House::Directions), "directions"),
        (Self::House(House::Parking), "parking"),
        (Self::House(House::Phone), "phone"),
        (Self::House(House::Email), "email"),
        (Self::House(House::Website), "website"),
        (Self::House(House::Name), "name"),
        (Self::Hours, "hours"),
        (Self::Person, "person"),
    ];

    fn code(self) -> String {
        match self {
            Self::Row(Row::Service(at)) => format!("service{at}"),
            Self::Row(Row::Policy(at)) => format!("policy{at}"),
            Self::Row(Row::Faq(at)) => format!("faq{at}"),
            Self::Row(Row::Staff(at)) => format!("staff{at}"),
            Self::Row(Row::Emergency) => String::new(),
            Self::Price(at) => format!("price{at}"),
            Self::Duration(at) => format!("duration{at}"),
            Self::House(_) | Self::Hours | Self::Person => {
                let named = Self::NAMED.iter().find(|(subject, _)| *subject == self);
                named.map_or_else(String::new, |(_, name)| (*name).to_owned())
            }
        }
    }

    fn from_code(code: &str) -> Option<Self> {
        if let Some((subject, _)) = Self::NAMED.iter().find(|(_, name)| *name == code) {
            return Some(*subject);
        }
        let place = |kind| code.strip_prefix(kind)?.parse::<usize>().ok();
        if let Some(at) = place("price") {
            return Some(Self::Price(at));
        }
        if let Some(at) = place("duration") {
            return Some(Self::Duration(at));
        }
        place("service")
            .map(Row::Service)
            .or_else(|| place("policy").map(Row::Policy))
            .or_else(|| place("faq").map(Row::Faq))
            .or_else(|| place("staff").map(Row::Staff))
            .map(Self::Row)
    }
}

impl Slot {
    const ALL: [Self; 8] = [
        Self::Wish,
        Self::Name,
        Self::LineIsBest,
        Self::Number,
        Self::NumberRight,
        Self::Reason,
        Self::AllRight,
        Self::WhatIsWrong,
    ];

    const fn code(self) -> &'static str {
        match self {
            Self::Wish => "wish",
            Self::Name => "name",
            Self::LineIsBest => "line",
            Self::Number => "number",
            Self::NumberRight => "digits",
            Self::Reason => "reason",
            Self::AllRight => "all",
            Self::WhatIsWrong => "wrong",
        }
    }

    fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|slot| slot.code() == code)
    }
}

/// `text`, at most [`TEXT_BYTES_MAX`] long.
pub(crate) fn shorten(text: &str) -> String {
    let end = (0..=text.len().min(TEXT_BYTES_MAX)).rev().find(|&end| text.is_char_boundary(end));
    text[..end.unwrap_or(0)].to_owned()
}

fn escape(text: &str) -> String {
    text.replace('%', "%25").replace(';', "%3B")
}

fn unescape(text: &str) -> String {
    text.replace("%3B", ";").replace("%25", "%")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_memory_survives_its_note(
            name in proptest::option::of(".{0,40}"),
            reason in proptest::option::of("[a-z;%=]{0,40}"),
            question in 0_usize..7,
            more in 0_u8..200,
            slot in 0_usize..8,
            misses in 0_u8..9,
        ) {
            let questions = [
                Question::Open, Question::AnythingElse, Question::Which,
                Question::MoreServices(more), Question::Message, Question::Urgent, Question::Connect,
            ];
            let memory = Memory {
                topic: Some(Topic::Duration),
                services: vec!["oil-change".parse().unwrap()],
                day: Some("2026-12-24".parse().unwrap()),
                aspect: Some(Aspect::Closes),
                told_closed: Told::Once,
                question: questions[question],
                misses,
                answers: 3,
                draft: Some(Draft {
                    slot: Slot::ALL[slot],
                    asked_again: 1,
                    name,
                    number: Some("+12125550142".into()),
                    email: Some("a.b@c.example".into()),
                    reason,
                    recipient: None,
                    urgency: Urgency::Urgent,
                    purpose: Purpose::Booking,
                    line: Line::CallerId,
                }),
            };
            prop_assert_eq!(Memory::from_note(&memory.to_note()), Some(memory));
        }

        #[test]
        fn no_note_is_too_strange(text in ".{0,200}") {
            let _ = Memory::from_note(&BrainNote(Pii::new(text.clone())));
            let _ = Memory::from_note(&BrainNote(Pii::new(format!("frontdesk1;{text}"))));
        }
    }

    #[test]
    fn somebody_elses_note_is_no_memory() {
        assert_eq!(Memory::from_note(&BrainNote(Pii::new("{\"x\":1}".into()))), None);
    }
}

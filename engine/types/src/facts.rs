//! What a business lets its receptionist say: the only source of spoken figures.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use thiserror::Error;

use crate::{E164, Money, Slug};

/// Everything a business has told us about itself. Checked, immutable.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The business's name as spoken.
    pub name: String,
    /// Where its clock hangs.
    pub timezone: TimeZone,
    /// When it is open.
    pub hours: Hours,
    /// Where it is and how to reach it.
    pub contact: Contact,
    /// What it sells.
    pub services: Vec<Service>,
    /// Its rules.
    pub policies: Vec<Policy>,
    /// Questions it has answered beforehand.
    pub faqs: Vec<Faq>,
    /// Who works there.
    pub staff: Vec<Staff>,
    /// What to do when the receptionist is not enough.
    pub escalation: Escalation,
}

/// Where a business is and how to reach it. What is absent is not known.
#[derive(Clone, Debug, Default)]
pub struct Contact {
    /// Street and town, as spoken.
    pub address: Option<String>,
    /// How to find the door; a whole sentence.
    pub directions: Option<String>,
    /// Where to park; a whole sentence.
    pub parking: Option<String>,
    /// The number to call back.
    pub phone: Option<E164>,
    /// The address to write to.
    pub email: Option<String>,
    /// The site to look at.
    pub website: Option<String>,
}

/// Opening hours in the business's local time.
#[derive(Clone, Debug, Default)]
pub struct Hours {
    /// Open spans per day, Monday first, ascending and apart; empty is closed.
    pub week: [Vec<OpenSpan>; 7],
    /// Days that differ from the week, apart from each other.
    pub exceptions: Vec<HoursException>,
}

impl Hours {
    /// The spans of an ordinary `weekday`.
    pub fn on_weekday(&self, weekday: Weekday) -> &[OpenSpan] {
        &self.week[weekday.to_monday_zero_offset() as usize]
    }

    /// The exception that holds on `date`, if any.
    pub fn exception_on(&self, date: Date) -> Option<&HoursException> {
        self.exceptions.iter().find(|exception| exception.from <= date && date <= exception.to)
    }

    /// The spans of `date` and the fact they come from.
    pub fn on(&self, date: Date) -> (&[OpenSpan], FactId) {
        match self.exception_on(date) {
            Some(exception) => (&exception.open, FactId::HoursException(exception.from)),
            None => (self.on_weekday(date.weekday()), FactId::Hours(date.weekday())),
        }
    }
}

/// A stretch of one day, `open < close`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenSpan {
    /// First open minute.
    pub open: TimeOfDay,
    /// First closed minute; 24:00 is allowed.
    pub close: TimeOfDay,
}

/// Days on which the week's hours do not hold.
#[derive(Clone, Debug)]
pub struct HoursException {
    /// First day.
    pub from: Date,
    /// Last day, included.
    pub to: Date,
    /// How people call it: "Christmas Day".
    pub name: String,
    /// Open spans on each of these days; empty is closed.
    pub open: Vec<OpenSpan>,
}

/// Minutes since midnight, 00:00 to 24:00.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay(u16);

impl TimeOfDay {
    /// `hour:minute`, if there is such a time; 24:00 is the end of the day.
    pub const fn new(hour: u16, minute: u16) -> Option<Self> {
        if hour < 24 && minute < 60 || hour == 24 && minute == 0 {
            Some(Self(hour * 60 + minute))
        } else {
            None
        }
    }

    /// The hour, 0 to 24.
    pub const fn hour(self) -> u16 {
        self.0 / 60
    }

    /// The minute, 0 to 59.
    pub const fn minute(self) -> u16 {
        self.0 % 60
    }

    /// Minutes since midnight.
    pub const fn minutes(self) -> u16 {
        self.0
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour(), self.minute())
    }
}

/// Something a business sells.
#[derive(Clone, Debug)]
pub struct Service {
    /// Its id within the business.
    pub id: Slug,
    /// Its name as spoken.
    pub name: String,
    /// Other words callers use for it.
    pub aliases: Vec<String>,
    /// What it costs.
    pub price: Price,
    /// How long it takes, in minutes.
    pub duration_min: Option<u32>,
    /// One more sentence about it.
    pub note: Option<String>,
}

/// What a service costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Price {
    /// It depends; somebody must look.
    Depends,
    /// Exactly this.
    Exact(Money),
    /// This or more.
    From(Money),
    /// Between these two, the lower first.
    Range(Money, Money),
}

/// A rule of the house.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Its id within the business.
    pub id: Slug,
    /// Words that lead to it.
    pub topics: Vec<String>,
    /// What to say; whole sentences.
    pub text: String,
}

/// A question answered beforehand.
#[derive(Clone, Debug)]
pub struct Faq {
    /// Its id within the business.
    pub id: Slug,
    /// Ways to ask it.
    pub questions: Vec<String>,
    /// What to say; whole sentences.
    pub answer: String,
}

/// Somebody who works there.
#[derive(Clone, Debug)]
pub struct Staff {
    /// The name as spoken.
    pub name: String,
    /// Other forms of the name.
    pub aliases: Vec<String>,
    /// What they do.
    pub role: Option<String>,
    /// One more sentence about them.
    pub note: Option<String>,
}

/// What to do when the receptionist is not enough.
#[derive(Clone, Debug, Default)]
pub struct Escalation {
    /// Where "a person please" goes; a message is taken where it is absent.
    pub transfer_to: Option<E164>,
    /// What to say in an emergency; whole sentences.
    pub emergency: Option<String>,
    /// Words that mean one.
    pub emergency_topics: Vec<String>,
}

/// Which fact a spoken figure came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FactId {
    /// The business's name.
    Name,
    /// `address`.
    Address,
    /// `directions`.
    Directions,
    /// `parking`.
    Parking,
    /// `phone`.
    Phone,
    /// `email`.
    Email,
    /// `website`.
    Website,
    /// `hours.<weekday>`.
    Hours(Weekday),
    /// `hours.exception.<yyyy-mm-dd of its first day>`.
    HoursException(Date),
    /// `service.<id>`: that it is offered, its note.
    Service(Slug),
    /// `service.<id>.price`.
    ServicePrice(Slug),
    /// `service.<id>.duration`.
    ServiceDuration(Slug),
    /// `policy.<id>`.
    Policy(Slug),
    /// `faq.<id>`.
    Faq(Slug),
    /// `staff.<index>`, from 0 in the order of the file.
    Staff(u16),
    /// `escalation.transfer`.
    Transfer,
    /// `escalation.emergency`.
    Emergency,
}

/// A text that names no fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("names no fact")]
pub struct FactIdError;

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

impl fmt::Display for FactId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => f.write_str("name"),
            Self::Address => f.write_str("address"),
            Self::Directions => f.write_str("directions"),
            Self::Parking => f.write_str("parking"),
            Self::Phone => f.write_str("phone"),
            Self::Email => f.write_str("email"),
            Self::Website => f.write_str("website"),
            Self::Hours(day) => {
                write!(f, "hours.{}", WEEKDAYS[day.to_monday_zero_offset() as usize].0)
            }
            Self::HoursException(date) => write!(f, "hours.exception.{date}"),
            Self::Service(id) => write!(f, "service.{id}"),
            Self::ServicePrice(id) => write!(f, "service.{id}.price"),
            Self::ServiceDuration(id) => write!(f, "service.{id}.duration"),
            Self::Policy(id) => write!(f, "policy.{id}"),
            Self::Faq(id) => write!(f, "faq.{id}"),
            Self::Staff(index) => write!(f, "staff.{index}"),
            Self::Transfer => f.write_str("escalation.transfer"),
            Self::Emergency => f.write_str("escalation.emergency"),
        }
    }
}

impl FromStr for FactId {
    type Err = FactIdError;

    fn from_str(text: &str) -> Result<Self, FactIdError> {
        let slug = |text: &str| text.parse::<Slug>().map_err(|_| FactIdError);
        let parts: Vec<&str> = text.split('.').collect();
        Ok(match parts[..] {
            ["name"] => Self::Name,
            ["address"] => Self::Address,
            ["directions"] => Self::Directions,
            ["parking"] => Self::Parking,
            ["phone"] => Self::Phone,
            ["email"] => Self::Email,
            ["website"] => Self::Website,
            ["hours", "exception", date] => {
                Self::HoursException(date.parse().map_err(|_| FactIdError)?)
            }
            ["hours", name] => {
                let day = WEEKDAYS.iter().find(|day| day.0 == name).ok_or(FactIdError)?;
                Self::Hours(day.1)
            }
            ["service", id] => Self::Service(slug(id)?),
            ["service", id, "price"] => Self::ServicePrice(slug(id)?),
            ["service", id, "duration"] => Self::ServiceDuration(slug(id)?),
            ["policy", id] => Self::Policy(slug(id)?),
            ["faq", id] => Self::Faq(slug(id)?),
            ["staff", index] => Self::Staff(index.parse().map_err(|_| FactIdError)?),
            ["escalation", "transfer"] => Self::Transfer,
            ["escalation", "emergency"] => Self::Emergency,
            _ => return Err(FactIdError),
        })
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for FactId {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for FactId {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fact_ids_survive_text() {
        for text in [
            "name",
            "hours.sunday",
            "hours.exception.2026-12-25",
            "service.oil-change.price",
            "service.oil-change.duration",
            "service.oil-change",
            "policy.payment",
            "faq.children",
            "staff.2",
            "escalation.transfer",
            "escalation.emergency",
        ] {
            assert_eq!(text.parse::<FactId>().map(|id| id.to_string()), Ok(text.to_owned()));
        }
        for bad in ["", "hours", "hours.someday", "service", "service.a.weight", "staff.x"] {
            assert_eq!(bad.parse::<FactId>(), Err(FactIdError), "{bad}");
        }
    }

    #[test]
    fn an_exception_overrules_the_week() {
        let span = |open, close| OpenSpan {
            open: TimeOfDay::new(open, 0).unwrap(),
            close: TimeOfDay::new(close, 0).unwrap(),
        };
        let christmas: Date = "2026-12-25".parse().unwrap();
        let mut hours = Hours::default();
        hours.week[4] = vec![span(8, 14)];
        hours.exceptions.push(HoursException {
            from: christmas,
            to: christmas,
            name: "Christmas Day".into(),
            open: vec![],
        });
        assert_eq!(hours.on(christmas), (&[][..], FactId::HoursException(christmas)));
        let friday: Date = "2026-12-18".parse().unwrap();
        assert_eq!(hours.on(friday), (&[span(8, 14)][..], FactId::Hours(Weekday::Friday)));
    }
}

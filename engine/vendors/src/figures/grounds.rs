//! Which figures may be said, and where each comes from.

use jiff::ToSpan as _;
use jiff::civil::Date;
use types::{E164, FactId, Facts, OpenSpan, Price};

use super::figure::{Figure, Span};
use super::reader::{SMALL_MAX, digits_in, figures_in};

/// Where a figure comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// One of the business's facts.
    Fact(FactId),
    /// What the caller or the agent said in this call.
    Call,
    /// What a tool gave back.
    Tool,
    /// What code computed: the date, the time, the days ahead.
    Moment,
}

/// The figures that may be said.
#[derive(Clone, Debug, Default)]
pub struct Grounds {
    known: Vec<(Figure, Source)>,
    /// All digits said in the call, one after the other: a number may come in pieces.
    said: String,
    today: Option<Date>,
}

/// How far ahead a day may be named that nobody has mentioned.
const DAYS_AHEAD_MAX: i64 = 62;

impl Grounds {
    /// Those of a business's facts.
    pub fn of_facts(facts: &Facts) -> Self {
        let mut grounds = Self::default();
        grounds.add_text(&facts.name, Source::Fact(FactId::Name));
        grounds.add_contact(facts);
        grounds.add_hours(facts);
        for service in &facts.services {
            let fact = Source::Fact(FactId::Service(service.id));
            let notes = service.note.iter().chain(&service.aliases).chain([&service.name]);
            notes.for_each(|text| grounds.add_text(text, fact));
            let price = Source::Fact(FactId::ServicePrice(service.id));
            for amount in amounts(service.price) {
                grounds.add(Figure::Money(amount), price);
            }
            if let Some(minutes) = service.duration_min {
                let duration = Source::Fact(FactId::ServiceDuration(service.id));
                grounds.add(Figure::Duration(u64::from(minutes)), duration);
            }
        }
        for policy in &facts.policies {
            let fact = Source::Fact(FactId::Policy(policy.id));
            grounds.add_text(&policy.text, fact);
        }
        for faq in &facts.faqs {
            grounds.add_text(&faq.answer, Source::Fact(FactId::Faq(faq.id)));
        }
        for (index, person) in facts.staff.iter().enumerate() {
            let fact = Source::Fact(FactId::Staff(index as u16));
            let texts = [Some(&person.name), person.role.as_ref(), person.note.as_ref()];
            texts.into_iter().flatten().for_each(|text| grounds.add_text(text, fact));
        }
        grounds
    }

    fn add_contact(&mut self, facts: &Facts) {
        let contact = &facts.contact;
        for (text, fact) in [
            (&contact.address, FactId::Address),
            (&contact.directions, FactId::Directions),
            (&contact.parking, FactId::Parking),
            (&contact.email, FactId::Email),
            (&contact.website, FactId::Website),
            (&facts.escalation.emergency, FactId::Emergency),
        ] {
            text.iter().for_each(|text| self.add_text(text, Source::Fact(fact)));
        }
        let numbers =
            [(contact.phone, FactId::Phone), (facts.escalation.transfer_to, FactId::Transfer)];
        for (number, fact) in numbers {
            number.iter().for_each(|number| self.add_number(*number, Source::Fact(fact)));
        }
    }

    fn add_hours(&mut self, facts: &Facts) {
        let week = jiff::civil::Weekday::Monday.cycle_forward().take(7);
        let mut is_all_day = true;
        for day in week {
            let spans = facts.hours.on_weekday(day);
            self.add_spans(spans, Source::Fact(FactId::Hours(day)));
            is_all_day &=
                spans.iter().any(|span| span.close.minutes() - span.open.minutes() == 1_440);
        }
        if is_all_day {
            let monday = Source::Fact(FactId::Hours(jiff::civil::Weekday::Monday));
            self.add_text("24 hours, 7 days, 24", monday);
        }
        for exception in &facts.hours.exceptions {
            let fact = Source::Fact(FactId::HoursException(exception.from));
            self.add_spans(&exception.open, fact);
            self.add_text(&exception.name, fact);
            for date in [exception.from, exception.to] {
                self.add(date_figure(date), fact);
            }
        }
    }

    fn add_spans(&mut self, spans: &[OpenSpan], source: Source) {
        for time in spans.iter().flat_map(|span| [span.open, span.close]) {
            self.add(Figure::Time { minutes: time.minutes(), half: super::Half::Said }, source);
        }
    }

    fn add(&mut self, figure: Figure, source: Source) {
        if self.known.len() < KNOWN_MAX {
            self.known.push((figure, source));
        }
    }

    /// Whatever figures stand in `text`.
    pub fn add_text(&mut self, text: &str, source: Source) {
        if source == Source::Call && self.said.len() < SAID_BYTES_MAX {
            self.said.push_str(&digits_in(text));
        }
        for (figure, _) in figures_in(text) {
            self.add(figure, source);
        }
    }

    /// What the agent has said itself: judged then, and no digits of the caller's.
    pub fn add_agent_text(&mut self, text: &str) {
        for (figure, _) in figures_in(text) {
            self.add(figure, Source::Call);
        }
    }

    /// Whether these digits, all of them in this order, were said, shown or told.
    pub fn has_digits(&self, digits: &str) -> bool {
        let known = Figure::Digits(digits.to_owned());
        self.said.contains(digits)
            || self.known.iter().any(|(figure, _)| match figure {
                Figure::Digits(_) => known.agrees(figure),
                Figure::Money(_)
                | Figure::Time { .. }
                | Figure::Duration(_)
                | Figure::Date { .. }
                | Figure::Percent(_)
                | Figure::Number(_) => false,
            })
    }

    /// A telephone number.
    pub fn add_number(&mut self, number: E164, source: Source) {
        self.add(Figure::Digits(number.digits()), source);
    }

    /// Digits one by one, as they were said or keyed.
    pub fn add_digits(&mut self, digits: &str, source: Source) {
        if !digits.is_empty() {
            self.add(Figure::Digits(digits.to_owned()), source);
        }
    }

    /// What day it is: days of the next two months may be named if their weekday is right.
    pub fn set_today(&mut self, today: Date) {
        self.today = Some(today);
    }

    /// All of these and all of `more`.
    #[must_use]
    pub fn with(&self, more: &Self) -> Self {
        let mut all = self.clone();
        all.known.extend(more.known.iter().cloned());
        all.said.push_str(&more.said);
        all.today = more.today.or(all.today);
        all
    }

    /// The figures in `text` that may not be said, and the facts behind the others.
    pub fn judge(&self, text: &str) -> Judgement {
        let mut judgement = Judgement::default();
        for (figure, span) in figures_in(text) {
            match self.source_of(&figure) {
                Some(Source::Fact(fact)) => {
                    if !judgement.cites.contains(&fact) {
                        judgement.cites.push(fact);
                    }
                }
                Some(Source::Call | Source::Tool | Source::Moment) => (),
                None => judgement.invented.push((figure, span)),
            }
        }
        judgement
    }

    /// Where `figure` comes from, if it may be said.
    fn source_of(&self, figure: &Figure) -> Option<Source> {
        let known = self.known.iter().find(|(known, _)| figure.agrees(known));
        if let Some((_, source)) = known {
            return Some(*source);
        }
        match figure {
            Figure::Number(milli) if *milli <= SMALL_MAX * 1_000 => Some(Source::Moment),
            Figure::Number(milli) => {
                let known = self.known.iter().find(|(known, _)| known.numbers().contains(milli));
                known.map(|known| known.1).or_else(|| self.year(*milli))
            }
            Figure::Date { month, day, weekday } => self.day(*month, *day, *weekday),
            // What a person or a machine named without its unit may be said with it.
            Figure::Money(_) | Figure::Duration(_) | Figure::Percent(_) | Figure::Time { .. } => {
                self.unitless(figure)
            }
            Figure::Digits(digits) => self.said_in_pieces(digits),
        }
    }

    fn unitless(&self, figure: &Figure) -> Option<Source> {
        let numbers = match figure {
            Figure::Money(minor) => vec![minor * 10],
            Figure::Time { minutes, .. } if minutes % 60 == 0 => {
                let hour = u64::from(minutes / 60);
                vec![hour * 1_000, hour % 12 * 1_000]
            }
            Figure::Time { .. } => Vec::new(),
            Figure::Duration(_)
            | Figure::Percent(_)
            | Figure::Date { .. }
            | Figure::Digits(_)
            | Figure::Number(_) => figure.numbers(),
        };
        let is_plain = |known: &Figure, source: &Source| {
            let said = matches!(source, Source::Call | Source::Tool);
            said && matches!(known, Figure::Number(number) if numbers.contains(number))
        };
        self.known.iter().find(|(known, source)| is_plain(known, source)).map(|known| known.1)
    }

    fn year(&self, milli: u64) -> Option<Source> {
        let year = u64::try_from(self.today?.year()).ok()?;
        (year..=year + 1).contains(&(milli / 1_000)).then_some(Source::Moment)
    }

    /// A real day near by, with its own weekday: naming it tells nothing that could be wrong.
    fn day(&self, month: Option<u8>, day: u8, weekday: Option<u8>) -> Option<Source> {
        let today = self.today?;
        let fits = |date: &Date| {
            date.day().unsigned_abs() == day
                && month.is_none_or(|month| date.month().unsigned_abs() == month)
                && weekday.is_none_or(|weekday| {
                    date.weekday().to_monday_zero_offset().unsigned_abs() == weekday
                })
        };
        let reach = if weekday.is_some() { 365 } else { DAYS_AHEAD_MAX };
        let mut days = (-7..=reach).filter_map(|ahead| today.checked_add(ahead.days()).ok());
        days.find(fits).map(|_| Source::Moment)
    }

    /// Digits that were said one utterance after the other.
    fn said_in_pieces(&self, digits: &str) -> Option<Source> {
        let plain = self.known.iter().find(|(known, _)| {
            matches!(known, Figure::Number(milli) if (milli / 1_000).to_string() == *digits)
        });
        let in_pieces = self.said.contains(digits).then_some(Source::Call);
        plain.map(|plain| plain.1).or(in_pieces)
    }
}

/// What is wrong with a text, and what it rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// Figures that stand nowhere.
    pub invented: Vec<(Figure, Span)>,
    /// The facts behind the others, each once, in order.
    pub cites: Vec<FactId>,
}

/// Figures of one call. The largest business file allowed holds a tenth of it.
const KNOWN_MAX: usize = 20_000;

/// Digits said in one call.
const SAID_BYTES_MAX: usize = 4_096;

fn date_figure(date: Date) -> Figure {
    let weekday = Some(date.weekday().to_monday_zero_offset().unsigned_abs());
    let (month, day) = (Some(date.month().unsigned_abs()), date.day().unsigned_abs());
    Figure::Date { month, day, weekday }
}

fn amounts(price: Price) -> Vec<u64> {
    let amounts = match price {
        Price::Depends => Vec::new(),
        Price::Exact(amount) | Price::From(amount) => vec![amount],
        Price::Range(low, high) => vec![low, high],
    };
    amounts.iter().map(|amount| amount.minor.unsigned_abs()).collect()
}

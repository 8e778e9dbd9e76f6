//! What changes from turn to turn: the date, the time, what is open now and in the days ahead.

use std::fmt::Write as _;

use jiff::civil::{Date, DateTime};
use jiff::{Timestamp, ToSpan as _};
use types::{Facts, TimeOfDay, WallTime};

use super::phrase;
use crate::figures::{Grounds, Source};

/// This moment at a business.
#[derive(Clone, Debug)]
pub struct Moment {
    /// In words, for the model: one paragraph in brackets.
    pub text: String,
    /// The figures in it, which may be said.
    pub grounds: Grounds,
}

/// Days ahead whose hours are told, today included: what callers ask about.
const DAYS_TOLD: i64 = 9;

/// The moment `now` at the business with these `facts`.
pub fn moment(facts: &Facts, now: WallTime) -> Moment {
    // A moment beyond year 9999 has no calendar; any will do.
    let moment = Timestamp::from_millisecond(now.as_unix_millis()).unwrap_or(Timestamp::UNIX_EPOCH);
    let local = moment.to_zoned(facts.timezone.clone()).datetime();
    let mut text = String::new();
    let clock =
        TimeOfDay::new(local.hour().unsigned_abs().into(), local.minute().unsigned_abs().into());
    let clock = clock.map(phrase::time).unwrap_or_default();
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "[Right now it is {}, {}, {clock}. {} The days ahead:",
        phrase::date(local.date()),
        local.year(),
        state(facts, local),
    );
    for ahead in 0..DAYS_TOLD {
        let Ok(day) = local.date().checked_add(ahead.days()) else { break };
        let name = match ahead {
            0 => "today".to_owned(),
            1 => format!("tomorrow, {}", phrase::date(day)),
            _ => phrase::date(day),
        };
        let (spans, _) = facts.hours.on(day);
        let holiday =
            facts.hours.exception_on(day).map(|exception| format!(" ({})", exception.name));
        let _ = write!(text, " {name}{}: {};", holiday.unwrap_or_default(), phrase::spans(spans));
    }
    text.pop();
    text.push_str(".]");
    let mut grounds = Grounds::default();
    grounds.add_text(&text, Source::Moment);
    grounds.set_today(local.date());
    Moment { text, grounds }
}

/// Whether it is open, until when, or when it opens next.
fn state(facts: &Facts, now: DateTime) -> String {
    let minute = u16::from(now.hour().unsigned_abs()) * 60 + u16::from(now.minute().unsigned_abs());
    let (spans, _) = facts.hours.on(now.date());
    if let Some(span) =
        spans.iter().find(|span| span.open.minutes() <= minute && minute < span.close.minutes())
    {
        if span.open.minutes() == 0 && span.close.hour() == 24 {
            return "We are open now, all day.".to_owned();
        }
        let left = u32::from(span.close.minutes() - minute);
        let left = phrase::duration(left);
        return format!("We are open now and close at {}, in {left}.", phrase::time(span.close));
    }
    let later = spans.iter().find(|span| minute < span.open.minutes());
    if let Some(span) = later {
        return format!("We are closed now and open today at {}.", phrase::time(span.open));
    }
    match next_open(facts, now.date()) {
        Some((day, open)) => {
            let is_tomorrow = now.date().checked_add(1.day()).is_ok_and(|next| next == day);
            let day = if is_tomorrow { "tomorrow".to_owned() } else { phrase::date(day) };
            format!("We are closed now and open again {day} at {}.", phrase::time(open))
        }
        None => "We are closed now.".to_owned(),
    }
}

fn next_open(facts: &Facts, today: Date) -> Option<(Date, TimeOfDay)> {
    (1..60_i64).find_map(|ahead| {
        let day = today.checked_add(ahead.days()).ok()?;
        let (spans, _) = facts.hours.on(day);
        spans.first().map(|span| (day, span.open))
    })
}

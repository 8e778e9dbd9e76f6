//! Days counted from others: "a week from Friday", "the Monday after Christmas", "Monday through
//! Thursday".

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};

use crate::calendar::{Day, Named};
use crate::numbers::cardinal;
use crate::words::Token;

/// A day found in an utterance: its first word, the word after its last, and the day.
pub(crate) type Found = (usize, usize, Day);

/// Further ahead nobody plans on the telephone.
const AHEAD_MAX: i64 = 60;

/// Moves the days in `found` that words around them count from; gives the words that do.
pub(crate) fn move_days(tokens: &[Token], today: Date, found: &mut [Found]) -> Vec<(usize, usize)> {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    let mut claimed = Vec::new();
    for (start, end, day) in found.iter_mut() {
        // "A week from Friday", "two weeks from tomorrow", "three days after Christmas".
        if let Some((span, from)) = counted_before(tokens, *start) {
            let sign = if text(*start - 1) == "before" { -1 } else { 1 };
            if let Ok(date) = day.date.checked_add((sign * span).days()) {
                (day.date, day.named) = (date, Named::Date);
                claimed.push((from, *end));
                *start = from;
                continue;
            }
        }
        // "Friday of next week", "next week on Friday".
        let behind = text(*end) == "of" && text(*end + 1) == "next" && text(*end + 2) == "week"
            || text(*end) == "next" && text(*end + 1) == "week";
        let on = usize::from(*start > 0 && matches!(text(*start - 1), "on" | "the"));
        let before =
            *start >= 2 + on && text(*start - on - 1) == "week" && text(*start - on - 2) == "next";
        if (behind || before) && day.named == Named::Weekday {
            let left = 7 - i64::from(today.weekday().to_monday_zero_offset());
            let place = i64::from(day.date.weekday().to_monday_zero_offset());
            if let Ok(date) = today.checked_add((left + place).days()) {
                (day.date, day.named) = (date, Named::Date);
                let skipped = if text(*end) == "of" { 3 } else { 2 };
                claimed.push(if behind {
                    (*start, *end + skipped)
                } else {
                    (*start - on - 2, *end)
                });
            }
        }
        // "The Friday after next".
        if text(*end) == "after"
            && text(*end + 1) == "next"
            && day.named == Named::Weekday
            && let Ok(date) = day.date.checked_add(7.days())
        {
            (day.date, day.named) = (date, Named::Date);
            claimed.push((*start, *end + 2));
        }
    }
    claimed
}

/// "The Monday after Christmas": a weekday that another day is counted from is that one day.
pub(crate) fn join_days(tokens: &[Token], found: &mut Vec<Found>) {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    let mut at = 0;
    while at + 1 < found.len() {
        let (start, end, ref first) = found[at];
        let (next, last, ref other) = found[at + 1];
        let word = if next == end + 1 || next == end + 2 && text(end + 1) == "the" {
            text(end)
        } else {
            ""
        };
        let counted = first.named == Named::Weekday
            && matches!(other.named, Named::Holiday(_) | Named::Date)
            && matches!(word, "after" | "before");
        if counted {
            let step: i64 = if word == "after" { 1 } else { -1 };
            let weekday = first.date.weekday();
            let date = (1..=7)
                .filter_map(|ahead| other.date.checked_add((step * ahead).days()).ok())
                .find(|date| date.weekday() == weekday);
            if let Some(date) = date {
                found[at] = (start, last, Day { date, named: Named::Date });
                found.remove(at + 1);
                continue;
            }
        }
        at += 1;
    }
}

/// "Monday through Thursday": the days in between, as a habit if they were named as one.
pub(crate) fn ranges(tokens: &[Token], found: &mut Vec<Found>) {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    let mut at = 0;
    while at + 1 < found.len() {
        let (start, end, ref first) = found[at];
        let (next, last, ref other) = found[at + 1];
        let joined = next == end + 1
            && (matches!(text(end), "through" | "thru" | "until" | "till") || text(end) == "to");
        let plain = |day: &Day| matches!(day.named, Named::Weekday | Named::Habit);
        if !joined || !plain(first) || !plain(other) {
            at += 1;
            continue;
        }
        let (begin, named) = (first.date, first.named.clone());
        let length = i64::from(first.date.weekday().until(other.date.weekday()));
        let between: Vec<Found> = (0..=length)
            .filter_map(|ahead| begin.checked_add(ahead.days()).ok())
            .map(|date| (start, last, Day { date, named: named.clone() }))
            .collect();
        let added = between.len();
        found.splice(at..=at + 1, between);
        at += added.max(1);
    }
}

/// Days counted from today: "in two weeks", "three days from now", "the first Monday of December".
pub(crate) fn from_today(tokens: &[Token], today: Date) -> Vec<Found> {
    let texts: Vec<&str> = tokens.iter().map(|token| token.text.as_str()).collect();
    let mut found = Vec::new();
    for at in 0..texts.len() {
        let put = |end: usize, date: Date| (at, end, Day { date, named: Named::Date });
        let rest = &texts[at..];
        let (lead, rest) = if rest[0] == "in" { (1, &rest[1..]) } else { (0, rest) };
        if let Some((days, taken)) = counted(rest) {
            let end = at + lead + taken;
            let now = texts.get(end) == Some(&"from")
                && matches!(texts.get(end + 1), Some(&"now" | &"today"));
            if (lead > 0 || now)
                && let Ok(date) = today.checked_add(days.days())
            {
                found.push(put(end + if now { 2 } else { 0 }, date));
            }
        }
        if let Some((date, taken)) = nth_of_month(&texts[at..], today) {
            found.push(put(at + taken, date));
        }
    }
    found
}

/// "The first Monday of December", "the last Friday of the month": the day and the words it takes.
fn nth_of_month(texts: &[&str], today: Date) -> Option<(Date, usize)> {
    const PLACES: [(&str, i8); 6] =
        [("first", 1), ("second", 2), ("third", 3), ("fourth", 4), ("1st", 1), ("last", -1)];
    let [place, day, joint, rest @ ..] = texts else { return None };
    let (_, nth) = PLACES.iter().find(|(word, _)| word == place)?;
    let weekday = weekday_named(day)?;
    if !matches!(*joint, "of" | "in") {
        return None;
    }
    let skipped = usize::from(matches!(rest.first(), Some(&"the" | &"this" | &"next")));
    let month = rest.get(skipped)?;
    let first = if *month == "month" {
        let first = today.first_of_month();
        if rest[0] == "next" { first.checked_add(1.month()).ok()? } else { first }
    } else {
        let month = i8::try_from(types::english::month(month)?).ok()?;
        let first = Date::new(today.year(), month, 1).ok()?;
        if first.last_of_month() < today { first.checked_add(1.year()).ok()? } else { first }
    };
    Some((first.nth_weekday_of_month(*nth, weekday).ok()?, 4 + skipped))
}

fn weekday_named(text: &str) -> Option<Weekday> {
    let mut days = Weekday::Monday.cycle_forward().take(7);
    days.find(|day| crate::phrase::weekday(*day).to_lowercase() == text)
}

/// Days and words of "two weeks", "a week", "10 days".
fn counted(texts: &[&str]) -> Option<(i64, usize)> {
    let (count, taken) = match *texts.first()? {
        "a" | "an" | "one" => (1, 1),
        _ => cardinal(texts).map(|(count, taken)| (i64::from(count), taken))?,
    };
    let days = match *texts.get(taken)? {
        "day" | "days" => count,
        "week" | "weeks" => count * 7,
        _ => return None,
    };
    (days <= AHEAD_MAX).then_some((days, taken + 1))
}

/// The days counted before the day at `start`, "a week from", and where that begins.
fn counted_before(tokens: &[Token], start: usize) -> Option<(i64, usize)> {
    let joint = start.checked_sub(1)?;
    if !matches!(tokens[joint].text.as_str(), "from" | "after" | "before") {
        return None;
    }
    (2..=3).find_map(|back| {
        let from = joint.checked_sub(back)?;
        let texts: Vec<&str> =
            tokens[from..joint].iter().map(|token| token.text.as_str()).collect();
        let (days, taken) = counted(&texts)?;
        // "The day after" is read with the holiday itself.
        (taken == back && !(days == 1 && texts[0] == "a")).then_some((days, from))
    })
}

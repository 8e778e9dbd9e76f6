//! Opening hours: spans of a day, the week, the days that differ.

use jiff::civil::Date;
use types::{Hours, HoursException, OpenSpan, TimeOfDay};

use crate::limits::{EXCEPTIONS_MAX, NAME_CHARS_MAX, SPANS_MAX};
use crate::mistake::quoted;
use crate::table::{Node, Table};

/// The keys of the week, Monday first.
const WEEKDAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// The hours in `table`. Each weekday must be there: a forgotten day would be told as closed.
pub(crate) fn read_hours(table: &Table<'_>) -> Hours {
    let mut hours = Hours::default();
    for (spans, day) in hours.week.iter_mut().zip(WEEKDAYS) {
        if let Some(node) = table.need(day, "write [] if it is closed that day") {
            *spans = read_spans(&node);
        }
    }
    if let Some(list) = table.find("exceptions").and_then(|node| node.list(EXCEPTIONS_MAX)) {
        for node in list.iter() {
            if let Some(exception) = read_exception(&node, &hours.exceptions) {
                hours.exceptions.push(exception);
            }
        }
    }
    table.close();
    hours
}

fn read_exception(node: &Node<'_>, earlier: &[HoursException]) -> Option<HoursException> {
    let table = node.table()?;
    let days = read_days(&table);
    let name = table.need("name", "say how people call these days: name = \"Christmas Day\"");
    let name = name.and_then(|name| name.words(NAME_CHARS_MAX));
    let open = table.need("open", "write open = [] if it is closed");
    let open = open.map(|open| read_spans(&open));
    table.close();
    let (from, to, place) = days?;
    if let Some(other) = earlier.iter().find(|other| from <= other.to && other.from <= to) {
        let other = format!("{:?} ({} to {})", other.name, other.from, other.to);
        place.mistake(format!("overlaps {other}"), "one day can have one exception");
    }
    Some(HoursException { from, to, name: name?, open: open? })
}

/// First and last day of an exception, and the value a mistake in both is reported at.
fn read_days<'t>(table: &'t Table<'_>) -> Option<(Date, Date, Node<'t>)> {
    let (date, from, to) = (table.find("date"), table.find("from"), table.find("to"));
    match (date, from, to) {
        (Some(date), None, None) => {
            let day = read_date(&date)?;
            Some((day, day, date))
        }
        (None, Some(from), Some(to)) => {
            let days = (read_date(&from), read_date(&to));
            let (first, last) = (days.0?, days.1?);
            if last < first {
                let hint = format!("write from = \"{last}\" and to = \"{first}\"");
                to.mistake(format!("is {last}, before from, {first}"), hint);
                return None;
            }
            Some((first, last, from))
        }
        (Some(date), Some(_), _) | (Some(date), None, Some(_)) => {
            date.mistake("stands beside from or to", "write either date, or from and to");
            None
        }
        (None, Some(from), None) => {
            from.unmatched("has no to beside it", "write to = …, or date = … for a single day");
            None
        }
        (None, None, Some(to)) => {
            to.unmatched("has no from beside it", "write from = …, or date = … for a single day");
            None
        }
        (None, None, None) => {
            table.need("date", "write date = \"2026-12-25\", or from and to");
            None
        }
    }
}

fn read_date(node: &Node<'_>) -> Option<Date> {
    let text = node.date_text()?;
    // Jiff would also take a time behind the date.
    let date = text.parse::<Date>().ok().filter(|_| text.len() == "2026-12-25".len());
    if date.is_none() {
        node.mistake(format!("{} is no date", quoted(&text)), "write it like \"2026-12-25\"");
    }
    date
}

fn read_spans(node: &Node<'_>) -> Vec<OpenSpan> {
    let mut spans: Vec<OpenSpan> = Vec::new();
    let Some(list) = node.list(SPANS_MAX) else {
        return spans;
    };
    for item in list.iter() {
        let Some(span) = read_span(&item) else {
            continue;
        };
        match spans.last() {
            Some(before) if span.open == before.close => {
                let hint = format!("write one span: \"{}-{}\"", before.open, span.close);
                item.mistake(format!("begins where {} ends", shown(*before)), hint);
            }
            Some(before) if span.open < before.close && before.open < span.close => {
                item.mistake(format!("overlaps {}", shown(*before)), "spans must lie apart");
            }
            Some(before) if span.open < before.close => {
                let hint = "write a day's spans in the order of the clock";
                item.mistake(format!("comes before {}", shown(*before)), hint);
            }
            Some(_) | None => spans.push(span),
        }
    }
    spans
}

fn read_span(node: &Node<'_>) -> Option<OpenSpan> {
    let text = node.text()?;
    let Some((open, close)) = strict_span(text) else {
        let hint = match loose_span(text) {
            Some((open, close)) if open < close => format!("write \"{open}-{close}\""),
            Some(_) | None => "write it like \"08:00-17:00\"".to_owned(),
        };
        node.mistake(format!("{} is no span of opening hours", quoted(text)), hint);
        return None;
    };
    if open == close {
        let hint = "write [] if it is closed, \"00:00-24:00\" if it never closes";
        node.mistake(format!("{} has no length", quoted(text)), hint);
        return None;
    }
    if close < open {
        let hint = if close.minutes() == 0 {
            format!("write \"{open}-24:00\"")
        } else {
            format!(
                "write \"{close}-{open}\"; or, past midnight, \"{open}-24:00\" here and \
                 \"00:00-{close}\" on the day after"
            )
        };
        node.mistake(format!("{} closes before it opens", quoted(text)), hint);
        return None;
    }
    Some(OpenSpan { open, close })
}

/// `HH:MM-HH:MM`, and nothing else.
fn strict_span(text: &str) -> Option<(TimeOfDay, TimeOfDay)> {
    let time = |text: &str| {
        let (hour, minute) = text.split_once(':')?;
        let two = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        if !two(hour) || !two(minute) {
            return None;
        }
        TimeOfDay::new(hour.parse().ok()?, minute.parse().ok()?)
    };
    let (open, close) = text.split_once('-')?;
    Some((time(open)?, time(close)?))
}

/// What people write instead: `8-17`, `8:00 – 17:00`, `9am-5:30 pm`. For hints only.
fn loose_span(text: &str) -> Option<(TimeOfDay, TimeOfDay)> {
    let time = |text: &str| {
        let text = text.trim().to_ascii_lowercase();
        let (clock, half) = match (text.strip_suffix("am"), text.strip_suffix("pm")) {
            (Some(clock), _) => (clock.trim(), Some(0)),
            (None, Some(clock)) => (clock.trim(), Some(12)),
            (None, None) => (text.as_str(), None),
        };
        let (hour, minute) = clock.split_once([':', '.']).unwrap_or((clock, "0"));
        let (hour, minute) = (hour.parse::<u16>().ok()?, minute.parse().ok()?);
        match half {
            Some(half) if (1..=12).contains(&hour) => TimeOfDay::new(hour % 12 + half, minute),
            Some(_) => None,
            None => TimeOfDay::new(hour, minute),
        }
    };
    let (open, close) = text.split_once(['-', '–', '—']).or_else(|| text.split_once("to"))?;
    Some((time(open)?, time(close)?))
}

fn shown(span: OpenSpan) -> String {
    format!("\"{}-{}\"", span.open, span.close)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_understood_well_enough_to_hint() {
        let hint = |text| loose_span(text).map(|(open, close)| format!("{open}-{close}"));
        for (text, hinted) in [
            ("8-17", "08:00-17:00"),
            ("8:00 – 17:30", "08:00-17:30"),
            ("9am-5:30 pm", "09:00-17:30"),
            ("12 pm to 12am", "12:00-00:00"),
            ("8.15-12", "08:15-12:00"),
        ] {
            assert_eq!(hint(text).as_deref(), Some(hinted), "{text}");
        }
        for rubbish in ["", "-", "closed", "13pm-14pm", "99-100", "8:61-9", "65536-1"] {
            assert_eq!(hint(rubbish), None, "{rubbish}");
        }
    }

    #[test]
    fn spans_are_strict() {
        assert!(strict_span("00:00-24:00").is_some());
        for bad in ["8:00-17:00", "08:00-24:01", "08:60-09:00", "08:00 -17:00", "+8:00-17:00"] {
            assert_eq!(strict_span(bad), None, "{bad}");
        }
    }
}

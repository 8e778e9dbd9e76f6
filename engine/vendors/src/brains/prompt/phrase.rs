//! Figures as they are written for a model, and as it may say them.

use jiff::civil::{Date, Weekday};
use types::english::{MONTHS, WEEKDAYS};
use types::{Currency, Money, OpenSpan, Price, TimeOfDay};

/// `$1,100`, `$72.50`.
pub fn money(money: Money) -> String {
    let sign = match money.currency {
        Currency::Usd | Currency::Cad | Currency::Aud => "$",
        Currency::Eur => "€",
        Currency::Gbp => "£",
    };
    let (major, minor) = (money.minor.unsigned_abs() / 100, money.minor.unsigned_abs() % 100);
    let digits = major.to_string();
    let mut grouped = String::with_capacity(digits.len() + 3);
    for (at, digit) in digits.chars().enumerate() {
        if at != 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if minor == 0 { format!("{sign}{grouped}") } else { format!("{sign}{grouped}.{minor:02}") }
}

/// "$90", "from $90", "$90 to $120", "price depends: somebody must look".
pub fn price(price: Price) -> String {
    match price {
        Price::Depends => "the price depends, somebody must look first".to_owned(),
        Price::Exact(amount) => money(amount),
        Price::From(amount) => format!("from {}", money(amount)),
        Price::Range(low, high) => format!("{} to {}", money(low), money(high)),
    }
}

/// "45 minutes", "2 hours", "1 hour and 40 minutes", "2 days".
pub fn duration(minutes: u32) -> String {
    let of = |count: u32, unit: &str| {
        if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
    };
    let (hours, rest) = (minutes / 60, minutes % 60);
    match (hours, rest) {
        (0, _) => of(minutes, "minute"),
        (24.., 0) if hours % 24 == 0 => of(hours / 24, "day"),
        (_, 0) => of(hours, "hour"),
        (1, 1..=30) => of(minutes, "minute"),
        _ => format!("{} and {}", of(hours, "hour"), of(rest, "minute")),
    }
}

/// "9 AM", "9:30 PM", "midnight".
pub fn time(time: TimeOfDay) -> String {
    let half = if time.hour() % 24 < 12 { "AM" } else { "PM" };
    let hour = match time.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    match (time.hour() % 24, time.minute()) {
        (0, 0) => "midnight".to_owned(),
        (_, 0) => format!("{hour} {half}"),
        (_, minute) => format!("{hour}:{minute:02} {half}"),
    }
}

/// "8 AM to 12 PM and 1 PM to 7 PM", "open all day", "closed".
pub fn spans(spans: &[OpenSpan]) -> String {
    let one = |span: &OpenSpan| {
        if span.open.minutes() == 0 && span.close.hour() == 24 {
            "open all day".to_owned()
        } else {
            format!("{} to {}", time(span.open), time(span.close))
        }
    };
    if spans.is_empty() {
        return "closed".to_owned();
    }
    spans.iter().map(one).collect::<Vec<_>>().join(" and ")
}

/// "Monday".
pub(super) fn weekday(day: Weekday) -> &'static str {
    WEEKDAYS[day.to_monday_zero_offset() as usize]
}

/// "Thursday, December 24".
pub fn date(date: Date) -> String {
    let month = MONTHS[usize::from(date.month().unsigned_abs()) - 1];
    format!("{}, {month} {}", weekday(date.weekday()), date.day())
}

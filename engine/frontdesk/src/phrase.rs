//! Figures and lists as readable text; the voice turns them into words.

use std::fmt::Write as _;

use jiff::civil::{Date, Weekday};
use types::english::{MONTHS, WEEKDAYS};
use types::{Currency, E164, Money, OpenSpan, TimeOfDay, Tone};

/// The one of three wordings that fits the tone.
pub(crate) fn pick<'a>(tone: Tone, warm: &'a str, brisk: &'a str, formal: &'a str) -> &'a str {
    match tone {
        Tone::Warm => warm,
        Tone::Brisk => brisk,
        Tone::Formal => formal,
    }
}

/// "we're", or "we are" where the tone knows no contractions.
pub(crate) fn we_are(tone: Tone) -> &'static str {
    pick(tone, "we're", "we're", "we are")
}

/// `$1,100`, `$72.50`.
pub(crate) fn money(money: Money) -> String {
    let sign = match money.currency {
        Currency::Usd | Currency::Cad | Currency::Aud => "$",
        Currency::Eur => "€",
        Currency::Gbp => "£",
    };
    let (major, minor) = (money.minor.unsigned_abs() / 100, money.minor.unsigned_abs() % 100);
    let mut digits = major.to_string();
    let mut at = digits.len();
    while at > 3 {
        at -= 3;
        digits.insert(at, ',');
    }
    if minor == 0 { format!("{sign}{digits}") } else { format!("{sign}{digits}.{minor:02}") }
}

/// "45 minutes", "1 hour", "2 and a half hours", "1 hour and 40 minutes".
pub(crate) fn duration(minutes: u32) -> String {
    let (hours, rest) = (minutes / 60, minutes % 60);
    let of = |count: u32, unit: &str| match count {
        1 => format!("1 {unit}"),
        _ => format!("{count} {unit}s"),
    };
    match (hours, rest) {
        (0, _) | (1, 1..=30) => of(minutes, "minute"),
        (_, 0) => of(hours, "hour"),
        (2.., 30) => format!("{hours} and a half hours"),
        _ => format!("{} and {}", of(hours, "hour"), of(rest, "minute")),
    }
}

/// "9 AM", "9:30 PM", "midnight".
pub(crate) fn time(time: TimeOfDay) -> String {
    let half = if time.hour() % 24 < 12 { "AM" } else { "PM" };
    let hour = match time.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    match (time.hour() % 24, time.minute()) {
        (0, 0) => "midnight".into(),
        (_, 0) => format!("{hour} {half}"),
        (_, minute) => format!("{hour}:{minute:02} {half}"),
    }
}

/// "8 AM to 12 PM and 1 PM to 7 PM", "all day".
pub(crate) fn spans(spans: &[OpenSpan]) -> String {
    let one = |span: &OpenSpan| {
        if span.open.minutes() == 0 && span.close.hour() == 24 {
            "all day".to_owned()
        } else {
            format!("{} to {}", time(span.open), time(span.close))
        }
    };
    list(&spans.iter().map(one).collect::<Vec<_>>(), "and")
}

/// "a, b and c".
pub(crate) fn list(items: &[String], conjunction: &str) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} {conjunction} {last}", first.join(", ")),
    }
}

/// "Monday".
pub(crate) fn weekday(day: Weekday) -> &'static str {
    WEEKDAYS[day.to_monday_zero_offset() as usize]
}

/// "Thursday, December 24".
pub(crate) fn date(date: Date) -> String {
    let month = MONTHS[usize::from(date.month().unsigned_abs()) - 1];
    format!("{}, {month} {}", weekday(date.weekday()), date.day())
}

/// A number as it is spoken, digit by digit: "2 1 2, 5 5 5, 0 1 4 2". The country is left out where
/// it is `home`'s.
pub(crate) fn number(number: &str, home: Option<E164>) -> String {
    let is_north_american = |digits: &str| digits.len() == 11 && digits.starts_with('1');
    let home_north_american = home.is_none_or(|home| is_north_american(&home.digits()));
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let (lead, rest) = if is_north_american(&digits) && home_north_american {
        ("", &digits[1..])
    } else if number.starts_with('+') {
        ("plus ", digits.as_str())
    } else {
        ("", digits.as_str())
    };
    let groups: &[usize] = match rest.len() {
        10 => &[3, 3, 4],
        7 => &[3, 4],
        11 => &[1, 3, 3, 4],
        _ => &[],
    };
    let mut spoken = String::from(lead);
    let mut in_group = 0;
    let mut groups = groups.iter().copied().chain(std::iter::repeat(3));
    let mut group = groups.next().unwrap_or(3);
    for (at, digit) in rest.chars().enumerate() {
        if at > 0 {
            spoken.push_str(if in_group == group { ", " } else { " " });
        }
        if in_group == group {
            in_group = 0;
            group = groups.next().unwrap_or(3);
        }
        in_group += 1;
        // Writing to a string cannot fail.
        let _ = write!(spoken, "{digit}");
    }
    spoken
}

/// `text` with its first letter large.
pub(crate) fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// Whether the service `name` is many: "highlights", "brake pads".
pub(crate) fn is_plural(name: &str) -> bool {
    let last = name.split_whitespace().next_back().unwrap_or_default().to_lowercase();
    last.len() > 3
        && last.ends_with('s')
        && !["ss", "us", "is", "'s"].iter().any(|end| last.ends_with(end))
}

/// "a women's haircut", "an oil change", "highlights", "teeth whitening".
pub(crate) fn with_article(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    let first = words.first().copied().unwrap_or_default().to_lowercase();
    let is_mass = words.len() > 1 && words.last().is_some_and(|last| last.ends_with("ing"))
        || ["the", "a", "an"].contains(&first.as_str());
    if is_plural(name) || is_mass {
        return name.to_owned();
    }
    let says_vowel = first.starts_with(['a', 'e', 'i', 'o', 'u'])
        && !["uni", "use", "one", "eu"].iter().any(|start| first.starts_with(start));
    format!("{} {name}", if says_vowel { "an" } else { "a" })
}

/// `text` as one sentence with a full stop, or as it is if it ends with a mark.
pub(crate) fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

/// `text` cut after each sentence.
pub(crate) fn sentences(text: &str) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = rest
            .char_indices()
            .find(|&(at, c)| "?!.".contains(c) && ends_here(rest, at))
            .map_or(rest.len(), |(at, c)| at + c.len_utf8());
        sentences.push(sentence(&rest[..end]));
        rest = rest[end..].trim_start();
    }
    sentences
}

/// Whether the mark at `at` ends a sentence: a capital follows, and no title stands before it.
fn ends_here(text: &str, at: usize) -> bool {
    const TITLES: [&str; 6] = ["Dr", "Mr", "Mrs", "Ms", "St", "No"];
    let before = text[..at].split_whitespace().next_back().unwrap_or_default();
    let mut after = text[at + 1..].chars();
    let spaced = after.next().is_none_or(char::is_whitespace);
    let capital = after.next().is_none_or(|c| !c.is_lowercase());
    spaced && capital && !TITLES.contains(&before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_well() {
        let usd = |minor| money(Money { minor, currency: Currency::Usd });
        assert_eq!((usd(12_000), usd(7_250)), ("$120".into(), "$72.50".into()));
        assert_eq!((usd(110_000), usd(123_456_705)), ("$1,100".into(), "$1,234,567.05".into()));
        for (minutes, expected) in [
            (1, "1 minute"),
            (45, "45 minutes"),
            (60, "1 hour"),
            (75, "75 minutes"),
            (90, "90 minutes"),
            (100, "1 hour and 40 minutes"),
            (120, "2 hours"),
            (121, "2 hours and 1 minute"),
            (150, "2 and a half hours"),
        ] {
            assert_eq!(duration(minutes), expected);
        }
        let at = |hour, minute| time(TimeOfDay::new(hour, minute).unwrap());
        assert_eq!(at(0, 0), "midnight");
        assert_eq!(at(24, 0), "midnight");
        assert_eq!(at(0, 30), "12:30 AM");
        assert_eq!(at(12, 0), "12 PM");
        assert_eq!(at(13, 5), "1:05 PM");
    }

    #[test]
    fn numbers_are_spoken_in_groups() {
        let home: E164 = "+12125550142".parse().unwrap();
        assert_eq!(number("+12125550142", Some(home)), "2 1 2, 5 5 5, 0 1 4 2");
        assert_eq!(number("5550142", Some(home)), "5 5 5, 0 1 4 2");
        assert_eq!(number("+442079460000", Some(home)), "plus 4 4 2, 0 7 9, 4 6 0, 0 0 0");
    }

    #[test]
    fn names_get_their_article() {
        for (name, expected) in [
            ("women's haircut", "a women's haircut"),
            ("oil change", "an oil change"),
            ("highlights", "highlights"),
            ("filling", "a filling"),
            ("teeth whitening", "teeth whitening"),
            ("brake pads", "brake pads"),
        ] {
            assert_eq!(with_article(name), expected);
        }
    }

    #[test]
    fn texts_are_cut_after_their_sentences() {
        assert_eq!(
            sentences("Ask Dr. Lee at 5 p.m. today. We care! Do you"),
            ["Ask Dr. Lee at 5 p.m. today.", "We care!", "Do you."]
        );
        assert_eq!(sentences("  "), Vec::<String>::new());
    }
}

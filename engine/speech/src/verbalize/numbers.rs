//! Numbers as words.

use types::english::{TENS, UNITS};

/// `number` as a cardinal: "one thousand one hundred twenty-five".
pub(super) fn cardinal(number: u64) -> String {
    if number == 0 {
        return "zero".into();
    }
    let mut words = Vec::new();
    let mut rest = number;
    for (scale, name) in SCALES {
        if scale <= rest {
            words.push(below_thousand(rest / scale));
            if !name.is_empty() {
                words.push(name.into());
            }
            rest %= scale;
        }
    }
    words.join(" ")
}

/// `number` as an ordinal: "twenty-fifth".
pub(super) fn ordinal(number: u64) -> String {
    let words = cardinal(number);
    let at = words.rfind([' ', '-']).map_or(0, |at| at + 1);
    let (before, last) = words.split_at(at);
    let irregular = IRREGULAR_ORDINALS.iter().find(|(cardinal, _)| *cardinal == last);
    let last = match irregular {
        Some((_, ordinal)) => (*ordinal).to_owned(),
        None => match last.strip_suffix('y') {
            Some(stem) => format!("{stem}ieth"),
            None => format!("{last}th"),
        },
    };
    format!("{before}{last}")
}

/// `year` as people say it: "twenty twenty-six", "nineteen oh five", "two thousand five".
pub(super) fn year(year: u64) -> String {
    let (century, rest) = (year / 100, year % 100);
    match (century, rest) {
        (10..=99, _) if century % 10 == 0 && rest < 10 => cardinal(year),
        (10..=99, 0) => format!("{} hundred", cardinal(century)),
        (10..=99, 1..=9) => format!("{} oh {}", cardinal(century), cardinal(rest)),
        (10..=99, _) => format!("{} {}", cardinal(century), cardinal(rest)),
        _ => cardinal(year),
    }
}

/// A house's number: "four twelve", "fourteen twenty", "nine hundred", "twelve oh five".
pub(super) fn house(number: u64) -> String {
    match (number / 100, number % 100) {
        (1..=9, 0) | (0, _) => cardinal(number),
        (1..=9, 1..=9) => format!("{} oh {}", cardinal(number / 100), cardinal(number % 100)),
        (1..=9, _) => format!("{} {}", cardinal(number / 100), cardinal(number % 100)),
        (10..=99, _) => year(number),
        _ => digits(&number.to_string()),
    }
}

/// Each digit by its name, everything else left out.
pub(super) fn digits(text: &str) -> String {
    let names: Vec<&str> = text.chars().filter_map(digit).collect();
    names.join(" ")
}

fn digit(c: char) -> Option<&'static str> {
    Some(UNITS[c.to_digit(10)? as usize])
}

/// A plain number as written: `1,100`, `3.5`, `-4`, `007`. `None` if it is none.
pub(super) fn plain(text: &str) -> Option<String> {
    let (sign, text) = match text.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => ("minus ", rest),
        None => ("", text),
    };
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let words = match (whole, fraction) {
        ("", Some(_)) => "zero".into(),
        _ => integer(whole)?,
    };
    match fraction {
        None => Some(format!("{sign}{words}")),
        Some(fraction) if is_digits(fraction) => {
            Some(format!("{sign}{words} point {}", digits(fraction)))
        }
        Some(_) => None,
    }
}

/// A whole number as written, with or without commas between thousands.
pub(super) fn integer(text: &str) -> Option<String> {
    let leads_with_zero = 1 < text.len() && text.starts_with('0');
    if leads_with_zero && is_digits(text) {
        return Some(digits(text));
    }
    match value(text) {
        Some(number) => Some(cardinal(number)),
        None if is_digits(text) => Some(digits(text)),
        None => None,
    }
}

/// The value of a whole number as written, below a quadrillion.
pub(super) fn value(text: &str) -> Option<u64> {
    let plain = without_commas(text)?;
    if 15 < plain.len() { None } else { plain.parse().ok() }
}

fn without_commas(text: &str) -> Option<String> {
    if is_digits(text) {
        return Some(text.into());
    }
    let mut groups = text.split(',');
    let first = groups.next()?;
    let is_first = is_digits(first) && first.len() <= 3;
    let is_grouped = is_first && groups.all(|group| is_digits(group) && group.len() == 3);
    is_grouped.then(|| text.replace(',', ""))
}

/// Whether `text` is one or more of 0 to 9.
pub(super) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn below_thousand(number: u64) -> String {
    let (hundreds, rest) = ((number / 100) as usize, (number % 100) as usize);
    let below = match (rest / 10, rest % 10) {
        (0, 0) => String::new(),
        (0 | 1, _) => UNITS[rest].into(),
        (tens, 0) => TENS[tens - 2].into(),
        (tens, ones) => format!("{}-{}", TENS[tens - 2], UNITS[ones]),
    };
    match (hundreds, below.is_empty()) {
        (0, _) => below,
        (_, true) => format!("{} hundred", UNITS[hundreds]),
        (_, false) => format!("{} hundred {below}", UNITS[hundreds]),
    }
}

const SCALES: [(u64, &str); 7] = [
    (1_000_000_000_000_000_000, "quintillion"),
    (1_000_000_000_000_000, "quadrillion"),
    (1_000_000_000_000, "trillion"),
    (1_000_000_000, "billion"),
    (1_000_000, "million"),
    (1_000, "thousand"),
    (1, ""),
];

const IRREGULAR_ORDINALS: [(&str, &str); 7] = [
    ("one", "first"),
    ("two", "second"),
    ("three", "third"),
    ("five", "fifth"),
    ("eight", "eighth"),
    ("nine", "ninth"),
    ("twelve", "twelfth"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_names() {
        let rows = [
            (0, "zero", "zeroth"),
            (1, "one", "first"),
            (12, "twelve", "twelfth"),
            (20, "twenty", "twentieth"),
            (21, "twenty-one", "twenty-first"),
            (100, "one hundred", "one hundredth"),
            (1_105, "one thousand one hundred five", "one thousand one hundred fifth"),
            (2_000_000, "two million", "two millionth"),
        ];
        for (number, as_cardinal, as_ordinal) in rows {
            assert_eq!(cardinal(number), as_cardinal);
            assert_eq!(ordinal(number), as_ordinal);
        }
        assert!(cardinal(u64::MAX).starts_with("eighteen quintillion"));
    }

    #[test]
    fn years_and_houses_are_read_in_pairs() {
        let rows = [
            (1998, "nineteen ninety-eight"),
            (1905, "nineteen oh five"),
            (1900, "nineteen hundred"),
            (2000, "two thousand"),
            (2005, "two thousand five"),
            (2026, "twenty twenty-six"),
        ];
        for (number, words) in rows {
            assert_eq!(year(number), words);
        }
        let rows = [
            (7, "seven"),
            (42, "forty-two"),
            (412, "four twelve"),
            (405, "four oh five"),
            (400, "four hundred"),
            (1420, "fourteen twenty"),
            (12_345, "one two three four five"),
        ];
        for (number, words) in rows {
            assert_eq!(house(number), words);
        }
    }

    #[test]
    fn written_numbers_are_read() {
        let rows = [
            ("1,100", Some("one thousand one hundred")),
            ("3.50", Some("three point five zero")),
            (".5", Some("zero point five")),
            ("-4", Some("minus four")),
            ("007", Some("zero zero seven")),
            ("1,10", None),
            ("12a", None),
            ("", None),
        ];
        for (text, words) in rows {
            assert_eq!(plain(text).as_deref(), words, "{text}");
        }
    }
}

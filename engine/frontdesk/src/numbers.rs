//! Numbers as they are spoken.

use types::english;

/// The value of a cardinal from 0 to 59 that stands at the start of `words`, and how many words it
/// takes.
pub(crate) fn cardinal(words: &[&str]) -> Option<(u16, usize)> {
    let first = words.first()?;
    if !first.is_empty() && first.len() <= 4 && first.bytes().all(|b| b.is_ascii_digit()) {
        return first.parse().ok().map(|value| (value, 1));
    }
    if let Some(tens) = english::tens(first).map(u16::from) {
        let unit = words.get(1).and_then(|word| english::unit(word));
        let unit = unit.filter(|unit| (1..=9).contains(unit)).map(u16::from);
        return Some(unit.map_or((tens, 1), |unit| (tens + unit, 2)));
    }
    english::unit(first).map(|unit| (unit.into(), 1))
}

/// The value of an ordinal from 1 to 31 that stands at the start of `words`, and how many words it
/// takes.
pub(crate) fn ordinal(words: &[&str]) -> Option<(u16, usize)> {
    let first = words.first()?;
    let digits = first.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    if digits.len() < first.len() && ["st", "nd", "rd", "th"].contains(&&first[digits.len()..]) {
        return digits.parse().ok().filter(|day| (1..=31).contains(day)).map(|day| (day, 1));
    }
    if let Some(tens) = english::tens(first).filter(|tens| *tens <= 30) {
        let unit = english::ordinal(words.get(1)?).filter(|unit| *unit <= 9)?;
        return Some((u16::from(tens + unit), 2)).filter(|day| day.0 <= 31);
    }
    english::ordinal(first).map(|unit| (unit.into(), 1))
}

/// All digits in `words`, spoken one by one, in groups ("fifty five", "double five") or written.
///
/// Words that are no numbers are passed over.
pub(crate) fn digits(words: &[&str]) -> String {
    let mut digits = String::new();
    let mut at = 0;
    while at < words.len() {
        let repeat = match words[at] {
            "double" => 2,
            "triple" => 3,
            _ => 1,
        };
        if repeat > 1 {
            at += 1;
        }
        let rest = &words[at.min(words.len())..];
        // "To" and "for" are figures only between figures: not in "0142 to reach me".
        let figure =
            |word: Option<&&str>| word.is_none_or(|word| is_number(word) || is_alike(word));
        let alone = rest.first().is_some_and(|word| is_alike(word))
            && !(figure(at.checked_sub(1).and_then(|before| words.get(before)))
                && figure(words.get(at + 1)));
        let (text, taken) = if alone { (String::new(), 1) } else { digit_group(rest) };
        for _ in 0..if text.len() == 1 { repeat } else { 1 } {
            digits.push_str(&text);
        }
        at += taken.max(1);
    }
    digits.truncate(DIGITS_MAX);
    digits
}

/// The digits in `parts`, which commas set apart.
///
/// "Four eighty five fifty five oh one nineteen" can be read in several ways: where the likeliest has
/// no number's length and one other has, that one is taken.
pub(crate) fn digits_of(parts: &[Vec<&str>]) -> String {
    let read = |joined: u32| -> String {
        let mut pairs = 0;
        parts.iter().map(|part| digits_split(part, joined, &mut pairs)).collect()
    };
    let usual = read(u32::MAX);
    let fits = |digits: &String| digits.len() == WHOLE_DIGITS;
    if fits(&usual) || !(WHOLE_DIGITS - 2..=WHOLE_DIGITS + 2).contains(&usual.len()) {
        return usual;
    }
    let mut others: Vec<String> = (0..1 << PAIRS_MAX).map(read).filter(fits).collect();
    others.sort_unstable();
    others.dedup();
    if let [one] = &others[..] { one.clone() } else { usual }
}

/// Area, exchange, line (the North American numbering plan).
const WHOLE_DIGITS: usize = 10;
/// No number has more pairs of a ten and a unit.
const PAIRS_MAX: u32 = 5;

/// [`digits`], with those pairs of a ten and a unit read as one number that have their bit in `joined`.
fn digits_split(words: &[&str], joined: u32, pairs: &mut u32) -> String {
    let mut digits = String::new();
    let mut start = 0;
    for at in 1..words.len() {
        let pair = english::tens(words[at - 1]).is_some()
            && english::unit(words[at]).is_some_and(|unit| (1..=9).contains(&unit));
        if !pair {
            continue;
        }
        let bit = 1_u32.checked_shl(*pairs).unwrap_or(0);
        *pairs += 1;
        if joined & bit == 0 && joined != u32::MAX {
            digits.push_str(&self::digits(&words[start..at]));
            start = at;
        }
    }
    digits + &self::digits(&words[start..])
}

/// No number is longer (ITU-T E.164 §6), with room for a false start.
const DIGITS_MAX: usize = 24;

fn digit_group(words: &[&str]) -> (String, usize) {
    let Some(&first) = words.first() else { return (String::new(), 1) };
    let written: String = first.chars().filter(char::is_ascii_digit).collect();
    if !written.is_empty() {
        return (written, 1);
    }
    if matches!(first, "oh" | "o" | "zero" | "nought") {
        return ("0".into(), 1);
    }
    if first == "hundred" {
        return ("00".into(), 1);
    }
    if first == "thousand" {
        return ("000".into(), 1);
    }
    match cardinal(words) {
        Some((value, taken)) => (value.to_string(), taken),
        // What "two" and "four" and "eight" turn into.
        None => match first {
            "for" => ("4".into(), 1),
            "to" | "too" => ("2".into(), 1),
            "won" => ("1".into(), 1),
            "ate" => ("8".into(), 1),
            _ => (String::new(), 1),
        },
    }
}

/// What "two" and "four" and "eight" turn into.
fn is_alike(word: &str) -> bool {
    matches!(word, "for" | "to" | "too" | "won" | "ate")
}

/// Whether `word` can be part of a spoken number without doubt.
pub(crate) fn is_number(word: &str) -> bool {
    word.bytes().any(|b| b.is_ascii_digit())
        || matches!(word, "oh" | "double" | "triple" | "hundred" | "thousand")
        || english::cardinal(word).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spoken_numbers_are_read() {
        let words = |text: &'static str| text.split(' ').collect::<Vec<_>>();
        for (text, expected) in [
            ("two one two five five five oh one four two", "2125550142"),
            ("212 555 0142", "2125550142"),
            ("double five five oh one hundred", "55501 00".trim()),
            ("it is five five five forty two", "55542"),
            ("to one to", "212"),
            ("555 0142 to reach me", "5550142"),
            ("call me for five five five", "555"),
            ("area code eight hundred then triple five twenty three forty five", "8005552345"),
            ("five five five one thousand", "5551000"),
            ("my name is jane", ""),
        ] {
            assert_eq!(digits(&words(text)), expected.replace(' ', ""), "{text}");
        }
        assert_eq!(ordinal(&words("twenty fourth")), Some((24, 2)));
        assert_eq!(ordinal(&words("31st")), Some((31, 1)));
        assert_eq!(ordinal(&words("thirty second")), None);
        assert_eq!(cardinal(&words("forty five past")), Some((45, 2)));
        assert_eq!(digits(&["double"]), "");
        let parts = |text: &'static str| -> Vec<Vec<&'static str>> {
            text.split(", ").map(words).collect()
        };
        for (text, expected) in [
            ("four eighty, five fifty five, oh one nineteen", "4805550119"),
            // Either of two readings has ten digits: neither is taken.
            ("four eighty five fifty five oh one nineteen", "485550119"),
            ("two twelve five fifty five twenty one twelve", "2125552112"),
            ("two one two five five five forty two", "21255542"),
            ("five fifty five", "555"),
        ] {
            assert_eq!(digits_of(&parts(text)), expected, "{text}");
        }
    }
}

//! One spelling for what is said: by it, phrases are looked for and word errors are counted.
//!
//! The same rules stand in `fixtures/tools/words.py`, which checks the sheets.

use types::english;

/// `text` as plain words: lower case, no marks, amounts and times as digits.
///
/// "$1,100.00" and "eleven hundred dollars" both hold "1100"; "8:30 a.m." is "8 30 am"; "8:00" is
/// "8"; "second" and "2nd" are "2"; "don't" is "dont"; "hello@shop.example" is "hello at shop dot
/// example". Currency signs are dropped, the words for them stay.
pub fn normalized(text: &str) -> Vec<String> {
    figured(&tokens(&letters(text)))
}

/// Whether the words of `phrase` stand in `said` one after the other; both are normalized.
pub fn contains(said: &[String], phrase: &[String]) -> bool {
    phrase.is_empty() || said.windows(phrase.len()).any(|window| window == phrase)
}

/// The least number of words to insert, drop or change to get from `reference` to `heard`.
pub fn word_errors(reference: &[String], heard: &[String]) -> usize {
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for (index, word) in reference.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (at, other) in heard.iter().enumerate() {
            let changed = diagonal + usize::from(word != other);
            diagonal = row[at + 1];
            row[at + 1] = changed.min(diagonal + 1).min(row[at] + 1);
        }
    }
    row[heard.len()]
}

/// The figures in `text` as digits: "2 1 2, 5 5 5" is six of them.
///
/// "one", "first" and "second" standing alone are mostly no figures ("which one", "one second") and
/// are left out; so are days of a month, which come from the calendar.
pub fn figures(text: &str) -> Vec<String> {
    const MOSTLY_NONE: [&str; 3] = ["one", "first", "second"];
    let words = tokens(&letters(text));
    let is_figure = |word: &String| {
        is_digits(word) || scale(word).is_some() || below_hundred(word, None).is_some()
    };
    let is_lone = |at: usize| {
        let before = at.checked_sub(1).and_then(|at| words.get(at));
        let beside = [before, words.get(at + 1)].into_iter().flatten();
        // "one second" is two lone words.
        let mut beside = beside.filter(|word| {
            (words[at] == "one") == (*word == "one") || !MOSTLY_NONE.contains(&word.as_str())
        });
        !beside.any(is_figure)
    };
    let kept: Vec<String> = words
        .iter()
        .enumerate()
        .filter(|(at, word)| !(MOSTLY_NONE.contains(&word.as_str()) && is_lone(*at)))
        .map(|(_, word)| word.clone())
        .collect();
    let words = figured(&kept);
    let word = |at: Option<usize>| at.and_then(|at| words.get(at)).map_or("", String::as_str);
    let is_day = |at: usize| {
        is_month(word(at.checked_sub(1)))
            || word(at.checked_add(1)) == "of" && is_month(word(at.checked_add(2)))
    };
    let figures = words.iter().enumerate().filter(|(at, word)| is_digits(word) && !is_day(*at));
    figures.map(|(_, figure)| figure.clone()).collect()
}

fn is_month(word: &str) -> bool {
    english::month(word).is_some()
}

fn letters(text: &str) -> Vec<char> {
    let is_apostrophe = |c: &char| matches!(c, '\'' | '\u{2019}');
    text.chars().flat_map(char::to_lowercase).filter(|c| !is_apostrophe(c)).collect()
}

/// Words and digits, marks resolved; number words as they are.
fn tokens(chars: &[char]) -> Vec<String> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(c) = chars.get(at) {
        at = match c {
            '0'..='9' => number_token(chars, at, &mut words),
            'a'..='z' => word_token(chars, at, &mut words),
            '@' => {
                words.push("at".to_owned());
                at + 1
            }
            _ => at + 1,
        };
    }
    words
}

/// Reads digits from `at` on: separators, ".00", ":30" and ordinal endings are resolved.
fn number_token(chars: &[char], from: usize, words: &mut Vec<String>) -> usize {
    let mut digits = String::new();
    let mut at = from;
    loop {
        match chars.get(at) {
            Some(c) if c.is_ascii_digit() => digits.push(*c),
            Some(',') if (1..=3).all(|ahead| is_digit(chars, at + ahead)) => (),
            _ => break,
        }
        at += 1;
    }
    let is_time = digits.len() <= 2
        && !is_word(from.checked_sub(1).and_then(|before| chars.get(before)))
        && chars.get(at) == Some(&':')
        && is_digit(chars, at + 1)
        && is_digit(chars, at + 2)
        && !is_word(chars.get(at + 3));
    if is_time {
        let hour = digits.strip_prefix('0').filter(|hour| !hour.is_empty());
        words.push(hour.unwrap_or(&digits).to_owned());
        let minute: String = chars[at + 1..at + 3].iter().collect();
        if minute != "00" {
            words.push(minute);
        }
        return at + 3;
    }
    words.push(digits);
    if chars[at..].starts_with(&['.', '0', '0']) && !is_word(chars.get(at + 3)) {
        at += 3;
    }
    let ending = chars.get(at..at + 2);
    let is_ordinal = ending.is_some_and(|ending| {
        [['s', 't'], ['n', 'd'], ['r', 'd'], ['t', 'h']].iter().any(|known| known == ending)
    });
    if is_ordinal && !is_word(chars.get(at + 2)) { at + 2 } else { at }
}

/// Reads letters from `at` on: "a.m." is "am", "shop.example" has a "dot".
fn word_token(chars: &[char], from: usize, words: &mut Vec<String>) -> usize {
    if let Some(end) = half_day(chars, from) {
        words.push(format!("{}m", chars[from]));
        return end;
    }
    let mut word = String::new();
    let mut at = from;
    while let Some(c) = chars.get(at).filter(|c| c.is_ascii_lowercase()) {
        word.push(*c);
        at += 1;
    }
    words.push(word);
    if chars.get(at) == Some(&'.') && is_letter(chars, at + 1) {
        words.push("dot".to_owned());
    }
    at
}

/// Where "a.m.", "p m" or "pm" ends, if it begins at `from`.
fn half_day(chars: &[char], from: usize) -> Option<usize> {
    let before = from.checked_sub(1).and_then(|before| chars.get(before));
    if !matches!(chars.get(from), Some('a' | 'p')) || is_word(before) {
        return None;
    }
    let mut at = from + 1;
    at += usize::from(chars.get(at) == Some(&'.'));
    at += usize::from(chars.get(at).is_some_and(|c| c.is_whitespace()));
    if chars.get(at) != Some(&'m') || is_word(chars.get(at + 1)) {
        return None;
    }
    Some(at + 1 + usize::from(chars.get(at + 1) == Some(&'.')))
}

fn is_word(c: Option<&char>) -> bool {
    c.is_some_and(|c| c.is_alphanumeric() || *c == '_')
}

fn is_digit(chars: &[char], at: usize) -> bool {
    chars.get(at).is_some_and(char::is_ascii_digit)
}

fn is_letter(chars: &[char], at: usize) -> bool {
    chars.get(at).is_some_and(char::is_ascii_lowercase)
}

/// Whether `word` is a figure in digits.
fn is_digits(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Each run of number words as its value: "one hundred and twenty" is "120", "eight thirty" "8 30".
fn figured(words: &[String]) -> Vec<String> {
    let mut out = Vec::with_capacity(words.len());
    let mut at = 0;
    while at < words.len() {
        match number(&words[at..]) {
            Some((taken, value)) => {
                out.push(value.to_string());
                at += taken;
            }
            None => {
                out.push(words[at].clone());
                at += 1;
            }
        }
    }
    out
}

/// The number at the start of `words`: how many words it took and its value, below a million.
fn number(words: &[String]) -> Option<(usize, u32)> {
    let second = words.get(1).map(String::as_str);
    let (mut taken, mut total) = match small(words) {
        Some(small) => small,
        None if words.first()? == "a" && scale(second?).is_some() => (1, 1),
        None => return None,
    };
    let Some(scale) = words.get(taken).and_then(|word| scale(word)) else {
        return Some((taken, total));
    };
    taken += 1;
    total *= scale;
    let skipped = usize::from(words.get(taken).is_some_and(|word| word == "and"));
    let rest = &words[(taken + skipped).min(words.len())..];
    let more = if scale == 1_000 { number(rest) } else { small(rest) };
    if let Some((more, value)) = more.filter(|(_, value)| (1..scale).contains(value)) {
        taken += skipped + more;
        total += value;
    }
    Some((taken, total))
}

fn scale(word: &str) -> Option<u32> {
    match word {
        "hundred" => Some(100),
        "thousand" => Some(1_000),
        _ => None,
    }
}

fn small(words: &[String]) -> Option<(usize, u32)> {
    below_hundred(words.first()?, words.get(1).map(String::as_str))
}

/// The number that `word`, perhaps with `next`, is: how many words it took and its value.
fn below_hundred(word: &str, next: Option<&str>) -> Option<(usize, u32)> {
    if let Some(tens) = english::tens(word).map(u32::from) {
        let ones = next.and_then(|next| english::unit(next).or_else(|| english::ordinal(next)));
        return Some(match ones {
            Some(ones @ 1..=9) => (2, tens + u32::from(ones)),
            Some(_) | None => (1, tens),
        });
    }
    let value = english::unit(word).or_else(|| english::ordinal(word))?;
    Some((1, value.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(normalized(text).join(" "), expected, "{text}");
    }

    #[test]
    fn one_thing_has_one_spelling() {
        check("$1,100.00", "1100");
        check("eleven hundred dollars", "1100 dollars");
        check("one thousand, one hundred and five", "1105");
        check("8:30 a.m. to 8:00 p.m.", "8 30 am to 8 pm");
        check("08:05", "8 05");
        check("the second of December, the 2nd, the 22nd", "the 2 of december the 2 the 22");
        check("December twenty-ninth", "december 29");
        check("don\u{2019}t", "dont");
        check("hello@shop.example", "hello at shop dot example");
        check("open at 9am", "open at 9 am");
        check("a hundred and twenty", "120");
        check("$72.50", "72 50");
        check("a mask, a hundred", "a mask 100");
        check("12,34 and 1,2345", "12 34 and 12345");
        check("thirty", "30");
        check("eight thirty", "8 30");
    }

    #[test]
    fn phrases_are_found_as_whole_words_in_order() {
        let said = normalized("We open at 8:30 AM on Monday");
        assert!(contains(&said, &normalized("8:30 am")));
        assert!(contains(&said, &[]));
        assert!(!contains(&said, &normalized("30 8")));
        assert!(!contains(&said, &normalized("day")));
        assert!(!contains(&normalized("8"), &normalized("8 30")));
    }

    #[test]
    fn word_errors_count_each_kind_once() {
        let count = |a: &str, b: &str| word_errors(&normalized(a), &normalized(b));
        assert_eq!(count("are you open sunday", "are you open sunday"), 0);
        assert_eq!(count("are you open sunday", "are you open on sunday"), 1);
        assert_eq!(count("are you open sunday", "are open sunday"), 1);
        assert_eq!(count("are you open sunday", "are you open monday"), 1);
        assert_eq!(count("", "a b c"), 3);
        assert_eq!(count("a b c", ""), 3);
    }

    #[test]
    fn only_real_figures_count() {
        let check = |text, expected: &[&str]| assert_eq!(figures(text), expected, "{text}");
        check("Which one do you mean? One second.", &[]);
        check("One hundred dollars for 1 to five", &["100", "1", "5"]);
        check("It's $1,100, 2 1 2, open 8:30", &["1100", "2", "1", "2", "8", "30"]);
        check("twenty-first", &["21"]);
        check("Thursday, December 24, the 2nd of May, at 3", &["3"]);
    }
}

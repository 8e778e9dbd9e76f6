//! E-mail and web addresses, read out.

use super::numbers::digits;
use super::spell;

/// An e-mail address, or `None` if `text` is none.
pub(super) fn email(text: &str, is_word: &dyn Fn(&str) -> bool) -> Option<String> {
    let (local, host) = text.split_once('@')?;
    let is_local =
        !local.is_empty() && local.chars().all(|c| c.is_alphanumeric() || "._-+".contains(c));
    if !is_local || !is_host(host) {
        return None;
    }
    Some(format!("{}, at {}", parts(local, is_word), read_host(host, is_word)))
}

/// A web address, or `None` if `text` is none. What follows a `?` or `#` is left out: nobody can
/// note it down.
pub(super) fn web(text: &str, is_word: &dyn Fn(&str) -> bool) -> Option<String> {
    let scheme = ["https://", "http://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    let rest = scheme.unwrap_or(text);
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let is_known = scheme.is_some() || host.starts_with("www.") || ends_in_known(host);
    if !is_known || !is_host(host) {
        return None;
    }
    let mut words = read_host(host, is_word);
    for part in path.split('/').filter(|part| !part.is_empty()) {
        words.push_str(" slash ");
        words.push_str(&parts(part, is_word));
    }
    Some(words)
}

fn is_host(host: &str) -> bool {
    let is_label =
        |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    host.contains('.') && host.split('.').all(is_label)
}

fn ends_in_known(host: &str) -> bool {
    let Some((_, last)) = host.rsplit_once('.') else { return false };
    DOMAINS.iter().any(|(domain, _)| domain.eq_ignore_ascii_case(last))
}

fn read_host(host: &str, is_word: &dyn Fn(&str) -> bool) -> String {
    let host = host.to_lowercase();
    let labels: Vec<&str> = host.split('.').collect();
    let last = labels.len() - 1;
    let read = |(index, label): (usize, &&str)| {
        let known = DOMAINS.iter().find(|(domain, _)| domain == label);
        match known {
            Some((_, words)) if 0 < index => (*words).to_owned(),
            _ if *label == "www" => "w w w".to_owned(),
            // The two letters of a country.
            _ if index == last && label.len() == 2 => spell(label),
            _ => parts(label, is_word),
        }
    };
    labels.iter().enumerate().map(read).collect::<Vec<_>>().join(DOT)
}

/// A part of an address: words, figures digit by digit, marks by their names.
fn parts(text: &str, is_word: &dyn Fn(&str) -> bool) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut letters = String::new();
    let flush = |letters: &mut String, words: &mut Vec<String>| {
        if !letters.is_empty() {
            words.push(split_words(letters, is_word));
            letters.clear();
        }
    };
    for c in text.chars() {
        if c.is_alphabetic() {
            letters.extend(c.to_lowercase());
            continue;
        }
        flush(&mut letters, &mut words);
        words.push(match c {
            '.' => "dot".into(),
            '-' => "dash".into(),
            '_' => "underscore".into(),
            '+' => "plus".into(),
            c if c.is_ascii_digit() => digits(c.encode_utf8(&mut [0; 4])),
            _ => continue,
        });
    }
    flush(&mut letters, &mut words);
    words.join(" ").replace(" dot ", DOT)
}

/// Finds the words that were written together: as few as possible, and of those the split whose
/// first word is longest. What cannot be split stays whole; what cannot be said is spelled.
fn split_words(text: &str, is_word: &dyn Fn(&str) -> bool) -> String {
    if LETTERS_MAX < text.len() || !text.is_ascii() || is_word(text) {
        return text.to_owned();
    }
    // best[i]: where the first word of text[i..] ends, and how many words that makes.
    let mut best: Vec<Option<(usize, usize)>> = vec![None; text.len() + 1];
    best[text.len()] = Some((text.len(), 0));
    for begin in (0..text.len()).rev() {
        for end in (begin + 1..=text.len()).rev() {
            let Some((_, words)) = best[end] else { continue };
            let is_better = best[begin].is_none_or(|(_, fewest)| words + 1 < fewest);
            if is_better && is_part(&text[begin..end], is_word) {
                best[begin] = Some((end, words + 1));
            }
        }
    }
    let mut words = Vec::new();
    let mut begin = 0;
    while let Some((end, _)) = best[begin]
        && begin < text.len()
    {
        words.push(&text[begin..end]);
        begin = end;
    }
    let has_vowel = text.contains(['a', 'e', 'i', 'o', 'u', 'y']);
    match (words.is_empty(), has_vowel) {
        (false, _) => words.join(" "),
        (true, true) => text.to_owned(),
        (true, false) => spell(text),
    }
}

/// Short words are believed only if they are common: else anything splits into anything.
fn is_part(text: &str, is_word: &dyn Fn(&str) -> bool) -> bool {
    match text.len() {
        0 => false,
        1..=3 => SHORT_WORDS.contains(&text),
        _ => is_word(text),
    }
}

/// A dot between two parts, with the pause without which "comb dot" sounds like "combed".
const DOT: &str = ", dot ";

/// Longer names are read as they are: splitting takes the square of the length.
const LETTERS_MAX: usize = 40;

const SHORT_WORDS: [&str; 36] = [
    "a", "an", "and", "art", "at", "bar", "bay", "big", "by", "car", "cat", "dog", "eye", "for",
    "go", "gym", "hot", "in", "inn", "law", "my", "new", "of", "old", "on", "one", "our", "pet",
    "spa", "sun", "tax", "the", "to", "top", "vet", "we",
];

/// Ends of addresses and how they are said.
const DOMAINS: [(&str, &str); 15] = [
    ("com", "com"),
    ("net", "net"),
    ("org", "org"),
    ("edu", "E D U"),
    ("gov", "gov"),
    ("biz", "biz"),
    ("info", "info"),
    ("io", "I O"),
    ("co", "co"),
    ("us", "U S"),
    ("uk", "U K"),
    ("ca", "C A"),
    ("app", "app"),
    ("dev", "dev"),
    ("example", "example"),
];

//! What callers dictate: letters one by one, e-mail addresses, and the one letter or digit that was
//! wrong.

use crate::numbers;
use crate::sound::{likeness, sound};

/// NATO's words and what else people say for letters, each beginning with its letter (ICAO Annex
/// 10, vol. II, 5.2.1.3).
const CODE_WORDS: &str = "\
    alpha alfa bravo charlie delta echo foxtrot golf hotel india juliet juliett kilo lima mike \
    november oscar papa quebec romeo sierra tango uniform victor whiskey whisky xray yankee zulu";
/// How the names of letters are written by a recognizer.
const LETTER_NAMES: &[(&str, char)] = &[
    ("ay", 'a'),
    ("bee", 'b'),
    ("cee", 'c'),
    ("see", 'c'),
    ("sea", 'c'),
    ("dee", 'd'),
    ("ee", 'e'),
    ("eff", 'f'),
    ("ef", 'f'),
    ("gee", 'g'),
    ("aitch", 'h'),
    ("eye", 'i'),
    ("jay", 'j'),
    ("kay", 'k'),
    ("el", 'l'),
    ("ell", 'l'),
    ("em", 'm'),
    ("en", 'n'),
    ("oh", 'o'),
    ("pee", 'p'),
    ("cue", 'q'),
    ("queue", 'q'),
    ("ar", 'r'),
    ("are", 'r'),
    ("ess", 's'),
    ("tee", 't'),
    ("tea", 't'),
    ("you", 'u'),
    ("vee", 'v'),
    ("ex", 'x'),
    ("why", 'y'),
    ("zee", 'z'),
    ("zed", 'z'),
];
/// Fewer letters in a row spell nothing.
const LETTERS_MIN: usize = 2;
/// No word is longer.
const LETTERS_MAX: usize = 32;

/// The words of `said` as they were said, lower case, without marks but for `@`, `.`, `-`, `_`, `'`
/// inside.
fn words(said: &str) -> Vec<String> {
    let split = said.split(|c: char| c.is_whitespace() || ",;:!?".contains(c));
    split
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase())
        .filter(|word| !word.is_empty())
        .collect()
}

/// The letters at the start of `words`, and how many words they take: "j", "b as in boy", "double
/// t", "tango", "d for dog", "capital m".
fn letter(words: &[String], in_row: Row) -> Option<(String, usize)> {
    let first = words.first()?.as_str();
    let (repeat, skipped) = match first {
        "double" => (2, 1),
        "triple" => (3, 1),
        "capital" | "letter" | "uppercase" => (1, 1),
        _ => (1, 0),
    };
    let word = words.get(skipped)?.as_str();
    let single = {
        let mut chars = word.chars();
        chars.next().filter(|c| c.is_alphabetic() && chars.next().is_none())
    };
    let named = LETTER_NAMES.iter().find(|(name, _)| *name == word).map(|(_, letter)| *letter);
    let coded = CODE_WORDS.split_whitespace().any(|code| code == word);
    let sure = single.is_some() || repeat > 1 || in_row == Row::Within;
    let (letter, mut taken) = match (single, named, coded) {
        (Some(letter), ..) => (letter, skipped + 1),
        (None, Some(letter), _) if sure => (letter, skipped + 1),
        (None, _, true) => (word.chars().next()?, skipped + 1),
        _ => return None,
    };
    // "B as in boy", "b for boy", "b like boy".
    let rest = &words[taken..];
    let text = |at: usize| rest.get(at).map_or("", String::as_str);
    let example = match (text(0), text(1)) {
        ("as", "in") => 2,
        ("like" | "for", _) => 1,
        _ => 0,
    };
    if example > 0 && text(example).starts_with(letter) {
        taken += example + 1;
    }
    Some((letter.to_string().repeat(repeat), taken))
}

/// Whether a letter stands by itself or within a row of them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Row {
    Alone,
    Within,
}

/// The word that is spelled in `said`, if one is, and the words before and behind its letters.
pub(crate) fn spelled(said: &str) -> Option<Spelled> {
    let words = words(said);
    let mut best: Option<(usize, usize, String)> = None;
    for start in 0..words.len() {
        let (mut at, mut letters, mut count) = (start, String::new(), 0);
        while at < words.len() && letters.len() < LETTERS_MAX {
            let row = if count > 0 { Row::Within } else { Row::Alone };
            // Recognizers join letters with dashes or dots: "s-m-i-t-h", "j.a.n.e".
            let joined: Vec<&str> = words[at].split(['-', '.']).collect();
            if joined.len() > 2 && joined.iter().all(|part| part.chars().count() == 1) {
                letters.extend(joined);
                (at, count) = (at + 1, count + 2);
                continue;
            }
            let Some((own, taken)) = letter(&words[at..], row) else { break };
            letters.push_str(&own);
            at += taken;
            count += 1;
        }
        let better = best.as_ref().is_none_or(|(_, _, kept)| letters.len() > kept.len());
        if count >= LETTERS_MIN && letters.len() > LETTERS_MIN && better {
            best = Some((start, at, letters));
        }
    }
    let (start, end, letters) = best?;
    Some(Spelled { before: words[..start].to_vec(), letters, behind: words[end..].to_vec() })
}

/// A spelled word and what stands around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spelled {
    /// The words before the letters.
    pub(crate) before: Vec<String>,
    /// The letters, lower case.
    pub(crate) letters: String,
    /// The words behind them.
    pub(crate) behind: Vec<String>,
}

/// The e-mail address that is dictated in `said`: "john dot smith at gmail dot com", "j underscore
/// doe nineteen at mail dash box dot org", "jane@mail.example".
pub(crate) fn email(said: &str) -> Option<String> {
    const LEADS: [&str; 29] = [
        "my", "email", "e-mail", "mail", "address", "is", "it's", "its", "it", "the", "sure",
        "yes", "yeah", "okay", "ok", "so", "um", "uh", "that's", "that", "would", "be", "to", "me",
        "use", "reach", "write", "at", "try",
    ];
    let words = words(said);
    if let Some(written) = words.iter().find(|word| is_address(word)) {
        return Some(written.clone());
    }
    let at = words.iter().rposition(|word| word == "at")?;
    let lead = words[..at].iter().rposition(|word| LEADS.contains(&word.as_str()));
    let local = join(&words[lead.map_or(0, |lead| lead + 1)..at]);
    let tail = words[at + 1..].iter().position(|word| {
        matches!(word.as_str(), "and" | "please" | "thanks" | "thank" | "that's" | "okay")
    });
    let host = join(&words[at + 1..tail.map_or(words.len(), |tail| at + 1 + tail)]);
    let address = format!("{local}@{host}");
    is_address(&address).then_some(address)
}

/// Words of an address run together, its marks by their names, letters and figures as they are
/// dictated.
fn join(words: &[String]) -> String {
    let mut joined = String::new();
    let mut at = 0;
    while at < words.len() {
        let word = words[at].as_str();
        let mark = match word {
            "dot" | "period" | "point" => Some('.'),
            "underscore" => Some('_'),
            "dash" | "hyphen" | "minus" => Some('-'),
            "plus" => Some('+'),
            _ => None,
        };
        if let Some(mark) = mark {
            joined.push(mark);
            at += 1;
            continue;
        }
        let texts: Vec<&str> = words[at..].iter().map(String::as_str).collect();
        if numbers::is_number(word) && !matches!(word, "double" | "triple" | "hundred" | "oh") {
            let run = texts.iter().take_while(|text| numbers::is_number(text)).count();
            joined.push_str(&numbers::digits(&texts[..run]));
            at += run;
            continue;
        }
        let figures = matches!(word, "double" | "triple")
            && texts.get(1).is_some_and(|next| numbers::is_number(next));
        if figures {
            joined.push_str(&numbers::digits(&texts[..2]));
            at += 2;
            continue;
        }
        match letter(&words[at..], Row::Alone) {
            Some((letters, taken)) => {
                joined.push_str(&letters);
                at += taken;
            }
            None => {
                joined.push_str(word);
                at += 1;
            }
        }
    }
    joined
}

/// Whether `text` has the shape of an address (RFC 5321 §4.1.2, the plain forms).
fn is_address(text: &str) -> bool {
    let Some((local, host)) = text.split_once('@') else { return false };
    let is_local = !local.is_empty()
        && local.chars().all(|c| c.is_ascii_alphanumeric() || "._-+".contains(c))
        && !local.starts_with('.')
        && !local.ends_with('.');
    let labels: Vec<&str> = host.split('.').collect();
    let is_label = |label: &&str| {
        !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    is_local && labels.len() > 1 && labels.iter().all(is_label)
}

/// `digits` with what `said` corrects in them: "the last digit is seven", "the third digit is a
/// five", "the area code is 413", "it ends in 0143", "not 42, 43".
pub(crate) fn corrected_digits(digits: &str, said: &str) -> Option<String> {
    let words = words(said);
    let texts: Vec<&str> = words.iter().map(String::as_str).collect();
    let has = |word: &str| texts.contains(&word);
    let after = |at: usize| numbers::digits(&texts[at.min(texts.len())..]);
    let mut fixed: Vec<char> = digits.chars().collect();
    // A country code is not counted.
    let first = fixed.len().saturating_sub(10);
    if let Some(at) = texts.iter().position(|text| matches!(*text, "digit" | "number" | "one")) {
        let before = texts[..at].iter().rev().take(2);
        let place = before.filter_map(|text| place(text, fixed.len() - first)).next();
        let new = after(at + 1);
        if let (Some(place), 1) = (place, new.chars().count()) {
            fixed[first + place] = new.chars().next()?;
            return Some(fixed.into_iter().collect());
        }
    }
    if has("area") && has("code") {
        let at = texts.iter().position(|text| *text == "code")?;
        let new = after(at + 1);
        if new.len() == 3 && fixed.len() >= 10 {
            fixed.splice(first..first + 3, new.chars());
            return Some(fixed.into_iter().collect());
        }
    }
    let end = texts.iter().position(|text| matches!(*text, "end" | "ends" | "ending" | "last"));
    if let Some(at) = end {
        let start = at + 1;
        // "The last four are 0143": the count is no part of them.
        let counted = texts
            .get(start)
            .is_some_and(|text| matches!(*text, "two" | "three" | "four" | "2" | "3" | "4"));
        let verb = texts[start..].iter().position(|text| matches!(*text, "is" | "are" | "in"));
        let new = match (counted, verb) {
            (true, Some(verb)) => after(start + verb + 1),
            (true, None) => after(start + 1),
            (false, _) => after(start),
        };
        if (1..=4).contains(&new.len()) && new.len() < fixed.len() {
            let from = fixed.len() - new.len();
            fixed.splice(from.., new.chars());
            return Some(fixed.into_iter().collect());
        }
    }
    // "Not 42, 43": the old digits are in the number once.
    let not = texts.iter().position(|text| *text == "not")?;
    (not + 2..texts.len()).find_map(|at| {
        let (old, new) = (numbers::digits(&texts[not + 1..at]), after(at));
        let fits = old.len() == new.len() && !old.is_empty() && digits.matches(&old).count() == 1;
        fits.then(|| digits.replace(&old, &new))
    })
}

/// The place that `word` names among `count`, from 0.
fn place(word: &str, count: usize) -> Option<usize> {
    if word == "last" {
        return count.checked_sub(1);
    }
    let (nth, _) = numbers::ordinal(&[word])?;
    usize::from(nth).checked_sub(1).filter(|place| *place < count)
}

/// `name` with the letter that `said` corrects: "with a k", "k not c", "the last letter is e",
/// "with two t's".
pub(crate) fn corrected_name(name: &str, said: &str) -> Option<String> {
    let words = words(said);
    let texts: Vec<&str> = words.iter().map(String::as_str).collect();
    let one = |at: usize| -> Option<char> {
        let rest = &words[at.min(words.len())..];
        let skipped = usize::from(
            rest.first().is_some_and(|word| matches!(word.as_str(), "a" | "an")) && rest.len() > 1,
        );
        letter(&rest[skipped..], Row::Alone).and_then(|(letters, _)| letters.chars().next())
    };
    let mut letters: Vec<char> = name.to_lowercase().chars().collect();
    let at = |word: &str| texts.iter().position(|text| *text == word);
    if let Some(at) = at("letter").filter(|at| *at > 0) {
        let place = place(texts[at - 1], letters.len())?;
        let verb = texts[at..].iter().position(|text| matches!(*text, "is" | "should" | "was"))?;
        let skipped = if texts.get(at + verb + 1) == Some(&"be") { 2 } else { 1 };
        letters[place] = one(at + verb + skipped)?;
        return Some(letters.into_iter().collect());
    }
    // "K not c", "with a k, not a c".
    if let Some(not) = at("not").filter(|not| *not > 0) {
        let new = one(not - 1)?;
        let old = one(not + 1)?;
        let place = letters.iter().position(|letter| *letter == old)?;
        letters[place] = new;
        return Some(letters.into_iter().collect());
    }
    // "Without an h".
    if let Some(at) = at("without") {
        let place = letters.iter().rposition(|own| Some(*own) == one(at + 1))?;
        letters.remove(place);
        return Some(letters.into_iter().collect());
    }
    // "With two t's".
    let twice = texts.windows(2).find(|pair| matches!(pair[0], "two" | "double"));
    if let Some(letter) = twice.and_then(|pair| pair[1].chars().next())
        && texts.contains(&"with")
    {
        let place = letters.iter().rposition(|own| *own == letter)?;
        letters.insert(place, letter);
        return Some(letters.into_iter().collect());
    }
    // "With a k": the one letter that sounds like it.
    let with = at("with")?;
    let new = one(with + 1)?;
    const ALIKE: [&str; 7] = ["ck", "sz", "iy", "ea", "fv", "mn", "gj"];
    let group = ALIKE.iter().find(|group| group.contains(new))?;
    let mut fitting = letters.iter().enumerate().filter(|(_, own)| group.contains(**own));
    let (place, _) = fitting.next()?;
    if fitting.next().is_some() {
        return None;
    }
    letters[place] = new;
    Some(letters.into_iter().collect())
}

/// The word of `said` that is `name` in another spelling: "no, it's Jon".
pub(crate) fn restated_name(name: &str, said: &str) -> Option<String> {
    let known = name.to_lowercase();
    let own = sound(&known);
    words(said).into_iter().find(|word| {
        word.len() > LETTERS_MIN
            && *word != known
            && !crate::lexicon::is_common(word)
            && likeness(&own, &sound(word)) >= RESTATED_MIN
    })
}

/// A word that sounds this much like a name is that name.
const RESTATED_MIN: f32 = 0.8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_put_together() {
        for (said, expected) in [
            ("J A N E", Some("jane")),
            ("it's s m i double t h", Some("smitth")),
            ("b as in boy, o, y as in yellow, d for dog", Some("boyd")),
            ("kilo alpha tango echo", Some("kate")),
            ("S-M-I-T-H", Some("smith")),
            ("m, capital c, d, oh, double l", Some("mcdoll")),
            ("tee are oh why", None),
            ("my name is jane", None),
            ("a b", None),
        ] {
            let letters = spelled(said).map(|spelled| spelled.letters);
            assert_eq!(letters.as_deref(), expected, "{said}");
        }
        let around = spelled("Kowalski, K O W A L S K I, please").unwrap();
        assert_eq!(
            (around.before, around.behind),
            (vec!["kowalski".to_owned()], vec!["please".to_owned()])
        );
    }

    #[test]
    fn addresses_are_put_together() {
        for (said, expected) in [
            ("john dot smith at gmail dot com", Some("john.smith@gmail.com")),
            (
                "My email is j underscore doe nineteen at mail dash box dot org",
                Some("j_doe19@mail-box.org"),
            ),
            (
                "it's k a t e double seven at example dot co dot uk please",
                Some("kate77@example.co.uk"),
            ),
            ("b as in boy o b at yahoo dot com", Some("bob@yahoo.com")),
            ("Jane.Doe@mail.example.", Some("jane.doe@mail.example")),
            ("meet me at five", None),
            ("at gmail dot com", None),
            ("", None),
        ] {
            assert_eq!(email(said).as_deref(), expected, "{said}");
        }
    }

    #[test]
    fn one_digit_is_corrected() {
        for (said, expected) in [
            ("no, the last digit is seven", Some("2125550147")),
            ("the third digit is a five", Some("2155550142")),
            ("the area code is four one three", Some("4135550142")),
            ("it ends in 0143", Some("2125550143")),
            ("the last four are 0199", Some("2125550199")),
            ("no, the last two are four three", Some("2125550143")),
            ("not four two, four three", Some("2125550143")),
            ("no", None),
            ("the last digit", None),
        ] {
            assert_eq!(corrected_digits("2125550142", said).as_deref(), expected, "{said}");
        }
        assert_eq!(
            corrected_digits("12125550142", "the first digit is three").as_deref(),
            Some("13125550142")
        );
    }

    #[test]
    fn one_letter_is_corrected() {
        for (name, said, expected) in [
            ("Carl", "with a K", Some("karl")),
            ("Carl", "no, k not c", Some("karl")),
            ("Jan", "the last letter is m", Some("jam")),
            ("Mat", "with two t's", Some("matt")),
            ("John", "no, it's Jon without an h", Some("jon")),
            ("Bob", "no", None),
            ("Bob", "with a k", None),
        ] {
            assert_eq!(corrected_name(name, said).as_deref(), expected, "{said}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_dictated_is_too_strange(said in ".{0,80}", digits in "[0-9]{0,15}") {
            let _ = spelled(&said);
            let _ = email(&said);
            let _ = corrected_digits(&digits, &said);
            let _ = corrected_name(&digits, &said);
        }
    }
}

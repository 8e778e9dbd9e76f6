//! Short answers to what the agent asked: yes, no, digits, a name, one of a few.

use crate::cues::Cue;
use crate::intent::FILLERS;
use crate::numbers;
use crate::pattern::find_cues;
use crate::words::{Token, Utterance};

/// A yes or a no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is so.
    Yes,
    /// It is not.
    No,
}

/// The yes or no in `utterance`, if it is one.
pub(crate) fn verdict(utterance: &Utterance) -> Option<Verdict> {
    const YES: [&str; 24] = [
        "yes",
        "yeah",
        "yep",
        "yup",
        "ya",
        "yea",
        "sure",
        "correct",
        "right",
        "ok",
        "okay",
        "absolutely",
        "definitely",
        "exactly",
        "perfect",
        "please",
        "fine",
        "good",
        "course",
        "affirmative",
        "ahead",
        "certainly",
        "mhm",
        "uhhuh",
    ];
    const NO: [&str; 11] = [
        "no",
        "nope",
        "nah",
        "not",
        "never",
        "wrong",
        "incorrect",
        "negative",
        "neither",
        "none",
        "different",
    ];
    let texts = utterance.texts();
    let pair = |first: &str, second: &str| texts.windows(2).any(|pair| pair == [first, second]);
    if pair("no", "problem") || pair("why", "not") || pair("not", "bad") {
        return Some(Verdict::Yes);
    }
    if texts.iter().any(|text| NO.contains(text)) {
        return Some(Verdict::No);
    }
    let agrees = texts.iter().any(|text| YES.contains(text))
        || pair("got", "it")
        || pair("you", "bet")
        || pair("the", "one")
        || pair("it", "is")
        || pair("that", "works")
        || pair("uh", "huh")
        || pair("mm", "hmm")
        || pair("do", "that");
    agrees.then_some(Verdict::Yes)
}

/// Which one of `count` things was chosen by its place.
pub(crate) fn place(utterance: &Utterance, count: usize) -> Option<usize> {
    let texts = utterance.texts();
    let chosen = texts.iter().find_map(|text| match *text {
        "first" | "former" => Some(0),
        "second" => Some(1),
        "third" => Some(2),
        "last" | "latter" => count.checked_sub(1),
        _ => None,
    });
    chosen.filter(|place| *place < count)
}

/// The name in `said`, as it should be written.
pub(crate) fn name(said: &str) -> Option<String> {
    const LEADS: [&str; 32] = [
        "just", "only", "my", "name", "names", "is", "it", "its", "it's", "this", "i'm", "im", "i",
        "am", "the", "a", "yes", "yeah", "sure", "ok", "okay", "please", "um", "uh", "hi", "hello",
        "well", "call", "me", "name's", "that's", "so",
    ];
    const TAILS: [&str; 12] = [
        "please", "thanks", "thank", "you", "speaking", "here", "and", "my", "is", "number",
        "calling", "for",
    ];
    let words: Vec<&str> =
        said.split_whitespace().map(trim_marks).filter(|word| !word.is_empty()).collect();
    let is_in = |list: &[&str], word: &str| list.contains(&word.to_lowercase().as_str());
    let start = words.iter().position(|word| !is_in(&LEADS, word))?;
    let mut words: Vec<&str> = words[start..].iter().take(WORDS_MAX).copied().collect();
    while words.last().is_some_and(|word| is_in(&TAILS, word)) {
        words.pop();
    }
    let stop = words.iter().position(|word| {
        word.bytes().any(|b| b.is_ascii_digit())
            || matches!(word.to_lowercase().as_str(), "and" | "but" | "calling")
    });
    words.truncate(stop.unwrap_or(words.len()));
    let plain = Utterance::new(&words.join(" "));
    let telling = plain
        .tokens
        .iter()
        .any(|token| token.weight > 0.0 || !token.is_common() || token.text.len() == 1);
    let refuses = ["no", "nope", "never", "what", "why", "none"];
    if words.is_empty() || !telling || is_in(&refuses, words[0]) {
        return None;
    }
    // "J, A, N, E" is Jane; "Jane, J A N E" is Jane too.
    let letters: String = words.iter().filter(|word| word.chars().count() == 1).copied().collect();
    let whole: Vec<&str> = words.iter().filter(|word| word.chars().count() > 1).copied().collect();
    if letters.chars().count() > 2 {
        let spelled = capital(&letters.to_lowercase());
        let others = whole.iter().filter(|word| !word.eq_ignore_ascii_case(&spelled));
        let mut name: Vec<String> = others.map(|word| capital(word)).collect();
        name.push(spelled);
        name.truncate(4);
        return Some(name.join(" "));
    }
    Some(words.iter().map(|word| capital(word)).collect::<Vec<_>>().join(" "))
}

/// No name that is asked for on a telephone has more words.
const WORDS_MAX: usize = 14;

/// The digits in `utterance`: what the caller takes back replaces the end of what went before,
/// "518 555 0142, no wait, 0124".
pub(crate) fn digits(utterance: &Utterance) -> String {
    let tokens = &utterance.tokens;
    let taken_back = find_cues(utterance)
        .into_iter()
        .filter(|hit| hit.cue == Cue::Correction)
        .map(|hit| hit.mask.last() + 1)
        .chain(tokens.iter().position(|token| token.text == "sorry").map(|at| at + 1))
        .max();
    let Some(at) = taken_back else { return plain_digits(tokens) };
    let (before, behind) = (plain_digits(&tokens[..at]), plain_digits(&tokens[at..]));
    if behind.is_empty() || before.is_empty() || before.len() <= behind.len() {
        return if behind.is_empty() { before } else { behind };
    }
    // A whole number takes back all of it, however long the first try was.
    if SUBSCRIBER_DIGITS <= behind.len() {
        return behind;
    }
    format!("{}{behind}", &before[..before.len() - behind.len()])
}

/// So many digits are a number without its area (the North American numbering plan).
const SUBSCRIBER_DIGITS: usize = 7;

/// The digits in `tokens`, none of which is taken back.
fn plain_digits(tokens: &[Token]) -> String {
    if !tokens.iter().any(|token| numbers::is_number(&token.text)) {
        return String::new();
    }
    // "Four eighty, five fifty five": what a comma sets apart is no eighty five.
    let parts = tokens.chunk_by(|left, right| left.part == right.part);
    let parts = parts.map(|part| part.iter().map(|token| token.text.as_str()).collect::<Vec<_>>());
    numbers::digits_of(&parts.collect::<Vec<_>>())
}

/// What `said` is about, without the words that lead up to it.
pub(crate) fn reason(said: &str) -> Option<String> {
    let utterance = Utterance::new(said);
    let telling =
        utterance.tokens.iter().any(|token| token.weight > 0.0) || utterance.tokens.len() > 3;
    if !telling {
        return None;
    }
    const LEADS: [&str; 12] =
        ["it's", "its", "it", "is", "about", "um", "uh", "well", "yes", "yeah", "so", "just"];
    let words: Vec<&str> = said.split_whitespace().collect();
    let start =
        words.iter().position(|word| !LEADS.contains(&trim_marks(word).to_lowercase().as_str()))?;
    let text = words[start..].join(" ");
    Some(capital(trim_marks(&text)))
}

/// Whether `utterance` holds nothing but words that lead up to others.
pub(crate) fn is_filler(utterance: &Utterance) -> bool {
    utterance
        .tokens
        .iter()
        .all(|token| FILLERS.contains(&token.text.as_str()) || token.text.len() <= 2)
}

fn trim_marks(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}

fn capital(word: &str) -> String {
    crate::phrase::capitalized(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yes_and_no_are_told_apart() {
        for (said, expected) in [
            ("Yes.", Some(Verdict::Yes)),
            ("Yeah, that's right", Some(Verdict::Yes)),
            ("no problem", Some(Verdict::Yes)),
            ("No, it isn't.", Some(Verdict::No)),
            ("that's not right", Some(Verdict::No)),
            ("it is", Some(Verdict::Yes)),
            ("uh huh", Some(Verdict::Yes)),
            ("purple", None),
            ("", None),
        ] {
            assert_eq!(verdict(&Utterance::new(said)), expected, "{said}");
        }
    }

    #[test]
    fn names_are_taken_out_of_their_sentences() {
        for (said, expected) in [
            ("My name is Jane Doe.", Some("Jane Doe")),
            ("It's Bob", Some("Bob")),
            ("jane", Some("Jane")),
            ("This is Maria Garcia, thank you", Some("Maria Garcia")),
            ("J, A, N, E", Some("Jane")),
            ("Jane, J A N E", Some("Jane")),
            ("Smith, S M Y T H", Some("Smith Smyth")),
            ("Jane Doe and my number is 555", Some("Jane Doe")),
            ("yes", None),
            ("no", None),
            ("", None),
            ("um", None),
        ] {
            assert_eq!(name(said).as_deref(), expected, "{said}");
        }
    }

    #[test]
    fn reasons_lose_their_lead() {
        assert_eq!(reason("It's about my bill.").as_deref(), Some("My bill"));
        assert_eq!(reason("yes").as_deref(), None);
        assert_eq!(reason("").as_deref(), None);
    }
}

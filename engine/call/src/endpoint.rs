//! How long the caller's silence must last to end the turn.

use serde::{Deserialize, Serialize};
use types::{Expect, Millis};

use crate::Words;
use crate::words::{ends_in, tokens, words_beside};

/// A probability in thousandths, 0 to 1,000. Whole numbers, so that a replay decides alike anywhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Permille(u16);

impl Permille {
    /// Certain.
    pub const ONE: Self = Self(1_000);

    /// `thousandths`, at most [`Permille::ONE`].
    pub const fn new(thousandths: u16) -> Self {
        Self(if Self::ONE.0 < thousandths { Self::ONE.0 } else { thousandths })
    }

    /// The thousandths.
    pub const fn get(self) -> u16 {
        self.0
    }
}

/// How sure the words are on which an endpoint delay is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// None have come yet.
    None,
    /// They may lag behind the audio.
    Partial,
    /// They cover all speech up to this pause.
    Stable,
}

/// What an endpoint delay is chosen from.
#[derive(Clone, Copy, Debug)]
pub struct EndpointInputs<'a> {
    /// The words so far.
    pub text: &'a str,
    /// How sure they are.
    pub certainty: Certainty,
    /// What was asked for.
    pub expect: Expect,
    /// Silence after words that sound finished.
    pub delay_min: Millis,
    /// Silence after words that do not.
    pub delay_max: Millis,
    /// The kinds of words.
    pub words: &'a Words,
}

/// The rule that chose an endpoint delay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// No words have come yet.
    NoText,
    /// The words sound finished.
    Finished,
    /// A short answer to a closed question.
    Answer,
    /// A single word or two: perhaps all, perhaps a beginning.
    Fragment,
    /// The last word announces more.
    Unfinished,
    /// The caller looks for words.
    Filler,
    /// Digits, fewer than make up a number.
    DigitsIncomplete,
    /// Digits enough for a number.
    DigitsComplete,
    /// A name or an address, with pauses inside.
    Dictation,
    /// Single letters, being spelled.
    Spelling,
}

/// Chooses the silence that ends a turn, from its last sample of speech.
///
/// `d(p) = min + (max - min)·(1 - p)²` with `p` the likelihood that the words are complete
/// (conversation.md §7.3): no cliff, so that a model's score can take the place of the rules. What
/// is expected moves the bounds: a closed question narrows them, digits and dictation widen them.
pub fn endpoint_delay(inputs: EndpointInputs<'_>) -> (Millis, Rule, Permille) {
    let (rule, finished) = finished(&inputs);
    let (min, max) = endpoint_bounds(&inputs, rule);
    let unfinished = u64::from(Permille::ONE.0 - finished.0);
    let extra = u64::from(max.saturating_sub(min).get()) * unfinished * unfinished / 1_000_000;
    let extra = Millis::new(u32::try_from(extra).expect("not more than max - min"));
    (min + extra, rule, finished)
}

/// The shortest and the longest delay that `rule` could have led to.
pub(crate) fn endpoint_bounds(inputs: &EndpointInputs<'_>, rule: Rule) -> (Millis, Millis) {
    let (min, max) = (inputs.delay_min, inputs.delay_max);
    match inputs.expect {
        Expect::Open => (min, max),
        // conversation.md §7.3: 150 to 700 where the default is 200 to 1,600.
        Expect::Choice => (part(min, 3, 4), part(max, 7, 16).max(part(min, 3, 4))),
        // 600 to 3,000 where the default is 200 to 1,600; a complete number needs no such patience.
        Expect::Digits | Expect::Dictation if rule == Rule::DigitsComplete => {
            (part(min, 3, 2), max)
        }
        Expect::Digits | Expect::Dictation => {
            (part(min, 3, 1), part(max, 15, 8).max(part(min, 3, 1)))
        }
    }
}

fn part(span: Millis, numerator: u32, denominator: u32) -> Millis {
    Millis::new(span.get().saturating_mul(numerator) / denominator)
}

fn finished(inputs: &EndpointInputs<'_>) -> (Rule, Permille) {
    let words = tokens(inputs.text);
    if inputs.certainty == Certainty::None || words.is_empty() {
        // A recognizer that lags will say more: its words move the timer when they come.
        return (Rule::NoText, Permille::new(250));
    }
    let (rule, finished) = by_words(inputs, &words);
    match inputs.certainty {
        // Words that lag may end in the middle of what was said.
        Certainty::Partial => (rule, Permille::new(finished * 8 / 10)),
        Certainty::Stable | Certainty::None => (rule, Permille::new(finished)),
    }
}

fn by_words(inputs: &EndpointInputs<'_>, words: &[String]) -> (Rule, u16) {
    let lists = inputs.words;
    if words_beside(words, &[&lists.fillers]) == 0 {
        return (Rule::Filler, 100);
    }
    if inputs.text.trim_end().ends_with(['…', '-', ',', '—']) || inputs.text.ends_with("...") {
        return (Rule::Unfinished, 200);
    }
    if words_beside(words, &[&lists.answers]) == 0 {
        return (Rule::Answer, 950);
    }
    if ends_in(words, &lists.unfinished) && !inputs.text.trim_end().ends_with('?') {
        return (Rule::Unfinished, 100);
    }
    if ends_in(words, &lists.fillers) && 1 < words.len() {
        return (Rule::Filler, 100);
    }
    if let Some(digits) = by_digits(inputs, words) {
        return digits;
    }
    // "That is all, thank you.", "A cleaning, please."
    if 2 < words.len() && ends_in(words, &lists.answers) {
        return (Rule::Finished, 950);
    }
    if is_spelled(words) {
        return (Rule::Spelling, 300);
    }
    match inputs.expect {
        Expect::Dictation => (Rule::Dictation, 700),
        Expect::Digits | Expect::Choice if words.len() < 2 => (Rule::Fragment, 700),
        Expect::Digits | Expect::Choice => (Rule::Finished, 950),
        // "Hello?", and perhaps a wish.
        Expect::Open if words_beside(words, &[&lists.greetings]) == 0 => (Rule::Fragment, 700),
        Expect::Open => by_length(inputs.text, words.len()),
    }
}

/// What is said without being asked for anything in particular: the more was said, the likelier it
/// is all, and a question hands the word over.
///
/// A regression over the tuned half of `make bench-turns`, November 2026, its slope chosen there by
/// cut-offs at equal delay: 245 pauses of open turns. Area under the curve 0.71 on turns left out;
/// how finished Smart Turn v3.2 finds the same pauses to sound, at 8 kHz, adds nothing to it (alone
/// 0.52).
fn by_length(text: &str, count: usize) -> (Rule, u16) {
    let rule = if count < 3 { Rule::Fragment } else { Rule::Finished };
    let column = match EndMark::of(text) {
        EndMark::Unknown => return (rule, if count < 2 { 700 } else { 950 }),
        EndMark::None => 0,
        EndMark::Stop => 1,
        EndMark::StopAgain => 2,
        EndMark::Question => 3,
    };
    let row = match count {
        0..3 => [140, 220, 390, 590],
        3..5 => [350, 500, 690, 950],
        5..8 => [410, 560, 740, 950],
        8..12 => [590, 720, 850, 950],
        12.. => [750, 850, 920, 950],
    };
    (rule, row[column])
}

/// How written words end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EndMark {
    /// Whoever writes them sets no marks.
    Unknown,
    /// Without a mark where there could be one.
    None,
    /// With a full stop.
    Stop,
    /// With a full stop, and there was one before.
    StopAgain,
    /// With a question mark.
    Question,
}

impl EndMark {
    fn of(text: &str) -> Self {
        let marks = text.chars().filter(|mark| ['.', '?', '!'].contains(mark)).count();
        let is_plain = text.chars().find(|c| c.is_alphanumeric()).is_none_or(char::is_lowercase);
        match text.trim_end().chars().last() {
            Some('?') => Self::Question,
            Some('.' | '!') if 1 < marks => Self::StopAgain,
            Some('.' | '!') => Self::Stop,
            // Recognizers that set marks begin with a capital.
            Some(_) | None if marks == 0 && is_plain => Self::Unknown,
            Some(_) | None => Self::None,
        }
    }
}

/// A telephone number has ten or eleven digits, a local one seven.
fn by_digits(inputs: &EndpointInputs<'_>, words: &[String]) -> Option<(Rule, u16)> {
    let trailing = words.iter().rev().map(|word| digits_in(inputs.words, word));
    let count: usize = trailing.take_while(|&digits| 0 < digits).sum();
    // Shorter runs outside a dictated number are years, times and prices.
    let count_min = if inputs.expect == Expect::Digits { 1 } else { 5 };
    if count < count_min {
        return None;
    }
    Some(match count {
        7 => (Rule::DigitsIncomplete, 650),
        0..10 => (Rule::DigitsIncomplete, 250),
        10.. => (Rule::DigitsComplete, 950),
    })
}

fn digits_in(words: &Words, word: &str) -> usize {
    if word.bytes().all(|byte| byte.is_ascii_digit()) {
        return word.len();
    }
    usize::from(words.digits.iter().any(|digit| digit == word))
}

fn is_spelled(words: &[String]) -> bool {
    let letters = words
        .iter()
        .rev()
        .take_while(|word| word.chars().count() == 1 && word.chars().all(char::is_alphabetic));
    2 <= letters.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expect: Expect, rows: &[(&str, Rule, u32)]) {
        let words = Words::english();
        for &(text, rule, delay) in rows {
            let certainty = if text.is_empty() { Certainty::None } else { Certainty::Stable };
            let inputs = EndpointInputs {
                text,
                certainty,
                expect,
                delay_min: Millis::new(200),
                delay_max: Millis::new(1_600),
                words: &words,
            };
            let (chosen, by, _) = endpoint_delay(inputs);
            assert_eq!((by, chosen), (rule, Millis::new(delay)), "{text:?}");
        }
    }

    #[test]
    fn finished_words_end_a_turn_sooner() {
        check(
            Expect::Open,
            &[
                ("How much is a cleaning?", Rule::Finished, 203),
                ("do you have anything on sunday", Rule::Finished, 203),
                ("Do you have anything on Sunday", Rule::Finished, 687),
                ("I would love a cleaning on Sunday.", Rule::Finished, 471),
                ("That is all, thank you.", Rule::Finished, 203),
                ("I'm new here. I would love a cleaning on Sunday.", Rule::Finished, 231),
                ("Hello?", Rule::Fragment, 326),
                ("The plane.", Rule::Fragment, 1051),
                ("I need a cleaning and", Rule::Unfinished, 1_334),
                ("I'd like to", Rule::Unfinished, 1_334),
                ("Um.", Rule::Filler, 1_334),
                ("I need, um", Rule::Filler, 1_334),
                ("I was wondering...", Rule::Unfinished, 1_096),
                ("Yes.", Rule::Answer, 203),
                ("sunday", Rule::Fragment, 326),
                ("Sunday", Rule::Fragment, 1235),
                ("What is it about?", Rule::Finished, 203),
                ("my number is 555 01", Rule::DigitsIncomplete, 987),
                ("I was born in 1985", Rule::Finished, 687),
                ("", Rule::NoText, 987),
            ],
        );
    }

    #[test]
    fn what_is_expected_moves_the_bounds() {
        check(
            Expect::Choice,
            &[("Yes.", Rule::Answer, 151), ("the first one and", Rule::Unfinished, 595)],
        );
        check(
            Expect::Digits,
            &[
                ("five five five", Rule::DigitsIncomplete, 1_950),
                ("555 0100", Rule::DigitsIncomplete, 894),
                ("415 555 0100", Rule::DigitsComplete, 303),
            ],
        );
        check(
            Expect::Dictation,
            &[("Ada Lovelace", Rule::Dictation, 816), ("it is L O V", Rule::Spelling, 1_776)],
        );
    }

    #[test]
    fn delays_stay_between_their_bounds_whatever_the_text() {
        let words = Words::english();
        for text in ["", "a", "yes", "the", "1 2 3", "no and", "x y z"] {
            for certainty in [Certainty::None, Certainty::Partial, Certainty::Stable] {
                let (delay, ..) = endpoint_delay(EndpointInputs {
                    text,
                    certainty,
                    expect: Expect::Open,
                    delay_min: Millis::new(300),
                    delay_max: Millis::new(300),
                    words: &words,
                });
                assert_eq!(delay, Millis::new(300), "{text:?}");
            }
        }
    }
}

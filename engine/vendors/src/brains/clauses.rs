//! A model's words into clauses that can be judged and spoken.

use types::english;

use crate::figures::is_number_word;

/// A clause without end is cut here: nobody speaks that long without a breath.
const CLAUSE_BYTES_MAX: usize = 400;

/// Abbreviations whose full stop ends no sentence.
const ABBREVIATIONS: [&str; 22] = [
    "mr", "mrs", "ms", "dr", "prof", "st", "ave", "rd", "blvd", "apt", "no", "vs", "etc", "inc",
    "ltd", "approx", "ext", "a.m", "p.m", "e.g", "i.e", "u.s",
];

/// Collects words and gives out clauses: what stands between marks, never parting a figure
/// ("2 1 2, 5 5 5", "Friday, December 4", "$1,200"), free of marks that are no speech.
#[derive(Debug, Default)]
pub(crate) struct Clauses {
    rest: String,
    /// Characters of a bracketed note so far, if one is open: it is not spoken.
    note: Option<usize>,
}

/// A bracket that is not closed within so many characters was none.
const NOTE_CHARS_MAX: usize = 600;

/// A piece of a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Clause {
    pub(crate) text: String,
    /// Whether a sentence ends with it.
    pub(crate) ends: Ends,
}

/// What ends with a clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ends {
    Sentence,
    Nothing,
}

impl Clauses {
    /// Takes in more words.
    pub(crate) fn push(&mut self, text: &str) {
        for c in text.chars() {
            if let Some(chars) = self.note {
                let is_over = c == ']' || NOTE_CHARS_MAX <= chars;
                self.note = if is_over { None } else { Some(chars + 1) };
                continue;
            }
            match c {
                '[' => self.note = Some(0),
                ']' => (),
                // Emphasis, headings, code: nobody hears them.
                '*' | '`' | '#' | '~' | '|' => (),
                // Emphasis too, unless it joins two halves of an address.
                '_' if !self.rest.ends_with(char::is_alphanumeric) => (),
                '\r' | '\t' => self.rest.push(' '),
                // A line of a list is a sentence.
                '\n' => {
                    let kept = self.rest.trim_end().len();
                    self.rest.truncate(kept);
                    let is_open = self.rest.ends_with(|c: char| c.is_alphanumeric());
                    self.rest.push_str(if is_open { ". " } else { " " });
                }
                '\u{2013}' | '\u{2014}' if self.rest.ends_with(' ') => self.rest.push('\u{2014}'),
                c if is_picture(c) => (),
                c => self.rest.push(c),
            }
        }
    }

    /// The next clause that is whole.
    pub(crate) fn poll(&mut self) -> Option<Clause> {
        loop {
            let (end, ends) = self.next_end()?;
            let text: String = self.rest.drain(..end).collect();
            let text = spoken(&text);
            if text.chars().any(char::is_alphanumeric) {
                return Some(Clause { text, ends });
            }
        }
    }

    /// What is left at the end. Call [`Clauses::poll`] first.
    pub(crate) fn finish(&mut self) -> Option<Clause> {
        let rest = std::mem::take(&mut self.rest);
        let text = spoken(&rest);
        let is_spoken = text.chars().any(char::is_alphanumeric);
        is_spoken.then_some(Clause { text, ends: Ends::Sentence })
    }

    fn next_end(&self) -> Option<(usize, Ends)> {
        let mut space = None;
        for (at, c) in self.rest.char_indices() {
            if c.is_whitespace() {
                space = Some(at);
                match self.break_at(at) {
                    Some(ends) => return Some((at, ends)),
                    None if CLAUSE_BYTES_MAX < at && self.is_free(at) => {
                        return Some((at, Ends::Nothing));
                    }
                    None => (),
                }
            }
        }
        // Not even a space: something is wrong with the model.
        let is_endless = 4 * CLAUSE_BYTES_MAX < self.rest.len();
        is_endless.then(|| (space.unwrap_or(self.rest.len()), Ends::Nothing))
    }

    /// Whether no figure can reach over the space at `at`.
    fn is_free(&self, at: usize) -> bool {
        let last = self.rest[..at].split_whitespace().next_back().unwrap_or_default();
        !is_number_word(last) && !is_day_word(last)
    }

    /// What ends at the space at `at`, if anything; `None` also where it is not known yet.
    fn break_at(&self, at: usize) -> Option<Ends> {
        let before = self.rest[..at].trim_end_matches(['"', '\'', ')', '\u{201d}', '\u{2019}']);
        let mark = before.chars().next_back()?;
        let stem = before.trim_end_matches(mark);
        let last = stem.split_whitespace().next_back().unwrap_or_default();
        let ends = match mark {
            '!' | '?' => return Some(Ends::Sentence),
            '.' if is_abbreviation(stem) => return None,
            '.' => Ends::Sentence,
            ',' | ';' | ':' | '\u{2014}' => Ends::Nothing,
            _ => return None,
        };
        if mark == ',' && is_day_word(last) {
            return None;
        }
        if !is_number_word(last) {
            return Some(ends);
        }
        // After a number, only a whole word that is none ends it.
        let after = self.rest[at..].trim_start();
        let next_end = after.find(char::is_whitespace)?;
        let next = &after[..next_end];
        let goes_on = is_number_word(next) || matches!(next, "and" | "oh") && ends == Ends::Nothing;
        (!goes_on).then_some(ends)
    }
}

/// `text` without bullets and what is left of emphasis.
fn spoken(text: &str) -> String {
    let text = text.trim().trim_start_matches("- ").trim_start();
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '_' || chars.peek().is_some_and(|next| next.is_alphanumeric()) {
            out.push(c);
        }
    }
    out
}

/// A weekday or a month: its day may follow.
fn is_day_word(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    english::weekday(word).is_some() || english::month(word).is_some()
}

fn is_abbreviation(stem: &str) -> bool {
    let word = stem.rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or(stem);
    let is_initial = word.chars().count() == 1 && word.chars().all(char::is_uppercase);
    is_initial || ABBREVIATIONS.contains(&word.to_lowercase().as_str())
}

fn is_picture(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{2bff}' | '\u{fe0f}' | '\u{1f000}'..='\u{1faff}' | '\u{200b}'..='\u{200f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clauses(portions: &[&str]) -> Vec<String> {
        let mut clauses = Clauses::default();
        let mut out = Vec::new();
        for portion in portions {
            clauses.push(portion);
            out.extend(std::iter::from_fn(|| clauses.poll()));
        }
        out.extend(clauses.finish());
        out.into_iter().map(|clause| clause.text).collect()
    }

    fn check(text: &str, expected: &[&str]) {
        assert_eq!(clauses(&[text]), expected, "{text:?}");
        let letters: Vec<String> = text.chars().map(String::from).collect();
        let letters: Vec<&str> = letters.iter().map(String::as_str).collect();
        assert_eq!(clauses(&letters), expected, "{text:?} by letters");
    }

    #[test]
    fn clauses_end_at_marks_and_never_within_figures() {
        check(
            "Sure! A cleaning is $1,200.50, and it takes, usually, half an hour. Anything else?",
            &[
                "Sure!",
                "A cleaning is $1,200.50, and it takes,",
                "usually,",
                "half an hour.",
                "Anything else?",
            ],
        );
        check(
            "Call 2 1 2, 5 5 5, 0 1 4 2, any time. Or five five five, oh one.",
            &["Call 2 1 2, 5 5 5, 0 1 4 2,", "any time.", "Or five five five, oh one."],
        );
        check(
            "On Friday, December 4, we close. At 9 a.m. on Monday we open.",
            &["On Friday, December 4,", "we close.", "At 9 a.m. on Monday we open."],
        );
        check("Ask Dr. Lee at 5. Bye now.", &["Ask Dr. Lee at 5.", "Bye now."]);
    }

    #[test]
    fn what_is_no_speech_is_left_out() {
        check(
            "We offer:\n- **Cleaning**\n- Filling 🙂\n\n# Hours\nWrite _now_ to front_desk@x.example!",
            &["We offer:", "Cleaning.", "Filling.", "Hours.", "Write now to front_desk@x.example!"],
        );
    }

    #[test]
    fn notes_are_not_read_out() {
        check("[It is 9 AM.] We are open. [now", &["We are open."]);
        let endless = format!("Yes. [{} We are.", "x".repeat(700));
        assert!(clauses(&[&endless])[1].ends_with("We are."));
    }

    #[test]
    fn a_clause_is_out_as_soon_as_its_end_is_certain() {
        let mut clauses = Clauses::default();
        clauses.push("We do, ");
        assert_eq!(clauses.poll().map(|clause| clause.text).as_deref(), Some("We do,"));
        clauses.push("it costs $20. ");
        assert_eq!(clauses.poll(), None);
        clauses.push("Anything ");
        assert_eq!(clauses.poll().map(|clause| clause.text).as_deref(), Some("it costs $20."));
    }

    #[test]
    fn endless_words_are_cut() {
        let mut clauses = Clauses::default();
        clauses.push(&"word ".repeat(200));
        assert!(clauses.poll().is_some_and(|clause| clause.text.len() < 500));
        let mut clauses = Clauses::default();
        clauses.push(&"x".repeat(5_000));
        assert!(clauses.poll().is_some());
    }
}

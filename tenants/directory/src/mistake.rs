//! What is wrong with a file, where, and what to write instead.

use std::fmt;

/// One mistake in one file.
///
/// Sorts by file, then by place. `Display` is one line:
/// `riverside.toml:34:14: facts.hours.monday[0]: "17:00-08:00" closes before it opens (write …)`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// The file, as its [`Source`](crate::Source) calls it.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Path of the field, `agents[0].turns.barge_in`; empty where the mistake has none.
    pub field: String,
    /// What is wrong: lower case, no full stop, continues the field's name.
    pub what: String,
    /// What to write instead, where we can tell.
    pub hint: Option<String>,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", self.file, self.line, self.column)?;
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.what)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Mistake {}

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

impl Place {
    /// Where a file begins: the place of a mistake that concerns all of it.
    pub(crate) const START: Self = Self { line: 1, column: 1 };
}

/// `text` in quotes, cut to a length that fits in a line and with nothing unprintable in it.
pub(crate) fn quoted(text: &str) -> String {
    match text.char_indices().nth(QUOTED_CHARS_MAX) {
        Some((end, _)) => format!("{:?}", format!("{}…", &text[..end])),
        None => format!("{text:?}"),
    }
}

/// Of the `known` words the one `word` was probably meant to be.
///
/// At most one edit, plus one per four characters; upper and lower case are alike.
pub(crate) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    // Quadratic in the length: what is longer than any key is no misspelled key.
    if GUESSED_BYTES_MAX < word.len() {
        return None;
    }
    let word = word.to_lowercase();
    let edits_max = 1 + word.chars().count() / 4;
    known
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(&word, &known.to_lowercase()), known))
        .filter(|(edits, _)| *edits <= edits_max)
        .min()
        .map(|(_, known)| known)
}

/// `a, b or c`.
pub(crate) fn listed<'k>(known: impl IntoIterator<Item = &'k str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match known.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => "nothing".to_owned(),
    }
}

/// What is quoted of a wrong value, in characters.
const QUOTED_CHARS_MAX: usize = 40;

/// The longest word a nearest one is looked for.
const GUESSED_BYTES_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_near() {
        let known = ["greeting", "disclosure", "tone", "record"];
        assert_eq!(nearest("greting", known), Some("greeting"));
        assert_eq!(nearest("Tone", known), Some("tone"));
        assert_eq!(nearest("recrod", known), Some("record"));
        assert_eq!(nearest("voice", known), None);
        assert_eq!(nearest(&"x".repeat(1_000_000), known), None);
    }

    #[test]
    fn quotes_are_short_and_printable() {
        assert_eq!(quoted("a\nb"), r#""a\nb""#);
        assert_eq!(quoted(&"é".repeat(41)), format!("\"{}…\"", "é".repeat(40)));
    }

    #[test]
    fn a_mistake_is_one_line() {
        let mut mistake = Mistake {
            file: "a.toml".into(),
            line: 3,
            column: 7,
            field: "business.id".into(),
            what: "is missing".into(),
            hint: None,
        };
        assert_eq!(mistake.to_string(), "a.toml:3:7: business.id: is missing");
        mistake.field.clear();
        mistake.hint = Some("add it".into());
        assert_eq!(mistake.to_string(), "a.toml:3:7: is missing (add it)");
    }
}

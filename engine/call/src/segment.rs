//! A reply's text, as it streams in, cut into pieces fit for a voice.

/// The first piece may be a clause of this many characters or [`FIRST_WORDS_MIN`] words: the
/// caller hears it while the rest is still being thought (conversation.md §7.8).
const FIRST_CHARACTERS_MIN: usize = 24;
/// See [`FIRST_CHARACTERS_MIN`].
const FIRST_WORDS_MIN: usize = 5;
/// Later pieces are sentences, short ones joined: a voice needs context for its melody.
const LATER_CHARACTERS_MIN: usize = 20;
/// No piece is longer, whatever its punctuation: it would be wasted if the caller barged in.
const CHARACTERS_MAX: usize = 300;

/// Abbreviations whose full stop ends no sentence.
const ABBREVIATIONS: [&str; 28] = [
    "mr", "mrs", "ms", "dr", "prof", "st", "ave", "rd", "blvd", "apt", "no", "vs", "etc", "inc",
    "ltd", "co", "jr", "sr", "approx", "ext", "a.m", "p.m", "e.g", "i.e", "u.s", "min", "hr",
    "dept",
];

/// Collects text and gives out pieces.
///
/// Input: text in arbitrary portions, joined as they are; only where one portion ends a sentence
/// and the next begins with a capital letter is a missing space put between. A line feed is a
/// space after which no number goes on: no look at what follows is needed.
/// Output: pieces without surrounding space, in order; together all words of the input.
#[derive(Debug, Default)]
pub(crate) struct Segmenter {
    rest: String,
    given: usize,
}

impl Segmenter {
    /// Takes in more text.
    pub(crate) fn push(&mut self, text: &str) {
        let sentence_ended = self.rest.ends_with(['.', '!', '?']);
        if sentence_ended && text.starts_with(char::is_uppercase) {
            self.rest.push(' ');
        }
        self.rest.push_str(text);
    }

    /// The next complete piece.
    pub(crate) fn poll(&mut self) -> Option<String> {
        while let Some(end) = self.next_end() {
            let piece = spoken(&self.rest[..end]);
            self.rest.drain(..end);
            if is_speakable(&piece) {
                self.given += 1;
                return Some(piece);
            }
        }
        None
    }

    /// What is left at the end of the text. Call [`Segmenter::poll`] first.
    pub(crate) fn finish(&mut self) -> Option<String> {
        let piece = spoken(&std::mem::take(&mut self.rest));
        self.given += usize::from(is_speakable(&piece));
        is_speakable(&piece).then_some(piece)
    }

    fn next_end(&self) -> Option<usize> {
        let mut characters = 0;
        let mut space = None;
        for (at, c) in self.rest.char_indices() {
            characters += 1;
            let after = at + c.len_utf8();
            if c.is_whitespace() {
                space = Some(after);
            }
            if CHARACTERS_MAX < characters {
                // No sentence end in sight: part at a space, or inside a word without end.
                return Some(space.unwrap_or(at));
            }
            match self.break_at(at, c) {
                Break::None => (),
                Break::Clause if self.given == 0 && self.is_long_enough(after) => {
                    return Some(after);
                }
                Break::Sentence if self.is_long_enough(after) => return Some(after),
                Break::Clause | Break::Sentence => (),
            }
        }
        None
    }

    fn is_long_enough(&self, end: usize) -> bool {
        let piece = self.rest[..end].trim();
        let characters = piece.chars().count();
        if self.given == 0 {
            let words = piece.split_whitespace().count();
            FIRST_CHARACTERS_MIN <= characters || FIRST_WORDS_MIN <= words
        } else {
            LATER_CHARACTERS_MIN <= characters
        }
    }

    /// What kind of break the space at `at` is. Breaks are at spaces only, so that `1,200`,
    /// `9:30`, `$12.50` and `desk@example.com` stay whole; and only once the character after it
    /// is known, because `5 5 5, 0 1` is one number.
    fn break_at(&self, at: usize, c: char) -> Break {
        if !c.is_whitespace() {
            return Break::None;
        }
        let before = self.rest[..at].trim_end_matches(['"', '\'', ')', '\u{201d}', '\u{2019}']);
        let next = self.rest[at..].chars().find(|c| !c.is_whitespace());
        let next = next.or_else(|| (c == '\n').then_some(c));
        let Some(next) = next else { return Break::None };
        let Some(last) = before.chars().next_back() else { return Break::None };
        let stem = &before[..before.len() - last.len_utf8()];
        let within_number = next.is_ascii_digit() && stem.ends_with(|c: char| c.is_ascii_digit());
        match last {
            '!' | '?' => Break::Sentence,
            '.' if is_abbreviation(stem) => Break::None,
            '.' if within_number => Break::None,
            '.' => Break::Sentence,
            ',' | ';' | ':' | '\u{2014}' if within_number => Break::None,
            ',' | ';' | ':' | '\u{2014}' => Break::Clause,
            _ => Break::None,
        }
    }
}

enum Break {
    None,
    Clause,
    Sentence,
}

fn is_abbreviation(stem: &str) -> bool {
    let word = stem.rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or(stem);
    let is_initial = word.chars().count() == 1 && word.chars().all(char::is_uppercase);
    is_initial || ABBREVIATIONS.contains(&word.to_lowercase().as_str())
}

/// `text` on one line, without surrounding space.
fn spoken(text: &str) -> String {
    text.trim().replace('\n', " ")
}

fn is_speakable(piece: &str) -> bool {
    piece.chars().any(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(portions: &[&str], pieces: &[&str]) {
        let mut segmenter = Segmenter::default();
        let mut got = Vec::new();
        for portion in portions {
            segmenter.push(portion);
            while let Some(piece) = segmenter.poll() {
                got.push(piece);
            }
        }
        got.extend(segmenter.finish());
        assert_eq!(got, pieces);
    }

    #[test]
    fn the_first_piece_is_a_clause_and_later_ones_are_sentences() {
        check(
            &[
                "A cleaning is one hundred dollars, and it takes, usually, half an hour. Would you like one?",
            ],
            &[
                "A cleaning is one hundred dollars,",
                "and it takes, usually, half an hour.",
                "Would you like one?",
            ],
        );
        check(&["Yes. We are."], &["Yes. We are."]);
        check(
            &["Sure! Yes. No. Of course. Anything else today?"],
            &["Sure! Yes. No. Of course.", "Anything else today?"],
        );
    }

    #[test]
    fn numbers_prices_addresses_and_abbreviations_stay_whole() {
        for whole in [
            "Write to front.desk@example.com or see www.example.com for more",
            "It is $1,200.50 for two of them at 9:30 a.m. on Monday",
            "Ask for Dr. Smith or J. R. Jones on 5th St. in town",
            "The number you gave is 5 5 5, 0 1 0 0, 2 3 4 5",
        ] {
            check(&[whole], &[whole]);
        }
    }

    #[test]
    fn portions_may_end_anywhere() {
        let text = "That is $12.50 for the small one. The large one is $20. Which one is it?";
        let letters: Vec<String> = text.chars().map(String::from).collect();
        let letters: Vec<&str> = letters.iter().map(String::as_str).collect();
        check(
            &[text],
            &["That is $12.50 for the small one.", "The large one is $20.", "Which one is it?"],
        );
        check(
            &letters,
            &["That is $12.50 for the small one.", "The large one is $20.", "Which one is it?"],
        );
        check(
            &["We are closed on Sunday.", "Anything else I can do?"],
            &["We are closed on Sunday.", "Anything else I can do?"],
        );
    }

    #[test]
    fn a_line_feed_ends_a_clause_without_a_look_at_what_follows() {
        let mut segmenter = Segmenter::default();
        segmenter.push("A cleaning is one hundred dollars,\n");
        assert_eq!(segmenter.poll().as_deref(), Some("A cleaning is one hundred dollars,"));
        segmenter.push("and it takes an hour.\n");
        assert_eq!(segmenter.poll().as_deref(), Some("and it takes an hour."));
        check(&["Sure.\n", "We do.\n"], &["Sure. We do."]);
        check(&["It is 5 5 5,\n", "and so on"], &["It is 5 5 5,", "and so on"]);
    }

    #[test]
    fn endless_text_is_cut_at_a_space() {
        let text = "word ".repeat(100);
        let mut segmenter = Segmenter::default();
        segmenter.push(&text);
        let piece = segmenter.poll().unwrap();
        assert_eq!(piece.len(), 299);
        let mut segmenter = Segmenter::default();
        segmenter.push(&"é".repeat(1_000));
        assert_eq!(segmenter.poll().unwrap().chars().count(), 300);
    }
}

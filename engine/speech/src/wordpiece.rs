//! The pieces of words that a BERT model reads (models.md, `tokenizer.json` of all-MiniLM-L6-v2).
//!
//! Lower case, accents off, punctuation apart; then of every word the longest pieces the vocabulary
//! has, from the left. A word that it has not, or one of more than [`WORD_MAX`] letters, is unknown.

use std::collections::HashMap;

use serde::Deserialize;

/// A longer word is unknown.
const WORD_MAX: usize = 100;

/// A vocabulary of pieces of words.
#[derive(Clone, Debug)]
pub struct WordPieces {
    vocabulary: HashMap<String, i32>,
    unknown: i32,
    first: i32,
    last: i32,
}

#[derive(Deserialize)]
struct File {
    model: Model,
}

#[derive(Deserialize)]
struct Model {
    vocab: HashMap<String, i32>,
}

impl WordPieces {
    /// The vocabulary in a `tokenizer.json`; `None` if it is none.
    pub fn parse(json: &[u8]) -> Option<Self> {
        let file: File = serde_json::from_slice(json).ok()?;
        let vocabulary = file.model.vocab;
        let own = |piece: &str| vocabulary.get(piece).copied();
        let (unknown, first, last) = (own("[UNK]")?, own("[CLS]")?, own("[SEP]")?);
        Some(Self { vocabulary, unknown, first, last })
    }

    /// The pieces of `text` between the marks of its beginning and its end, at most `pieces_max`
    /// with these; what is beyond is cut off.
    pub fn encode(&self, text: &str, pieces_max: usize) -> Vec<i32> {
        let mut pieces = vec![self.first];
        for word in words(text) {
            self.add(&word, &mut pieces);
            if pieces.len() + 1 >= pieces_max {
                break;
            }
        }
        pieces.truncate(pieces_max.saturating_sub(1));
        pieces.push(self.last);
        pieces
    }

    fn add(&self, word: &str, pieces: &mut Vec<i32>) {
        let before = pieces.len();
        let mut rest = word;
        let mut key = String::new();
        if word.chars().count() <= WORD_MAX {
            while !rest.is_empty() {
                let ends = rest.char_indices().map(|(at, letter)| at + letter.len_utf8()).rev();
                let longest = ends.into_iter().find_map(|end| {
                    key.clear();
                    if pieces.len() > before {
                        key.push_str("##");
                    }
                    key.push_str(&rest[..end]);
                    self.vocabulary.get(&key).map(|piece| (*piece, end))
                });
                let Some((piece, end)) = longest else { break };
                pieces.push(piece);
                rest = &rest[end..];
            }
        }
        if !rest.is_empty() {
            pieces.truncate(before);
            pieces.push(self.unknown);
        }
    }
}

/// The words of `text`, every mark of punctuation one of its own.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for letter in text.chars().flat_map(char::to_lowercase).map(plain) {
        let alone = is_mark(letter);
        if alone || letter.is_whitespace() {
            words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
        }
        if alone {
            words.push(letter.to_string());
        } else if !letter.is_whitespace() && !is_dropped(letter) {
            word.push(letter);
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

/// Control characters, and accents that stand by themselves.
fn is_dropped(letter: char) -> bool {
    letter.is_control() || letter == '\u{fffd}' || ('\u{300}'..='\u{36f}').contains(&letter)
}

/// What stands for itself: ASCII that is neither letter nor digit, and the punctuation of text.
fn is_mark(letter: char) -> bool {
    letter.is_ascii_punctuation()
        || matches!(letter, '¡' | '§' | '«' | '¶' | '·' | '»' | '¿' | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}')
}

/// A lower-case letter without its accent.
fn plain(letter: char) -> char {
    match letter {
        'à'..='å' | 'ā' | 'ă' | 'ą' => 'a',
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => 'c',
        'ď' => 'd',
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => 'e',
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => 'g',
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' => 'i',
        'ñ' | 'ń' | 'ņ' | 'ň' => 'n',
        'ò'..='ö' | 'ō' | 'ŏ' | 'ő' => 'o',
        'ŕ' | 'ŗ' | 'ř' => 'r',
        'ś' | 'ŝ' | 'ş' | 'š' => 's',
        'ţ' | 'ť' => 't',
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => 'u',
        'ý' | 'ÿ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        letter => letter,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pieces() -> WordPieces {
        WordPieces::parse(
            br###"{"model":{"vocab":{"[UNK]":0,"[CLS]":1,"[SEP]":2,"how":3,"much":4,"clean":5,
            "##ing":6,"##s":7,"?":8,"cafe":9,"c":10,"'":11}}}"###,
        )
        .unwrap()
    }

    #[test]
    fn the_longest_pieces_from_the_left() {
        assert_eq!(pieces().encode("How much, CLEANINGS?", 64), [1, 3, 4, 0, 5, 6, 7, 8, 2]);
        assert_eq!(pieces().encode("Café c'much", 64), [1, 9, 10, 11, 4, 2]);
    }

    #[test]
    fn a_word_with_one_unknown_piece_is_unknown_as_a_whole() {
        assert_eq!(pieces().encode("cleaningx how", 64), [1, 0, 3, 2]);
        assert_eq!(pieces().encode(&"c".repeat(WORD_MAX + 1), 64), [1, 0, 2]);
    }

    #[test]
    fn what_is_too_long_is_cut() {
        assert_eq!(pieces().encode("how much how much how much", 4), [1, 3, 4, 2]);
        assert_eq!(pieces().encode("cleanings", 4), [1, 5, 6, 2]);
    }

    #[test]
    fn another_file_is_none() {
        assert!(WordPieces::parse(b"{}").is_none());
        assert!(WordPieces::parse(br#"{"model":{"vocab":{"[UNK]":0}}}"#).is_none());
    }

    proptest! {
        #[test]
        fn any_text_is_cut_to_pieces_between_its_marks(text in "\\PC{0,80}", most in 2_usize..40) {
            let encoded = pieces().encode(&text, most);
            prop_assert!((2..=most).contains(&encoded.len()));
            prop_assert_eq!((encoded[0], *encoded.last().unwrap()), (1, 2));
        }
    }
}

//! Words into phonemes: misaki's rules and lexicon, hibari's net for names nobody listed.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use misaki_rs::fallback::FallbackError;
use misaki_rs::{Fallback, G2P, Language};
use serde::Deserialize;

use crate::models::{ModelDir, ModelError};
use crate::session::{Port, Session, Tensor};
use crate::verbalize::Spoken;

/// What the voice's model is fed, and which of it is which word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Phonemes {
    /// The model's numbers of the phonemes.
    pub(crate) ids: Vec<i32>,
    /// For each piece of text: how many ids lead up to the end of its last sound, and where the
    /// text it stands for ends.
    pub(crate) ends: Vec<(usize, usize)>,
}

/// Turns words into phonemes. Shared by all calls.
pub(crate) struct Phonemizer {
    g2p: G2P,
    vocab: HashMap<char, i32>,
}

impl Phonemizer {
    pub(crate) fn load(models: &ModelDir) -> Result<Self, ModelError> {
        let vocab: HashMap<String, i32> = json(models, "tts/vocab.json")?;
        let vocab = vocab.into_iter().filter_map(|(key, id)| Some((key.chars().next()?, id)));
        let fallback = Box::new(UnknownWords::load(models)?);
        let mut g2p = G2P::with_fallback(Language::EnglishUS, Some(fallback));
        g2p.unk = String::new();
        Ok(Self { g2p, vocab: vocab.collect() })
    }

    /// Whether `word`, in lower case, is in the lexicon of checked words.
    pub(crate) fn is_word(&self, word: &str) -> bool {
        self.g2p.lexicon.golds.contains_key(word)
    }

    /// The phonemes of `pieces`, which are said in one breath. Empty if nothing of them can be
    /// said.
    pub(crate) fn phonemes(&self, pieces: &[Spoken]) -> Phonemes {
        let words: Vec<&str> = pieces.iter().map(|piece| piece.text.as_str()).collect();
        let line = words.join(" ");
        // The rules are somebody else's, and large: a word that breaks them is not worth a reply.
        let tokens = catch_unwind(AssertUnwindSafe(|| self.g2p.g2p(&line)));
        let Ok(Ok((_, tokens))) = tokens else { return Phonemes::default() };
        let mut phonemes = Phonemes::default();
        let mut boundaries = boundaries(pieces).peekable();
        let mut position = 0;
        for token in &tokens {
            let sounds = token.phonemes.as_deref().unwrap_or_default();
            let sounds = sounds.chars().chain(token.whitespace.chars());
            phonemes.ids.extend(sounds.filter_map(|sound| self.vocab.get(&sound)));
            position += token.text.len() + token.whitespace.len();
            while let Some(&(end, source_end)) = boundaries.peek()
                && end <= position
            {
                phonemes.ends.push((sounded(&phonemes.ids), source_end));
                boundaries.next();
            }
        }
        // Should the tokens not add up to the line, the words' places are unknown.
        if boundaries.peek().is_some() {
            phonemes.ends.clear();
        }
        phonemes
    }
}

/// Where each piece ends in the line they make, and in the text they stand for.
fn boundaries(pieces: &[Spoken]) -> impl Iterator<Item = (usize, usize)> {
    let mut position = 0;
    pieces.iter().map(move |piece| {
        let end = position + piece.text.len();
        position = end + 1;
        (end, piece.source_end)
    })
}

/// How many of `ids` lead up to the last one that is a sound and not a pause.
fn sounded(ids: &[i32]) -> usize {
    ids.iter().rposition(|id| !PAUSES.contains(id)).map_or(0, |last| last + 1)
}

fn json<T: serde::de::DeserializeOwned>(models: &ModelDir, path: &str) -> Result<T, ModelError> {
    let bytes = models.read(path)?;
    serde_json::from_slice(&bytes)
        .map_err(|error| ModelError::Load { path: models.file(path), reason: error.to_string() })
}

/// Guesses at words that are in no lexicon: first the net, then letter by letter.
struct UnknownWords {
    session: Session,
    input: Port,
    output: Port,
    letters: HashMap<char, i32>,
    sounds: Vec<String>,
    letters_max: usize,
}

/// `oov.json`: the net's alphabets. Numbers count from 1; 0 is no sound.
#[derive(Deserialize)]
struct Alphabets {
    #[serde(rename = "in")]
    letters: Vec<char>,
    #[serde(rename = "out")]
    sounds: Vec<String>,
    maxlen: usize,
}

impl UnknownWords {
    fn load(models: &ModelDir) -> Result<Self, ModelError> {
        let alphabets: Alphabets = json(models, "tts/oov.json")?;
        let session = Session::load(&models.file("tts/oov.onnx"))?;
        Ok(Self {
            input: session.port("chars")?,
            output: session.port("ids")?,
            session,
            letters: alphabets.letters.into_iter().zip(1..).collect(),
            sounds: alphabets.sounds,
            letters_max: alphabets.maxlen,
        })
    }

    /// What the net makes of `word`: one sound per step, the same sound twice in a row being one.
    fn guess(&self, word: &str) -> Option<String> {
        let ids: Vec<i32> = word
            .chars()
            .filter_map(|c| self.letters.get(&c).copied())
            .take(self.letters_max)
            .collect();
        if ids.is_empty() {
            return None;
        }
        let chars = Tensor::integers(&[1, ids.len()], ids);
        let outputs = self.session.run(&[(self.input, &chars)], &[self.output]).ok()?;
        let (_, steps) = outputs.into_iter().next()?.into_integers::<2>()?;
        let mut sounds = String::new();
        let mut before = 0;
        for step in steps {
            if step != before && step != 0 {
                sounds.push_str(self.sounds.get(usize::try_from(step).ok()?.checked_sub(1)?)?);
            }
            before = step;
        }
        (!sounds.is_empty()).then_some(sounds)
    }
}

impl Fallback for UnknownWords {
    /// Never fails: what nobody can guess is spelled, what cannot be spelled is silent.
    fn phonemize(&self, word: &str) -> Result<String, FallbackError> {
        let pieces =
            word.split(|c: char| !c.is_alphabetic() && c != '\'').filter(|p| !p.is_empty());
        let sounds: Vec<String> =
            pieces.map(|piece| self.guess(piece).unwrap_or_else(|| spelled(piece))).collect();
        Ok(sounds.join(" "))
    }
}

/// The names of `word`'s letters, in misaki's phonemes.
fn spelled(word: &str) -> String {
    let names: Vec<&str> = word
        .chars()
        .filter_map(|c| {
            let letter = c.to_ascii_lowercase();
            LETTERS.get((letter as usize).checked_sub('a' as usize)?).copied()
        })
        .collect();
    names.join(" ")
}

/// The ids of punctuation and space in the model's vocabulary: sounds they are not.
const PAUSES: std::ops::RangeInclusive<i32> = 1..=16;

/// The names of the letters in misaki's phonemes (its lexicon's own entries).
const LETTERS: [&str; 26] = [
    "ˈA",
    "bˈi",
    "sˈi",
    "dˈi",
    "ˈi",
    "ˈɛf",
    "ʤˈi",
    "ˈAʧ",
    "ˈI",
    "ʤˈA",
    "kˈA",
    "ˈɛl",
    "ˈɛm",
    "ˈɛn",
    "ˈO",
    "pˈi",
    "kjˈu",
    "ˈɑɹ",
    "ˈɛs",
    "tˈi",
    "jˈu",
    "vˈi",
    "dˈʌbᵊlju",
    "ˈɛks",
    "wˈI",
    "zˈi",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_have_names() {
        assert_eq!(spelled("Zq"), "zˈi kjˈu");
        assert_eq!(spelled("é8"), "");
    }

    #[test]
    fn pieces_end_where_their_text_does() {
        let piece = |text: &str, source_end| Spoken { text: text.into(), source_end };
        let ends: Vec<_> = boundaries(&[piece("ten dollars,", 4), piece("please.", 12)]).collect();
        assert_eq!(ends, [(12, 4), (20, 12)]);
    }

    #[test]
    fn a_words_end_is_its_last_sound() {
        assert_eq!(sounded(&[50, 3, 16]), 1);
        assert_eq!(sounded(&[3]), 0);
    }
}

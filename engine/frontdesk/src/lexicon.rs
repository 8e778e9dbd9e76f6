//! Everyday words: which of them say nothing about a subject, and which mean the same.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use crate::everyday::{DAYS, FUNCTION, GENERIC, LIGHT, NEUTRAL};
use crate::meanings::SYNONYMS;
use crate::numbers::is_number;
use crate::pattern;

/// How much a word says about a subject: nothing, a little, or as much as a word can.
pub(crate) fn weight(text: &str, lemma: &str) -> f32 {
    let known = WEIGHTS.get(text).or_else(|| WEIGHTS.get(lemma).filter(|weight| **weight > 0.0));
    match known {
        Some(weight) => *weight,
        None if is_number(text) => LITTLE,
        None => 1.0,
    }
}

/// Whether `text` is a word of everyday talk.
pub(crate) fn is_common(text: &str) -> bool {
    KNOWN.contains(text)
}

/// Whether `text` may stand right behind a subject without changing it: "a crown appointment".
pub(crate) fn is_neutral(text: &str) -> bool {
    NEUTRAL.split_whitespace().any(|known| known == text)
}

/// Whether `text` says little only as long as the business's table is not about it.
pub(crate) fn is_light(text: &str) -> bool {
    LIGHTS.contains(text)
}

/// The word that stands for all words of the meaning of `word`.
pub(crate) fn synonym(word: &str) -> Option<&'static str> {
    MEANINGS.get(word).copied()
}

/// What a word says that every trade uses.
const LITTLE: f32 = 0.25;

static WEIGHTS: LazyLock<HashMap<&'static str, f32>> = LazyLock::new(|| {
    let light = LIGHT.split_whitespace().map(|word| (word, LITTLE));
    let little = light.chain(GENERIC.split_whitespace().map(|word| (word, LITTLE)));
    let nothing = FUNCTION.split_whitespace().map(|word| (word, 0.0));
    little.chain(nothing).collect()
});

static LIGHTS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    let firmer: HashSet<_> =
        FUNCTION.split_whitespace().chain(GENERIC.split_whitespace()).collect();
    LIGHT.split_whitespace().filter(|word| !firmer.contains(word)).collect()
});

static MEANINGS: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    let groups = SYNONYMS.iter().filter_map(|group| Some((group.split(' ').next()?, group)));
    groups.flat_map(|(first, group)| group.split(' ').map(move |word| (word, first))).collect()
});

/// Words that no fuzzy match may touch.
static KNOWN: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    let lists = [FUNCTION, GENERIC, LIGHT, NEUTRAL, DAYS, "wait part parts"];
    let mut known: HashSet<_> = lists.iter().flat_map(|list| list.split_whitespace()).collect();
    known.extend(pattern::all_words());
    known
});

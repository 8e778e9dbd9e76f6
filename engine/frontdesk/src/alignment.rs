//! The phrases of a business's table, and how much of one is in an utterance, in spite of misheard,
//! split and joined words.

use crate::lexicon;
use crate::matching::{Candidate, Hearing, Place, Row, Wording};
use crate::sound::{Sound, consonants, likeness, may_be_alike, sound};
use crate::words::{Mask, Token, Utterance, lemma, word_likeness};

/// A phrase that leads to a row.
#[derive(Debug)]
pub(crate) struct Phrase {
    /// The row.
    pub(crate) row: Row,
    /// Where it stands there.
    pub(crate) place: Place,
    /// Its words.
    pub(crate) words: Vec<PhraseWord>,
    /// Of all words.
    pub(crate) weight: f32,
    /// Its letters in a row.
    pub(crate) letters: String,
    /// Its sound.
    pub(crate) sound: Sound,
    /// Its consonants.
    pub(crate) consonants: u32,
}

/// A word of a phrase.
#[derive(Clone, Debug)]
pub(crate) struct PhraseWord {
    /// Its place in the index's list of words.
    pub(crate) id: usize,
    /// As it is written.
    pub(crate) text: String,
    /// What its forms share.
    pub(crate) lemma: String,
    /// Its sound.
    pub(crate) sound: Sound,
    /// How much it says.
    pub(crate) weight: f32,
    /// What it is to the others.
    pub(crate) joint: Joint,
}

/// What a word without weight of its own is to a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Joint {
    /// It is no such word.
    None,
    /// It holds others together: without it the name is still there.
    Filler,
    /// It turns the word beside it into something else: "check in", "no water".
    Particle,
}

impl Joint {
    /// What it counts in a name.
    pub(crate) const fn weight(self) -> f32 {
        match self {
            Self::None => 0.0,
            Self::Filler => 0.1,
            Self::Particle => 0.5,
        }
    }
}

/// They turn the word beside them into something else.
const PARTICLES: [&str; 11] =
    ["in", "out", "up", "off", "over", "down", "no", "not", "without", "non", "on"];
/// How far from its word a particle may stand: "check my dog in".
pub(crate) const PARTICLE_REACH: usize = 3;

/// A question that says less is looked for word by word, if it has so many.
const VERBATIM_WEIGHT_MAX: f32 = 1.0;
const VERBATIM_WORDS_MIN: usize = 4;
/// A word must be this likely the phrase's.
const WORD_LIKENESS_MIN: f32 = 0.78;
/// Words run together must sound this much like the phrase's.
const JOINED_LIKENESS_MIN: f32 = 0.8;
/// Fewer letters run together sound like too many things.
const JOINED_LETTERS_MIN: usize = 6;
/// Beside the rest of a name a word must sound only this much like the missing one.
const BESIDE_LIKENESS_MIN: f32 = 0.62;
/// What such a word counts of the one it stands for.
const BESIDE_SCORE: f32 = 0.85;

impl Phrase {
    /// The phrase `text` of `row`.
    pub(crate) fn new(row: Row, place: Place, text: &str) -> Self {
        let plain = Utterance::new(text);
        let mut words: Vec<PhraseWord> = plain.tokens.into_iter().map(PhraseWord::from).collect();
        if place == Place::Name && words.iter().any(|word| word.weight > 0.0) {
            for word in words.iter_mut().filter(|word| word.weight <= 0.0) {
                let turns = PARTICLES.contains(&word.text.as_str());
                word.joint = if turns { Joint::Particle } else { Joint::Filler };
            }
        }
        let letters: String = words.iter().map(|word| word.text.as_str()).collect();
        let sound = joined(words.iter().map(|word| &word.sound));
        Self { row, place, words, weight: 0.0, letters, consonants: consonants(&sound), sound }
    }

    /// The phrase's words one by one.
    pub(crate) fn align(&self, utterance: &Utterance, likeness: &Likeness) -> Option<Candidate> {
        if self.weight <= 0.0 {
            return self.verbatim(utterance);
        }
        // "Do I have to come in?": a question of everyday words counts if it is all there.
        if self.place == Place::Question
            && self.weight < VERBATIM_WEIGHT_MAX
            && self.words.len() >= VERBATIM_WORDS_MIN
            && let Some(verbatim) = self.verbatim(utterance)
        {
            return Some(verbatim);
        }
        let (mut found, mut mask) = (0.0, Mask::default());
        let (mut exact, mut heard) = (true, true);
        let mut places: Vec<Option<usize>> = vec![None; self.words.len()];
        let mut at = 0;
        while at < self.words.len() {
            let word = &self.words[at];
            let pair = self.words.get(at + 1).and_then(|next| joined_word(word, next, utterance));
            if let Some(place) = pair {
                let next = &self.words[at + 1];
                found += (word.weight + next.weight) * 0.97;
                mask.add(place);
                at += 2;
                continue;
            }
            at += 1;
            if word.weight <= 0.0 {
                continue;
            }
            match likeness.best(word, mask) {
                Some((like, place)) => {
                    found += word.weight * like;
                    mask = mask.union(place);
                    if like >= 0.97 && place.count() == 1 {
                        places[at - 1] = Some(place.first());
                    }
                    exact &= like >= 0.97;
                    heard &= like >= 0.97;
                }
                None => exact = false,
            }
        }
        found += self.joints(utterance, &places, &mut mask);
        if let Some((missing, place)) = self.beside(utterance, &places, mask) {
            found += self.words[missing].weight * BESIDE_SCORE;
            mask.add(place);
            heard = false;
        }
        if mask.is_empty() {
            return None;
        }
        let spread = mask.last() + 1 - mask.first();
        let near = match self.place {
            Place::Name => spread <= self.words.len() + 3,
            Place::Question | Place::Text => true,
        };
        let score = found / self.weight * if near { 1.0 } else { 0.7 };
        Some(Candidate {
            row: self.row,
            place: self.place,
            score,
            weight: found,
            exact: exact && score >= 0.96,
            hearing: if heard { Hearing::Plain } else { Hearing::Alike },
            wording: Wording::Free,
            mask,
            support: mask,
        })
    }

    /// What the words that hold the others together count, as far as they are there; particles
    /// beside their words go into `mask`.
    fn joints(&self, utterance: &Utterance, places: &[Option<usize>], mask: &mut Mask) -> f32 {
        let mut found = 0.0;
        for (at, word) in self.words.iter().enumerate() {
            let is_it = |place: &usize| {
                utterance.tokens.get(*place).is_some_and(|token| {
                    let denies = |text: &str| ["no", "not", "without", "non"].contains(&text);
                    token.lemma == word.lemma || denies(&token.text) && denies(&word.text)
                })
            };
            match word.joint {
                Joint::None => continue,
                Joint::Filler if mask.is_empty() => continue,
                Joint::Filler => {
                    if (0..utterance.tokens.len()).any(|place| is_it(&place)) {
                        found += Joint::Filler.weight();
                    }
                }
                Joint::Particle => {
                    let behind = at.checked_sub(1).and_then(|before| places[before]);
                    let behind =
                        behind.and_then(|place| (place + 1..=place + PARTICLE_REACH).find(is_it));
                    let before = places.get(at + 1).copied().flatten();
                    let before = before.and_then(|place| {
                        (place.saturating_sub(PARTICLE_REACH)..place).rev().find(is_it)
                    });
                    if let Some(place) = behind.or(before) {
                        mask.add(place);
                        found += Joint::Particle.weight();
                    }
                }
            }
        }
        found
    }

    /// The one missing word of a name, and what was heard in its place right beside a word that was
    /// heard as it is written: "rake pads", "beard trend".
    fn beside(
        &self,
        utterance: &Utterance,
        places: &[Option<usize>],
        taken: Mask,
    ) -> Option<(usize, usize)> {
        let telling = |at: usize| self.words[at].weight > 0.0;
        let mut lost = (0..self.words.len()).filter(|at| telling(*at) && places[*at].is_none());
        let missing = lost.next()?;
        if self.place != Place::Name || lost.next().is_some() {
            return None;
        }
        let before = missing.checked_sub(1).and_then(|at| places[at]).map(|at| at + 1);
        let behind = places.get(missing + 1).copied().flatten().and_then(|at| at.checked_sub(1));
        let place = before.or(behind)?;
        let token = utterance.tokens.get(place)?;
        let word = &self.words[missing];
        let fits = !taken.holds(place)
            && !token.is_common()
            // Endings are alike in words that have nothing else in common.
            && likeness(&sound(&token.lemma), &sound(&word.lemma)) >= BESIDE_LIKENESS_MIN;
        fits.then_some((missing, place))
    }

    /// A phrase of everyday words only, word by word.
    fn verbatim(&self, utterance: &Utterance) -> Option<Candidate> {
        let texts = utterance.texts();
        let words: Vec<&str> = self.words.iter().map(|word| word.text.as_str()).collect();
        let start = texts.windows(words.len()).position(|window| window == words)?;
        let mask = Mask::span(start, start + words.len());
        Some(Candidate {
            row: self.row,
            place: self.place,
            score: 1.0,
            weight: 1.0,
            exact: true,
            hearing: Hearing::Plain,
            wording: if self.place == Place::Question && self.words.len() >= VERBATIM_WORDS_MIN {
                Wording::Verbatim
            } else {
                Wording::Free
            },
            mask,
            support: mask,
        })
    }

    /// The phrase's sound, wherever the recognizer put the gaps between words.
    pub(crate) fn joined(&self, windows: &[Window<'_>]) -> Option<Candidate> {
        if self.letters.len() < JOINED_LETTERS_MIN || self.words.len() > 4 || self.weight <= 0.0 {
            return None;
        }
        let length = self.letters.len();
        windows
            .iter()
            .filter(|window| {
                // Word for word is not a matter of gaps.
                let aligned = window.words == self.words.len()
                    && self.words.iter().any(|word| window.texts.contains(&word.text.as_str()));
                !aligned
                    && window.words <= self.words.len() + 2
                    && window.letters * 10 >= length * 7
                    && window.letters * 7 <= length * 10
                    && may_be_alike(window.consonants, self.consonants)
            })
            .map(|window| (likeness(&window.sound, &self.sound), window))
            .filter(|(like, _)| *like >= JOINED_LIKENESS_MIN)
            .max_by(|(left, _), (right, _)| left.total_cmp(right))
            .map(|(like, window)| Candidate {
                row: self.row,
                place: self.place,
                score: like * 0.96,
                weight: self.weight * like,
                exact: false,
                hearing: Hearing::Alike,
                wording: Wording::Free,
                mask: window.mask,
                support: window.mask,
            })
    }
}

impl From<Token> for PhraseWord {
    fn from(token: Token) -> Self {
        let Token { text, lemma, sound, mut weight, sentence: _, part: _ } = token;
        if lexicon::is_light(&text) {
            weight = 1.0;
        }
        Self { id: 0, text, lemma, sound, weight, joint: Joint::None }
    }
}

/// A few words of an utterance run together.
pub(crate) struct Window<'a> {
    mask: Mask,
    texts: Vec<&'a str>,
    words: usize,
    letters: usize,
    sound: Sound,
    consonants: u32,
}

impl<'a> Window<'a> {
    /// All runs of up to six words that hold one that is not everyday talk.
    pub(crate) fn all(utterance: &'a Utterance) -> Vec<Self> {
        let tokens = &utterance.tokens;
        let mut windows = Vec::new();
        for start in 0..tokens.len() {
            for end in start + 1..=(start + 6).min(tokens.len()) {
                let run = &tokens[start..end];
                if run.iter().all(Token::is_common) {
                    continue;
                }
                let letters = run.iter().map(|token| token.text.len()).sum();
                let sound = joined(run.iter().map(|token| &token.sound));
                windows.push(Self {
                    mask: Mask::span(start, end),
                    texts: run.iter().map(|token| token.text.as_str()).collect(),
                    words: end - start,
                    letters,
                    consonants: consonants(&sound),
                    sound,
                });
            }
        }
        windows
    }
}

/// The sound of words spoken without a gap.
fn joined<'a>(sounds: impl Iterator<Item = &'a Sound>) -> Sound {
    let mut joined = Sound::new();
    for phone in sounds.flatten() {
        if joined.last() != Some(phone) {
            joined.push(*phone);
        }
    }
    joined
}

/// Which words of an utterance are likely which words of the index.
pub(crate) struct Likeness {
    /// Per word of the index: how likely, and the words that may be it.
    rows: Vec<Vec<(f32, Mask)>>,
}

impl Likeness {
    /// Compares them.
    pub(crate) fn new(words: &[PhraseWord], utterance: &Utterance) -> Self {
        let tokens = &utterance.tokens;
        let row = |word: &PhraseWord| {
            let mut row = Vec::new();
            for (at, token) in tokens.iter().enumerate() {
                let like = word_likeness(token, &word.text, &word.lemma, &word.sound);
                if like >= WORD_LIKENESS_MIN {
                    row.push((like, Mask::span(at, at + 1)));
                }
                let Some(next) = tokens.get(at + 1) else { continue };
                // A word that the recognizer split in two.
                if word.text.len() == token.text.len() + next.text.len()
                    && word.text.starts_with(&token.text)
                    && word.text.ends_with(&next.text)
                {
                    row.push((0.98, Mask::span(at, at + 2)));
                }
            }
            row
        };
        Self { rows: words.iter().map(row).collect() }
    }

    /// The same, the last of equals first.
    pub(crate) fn reversed(&self) -> Self {
        Self { rows: self.rows.iter().map(|row| row.iter().rev().copied().collect()).collect() }
    }

    /// The likeliest words for `word` that are not `taken`, the first of equals.
    fn best(&self, word: &PhraseWord, taken: Mask) -> Option<(f32, Mask)> {
        let free = self.rows[word.id].iter().filter(|(_, mask)| !mask.meets(taken));
        free.fold(None, |best, new| match best {
            Some((like, _)) if new.0 <= like => best,
            _ => Some(*new),
        })
    }
}

/// Where `utterance` has `first` and `second` as one word.
fn joined_word(first: &PhraseWord, second: &PhraseWord, utterance: &Utterance) -> Option<usize> {
    if first.weight + second.weight <= 0.0 {
        return None;
    }
    let joined = format!("{}{}", first.text, second.text);
    let stem = lemma(&joined);
    utterance.tokens.iter().position(|token| token.text == joined || token.lemma == stem)
}

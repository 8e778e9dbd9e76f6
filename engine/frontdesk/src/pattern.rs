//! Small patterns over words, and what they are cues for.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::cues::{self, Cue};
use crate::sound::{Sound, likeness, sound};
use crate::words::{Mask, Token, Utterance, lemma};

/// How alike a word must sound to pass for one of a pattern's.
const LIKENESS_MIN: f32 = 0.88;
/// A shorter word of a pattern must be heard as it is.
const FUZZY_LETTERS_MIN: usize = 5;
/// But for these, which half of all questions hang on, and how alike a word must sound to pass for
/// one.
const FUZZY_SHORT: [&str; 9] =
    ["much", "long", "time", "take", "open", "does", "what", "when", "cost"];
const SHORT_LIKENESS_MIN: f32 = 0.84;
/// A word that is a cue by itself must sound this much like the pattern's.
const ALONE_LIKENESS_MIN: f32 = 0.97;
/// How many words a `*` may pass over.
const GAP_MAX: usize = 4;
/// How many words a `**` may pass over.
const WIDE_GAP_MAX: usize = 7;

/// Words that stand for each other in every pattern that names their class.
const CLASSES: &[(&str, &str)] = &[
    ("@want", "want|need|like|love|hoping|hope|hoped|looking|trying|wish|prefer"),
    ("@shut", "close|closes|closing|shut|shuts|lock|finish|quit"),
    ("@start", "open|opens|start|starts|begin|begins"),
    ("@cost", "cost|costs|costing|charge|charges|pay|owe"),
    ("@someone", "someone|somebody|anyone|anybody|person|human"),
    ("@we", "i|we"),
    ("@you", "you|they|y'all|it|the|your"),
    ("@me", "me|us|you|someone|one"),
];

/// A cue found in an utterance.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CueHit {
    /// Which.
    pub(crate) cue: Cue,
    /// The pattern's words, without those under a `*`.
    pub(crate) mask: Mask,
}

/// All cues in `utterance`, the longer of two that overlap, in order of appearance.
pub(crate) fn find_cues(utterance: &Utterance) -> Vec<CueHit> {
    let mut found = Vec::new();
    let heard: Vec<Heard> = utterance.tokens.iter().map(|token| BOOK.hear(token)).collect();
    for (cue, pattern) in &BOOK.patterns {
        let alone = pattern.len() == 1 && must_be_heard(*cue);
        for start in 0..heard.len() {
            if alone && !heard[start].is_plainly(&pattern[0]) {
                continue;
            }
            if let Some(mask) = match_parts(pattern, &heard, start) {
                found.push(CueHit { cue: *cue, mask });
            }
        }
    }
    // Longest first; at equal length the order of the table decides.
    found.sort_by_key(|hit| std::cmp::Reverse(hit.mask.count()));
    let mut kept: Vec<CueHit> = Vec::new();
    for hit in found {
        if !kept.iter().any(|other| other.mask.meets(hit.mask)) {
            kept.push(hit);
        }
    }
    kept.sort_by_key(|hit| hit.mask.first());
    kept
}

/// Whether one word is enough to tell a fact or to do something: then it must be that very word.
fn must_be_heard(cue: Cue) -> bool {
    matches!(
        cue,
        Cue::Hours
            | Cue::Open
            | Cue::Opening
            | Cue::Close
            | Cue::Closed
            | Cue::Location
            | Cue::Directions
            | Cue::Parking
            | Cue::Phone
            | Cue::Email
            | Cue::Website
            | Cue::Person
            | Cue::Message
            | Cue::Booking
            | Cue::Bye
            | Cue::Thanks
    )
}

/// All words of all patterns.
pub(crate) fn all_words() -> impl Iterator<Item = &'static str> {
    let words = cues::all().flat_map(|(_, pattern)| pattern.split(' ')).flat_map(alternatives);
    words.filter(|word| !word.starts_with('*'))
}

/// The words that a part of a pattern stands for.
fn alternatives(part: &'static str) -> impl Iterator<Item = &'static str> {
    part.split('|').flat_map(|word| {
        let class = CLASSES.iter().find(|(name, _)| *name == word);
        class.map_or(word, |(_, words)| words).split('|')
    })
}

/// A word of the patterns by its number.
type WordId = u16;

enum Part {
    /// Any of these words.
    Words(Vec<WordId>),
    /// Up to so many words of any kind.
    Gap(usize),
}

/// A word of an utterance as the patterns see it.
struct Heard {
    words: Vec<WordId>,
    /// Those of `words` that it is, or sounds exactly like.
    plain: Vec<WordId>,
    sentence: usize,
}

impl Heard {
    /// Whether it is one of `part`'s words beyond doubt.
    fn is_plainly(&self, part: &Part) -> bool {
        match part {
            Part::Gap(_) => true,
            Part::Words(words) => words.iter().any(|word| self.plain.contains(word)),
        }
    }
}

fn match_parts(parts: &[Part], heard: &[Heard], at: usize) -> Option<Mask> {
    let Some((part, rest)) = parts.split_first() else { return Some(Mask::default()) };
    match part {
        Part::Gap(most) => (0..=*most).find_map(|skipped| {
            let same_sentence = heard.get(at + skipped)?.sentence == heard.get(at)?.sentence;
            same_sentence.then(|| match_parts(rest, heard, at + skipped)).flatten()
        }),
        Part::Words(words) => {
            let token = heard.get(at)?;
            if !words.iter().any(|word| token.words.contains(word)) {
                return None;
            }
            let mut mask = match_parts(rest, heard, at + 1)?;
            mask.add(at);
            Some(mask)
        }
    }
}

/// All patterns, their words numbered.
struct Book {
    patterns: Vec<(Cue, Vec<Part>)>,
    by_text: HashMap<&'static str, WordId>,
    /// Words long enough to be recognized by less than their spelling.
    by_lemma: HashMap<String, Vec<WordId>>,
    /// Their sounds, and how alike a word must be.
    sounds: Vec<(Sound, WordId, f32)>,
}

static BOOK: LazyLock<Book> = LazyLock::new(Book::new);

impl Book {
    fn new() -> Self {
        let mut by_text: HashMap<&'static str, WordId> = HashMap::new();
        for word in all_words() {
            let next = by_text.len() as WordId;
            by_text.entry(word).or_insert(next);
        }
        let mut by_lemma: HashMap<String, Vec<WordId>> = HashMap::new();
        let mut sounds = Vec::new();
        for (text, id) in &by_text {
            if text.len() >= FUZZY_LETTERS_MIN {
                by_lemma.entry(lemma(text)).or_default().push(*id);
                sounds.push((sound(text), *id, LIKENESS_MIN));
            } else if FUZZY_SHORT.contains(text) {
                sounds.push((sound(text), *id, SHORT_LIKENESS_MIN));
            }
        }
        let part = |part: &'static str| match part {
            "*" => Part::Gap(GAP_MAX),
            "**" => Part::Gap(WIDE_GAP_MAX),
            words => Part::Words(alternatives(words).map(|word| by_text[word]).collect()),
        };
        let patterns = cues::all()
            .map(|(cue, pattern)| (cue, pattern.split(' ').map(part).collect()))
            .collect();
        Self { patterns, by_text, by_lemma, sounds }
    }

    /// The words that `token` may be: itself, other forms of it, and if it is no common word those
    /// it sounds like.
    fn hear(&self, token: &Token) -> Heard {
        let mut words: Vec<WordId> =
            self.by_text.get(token.text.as_str()).copied().into_iter().collect();
        let mut plain = words.clone();
        if token.text.len() + 1 >= FUZZY_LETTERS_MIN {
            words.extend(self.by_lemma.get(&token.lemma).into_iter().flatten());
            if !token.is_common() {
                for (sound, id, likeness_min) in &self.sounds {
                    if sound.len().abs_diff(token.sound.len()) > 2 {
                        continue;
                    }
                    let like = likeness(&token.sound, sound);
                    if like >= *likeness_min {
                        words.push(*id);
                    }
                    if like >= ALONE_LIKENESS_MIN {
                        plain.push(*id);
                    }
                }
            }
        }
        Heard { words, plain, sentence: token.sentence }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cues_are_found_by_their_words() {
        for (said, expected) in [
            ("How much is it?", "[Price]"),
            ("What does a diagnostic cost", "[Price]"),
            ("how long does it take", "[Duration]"),
            ("how late are you open", "[Close]"),
            ("is there parking", "[Offered, Parking]"),
            ("I would like to speak to a human please", "[Person]"),
            ("are you a robot", "[Robot]"),
            ("what is your email address", "[Email]"),
            ("what is your address", "[Location]"),
            ("how much is it and your adress", "[Price, Location]"),
        ] {
            let cues: Vec<_> =
                find_cues(&Utterance::new(said)).into_iter().map(|hit| hit.cue).collect();
            assert_eq!(format!("{cues:?}"), expected, "{said}");
        }
    }

    #[test]
    fn a_gap_stays_within_its_sentence() {
        assert!(find_cues(&Utterance::new("Can you? Speak.")).is_empty());
    }
}

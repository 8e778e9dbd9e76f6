//! A caller's words in one spelling: lower case, contractions undone, one token per word.

use crate::lexicon;
use crate::sound::{Sound, consonants, likeness, may_be_alike, sound};

/// More words than a turn of the demo's longest question by far; of more, the last ones count.
/// No more than a [`Mask`] has bits.
pub(crate) const TOKENS_MAX: usize = 64;

/// One word.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    /// Lower-case letters and digits, without marks.
    pub(crate) text: String,
    /// What all forms of the word share, the same for words of one meaning.
    pub(crate) lemma: String,
    /// How it sounds.
    pub(crate) sound: Sound,
    /// How much it says about a subject: 0 for "the", 1 for "balayage".
    pub(crate) weight: f32,
    /// Which sentence it stands in, from 0.
    pub(crate) sentence: usize,
    /// Which part between commas it stands in, from 0.
    pub(crate) part: usize,
}

/// The words of one utterance.
#[derive(Clone, Debug, Default)]
pub(crate) struct Utterance {
    /// The words, at most [`TOKENS_MAX`].
    pub(crate) tokens: Vec<Token>,
}

/// Words of an utterance by their places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mask(u64);

impl Mask {
    /// The words from `start` up to `end`.
    pub(crate) fn span(start: usize, end: usize) -> Self {
        let mut mask = Self::default();
        for at in start..end.min(TOKENS_MAX) {
            mask.add(at);
        }
        mask
    }

    /// Puts the word at `at` in.
    pub(crate) fn add(&mut self, at: usize) {
        if at < TOKENS_MAX {
            self.0 |= 1 << at;
        }
    }

    /// Whether the word at `at` is in.
    pub(crate) fn holds(self, at: usize) -> bool {
        at < TOKENS_MAX && self.0 & (1 << at) != 0
    }

    /// The words of both.
    pub(crate) fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The words of this one only.
    pub(crate) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether the two share a word.
    pub(crate) fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether all words of `other` are in.
    pub(crate) fn covers(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether no word is in.
    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The place of the first word.
    pub(crate) fn first(self) -> usize {
        self.0.trailing_zeros() as usize
    }

    /// The place of the last word.
    pub(crate) fn last(self) -> usize {
        63_usize.saturating_sub(self.0.leading_zeros() as usize)
    }

    /// From the first word to the last.
    pub(crate) fn spread(self) -> usize {
        if self.is_empty() { 0 } else { self.last() + 1 - self.first() }
    }

    /// How many words are in.
    pub(crate) fn count(self) -> u32 {
        self.0.count_ones()
    }
}

impl Token {
    /// The word `text` of the given sentence.
    pub(crate) fn new(text: String, sentence: usize) -> Self {
        let lemma = lemma(&text);
        let weight = lexicon::weight(&text, &lemma);
        Self { sound: sound(&text), lemma, weight, sentence, part: 0, text }
    }

    /// The word `text` in its place.
    pub(crate) fn respelled(&self, text: String) -> Self {
        Self { part: self.part, ..Self::new(text, self.sentence) }
    }

    /// Whether this is a word of everyday talk: then it has hardly been misheard for something
    /// else.
    pub(crate) fn is_common(&self) -> bool {
        lexicon::is_common(&self.text)
    }
}

impl Utterance {
    /// The words of `text`.
    pub(crate) fn new(text: &str) -> Self {
        let mut tokens = Vec::new();
        let (mut sentence, mut parts) = (0, 0);
        for word in text.split(|c: char| c.is_whitespace() || "-/—–_".contains(c)) {
            let ends = ends_sentence(word);
            for (at, part) in word.split([',', ';']).enumerate() {
                parts += usize::from(at > 0);
                let plain = plain(part);
                for text in expand(&plain) {
                    tokens.push(Token { part: parts, ..Token::new(text, sentence) });
                }
            }
            if ends {
                sentence += 1;
                parts += 1;
            }
        }
        join_days(&mut tokens);
        if tokens.len() > TOKENS_MAX {
            tokens.drain(..tokens.len() - TOKENS_MAX);
        }
        Self { tokens }
    }

    /// The words' texts.
    pub(crate) fn texts(&self) -> Vec<&str> {
        self.tokens.iter().map(|token| token.text.as_str()).collect()
    }

    /// Whether nothing was said.
    pub(crate) fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// All its words.
    pub(crate) fn all(&self) -> Mask {
        Mask::span(0, self.tokens.len())
    }

    /// How much the words in `mask` say, together.
    pub(crate) fn weight(&self, mask: Mask) -> f32 {
        let words = self.tokens.iter().enumerate();
        words.filter(|(at, _)| mask.holds(*at)).map(|(_, token)| token.weight).sum()
    }

    /// The utterance from the word at `start` on.
    pub(crate) fn tail(&self, start: usize) -> Self {
        Self { tokens: self.tokens.iter().skip(start).cloned().collect() }
    }
}

/// What all forms of `text` share: its stem, or the word that stands for all words of its meaning.
pub(crate) fn lemma(text: &str) -> String {
    let stem = stem(text);
    lexicon::synonym(text).or_else(|| lexicon::synonym(&stem)).map_or(stem, str::to_owned)
}

/// How sure it is that `token` is the word `text` with this `lemma` and `sound`: 1 is the word
/// itself.
pub(crate) fn word_likeness(token: &Token, text: &str, lemma: &str, sound: &[u8]) -> f32 {
    if token.text == text {
        return 1.0;
    }
    if token.lemma == lemma {
        // Another form of the same word is surer than another word for it.
        return if stem(&token.text) == stem(text) { 0.99 } else { 0.98 };
    }
    if token.is_common() || token.text.bytes().any(|b| b.is_ascii_digit()) {
        return 0.0;
    }
    let shorter = token.text.len().min(text.len());
    if token.text.len().abs_diff(text.len()) > 2 + shorter / 3
        || !may_be_alike(consonants(&token.sound), consonants(sound))
    {
        return 0.0;
    }
    let heard = likeness(&token.sound, sound);
    if shorter <= 3 {
        return if heard >= 1.0 { 0.9 } else { 0.0 };
    }
    if heard < 0.4 {
        return 0.0;
    }
    let written = strsim::normalized_levenshtein(&token.text, text) as f32;
    // What only sounds alike is never as good as the word itself.
    (heard.max(written) * 0.97).min(0.965)
}

/// "To-day" is one word.
fn join_days(tokens: &mut Vec<Token>) {
    for at in (1..tokens.len()).rev() {
        let whole = match (tokens[at - 1].text.as_str(), tokens[at].text.as_str()) {
            ("to", "day") => "today",
            ("to", "night") => "tonight",
            ("to", "morrow") => "tomorrow",
            ("american", "express") => "amex",
            ("check", "up") => "checkup",
            ("hair", "cut") => "haircut",
            _ => continue,
        };
        tokens[at - 1] = tokens[at - 1].respelled(whole.to_owned());
        tokens.remove(at);
    }
}

fn ends_sentence(word: &str) -> bool {
    /// Written with a full stop that ends nothing.
    const ABBREVIATIONS: [&str; 9] =
        ["dr.", "mr.", "mrs.", "ms.", "st.", "a.m.", "p.m.", "no.", "ave."];
    let lower = word.to_lowercase();
    let marks = lower.trim_end_matches(['"', '\'', ')']);
    marks.ends_with(['?', '!', '.']) && !ABBREVIATIONS.contains(&marks)
}

/// `word` in lower-case ASCII letters, digits and apostrophes; a colon stays between digits.
fn plain(word: &str) -> String {
    let chars: Vec<char> = word.chars().flat_map(char::to_lowercase).take(40).collect();
    let mut plain = String::with_capacity(chars.len());
    for (at, &c) in chars.iter().enumerate() {
        let digit = |at: usize| chars.get(at).is_some_and(char::is_ascii_digit);
        match c {
            'a'..='z' | '0'..='9' => plain.push(c),
            '\'' | '\u{2019}' => plain.push('\''),
            ':' if at > 0 && digit(at - 1) && digit(at + 1) => plain.push(':'),
            '&' => plain.push_str("and"),
            other => plain.extend(unaccented(other)),
        }
    }
    plain.trim_matches('\'').to_owned()
}

/// The letter under an accent.
fn unaccented(c: char) -> Option<char> {
    Some(match c {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' => 'a',
        'è' | 'é' | 'ê' | 'ë' => 'e',
        'ì' | 'í' | 'î' | 'ï' => 'i',
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' => 'o',
        'ù' | 'ú' | 'û' | 'ü' => 'u',
        'ç' => 'c',
        'ñ' => 'n',
        _ => return None,
    })
}

/// The words that a contraction stands for, without apostrophes.
fn expand(word: &str) -> Vec<String> {
    /// Contractions that recognizers write without their apostrophe, and joined words.
    const WHOLE: [(&str, &str); 30] = [
        ("can't", "can not"),
        ("won't", "will not"),
        ("cannot", "can not"),
        ("let's", "let us"),
        ("whats", "what is"),
        ("wheres", "where is"),
        ("whos", "who is"),
        ("hows", "how is"),
        ("thats", "that is"),
        ("dont", "do not"),
        ("doesnt", "does not"),
        ("didnt", "did not"),
        ("cant", "can not"),
        ("youre", "you are"),
        ("im", "i am"),
        ("ive", "i have"),
        ("id", "i would"),
        ("gonna", "going to"),
        ("wanna", "want to"),
        ("gotta", "got to"),
        ("y'all", "you"),
        ("o'clock", "oclock"),
        ("alright", "all right"),
        ("goodbye", "bye"),
        ("byebye", "bye"),
        ("e'mail", "email"),
        ("noon's", "noon"),
        ("long's", "long is"),
        ("much's", "much is"),
        ("late's", "late is"),
    ];
    /// What ends in `'s` and means "is".
    const IS: [&str; 10] =
        ["what", "where", "who", "how", "that", "it", "there", "here", "when", "he"];
    if word.is_empty() {
        return Vec::new();
    }
    let split = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    if let Some((_, text)) = WHOLE.iter().find(|(from, _)| *from == word) {
        return split(text);
    }
    for (ending, meaning) in [("n't", "not"), ("'re", "are"), ("'ll", "will"), ("'ve", "have")] {
        if let Some(base) = word.strip_suffix(ending).filter(|base| !base.is_empty()) {
            return vec![base.replace('\'', ""), meaning.into()];
        }
    }
    for (ending, meaning) in [("'m", "am"), ("'d", "would")] {
        if let Some(base) = word.strip_suffix(ending).filter(|base| !base.is_empty()) {
            return vec![base.replace('\'', ""), meaning.into()];
        }
    }
    if let Some(base) = word.strip_suffix("'s").filter(|base| IS.contains(base)) {
        return vec![base.into(), "is".into()];
    }
    split_clock(&word.replace('\'', ""))
}

/// "5pm" is two words.
fn split_clock(word: &str) -> Vec<String> {
    for half in ["am", "pm"] {
        if let Some(time) = word.strip_suffix(half)
            && !time.is_empty()
            && time.bytes().all(|b| b.is_ascii_digit() || b == b':')
        {
            return vec![time.into(), half.into()];
        }
    }
    vec![word.into()]
}

/// `text` without the endings of number, tense and manner.
fn stem(text: &str) -> String {
    const IRREGULAR: [(&str, &str); 16] = [
        ("ins", "in"),
        ("children", "child"),
        ("men", "man"),
        ("mens", "man"),
        ("women", "woman"),
        ("womens", "woman"),
        ("womans", "woman"),
        ("mans", "man"),
        ("teeth", "tooth"),
        ("feet", "foot"),
        ("ladies", "lady"),
        ("cavities", "cavity"),
        ("allergies", "allergy"),
        ("batteries", "battery"),
        ("policies", "policy"),
        ("took", "take"),
    ];
    if let Some((_, stem)) = IRREGULAR.iter().find(|(form, _)| *form == text) {
        return (*stem).into();
    }
    let mut stem = text;
    if stem.len() > 3 && stem.ends_with('s') && !stem.ends_with("ss") && !stem.ends_with("us") {
        stem = &stem[..stem.len() - 1];
        if let Some(base) = stem.strip_suffix("ie").filter(|base| base.len() > 2) {
            return format!("{base}y");
        }
        if ["she", "che", "xe", "sse"].iter().any(|ending| stem.ends_with(ending)) {
            stem = &stem[..stem.len() - 1];
        }
    }
    for ending in ["ing", "ed", "ion", "ment"] {
        let verb = |base: &&str| ending != "ion" || base.ends_with(['t', 's']);
        if let Some(base) = stem.strip_suffix(ending).filter(|base| base.len() > 3).filter(verb) {
            stem = base;
            break;
        }
    }
    let bytes = stem.as_bytes();
    if let [.., before, last] = bytes
        && before == last
        && stem.len() > 3
        && !b"aeiou".contains(last)
    {
        stem = &stem[..stem.len() - 1];
    }
    if stem.len() > 4 && stem.ends_with('e') {
        stem = &stem[..stem.len() - 1];
    }
    stem.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> String {
        Utterance::new(text).texts().join(" ")
    }

    #[test]
    fn one_spelling_for_what_is_said() {
        for (said, expected) in [
            ("What's the price?", "what is the price"),
            ("I'd like a Women\u{2019}s cut", "i would like a womens cut"),
            ("Are you open at 5pm, or 5:30 p.m.?", "are you open at 5 pm or 5:30 pm"),
            ("walk-ins & wi-fi", "walk ins and wi fi"),
            ("don't", "do not"),
            ("Crème brûlée!", "creme brulee"),
            ("", ""),
            ("?! …", ""),
            ("$1,100.00", "1 10000"),
        ] {
            assert_eq!(texts(said), expected, "{said}");
        }
    }

    #[test]
    fn sentences_are_told_apart() {
        let utterance = Utterance::new("My tooth hurts. Is Dr. Alvarez in at 5 p.m. today? Thanks");
        let sentences: Vec<_> = utterance.tokens.iter().map(|token| token.sentence).collect();
        assert_eq!(sentences, [0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2]);
    }

    #[test]
    fn forms_of_a_word_share_their_lemma() {
        for (left, right) in [
            ("cleaning", "cleanings"),
            ("filling", "fillings"),
            ("women's".trim_end_matches("'s"), "women"),
            ("rotate", "rotating"),
            ("brakes", "brake"),
            ("tipping", "tip"),
            ("inspection", "inspect"),
            ("rotation", "rotate"),
            ("alignment", "align"),
            ("kids", "children"),
            ("guaranteed", "warranty"),
        ] {
            assert_eq!(lemma(left), lemma(right), "{left} {right}");
        }
        assert_ne!(lemma("men"), lemma("women"));
    }

    #[test]
    fn masks_know_their_ends() {
        let mask = Mask::span(3, 6);
        assert_eq!((mask.first(), mask.last(), mask.count()), (3, 5, 3));
        assert!(Mask::default().is_empty());
        assert!(!Mask::span(60, 90).holds(64));
    }
}

//! Which rows of a business's table an utterance may be about, in spite of misheard, split and
//! joined words.

use std::collections::{HashMap, HashSet};

use types::{Facts, Service, Staff};

use crate::alignment::{Joint, Likeness, PARTICLE_REACH, Phrase, PhraseWord, Window};
use crate::lexicon;
use crate::words::{Mask, Token, Utterance};

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Row {
    /// `services[_]`.
    Service(usize),
    /// `policies[_]`.
    Policy(usize),
    /// `faqs[_]`.
    Faq(usize),
    /// `staff[_]`.
    Staff(usize),
    /// `escalation.emergency_topics`.
    Emergency,
}

/// Where a phrase stands in its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A name or another word for it: the whole phrase must be there.
    Name,
    /// A question asked beforehand: most of it is enough.
    Question,
    /// The answer: a telling word in it is a hint.
    Text,
}

/// How well the words that name something were heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hearing {
    /// As they are written, or in another form.
    Plain,
    /// One word of the same meaning, and nothing that asks about it.
    Loose,
    /// They only sound alike.
    Alike,
}

/// How a question asked beforehand was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wording {
    /// In whatever words.
    Free,
    /// In its own everyday words, one by one.
    Verbatim,
}

/// A row that an utterance may be about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    /// Which.
    pub(crate) row: Row,
    /// Where the phrase that fits stands.
    pub(crate) place: Place,
    /// How much of the phrase is in the utterance, 0 to 1.
    pub(crate) score: f32,
    /// How much that is: a word that many rows share counts less.
    pub(crate) weight: f32,
    /// Whether every word was heard as it is written.
    pub(crate) exact: bool,
    /// How well the words that were found were heard, however many are missing.
    pub(crate) hearing: Hearing,
    /// Whether it is a question of everyday words that is there word by word.
    pub(crate) wording: Wording,
    /// The words of the utterance.
    pub(crate) mask: Mask,
    /// All telling words of the utterance that stand anywhere in the row, `mask` among them.
    pub(crate) support: Mask,
}

/// All phrases that lead to a row.
#[derive(Debug)]
pub(crate) struct Index {
    phrases: Vec<Phrase>,
    /// Every word of them once.
    words: Vec<PhraseWord>,
    /// Words that stand in one row's text and nowhere else.
    hints: HashMap<String, Row>,
    /// The words of each row, of its phrases and its text.
    lemmas: HashMap<Row, HashSet<String>>,
    /// How many rows have a word.
    sharing: HashMap<String, usize>,
    /// The words of each row's phrases alone.
    asked: HashMap<Row, HashSet<String>>,
    /// Light words of names and the particles that turn them.
    compounds: Vec<(String, String)>,
}

/// A row is not worth mentioning below this.
const SCORE_MIN: f32 = 0.25;
/// A longer phrase is better than a part of it from here.
const WIDER_SCORE_MIN: f32 = 0.82;
/// A phrase that says so much more than another is the better one.
const FULLER_WEIGHT_MIN: f32 = 0.5;
/// The score of a hint: never sure.
const HINT_SCORE: f32 = 0.6;
/// So many telling words of a row together are a hint.
const POOL_WORDS_MIN: usize = 2;
/// They must say so much,
const POOL_WEIGHT_MIN: f32 = 1.0;
/// so much of the utterance to go before a question's own words,
const POOL_SHARE_MIN: f32 = 0.75;
/// and so much more than those of any other row.
const POOL_LEAD_MIN: f32 = 0.3;

impl Index {
    /// The phrases of `facts`.
    pub(crate) fn new(facts: &Facts) -> Self {
        let mut phrases = Vec::new();
        let mut texts = Vec::new();
        for (at, service) in facts.services.iter().enumerate() {
            let row = Row::Service(at);
            phrases.extend(service_phrases(service).map(|text| (row, Place::Name, text)));
            texts.extend(service.note.as_deref().map(|note| (row, note)));
        }
        for (at, policy) in facts.policies.iter().enumerate() {
            let row = Row::Policy(at);
            phrases.extend(policy.topics.iter().map(|text| (row, Place::Name, text.clone())));
            texts.push((row, &policy.text));
        }
        for (at, faq) in facts.faqs.iter().enumerate() {
            let row = Row::Faq(at);
            phrases.extend(faq.questions.iter().map(|text| (row, Place::Question, text.clone())));
            texts.push((row, &faq.answer));
        }
        for (at, staff) in facts.staff.iter().enumerate() {
            let row = Row::Staff(at);
            texts.extend(staff.note.as_deref().map(|note| (row, note)));
            phrases.extend(staff_phrases(staff).map(|text| (row, Place::Name, text)));
        }
        let topics = facts.escalation.emergency_topics.iter();
        phrases.extend(topics.map(|text| (Row::Emergency, Place::Name, text.clone())));
        let mut phrases: Vec<Phrase> = phrases
            .into_iter()
            .map(|(row, place, text)| Phrase::new(row, place, &text))
            .filter(|phrase| !phrase.words.is_empty())
            .collect();
        spread_weight(&mut phrases);
        let hints = hints(&phrases, &texts);
        let mut lemmas: HashMap<Row, HashSet<String>> = HashMap::new();
        for phrase in &phrases {
            let own = phrase.words.iter().map(|word| word.lemma.clone());
            lemmas.entry(phrase.row).or_default().extend(own);
        }
        let asked = lemmas.clone();
        for (row, text) in &texts {
            let own = Utterance::new(text).tokens.into_iter().map(|token| token.lemma);
            lemmas.entry(*row).or_default().extend(own);
        }
        let words = number_words(&mut phrases);
        let mut sharing: HashMap<String, usize> = HashMap::new();
        for lemma in lemmas.values().flatten() {
            *sharing.entry(lemma.clone()).or_default() += 1;
        }
        let compounds = compounds(&phrases);
        Self { phrases, words, hints, lemmas, sharing, asked, compounds }
    }

    /// The rules and answers, each with the words of its phrases and with all its words.
    pub(crate) fn rows_of_words(
        &self,
    ) -> impl Iterator<Item = (Row, &HashSet<String>, &HashSet<String>)> {
        let rows =
            self.lemmas.iter().filter(|(row, _)| matches!(row, Row::Policy(_) | Row::Faq(_)));
        rows.filter_map(|(row, lemmas)| Some((*row, self.asked.get(row)?, lemmas)))
    }

    /// How many rows have the word.
    pub(crate) fn shared_by(&self, lemma: &str) -> usize {
        self.sharing.get(lemma).copied().unwrap_or(1)
    }

    /// The people, each with all words of name, role and note; in the order of the table.
    pub(crate) fn people(&self) -> Vec<(usize, &HashSet<String>)> {
        let people = self.lemmas.iter().filter_map(|(row, words)| match row {
            Row::Staff(at) => Some((*at, words)),
            Row::Service(_) | Row::Policy(_) | Row::Faq(_) | Row::Emergency => None,
        });
        let mut people: Vec<_> = people.collect();
        people.sort_by_key(|(at, _)| *at);
        people
    }

    /// Whether `token` is a word of the table.
    pub(crate) fn knows(&self, token: &Token) -> bool {
        self.words.iter().any(|word| word.text == token.text || word.lemma == token.lemma)
            || self.hints.contains_key(&token.lemma)
    }

    /// Whether `token` alone names an emergency.
    pub(crate) fn alarms(&self, token: &Token) -> bool {
        self.phrases.iter().any(|phrase| {
            phrase.row == Row::Emergency
                && matches!(&phrase.words[..], [word] if word.lemma == token.lemma)
        })
    }

    /// Whether a phrase of the table has the two words one after the other.
    pub(crate) fn has_side_by_side(&self, left: &str, right: &str) -> bool {
        self.phrases.iter().any(|phrase| {
            phrase.words.windows(2).any(|two| two[0].lemma == left && two[1].lemma == right)
        })
    }

    /// Gives words that say little elsewhere their weight where the table is about them.
    pub(crate) fn lift(&self, utterance: &mut Utterance) {
        for token in utterance.tokens.iter_mut().filter(|token| lexicon::is_light(&token.text)) {
            if self.words.iter().any(|word| word.lemma == token.lemma) {
                token.weight = 1.0;
            }
        }
        // "Check out" says as much as any name where there is a rule for it.
        for (verb, particle) in &self.compounds {
            for at in 0..utterance.tokens.len() {
                let behind = &utterance.tokens[at + 1..];
                let told = utterance.tokens[at].lemma == *verb
                    && behind.iter().take(PARTICLE_REACH).any(|token| token.text == *particle);
                if told {
                    utterance.tokens[at].weight = 1.0;
                }
            }
        }
    }

    /// How many services there are.
    pub(crate) fn services(&self) -> usize {
        let service = |phrase: &Phrase| match phrase.row {
            Row::Service(at) => Some(at + 1),
            Row::Policy(_) | Row::Faq(_) | Row::Staff(_) | Row::Emergency => None,
        };
        self.phrases.iter().filter_map(service).max().unwrap_or(0)
    }

    /// The words of each name of the service at `at`.
    pub(crate) fn names_of_service(&self, at: usize) -> impl Iterator<Item = Vec<&str>> {
        let phrases = self.phrases.iter().filter(move |phrase| phrase.row == Row::Service(at));
        phrases.map(|phrase| {
            let telling = phrase.words.iter().filter(|word| word.weight > 0.0);
            telling.map(|word| word.lemma.as_str()).collect()
        })
    }

    /// The words that name the service at `at`.
    pub(crate) fn words_of_service(&self, at: usize) -> impl Iterator<Item = &str> {
        let phrases = self.phrases.iter().filter(move |phrase| phrase.row == Row::Service(at));
        phrases.flat_map(|phrase| &phrase.words).map(|word| word.lemma.as_str())
    }

    /// The rows `utterance` may be about, each by its best phrase, best first.
    pub(crate) fn candidates(&self, utterance: &Utterance) -> Vec<Candidate> {
        let windows = Window::all(utterance);
        let likeness = Likeness::new(&self.words, utterance);
        let many = utterance.tokens.last().is_some_and(|token| token.sentence > 0);
        let backward = many.then(|| likeness.reversed());
        let mut best: HashMap<Row, Candidate> = HashMap::new();
        let mut put = |candidate: Candidate| {
            if candidate.score < SCORE_MIN {
                return;
            }
            let kept = best.entry(candidate.row).or_insert(candidate);
            if kept.yields_to(&candidate) {
                *kept = candidate;
            }
        };
        for phrase in &self.phrases {
            let aligned = phrase.align(utterance, &likeness);
            // A word that is in two sentences counts where the others are.
            let again = backward.as_ref().and_then(|likeness| phrase.align(utterance, likeness));
            let aligned = match (aligned, again) {
                (Some(one), Some(two))
                    if two.score >= one.score && two.mask.spread() < one.mask.spread() =>
                {
                    Some(two)
                }
                (one, _) => one,
            };
            if let Some(candidate) = aligned {
                put(candidate);
            }
            if aligned.is_none_or(|candidate| candidate.score < 0.9)
                && let Some(candidate) = phrase.joined(&windows)
            {
                put(candidate);
            }
        }
        for candidate in self.hinted(utterance) {
            put(candidate);
        }
        if let Some(pooled) = self.pooled(utterance) {
            let kept = best.entry(pooled.row).or_insert(pooled);
            // More of the row than its likeliest question is.
            let wider = pooled.mask.covers(kept.mask) && pooled.mask != kept.mask;
            let said = utterance.weight(utterance.all());
            let most = utterance.weight(pooled.mask) >= said * POOL_SHARE_MIN;
            if wider && most && kept.score < WIDER_SCORE_MIN {
                *kept = pooled;
            }
        }
        let mut found: Vec<Candidate> = best.into_values().collect();
        for candidate in &mut found {
            for (at, token) in utterance.tokens.iter().enumerate() {
                // A person is not the one who does what the note tells.
                let person = matches!(candidate.row, Row::Staff(_));
                let words = if person { &self.asked } else { &self.lemmas };
                let stands = words.get(&candidate.row);
                if token.weight > 0.0 && stands.is_some_and(|set| set.contains(&token.lemma)) {
                    candidate.support.add(at);
                }
            }
        }
        // The map's order is random: break ties by the row's place in the table.
        found.sort_by(|left, right| {
            right.rank().total_cmp(&left.rank()).then_with(|| left.row.key().cmp(&right.row.key()))
        });
        found
    }

    /// The row that most of the utterance's telling words stand in, in whatever phrase or text of
    /// it, if it leads clearly: a word counts the less the more rows have it.
    fn pooled(&self, utterance: &Utterance) -> Option<Candidate> {
        let mut pools: Vec<(f32, Row, Mask)> = Vec::new();
        for (row, lemmas) in &self.lemmas {
            if !matches!(row, Row::Policy(_) | Row::Faq(_)) {
                continue;
            }
            let (mut weight, mut mask, mut telling) = (0.0, Mask::default(), Vec::new());
            for (at, token) in utterance.tokens.iter().enumerate() {
                if token.weight <= 0.0 || !lemmas.contains(&token.lemma) {
                    continue;
                }
                let sharing = self.sharing.get(&token.lemma).copied().unwrap_or(1);
                weight += token.weight / (sharing as f32).sqrt();
                mask.add(at);
                if token.weight >= 1.0 && !telling.contains(&token.lemma.as_str()) {
                    telling.push(&token.lemma);
                }
            }
            let hinted = telling.iter().any(|lemma| self.hints.get(*lemma) == Some(row));
            if telling.len() >= POOL_WORDS_MIN || hinted {
                pools.push((weight, *row, mask));
            }
        }
        pools.sort_by(|left, right| {
            right.0.total_cmp(&left.0).then_with(|| left.1.key().cmp(&right.1.key()))
        });
        let (weight, row, mask) = *pools.first()?;
        let second = pools.get(1).map_or(0.0, |(weight, ..)| *weight);
        (weight >= POOL_WEIGHT_MIN && weight - second >= POOL_LEAD_MIN).then_some(Candidate {
            row,
            place: Place::Text,
            score: HINT_SCORE,
            weight,
            exact: true,
            hearing: Hearing::Plain,
            wording: Wording::Free,
            mask,
            support: mask,
        })
    }

    fn hinted(&self, utterance: &Utterance) -> Vec<Candidate> {
        let mut found: Vec<Candidate> = Vec::new();
        for (at, token) in utterance.tokens.iter().enumerate() {
            let Some(&row) = self.hints.get(&token.lemma) else { continue };
            match found.iter_mut().find(|candidate| candidate.row == row) {
                Some(candidate) => {
                    candidate.mask.add(at);
                    candidate.weight += 1.0;
                }
                None => found.push(Candidate {
                    row,
                    place: Place::Text,
                    score: HINT_SCORE,
                    weight: 1.0,
                    exact: true,
                    hearing: Hearing::Plain,
                    wording: Wording::Free,
                    mask: Mask::span(at, at + 1),
                    support: Mask::span(at, at + 1),
                }),
            }
        }
        found
    }
}

impl Candidate {
    /// Whether `other` is the better phrase of the same row: it explains more, or it fits better.
    fn yields_to(&self, other: &Self) -> bool {
        let wider = |one: &Self, two: &Self| {
            one.mask.covers(two.mask) && one.mask != two.mask && one.score >= WIDER_SCORE_MIN
        };
        // Of two phrases that are there the one that says more: "walk-ins", not "an appointment".
        let fuller = |one: &Self, two: &Self| {
            one.score >= WIDER_SCORE_MIN
                && two.score >= WIDER_SCORE_MIN
                && one.hearing == Hearing::Plain
                && one.weight > two.weight + FULLER_WEIGHT_MIN
        };
        let better = |one: &Self, two: &Self| wider(one, two) || fuller(one, two);
        better(other, self) || self.rank() < other.rank() && !better(self, other)
    }

    /// By which candidates are ordered: how much of the phrase is there, then how much that is.
    pub(crate) fn rank(&self) -> f32 {
        let exactness = if self.exact { 0.02 } else { 0.0 };
        self.score + exactness + self.weight.min(4.0) * 0.04
    }
}

impl Row {
    pub(crate) fn key(self) -> (u8, usize) {
        match self {
            Self::Emergency => (0, 0),
            Self::Service(at) => (1, at),
            Self::Policy(at) => (2, at),
            Self::Faq(at) => (3, at),
            Self::Staff(at) => (4, at),
        }
    }
}

/// Numbers the phrases' words; gives each once.
fn number_words(phrases: &mut [Phrase]) -> Vec<PhraseWord> {
    let mut ids: HashMap<String, usize> = HashMap::new();
    let mut words = Vec::new();
    for word in phrases.iter_mut().flat_map(|phrase| &mut phrase.words) {
        let next = words.len();
        word.id = *ids.entry(word.text.clone()).or_insert(next);
        if word.id == next {
            words.push(word.clone());
        }
    }
    words
}

/// The light words of names with the particles behind them: "check in".
fn compounds(phrases: &[Phrase]) -> Vec<(String, String)> {
    let rules = phrases.iter().filter(|phrase| matches!(phrase.row, Row::Policy(_)));
    let pairs = rules.flat_map(|phrase| phrase.words.windows(2));
    pairs
        .filter(|pair| pair[1].joint == Joint::Particle && pair[0].joint == Joint::None)
        .map(|pair| (pair[0].lemma.clone(), pair[1].text.clone()))
        .collect()
}

/// A word that many rows share tells less about each.
fn spread_weight(phrases: &mut [Phrase]) {
    let mut rows: HashMap<String, HashSet<Row>> = HashMap::new();
    for phrase in phrases.iter() {
        for word in &phrase.words {
            rows.entry(word.lemma.clone()).or_default().insert(phrase.row);
        }
    }
    for phrase in phrases {
        for word in &mut phrase.words {
            let shared = rows.get(&word.lemma).map_or(1, HashSet::len);
            word.weight /= (shared as f32).sqrt();
        }
        phrase.weight = phrase.words.iter().map(|word| word.weight + word.joint.weight()).sum();
    }
}

/// Telling words that stand in one row's text only.
fn hints(phrases: &[Phrase], texts: &[(Row, &str)]) -> HashMap<String, Row> {
    let mut rows: HashMap<String, HashSet<Row>> = HashMap::new();
    for phrase in phrases {
        for word in &phrase.words {
            rows.entry(word.lemma.clone()).or_default().insert(phrase.row);
        }
    }
    let mut telling: HashMap<String, Row> = HashMap::new();
    for (row, text) in texts {
        for token in Utterance::new(text).tokens {
            rows.entry(token.lemma.clone()).or_default().insert(*row);
            let is_rule = matches!(row, Row::Policy(_) | Row::Faq(_));
            if is_rule && token.weight >= 1.0 && token.text.len() >= 4 && !token.is_common() {
                telling.insert(token.lemma, *row);
            }
        }
    }
    telling.retain(|lemma, row| {
        rows.get(lemma).is_some_and(|rows| rows.len() == 1 && rows.contains(row))
    });
    telling
}

fn service_phrases(service: &Service) -> impl Iterator<Item = String> {
    std::iter::once(&service.name).chain(&service.aliases).cloned()
}

/// A person goes by the whole name, by each part of it, and by a role.
fn staff_phrases(staff: &Staff) -> impl Iterator<Item = String> {
    const TITLES: [&str; 6] = ["doctor", "dr.", "dr", "mr.", "mrs.", "ms."];
    let names = std::iter::once(&staff.name).chain(&staff.aliases).cloned();
    let parts = staff.name.split_whitespace().map(str::to_owned);
    let parts = parts.filter(|part| !TITLES.contains(&part.to_lowercase().as_str()));
    let roles = staff.role.iter().flat_map(|role| role.split(" and ").map(str::to_owned));
    names.chain(parts).chain(roles).collect::<HashSet<_>>().into_iter()
}

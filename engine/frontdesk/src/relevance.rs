//! Which row most of a question's words stand in, when no phrase of any row is there.

use crate::cues::Cue;
use crate::intent::{Ask, Sense, Subject, Thread};
use crate::matching::{Index, Row};
use crate::memory::Topic;
use crate::words::{Mask, lemma};

/// A row, how much of the question stands in it, and how much that is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Relevant {
    /// The row.
    pub(crate) row: Row,
    /// The share of the question's words that stand in it, by weight.
    pub(crate) share: f32,
    /// The weight of those words; a word counts the less the more rows have it.
    pub(crate) weight: f32,
    /// How much of it stands in the row's questions or topics rather than in its text.
    pub(crate) asked: f32,
    /// Those words.
    pub(crate) mask: Mask,
}

/// A row that holds this much of a question, and so much more than any other, is what it is about.
const SHARE_MIN: f32 = 0.66;
const WEIGHT_MIN: f32 = 0.85;
/// Of a question that stands in one row as a whole less is enough.
const WHOLE_SHARE_MIN: f32 = 0.9;
const WHOLE_WEIGHT_MIN: f32 = 0.6;
const LEAD_MIN: f32 = 0.3;
/// A row that holds this much is worth asking back.
const DOUBT_SHARE_MIN: f32 = 0.4;
const DOUBT_OFFERED_MIN: f32 = 0.55;
const DOUBT_WEIGHT_MIN: f32 = 0.55;
/// What a word in a row's text counts of one in its questions.
const TEXT_SHARE: f32 = 0.8;

impl Index {
    /// The rules and answers that hold words of the parts of `sense` in `within`, the best first.
    fn relevant(&self, sense: &Sense, within: Mask) -> Vec<Relevant> {
        let utterance = &sense.utterance;
        let all: f32 = utterance.weight(within);
        let mut found: Vec<Relevant> = Vec::new();
        for (row, asked, texts) in self.rows_of_words() {
            let mut relevant =
                Relevant { row, share: 0.0, weight: 0.0, asked: 0.0, mask: Mask::default() };
            let mut held = 0.0;
            for (at, token) in utterance.tokens.iter().enumerate() {
                let named = asked.contains(&token.lemma);
                if !within.holds(at)
                    || token.weight <= 0.0
                    || !named && !texts.contains(&token.lemma)
                {
                    continue;
                }
                let part = if named { 1.0 } else { TEXT_SHARE };
                let own = part * token.weight / (self.shared_by(&token.lemma) as f32).sqrt();
                held += token.weight;
                relevant.weight += own;
                relevant.asked += if named { own } else { 0.0 };
                relevant.mask.add(at);
            }
            if relevant.weight > 0.0 && all > 0.0 {
                relevant.share = held / all;
                found.push(relevant);
            }
        }
        found.sort_by(|left, right| {
            right.weight.total_cmp(&left.weight).then_with(|| left.row.key().cmp(&right.row.key()))
        });
        found
    }
}

impl Sense {
    /// What the question is about if nothing else was found in it: the row that holds most of its
    /// words, or which of two was meant.
    pub(crate) fn ask_relevant(&mut self, index: &Index) {
        const ELSEWHERE: &[Cue] = &[
            Cue::Booking,
            Cue::Availability,
            Cue::Message,
            Cue::Person,
            Cue::Undo,
            Cue::Bye,
            Cue::Done,
            Cue::Robot,
            Cue::Repeat,
        ];
        let vague = self.asks.iter().all(|(_, ask)| {
            matches!(ask, Ask::Unknown(_) | Ask::Confirm(_) | Ask::WhichDay)
                || matches!(ask, Ask::Which { options, .. } if options.is_empty())
        });
        if !vague || self.has_any(ELSEWHERE) || !self.services.is_empty() {
            return;
        }
        const HOURS: &[Cue] = &[Cue::Open, Cue::Closed, Cue::Hours, Cue::Opening, Cue::Close];
        let explained =
            HOURS.iter().fold(Mask::default(), |mask, cue| mask.union(self.mask_of(*cue)));
        let within = self.asking_parts().without(explained);
        let found = index.relevant(self, within);
        let Some(best) = found.first().copied() else { return };
        let second = found.get(1).map_or(0.0, |other| other.weight);
        let lead = (best.weight - second) / best.weight;
        let telling = self.utterance.tokens.iter().enumerate();
        let telling = telling
            .filter(|(at, token)| best.mask.holds(*at) && token.weight >= 1.0)
            .map(|(_, token)| token.lemma.as_str());
        let mut telling: Vec<&str> = telling.collect();
        telling.sort_unstable();
        telling.dedup();
        let priced = self.has_any(&[Cue::Price, Cue::Duration]);
        let light = |at: usize| crate::lexicon::is_light(&self.utterance.tokens[at].text);
        let heavy = (0..self.utterance.tokens.len())
            .any(|at| best.mask.holds(at) && self.utterance.tokens[at].weight >= 1.0 && !light(at));
        let named = (best.asked > 0.0 || telling.len() > 1) && (heavy || telling.len() > 1);
        // A word of another row's text is no rival to one of this row's questions.
        let other = found.get(1).map_or(0.0, |other| other.asked);
        let leads = lead >= LEAD_MIN || best.asked > 0.0 && other == 0.0 && lead > 0.0;
        let enough = best.weight >= WEIGHT_MIN && best.share >= SHARE_MIN
            || best.weight >= WHOLE_WEIGHT_MIN && best.share >= WHOLE_SHARE_MIN && best.asked > 0.0;
        let sure = self.is_wanted() && !priced && named && enough && leads && !telling.is_empty();
        // "Do you offer dental implants": the thing itself must be there.
        let doubt_min = if self.has(Cue::Offered) { DOUBT_OFFERED_MIN } else { DOUBT_SHARE_MIN };
        let ask = match best.row {
            Row::Policy(at) if sure => Ask::Policy(at),
            Row::Faq(at) if sure => Ask::Faq(at),
            _ if telling.is_empty() || best.share < doubt_min || best.weight < DOUBT_WEIGHT_MIN => {
                return;
            }
            row @ (Row::Policy(_)
            | Row::Faq(_)
            | Row::Staff(_)
            | Row::Service(_)
            | Row::Emergency) => {
                let mut subjects = vec![Subject::Row(row)];
                subjects.extend(
                    found.get(1).filter(|_| lead < LEAD_MIN).map(|other| Subject::Row(other.row)),
                );
                if self.asks.iter().any(|(_, ask)| matches!(ask, Ask::Confirm(_))) {
                    return;
                }
                Ask::Confirm(subjects)
            }
        };
        self.asks = vec![(best.mask.first(), ask)];
        self.relevant = best.mask;
    }

    /// The words of the parts that ask or wish, or of all if none does.
    pub(crate) fn asking_parts(&self) -> Mask {
        const OPENERS: [&str; 26] = [
            "what", "when", "where", "who", "which", "why", "how", "do", "does", "did", "is",
            "are", "can", "could", "will", "would", "should", "may", "have", "has", "need", "want",
            "whether", "if", "must", "any",
        ];
        let tokens = &self.utterance.tokens;
        let asking: Vec<usize> = tokens
            .iter()
            .enumerate()
            .filter(|(at, token)| {
                let starts =
                    at.checked_sub(1).is_none_or(|before| tokens[before].part != token.part);
                let near = at.checked_sub(1).is_some_and(|before| {
                    let first = at.checked_sub(2).is_none_or(|two| tokens[two].part != token.part);
                    tokens[before].part == token.part && first
                });
                (starts || near) && OPENERS.contains(&token.text.as_str())
            })
            .map(|(_, token)| token.part)
            .collect();
        let mut mask = Mask::default();
        for (at, token) in tokens.iter().enumerate() {
            if asking.is_empty() || asking.contains(&token.part) {
                mask.add(at);
            }
        }
        mask
    }

    /// "Who teaches yoga?": the people whose role or note holds what follows.
    pub(crate) fn ask_who(&mut self, index: &Index, thread: &Thread) {
        let tokens = &self.utterance.tokens;
        let Some(who) = tokens.iter().position(|token| token.text == "who") else { return };
        let starts = who.checked_sub(1).is_none_or(|before| {
            tokens[before].part != tokens[who].part
                || crate::intent::FILLERS.contains(&tokens[before].text.as_str())
                || ["know", "tell", "me", "wondering"].contains(&tokens[before].text.as_str())
        });
        let firm = self.asks.iter().any(|(_, ask)| {
            matches!(ask, Ask::Staff(_) | Ask::Price(_) | Ask::Duration(_) | Ask::Hours(_))
        });
        if !starts || firm {
            return;
        }
        let listed = self.mask_of(Cue::StaffList);
        let told: Vec<String> = tokens[who + 1..]
            .iter()
            .enumerate()
            .filter(|(_, token)| token.sentence == tokens[who].sentence)
            .filter(|(at, token)| !listed.holds(who + 1 + at) || token.weight < 1.0)
            .map(|(_, token)| token)
            .filter(|token| token.weight >= 1.0 || lexical(&token.text))
            .map(|token| doer(&token.lemma))
            .collect();
        // "Who does the cleanings": the one whose role is a word of that service.
        let services = self.services.iter().flat_map(|hit| hit.options.iter().take(2));
        // "Who would do it?" goes on about the service last spoken of.
        let pronoun = tokens[who + 1..]
            .iter()
            .any(|token| ["it", "that", "this", "them", "one"].contains(&token.text.as_str()));
        let goes_on = pronoun && told.is_empty() && self.services.is_empty();
        let spoken_of = thread.services.iter().filter(|_| goes_on);
        let served: Vec<String> = services
            .chain(spoken_of)
            .flat_map(|at| index.words_of_service(*at))
            .map(doer)
            .collect();
        let mut best: (usize, Vec<usize>) = (0, Vec::new());
        for (at, words) in index.people() {
            let own: Vec<String> = words.iter().map(|own| doer(own)).collect();
            let held = told.iter().filter(|word| own.contains(word)).count() * 2;
            let count = held + usize::from(served.iter().any(|word| own.contains(word)));
            match count.cmp(&best.0) {
                std::cmp::Ordering::Greater => best = (count, vec![at]),
                std::cmp::Ordering::Equal if count > 0 => best.1.push(at),
                std::cmp::Ordering::Equal | std::cmp::Ordering::Less => (),
            }
        }
        // All that is told of the work must be known of the person, but for one word.
        let lost = best.0 == 0 || best.0 > 1 && best.0 / 2 + 1 < told.len();
        if lost || best.1.len() > 2 {
            // A list of all would not say who.
            if !told.is_empty() || goes_on {
                let unknown = |ask: &Ask| matches!(ask, Ask::StaffList | Ask::Unknown(_));
                for (_, ask) in self.asks.iter_mut().filter(|(_, ask)| unknown(ask)) {
                    *ask = Ask::Unknown(Topic::Offered);
                }
            }
            return;
        }
        self.services.clear();
        self.asks = best.1.iter().map(|at| (who, Ask::Staff(*at))).collect();
        self.staff = best.1;
        self.relevant = Mask::span(who, self.utterance.tokens.len());
    }
}

/// Whether a light word tells what somebody does.
fn lexical(text: &str) -> bool {
    ["teach", "teaches", "owner", "owns", "manager", "boss"].contains(&text)
}

/// What a doer and the deed share: "teacher", "teach".
fn doer(word: &str) -> String {
    let stem = lemma(word);
    let base = ["er", "or", "ist"].iter().find_map(|end| stem.strip_suffix(end));
    base.filter(|base| base.len() > 3).map_or(stem.clone(), lemma)
}

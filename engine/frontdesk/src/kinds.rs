//! Whether a row is of the kind that was asked for: an answer that holds no amount is none to "what
//! is that a month?", and none that names nobody is one to "who sees my papers?".
//!
//! Words of a row among those of such a question do not make it the answer: it is asked back.

use crate::cues::Cue;
use crate::desk::Desk;
use crate::intent::{Ask, FILLERS, Sense, Subject, Thread};
use crate::matching::{Place, Row};
use crate::memory::Topic;
use crate::words::{Mask, Utterance};

/// A question asked beforehand that scores this much was asked in its own words.
const OWN_WORDS_SCORE: f32 = 0.9;
/// More words than these ask for something of their own.
const ELLIPTIC_WORDS_MAX: usize = 6;
/// They tell what something costs.
const MONEY: [&str; 25] = [
    "dollar", "cent", "free", "fee", "charge", "cost", "price", "percent", "discount", "include",
    "waive", "extra", "deposit", "less", "half", "rate", "hundred", "thousand", "twenty", "thirty",
    "forty", "fifty", "ten", "fifteen", "nothing",
];

impl Sense {
    /// Asks back what would be told of a rule or an answer that is of another kind than the question.
    pub(crate) fn doubt_kinds(&mut self, desk: &Desk<'_>, thread: &Thread) {
        let who = self.asks_who();
        let asks = std::mem::take(&mut self.asks);
        let priced = asks.iter().any(|(_, ask)| matches!(ask, Ask::Price(_)));
        let goes_on = goes_on_about_money(&self.utterance, thread.topic);
        let money = !priced && (self.has(Cue::Price) || goes_on);
        self.asks = asks
            .into_iter()
            .map(|(at, ask)| {
                let row = match ask {
                    Ask::Policy(place) => Row::Policy(place),
                    Ask::Faq(place) => Row::Faq(place),
                    Ask::Price(_)
                    | Ask::Duration(_)
                    | Ask::Offered(_)
                    | Ask::About(_)
                    | Ask::Which { .. }
                    | Ask::WhichTopic(_)
                    | Ask::WhichDay
                    | Ask::Unknown(_)
                    | Ask::ServiceList
                    | Ask::Hours(_)
                    | Ask::House(_)
                    | Ask::Staff(_)
                    | Ask::StaffList
                    | Ask::Confirm(_) => return (at, ask),
                };
                let unlike = who || money && !tells_money(desk, row);
                let doubted = unlike && (goes_on || !self.is_in_own_words(row));
                (at, if doubted { Ask::Confirm(vec![Subject::Row(row)]) } else { ask })
            })
            .collect();
    }

    /// "Who gets to see that?"; but "who does your towing?" asks about the towing.
    fn asks_who(&self) -> bool {
        let texts = self.utterance.texts();
        let mut texts = texts.iter().skip_while(|text| FILLERS.contains(text));
        texts.next() == Some(&"who") && !matches!(texts.next(), Some(&"do" | &"does"))
    }

    /// Whether the question of `row` was asked as it is written, or its topic and nothing else.
    fn is_in_own_words(&self, row: Row) -> bool {
        let price = self.mask_of(Cue::Price);
        self.rows.iter().any(|candidate| {
            let asked = candidate.place == Place::Question && candidate.score >= OWN_WORDS_SCORE;
            let part = |mask: Mask| self.utterance.tokens.get(mask.first()).map(|token| token.part);
            let beside = price.is_empty() || part(price) == part(candidate.mask);
            let alone = self.leftover.is_empty() && beside && !price.covers(candidate.mask);
            candidate.row == row && candidate.exact && (asked || alone)
        })
    }
}

/// Whether `utterance` goes on about an amount: "and for children?".
pub(crate) fn goes_on_about_money(utterance: &Utterance, topic: Option<Topic>) -> bool {
    let texts = utterance.texts();
    topic == Some(Topic::Price)
        && texts.len() <= ELLIPTIC_WORDS_MAX
        && texts.contains(&"for")
        && texts.iter().any(|text| ["about", "and"].contains(text))
}

/// Whether the text of `row` tells an amount, or that there is none.
fn tells_money(desk: &Desk<'_>, row: Row) -> bool {
    let text = match row {
        Row::Policy(at) => desk.facts.policies.get(at).map(|row| row.text.as_str()),
        Row::Faq(at) => desk.facts.faqs.get(at).map(|row| row.answer.as_str()),
        Row::Service(_) | Row::Staff(_) | Row::Emergency => None,
    };
    let text = text.unwrap_or_default();
    text.contains('$')
        || Utterance::new(text).tokens.iter().any(|token| {
            MONEY.contains(&token.text.as_str())
                || MONEY.iter().any(|word| crate::words::lemma(word) == token.lemma)
        })
}

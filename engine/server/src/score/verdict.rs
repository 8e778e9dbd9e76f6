//! Whether a reply is right.
//!
//! The brain says which facts its words come from; that is not taken on trust: each figure in the
//! words must stand in one of the facts cited.

use serde::Serialize;
use types::{Effect, Expect, FactId, Facts};

use super::facts::{FactPattern, figures_in_names, figures_of, says_closed};
use super::sheet::{Expected, Outcome};
use super::words::{contains, figures, normalized};

/// What was replied to a question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// The words.
    pub text: String,
    /// The facts behind them, in order.
    pub cites: Vec<FactId>,
    /// What it does besides.
    pub effects: Vec<Effect>,
    /// The kind of answer it asks for.
    pub expect: Expect,
}

/// How good a reply is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// It holds what was asked for, and nothing else.
    Right,
    /// It tells nothing and asks back.
    AskedAgain,
    /// It tells nothing false, and not what was asked for.
    Missed {
        /// What is missing.
        why: String,
    },
    /// It tells or does what was not asked for.
    Wrong {
        /// What.
        why: String,
    },
}

/// Judges `reply` to a question that was heard as `heard`.
pub fn judge(expected: &Expected, facts: &Facts, heard: &str, reply: &Reply) -> Verdict {
    if let Some(why) = fault(expected, facts, heard, reply) {
        return Verdict::Wrong { why };
    }
    let said = normalized(&reply.text);
    match shortfall(expected, reply, &said) {
        None => Verdict::Right,
        Some(_) if asks_again(reply, &said) => Verdict::AskedAgain,
        Some(why) => Verdict::Missed { why },
    }
}

/// What is false in `reply`, or was not asked for.
fn fault(expected: &Expected, facts: &Facts, heard: &str, reply: &Reply) -> Option<String> {
    if let Some(fact) = reply.cites.iter().find(|fact| !is_allowed(expected, fact)) {
        return Some(format!("tells {fact}"));
    }
    for effect in &reply.effects {
        let unasked = match effect {
            Effect::EndCall if expected.outcome != Outcome::Goodbye => "ends the call",
            Effect::Transfer { .. } if !is_transfer_expected(expected) => "transfers the call",
            Effect::TakeMessage(_) => "keeps a message nobody left",
            Effect::PressKeys { .. } => "presses keys",
            Effect::EndCall | Effect::Transfer { .. } => continue,
        };
        return Some(unasked.to_owned());
    }
    if let Some(figure) = ungrounded(facts, heard, reply) {
        return Some(format!("says {figure}, which is in none of the facts it cites"));
    }
    let closed = reply.cites.iter().find(|fact| says_closed(facts, fact))?;
    let said = normalized(&reply.text);
    (!says_one_of(&said, CLOSED)).then(|| format!("cites {closed} and does not say closed"))
}

fn is_allowed(expected: &Expected, fact: &FactId) -> bool {
    let told = [&expected.facts, &expected.facts_any, &expected.also];
    if *fact == FactId::Name || told.iter().any(|patterns| matches_any(patterns, fact)) {
        return true;
    }
    match fact {
        // Whoever asks about a service may be told all of it.
        FactId::Service(id) | FactId::ServicePrice(id) | FactId::ServiceDuration(id) => {
            let asked = expected.facts.iter().chain(&expected.facts_any);
            asked.filter_map(FactPattern::service).any(|asked| asked == "*" || asked == id.as_str())
        }
        FactId::Phone => match expected.outcome {
            Outcome::Unknown | Outcome::Message | Outcome::Goodbye => true,
            Outcome::Answer | Outcome::Transfer | Outcome::Emergency => false,
        },
        FactId::Name
        | FactId::Address
        | FactId::Directions
        | FactId::Parking
        | FactId::Email
        | FactId::Website
        | FactId::Hours(_)
        | FactId::HoursException(_)
        | FactId::Policy(_)
        | FactId::Faq(_)
        | FactId::Staff(_)
        | FactId::Transfer
        | FactId::Emergency => false,
    }
}

fn is_transfer_expected(expected: &Expected) -> bool {
    expected.outcome == Outcome::Transfer
        || [&expected.facts, &expected.facts_any, &expected.also]
            .iter()
            .any(|patterns| matches_any(patterns, &FactId::Transfer))
}

/// The first figure that is in no cited fact, nor in the caller's own words.
fn ungrounded(facts: &Facts, heard: &str, reply: &Reply) -> Option<String> {
    let mut known = figures(heard);
    known.extend(figures_in_names(facts));
    known.extend(reply.cites.iter().flat_map(|fact| figures_of(facts, fact)));
    let said = normalized(&reply.text);
    let spelled: Vec<String> = known
        .iter()
        .map(|figure| figure.chars().map(String::from).collect::<Vec<_>>())
        .filter(|digits| contains(&said, digits))
        .flatten()
        .collect();
    let is_part_of_number = |figure: &str| {
        known.iter().any(|known| NUMBER_DIGITS_MIN <= known.len() && known.contains(figure))
    };
    figures(&reply.text).into_iter().find(|figure| {
        !(known.contains(figure) || spelled.contains(figure) || is_part_of_number(figure))
    })
}

/// What `reply` lacks, if anything.
fn shortfall(expected: &Expected, reply: &Reply, said: &[String]) -> Option<String> {
    let is_cited = |pattern: &FactPattern| reply.cites.iter().any(|fact| pattern.matches(fact));
    if let Some(missing) = expected.facts.iter().find(|pattern| !is_cited(pattern)) {
        return Some(format!("does not tell {}", missing.as_str()));
    }
    if !expected.facts_any.is_empty() && !expected.facts_any.iter().any(is_cited) {
        let any: Vec<&str> = expected.facts_any.iter().map(FactPattern::as_str).collect();
        return Some(format!("tells none of {}", any.join(", ")));
    }
    let is_said = |phrase: &String| contains(said, &normalized(phrase));
    if let Some(unsaid) = expected.say.iter().find(|phrases| !phrases.iter().any(is_said)) {
        return Some(format!("does not say {}", unsaid.join(" or ")));
    }
    let (is_met, why) = match expected.outcome {
        Outcome::Answer => (true, ""),
        Outcome::Transfer => (
            reply.effects.iter().any(|effect| matches!(effect, Effect::Transfer { .. })),
            "does not transfer the call",
        ),
        Outcome::Message => (offers_message(reply, said), "offers no message"),
        Outcome::Goodbye => (reply.effects.contains(&Effect::EndCall), "does not end the call"),
        Outcome::Emergency => {
            (reply.cites.contains(&FactId::Emergency), "does not speak the emergency words")
        }
        Outcome::Unknown => (
            !says_one_of(said, REPEAT)
                && (offers_message(reply, said) || says_one_of(said, UNKNOWN)),
            "does not say that it does not know",
        ),
    };
    (!is_met).then(|| why.to_owned())
}

fn offers_message(reply: &Reply, said: &[String]) -> bool {
    let begins = match reply.expect {
        Expect::Dictation | Expect::Digits => true,
        Expect::Open | Expect::Choice => false,
    };
    begins || says_one_of(said, MESSAGE)
}

/// Whether it tells nothing and gives the word back to the caller: asks for the same again, or which
/// of several things was meant, or admits not to know and offers a message.
fn asks_again(reply: &Reply, said: &[String]) -> bool {
    let admits = says_one_of(said, UNKNOWN) && offers_message(reply, said);
    reply.cites.iter().all(|fact| *fact == FactId::Name)
        && reply.effects.is_empty()
        && figures(&reply.text).is_empty()
        && (admits || says_one_of(said, REPEAT) || says_one_of(said, CLARIFY))
}

fn matches_any(patterns: &[FactPattern], fact: &FactId) -> bool {
    patterns.iter().any(|pattern| pattern.matches(fact))
}

fn says_one_of(said: &[String], phrases: &[&str]) -> bool {
    phrases.iter().any(|phrase| contains(said, &normalized(phrase)))
}

/// From so many digits on a figure is a telephone number, spoken in any groups.
const NUMBER_DIGITS_MIN: usize = 7;

/// Ways to say that nobody is there.
const CLOSED: &[&str] = &[
    "closed",
    "not open",
    "arent open",
    "isnt open",
    "dont open",
    "do not open",
    "wont be open",
    "not be open",
];

/// Ways to ask for the same words once more.
const REPEAT: &[&str] = &[
    "say that again",
    "say it again",
    "repeat",
    "didnt catch",
    "did not catch",
    "didnt get that",
    "did not get that",
    "didnt understand",
    "did not understand",
    "didnt hear",
    "did not hear",
    "once more",
    "one more time",
    "rephrase",
    "put it another way",
];

/// Ways to ask which of several things was meant.
const CLARIFY: &[&str] =
    &["did you mean", "do you mean", "did you say", "which", "what would you like to know"];

/// Ways to offer a message, or to begin one.
const MESSAGE: &[&str] = &[
    "message",
    "your name",
    "who is calling",
    "whos calling",
    "call you back",
    "pass it on",
    "pass that on",
    "your request",
    "a request",
];

/// Ways to say that one does not know or have something.
const UNKNOWN: &[&str] = &[
    "dont know",
    "do not know",
    "dont have",
    "do not have",
    "not sure",
    "dont offer",
    "do not offer",
    "dont do",
    "do not do",
    "dont see",
    "do not see",
    "not something",
    "not on my list",
    "cant say",
    "cannot say",
    "cant tell",
    "cannot tell",
    "no information",
    "not able",
    "afraid not",
];

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;

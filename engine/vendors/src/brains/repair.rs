//! What is said in place of a clause that held an invented figure.

use types::{CitedText, FactId, Facts, Service, Tone};

use super::prompt::{duration, price};
use crate::figures::Figure;

/// The fact itself, if it is plain which one was meant: the figure is a price or a duration, and one
/// service is named in the clause, in the sentence before it, or by the caller.
pub(crate) fn fact_instead(facts: &Facts, figure: &Figure, contexts: &[&str]) -> Option<CitedText> {
    let service = contexts.iter().find_map(|context| meant(facts, context))?;
    match figure {
        Figure::Money(_) => {
            let is_known = !matches!(service.price, types::Price::Depends);
            is_known.then(|| CitedText {
                text: format!("the price for {} is {}.", service.name, price(service.price)),
                cites: vec![FactId::ServicePrice(service.id)],
            })
        }
        Figure::Duration(_) => service.duration_min.map(|minutes| CitedText {
            text: format!("for {} we plan {}.", service.name, duration(minutes)),
            cites: vec![FactId::ServiceDuration(service.id)],
        }),
        Figure::Time { .. }
        | Figure::Date { .. }
        | Figure::Digits(_)
        | Figure::Percent(_)
        | Figure::Number(_) => None,
    }
}

/// The one service that `text` names, the longest of its names first.
fn meant<'f>(facts: &'f Facts, text: &str) -> Option<&'f Service> {
    let text = spaced(text);
    let named = |service: &&Service| {
        let names = service.aliases.iter().chain([&service.name]);
        names
            .map(|name| spaced(name))
            .filter(|name| text.contains(name))
            .map(|name| name.len())
            .max()
    };
    let mut found: Vec<(usize, &Service)> =
        facts.services.iter().filter_map(|service| Some((named(&service)?, service))).collect();
    found.sort_by_key(|(len, _)| std::cmp::Reverse(*len));
    match found[..] {
        [] => None,
        [(_, only)] => Some(only),
        // "Cleaning" within "deep cleaning" is the latter; two apart are two.
        [(first, longest), (second, other), ..] => {
            let (longer, shorter) = (spaced(&longest.name), spaced(&other.name));
            (second < first && longer.contains(shorter.trim())).then_some(longest)
        }
    }
}

/// Lower case, words apart by one space, a space at both ends.
fn spaced(text: &str) -> String {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    format!(" {} ", words.collect::<Vec<_>>().join(" "))
}

/// What is said if there is no figure to say.
pub(crate) fn deflection(tone: Tone) -> &'static str {
    match tone {
        Tone::Warm => {
            "I don't want to tell you anything wrong there, so I'd rather have someone confirm it. \
             Shall I take a message?"
        }
        Tone::Brisk => "I don't have that figure here. Shall I take a message?",
        Tone::Formal => {
            "I do not have that figure at hand and would rather have it confirmed. May I take a \
             message for you?"
        }
    }
}

/// What the model is told when it is asked again.
pub(crate) fn reminder(words: &str) -> String {
    format!(
        "[Your next words held \"{words}\", which stands in no fact and was not said: they were not \
         spoken. Go on from your last spoken words without repeating them. Use only figures you \
         have; if you have none, say so and offer to take a message.]"
    )
}

//! Answers about what the business sells.

use types::{FactId, Price, Service};

use crate::desk::{Desk, Speech};
use crate::memory::Topic;
use crate::phrase::{capitalized, duration, is_plural, list, money, sentence, with_article};

/// How many services are named in one breath.
pub(crate) const SERVICES_SPOKEN: usize = 4;

/// What `service` costs.
pub(crate) fn price(service: &Service, out: &mut Speech) {
    let name = capitalized(&with_article(&service.name));
    let many = is_plural(&service.name);
    let is = if many { "are" } else { "is" };
    let cite = [FactId::ServicePrice(service.id)];
    let text = match service.price {
        Price::Exact(amount) => format!("{name} {is} {}.", money(amount)),
        Price::From(amount) => {
            format!("{name} {} at {}.", if many { "start" } else { "starts" }, money(amount))
        }
        Price::Range(low, high) => {
            format!("{name} {is} between {} and {}.", money(low), money(high))
        }
        Price::Depends => {
            let offered = [FactId::Service(service.id)];
            match service.note.as_deref() {
                Some(note) if speaks_of_price(note) => out.cite(sentence(note), &offered),
                Some(_) | None => {
                    let text = format!(
                        "The price of {} depends, so somebody has to look first.",
                        with_article(&service.name)
                    );
                    out.cite(text, &offered);
                }
            }
            return;
        }
    };
    out.cite(text, &cite);
    // What the amount stands for belongs to it: "the price is for one axle".
    if let Some(note) = service.note.as_deref().filter(|note| speaks_of_price(note)) {
        out.cite(sentence(note), &cite);
    }
}

fn speaks_of_price(note: &str) -> bool {
    let note = note.to_lowercase();
    ["price", "fee", "cost", "quote", "charge"].iter().any(|word| note.contains(word))
}

/// How long `service` takes.
pub(crate) fn takes(desk: &Desk<'_>, service: &Service, out: &mut Speech) {
    let many = is_plural(&service.name);
    match service.duration_min {
        Some(minutes) => {
            let verb = if many { "take" } else { "takes" };
            let just_named = out
                .sentences
                .last()
                .is_some_and(|said| said.cites.contains(&FactId::ServicePrice(service.id)));
            let name = match (just_named, many) {
                (true, true) => "They".to_owned(),
                (true, false) => "It".to_owned(),
                (false, _) => capitalized(&with_article(&service.name)),
            };
            let text = format!("{name} {verb} about {}.", duration(minutes));
            out.cite(text, &[FactId::ServiceDuration(service.id)]);
        }
        None => {
            let verb = if many { "take" } else { "takes" };
            let text = desk.pick(
                "I'm sorry, I don't know how long",
                "I don't know how long",
                "I am afraid I do not know how long",
            );
            out.say(format!("{text} {} {verb}.", with_article(&service.name)));
        }
    }
}

/// Whether `service` is offered: it is.
pub(crate) fn offered(service: &Service, out: &mut Speech) {
    let text = format!("Yes, we offer {}.", with_article(&service.name));
    out.cite(text, &[FactId::Service(service.id)]);
    if let Some(note) = service.note.as_deref() {
        out.cite(sentence(note), &[FactId::Service(service.id)]);
    }
}

/// Price and duration of `service`, and what else is to be said.
pub(crate) fn about(service: &Service, out: &mut Speech) {
    price(service, out);
    if let Some(minutes) = service.duration_min {
        let verb = if is_plural(&service.name) { "They take" } else { "It takes" };
        let text = format!("{verb} about {}.", duration(minutes));
        out.cite(text, &[FactId::ServiceDuration(service.id)]);
    }
    if let Some(note) = service.note.as_deref().filter(|note| !speaks_of_price(note)) {
        out.cite(sentence(note), &[FactId::Service(service.id)]);
    }
}

/// The services from `start` on; gives where to go on if there are more.
pub(crate) fn services(desk: &Desk<'_>, start: usize, out: &mut Speech) -> Option<usize> {
    let rest = desk.facts.services.get(start..).unwrap_or_default();
    if rest.is_empty() {
        out.say(if start == 0 {
            desk.pick(
                "I'm sorry, I don't have a list of services here.",
                "I don't have a list of services.",
                "I am afraid I do not have a list of services.",
            )
        } else {
            "That is the whole list."
        });
        return None;
    }
    // One more is said at once rather than asked about.
    let count = if rest.len() <= SERVICES_SPOKEN + 1 { rest.len() } else { SERVICES_SPOKEN };
    let names: Vec<String> = rest[..count].iter().map(|service| service.name.clone()).collect();
    let cites: Vec<FactId> =
        rest[..count].iter().map(|service| FactId::Service(service.id)).collect();
    let lead = if start == 0 { "We offer" } else { "We also offer" };
    out.cite(format!("{lead} {}.", list(&names, "and")), &cites);
    if count == rest.len() {
        return None;
    }
    out.say(desk.pick("Would you like to hear more?", "Want to hear more?", "Shall I continue?"));
    Some(start + count)
}

/// Asks which of `options` was meant.
pub(crate) fn which(desk: &Desk<'_>, options: &[&Service], topic: Topic, out: &mut Speech) {
    if options.is_empty() {
        out.say(match topic {
            Topic::Price => desk.pick(
                "Sure, which service would you like the price for?",
                "The price of which service?",
                "For which service would you like the price?",
            ),
            Topic::Duration | Topic::Offered | Topic::Hours | Topic::Transfer | Topic::Taken => {
                desk.pick(
                    "Sure, which service do you mean?",
                    "Which service?",
                    "Which service do you mean?",
                )
            }
        });
        return;
    }
    let names: Vec<String> = options.iter().map(|service| with_article(&service.name)).collect();
    out.say(format!("Did you mean {}?", list(&names, "or")));
}

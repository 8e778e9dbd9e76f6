//! Answers about the business itself: place, number, people, rules, questions answered beforehand.

use types::{Contact, FactId, Facts, Staff};

use crate::desk::{Desk, Speech};
use crate::intent::{House, Subject};
use crate::matching::Row;
use crate::phrase::{capitalized, number, sentence, sentences, we_are, with_article};

/// More people in one breath nobody remembers.
const STAFF_SPOKEN: usize = 4;

/// Answers `ask`. Whether it was known.
pub(crate) fn contact(desk: &Desk<'_>, ask: House, out: &mut Speech) -> Known {
    let Contact { address, directions, parking, phone, email, website } = &desk.facts.contact;
    let ours = we_are(desk.tone());
    match ask {
        House::Location => match address {
            Some(address) => {
                out.cite(format!("{} at {address}.", capitalized(ours)), &[FactId::Address]);
            }
            None => return unknown(desk, "the address", out),
        },
        House::Directions => match (directions, address) {
            (Some(directions), _) => say_text(directions, FactId::Directions, out),
            (None, Some(address)) => {
                out.say(desk.pick(
                    "I don't have directions, but I can tell you the address.",
                    "I don't have directions.",
                    "I do not have directions, but I can tell you the address.",
                ));
                out.cite(format!("{} at {address}.", capitalized(ours)), &[FactId::Address]);
            }
            (None, None) => return unknown(desk, "the way", out),
        },
        House::Parking => match parking {
            Some(parking) => say_text(parking, FactId::Parking, out),
            None => return unknown(desk, "about parking", out),
        },
        House::Phone => match phone {
            Some(phone) => {
                let spoken = number(&phone.to_string(), Some(*phone));
                out.cite(format!("Our number is {spoken}."), &[FactId::Phone]);
            }
            None => return unknown(desk, "the number", out),
        },
        House::Email => match email {
            Some(email) => out.cite(format!("Our email is {email}."), &[FactId::Email]),
            None => return unknown(desk, "an email address", out),
        },
        House::Website => match website {
            Some(website) => out.cite(format!("Our website is {website}."), &[FactId::Website]),
            None => return unknown(desk, "of a website", out),
        },
        House::Name => out.cite(format!("This is {}.", desk.facts.name), &[FactId::Name]),
    }
    Known::Yes
}

/// Whether a question could be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// It was.
    Yes,
    /// It was said plainly that it is not known.
    No,
}

fn unknown(desk: &Desk<'_>, what: &str, out: &mut Speech) -> Known {
    let text = desk.pick("I'm sorry, I don't know", "I don't know", "I am afraid I do not know");
    out.say(format!("{text} {what}."));
    Known::No
}

/// The whole text of a row, sentence by sentence.
pub(crate) fn say_text(text: &str, cite: FactId, out: &mut Speech) {
    for sentence in sentences(text) {
        out.cite(sentence, &[cite]);
    }
}

/// Who `staff[at]` is and what is known of the hours.
pub(crate) fn staff(desk: &Desk<'_>, at: usize, out: &mut Speech) {
    let Some(person) = desk.facts.staff.get(at) else { return };
    let cite = [FactId::Staff(at as u16)];
    if let Some(note) = &person.note {
        return out.cite(sentence(note), &cite);
    }
    out.cite(introduction(person), &cite);
    out.say(desk.pick(
        "I'm sorry, I don't have a schedule for that.",
        "I don't have the schedule.",
        "I am afraid I do not have a schedule.",
    ));
}

fn introduction(person: &Staff) -> String {
    match &person.role {
        Some(role) => format!("{} is our {role}.", person.name),
        None => format!("{} works here.", person.name),
    }
}

/// Who works there.
pub(crate) fn staff_list(desk: &Desk<'_>, out: &mut Speech) {
    if desk.facts.staff.is_empty() {
        unknown(desk, "who is working", out);
        return;
    }
    for (at, person) in desk.facts.staff.iter().take(STAFF_SPOKEN).enumerate() {
        out.cite(introduction(person), &[FactId::Staff(at as u16)]);
    }
}

/// A few words that tell `subject` from others, to go behind "did you mean".
pub(crate) fn label(facts: &Facts, subject: Subject) -> Option<String> {
    let words = |id: &types::Slug| id.as_str().replace('-', " ");
    Some(match subject {
        Subject::Row(Row::Service(at)) => facts.services.get(at)?.name.clone(),
        Subject::Row(Row::Policy(at)) => {
            format!("our {} policy", words(&facts.policies.get(at)?.id))
        }
        Subject::Row(Row::Faq(at)) => {
            format!("our answer about {}", words(&facts.faqs.get(at)?.id))
        }
        Subject::Row(Row::Staff(at)) => facts.staff.get(at)?.name.clone(),
        Subject::Row(Row::Emergency) => return None,
        Subject::House(house) => match house {
            House::Location => "our address",
            House::Directions => "the way to us",
            House::Parking => "parking",
            House::Phone => "our phone number",
            House::Email => "our email address",
            House::Website => "our website",
            House::Name => "our name",
        }
        .to_owned(),
        Subject::Price(at) => {
            format!("the price of {}", with_article(&facts.services.get(at)?.name))
        }
        Subject::Duration(at) => {
            format!("the time for {}", with_article(&facts.services.get(at)?.name))
        }
        Subject::Hours => "our opening hours".to_owned(),
        Subject::Person => "that you would like to talk to a person".to_owned(),
    })
}

/// Says what the policy, answer or person in `row` says.
pub(crate) fn say_row(desk: &Desk<'_>, row: Row, out: &mut Speech) {
    match row {
        Row::Policy(at) => {
            if let Some(policy) = desk.facts.policies.get(at) {
                say_text(&policy.text, FactId::Policy(policy.id), out);
            }
        }
        Row::Faq(at) => {
            if let Some(faq) = desk.facts.faqs.get(at) {
                say_text(&faq.answer, FactId::Faq(faq.id), out);
            }
        }
        Row::Staff(at) => staff(desk, at, out),
        Row::Service(_) | Row::Emergency => (),
    }
}

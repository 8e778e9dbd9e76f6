//! The words that calls to a business are about: what its recognizer should expect.

use types::Facts;

/// The phrases that callers of a business with `facts` are likely to say, in the order of the
/// alphabet: its name, what it sells, who works there, what its rules and its answers are about,
/// and the words of all these one by one.
///
/// What every receptionist is asked ("how much", "open") is not among them: recognizers know such
/// words well enough. Measured with the local one: they gain nothing.
pub(crate) fn vocabulary(facts: &Facts) -> Vec<String> {
    let mut phrases = vec![facts.name.as_str()];
    for service in &facts.services {
        phrases.push(&service.name);
        phrases.extend(service.aliases.iter().map(String::as_str));
    }
    for person in &facts.staff {
        phrases.push(&person.name);
        phrases.extend(person.aliases.iter().map(String::as_str));
        phrases.extend(person.role.as_deref());
    }
    phrases.extend(facts.policies.iter().flat_map(|policy| &policy.topics).map(String::as_str));
    phrases.extend(facts.escalation.emergency_topics.iter().map(String::as_str));
    phrases.extend(facts.hours.exceptions.iter().map(|exception| exception.name.as_str()));
    let questions = facts.faqs.iter().flat_map(|faq| &faq.questions).map(String::as_str);
    let texts: Vec<&str> = questions.chain(phrases.iter().copied()).collect();
    let words = texts
        .iter()
        .flat_map(|text| text.split_whitespace())
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()))
        .filter(|word| LETTERS_MIN <= word.chars().count())
        .filter(|word| !COMMON.contains(&word.to_lowercase().as_str()));
    let mut all: Vec<String> = words.chain(phrases.iter().copied()).map(str::to_owned).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Shorter words are about nothing.
const LETTERS_MIN: usize = 4;

/// Words of questions that are about nothing either.
const COMMON: &[&str] = &[
    "about", "accept", "after", "also", "another", "before", "come", "does", "done", "from",
    "have", "into", "just", "make", "need", "only", "over", "same", "some", "take", "than", "that",
    "their", "there", "they", "this", "what", "when", "where", "which", "will", "with", "without",
    "would", "your",
];

#[cfg(test)]
mod tests {
    use types::{Contact, Escalation, Faq, Hours, Policy, Price, Service, Staff};

    use super::*;

    #[test]
    fn a_business_is_known_by_its_names_and_their_words() {
        let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        let facts = Facts {
            name: "Riverside Dental".into(),
            timezone: jiff::tz::TimeZone::UTC,
            hours: Hours::default(),
            contact: Contact::default(),
            services: vec![Service {
                id: "whitening".parse().unwrap(),
                name: "teeth whitening".into(),
                aliases: owned(&["bleaching"]),
                price: Price::Depends,
                duration_min: None,
                note: Some("It takes an hour.".into()),
            }],
            policies: vec![Policy {
                id: "pay".parse().unwrap(),
                topics: owned(&["pay", "credit card"]),
                text: "We take cash.".into(),
            }],
            faqs: vec![Faq {
                id: "kids".parse().unwrap(),
                questions: owned(&["Do you take what children have?"]),
                answer: "Yes.".into(),
            }],
            staff: vec![Staff {
                name: "Kevin Walsh".into(),
                aliases: owned(&["Kevin"]),
                role: Some("hygienist".into()),
                note: None,
            }],
            escalation: Escalation {
                emergency_topics: owned(&["bleeding"]),
                ..Escalation::default()
            },
        };
        let wanted = "Dental|Kevin|Kevin Walsh|Riverside|Riverside Dental|Walsh|bleaching|bleeding|card|children|\
                      credit|credit card|hygienist|pay|teeth|teeth whitening|whitening";
        assert_eq!(vocabulary(&facts).join("|"), wanted);
    }
}

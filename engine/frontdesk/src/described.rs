//! The questions that each row of a business's table answers, in words, for telling what a question
//! means.

use types::Facts;

use crate::intent::House;
use crate::meaning::{Kind, Target};

/// The questions that each row answers.
pub(crate) fn described(facts: &Facts) -> Vec<(Target, Vec<String>)> {
    let mut rows = Vec::new();
    let framed = |frames: &[&str], names: &[&String]| -> Vec<String> {
        let each = |name: &&String| {
            let name = (*name).clone();
            frames.iter().map(move |frame| frame.replace("{}", &name)).collect::<Vec<_>>()
        };
        names.iter().flat_map(each).collect()
    };
    for (at, service) in facts.services.iter().enumerate() {
        let names: Vec<&String> = std::iter::once(&service.name).chain(&service.aliases).collect();
        rows.push((Target::Price(at), framed(PRICE, &names)));
        rows.push((Target::Duration(at), framed(DURATION, &names)));
        let mut offered = framed(OFFERED, &names);
        offered.extend(service.note.clone());
        rows.push((Target::Offered(at), offered));
    }
    for (at, policy) in facts.policies.iter().enumerate() {
        let topics: Vec<&String> = policy.topics.iter().collect();
        let mut texts = framed(&["What is your policy on {}?", "{}"], &topics);
        texts.push(policy.text.clone());
        rows.push((Target::Policy(at), texts));
    }
    for (at, faq) in facts.faqs.iter().enumerate() {
        let texts = faq.questions.iter().chain(std::iter::once(&faq.answer)).cloned();
        rows.push((Target::Faq(at), texts.collect()));
    }
    for (at, person) in facts.staff.iter().enumerate() {
        let names: Vec<&String> = std::iter::once(&person.name).chain(&person.aliases).collect();
        let mut texts = framed(PERSON, &names);
        let roles: Vec<&String> = person.role.iter().collect();
        texts.extend(framed(ROLE, &roles));
        texts.extend(person.note.clone());
        rows.push((Target::Staff(at), texts));
    }
    let contact = &facts.contact;
    for (kind, _) in GENERAL {
        let house = |house, known: Option<String>| {
            (if known.is_some() { Target::House(house) } else { Target::Other(*kind) }, known)
        };
        #[expect(clippy::wildcard_enum_match_arm, reason = "all else is asked of no table")]
        let (subject, own) = match kind {
            Kind::Hours => (Target::Hours, None),
            Kind::Location => house(
                House::Location,
                contact.address.as_ref().map(|address| format!("We are at {address}.")),
            ),
            Kind::Directions => house(House::Directions, contact.directions.clone()),
            Kind::Parking => house(House::Parking, contact.parking.clone()),
            Kind::Email => (house(House::Email, contact.email.clone()).0, None),
            Kind::Website => (house(House::Website, contact.website.clone()).0, None),
            _ => (Target::Other(*kind), None),
        };
        let mut texts: Vec<String> = own.into_iter().collect();
        if *kind == Kind::Emergency {
            let topics = facts.escalation.emergency_topics.iter();
            texts.extend(topics.map(|topic| format!("Help, {topic}!")));
        }
        rows.push((subject, texts));
    }
    rows
}

const PRICE: &[&str] = &["How much is {}?", "What does {} cost?", "What do you charge for {}?"];
const DURATION: &[&str] = &["How long does {} take?", "How much time do I need for {}?"];
const OFFERED: &[&str] = &["Do you offer {}?", "Do you do {}?", "Can I get {} there?"];
const PERSON: &[&str] = &["When does {} work?", "Who is {}?", "Is {} there?"];
const ROLE: &[&str] = &["Who is your {}?", "Do you have a {}?", "When is the {} in?"];
/// Questions about what every business has.
pub(crate) const GENERAL: &[(Kind, &[&str])] = &[
    (
        Kind::Hours,
        &[
            "What are your hours?",
            "Are you open on Saturday?",
            "When do you open?",
            "What time do you close today?",
            "Are you open on Christmas?",
            "How late are you open?",
            "Can I come by in the evening?",
            "Are you there on weekends?",
        ],
    ),
    (
        Kind::Location,
        &[
            "What is your address?",
            "Where are you located?",
            "What street are you on?",
            "Which town are you in?",
        ],
    ),
    (
        Kind::Directions,
        &[
            "How do I get there?",
            "Can you give me directions?",
            "How do I find you?",
            "Is it near the train station?",
            "Which entrance do I use?",
        ],
    ),
    (
        Kind::Parking,
        &[
            "Where can I park?",
            "Is there parking?",
            "Do I have to pay for parking?",
            "Where do I leave my car?",
        ],
    ),
    (Kind::Phone, &["What is your phone number?", "What number can I call you at?"]),
    (Kind::Email, &["What is your email address?", "Can I send you an email?"]),
    (Kind::Website, &["Do you have a website?", "Can I find you online?"]),
    (
        Kind::Name,
        &["What is the name of this place?", "Who am I speaking to?", "Which business is this?"],
    ),
    (
        Kind::Person,
        &[
            "Can I speak to a person?",
            "Let me talk to somebody.",
            "Put me through to the manager.",
            "I want a real human.",
        ],
    ),
    (
        Kind::Message,
        &[
            "I want to leave a message.",
            "Can somebody call me back?",
            "Please tell him that I called.",
        ],
    ),
    (
        Kind::Booking,
        &[
            "I want to make an appointment.",
            "Can I book for next week?",
            "I would like to schedule a visit.",
            "Do you have an opening tomorrow?",
            "I'd like to reserve.",
            "Can you fit me in?",
        ],
    ),
    (Kind::Goodbye, &["Goodbye.", "Thanks, bye.", "That's all, thank you.", "No, that's it."]),
    (Kind::Thanks, &["Thank you."]),
    (
        Kind::Services,
        &["What services do you offer?", "What do you do?", "What kinds of things do you sell?"],
    ),
    (Kind::SmallTalk, &["How are you?", "Are you a robot?", "Can you hear me?"]),
    (Kind::Emergency, &["This is an emergency!", "I need help right now, somebody is hurt!"]),
];

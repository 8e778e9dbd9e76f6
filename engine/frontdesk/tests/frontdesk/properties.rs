//! Random tables: whatever a business sells and whenever it is open, the row spoken is the row
//! asked about.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use types::{
    CitedText, Contact, Currency, Escalation, FactId, Facts, Hours, Money, OpenSpan, Price,
    Service, TimeOfDay, Tone,
};

use crate::support::{Talk, agent, cites, outcome, spoken};

const FIRST: [&str; 10] = [
    "deep", "classic", "express", "royal", "winter", "silver", "coconut", "bamboo", "velvet",
    "garden",
];
const SECOND: [&str; 10] = [
    "massage", "polish", "wrap", "scrub", "tuning", "facial", "rinse", "sanding", "glazing",
    "trimming",
];
const DAYS: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];

fn price() -> impl Strategy<Value = Price> {
    let usd = |minor: i64| Money { minor, currency: Currency::Usd };
    let amount = (1_i64..400_000)
        .prop_map(|minor| if minor % 3 == 0 { minor } else { minor / 100 * 100 + 100 });
    prop_oneof![
        amount.clone().prop_map(move |minor| Price::Exact(usd(minor))),
        amount.clone().prop_map(move |minor| Price::From(usd(minor))),
        (amount, 1_i64..900)
            .prop_map(move |(minor, more)| Price::Range(usd(minor), usd(minor + more * 100))),
    ]
}

/// Services by distinct names, though each word may be in several.
fn services() -> impl Strategy<Value = Vec<Service>> {
    let name = (0..FIRST.len(), 0..SECOND.len());
    proptest::collection::btree_map(name, (price(), 1_u32..400), 1..9).prop_map(|rows| {
        let row = |((first, second), (price, minutes)): ((usize, usize), (Price, u32))| {
            let name = format!("{} {}", FIRST[first], SECOND[second]);
            Service {
                id: name.replace(' ', "-").parse().unwrap(),
                name,
                aliases: vec![],
                price,
                duration_min: Some(minutes),
                note: None,
            }
        };
        rows.into_iter().map(row).collect()
    })
}

fn spans() -> impl Strategy<Value = Vec<OpenSpan>> {
    let time = |quarter: u16| TimeOfDay::new(quarter / 4, quarter % 4 * 15).unwrap();
    let open = 0_u16..40;
    prop_oneof![
        1 => Just(vec![]),
        3 => (open.clone(), 1_u16..50).prop_map(move |(open, length)| {
            vec![OpenSpan { open: time(open), close: time((open + length).min(96)) }]
        }),
        1 => (open, 1_u16..10, 1_u16..8, 1_u16..20).prop_map(move |(open, first, pause, second)| {
            let close = open + first;
            let again = close + pause;
            vec![
                OpenSpan { open: time(open), close: time(close) },
                OpenSpan { open: time(again), close: time(again + second) },
            ]
        }),
    ]
}

fn facts(services: Vec<Service>, week: Vec<Vec<OpenSpan>>) -> Facts {
    let week: [Vec<OpenSpan>; 7] = week.try_into().unwrap();
    Facts {
        name: "Sample".into(),
        timezone: TimeZone::get("America/New_York").unwrap(),
        hours: Hours { week, exceptions: vec![] },
        contact: Contact::default(),
        services,
        policies: vec![],
        faqs: vec![],
        staff: vec![],
        escalation: Escalation::default(),
    }
}

fn tone() -> impl Strategy<Value = Tone> {
    prop_oneof![Just(Tone::Warm), Just(Tone::Brisk), Just(Tone::Formal)]
}

/// The figures of `text`: whole and decimal numbers, without separators.
fn figures(text: &str) -> Vec<String> {
    let plain = text.replace(',', "");
    let runs = plain.split(|c: char| !c.is_ascii_digit() && c != '.');
    let runs = runs.map(|run| run.trim_matches('.').to_owned());
    runs.filter(|run| !run.is_empty()).collect()
}

/// The figures that may be spoken of the row behind `fact`.
fn figures_of(facts: &Facts, fact: FactId) -> Vec<String> {
    let service = |id| facts.services.iter().find(|service| service.id == id).unwrap();
    match fact {
        FactId::ServicePrice(id) => {
            let amounts = match service(id).price {
                Price::Depends => vec![],
                Price::Exact(amount) | Price::From(amount) => vec![amount],
                Price::Range(low, high) => vec![low, high],
            };
            let shown = |amount: Money| {
                let (major, minor) = (amount.minor / 100, amount.minor % 100);
                if minor == 0 { major.to_string() } else { format!("{major}.{minor:02}") }
            };
            amounts.into_iter().map(shown).collect()
        }
        FactId::ServiceDuration(id) => {
            let minutes = service(id).duration_min.unwrap();
            [minutes, minutes / 60, minutes % 60].map(|number| number.to_string()).into()
        }
        FactId::Hours(day) => {
            let times = facts.hours.on_weekday(day).iter().flat_map(|span| [span.open, span.close]);
            let shown = |time: TimeOfDay| {
                let hour = if time.hour().is_multiple_of(12) { 12 } else { time.hour() % 12 };
                [hour.to_string(), format!("{:02}", time.minute())]
            };
            times.flat_map(shown).collect()
        }
        FactId::Name
        | FactId::Address
        | FactId::Directions
        | FactId::Parking
        | FactId::Phone
        | FactId::Email
        | FactId::Website
        | FactId::HoursException(_)
        | FactId::Service(_)
        | FactId::Policy(_)
        | FactId::Faq(_)
        | FactId::Staff(_)
        | FactId::Transfer
        | FactId::Emergency => vec![],
    }
}

/// Every figure comes from a row that its sentence cites.
fn check_figures(facts: &Facts, sentences: &[CitedText]) -> Result<(), TestCaseError> {
    for CitedText { text, cites } in sentences {
        // The day of a next opening is no figure of the table.
        let text = text
            .split(", October ")
            .map(|part| part.trim_start_matches(|c: char| c.is_ascii_digit()));
        let text = text.collect::<Vec<_>>().join(" ");
        let allowed: Vec<String> = cites.iter().flat_map(|cite| figures_of(facts, *cite)).collect();
        for figure in figures(&text) {
            prop_assert!(allowed.contains(&figure), "{figure} in {text:?} is not in {cites:?}");
        }
    }
    Ok(())
}

const PRICE_QUESTIONS: [&str; 8] = [
    "How much is a {}?",
    "what does a {} cost",
    "What do you charge for the {}?",
    "hi um can you tell me the price of a {} please",
    "how much would a {} be",
    "I was wondering how much you charge for a {}.",
    "{} how much is that",
    "So what's the price for {}",
];

const DURATION_QUESTIONS: [&str; 5] = [
    "How long does a {} take?",
    "how long is a {}",
    "how much time does the {} take",
    "How long should I plan for a {}?",
    "how many minutes does a {} take",
];

const HOURS_QUESTIONS: [&str; 7] = [
    "Are you open on {}?",
    "What time do you open on {}?",
    "when do you close on {}",
    "What are your hours on {}?",
    "are you guys open {}s",
    "How late are you open on {}?",
    "Are you closed on {}s?",
];

/// A Wednesday morning in New York.
const NOW: &str = "2026-10-14T09:00:00-04:00";

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_price_spoken_is_the_price_asked_for(
        services in services(),
        asked in any::<prop::sample::Index>(),
        template in any::<prop::sample::Index>(),
        tone in tone(),
    ) {
        let facts = facts(services, vec![vec![]; 7]);
        let service = asked.get(&facts.services);
        let question = template.get(&PRICE_QUESTIONS).replace("{}", &service.name);
        let reply = Talk::new(agent(facts.clone(), tone, "Hi."), NOW).say(&question);
        prop_assert_eq!(cites(&reply), [format!("service.{}.price", service.id)], "{} {}", question, spoken(&reply));
        check_figures(&facts, &reply.sentences)?;
        let wanted = figures_of(&facts, FactId::ServicePrice(service.id));
        prop_assert_eq!(figures(&spoken(&reply)), wanted, "{}", question);
    }

    #[test]
    fn the_duration_spoken_is_the_duration_asked_for(
        services in services(),
        asked in any::<prop::sample::Index>(),
        template in any::<prop::sample::Index>(),
        tone in tone(),
    ) {
        let facts = facts(services, vec![vec![]; 7]);
        let service = asked.get(&facts.services);
        let question = template.get(&DURATION_QUESTIONS).replace("{}", &service.name);
        let reply = Talk::new(agent(facts.clone(), tone, "Hi."), NOW).say(&question);
        prop_assert_eq!(cites(&reply), [format!("service.{}.duration", service.id)], "{} {}", question, spoken(&reply));
        check_figures(&facts, &reply.sentences)?;
        prop_assert!(!figures(&spoken(&reply)).is_empty());
    }

    #[test]
    fn two_services_in_one_question_keep_their_figures(
        services in services(),
        first in any::<prop::sample::Index>(),
        second in any::<prop::sample::Index>(),
    ) {
        let facts = facts(services, vec![vec![]; 7]);
        let (first, second) = (first.get(&facts.services), second.get(&facts.services));
        prop_assume!(first.id != second.id);
        let question = format!("How much is a {} and how long does a {} take?", first.name, second.name);
        let reply = Talk::new(agent(facts.clone(), Tone::Warm, "Hi."), NOW).say(&question);
        let wanted = [format!("service.{}.price", first.id), format!("service.{}.duration", second.id)];
        prop_assert_eq!(cites(&reply), wanted, "{} {}", question, spoken(&reply));
        check_figures(&facts, &reply.sentences)?;
    }

    #[test]
    fn a_service_that_is_not_in_the_table_has_no_price(
        services in services(),
        first in 0..FIRST.len(),
        second in 0..SECOND.len(),
        template in any::<prop::sample::Index>(),
    ) {
        let facts = facts(services, vec![vec![]; 7]);
        let name = format!("{} {}", FIRST[first], SECOND[second]);
        prop_assume!(facts.services.iter().all(|service| service.name != name));
        let question = template.get(&PRICE_QUESTIONS).replace("{}", &name);
        let reply = Talk::new(agent(facts, Tone::Warm, "Hi."), NOW).say(&question);
        prop_assert!(figures(&spoken(&reply)).is_empty(), "{} {}", question, spoken(&reply));
        prop_assert!(["unknown", "asks again"].contains(&outcome(&reply)), "{} {}", question, spoken(&reply));
    }

    #[test]
    fn the_hours_spoken_are_those_of_the_day_asked_for(
        week in proptest::collection::vec(spans(), 7),
        day in 0..7_usize,
        template in any::<prop::sample::Index>(),
        tone in tone(),
    ) {
        let facts = facts(vec![], week);
        let day = DAYS[day];
        let name = format!("{day:?}");
        let question = template.get(&HOURS_QUESTIONS).replace("{}", &name);
        let reply = Talk::new(agent(facts.clone(), tone, "Hi."), NOW).say(&question);
        let cited = cites(&reply);
        let wanted = format!("hours.{}", name.to_lowercase());
        prop_assert_eq!(cited.first(), Some(&wanted), "{} {}", question, spoken(&reply));
        check_figures(&facts, &reply.sentences)?;
        let closed = facts.hours.on_weekday(day).is_empty();
        prop_assert_eq!(spoken(&reply).contains("closed"), closed || spoken(&reply).contains("e closed at"), "{}", spoken(&reply));
    }

    #[test]
    fn a_weeks_hours_are_all_spoken(week in proptest::collection::vec(spans(), 7), tone in tone()) {
        let facts = facts(vec![], week);
        let reply = Talk::new(agent(facts.clone(), tone, "Hi."), NOW).say("What are your opening hours?");
        prop_assert_eq!(cites(&reply).len(), 7, "{}", spoken(&reply));
        check_figures(&facts, &reply.sentences)?;
    }

    #[test]
    fn any_bytes_get_a_reply(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        frontdesk::fuzz_reply(&bytes);
    }

    #[test]
    fn any_words_get_a_reply_without_loose_figures(
        words in proptest::collection::vec(prop::sample::select(WORDS), 0..24),
        business in prop::sample::select(&["riverside-dental", "cedar-and-comb", "northgate-auto"][..]),
    ) {
        let reply = Talk::with(business, NOW).say(&words.join(" "));
        for CitedText { text, cites } in &reply.sentences {
            prop_assert!(figures(text).is_empty() || !cites.is_empty(), "{text}");
        }
        let mut bytes = vec![0, 1, 2, 3, 4, 5, 6, 7, 8];
        bytes.extend(format!("\u{3}{}", words.join(" ")).bytes());
        frontdesk::fuzz_reply(&bytes);
    }
}

const WORDS: &[&str] = &[
    "how",
    "much",
    "is",
    "a",
    "cleaning",
    "are",
    "you",
    "open",
    "on",
    "saturday",
    "what",
    "time",
    "close",
    "long",
    "does",
    "take",
    "whitening",
    "haircut",
    "and",
    "oil",
    "change",
    "no",
    "yes",
    "message",
    "cancel",
    "my",
    "appointment",
    "bye",
    "repeat",
    "person",
    "tomorrow",
    "christmas",
    "the",
    "first",
    "five",
    "pm",
    "at",
    "do",
    "have",
    "where",
    "park",
    "sorry",
    "actually",
    "not",
    "emergency",
    "when",
    "who",
    "day",
    "after",
    "before",
    "24th",
    "december",
    "next",
    "weekend",
    "?",
    ".",
    "price",
    "services",
    "wait",
    "number",
    "555",
];

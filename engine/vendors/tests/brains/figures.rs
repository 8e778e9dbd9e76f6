//! The checker's false alarms: on replies whose figures are known to be right.
#![expect(clippy::print_stdout, reason = "a figure is printed for who asks for it")]

use std::path::PathBuf;
use std::sync::LazyLock;

use types::DialogueEntry;
use types::english::{TENS, UNITS};
use vendors::brains::prompt::{facts_found, moment, system};
use vendors::figures::{Figure, Grounds, Source};

use crate::support::{Talk, business, fixtures, read_business, spoken};

/// The receptionist's table: businesses, moments, questions, and no answers.
fn table() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../frontdesk/tests/table"))
}

/// The number of a caller who shows one.
const CALLER: &str = "+12125550199";

/// All questions of a half, with the business they are put to and the moment.
fn questions(half: &str) -> Vec<(String, String, Vec<String>)> {
    let text = std::fs::read_to_string(table().join(format!("{half}.tsv"))).unwrap();
    let lines = text.lines().skip(1).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            let turns = fields[2].split(" // ").map(str::to_owned).collect();
            (fields[0].to_owned(), fields[1].to_owned(), turns)
        })
        .collect()
}

fn talk(half: &str, name: &str, now: &str) -> Talk {
    let file = format!("{}.toml", name.trim_start_matches('+'));
    let paths = [
        table().join("businesses").join(half).join(&file),
        fixtures().join("businesses").join(&file),
    ];
    let path = paths.into_iter().find(|path| path.is_file()).unwrap();
    let talk = Talk::new(read_business(&path).0, now);
    if name.starts_with('+') { talk.from(CALLER) } else { talk }
}

/// What may be said in `talk` by now.
fn grounds(talk: &Talk) -> Grounds {
    let mut grounds = Grounds::of_facts(&talk.agent.facts);
    grounds.add_text(&talk.agent.persona.greeting, Source::Call);
    if let Some(caller) = talk.caller {
        grounds.add_number(caller, Source::Call);
    }
    for entry in &talk.dialogue.entries {
        match entry {
            DialogueEntry::Caller { text, .. } => grounds.add_text(text.reveal(), Source::Call),
            DialogueEntry::Agent { text, .. } => grounds.add_agent_text(text.reveal()),
            DialogueEntry::Keys { .. } | DialogueEntry::NoInput { .. } => (),
        }
    }
    grounds.with(&moment(&talk.agent.facts, talk.now).grounds)
}

/// A question, what may be said in answer to it, and what the receptionist says.
struct Asked {
    name: String,
    words: String,
    grounds: Grounds,
    sentences: Vec<String>,
}

/// Every question of a half, answered once for all tests.
fn asked(half: &str) -> Vec<Asked> {
    let mut asked = Vec::new();
    for (name, now, turns) in questions(half) {
        let mut talk = talk(half, &name, &now);
        for words in turns {
            talk.say_only(&words);
            let reply = talk.reply();
            let sentences = reply.sentences.iter().map(|sentence| sentence.text.clone()).collect();
            let grounds = grounds(&talk);
            asked.push(Asked { name: name.clone(), words, grounds, sentences });
            talk.hear(&reply);
        }
    }
    asked
}

static TUNED: LazyLock<Vec<Asked>> = LazyLock::new(|| asked("tuned"));

#[test]
fn grounded_replies_pass() {
    let held_out = asked("held-out");
    for (half, asked) in [("tuned", &*TUNED), ("held-out", &held_out)] {
        let (mut sentences, mut figures, mut alarms) = (0, 0, Vec::new());
        for Asked { name, words, grounds, sentences: said } in asked {
            for text in said {
                sentences += 1;
                figures += usize::from(!vendors::figures::figures_in(text).is_empty());
                if let Some((figure, _)) = grounds.judge(text).invented.first() {
                    alarms.push(format!("{name}: {words} -> {text}: {figure:?}"));
                }
            }
        }
        let count = alarms.len();
        println!("{half}: {sentences} sentences, {figures} with figures, {count} false alarms");
        assert!(500 < sentences && 100 < figures, "{half}: {sentences} {figures}");
        // The half that is held out is not looked at; its number is.
        let shown = if half == "tuned" { alarms.join("\n") } else { String::new() };
        let allowed = if half == "tuned" { 0 } else { figures / 200 };
        assert!(count <= allowed, "{half}: {count} of {figures}\n{shown}");
    }
}

/// The same sentences with their figures changed: how many of those are let through.
#[test]
fn changed_figures_are_caught() {
    let (mut changed, mut missed) = (0, Vec::new());
    for Asked { name, grounds, sentences, .. } in &*TUNED {
        for sentence in sentences {
            for (figure, span) in vendors::figures::figures_in(sentence) {
                let Some(wrong) = wrong(&figure) else { continue };
                let mut text = sentence.clone();
                text.replace_range(span, &wrong);
                changed += 1;
                if grounds.judge(&text).invented.is_empty() {
                    missed.push(format!("{name}: {text}"));
                }
            }
        }
    }
    println!("{changed} changed figures, {} let through", missed.len());
    assert!(100 < changed, "{changed}");
    // Another true figure of the same kind may be hit by chance.
    assert!(missed.len() * 20 <= changed, "{} of {changed}\n{}", missed.len(), missed.join("\n"));
}

/// A figure of the same kind that nobody has told.
fn wrong(figure: &Figure) -> Option<String> {
    match figure {
        Figure::Money(minor) => Some(format!("${}.37", minor / 100 + 3)),
        Figure::Time { minutes, .. } => {
            let minutes = (minutes + 7) % 720;
            let hour = if minutes / 60 == 0 { 12 } else { minutes / 60 };
            Some(format!("{hour}:{:02} PM", minutes % 60))
        }
        Figure::Duration(minutes) => Some(format!("{} minutes", minutes + 7)),
        Figure::Percent(share) => Some(format!("{} percent", share / 1_000 + 3)),
        Figure::Digits(digits) if 7 <= digits.len() => Some("9 9 8, 7 7 6, 5 5 4 3".to_owned()),
        Figure::Digits(_) | Figure::Date { .. } | Figure::Number(_) => None,
    }
}

#[test]
fn all_that_the_prompt_tells_may_be_said() {
    for name in ["riverside-dental", "cedar-and-comb", "northgate-auto"] {
        let agent = business(name);
        let told = system(&agent, types::LegAbilities::ALL);
        let facts = told.text.split("FACTS").last().unwrap();
        let mut grounds = Grounds::of_facts(&agent.facts);
        grounds.set_today("2026-11-24".parse().unwrap());
        for line in facts.lines() {
            assert_eq!(grounds.judge(line).invented, [], "{name}: {line}");
        }
        let found = facts_found(&agent.facts, "cleaning, oil change or a haircut?");
        assert!(!found.is_empty(), "{name}");
        // The same agent, the same bytes: a vendor's cache goes by them.
        assert_eq!(told, system(&agent, types::LegAbilities::ALL));
        let spoken_by_desk =
            spoken(&Talk::with(name, crate::world::NOW).say("what are your hours"));
        assert!(!spoken_by_desk.is_empty());
    }
}

/// `number` in words, below a million.
fn in_words(number: u64) -> String {
    let below_hundred = |number: u64| match number {
        0..20 => UNITS[number as usize].to_owned(),
        _ if number.is_multiple_of(10) => TENS[number as usize / 10 - 2].to_owned(),
        _ => format!("{}-{}", TENS[number as usize / 10 - 2], UNITS[number as usize % 10]),
    };
    match number {
        0..100 => below_hundred(number),
        100..1_000 if number.is_multiple_of(100) => {
            format!("{} hundred", UNITS[number as usize / 100])
        }
        100..1_000 => {
            format!("{} hundred and {}", UNITS[number as usize / 100], below_hundred(number % 100))
        }
        _ if number.is_multiple_of(1_000) => format!("{} thousand", in_words(number / 1_000)),
        _ => format!("{} thousand {}", in_words(number / 1_000), in_words(number % 1_000)),
    }
}

/// Sentences a model may make of a business's facts, in the many ways people say figures.
fn ways(facts: &types::Facts) -> Vec<String> {
    let mut ways = Vec::new();
    for service in &facts.services {
        let amounts = match service.price {
            types::Price::Depends => vec![],
            types::Price::Exact(amount) | types::Price::From(amount) => vec![amount],
            types::Price::Range(low, high) => vec![low, high],
        };
        for amount in &amounts {
            let (major, minor) =
                (amount.minor.unsigned_abs() / 100, amount.minor.unsigned_abs() % 100);
            let name = &service.name;
            ways.push(format!("For {name} it's ${major}.{minor:02}, tax included."));
            if minor == 0 {
                ways.push(format!("That'd be {major} dollars."));
                ways.push(format!("The {name} runs you {} bucks.", in_words(major)));
                ways.push(format!("It's {} for that.", in_words(major)));
            } else {
                ways.push(format!("It's {} dollars and {minor} cents.", in_words(major)));
            }
        }
        if let [low, high] = amounts[..] {
            let (low, high) = (low.minor.unsigned_abs() / 100, high.minor.unsigned_abs() / 100);
            ways.push(format!("Anywhere between {low} and {high} dollars, it depends."));
            ways.push(format!("From {} to {} dollars.", in_words(low), in_words(high)));
        }
        if let Some(minutes) = service.duration_min {
            let minutes = u64::from(minutes);
            ways.push(format!("Plan on {} minutes.", in_words(minutes)));
            ways.push(format!("It's a {minutes}-minute visit."));
            match minutes {
                30 => ways.push("It takes half an hour or so.".to_owned()),
                60 => ways.push("It takes about an hour.".to_owned()),
                90 => ways.push("It takes an hour and a half.".to_owned()),
                _ if minutes.is_multiple_of(60) => {
                    ways.push(format!("It takes {} hours.", in_words(minutes / 60)));
                }
                _ => (),
            }
        }
    }
    ways.extend(ways_of_hours(facts));
    ways
}

/// The same of opening hours, days and the telephone number.
fn ways_of_hours(facts: &types::Facts) -> Vec<String> {
    let mut ways = Vec::new();
    let days = facts.hours.week.iter().flatten();
    for time in days.flat_map(|span| [span.open, span.close]) {
        let (hour, minute) = (time.hour() % 24, time.minute());
        let half = if hour < 12 { "in the morning" } else { "p.m." };
        let twelve = if hour % 12 == 0 { 12 } else { hour % 12 };
        let said = in_words(twelve.into());
        if minute == 0 {
            ways.push(format!("We're here until {said} every day."));
            ways.push(format!("Come by at {said} o'clock, or {twelve} {half}."));
        } else {
            ways.push(format!("The doors open at {twelve}:{minute:02}."));
            ways.push(format!("We start at {said} {} {half}.", in_words(minute.into())));
        }
        if minute == 30 {
            ways.push(format!("We close at half past {said}."));
        }
    }
    if let Some(phone) = facts.contact.phone {
        let digits = phone.digits();
        let local: Vec<char> = digits.chars().skip(1).collect();
        let spelled: Vec<&str> =
            local.iter().map(|digit| UNITS[digit.to_digit(10).unwrap() as usize]).collect();
        let part = |from: usize, to: usize| local[from..to].iter().collect::<String>();
        ways.push(format!("Call ({}) {}-{}.", part(0, 3), part(3, 6), part(6, 10)));
        ways.push(format!("The number is {}, again: {}.", spelled.join(" "), part(0, 10)));
    }
    for exception in &facts.hours.exceptions {
        let (month, day) = (exception.from.strftime("%B").to_string(), exception.from.day());
        ways.push(format!("We're different on {month} {day}."));
        ways.push(format!("On the {day}th of {month} it's {}.", exception.name));
    }
    ways
}

#[test]
fn other_ways_of_saying_it_pass() {
    let (mut count, mut alarms) = (0, Vec::new());
    for half in ["tuned", "held-out"] {
        for entry in std::fs::read_dir(table().join("businesses").join(half)).unwrap() {
            let agent = read_business(&entry.unwrap().path()).0;
            let mut grounds = Grounds::of_facts(&agent.facts);
            grounds.set_today("2026-11-24".parse().unwrap());
            for way in ways(&agent.facts) {
                count += 1;
                if let Some((figure, _)) = grounds.judge(&way).invented.first() {
                    alarms.push(format!("{}: {way}: {figure:?}", agent.facts.name));
                }
            }
        }
    }
    println!("{count} ways of saying facts, {} false alarms", alarms.len());
    assert!(1_000 < count, "{count}");
    assert!(alarms.len() * 200 <= count, "{} of {count}\n{}", alarms.len(), alarms.join("\n"));
}

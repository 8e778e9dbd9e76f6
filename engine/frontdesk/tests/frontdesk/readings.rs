//! Several readings of one speech: which of them is answered.

use types::{Because, Effect};

use crate::support::{Talk, cites, spoken};

/// A call in which the caller's next words have the readings `words`, the likeliest first.
fn heard(talk: &mut Talk, words: &[&str]) -> frontdesk::Reply {
    let words: Vec<String> = words.iter().map(|&words| words.to_owned()).collect();
    talk.say_readings(&words);
    let reply = talk.reply();
    talk.hear(&reply);
    reply
}

fn dental() -> Talk {
    // Tuesday.
    Talk::with("riverside-dental", "2026-11-24T10:15:00-05:00").from("+12015550123")
}

/// Rows of: first reading | other reading | which is answered and why | the facts told.
fn check(business: &str, now: &str, rows: &str) {
    let mut failed = Vec::new();
    for row in rows.lines().filter(|row| !row.trim().is_empty()) {
        let columns: Vec<&str> = row.split('|').map(str::trim).collect();
        let [first, other, choice, facts] = columns[..] else { panic!("four columns: {row}") };
        let reply = heard(&mut Talk::with(business, now), &[first, other]);
        let chosen = reply.chosen.expect("there were two readings");
        let told = format!("{} {:?}", chosen.reading, chosen.because).to_lowercase();
        let is_told = match facts {
            "" => cites(&reply).is_empty(),
            fact => cites(&reply).iter().any(|cite| cite == fact),
        };
        if !told.ends_with(choice) || !is_told {
            failed.push(format!("{row}\n  {told} {:?} {}", cites(&reply), spoken(&reply)));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn what_only_one_reading_makes_answerable_is_answered_if_it_is_clear() {
    check(
        "riverside-dental",
        "2026-11-24T10:15:00-05:00",
        "
        How much is a cleaning?              | How much is the cleaning?             | 0 agreed  | service.cleaning.price
        Roughly, what does a crown go for?   | Roughly, what does a frown go for?    | 0 alone   | service.crown.price
        How long does he whitening eggs?     | How long does teeth whitening take?   | 1 alone   | service.whitening.duration
        Could I still comment at 3?          | Are you still open at 3?              | 1 alone   | hours.tuesday
        What's your male address?            | What's your mailed dress?             | asked     |
        Friday, open on Sunday.              | Thank you.                            | asked     |
        Roughly what does the crown go for?  | Crossley watches a crown gold form.   | 0 alone   | service.crown.price
        Is anybody there on Saturday mornings? | Is any pity there on saturd morning | 0 alone   | hours.saturday
        Friday, open on Sunday.              | value open on sun they                | asked     |
        ",
    );
}

#[test]
fn a_reading_that_alone_is_answerable_is_answered_though_it_comes_second() {
    check(
        "northgate-auto",
        "2026-10-14T09:00:00-07:00",
        "
        What do you do break pads cost?      | What do new brakes has cost?          | 1 alone | service.brake-pads.price
        ",
    );
}

#[test]
fn of_two_meanings_the_one_of_which_every_word_makes_sense_is_answered() {
    check(
        "riverside-dental",
        "2026-11-24T10:15:00-05:00",
        "
        Is there parking by the goblin on Sunday? | Are you open on Sunday?          | 1 clearer | hours.sunday
        Are you open on Sunday?              | Is there parking by the goblin on Sunday? | 0 clearer | hours.sunday
        When do you close for goblins today? | How much is a filling today?          | asked     |
        Do you take insurance for goblins?   | Do you take goblins on Friday, when do you close? | 1 clearer | hours.friday
        Which days does Doctor Alvarez goblin on Friday? | When do you close on Friday? | 1 clearer | hours.friday
        What is your phone number for the crown? | How much is the crown?            | 1 clearer | service.crown.price
        ",
    );
}

#[test]
fn a_row_is_told_only_by_words_that_two_readings_have() {
    check(
        "riverside-dental",
        "2026-06-09T11:25:00-04:00",
        "
        My husband's job is just in that life. Is that when you pay? | My husband's job gives us met life. Is that what you take? | asked     |
        Can I pay by card?                   | Can I play by car?                    | asked     |
        Can I pay by card?                   | Can I pay my card?                    | 0 agreed  | policy.payment
        ",
    );
    check(
        "cedar-and-comb",
        "2026-06-09T11:25:00-05:00",
        "
        If you go pay to 5, bring my guard along. | This is okay to fight. Bring my dog along. | asked |
        ",
    );
}

#[test]
fn clear_readings_of_different_meaning_are_named() {
    let reply = heard(&mut dental(), &["How much is a filling?", "How much is a crown?"]);
    assert_eq!(spoken(&reply), "Did you mean a filling or a crown?");
    let mut talk = dental();
    let reply = heard(&mut talk, &["What's your email address?", "What's your address?"]);
    let text = spoken(&reply);
    assert!(text.contains("email address") && text.contains("or our address"), "{text}");
    assert_eq!(reply.chosen.map(|chosen| chosen.because), Some(Because::Asked));
    assert_eq!(cites(&talk.say("The email address.")), ["email"]);
}

#[test]
fn the_question_back_is_answered_by_name() {
    let mut talk = dental();
    heard(&mut talk, &["How much is a filling?", "How much is a crown?"]);
    assert_eq!(cites(&talk.say("A crown.")), ["service.crown.price"]);
}

#[test]
fn of_two_questions_that_tell_nothing_the_one_with_a_name_is_asked() {
    let mut talk = Talk::with("northgate-auto", "2026-10-14T09:00:00-07:00");
    let reply = heard(&mut talk, &["What do you very head cost?", "What do you rate pads cost?"]);
    assert_eq!(spoken(&reply), "Did you mean brake pads?");
}

#[test]
fn dictation_keeps_the_first_reading_unless_another_completes_it() {
    let number = |readings: &[&str]| {
        let mut talk = dental();
        talk.say("Can I leave a message?");
        talk.say("Ada Lovelace.");
        talk.say("No, another number.");
        spoken(&heard(&mut talk, readings))
    };
    let whole = "two one two five five five zero one nine nine";
    let other = "two one two five five five zero one nine five";
    let short = "two one two five five five zero one nine";
    let read_back = number(&[whole]);
    assert_eq!(number(&[whole, other]), read_back);
    assert_eq!(number(&[whole, short]), read_back);
    assert_ne!(number(&[short]), read_back);
    assert_eq!(number(&[short, whole]), read_back);
    // A name is whatever was heard first.
    let mut talk = dental();
    talk.say("Can I leave a message?");
    heard(&mut talk, &["Ada Lovelace.", "How much is a cleaning?"]);
    assert!(matches!(talk.reply().chosen, None | Some(frontdesk::Chosen { reading: 0, .. })));
}

#[test]
fn no_pair_of_readings_tells_or_does_what_neither_would_alone() {
    let alone: Vec<frontdesk::Reply> =
        SPOKEN.iter().map(|words| heard(&mut dental(), &[words])).collect();
    for (first, one) in SPOKEN.iter().zip(&alone) {
        for (other, two) in SPOKEN.iter().zip(&alone) {
            let reply = heard(&mut dental(), &[first, other]);
            let known: Vec<String> = cites(one).into_iter().chain(cites(two)).collect();
            let is_known = cites(&reply).iter().all(|cite| known.contains(cite));
            assert!(is_known, "{first} | {other}: {}", spoken(&reply));
            let done =
                |effect: &Effect| one.effects.contains(effect) || two.effects.contains(effect);
            assert!(reply.effects.iter().all(done), "{first} | {other}: {:?}", reply.effects);
            let told = [cites(one), cites(two)];
            if told.iter().all(|facts| !facts.is_empty()) && told[0] != told[1] {
                let is_one_of_them = cites(&reply).is_empty() || told.contains(&cites(&reply));
                assert!(is_one_of_them, "{first} | {other}: {}", spoken(&reply));
            }
        }
    }
}

#[test]
fn readings_of_words_talked_over_are_joined() {
    let mut talk = dental();
    talk.say_only("How much is");
    talk.hear_nothing();
    let reply = heard(&mut talk, &["a frown", "a crown"]);
    assert_eq!(cites(&reply), ["service.crown.price"]);
}

const SPOKEN: [&str; 18] = [
    "How much is a cleaning?",
    "How much is a filling?",
    "How long does teeth whitening take?",
    "How long does he whitening eggs?",
    "Are you open on Sunday?",
    "Friday, open on Sunday.",
    "When do you close today?",
    "What's your male address?",
    "What's your email address?",
    "Is there parking?",
    "Do you take insurance?",
    "Which days does Doctor Alvarez work?",
    "Can I speak to a person, please?",
    "Thank you, goodbye.",
    "Can I leave a message?",
    "Do you do root canals?",
    "My face is swollen and I can't breathe.",
    "Is any pity there?",
];

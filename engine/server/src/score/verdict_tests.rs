use jiff::civil::Weekday;
use types::{Currency, E164, Money, OpenSpan, Price, Service, TimeOfDay};

use super::*;

fn facts() -> Facts {
    let span = |open, close| OpenSpan {
        open: TimeOfDay::new(open, 0).unwrap(),
        close: TimeOfDay::new(close, 30).unwrap(),
    };
    let service = |id: &str, price: i64, minutes| Service {
        id: id.parse().unwrap(),
        name: id.replace('-', " "),
        aliases: Vec::new(),
        price: Price::Exact(Money { minor: price * 100, currency: Currency::Usd }),
        duration_min: minutes,
        note: None,
    };
    let mut facts = Facts {
        name: "Riverside Dental".into(),
        timezone: jiff::tz::TimeZone::UTC,
        hours: types::Hours::default(),
        contact: types::Contact::default(),
        services: vec![service("cleaning", 120, Some(90)), service("whitening", 350, None)],
        policies: Vec::new(),
        faqs: Vec::new(),
        staff: Vec::new(),
        escalation: types::Escalation::default(),
    };
    facts.hours.week[0] = vec![span(8, 17)];
    facts.contact.phone = Some("+12125550142".parse::<E164>().unwrap());
    facts.escalation.emergency = Some("Hang up and dial 911.".into());
    facts
}

fn expected(outcome: Outcome, facts: &[&str], say: &[&str]) -> Expected {
    let patterns = |texts: &[&str]| texts.iter().map(|text| FactPattern::new(text)).collect();
    Expected {
        outcome,
        facts: patterns(facts),
        facts_any: Vec::new(),
        also: patterns(&["hours.*"]),
        say: say.iter().map(|words| words.split('|').map(str::to_owned).collect()).collect(),
    }
}

fn reply(text: &str, cites: &[&str]) -> Reply {
    Reply {
        text: text.into(),
        cites: cites.iter().map(|fact| fact.parse().unwrap()).collect(),
        ..Reply::default()
    }
}

fn verdict(expected: &Expected, reply: &Reply) -> String {
    match judge(expected, &facts(), "how much is a cleaning for 3 people", reply) {
        Verdict::Right => "right".into(),
        Verdict::AskedAgain => "asked again".into(),
        Verdict::Missed { why } => format!("missed: {why}"),
        Verdict::Wrong { why } => format!("wrong: {why}"),
    }
}

fn price() -> Expected {
    expected(Outcome::Answer, &["service.cleaning.price"], &["120"])
}

#[test]
fn an_answer_needs_its_facts_and_its_words() {
    let check = |text: &str, cites: &[&str], wanted: &str| {
        assert_eq!(verdict(&price(), &reply(text, cites)), wanted, "{text}");
    };
    let cleaning = &["service.cleaning.price"][..];
    check("A cleaning is $120.", cleaning, "right");
    check("A cleaning is one hundred and twenty dollars.", cleaning, "right");
    check(
        "A cleaning is $120 and takes 90 minutes.",
        &["service.cleaning.price", "service.cleaning.duration"],
        "right",
    );
    check("A cleaning is not free.", cleaning, "missed: does not say 120");
    check(
        "We do cleanings.",
        &["service.cleaning"],
        "missed: does not tell service.cleaning.price",
    );
    check("Sorry, could you say that again?", &[], "asked again");
    check("Sorry, I didn't catch that.", &["name"], "asked again");
    check("Did you mean a cleaning or a whitening?", &[], "asked again");
    check("I don't know about that. Shall I take a message?", &[], "asked again");
    let missed = "missed: does not tell service.cleaning.price";
    check("You're welcome. Anything else?", &[], missed);
    check("Did you mean for 3 people?", &[], missed);
    check("What day and time would you like for your request?", &[], missed);
    check("Nice weather today.", &[], "missed: does not tell service.cleaning.price");
}

#[test]
fn a_fact_nobody_asked_for_is_wrong() {
    let check = |text: &str, cites: &[&str], wanted: &str| {
        assert_eq!(verdict(&price(), &reply(text, cites)), wanted, "{text}");
    };
    check(
        "Whitening is $350.",
        &["service.whitening.price"],
        "wrong: tells service.whitening.price",
    );
    check(
        "A cleaning is $120, whitening $350.",
        &["service.cleaning.price", "service.whitening.price"],
        "wrong: tells service.whitening.price",
    );
    check("Call 2 1 2, 5 5 5, 0 1 4 2.", &["phone"], "wrong: tells phone");
    check("A cleaning is $120 on Monday.", &["service.cleaning.price", "hours.monday"], "right");
}

#[test]
fn a_figure_must_stand_in_a_fact_that_is_cited() {
    let check = |text: &str, cites: &[&str], wanted: &str| {
        assert_eq!(verdict(&price(), &reply(text, cites)), wanted, "{text}");
    };
    let cleaning = &["service.cleaning.price"][..];
    let stray =
        |figure: u32| format!("wrong: says {figure}, which is in none of the facts it cites");
    check("A cleaning is $130.", cleaning, &stray(130));
    check("A cleaning is $120 and takes 90 minutes.", cleaning, &stray(90));
    check("A cleaning is $120.", &[], &stray(120));
    check("A cleaning is $120 for 3 people.", cleaning, "right");
    check("A cleaning is $120 until December 24.", cleaning, "right");
    let time = expected(Outcome::Answer, &["hours.monday"], &[]);
    let monday = reply("8 AM to 5:30 PM, so 17 30.", &["hours.monday"]);
    assert_eq!(verdict(&time, &monday), "right");
    let late = reply("8 AM to 6:30 PM.", &["hours.monday"]);
    assert_eq!(verdict(&time, &late), stray(6));
    let duration = expected(Outcome::Answer, &["service.cleaning.duration"], &[]);
    let hours = reply("1 hour and 30 minutes.", &["service.cleaning.duration"]);
    assert_eq!(verdict(&duration, &hours), "right");
}

#[test]
fn a_closed_day_must_be_called_closed() {
    let sunday = expected(Outcome::Answer, &["hours.sunday"], &[]);
    let said = |text| verdict(&sunday, &reply(text, &["hours.sunday"]));
    assert_eq!(
        said("Yes, we're open Sunday."),
        "wrong: cites hours.sunday and does not say closed"
    );
    assert_eq!(said("We're closed on Sunday."), "right");
    assert_eq!(said("We aren't open on Sunday."), "right");
}

#[test]
fn deeds_must_be_asked_for() {
    let with = |effect: Effect, base: Reply| Reply { effects: vec![effect], ..base };
    let number: E164 = "+12125550199".parse().unwrap();
    let goodbye = with(Effect::EndCall, reply("Goodbye!", &[]));
    let transfer =
        with(Effect::Transfer { to: number }, reply("One moment.", &["escalation.transfer"]));
    let wants = |outcome| expected(outcome, &[], &[]);
    assert_eq!(verdict(&wants(Outcome::Goodbye), &goodbye), "right");
    assert_eq!(verdict(&wants(Outcome::Message), &goodbye), "wrong: ends the call");
    assert_eq!(
        verdict(&wants(Outcome::Goodbye), &reply("Goodbye!", &[])),
        "missed: does not end the call"
    );
    let person = expected(Outcome::Transfer, &["escalation.transfer"], &[]);
    assert_eq!(verdict(&person, &transfer), "right");
    assert_eq!(
        verdict(&person, &reply("One moment.", &["escalation.transfer"])),
        "missed: does not transfer the call"
    );
    let uncited = with(Effect::Transfer { to: number }, reply("One moment.", &[]));
    assert_eq!(verdict(&price(), &uncited), "wrong: transfers the call");
}

#[test]
fn messages_and_ignorance_have_their_words() {
    let check = |outcome, text, wanted: &str| {
        assert_eq!(verdict(&expected(outcome, &[], &[]), &reply(text, &[])), wanted, "{text}");
    };
    check(Outcome::Message, "I can take a message. Shall I?", "right");
    check(Outcome::Message, "May I have your name?", "right");
    check(Outcome::Message, "I'll pass your request on. Which day?", "right");
    check(Outcome::Message, "Which service do you mean?", "asked again");
    check(Outcome::Unknown, "I don't have that on my list.", "right");
    check(Outcome::Unknown, "Shall I take a message?", "right");
    check(Outcome::Unknown, "Sorry, could you repeat that?", "asked again");
    check(Outcome::Unknown, "I don't know what you said, could you repeat that?", "asked again");
    check(Outcome::Unknown, "Yes, of course.", "missed: does not say that it does not know");
    let call_us = reply("I don't know. Call 2 1 2, 5 5 5, 0 1 4 2.", &["phone"]);
    assert_eq!(verdict(&expected(Outcome::Unknown, &[], &[]), &call_us), "right");
    let dictate = Reply { expect: Expect::Dictation, ..reply("Who is it?", &[]) };
    assert_eq!(verdict(&expected(Outcome::Message, &[], &[]), &dictate), "right");
}

#[test]
fn an_emergency_is_spoken_in_the_words_of_the_business() {
    let wanted = expected(Outcome::Emergency, &["escalation.emergency"], &["911|9 1 1"]);
    let said = |text, cites: &[&str]| verdict(&wanted, &reply(text, cites));
    assert_eq!(said("Hang up and dial 911.", &["escalation.emergency"]), "right");
    assert_eq!(said("Hang up and dial 9 1 1.", &["escalation.emergency"]), "right");
    assert!(said("Hang up and dial 911.", &[]).starts_with("wrong"));
}

#[test]
fn one_of_several_facts_is_enough_where_any_will_do() {
    let mut any = expected(Outcome::Answer, &[], &[]);
    any.facts_any = vec![FactPattern::new("service.*.price"), FactPattern::new("hours.monday")];
    assert_eq!(verdict(&any, &reply("It is $350.", &["service.whitening.price"])), "right");
    assert_eq!(
        verdict(&any, &reply("Fine.", &[])),
        "missed: tells none of service.*.price, hours.monday"
    );
    let stars = FactPattern::new("service.*");
    assert!(stars.matches(&"service.cleaning".parse().unwrap()));
    assert!(!stars.matches(&"service.cleaning.price".parse().unwrap()));
    assert!(!stars.matches(&FactId::Hours(Weekday::Monday)));
}

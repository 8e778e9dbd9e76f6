use std::sync::Arc;

use types::{
    AgentConfig, BargeIn, Contact, Currency, Escalation, Facts, Hours, Intake, LegAbilities,
    Limits, Millis, Money, OpenSpan, Persona, Price, Recording, Service, TimeOfDay, Tone, Turns,
    Unavailable, VendorChoice, WallTime,
};

use super::*;

fn span(open: u16, close: u16) -> OpenSpan {
    OpenSpan { open: TimeOfDay::new(open, 0).unwrap(), close: TimeOfDay::new(close, 30).unwrap() }
}

fn agent(services: usize) -> AgentConfig {
    let mut hours = Hours::default();
    for day in 0..5 {
        hours.week[day] = vec![span(8, 17)];
    }
    hours.exceptions.push(types::HoursException {
        from: "2026-11-26".parse().unwrap(),
        to: "2026-11-26".parse().unwrap(),
        name: "Thanksgiving".into(),
        open: vec![],
    });
    let service = |number: usize| Service {
        id: format!("s{number}").parse().unwrap(),
        name: format!("polish number {number}"),
        aliases: vec![],
        price: Price::Range(
            Money { minor: 9_000, currency: Currency::Usd },
            Money { minor: 120_050, currency: Currency::Usd },
        ),
        duration_min: Some(100),
        note: None,
    };
    let facts = Facts {
        name: "Shine".into(),
        timezone: jiff::tz::TimeZone::get("America/New_York").unwrap(),
        hours,
        contact: Contact::default(),
        services: (0..services).map(service).collect(),
        policies: vec![],
        faqs: vec![],
        staff: vec![],
        escalation: Escalation {
            transfer_to: "+12125550143".parse().ok(),
            ..Escalation::default()
        },
    };
    AgentConfig {
        business: "shine".parse().unwrap(),
        agent: "desk".parse().unwrap(),
        version: types::ConfigVersion::FIRST,
        persona: Persona {
            greeting: "Hello.".into(),
            disclosure: None,
            tone: Tone::Formal,
            language: "en-US".into(),
        },
        vendors: VendorChoice { recognizer: vec![], brain: vec![], voice: vec![] },
        turns: Turns {
            endpoint_delay_min: Millis::new(300),
            endpoint_delay_max: Millis::new(900),
            barge_in: BargeIn::Allowed,
            no_input_delay: Millis::new(8_000),
            no_input_prompts_max: 2,
            dtmf_gap_max: Millis::new(3_000),
            greeting_protected: Millis::ZERO,
            keys: types::KeyRules::STANDARD,
        },
        limits: Limits { call_duration_max: Millis::from_secs(900), calls_max: 1 },
        intake: Intake::STANDARD,
        recording: Recording::Off,
        facts: Arc::new(facts),
        tools: Arc::default(),
    }
}

#[test]
fn facts_become_lines_a_model_can_say() {
    let told = system(&agent(1), LegAbilities::ALL).text;
    for line in [
        "- Opening hours: Monday to Friday 8 AM to 5:30 PM; Saturday to Sunday closed",
        "- Thanksgiving (Thursday, November 26, 2026): closed",
        "- polish number 0: $90 to $1,200.50, takes 1 hour and 40 minutes",
        "Be formal and polite. Use no contractions.",
        "call transfer_call",
    ] {
        assert!(told.contains(line), "{line}\n{told}");
    }
    let mut bare = LegAbilities::ALL;
    bare.transfer = Err(Unavailable::Unsupported);
    let told = system(&agent(1), bare).text;
    assert!(told.contains("You cannot connect") && !told.contains("transfer_call"), "{told}");
}

#[test]
fn too_many_facts_are_looked_up() {
    let agent = agent(300);
    let told = system(&agent, LegAbilities::ALL);
    assert_eq!(told.abridged, Abridged::Yes);
    assert!(
        told.text.len() < 12_000 && told.text.contains("polish number 299"),
        "{}",
        told.text.len()
    );
    assert!(!told.text.contains("$90"));
    let found = facts_found(&agent.facts, "polish number 7");
    assert!(found.iter().any(|line| line.contains("$90 to $1,200.50")), "{found:?}");
    assert_eq!(facts_found(&agent.facts, "how much about the"), Vec::<String>::new());
}

#[test]
fn date_and_opening_state_are_computed() {
    let facts = agent(0).facts;
    let at = |moment_text: &str| {
        let now: jiff::Timestamp = moment_text.parse().unwrap();
        moment(&facts, WallTime::from_unix_millis(now.as_millisecond())).text
    };
    let told = at("2026-11-24T16:50:00-05:00");
    assert!(told.starts_with("[Right now it is Tuesday, November 24, 2026, 4:50 PM."), "{told}");
    assert!(told.contains("We are open now and close at 5:30 PM, in 40 minutes."), "{told}");
    assert!(told.contains("Thursday, November 26 (Thanksgiving): closed;"), "{told}");
    assert!(told.contains("tomorrow, Wednesday, November 25: 8 AM to 5:30 PM;"), "{told}");
    let told = at("2026-11-25T20:00:00-05:00");
    assert!(
        told.contains("We are closed now and open again Friday, November 27 at 8 AM."),
        "{told}"
    );
    let told = at("2026-11-24T06:00:00-05:00");
    assert!(told.contains("We are closed now and open today at 8 AM."), "{told}");
}

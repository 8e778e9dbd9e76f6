//! Arbitrary bytes as a dialogue.

use std::sync::Arc;

use jiff::tz::TimeZone;
use types::{
    AgentConfig, BargeIn, BrainNote, ConfigVersion, Currency, Dialogue, DialogueEntry, E164,
    Escalation, Facts, Faq, Heard, Hours, HoursException, Intake, Limits, Millis, Money, OpenSpan,
    Persona, Pii, Policy, Price, Recording, Service, Slug, Staff, TimeOfDay, Tone, TurnId, Turns,
    VendorChoice, WallTime,
};

use crate::reply::{Context, reply};

/// Replies to a dialogue made of `bytes` and checks what must hold of any reply.
///
/// # Panics
/// If a reply is empty, or not the same twice.
pub fn fuzz_reply(bytes: &[u8]) {
    let agent = sample_agent().expect("the sample business is well formed");
    let (head, rest) = bytes.split_at(bytes.len().min(9));
    let mut seed = [0; 8];
    let length = head.len().saturating_sub(1).min(8);
    seed[..length].copy_from_slice(&head[head.len() - length..]);
    let caller = head.first().is_some_and(|first| first % 2 == 0);
    let caller: Option<E164> = if caller { "+12065550199".parse().ok() } else { None };
    let mut dialogue = Dialogue::default();
    let mut turn = TurnId::FIRST;
    for chunk in rest.split(|byte| *byte == 0xff) {
        let Some((kind, body)) = chunk.split_first() else { continue };
        let text = Pii::new(String::from_utf8_lossy(body).into_owned());
        turn = turn.next();
        dialogue.entries.push(match kind % 6 {
            0 => DialogueEntry::Keys { turn, digits: text },
            1 => DialogueEntry::NoInput { turn },
            2 => DialogueEntry::Agent {
                turn,
                note: Some(BrainNote(text.clone())),
                text,
                heard: Heard::Cut,
            },
            3 => DialogueEntry::Caller { turn, others: vec![text.clone(), greeting()], text },
            _ => DialogueEntry::Caller { turn, text, others: Vec::new() },
        });
    }
    let now = WallTime::from_unix_millis(i64::from_le_bytes(seed));
    // Then the talk goes on, each reply heard.
    for _ in 0..4 {
        let context = Context { agent: &agent, caller, dialogue: &dialogue, now };
        let answer = reply(&context);
        assert!(!answer.sentences.is_empty(), "a reply says something");
        assert!(answer == reply(&context), "a reply depends on nothing else");
        let text = answer.sentences.iter().map(|text| text.text.as_str()).collect::<Vec<_>>();
        turn = turn.next();
        let text = Pii::new(text.join(" "));
        dialogue.entries.push(DialogueEntry::Agent {
            turn,
            text,
            heard: Heard::Whole,
            note: answer.note,
        });
        let words = Pii::new(String::from_utf8_lossy(head).into_owned());
        let others = vec![greeting()];
        dialogue.entries.push(DialogueEntry::Caller { turn, text: words, others });
    }
}

fn greeting() -> Pii<String> {
    Pii::new("hello, how much is it".to_owned())
}

/// A small business with a bit of everything.
fn sample_facts() -> Option<Facts> {
    let slug = |text: &str| text.parse::<Slug>().ok();
    let span = |open, close| {
        Some(OpenSpan { open: TimeOfDay::new(open, 0)?, close: TimeOfDay::new(close, 0)? })
    };
    let usd = |minor| Money { minor, currency: Currency::Usd };
    let service = |id, name: &str, price, duration_min| {
        Some(Service {
            id: slug(id)?,
            name: name.into(),
            aliases: vec![name.split(' ').next_back()?.into()],
            price,
            duration_min,
            note: None,
        })
    };
    let mut hours = Hours::default();
    for day in &mut hours.week[..5] {
        day.push(span(9, 17)?);
    }
    hours.week[5] = vec![span(0, 12)?, span(13, 24)?];
    hours.exceptions.push(HoursException {
        from: "2026-12-24".parse().ok()?,
        to: "2026-12-31".parse().ok()?,
        name: "the winter break".into(),
        open: vec![],
    });
    Some(Facts {
        name: "Sample".into(),
        timezone: TimeZone::UTC,
        hours,
        contact: types::Contact {
            address: Some("1 Main Street".into()),
            ..types::Contact::default()
        },
        services: vec![
            service("cut", "women's haircut", Price::Exact(usd(7_200)), Some(60))?,
            service("mens", "men's haircut", Price::Range(usd(3_000), usd(4_500)), None)?,
            service("oil", "oil change", Price::Depends, Some(40))?,
        ],
        policies: vec![Policy {
            id: slug("pay")?,
            topics: vec!["pay".into(), "check".into()],
            text: "We take cash.".into(),
        }],
        faqs: vec![Faq {
            id: slug("dogs")?,
            questions: vec!["Can I bring my dog?".into(), "?".into()],
            answer: "Dogs are welcome.".into(),
        }],
        staff: vec![Staff {
            name: "Dr. Ann Lee".into(),
            aliases: vec![],
            role: Some("owner".into()),
            note: None,
        }],
        escalation: Escalation {
            transfer_to: None,
            emergency: None,
            emergency_topics: vec!["fire".into()],
        },
    })
}

fn sample_agent() -> Option<AgentConfig> {
    Some(AgentConfig {
        business: "sample".parse().ok()?,
        agent: "desk".parse().ok()?,
        version: ConfigVersion::FIRST,
        persona: Persona {
            greeting: "Hello.".into(),
            disclosure: None,
            tone: Tone::Warm,
            language: "en-US".into(),
        },
        vendors: VendorChoice { recognizer: vec![], brain: vec![], voice: vec![] },
        turns: Turns {
            endpoint_delay_min: Millis::new(300),
            endpoint_delay_max: Millis::new(1_000),
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
        facts: Arc::new(sample_facts()?),
        tools: Arc::default(),
    })
}

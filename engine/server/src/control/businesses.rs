//! What businesses say, field by field: for people who compare two versions of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use directory::Business;
use serde::{Deserialize, Serialize};
use types::{
    AgentConfig, BargeIn, BusinessId, ConfigVersion, Facts, HoursException, OpenSpan, Overflow,
    Price, Recording, Tone,
};

use super::look::CONTROL_FORMAT;
use crate::node::Node;

/// Everything one business says: the field's path, and its value as people write it.
pub type Fields = BTreeMap<String, String>;

/// What a running engine has published.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PublishedFields {
    /// [`CONTROL_FORMAT`].
    pub format: u32,
    /// The version in force.
    pub version: ConfigVersion,
    /// The businesses.
    pub businesses: BTreeMap<BusinessId, Fields>,
}

pub(super) async fn published(State(node): State<Arc<Node>>) -> Json<PublishedFields> {
    let published = node.routes.load();
    let directory = &published.directory;
    let businesses = directory.businesses().map(|business| (business.id, fields(business)));
    Json(PublishedFields {
        format: CONTROL_FORMAT,
        version: directory.version(),
        businesses: businesses.collect(),
    })
}

/// The fields of `business`, by path. Two businesses that say the same have the same fields.
pub fn fields(business: &Business) -> Fields {
    let mut fields = Fields::new();
    let mut put = |path: String, value: String| {
        if !value.is_empty() {
            fields.insert(path, value);
        }
    };
    put("name".into(), business.name.clone());
    put("timezone".into(), business.facts.timezone.iana_name().unwrap_or("?").to_owned());
    for number in &business.numbers {
        put(format!("numbers.{}", number.e164), number.agent.to_string());
    }
    for agent in &business.agents {
        agent_fields(agent, &mut put);
    }
    fact_fields(&business.facts, &mut put);
    fields
}

fn agent_fields(agent: &AgentConfig, put: &mut impl FnMut(String, String)) {
    let mut put =
        |field: &str, value: String| put(format!("agents.{}.{field}", agent.agent), value);
    let persona = &agent.persona;
    put("greeting", persona.greeting.clone());
    put("disclosure", persona.disclosure.clone().unwrap_or_default());
    put("language", persona.language.clone());
    let tone = match persona.tone {
        Tone::Warm => "warm",
        Tone::Brisk => "brisk",
        Tone::Formal => "formal",
    };
    put("tone", tone.into());
    let record = match agent.recording {
        Recording::On => "true",
        Recording::Off => "false",
    };
    put("record", record.into());
    let vendors = &agent.vendors;
    for (kind, names) in
        [("recognizer", &vendors.recognizer), ("brain", &vendors.brain), ("voice", &vendors.voice)]
    {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        put(&format!("vendors.{kind}"), names.join(", "));
    }
    let turns = &agent.turns;
    put("turns.endpoint_delay_min", turns.endpoint_delay_min.to_string());
    put("turns.endpoint_delay_max", turns.endpoint_delay_max.to_string());
    let barge_in = match turns.barge_in {
        BargeIn::Allowed => "allowed",
        BargeIn::Protected => "protected",
    };
    put("turns.barge_in", barge_in.into());
    put("turns.no_input_delay", turns.no_input_delay.to_string());
    put("turns.no_input_prompts_max", turns.no_input_prompts_max.to_string());
    put("turns.dtmf_gap_max", turns.dtmf_gap_max.to_string());
    put("turns.dtmf_entry_max", turns.keys.entry_max.to_string());
    put("turns.dtmf_digits_max", turns.keys.digits_max.to_string());
    put("turns.dtmf_terminator", turns.keys.terminator.symbol().to_string());
    put("turns.greeting_protected", turns.greeting_protected.to_string());
    let limits = &agent.limits;
    put("limits.call_duration_max", format!("{} s", limits.call_duration_max.get() / 1_000));
    put("limits.calls_max", limits.calls_max.to_string());
    put("limits.starts_per_s_max", agent.intake.starts_per_s_max.to_string());
    let overflow = match agent.intake.overflow {
        Overflow::Busy => "busy",
        Overflow::Reject => "reject",
        Overflow::Unavailable => "unavailable",
        Overflow::Message => "message",
    };
    put("limits.overflow", overflow.into());
    put("limits.overflow_message", agent.intake.message.to_string());
    let transfer = agent.intake.transfer_to.map(|to| to.to_string());
    put("limits.overflow_transfer_to", transfer.unwrap_or_default());
}

fn fact_fields(facts: &Facts, put: &mut impl FnMut(String, String)) {
    let contact = &facts.contact;
    for (field, value) in [
        ("address", &contact.address),
        ("directions", &contact.directions),
        ("parking", &contact.parking),
        ("email", &contact.email),
        ("website", &contact.website),
        ("emergency", &facts.escalation.emergency),
    ] {
        put(format!("facts.{field}"), value.clone().unwrap_or_default());
    }
    put("facts.phone".into(), contact.phone.map(|phone| phone.to_string()).unwrap_or_default());
    let transfer = facts.escalation.transfer_to;
    put("facts.transfer_to".into(), transfer.map(|to| to.to_string()).unwrap_or_default());
    put("facts.emergency_topics".into(), facts.escalation.emergency_topics.join(", "));
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    for (day, spans) in days.iter().zip(&facts.hours.week) {
        put(format!("facts.hours.{day}"), open(spans));
    }
    for HoursException { from, to, name, open: spans } in &facts.hours.exceptions {
        put(format!("facts.hours.{from} to {to}"), format!("{name}: {}", open(spans)));
    }
    for service in &facts.services {
        let mut put =
            |field: &str, value| put(format!("facts.services.{}.{field}", service.id), value);
        put("name", service.name.clone());
        put("aliases", service.aliases.join(", "));
        put("price", price(service.price));
        put("duration", service.duration_min.map(|min| format!("{min} min")).unwrap_or_default());
        put("note", service.note.clone().unwrap_or_default());
    }
    for policy in &facts.policies {
        put(format!("facts.policies.{}.topics", policy.id), policy.topics.join(", "));
        put(format!("facts.policies.{}.text", policy.id), policy.text.clone());
    }
    for faq in &facts.faqs {
        put(format!("facts.faqs.{}.questions", faq.id), faq.questions.join(" | "));
        put(format!("facts.faqs.{}.answer", faq.id), faq.answer.clone());
    }
    for staff in &facts.staff {
        let mut put =
            |field: &str, value| put(format!("facts.staff.{}.{field}", staff.name), value);
        put("aliases", staff.aliases.join(", "));
        put("role", staff.role.clone().unwrap_or_default());
        put("note", staff.note.clone().unwrap_or_default());
    }
}

fn open(spans: &[OpenSpan]) -> String {
    if spans.is_empty() {
        return "closed".to_owned();
    }
    let spans: Vec<String> =
        spans.iter().map(|span| format!("{}-{}", span.open, span.close)).collect();
    spans.join(", ")
}

fn price(price: Price) -> String {
    match price {
        Price::Depends => "depends".to_owned(),
        Price::Exact(money) => money.to_string(),
        Price::From(money) => format!("from {money}"),
        Price::Range(low, high) => format!("{low} to {high}"),
    }
}

//! Businesses from the fixtures, and a talk with one of them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use frontdesk::{Context, Intent, Reply, reply};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use toml::{Table, Value};
use types::{
    AgentConfig, BargeIn, ConfigVersion, Contact, Currency, Dialogue, DialogueEntry, E164, Effect,
    Escalation, Facts, Faq, Heard, Hours, HoursException, Intake, Limits, Millis, Money, OpenSpan,
    Persona, Pii, Policy, Price, Recording, Service, Staff, TimeOfDay, Tone, TurnId, Turns,
    VendorChoice, WallTime,
};

/// Where the sample businesses and the recorded questions stand.
pub(crate) fn fixtures() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures"))
}

/// The sample business `name`.
pub(crate) fn business(name: &str) -> AgentConfig {
    read_business(&fixtures().join("businesses").join(format!("{name}.toml"))).0
}

/// The business in the file at `path`, and its trade.
pub(crate) fn read_business(path: &Path) -> (AgentConfig, String) {
    let table: Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
    let raw = table.get("agent").unwrap_or_else(|| &table["agents"][0]);
    let tone = match raw["tone"].as_str().unwrap() {
        "brisk" => Tone::Brisk,
        "formal" => Tone::Formal,
        _ => Tone::Warm,
    };
    let mut facts = facts(table["facts"].as_table().unwrap());
    facts.name = text(&table["business"], "name").unwrap();
    facts.timezone = TimeZone::get(&text(&table["business"], "timezone").unwrap()).unwrap();
    let trade = text(&table["business"], "trade").unwrap_or_else(|| facts.name.clone());
    (agent(facts, tone, &text(raw, "greeting").unwrap()), trade)
}

/// An agent that knows `facts`.
pub(crate) fn agent(facts: Facts, tone: Tone, greeting: &str) -> AgentConfig {
    AgentConfig {
        business: "sample".parse().unwrap(),
        agent: "front-desk".parse().unwrap(),
        version: ConfigVersion::FIRST,
        persona: Persona {
            greeting: greeting.into(),
            disclosure: None,
            tone,
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
        facts: Arc::new(facts),
        tools: Arc::default(),
    }
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn texts(value: &Value, key: &str) -> Vec<String> {
    let array = value.get(key).and_then(Value::as_array);
    array.into_iter().flatten().map(|text| text.as_str().unwrap().to_owned()).collect()
}

fn rows<'a>(table: &'a Table, key: &str) -> impl Iterator<Item = &'a Value> {
    table.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn facts(table: &Table) -> Facts {
    let whole = Value::Table(table.clone());
    let number = |key| text(&whole, key).map(|number| number.parse().unwrap());
    Facts {
        name: String::new(),
        timezone: TimeZone::UTC,
        hours: hours(&table["hours"]),
        contact: Contact {
            address: text(&whole, "address"),
            directions: text(&whole, "directions"),
            parking: text(&whole, "parking"),
            phone: number("phone"),
            email: text(&whole, "email"),
            website: text(&whole, "website"),
        },
        services: rows(table, "services").map(service).collect(),
        policies: rows(table, "policies")
            .map(|row| Policy {
                id: text(row, "id").unwrap().parse().unwrap(),
                topics: texts(row, "topics"),
                text: text(row, "text").unwrap(),
            })
            .collect(),
        faqs: rows(table, "faqs")
            .map(|row| Faq {
                id: text(row, "id").unwrap().parse().unwrap(),
                questions: texts(row, "questions"),
                answer: text(row, "answer").unwrap(),
            })
            .collect(),
        staff: rows(table, "staff")
            .map(|row| Staff {
                name: text(row, "name").unwrap(),
                aliases: texts(row, "aliases"),
                role: text(row, "role"),
                note: text(row, "note"),
            })
            .collect(),
        escalation: Escalation {
            transfer_to: text(&table["escalation"], "transfer_to").map(|to| to.parse().unwrap()),
            emergency: text(&table["escalation"], "emergency"),
            emergency_topics: texts(&table["escalation"], "emergency_topics"),
        },
    }
}

fn service(row: &Value) -> Service {
    let money = |key| text(row, key).map(|amount| Money::parse(&amount, Currency::Usd).unwrap());
    let price = match (money("price"), money("price_from"), money("price_to")) {
        (Some(exact), ..) => Price::Exact(exact),
        (None, Some(low), Some(high)) => Price::Range(low, high),
        (None, Some(low), None) => Price::From(low),
        _ => Price::Depends,
    };
    let minutes = row.get("duration_min").and_then(Value::as_integer);
    Service {
        id: text(row, "id").unwrap().parse().unwrap(),
        name: text(row, "name").unwrap(),
        aliases: texts(row, "aliases"),
        price,
        duration_min: minutes.map(|minutes| minutes as u32),
        note: text(row, "note"),
    }
}

fn hours(value: &Value) -> Hours {
    const DAYS: [&str; 7] =
        ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let exceptions = value.get("exceptions").and_then(Value::as_array).into_iter().flatten();
    Hours {
        week: DAYS.map(|day| spans(&texts(value, day))),
        exceptions: exceptions
            .map(|row| {
                let day = |key| text(row, key).or(text(row, "date")).unwrap().parse().unwrap();
                HoursException {
                    from: day("from"),
                    to: day("to"),
                    name: text(row, "name").unwrap(),
                    open: spans(&texts(row, "open")),
                }
            })
            .collect(),
    }
}

/// "08:00-17:00" and the like.
pub(crate) fn spans(texts: &[String]) -> Vec<OpenSpan> {
    let time = |text: &str| {
        let (hour, minute) = text.split_once(':').unwrap();
        TimeOfDay::new(hour.parse().unwrap(), minute.parse().unwrap()).unwrap()
    };
    texts
        .iter()
        .map(|text| {
            let (open, close) = text.split_once('-').unwrap();
            OpenSpan { open: time(open), close: time(close) }
        })
        .collect()
}

/// The moment written as RFC 3339.
pub(crate) fn at(moment: &str) -> WallTime {
    WallTime::from_unix_millis(moment.parse::<Timestamp>().unwrap().as_millisecond())
}

/// A call with a business: every reply is heard to its end unless said otherwise.
pub(crate) struct Talk {
    /// With whom.
    pub(crate) agent: AgentConfig,
    /// The caller's number.
    pub(crate) caller: Option<E164>,
    /// When.
    pub(crate) now: WallTime,
    /// What was said.
    pub(crate) dialogue: Dialogue,
    turn: TurnId,
}

impl Talk {
    /// A call to `agent` at `now`, after its greeting.
    pub(crate) fn new(agent: AgentConfig, now: &str) -> Self {
        let greeting = DialogueEntry::Agent {
            turn: TurnId::FIRST,
            text: Pii::new(agent.persona.greeting.clone()),
            heard: Heard::Whole,
            note: None,
        };
        let dialogue = Dialogue { entries: vec![greeting] };
        Self { agent, caller: None, now: at(now), dialogue, turn: TurnId::FIRST }
    }

    /// A call to the sample business `name`.
    pub(crate) fn with(name: &str, now: &str) -> Self {
        Self::new(business(name), now)
    }

    /// The caller shows this number.
    pub(crate) fn from(mut self, caller: &str) -> Self {
        self.caller = Some(caller.parse().unwrap());
        self
    }

    /// The reply as things stand.
    pub(crate) fn reply(&self) -> Reply {
        reply(&Context {
            agent: &self.agent,
            caller: self.caller,
            dialogue: &self.dialogue,
            now: self.now,
        })
    }

    /// The caller says `words` and hears the whole reply.
    pub(crate) fn say(&mut self, words: &str) -> Reply {
        self.say_only(words);
        let reply = self.reply();
        self.hear(&reply);
        reply
    }

    /// The caller says `words` and hears nothing yet.
    pub(crate) fn say_only(&mut self, words: &str) {
        self.turn = self.turn.next();
        let text = Pii::new(words.to_owned());
        let others = Vec::new();
        self.dialogue.entries.push(DialogueEntry::Caller { turn: self.turn, text, others });
    }

    /// The caller says words that were heard in several ways, likeliest first, and hears nothing yet.
    pub(crate) fn say_readings(&mut self, readings: &[String]) {
        let Some((words, others)) = readings.split_first() else { return };
        self.say_only(words);
        if let Some(DialogueEntry::Caller { others: kept, .. }) = self.dialogue.entries.last_mut() {
            *kept = others.iter().cloned().map(Pii::new).collect();
        }
    }

    /// The caller presses `digits` and hears the whole reply.
    pub(crate) fn press(&mut self, digits: &str) -> Reply {
        self.turn = self.turn.next();
        let digits = Pii::new(digits.to_owned());
        self.dialogue.entries.push(DialogueEntry::Keys { turn: self.turn, digits });
        let reply = self.reply();
        self.hear(&reply);
        reply
    }

    /// The caller says nothing and hears the whole reply.
    pub(crate) fn wait(&mut self) -> Reply {
        self.turn = self.turn.next();
        self.dialogue.entries.push(DialogueEntry::NoInput { turn: self.turn });
        let reply = self.reply();
        self.hear(&reply);
        reply
    }

    /// The caller hears all of `reply`.
    pub(crate) fn hear(&mut self, reply: &Reply) {
        self.dialogue.entries.push(DialogueEntry::Agent {
            turn: self.turn,
            text: Pii::new(spoken(reply)),
            heard: Heard::Whole,
            note: reply.note.clone(),
        });
    }

    /// The caller hears nothing of the last reply.
    pub(crate) fn hear_nothing(&mut self) {
        self.dialogue.entries.push(DialogueEntry::Agent {
            turn: self.turn,
            text: Pii::new(String::new()),
            heard: Heard::Cut,
            note: None,
        });
    }
}

/// The words of `reply`.
pub(crate) fn spoken(reply: &Reply) -> String {
    reply.sentences.iter().map(|text| text.text.as_str()).collect::<Vec<_>>().join(" ")
}

/// The ids of the facts that `reply` cites, each once, in order.
pub(crate) fn cites(reply: &Reply) -> Vec<String> {
    let mut cites: Vec<String> = Vec::new();
    for cite in reply.sentences.iter().flat_map(|text| &text.cites) {
        let cite = cite.to_string();
        if !cites.contains(&cite) {
            cites.push(cite);
        }
    }
    cites
}

/// What a business may have said nothing about.
const HOUSE: &[Intent] = &[
    Intent::Location,
    Intent::Directions,
    Intent::Parking,
    Intent::Phone,
    Intent::Email,
    Intent::Website,
];

/// What became of a question, in the words of `expected.toml`.
pub(crate) fn outcome(reply: &Reply) -> &'static str {
    if reply.effects.contains(&Effect::EndCall) {
        return "goodbye";
    }
    if reply.effects.iter().any(|effect| matches!(effect, Effect::Transfer { .. })) {
        return "transfer";
    }
    let is = |intents: &[Intent]| intents.contains(&reply.intent);
    if is(&[Intent::Emergency]) {
        "emergency"
    } else if is(&[Intent::Message, Intent::Booking, Intent::Person]) {
        "message"
    } else if is(&[Intent::Unknown]) || cites(reply).is_empty() && is(HOUSE) {
        "unknown"
    } else if is(&[Intent::Clarify, Intent::NotUnderstood]) {
        "asks again"
    } else {
        "answer"
    }
}

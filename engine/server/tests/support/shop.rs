//! A made-up business: what tests change about it, and its file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fake_vendors::FakeVendors;
use server::vendors::Environment;

/// A made-up dentist. What one says that no other says is its name, price and closing time.
#[derive(Clone, Debug)]
pub(crate) struct Shop {
    /// Its id, and the name of its file.
    pub(crate) id: String,
    /// The number that rings it.
    pub(crate) number: String,
    /// What a cleaning costs, in whole dollars.
    pub(crate) price: u32,
    /// When it closes, every day: minutes after five in the afternoon. Never, with a person.
    pub(crate) closes: u32,
    /// Its first words.
    pub(crate) greeting: String,
    /// What is said right after them.
    pub(crate) disclosure: Option<String>,
    /// The lines of its agent's `[limits]`.
    pub(crate) limits: String,
    /// Who recognizes, thinks and speaks for it: the lines of its agent's `[vendors]`.
    pub(crate) vendors: String,
    /// Who takes callers who ask for a person.
    pub(crate) person: Option<String>,
}

impl Shop {
    /// Number `index` of a street of dentists, each with its own figures.
    pub(crate) fn new(index: u32) -> Self {
        Self {
            id: format!("dentist-{index}"),
            number: format!("+1212555{:04}", 100 + index),
            price: 103 + 13 * index,
            closes: 5 + index,
            greeting: "Hello, how can I help you?".to_owned(),
            disclosure: None,
            limits: String::new(),
            vendors: vendors(&[], &[], &[]),
            person: None,
        }
    }

    /// Its price as the agent says it.
    pub(crate) fn price_words(&self) -> String {
        format!("${}", self.price)
    }

    /// Its closing time as the agent says it.
    pub(crate) fn closing_words(&self) -> String {
        format!("5:{:02}", self.closes)
    }

    /// Its file in `dir`.
    pub(crate) fn path(&self, dir: &Path) -> PathBuf {
        dir.join(format!("{}.toml", self.id))
    }

    /// Writes its file into `dir`.
    pub(crate) fn write(&self, dir: &Path) {
        std::fs::write(self.path(dir), self.toml()).expect("a writable directory");
    }

    /// Its file's text. Agents of these never ask whether the caller is still there.
    pub(crate) fn toml(&self) -> String {
        let Self { id, number, price, closes, greeting, limits, vendors, .. } = self;
        let person = self.person.as_ref();
        let person = person.map_or(String::new(), |number| {
            format!("[facts.escalation]\ntransfer_to = \"{number}\"")
        });
        let disclosure = self.disclosure.as_ref();
        let disclosure =
            disclosure.map_or(String::new(), |text| format!("disclosure = \"{text}\""));
        let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
        // Who is put through to a person must not depend on the hour the test runs at.
        let span = match self.person {
            Some(_) => "00:00-24:00".to_owned(),
            None => format!("08:00-17:{closes:02}"),
        };
        let hours = days.map(|day| format!("{day} = [\"{span}\"]")).join("\n");
        format!(
            r#"[business]
id = "{id}"
name = "Dentist {price}"
timezone = "America/New_York"
currency = "USD"

[[numbers]]
e164 = "{number}"
agent = "front-desk"

[[agents]]
id = "front-desk"
language = "en-US"
greeting = "{greeting}"
{disclosure}
tone = "warm"
record = true

[agents.vendors]
{vendors}

[agents.turns]
no_input_delay_ms = 120000

[agents.limits]
{limits}

[facts]
address = "{price} River Street, Hoboken"
phone = "{number}"

[facts.hours]
{hours}

[[facts.services]]
id = "cleaning"
name = "teeth cleaning"
aliases = ["cleaning", "hygiene visit", "dental cleaning"]
price = "{price}.00"
duration_min = 45

{person}
"#
        )
    }
}

/// The lines that name these vendors, each list with the local one behind it.
pub(crate) fn vendors(recognizer: &[&str], brain: &[&str], voice: &[&str]) -> String {
    let list = |names: &[&str], local: &str| {
        let names = names.iter().chain([&local]).map(|name| format!("\"{name}\""));
        names.collect::<Vec<_>>().join(", ")
    };
    format!(
        "recognizer = [{}]\nbrain = [{}]\nvoice = [{}]",
        list(recognizer, "local"),
        list(brain, "frontdesk"),
        list(voice, "local"),
    )
}

/// An environment in which every vendor is at the far side.
pub(crate) fn environment(far: &FakeVendors) -> Environment {
    let (base, wyoming) = (far.base_url(), far.wyoming_url());
    let key = || "a-key-for-tests".to_owned();
    let mut variables: BTreeMap<String, String> = BTreeMap::new();
    for name in ["DEEPGRAM", "ANTHROPIC", "ELEVENLABS", "CARTESIA", "OPENAI"] {
        variables.insert(format!("{name}_API_KEY"), key());
        variables.insert(format!("{name}_BASE_URL"), base.clone());
    }
    variables.insert("OPENAI_BASE_URL".into(), format!("{base}/v1"));
    variables.insert("WYOMING_STT_URL".into(), wyoming.clone());
    variables.insert("WYOMING_TTS_URL".into(), wyoming);
    Environment::new(move |name| variables.get(name).cloned())
}

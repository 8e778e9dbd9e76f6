//! Files and rules the tests are made of.

use directory::{
    Defaults, Directory, KnownVendor, KnownVendors, LastGood, Published, Rules, Source, VendorKey,
    publish,
};
use types::{BargeIn, BusinessId, E164, Intake, Limits, Millis, Turns, VendorName};

/// A business that uses every key.
pub(crate) const BASE: &str = include_str!("base.toml");

pub(crate) fn rules() -> Rules {
    let turns = Turns {
        endpoint_delay_min: Millis::new(350),
        endpoint_delay_max: Millis::new(1_200),
        barge_in: BargeIn::Allowed,
        no_input_delay: Millis::new(8_000),
        no_input_prompts_max: 2,
        dtmf_gap_max: Millis::new(3_000),
        greeting_protected: Millis::ZERO,
        keys: types::KeyRules::STANDARD,
    };
    let limits = Limits { call_duration_max: Millis::from_secs(900), calls_max: 20 };
    let mut vendors = KnownVendors::local();
    let known = |name: &str, takes: &[VendorKey]| {
        let name: VendorName = name.parse().unwrap();
        KnownVendor { name, takes: takes.to_vec() }
    };
    let model = [VendorKey::Model];
    vendors.recognizer.extend([known("local-accurate", &[]), known("cloud-ear", &model)]);
    let all = [VendorKey::Model, VendorKey::Voice, VendorKey::LateAfter];
    vendors.voice.push(known("cloud-voice", &all));
    vendors.voice.push(known("cloud-aura", &[VendorKey::Voice]));
    Rules { defaults: Defaults { turns, limits, intake: Intake::STANDARD }, vendors }
}

pub(crate) fn source(file: &str, text: impl Into<Vec<u8>>) -> Source {
    Source { file: file.to_owned(), bytes: text.into() }
}

/// [`BASE`] as the business `id` with these numbers.
pub(crate) fn business(id: &str, numbers: &[&str]) -> String {
    let numbers: String = numbers
        .iter()
        .map(|number| format!("[[numbers]]\ne164 = \"{number}\"\nagent = \"counter\"\n\n"))
        .collect();
    BASE.replace("corner-bakery", id)
        .replace("[[numbers]]\ne164 = \"+442079460101\"\nagent = \"counter\"\n\n", &numbers)
}

pub(crate) fn id(text: &str) -> BusinessId {
    text.parse().unwrap()
}

pub(crate) fn number(text: &str) -> E164 {
    text.parse().unwrap()
}

/// A publish over `previous` with no stored copies.
pub(crate) fn next(previous: &Directory, sources: &[Source]) -> Published {
    publish(previous, sources, &[], &rules())
}

/// What a server would have stored after `published`.
pub(crate) fn stored(published: &Published, sources: &[Source]) -> Vec<LastGood> {
    let copies = published.to_store.iter();
    copies
        .map(|copy| {
            let bytes = LastGood::encode(copy.business, &sources[copy.source]);
            LastGood::decode(&bytes).unwrap()
        })
        .collect()
}

/// Who answers what, as text: `+1… business/agent version`.
pub(crate) fn routes(directory: &Directory) -> Vec<String> {
    let route = |(number, agent): (E164, &std::sync::Arc<types::AgentConfig>)| {
        format!("{number} {}/{} {}", agent.business, agent.agent, agent.version)
    };
    directory.numbers().map(route).collect()
}

/// Each mistake as its line of text.
pub(crate) fn lines(published: &Published) -> Vec<String> {
    published.mistakes.iter().map(ToString::to_string).collect()
}

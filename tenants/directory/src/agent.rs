//! An agent: persona, vendors, turns, limits.

use std::borrow::Cow;
use std::sync::Arc;

use types::{
    AgentConfig, AgentId, BargeIn, BusinessId, ChosenVendor, ConfigVersion, DtmfDigit, E164, Facts,
    Intake, KeyRules, Limits, Millis, Overflow, Persona, Recording, Tone, ToolSpec, Turns,
    VendorChoice,
};

use crate::business::read_number;
use crate::limits::{
    ANSWER_CHARS_MAX, CALL_DURATION_S, CALLS, DISCLOSURE_CHARS_MAX, DTMF_DIGITS, DTMF_ENTRY_MS,
    DTMF_GAP_MS, ENDPOINT_DELAY_MAX_MS, ENDPOINT_DELAY_MIN_MS, GREETING_CHARS_MAX,
    GREETING_PROTECTED_MS, LATE_AFTER_MS, NO_INPUT_DELAY_MS, NO_INPUT_PROMPTS, STARTS_PER_S,
    VENDOR_CHOICE_CHARS_MAX, VENDORS_MAX,
};
use crate::mistake::{listed, nearest, quoted};
use crate::rules::{
    Defaults, KnownVendor, LOCAL_BRAIN, LOCAL_RECOGNIZER, LOCAL_VOICE, Rules, VendorKey,
};
use crate::table::{Node, Table};

/// An agent before it is known whose it is.
pub(crate) struct AgentDraft {
    pub(crate) id: AgentId,
    persona: Persona,
    vendors: VendorChoice,
    turns: Turns,
    limits: Limits,
    intake: Intake,
    recording: Recording,
}

impl AgentDraft {
    /// Whether callers on top of its limits are sent to `number`.
    pub(crate) fn overflows_to(&self, number: E164) -> bool {
        self.intake.transfer_to == Some(number)
    }

    /// The agent of `business`, published with `version`.
    pub(crate) fn publish(
        self,
        business: BusinessId,
        version: ConfigVersion,
        facts: Arc<Facts>,
        tools: Arc<[ToolSpec]>,
    ) -> AgentConfig {
        let Self { id, persona, vendors, turns, limits, intake, recording } = self;
        let agent = id;
        AgentConfig {
            business,
            agent,
            version,
            persona,
            vendors,
            turns,
            limits,
            intake,
            recording,
            facts,
            tools,
        }
    }
}

/// The agent in `table`, apart from its id, which the caller has read.
pub(crate) fn read_agent(
    table: &Table<'_>,
    id: Option<AgentId>,
    rules: &Rules,
) -> Option<AgentDraft> {
    let persona = read_persona(table);
    let recording = table.need("record", "write record = true or record = false");
    let recording = recording.and_then(|node| node.truth());
    let vendors = table.need("vendors", "add [agents.vendors] with recognizer, brain and voice");
    let vendors = vendors.and_then(|node| node.table());
    let vendors = vendors.map(|table| read_vendors(&table, rules));
    let turns = match table.find("turns").and_then(|node| node.table()) {
        Some(turns) => read_turns(&turns, &rules.defaults),
        None => rules.defaults.turns.clone(),
    };
    let (limits, intake) = match table.find("limits").and_then(|node| node.table()) {
        Some(limits) => read_limits(&limits, &rules.defaults),
        None => (rules.defaults.limits.clone(), rules.defaults.intake.clone()),
    };
    let recording = if recording? { Recording::On } else { Recording::Off };
    Some(AgentDraft {
        id: id?,
        persona: persona?,
        vendors: vendors?,
        turns,
        limits,
        intake,
        recording,
    })
}

fn read_persona(table: &Table<'_>) -> Option<Persona> {
    let language = table.need("language", "write language = \"en-US\"");
    let language = language.and_then(|node| read_language(&node));
    let greeting = table.need("greeting", "the first words a caller hears");
    let greeting = greeting.and_then(|node| node.words(GREETING_CHARS_MAX));
    let disclosure = table.find("disclosure").and_then(|node| node.words(DISCLOSURE_CHARS_MAX));
    let tones = [("warm", Tone::Warm), ("brisk", Tone::Brisk), ("formal", Tone::Formal)];
    let tone = table.find("tone").and_then(|node| node.choice(&tones)).unwrap_or_default();
    Some(Persona { greeting: greeting?, disclosure, tone, language: language? })
}

/// The shape of a BCP 47 tag (RFC 5646 §2.1): language, then script, region, variants.
fn read_language(node: &Node<'_>) -> Option<String> {
    let text = node.text()?;
    let mut parts = text.split('-');
    let language = parts.next().unwrap_or_default();
    let letters = |part: &str| part.bytes().all(|byte| byte.is_ascii_lowercase());
    let subtag = |part: &str| {
        (2..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    if (2..=3).contains(&language.len()) && letters(language) && parts.all(subtag) {
        return Some(text.to_owned());
    }
    let mended = text.replace('_', "-");
    let hint = match mended.split_once('-') {
        Some((language, region)) if language.len() == 2 && subtag(region) => {
            format!("write \"{}-{}\"", language.to_ascii_lowercase(), region.to_ascii_uppercase())
        }
        Some(_) | None => "write it like \"en-US\"".to_owned(),
    };
    node.mistake(format!("{} is no language tag", quoted(text)), hint);
    None
}

fn read_vendors(table: &Table<'_>, rules: &Rules) -> VendorChoice {
    let known = &rules.vendors;
    let read = |key, known: &[KnownVendor], local| {
        let hint = format!("write {key} = [\"{local}\"]");
        let node = table.need(key, &hint);
        node.map(|node| read_vendor_list(&node, known, local)).unwrap_or_default()
    };
    let vendors = VendorChoice {
        recognizer: read("recognizer", &known.recognizer, LOCAL_RECOGNIZER),
        brain: read("brain", &known.brain, LOCAL_BRAIN),
        voice: read("voice", &known.voice, LOCAL_VOICE),
    };
    table.close();
    vendors
}

fn read_vendor_list(node: &Node<'_>, known: &[KnownVendor], local: &str) -> Vec<ChosenVendor> {
    let mut vendors: Vec<ChosenVendor> = Vec::new();
    let Some(list) = node.list(VENDORS_MAX) else {
        return vendors;
    };
    for item in list.iter() {
        let Some(chosen) = read_vendor(&item, known) else { continue };
        if vendors.iter().any(|vendor| vendor.name == chosen.name) {
            item.mistake(format!("\"{}\" stands here twice", chosen.name), "");
        }
        vendors.push(chosen);
    }
    let last = list.iter().last();
    match last.map(|last| named_by(&last)) {
        None => node.mistake("is empty", format!("write [\"{local}\"]")),
        // What names nobody has been reported above.
        Some(None) => (),
        Some(Some(last)) if is_local(&last, local) => (),
        // What is not known has been reported above, and may be a misspelled local one.
        Some(Some(last)) if known.iter().all(|vendor| vendor.name.as_str() != last) => (),
        Some(Some(last)) => {
            let what = format!("ends with {last:?}, and the last one must be local");
            node.mistake(what, format!("add \"{local}\": no caller hears silence then"));
        }
    }
    vendors
}

/// A vendor by its name alone, or in a table with what is wanted of it.
fn read_vendor(item: &Node<'_>, known: &[KnownVendor]) -> Option<ChosenVendor> {
    if !item.is_table() {
        return Some(find_vendor(item, known)?.name.into());
    }
    let table = item.table()?;
    let vendor = table.need("vendor", "write { vendor = \"…\" }");
    let vendor = vendor.and_then(|node| find_vendor(&node, known));
    let find = |key: VendorKey| {
        let node = table.find(key.name())?;
        let Some(vendor) = vendor.filter(|vendor| !vendor.takes.contains(&key)) else {
            return Some(node);
        };
        let takes: Vec<&str> = vendor.takes.iter().map(|key| key.name()).collect();
        let hint = match takes.as_slice() {
            [] => "nothing is chosen there: write its name alone".to_owned(),
            takes => format!("what is chosen there: {}", takes.join(", ")),
        };
        node.mistake(format!("\"{}\" takes no {}", vendor.name, key.name()), hint);
        None
    };
    let words = |key| find(key).and_then(|node| node.words(VENDOR_CHOICE_CHARS_MAX));
    let (model, voice) = (words(VendorKey::Model), words(VendorKey::Voice));
    let late_after = find(VendorKey::LateAfter).and_then(|node| node.number(LATE_AFTER_MS, "ms"));
    table.close();
    let late_after = late_after.map(Millis::new);
    Some(ChosenVendor { name: vendor?.name, model, voice, late_after })
}

/// The vendor that `node` names.
fn find_vendor<'k>(node: &Node<'_>, known: &'k [KnownVendor]) -> Option<&'k KnownVendor> {
    let text = node.text()?;
    let found = known.iter().find(|vendor| vendor.name.as_str() == text);
    if found.is_none() {
        let names = || known.iter().map(|vendor| vendor.name.as_str());
        let hint = match nearest(text, names()) {
            Some(near) => format!("did you mean {near:?}?"),
            None => format!("known here: {}", listed(names())),
        };
        node.mistake(format!("{} is no vendor we know", quoted(text)), hint);
    }
    found
}

/// The name in an entry of a list, right or wrong.
fn named_by(item: &Node<'_>) -> Option<String> {
    if let Some(text) = item.as_text() {
        return Some(text.to_owned());
    }
    let table = if item.is_table() { item.table()? } else { return None };
    table.find("vendor")?.as_text().map(str::to_owned)
}

/// `local` itself, or a profile of it: `local-accurate`.
fn is_local(vendor: &str, local: &str) -> bool {
    vendor.strip_prefix(local).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

fn read_turns(table: &Table<'_>, defaults: &Defaults) -> Turns {
    let turns = &defaults.turns;
    let delays = [
        ("endpoint_delay_min_ms", ENDPOINT_DELAY_MIN_MS, turns.endpoint_delay_min),
        ("endpoint_delay_max_ms", ENDPOINT_DELAY_MAX_MS, turns.endpoint_delay_max),
    ];
    let [min, max] = delays.map(|(key, range, default)| {
        let node = table.find(key);
        let ms = node.map(|node| node.number(range, "ms"));
        (node, ms.unwrap_or(Some(default.get())))
    });
    if let (Some(min_ms), Some(max_ms)) = (min.1, max.1)
        && max_ms < min_ms
    {
        let (node, what) = match (min.0, max.0) {
            (_, Some(node)) => (Some(node), format!("is {max_ms}, below the minimum, {min_ms}")),
            (Some(node), None) => (Some(node), format!("is {min_ms}, above the maximum, {max_ms}")),
            (None, None) => (None, String::new()),
        };
        if let Some(node) = node {
            let hint = "endpoint_delay_min_ms may not exceed endpoint_delay_max_ms; what is left \
                        out comes from the engine's config.toml";
            node.mistake(what, hint);
        }
    }
    let barge_ins = [("allowed", BargeIn::Allowed), ("protected", BargeIn::Protected)];
    let barge_in = table.find("barge_in").and_then(|node| node.choice(&barge_ins));
    let number = |key, range, unit| table.find(key).and_then(|node| node.number(range, unit));
    let no_input_delay = number("no_input_delay_ms", NO_INPUT_DELAY_MS, "ms");
    let no_input_prompts_max = number("no_input_prompts_max", NO_INPUT_PROMPTS, "");
    let dtmf_gap_max = number("dtmf_gap_max_ms", DTMF_GAP_MS, "ms");
    let entry_max = number("dtmf_entry_max_ms", DTMF_ENTRY_MS, "ms");
    let digits_max = number("dtmf_digits_max", DTMF_DIGITS, "keys");
    let terminators = [("#", DtmfDigit::new('#')), ("*", DtmfDigit::new('*'))];
    let terminator = table.find("dtmf_terminator").and_then(|node| node.choice(&terminators));
    let greeting_protected = number("greeting_protected_ms", GREETING_PROTECTED_MS, "ms");
    table.close();
    Turns {
        endpoint_delay_min: min.1.map_or(turns.endpoint_delay_min, Millis::new),
        endpoint_delay_max: max.1.map_or(turns.endpoint_delay_max, Millis::new),
        barge_in: barge_in.unwrap_or(turns.barge_in),
        no_input_delay: no_input_delay.map_or(turns.no_input_delay, Millis::new),
        no_input_prompts_max: no_input_prompts_max.unwrap_or(turns.no_input_prompts_max),
        dtmf_gap_max: dtmf_gap_max.map_or(turns.dtmf_gap_max, Millis::new),
        greeting_protected: greeting_protected.map_or(turns.greeting_protected, Millis::new),
        keys: KeyRules {
            entry_max: entry_max.map_or(turns.keys.entry_max, Millis::new),
            digits_max: digits_max.unwrap_or(turns.keys.digits_max),
            terminator: terminator.flatten().unwrap_or(turns.keys.terminator),
        },
    }
}

fn read_limits(table: &Table<'_>, defaults: &Defaults) -> (Limits, Intake) {
    let limits = &defaults.limits;
    let duration = table.find("call_duration_max_s");
    let duration = duration.and_then(|node| node.number(CALL_DURATION_S, "s"));
    let calls_max = table.find("calls_max").and_then(|node| node.number(CALLS, "calls"));
    let starts = table.find("starts_per_s_max").and_then(|node| node.number(STARTS_PER_S, "calls"));
    let overflows = [
        ("busy", Overflow::Busy),
        ("reject", Overflow::Reject),
        ("unavailable", Overflow::Unavailable),
        ("message", Overflow::Message),
    ];
    let overflow = table.find("overflow").and_then(|node| node.choice(&overflows));
    let overflow = overflow.unwrap_or(defaults.intake.overflow);
    let message_node = table.find("overflow_message");
    let message = message_node.and_then(|node| node.words(ANSWER_CHARS_MAX));
    let transfer_node = table.find("overflow_transfer_to");
    let transfer_to = transfer_node.and_then(|node| read_number(&node));
    if overflow != Overflow::Message {
        for node in [message_node, transfer_node].into_iter().flatten() {
            node.unmatched("is for overflow = \"message\" only", "set overflow = \"message\"");
        }
    }
    table.close();
    let limits = Limits {
        call_duration_max: duration.map_or(limits.call_duration_max, Millis::from_secs),
        calls_max: calls_max.unwrap_or(limits.calls_max),
    };
    let intake = Intake {
        starts_per_s_max: starts.unwrap_or(defaults.intake.starts_per_s_max),
        overflow,
        message: message.map_or(defaults.intake.message.clone(), Cow::Owned),
        transfer_to: transfer_to.or(defaults.intake.transfer_to),
    };
    (limits, intake)
}

//! One business: what a file says, checked.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use toml::Spanned;
use toml::de::DeTable;
use types::{AgentConfig, AgentId, BusinessId, ConfigVersion, Currency, E164, Facts, ToolSpec};

use crate::agent::{AgentDraft, read_agent};
use crate::facts::{Ground, entries, read_facts};
use crate::limits::{AGENTS_MAX, FILE_BYTES_MAX, NAME_CHARS_MAX, NUMBERS_MAX};
use crate::mistake::{Mistake, Place, listed, nearest, quoted};
use crate::rules::Rules;
use crate::stamp::Stamp;
use crate::table::{Node, Report, Table};
use crate::tools::read_tools;

/// A file's content as it was found, and what to call it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The file's name, as mistakes should show it; unique within a publish.
    pub file: String,
    /// All of it.
    pub bytes: Vec<u8>,
}

/// One business, checked.
#[derive(Clone, Debug)]
pub struct Business {
    /// The isolation key.
    pub id: BusinessId,
    /// The name as spoken.
    pub name: String,
    /// Its agents in the order of the file; at least one.
    pub agents: Vec<Arc<AgentConfig>>,
    /// The numbers that ring it.
    pub numbers: Vec<Number>,
    /// What its agents may say; all of them share it.
    pub facts: Arc<Facts>,
    /// The file it was read from.
    pub file: String,
    pub(crate) stamp: Stamp,
}

/// A number and who answers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number {
    /// The dialed number.
    pub e164: E164,
    /// One of the business's agents.
    pub agent: AgentId,
}

impl Business {
    /// The agent with this id.
    pub fn agent(&self, id: AgentId) -> Option<&Arc<AgentConfig>> {
        self.agents.iter().find(|agent| agent.agent == id)
    }

    /// Whether `number` rings it.
    pub fn has_number(&self, number: E164) -> bool {
        self.numbers.iter().any(|own| own.e164 == number)
    }
}

/// What one file claims, and whether it is sound.
pub(crate) struct Reading {
    /// The business it says it is, if that can be read.
    pub(crate) id: Option<(BusinessId, Place)>,
    /// The numbers it says are its own.
    pub(crate) claims: Vec<NumberClaim>,
    /// What is wrong with it, by place.
    pub(crate) mistakes: Vec<Mistake>,
    /// The business; absent where there is any mistake.
    pub(crate) business: Option<Arc<Business>>,
}

/// A number a file says is its own.
#[derive(Clone, Debug)]
pub(crate) struct NumberClaim {
    pub(crate) number: E164,
    pub(crate) field: String,
    pub(crate) place: Place,
    agent: Option<AgentId>,
}

/// What `source` says, under `rules`; a sound business gets `version`.
pub(crate) fn read_source(source: &Source, rules: &Rules, version: ConfigVersion) -> Reading {
    let refuse = |place: Place, what: String, hint: &str| Reading {
        id: None,
        claims: Vec::new(),
        mistakes: vec![whole_file(source, place, what, hint)],
        business: None,
    };
    if FILE_BYTES_MAX < source.bytes.len() {
        let what = format!("has {} bytes: at most {FILE_BYTES_MAX} fit", source.bytes.len());
        return refuse(Place::START, what, "");
    }
    let text = match std::str::from_utf8(&source.bytes) {
        Ok(text) => text,
        Err(error) => {
            let good = &source.bytes[..error.valid_up_to()];
            let line = 1 + good.iter().filter(|byte| **byte == b'\n').count() as u32;
            let start = good.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            let column = 1 + String::from_utf8_lossy(&good[start..]).chars().count() as u32;
            let place = Place { line, column };
            return refuse(place, "is not UTF-8".to_owned(), "save it with the encoding UTF-8");
        }
    };
    let (root, errors) = DeTable::parse_recoverable(text);
    let report = Report::new(&source.file, text, &errors);
    let draft = read_root(&root, &report, rules);
    let sound = report.is_clean();
    let mistakes = report.into_mistakes();
    let Draft { id, claims, parts } = draft;
    let business = match (id, parts) {
        (Some((id, _)), Some(parts)) if sound => {
            let stamp = Stamp::new(&source.bytes, root.get_ref());
            Some(Arc::new(publish(parts, id, &claims, (version, &source.file, stamp))))
        }
        (Some(_) | None, Some(_) | None) => None,
    };
    Reading { id, claims, mistakes, business }
}

/// A mistake that concerns a file as a whole.
fn whole_file(source: &Source, place: Place, what: String, hint: &str) -> Mistake {
    Mistake {
        file: source.file.clone(),
        line: place.line,
        column: place.column,
        field: String::new(),
        what,
        hint: Some(hint.to_owned()).filter(|hint| !hint.is_empty()),
    }
}

/// What the tree of a file says.
struct Draft {
    id: Option<(BusinessId, Place)>,
    claims: Vec<NumberClaim>,
    parts: Option<Parts>,
}

struct Parts {
    name: String,
    agents: Vec<AgentDraft>,
    facts: Facts,
    tools: Vec<ToolSpec>,
}

fn publish(
    parts: Parts,
    id: BusinessId,
    claims: &[NumberClaim],
    origin: (ConfigVersion, &str, Stamp),
) -> Business {
    let (version, file, stamp) = origin;
    let facts = Arc::new(parts.facts);
    let tools: Arc<[ToolSpec]> = parts.tools.into();
    let agents = parts.agents.into_iter();
    let agents = agents
        .map(|agent| Arc::new(agent.publish(id, version, Arc::clone(&facts), Arc::clone(&tools))));
    let numbers = claims.iter();
    let numbers =
        numbers.filter_map(|claim| claim.agent.map(|agent| Number { e164: claim.number, agent }));
    Business {
        id,
        name: parts.name,
        agents: agents.collect(),
        numbers: numbers.collect(),
        facts,
        file: file.to_owned(),
        stamp,
    }
}

fn read_root(root: &Spanned<DeTable<'_>>, report: &Report<'_>, rules: &Rules) -> Draft {
    let root = Table::root(root, report);
    let head = root.need("business", "begin with [business]").and_then(|node| node.table());
    let head = head.map(|table| read_head(&table)).unwrap_or_default();
    let mut agents = Agents::default();
    let drafts = read_agents(&root, rules, &mut agents);
    let claims = read_claims(&root, &agents, &drafts);
    let facts = root.need("facts", "add [facts]: the receptionist says nothing else");
    let facts = facts.and_then(|node| node.table()).map(|table| {
        let ground = Ground {
            name: head.name.clone().unwrap_or_default(),
            timezone: head.timezone.clone().unwrap_or(TimeZone::UTC),
            currency: head.currency.unwrap_or(Currency::Usd),
            numbers: &claims,
        };
        read_facts(&table, ground)
    });
    let tools = read_tools(&root);
    root.close();
    let parts = match (head.name, facts) {
        (Some(name), Some(facts)) => Some(Parts { name, agents: drafts, facts, tools }),
        (Some(_) | None, Some(_) | None) => None,
    };
    Draft { id: head.id, claims, parts }
}

/// The table `[business]`.
#[derive(Default)]
struct Head {
    id: Option<(BusinessId, Place)>,
    name: Option<String>,
    timezone: Option<TimeZone>,
    currency: Option<Currency>,
}

fn read_head(table: &Table<'_>) -> Head {
    let id = table.need("id", "give it a short name of a-z, 0-9 and -, never used before");
    let name = table.need("name", "the name as the receptionist should say it");
    let timezone = table.need("timezone", "write timezone = \"America/New_York\", or where it is");
    let currencies = Currency::ALL.map(|currency| (currency.code(), currency));
    let currency = table.need("currency", "write currency = \"USD\", or what it charges in");
    let head = Head {
        id: id.and_then(|node| Some((node.parsed()?, node.place()))),
        name: name.and_then(|node| node.words(NAME_CHARS_MAX)),
        timezone: timezone.and_then(|node| read_timezone(&node)),
        currency: currency.and_then(|node| node.choice(&currencies)),
    };
    table.close();
    head
}

/// The zone from the time zone data compiled in: the same on every machine, and no file is read.
fn read_timezone(node: &Node<'_>) -> Option<TimeZone> {
    let text = node.text()?;
    let zones = TimeZoneDatabase::bundled();
    if let Ok(zone) = zones.get(text) {
        return Some(zone);
    }
    let names: Vec<_> = zones.available().collect();
    let names = || names.iter().map(|name| name.as_str()).filter(|name| name.contains('/'));
    let wanted = text.trim().replace(' ', "_");
    // People write the town, or miss a letter.
    let town = names().find(|name| {
        name.rsplit('/').next().is_some_and(|town| town.eq_ignore_ascii_case(&wanted))
    });
    let hint = match town.or_else(|| nearest(&wanted, names())) {
        Some(near) => format!("did you mean {near:?}?"),
        None => "write it like \"America/New_York\"".to_owned(),
    };
    node.mistake(format!("{} is no IANA time zone", quoted(text)), hint);
    None
}

/// The agents of a file by id.
#[derive(Default)]
struct Agents {
    fields: BTreeMap<AgentId, String>,
    /// Whether an agent's id could not be read: then any name may be its.
    nameless: bool,
}

fn read_agents(root: &Table<'_>, rules: &Rules, agents: &mut Agents) -> Vec<AgentDraft> {
    let hint = "add [[agents]]: somebody has to answer";
    match root.need("agents", hint) {
        Some(node) => match node.as_list() {
            Some(list) => match list.iter().count() {
                0 => node.mistake("is empty", hint),
                len => agents.nameless = AGENTS_MAX < len,
            },
            None => agents.nameless = true,
        },
        None => agents.nameless = true,
    }
    entries(root, "agents", AGENTS_MAX, |entry| {
        let id_node = entry.need("id", "give it a short name of a-z, 0-9 and -");
        let id = id_node.and_then(|node| node.parsed());
        match (id, id_node) {
            (Some(id), Some(node)) => match agents.fields.get(&id) {
                Some(field) => node.mistake(format!("\"{id}\" is taken by {field}"), ""),
                None => {
                    agents.fields.insert(id, node.field());
                }
            },
            (Some(_) | None, Some(_) | None) => agents.nameless = true,
        }
        read_agent(entry, id, rules)
    })
}

fn read_claims(root: &Table<'_>, agents: &Agents, drafts: &[AgentDraft]) -> Vec<NumberClaim> {
    let mut fields: BTreeMap<E164, String> = BTreeMap::new();
    entries(root, "numbers", NUMBERS_MAX, |entry| {
        let node = entry.need("e164", "write e164 = \"+12125550142\", the dialed number");
        let agent = entry.need("agent", "name the agent who answers");
        let agent = agent.and_then(|node| read_answering(&node, agents));
        let node = node?;
        let number = read_number(&node)?;
        if let Some(field) = fields.get(&number) {
            node.mistake(format!("{number} stands in this file twice, first as {field}"), "");
            return None;
        }
        if drafts.iter().any(|draft| draft.overflows_to(number)) {
            let what = format!("{number} is an overflow_transfer_to: callers would go in circles");
            node.mistake(what, "send them to a line a person answers, or leave it out");
        }
        let field = node.field();
        fields.insert(number, field.clone());
        Some(NumberClaim { number, field, place: node.place(), agent })
    })
}

fn read_answering(node: &Node<'_>, agents: &Agents) -> Option<AgentId> {
    let text = node.text()?;
    let ids = || agents.fields.keys().map(AgentId::as_str);
    let known = agents.fields.keys().find(|id| id.as_str() == text);
    if known.is_none() && !agents.nameless {
        let hint = match nearest(text, ids()) {
            Some(near) => format!("did you mean {near:?}?"),
            None => format!("this file has {}", listed(ids())),
        };
        node.unmatched(format!("{} is no agent of this file", quoted(text)), hint);
    }
    known.copied()
}

/// A telephone number; the way people write it is no number, but good enough for a hint.
pub(crate) fn read_number(node: &Node<'_>) -> Option<E164> {
    if let Some(digits) = node.as_digits() {
        node.mistake("is a whole number: must be text in quotes", format!("write \"+{digits}\""));
        return None;
    }
    let text = node.text()?;
    match text.parse::<E164>() {
        Ok(number) => Some(number),
        Err(error) => {
            let digits = text.chars().filter(|c| !" -().\u{a0}".contains(*c));
            let hint = match digits.collect::<String>().parse::<E164>() {
                Ok(number) => format!("write \"{number}\""),
                Err(_) => String::new(),
            };
            node.mistake(format!("{} {error}", quoted(text)), hint);
            None
        }
    }
}

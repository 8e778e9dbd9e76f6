//! What the receptionist may say.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use types::{Contact, Currency, E164, Escalation, Facts, Faq, Hours, Policy, Service, Slug, Staff};

use crate::business::{NumberClaim, read_number};
use crate::hours::read_hours;
use crate::limits::{
    ANSWER_CHARS_MAX, DURATION_MIN, FAQS_MAX, NAME_CHARS_MAX, PHRASES_MAX, POLICIES_MAX,
    QUESTION_CHARS_MAX, SERVICES_MAX, STAFF_MAX,
};
use crate::price::read_price;
use crate::table::{Node, Table};

/// What the rest of the file says that facts depend on.
pub(crate) struct Ground<'a> {
    pub(crate) name: String,
    pub(crate) timezone: TimeZone,
    pub(crate) currency: Currency,
    pub(crate) numbers: &'a [NumberClaim],
}

/// The facts in `table`.
pub(crate) fn read_facts(table: &Table<'_>, ground: Ground<'_>) -> Facts {
    let contact = read_contact(table);
    let hours = table.need("hours", "add [facts.hours] with a line for each weekday");
    let hours = hours.and_then(|node| node.table());
    let hours = hours.map_or_else(Hours::default, |hours| read_hours(&hours));
    let services = read_services(table, ground.currency);
    let mut ids = Ids::default();
    let policies = entries(table, "policies", POLICIES_MAX, |entry| {
        let id = ids.read(entry);
        let topics = entry.find("topics").map(|node| node.phrases(PHRASES_MAX, NAME_CHARS_MAX));
        let text = needed_words(entry, "text", ANSWER_CHARS_MAX);
        Some(Policy { id: id?, topics: topics.unwrap_or_default(), text: text? })
    });
    let mut ids = Ids::default();
    let faqs = entries(table, "faqs", FAQS_MAX, |entry| {
        let id = ids.read(entry);
        let questions = entry.need("questions", "write at least one way to ask it");
        let questions = questions.map(|node| {
            let questions = node.phrases(PHRASES_MAX, QUESTION_CHARS_MAX);
            if node.as_list().is_some_and(|list| list.iter().next().is_none()) {
                node.mistake("is empty", "write at least one way to ask it");
            }
            questions
        });
        let answer = needed_words(entry, "answer", ANSWER_CHARS_MAX);
        Some(Faq { id: id?, questions: questions?, answer: answer? })
    });
    let staff = read_staff(table);
    let escalation = table.find("escalation").and_then(|node| node.table());
    let escalation = escalation.map(|table| read_escalation(&table, ground.numbers));
    table.close();
    let escalation = escalation.unwrap_or_default();
    let Ground { name, timezone, .. } = ground;
    Facts { name, timezone, hours, contact, services, policies, faqs, staff, escalation }
}

fn read_contact(table: &Table<'_>) -> Contact {
    let sentence = |key| table.find(key).and_then(|node| node.words(ANSWER_CHARS_MAX));
    Contact {
        address: sentence("address"),
        directions: sentence("directions"),
        parking: sentence("parking"),
        phone: table.find("phone").and_then(|node| read_number(&node)),
        email: table.find("email").and_then(|node| {
            let email = node.words(NAME_CHARS_MAX)?;
            let right = email.split_once('@').is_some_and(|(user, host)| {
                !user.is_empty() && is_host(host) && !email.contains(' ')
            });
            if !right {
                node.mistake(format!("{email:?} is no e-mail address"), "");
            }
            Some(email)
        }),
        website: table.find("website").and_then(|node| {
            let website = node.words(NAME_CHARS_MAX)?;
            let bare = website.trim_start_matches("https://").trim_start_matches("http://");
            if bare.len() < website.len() {
                let hint = format!("write {:?}: it is spoken", bare.trim_end_matches('/'));
                node.mistake(format!("{website:?} begins with a scheme"), hint);
            } else if !is_host(bare.split('/').next().unwrap_or_default()) || bare.contains(' ') {
                node.mistake(
                    format!("{website:?} is no web address"),
                    "write it like \"example.com\"",
                );
            }
            Some(website)
        }),
    }
}

/// Labels with dots between: enough to tell a host from a slip of the hand.
fn is_host(host: &str) -> bool {
    host.contains('.')
        && !host.contains('@')
        && host.split('.').all(|label| {
            !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        })
}

fn read_services(table: &Table<'_>, currency: Currency) -> Vec<Service> {
    let mut ids = Ids::default();
    let mut words = Words::default();
    entries(table, "services", SERVICES_MAX, |entry| {
        let id = ids.read(entry);
        let name_node = entry.need("name", "say how it is called");
        let name = name_node.and_then(|node| node.words(NAME_CHARS_MAX));
        let aliases_node = entry.find("aliases");
        let aliases = aliases_node.map(|node| node.phrases(PHRASES_MAX, NAME_CHARS_MAX));
        let price = read_price(entry, currency);
        let duration_min = entry.find("duration_min");
        let duration_min = duration_min.and_then(|node| node.number(DURATION_MIN, "minutes"));
        let note = entry.find("note").and_then(|node| node.words(ANSWER_CHARS_MAX));
        let owner = ids.latest.clone();
        if let Some(node) = name_node {
            words.add(&node, &owner);
        }
        if let Some(list) = aliases_node.and_then(|node| node.as_list()) {
            list.iter().for_each(|node| words.add(&node, &owner));
        }
        let aliases = aliases.unwrap_or_default();
        Some(Service { id: id?, name: name?, aliases, price, duration_min, note })
    })
}

fn read_staff(table: &Table<'_>) -> Vec<Staff> {
    let mut names = Words::default();
    entries(table, "staff", STAFF_MAX, |entry| {
        let name_node = entry.need("name", "say who it is");
        if let Some(node) = name_node {
            names.add(&node, &node.field());
        }
        let name = name_node.and_then(|node| node.words(NAME_CHARS_MAX));
        let aliases = entry.find("aliases").map(|node| node.phrases(PHRASES_MAX, NAME_CHARS_MAX));
        let role = entry.find("role").and_then(|node| node.words(NAME_CHARS_MAX));
        let note = entry.find("note").and_then(|node| node.words(ANSWER_CHARS_MAX));
        Some(Staff { name: name?, aliases: aliases.unwrap_or_default(), role, note })
    })
}

fn read_escalation(table: &Table<'_>, numbers: &[NumberClaim]) -> Escalation {
    let transfer_to = table.find("transfer_to").and_then(|node| {
        let number: E164 = read_number(&node)?;
        if numbers.iter().any(|claim| claim.number == number) {
            let what =
                format!("{number} rings this business itself: a transfer would go in circles");
            node.mistake(what, "name a line a person answers, or leave it out");
        }
        Some(number)
    });
    let emergency_node = table.find("emergency");
    let emergency = emergency_node.and_then(|node| node.words(ANSWER_CHARS_MAX));
    let topics_node = table.find("emergency_topics");
    let topics = topics_node.map(|node| node.phrases(PHRASES_MAX, NAME_CHARS_MAX));
    if let (Some(node), None) = (topics_node, emergency_node) {
        node.unmatched("leads nowhere without emergency", "add emergency = \"what to say then\"");
    }
    table.close();
    Escalation { transfer_to, emergency, emergency_topics: topics.unwrap_or_default() }
}

/// What `read` makes of each table in the list `key`.
pub(crate) fn entries<T>(
    table: &Table<'_>,
    key: &'static str,
    len_max: usize,
    mut read: impl FnMut(&Table<'_>) -> Option<T>,
) -> Vec<T> {
    let Some(list) = table.find(key).and_then(|node| node.list(len_max)) else {
        return Vec::new();
    };
    let read = |node: Node<'_>| {
        let entry = node.table()?;
        let value = read(&entry);
        entry.close();
        value
    };
    list.iter().filter_map(read).collect()
}

fn needed_words(table: &Table<'_>, key: &'static str, chars_max: usize) -> Option<String> {
    table.need(key, "").and_then(|node| node.words(chars_max))
}

/// The ids of a list, each at most once.
#[derive(Default)]
struct Ids {
    fields: BTreeMap<Slug, String>,
    /// Path of the latest id.
    latest: String,
}

impl Ids {
    fn read(&mut self, entry: &Table<'_>) -> Option<Slug> {
        let node = entry.need("id", "give it a short name of a-z, 0-9 and -")?;
        self.latest = node.field();
        let id: Slug = node.parsed()?;
        match self.fields.get(&id) {
            Some(field) => node.mistake(format!("\"{id}\" is taken by {field}"), ""),
            None => {
                self.fields.insert(id, self.latest.clone());
            }
        }
        Some(id)
    }
}

/// Words that lead to an entry: to one only, or nobody could tell which is meant.
#[derive(Default)]
struct Words {
    /// Words as a recognizer would write them -> owner, path.
    fields: BTreeMap<String, (String, String)>,
}

impl Words {
    fn add(&mut self, node: &Node<'_>, owner: &str) {
        // What is no text has been reported by who wanted its value.
        let Some(text) = node.as_text() else {
            return;
        };
        let key = normalized(text);
        match self.fields.get(&key) {
            Some((other, field)) if other != owner && !key.is_empty() => {
                let what = format!("{text:?} also means {field}");
                node.mistake(what, "callers who say it could mean either: keep it in one place");
            }
            Some(_) => (),
            None => {
                self.fields.insert(key, (owner.to_owned(), node.field()));
            }
        }
    }
}

/// Lower case, words apart by one space, no punctuation: how a recognizer would write it.
fn normalized(text: &str) -> String {
    let text = text.replace(['\'', '’'], "").to_lowercase();
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

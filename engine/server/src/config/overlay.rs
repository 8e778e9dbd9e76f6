//! Lays the operator's file over the shipped one; what does not fit is a mistake.

use std::fmt;

use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

/// The settings as shipped: the default of every key, and the list of all keys.
pub const SHIPPED: &str = include_str!("../../../../config.toml");

/// One thing wrong with a settings file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where.
    pub file: String,
    /// Which line, from 1.
    pub line: usize,
    /// What, beginning with the key.
    pub what: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

/// The shipped table with `text` laid over it. What does not fit is left out and reported.
pub(super) fn merge(file: &str, text: &str, mistakes: &mut Vec<Mistake>) -> Table {
    let mut merged: Table = SHIPPED.parse().expect("the shipped settings are TOML: tested");
    let mut report = |offset: usize, what: String| {
        let line = 1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count();
        mistakes.push(Mistake { file: file.to_owned(), line, what });
    };
    match DeTable::parse(text) {
        Err(error) => {
            report(error.span().map_or(0, |span| span.start), error.message().to_owned());
        }
        Ok(table) => lay_over(&mut merged, "", table.get_ref(), &mut report),
    }
    mistakes.sort_by_key(|mistake| mistake.line);
    merged
}

fn lay_over(
    under: &mut Table,
    path: &str,
    over: &DeTable<'_>,
    report: &mut impl FnMut(usize, String),
) {
    for (key, value) in over {
        let name: &str = key.get_ref();
        let full = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        let near = nearest(name, under.keys());
        match (under.get_mut(name), value.get_ref()) {
            (None, _) => {
                let hint =
                    near.map_or(String::new(), |near| format!(" (did you mean \"{near}\"?)"));
                report(key.span().start, format!("{full}: no such key{hint}"));
            }
            (Some(Value::Table(inner)), DeValue::Table(table)) => {
                lay_over(inner, &full, table, report);
            }
            (Some(old @ Value::String(_)), DeValue::String(text)) => {
                *old = Value::String(text.to_string());
            }
            (Some(old @ Value::Integer(_)), DeValue::Integer(number)) => {
                match i64::from_str_radix(number.as_str(), number.radix()) {
                    Ok(number) => *old = Value::Integer(number),
                    Err(_) => report(value.span().start, format!("{full}: number out of range")),
                }
            }
            (Some(Value::Array(old)), DeValue::Array(items)) => {
                match items.iter().map(|item| text_of(item.get_ref())).collect() {
                    Some(texts) => *old = texts,
                    None => {
                        report(value.span().start, format!("{full}: expected texts in quotes"));
                    }
                }
            }
            (Some(old), _) => {
                let wanted = if old.is_table() {
                    "a table"
                } else if old.is_array() {
                    "a list, like [\"a\", \"b\"]"
                } else if old.is_integer() {
                    "a whole number"
                } else {
                    "a text in quotes"
                };
                report(value.span().start, format!("{full}: expected {wanted}"));
            }
        }
    }
}

fn text_of(item: &DeValue<'_>) -> Option<Value> {
    item.as_str().map(|text| Value::String(text.to_owned()))
}

/// The key that differs from `name` by a slip of the finger, if there is one.
fn nearest<'a>(name: &str, keys: impl Iterator<Item = &'a String>) -> Option<String> {
    keys.map(|key| (distance(name, key), key))
        .filter(|(distance, _)| *distance <= 2)
        .min()
        .map(|(_, key)| key.clone())
}

/// Levenshtein distance in bytes: keys are ASCII.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let cost = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = cost.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

//! Whether a file, or what it says, is still the same.

use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::quality::FixedState;
use toml::de::{DeTable, DeValue};

/// Two 64-bit hashes of a file: of its bytes, and of what it says.
///
/// An edit of comments, spacing or the order of keys changes the first only. A collision would
/// make one edit in 2^64 go unnoticed until the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) bytes: u64,
    pub(crate) content: u64,
}

impl Stamp {
    /// The stamp of `bytes`, which parse to `root`.
    pub(crate) fn new(bytes: &[u8], root: &DeTable<'_>) -> Self {
        let mut content = FixedState::default().build_hasher();
        hash_table(root, &mut content);
        Self { bytes: hash_bytes(bytes), content: content.finish() }
    }
}

/// The hash of a file's bytes.
pub(crate) fn hash_bytes(bytes: &[u8]) -> u64 {
    FixedState::default().hash_one(bytes)
}

fn hash_table(table: &DeTable<'_>, hasher: &mut impl Hasher) {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by(|(a, _), (b, _)| a.get_ref().cmp(b.get_ref()));
    entries.len().hash(hasher);
    for (key, value) in entries {
        key.get_ref().hash(hasher);
        hash_value(value.get_ref(), hasher);
    }
}

fn hash_value(value: &DeValue<'_>, hasher: &mut impl Hasher) {
    value.type_str().hash(hasher);
    match value {
        DeValue::String(text) => text.hash(hasher),
        DeValue::Integer(number) => (number.as_str(), number.radix()).hash(hasher),
        DeValue::Float(number) => number.as_str().hash(hasher),
        DeValue::Boolean(truth) => truth.hash(hasher),
        DeValue::Datetime(datetime) => datetime.to_string().hash(hasher),
        DeValue::Array(items) => {
            items.len().hash(hasher);
            items.iter().for_each(|item| hash_value(item.get_ref(), hasher));
        }
        DeValue::Table(table) => hash_table(table, hasher),
    }
}

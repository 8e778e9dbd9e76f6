//! Fields that are worth having and not worth losing a message for.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

/// A value of `T`; anything else counts as absent.
#[derive(Deserialize)]
#[serde(untagged)]
enum Soft<T> {
    Value(T),
    Other(IgnoredAny),
}

/// A field's value, or `None` if it is of another kind.
pub(crate) fn soft<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(match Soft::<T>::deserialize(from)? {
        Soft::Value(value) => Some(value),
        Soft::Other(_) => None,
    })
}

/// Milliseconds out of a number that should be some; none for what cannot be a span.
pub(crate) fn millis(ms: f64) -> types::Millis {
    // Saturates, and makes 0 of what is no number.
    types::Millis::new(ms.round() as u32)
}

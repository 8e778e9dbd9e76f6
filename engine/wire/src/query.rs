//! Paths with a query, as vendors' sockets are asked for.

use crate::telnyx::percent;

/// A path and what is asked for in its query.
#[derive(Debug)]
pub(crate) struct Query {
    target: String,
    pairs: usize,
}

impl Query {
    /// `path` without a query.
    pub(crate) fn new(path: impl Into<String>) -> Self {
        Self { target: path.into(), pairs: 0 }
    }

    /// Adds a pair; both are encoded.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.target.push(if self.pairs == 0 { '?' } else { '&' });
        self.pairs += 1;
        percent::append(name, &mut self.target);
        self.target.push('=');
        percent::append(value, &mut self.target);
        self
    }

    /// Adds a pair if there is a value.
    pub(crate) fn with_some(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// The whole.
    pub(crate) fn into_target(self) -> String {
        self.target
    }
}

/// The value of `name` in the query of `target`.
pub(crate) fn value(target: &str, name: &str) -> Option<String> {
    let (_, query) = target.split_once('?')?;
    let mut pairs = percent::form(query);
    pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_found_again() {
        let target = Query::new("/v1/speak")
            .with("model", "a b&c")
            .with_some("tag", None)
            .with_some("speed", Some("1.1"))
            .into_target();
        assert_eq!(target, "/v1/speak?model=a%20b%26c&speed=1.1");
        assert_eq!(value(&target, "model").as_deref(), Some("a b&c"));
        assert_eq!(value(&target, "speed").as_deref(), Some("1.1"));
        assert_eq!(value(&target, "tag"), None);
        assert_eq!(value("/v1/speak", "model"), None);
    }
}

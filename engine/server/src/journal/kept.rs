//! Which files of the journal somebody still needs.

use std::collections::HashMap;

use types::CallId;

use super::Kind;

/// The calls whose entries are still needed, and the file in which they begin.
///
/// A call is needed while it is live, because it must be brought back if the process dies, and
/// until its record is kept elsewhere.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    begins: HashMap<CallId, u64>,
}

impl Kept {
    /// Notes an entry that stands in file `segment`.
    pub fn note(&mut self, segment: u64, kind: Kind, call: CallId) {
        match kind {
            // A call that another process goes on with begins anew.
            Kind::Began => {
                self.begins.insert(call, segment);
            }
            // A leg that was answered and never became a call has nothing but its record.
            Kind::Record => {
                self.begins.entry(call).or_insert(segment);
            }
            Kind::Closed | Kind::Folded => {
                self.begins.remove(&call);
            }
            Kind::Events | Kind::Log | Kind::Webhook | Kind::Refused => (),
        }
    }

    /// The first file that is needed; `newest` if none is.
    pub fn floor(&self, newest: u64) -> u64 {
        self.begins.values().copied().min().map_or(newest, |first| first.min(newest))
    }

    /// How many calls are needed.
    pub fn len(&self) -> usize {
        self.begins.len()
    }

    /// Whether no call is.
    pub fn is_empty(&self) -> bool {
        self.begins.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_needed_call_holds_the_floor() {
        let mut kept = Kept::default();
        let (one, two) = (CallId::new(1), CallId::new(2));
        assert_eq!(kept.floor(9), 9);
        kept.note(3, Kind::Began, one);
        kept.note(5, Kind::Began, two);
        kept.note(6, Kind::Events, two);
        assert_eq!(kept.floor(9), 3);
        kept.note(7, Kind::Record, one);
        assert_eq!(kept.floor(9), 3, "its record is nowhere else yet");
        kept.note(8, Kind::Folded, one);
        assert_eq!(kept.floor(9), 5);
        kept.note(9, Kind::Began, two);
        assert_eq!(kept.floor(9), 9, "it begins anew");
        kept.note(9, Kind::Closed, two);
        assert!(kept.is_empty());
    }
}

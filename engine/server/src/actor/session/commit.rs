//! When a reply has been heard for long enough to act on it.

use types::{CallTime, GenerationId, Millis};

/// Whoever heard less of a reply has not heard it: as the conversation has it
/// (conversation.md §7.3).
const HEARD_MIN: Millis = Millis::new(300);

/// The reply that begins to be heard, until its turn is over for good: what a brain must not do for a
/// turn that may still go on waits for that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Commit {
    pending: Option<(GenerationId, Due)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    At(CallTime),
    /// The agent is silent, perhaps for good.
    Held,
}

impl Commit {
    /// The caller hears the first of `generation` at `at`.
    pub(super) fn started(&mut self, generation: GenerationId, at: CallTime) {
        self.pending = Some((generation, Due::At(at + HEARD_MIN)));
    }

    /// The agent falls silent, for now.
    pub(super) fn held(&mut self, generation: GenerationId) {
        self.set(generation, Due::Held);
    }

    /// It goes on.
    pub(super) fn resumed(&mut self, generation: GenerationId, now: CallTime) {
        self.set(generation, Due::At(now + HEARD_MIN));
    }

    /// The reply is taken back.
    pub(super) fn cleared(&mut self, generation: GenerationId) {
        self.pending = self.pending.filter(|&(pending, _)| pending != generation);
    }

    /// Some of `generation` has been heard to its end: whether that is news.
    pub(super) fn heard(&mut self, generation: GenerationId) -> Option<GenerationId> {
        self.pending.take_if(|&mut (pending, _)| pending == generation).map(|(heard, _)| heard)
    }

    /// The reply that has been heard for long enough by now.
    pub(super) fn poll(&mut self, now: CallTime) -> Option<GenerationId> {
        let is_due = |&mut (_, due): &mut (GenerationId, Due)| match due {
            Due::At(at) => at <= now,
            Due::Held => false,
        };
        self.pending.take_if(is_due).map(|(heard, _)| heard)
    }

    fn set(&mut self, generation: GenerationId, due: Due) {
        if let Some((pending, was)) = &mut self.pending
            && *pending == generation
        {
            *was = due;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_acted_on_once_and_only_if_it_was_heard() {
        let (reply, ms) = (GenerationId::default(), CallTime::from_millis);
        let mut commit = Commit::default();
        commit.started(reply, ms(1_000));
        assert_eq!(commit.poll(ms(1_299)), None);
        assert_eq!(commit.poll(ms(1_300)), Some(reply));
        assert_eq!((commit.poll(ms(9_000)), commit.heard(reply)), (None, None));
        // Taken back before it was heard.
        commit.started(reply, ms(1_000));
        commit.held(reply);
        assert_eq!(commit.poll(ms(5_000)), None);
        commit.cleared(reply);
        assert_eq!(commit.poll(ms(9_000)), None);
        // Stopped for nothing.
        commit.started(reply, ms(1_000));
        commit.held(reply);
        commit.resumed(reply, ms(2_000));
        assert_eq!((commit.poll(ms(2_299)), commit.poll(ms(2_300))), (None, Some(reply)));
        // A reply of a word.
        commit.started(reply, ms(1_000));
        assert_eq!(commit.heard(reply), Some(reply));
    }
}

//! What became of a call, and what must be true of every one.

use call::{Action, CallSummary, LogReader, Outcome, ReplayOptions, replay};
use types::{CallTime, Dialogue, DialogueEntry, EndReason, Heard, Millis};

use crate::node::Node;
use fake_vendors::speech::Found;

/// A finished call.
#[derive(Debug)]
pub struct Report {
    /// What the call knows of itself.
    pub summary: CallSummary,
    /// What it remembers.
    pub dialogue: Dialogue,
    /// Everything it did.
    pub actions: Vec<(CallTime, Action)>,
    /// Its log.
    pub log: Vec<u8>,
    /// The agent's words that reached the caller's ear.
    pub heard: Vec<String>,
    /// The longest a caller who had asked something waited for nobody but the engine.
    pub unanswered_longest: Millis,
    /// When that was over.
    pub unanswered_at: CallTime,
    /// The longest from media that was back to the agent's voice, vendors' time not counted.
    pub mended_longest: Millis,
}

impl Report {
    /// The report of a finished call, of which the caller heard `heard`.
    pub fn new(node: &Node, heard: &[Found]) -> Self {
        let lexicon = &node.voice.lexicon;
        Self {
            summary: node.call.summary(),
            dialogue: Dialogue::clone(node.call.dialogue()),
            actions: node.actions.clone(),
            log: node.log.pending().to_vec(),
            unanswered_longest: Millis::ZERO,
            unanswered_at: CallTime::ZERO,
            mended_longest: Millis::ZERO,
            heard: heard.iter().map(|found| lexicon.word(found.word).to_owned()).collect(),
        }
    }

    /// What must be true of every call, whatever the line and the vendors did.
    ///
    /// # Panics
    /// If it is not.
    pub fn check(&self) {
        assert!(self.summary.reason.is_some(), "the call has ended for a reason");
        let finishes = self.actions.iter();
        let finishes = finishes.filter(|(_, action)| matches!(action, Action::Finish { .. }));
        assert_eq!(finishes.count(), 1, "it ended once");
        let reader = LogReader::new(&self.log).expect("a log");
        let report = replay(reader, ReplayOptions::default()).expect("whole lines");
        assert_eq!(report.outcome, Outcome::Same, "the log tells it all");
        self.check_clears();
        let waited = self.unanswered_longest;
        let at = self.unanswered_at.as_millis();
        assert!(waited <= UNANSWERED_MAX, "a caller waited {} ms, until {at} ms", waited.get());
    }

    /// What must be true where the carrier's word can be trusted: the memory holds what the caller
    /// heard, give or take the word that was being said when it was cut.
    ///
    /// # Panics
    /// If it does not.
    pub fn check_memory(&self) {
        let mut ear = self.heard.iter().map(String::as_str);
        for entry in &self.dialogue.entries {
            let DialogueEntry::Agent { text, heard, .. } = entry else { continue };
            let words: Vec<&str> = text.reveal().split_whitespace().collect();
            let doubtful = match heard {
                Heard::Whole => 0,
                Heard::Cut => 1,
            };
            for (place, word) in words.iter().enumerate() {
                if words.len() <= place + doubtful {
                    break;
                }
                // Words of replies that count as never heard may lie between.
                let found = ear.by_ref().any(|heard| heard == *word);
                assert!(found, "{word:?} of {:?} was not heard", text.reveal());
            }
        }
    }

    fn check_clears(&self) {
        let mut cleared = Vec::new();
        for (_, action) in &self.actions {
            if let Action::ClearPlayout { generation } = action {
                assert!(!cleared.contains(generation), "one clear per generation");
                cleared.push(*generation);
            }
        }
    }

    /// How it ended.
    ///
    /// # Panics
    /// If it has not.
    pub fn reason(&self) -> EndReason {
        self.summary.reason.expect("the call has ended")
    }

    /// The caller's turns as understood.
    pub fn questions(&self) -> Vec<String> {
        let entries = self.dialogue.entries.iter().filter_map(|entry| match entry {
            DialogueEntry::Caller { text, .. } => Some(text.reveal().clone()),
            DialogueEntry::Keys { digits, .. } => Some(digits.reveal().clone()),
            DialogueEntry::Agent { .. } | DialogueEntry::NoInput { .. } => None,
        });
        entries.collect()
    }

    /// How many actions `is` is true of.
    pub fn count(&self, is: impl Fn(&Action) -> bool) -> usize {
        self.actions.iter().filter(|(_, action)| is(action)).count()
    }
}

/// What a caller who asked something may wait for the engine alone.
const UNANSWERED_MAX: Millis = Millis::from_secs(3);

//! What a reply is made of: the business's facts, the moment, and the sentences said so far.

use jiff::Timestamp;
use jiff::civil::DateTime;
use types::{AgentConfig, CitedText, E164, FactId, Facts, Tone, WallTime};

use crate::phrase::pick;

/// One business at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Desk<'a> {
    /// The agent on duty.
    pub(crate) agent: &'a AgentConfig,
    /// What the business lets it say.
    pub(crate) facts: &'a Facts,
    /// The caller's number, if shown.
    pub(crate) caller: Option<E164>,
    /// The business's local time.
    pub(crate) now: DateTime,
}

impl<'a> Desk<'a> {
    /// The desk of `agent` at `now`.
    pub(crate) fn new(agent: &'a AgentConfig, caller: Option<E164>, now: WallTime) -> Self {
        // A moment beyond year 9999 has no calendar; any will do.
        let moment =
            Timestamp::from_millisecond(now.as_unix_millis()).unwrap_or(Timestamp::UNIX_EPOCH);
        let now = moment.to_zoned(agent.facts.timezone.clone()).datetime();
        Self { agent, facts: &agent.facts, caller, now }
    }

    /// The manner of speaking.
    pub(crate) fn tone(&self) -> Tone {
        self.agent.persona.tone
    }

    /// The one of three wordings that fits the tone.
    pub(crate) fn pick<'t>(&self, warm: &'t str, brisk: &'t str, formal: &'t str) -> &'t str {
        pick(self.tone(), warm, brisk, formal)
    }
}

/// Sentences with their sources.
#[derive(Clone, Debug, Default)]
pub(crate) struct Speech {
    /// The sentences so far.
    pub(crate) sentences: Vec<CitedText>,
}

impl Speech {
    /// Adds a sentence that states no fact.
    pub(crate) fn say(&mut self, text: impl Into<String>) {
        self.cite(text, &[]);
    }

    /// Adds a sentence and the facts its figures come from.
    pub(crate) fn cite(&mut self, text: impl Into<String>, cites: &[FactId]) {
        let text = text.into();
        // The same sentence twice in one reply helps nobody: two questions with one answer.
        if !text.is_empty() && !self.sentences.iter().any(|said| said.text == text) {
            self.sentences.push(CitedText { text, cites: cites.to_vec() });
        }
    }
}

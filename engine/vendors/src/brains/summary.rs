//! A long call's beginning in short, made by the model while the caller listens or speaks.

use types::{Dialogue, DialogueEntry};
use wire::chat::Delta;

use super::family::{MayCall, Message, Prompt};
use super::stream::Line;

/// The beginning of a call in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Summary {
    /// How many entries of the dialogue it tells of.
    pub(crate) entries: usize,
    /// What it says.
    pub(crate) text: String,
}

/// Entries at the end that are never summed up: what the talk is about right now.
pub(crate) const ENTRIES_KEPT: usize = 8;

/// The longest summary.
const TOKENS_MAX: u32 = 250;

/// Its bytes: a model that does not stop is stopped.
const BYTES_MAX: usize = 1_500;

const TASK: &str = "\
You keep the notes of a telephone call for the agent who leads it. Write what matters for the rest \
of the call in at most 120 words of plain text: who calls and why, what was asked and answered, what \
was agreed or refused, what is still open. Keep names, numbers, times and prices exactly as they \
were said. Write nothing that was not said.";

/// Sums up all but the last entries of `dialogue`, on top of an `earlier` summary. None if the
/// model fails: the call goes on with its end alone.
pub(crate) async fn summarize(
    line: &Line,
    dialogue: &Dialogue,
    earlier: Option<Summary>,
) -> Option<Summary> {
    let entries = dialogue.entries.len().checked_sub(ENTRIES_KEPT)?;
    let from = earlier.as_ref().map_or(0, |earlier| earlier.entries);
    if entries <= from {
        return None;
    }
    let mut text = earlier.map(|earlier| format!("So far: {}\n", earlier.text)).unwrap_or_default();
    for entry in &dialogue.entries[from..entries] {
        let (who, words) = match entry {
            DialogueEntry::Caller { text, .. } => ("Caller", text.reveal().as_str()),
            DialogueEntry::Keys { digits, .. } => ("Caller's keys", digits.reveal().as_str()),
            DialogueEntry::Agent { text, .. } => ("Agent", text.reveal().as_str()),
            DialogueEntry::NoInput { .. } => continue,
        };
        text.push_str(who);
        text.push_str(": ");
        text.push_str(words);
        text.push('\n');
    }
    let prompt = Prompt {
        system: TASK.into(),
        messages: vec![Message::Caller { text, moment: None }],
        tools: [].into(),
        may_call: MayCall::No,
        tokens_max: TOKENS_MAX,
    };
    let mut stream = line.ask(&prompt).await.ok()?;
    let mut text = String::new();
    while let Some(delta) = stream.next().await.ok()? {
        if let Delta::Text(more) = delta {
            text.push_str(&more);
        }
        if BYTES_MAX < text.len() {
            break;
        }
    }
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then_some(Summary { entries, text })
}

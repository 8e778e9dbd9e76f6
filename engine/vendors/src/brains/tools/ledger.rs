//! What tools have done in a call, whatever became of the reply they were called for.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use types::TurnId;

use super::super::family::{Outcome, ToolResult};

/// Something a tool has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Done {
    /// The id of its call.
    pub(crate) id: String,
    /// Which tool.
    pub(crate) name: String,
    /// With which arguments, as JSON.
    pub(crate) arguments: String,
    /// What it gave back.
    pub(crate) result: String,
}

/// Calls remembered; later ones are not told to the model unless their words were heard.
const DONE_MAX: usize = 32;

/// Ids remembered; beyond them every call gets one of ours.
const IDS_MAX: usize = 1_000;

/// Remembers calls of tools that change something: a model that asks for the same again within a
/// turn gets the first result, and one whose reply went unheard still learns what was done.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<Book>);

#[derive(Debug, Default)]
struct Book {
    entries: Vec<Entry>,
    /// Ids of all calls so far: models use theirs again.
    ids: BTreeSet<String>,
    /// Calls that were given an id of ours.
    renamed: u32,
}

#[derive(Debug)]
struct Entry {
    turn: TurnId,
    done: Done,
    outcome: Option<Outcome>,
}

impl Ledger {
    fn lock(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `id`, or one of ours if a call of this conversation has had it: nine characters, which even
    /// the pickiest of templates takes.
    pub(crate) fn unique(&self, id: String) -> String {
        let mut book = self.lock();
        if book.ids.len() < IDS_MAX && book.ids.insert(id.clone()) {
            return id;
        }
        book.renamed = book.renamed.wrapping_add(1);
        format!("call{:05}", book.renamed % 100_000)
    }

    /// The result of the same call within the same turn, if there was one.
    pub(crate) fn again(&self, turn: TurnId, name: &str, arguments: &str) -> Option<ToolResult> {
        let book = self.lock();
        let same = |entry: &&Entry| {
            entry.turn == turn && entry.done.name == name && entry.done.arguments == arguments
        };
        let entry = book.entries.iter().find(same)?;
        Some(ToolResult {
            call: entry.done.id.clone(),
            content: entry.done.result.clone(),
            outcome: entry.outcome.unwrap_or(Outcome::Failed),
        })
    }

    /// A call has begun: until it ends, its outcome is unknown.
    pub(crate) fn begin(&self, turn: TurnId, done: Done) {
        let mut book = self.lock();
        if book.entries.len() < DONE_MAX {
            book.entries.push(Entry { turn, done, outcome: None });
        }
    }

    /// It has ended.
    pub(crate) fn end(&self, result: &ToolResult) {
        let mut book = self.lock();
        if let Some(entry) = book.entries.iter_mut().find(|entry| entry.done.id == result.call) {
            entry.done.result.clone_from(&result.content);
            entry.outcome = Some(result.outcome);
        }
    }

    /// All that was done.
    pub(crate) fn all(&self) -> Vec<Done> {
        self.lock().entries.iter().map(|entry| entry.done.clone()).collect()
    }
}

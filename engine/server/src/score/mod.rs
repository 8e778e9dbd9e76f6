//! Recordings of questions against what the reply must hold: how often is the agent right?
//!
//! ```text
//! expected.toml --> Sheet --recording--> listen --words--> answer --Reply--> judge --> Report
//! ```
//!
//! Anybody's folder of recordings can be scored: the format is described in `fixtures/README.md`.

mod answer;
mod facts;
mod listen;
mod report;
mod sheet;
mod verdict;
mod words;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use directory::Rules;
use speech::Vad;
use thiserror::Error;
use vendor::{Brain, Recognizer};

pub use answer::{AnswerError, answer};
pub use facts::{FactPattern, all_facts, figures_in_names, figures_of, says_closed};
pub use listen::{ListenError, Readings, listen};
pub use report::{Group, Item, REPORT_FORMAT, RIGHT_PERCENT_MIN, Report, Tally};
pub use sheet::{
    Expected, Outcome, Question, Recording, SHEET_FILE, SHEET_FORMAT, Sheet, SheetError,
    find_sheets, read_sheet,
};
pub use verdict::{Reply, Verdict, judge};
pub use words::{contains, figures, normalized, word_errors};

/// How the words of a recording are come by.
#[derive(Clone, Copy)]
pub enum Ears<'a> {
    /// As in a call.
    Local {
        /// The detector's weights.
        vad: &'a Vad,
        /// Who turns speech into text.
        recognizer: &'a dyn Recognizer,
    },
    /// The words that were said, as if they had been heard perfectly: what the brain makes of them.
    Perfect,
    /// What somebody else heard, by the recordings' file names. What is not there was not heard.
    Told(&'a BTreeMap<String, Readings>),
}

/// Who hears and answers.
#[derive(Clone, Copy)]
pub struct Cast<'a> {
    /// Who hears.
    pub ears: Ears<'a>,
    /// Who thinks of the reply.
    pub brain: &'a dyn Brain,
}

/// Why a folder could not be scored.
#[derive(Debug, Error)]
pub enum ScoreError {
    /// Its sheet is not in order.
    #[error(transparent)]
    Sheet(#[from] SheetError),
    /// A recording could not be heard.
    #[error("{file}: {source}")]
    Listen {
        /// Which.
        file: String,
        /// Why.
        #[source]
        source: ListenError,
    },
    /// A question could not be answered.
    #[error("{file}: {source}")]
    Answer {
        /// Of which recording.
        file: String,
        /// Why.
        #[source]
        source: AnswerError,
    },
}

/// Scores the set in `dir`, or each set right below it, on `threads` threads. `progress` is told
/// how many recordings are done, of how many.
///
/// # Errors
/// [`ScoreError`]: a sheet that is not in order, or the first recording that could not be run.
pub fn score(
    dir: &Path,
    rules: &Rules,
    cast: Cast<'_>,
    threads: usize,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Report, ScoreError> {
    let mut sheets = Vec::new();
    for dir in find_sheets(dir)? {
        sheets.push(read_sheet(&dir, rules)?);
    }
    let work: Vec<(&Sheet, &Question, &Recording)> = sheets
        .iter()
        .flat_map(|sheet| sheet.questions.iter().map(move |question| (sheet, question)))
        .flat_map(|(sheet, question)| {
            question.recordings.iter().map(move |recording| (sheet, question, recording))
        })
        .collect();
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let results = Mutex::new(Vec::with_capacity(work.len()));
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, work.len().max(1)) {
            scope.spawn(|| {
                while let Some((sheet, question, recording)) =
                    work.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let item = run(&sheet.set, question, recording, cast);
                    if item.is_err() {
                        // The first error ends the score: the others stop after what they are at.
                        next.store(work.len(), Ordering::Relaxed);
                    }
                    results.lock().unwrap_or_else(PoisonError::into_inner).push(item);
                    progress(1 + done.fetch_add(1, Ordering::Relaxed), work.len());
                }
            });
        }
    });
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut items = results.into_iter().collect::<Result<Vec<Item>, ScoreError>>()?;
    items.sort_by(|a, b| (&a.set, &a.file).cmp(&(&b.set, &b.file)));
    Ok(Report::new(items))
}

fn run(
    set: &str,
    question: &Question,
    recording: &Recording,
    cast: Cast<'_>,
) -> Result<Item, ScoreError> {
    let file = recording.path.display().to_string();
    let heard = match cast.ears {
        Ears::Local { vad, recognizer } => {
            listen(&recording.path, vad, recognizer, &question.agent().facts)
                .map_err(|source| ScoreError::Listen { file: file.clone(), source })?
        }
        Ears::Perfect => Some(Readings { text: question.text.clone(), others: Vec::new() }),
        Ears::Told(words) => {
            let name = recording.path.file_name().unwrap_or_default().to_string_lossy();
            words.get(name.as_ref()).cloned()
        }
    };
    let heard = heard.filter(|heard| !heard.text.trim().is_empty());
    let (reply, verdict) = match &heard {
        // A caller who was not heard is asked whether they are still there.
        None => (Reply::default(), Verdict::AskedAgain),
        Some(heard) => {
            let agent = question.agent();
            let before = question.before.iter();
            let before = before.map(|text| Readings { text: text.clone(), others: Vec::new() });
            let said: Vec<Readings> = before.chain([heard.clone()]).collect();
            let reply = answer(cast.brain, agent, question.now, &said)
                .map_err(|source| ScoreError::Answer { file: file.clone(), source })?;
            let verdict = judge(&question.expected, &agent.facts, &heard.text, &reply);
            (reply, verdict)
        }
    };
    let reference = normalized(&question.text);
    let (heard, others) = match heard {
        Some(heard) => (Some(heard.text), heard.others),
        None => (None, Vec::new()),
    };
    Ok(Item {
        set: set.to_owned(),
        label: recording.label.clone(),
        question: question.id.clone(),
        file,
        outcome: question.expected.outcome,
        text: question.text.clone(),
        words: reference.len(),
        word_errors: word_errors(&reference, &normalized(heard.as_deref().unwrap_or_default())),
        heard,
        others,
        reply: reply.text,
        cites: reply.cites.iter().map(ToString::to_string).collect(),
        verdict,
    })
}

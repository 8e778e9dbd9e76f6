//! What was seen, against what a caller may be made to bear.

use std::fmt;

use types::Millis;

use super::cases::{Adapter, Case, Duty, Row};
use super::seen::{Outcome, Seen, apart};

/// Words of a reply that may be said twice: a voice that tells no word's place is taken to have said 14
/// characters a second, and the fake ones are faster.
const TWICE_MAX: usize = 4;

/// All that was seen.
#[derive(Debug)]
pub struct Matrix {
    cells: Vec<Cell>,
    normals: Vec<(Adapter, Normal)>,
    void: usize,
}

/// A vendor without faults.
#[derive(Clone, Debug)]
struct Normal {
    response: Millis,
    gap: Millis,
    words: Vec<String>,
}

/// What one fault of one vendor came to.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Which.
    pub case: Case,
    /// What the caller heard.
    pub outcome: Outcome,
    /// The longest silence beyond the normal one: before the reply, or within it. None if nothing was
    /// heard at all.
    pub silence: Option<Millis>,
    /// Words lost or made up: of the caller's, or, if a voice failed, of the reply.
    pub words: usize,
    /// Words of the reply that were said twice.
    pub twice: usize,
    /// What the engine said.
    pub told: String,
}

impl Matrix {
    pub(super) fn of(all: Vec<Seen>) -> Self {
        let void = all.iter().filter(|seen| !seen.is_sound).count();
        let mut normals = Vec::new();
        for adapter in Adapter::ALL {
            let is_its = |seen: &&Seen| seen.case.adapter == adapter && seen.case.trouble.is_none();
            let mut calls: Vec<&Seen> = all.iter().filter(is_its).collect();
            calls.sort_by_key(|seen| seen.response);
            if let Some(middle) = calls.get(calls.len() / 2) {
                let response = middle.response.unwrap_or(Millis::ZERO);
                let words = calls.iter().map(|seen| seen.heard.clone()).max_by_key(Vec::len);
                let normal = Normal { response, gap: middle.gap, words: words.unwrap_or_default() };
                normals.push((adapter, normal));
            }
        }
        let failed = all.iter().filter(|seen| seen.case.trouble.is_some());
        let cells = failed.filter_map(|seen| {
            let (_, normal) = normals.iter().find(|(of, _)| *of == seen.case.adapter)?;
            Some(Cell::of(seen, normal))
        });
        Self { cells: cells.collect(), normals, void }
    }

    /// What each fault came to.
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// The cell of `row` for `adapter`.
    pub(super) fn cell(&self, adapter: Adapter, row: &Row) -> Option<&Cell> {
        let trouble = Some((row.fault, row.when));
        self.cells.iter().find(|cell| cell.case == Case { adapter, trouble })
    }

    /// How long a caller waits for a reply where nothing fails.
    pub(super) fn normal(&self, adapter: Adapter) -> Option<Millis> {
        let normal = self.normals.iter().find(|(of, _)| *of == adapter);
        normal.map(|(_, normal)| normal.response)
    }

    /// Calls whose callers were late themselves, each time.
    pub fn void(&self) -> usize {
        self.void
    }

    /// The longest silence beyond the normal one.
    pub fn silence_max(&self) -> Millis {
        self.cells.iter().filter_map(|cell| cell.silence).max().unwrap_or(Millis::ZERO)
    }

    /// What a caller should not have to bear.
    pub fn complaints(&self) -> Vec<String> {
        let of_cell = |cell: &Cell| {
            cell.complaints()
                .into_iter()
                .map(|what| format!("{}: {what}", cell.case.name()))
                .collect::<Vec<_>>()
        };
        let mut complaints: Vec<String> = self.cells.iter().flat_map(of_cell).collect();
        let without = self.normals.iter().filter(|(_, normal)| normal.response == Millis::ZERO);
        complaints.extend(
            without.map(|(adapter, _)| format!("{}: no reply without a fault", adapter.name)),
        );
        complaints
    }
}

impl Cell {
    fn of(seen: &Seen, normal: &Normal) -> Self {
        let before = seen.response.map(|response| response.saturating_sub(normal.response));
        let within = seen.gap.saturating_sub(normal.gap);
        let (words, twice) = match seen.case.adapter.duty {
            Duty::Recognize | Duty::Think => (seen.misunderstood, 0),
            Duty::Speak => {
                let (lost, twice) = apart(&normal.words, seen.heard.clone());
                (lost + seen.late, twice)
            }
        };
        Self {
            case: seen.case,
            outcome: seen.outcome,
            silence: before.map(|before| before.max(within)),
            words,
            twice,
            told: seen.told.clone(),
        }
    }

    fn complaints(&self) -> Vec<String> {
        let max = self.case.silence_max();
        let mut complaints = Vec::new();
        match (self.silence, self.outcome) {
            (None, _) | (_, Outcome::Silence) => complaints.push("nothing was heard".to_owned()),
            (Some(silence), _) if max < silence => complaints.push(format!(
                "{} more silence than usual, {} at most",
                seconds(silence),
                seconds(max)
            )),
            (Some(_), _) => (),
        }
        match self.outcome {
            Outcome::Apology | Outcome::AskedAgain => {
                complaints.push(format!("the caller was not answered: {}", self.told));
            }
            Outcome::Reply | Outcome::ReplyByNext | Outcome::ReplyAfter | Outcome::Silence => (),
        }
        if 0 < self.words {
            complaints.push(format!("{} words lost or made up", self.words));
        }
        if TWICE_MAX < self.twice {
            complaints.push(format!("{} words said twice, {TWICE_MAX} at most", self.twice));
        }
        complaints
    }
}

impl fmt::Display for Cell {
    /// Outcome, silence beyond the normal one, words lost.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.outcome.name())?;
        if let Some(silence) = self.silence {
            write!(f, ", {:.1}", f64::from(silence.get()) / 1_000.0)?;
        }
        match (self.words, self.twice) {
            (0, 0) => write!(f, ", 0"),
            (0, twice) => write!(f, ", 0 ({twice} twice)"),
            (words, _) => write!(f, ", **{words}**"),
        }
    }
}

/// A span in words of a page.
pub(super) fn seconds(span: Millis) -> String {
    format!("{:.2} s", f64::from(span.get()) / 1_000.0)
}

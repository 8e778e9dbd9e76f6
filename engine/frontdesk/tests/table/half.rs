//! One half of the table with the businesses it calls.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use types::AgentConfig;

use crate::judge::{Judged, judge};
use crate::row::{Row, rows};
use crate::support::{Talk, fixtures, read_business};

/// A half of the table.
pub(crate) struct Half {
    /// "tuned" or "held-out".
    pub(crate) name: &'static str,
    /// Its rows.
    pub(crate) rows: Vec<Row>,
    /// The businesses its rows call, by name, with their trades.
    businesses: BTreeMap<String, (AgentConfig, String)>,
    /// What is malformed, without a word of any row.
    pub(crate) flaws: Vec<String>,
}

/// The verdicts on a half.
pub(crate) struct JudgedHalf {
    /// Which.
    pub(crate) name: &'static str,
    /// One per row.
    pub(crate) rows: Vec<(Row, Judged)>,
    /// How many trades its rows call.
    pub(crate) trades: usize,
}

/// The number of a caller who shows one.
const CALLER: &str = "+12125550199";

impl Half {
    /// The half `name`; an absent file has no rows.
    pub(crate) fn load(name: &'static str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/table");
        let text = std::fs::read_to_string(folder.join(format!("{name}.tsv"))).unwrap_or_default();
        let (rows, mut flaws) = rows(&text);
        let mut businesses = BTreeMap::new();
        for row in &rows {
            if businesses.contains_key(&row.business) {
                continue;
            }
            match find(&folder.join("businesses").join(name), &row.business) {
                Some(path) => {
                    businesses.insert(row.business.clone(), read_business(&path));
                }
                None => flaws.push(format!("line {}: no such business", row.line)),
            }
        }
        Self { name, rows, businesses, flaws }
    }

    /// Calls every business, asks every row's question.
    pub(crate) fn judge(&self) -> JudgedHalf {
        let mut judged = Vec::new();
        let mut trades: Vec<&str> = Vec::new();
        for row in &self.rows {
            let Some((_, trade)) = self.businesses.get(&row.business) else { continue };
            trades.push(trade);
            judged.extend(self.judge_row(row).map(|verdict| (row.clone(), verdict)));
        }
        trades.sort_unstable();
        trades.dedup();
        JudgedHalf { name: self.name, trades: trades.len(), rows: judged }
    }

    /// Calls the row's business and asks its question.
    pub(crate) fn judge_row(&self, row: &Row) -> Option<Judged> {
        let (agent, _) = self.businesses.get(&row.business)?;
        let mut talk = Talk::new(agent.clone(), &row.now);
        if row.shows_number {
            talk = talk.from(CALLER);
        }
        let mut reply = None;
        for turn in &row.turns {
            reply = Some(talk.say(turn));
        }
        reply.map(|reply| judge(row, &reply))
    }
}

fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    let file = format!("{name}.toml");
    let paths = [folder.join(&file), fixtures().join("businesses").join(&file)];
    paths.into_iter().find(|path| path.is_file())
}

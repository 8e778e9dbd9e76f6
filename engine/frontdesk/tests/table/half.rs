//! One half of the table with the businesses it calls.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use frontdesk::{Context, General, Meanings, Reply, Sight, reply_by_meaning, unanswered};
use types::AgentConfig;
use vendor::Meaning as _;

use crate::judge::{Judged, judge};
use crate::row::{Row, rows};
use crate::sight::Model;
use crate::support::{Talk, fixtures, read_business};

/// A half of the table.
pub(crate) struct Half {
    /// "tuned" or "held-out".
    pub(crate) name: &'static str,
    /// Its rows.
    pub(crate) rows: Vec<Row>,
    /// The businesses its rows call, by name, with their trades.
    businesses: BTreeMap<String, (AgentConfig, String)>,
    /// What the rows of the businesses mean.
    pub(crate) sight: Option<(Arc<Model>, BTreeMap<String, Meanings>)>,
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
            match find(&folder.join("businesses").join(folder_of(name)), &row.business) {
                Some(path) => {
                    businesses.insert(row.business.clone(), read_business(&path));
                }
                None => flaws.push(format!("line {}: no such business", row.line)),
            }
        }
        Self { name, rows, businesses, sight: None, flaws }
    }

    /// From now on rows are answered by meaning, too, as `model` sees it.
    pub(crate) fn see(&mut self, model: &Arc<Model>, general: &Arc<General>) {
        let of = |agent: &AgentConfig| Meanings::of(&agent.facts, general.clone(), &**model);
        let meanings = self.businesses.iter();
        let meanings = meanings.filter_map(|(name, (agent, _))| Some((name.clone(), of(agent)?)));
        let meanings = meanings.collect();
        self.sight = Some((model.clone(), meanings));
    }

    /// Keeps what the model of meaning has worked out.
    pub(crate) fn keep(&self) {
        if let Some((model, _)) = &self.sight {
            model.keep();
        }
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
            reply = Some(self.say(row, &mut talk, turn));
        }
        let reply = reply?;
        Some(judge(row, &reply))
    }

    /// The agent of the business `name`, which any row of the half calls.
    pub(crate) fn agent(&self, name: &str) -> Option<AgentConfig> {
        self.businesses.get(name).map(|(agent, _)| agent.clone())
    }

    /// Says `words` in `talk` and hears the whole reply.
    pub(crate) fn say(&self, row: &Row, talk: &mut Talk, words: &str) -> Reply {
        let seen = self
            .sight
            .as_ref()
            .and_then(|(model, meanings)| Some((model, meanings.get(&row.business)?)));
        let words = [words.to_owned()];
        let Some((model, meanings)) = seen else { return talk.say(&words[0]) };
        talk.say_readings(&words);
        let direction = model.embed(&unanswered(&talk.dialogue)).expect("the model works");
        let context = Context {
            agent: &talk.agent,
            caller: talk.caller,
            dialogue: &talk.dialogue,
            now: talk.now,
        };
        let reply = reply_by_meaning(&context, Sight { meanings, direction: &direction });
        talk.hear(&reply);
        reply
    }
}

/// Both halves that may be read call the same businesses.
fn folder_of(half: &str) -> &str {
    if half == "fresh" { "tuned" } else { half }
}

fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    let file = format!("{name}.toml");
    let paths = [folder.join(&file), fixtures().join("businesses").join(&file)];
    paths.into_iter().find(|path| path.is_file())
}

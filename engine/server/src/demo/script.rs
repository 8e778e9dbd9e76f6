//! The calls of a demo as they stand in its script file.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use caller::{Ending, Question, Script};
use serde::Deserialize;
use thiserror::Error;
use types::{BusinessId, Millis, SampleRate};

use super::DemoError;
use crate::score::{FactPattern, normalized};

/// How long a caller who has said goodbye waits for the agent to hang up.
const HANG_UP_WAIT: Millis = Millis::from_secs(8);

/// The format of scripts that this program reads.
const SCRIPT_FORMAT: u32 = 1;

/// A script that cannot be used.
#[derive(Debug, Error)]
pub enum ScriptError {
    /// It cannot be read.
    #[error("{}: {source} (run from the repository, or give --script)", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// It does not say what it should.
    #[error("{}: {source}", path.display())]
    Form {
        /// Which file.
        path: PathBuf,
        /// Where and what.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// It is of another format than this program reads.
    #[error("{}: format {format} is not {SCRIPT_FORMAT}, the one this program reads", path.display())]
    Version {
        /// Which file.
        path: PathBuf,
        /// What it says it is.
        format: u32,
    },
    /// A recording cannot be used.
    #[error(transparent)]
    Audio(#[from] caller::AudioError),
}

/// A demo's calls.
#[derive(Clone, Debug)]
pub struct DemoScript {
    dir: PathBuf,
    /// Where the sample businesses lie.
    pub businesses: PathBuf,
    /// What is changed on disk while a call is up.
    pub reload: Reload,
    /// The calls, in order.
    pub calls: Vec<DemoCall>,
}

/// A price that changes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reload {
    business: BusinessId,
    service: String,
    price_old: String,
    price_new: String,
}

/// One call.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoCall {
    /// Its name in the script.
    pub id: String,
    /// Whom it rings.
    pub business: BusinessId,
    /// Whose voice asks.
    pub voice: String,
    /// It is placed once the reply to this line (call, line) was heard.
    #[serde(default)]
    pub after_line: Option<(String, String)>,
    /// What is said, in order.
    #[serde(rename = "line")]
    pub lines: Vec<DemoLine>,
}

/// Something a caller says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoLine {
    /// Its name within the call.
    pub id: String,
    /// The recording.
    pub audio: PathBuf,
    /// The words in it.
    pub text: String,
    /// It is said this long after the first sound of the reply before it.
    #[serde(default)]
    pub interrupts_after_ms: Option<u32>,
    /// What comes of it.
    #[serde(default = "answer")]
    pub outcome: crate::score::Outcome,
    #[serde(default)]
    facts: Vec<String>,
    #[serde(default)]
    facts_any: Vec<String>,
    #[serde(default)]
    also: Vec<String>,
    #[serde(default)]
    say: Vec<Vec<String>>,
}

fn answer() -> crate::score::Outcome {
    crate::score::Outcome::Answer
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawScript {
    format: u32,
    businesses: PathBuf,
    /// The instant the texts were written for; the demo itself runs in the present.
    #[serde(rename = "now")]
    _now: String,
    reload: Reload,
    call: Vec<DemoCall>,
}

impl DemoScript {
    /// Reads the script in `path`.
    ///
    /// # Errors
    /// [`ScriptError`].
    pub fn read(path: &Path) -> Result<Self, ScriptError> {
        let text = fs::read_to_string(path)
            .map_err(|source| ScriptError::Read { path: path.to_owned(), source })?;
        let raw: RawScript = toml::from_str(&text).map_err(|source| ScriptError::Form {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        let dir = path.parent().unwrap_or(Path::new(".")).to_owned();
        if raw.format != SCRIPT_FORMAT {
            return Err(ScriptError::Version { path: path.to_owned(), format: raw.format });
        }
        Ok(Self { businesses: dir.join(raw.businesses), dir, reload: raw.reload, calls: raw.call })
    }

    /// What the caller of `call` does, with recordings at `rate`.
    pub(super) fn caller_script(
        &self,
        call: &DemoCall,
        rate: SampleRate,
    ) -> Result<Script, ScriptError> {
        let mut questions = Vec::new();
        for line in &call.lines {
            let audio: Arc<[i16]> = caller::audio::load(self.dir.join(&line.audio), rate)?.into();
            questions.push(Question { label: line.id.clone(), audio });
        }
        let interruption = call
            .lines
            .iter()
            .enumerate()
            .find_map(|(number, line)| Some((number, Millis::new(line.interrupts_after_ms?))));
        let ending = Ending::WaitForAgent(HANG_UP_WAIT);
        Ok(Script::interrupted(questions, interruption, ending))
    }
}

impl DemoCall {
    /// Whether this call waits for a line of `other`.
    pub(super) fn follows(&self, other: &str) -> bool {
        self.after_line.as_ref().is_some_and(|(call, _)| call == other)
    }
}

impl DemoLine {
    /// What is missing from a reply with these citations and words; nothing if it is right.
    /// A reply that was interrupted is judged by its facts only.
    pub(super) fn shortfall(
        &self,
        cites: &[types::FactId],
        said: &str,
        interrupted: Interrupted,
    ) -> Option<String> {
        let cited = |pattern: &String| {
            let pattern = FactPattern::new(pattern);
            cites.iter().any(|fact| pattern.matches(fact))
        };
        if let Some(missing) = self.facts.iter().find(|pattern| !cited(pattern)) {
            return Some(format!("does not tell {missing}"));
        }
        if !self.facts_any.is_empty() && !self.facts_any.iter().any(cited) {
            return Some(format!("tells none of {}", self.facts_any.join(", ")));
        }
        let known = [&self.facts, &self.facts_any, &self.also];
        let foreign = cites.iter().find(|fact| {
            let allowed = known.iter().any(|patterns| {
                patterns.iter().any(|pattern| {
                    let pattern = FactPattern::new(pattern);
                    let service = pattern.service();
                    pattern.matches(fact)
                        || service.is_some_and(|id| fact.to_string().split('.').nth(1) == Some(id))
                })
            });
            !allowed && **fact != types::FactId::Name && **fact != types::FactId::Phone
        });
        if let Some(fact) = foreign {
            return Some(format!("tells {fact}, which was not asked for"));
        }
        if interrupted == Interrupted::Yes {
            return None;
        }
        let said = normalized(said);
        let phrase = |text: &String| crate::score::contains(&said, &normalized(text));
        let missing = self.say.iter().find(|phrases| !phrases.iter().any(phrase))?;
        Some(format!("does not say \"{}\"", missing.join("\" or \"")))
    }
}

/// Whether the caller talked over a reply on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interrupted {
    Yes,
    No,
}

impl Reload {
    /// Edits the business file in `dir`: the price of the service, nothing else.
    pub(super) fn apply(&self, dir: &Path) -> Result<(), DemoError> {
        let path = dir.join(format!("{}.toml", self.business));
        let text = fs::read_to_string(&path).map_err(DemoError::file(&path))?;
        let service = format!("id = \"{}\"", self.service);
        let at = text.find(&service).unwrap_or(0);
        let (before, after) = text.split_at(at);
        let old = format!("price = \"{}\"", self.price_old);
        let new = format!("price = \"{}\"", self.price_new);
        let edited = format!("{before}{}", after.replacen(&old, &new, 1));
        crate::publish::write_whole(&path, edited.as_bytes()).map_err(DemoError::file(&path))
    }

    /// What changes, in words.
    pub(super) fn describe(&self) -> String {
        let Self { business, service, price_old, price_new } = self;
        format!("{business}: {service} {price_old} -> {price_new}")
    }
}

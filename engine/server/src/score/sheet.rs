//! What a folder of recordings says about itself: `expected.toml`, read and checked.
//!
//! The format is described in `fixtures/README.md`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use directory::{Business, Rules};
use serde::Deserialize;
use thiserror::Error;
use types::{AgentConfig, FactId, WallTime};

use super::facts::{FactPattern, all_facts};
use crate::publish::read_sources;

/// The file that makes a folder a set of questions.
pub const SHEET_FILE: &str = "expected.toml";

/// The format of [`SHEET_FILE`] as read.
pub const SHEET_FORMAT: u32 = 1;

/// What a recording's name may end with.
const EXTENSIONS: [&str; 5] = ["flac", "wav", "mp3", "ogg", "oga"];

/// A set of questions and the businesses they are asked of.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// Its name, for reports.
    pub set: String,
    /// The questions, in the order of the file.
    pub questions: Vec<Question>,
}

/// One question with its recordings.
#[derive(Clone, Debug)]
pub struct Question {
    /// Its id within the set.
    pub id: String,
    /// Who is called.
    pub business: Arc<Business>,
    /// What the business's clock shows.
    pub now: WallTime,
    /// What the caller said before, in order.
    pub before: Vec<String>,
    /// What is said.
    pub text: String,
    /// What the reply must hold.
    pub expected: Expected,
    /// The recordings, by file name.
    pub recordings: Vec<Recording>,
}

/// What a reply must hold.
#[derive(Clone, Debug)]
pub struct Expected {
    /// What comes of it.
    pub outcome: Outcome,
    /// All of these are cited.
    pub facts: Vec<FactPattern>,
    /// At least one of these is, if there are any.
    pub facts_any: Vec<FactPattern>,
    /// These may be.
    pub also: Vec<FactPattern>,
    /// One phrase of each list is said.
    pub say: Vec<Vec<String>>,
}

/// What comes of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The facts are told.
    Answer,
    /// The call goes to a person.
    Transfer,
    /// A message is offered or begun.
    Message,
    /// The agent takes leave.
    Goodbye,
    /// The emergency words are spoken.
    Emergency,
    /// The agent says that it does not know.
    Unknown,
}

/// One recording of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// Where it lies.
    pub path: PathBuf,
    /// What stands between the first and the last dot of its name: `joe.noisy`; may be empty.
    pub label: String,
}

/// A folder that cannot be scored: everything that is wrong with it.
#[derive(Debug, Error)]
#[error("{}", mistakes.join("\n"))]
pub struct SheetError {
    /// One line each.
    pub mistakes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSheet {
    format: u32,
    set: String,
    businesses: PathBuf,
    question: Vec<RawQuestion>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawQuestion {
    id: String,
    business: String,
    now: String,
    #[serde(default)]
    before: Vec<String>,
    text: String,
    outcome: Outcome,
    #[serde(default)]
    facts: Vec<String>,
    #[serde(default)]
    facts_any: Vec<String>,
    #[serde(default)]
    also: Vec<String>,
    #[serde(default)]
    say: Vec<Vec<String>>,
}

/// The folders at or right below `dir` that hold a [`SHEET_FILE`], by name.
///
/// # Errors
/// [`SheetError`] if there is none or `dir` cannot be read.
pub fn find_sheets(dir: &Path) -> Result<Vec<PathBuf>, SheetError> {
    if dir.join(SHEET_FILE).is_file() {
        return Ok(vec![dir.to_owned()]);
    }
    let items = fs::read_dir(dir).map_err(|error| one(format!("{}: {error}", dir.display())))?;
    let mut found: Vec<PathBuf> = items
        .filter_map(|item| item.ok().map(|item| item.path()))
        .filter(|path| path.join(SHEET_FILE).is_file())
        .collect();
    found.sort();
    if found.is_empty() {
        let what = "holds no expected.toml, nor does a folder in it: see fixtures/README.md";
        return Err(one(format!("{}: {what}", dir.display())));
    }
    Ok(found)
}

/// Reads the sheet in `dir` with its businesses and the names of its recordings.
///
/// # Errors
/// [`SheetError`]: every mistake in the sheet and in its business files.
pub fn read_sheet(dir: &Path, rules: &Rules) -> Result<Sheet, SheetError> {
    let path = dir.join(SHEET_FILE);
    let shown = path.display().to_string();
    let text = fs::read_to_string(&path).map_err(|error| one(format!("{shown}: {error}")))?;
    let raw: RawSheet = toml::from_str(&text).map_err(|error| one(format!("{shown}: {error}")))?;
    if raw.format != SHEET_FORMAT {
        let what = format!("has format {}, this engine reads {SHEET_FORMAT}", raw.format);
        return Err(one(format!("{shown}: {what}")));
    }
    let businesses = read_businesses(&dir.join(&raw.businesses), rules)?;
    let files = recordings(dir).map_err(|error| one(format!("{}: {error}", dir.display())))?;
    let mut check = Check { businesses: &businesses, ids: BTreeSet::new(), mistakes: Vec::new() };
    let mut questions = Vec::with_capacity(raw.question.len());
    for question in raw.question {
        let id = question.id.clone();
        let before = check.mistakes.len();
        questions.extend(check.question(question, &files));
        for mistake in &mut check.mistakes[before..] {
            *mistake = format!("{shown}: question \"{id}\": {mistake}");
        }
    }
    for (id, recording) in &files {
        if !check.ids.contains(id) {
            let what = format!("no question has the id \"{id}\"");
            check.mistakes.push(format!("{}: {what}", recording.path.display()));
        }
    }
    match check.mistakes {
        mistakes if mistakes.is_empty() => Ok(Sheet { set: raw.set, questions }),
        mistakes => Err(SheetError { mistakes }),
    }
}

fn read_businesses(dir: &Path, rules: &Rules) -> Result<Vec<Arc<Business>>, SheetError> {
    let sources = read_sources(dir).map_err(|error| one(format!("{}: {error}", dir.display())))?;
    directory::check(&sources, rules).map_err(|mistakes| SheetError {
        mistakes: mistakes.iter().map(|m| format!("{}/{m}", dir.display())).collect(),
    })
}

/// The recordings in `dir` with the ids they belong to, by name.
fn recordings(dir: &Path) -> std::io::Result<Vec<(String, Recording)>> {
    let mut found = Vec::new();
    for item in fs::read_dir(dir)? {
        let path = item?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let Some((stem, extension)) = name.rsplit_once('.') else { continue };
        if stem.is_empty() || !EXTENSIONS.contains(&extension.to_lowercase().as_str()) {
            continue;
        }
        let (id, label) = stem.split_once('.').unwrap_or((stem, ""));
        let (id, label) = (id.to_owned(), label.to_owned());
        found.push((id, Recording { path, label }));
    }
    found.sort_by(|a, b| a.1.path.cmp(&b.1.path));
    Ok(found)
}

struct Check<'a> {
    businesses: &'a [Arc<Business>],
    ids: BTreeSet<String>,
    mistakes: Vec<String>,
}

impl Check<'_> {
    fn question(&mut self, raw: RawQuestion, files: &[(String, Recording)]) -> Option<Question> {
        if !self.ids.insert(raw.id.clone()) {
            self.mistakes.push("another question has this id".to_owned());
        }
        let recordings: Vec<Recording> = files
            .iter()
            .filter(|(id, _)| *id == raw.id)
            .map(|(_, recording)| recording.clone())
            .collect();
        if recordings.is_empty() {
            let names = EXTENSIONS.join(", ");
            self.mistakes.push(format!("has no recording: {}.<label>.<one of {names}>", raw.id));
        }
        let now = raw.now.parse::<jiff::Timestamp>();
        if now.is_err() {
            let what = "is no moment, like 2026-11-24T10:45:00-05:00";
            self.mistakes.push(format!("now: \"{}\" {what}", raw.now));
        }
        let business = self.businesses.iter().find(|business| business.id.as_str() == raw.business);
        if business.is_none() {
            let known: Vec<&str> = self.businesses.iter().map(|known| known.id.as_str()).collect();
            let known = known.join(", ");
            self.mistakes.push(format!("business: \"{}\" is none of {known}", raw.business));
        }
        let business = business?;
        let known = all_facts(&business.facts);
        let expected = Expected {
            outcome: raw.outcome,
            facts: self.patterns("facts", &raw.facts, &known),
            facts_any: self.patterns("facts_any", &raw.facts_any, &known),
            also: self.patterns("also", &raw.also, &known),
            say: raw.say,
        };
        let asks_nothing =
            expected.facts.is_empty() && expected.facts_any.is_empty() && expected.say.is_empty();
        if expected.outcome == Outcome::Answer && asks_nothing {
            self.mistakes.push("an answer needs facts, facts_any or say".to_owned());
        }
        if expected.say.iter().any(Vec::is_empty) {
            self.mistakes.push("say: an empty list can never be said".to_owned());
        }
        Some(Question {
            id: raw.id,
            business: Arc::clone(business),
            now: WallTime::from_unix_millis(now.ok()?.as_millisecond()),
            before: raw.before,
            text: raw.text,
            expected,
            recordings,
        })
    }

    fn patterns(&mut self, key: &str, texts: &[String], known: &[FactId]) -> Vec<FactPattern> {
        let mut patterns = Vec::with_capacity(texts.len());
        for text in texts {
            let pattern = FactPattern::new(text);
            if !known.iter().any(|fact| pattern.matches(fact)) {
                self.mistakes.push(format!("{key}: \"{text}\" is no fact of this business"));
            }
            patterns.push(pattern);
        }
        patterns
    }
}

impl Question {
    /// Who answers the business's first number.
    pub fn agent(&self) -> &Arc<AgentConfig> {
        let first =
            self.business.numbers.first().and_then(|number| self.business.agent(number.agent));
        first.unwrap_or_else(|| self.business.agents.first().expect("a business has an agent"))
    }
}

fn one(mistake: String) -> SheetError {
    SheetError { mistakes: vec![mistake] }
}

#[cfg(test)]
mod tests {
    use directory::{Defaults, KnownVendors};

    use super::*;
    use crate::config::EngineConfig;

    /// A folder below the system's temporary one that goes with its owner.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str, sheet: &str, recordings: &[&str]) -> Self {
            let path = std::env::temp_dir().join(format!("apex-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            fs::write(path.join(SHEET_FILE), sheet).unwrap();
            recordings.iter().for_each(|file| fs::write(path.join(file), b"").unwrap());
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn fixtures() -> PathBuf {
        let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        here.ancestors().map(|above| above.join("fixtures")).find(|path| path.is_dir()).unwrap()
    }

    fn rules() -> Rules {
        let defaults = EngineConfig::shipped().defaults;
        let defaults =
            Defaults { turns: defaults.turns, limits: defaults.limits, intake: defaults.intake };
        Rules { defaults, vendors: KnownVendors::local() }
    }

    fn sheet(questions: &str) -> String {
        let businesses = fixtures().join("businesses");
        format!("format = 1\nset = \"mine\"\nbusinesses = {businesses:?}\n{questions}")
    }

    const GOOD: &str = r#"
        [[question]]
        id = "price"
        business = "riverside-dental"
        now = "2026-11-24T10:45:00-05:00"
        text = "How much is a cleaning?"
        outcome = "answer"
        facts = ["service.cleaning.price"]
        also = ["service.*"]
        say = [["120"]]
    "#;

    #[test]
    fn the_sheets_of_the_fixtures_are_in_order() {
        let sheets = find_sheets(&fixtures().join("calls")).unwrap();
        assert_eq!(sheets.len(), 2);
        for sheet in sheets {
            let sheet = read_sheet(&sheet, &rules()).unwrap();
            assert!(sheet.questions.iter().all(|question| question.recordings.len() == 4));
        }
    }

    #[test]
    fn recordings_are_found_by_the_first_part_of_their_name() {
        let files = ["price.ann.clean.wav", "price.mp3", "price.bob.OGG", "notes.txt"];
        let folder = Folder::new("sheet-good", &sheet(GOOD), &files);
        let read = read_sheet(&folder.0, &rules()).unwrap();
        let question = &read.questions[0];
        let labels: Vec<&str> =
            question.recordings.iter().map(|recording| recording.label.as_str()).collect();
        assert_eq!(labels, ["ann.clean", "bob", ""]);
        assert_eq!(question.now, WallTime::from_unix_millis(1_795_535_100_000));
        assert_eq!(question.agent().business.as_str(), "riverside-dental");
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let questions = r#"
            [[question]]
            id = "a"
            business = "riverside-dental"
            now = "today"
            text = "x"
            outcome = "answer"
            [[question]]
            id = "a"
            business = "nobody"
            now = "2026-11-24T10:45:00-05:00"
            text = "y"
            outcome = "unknown"
            [[question]]
            id = "b"
            business = "riverside-dental"
            now = "2026-11-24T10:45:00-05:00"
            text = "z"
            outcome = "answer"
            facts = ["service.gold.price"]
            say = [[]]
        "#;
        let folder = Folder::new("sheet-bad", &sheet(questions), &["c.wav", "a.wav"]);
        let error = read_sheet(&folder.0, &rules()).unwrap_err();
        let text = error.to_string();
        for part in [
            "now: \"today\" is no moment",
            "an answer needs facts",
            "another question has this id",
            "business: \"nobody\" is none of",
            "facts: \"service.gold.price\" is no fact of this business",
            "say: an empty list can never be said",
            "\"b\": has no recording",
            "no question has the id \"c\"",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        assert_eq!(error.mistakes.len(), 8, "{text}");
    }

    #[test]
    fn an_unknown_key_and_another_format_are_refused() {
        let misspelled = sheet(&GOOD.replace("also", "alos"));
        let folder = Folder::new("sheet-key", &misspelled, &["price.wav"]);
        assert!(read_sheet(&folder.0, &rules()).unwrap_err().to_string().contains("alos"));
        let newer = sheet(GOOD).replace("format = 1", "format = 2");
        let folder = Folder::new("sheet-format", &newer, &["price.wav"]);
        assert!(read_sheet(&folder.0, &rules()).unwrap_err().to_string().contains("format 2"));
    }
}

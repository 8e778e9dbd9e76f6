//! `apex config diff`: what changes between two versions of the businesses, field by field.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;
use types::BusinessId;

use super::control::{Answer, Control, Where};
use super::{ANSWER_IS_NO, COULD_NOT_RUN, counted, engine_config, rules};
use crate::config::EngineConfig;
use crate::control::{Fields, PublishedFields, fields};
use crate::paper::{Ink, Paper, printable};
use crate::publish::read_sources;

/// What `apex config diff` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Diff {
    /// A business file, or a folder of them: the old version. If it is the only one it is the new
    /// version, and the old one is what the running engine has published.
    a: PathBuf,
    /// The new version.
    b: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// The engine's settings; the shipped ones if left out.
    #[arg(long, value_name = "FILE", env = "APEX_CONFIG")]
    config: Option<PathBuf>,
    #[command(flatten)]
    place: Where,
}

/// Businesses and their fields.
type Businesses = BTreeMap<BusinessId, Fields>;

/// What differs between two versions.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct Changes {
    /// Businesses that are only in the new one.
    added: Vec<BusinessId>,
    /// Businesses that are only in the old one.
    removed: Vec<BusinessId>,
    /// Numbers that another business answers from now on.
    moved: Vec<Moved>,
    /// Fields of businesses that are in both.
    changed: BTreeMap<BusinessId, Vec<Change>>,
}

/// A number that goes over to another business.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Moved {
    number: String,
    from: BusinessId,
    to: BusinessId,
}

/// A field that differs.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Change {
    field: String,
    /// Absent: the field is new.
    old: Option<String>,
    /// Absent: the field is gone.
    new: Option<String>,
}

/// Runs `apex config diff`.
pub(crate) fn run(args: &Diff) -> ExitCode {
    match compare(args) {
        Ok(changes) => tell(&changes, args),
        Err(mistakes) => {
            eprintln!("{mistakes}");
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}

fn compare(args: &Diff) -> Result<Changes, String> {
    let config = engine_config(args.config.as_deref())?;
    let (old, new) = match &args.b {
        // Mistakes on both sides are told at once.
        Some(b) => match (read(&args.a, &config), read(b, &config)) {
            (Ok(old), Ok(new)) => (old, new),
            (Err(a), Err(b)) => return Err(format!("{a}\n{b}")),
            (Err(mistakes), Ok(_)) | (Ok(_), Err(mistakes)) => return Err(mistakes),
        },
        None => (published(&args.place)?, read(&args.a, &config)?),
    };
    Ok(changes(&old, &new))
}

/// What the running engine has published.
fn published(place: &Where) -> Result<Businesses, String> {
    match Control::new(place)?.get::<PublishedFields>(&["v1", "businesses"])? {
        Answer::Here(published) => Ok(published.businesses),
        Answer::Absent => Err("this engine is too old to say what it has published".to_owned()),
    }
}

/// The businesses in a folder, or in one file.
fn read(path: &Path, config: &EngineConfig) -> Result<Businesses, String> {
    let shown = path.display();
    let dir = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new("")) };
    let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    let mut sources = read_sources(dir).map_err(|error| format!("{shown}: {error}"))?;
    if !path.is_dir() {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        sources.retain(|source| Some(&source.file) == name.as_ref());
        if sources.is_empty() {
            return Err(format!("{shown}: no such business file (they end in .toml)"));
        }
    }
    match directory::check(&sources, &rules(config)) {
        Ok(businesses) => {
            Ok(businesses.iter().map(|business| (business.id, fields(business))).collect())
        }
        Err(mut mistakes) => {
            mistakes.sort();
            let lines: Vec<String> =
                mistakes.iter().map(|mistake| format!("{}/{mistake}", dir.display())).collect();
            Err(lines.join("\n"))
        }
    }
}

/// What is different in `new`.
fn changes(old: &Businesses, new: &Businesses) -> Changes {
    let mut changes = Changes {
        added: new.keys().filter(|id| !old.contains_key(id)).copied().collect(),
        removed: old.keys().filter(|id| !new.contains_key(id)).copied().collect(),
        ..Changes::default()
    };
    let (owners_old, owners_new) = (owners(old), owners(new));
    for (number, from) in &owners_old {
        if let Some(to) = owners_new.get(number).filter(|to| *to != from) {
            changes.moved.push(Moved { number: (*number).to_owned(), from: *from, to: *to });
        }
    }
    for (id, old) in old {
        let Some(new) = new.get(id) else { continue };
        let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        let differing = paths.into_iter().filter(|path| old.get(*path) != new.get(*path));
        let found: Vec<Change> = differing
            .map(|path| Change {
                field: path.clone(),
                old: old.get(path).cloned(),
                new: new.get(path).cloned(),
            })
            .collect();
        if !found.is_empty() {
            changes.changed.insert(*id, found);
        }
    }
    changes
}

/// Who answers which number.
fn owners(businesses: &Businesses) -> BTreeMap<&str, BusinessId> {
    let numbers = businesses.iter().flat_map(|(id, fields)| {
        let numbers = fields.keys().filter_map(|path| path.strip_prefix("numbers."));
        numbers.map(|number| (number, *id))
    });
    numbers.collect()
}

impl Changes {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What differs, in words.
    fn text(&self, paper: Paper) -> String {
        let Ink { bold, good, bad, event, off, .. } = *paper.ink;
        let mut text = String::new();
        for id in &self.added {
            text.push_str(&format!("{good}+ {id}{off}  a new business\n"));
        }
        for id in &self.removed {
            text.push_str(&format!("{bad}- {id}{off}  is gone\n"));
        }
        for Moved { number, from, to } in &self.moved {
            text.push_str(&format!("{event}~ {number}{off}  moves from {from} to {to}\n"));
        }
        for (id, changes) in &self.changed {
            text.push_str(&format!("{bold}{id}{off}\n"));
            changes.iter().for_each(|change| change.tell(paper, &mut text));
        }
        let fields = self.changed.values().map(Vec::len).sum();
        let fields = counted(fields, "field differs", "fields differ");
        let businesses = self.added.len() + self.removed.len() + self.changed.len();
        let businesses = counted(businesses, "business", "businesses");
        text.push_str(&format!("{businesses}: {fields}\n"));
        text
    }
}

impl Change {
    fn tell(&self, paper: Paper, text: &mut String) {
        let Ink { dim, good, bad, off, .. } = *paper.ink;
        let field = &self.field;
        let old = self.old.as_deref().map_or("(nothing)".into(), printable);
        let new = self.new.as_deref().map_or("(nothing)".into(), printable);
        let whole = format!("  {field}: {old} -> {new}");
        if crate::paper::columns(&whole) <= paper.width {
            text.push_str(&format!("  {dim}{field}:{off} {bad}{old}{off} -> {good}{new}{off}\n"));
            return;
        }
        text.push_str(&format!("  {dim}{field}:{off}\n"));
        for (sign, color, value) in [("-", bad, &old), ("+", good, &new)] {
            for (number, line) in
                Paper::wrap(value, paper.width.saturating_sub(6).max(20)).iter().enumerate()
            {
                let sign = if number == 0 { sign } else { " " };
                text.push_str(&format!("    {color}{sign} {line}{off}\n"));
            }
        }
    }
}

fn tell(changes: &Changes, args: &Diff) -> ExitCode {
    if args.json {
        println!("{}", serde_json::to_string_pretty(changes).expect("plain data turns into JSON"));
    } else if changes.is_empty() {
        println!("no difference");
    } else {
        print!("{}", changes.text(Paper::of_stdout()));
    }
    if changes.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(ANSWER_IS_NO) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paper::PLAIN;

    /// The sample businesses, each file changed by `edit`.
    fn businesses(edit: impl Fn(&str, String) -> String) -> Businesses {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/businesses");
        let mut sources = read_sources(&dir).unwrap();
        for source in &mut sources {
            let text = String::from_utf8(std::mem::take(&mut source.bytes)).unwrap();
            source.bytes = edit(&source.file, text).into_bytes();
        }
        let checked = directory::check(&sources, &rules(&EngineConfig::shipped())).unwrap();
        checked.iter().map(|business| (business.id, fields(business))).collect()
    }

    fn same() -> Businesses {
        businesses(|_, text| text)
    }

    /// What it says if `from` in the dentist's file becomes `to`.
    fn edited(from: &str, to: &str) -> String {
        let new = businesses(|file, text| {
            if file != "riverside-dental.toml" {
                return text;
            }
            assert!(text.contains(from), "{from}");
            text.replacen(from, to, 1)
        });
        let changes = changes(&same(), &new);
        assert!(changes.added.is_empty() && changes.removed.is_empty());
        changes.text(Paper { width: 160, ink: &PLAIN })
    }

    #[test]
    fn files_that_say_the_same_do_not_differ() {
        let commented = businesses(|_, text| format!("# a remark\n{text}"));
        assert!(changes(&same(), &commented).is_empty());
    }

    #[test]
    fn a_field_is_told_as_old_and_new() {
        let text = edited("120.00", "135.00");
        assert!(text.contains("facts.services.cleaning.price: 120.00 USD -> 135.00 USD"), "{text}");
        assert!(text.contains("1 business: 1 field differs"), "{text}");
    }

    #[test]
    fn every_kind_of_change_shows() {
        let old = same();
        let dental: BusinessId = "riverside-dental".parse().unwrap();
        let garage: BusinessId = "northgate-auto".parse().unwrap();
        let mut new = old.clone();
        let number = old[&dental].keys().find(|path| path.starts_with("numbers.")).unwrap().clone();
        let agent = new.get_mut(&dental).unwrap().remove(&number).unwrap();
        new.get_mut(&garage).unwrap().insert(number.clone(), agent);
        let hours = "facts.hours.friday".to_owned();
        new.get_mut(&dental).unwrap().insert(hours, "closed".into());
        new.remove(&"cedar-and-comb".parse().unwrap());
        new.insert("brand-new".parse().unwrap(), Fields::new());
        let changes = changes(&old, &new);
        let text = changes.text(Paper { width: 120, ink: &PLAIN });
        for wanted in [
            "+ brand-new  a new business",
            "- cedar-and-comb  is gone",
            "moves from riverside-dental to northgate-auto",
            "facts.hours.friday: 08:00-14:00 -> closed",
            "(nothing)",
        ] {
            assert!(text.contains(wanted), "{wanted}\n{text}");
        }
        let json = serde_json::to_value(&changes).unwrap();
        assert_eq!(json["moved"][0]["to"], "northgate-auto");
        assert_eq!(json["removed"][0], "cedar-and-comb");
    }

    #[test]
    fn long_values_are_laid_out_beneath_each_other() {
        let change = Change {
            field: "facts.faqs.parking.answer".into(),
            old: Some("There is a garage next door. ".repeat(4)),
            new: None,
        };
        let mut text = String::new();
        change.tell(Paper { width: 60, ink: &PLAIN }, &mut text);
        assert!(text.lines().all(|line| crate::paper::columns(line) <= 60), "{text}");
        assert!(text.contains("    - There is") && text.contains("    + (nothing)"), "{text}");
    }
}

//! `apex score`: recorded questions, heard and answered as in a call, against what was to be said.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Instant;

use frontdesk::Frontdesk;
use indicatif::{ProgressBar, ProgressStyle};
use speech::{LocalRecognizer, ModelDir, Vad, WorkerPool};

use super::{ANSWER_IS_NO, COULD_NOT_RUN, counted, engine_config, models_dir, rules};
use crate::config::EngineConfig;
use crate::insight::{self, Reader};
use crate::score::{Cast, Ears, Item, RIGHT_PERCENT_MIN, Readings, Report, Verdict, score};

/// What `apex score` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A folder with an expected.toml and recordings, or a folder of such folders.
    dir: PathBuf,
    /// Write the whole score as JSON, one object, instead of the table.
    #[arg(long)]
    json: bool,
    /// What to print without --json.
    #[arg(long, value_enum, default_value_t = Show::All)]
    show: Show,
    /// What to take the words from.
    #[arg(long, value_enum, default_value_t = Hear::Recordings, conflicts_with = "heard")]
    hear: Hear,
    /// Take the words from this file instead of listening: how good is another recognizer? A line
    /// each: a recording's file name, a tab, the words, and, after a tab each, other readings of
    /// them, likeliest first. --save writes such a file.
    #[arg(long, value_name = "FILE")]
    heard: Option<PathBuf>,
    /// Write what was heard into this file, for --heard: the same words answered again in seconds.
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Where the local models lie; as the settings say if left out.
    #[arg(long, value_name = "DIR", env = "APEX_MODELS")]
    models: Option<PathBuf>,
    /// The engine's settings; the shipped ones if left out.
    #[arg(long, value_name = "FILE", env = "APEX_CONFIG")]
    config: Option<PathBuf>,
}

/// What to take the words from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Hear {
    /// The recordings, heard as in a call.
    Recordings,
    /// What was said, as if it had been heard perfectly: how good is the brain alone?
    Texts,
}

/// What to print of a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Show {
    /// Every reply that is not right, then the table.
    All,
    /// The table: for questions nobody may look at.
    Totals,
}

/// Runs `apex score`.
pub(crate) fn run(args: &Args) -> ExitCode {
    let began = Instant::now();
    let report = match scored(args) {
        Ok(report) => report,
        Err(what) => {
            eprintln!("{what}");
            return ExitCode::from(COULD_NOT_RUN);
        }
    };
    if let Some(file) = &args.save
        && let Err(error) = std::fs::write(file, heard(&report))
    {
        eprintln!("{} cannot be written: {error}", file.display());
        return ExitCode::from(COULD_NOT_RUN);
    }
    if args.json {
        let json = serde_json::to_string_pretty(&report).expect("plain data turns into JSON");
        println!("{json}");
    } else {
        match args.show {
            Show::All => tell_not_right(&report),
            Show::Totals => (),
        }
        tell_totals(&report);
        println!("{:.0} s", began.elapsed().as_secs_f64());
    }
    if report.passed { ExitCode::SUCCESS } else { ExitCode::from(ANSWER_IS_NO) }
}

fn scored(args: &Args) -> Result<Report, String> {
    let config = engine_config(args.config.as_deref())?;
    if args.hear == Hear::Texts {
        return run_with(args, &config, Ears::Perfect);
    }
    if let Some(file) = &args.heard {
        let words = told(file)?;
        return run_with(args, &config, Ears::Told(&words));
    }
    let models = ModelDir::open(models_dir(args.models.as_ref(), &config))
        .map_err(|error| error.to_string())?;
    let pool = WorkerPool::new(cores());
    let vad = Vad::load(&models).map_err(|error| error.to_string())?;
    let recognizer = LocalRecognizer::load(&models, config.models.finals, pool)
        .map_err(|error| error.to_string())?
        .patient();
    run_with(args, &config, Ears::Local { vad: &vad, recognizer: &recognizer })
}

fn cores() -> usize {
    available_parallelism().map_or(1, usize::from)
}

/// What was heard, as [`told`] reads it.
fn heard(report: &Report) -> String {
    let mut lines = String::new();
    for item in &report.items {
        let name = Path::new(&item.file).file_name().unwrap_or_default().to_string_lossy();
        lines.push_str(&name);
        let words = item.heard.iter().chain(&item.others);
        let words: Vec<String> = words.map(|words| words.replace(['\t', '\n'], " ")).collect();
        lines.push_str(&format!("\t{}\n", words.join("\t")));
    }
    lines
}

/// Words by the names of recordings.
fn told(file: &Path) -> Result<BTreeMap<String, Readings>, String> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    let mut words = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.is_empty()) {
        let (name, heard) = line.split_once('\t').ok_or_else(|| {
            format!("{}:{number}: needs a file name, a tab and words", file.display())
        })?;
        let mut readings = heard.split('\t').map(str::to_owned);
        let text = readings.next().unwrap_or_default();
        words.insert(name.to_owned(), Readings { text, others: readings.collect() });
    }
    Ok(words)
}

fn run_with(args: &Args, config: &EngineConfig, ears: Ears<'_>) -> Result<Report, String> {
    let models = ModelDir::open(models_dir(args.models.as_ref(), config)).ok();
    let sentences = models.and_then(|models| insight::load(&models, config.models.meaning));
    let brain = match sentences {
        Some(sentences) => Frontdesk::with(Arc::new(Reader::new(sentences))),
        None => Frontdesk::default(),
    };
    let cast = Cast { ears, brain: &brain };
    let bar = progress_bar();
    let progress = |done: usize, of: usize| {
        bar.set_length(of as u64);
        bar.set_position(done as u64);
    };
    let report = score(&args.dir, &rules(config), cast, cores(), &progress);
    bar.finish_and_clear();
    report.map_err(|error| error.to_string())
}

fn progress_bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} recordings, {eta} left")
        .expect("a constant template");
    ProgressBar::new(0).with_style(style)
}

fn tell_not_right(report: &Report) {
    let not_right: Vec<&Item> = report.not_right().collect();
    for item in &not_right {
        let (verdict, why) = match &item.verdict {
            Verdict::Right => ("right", ""),
            Verdict::AskedAgain => ("asked again", ""),
            Verdict::Missed { why } => ("missed", why.as_str()),
            Verdict::Wrong { why } => ("WRONG", why.as_str()),
        };
        let colon = if why.is_empty() { "" } else { ": " };
        println!("{verdict}{colon}{why}  [{}]", item.file);
        println!("  said:  {}", item.text);
        println!("  heard: {}", item.heard.as_deref().unwrap_or("(no speech)"));
        item.others.iter().for_each(|other| println!("  or:    {other}"));
        println!("  reply: {}", item.reply);
    }
    if !not_right.is_empty() {
        println!();
    }
}

fn tell_totals(report: &Report) {
    println!(
        "{:<12} {:<12} {:>10} {:>8} {:>12} {:>8} {:>6} {:>6}",
        "set", "recordings", "", "right", "asked again", "missed", "wrong", "WER"
    );
    for group in &report.groups {
        let tally = &group.tally;
        println!(
            "{:<12} {:<12} {:>10} {:>6.1} % {:>10.1} % {:>6.1} % {:>6} {:>4.1} %",
            group.set.as_deref().unwrap_or("all"),
            group.label.as_deref().unwrap_or("all"),
            tally.recordings,
            tally.right_percent(),
            tally.asked_again_percent(),
            tally.missed_percent(),
            tally.wrong,
            tally.word_error_percent(),
        );
    }
    let total = report.total();
    let recordings = counted(total.recordings, "recording", "recordings");
    let result = if report.passed { "passed" } else { "not passed" };
    println!(
        "{recordings}: {result} (needs {RIGHT_PERCENT_MIN} % right and nothing wrong: {:.1} %, {})",
        total.right_percent(),
        total.wrong
    );
}

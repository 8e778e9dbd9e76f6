//! `apex models`: the files of the local speech models: which, whether they are there, getting them.

use std::io::{BufRead as _, BufReader, IsTerminal as _, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, ExitCode, Stdio};

use indicatif::{ProgressBar, ProgressStyle};
use speech::models::{Condition, FileState, MODEL_FILES, RECIPE, verify};

use super::{COULD_NOT_RUN, counted, engine_config, models_dir};

/// What `apex models` can do.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Fetch what is missing. Goes on where it stopped; what is there and right is left alone.
    Pull(Args),
    /// List the files: size, package, licence, and whether they are there.
    List(Args),
    /// Check every file against its checksum.
    Verify(Args),
}

/// What each of them takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where the models lie; as the settings say if left out.
    #[arg(long, value_name = "DIR", env = "APEX_MODELS")]
    dir: Option<PathBuf>,
    /// The engine's settings; the shipped ones if left out.
    #[arg(long, value_name = "FILE", env = "APEX_CONFIG")]
    config: Option<PathBuf>,
}

/// Runs `apex models`.
pub(crate) fn run(command: &Command) -> ExitCode {
    let (Command::Pull(args) | Command::List(args) | Command::Verify(args)) = command;
    let config = match engine_config(args.config.as_deref()) {
        Ok(config) => config,
        Err(mistakes) => {
            eprintln!("{mistakes}");
            return ExitCode::from(COULD_NOT_RUN);
        }
    };
    let dir = models_dir(args.dir.as_ref(), &config);
    match command {
        Command::Pull(_) => pull(&dir),
        Command::List(_) => list(&dir),
        Command::Verify(_) => report(&dir, &verify(&dir)),
    }
}

fn list(dir: &Path) -> ExitCode {
    for file in MODEL_FILES {
        let found = std::fs::metadata(dir.join(file.path));
        let state = match found {
            Ok(found) if found.is_file() && found.len() == file.bytes => "present",
            Ok(_) => "other size",
            Err(_) => "missing",
        };
        let size = megabytes(file.bytes);
        println!(
            "{:<30} {size:>8}  {state:<10}  {:<10}  {}",
            file.path, file.licence, file.package
        );
    }
    let total = MODEL_FILES.iter().map(|file| file.bytes).sum();
    println!("{} in {}", megabytes(total), dir.display());
    ExitCode::SUCCESS
}

/// Tells the state of every file; success if all are good.
fn report(dir: &Path, states: &[FileState]) -> ExitCode {
    let bad: Vec<&FileState> =
        states.iter().filter(|state| state.condition != Condition::Good).collect();
    for state in &bad {
        eprintln!("{}", described(state));
    }
    if bad.is_empty() {
        let files = counted(states.len(), "model file", "model files");
        println!("{files} in {}: all there, all checksums right", dir.display());
        return ExitCode::SUCCESS;
    }
    if bad.iter().all(|state| state.file.is_optional()) {
        println!("all that is needed is in {}; without the rest {GIVEN_UP}", dir.display());
        return ExitCode::SUCCESS;
    }
    let (bad, all) = (bad.len(), states.len());
    eprintln!("{bad} of {all} model files in {} cannot be used", dir.display());
    eprintln!("fetch them with `apex models pull --dir {}`, or copy them there", dir.display());
    ExitCode::from(COULD_NOT_RUN)
}

fn described(state: &FileState) -> String {
    let (path, package) = (state.path.display(), state.file.package);
    match &state.condition {
        Condition::Good => format!("{path} is right"),
        Condition::Missing => format!("{path} is missing: it comes in {package}"),
        Condition::Size { found } => {
            format!(
                "{path} has {found} bytes instead of {}: it comes in {package}",
                state.file.bytes
            )
        }
        Condition::Checksum { found } => {
            format!(
                "{path} has checksum {found} instead of {}: it is damaged or another version",
                state.file.sha256
            )
        }
        Condition::Unreadable { reason } => format!("{path} cannot be read: {reason}"),
    }
}

fn pull(dir: &Path) -> ExitCode {
    let states = verify(dir);
    let missing = states.iter().filter(|state| state.condition != Condition::Good).count();
    if missing == 0 {
        return report(dir, &states);
    }
    let files = counted(missing, "model file", "model files");
    println!("fetching {files} into {} (about 207 MB over the network)", dir.display());
    let fetched = std::fs::create_dir_all(dir)
        .map_err(|error| format!("{} cannot be made: {error}", dir.display()))
        .and_then(|()| fetch(dir));
    let after = report(dir, &verify(dir));
    match fetched {
        Ok(()) => after,
        Err(what) => {
            eprintln!("{what}");
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}

/// Runs the recipe on `dir` and shows how far it is.
fn fetch(dir: &Path) -> Result<(), String> {
    let mut child = start(dir)?;
    let out = child.stdout.take().expect("it was piped");
    show(out);
    let status = child.wait().map_err(|error| format!("the recipe was lost: {error}"))?;
    if status.success() {
        return Ok(());
    }
    Err("not all could be fetched: what went wrong stands above; run it again to go on where it \
         stopped, or copy the files named above into the directory by hand"
        .to_owned())
}

fn start(dir: &Path) -> Result<Child, String> {
    // The recipe is given on the command line: standard input stays free for nothing to wait on.
    let child = Process::new(PYTHON)
        .args(["-c", RECIPE])
        .arg(dir)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn();
    child.map_err(|error| {
        if error.kind() != std::io::ErrorKind::NotFound {
            return format!("{PYTHON} cannot be started: {error}");
        }
        format!(
            "{PYTHON} was not found: install Python 3.11 or newer with pip (Debian: apt-get install \
             python3 python3-pip), or copy the files named above into the directory by hand"
        )
    })
}

/// Shows the recipe's lines as they come: a bar per file on a terminal, else a line per file.
fn show(out: impl Read) {
    let mut display =
        if std::io::stderr().is_terminal() { Display::Bar(None) } else { Display::Plain };
    for line in BufReader::new(out).lines() {
        // What is no text is no line of ours.
        let Ok(line) = line else { break };
        display.step(&Step::parse(&line));
    }
}

/// One line of the recipe.
#[derive(Debug, PartialEq, Eq)]
enum Step<'a> {
    Have(&'a str),
    Progress { file: &'a str, done: u64, total: u64 },
    Done(&'a str),
    Other(&'a str),
}

impl<'a> Step<'a> {
    fn parse(line: &'a str) -> Self {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["have", file] => Self::Have(file),
            ["done", file] => Self::Done(file),
            ["progress", file, done, total] => match (done.parse(), total.parse()) {
                (Ok(done), Ok(total)) => Self::Progress { file, done, total },
                (Ok(_) | Err(_), _) => Self::Other(line),
            },
            _ => Self::Other(line),
        }
    }
}

enum Display {
    /// The file at hand and its bar.
    Bar(Option<(String, ProgressBar)>),
    Plain,
}

impl Display {
    fn step(&mut self, step: &Step<'_>) {
        match (self, step) {
            (Self::Bar(bar), Step::Progress { file, done, total }) => {
                let is_same = bar.as_ref().is_some_and(|(shown, _)| shown == file);
                if !is_same {
                    *bar = Some(((*file).to_owned(), new_bar(file)));
                }
                if let Some((_, bar)) = bar {
                    bar.set_length(*total);
                    bar.set_position(*done);
                }
            }
            (Self::Bar(bar), Step::Done(file)) => {
                if let Some((_, bar)) = bar.take() {
                    bar.finish_and_clear();
                }
                println!("{file}: done");
            }
            (Self::Plain, Step::Progress { .. }) => (),
            (Self::Plain, Step::Done(file)) => println!("{file}: done"),
            (_, Step::Have(file)) => println!("{file}: already there"),
            (_, Step::Other(line)) => println!("{line}"),
        }
        // Whoever watches a pipe wants to see it now.
        let _ = std::io::stdout().flush();
    }
}

fn new_bar(file: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:32} {bar:30} {bytes}/{total_bytes}")
        .expect("a constant template");
    ProgressBar::new(0).with_style(style).with_message(file.to_owned())
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// What an engine does without its optional model files.
const GIVEN_UP: &str = "questions are understood by their words alone";

const PYTHON: &str = "python3";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recipes_lines_are_understood() {
        let check = |line, expected| assert_eq!(Step::parse(line), expected, "{line}");
        check("have stt/tokenizer.bin", Step::Have("stt/tokenizer.bin"));
        check("progress a 5 10", Step::Progress { file: "a", done: 5, total: 10 });
        check("done a", Step::Done("a"));
        check("progress a five 10", Step::Other("progress a five 10"));
        check("", Step::Other(""));
        check("pip says things", Step::Other("pip says things"));
    }

    #[test]
    fn every_condition_names_its_file() {
        let conditions = [
            Condition::Missing,
            Condition::Size { found: 3 },
            Condition::Checksum { found: "00".into() },
            Condition::Unreadable { reason: "denied".into() },
        ];
        for condition in conditions {
            let path = PathBuf::from("models").join(MODEL_FILES[0].path);
            let state = FileState { file: MODEL_FILES[0], path, condition };
            assert!(described(&state).contains("stt/encoder_model.onnx"), "{}", described(&state));
        }
    }
}

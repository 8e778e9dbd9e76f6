//! `apex replay`: a call run again from its event log, in virtual time, or told as a story.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use ::call::{LogReader, Outcome, ReplayOptions, ReplayReport, replay};
use types::Millis;

use super::{ANSWER_IS_NO, COULD_NOT_RUN, counted};
use crate::explain::{Story, draw, tell};
use crate::paper::Paper;

/// What a call's event log is called in its folder.
const EVENTS: &str = "events.jsonl";

/// What `apex replay` takes.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Args {
    /// The event log of one call, or the folder it lies in.
    file: PathBuf,
    /// Tell the call instead: who spoke, what was decided from what, where the time went.
    #[arg(long)]
    explain: bool,
    /// Draw the call into this file: its log and, if it lies beside it, its recording.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Print the story, or the outcome of the replay, as JSON.
    #[arg(long)]
    json: bool,
    /// Run it with this silence after finished words instead, in milliseconds.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(100..=5_000))]
    endpoint_delay_min_ms: Option<u32>,
    /// Run it with this silence after unfinished words instead, in milliseconds.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(100..=10_000))]
    endpoint_delay_max_ms: Option<u32>,
}

/// Runs `apex replay`.
pub(crate) fn run(args: &Args) -> ExitCode {
    let options = ReplayOptions {
        endpoint_delay_min: args.endpoint_delay_min_ms.map(Millis::new),
        endpoint_delay_max: args.endpoint_delay_max_ms.map(Millis::new),
    };
    let file = if args.file.is_dir() { args.file.join(EVENTS) } else { args.file.clone() };
    if let Some(svg) = &args.svg {
        return draw_into(&file, svg);
    }
    let shown = file.display();
    let bytes = match std::fs::read(&file) {
        Ok(bytes) => bytes,
        Err(error) => {
            eprintln!("{shown}: {error}");
            return ExitCode::from(COULD_NOT_RUN);
        }
    };
    let told = if args.explain {
        Story::read(&bytes).map(|story| explain(&story, args))
    } else {
        LogReader::new(&bytes)
            .and_then(|reader| replay(reader, options))
            .map(|report| if args.json { tell_json(&report) } else { tell_outcome(&report) })
    };
    told.unwrap_or_else(|error| {
        eprint!("{shown}: {error}");
        if let Some(source) = error.source() {
            eprint!(": {source}");
        }
        eprintln!();
        ExitCode::from(COULD_NOT_RUN)
    })
}

/// Draws the call whose event log is `log` into `svg`.
fn draw_into(log: &Path, svg: &Path) -> ExitCode {
    let drawn = draw(log).map_err(|error| error.to_string()).and_then(|picture| {
        std::fs::write(svg, picture).map_err(|error| format!("{}: {error}", svg.display()))
    });
    match drawn {
        Ok(()) => {
            println!("{}", svg.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}

fn explain(story: &Story, args: &Args) -> ExitCode {
    if args.json {
        println!("{}", serde_json::to_string_pretty(story).expect("plain data turns into JSON"));
    } else {
        print!("{}", tell(story, Paper::of_stdout()));
    }
    ExitCode::SUCCESS
}

fn tell_json(report: &ReplayReport) -> ExitCode {
    let (code, difference) = match &report.outcome {
        Outcome::Same => (ExitCode::SUCCESS, serde_json::Value::Null),
        Outcome::Diverged { entry, at, expected, got } => (
            ExitCode::from(ANSWER_IS_NO),
            serde_json::json!({ "line": entry, "at_us": at, "live": expected, "replayed": got }),
        ),
    };
    let outcome = serde_json::json!({
        "same": difference.is_null(),
        "entries": report.entries,
        "actions": report.actions,
        "until_us": report.until,
        "torn": report.torn,
        "difference": difference,
    });
    println!("{outcome}");
    code
}

fn tell_outcome(report: &ReplayReport) -> ExitCode {
    if report.torn {
        eprintln!("the log ends in the middle of a line: what came before it was run");
    }
    match &report.outcome {
        Outcome::Same => {
            let entries = counted(report.entries, "entry", "entries");
            let actions = counted(report.actions, "action", "actions");
            println!(
                "{entries} up to {}: live actions equal replayed actions ({actions})",
                report.until
            );
            ExitCode::SUCCESS
        }
        Outcome::Diverged { entry, at, expected, got } => {
            let or_nothing = |side: &'_ str| match side {
                "" => "nothing".to_owned(),
                side => side.to_owned(),
            };
            println!("line {entry}, at {at}: the replayed call differs from the live one");
            println!("  live:     {}", or_nothing(expected));
            println!("  replayed: {}", or_nothing(got));
            ExitCode::from(ANSWER_IS_NO)
        }
    }
}

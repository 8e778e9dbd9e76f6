//! `apex replay`: a call run again from its event log, in virtual time.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use ::call::{LogReader, Outcome, ReplayOptions, ReplayReport, replay};
use types::Millis;

use super::{ANSWER_IS_NO, COULD_NOT_RUN, counted};

/// What `apex replay` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The event log of one call.
    file: PathBuf,
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
    let shown = args.file.display();
    let bytes = match std::fs::read(&args.file) {
        Ok(bytes) => bytes,
        Err(error) => {
            eprintln!("{shown}: {error}");
            return ExitCode::from(COULD_NOT_RUN);
        }
    };
    match LogReader::new(&bytes).and_then(|reader| replay(reader, options)) {
        Ok(report) => tell(&report),
        Err(error) => {
            eprint!("{shown}: {error}");
            if let Some(source) = error.source() {
                eprint!(": {source}");
            }
            eprintln!();
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}

fn tell(report: &ReplayReport) -> ExitCode {
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

//! `apex rehearse`: kill the engine in the middle of its calls, again and again.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use super::{ANSWER_IS_NO, COULD_NOT_RUN};
use crate::rehearse::{Fault, Rehearsal, rehearse};

/// What `apex rehearse` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many calls.
    #[arg(long, default_value_t = 40)]
    calls: usize,
    /// How many of them are up at the same time.
    #[arg(long, default_value_t = 20)]
    together: usize,
    /// What decides where chance would.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only one kind of fault.
    #[arg(long, value_enum)]
    only: Option<Only>,
    /// Where settings, state and the engine's log go; emptied.
    #[arg(long, value_name = "DIR", default_value = "rehearsal")]
    out: PathBuf,
    /// The directory of business files.
    #[arg(long, value_name = "DIR", default_value = "fixtures/businesses")]
    businesses: PathBuf,
    /// The directory of local models.
    #[arg(long, value_name = "DIR", env = "APEX_MODELS", default_value = "models")]
    models: PathBuf,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Only {
    /// The process is killed.
    Killed,
    /// Media sockets break.
    Socket,
    /// Media sockets break while the carrier's API is away.
    Api,
}

/// Runs `apex rehearse`.
pub(crate) fn run(args: Args) -> ExitCode {
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => {
            eprintln!("this program cannot be found: {error}");
            return ExitCode::from(COULD_NOT_RUN);
        }
    };
    let plan = Rehearsal {
        program,
        calls: args.calls,
        together: args.together.max(1),
        seed: args.seed,
        only: args.only.map(|only| match only {
            Only::Killed => Fault::Killed,
            Only::Socket => Fault::Socket,
            Only::Api => Fault::Api,
        }),
        out: args.out,
        businesses: args.businesses,
        models: args.models,
    };
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("the system gives no more: {error}");
            return ExitCode::from(COULD_NOT_RUN);
        }
    };
    let begun = Instant::now();
    let held = runtime.block_on(rehearse(&plan, |tally| {
        eprintln!("{} of {} calls, {} s", tally.calls(), plan.calls, begun.elapsed().as_secs());
    }));
    match held {
        Ok(tally) => {
            println!("{tally}");
            println!(
                "{} calls, seed {}, {} s",
                tally.calls(),
                plan.seed,
                begun.elapsed().as_secs()
            );
            let complaints = tally.complaints();
            complaints.iter().for_each(|complaint| println!("{complaint}"));
            if complaints.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(ANSWER_IS_NO) }
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}

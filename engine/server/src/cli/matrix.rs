//! `apex matrix`: every vendor fails in every way, in whole calls.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use types::Millis;

use super::{ANSWER_IS_NO, COULD_NOT_RUN};
use crate::matrix::{self, Matrix, Order};

/// What `apex matrix` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many calls are up at the same time.
    #[arg(long, default_value_t = 8)]
    together: usize,
    /// Only cases with this in their names, and those without a fault.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// A page into which the tables are written.
    #[arg(long, value_name = "FILE")]
    page: Option<PathBuf>,
    /// Where settings and state go; emptied.
    #[arg(long, value_name = "DIR", default_value = "matrix-out")]
    out: PathBuf,
    /// Real speech, from which the caller's is made.
    #[arg(long, value_name = "FILE", default_value = "fixtures/demo/first-3-cleaning.flac")]
    voice: PathBuf,
    /// The directory of local models.
    #[arg(long, value_name = "DIR", env = "APEX_MODELS", default_value = "models")]
    models: PathBuf,
}

/// Runs `apex matrix`.
pub(crate) fn run(args: Args) -> ExitCode {
    if std::env::var_os("RUST_LOG").is_some() {
        super::log_to_stderr();
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("the system gives no more: {error}");
            return ExitCode::from(COULD_NOT_RUN);
        }
    };
    let mut cases = matrix::all();
    if let Some(only) = &args.only {
        let wanted = |case: &matrix::Case| case.trouble.is_some() && case.name().contains(only);
        let adapters: Vec<_> = cases.iter().filter(|c| wanted(c)).map(|c| c.adapter).collect();
        cases.retain(|c| wanted(c) || (c.trouble.is_none() && adapters.contains(&c.adapter)));
    }
    let count = cases.len();
    let order = Order {
        cases,
        together: args.together,
        out: args.out,
        voice: args.voice,
        models: args.models,
    };
    let begun = Instant::now();
    let mut done = 0;
    let made = runtime.block_on(matrix::run(&order, |seen| {
        done += 1;
        let response = seen.response.map_or(-1, |span| i64::from(span.get()));
        let (gap, lost) = (seen.gap.get(), seen.misunderstood);
        eprintln!(
            "{done} of {count}: {}: {:?}, heard after {response} ms, pause {gap} ms, {lost} lost, {} voiced: {}",
            seen.case.name(), seen.outcome, seen.heard.len(), seen.told
        );
    }));
    let matrix = match made {
        Ok(matrix) => matrix,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(COULD_NOT_RUN);
        }
    };
    let note = note(&matrix, count, (order.together, begun));
    println!("{note}");
    if let Some(page) = args.page
        && let Err(error) = matrix::put_into(&page, &matrix, &note)
    {
        eprintln!("{}: {error}", page.display());
        return ExitCode::from(COULD_NOT_RUN);
    }
    let complaints = matrix.complaints();
    complaints.iter().for_each(|complaint| println!("{complaint}"));
    if complaints.is_empty() && matrix.void() == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(ANSWER_IS_NO)
    }
}

/// What the tables were made with.
fn note(matrix: &Matrix, calls: usize, (together, begun): (usize, Instant)) -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split_whitespace().next().unwrap_or("unknown");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let longest = f64::from(matrix.silence_max().max(Millis::ZERO).get()) / 1_000.0;
    format!(
        "{calls} calls, {together} at a time, {} s on {cores} cores, load {load}; callers late \
         themselves in {}; longest extra silence {longest:.2} s.",
        begun.elapsed().as_secs(),
        matrix.void()
    )
}

//! `apex demo`: three receptionists and the callers who ring them.

use std::path::PathBuf;
use std::process::ExitCode;

use types::Encoding;

use super::{ANSWER_IS_NO, COULD_NOT_RUN};
use crate::config::EngineConfig;
use crate::demo::{DemoOptions, Layout, run as give};

/// What `apex demo` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where sound, records and pictures go.
    #[arg(long, value_name = "DIR", default_value = "demo-out")]
    out: PathBuf,
    /// The calls to place.
    #[arg(long, value_name = "FILE", default_value = "fixtures/demo/script.toml")]
    script: PathBuf,
    /// The directory of local models.
    #[arg(long, value_name = "DIR", env = "APEX_MODELS")]
    models: Option<PathBuf>,
    /// What the legs carry.
    #[arg(long, value_parser = caller::CallOptions::parse_codec, default_value = "pcmu")]
    codec: Encoding,
    /// Print line by line, even on a terminal.
    #[arg(long)]
    plain: bool,
}

/// Runs `apex demo`.
pub(crate) fn run(args: Args) -> ExitCode {
    super::log_to_stderr();
    let shipped = EngineConfig::shipped();
    let options = DemoOptions {
        out: args.out,
        script: args.script,
        models: args.models.unwrap_or(shipped.models.path),
        codec: args.codec,
        layout: if args.plain { Layout::Lines } else { Layout::Live },
    };
    match give(&options) {
        Ok(summary) if summary.is_right() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(ANSWER_IS_NO),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}

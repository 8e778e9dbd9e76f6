//! The command line: `apex serve`, `demo`, `call`, `calls`, `fake-telnyx`, `replay`, `score`,
//! `doctor`, `config`, `models`.
//!
//! Exit codes everywhere: 0 it went well, 1 it ran and the answer is no, 2 it could not run.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the command line talks to its user"
)]

mod call;
mod calls;
mod config;
mod control;
mod demo;
mod diff;
mod doctor;
mod fake_telnyx;
mod fake_vendors;
mod matrix;
mod models;
mod rehearse;
mod replay;
mod score;
mod serve;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use directory::{Defaults, Rules};

use crate::config::EngineConfig;
use crate::vendors::known;
use crate::view::LogWriter;

/// It could not run: a file is missing, an argument makes no sense, the system refused.
pub(crate) const COULD_NOT_RUN: u8 = 2;

/// It ran, and the answer is no.
pub(crate) const ANSWER_IS_NO: u8 = 1;

/// Answers telephones for many businesses at once.
#[derive(Debug, Parser)]
#[command(name = "apex", version, propagate_version = true, arg_required_else_help = true)]
struct Apex {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer calls until told to stop.
    Serve(serve::Args),
    /// Run three receptionists and call them: watch and hear what comes of it.
    Demo(demo::Args),
    /// Call a running engine and play recordings to it.
    Call(call::Args),
    /// Look at the calls of a running engine, or end one.
    #[command(subcommand)]
    Calls(calls::Command),
    /// Be a carrier on this machine: ring the engine through webhooks, commands and media sockets.
    FakeTelnyx(fake_telnyx::Args),
    /// Be cloud vendors on this machine: recognizers, models and voices, with faults if wanted.
    FakeVendors(fake_vendors::Args),
    /// Run a call again from its event log: does it do the same?
    Replay(replay::Args),
    /// Kill the engine in the middle of its calls, again and again: what do the callers hear?
    #[command(hide = true)]
    Rehearse(rehearse::Args),
    /// Have every vendor fail in every way in the middle of calls: what do the callers hear?
    #[command(hide = true)]
    Matrix(matrix::Args),
    /// Ask recorded questions and count the right answers.
    Score(score::Args),
    /// Check whether this machine and these settings are fit to answer telephones.
    Doctor(doctor::Args),
    /// Look at settings and business files.
    #[command(subcommand)]
    Config(config::Command),
    /// The local speech models.
    #[command(subcommand)]
    Models(models::Command),
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    match Apex::parse().command {
        Command::Serve(args) => serve::run(args),
        Command::Demo(args) => demo::run(args),
        Command::Call(args) => call::run(args),
        Command::Calls(command) => calls::run(&command),
        Command::FakeTelnyx(args) => fake_telnyx::run(args),
        Command::FakeVendors(args) => fake_vendors::run(args),
        Command::Replay(args) => replay::run(&args),
        Command::Rehearse(args) => rehearse::run(args),
        Command::Matrix(args) => matrix::run(args),
        Command::Score(args) => score::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Config(command) => config::run(&command),
        Command::Models(command) => models::run(&command),
    }
}

/// The engine's settings: the shipped ones with `file`, if any, laid over them.
///
/// # Errors
/// What to tell the user: why the file cannot be read, or every mistake in it.
pub(crate) fn engine_config(file: Option<&Path>) -> Result<EngineConfig, String> {
    let Some(path) = file else { return Ok(EngineConfig::shipped()) };
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| format!("{shown}: {error}"))?;
    EngineConfig::checked(&shown, &text).map_err(|error| error.to_string())
}

/// What business files are checked against under `config`.
pub(crate) fn rules(config: &EngineConfig) -> Rules {
    let defaults = Defaults {
        turns: config.defaults.turns.clone(),
        limits: config.defaults.limits.clone(),
        intake: config.defaults.intake.clone(),
    };
    Rules { defaults, vendors: known() }
}

/// The directory of models: as told, else as the settings say.
pub(crate) fn models_dir(told: Option<&PathBuf>, config: &EngineConfig) -> PathBuf {
    told.unwrap_or(&config.models.path).clone()
}

/// Sends the engine's log lines to standard error: warnings, or what RUST_LOG asks for.
pub(crate) fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal() && !unwanted)
        .with_writer(LogWriter)
        .try_init();
    if subscriber.is_err() {
        eprintln!("log lines go elsewhere in this process");
    }
}

/// `count` things, in words that agree.
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Apex::command().debug_assert();
    }
}

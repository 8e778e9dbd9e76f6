//! `apex config check`: everything that is wrong, before it is live.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use types::AgentConfig;

use super::{ANSWER_IS_NO, COULD_NOT_RUN, counted, engine_config, rules};
use crate::config::EngineConfig;
use crate::paper::printable;
use crate::publish::read_sources;
use crate::vendors::online::ask;
use crate::vendors::{Environment, unreachable};

/// What `apex config` can do.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Check the business files in a directory, and the engine's settings: all mistakes at once.
    Check(Check),
    /// Compare two versions of the businesses field by field, or a folder with what the running
    /// engine has published.
    Diff(super::diff::Diff),
}

/// What `apex config check` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    /// Where the business files lie; as the settings say if left out.
    dir: Option<PathBuf>,
    /// The engine's settings; the shipped ones if left out.
    #[arg(long, value_name = "FILE", env = "APEX_CONFIG")]
    config: Option<PathBuf>,
    /// Ask the vendors that agents name whether they take the keys of this environment and have the
    /// models and voices wanted of them. Costs nothing there.
    #[arg(long)]
    online: bool,
}

/// Runs `apex config`.
pub(crate) fn run(command: &Command) -> ExitCode {
    match command {
        Command::Check(args) => check(args),
        Command::Diff(args) => super::diff::run(args),
    }
}

fn check(args: &Check) -> ExitCode {
    let checked = engine_config(args.config.as_deref());
    if let Err(mistakes) = &checked {
        eprintln!("{mistakes}");
    }
    let settings = checked.as_ref().map_or(Found::Mistakes, |_| Found::Nothing);
    // The business files are checked all the same: all mistakes at once.
    let config = checked.unwrap_or_else(|_| EngineConfig::shipped());
    let dir = args.dir.as_ref().unwrap_or(&config.directory.path);
    match &args.config {
        // Asked about settings on a machine that has no businesses yet.
        Some(file) if args.dir.is_none() && !dir.is_dir() => {
            if settings == Found::Nothing {
                println!("{}: no mistake", file.display());
            }
            settings.exit_code()
        }
        Some(_) | None => {
            let environment = args.online.then(Environment::of_process);
            check_businesses(dir, &config, settings, environment.as_ref())
        }
    }
}

fn check_businesses(
    dir: &Path,
    config: &EngineConfig,
    settings: Found,
    environment: Option<&Environment>,
) -> ExitCode {
    let sources = match read_sources(dir) {
        Ok(sources) => sources,
        Err(error) => {
            eprintln!("business files in {} cannot be read: {error}", dir.display());
            eprintln!("name a directory of business files: apex config check DIR");
            return ExitCode::from(COULD_NOT_RUN);
        }
    };
    let files = counted(sources.len(), "business file", "business files");
    match directory::check(&sources, &rules(config)) {
        Ok(businesses) => {
            for business in &businesses {
                let numbers: Vec<String> =
                    business.numbers.iter().map(|number| number.e164.to_string()).collect();
                println!("{}: {} ({})", business.file, business.name, numbers.join(", "));
            }
            println!("{files} in {}: no mistake", dir.display());
            let agents = businesses.iter().flat_map(|business| &business.agents);
            let agents: Vec<&AgentConfig> = agents.map(AsRef::as_ref).collect();
            match environment.map_or(Found::Nothing, |environment| online(&agents, environment)) {
                Found::Nothing => settings.exit_code(),
                Found::Mistakes => Found::Mistakes.exit_code(),
            }
        }
        Err(mut mistakes) => {
            mistakes.sort();
            for mistake in &mistakes {
                eprintln!("{}/{mistake}", dir.display());
            }
            let found = counted(mistakes.len(), "mistake", "mistakes");
            eprintln!("{files} in {}: {found}", dir.display());
            ExitCode::from(ANSWER_IS_NO)
        }
    }
}

/// Asks the vendors of `agents`.
fn online(agents: &[&AgentConfig], environment: &Environment) -> Found {
    let mut found = Found::Nothing;
    for agent in agents {
        for (vendor, variable) in unreachable(environment, &agent.vendors) {
            println!("{vendor} of {}/{}: {variable} is not set", agent.business, agent.agent);
        }
    }
    match ask(environment, agents) {
        Ok(asked) => {
            for asked in asked {
                let remedy = asked.remedy().map(|remedy| format!(" ({remedy})"));
                let line = format!("{}{}", asked.what(), remedy.unwrap_or_default());
                if asked.outcome.is_err() {
                    eprintln!("{}", printable(&line));
                    found = Found::Mistakes;
                } else {
                    println!("{}", printable(&line));
                }
            }
        }
        Err(error) => {
            eprintln!("no vendor can be asked: {error}");
            found = Found::Mistakes;
        }
    }
    found
}

/// What is wrong with the engine's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Nothing,
    Mistakes,
}

impl Found {
    fn exit_code(self) -> ExitCode {
        match self {
            Self::Nothing => ExitCode::SUCCESS,
            Self::Mistakes => ExitCode::from(ANSWER_IS_NO),
        }
    }
}

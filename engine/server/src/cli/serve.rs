//! `apex serve`: answer calls until told to stop.

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc::Receiver;
use std::thread::JoinHandle;

use tokio::signal::unix::{SignalKind, signal};
use types::Secret;

use super::{ANSWER_IS_NO, COULD_NOT_RUN, engine_config};
use crate::config::EngineConfig;
use crate::engine::{Engine, Given};
use crate::feed::{Feed, Note};
use crate::paper::Paper;
use crate::telemetry;
use crate::vendors::Environment;
use crate::view::watch_calls;

/// What `apex serve` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Settings that differ from the shipped ones (config.toml).
    #[arg(long, value_name = "FILE", env = "APEX_CONFIG")]
    config: Option<PathBuf>,
    /// The directory of business files; overrides directory.path.
    #[arg(long, value_name = "DIR")]
    businesses: Option<PathBuf>,
    /// The directory of local models; overrides models.path.
    #[arg(long, value_name = "DIR", env = "APEX_MODELS")]
    models: Option<PathBuf>,
    /// Where durable state goes; overrides state.path.
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Where carriers stream to; overrides media.listen.
    #[arg(long, value_name = "ADDRESS")]
    media: Option<SocketAddr>,
    /// Where operators look; overrides control.listen.
    #[arg(long, value_name = "ADDRESS")]
    control: Option<SocketAddr>,
    /// A token that opens any number of media sockets.
    #[arg(long, value_name = "TOKEN", env = "APEX_MEDIA_TOKEN", hide_env_values = true)]
    media_token: Option<String>,
    /// The token that operators show to `/v1` of the control port; needed where that is not on
    /// this machine only.
    #[arg(long, value_name = "TOKEN", env = "APEX_CONTROL_TOKEN", hide_env_values = true)]
    control_token: Option<String>,
    /// Show live calls on the terminal: one block a call, words as they come.
    #[arg(long)]
    watch: bool,
}

/// Runs `apex serve`.
pub(crate) fn run(args: Args) -> ExitCode {
    super::log_to_stderr();
    let config = match settings(&args) {
        Ok(config) => config,
        Err(mistakes) => {
            eprintln!("{mistakes}");
            return ExitCode::from(COULD_NOT_RUN);
        }
    };
    let wait = config.drain_wait;
    let (feed, notes) = if args.watch && std::io::stdout().is_terminal() {
        let (feed, notes) = Feed::watched();
        (feed, Some(notes))
    } else {
        (Feed::default(), None)
    };
    let given = Given {
        api_key: std::env::var("APEX_TELNYX_API_KEY").ok().map(Secret::new),
        standing_token: args.media_token.map(Secret::new),
        control_token: args.control_token.map(Secret::new),
        environment: Some(Environment::of_process()),
        metrics: telemetry::install().ok(),
        feed,
    };
    match Engine::start(config, given) {
        Ok(engine) => {
            let numbers = engine.node.routes.load().directory.numbers_len();
            println!(
                "apex answers {numbers} numbers on ws://{}/media/telnyx; look at http://{}/readyz",
                engine.media, engine.control
            );
            if let Some(front) = engine.front {
                println!(
                    "webhooks are taken at {front}/webhooks/telnyx, documents asked for at /texml"
                );
            }
            let view = notes.and_then(|notes| watch(notes, &engine));
            let code = serve(engine, wait);
            // The view ends with the last call that could show anything.
            if let Some(view) = view
                && view.join().is_err()
            {
                eprintln!("the view had died");
            }
            code
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}

/// Shows the engine's calls until it is gone.
fn watch(notes: Receiver<Note>, engine: &Engine) -> Option<JoinHandle<()>> {
    let headline = format!("answers on {} · control {}", engine.media, engine.control);
    match watch_calls(notes, &headline, Paper::of_stdout().ink) {
        Ok(view) => Some(view),
        Err(error) => {
            eprintln!("calls cannot be shown: {error}");
            None
        }
    }
}

fn settings(args: &Args) -> Result<EngineConfig, String> {
    let mut config = engine_config(args.config.as_deref())?;
    if let Some(businesses) = &args.businesses {
        config.directory.path.clone_from(businesses);
    }
    if let Some(models) = &args.models {
        config.models.path.clone_from(models);
    }
    if let Some(state) = &args.state {
        config.state.clone_from(state);
    }
    if let Some(media) = args.media {
        config.media.listen = media;
    }
    if let Some(control) = args.control {
        config.control = control;
    }
    config.check_access().map_err(|mistake| mistake.to_string())?;
    Ok(config)
}

/// Follows the signals: SIGHUP looks at the files, SIGTERM and SIGINT stop.
fn serve(engine: Engine, wait: types::Millis) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("the system gives no more: {error}");
            return ExitCode::from(COULD_NOT_RUN);
        }
    };
    let followed = runtime.block_on(async {
        let mut hang_up = signal(SignalKind::hangup())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        loop {
            tokio::select! {
                _ = hang_up.recv() => engine.reload(),
                _ = terminate.recv() => return Ok(()),
                _ = interrupt.recv() => return Ok(()),
            }
        }
    });
    engine.stop(wait);
    match followed {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let error: std::io::Error = error;
            eprintln!("signals cannot be followed: {error}");
            ExitCode::from(ANSWER_IS_NO)
        }
    }
}

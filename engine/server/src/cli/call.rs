//! `apex call`: ring an engine and play recordings to it.

use std::path::PathBuf;
use std::process::ExitCode;

use caller::{CallOptions, CallReport, Ending, Observation, run as place};
use types::{E164, Encoding, Millis, Secret};

use super::{ANSWER_IS_NO, COULD_NOT_RUN};

/// How long a caller who has said everything waits for the agent to hang up.
const HANG_UP_WAIT: Millis = Millis::from_secs(8);

/// What `apex call` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The number to dial.
    #[arg(long, value_name = "+NUMBER")]
    to: E164,
    /// The number to show.
    #[arg(long, value_name = "+NUMBER")]
    from: Option<E164>,
    /// Recordings to play, one per turn, of any format and rate.
    #[arg(long, value_name = "FILE,...", value_delimiter = ',', required = true)]
    play: Vec<PathBuf>,
    /// What the leg carries: pcmu, pcma, g722, l16 or opus.
    #[arg(long, value_parser = CallOptions::parse_codec, default_value = "pcmu")]
    codec: Encoding,
    /// Play recording N (from 1) into the reply before it, after MS of it: N:MS.
    #[arg(long, value_name = "N:MS")]
    interrupt_at: Option<String>,
    /// Where the engine takes carriers' sockets.
    #[arg(long, default_value = "ws://127.0.0.1:8700/media/telnyx")]
    url: String,
    /// What admits the socket.
    #[arg(long, env = "APEX_MEDIA_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Where to write the call in stereo: caller left, agent right.
    #[arg(long, value_name = "FILE")]
    wav: Option<PathBuf>,
    /// Print the measurements as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs `apex call`.
pub(crate) fn run(args: Args) -> ExitCode {
    super::log_to_stderr();
    match call(args) {
        Ok(answered) => answered,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}

fn call(args: Args) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let options = CallOptions {
        url: args.url,
        token: args.token.map(Secret::new),
        to: args.to,
        from: args.from,
        play: args.play,
        codec: args.codec,
        interrupt_at: args
            .interrupt_at
            .as_deref()
            .map(CallOptions::parse_interruption)
            .transpose()?,
        ending: Ending::WaitForAgent(HANG_UP_WAIT),
        seed: u64::from(std::process::id()),
    };
    let plan = options.plan()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let quiet = args.json;
    let report = runtime.block_on(place(plan, |observation| {
        if !quiet {
            show(&observation);
        }
    }))?;
    if let Some(path) = &args.wav {
        caller::write_stereo_wav(path, report.rate, &report.caller_track, &report.agent_track)?;
    }
    if args.json {
        println!("{}", report.to_json());
    } else {
        sum_up(&report);
    }
    let answered = report.turns.iter().all(|turn| turn.response.is_some());
    Ok(if answered { ExitCode::SUCCESS } else { ExitCode::from(ANSWER_IS_NO) })
}

fn show(observation: &Observation) {
    match observation {
        Observation::Opened { call_control } => println!("          opened {call_control}"),
        Observation::QuestionBegan { label, at, .. } => println!("{at:>9} caller: {label}"),
        Observation::ReplyBegan { response: Some(response), at, .. } => {
            println!("{at:>9} agent answers after {response}");
        }
        Observation::ReplyBegan { response: None, at, .. } => println!("{at:>9} agent speaks"),
        Observation::ReplyEnded { at, .. } => println!("{at:>9} agent has finished"),
        Observation::Unanswered { at, .. } => println!("{at:>9} no answer"),
        Observation::BargedIn { onset, .. } => println!("{onset:>9} caller talks over the agent"),
        Observation::Cleared(clear) => println!("{:>9} agent stops", clear.at),
        Observation::Closed { by, at } => println!("{at:>9} ended by {by:?}"),
        Observation::QuestionEnded { .. } | Observation::Pressed { .. } => (),
    }
}

fn sum_up(report: &CallReport) {
    let gaps = report.gaps.len();
    println!("{} turns, {} ms long, {gaps} gaps", report.turns.len(), report.duration.get());
    for turn in &report.turns {
        let response = turn.response.map_or("no answer".to_owned(), |span| span.to_string());
        println!("  {:<24} {response}", turn.label);
    }
    if let Some(barge_in) = report.barge_in {
        println!("  interrupted: silent {} after the caller's first sound", barge_in.stop);
    }
    println!("  own lateness: {:?}", report.verdict);
}

//! `apex fake-vendors`: cloud vendors on this machine, to develop and rehearse without an account.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::ExitCode;

use fake_vendors::chat::Reply;
use fake_vendors::{Delays, FakeVendors, Fault, Options, Plan, Protocol, Words};
use types::{Millis, Secret};

use super::COULD_NOT_RUN;

/// What `apex fake-vendors` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where Deepgram, OpenAI, Anthropic, ElevenLabs and Cartesia are served.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8795")]
    listen: SocketAddr,
    /// Where Wyoming is served.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8796")]
    listen_wyoming: SocketAddr,
    /// The one key that is accepted; without it any.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// What the recognizers hear, a sentence per turn, then from the beginning: they understand no
    /// real speech.
    #[arg(long, value_name = "SENTENCE", default_values_t = [
        "When do you open on Monday?".to_owned(),
        "How much is a cleaning?".to_owned(),
        "Thank you, goodbye.".to_owned(),
    ])]
    hear: Vec<String>,
    /// What the models say, a reply per request; then, and without it, they repeat the caller's words.
    #[arg(long, value_name = "REPLY")]
    say: Vec<String>,
    /// Something that goes wrong with every session of a protocol, like `cartesia=drop:500`.
    #[arg(long, value_name = "PROTOCOL=FAULT", value_parser = fault)]
    fault: Vec<(Protocol, Fault)>,
    /// From audio received, or the order to finish, to its words.
    #[arg(long, value_name = "MS", default_value_t = Delays::default().words.get())]
    words_ms: u32,
    /// From a request to a model's first token.
    #[arg(long, value_name = "MS", default_value_t = Delays::default().first_token.get())]
    first_token_ms: u32,
    /// From text to a voice's first audio.
    #[arg(long, value_name = "MS", default_value_t = Delays::default().first_audio.get())]
    first_audio_ms: u32,
}

/// Runs `apex fake-vendors` until ctrl-C.
pub(crate) fn run(args: Args) -> ExitCode {
    super::log_to_stderr();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(COULD_NOT_RUN);
        }
    };
    match runtime.block_on(serve(args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}

async fn serve(args: Args) -> Result<(), Box<dyn std::error::Error>> {
    let key = args.key.clone();
    let replies = args.say.iter().map(|text| Reply::words(text)).collect::<Vec<_>>();
    let vendors = FakeVendors::start(options(args)).await?;
    vendors.replies().set(replies);
    println!("{}", settings(&vendors, key.as_deref().unwrap_or("any")));
    tokio::signal::ctrl_c().await?;
    println!("{}", sessions(&vendors));
    Ok(())
}

fn options(args: Args) -> Options {
    let delays = Delays {
        words: Millis::new(args.words_ms),
        first_token: Millis::new(args.first_token_ms),
        first_audio: Millis::new(args.first_audio_ms),
        ..Delays::default()
    };
    let plans = Protocol::ALL.map(|protocol| {
        let faults = args.fault.iter().filter(|(of, _)| *of == protocol);
        let rest = faults.map(|(_, fault)| *fault).collect();
        (protocol, Plan { rest, delays, ..Plan::default() })
    });
    Options {
        listen: args.listen,
        listen_wyoming: args.listen_wyoming,
        key: args.key.map(Secret::new),
        plans: BTreeMap::from(plans),
        words: Words::Scripted(args.hear),
        ..Options::default()
    }
}

/// `cartesia=drop:500`.
fn fault(text: &str) -> Result<(Protocol, Fault), String> {
    let (name, fault) = text.split_once('=').ok_or("write PROTOCOL=FAULT")?;
    let protocol = Protocol::ALL.into_iter().find(|protocol| protocol.name() == name);
    let protocol = protocol.ok_or_else(|| {
        let names = Protocol::ALL.map(Protocol::name).join(", ");
        format!("\"{name}\" is none of {names}")
    })?;
    let fault = fault.parse::<Fault>().map_err(|error| error.to_string())?;
    Ok((protocol, fault))
}

/// What the engine's environment has to say to reach them, ready to be pasted into a shell.
fn settings(vendors: &FakeVendors, key: &str) -> String {
    let base = vendors.base_url();
    let wyoming = vendors.wyoming_url();
    let mut lines = vec!["serving until ctrl-C; the engine reaches us with:".to_owned()];
    for name in ["DEEPGRAM", "ANTHROPIC", "ELEVENLABS", "CARTESIA"] {
        lines.push(format!("export {name}_API_KEY={key} {name}_BASE_URL={base}"));
    }
    lines.push(format!("export OPENAI_API_KEY={key} OPENAI_BASE_URL={base}/v1"));
    lines.push(format!("export WYOMING_STT_URL={wyoming} WYOMING_TTS_URL={wyoming}"));
    lines.join("\n")
}

/// What was asked of whom.
fn sessions(vendors: &FakeVendors) -> String {
    let mut counts: BTreeMap<Protocol, usize> = BTreeMap::new();
    for session in vendors.sessions() {
        *counts.entry(session.protocol).or_default() += 1;
    }
    let row = |(protocol, count): (&Protocol, &usize)| format!("{:22} {count}", protocol.name());
    let rows: Vec<String> = counts.iter().map(row).collect();
    format!("sessions:\n{}", if rows.is_empty() { "none".to_owned() } else { rows.join("\n") })
}

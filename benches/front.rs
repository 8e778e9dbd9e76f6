//! From a ring to the greeting's first audio: how much of it is the engine's own.
//!
//! `cargo bench -p benches --bench front --profile fast [-- --calls N] [-- --at-once N]`. A carrier of
//! our own rings the engine on loopback. What is waited for the carrier does not count: its own time
//! to answer, to connect. What counts, as the carrier sees it: the ring's webhook to the order to
//! answer, the answer's webhook to the order to stream, the open socket to the first audio; loopback
//! included.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench talks to its user")]

use std::error::Error;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use benches::machine::Machine;
use caller::carrier::{
    CarrierOptions, FakeCarrier, Happened, LegReport, RingPlan, StreamNews, Verdict, WebhookFate,
};
use caller::{CallPlan, Script, Step};
use server::config::EngineConfig;
use server::engine::{Engine, Given};
use tokio::sync::Semaphore;
use types::{Millis, Secret};
use wire::telnyx::WallMicros;
use wire::telnyx::signature::SigningKey;

/// Calls without further wishes.
const CALLS: usize = 300;

/// The key of the carrier's API.
const API_KEY: &str = "KEY-of-a-bench";

/// What the carrier signs with.
const SEED: [u8; 32] = [42; 32];

/// Our own share of one call, in ms.
struct Share {
    answer: f64,
    stream: f64,
    greeting: f64,
    ack: f64,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let (calls, at_once) = (wish("--calls", CALLS), wish("--at-once", 1).max(1));
    let machine = Machine::now();
    let state = std::env::temp_dir().join(format!("apex-front-{}", std::process::id()));
    let [front, media, api] = ports()?;
    let engine = start(&state, [front, media, api])?;
    let published = engine.node.routes.load();
    let numbers: Vec<_> = published
        .directory
        .businesses()
        .filter_map(|business| business.numbers.first().copied())
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let reports = runtime.block_on(async {
        let options = CarrierOptions {
            listen: ([127, 0, 0, 1], api).into(),
            api_key: Some(Secret::new(API_KEY.to_owned())),
            signing_seed: SEED,
            ..CarrierOptions::new(format!("http://127.0.0.1:{front}/webhooks/telnyx"))
        };
        let carrier = FakeCarrier::start(options).await?;
        let places = Arc::new(Semaphore::new(at_once));
        let mut under_way = Vec::new();
        for n in 0..calls {
            let place = places.clone().acquire_owned().await?;
            let steps = vec![Step::Pause { span: Millis::new(700) }, Step::HangUp];
            let plan = CallPlan::new("", numbers[n % numbers.len()].e164, Script { steps });
            let leg = carrier.ring(RingPlan::new(CallPlan { seed: n as u64, ..plan }))?;
            under_way.push(tokio::spawn(async move {
                let report = leg.ended().await;
                drop(place);
                report
            }));
        }
        let mut reports = Vec::new();
        for call in under_way {
            reports.push(call.await??);
        }
        Ok::<_, Box<dyn Error>>(reports)
    })?;
    engine.stop(Millis::from_secs(5));
    std::fs::remove_dir_all(&state)?;
    let shares: Vec<Share> = reports.iter().filter_map(share).collect();
    println!("{machine}");
    println!("{} of {calls} calls greeted, {at_once} at once; ms", shares.len());
    println!("{:<34}{:>8}{:>8}{:>8}", "", "p50", "p99", "max");
    row("ring to order to answer", &shares, |share| share.answer);
    row("answered to order to stream", &shares, |share| share.stream);
    row("socket to first audio", &shares, |share| share.greeting);
    row("our own share of ring to greeting", &shares, |share| {
        share.answer + share.stream + share.greeting
    });
    row("slowest acknowledgement of a call", &shares, |share| share.ack);
    Ok(())
}

fn wish(name: &str, otherwise: usize) -> usize {
    let arguments: Vec<String> = std::env::args().collect();
    let at = arguments.iter().position(|argument| argument == name);
    at.and_then(|at| arguments.get(at + 1)?.parse().ok()).unwrap_or(otherwise)
}

/// Three ports nobody has.
fn ports() -> std::io::Result<[u16; 3]> {
    // Held together, so that they differ; free again once this returns.
    let held = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0"));
    let mut ports = [0; 3];
    for (port, listener) in ports.iter_mut().zip(held) {
        *port = listener?.local_addr()?.port();
    }
    Ok(ports)
}

fn start(state: &Path, [front, media, api]: [u16; 3]) -> Result<Engine, Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let key = SigningKey::from_seed(&SEED).public_key().to_base64();
    let settings = format!(
        r#"
[media]
listen = "127.0.0.1:{media}"
access = "token"
[control]
listen = "127.0.0.1:0"
[front]
listen = "127.0.0.1:{front}"
media_url = "ws://127.0.0.1:{media}"
public_keys = ["{key}"]
api_url = "http://127.0.0.1:{api}/v2"
"#
    );
    let mut config = EngineConfig::checked("bench", &settings)?;
    config.directory.path = root.join("fixtures/businesses");
    config.state = state.to_owned();
    let told = std::env::var_os("APEX_MODELS").map(PathBuf::from);
    config.models.path = told.unwrap_or_else(|| root.join("models"));
    let given = Given { api_key: Some(Secret::new(API_KEY.to_owned())), ..Given::default() };
    Ok(Engine::start(config, given)?)
}

/// The share of one call; none if it was not greeted.
fn share(report: &LegReport) -> Option<Share> {
    let first = |is: &dyn Fn(&Happened) -> bool| -> Option<WallMicros> {
        Some(report.entries.iter().find(|entry| is(&entry.what))?.at)
    };
    let command = |name: &str| {
        first(
            &|what| matches!(what, Happened::Command { verb, verdict: Verdict::Done, .. } if verb == name),
        )
    };
    let between = |from: WallMicros, to: WallMicros| {
        (to.as_unix_micros() - from.as_unix_micros()).max(0) as f64 / 1_000.0
    };
    let (rang, answered) =
        (first(&|what| *what == Happened::Rang)?, first(&|what| *what == Happened::Answered)?);
    let opened = first(&|what| *what == Happened::Stream(StreamNews::Opened))?;
    let heard = first(&|what| *what == Happened::Stream(StreamNews::FirstMedia))?;
    let acks = report.entries.iter().filter_map(|entry| match &entry.what {
        Happened::Webhook { fate: WebhookFate::Answered { after, .. }, .. } => {
            Some(f64::from(after.get()))
        }
        Happened::Rang
        | Happened::Webhook { .. }
        | Happened::Command { .. }
        | Happened::Answered
        | Happened::Stream(_)
        | Happened::Said { .. }
        | Happened::Pressed { .. }
        | Happened::Key
        | Happened::Over { .. } => None,
    });
    Some(Share {
        answer: between(rang, command("answer")?),
        stream: between(answered, command("streaming_start")?),
        greeting: between(opened, heard),
        ack: acks.fold(0.0, f64::max),
    })
}

fn row(name: &str, shares: &[Share], of: impl Fn(&Share) -> f64) {
    let mut values: Vec<f64> = shares.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let rank = (share * values.len() as f64).ceil() as usize;
        values.get(rank.clamp(1, values.len().max(1)) - 1).copied().unwrap_or(f64::NAN)
    };
    println!("{name:<34}{:>8.1}{:>8.1}{:>8.1}", at(0.5), at(0.99), at(1.0));
}

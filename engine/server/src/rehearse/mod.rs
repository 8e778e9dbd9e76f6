//! Crashes rehearsed: a supervisor runs the engine as a process of its own, a carrier of ours rings
//! it, and in the middle of the calls the process is killed, media sockets break, or the carrier's
//! API goes away. The callers stay on the line: what do they hear?
//!
//! Calls come in rounds. Everything that chance decides follows from the seed, but for the machine's
//! own timing.

mod child;
mod cores;
mod round;
mod story;
mod verdict;

use std::fs;
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use caller::carrier::{CarrierOptions, FakeCarrier};
use codecs::resample::resample_all;
use speech::{ModelDir, ModelError};
use thiserror::Error;
use types::{Millis, SampleRate, Secret};
use wire::telnyx::signature::SigningKey;

use child::{Bridge, Supervised};
use cores::Cores;
use round::{Audio, Round};
pub use verdict::{Fault, Tally};

use crate::config::EngineConfig;
use crate::publish::GREETING_RATE;
use crate::vendors::Vendors;

/// What the engine and the carrier agree on.
const API_KEY: &str = "KEY-rehearsal";

/// What the carrier signs with.
const SIGNING_SEED: [u8; 32] = [42; 32];

/// A rehearsal that cannot be held.
#[derive(Debug, Error)]
pub enum RehearseError {
    /// The system refuses something.
    #[error(transparent)]
    System(#[from] io::Error),
    /// The models for the caller's voice are not here.
    #[error(transparent)]
    Models(#[from] ModelError),
    /// The caller's words cannot be spoken.
    #[error("the caller's words cannot be spoken")]
    Voice,
    /// The carrier cannot be had.
    #[error(transparent)]
    Carrier(#[from] caller::carrier::CarrierError),
    /// The engine does not start.
    #[error("the engine is not up within a minute: see engine.log")]
    NotUp,
    /// A leg's task died with the carrier.
    #[error("a leg was lost with its carrier")]
    Leg(#[from] tokio::task::JoinError),
}

/// A rehearsal to be held.
#[derive(Clone, Debug)]
pub struct Rehearsal {
    /// The program `apex`.
    pub program: PathBuf,
    /// Calls in all.
    pub calls: usize,
    /// Calls per round: they are up at the same time.
    pub together: usize,
    /// What decides where chance would.
    pub seed: u64,
    /// Only faults of this kind, if given.
    pub only: Option<Fault>,
    /// Where settings, state and the engine's log go; emptied.
    pub out: PathBuf,
    /// The directory of business files.
    pub businesses: PathBuf,
    /// The directory of local models.
    pub models: PathBuf,
}

/// Holds a rehearsal; `show` is told of each round.
///
/// # Errors
/// [`RehearseError`]: it could not be held. What went wrong in it is no error.
pub async fn rehearse(
    plan: &Rehearsal,
    mut show: impl FnMut(&Tally),
) -> Result<Tally, RehearseError> {
    let out = &plan.out;
    if out.exists() {
        fs::remove_dir_all(out)?;
    }
    fs::create_dir_all(out)?;
    let audio = Arc::new(audio(&plan.models)?);
    let businesses = out.join("businesses");
    copy_businesses(&plan.businesses, &businesses)?;
    let [front, media, control, api] = free_ports()?;
    let bridge = Bridge::to(([127, 0, 0, 1], api).into()).await?;
    let config = out.join("config.toml");
    fs::write(&config, settings([front, media, control], bridge.address.port()))?;
    let options = CarrierOptions {
        listen: ([127, 0, 0, 1], api).into(),
        api_key: Some(Secret::new(API_KEY.to_owned())),
        signing_seed: SIGNING_SEED,
        faults: caller::carrier::Faults { seed: plan.seed, ..Default::default() },
        ..CarrierOptions::new(format!("http://127.0.0.1:{front}/webhooks/telnyx"))
    };
    let carrier = FakeCarrier::start(options).await?;
    let supervised = Supervised {
        program: plan.program.clone(),
        config,
        businesses,
        state: out.join("state"),
        models: plan.models.clone(),
        log: out.join("engine.log"),
    };
    let mut engine = supervised.start()?;
    let cores = Arc::new(Cores::watch()?);
    cores.follow(engine.pid());
    let mut tally = Tally::default();
    let mut left = plan.calls;
    for number in 0_u64.. {
        if left == 0 {
            break;
        }
        let calls = plan.together.min(left);
        left -= calls;
        let round = Round {
            number,
            seed: plan.seed,
            calls,
            only: plan.only,
            audio: audio.clone(),
            cores: cores.clone(),
        };
        let seen = round.hold(&carrier, &bridge, (&supervised, &mut engine)).await?;
        tally.add(seen);
        show(&tally);
    }
    Ok(tally)
}

/// The caller's questions, spoken by our own voice.
fn audio(models: &Path) -> Result<Audio, RehearseError> {
    let config = EngineConfig::shipped();
    let vendors = Vendors::local(&ModelDir::open(models)?, &config.models)?;
    let greeter = vendors.greeter();
    let speak = |text: &str| {
        let sound = greeter.synthesize(text).ok_or(RehearseError::Voice)?;
        let line: Vec<i16> = resample_all(GREETING_RATE, SampleRate::Hz8000, &sound);
        Ok::<Arc<[i16]>, RehearseError>(line.into())
    };
    Ok(Audio {
        first: speak("How much is a teeth cleaning?")?,
        // Who does not remember what was asked cannot know what takes how long.
        second: speak("How long does that take?")?,
    })
}

/// The sample businesses, open to more calls than they would be.
fn copy_businesses(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for item in fs::read_dir(from)? {
        let path = item?.path();
        let Some(name) = path.file_name().filter(|_| path.extension().is_some()) else { continue };
        let text = fs::read_to_string(&path)?;
        let lines = text.lines().map(|line| {
            let is_limit = line.trim_start().starts_with("calls_max");
            if is_limit { "calls_max = 200" } else { line }
        });
        fs::write(to.join(name), lines.collect::<Vec<_>>().join("\n"))?;
    }
    Ok(())
}

fn free_ports() -> io::Result<[u16; 4]> {
    // Held together, so that they differ; free again once this returns.
    let held: Vec<TcpListener> =
        (0..4).map(|_| TcpListener::bind("127.0.0.1:0")).collect::<io::Result<_>>()?;
    let mut ports = [0; 4];
    for (port, listener) in ports.iter_mut().zip(&held) {
        *port = listener.local_addr()?.port();
    }
    Ok(ports)
}

fn settings([front, media, control]: [u16; 3], api: u16) -> String {
    let key = SigningKey::from_seed(&SIGNING_SEED).public_key().to_base64();
    format!(
        r#"[media]
listen = "127.0.0.1:{media}"
access = "token"
[control]
listen = "127.0.0.1:{control}"
[front]
listen = "127.0.0.1:{front}"
public_url = "http://127.0.0.1:{front}"
media_url = "ws://127.0.0.1:{media}"
public_keys = ["{key}"]
api_url = "http://127.0.0.1:{api}/v2"
connections = ["2811000000000000001"]
[limits]
calls_max = 200
starts_per_s_max = 1000
"#
    )
}

/// The span between two points, in words of the table.
fn seconds(span: Millis) -> String {
    format!("{:.2} s", f64::from(span.get()) / 1_000.0)
}

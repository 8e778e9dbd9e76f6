//! What the server's tests share: an engine on free ports, businesses made up for a test, callers
//! who behave and callers who do not.
#![allow(dead_code, reason = "what several test binaries share is used in full by none of them")]

pub(crate) mod exchange;
pub(crate) mod raw;
pub(crate) mod rings;
pub(crate) mod shop;
pub(crate) mod stub;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use server::config::{Access, EngineConfig};
use server::engine::{Engine, Given};
use server::telemetry::{self, Telemetry};
use server::vendors::Environment;
use types::{BusinessId, CallRecord, Secret};

use shop::Shop;

/// The longest anything may take that does not depend on how long people talk. Generous: a busy
/// machine makes a test slow, not wrong.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// The repository.
pub(crate) fn repository() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("a repository around this crate").to_owned()
}

/// Where the local models lie.
pub(crate) fn models() -> PathBuf {
    let dir =
        std::env::var_os("APEX_MODELS").map_or_else(|| repository().join("models"), PathBuf::from);
    assert!(
        dir.join("stt").is_dir(),
        "the local models are not in {}: run `apex models pull`, or set APEX_MODELS",
        dir.display()
    );
    dir
}

/// A recording of the demo, at `rate`.
pub(crate) fn recording(name: &str, rate: types::SampleRate) -> std::sync::Arc<[i16]> {
    let path = repository().join("fixtures/demo").join(name);
    caller::audio::load(&path, rate).expect("a recording of the demo").into()
}

/// An empty directory of this test's own.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if dir.exists() {
        fs::remove_dir_all(&dir).expect("a directory of ours");
    }
    fs::create_dir_all(&dir).expect("a writable target directory");
    dir
}

/// An empty directory of this test's own that costs no disk, where the system has such a place.
pub(crate) fn scratch_in_memory(name: &str) -> PathBuf {
    let memory = Path::new("/dev/shm");
    if !memory.is_dir() {
        return scratch(name);
    }
    let dir = memory.join(format!("apex-{name}-{}", std::process::id()));
    fs::create_dir_all(&dir).expect("a writable directory");
    dir
}

/// Looks until `condition` holds, for `limit` at most; whether it did.
pub(crate) fn holds_within(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let until = Instant::now() + limit;
    let (_open, tick) = sync_channel::<()>(1);
    while !condition() {
        if until < Instant::now() {
            return false;
        }
        // Nobody ever sends: this passes the time between two looks.
        assert!(tick.recv_timeout(LOOK_EVERY).is_err());
    }
    true
}

/// Looks until `condition` holds.
///
/// # Panics
/// If it does not within `limit`.
pub(crate) fn wait_for(what: &str, limit: Duration, condition: impl FnMut() -> bool) {
    assert!(holds_within(limit, condition), "not within {} s: {what}", limit.as_secs());
}

/// A running engine with businesses of its own.
pub(crate) struct Site {
    /// The engine.
    pub(crate) engine: Engine,
    /// Its durable state.
    pub(crate) state: PathBuf,
    metrics: PrometheusHandle,
}

impl Site {
    /// Starts an engine called `name` that answers for `shops`, with `settings` laid over the
    /// shipped ones. Sockets need a token. One per process: metrics are the process's.
    pub(crate) fn start(name: &str, shops: &[Shop], settings: &str) -> Self {
        Self::start_at(name, shops, settings, None)
    }

    /// The same, with `token` on its control port.
    pub(crate) fn start_guarded(name: &str, shops: &[Shop], settings: &str, token: &str) -> Self {
        let metrics = telemetry::install().expect("one engine per test binary");
        let config = config(&scratch(name), shops, settings);
        let state = config.state.clone();
        let secret = |text: &str| Some(Secret::new(text.to_owned()));
        let given = Given {
            metrics: Some(metrics.clone()),
            api_key: secret(stub::API_KEY),
            control_token: secret(token),
            ..Given::default()
        };
        let engine = Engine::start(config, given).expect("an engine that starts");
        Self { engine, state, metrics }
    }

    /// The same, with vendors where `environment` says.
    pub(crate) fn start_with(name: &str, shops: &[Shop], environment: Environment) -> Self {
        let metrics = telemetry::install().expect("one engine per test binary");
        let config = config(&scratch(name), shops, "");
        let state = config.state.clone();
        let environment = Some(environment);
        let given = Given { metrics: Some(metrics.clone()), environment, ..Given::default() };
        let engine = Engine::start(config, given).expect("an engine that starts");
        Self { engine, state, metrics }
    }

    /// The same, with its media on this port.
    pub(crate) fn start_at(name: &str, shops: &[Shop], settings: &str, media: Option<u16>) -> Self {
        let metrics = telemetry::install().expect("one engine per test binary");
        let dir = scratch(name);
        let mut config = config(&dir, shops, settings);
        config.media.listen.set_port(media.unwrap_or(0));
        let state = config.state.clone();
        let api_key = Some(Secret::new(stub::API_KEY.to_owned()));
        let given = Given { metrics: Some(metrics.clone()), api_key, ..Given::default() };
        let engine = Engine::start(config, given).expect("an engine that starts");
        Self { engine, state, metrics }
    }

    /// Stops the engine and starts it again on what it left behind.
    pub(crate) fn restart(self) -> Self {
        let Self { engine, state, metrics } = self;
        let config = engine.node.config.clone();
        engine.stop(types::Millis::ZERO);
        let api_key = Some(Secret::new(stub::API_KEY.to_owned()));
        let given = Given { metrics: Some(metrics.clone()), api_key, ..Given::default() };
        let engine = Engine::start(config, given).expect("an engine that starts again");
        Self { engine, state, metrics }
    }

    /// What `counter` has counted.
    pub(crate) fn count(&self, counter: &str) -> u64 {
        count_in(&self.metrics.render(), counter)
    }

    /// The finished call that its carrier calls `carrier_call`, once it is on disk.
    pub(crate) fn record(&self, business: &str, carrier_call: &str) -> (CallRecord, PathBuf) {
        let mut found = None;
        wait_for(&format!("the record of {carrier_call}"), SOON, || {
            found = find_record(&self.state, business, carrier_call);
            found.is_some()
        });
        found.expect("just found")
    }
}

/// The settings of an engine in `dir` that answers for `shops`.
pub(crate) fn config(dir: &Path, shops: &[Shop], settings: &str) -> EngineConfig {
    let mut config =
        EngineConfig::checked("the test's settings", settings).expect("sound settings");
    config.media.listen = "127.0.0.1:0".parse().expect("an address");
    config.control = config.media.listen;
    config.media.access = Access::Token;
    config.directory.path = dir.join("businesses");
    config.state = dir.join("state");
    config.models.path = models();
    fs::create_dir_all(&config.directory.path).expect("a directory of ours");
    for shop in shops {
        shop.write(&config.directory.path);
    }
    config
}

/// Counters of a test's own, whatever else runs in this process.
pub(crate) struct Counted {
    /// To be counted with.
    pub(crate) telemetry: Telemetry,
    metrics: PrometheusHandle,
}

impl Counted {
    /// Nothing counted yet.
    pub(crate) fn new() -> Self {
        let recorder = PrometheusBuilder::new().build_recorder();
        let telemetry = metrics::with_local_recorder(&recorder, Telemetry::new);
        Self { telemetry, metrics: recorder.handle() }
    }

    /// What `counter` has counted.
    pub(crate) fn count(&self, counter: &str) -> u64 {
        count_in(&self.metrics.render(), counter)
    }
}

/// What `counter` has counted, by the page of all metrics.
pub(crate) fn count_in(page: &str, counter: &str) -> u64 {
    let line = page.lines().find_map(|line| line.strip_prefix(counter)?.strip_prefix(' '));
    line.map_or(0, |number| number.parse::<f64>().expect("a number") as u64)
}

fn find_record(state: &Path, business: &str, carrier_call: &str) -> Option<(CallRecord, PathBuf)> {
    let business: BusinessId = business.parse().expect("a business id");
    let folders = fs::read_dir(state.join("calls").join(business.as_str())).ok()?;
    folders.filter_map(Result::ok).find_map(|folder| {
        let json = fs::read(folder.path().join("call.json")).ok()?;
        let record: CallRecord = serde_json::from_slice(&json).expect("a record");
        (record.parties.carrier_call == carrier_call).then(|| (record, folder.path()))
    })
}

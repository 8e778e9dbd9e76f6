//! What the machine gives: processor, files, ports, clock, disk.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::process::{Resource, getrlimit};

use super::Finding;
use crate::config::EngineConfig;
use crate::listen::bind;

/// Files an engine has open besides its calls: models, journal, listeners, log.
const FILES_OF_OUR_OWN: u64 = 128;

/// Files of a call: its socket, its recording, and a spare for a reconnect.
const FILES_PER_CALL: u64 = 3;

/// Less free space than this is gone within a working day: 20 calls recorded at 8 kHz in stereo
/// take 2.3 GB an hour.
const FREE_BYTES_WANTED: u64 = 5 << 30;

/// With less than this the journal itself is in danger.
const FREE_BYTES_MIN: u64 = 512 << 20;

/// The longest an engine's own control port may take.
const CONTROL_LIMIT: Duration = Duration::from_millis(500);

/// The longest answer read from it.
const ANSWER_BYTES_MAX: u64 = 4_096;

/// How long the two clocks are compared.
const CLOCK_SPAN: Duration = Duration::from_millis(150);

/// How far they may run apart meanwhile: a clock being stepped shows at once.
const CLOCK_DRIFT_MAX: Duration = Duration::from_millis(20);

/// Certificates, signatures and opening hours all need the year to be right: 2026-01-01.
const WALL_MIN: Duration = Duration::from_secs(1_767_225_600);

/// Whether the processor has what the local models are fast with.
pub(super) fn processor() -> Finding {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let cores = crate::cli::counted(cores, "core", "cores");
    match vector_unit() {
        Some(unit) => Finding::fine("processor", format!("{cores}, {unit}")),
        None => Finding::note(
            "processor",
            format!("{cores}, without AVX2 and FMA"),
            "local models run several times slower here: use a machine of this decade, or cloud \
             vendors",
        ),
    }
}

#[cfg(target_arch = "x86_64")]
fn vector_unit() -> Option<&'static str> {
    let has = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    let is_wide = has && is_x86_feature_detected!("avx512f");
    if is_wide { Some("AVX-512") } else { has.then_some("AVX2") }
}

#[cfg(not(target_arch = "x86_64"))]
fn vector_unit() -> Option<&'static str> {
    Some(std::env::consts::ARCH)
}

/// Whether as many calls as allowed can have their files open.
pub(super) fn open_files(calls_max: usize) -> Finding {
    judge_open_files(getrlimit(Resource::Nofile).current, calls_max)
}

fn judge_open_files(limit: Option<u64>, calls_max: usize) -> Finding {
    let wanted = FILES_OF_OUR_OWN + FILES_PER_CALL * calls_max as u64;
    match limit {
        Some(limit) if limit < wanted => Finding::failed(
            "open files",
            format!("{limit} allowed, {calls_max} calls need {wanted}"),
            format!(
                "`ulimit -n {wanted}`, LimitNOFILE= in the service, or a lower media.calls_max"
            ),
        ),
        Some(limit) => {
            Finding::fine("open files", format!("{limit} allowed, {wanted} needed at most"))
        }
        None => Finding::fine("open files", "no limit"),
    }
}

/// Whether several threads may listen on one port: media threads do.
pub(super) fn ports_shared() -> Finding {
    let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
    match bind(anywhere, 2) {
        Ok(_) => Finding::fine("shared ports", "several threads can listen on one port"),
        Err(error) => Finding::failed(
            "shared ports",
            error.to_string(),
            "this system has no SO_REUSEPORT: set media.threads = 1",
        ),
    }
}

/// Whether the ports of `config` can be had.
pub(super) fn ports(config: &EngineConfig) -> Vec<Finding> {
    let mut wanted = vec![("media port", config.media.listen), ("control port", config.control)];
    wanted.extend(config.front.listen.map(|address| ("front port", address)));
    let runs = runs_at(config.control);
    wanted.into_iter().map(|(check, address)| port(check, address, runs)).collect()
}

/// Who may have taken our ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holder {
    /// An engine that runs with these settings: its control port answers as ours does.
    Engine,
    /// Nobody we know.
    Unknown,
}

/// Whether an engine answers at its control port.
fn runs_at(control: SocketAddr) -> Holder {
    let answer = || -> io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&control, CONTROL_LIMIT)?;
        stream.set_read_timeout(Some(CONTROL_LIMIT))?;
        let ask = format!("GET /readyz HTTP/1.1\r\nhost: {control}\r\nconnection: close\r\n\r\n");
        stream.write_all(ask.as_bytes())?;
        let mut answer = Vec::new();
        stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    };
    let is_ours = answer().is_ok_and(|answer| {
        ["\"up_s\"", "draining", "no business has a number"].iter().any(|w| answer.contains(w))
    });
    if is_ours { Holder::Engine } else { Holder::Unknown }
}

fn port(check: &'static str, address: SocketAddr, holder: Holder) -> Finding {
    // Without SO_REUSEPORT, which our own listeners have: two engines would share the port in turns.
    match TcpListener::bind(address) {
        Ok(_) => Finding::fine(check, format!("{address} is free")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && holder == Holder::Engine => {
            Finding::fine(check, format!("{address} is taken: an engine runs already"))
        }
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Finding::failed(
            check,
            format!("{address} is taken"),
            "set another port, or end what has it",
        ),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Finding::failed(
            check,
            format!("{address} is not allowed: {error}"),
            "ports below 1024 need CAP_NET_BIND_SERVICE: take a higher one and put a proxy before it",
        ),
        Err(error) => Finding::failed(
            check,
            format!("{address}: {error}"),
            "listen on an address of this machine, or on 0.0.0.0 for all of them",
        ),
    }
}

/// Whether the clock goes evenly and stands in our time.
pub(super) fn clock() -> Finding {
    let (wall, monotonic) = (SystemTime::now(), Instant::now());
    std::thread::sleep(CLOCK_SPAN);
    let passed = monotonic.elapsed();
    let told = wall.elapsed().unwrap_or(Duration::ZERO);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    judge_clock(since, passed.abs_diff(told))
}

fn judge_clock(since: Duration, drift: Duration) -> Finding {
    let remedy = "set the clock and let a time service keep it (chrony, systemd-timesyncd): \
                  webhooks are believed for 300 s, and opening hours depend on it";
    if since < WALL_MIN {
        return Finding::failed("clock", "the clock stands in the past", remedy);
    }
    if CLOCK_DRIFT_MAX < drift {
        let what = format!("wall clock and steady clock ran {} ms apart", drift.as_millis());
        return Finding::failed("clock", what, remedy);
    }
    let now = jiff::Timestamp::from_second(since.as_secs() as i64);
    let now = now.map_or_else(
        |_| "far ahead".to_owned(),
        |now| now.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    );
    Finding::fine("clock", format!("{now}, steady"))
}

/// Whether journal and recordings can be written, and for how long.
pub(super) fn disk(state: &Path) -> Vec<Finding> {
    let mut findings = Vec::new();
    for folder in ["journal", "calls"] {
        let dir = state.join(folder);
        let shown = dir.display().to_string();
        findings.push(match try_write(&dir) {
            Ok(took) => Finding::fine(
                "disk",
                format!("{shown} can be written, on disk after {} ms", took.as_millis()),
            ),
            Err(error) => Finding::failed(
                "disk",
                format!("{shown}: {error}"),
                "give the engine's user this directory, or set state.path to one it may write",
            ),
        });
    }
    // Of the nearest directory that is there.
    let there = state.ancestors().find(|dir| dir.is_dir()).unwrap_or(Path::new("."));
    findings.push(match rustix::fs::statvfs(there) {
        Ok(space) => judge_space(space.f_bavail.saturating_mul(space.f_frsize)),
        Err(error) => Finding::note("disk", format!("free space is not known: {error}"), "look"),
    });
    findings
}

/// Writes a file as the journal does, and takes it away again with the directories made for it.
fn try_write(dir: &Path) -> io::Result<Duration> {
    let missing: Vec<&Path> = dir.ancestors().take_while(|dir| !dir.exists()).collect();
    fs::create_dir_all(dir)?;
    let path = dir.join(format!(".doctor-{}", std::process::id()));
    let began = Instant::now();
    let written = File::create(&path).and_then(|mut file| {
        file.write_all(&[0; 4_096])?;
        file.sync_data()
    });
    let took = began.elapsed();
    let removed = fs::remove_file(&path);
    for dir in missing {
        // Only what is still empty goes.
        if fs::remove_dir(dir).is_err() {
            break;
        }
    }
    written.and(removed).map(|()| took)
}

fn judge_space(free: u64) -> Finding {
    let what = format!("{:.1} GB free", free as f64 / 1e9);
    if free < FREE_BYTES_MIN {
        return Finding::failed("disk", what, "make room: the journal needs to be written");
    }
    if free < FREE_BYTES_WANTED {
        let remedy = "20 recorded calls take 2.3 GB an hour: move old ones away, or make room";
        return Finding::note("disk", what, remedy);
    }
    Finding::fine("disk", what)
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn too_few_files_for_the_calls_allowed_fail() {
        assert_eq!(judge_open_files(Some(1_024), 200).state, State::Fine);
        assert_eq!(judge_open_files(None, 100_000).state, State::Fine);
        let few = judge_open_files(Some(256), 200);
        assert_eq!(few.state, State::Failed);
        assert!(few.remedy.unwrap().contains("ulimit -n 728"));
    }

    #[test]
    fn a_port_that_is_taken_fails_and_a_free_one_does_not() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let found = port("media port", address, Holder::Unknown);
        assert_eq!(found.state, State::Failed, "{found:?}");
        assert!(found.what.contains("is taken"));
        // The same with an engine behind it is no reason to worry.
        assert_eq!(port("media port", address, Holder::Engine).state, State::Fine);
        assert_eq!(runs_at(address), Holder::Unknown, "somebody else's port says nothing");
        let free = "127.0.0.1:0".parse().unwrap();
        assert_eq!(port("media port", free, Holder::Unknown).state, State::Fine);
        let foreign = port("media port", "203.0.113.7:9".parse().unwrap(), Holder::Unknown);
        assert_eq!(foreign.state, State::Failed, "{foreign:?}");
        assert_eq!(ports_shared().state, State::Fine);
    }

    #[test]
    fn a_clock_in_the_past_or_one_that_jumps_fails() {
        let now = Duration::from_secs(1_790_000_000);
        assert_eq!(judge_clock(now, Duration::from_millis(1)).state, State::Fine);
        assert_eq!(judge_clock(now, Duration::from_secs(1)).state, State::Failed);
        assert_eq!(judge_clock(Duration::ZERO, Duration::ZERO).state, State::Failed);
    }

    #[test]
    fn a_directory_is_tried_and_left_as_it_was() {
        let dir = std::env::temp_dir().join(format!("apex-doctor-{}", std::process::id()));
        let findings = disk(&dir.join("state"));
        assert!(findings[..2].iter().all(|found| found.state == State::Fine), "{findings:?}");
        assert!(!dir.exists(), "nothing is left behind");
        let findings = disk(Path::new("/dev/null/nowhere"));
        assert!(findings[..2].iter().all(|found| found.state == State::Failed), "{findings:?}");
    }

    #[test]
    fn little_space_is_noted_and_none_fails() {
        assert_eq!(judge_space(100 << 30).state, State::Fine);
        assert_eq!(judge_space(2 << 30).state, State::Note);
        assert_eq!(judge_space(1 << 20).state, State::Failed);
    }

    #[test]
    fn the_processor_is_told() {
        assert!(processor().what.contains("core"));
    }
}

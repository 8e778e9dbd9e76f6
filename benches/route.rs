//! What it costs to find out who answers a number, while the directory is being replaced.
//!
//! `cargo bench -p benches --bench route --profile fast`; `-- --json` prints one JSON object per
//! row instead of the table. Fails if any look-up finds nobody, somebody else, or an agent of
//! another version than its snapshot's.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench's result is its print")]

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use benches::machine::Machine;
use benches::stopwatch::Effort;
use directory::{Defaults, Directory, KnownVendors, Rules, Source, publish};
use serde_json::json;
use server::routes::Snapshot;
use types::{BargeIn, BusinessId, ConfigVersion, E164, Intake, Limits, Millis, Turns};

fn main() -> ExitCode {
    let effort = Effort::from_args();
    let is_json = std::env::args().any(|arg| arg == "--json");
    let print = if is_json { Row::print_json } else { Row::print };
    let (businesses, time) = match effort {
        Effort::Full => (10_000, Duration::from_secs(2)),
        Effort::Smoke => (100, Duration::from_millis(20)),
    };
    let machine = Machine::now();
    let town = Town::new(businesses);
    if is_json {
        println!("{}", json!({ "bench": "route", "machine": machine.to_string() }));
    } else {
        println!("{machine}; {businesses} businesses with one number each");
        println!(
            "{:<34} {:>7} {:>10} {:>10} {:>12} {:>10} {:>8}",
            "writer", "readers", "median ns", "p99 ns", "look-ups", "swaps", "failed"
        );
    }
    let mut failed = 0;
    for writer in [Writer::None, Writer::Swaps, Writer::Publishes] {
        for readers in [1, 2] {
            let row = run(&town, writer, readers, time);
            print(&row);
            failed += row.failed;
        }
    }
    if !is_json {
        println!("now: {}", Machine::now());
    }
    if failed == 0 {
        return ExitCode::SUCCESS;
    }
    eprintln!("route: {failed} look-ups failed");
    ExitCode::FAILURE
}

/// Who replaces the directory during a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writer {
    /// Nobody.
    None,
    /// A thread that swaps prepared snapshots without a pause.
    Swaps,
    /// A thread that makes each snapshot from the files, as the watcher does, without a pause.
    Publishes,
}

impl Writer {
    fn title(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Swaps => "prepared snapshots, flat out",
            Self::Publishes => "publishes of edited files, flat out",
        }
    }
}

/// Generated businesses, and several versions of their directory.
struct Town {
    rules: Rules,
    sources: Vec<Source>,
    /// What the readers look up: number and owner, out of order.
    numbers: Vec<(E164, BusinessId, Kind)>,
    versions: Vec<Arc<Directory>>,
}

/// Whether a business is edited at every publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Its agents have the first version.
    Still,
    /// Its agents have the version of the directory they are found in.
    Edited,
}

impl Town {
    fn new(businesses: usize) -> Self {
        let rules = rules();
        let mut sources: Vec<Source> = (0..businesses).map(source).collect();
        let mut versions: Vec<Arc<Directory>> = Vec::new();
        let empty = Directory::empty();
        for edit in 0..VERSIONS {
            edit_sources(&mut sources, edit);
            let previous = versions.last().map_or(&empty, |version| &**version);
            versions.push(Arc::new(published(previous, &sources, &rules)));
        }
        let numbers = (0..businesses).map(|place| {
            // A step that shares no factor with the count visits each once.
            let index = place * 7_919 % businesses;
            let kind = if index < EDITED { Kind::Edited } else { Kind::Still };
            (number(index), id(index), kind)
        });
        Self { rules, sources, numbers: numbers.collect(), versions }
    }
}

/// The directory after `previous`, in which every business has a number.
fn published(previous: &Directory, sources: &[Source], rules: &Rules) -> Directory {
    let published = publish(previous, sources, &[], rules);
    assert!(published.mistakes.is_empty(), "generated files are sound: {:?}", published.mistakes);
    assert_eq!(published.directory.numbers_len(), sources.len(), "a number each");
    assert_ne!(published.directory.version(), previous.version(), "something was edited");
    published.directory
}

fn edit_sources(sources: &mut [Source], edit: usize) {
    for (index, source) in sources.iter_mut().enumerate().take(EDITED) {
        let greeting = format!("greeting = \"Edit {edit}. ");
        let text = text(index).replace("greeting = \"", &greeting);
        source.bytes = text.into_bytes();
    }
}

fn source(index: usize) -> Source {
    Source { file: format!("{}.toml", id(index)), bytes: text(index).into_bytes() }
}

/// The sample dentist under another id and number.
fn text(index: usize) -> String {
    let number = number(index).to_string();
    SAMPLE.replace(SAMPLE_ID, id(index).as_str()).replace(SAMPLE_NUMBER, &number)
}

fn id(index: usize) -> BusinessId {
    format!("business-{index:05}").parse().expect("a slug")
}

fn number(index: usize) -> E164 {
    format!("+1212{:07}", 2_000_000 + index).parse().expect("a number")
}

fn rules() -> Rules {
    let turns = Turns {
        endpoint_delay_min: Millis::new(350),
        endpoint_delay_max: Millis::new(1_200),
        barge_in: BargeIn::Allowed,
        no_input_delay: Millis::new(8_000),
        no_input_prompts_max: 2,
        dtmf_gap_max: Millis::new(3_000),
        greeting_protected: Millis::ZERO,
        keys: types::KeyRules::STANDARD,
    };
    let limits = Limits { call_duration_max: Millis::from_secs(900), calls_max: 20 };
    Rules {
        defaults: Defaults { turns, limits, intake: Intake::STANDARD },
        vendors: KnownVendors::local(),
    }
}

/// What one run found.
struct Row {
    writer: Writer,
    readers: usize,
    median_ns: f64,
    p99_ns: f64,
    look_ups: usize,
    swaps: usize,
    failed: usize,
}

impl Row {
    fn print(&self) {
        let Self { writer, readers, median_ns, p99_ns, look_ups, swaps, failed } = self;
        println!(
            "{:<34} {readers:>7} {median_ns:>10.0} {p99_ns:>10.0} {look_ups:>12} {swaps:>10} {failed:>8}",
            writer.title()
        );
    }

    fn print_json(&self) {
        println!(
            "{}",
            json!({
                "bench": "route", "writer": self.writer.title(), "readers": self.readers,
                "median_ns": self.median_ns, "p99_ns": self.p99_ns, "look_ups": self.look_ups,
                "swaps": self.swaps, "failed": self.failed,
            })
        );
    }
}

fn run(town: &Town, writer: Writer, readers: usize, time: Duration) -> Row {
    let routes = Snapshot::new(Directory::clone(&town.versions[0]));
    let is_over = AtomicBool::new(false);
    let (batches, swaps) = thread::scope(|scope| {
        let writing = scope.spawn(|| write(town, writer, &routes, &is_over));
        let reading: Vec<_> = (0..readers)
            .map(|reader| {
                let (routes, is_over) = (&routes, &is_over);
                scope.spawn(move || read(town, routes, is_over, reader))
            })
            .collect();
        thread::sleep(time);
        is_over.store(true, Ordering::Relaxed);
        let batches: Vec<Batch> = reading
            .into_iter()
            .flat_map(|reader| reader.join().expect("readers do not panic"))
            .collect();
        (batches, writing.join().expect("the writer does not panic"))
    });
    let mut ns: Vec<f64> = batches.iter().map(|batch| batch.ns).collect();
    ns.sort_by(f64::total_cmp);
    let at = |share: f64| ns[((ns.len() - 1) as f64 * share) as usize];
    Row {
        writer,
        readers,
        median_ns: at(0.5),
        p99_ns: at(0.99),
        look_ups: batches.len() * BATCH,
        swaps,
        failed: batches.iter().map(|batch| batch.failed).sum(),
    }
}

/// Replaces the directory until the run is over; returns how often.
fn write(town: &Town, writer: Writer, routes: &Snapshot<Directory>, is_over: &AtomicBool) -> usize {
    let mut sources = town.sources.clone();
    let mut swaps = 0;
    while writer != Writer::None && !is_over.load(Ordering::Relaxed) {
        let next = match writer {
            Writer::None => break,
            Writer::Swaps => Arc::clone(&town.versions[swaps % town.versions.len()]),
            Writer::Publishes => {
                edit_sources(&mut sources, VERSIONS + swaps);
                Arc::new(published(&routes.load(), &sources, &town.rules))
            }
        };
        routes.publish(next);
        swaps += 1;
    }
    swaps
}

/// [`BATCH`] look-ups: the mean time of one, and how many went wrong.
struct Batch {
    ns: f64,
    failed: usize,
}

fn read(
    town: &Town,
    routes: &Snapshot<Directory>,
    is_over: &AtomicBool,
    reader: usize,
) -> Vec<Batch> {
    let mut numbers = town.numbers.iter().cycle().skip(reader * town.numbers.len() / 2);
    let first = town.versions[0].version();
    let mut batches = Vec::new();
    while batches.is_empty() || !is_over.load(Ordering::Relaxed) {
        let start = Instant::now();
        let right = numbers.by_ref().take(BATCH).filter(|of| is_right(routes, of, first)).count();
        let ns = start.elapsed().as_nanos() as f64 / BATCH as f64;
        batches.push(Batch { ns, failed: BATCH - right });
    }
    batches
}

/// One look-up as a new call makes it: whether the agent is the number's and of the snapshot.
fn is_right(
    routes: &Snapshot<Directory>,
    (number, business, kind): &(E164, BusinessId, Kind),
    first: ConfigVersion,
) -> bool {
    let snapshot = routes.load();
    let Some(agent) = snapshot.agent_for(black_box(*number)) else { return false };
    let version = match kind {
        Kind::Still => first,
        Kind::Edited => snapshot.version(),
    };
    agent.business == *business && agent.version == version
}

const SAMPLE: &str = include_str!("../fixtures/businesses/riverside-dental.toml");
const SAMPLE_ID: &str = "riverside-dental";
const SAMPLE_NUMBER: &str = "+12125550142";

/// Prepared versions of the directory.
const VERSIONS: usize = 8;

/// Businesses that are edited at every publish.
const EDITED: usize = 64;

/// Long against the clock's grain, short against a time slice.
const BATCH: usize = 1_000;

//! What a crash, a damaged file and a disk that fails leave of the journal.

mod support;

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use call::{LogReader, Outcome, ReplayOptions, replay};
use server::archive::call_dir;
use server::engine::{Engine, Given};
use server::journal::{Entry, Fault, Journal, JournalReader, JournalSettings, Kept, Kind, orphans};
use support::raw::{Raw, block_on};
use support::shop::Shop;
use support::{Counted, SOON, config, models, scratch, wait_for};
use types::{BusinessId, CallId, CallRecord, EndReason, Millis};
use vendor::Offered;

/// Longer than any test: a group is written when the journal is closed.
const NEVER: Millis = Millis::from_secs(3_600);

/// What is in the queue when event log pieces are shed.
const EVENTS_QUEUED_MAX: usize = 6_144;

fn entry(kind: Kind, call: u128, payload: &[u8]) -> Entry {
    Entry { kind, call: CallId::new(call), payload: payload.to_vec() }
}

fn settings(commit: Millis, segment_bytes_max: u64) -> JournalSettings {
    let age_min = JournalSettings::AGE_MIN;
    JournalSettings { commit, segment_bytes_max, bytes_max: 1 << 30, age_min }
}

fn open(
    dir: &Path,
    settings: JournalSettings,
    counted: &Counted,
) -> (Journal, std::thread::JoinHandle<()>) {
    Journal::open(dir, settings, Kept::default(), counted.telemetry.clone()).expect("a journal")
}

/// Everything in `dir`, and what is damaged.
fn read(dir: &Path) -> (Vec<Entry>, Vec<Fault>) {
    let mut reader = JournalReader::open(dir).expect("a directory");
    let mut entries = Vec::new();
    while let Some(entry) = reader.next_entry().expect("readable files") {
        entries.push(entry);
    }
    (entries, reader.faults.into_iter().map(|(_, _, fault)| fault).collect())
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> =
        fs::read_dir(dir).expect("a directory").map(|item| item.expect("a file").path()).collect();
    files.sort();
    files
}

/// An engine in a process of its own; killed with the test at the latest.
struct Served {
    process: Child,
    media: SocketAddr,
}

impl Served {
    fn start(dir: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_apex"))
            .args(["serve", "--media", "127.0.0.1:0", "--control", "127.0.0.1:0"])
            .args(["--media-token", "standing", "--businesses"])
            .arg(dir.join("businesses"))
            .arg("--state")
            .arg(dir.join("state"))
            .arg("--models")
            .arg(models())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the engine's binary");
        let said = BufReader::new(process.stdout.take().expect("piped"));
        let line = said.lines().next().expect("it says where").expect("text");
        let address = line.split("ws://").nth(1).and_then(|rest| rest.split('/').next());
        let media = address.and_then(|address| address.parse().ok()).expect("an address");
        Self { process, media }
    }

    fn die(mut self) {
        self.process.kill().expect("it lives");
        self.process.wait().expect("it dies");
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Dead already, unless the test failed.
        let _ = self.process.kill();
    }
}

#[test]
fn a_call_that_died_with_its_node_is_found_and_closed() {
    let dir = scratch("crash");
    let shop = Shop::new(5);
    let settings = config(&dir, std::slice::from_ref(&shop), "");
    let journal = settings.state.join("journal");
    let served = Served::start(&dir);
    block_on(async {
        let raw = Raw::connect(served.media, Some("standing"), None).await;
        let mut raw = raw.expect("a good token");
        raw.start(&shop.number, "cut-short").await;
        let mut pace = tokio::time::interval(Duration::from_millis(20));
        let is_in = |orphans: &[server::journal::Orphan]| {
            orphans.iter().any(|orphan| !orphan.events.is_empty())
        };
        for _ in 0..1_000 {
            pace.tick().await;
            raw.frame().await;
            if is_in(&orphans(&journal).unwrap_or_default()) {
                break;
            }
        }
    });
    served.die();
    // The crash came in the middle of a record.
    let last = files(&journal).pop().expect("a journal");
    let mut torn = OpenOptions::new().append(true).open(last).expect("a file");
    torn.write_all(&[200, 0, 0, 0, 1, 2, 3, 4, 2, 0, 0]).expect("room");

    let found = orphans(&journal).expect("a readable journal");
    assert_eq!(found.len(), 1, "{found:?}");
    let began: serde_json::Value = serde_json::from_slice(&found[0].began).expect("JSON");
    assert_eq!(began["business"], "dentist-5");
    assert_eq!(began["carrier_call"], "cut-short");
    let log = LogReader::new(&found[0].events).expect("its event log has its header");
    assert_eq!(log.header().call, found[0].call);
    let again = replay(log, ReplayOptions::default()).expect("its event log can be read");
    assert_eq!(again.outcome, Outcome::Same);
    assert!(2 < again.entries, "{again:?}");

    let state = settings.state.clone();
    let engine = Engine::start(settings, Given::default()).expect("it starts again");
    // Its carrier cannot be told to stream again, and does not come back by itself.
    wait_for("its record", SOON, || {
        call_dir(&state, business(), found[0].call).join("call.json").exists()
    });
    engine.stop(Millis::ZERO);
    assert_eq!(orphans(&journal).expect("a readable journal"), []);
    let json = fs::read(call_dir(&state, business(), found[0].call).join("call.json"));
    let record: CallRecord = serde_json::from_slice(&json.expect("a record")).expect("a record");
    assert_eq!(record.ended, EndReason::LegLost);
    assert_eq!(record.parties.carrier_call, "cut-short");
    let whole = fs::read(call_dir(&state, business(), found[0].call).join("events.jsonl"));
    let whole = whole.expect("its event log");
    let again = replay(LogReader::new(&whole).expect("a log"), ReplayOptions::default());
    assert_eq!(again.expect("whole lines").outcome, Outcome::Same, "both processes' log is one");
    let (entries, faults) = read(&journal);
    let records = entries.iter().filter(|entry| entry.kind == Kind::Record).count();
    let folded = entries.iter().filter(|entry| entry.kind == Kind::Folded).count();
    assert_eq!((records, folded), (1, 1));
    assert_eq!(faults, [], "a torn end is no damage");
}

fn business() -> BusinessId {
    "dentist-5".parse().expect("a slug")
}

#[test]
fn files_that_nobody_needs_are_removed() {
    let dir = scratch("pruned");
    let counted = Counted::new();
    let settings = JournalSettings { age_min: Duration::ZERO, ..settings(Millis::new(1), 1) };
    let (journal, writer) = open(&dir, settings, &counted);
    let offer = |kind, call| {
        let before = read(&dir).0.len();
        journal.offer(entry(kind, call, b"{}"));
        // Each entry begins a new file; files that are gone take theirs along.
        wait_for("it is written", SOON, || {
            let (entries, _) = read(&dir);
            before != entries.len() || entries.last() == Some(&entry(kind, call, b"{}"))
        });
    };
    offer(Kind::Began, 1);
    offer(Kind::Began, 2);
    offer(Kind::Record, 2);
    offer(Kind::Folded, 2);
    assert_eq!(read(&dir).0[0], entry(Kind::Began, 1, b"{}"), "a live call holds its file");
    offer(Kind::Record, 1);
    offer(Kind::Folded, 1);
    offer(Kind::Webhook, 0);
    drop(journal);
    writer.join().expect("it writes");
    assert!(files(&dir).len() <= 2, "{:?}", files(&dir));
    let again = server::journal::recover(&dir).expect("readable");
    assert!(again.live.is_empty() && again.unfolded.is_empty() && again.kept.is_empty());
}

#[test]
fn a_journal_that_is_too_large_takes_no_more_logs_and_all_records() {
    let dir = scratch("too-large");
    let counted = Counted::new();
    let settings = JournalSettings { bytes_max: 4_000, ..settings(Millis::new(1), 1) };
    let (journal, writer) = open(&dir, settings, &counted);
    journal.offer(entry(Kind::Began, 1, b"{}"));
    let full = "pieces are refused";
    wait_for(full, SOON, || journal.offer(entry(Kind::Events, 1, &[b'x'; 1_000])) == Offered::Shed);
    for call in 2..6 {
        assert_eq!(journal.offer(entry(Kind::Began, call, b"{}")), Offered::Accepted);
        assert_eq!(journal.offer(entry(Kind::Record, call, b"{}")), Offered::Accepted);
        assert_eq!(journal.offer(entry(Kind::Folded, call, b"")), Offered::Accepted);
    }
    // What held it all is over: there is room again.
    journal.offer(entry(Kind::Closed, 1, b"{}"));
    let mut call = 10;
    wait_for("pieces are taken again", SOON, || {
        call += 1;
        journal.offer(entry(Kind::Closed, call, b"{}"));
        journal.offer(entry(Kind::Events, 7, b"line\n")) == Offered::Accepted
    });
    drop(journal);
    writer.join().expect("it writes");
}

#[test]
fn a_flipped_bit_costs_one_record() {
    let dir = scratch("flipped");
    let counted = Counted::new();
    let (journal, writer) = open(&dir, settings(NEVER, 1 << 20), &counted);
    let written: Vec<Entry> = (1..=3)
        .flat_map(|call| {
            [entry(Kind::Began, call, b"{}"), entry(Kind::Events, call, b"a line\n"), {
                entry(Kind::Record, call, b"{}")
            }]
        })
        .collect();
    for entry in &written {
        assert_eq!(journal.offer(entry.clone()), Offered::Accepted);
    }
    drop(journal);
    writer.join().expect("it writes");
    let path = files(&dir).pop().expect("a file");
    let sound = fs::read(&path).expect("a file");
    assert_eq!(read(&dir), (written.clone(), Vec::new()));
    for bit in 8 * 8..sound.len() * 8 {
        let mut flipped = sound.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, &flipped).expect("room");
        let (entries, _) = read(&dir);
        assert!(entries.iter().all(|entry| written.contains(entry)), "bit {bit}: made up");
        // A flip in a length may hide what comes behind; one elsewhere costs its own record.
        let in_length = offset_in_record(&written, bit / 8 - 8) < 4;
        let lost = written.len() - entries.len();
        assert!(lost == 1 || in_length, "bit {bit} costs {lost} records");
    }
    // The middle call's piece is damaged: nobody is taken for an orphan.
    let at = 8 + 3 * (25 + 2) + (25 + 2) + 7 + 25;
    let mut flipped = sound;
    flipped[at] ^= 1;
    fs::write(&path, &flipped).expect("room");
    assert_eq!(read(&dir).1, [Fault::Checksum]);
    assert_eq!(orphans(&dir).expect("readable"), []);
}

/// How far into its record the byte at `at` is.
fn offset_in_record(written: &[Entry], mut at: usize) -> usize {
    for entry in written {
        let length = 25 + entry.payload.len();
        if at < length {
            return at;
        }
        at -= length;
    }
    at
}

#[test]
fn what_comes_together_is_written_together() {
    let dir = scratch("groups");
    let counted = Counted::new();
    // Every group begins a new file, beside the first that is made at the opening.
    let (journal, writer) = open(&dir, settings(NEVER, 1), &counted);
    for call in 0..1_000 {
        assert_eq!(journal.offer(entry(Kind::Began, call, b"{}")), Offered::Accepted);
    }
    drop(journal);
    writer.join().expect("it writes");
    assert_eq!(files(&dir).len(), 2, "one group");
    assert_eq!(read(&dir).0.len(), 1_000);

    let (journal, writer) = open(&dir, settings(Millis::new(1), 1), &counted);
    for more in 1..=3 {
        journal.offer(entry(Kind::Began, 7, b"{}"));
        wait_for("it is on disk without a further entry", SOON, || {
            read(&dir).0.len() == 1_000 + more
        });
    }
    drop(journal);
    writer.join().expect("it writes");
    assert_eq!(files(&dir).len(), 2 + 1 + 3);
}

#[test]
fn a_stuck_disk_sheds_event_logs_first() {
    let dir = scratch("stuck");
    let counted = Counted::new();
    let (journal, writer) = open(&dir, settings(NEVER, 1 << 20), &counted);
    for call in 0..EVENTS_QUEUED_MAX {
        let offered = journal.offer(entry(Kind::Events, call as u128, b"line\n"));
        assert_eq!(offered, Offered::Accepted, "piece {call}");
    }
    for _ in 0..10 {
        assert_eq!(journal.offer(entry(Kind::Events, 1, b"line\n")), Offered::Shed);
        assert_eq!(journal.offer(entry(Kind::Began, 1, b"{}")), Offered::Accepted);
        assert_eq!(journal.offer(entry(Kind::Record, 1, b"{}")), Offered::Accepted);
    }
    assert_eq!(counted.count("apex_journal_shed_total"), 10);
    drop(journal);
    writer.join().expect("it writes");
    assert_eq!(read(&dir).0.len(), EVENTS_QUEUED_MAX + 20);
}

#[test]
fn a_disk_that_fails_and_recovers_has_the_records() {
    const PIECE: usize = 100_000;
    let dir = scratch("failing");
    let counted = Counted::new();
    let (journal, writer) = open(&dir, settings(Millis::new(1), 1), &counted);
    // Every group needs a new file, and there is no place for one.
    fs::remove_dir_all(&dir).expect("ours");
    journal.offer(entry(Kind::Began, 1, b"{}"));
    wait_for("the fault is counted", SOON, || 1 <= counted.count("apex_journal_faults_total"));
    for _ in 0..60 {
        journal.offer(entry(Kind::Events, 1, &[b'x'; PIECE]));
    }
    journal.offer(entry(Kind::Record, 1, b"{}"));
    wait_for("pieces are given up", SOON, || 20 <= counted.count("apex_journal_shed_total"));
    wait_for("all is tried", SOON, || journal_is_idle(&counted));
    fs::create_dir_all(&dir).expect("room again");
    journal.offer(entry(Kind::Began, 2, b"{}"));
    drop(journal);
    writer.join().expect("it writes");
    let (entries, faults) = read(&dir);
    let kept: Vec<_> = entries
        .iter()
        .filter(|entry| entry.kind != Kind::Events)
        .map(|entry| (entry.kind, entry.call.get()))
        .collect();
    assert_eq!(kept, [(Kind::Began, 1), (Kind::Record, 1), (Kind::Began, 2)]);
    assert_eq!(faults, []);
    let pieces = (entries.len() - kept.len()) as u64;
    assert_eq!(pieces + counted.count("apex_journal_shed_total"), 60, "each is kept or counted");
}

/// Nothing fails any more because nothing is tried: all entries have been taken.
fn journal_is_idle(counted: &Counted) -> bool {
    let before = counted.count("apex_journal_faults_total");
    let mut looks = 0;
    wait_for("two looks", SOON, || {
        looks += 1;
        20 < looks
    });
    counted.count("apex_journal_faults_total") == before
}

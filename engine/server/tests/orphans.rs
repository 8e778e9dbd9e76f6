//! Calls of which an earlier process left nothing in the journal but that they began.

mod support;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use server::archive::call_dir;
use server::config::EngineConfig;
use server::engine::{Engine, Given};
use server::journal::{Entry, Journal, JournalSettings, Kept, Kind, orphans};
use support::raw::{Raw, block_on};
use support::shop::Shop;
use support::stub::{API_KEY, Asked, CONNECTION, Says, Stub, signing_key};
use support::{Counted, SOON, config, scratch, wait_for};
use types::{BusinessId, CallId, CallRecord, EndReason, Millis, Secret};

/// When the calls of these tests began, in milliseconds since 1970.
const BEGAN: i64 = 1_760_000_000_000;

/// A call that died before the first line of its log was on disk.
struct Orphan {
    shop: Shop,
    call: CallId,
    settings: EngineConfig,
}

impl Orphan {
    /// One that its carrier calls `name`, which reaches its leg as `leg` says.
    fn leave(name: &str, leg: &str, settings: &str) -> Self {
        let (shop, call) = (Shop::new(2), CallId::new(77));
        let settings = config(&scratch(name), std::slice::from_ref(&shop), settings);
        let limits = JournalSettings {
            commit: Millis::new(1),
            segment_bytes_max: 1 << 20,
            bytes_max: 1 << 30,
            age_min: JournalSettings::AGE_MIN,
        };
        let counted = Counted::new();
        let dir = settings.state.join("journal");
        let (journal, writer) =
            Journal::open(&dir, limits, Kept::default(), counted.telemetry.clone())
                .expect("a journal");
        let began = serde_json::json!({
            "business": shop.id, "agent": "front-desk", "version": 1, "to": shop.number,
            "from": null, "carrier_call": name, "began": BEGAN, "leg": leg,
            "encoding": "PCMU", "hz": 8_000,
        });
        let payload = serde_json::to_vec(&began).expect("JSON");
        journal.offer(Entry { kind: Kind::Began, call, payload });
        drop(journal);
        writer.join().expect("it writes");
        Self { shop, call, settings }
    }

    fn dir(&self) -> PathBuf {
        let business: BusinessId = self.shop.id.parse().expect("a slug");
        call_dir(&self.settings.state, business, self.call)
    }

    /// The record and the log it has left, once the engine is through with it.
    fn buried(&self, engine: Engine) -> (CallRecord, String) {
        wait_for("its record", SOON, || self.dir().join("call.json").exists());
        engine.stop(Millis::ZERO);
        let json = fs::read(self.dir().join("call.json")).expect("a record");
        let record: CallRecord = serde_json::from_slice(&json).expect("a record");
        let others = fs::read_dir(self.dir().parent().expect("a business's")).expect("calls");
        assert_eq!(others.count(), 1, "one call, one record");
        assert_eq!(record.began.as_unix_millis(), BEGAN, "it is the call that began then");
        let journal = self.settings.state.join("journal");
        assert_eq!(orphans(&journal).expect("a readable journal"), []);
        (record, fs::read_to_string(self.dir().join("events.jsonl")).expect("its log"))
    }
}

/// Fails unless these events are in the log, each behind the one before it.
fn check_order(log: &str, events: &[&str]) {
    let mut rest = log;
    for event in events {
        let found = rest.split_once(&format!(r#""event":"{event}""#));
        rest = found.unwrap_or_else(|| panic!("no {event} in its place:\n{log}")).1;
    }
}

#[test]
fn a_call_whose_log_was_lost_begins_anew_as_the_same_call() {
    let orphan = Orphan::leave("begins-anew", "socket", "[resume]\nbare_wait_ms = 60000");
    let engine = Engine::start(orphan.settings.clone(), Given::default()).expect("it starts again");
    block_on(async {
        let mut raw = Raw::open(&engine).await;
        raw.start(&orphan.shop.number, "begins-anew").await;
        raw.frames(20).await;
        assert_eq!(raw.heard().await, "media", "the caller is greeted");
        raw.hang_up().await;
    });
    let (record, log) = orphan.buried(engine);
    assert_eq!(record.ended, EndReason::CallerHungUp);
    check_order(&log, &["answered", "detached", "reattached"]);
    // Its first line holds every sentence an agent may need.
    let said: Vec<&str> = log.lines().skip(1).filter(|line| line.contains("speak")).collect();
    assert!(said[0].contains(&orphan.shop.greeting), "{said:?}");
    let is_apology = |line: &&str| line.contains("we were cut off");
    assert!(!said.iter().any(is_apology), "nobody has said a word that could be missed: {said:?}");
}

fn front_door(stub: &Stub) -> String {
    let key = signing_key().public_key().to_base64();
    format!(
        r#"
[media]
access = "token"
[front]
listen = "127.0.0.1:0"
public_url = "https://hooks.example.net"
media_url = "ws://127.0.0.1:1"
public_keys = ["{key}"]
api_url = "{}"
connections = ["{CONNECTION}"]
sweep_s = 600
"#,
        stub.url
    )
}

#[test]
fn a_leg_without_a_stream_is_ordered_one_until_its_socket_is_there() {
    let stub = Stub::start();
    let orphan = Orphan::leave("streams-again", "carrier", &front_door(&stub));
    // Out of order twice; then taken, and no socket comes; then the carrier believes in a stream.
    let broken = || Says::Status(503, "10016");
    let taken = || Says::Status(200, "");
    stub.will_say(
        "streaming_start",
        [broken(), broken(), taken(), Says::Status(422, "90045"), taken()],
    );
    let api_key = Some(Secret::new(API_KEY.to_owned()));
    let given = Given { api_key, ..Given::default() };
    let engine = Engine::start(orphan.settings.clone(), given).expect("it starts again");
    let start = "streaming_start";
    let expected = [start, start, start, start, "streaming_stop", start];
    wait_for("every order is given", SOON, || {
        expected.len() <= stub.verbs_of("streams-again").len()
    });
    assert_eq!(stub.verbs_of("streams-again"), expected);
    let asked = stub.asked_of("streams-again");
    let id = |asked: &Asked| asked.body["command_id"].as_str().expect("an id").to_owned();
    assert_eq!((id(&asked[0]), id(&asked[1])), (id(&asked[2]), id(&asked[2])), "one order so far");
    let orders = [id(&asked[2]), id(&asked[3]), id(&asked[5])];
    assert!(orders[0] != orders[1] && orders[1] != orders[2], "each a new one: {orders:?}");
    let doors = asked.iter().filter_map(|asked| asked.body["stream_url"].as_str());
    let doors: std::collections::BTreeSet<&str> = doors.collect();
    assert_eq!(doors.len(), 1, "whichever the carrier follows, it finds the door open: {doors:?}");
    let waited = asked[3].at.duration_since(asked[2].at);
    assert!(Duration::from_millis(1_900) < waited, "a socket has two seconds: {waited:?}");

    let token = doors.first().and_then(|url| url.rsplit('/').next()).expect("a token");
    block_on(async {
        let raw = Raw::connect(engine.media, Some(token), None).await;
        let mut raw = raw.expect("a token that nobody has shown");
        raw.start(&orphan.shop.number, "streams-again").await;
        raw.frames(20).await;
        assert_eq!(raw.heard().await, "media", "the caller is greeted");
        raw.hang_up().await;
    });
    let (record, log) = orphan.buried(engine);
    assert_eq!(record.ended, EndReason::CallerHungUp);
    check_order(&log, &["detached", "attach_accepted", "attach_accepted", "reattached"]);
}

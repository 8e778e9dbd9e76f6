//! Audio that stays away while its socket is open: a real engine, real time, short limits.

mod support;

use std::time::Duration;

use call::{LogReader, Outcome, ReplayOptions, replay};
use codecs::leg::Encoder;
use server::journal::orphans;
use support::raw::{Closed, Raw, block_on};
use support::shop::Shop;
use support::{SOON, Site, recording, wait_for};
use types::{AudioFormat, EndReason, Millis, SampleRate};

/// When audio that stays away means what: the third leaves a busy machine time to answer before it.
const STAGES: &str = r#"
[media]
media_silent_ms = 200
media_stopped_ms = 500
media_dead_ms = 8000
media_ended_ms = 10000
[resume]
bare_wait_ms = 60000
"#;

/// The caller listens to the greeting, begins to ask, and in the middle of it nothing comes any more:
/// the socket stays open.
async fn falls_silent(raw: &mut Raw, shop: &Shop, name: &str) {
    raw.start(&shop.number, name).await;
    raw.frames(150).await;
    let question = recording("first-3-cleaning.flac", SampleRate::Hz8000);
    let spoken = question.iter().rposition(|sample| 1_000 < sample.unsigned_abs());
    let spoken = spoken.expect("somebody speaks") / 160;
    let mut encoder = Encoder::new(AudioFormat::PCMU_8K).expect("a telephone's format");
    let mut payload = Vec::new();
    let mut pace = tokio::time::interval(Duration::from_millis(20));
    for frame in question.chunks_exact(160).take(spoken) {
        payload.clear();
        encoder.encode_frame(frame, &mut payload).expect("a telephone's format");
        pace.tick().await;
        raw.sound(&payload).await;
    }
}

/// The event log of the call that lives, as far as it is on disk.
fn live_log(site: &Site) -> String {
    let found = orphans(&site.state.join("journal")).unwrap_or_default();
    found.iter().map(|orphan| String::from_utf8_lossy(&orphan.events).into_owned()).collect()
}

/// When each of these was first noted, in microseconds; they follow each other.
fn moments<const N: usize>(log: &str, what: [&str; N]) -> [i64; N] {
    let mut lines = log.lines();
    what.map(|what| {
        let line = lines.find(|line| line.contains(what));
        let line = line.unwrap_or_else(|| panic!("no {what} in its place:\n{log}"));
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        line["at"].as_i64().expect("a time")
    })
}

#[test]
fn a_line_that_falls_silent_is_answered_and_given_up_in_stages() {
    let shop = Shop::new(3);
    let site = Site::start("starves", std::slice::from_ref(&shop), STAGES);
    block_on(async {
        let mut raw = Raw::open(&site.engine).await;
        falls_silent(&mut raw, &shop, "for-good").await;
        assert_eq!(raw.closed().await, Closed::Code(1_000), "the engine gives it up");
    });
    let (record, dir) = site.record(&shop.id, "for-good");
    assert_eq!(record.ended, EndReason::MediaDead);
    let log = std::fs::read_to_string(dir.join("events.jsonl")).expect("its log");
    let dead = r#""event":"detached","how":"media_dead""#;
    let over = r#""event":"leg_ended","how":"media_dead""#;
    let (ended, stopped) = (r#""event":"speech_ended""#, r#""event":"speech_stopped""#);
    // What had been said is answered, the line silent or not.
    moments(&log, [ended, r#""action":"think""#, r#""event":"playout_started""#, dead, over]);
    let [ended, stopped, dead, over] = moments(&log, [ended, stopped, dead, over]);
    assert!(ended + 280_000 <= stopped, "a pause of the line is no end yet");
    assert!(ended + 7_780_000 <= dead && dead + 1_980_000 <= over, "{ended} {dead} {over}");
    let again = replay(LogReader::new(log.as_bytes()).expect("a log"), ReplayOptions::default());
    assert_eq!(again.expect("whole lines").outcome, Outcome::Same);

    block_on(async {
        let mut raw = Raw::open(&site.engine).await;
        falls_silent(&mut raw, &shop, "comes-back").await;
        wait_for("it counts as dead", SOON, || live_log(&site).contains("media_dead"));
        // On the socket that had been there all the time.
        raw.frames(100).await;
        wait_for("it is alive", SOON, || live_log(&site).contains("reattached"));
        raw.hang_up().await;
    });
    let (record, dir) = site.record(&shop.id, "comes-back");
    assert_eq!(record.ended, EndReason::CallerHungUp);
    let log = std::fs::read_to_string(dir.join("events.jsonl")).expect("its log");
    moments(&log, [r#""event":"detached""#, r#""event":"reattached""#, "we were cut off"]);
    site.engine.stop(Millis::ZERO);
}

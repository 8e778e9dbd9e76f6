//! The event log of a real call does the same again, and shows where other settings would differ.

mod support;

use call::{LogReader, Outcome, ReplayOptions, replay};
use caller::{Question, Step};
use support::rings::{GREETED, ask, plan, ring};
use support::shop::Shop;
use support::{Site, recording};
use types::{Millis, SampleRate};

fn replayed(log: &[u8], options: ReplayOptions) -> call::ReplayReport {
    LogReader::new(log).and_then(|reader| replay(reader, options)).expect("a sound log")
}

#[test]
fn a_live_call_does_the_same_again() {
    let shop = Shop::new(4);
    let site = Site::start("replay", std::slice::from_ref(&shop), "");
    let question = |file: &str| Question {
        label: file.to_owned(),
        audio: recording(file, SampleRate::Hz8000),
    };
    let mut steps = vec![Step::WaitForReply(GREETED)];
    steps.extend(ask(&question("first-3-cleaning.flac")));
    steps.extend(ask(&question("first-4-sunday.flac")));
    steps.push(Step::HangUp);
    let plan = plan(&site.engine, &shop.number, "replayed", steps);
    ring(plan, |_| ()).join().expect("a call");
    let (record, folder) = site.record(&shop.id, "replayed");
    let log = std::fs::read(folder.join("events.jsonl")).expect("the call's log");
    assert!(3 <= record.turns.len(), "{record:#?}");

    let same = replayed(&log, ReplayOptions::default());
    assert_eq!(same.outcome, Outcome::Same);
    assert!(10 < same.actions, "{same:?}");

    // What a crash leaves of it does the same as far as it goes.
    let torn = replayed(&log[..log.len() - 9], ReplayOptions::default());
    assert!(torn.torn);
    assert_eq!(torn.outcome, Outcome::Same);

    let patient = ReplayOptions {
        endpoint_delay_min: Some(Millis::new(900)),
        endpoint_delay_max: Some(Millis::new(3_000)),
    };
    let Outcome::Diverged { entry, at, expected, got } = replayed(&log, patient).outcome else {
        panic!("more patience changes when the agent replies");
    };
    assert_ne!(expected, got);
    let line = log.split(|byte| *byte == b'\n').nth(entry - 1).expect("a line of the log");
    let line = String::from_utf8_lossy(line);
    assert!(line.contains(&at.as_micros().to_string()) || line.contains(&expected), "{line}");

    // The call speaks what the brain thought: a figure changed in the thought, not in the speech.
    let text = String::from_utf8(log).expect("a log is text");
    let changed = text.replacen(&shop.price_words(), "$999", 1);
    assert_ne!(text, changed, "the price is in the log");
    let outcome = replayed(changed.as_bytes(), ReplayOptions::default()).outcome;
    let Outcome::Diverged { expected, got, .. } = outcome else {
        panic!("not the same: {outcome:?}")
    };
    assert!(expected.contains(&shop.price_words()) && got.contains("$999"), "{expected} / {got}");
    site.engine.stop(Millis::ZERO);
}

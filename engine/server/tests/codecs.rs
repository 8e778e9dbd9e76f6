//! A question is answered in every encoding a leg may have.

mod support;

use std::sync::OnceLock;

use caller::{Question, Step, Wait};
use support::rings::{GREETED, ask, plan, ring};
use support::shop::Shop;
use support::{Site, recording};
use types::{AudioFormat, DtmfDigit, Encoding, EndReason, FactId, SampleRate};

fn site() -> &'static Site {
    static SITE: OnceLock<Site> = OnceLock::new();
    SITE.get_or_init(|| Site::start("codecs", &[Shop::new(3)], ""))
}

fn check(name: &str, encoding: Encoding, rate: SampleRate) {
    let (site, shop) = (site(), Shop::new(3));
    let audio = recording("first-3-cleaning.flac", rate);
    let question = Question { label: "cleaning".to_owned(), audio };
    let mut steps = vec![Step::WaitForReply(GREETED)];
    steps.extend(ask(&question));
    steps.push(Step::HangUp);
    let mut plan = plan(&site.engine, &shop.number, name, steps);
    plan.codec = AudioFormat { encoding, rate };
    let report = ring(plan, |_| ()).join().expect("a call");
    let (record, folder) = site.record(&shop.id, name);
    let turn = record.turns.last().expect("a turn");
    let price = FactId::ServicePrice("cleaning".parse().expect("a slug"));
    assert!(turn.cites.contains(&price), "{turn:#?}");
    assert!(turn.heard.reveal().contains(&shop.price_words()), "{turn:#?}");
    assert_eq!(record.ended, EndReason::CallerHungUp);
    assert_eq!(report.counters.undecodable, 0, "the caller understood every message");
    assert!(report.turns[0].response.is_some(), "and heard the reply");
    assert!(folder.join("events.jsonl").is_file());
}

#[test]
fn a_wide_band_call_is_answered() {
    check("g722", Encoding::G722, SampleRate::Hz16000);
}

/// Keys as tones, and one that the carrier tells of as well.
#[test]
fn keys_as_tones_are_heard_once() {
    let (site, shop) = (site(), Shop::new(3));
    let digits: Vec<DtmfDigit> = "4155#".chars().filter_map(DtmfDigit::new).collect();
    let steps = vec![
        Step::WaitForReply(GREETED),
        Step::tones(&digits, SampleRate::Hz8000),
        Step::WaitForReply(Wait::REPLY),
        Step::HangUp,
    ];
    let plan = plan(&site.engine, &shop.number, "tones", steps);
    ring(plan, |_| ()).join().expect("a call");
    let (_, folder) = site.record(&shop.id, "tones");
    let log = std::fs::read_to_string(folder.join("events.jsonl")).expect("a log");
    let pressed = log.lines().filter(|line| line.contains(r#""event":"dtmf""#)).count();
    assert_eq!(pressed, digits.len(), "each key once");
}

#[test]
fn an_opus_call_is_answered() {
    check("opus", Encoding::Opus, SampleRate::Hz16000);
}

#[test]
fn an_a_law_call_is_answered() {
    check("pcma", Encoding::Pcma, SampleRate::Hz8000);
}

#[test]
fn an_uncompressed_call_is_answered() {
    check("l16", Encoding::L16, SampleRate::Hz16000);
}

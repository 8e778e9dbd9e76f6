//! The engine behind its front door, against a carrier of our own: webhooks, commands and media as a
//! real one does them, and as one does them on a bad day.

mod support;

use std::sync::atomic::{AtomicU64, Ordering};

use caller::carrier::{
    FakeCarrier, Faults, LegReport, MediaFaults, PerMille, RestFault, RestOutcome, RingPlan, When,
};
use caller::{Question, Step};
use support::exchange::{Ports, call, let_go, records};
use support::raw::block_on;
use support::rings::{GREETED, ask};
use support::shop::Shop;
use support::{Site, recording};
use types::{EndReason, Millis, SampleRate};
use wire::telnyx::reply::ErrorCode;

fn greeted() -> Vec<Step> {
    vec![Step::WaitForReply(GREETED), Step::HangUp]
}

fn commands(report: &LegReport, verb: &str) -> usize {
    report.done(verb)
}

/// Rings with these faults, waits for the end, and for the engine to have let go.
fn ring(site: &Site, ports: &Ports, faults: Faults, plan: RingPlan) -> LegReport {
    // Names come from the seed: a leg of the same name would be one that is over.
    static SEED: AtomicU64 = AtomicU64::new(1);
    let faults = Faults { seed: SEED.fetch_add(1, Ordering::Relaxed), ..faults };
    block_on(async {
        let carrier = FakeCarrier::start(ports.options(faults)).await.expect("a carrier");
        let leg = carrier.ring(plan).expect("a leg");
        let report = leg.ended().await.expect("an end");
        let_go(site).await;
        assert_eq!(carrier.legs_live(), 0, "no leg is left at the carrier");
        report
    })
}

#[test]
fn a_carrier_on_good_days_and_on_bad_ones() {
    let shops = [0, 1].map(Shop::new);
    let ports = Ports::free();
    let site = Site::start_at("carrier", &shops, &ports.settings(), Some(ports.media));
    talks_by_document(&site, &ports, &shops[1]);
    ends_without_media(&site, &ports, &shops[0]);
    survives_a_bad_api(&site, &ports, &shops[0]);
    talks(&site, &ports, &shops[0]);
    site.engine.stop(Millis::ZERO);
}

fn talks(site: &Site, ports: &Ports, shop: &Shop) {
    let question = |file: &str| Question {
        label: file.to_owned(),
        audio: recording(file, SampleRate::Hz8000),
    };
    let mut steps = vec![Step::WaitForReply(GREETED)];
    steps.extend(ask(&question("first-3-cleaning.flac")));
    steps.push(Step::HangUp);
    let report = ring(site, ports, Faults::default(), RingPlan::new(call(shop, steps)));
    assert_eq!((commands(&report, "answer"), commands(&report, "streaming_start")), (1, 1));
    let heard = report.call.as_ref().expect("a call");
    assert!(heard.greeting.is_some(), "the caller was greeted");
    let (record, _) = site.record(&shop.id, &report.call_control_id);
    assert_eq!(record.ended, EndReason::CallerHungUp);
    let price = shop.price_words();
    let said = record.turns.iter().any(|turn| turn.heard.reveal().contains(&price));
    let words = record.turns.iter().map(|turn| turn.heard.reveal().as_str());
    assert!(said, "{price}: {:?}", words.collect::<Vec<_>>());
}

fn talks_by_document(site: &Site, ports: &Ports, shop: &Shop) {
    let report = ring(site, ports, Faults::default(), RingPlan::texml(call(shop, greeted())));
    assert!(report.call.as_ref().is_some_and(|call| call.greeting.is_some()), "{report:?}");
    let (record, _) = site.record(&shop.id, &report.call_control_id);
    assert_eq!(record.ended, EndReason::CallerHungUp);
}

/// Whatever way media does not come: the leg is hung up, nobody hears silence for long, and there is
/// one record.
fn ends_without_media(site: &Site, ports: &Ports, shop: &Shop) {
    let media = MediaFaults::default();
    for (case, media) in [
        ("unreachable", MediaFaults { unreachable: PerMille::ALWAYS, ..media }),
        ("no start", MediaFaults { no_start: PerMille::ALWAYS, ..media }),
    ] {
        let faults = Faults { media, ..Faults::default() };
        let steps = vec![Step::WaitForHangUp { max: Millis::from_secs(60) }];
        let report = ring(site, ports, faults, RingPlan::new(call(shop, steps)));
        assert_eq!(commands(&report, "streaming_start"), 3, "{case}");
        assert_eq!(commands(&report, "hangup"), 1, "{case}");
        let (answered, ended) = (report.answered_at, report.ended_at);
        let silence = ended.expect("an end").since(answered.expect("an answer"));
        assert!(silence < Millis::from_secs(12), "{case}: {silence:?} of silence");
        let (record, _) = site.record(&shop.id, &report.call_control_id);
        assert_eq!(record.ended, EndReason::MediaDead, "{case}");
        assert_eq!(records(&site.state)[&report.call_control_id].len(), 1, "{case}");
    }
}

fn survives_a_bad_api(site: &Site, ports: &Ports, shop: &Shop) {
    let fault =
        |verb: &str, outcome| RestFault { verb: Some(verb.into()), when: When::First(1), outcome };
    for (case, rest) in [
        ("broken", vec![fault("answer", RestOutcome::Broken { status: 503 })]),
        ("swallowed", vec![fault("answer", RestOutcome::Swallowed)]),
        ("lost reply", vec![fault("answer", RestOutcome::ReplyLost)]),
        (
            "throttled",
            vec![fault("streaming_start", RestOutcome::TooMany { retry_after: Some(1) })],
        ),
        ("early", vec![fault("streaming_start", RestOutcome::Refused(ErrorCode::NotAnswered))]),
    ] {
        let faults = Faults { rest, ..Faults::default() };
        let report = ring(site, ports, faults, RingPlan::new(call(shop, greeted())));
        assert_eq!(commands(&report, "answer"), 1, "{case}");
        let greeted = report.call.as_ref().is_some_and(|call| call.greeting.is_some());
        assert!(greeted, "{case}: {:?}", report.entries);
        site.record(&shop.id, &report.call_control_id);
        assert_eq!(records(&site.state)[&report.call_control_id].len(), 1, "{case}");
    }
    // A hang-up that is never carried out: the sweeper sees to it.
    let rest = vec![RestFault {
        verb: Some("hangup".into()),
        when: When::First(4),
        outcome: RestOutcome::Refused(ErrorCode::StreamingFailed),
    }];
    let faults = Faults {
        rest,
        media: MediaFaults { unreachable: PerMille::ALWAYS, ..MediaFaults::default() },
        ..Faults::default()
    };
    let steps = vec![Step::WaitForHangUp { max: Millis::from_secs(60) }];
    let report = ring(site, ports, faults, RingPlan::new(call(shop, steps)));
    let span = report.ended_at.expect("an end").since(report.began);
    assert!(span < Millis::from_secs(30), "unowned for {span:?}");
}

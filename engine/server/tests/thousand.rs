//! A thousand calls on a bad day: every webhook twice, half of them out of order, forged and stale
//! ones in between. Each call is answered once, recorded once, and none is left up.

mod support;

use caller::Step;
use caller::carrier::{
    FakeCarrier, Faults, Happened, LegReport, PerMille, RingPlan, StreamNews, WebhookFaults,
};
use support::exchange::{Ports, call, let_go, records};
use support::raw::block_on;
use support::shop::Shop;
use support::{SOON, Site, holds_within};
use tokio::runtime::Handle;
use types::Millis;

/// How many, and how many at once.
const CALLS: u32 = 1_000;
const AT_ONCE: usize = 40;

#[test]
fn a_thousand_calls_are_answered_once_recorded_once_and_ended() {
    let shops = [0, 1].map(Shop::new);
    let ports = Ports::free();
    let site = Site::start_at("thousand", &shops, &ports.settings(), Some(ports.media));
    a_thousand_calls(&site, &ports, &shops);
    site.engine.stop(Millis::ZERO);
}

/// Every webhook twice and out of order, with baits in between.
#[expect(clippy::print_stderr, reason = "the figures are what this is for")]
fn a_thousand_calls(site: &Site, ports: &Ports, shops: &[Shop]) {
    let webhooks = WebhookFaults {
        doubled: PerMille::ALWAYS,
        reordered: PerMille(500),
        lost_once: PerMille(20),
        forged: PerMille(100),
        stale: PerMille(100),
        ..WebhookFaults::default()
    };
    let faults = Faults { seed: 11, webhooks, ..Faults::default() };
    let before = records(&site.state).len();
    let reports = block_on(async {
        let carrier = FakeCarrier::start(ports.options(faults)).await.expect("a carrier");
        let places = std::sync::Arc::new(tokio::sync::Semaphore::new(AT_ONCE));
        let carrier = std::sync::Arc::new(carrier);
        let mut calls = Vec::new();
        for n in 0..CALLS {
            let place = places.clone().acquire_owned().await.expect("open");
            let steps = vec![Step::Pause { span: Millis::new(1_000 + n % 7 * 150) }, Step::HangUp];
            let shop = &shops[n as usize % shops.len()];
            let mut plan = call(shop, steps);
            plan.seed = u64::from(n);
            let leg = carrier.ring(RingPlan::new(plan)).expect("a leg");
            calls.push(Handle::current().spawn(async move {
                let report = leg.ended().await.expect("an end");
                drop(place);
                report
            }));
        }
        let mut reports = Vec::new();
        for call in calls {
            reports.push(call.await.expect("a call"));
        }
        let_go(site).await;
        assert_eq!(carrier.legs_live(), 0, "no leg is left at the carrier");
        reports
    });
    // What is missing shows below.
    holds_within(SOON, || before + CALLS as usize <= records(&site.state).len());
    let found = records(&site.state);
    let answers: usize = reports.iter().map(|report| report.done("answer")).sum();
    let doubled = reports.iter().filter(|report| 1 < report.done("answer")).count();
    let streamed = reports.iter().filter(|report| began(report)).count();
    let baits: usize = reports.iter().map(LegReport::baits_taken).sum();
    let records_of = |report: &LegReport| found.get(&report.call_control_id).map_or(0, Vec::len);
    let wrong = reports.iter().filter(|report| records_of(report) != 1).count();
    eprintln!(
        "{CALLS} calls: {answers} answers, {doubled} answered twice, {streamed} streamed, \
         {wrong} without exactly one record, {baits} baits taken, 0 legs left"
    );
    if let Some(odd) = reports.iter().find(|report| records_of(report) != 1) {
        eprintln!("{} records of {:#?}", records_of(odd), odd.entries);
    }
    assert_eq!((answers, doubled, wrong, baits), (CALLS as usize, 0, 0, 0));
    assert_eq!(found.len(), before + CALLS as usize);
}

fn began(report: &LegReport) -> bool {
    report.entries.iter().any(|entry| entry.what == Happened::Stream(StreamNews::FirstMedia))
}

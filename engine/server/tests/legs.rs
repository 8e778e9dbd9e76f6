//! What can become of a leg besides a call: callers there is no place for, callers handed to a
//! person, keys pressed. Against a carrier of our own, from webhook to record.

mod support;

use std::sync::atomic::{AtomicU64, Ordering};

use caller::carrier::{
    Bridge, CarrierOptions, FakeCarrier, Faults, Happened, Leg, LegReport, RestFault, RestOutcome,
    RingPlan, StreamNews, TransferOutcome, Verdict, When,
};
use caller::{CallPlan, Step};
use server::engine::Engine;
use support::exchange::{Ports, call, let_go, records};
use support::raw::block_on;
use support::rings::GREETED;
use support::shop::Shop;
use support::{Site, wait_for};
use types::{CallRecord, DtmfDigit, EndReason, Millis};
use wire::telnyx::reply::ErrorCode;
use wire::telnyx::webhook::HangupCause;

/// Who takes callers over.
const PERSON: &str = "+12125550177";

const BUSY_WORDS: &str = "All our chairs are taken. Please ring again soon.";

fn shops() -> Vec<Shop> {
    let one = "calls_max = 1\n";
    let message = format!("overflow = \"message\"\noverflow_message = \"{BUSY_WORDS}\"\n");
    let transfer = format!("overflow_transfer_to = \"{PERSON}\"\n");
    let limits = [
        format!("{one}overflow = \"busy\""),
        format!("{one}overflow = \"reject\""),
        format!("{one}overflow = \"unavailable\""),
        format!("{one}{message}"),
        format!("{one}{message}{transfer}"),
        format!("starts_per_s_max = 1\n{message}"),
    ];
    let shop = |(index, limits)| Shop { limits, ..Shop::new(index) };
    let mut shops: Vec<Shop> = (0..).zip(limits).map(shop).collect();
    shops.push(Shop { person: Some(PERSON.to_owned()), ..Shop::new(6) });
    shops
}

#[test]
fn legs_that_become_more_or_less_than_a_call() {
    let shops = shops();
    let ports = Ports::free();
    let site = Site::start_at("legs", &shops, &ports.settings(), Some(ports.media));
    refuses_by_the_businesss_rule(&site, &ports, &shops);
    tells_who_has_no_place(&site, &ports, &shops);
    tells_by_document(&site, &ports, &shops[3]);
    tells_whose_business_is_rushed(&site, &ports, &shops[5]);
    transfers(&site, &ports, &shops[6]);
    goes_on_with_whom_nobody_took(&site, &ports, &shops[6]);
    lets_go_of_who_gives_up(&site, &ports, &shops[6]);
    presses_keys(&site, &ports, &shops[6]);
    site.engine.stop(Millis::ZERO);
}

/// A carrier with these options, after every leg of the one before is forgotten.
fn options(ports: &Ports, rest: Vec<RestFault>) -> CarrierOptions {
    // Names come from the seed: a leg of the same name would be one that is over.
    static SEED: AtomicU64 = AtomicU64::new(1);
    let seed = SEED.fetch_add(1, Ordering::Relaxed);
    ports.options(Faults { seed, rest, ..Faults::default() })
}

fn waits(shop: &Shop) -> CallPlan {
    call(shop, vec![Step::WaitForHangUp { max: Millis::from_secs(90) }])
}

/// Rings, and waits until the caller hears the engine.
async fn greeted(carrier: &FakeCarrier, plan: RingPlan) -> Leg {
    until(carrier, plan, |what| *what == Happened::Stream(StreamNews::FirstMedia)).await
}

/// Rings, and waits until this happens to the leg.
async fn until(carrier: &FakeCarrier, plan: RingPlan, wanted: fn(&Happened) -> bool) -> Leg {
    let mut news = carrier.watch();
    let leg = carrier.ring(plan).expect("a leg");
    let name = leg.call_control_id();
    let happens = async {
        loop {
            let news = news.recv().await.expect("news");
            if news.call_control_id == name && wanted(&news.what) {
                return;
            }
        }
    };
    let waited = tokio::time::timeout(support::SOON, happens).await;
    assert!(waited.is_ok(), "it never happened: {:?}", leg.entries());
    leg
}

/// What becomes of a second caller while the business's only place is taken.
fn second_caller(
    site: &Site,
    options: CarrierOptions,
    shop: &Shop,
    plan: fn(CallPlan) -> RingPlan,
) -> LegReport {
    block_on(async {
        let carrier = FakeCarrier::start(options).await.expect("a carrier");
        let first = greeted(&carrier, RingPlan::new(waits(shop))).await;
        let second = carrier.ring(plan(waits(shop))).expect("a leg");
        let report = second.ended().await.expect("an end");
        assert!(first.is_live(), "the first caller is left alone");
        first.hang_up().await;
        first.ended().await.expect("an end");
        let_go(site).await;
        assert_eq!(carrier.legs_live(), 0, "no leg is left at the carrier");
        report
    })
}

fn record(site: &Site, shop: &Shop, report: &LegReport) -> CallRecord {
    let (record, _) = site.record(&shop.id, &report.call_control_id);
    assert_eq!(records(&site.state)[&report.call_control_id].len(), 1);
    record
}

fn refuses_by_the_businesss_rule(site: &Site, ports: &Ports, shops: &[Shop]) {
    let causes = [HangupCause::UserBusy, HangupCause::CallRejected, HangupCause::NoAnswer];
    for (shop, cause) in shops.iter().zip(causes) {
        let report = second_caller(site, options(ports, Vec::new()), shop, RingPlan::new);
        assert_eq!((report.cause, report.answered_at), (Some(cause), None), "{}", shop.limits);
        assert_eq!((report.done("reject"), report.done("answer")), (1, 0));
        assert!(!records(&site.state).contains_key(&report.call_control_id), "nobody answered");
    }
}

fn tells_who_has_no_place(site: &Site, ports: &Ports, shops: &[Shop]) {
    let (said, then) = (&shops[3], &shops[4]);
    let report = second_caller(site, options(ports, Vec::new()), said, RingPlan::new);
    assert_eq!(report.said(), [BUSY_WORDS]);
    assert_eq!((report.done("answer"), report.done("hangup")), (1, 1));
    assert_eq!(report.done("streaming_start"), 0, "no place is taken");
    let told = record(site, said, &report);
    assert_eq!((told.ended, told.turns.len()), (EndReason::Overflow, 0));
    assert!(Millis::from_secs(2) < told.duration, "the words take {}", told.duration);
    assert_eq!(site.count("apex_refused_with_message_total"), 1);
    // A carrier that will not speak: silence is no answer.
    let mute = vec![RestFault {
        verb: Some("speak".into()),
        when: When::First(9),
        outcome: RestOutcome::Refused(ErrorCode::BadRequest),
    }];
    let report = second_caller(site, options(ports, mute), said, RingPlan::new);
    assert_eq!((report.said().len(), report.done("hangup")), (0, 1));
    let (answered, ended) = (report.answered_at.expect("answered"), report.ended_at.expect("over"));
    assert!(ended.since(answered) < Millis::from_secs(3), "silence");
    assert_eq!(record(site, said, &report).ended, EndReason::Overflow);
    // Then somebody is rung, who is there or is not.
    let taken = options(ports, Vec::new());
    let talk = TransferOutcome::Answered { ring: Millis::new(300), talk: Millis::new(900) };
    let report =
        second_caller(site, CarrierOptions { transfer: talk, ..taken }, then, RingPlan::new);
    assert_eq!(report.said(), [BUSY_WORDS]);
    assert_eq!((report.done("transfer"), report.done("hangup")), (1, 0));
    assert_eq!(record(site, then, &report).ended, EndReason::Transferred);
    let busy = TransferOutcome::Busy { ring: Millis::new(300) };
    let alone = CarrierOptions { transfer: busy, ..options(ports, Vec::new()) };
    let report = second_caller(site, alone, then, RingPlan::new);
    assert_eq!((report.done("transfer"), report.done("hangup")), (1, 1));
    assert_eq!(record(site, then, &report).ended, EndReason::Overflow);
}

fn tells_by_document(site: &Site, ports: &Ports, shop: &Shop) {
    let report = second_caller(site, options(ports, Vec::new()), shop, RingPlan::texml);
    assert_eq!(report.said(), [BUSY_WORDS]);
    assert_eq!(record(site, shop, &report).ended, EndReason::Overflow);
}

/// Starts a second, not places: the second of two callers within it is told, the third one is not.
fn tells_whose_business_is_rushed(site: &Site, ports: &Ports, shop: &Shop) {
    let reports = block_on(async {
        let carrier = FakeCarrier::start(options(ports, Vec::new())).await.expect("a carrier");
        let plan = || RingPlan::new(call(shop, vec![Step::WaitForReply(GREETED), Step::HangUp]));
        let legs = [(); 3].map(|()| carrier.ring(plan()).expect("a leg"));
        let mut reports = Vec::new();
        for leg in legs {
            reports.push(leg.ended().await.expect("an end"));
        }
        let_go(site).await;
        reports
    });
    let told = reports.iter().filter(|report| report.said() == [BUSY_WORDS]).count();
    let greeted = reports.iter().filter(|report| report.done("streaming_start") == 1).count();
    assert_eq!(told + greeted, 3);
    assert!((1..=2).contains(&greeted), "{greeted} calls started within a second");
}

fn keys(symbols: &str) -> Step {
    let digits = symbols.chars().map(|symbol| DtmfDigit::new(symbol).expect("a key")).collect();
    Step::Dtmf { digits }
}

/// A caller who presses 0, which is a person everywhere, and stays for `span` if nobody hangs up.
fn wants_a_person(shop: &Shop, span: Millis) -> RingPlan {
    let steps = vec![Step::WaitForReply(GREETED), keys("0#"), Step::Pause { span }, Step::HangUp];
    RingPlan::new(call(shop, steps))
}

const LONG: Millis = Millis::from_secs(90);

fn ring(site: &Site, options: CarrierOptions, plan: RingPlan) -> LegReport {
    block_on(async {
        let carrier = FakeCarrier::start(options).await.expect("a carrier");
        let leg = carrier.ring(plan).expect("a leg");
        let report = leg.ended().await.expect("an end");
        let_go(site).await;
        wait_for("no leg is left at the carrier", support::SOON, || carrier.legs_live() == 0);
        report
    })
}

/// The caller hears who they are put through to, somebody picks up, and the record says so. What
/// becomes of the stream then is not documented: either will do.
fn transfers(site: &Site, ports: &Ports, shop: &Shop) {
    let talk = TransferOutcome::Answered { ring: Millis::from_secs(2), talk: Millis::from_secs(2) };
    for bridge in [Bridge::KeepsStream, Bridge::StopsStream] {
        let options = CarrierOptions { transfer: talk, bridge, ..options(ports, Vec::new()) };
        let report = ring(site, options, wants_a_person(shop, LONG));
        assert_eq!((report.done("transfer"), report.done("hangup")), (1, 0), "{bridge:?}");
        let record = record(site, shop, &report);
        assert_eq!(record.ended, EndReason::Transferred, "{bridge:?}");
        let last = record.turns.last().expect("a turn");
        assert_eq!(last.heard, last.reply, "the words were heard before the transfer: {bridge:?}");
        let span = report.ended_at.expect("over").since(report.answered_at.expect("answered"));
        assert!(record.duration < span, "the record ends when the caller is handed over");
    }
}

/// Waits until the only call that is up has heard these words.
async fn heard(engine: &Engine, words: &str) {
    let door = format!("http://{}/v1/calls", engine.control);
    let get = async |url: String| -> serde_json::Value {
        let text = reqwest::get(url).await.expect("an answer").text().await.expect("a text");
        serde_json::from_str(&text).unwrap_or_default()
    };
    let mut look = tokio::time::interval(std::time::Duration::from_millis(100));
    for _ in 0..900 {
        look.tick().await;
        let list = get(door.clone()).await;
        let Some(id) = list["calls"][0]["call"].as_str() else { continue };
        let call = get(format!("{door}/{id}")).await;
        let turns = call["turns"].as_array().cloned().unwrap_or_default();
        if turns.iter().any(|turn| turn["heard"].as_str().is_some_and(|t| t.contains(words))) {
            return;
        }
    }
    panic!("never heard: {words}");
}

/// Refused, busy, not there: the agent says so and goes on.
fn goes_on_with_whom_nobody_took(site: &Site, ports: &Ports, shop: &Shop) {
    let refused = vec![RestFault {
        verb: Some("transfer".into()),
        when: When::First(9),
        outcome: RestOutcome::Refused(ErrorCode::NotE164),
    }];
    let ringing = Millis::from_secs(2);
    for (case, rest, transfer) in [
        ("refused", refused, TransferOutcome::NoAnswer { ring: ringing }),
        ("busy", Vec::new(), TransferOutcome::Busy { ring: ringing }),
        ("not there", Vec::new(), TransferOutcome::NoAnswer { ring: ringing }),
    ] {
        let options = CarrierOptions { transfer, ..options(ports, rest) };
        let report = block_on(async {
            let carrier = FakeCarrier::start(options).await.expect("a carrier");
            let leg = carrier.ring(wants_a_person(shop, LONG)).expect("a leg");
            heard(&site.engine, "take a message").await;
            leg.hang_up().await;
            let report = leg.ended().await.expect("an end");
            let_go(site).await;
            report
        });
        let call = report.call.as_ref().expect("a call");
        assert!(call.greeting.is_some(), "{case}");
        let record = record(site, shop, &report);
        assert_eq!(record.ended, EndReason::CallerHungUp, "{case}");
        let heard = record.turns.iter().map(|turn| turn.heard.reveal().as_str());
        let heard = heard.collect::<Vec<_>>().join(" | ");
        assert!(heard.contains("can't put you through right now"), "{case}: {heard}");
        assert!(heard.contains("take a message"), "{case}: {heard}");
        if case != "refused" {
            assert_eq!(report.done("client_state_update"), 1, "{case}: the leg is ours again");
        }
    }
}

/// Whoever waits for a person and hangs up has hung up, and nobody's telephone rings on.
fn lets_go_of_who_gives_up(site: &Site, ports: &Ports, shop: &Shop) {
    let transfer = TransferOutcome::NoAnswer { ring: Millis::from_secs(20) };
    let options = CarrierOptions { transfer, ..options(ports, Vec::new()) };
    let report = block_on(async {
        let carrier = FakeCarrier::start(options).await.expect("a carrier");
        let ordered = |what: &Happened| matches!(what, Happened::Command { verb, verdict: Verdict::Done, .. } if verb == "transfer");
        let leg = until(&carrier, wants_a_person(shop, LONG), ordered).await;
        leg.hang_up().await;
        let report = leg.ended().await.expect("an end");
        let_go(site).await;
        report
    });
    assert_eq!(report.done("transfer"), 1);
    assert_eq!(record(site, shop, &report).ended, EndReason::CallerHungUp);
}

/// Keys of the caller count once although they come by socket and by webhook; an operator's keys
/// reach the caller by the carrier.
fn presses_keys(site: &Site, ports: &Ports, shop: &Shop) {
    let steps = vec![
        Step::WaitForReply(GREETED),
        keys("12#"),
        Step::Pause { span: Millis::from_secs(3) },
        Step::HangUp,
    ];
    let report = block_on(async {
        let carrier = FakeCarrier::start(options(ports, Vec::new())).await.expect("a carrier");
        let leg = greeted(&carrier, RingPlan::new(call(shop, steps))).await;
        let door = format!("http://{}/v1/calls", site.engine.control);
        let list = reqwest::get(&door).await.expect("a list").text().await.expect("a text");
        let list: serde_json::Value = serde_json::from_str(&list).expect("JSON");
        let id = list["calls"][0]["call"].as_str().expect("a call").to_owned();
        let press = |keys: &str| {
            let url = format!("{door}/{id}/press?keys={}", keys.replace('#', "%23"));
            reqwest::Client::new().post(url).send()
        };
        for wrong in ["", "12x", &"1".repeat(33)] {
            assert_eq!(press(wrong).await.expect("an answer").status(), 422, "{wrong}");
        }
        assert_eq!(press("98#").await.expect("an answer").status(), 202);
        let report = leg.ended().await.expect("an end");
        let_go(site).await;
        report
    });
    assert_eq!(report.pressed(), "98#");
    let (_, folder) = site.record(&shop.id, &report.call_control_id);
    let log = std::fs::read_to_string(folder.join("events.jsonl")).expect("a log");
    assert_eq!(log.matches(r#""event":"dtmf""#).count(), 3, "{log}");
}

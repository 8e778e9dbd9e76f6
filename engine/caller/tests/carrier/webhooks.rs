//! Webhooks late, twice, shuffled, lost, forged and retried.

use caller::carrier::{Faults, Happened, PerMille, WebhookFate, WebhookFaults};
use types::Millis;
use wire::telnyx::webhook::{Envelope, HangupCause};

use crate::engine::{Engine, Manner};
use crate::{pair, ringing};

fn faults(webhooks: WebhookFaults) -> Faults {
    Faults { seed: 11, webhooks, ..Faults::default() }
}

fn attempts(engine: &Engine, name: &str) -> Vec<u64> {
    engine.told().iter().filter(|told| told.name == name).map(|told| told.attempt).collect()
}

#[tokio::test]
async fn doubled_webhooks_have_one_id_and_shuffled_ones_come_out_of_order() {
    let webhooks = WebhookFaults {
        doubled: PerMille::ALWAYS,
        reordered: PerMille(500),
        ..WebhookFaults::default()
    };
    let (carrier, engine) =
        pair(Manner::Answers, |options, _| options.faults = faults(webhooks)).await;
    let legs: Vec<_> =
        (0..8).map(|_| carrier.ring(ringing(Millis::from_secs(2))).unwrap()).collect();
    for leg in legs {
        let report = leg.ended().await.unwrap();
        assert_eq!((report.done("answer"), report.done("streaming_start")), (1, 1));
    }
    let told = engine.told();
    let hangups: Vec<_> = told.iter().filter(|told| told.name == "call.hangup").collect();
    assert_eq!(hangups.len(), 16);
    let ids: std::collections::HashSet<_> = hangups.iter().map(|told| &told.id).collect();
    assert_eq!(ids.len(), 8);
    assert_eq!(carrier.legs_live(), 0);
}

#[tokio::test]
async fn a_lost_webhook_comes_with_its_retry() {
    let webhooks = WebhookFaults { lost_once: PerMille::ALWAYS, ..WebhookFaults::default() };
    let (carrier, engine) =
        pair(Manner::Answers, |options, _| options.faults = faults(webhooks)).await;
    let leg = carrier.ring(ringing(Millis::from_secs(1))).unwrap();
    let report = leg.ended().await.unwrap();
    assert_eq!(attempts(&engine, "call.initiated"), [2]);
    let is_lost = |what: &Happened| {
        matches!(what, Happened::Webhook { fate: WebhookFate::Lost, attempt: 1, .. })
    };
    assert_eq!(report.entries.iter().filter(|e| is_lost(&e.what)).count(), 5);
}

#[tokio::test]
async fn forged_and_stale_copies_are_refused() {
    let webhooks = WebhookFaults {
        forged: PerMille::ALWAYS,
        stale: PerMille::ALWAYS,
        ..WebhookFaults::default()
    };
    let (carrier, engine) =
        pair(Manner::Answers, |options, _| options.faults = faults(webhooks)).await;
    let leg = carrier.ring(ringing(Millis::from_secs(1))).unwrap();
    let report = leg.ended().await.unwrap();
    assert_eq!((engine.refused(), report.baits_taken()), (10, 0));
    assert_eq!(engine.told().len(), 5);
}

#[tokio::test]
async fn an_engine_that_is_not_there_is_tried_and_the_other_address_after_it() {
    let (carrier, engine) = pair(Manner::Answers, |options, engine| {
        options.webhook_failover_url = Some(engine.url("/webhooks"));
        options.webhook_url = "http://127.0.0.1:1/nobody".into();
    })
    .await;
    let leg = carrier.ring(ringing(Millis::from_secs(1))).unwrap();
    let report = leg.ended().await.unwrap();
    assert_eq!(report.done("answer"), 1);
    assert_eq!(attempts(&engine, "call.initiated"), [4]);
}

#[tokio::test]
async fn a_caller_nobody_answers_gives_up() {
    let (carrier, engine) = pair(Manner::Watches, |options, _| {
        options.envelope = Envelope::V1;
    })
    .await;
    let mut plan = ringing(Millis::from_secs(1));
    plan.patience = Millis::new(700);
    let report = carrier.ring(plan).unwrap().ended().await.unwrap();
    assert_eq!(report.cause, Some(HangupCause::OriginatorCancel));
    assert!(report.call.is_none());
    assert_eq!(engine.names(), ["call.initiated", "call.hangup"]);
}

#[tokio::test]
async fn the_same_seed_makes_the_same_trouble() {
    let webhooks = WebhookFaults {
        doubled: PerMille(400),
        lost_once: PerMille(400),
        ..WebhookFaults::default()
    };
    let mut runs = Vec::new();
    for _ in 0..2 {
        let (carrier, engine) =
            pair(Manner::Watches, |options, _| options.faults = faults(webhooks)).await;
        for _ in 0..6 {
            let mut plan = ringing(Millis::from_secs(1));
            plan.patience = Millis::new(100);
            carrier.ring(plan).unwrap().ended().await.unwrap();
        }
        let mut told: Vec<_> =
            engine.told().into_iter().map(|told| (told.id, told.attempt)).collect();
        told.sort();
        runs.push(told);
    }
    assert_eq!(runs[0], runs[1]);
    assert!(12 < runs[0].len(), "some come twice");
}

//! Each fault of each recognizer: words lost, longest wait.

use std::time::Duration;

use fake_vendors::{Fault, Plan, Protocol};
use tokio::task::JoinSet;
use types::Millis;
use vendor::{Phase, RecognizerEvent, VendorError};

use crate::caller::Caller;

/// What is said: 16 words in three turns.
const TURNS: [&str; 3] =
    ["How much is a cleaning on Saturday", "Can you book me in", "The name is Ada Lovelace"];

/// What a fault did to a call.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) lost: usize,
    pub(crate) wait_max: Duration,
    pub(crate) failure: Option<VendorError>,
    pub(crate) sessions: usize,
}

pub(crate) async fn outcome(protocol: Protocol, plan: Plan) -> Outcome {
    let mut caller = Caller::call(protocol, plan).await;
    let (mut lost, mut wait_max) = (0, Duration::ZERO);
    let mut failure = None;
    for turn in TURNS {
        let understood = caller.turn(turn).await;
        lost += missing(turn, &understood.text);
        wait_max = wait_max.max(understood.wait);
        failure = caller.failure();
        if failure.is_some() {
            break;
        }
    }
    let sessions = caller.vendors.sessions().len();
    Outcome { lost, wait_max, failure, sessions }
}

/// The outcomes of several calls at the same time.
async fn outcomes(cases: Vec<(Protocol, Plan)>) -> Vec<(Protocol, Plan, Outcome)> {
    let mut calls = JoinSet::new();
    for (protocol, plan) in cases {
        calls.spawn(async move { (protocol, plan.clone(), outcome(protocol, plan).await) });
    }
    calls.join_all().await
}

/// Every recognizer of `protocols` with every plan of `plans`.
fn each(protocols: &[Protocol], plans: Vec<Plan>) -> Vec<(Protocol, Plan)> {
    let with = |plan: Plan| protocols.iter().map(move |protocol| (*protocol, plan.clone()));
    plans.into_iter().flat_map(with).collect()
}

/// Words of `said` that were not understood, in their order; words made up count as well.
fn missing(said: &str, understood: &str) -> usize {
    let said: Vec<&str> = said.split_whitespace().collect();
    let understood: Vec<&str> = understood.split_whitespace().collect();
    let mut at = 0;
    let found = said.iter().filter(|word| {
        let place = understood[at..].iter().position(|other| other == *word);
        at += place.map_or(0, |place| place + 1);
        place.is_some()
    });
    let found = found.count();
    said.len() - found + understood.len() - found
}

const ALL: [Protocol; 3] =
    [Protocol::DeepgramNova, Protocol::DeepgramFlux, Protocol::WyomingRecognizer];

const STREAMING: [Protocol; 2] = [Protocol::DeepgramNova, Protocol::DeepgramFlux];

fn ms(ms: u32) -> Millis {
    Millis::new(ms)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_goes_wrong_and_nothing_is_lost() {
    for (protocol, _, outcome) in outcomes(each(&ALL, vec![Plan::default()])).await {
        assert_eq!((outcome.lost, &outcome.failure), (0, &None), "{protocol:?} {outcome:?}");
        assert!(outcome.wait_max < Duration::from_millis(600), "{protocol:?} {outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_lost_connection_loses_no_word() {
    // Within a word, between turns, while an answer is awaited.
    let plans = [300, 700, 1_250, 1_900, 2_600]
        .map(|after| Plan::of_sessions([vec![Fault::Drop { after: ms(after) }]]));
    for (protocol, plan, outcome) in outcomes(each(&ALL, plans.to_vec())).await {
        let what = format!("{protocol:?} {plan:?} {outcome:?}");
        assert_eq!((outcome.lost, &outcome.failure), (0, &None), "{what}");
        assert!(outcome.wait_max < Duration::from_millis(1_500), "{what}");
        if protocol != Protocol::WyomingRecognizer {
            assert_eq!(outcome.sessions, 2, "{what}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_lost_connections_in_one_utterance_lose_no_word() {
    let plan = Plan::of_sessions([
        vec![Fault::Drop { after: ms(700) }],
        vec![Fault::Close { after: ms(600), code: 1_011 }],
    ]);
    for (protocol, _, outcome) in outcomes(each(&STREAMING, vec![plan])).await {
        assert_eq!((outcome.lost, outcome.sessions), (0, 3), "{protocol:?} {outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vendor_that_falls_mute_is_connected_anew_and_hears_it_all() {
    let plan = Plan::of_sessions([vec![Fault::Mute { after: ms(400) }]]);
    for (protocol, _, outcome) in outcomes(each(&STREAMING, vec![plan])).await {
        assert_eq!(outcome.lost, 0, "{protocol:?} {outcome:?}");
        assert!(outcome.wait_max < Duration::from_millis(2_500), "{protocol:?} {outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_odd_but_bearable_loses_no_word() {
    let odd = [
        Fault::Unknown,
        Fault::WrongOrder,
        Fault::Drip { gap: ms(15) },
        Fault::Slow { by: ms(150) },
    ];
    let plans = odd.map(Plan::always).to_vec();
    for (protocol, plan, outcome) in outcomes(each(&ALL, plans)).await {
        let what = format!("{protocol:?} {plan:?} {outcome:?}");
        assert_eq!((outcome.lost, &outcome.failure), (0, &None), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_with_messages_that_cannot_be_read_loses_no_word() {
    let plans = [1, 2, 3].map(|every| Plan::of_sessions([vec![Fault::Malformed { every }]]));
    for (protocol, plan, outcome) in outcomes(each(&ALL, plans.to_vec())).await {
        assert_eq!(outcome.lost, 0, "{protocol:?} {plan:?} {outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_say_at_once_what_they_are() {
    let retry_after = Some(ms(2_000));
    for protocol in STREAMING {
        let mut caller = Caller::call(protocol, Plan::always(Fault::Unauthorized)).await;
        assert!(matches!(caller.failed().await, VendorError::Auth { .. }));
        assert_eq!(caller.vendors.sessions().len(), 1, "a refused key is not tried again");
        let plan = Plan::always(Fault::TooMany { retry_after });
        let mut caller = Caller::call(protocol, plan).await;
        let error = caller.failed().await;
        assert_eq!(error.retry_after(), retry_after, "{error:?}");
        assert_eq!(caller.vendors.sessions().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_vendors_are_tried_five_times_and_then_given_up() {
    for fault in [Fault::Refuse, Fault::Broken { status: 503 }] {
        let mut caller = Caller::call(Protocol::DeepgramNova, Plan::always(fault)).await;
        let error = caller.failed().await;
        assert!(
            matches!(error, VendorError::Transport { .. } | VendorError::Overloaded { .. }),
            "{error:?}"
        );
        let sessions = caller.vendors.sessions();
        assert_eq!(sessions.len(), 5);
        let waits: Vec<u128> =
            sessions.windows(2).map(|pair| (pair[1].began - pair[0].began).as_millis()).collect();
        for (wait, least) in waits.iter().zip([0, 100, 300, 1_000]) {
            assert!(least <= *wait && *wait < least + least / 5 + 150, "{waits:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vendor_that_was_down_hears_what_was_said_meanwhile() {
    for fault in [Fault::Refuse, Fault::Broken { status: 500 }] {
        let plan = Plan::of_sessions([vec![fault], vec![fault]]);
        let outcome = outcome(Protocol::DeepgramNova, plan).await;
        assert_eq!(outcome.lost, 0, "{fault:?} {outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vendor_that_hangs_holds_up_nobody() {
    let plan = Plan::always(Fault::Hang);
    let mut caller = Caller::call(Protocol::DeepgramNova, plan).await;
    let understood = caller.turn(TURNS[0]).await;
    assert_eq!(understood.text, "");
    assert!(understood.wait < Duration::from_millis(2_800), "{understood:?}");
    let error = caller.failed().await;
    assert!(matches!(error, VendorError::Timeout { phase: Phase::Connect, .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_mute_twice_is_given_up_in_time() {
    let plan = Plan::always(Fault::Mute { after: ms(0) });
    let mut caller = Caller::call(Protocol::DeepgramNova, plan).await;
    let understood = caller.turn(TURNS[0]).await;
    assert!(understood.wait < Duration::from_secs(3), "{understood:?}");
    assert!(matches!(caller.failed().await, VendorError::Timeout { .. }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_vendor_does_for_good_the_words_are_given_up_in_time() {
    let faults = [
        Fault::Refuse,
        Fault::Hang,
        Fault::Mute { after: ms(0) },
        Fault::Mute { after: ms(1_500) },
        Fault::Malformed { every: 1 },
        Fault::Malformed { every: 3 },
    ];
    let plans = faults.map(Plan::always).to_vec();
    for (protocol, plan, outcome) in outcomes(each(&ALL, plans)).await {
        let what = format!("{protocol:?} {plan:?} {outcome:?}");
        assert!(outcome.wait_max < Duration::from_millis(2_800), "{what}");
        assert!(outcome.lost == 0 || outcome.failure.is_some(), "lost in silence: {what}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_gives_up_says_so_before_the_words_it_owes() {
    // Flux says nothing where nothing was said: of it no answer is a failure only the second time.
    for protocol in [Protocol::DeepgramNova, Protocol::WyomingRecognizer] {
        let plan = Plan::always(Fault::Malformed { every: 1 });
        let mut caller = Caller::call(protocol, plan).await;
        let utterance = caller.say(TURNS[0]).await;
        caller.finish(utterance).await;
        caller.failed().await;
        // Whoever has another recognizer asks it, and takes no words of one that has failed.
        let order: Vec<&str> = caller
            .all
            .iter()
            .filter_map(|event| match event {
                RecognizerEvent::Failed { .. } => Some("failed"),
                RecognizerEvent::Final { .. } => Some("final"),
                RecognizerEvent::Partial { .. }
                | RecognizerEvent::Stable { .. }
                | RecognizerEvent::Turn { .. }
                | RecognizerEvent::Recovering { .. } => None,
            })
            .collect();
        assert_eq!(order.first(), Some(&"failed"), "{protocol:?} {order:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_cannot_be_had_says_so_while_the_caller_speaks() {
    let plan = Plan::always(Fault::Refuse);
    let mut caller = Caller::call(Protocol::WyomingRecognizer, plan).await;
    caller.say(TURNS[0]).await;
    let error = caller.failed().await;
    assert!(matches!(error, VendorError::Transport { .. }), "{error:?}");
}

/// `cargo test -p vendors --test recognizers -- --ignored matrix --nocapture` shows it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a table for people; each of its rows is a test of its own above"]
#[expect(clippy::print_stderr, reason = "a table for people")]
async fn matrix() {
    let rows = [
        ("none", Plan::default()),
        ("drop in a word", Plan::of_sessions([vec![Fault::Drop { after: ms(700) }]])),
        (
            "drop while an answer is awaited",
            Plan::of_sessions([vec![Fault::Drop { after: ms(1_900) }]]),
        ),
        (
            "drop twice",
            Plan::of_sessions([
                vec![Fault::Drop { after: ms(700) }],
                vec![Fault::Drop { after: ms(600) }],
            ]),
        ),
        ("close 1011", Plan::of_sessions([vec![Fault::Close { after: ms(900), code: 1_011 }]])),
        ("refuse twice", Plan::of_sessions([vec![Fault::Refuse], vec![Fault::Refuse]])),
        ("refuse", Plan::always(Fault::Refuse)),
        ("401", Plan::always(Fault::Unauthorized)),
        ("429, retry-after", Plan::always(Fault::TooMany { retry_after: Some(ms(2_000)) })),
        ("500", Plan::always(Fault::Broken { status: 500 })),
        ("hang", Plan::always(Fault::Hang)),
        ("mute once", Plan::of_sessions([vec![Fault::Mute { after: ms(400) }]])),
        ("mute", Plan::always(Fault::Mute { after: ms(0) })),
        ("drip 15 ms", Plan::always(Fault::Drip { gap: ms(15) })),
        ("malformed, every third", Plan::always(Fault::Malformed { every: 3 })),
        ("malformed, all", Plan::always(Fault::Malformed { every: 1 })),
        ("wrong order", Plan::always(Fault::WrongOrder)),
        ("unknown kinds", Plan::always(Fault::Unknown)),
    ];
    eprintln!(
        "| fault | recognizer | words lost of 16 | longest wait for words, ms | sessions | failed with |"
    );
    eprintln!("|---|---|---|---|---|---|");
    for (name, plan) in rows {
        for protocol in ALL {
            let Outcome { lost, wait_max, failure, sessions } =
                outcome(protocol, plan.clone()).await;
            let failure = failure.map_or("–".to_owned(), |error| error.to_string());
            let wait = wait_max.as_millis();
            eprintln!("| {name} | {protocol:?} | {lost} | {wait} | {sessions} | {failure} |");
        }
    }
}

//! Who speaks when.

use sim::caller::{asks, goes_on, hangs_up};
use sim::{Report, Scenario, World};
use types::{CallTime, EndReason, Millis};

fn run(scenario: Scenario) -> Report {
    let report = World::new(scenario).run();
    report.check();
    report.check_memory();
    report
}

#[test]
fn questions_are_heard_and_answered() {
    let caller = vec![
        asks("How much is a cleaning please?"),
        asks("Are you open on Sunday morning?"),
        asks("Thank you and goodbye."),
    ];
    let report = run(Scenario::new(1, caller));
    assert_eq!(report.reason(), EndReason::AgentSaidGoodbye);
    assert_eq!(
        report.questions(),
        [
            "How much is a cleaning please?",
            "Are you open on Sunday morning?",
            "Thank you and goodbye.",
        ]
    );
    let ear = report.heard.join(" ");
    assert!(
        ear.starts_with("Thank you for calling Riverside Dental, how can I help you?"),
        "{ear}"
    );
    assert!(ear.ends_with("Goodbye, and have a pleasant day!"), "{ear}");
}

#[test]
fn every_stage_of_a_turn_is_stamped_and_in_order() {
    let caller = vec![asks("How much is a cleaning please?"), hangs_up(9_000)];
    let report = run(Scenario::new(2, caller));
    let stages = report.summary.turns[1].stages;
    let times: Vec<Option<CallTime>> = vec![
        stages.speech_ended,
        stages.endpointed,
        stages.transcribed,
        stages.thought,
        stages.voiced,
        stages.sent,
        stages.heard,
    ];
    assert!(times.iter().all(Option::is_some), "{stages:?}");
    assert!(times.is_sorted(), "{stages:?}");
    let response = stages.response().expect("it was answered");
    // 303 of endpoint delay, at most 200 each for recognizer, brain and voice, then line and lead.
    assert!(response < Millis::new(1_200), "{response}");
    assert!(Millis::new(303) <= stages.endpoint_delay.expect("chosen"), "{stages:?}");
}

#[test]
fn a_caller_who_pauses_after_and_is_waited_for() {
    let caller = vec![
        asks("I would like a cleaning and"),
        goes_on(900, "a whitening for my wife"),
        hangs_up(9_000),
    ];
    let report = run(Scenario::new(3, caller));
    assert_eq!(report.questions(), ["I would like a cleaning and a whitening for my wife"]);
}

#[test]
fn a_caller_who_goes_on_after_the_turn_seemed_over_is_answered_once() {
    // The pause is longer than the endpoint delay and shorter than the answer takes to be heard.
    let caller = vec![
        asks("How much is a cleaning"),
        goes_on(420, "for a child of six years?"),
        hangs_up(12_000),
    ];
    for seed in 0..20 {
        let report = run(Scenario::new(seed, caller.clone()));
        let questions = report.questions().join(" ");
        assert_eq!(questions, "How much is a cleaning for a child of six years?", "seed {seed}");
    }
}

#[test]
fn a_silent_caller_is_asked_and_then_let_go() {
    let report = run(Scenario::new(4, Vec::new()));
    assert_eq!(report.reason(), EndReason::NoInput);
    let ear = report.heard.join(" ");
    assert!(ear.contains("Are you still there?"), "{ear}");
    assert!(ear.ends_with("Please call again. Goodbye."), "{ear}");
}

#[test]
fn the_same_seed_goes_the_same_way() {
    let scenario =
        || Scenario::new(5, vec![asks("How much is a cleaning please?"), hangs_up(5_000)]);
    assert_eq!(run(scenario()).log, run(scenario()).log);
}

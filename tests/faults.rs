//! Vendors that fail: never silence, never a hang.

use sim::caller::{asks, hangs_up};
use sim::{Report, Scenario, World};
use types::{EndReason, Millis};

fn scenario(seed: u64) -> Scenario {
    let caller = vec![
        asks("How much is a cleaning please?"),
        asks("Are you open on Sunday morning?"),
        asks("Thank you and goodbye."),
        hangs_up(60_000),
    ];
    Scenario::new(seed, caller)
}

fn run(scenario: Scenario) -> Report {
    let report = World::new(scenario).run();
    report.check();
    report
}

#[test]
fn a_brain_that_is_gone_is_apologized_for() {
    for silent in [0, 1_000] {
        let mut scenario = scenario(1);
        scenario.brain.fails = 1_000;
        scenario.brain.silent = silent;
        let report = run(scenario);
        assert_eq!(report.reason(), EndReason::VendorsFailed);
        let ear = report.heard.join(" ");
        assert!(ear.contains("something went wrong on my side."), "{ear}");
        assert!(ear.ends_with("Please call again later. Goodbye."), "{ear}");
    }
}

#[test]
fn a_voice_that_is_gone_ends_the_call() {
    for silent in [0, 1_000] {
        let mut scenario = scenario(1);
        scenario.voice.fails = 1_000;
        scenario.voice.silent = silent;
        assert_eq!(run(scenario).reason(), EndReason::VendorsFailed);
    }
}

#[test]
fn a_recognizer_that_dies_ends_the_call_with_words() {
    for at in [100, 3_000, 7_000, 9_000] {
        let mut scenario = scenario(1);
        scenario.recognizer.dies_at = Some(Millis::new(at));
        let report = run(scenario);
        assert_eq!(report.reason(), EndReason::VendorsFailed, "{at}");
        assert!(report.heard.join(" ").ends_with("Please call again later. Goodbye."), "{at}");
    }
}

#[test]
fn finals_that_never_come_are_done_without() {
    let mut scenario = scenario(1);
    scenario.recognizer.silent = 1_000;
    let report = run(scenario);
    assert_eq!(report.questions()[0], "How much is a cleaning please?");
    assert_eq!(report.reason(), EndReason::AgentSaidGoodbye);
}

#[test]
fn now_and_then_a_failure_is_hardly_noticed() {
    for seed in 0..20 {
        let mut scenario = scenario(seed);
        scenario.brain.fails = 150;
        scenario.voice.fails = 100;
        let report = run(scenario);
        let ear = report.heard.join(" ");
        let is_answered = ear.contains("A cleaning costs") || ear.contains("went wrong");
        let gave_up = report.reason() == EndReason::VendorsFailed;
        assert!(is_answered || gave_up, "seed {seed}: {ear}");
    }
}

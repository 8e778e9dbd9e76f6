//! Lines that lose, double, delay and reorder.

use sim::caller::asks;
use sim::{Line, Report, Scenario, World};
use types::{EndReason, Millis};

fn run(seed: u64, line: Line) -> Report {
    let caller = vec![
        asks("How much is a cleaning please?"),
        asks("Are you open on Sunday morning?"),
        asks("Thank you and goodbye."),
    ];
    let mut scenario = Scenario::new(seed, caller);
    scenario.line = line;
    let report = World::new(scenario).run();
    report.check();
    report
}

#[test]
fn order_and_doubles_change_not_a_word() {
    for seed in 0..10 {
        let line = Line { reorder: 200, duplicates: 200, ..Line::CLEAN };
        let report = run(seed, line);
        assert_eq!(
            report.questions(),
            [
                "How much is a cleaning please?",
                "Are you open on Sunday morning?",
                "Thank you and goodbye.",
            ]
        );
        report.check_memory();
    }
}

#[test]
fn loss_costs_words_at_most() {
    for seed in 0..10 {
        let report = run(seed, Line { loss: 30, ..Line::CLEAN });
        assert_eq!(report.reason(), EndReason::AgentSaidGoodbye, "seed {seed}");
    }
}

#[test]
fn a_bad_line_is_a_call_all_the_same() {
    for seed in 0..10 {
        let report = run(seed, Line::BAD);
        assert!(!report.questions().is_empty(), "seed {seed}");
    }
}

#[test]
fn clocks_that_drift_apart_lose_nothing() {
    for drift_ppm in [-200, -50, 50, 200] {
        let report = run(1, Line { drift_ppm, delay: Millis::new(90), ..Line::CLEAN });
        assert_eq!(report.reason(), EndReason::AgentSaidGoodbye);
        report.check_memory();
    }
}

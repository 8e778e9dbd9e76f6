//! Keys.

use sim::caller::{Said, What, When, asks, hangs_up, presses};
use sim::{Report, Scenario, World};
use types::Millis;

fn run(caller: Vec<Said>) -> Report {
    let report = World::new(Scenario::new(1, caller)).run();
    report.check();
    report
}

#[test]
fn keys_in_a_row_are_one_entry() {
    let first = Said { when: When::AfterAgent(Millis::new(500)), what: What::Key('4') };
    let report = run(vec![first, presses(600, '1'), presses(600, '5'), hangs_up(9_000)]);
    assert_eq!(report.questions(), ["415"]);
    assert!(report.heard.join(" ").contains("You pressed 415."));
}

#[test]
fn the_hash_key_ends_an_entry() {
    let first = Said { when: When::AfterAgent(Millis::new(500)), what: What::Key('4') };
    let report = run(vec![first, presses(300, '2'), presses(300, '#'), hangs_up(9_000)]);
    assert_eq!(report.questions(), ["42"]);
}

#[test]
fn a_key_stops_the_agent() {
    let key = Said { when: When::WhileAgent(Millis::new(900)), what: What::Key('0') };
    let report = run(vec![asks("How much is a cleaning please?"), key, hangs_up(9_000)]);
    report.check_memory();
    assert_eq!(report.questions().last().map(String::as_str), Some("0"));
    assert!(!report.heard.join(" ").contains("weekday"));
}

//! How calls end.

use call::Action;
use sim::caller::{asks, hangs_up, interrupts};
use sim::{Report, Scenario, World};
use types::{EndReason, Millis};

fn run(scenario: Scenario) -> Report {
    let report = World::new(scenario).run();
    report.check();
    report
}

#[test]
fn the_goodbye_is_heard_to_its_last_word_on_every_line() {
    for seed in 0..40 {
        let mut scenario = Scenario::new(seed, vec![asks("Thank you and goodbye.")]);
        scenario.line.marks_lost = [0, 300, 1_000][seed as usize % 3];
        scenario.line.delay = Millis::new(20 + 5 * seed as u32);
        scenario.line.drift_ppm = (seed as i32 - 20) * 10;
        let report = run(scenario);
        assert_eq!(report.reason(), EndReason::AgentSaidGoodbye, "seed {seed}");
        let ear = report.heard.join(" ");
        assert!(ear.ends_with("Goodbye, and have a pleasant day!"), "seed {seed}: {ear}");
    }
}

#[test]
fn a_goodbye_over_the_goodbye_changes_nothing_and_a_question_does() {
    let bye = vec![asks("Thank you and goodbye."), interrupts(800, "Bye bye!")];
    assert_eq!(run(Scenario::new(1, bye)).reason(), EndReason::AgentSaidGoodbye);
    let question = vec![
        asks("Thank you and goodbye."),
        interrupts(800, "Wait, one more question please"),
        hangs_up(12_000),
    ];
    let report = run(Scenario::new(1, question));
    assert_eq!(report.reason(), EndReason::CallerHungUp);
    assert_eq!(report.questions().len(), 2);
}

#[test]
fn a_message_is_kept_only_if_its_words_were_heard() {
    let kept =
        |report: &Report| report.count(|action| matches!(action, Action::KeepMessage { .. }));
    let caller = vec![asks("Please take a message."), hangs_up(9_000)];
    let report = run(Scenario::new(1, caller));
    assert_eq!((kept(&report), report.summary.messages.len()), (1, 1));
    let caller = vec![
        asks("Please take a message."),
        interrupts(800, "No wait, stop that please"),
        hangs_up(9_000),
    ];
    assert_eq!(kept(&run(Scenario::new(1, caller))), 0);
}

#[test]
fn a_transfer_the_leg_cannot_do_becomes_an_offer() {
    let caller = vec![asks("A person please, not a machine."), hangs_up(15_000)];
    let report = run(Scenario::new(1, caller));
    let ear = report.heard.join(" ");
    assert!(ear.contains("I can take a message instead"), "{ear}");
}

#[test]
fn a_call_reaches_its_longest_duration_with_a_warning_and_a_goodbye() {
    let mut scenario = Scenario::new(1, vec![asks("How much is a cleaning please?")]);
    scenario.config.limits.call_duration_max = Millis::from_secs(130);
    scenario.config.turns.no_input_delay = Millis::from_secs(200);
    let report = run(scenario);
    assert_eq!(report.reason(), EndReason::DurationMax);
    let ear = report.heard.join(" ");
    assert!(ear.contains("about one minute left."), "{ear}");
    assert!(ear.ends_with("Please call again if you need more. Goodbye."), "{ear}");
}

#[test]
fn a_broken_socket_ends_the_call_at_once() {
    for at in (0..6_000).step_by(370) {
        let mut scenario = Scenario::new(1, vec![asks("How much is a cleaning please?")]);
        scenario.line.breaks_at = Some(Millis::new(at));
        assert_eq!(run(scenario).reason(), EndReason::LegLost, "{at}");
    }
}

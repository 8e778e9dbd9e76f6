//! The line breaks, or the process dies, at any moment: the conversation goes on.

use call::Action;
use sim::caller::{Said, What, When, asks, hangs_up};
use sim::{Back, Lost, Outage, Report, Scenario, World};
use types::{CallTime, EndReason, Millis};

/// A conversation in which every phase has its turn: greeting, question, reply, keys, a message,
/// a goodbye.
fn scenario(seed: u64) -> Scenario {
    // A patient caller: a pause of the line is not yet the end of the agent's words.
    let then = |what| Said { when: When::AfterAgent(Millis::new(2_600)), what };
    let caller = vec![
        asks("How much is a cleaning please?"),
        then(What::Words("Please take a message.".to_owned())),
        then(What::Key('4')),
        then(What::Words("Thank you and goodbye.".to_owned())),
        hangs_up(40_000),
    ];
    Scenario::new(seed, caller)
}

fn run(scenario: Scenario) -> Report {
    let report = World::new(scenario).run();
    report.check();
    report
}

fn broken(seed: u64, at: u32, lost: Lost, back: Back) -> Report {
    let mut scenario = scenario(seed);
    scenario.outages = vec![Outage { at: Millis::new(at), lost, back }];
    run(scenario)
}

const SOON: Back = Back::Ordered { refused: 0, after: Millis::new(400) };

/// What must be true of a call that had one outage and was brought back.
fn check_resumed(report: &Report, what: &str) {
    let ear = report.heard.join(" ");
    let questions = report.questions().join(" | ");
    // The question may have fallen into the gap: then it was asked for again, or nobody can know.
    // A caller who was cut off says the next thing in the same breath: that is what is answered.
    if report.questions().iter().any(|asked| asked.ends_with("cleaning please?")) {
        assert!(ear.contains("A cleaning costs"), "{what}: {questions}: {ear}");
    }
    if questions.contains("message") {
        assert_eq!(report.summary.messages.len(), 1, "{what}: one message, once");
    }
    assert!(report.summary.counts.outages <= 1, "{what}");
}

#[test]
fn a_socket_lost_at_any_moment_is_hardly_noticed() {
    for seed in 0..2 {
        for at in (40..26_000).step_by(430) {
            let report = broken(seed, at, Lost::Socket, SOON);
            check_resumed(&report, &format!("seed {seed}, {at} ms"));
        }
    }
}

#[test]
fn a_process_that_dies_at_any_moment_leaves_a_conversation_that_goes_on() {
    for seed in 0..2 {
        for at in (40..26_000).step_by(430) {
            let down = Millis::new(900);
            let report = broken(seed, at, Lost::Process(down), SOON);
            check_resumed(&report, &format!("seed {seed}, {at} ms"));
            let silent = report.mended_longest;
            assert!(silent <= Millis::new(500), "{at} ms: silent for {} ms", silent.get());
        }
    }
}

#[test]
fn a_carrier_that_streams_again_by_itself_is_welcome() {
    for at in (40..26_000).step_by(910) {
        for after in [5, 120, 1_400] {
            let back = Back::ByItself(Millis::new(after));
            check_resumed(&broken(3, at, Lost::Socket, back), &format!("{at} ms, {after} ms"));
        }
    }
}

#[test]
fn orders_that_are_refused_are_given_again() {
    for at in (40..20_000).step_by(1_510) {
        let back = Back::Ordered { refused: 3, after: Millis::new(300) };
        check_resumed(&broken(1, at, Lost::Socket, back), &format!("{at} ms"));
    }
}

/// When the line was back for good.
fn back_at(report: &Report) -> CallTime {
    let is_back = |action: &Action| {
        matches!(action, Action::Note { decision: call::Decision::Reattached { .. } })
    };
    let backs = report.actions.iter().filter(|(_, action)| is_back(action));
    backs.map(|(at, _)| *at).max().expect("it comes back")
}

#[test]
fn a_carrier_that_can_be_reached_again_is_found_out_within_a_second() {
    let after = Millis::new(200);
    for at in [2_000, 9_000] {
        // Around the end of what one order is tried for, and of several.
        for away in (100..17_500).step_by(580) {
            let back = Back::Reached { away: Millis::new(away), void: 0, after };
            let report = broken(1, at, Lost::Socket, back);
            check_resumed(&report, &format!("{at} ms, away {away} ms"));
            let waited = back_at(&report).since(CallTime::from_millis(u64::from(at + away)));
            assert!(waited <= Millis::new(1_000), "away {away} ms: after {} ms", waited.get());
        }
    }
}

#[test]
fn an_order_that_comes_to_nothing_costs_two_seconds_and_no_more() {
    let after = Millis::new(200);
    for away in (100..12_000).step_by(740) {
        for void in 1..3 {
            let back = Back::Reached { away: Millis::new(away), void, after };
            let report = broken(2, 6_000, Lost::Socket, back);
            check_resumed(&report, &format!("away {away} ms, {void} void"));
            let waited = back_at(&report).since(CallTime::from_millis(u64::from(6_000 + away)));
            let max = Millis::new(1_000 + void * 2_400);
            assert!(waited <= max, "away {away} ms, {void} void: after {} ms", waited.get());
        }
    }
}

#[test]
fn a_process_that_dies_while_the_line_is_down_goes_on_waiting_for_it() {
    for died_at in (6_050..9_500).step_by(230) {
        let mut scenario = scenario(4);
        let back = Back::Reached { away: Millis::new(2_500), void: 0, after: Millis::new(200) };
        let at = Millis::new(6_000);
        let lost = Lost::Process(Millis::new(700));
        scenario.outages = vec![
            Outage { at, lost: Lost::Socket, back },
            Outage { at: Millis::new(died_at), lost, back },
        ];
        let report = run(scenario);
        assert_ne!(report.summary.reason, Some(EndReason::LegLost), "{died_at} ms");
        let waited = back_at(&report).since(CallTime::from_millis(u64::from(died_at) + 700));
        assert!(waited <= Millis::new(2_900), "{died_at} ms: after {} ms", waited.get());
    }
}

#[test]
fn a_leg_that_never_comes_back_is_hung_up_on_in_time() {
    for at in (40..12_000).step_by(510) {
        let report = broken(1, at, Lost::Socket, Back::Never);
        assert_eq!(report.reason(), EndReason::LegLost, "{at} ms");
        let hung_up = report
            .actions
            .iter()
            .find(|(_, action)| matches!(action, Action::Leg { order: types::LegOrder::HangUp }));
        let (when, _) = hung_up.expect("no leg is left up");
        assert!(when.as_millis() <= u64::from(at) + 25_000, "{at} ms");
    }
}

#[test]
fn outages_upon_outages_leave_no_call_behind() {
    for seed in 0..40 {
        let mut scenario = scenario(seed);
        let kinds = [Lost::Socket, Lost::Process(Millis::new(700)), Lost::Socket];
        scenario.outages = (0..8_u32)
            .map(|number| Outage {
                at: Millis::new(900 + number * 1_700 + (seed as u32) * 37),
                lost: kinds[number as usize % 3],
                back: Back::Ordered { refused: number % 2, after: Millis::new(90 * number) },
            })
            .collect();
        let report = run(scenario);
        assert_ne!(report.reason(), EndReason::Internal);
    }
}

//! The caller speaks while the agent does.

use call::Action;
use sim::caller::{asks, coughs, hangs_up, interrupts};
use sim::{Report, Scenario, World};
use types::{DialogueEntry, Heard, Millis};

fn run(scenario: Scenario) -> Report {
    let report = World::new(scenario).run();
    report.check();
    report.check_memory();
    report
}

fn cuts(report: &Report) -> Vec<String> {
    let entries = report.dialogue.entries.iter().filter_map(|entry| match entry {
        DialogueEntry::Agent { text, heard: Heard::Cut, .. } => Some(text.reveal().clone()),
        DialogueEntry::Agent { .. }
        | DialogueEntry::Caller { .. }
        | DialogueEntry::Keys { .. }
        | DialogueEntry::NoInput { .. } => None,
    });
    entries.collect()
}

#[test]
fn the_memory_ends_where_the_caller_stopped_hearing() {
    for seed in 0..25 {
        let heard = 600 + 150 * seed as u32;
        let caller = vec![
            asks("How much is a cleaning please?"),
            interrupts(heard, "What about whitening then?"),
            hangs_up(9_000),
        ];
        let report = run(Scenario::new(seed, caller));
        let cuts = cuts(&report);
        assert_eq!(cuts.len(), 1, "seed {seed}: {cuts:?}");
        // The caller heard at most one word more or less than the engine believes.
        let believed = cuts[0].split_whitespace().count();
        let reply_at = report.heard.iter().position(|word| word == "A").expect("the reply");
        let next = report.heard.iter().skip(reply_at + 1).position(|word| word == "A");
        let truly = next.map_or(report.heard.len() - reply_at, |next| next + 1);
        assert!(believed.abs_diff(truly) <= 1, "seed {seed}: {believed} of {truly}: {cuts:?}");
    }
}

#[test]
fn the_agent_is_silent_soon_after_the_caller_begins() {
    for seed in 0..10 {
        let caller = vec![
            asks("How much is a cleaning please?"),
            interrupts(1_500, "Stop, what about whitening then?"),
            hangs_up(9_000),
        ];
        let report = run(Scenario::new(seed, caller));
        let is_hold = |action: &Action| matches!(action, Action::HoldPlayout { .. });
        let held = report.actions.iter().find(|(_, action)| is_hold(action)).map(|(at, _)| *at);
        let began = report.actions.iter().rev().find_map(|(_, action)| {
            if let Action::BeginUtterance { at, .. } = action { Some(*at) } else { None }
        });
        let (held, began) = (held.expect("held"), began.expect("spoken"));
        // 40 ms of detection; the lead of 120 ms and the line's 60 come on top of it.
        assert!(held.since(began) <= Millis::new(100), "seed {seed}: {}", held.since(began));
    }
}

#[test]
fn signs_of_listening_and_coughs_leave_the_agent_its_words() {
    for seed in 0..10 {
        for disturbance in [interrupts(1_500, "Uh-huh."), coughs(1_500, 160)] {
            let caller =
                vec![asks("How much is a cleaning please?"), disturbance, hangs_up(12_000)];
            let report = run(Scenario::new(seed, caller));
            assert!(cuts(&report).is_empty(), "seed {seed}: {:?}", cuts(&report));
            let resumed = report.count(|action| matches!(action, Action::ResumePlayout { .. }));
            assert_eq!(resumed, 1, "seed {seed}");
            let ear = report.heard.join(" ");
            assert!(ear.contains("whitening on any weekday. Is there anything else?"), "{ear}");
        }
    }
}

#[test]
fn the_disclosure_is_heard_by_everybody() {
    for seed in 0..10 {
        let caller = vec![interrupts(700, "Hold on, are you open on Sunday?"), hangs_up(15_000)];
        let mut scenario = Scenario::new(seed, caller);
        scenario.config.persona.disclosure = Some("This very call is recorded.".to_owned());
        let report = run(scenario);
        let ear = report.heard.join(" ");
        assert!(ear.contains("This very call is recorded."), "seed {seed}: {ear}");
    }
}

//! Calls by the seed: whatever happens, what must be true of every call is.
//!
//! `SIM_SEEDS` says how many (default 40), `SIM_SEED` runs a single one.

use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use sim::caller::{Said, What, When};
use sim::random::Random;
use sim::{Back, Line, Lost, Outage, Scenario, World};
use types::{BargeIn, Millis};

const WORDS: [&str; 10] = [
    "How much is a cleaning please?",
    "Uh-huh.",
    "Stop.",
    "Yes.",
    "I would like to and",
    "Please take a message.",
    "A person please.",
    "Are you open on Sunday morning or is there another day?",
    "Um",
    "Thank you, goodbye.",
];

fn said(random: &mut Random) -> Said {
    let span = Millis::new(random.below(3_000) as u32);
    let when = match random.below(6) {
        0 => When::WhileAgent(span),
        1 => When::Then(span),
        2 => When::At(span),
        _ => When::AfterAgent(Millis::new(200 + random.below(1_500) as u32)),
    };
    let what = match random.below(12) {
        0 => What::Noise(Millis::new(60 + random.below(1_200) as u32)),
        1 => What::Key(['0', '7', '#', '*'][random.below(4) as usize]),
        2 if random.below(4) == 0 => What::HangUp,
        _ => What::Words(WORDS[random.below(WORDS.len() as u64) as usize].to_owned()),
    };
    Said { when, what }
}

fn scenario(seed: u64) -> Scenario {
    let random = &mut Random::new(seed, 7);
    let caller = (0..random.below(10)).map(|_| said(random)).collect();
    let mut scenario = Scenario::new(seed, caller);
    scenario.config.limits.call_duration_max = Millis::from_secs(90);
    scenario.config.turns.no_input_delay = Millis::from_secs(4);
    if random.below(3) == 0 {
        scenario.config.persona.disclosure = Some("This very call is recorded.".to_owned());
    }
    if random.below(6) == 0 {
        scenario.config.turns.barge_in = BargeIn::Protected;
    }
    scenario.line = match random.below(3) {
        0 => Line::CLEAN,
        1 => Line { marks_lost: 0, ..Line::BAD },
        _ => Line::BAD,
    };
    if random.below(10) == 0 {
        scenario.line.breaks_at = Some(Millis::new(random.below(40_000) as u32));
    }
    if random.below(2) == 0 {
        scenario.outages = (0..1 + random.below(3)).map(|_| outage(random)).collect();
        scenario.outages.sort_by_key(|outage| outage.at);
        scenario.config.resume.attempts_max = 4 + random.below(8) as u32;
    }
    scenario.recognizer.latency_max = Millis::new(50 + random.below(900) as u32);
    scenario.voice.latency_max = Millis::new(50 + random.below(900) as u32);
    if random.below(3) == 0 {
        scenario.recognizer.silent = random.below(400) as u16;
        scenario.brain.fails = random.below(400) as u16;
        scenario.brain.silent = random.below(200) as u16;
        scenario.voice.fails = random.below(300) as u16;
        scenario.voice.silent = random.below(200) as u16;
    }
    scenario
}

/// One stretch without media, of any kind.
fn outage(random: &mut Random) -> Outage {
    let at = Millis::new(random.below(60_000) as u32);
    let lost = match random.below(3) {
        0 => Lost::Process(Millis::new(300 + random.below(8_000) as u32)),
        _ => Lost::Socket,
    };
    let span = Millis::new(20 + random.below(6_000) as u32);
    let back = match random.below(8) {
        0 => Back::Never,
        1 | 2 => Back::ByItself(span),
        3 | 4 => Back::Reached {
            away: Millis::new(random.below(16_000) as u32),
            void: random.below(3) as u32,
            after: Millis::new(20 + random.below(1_500) as u32),
        },
        _ => Back::Ordered { refused: random.below(4) as u32, after: span },
    };
    Outage { at, lost, back }
}

fn run(seed: u64) {
    let scenario = scenario(seed);
    let is_clean = scenario.line.loss == 0 && scenario.line.marks_lost == 0;
    let is_steady = scenario.outages.is_empty();
    let report = World::new(scenario).run();
    report.check();
    if is_clean && is_steady {
        report.check_memory();
    }
}

/// Runs `seeds` on all cores; those that failed.
fn failures(seeds: std::ops::Range<u64>) -> Vec<u64> {
    let next = AtomicU64::new(seeds.start);
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seeds.end <= seed {
                        return;
                    }
                    if std::panic::catch_unwind(|| run(seed)).is_err() {
                        failed.lock().expect("no holder panics").push(seed);
                    }
                }
            });
        }
    });
    let mut failed = failed.into_inner().expect("no holder panics");
    failed.sort_unstable();
    failed
}

#[test]
fn whatever_happens_every_call_keeps_its_promises() {
    let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let seeds = match number("SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SIM_SEEDS").unwrap_or(40),
    };
    let (count, began) = (seeds.end - seeds.start, Instant::now());
    let failed = failures(seeds);
    let again: Vec<String> = failed
        .iter()
        .map(|seed| format!("SIM_SEED={seed} cargo test -p sim --test simulate"))
        .collect();
    assert!(
        failed.is_empty(),
        "{} of {count} fail; one again:\n{}",
        failed.len(),
        again.join("\n")
    );
    // Seen with --nocapture, as `make soak` has it.
    let mut out = std::io::stdout();
    writeln!(out, "{count} calls kept their promises in {:.1} s", began.elapsed().as_secs_f64())
        .expect("somewhere to write");
}

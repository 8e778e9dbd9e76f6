//! What a caller waits: recorded questions through the real engine, measured at the caller's ear.
//!
//! `cargo bench -p benches --bench response --profile fast [-- --json] [--turns N] [--at-once N]`.
//! The engine and its callers run in this process on loopback; a run whose callers were late
//! themselves says so and counts for nothing.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench talks to its user")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use benches::machine::Machine;
use benches::split::{Turn, percentile, turns};
use caller::{CallPlan, CallReport, Ending, Question, Script, Verdict};
use server::config::EngineConfig;
use server::engine::{Engine, Given};
use server::score::{self, Outcome};
use types::{CallRecord, E164, Millis, SampleRate};

/// Questions of one call.
const QUESTIONS_PER_CALL: usize = 6;

/// Turns without further wishes: enough for a 95th percentile that means something.
const TURNS: usize = 66;

/// Whom to ring, and what to ask.
type Call = (E164, Vec<Question>);

struct Wishes {
    turns: usize,
    at_once: usize,
    json: Option<()>,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let wishes = wishes();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let state = std::env::temp_dir().join(format!("apex-response-{}", std::process::id()));
    let engine = start(&root, &state)?;
    let machine = Machine::now();
    let calls = scripts(&root, &engine, wishes.turns)?;
    let mut measured = Vec::new();
    let mut sound = 0;
    for group in calls.chunks(wishes.at_once) {
        for report in place(&engine, group)? {
            sound += usize::from(matches!(report.verdict, Verdict::Sound));
            measured.push(report);
        }
        eprint!("\r{} of {} calls", measured.len(), calls.len());
    }
    eprintln!();
    let pool = engine.node.vendors.pool().counters();
    engine.stop(Millis::from_secs(5));
    let records = records(&state)?;
    std::fs::remove_dir_all(&state)?;
    let split: Vec<Turn> = measured
        .iter()
        .filter_map(|report| {
            let same = |record: &&CallRecord| record.parties.carrier_call == report.call_control;
            Some(turns(records.iter().find(same)?, report))
        })
        .flatten()
        .collect();
    let asked: usize = measured.iter().map(|report| report.turns.len()).sum();
    if wishes.json.is_some() {
        let turns: Vec<_> = split.iter().map(Turn::to_json).collect();
        println!(
            "{}",
            serde_json::json!({
                "turns": turns, "asked": asked, "calls": measured.len(), "calls_sound": sound,
                "at_once": wishes.at_once, "partials_dropped": pool.partials_dropped,
            })
        );
    } else {
        println!("{machine}");
        table(&split);
        println!(
            "{asked} questions, {} split, {sound} of {} calls sound, {} at once, {} partials dropped",
            split.len(),
            measured.len(),
            wishes.at_once,
            pool.partials_dropped
        );
    }
    std::fs::write(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("response.svg"),
        benches::bars::svg(&split),
    )?;
    Ok(())
}

fn wishes() -> Wishes {
    let arguments: Vec<String> = std::env::args().collect();
    let after = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)?.parse().ok()
    };
    Wishes {
        turns: after("--turns").unwrap_or(TURNS),
        at_once: after("--at-once").unwrap_or(1).max(1),
        json: arguments.iter().any(|argument| argument == "--json").then_some(()),
    }
}

fn start(root: &Path, state: &Path) -> Result<Engine, Box<dyn Error>> {
    let settings = "[media]\nlisten = \"127.0.0.1:0\"\n[control]\nlisten = \"127.0.0.1:0\"\n";
    let mut config = EngineConfig::checked("bench", settings)?;
    config.directory.path = root.join("fixtures/businesses");
    config.state = state.to_owned();
    let told = std::env::var_os("APEX_MODELS").map(PathBuf::from);
    config.models.path = told.unwrap_or_else(|| root.join("models"));
    Ok(Engine::start(config, Given::default())?)
}

/// Calls of [`QUESTIONS_PER_CALL`] clean questions that have an answer, business by business.
fn scripts(root: &Path, engine: &Engine, turns: usize) -> Result<Vec<Call>, Box<dyn Error>> {
    let mut calls: Vec<Call> = Vec::new();
    let published = engine.node.routes.load();
    for set in ["tuned", "held-out"] {
        let folder = root.join("fixtures/calls").join(set);
        let rules = directory::Rules {
            defaults: directory::Defaults {
                turns: engine.node.config.defaults.turns.clone(),
                limits: engine.node.config.defaults.limits.clone(),
                intake: engine.node.config.defaults.intake.clone(),
            },
            vendors: server::vendors::known(),
        };
        for question in score::read_sheet(&folder, &rules)?.questions {
            let business = published.directory.business(question.business.id);
            let Some(number) = business.and_then(|business| business.numbers.first()) else {
                continue;
            };
            if question.expected.outcome != Outcome::Answer {
                continue;
            }
            for recording in question.recordings.iter().filter(|it| it.label.ends_with("clean")) {
                let audio: Arc<[i16]> =
                    caller::audio::load(&recording.path, SampleRate::Hz8000)?.into();
                let label = format!("{}.{}", question.id, recording.label);
                let question = Question { label, audio };
                let open = calls.iter_mut().find(|(to, questions)| {
                    *to == number.e164 && questions.len() < QUESTIONS_PER_CALL
                });
                match open {
                    Some((_, questions)) => questions.push(question),
                    None => calls.push((number.e164, vec![question])),
                }
            }
        }
    }
    calls.truncate(turns.div_ceil(QUESTIONS_PER_CALL));
    Ok(calls)
}

fn place(engine: &Engine, group: &[Call]) -> Result<Vec<CallReport>, Box<dyn Error>> {
    let threads: Vec<_> = group
        .iter()
        .map(|(to, questions)| {
            let script = Script::conversation(questions.clone(), Ending::HangUp);
            let url = format!("ws://{}/media/telnyx", engine.media);
            let name = questions.first().map_or("", |question| question.label.as_str());
            let plan = CallPlan {
                call_control: Some(format!("bench-{name}")),
                ..CallPlan::new(url, *to, script)
            };
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                runtime.map(|runtime| runtime.block_on(caller::run(plan, |_| ())))
            })
        })
        .collect();
    let mut reports = Vec::new();
    for thread in threads {
        reports.push(thread.join().map_err(|_| "a caller's thread died")???);
    }
    Ok(reports)
}

fn records(state: &Path) -> Result<Vec<CallRecord>, Box<dyn Error>> {
    let mut records = Vec::new();
    for business in std::fs::read_dir(state.join("calls"))? {
        for call in std::fs::read_dir(business?.path())? {
            let json = std::fs::read(call?.path().join("call.json"))?;
            records.push(serde_json::from_slice(&json)?);
        }
    }
    Ok(records)
}

fn table(turns: &[Turn]) {
    println!("| stage, ms | p50 | p95 | p99 | max |\n|---|---|---|---|---|");
    let row = |name: &str, of: &dyn Fn(&Turn) -> f64| {
        let at = |percent| percentile(turns.iter().map(of), percent);
        println!("| {name} | {:.0} | {:.0} | {:.1} | {:.1} |", at(50), at(95), at(99), at(100));
    };
    row("**response time**", &|turn| turn.response);
    for (index, (name, _)) in turns.first().map(Turn::stages).into_iter().flatten().enumerate() {
        row(name, &|turn: &Turn| turn.stages()[index].1);
    }
    let gaps: usize = turns.iter().map(|turn| turn.gaps).sum();
    println!("gaps of 20 ms or more inside replies: {gaps}");
}

//! What the engine adds to a caller's wait when others recognize, think and speak.
//!
//! `cargo bench -p benches --bench vendors --profile fast [-- --json] [--turns N] [--at-once N]`.
//! Engine, callers and vendors run in this process on loopback, each with its own threads, and meet on
//! real sockets. The vendors' delays are fixed, so that what is left of a response time beside them and
//! the endpoint delay that was chosen is the engine's. A run whose callers or vendors were late
//! themselves says so and counts for nothing.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench talks to its user")]

use std::collections::{BTreeMap, VecDeque};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use benches::machine::Machine;
use benches::share::{Fixed, Share};
use benches::split::{Turn, percentile, turns};
use caller::{CallPlan, CallReport, Ending, LatenessLog, PlayoutConfig, Question, Script, Verdict};
use fake_vendors::chat::Reply;
use fake_vendors::{Delays, FakeVendors, Options, Plan, Protocol, Punctuality, Words};
use server::config::EngineConfig;
use server::engine::{Engine, Given};
use server::vendors::Environment;
use types::{CallRecord, CallTime, E164, Millis, SampleRate};

/// Turns without further wishes: enough for a 99th percentile that means something.
const TURNS: usize = 1_000;

/// Calls that are up at once without further wishes.
const AT_ONCE: usize = 8;

/// Questions of one call: recording, and what its recognizer says was said.
const QUESTIONS: [(&str, &str); 4] = [
    ("first-1-hours.flac", "Hi, what are your opening hours?"),
    ("first-3-cleaning.flac", "And how much is a cleaning?"),
    ("first-4-sunday.flac", "Are you open on Sunday?"),
    ("first-5-insurance.flac", "Do you take dental insurance?"),
];

/// What every model says, in tokens; the first segment is whole with token [`SEGMENT_TOKENS`].
const REPLY: &str = "We can do that today. What time suits you?";

/// See [`REPLY`].
const SEGMENT_TOKENS: u32 = 5;

/// How long the vendors take. A recognizer's last words are there before the shortest endpoint delay is
/// over, as a vendor's that is asked in the pause are: none of its time is waited for.
const DELAYS: Delays = Delays {
    connect: Millis::ZERO,
    words: Millis::new(100),
    first_token: Millis::new(150),
    token: Millis::new(5),
    first_audio: Millis::new(80),
};

/// How long Flux takes for its words.
const EARLY: Millis = Millis::new(10);

/// Who recognizes, thinks and speaks; the local ones stand behind them, as behind everybody.
const CASTS: [[&str; 3]; 2] =
    [["deepgram", "openai", "cartesia"], ["deepgram-flux", "openai", "elevenlabs"]];

/// See [`CASTS`].
const BEHIND: [&str; 3] = ["local", "frontdesk", "local"];

struct Wishes {
    turns: usize,
    at_once: usize,
    json: Option<()>,
}

/// What a run has shown.
struct Run {
    /// Each turn, and whose call it was in.
    turns: Vec<(usize, Turn)>,
    asked: usize,
    callers: LatenessLog,
    vendors: LatenessLog,
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
    let machine = Machine::now();
    let far = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let words = QUESTIONS.iter().map(|(_, words)| (*words).to_owned()).collect();
    let protocols = [
        Protocol::DeepgramNova,
        Protocol::DeepgramFlux,
        Protocol::OpenAiChat,
        Protocol::Cartesia,
        Protocol::ElevenLabs,
    ];
    let plans = protocols.map(|protocol| {
        // It is told of a pause only when it has heard it itself, and later.
        let words = if protocol == Protocol::DeepgramFlux { EARLY } else { DELAYS.words };
        (protocol, Plan::default().with_delays(Delays { words, ..DELAYS }))
    });
    let options = Options {
        words: Words::Scripted(words),
        plans: plans.into(),
        punctuality: Punctuality::Exact,
        ..Options::default()
    };
    let vendors = far.block_on(FakeVendors::start(options))?;
    vendors.replies().set_usual(Some(Reply::words(REPLY)));
    let scratch = std::env::temp_dir().join(format!("apex-vendors-{}", std::process::id()));
    let engine = start(&scratch, &vendors)?;
    let reports = place(&engine, &wishes)?;
    engine.stop(Millis::from_secs(5));
    let run = gather(&scratch.join("state"), &reports, &vendors.late())?;
    std::fs::remove_dir_all(&scratch)?;
    match wishes.json {
        Some(()) => json(&run, wishes.at_once),
        None => {
            println!("{machine}, at the end {}", Machine::now());
            table(&run, wishes.at_once);
        }
    }
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
        at_once: after("--at-once").unwrap_or(AT_ONCE).max(1),
        json: arguments.iter().any(|argument| argument == "--json").then_some(()),
    }
}

/// An engine with one business for each cast.
fn start(scratch: &Path, vendors: &FakeVendors) -> Result<Engine, Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let businesses = scratch.join("businesses");
    std::fs::create_dir_all(&businesses)?;
    for cast in 0..CASTS.len() {
        std::fs::write(businesses.join(format!("office-{cast}.toml")), business(cast))?;
    }
    let settings = "[media]\nlisten = \"127.0.0.1:0\"\n[control]\nlisten = \"127.0.0.1:0\"\n\
                    [limits]\ncalls_max = 200\nstarts_per_s_max = 200\n";
    let mut config = EngineConfig::checked("bench", settings)?;
    config.directory.path = businesses;
    config.state = scratch.join("state");
    let told = std::env::var_os("APEX_MODELS").map(PathBuf::from);
    config.models.path = told.unwrap_or_else(|| root.join("models"));
    let environment = Some(environment(&vendors.base_url()));
    let engine = Engine::start(config, Given { environment, ..Given::default() })?;
    let published = engine.node.routes.load().directory.businesses().count();
    if published < CASTS.len() {
        return Err("a business of this bench is refused: the log says why".into());
    }
    Ok(engine)
}

fn environment(base: &str) -> Environment {
    let mut variables: BTreeMap<String, String> = BTreeMap::new();
    for name in ["DEEPGRAM", "ELEVENLABS", "CARTESIA", "OPENAI"] {
        variables.insert(format!("{name}_API_KEY"), "a-key-for-benches".to_owned());
        variables.insert(format!("{name}_BASE_URL"), base.to_owned());
    }
    variables.insert("OPENAI_BASE_URL".to_owned(), format!("{base}/v1"));
    Environment::new(move |name| variables.get(name).cloned())
}

fn number(cast: usize) -> String {
    format!("+1212555{:04}", 100 + cast)
}

/// The file of the business whose agent has this cast.
fn business(cast: usize) -> String {
    let (number, vendors) = (number(cast), CASTS[cast]);
    let list = |at: usize| format!("\"{}\", \"{}\"", vendors[at], BEHIND[at]);
    let (recognizer, brain, voice) = (list(0), list(1), list(2));
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let hours = days.map(|day| format!("{day} = [\"08:00-17:00\"]")).join("\n");
    format!(
        r#"[business]
id = "office-{cast}"
name = "River Street Office"
timezone = "America/New_York"
currency = "USD"

[[numbers]]
e164 = "{number}"
agent = "front-desk"

[[agents]]
id = "front-desk"
language = "en-US"
greeting = "Hello."
tone = "warm"
record = false

[agents.vendors]
recognizer = [{recognizer}]
brain = [{brain}]
voice = [{voice}]

[facts]
address = "1 River Street, Hoboken"
phone = "{number}"

[facts.hours]
{hours}

[[facts.services]]
id = "cleaning"
name = "cleaning"
price = "120.00"
duration_min = 45
"#
    )
}

/// Places calls until enough was asked, so many at once; what each caller heard, by cast.
fn place(engine: &Engine, wishes: &Wishes) -> Result<Vec<(usize, CallReport)>, Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/demo");
    let mut questions = Vec::new();
    for (file, _) in QUESTIONS {
        let audio: Arc<[i16]> = caller::audio::load(folder.join(file), SampleRate::Hz8000)?.into();
        questions.push(Question { label: file.to_owned(), audio });
    }
    // A call asks them all twice.
    let questions = [questions.clone(), questions].concat();
    let count = wishes.turns.div_ceil(questions.len());
    let mut plans = VecDeque::new();
    for call in 0..count {
        let cast = call % (CASTS.len());
        let to: E164 = number(cast).parse()?;
        let script = Script::conversation(questions.clone(), Ending::HangUp);
        let url = format!("ws://{}/media/telnyx", engine.media);
        let plan = CallPlan {
            call_control: Some(format!("bench-{call}")),
            seed: call as u64,
            ..CallPlan::new(url, to, script)
        };
        plans.push_back((cast, plan));
    }
    let plans = Arc::new(Mutex::new(plans));
    let lines: Vec<_> = (0..wishes.at_once.min(count))
        .map(|line| {
            let plans = plans.clone();
            std::thread::spawn(move || -> Result<Vec<(usize, CallReport)>, String> {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                let runtime = runtime.map_err(|error| error.to_string())?;
                // Calls that begin together would ask together, all the way through.
                let begin = Duration::from_millis(STAGGER_MS * line as u64);
                runtime.block_on(async {
                    tokio::time::sleep(begin).await;
                    let mut reports = Vec::new();
                    loop {
                        let next = plans.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                        let Some((cast, plan)) = next else { return Ok(reports) };
                        let report = caller::run(plan, |_| ()).await;
                        reports.push((cast, report.map_err(|error| error.to_string())?));
                        eprint!(".");
                    }
                })
            })
        })
        .collect();
    let mut reports = Vec::new();
    for line in lines {
        reports.extend(line.join().map_err(|_| "a caller's thread died")??);
    }
    eprintln!();
    Ok(reports)
}

/// A prime, so that questions of several calls fall together by chance only.
const STAGGER_MS: u64 = 137;

fn gather(
    state: &Path,
    reports: &[(usize, CallReport)],
    late: &[Duration],
) -> Result<Run, Box<dyn Error>> {
    let mut records: BTreeMap<String, CallRecord> = BTreeMap::new();
    for business in std::fs::read_dir(state.join("calls"))? {
        for call in std::fs::read_dir(business?.path())? {
            let json = std::fs::read(call?.path().join("call.json"))?;
            let record: CallRecord = serde_json::from_slice(&json)?;
            records.insert(record.parties.carrier_call.clone(), record);
        }
    }
    let split = reports.iter().flat_map(|(cast, report)| {
        let record = records.get(&report.call_control);
        let turns = record.map(|record| turns(record, report)).unwrap_or_default();
        turns.into_iter().map(|turn| (*cast, turn))
    });
    let mut callers = LatenessLog::default();
    reports.iter().for_each(|(_, report)| callers.merge(&report.lateness_log));
    let mut vendors = LatenessLog::default();
    for late in late {
        let late = CallTime::from_micros(late.as_micros() as u64);
        vendors.record(CallTime::ZERO, late);
    }
    let asked = reports.iter().map(|(_, report)| report.turns.len()).sum();
    Ok(Run { turns: split.collect(), asked, callers, vendors })
}

impl Run {
    fn verdict(&self) -> Verdict {
        let is_sound = [&self.callers, &self.vendors]
            .iter()
            .all(|log| matches!(log.lateness().verdict(), Verdict::Sound));
        if is_sound { Verdict::Sound } else { Verdict::Void }
    }
}

/// What is not the engine's.
fn fixed() -> Fixed {
    let ms = |span: Millis| f64::from(span.get());
    Fixed {
        brain: ms(DELAYS.first_token) + f64::from(SEGMENT_TOKENS) * ms(DELAYS.token),
        voice: ms(DELAYS.first_audio),
        carrier: ms(PlayoutConfig::default().start_delay),
    }
}

fn row(name: &str, values: &[f64]) {
    let at = |percent| percentile(values.iter().copied(), percent);
    println!("| {name} | {:.1} | {:.1} | {:.1} | {:.1} |", at(50), at(95), at(99), at(100));
}

fn table(run: &Run, at_once: usize) {
    println!("| ms | p50 | p95 | p99 | max |\n|---|---|---|---|---|");
    let stage = |name: &str, of: fn(&Turn) -> f64| {
        let values: Vec<f64> = run.turns.iter().map(|(_, turn)| of(turn)).collect();
        row(name, &values);
    };
    stage("**response time**", |turn| turn.response);
    stage("detector's end of speech behind the caller's", |turn| turn.detector);
    stage("endpoint delay, chosen", |turn| turn.endpoint);
    stage("brain: fixed and the way there and back", |turn| turn.brain);
    stage("voice: fixed and the way there and back", |turn| turn.voice);
    stage("lead: carrier's buffer and the way there", |turn| turn.lead);
    let share = |name: &str, of: fn(Share) -> f64, casts: &dyn Fn(usize) -> bool| {
        let turns = run.turns.iter().filter(|(cast, _)| casts(*cast));
        let values: Vec<f64> = turns.map(|(_, turn)| of(Share::of(turn, fixed()))).collect();
        row(name, &values);
    };
    let all = |_: usize| true;
    share("own: words after the endpoint was due", |share| share.words, &all);
    share("own: to the brain and back", |share| share.brain, &all);
    share("own: to the voice and back", |share| share.voice, &all);
    share("own: from the sound to the caller's socket", |share| share.way, &all);
    share("**the engine's own share**", Share::all, &all);
    for (cast, names) in CASTS.iter().enumerate() {
        let name = format!("own, {}", names.join(" + "));
        share(&name, Share::all, &|other| other == cast);
    }
    println!(
        "{} questions, {} split, {at_once} calls at once: {:?}",
        run.asked,
        run.turns.len(),
        run.verdict()
    );
    println!("callers: {}", run.callers.lateness());
    println!("vendors: {}", run.vendors.lateness());
}

fn json(run: &Run, at_once: usize) {
    let turns: Vec<_> = run
        .turns
        .iter()
        .map(|(cast, turn)| {
            let mut json = turn.to_json();
            json["cast"] = (*cast).into();
            json["engine_ms"] = Share::of(turn, fixed()).all().into();
            json
        })
        .collect();
    println!(
        "{}",
        serde_json::json!({
            "turns": turns, "asked": run.asked, "at_once": at_once,
            "callers": run.callers.lateness(), "vendors": run.vendors.lateness(),
            "verdict": run.verdict(),
        })
    );
}

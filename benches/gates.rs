//! Which gate belongs in front of the neural detector: what each candidate finds of what Silero
//! calls speech, what it lets through, and what it saves.
//!
//! `cargo bench -p benches --bench gates --profile fast`; `-- --json` prints one JSON object per
//! row instead of the tables. Needs the speech detector's model: `APEX_MODELS`, else `models`.
//! Draws `gates.svg` beside this file.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench's result is its print")]

use std::error::Error;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use benches::calls::{Content, Recording, Set, sets};
use benches::gates::{EarshotGate, WebRtcGate};
use benches::machine::Machine;
use benches::plot::{Curve, Panel, Point, Weight, axis_from, svg};
use benches::recall::{FRAME, Share, Tally, held, states};
use benches::stopwatch::{Effort, measure};
use codecs::gate::{EnergyGate, Gate, GateConfig, GateState};
use serde_json::json;
use speech::{ModelDir, Vad, WINDOW, on_inference_thread};
use types::Millis;
use webrtc_vad::VadMode;

fn main() -> ExitCode {
    // As on a media thread: the model runs without a hop.
    match on_inference_thread(|| run().map_err(|error| error.to_string())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gates: {error}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let effort = Effort::from_args();
    let benches = Path::new(env!("CARGO_MANIFEST_DIR"));
    let vad = match (load_model(benches), effort) {
        (Ok(vad), _) => vad,
        (Err(error), Effort::Full) => return Err(error),
        (Err(error), Effort::Smoke) => {
            eprintln!("gates: left out: {error}");
            return Ok(());
        }
    };
    let machine = Machine::now();
    let mut sets = sets(&benches.join("../fixtures"))?;
    if effort == Effort::Smoke {
        for set in &mut sets {
            set.recordings.truncate(2);
        }
    }
    let sets = judged(&vad, sets)?;
    let costs = Costs::measure(effort, &vad, &sets)?;
    let results: Vec<Row> = GATES
        .iter()
        .flat_map(|gate| gate.settings.iter().map(move |setting| (gate, setting)))
        .flat_map(|(gate, setting)| rows(gate, setting, &sets))
        .collect();
    if std::env::args().any(|arg| arg == "--json") {
        print_json(&machine, &costs, &results);
    } else {
        print_tables(&machine, &costs, &results);
    }
    if effort == Effort::Full {
        std::fs::write(benches.join("gates.svg"), plot(&results))?;
    }
    Ok(())
}

fn load_model(benches: &Path) -> Result<Vad, Box<dyn Error>> {
    let models = std::env::var_os("APEX_MODELS").map(PathBuf::from);
    let models = models.unwrap_or_else(|| benches.join("../models"));
    Ok(Vad::load(&ModelDir::open(models)?)?)
}

/// A candidate and the settings to try, the one that stands for it first marked.
struct Candidate {
    name: &'static str,
    /// Its place in [`Costs::gates_ns`].
    place: usize,
    settings: &'static [Setting],
}

struct Setting {
    label: &'static str,
    weight: Weight,
    make: fn() -> Box<dyn Gate>,
}

const fn tried(label: &'static str, make: fn() -> Box<dyn Gate>) -> Setting {
    Setting { label, weight: Weight::Tried, make }
}

const fn chosen(label: &'static str, make: fn() -> Box<dyn Gate>) -> Setting {
    Setting { label, weight: Weight::Chosen, make }
}

/// In their shipped settings, and in others that show what a setting can do. None holds open:
/// the hangover is the same for all and added afterwards.
static GATES: [Candidate; 3] = [
    Candidate {
        name: "energy",
        place: 0,
        settings: &[
            tried("3 dB", || energy(3.0)),
            chosen("6 dB", || energy(GateConfig::STANDARD.margin_db)),
            tried("9 dB", || energy(9.0)),
            tried("12 dB", || energy(12.0)),
            tried("15 dB", || energy(15.0)),
        ],
    },
    Candidate {
        name: "webrtc-vad",
        place: 1,
        settings: &[
            chosen("quality", || Box::new(WebRtcGate::with_mode(VadMode::Quality))),
            tried("low bitrate", || Box::new(WebRtcGate::with_mode(VadMode::LowBitrate))),
            tried("aggressive", || Box::new(WebRtcGate::with_mode(VadMode::Aggressive))),
            tried("very aggressive", || Box::new(WebRtcGate::with_mode(VadMode::VeryAggressive))),
        ],
    },
    Candidate {
        name: "earshot",
        place: 2,
        settings: &[
            tried("0.1", || Box::new(EarshotGate::with_score_min(0.1))),
            tried("0.3", || Box::new(EarshotGate::with_score_min(0.3))),
            chosen("0.5", || Box::new(EarshotGate::new())),
            tried("0.7", || Box::new(EarshotGate::with_score_min(0.7))),
        ],
    },
];

fn energy(margin_db: f32) -> Box<dyn Gate> {
    let config = GateConfig { margin_db, hangover: Millis::ZERO, ..GateConfig::STANDARD };
    Box::new(EnergyGate::new(config))
}

/// A set with what Silero says about each of its recordings.
struct Judged {
    set: Set,
    /// One a window.
    speech: Vec<Vec<bool>>,
}

fn judged(vad: &Vad, sets: Vec<Set>) -> Result<Vec<Judged>, Box<dyn Error>> {
    let judge = |set: Set| {
        let speech = |recording: &Recording| {
            Ok(match set.content {
                Content::Noise => vec![false; recording.samples.len() / WINDOW],
                Content::Speech => {
                    let probabilities = vad.probabilities(&recording.samples)?;
                    probabilities.into_iter().map(|p| SPEECH <= p).collect()
                }
            })
        };
        let speech = set.recordings.iter().map(speech).collect::<Result<_, Box<dyn Error>>>()?;
        Ok(Judged { set, speech })
    };
    sets.into_iter().map(judge).collect()
}

/// Whether the gate knows the line when the caller speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    /// One gate for all recordings of a set, each after a pause: the usual case.
    Known,
    /// A new gate for each recording: the first words of a call.
    New,
}

/// One setting of one candidate on one set.
struct Row {
    gate: &'static Candidate,
    setting: &'static Setting,
    set: String,
    line: Line,
    /// Without hangover.
    raw: Tally,
    /// With it.
    held: Tally,
}

fn rows(gate: &'static Candidate, setting: &'static Setting, sets: &[Judged]) -> Vec<Row> {
    let lines = [Line::Known, Line::New];
    let rows = lines.into_iter().flat_map(|line| {
        sets.iter().map(move |judged| {
            let (raw, held) = tally(setting, judged, line);
            Row { gate, setting, set: judged.set.name.clone(), line, raw, held }
        })
    });
    rows.collect()
}

fn tally(setting: &Setting, judged: &Judged, line: Line) -> (Tally, Tally) {
    let (mut raw, mut with_hangover) = (Tally::default(), Tally::default());
    let mut add = |states: &[GateState], speech: &[bool]| {
        raw += Tally::of(states, speech);
        with_hangover += Tally::of(&held(states, GateConfig::STANDARD.hangover), speech);
    };
    let pairs = judged.set.recordings.iter().zip(&judged.speech);
    match line {
        Line::New => {
            for (recording, speech) in pairs {
                add(&states(&mut *(setting.make)(), &recording.samples), speech);
            }
        }
        Line::Known => {
            let mut gate = (setting.make)();
            let (mut all, mut all_speech) = (Vec::new(), Vec::new());
            for (recording, speech) in pairs {
                all.extend(states(&mut *gate, &recording.pause));
                all.extend(states(&mut *gate, &recording.samples));
                all_speech.extend(vec![false; recording.pause.len() / WINDOW]);
                all_speech.extend_from_slice(speech);
            }
            add(&all, &all_speech);
        }
    }
    (raw, with_hangover)
}

/// What a look costs, in nanoseconds.
struct Costs {
    /// Each candidate on a frame of 20 ms.
    gates_ns: [f64; 3],
    /// Silero on a window of 32 ms.
    window_ns: f64,
}

impl Costs {
    /// On recordings with noise and pauses, as on a call.
    fn measure(effort: Effort, vad: &Vad, sets: &[Judged]) -> Result<Self, Box<dyn Error>> {
        let recordings = sets.iter().flat_map(|judged| &judged.set.recordings);
        let audio: Vec<i16> = recordings
            .step_by(RECORDINGS_STEP)
            .flat_map(|recording| recording.samples.iter().copied())
            .collect();
        let gates_ns = std::array::from_fn(|place| {
            let setting = GATES[place].settings.iter().find(|s| s.weight == Weight::Chosen);
            let mut gate = (setting.expect("each candidate has a chosen setting").make)();
            let mut frames = audio.chunks_exact(FRAME).cycle();
            let cost = measure(effort, || {
                if let Some(frame) = frames.next() {
                    black_box(gate.frame(black_box(frame)));
                }
            });
            cost.median_ns
        });
        let second = &audio[..SECOND.min(audio.len())];
        vad.probabilities(second)?;
        let cost = measure(effort, || {
            // It has just worked on the same audio.
            let _ = black_box(vad.probabilities(black_box(second)));
        });
        Ok(Self { gates_ns, window_ns: cost.median_ns / (second.len() / WINDOW) as f64 })
    }

    /// Gate and Silero behind it, by Silero alone, per second of what `tally` counts.
    fn relative(&self, place: usize, tally: &Tally) -> f64 {
        let gate = tally.frames.of as f64 * self.gates_ns[place];
        let looks = tally.looks.open as f64 * self.window_ns;
        (gate + looks) / (tally.looks.of as f64 * self.window_ns)
    }
}

fn print_tables(machine: &Machine, costs: &Costs, rows: &[Row]) {
    println!("{machine}; the load now: {}", Machine::now());
    println!("Silero alone: {:.0} ns per 32 ms", costs.window_ns);
    for (gate, ns) in GATES.iter().zip(costs.gates_ns) {
        let share = ns * 8.0 / 5.0 / costs.window_ns;
        println!("{:<12} {ns:>7.0} ns per 20 ms, {share:.4} of Silero", gate.name);
    }
    for line in [Line::Known, Line::New] {
        println!("\n{}: without and with 1 s of hangover", line.title());
        println!(
            "{:<16} {:<11} {:>15} {:>15} {:>13} {:>13} {:>13} {:>7} {:>7} {:>11}",
            "set",
            "gate",
            "windows found",
            "onsets found",
            "opened",
            "in speech",
            "elsewhere",
            "missed",
            "late ms",
            "cost"
        );
        let chosen = |row: &&Row| row.line == line && row.setting.weight == Weight::Chosen;
        for row in rows.iter().filter(chosen) {
            print_row(costs, row);
        }
    }
}

fn print_row(costs: &Costs, Row { gate, set, raw, held, .. }: &Row) {
    let both = |of: fn(&Tally) -> Share, places: usize| {
        let one = |tally| match of(tally).ratio() {
            Some(ratio) => format!("{ratio:.places$}"),
            None => "-".to_owned(),
        };
        format!("{} {}", one(raw), one(held))
    };
    println!(
        "{set:<16} {:<11} {:>15} {:>15} {:>13} {:>13} {:>13} {:>7} {:>7} {:>11}",
        gate.name,
        both(|tally| tally.windows, 4),
        both(|tally| tally.onsets, 4),
        both(|tally| tally.frames, 3),
        both(|tally| tally.frames_speech, 3),
        both(|tally| tally.frames_other, 3),
        format!("{} {}", raw.runs_missed, held.runs_missed),
        held.late_max * 32,
        format!("{:.2} {:.2}", costs.relative(gate.place, raw), costs.relative(gate.place, held)),
    );
}

fn print_json(machine: &Machine, costs: &Costs, rows: &[Row]) {
    println!(
        "{}",
        json!({
            "bench": "gates", "machine": machine.to_string(), "silero_ns_per_window": costs.window_ns,
        })
    );
    for Row { gate, setting, set, line, raw, held } in rows {
        for (hangover_ms, tally) in [(0, raw), (GateConfig::STANDARD.hangover.get(), held)] {
            println!(
                "{}",
                json!({
                    "bench": "gates", "gate": gate.name, "setting": setting.label, "set": set,
                    "line": line.title(), "hangover_ms": hangover_ms,
                    "ns_per_frame": costs.gates_ns[gate.place],
                    "recall": tally.windows.ratio(), "windows": tally.windows.of,
                    "recall_onsets": tally.onsets.ratio(), "onsets": tally.onsets.of,
                    "opened": tally.frames.ratio(),
                    "opened_in_speech": tally.frames_speech.ratio(),
                    "opened_elsewhere": tally.frames_other.ratio(),
                    "runs_missed": tally.runs_missed, "late_max_ms": tally.late_max * 32,
                    "cost_of_silero_alone": costs.relative(gate.place, tally),
                })
            );
        }
    }
}

/// Known lines, all speech: recall over share of frames opened, without and with hangover.
fn plot(rows: &[Row]) -> String {
    type Pick = fn(&Row) -> &Tally;
    type Found = fn(&Tally) -> Share;
    let panels: [(&str, Pick, Found); 4] = [
        ("windows of speech found, no hangover", |row| &row.raw, |tally| tally.windows),
        ("windows of speech found, hangover 1 s", |row| &row.held, |tally| tally.windows),
        ("onsets of speech found, no hangover", |row| &row.raw, |tally| tally.onsets),
        ("onsets of speech found, hangover 1 s", |row| &row.held, |tally| tally.onsets),
    ];
    let panels = panels.map(|(title, pick, found)| {
        let curves: Vec<Curve> =
            GATES.iter().map(|gate| curve(gate, rows, |row| *pick(row), found)).collect();
        let points = curves.iter().flat_map(|curve| &curve.points);
        let y_min = axis_from(points.map(|point| point.y));
        Panel {
            title: title.to_owned(),
            x_label: "share of frames opened".to_owned(),
            y_min,
            curves,
        }
    });
    svg(&panels)
}

fn curve(
    gate: &Candidate,
    rows: &[Row],
    pick: impl Fn(&Row) -> Tally,
    found: impl Fn(&Tally) -> Share,
) -> Curve {
    let point = |setting: &Setting| {
        let mut sum = Tally::default();
        let same = |row: &&Row| std::ptr::eq(row.setting, setting) && row.line == Line::Known;
        for row in rows.iter().filter(same).filter(|row| row.raw.windows.of != 0) {
            sum += pick(row);
        }
        Point {
            label: setting.label.to_owned(),
            x: sum.frames.ratio().unwrap_or(0.0),
            y: found(&sum).ratio().unwrap_or(0.0),
            weight: setting.weight,
        }
    };
    Curve { name: gate.name.to_owned(), points: gate.settings.iter().map(point).collect() }
}

impl Line {
    fn title(self) -> &'static str {
        match self {
            Self::Known => "known line",
            Self::New => "new line",
        }
    }
}

/// Silero's own threshold, the engine's too while the agent is silent.
const SPEECH: f32 = 0.5;

/// Every so many recordings go into the costs.
const RECORDINGS_STEP: usize = 20;

/// In samples.
const SECOND: usize = 8_000;

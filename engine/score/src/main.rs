//! `bench-turns`: the whole run, printed and plotted.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command's output")]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use call::{Certainty, EndpointInputs, Words, endpoint_delay};
use score::audio::{RATE, load};
use score::clips::read_list;
use score::corpus::{Half, Noises, Pauses, plans, turn};
use score::figure::svg;
use score::report::{Run, panels, tables};
use score::signals::{Models, pauses};
use score::tally::{Heard, KINDS};
use speech::{Ears, Finals, ModelDir, SmartTurn, Vad, on_inference_thread};
use types::Millis;

fn main() -> Result<(), Box<dyn Error>> {
    let folder =
        PathBuf::from(std::env::args().nth(1).ok_or("usage: bench-turns CORPUS [FIXTURES]")?);
    let fixtures = PathBuf::from(std::env::args().nth(2).unwrap_or_else(|| "fixtures".into()));
    let models = ModelDir::open(std::env::var("APEX_MODELS").unwrap_or_else(|_| "models".into()))?;
    let models = Models {
        vad: Vad::load(&models)?,
        ears: Ears::load(&models, Finals::Whisper)?,
        smart_turn: SmartTurn::load(&models)?,
    };
    let clips = read_list(&folder)?;
    let noises = noises(&fixtures)?;
    let plans = plans(&clips, SEED)?;
    for kind in KINDS {
        for half in [Half::Tuning, Half::HeldOut] {
            let own: Vec<_> = plans.iter().filter(|p| p.kind == kind && p.half == half).collect();
            let pauses: usize = own.iter().map(|plan| plan.parts.len() - 1).sum();
            println!("{kind:?} {half:?}: {} turns, {pauses} pauses", own.len());
        }
    }
    let words = Words::english();
    let mut runs = Vec::new();
    for pauses in [Pauses::USUAL, Pauses::SLOW] {
        let turns: Vec<_> = plans.iter().map(|plan| turn(plan, pauses, &noises, SEED)).collect();
        let heard = hear(turns, &models, &folder.join("cache"))?;
        fs::write(folder.join(format!("heard-{}.jsonl", pauses.name)), lines(&heard))?;
        runs.push(Run { pauses, heard });
    }
    for half in [Half::Tuning, Half::HeldOut] {
        print!("{}", tables(&runs, half, OURS, &words));
        let path = folder.join(format!("turns-{half:?}.svg").to_lowercase());
        fs::write(&path, svg(&panels(&runs, half, OURS, &words)))?;
        println!("\nplotted in {}", path.display());
    }
    Ok(())
}

/// What was heard, a turn a line, for a closer look.
fn lines(heard: &[Heard]) -> String {
    let words = Words::english();
    let line = |heard: &Heard| {
        let plan = &heard.turn.plan;
        let ms = |sample: usize| RATE.span_of(sample as u64).get();
        let parts: Vec<[u32; 2]> =
            heard.turn.parts.iter().map(|part| [ms(part.start), ms(part.end)]).collect();
        let rules: Vec<_> = heard
            .pauses
            .iter()
            .map(|pause| {
                let (_, rule, finished) = endpoint_delay(EndpointInputs {
                    text: &pause.words,
                    certainty: Certainty::Stable,
                    expect: plan.expect,
                    delay_min: OURS.0,
                    delay_max: OURS.1,
                    words: &words,
                });
                serde_json::json!([rule, finished])
            })
            .collect();
        let line = serde_json::json!({
            "id": plan.id, "kind": plan.kind, "half": plan.half, "speaker": plan.speaker,
            "words": plan.words, "parts": parts, "pauses": heard.pauses, "rules": rules,
        });
        format!("{line}\n")
    };
    heard.iter().map(line).collect()
}

fn noises(fixtures: &Path) -> Result<Noises, Box<dyn Error>> {
    let names = ["pink", "babble", "street"];
    let load = |name: &&str| load(&fixtures.join(format!("noise/{name}.flac")));
    Ok(Noises { loops: names.iter().map(load).collect::<Result<_, _>>()? })
}

/// What the models find in `turns`, on as many threads as there are cores.
fn hear(
    turns: Vec<score::corpus::Turn>,
    models: &Models,
    cache: &Path,
) -> Result<Vec<Heard>, Box<dyn Error>> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        on_inference_thread(|| {
            while let Some(turn) = turns.get(next.fetch_add(1, Ordering::Relaxed)) {
                let place = turns.iter().position(|other| other.plan.id == turn.plan.id);
                let found = pauses(turn, models, cache).map_err(|error| error.to_string());
                let mut done = done.lock().expect("nobody panics");
                done.push((place, turn.clone(), found));
                if done.len() % 50 == 0 {
                    eprintln!("heard {} of {}", done.len(), turns.len());
                }
            }
        });
    };
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let mut done = done.into_inner().expect("nobody panics");
    done.sort_by_key(|(place, ..)| *place);
    let heard = done.into_iter().map(|(_, turn, found)| Ok(Heard { turn, pauses: found? }));
    heard.collect()
}

/// As config.toml ships it.
const OURS: (Millis, Millis) = (Millis::new(250), Millis::new(1_500));

/// Of all that is drawn.
const SEED: u64 = 20_261_122;

//! `bench-turns`: the whole run, printed and plotted.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command's output")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use call::{Permille, Words};
use score::audio::load;
use score::clips::read_list;
use score::corpus::{Half, Noises, Pauses, plans, turn};
use score::signals::{Models, pauses};
use score::strategy::Strategy;
use score::tally::{Heard, KINDS, tally};
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
    for distribution in [Pauses::USUAL, Pauses::SLOW] {
        let turns: Vec<_> =
            plans.iter().map(|plan| turn(plan, distribution, &noises, SEED)).collect();
        let heard = hear(turns, &models, &folder.join("cache"))?;
        let rows = heard.iter().map(|heard| serde_json::json!({
            "id": heard.turn.plan.id, "kind": heard.turn.plan.kind, "half": heard.turn.plan.half,
            "words": heard.turn.plan.words, "speaker": heard.turn.plan.speaker,
            "parts": heard.turn.parts.iter().map(|part| [part.start / 8, part.end / 8]).collect::<Vec<_>>(),
            "pauses": heard.pauses,
        }));
        let rows: Vec<String> = rows.map(|row| row.to_string()).collect();
        std::fs::write(folder.join(format!("heard-{}.jsonl", distribution.name)), rows.join("\n"))?;
        for half in [Half::Tuning, Half::HeldOut] {
            println!("-- {} {half:?}", distribution.name);
            let strategies = [
                Strategy::Silence { delay: Millis::new(700) },
                Strategy::OneShot { asked: Millis::new(200), threshold: Permille::new(500) },
                Strategy::Ours { delay_min: Millis::new(350), delay_max: Millis::new(1_200) },
            ];
            for strategy in strategies {
                let t = tally(strategy, &heard, &words, |turn| turn.plan.half == half);
                println!(
                    "{strategy:?}: cut {:.1} % ({}/{}), turns {}/{}, p50 {} mean {:.0} p95 {} endless {}",
                    100.0 * t.rate(),
                    t.cut_offs,
                    t.pauses,
                    t.turns_cut,
                    t.turns,
                    t.delay(500),
                    t.mean(),
                    t.delay(950),
                    t.endless
                );
            }
        }
    }
    Ok(())
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

/// Of all that is drawn.
const SEED: u64 = 20_261_122;

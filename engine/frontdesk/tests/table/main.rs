//! What callers of many trades say and what must become of it, as a table of two halves: totals,
//! a confusion report, gates. `README.md` beside this file describes the format and the commands.
#![expect(clippy::print_stdout, reason = "a report is printed")]

mod dialogues;
mod half;
mod judge;
mod outcomes;
mod recorded;
mod report;
mod row;
mod sight;
#[path = "../frontdesk/support.rs"]
#[expect(dead_code, clippy::unwrap_used, reason = "shared with the other tests")]
mod support;

use std::process::ExitCode;

use dialogues::Words;
use half::Half;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let has = |word: &str| words.iter().any(|given| given == word);
    if has("--list") {
        // What runs tests one by one asks for their names first, and once more for the ignored ones.
        if !has("--ignored") {
            println!("table: test");
        }
        return ExitCode::SUCCESS;
    }
    let mut halves = vec![Half::load("tuned"), Half::load("fresh")];
    if !has("readable") {
        halves.push(Half::load("held-out"));
    }
    if has("blind") {
        halves = vec![Half::load("blind")];
    }
    let mut flawless = true;
    for half in &halves {
        for flaw in &half.flaws {
            println!("{}: {flaw}", half.name);
            flawless = false;
        }
    }
    if has("check") {
        return if flawless { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    if let Some(at) = words.iter().position(|word| word == "recorded") {
        let model = if has("rules") { None } else { sight::Model::open() };
        let sight = model.and_then(|model| Some((model.clone(), model.general()?)));
        let shown = if has("held-out-failures") { Words::Shown } else { Words::Hidden };
        recorded::totals(words.get(at + 1).map_or("", String::as_str), sight.clone(), shown);
        sight.iter().for_each(|(model, _)| model.keep());
        return ExitCode::SUCCESS;
    }
    if !has("rules") {
        see(&mut halves);
    }
    let word = |at: usize| words.get(at).map(String::as_str);
    if let Some(at) = words.iter().position(|word| word == "outcomes") {
        outcomes::write(&halves, word(at + 2), word(at + 1).unwrap_or_default());
        return ExitCode::SUCCESS;
    }
    if has("dialogues") {
        let shown = has("held-out-failures");
        dialogues::totals(&halves, if shown { Words::Shown } else { Words::Hidden });
        halves.iter().for_each(Half::keep);
        return ExitCode::SUCCESS;
    }
    let judged: Vec<_> = halves.iter().map(Half::judge).collect();
    if has("failures") {
        judged.iter().filter(|half| half.name != "held-out").for_each(report::failures);
    }
    if has("held-out-failures") {
        judged.iter().filter(|half| half.name == "held-out").for_each(report::failures);
    }
    for half in &halves {
        half.keep();
    }
    for half in &judged {
        if has("report") {
            report::confusion(half);
            report::shapes(half);
        }
        report::totals(half);
    }
    let passed =
        !has("gate") || judged.iter().filter(|half| half.name != "fresh").all(report::passes);
    if flawless && passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Lets the model of meaning see, if its files are there.
fn see(halves: &mut [Half]) {
    let Some(model) = sight::Model::open() else {
        println!("without the model of meaning: by the rules alone");
        return;
    };
    if let Some(general) = model.general() {
        for half in halves {
            half.see(&model, &general);
        }
    }
    model.keep();
}

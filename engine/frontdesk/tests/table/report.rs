//! What is printed of a half: numbers of either, words of none but the failures asked for.

use std::collections::BTreeMap;

use crate::half::JudgedHalf;
use crate::judge::Verdict;
use crate::row::INTENTS;

/// Fewer rows or trades say little.
const ROWS_MIN: usize = 250;
const TRADES_MIN: usize = 6;
/// Of a hundred rows at least so many are right, or right or asked again.
const RIGHT_MIN: f64 = 90.0;
const SAFE_MIN: f64 = 95.0;

/// Prints how many rows are right, asked again, missed and wrong.
pub(crate) fn totals(half: &JudgedHalf) {
    println!(
        "{}: {} rows, {} trades: right {} ({:.1} %), asked again {}, missed {}, wrong {}",
        half.name,
        half.rows.len(),
        half.trades,
        count(half, Verdict::Right),
        share(half, &[Verdict::Right]),
        count(half, Verdict::AskedAgain),
        count(half, Verdict::Missed),
        count(half, Verdict::Wrong),
    );
    println!(
        "{}: right or asked again {:.1} %",
        half.name,
        share(half, &[Verdict::Right, Verdict::AskedAgain])
    );
}

/// Whether it is good enough; prints why not.
pub(crate) fn passes(half: &JudgedHalf) -> bool {
    let gates = [
        (half.rows.len() >= ROWS_MIN, "too few rows"),
        (half.trades >= TRADES_MIN, "too few trades"),
        (count(half, Verdict::Wrong) == 0, "wrong facts"),
        (share(half, &[Verdict::Right]) >= RIGHT_MIN, "too few right"),
        (share(half, &[Verdict::Right, Verdict::AskedAgain]) >= SAFE_MIN, "too many missed"),
    ];
    for (_, why) in gates.iter().filter(|(passed, _)| !passed) {
        println!("{}: {why}", half.name);
    }
    gates.iter().all(|(passed, _)| *passed)
}

/// Prints wanted intents by understood intents, where they differ, and each intent's verdicts.
pub(crate) fn confusion(half: &JudgedHalf) {
    println!("{}: intent wanted; rows, right, asked again, missed, wrong; taken for", half.name);
    for intent in INTENTS {
        let rows: Vec<_> = half.rows.iter().filter(|(row, _)| row.intents[0] == *intent).collect();
        if rows.is_empty() {
            continue;
        }
        let of = |verdict| rows.iter().filter(|(_, judged)| judged.verdict == verdict).count();
        let mut others: BTreeMap<&str, usize> = BTreeMap::new();
        for (row, judged) in &rows {
            if !row.intents.contains(&judged.intent) {
                *others.entry(&judged.intent).or_default() += 1;
            }
        }
        let others: Vec<String> =
            others.iter().map(|(name, count)| format!("{name} {count}")).collect();
        println!(
            "  {intent:15} {:4} {:4} {:4} {:4} {:4}   {}",
            rows.len(),
            of(Verdict::Right),
            of(Verdict::AskedAgain),
            of(Verdict::Missed),
            of(Verdict::Wrong),
            others.join(", ")
        );
    }
}

/// Prints the verdicts by how many turns a row has, and how many things it asks.
pub(crate) fn shapes(half: &JudgedHalf) {
    let mut counts: BTreeMap<String, [usize; 4]> = BTreeMap::new();
    for (row, judged) in &half.rows {
        let things = row.facts.len().min(3);
        let words = row.turns.last().map_or(0, |turn| turn.split(' ').count());
        let long = if words > LONG_WORDS_MIN { "long" } else { "short" };
        let key = format!("turns {} facts {things} {long}", row.turns.len().min(3));
        counts.entry(key).or_default()[judged.verdict as usize] += 1;
    }
    let mut faults: BTreeMap<String, usize> = BTreeMap::new();
    for (row, judged) in half.rows.iter().filter(|(_, judged)| judged.verdict == Verdict::Wrong) {
        let kind = |id: &String| {
            let parts: Vec<&str> = id.split('.').collect();
            match parts[..] {
                ["service", _, what] => format!("service.{what}"),
                [first, ..] => first.to_owned(),
                [] => String::new(),
            }
        };
        let mut cited: Vec<String> = judged.cites.iter().map(kind).collect();
        cited.dedup();
        let wanted: Vec<String> = row.facts.iter().map(kind).collect();
        let key = format!("{wanted:?} {} told {cited:?} {}", row.outcomes[0], judged.outcome);
        *faults.entry(key).or_default() += 1;
    }
    for (key, count) in faults {
        println!("  wrong: wanted {key}: {count}");
    }
    for (key, [right, again, missed, wrong]) in counts {
        println!("  {key}: right {right}, asked again {again}, missed {missed}, wrong {wrong}");
    }
}

/// A question of more words is a long one.
const LONG_WORDS_MIN: usize = 11;

/// Prints every row that is not right, with its reply.
pub(crate) fn failures(half: &JudgedHalf) {
    for (row, judged) in half.rows.iter().filter(|(_, judged)| judged.verdict != Verdict::Right) {
        println!(
            "{}:{} {} {:?}\n    {:?}: {} {} {:?} {:?}\n    wanted {} {} {:?}",
            half.name,
            row.line,
            row.business,
            row.turns.join(" // "),
            judged.verdict,
            judged.outcome,
            judged.intent,
            judged.spoken,
            judged.cites,
            row.outcomes.join("/"),
            row.intents.join("/"),
            row.facts,
        );
    }
}

fn count(half: &JudgedHalf, verdict: Verdict) -> usize {
    half.rows.iter().filter(|(_, judged)| judged.verdict == verdict).count()
}

/// The share of rows with one of `verdicts`, in percent.
fn share(half: &JudgedHalf, verdicts: &[Verdict]) -> f64 {
    let rows = half.rows.len().max(1) as f64;
    let counted = half.rows.iter().filter(|(_, judged)| verdicts.contains(&judged.verdict)).count();
    counted as f64 * 100.0 / rows
}

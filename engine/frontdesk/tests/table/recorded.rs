//! The recorded questions again, with the words that `apex score --json` says were heard: the same
//! verdicts without a recognizer, in a second. Totals only: nobody may look at the held-out half.

use std::collections::BTreeMap;

use toml::{Table, Value};

use crate::judge::{Verdict, judge};
use crate::row::Row;
use crate::support::{Talk, business, fixtures};

/// Prints the totals of both halves over the words heard in the report at `path`.
pub(crate) fn totals(path: &str) {
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("{path}: cannot be read");
        return;
    };
    for half in ["tuned", "held-out"] {
        let rows = expected(half);
        let mut counts: BTreeMap<String, [usize; 4]> = BTreeMap::new();
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        for [set, label, question, heard] in heard(&text) {
            let Some(row) = rows.get(&question).filter(|_| set == half) else { continue };
            let reply = Talk::new(business(&row.business), &row.now).say(&heard);
            let verdict = judge(row, &reply).verdict;
            let kind = row.facts.first().map_or(row.outcomes[0].as_str(), String::as_str);
            let kind: Vec<&str> = kind.split('.').collect();
            let kind = match kind[..] {
                ["service", _, what] => what,
                [first, ..] => first,
                [] => "",
            };
            let clean = if label.ends_with("clean") { "clean" } else { "noisy" };
            if verdict != Verdict::Right {
                *kinds.entry(format!("{clean} {kind}: {verdict:?}")).or_default() += 1;
            }
            let noise = label.rsplit('.').next().unwrap_or_default().to_owned();
            for group in ["all".to_owned(), noise] {
                counts.entry(group).or_default()[verdict as usize] += 1;
            }
            if verdict == Verdict::Wrong && half == "tuned" {
                println!("  wrong: {question}");
            }
        }
        for (kind, count) in kinds {
            println!("  {half} {kind} {count}");
        }
        for (group, [right, again, missed, wrong]) in counts {
            let all = (right + again + missed + wrong) as f64;
            println!(
                "recorded {half} {group}: right {:.1} %, asked again {again}, missed {missed}, wrong {wrong}",
                right as f64 * 100.0 / all
            );
        }
    }
}

/// The questions of a half by id.
fn expected(half: &str) -> BTreeMap<String, Row> {
    let path = fixtures().join("calls").join(half).join("expected.toml");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let table: Table = text.parse().unwrap_or_default();
    let questions = table.get("question").and_then(Value::as_array).into_iter().flatten();
    questions
        .map(|question| {
            let get = |key: &str| {
                question.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
            };
            let list = |key: &str| -> Vec<String> {
                let array = question.get(key).and_then(Value::as_array);
                array.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
            };
            let mut also = list("also");
            also.extend(list("facts_any"));
            let row = Row {
                line: 0,
                business: get("business"),
                shows_number: false,
                now: get("now"),
                turns: vec![get("text")],
                intents: vec![],
                outcomes: vec![get("outcome")],
                facts: list("facts"),
                also,
            };
            (get("id"), row)
        })
        .collect()
}

/// Set, label, question and words of every recording in a report: one object a recording, one field
/// a line.
fn heard(text: &str) -> Vec<[String; 4]> {
    const KEYS: [&str; 4] = ["set", "label", "question", "heard"];
    let mut found = Vec::new();
    let mut item: [String; 4] = Default::default();
    for line in text.lines() {
        let Some((key, value)) = line.trim().split_once("\": ") else { continue };
        let key = key.trim_start_matches('"');
        let Some(at) = KEYS.iter().position(|known| *known == key) else { continue };
        let value = value.trim_end_matches(',').trim_matches('"');
        item[at] = value.replace("\\\"", "\"");
        if at + 1 == KEYS.len() {
            found.push(std::mem::take(&mut item));
        }
    }
    found
}

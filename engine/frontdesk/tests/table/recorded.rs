//! The recorded questions again, with the words that `apex score --save` says were heard: the same
//! verdicts without a recognizer, in a second. Totals only: nobody may look at the held-out half.

use std::collections::BTreeMap;
use std::sync::Arc;

use frontdesk::{Context, General, Meanings, Reply, Sight, reply_by_meaning, unanswered};
use toml::{Table, Value};

use crate::dialogues::Words;
use crate::judge::{Verdict, judge};
use crate::row::Row;
use crate::sight::Model;
use vendor::Meaning as _;

use crate::support::{Talk, business, fixtures};

/// Prints the totals of both halves over the words heard in the report at `path`.
pub(crate) fn totals(path: &str, sight: Option<(Arc<Model>, Arc<General>)>, words: Words) {
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("{path}: cannot be read");
        return;
    };
    for half in ["tuned", "held-out"] {
        let rows = expected(half);
        let mut counts: BTreeMap<String, [usize; 4]> = BTreeMap::new();
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        for (question, label, readings) in heard(&text) {
            let Some(row) = rows.get(&question) else { continue };
            let mut talk = Talk::new(business(&row.business), &row.now);
            talk.say_readings(&readings);
            let reply = match &sight {
                Some((model, general)) => seen(&talk, model, general),
                None => talk.reply(),
            };
            let judged = judge(row, &reply);
            let verdict = judged.verdict;
            if words == Words::Shown && verdict != Verdict::Right {
                println!("{half} {question}.{label}: {verdict:?} {:?}", row.turns);
                readings.iter().for_each(|reading| println!("    {reading:?}"));
                println!("    -> {:?} {:?}", judged.spoken, reply.chosen);
            }
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

/// The reply to what was said in `talk`, by its meaning, too.
fn seen(talk: &Talk, model: &Arc<Model>, general: &Arc<General>) -> Reply {
    let meanings = Meanings::of(&talk.agent.facts, general.clone(), &**model);
    let direction = model.embed(&unanswered(&talk.dialogue));
    let (Some(meanings), Some(direction)) = (meanings, direction) else { return talk.reply() };
    let context = Context {
        agent: &talk.agent,
        caller: talk.caller,
        dialogue: &talk.dialogue,
        now: talk.now,
    };
    reply_by_meaning(&context, Sight { meanings: &meanings, direction: &direction })
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

/// Question, label and readings of every recording in what `apex score --save` writes: a line each.
fn heard(text: &str) -> Vec<(String, String, Vec<String>)> {
    let line = |line: &str| {
        let (name, readings) = line.split_once('\t')?;
        let (question, label) = name.trim_end_matches(".flac").split_once('.')?;
        let readings = readings.split('\t').map(str::to_owned).collect();
        Some((question.to_owned(), label.to_owned(), readings))
    };
    text.lines().filter_map(line).collect()
}

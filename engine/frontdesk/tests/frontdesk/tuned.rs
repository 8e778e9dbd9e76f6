//! The recorded questions that the brain may be tuned on, as clean text.

use toml::{Table, Value};

use crate::support::{Talk, cites, fixtures, outcome, spoken};

#[test]
fn the_tuned_questions_get_the_right_facts() {
    let path = fixtures().join("calls/tuned/expected.toml");
    let table: Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
    let mut wrong = Vec::new();
    for question in table["question"].as_array().unwrap() {
        let get = |key: &str| question[key].as_str().unwrap();
        let list = |key: &str| -> Vec<String> {
            let array = question.get(key).and_then(Value::as_array);
            array.into_iter().flatten().map(|text| text.as_str().unwrap().to_owned()).collect()
        };
        let reply = Talk::with(get("business"), get("now")).say(get("text"));
        let (facts, also) = (list("facts"), list("also"));
        let allowed = |cite: &String| {
            facts.iter().chain(&also).any(|fact| match fact.strip_suffix('*') {
                Some(prefix) => cite.starts_with(prefix),
                None => fact == cite,
            })
        };
        let cited = cites(&reply);
        let right = outcome(&reply) == get("outcome")
            && cited.iter().all(allowed)
            && facts.iter().all(|fact| cited.contains(fact));
        let line = format!(
            "{}: {:?}\n    {} {:?} {:?} {cited:?}\n    wanted {} {facts:?}",
            get("id"),
            get("text"),
            outcome(&reply),
            reply.intent,
            spoken(&reply),
            get("outcome"),
        );
        if !right {
            wrong.push(line);
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

//! One row of the table.

/// What a caller says and what must become of it.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// Its line in the file, from 1.
    pub(crate) line: usize,
    /// Who is called.
    pub(crate) business: String,
    /// Whether the caller's number is shown.
    pub(crate) shows_number: bool,
    /// When.
    pub(crate) now: String,
    /// What is said, turn by turn.
    pub(crate) turns: Vec<String>,
    /// What is wanted; any of these.
    pub(crate) intents: Vec<String>,
    /// What becomes of it; any of these.
    pub(crate) outcomes: Vec<String>,
    /// What the reply must cite.
    pub(crate) facts: Vec<String>,
    /// What it may cite besides.
    pub(crate) also: Vec<String>,
}

/// The first line of a table.
pub(crate) const HEADER: &str = "business\tnow\ttext\tintent\toutcome\tfacts\talso";
/// The words of the `intent` column.
pub(crate) const INTENTS: &[&str] = &[
    "hours",
    "price",
    "duration",
    "services",
    "offered",
    "location",
    "directions",
    "parking",
    "phone",
    "email",
    "website",
    "name",
    "policy",
    "faq",
    "staff",
    "person",
    "message",
    "booking",
    "emergency",
    "small_talk",
    "greeting",
    "thanks",
    "goodbye",
    "clarify",
    "unknown",
    "not_understood",
];
const OUTCOMES: &[&str] =
    &["answer", "transfer", "message", "goodbye", "emergency", "unknown", "asks again"];

/// The rows in `text`, and what is wrong with the others: line numbers and columns, no words of
/// theirs.
pub(crate) fn rows(text: &str) -> (Vec<Row>, Vec<String>) {
    let (mut rows, mut flaws) = (Vec::new(), Vec::new());
    let mut lines = text
        .lines()
        .enumerate()
        .map(|(at, line)| (at + 1, line))
        .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    match lines.next() {
        Some((_, line)) if line.trim_end() == HEADER => (),
        Some((at, _)) => flaws.push(format!("line {at}: the first row must name the columns")),
        None => (),
    }
    for (at, line) in lines {
        match row(at, line) {
            Ok(row) => rows.push(row),
            Err(flaw) => flaws.push(format!("line {at}: {flaw}")),
        }
    }
    (rows, flaws)
}

fn row(line: usize, text: &str) -> Result<Row, String> {
    let columns: Vec<&str> = text.split('\t').map(str::trim).collect();
    if !(6..=7).contains(&columns.len()) {
        return Err(format!("{} columns, not 7", columns.len()));
    }
    let words = |at: usize, by: char| -> Vec<String> {
        let column = columns.get(at).copied().unwrap_or_default();
        column.split(by).map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    let row = Row {
        line,
        business: columns[0].trim_start_matches('+').to_owned(),
        shows_number: columns[0].starts_with('+'),
        now: columns[1].to_owned(),
        turns: columns[2].split(" // ").map(|turn| turn.trim().to_owned()).collect(),
        intents: words(3, '/'),
        outcomes: words(4, '/'),
        facts: words(5, ' '),
        also: words(6, ' '),
    };
    let all_in = |words: &[String], known: &[&str]| {
        !words.is_empty() && words.iter().all(|word| known.contains(&word.as_str()))
    };
    if row.now.parse::<jiff::Timestamp>().is_err() {
        return Err("now is no RFC 3339 time".into());
    }
    if row.turns.iter().any(String::is_empty) {
        return Err("an empty turn in text".into());
    }
    if !all_in(&row.intents, INTENTS) {
        return Err("unknown intent".into());
    }
    if !all_in(&row.outcomes, OUTCOMES) {
        return Err("unknown outcome".into());
    }
    let is_fact = |fact: &String| fact.contains('*') || fact.parse::<types::FactId>().is_ok();
    if !row.facts.iter().chain(&row.also).all(is_fact) {
        return Err("a fact id that is none".into());
    }
    Ok(row)
}

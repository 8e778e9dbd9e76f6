//! What became of every row, for a program to read: into a file, never onto the screen.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::half::Half;

/// Writes half, line, place, verdict, outcome, intent and cited facts of every row to `path`.
///
/// With `instead`, a file of lines `half<TAB>line<TAB>place<TAB>text`, it is only those rows, their
/// last turn said in these other words.
pub(crate) fn write(halves: &[Half], instead: Option<&str>, path: &str) {
    let texts = instead.map(|file| std::fs::read_to_string(file).unwrap_or_default());
    let mut others: BTreeMap<(&str, usize), Vec<(&str, &str)>> = BTreeMap::new();
    for line in texts.iter().flat_map(|text| text.lines()) {
        let columns: Vec<&str> = line.split('\t').collect();
        if let [half, at, place, text] = columns[..] {
            others.entry((half, at.parse().unwrap_or(0))).or_default().push((place, text));
        }
    }
    let mut out = String::new();
    for half in halves {
        for row in &half.rows {
            let own = [("-", row.turns.last().map_or("", String::as_str))];
            let said = if instead.is_some() {
                others.get(&(half.name, row.line)).map_or(&[][..], Vec::as_slice)
            } else {
                &own[..]
            };
            for (place, text) in said {
                let mut row = row.clone();
                if let Some(last) = row.turns.last_mut() {
                    *last = (*text).to_owned();
                }
                if let Some(judged) = half.judge_row(&row) {
                    let _ = writeln!(
                        out,
                        "{}\t{}\t{place}\t{:?}\t{}\t{}\t{}",
                        half.name,
                        row.line,
                        judged.verdict,
                        judged.outcome,
                        judged.intent,
                        judged.cites.join(" ")
                    );
                }
            }
        }
    }
    std::fs::write(path, out).expect("the file can be written");
}

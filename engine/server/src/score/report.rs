//! What a score comes to: tallies by set and label, and every reply that was not right.

use std::collections::BTreeMap;

use serde::Serialize;

use super::sheet::Outcome;
use super::verdict::Verdict;

/// The format of [`Report`] as JSON; grows when a reader must know.
pub const REPORT_FORMAT: u32 = 1;

/// The share of right replies, in percent, from which on a score passes.
pub const RIGHT_PERCENT_MIN: f64 = 90.0;

/// One recording and what came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Item {
    /// The set it belongs to.
    pub set: String,
    /// What stands in its name beside the id: `joe.noisy`.
    pub label: String,
    /// Its question.
    pub question: String,
    /// Its file.
    pub file: String,
    /// What was to come of it.
    pub outcome: Outcome,
    /// What is said.
    pub text: String,
    /// What was heard; nothing if no speech was found.
    pub heard: Option<String>,
    /// What else it may have been, likeliest first.
    pub others: Vec<String>,
    /// What was replied; nothing if nothing was heard.
    pub reply: String,
    /// The facts cited.
    pub cites: Vec<String>,
    /// Words said.
    pub words: usize,
    /// Words heard wrongly.
    pub word_errors: usize,
    /// How good the reply is.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// How many recordings came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// All of them.
    pub recordings: usize,
    /// Right replies.
    pub right: usize,
    /// Replies that asked again.
    pub asked_again: usize,
    /// Replies that missed the question.
    pub missed: usize,
    /// Wrong replies.
    pub wrong: usize,
    /// Words said.
    pub words: usize,
    /// Words heard wrongly.
    pub word_errors: usize,
}

impl Tally {
    fn add(&mut self, item: &Item) {
        self.recordings += 1;
        self.words += item.words;
        self.word_errors += item.word_errors;
        match item.verdict {
            Verdict::Right => self.right += 1,
            Verdict::AskedAgain => self.asked_again += 1,
            Verdict::Missed { .. } => self.missed += 1,
            Verdict::Wrong { .. } => self.wrong += 1,
        }
    }

    /// Right replies in percent; 0 if there are no recordings.
    pub fn right_percent(&self) -> f64 {
        percent(self.right, self.recordings)
    }

    /// Replies that asked again, in percent.
    pub fn asked_again_percent(&self) -> f64 {
        percent(self.asked_again, self.recordings)
    }

    /// Replies that missed the question, in percent.
    pub fn missed_percent(&self) -> f64 {
        percent(self.missed, self.recordings)
    }

    /// Words heard wrongly, in percent of those said.
    pub fn word_error_percent(&self) -> f64 {
        percent(self.word_errors, self.words)
    }
}

fn percent(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { 100.0 * part as f64 / whole as f64 }
}

/// A tally and what it is of.
#[derive(Clone, Debug, Serialize)]
pub struct Group {
    /// The set; absent over all sets.
    pub set: Option<String>,
    /// The label, or a part of it that stands alone; absent over all of a set.
    pub label: Option<String>,
    /// What came of it.
    #[serde(flatten)]
    pub tally: Tally,
}

/// A whole score.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// [`REPORT_FORMAT`].
    pub format: u32,
    /// Whether nothing was wrong and enough was right.
    pub passed: bool,
    /// Each set, then each part of a label and each label within it; last, everything.
    pub groups: Vec<Group>,
    /// Every recording, by set and file.
    pub items: Vec<Item>,
}

impl Report {
    /// The score of `items`.
    pub fn new(items: Vec<Item>) -> Self {
        let mut sets: BTreeMap<&str, BTreeMap<Option<String>, Tally>> = BTreeMap::new();
        let mut all = Tally::default();
        for item in &items {
            all.add(item);
            let set = sets.entry(&item.set).or_default();
            set.entry(None).or_default().add(item);
            for label in labels(&item.label) {
                set.entry(Some(label)).or_default().add(item);
            }
        }
        let mut groups = Vec::new();
        for (set, labels) in sets {
            let group = |(label, tally)| Group { set: Some(set.to_owned()), label, tally };
            groups.extend(labels.into_iter().map(group));
        }
        groups.push(Group { set: None, label: None, tally: all });
        let passed = all.wrong == 0 && RIGHT_PERCENT_MIN <= all.right_percent();
        Self { format: REPORT_FORMAT, passed, groups, items }
    }

    /// The tally over everything.
    pub fn total(&self) -> Tally {
        self.groups.last().map_or(Tally::default(), |group| group.tally)
    }

    /// Every recording whose reply is not right.
    pub fn not_right(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| item.verdict != Verdict::Right)
    }
}

/// `joe.noisy` counts for `joe`, for `noisy` and for both together.
fn labels(label: &str) -> Vec<String> {
    let mut labels: Vec<String> =
        label.split('.').filter(|part| !part.is_empty()).map(str::to_owned).collect();
    if 1 < labels.len() {
        labels.push(label.to_owned());
    }
    labels.sort();
    labels.dedup();
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(set: &str, label: &str, verdict: Verdict) -> Item {
        Item {
            set: set.into(),
            label: label.into(),
            question: "q".into(),
            file: "q.flac".into(),
            outcome: Outcome::Answer,
            text: "are you open".into(),
            heard: Some("are you open".into()),
            others: vec!["are you hoping".into()],
            reply: "Yes.".into(),
            cites: Vec::new(),
            words: 4,
            word_errors: 1,
            verdict,
        }
    }

    fn right() -> Verdict {
        Verdict::Right
    }

    fn wrong() -> Verdict {
        Verdict::Wrong { why: "tells phone".into() }
    }

    #[test]
    fn each_part_of_a_label_is_tallied() {
        let report = Report::new(vec![
            item("a", "joe.noisy", right()),
            item("a", "joe.clean", Verdict::AskedAgain),
            item("b", "", right()),
        ]);
        let shown: Vec<String> = report
            .groups
            .iter()
            .map(|group| {
                let set = group.set.as_deref().unwrap_or("all");
                let label = group.label.as_deref().unwrap_or("");
                format!("{set}/{label} {}/{}", group.tally.right, group.tally.recordings)
            })
            .collect();
        assert_eq!(
            shown,
            [
                "a/ 1/2",
                "a/clean 0/1",
                "a/joe 1/2",
                "a/joe.clean 0/1",
                "a/joe.noisy 1/1",
                "a/noisy 1/1",
                "b/ 1/1",
                "all/ 2/3"
            ]
        );
        assert_eq!(report.total().word_error_percent(), 25.0);
        assert_eq!(report.not_right().count(), 1);
    }

    #[test]
    fn nine_of_ten_right_and_none_wrong_pass() {
        let of = |right_count: usize, other: fn() -> Verdict| {
            let mut items: Vec<Item> = (0..right_count).map(|_| item("a", "", right())).collect();
            items.push(item("a", "", other()));
            Report::new(items).passed
        };
        assert!(of(9, || Verdict::AskedAgain));
        assert!(of(9, || Verdict::Missed { why: String::new() }));
        assert!(!of(8, || Verdict::AskedAgain));
        assert!(!of(1_000, wrong));
        assert!(!Report::new(Vec::new()).passed);
    }

    #[test]
    fn a_report_is_readable_by_machines() {
        let report = Report::new(vec![item("a", "joe", wrong())]);
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["items"][0]["verdict"], "wrong");
        assert_eq!(json["items"][0]["why"], "tells phone");
        assert_eq!(json["groups"][2]["wrong"], 1);
        assert_eq!(json["passed"], false);
    }
}

//! One row of the picture: its share of the call, and the texts that have to find room in it.

use types::CallTime;

use super::text::{added, split_at_share, width, wrap};
use super::{AgentWords, CallerWords, Timeline};

/// Seconds in one row, about: at 72 units a second, speech of usual speed fills two to three lines
/// of words.
const ROW_SECONDS: f64 = 17.0;

/// How much longer than its share a row may be, so that it can end in silence.
const SLACK: f64 = 1.2;

/// Seconds in one row at least, however short the call.
const ROW_SECONDS_MIN: f64 = 8.0;

/// Where the tracks begin: what is left of it holds the lanes' names.
pub(super) const LEFT: f64 = 92.0;

/// Where the tracks end.
pub(super) const RIGHT: f64 = 1_396.0;

/// Size and line height of what was said for good.
pub(super) const WORDS_SIZE: f64 = 13.0;
pub(super) const WORDS_LINE: f64 = 17.0;

/// Size and line height of words as they came.
pub(super) const PARTIAL_SIZE: f64 = 10.5;
pub(super) const PARTIAL_LINE: f64 = 14.0;

/// Less room than this makes no readable column.
const ROOM_MIN: f64 = 130.0;

/// A row never grows beyond this many lines of words a lane.
const LINES_MAX: usize = 5;
const PARTIAL_LINES_MAX: usize = 3;

/// A stretch of the call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Row {
    /// Seconds from the start of the call.
    pub(super) from: f64,
    pub(super) to: f64,
    /// Seconds in a row that is full.
    pub(super) full: f64,
}

/// A column of words.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Block {
    pub(super) x: f64,
    pub(super) lines: Vec<Line>,
}

/// One line of a column.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) is_heard: bool,
}

/// Words that came late in speech, in one of the lines for partials.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Partial {
    pub(super) x: f64,
    pub(super) line: usize,
    pub(super) text: String,
}

pub(super) fn seconds(at: CallTime) -> f64 {
    at.as_micros() as f64 / 1e6
}

/// The rows of a call that lasts `duration` seconds, all on one scale and about equally long. A row
/// ends in a quiet moment if there is one near: `busy` are the stretches that should stay whole.
pub(super) fn rows(duration: f64, busy: &[(f64, f64)]) -> Vec<Row> {
    let count = (duration / ROW_SECONDS).ceil().max(1.0);
    let full = (duration / count * SLACK).ceil().max(ROW_SECONDS_MIN);
    let mut rows = Vec::new();
    let mut from = 0.0;
    while rows.is_empty() || from < duration {
        let rest = duration - from;
        let to = if rest <= full {
            from + full
        } else {
            let share = rest / (rest / (full / SLACK)).ceil();
            quiet(from + full * 0.6, from + full, (from + share, busy))
        };
        rows.push(Row { from, to, full });
        from = to;
    }
    rows
}

/// The quiet moment between `from` and `to` that is nearest to `wanted`; `to` if there is none.
fn quiet(from: f64, to: f64, (wanted, busy): (f64, &[(f64, f64)])) -> f64 {
    let is_quiet = |at: &f64| {
        busy.iter().all(|&(begin, end)| *at < begin - QUIET_BEFORE || end + QUIET_AFTER < *at)
    };
    let steps = ((to - from) / QUIET_STEP) as u32;
    (0..steps)
        .map(|step| to - f64::from(step) * QUIET_STEP)
        .filter(is_quiet)
        .min_by(|a, b| (a - wanted).abs().total_cmp(&(b - wanted).abs()))
        .unwrap_or(to)
}

/// How near to what comes next, and to what was, a row may end, in seconds.
const QUIET_BEFORE: f64 = 0.15;
const QUIET_AFTER: f64 = 0.35;
const QUIET_STEP: f64 = 0.1;

impl Row {
    /// Where a moment lies, clamped to the row.
    pub(super) fn x(&self, seconds: f64) -> f64 {
        LEFT + (seconds.clamp(self.from, self.to) - self.from) * self.scale()
    }

    /// Units per second.
    pub(super) fn scale(&self) -> f64 {
        (RIGHT - LEFT) / self.full
    }

    /// Whether a moment lies in this row.
    pub(super) fn holds(&self, seconds: f64) -> bool {
        self.from <= seconds && seconds < self.to
    }

    /// Whether any of a stretch lies in this row.
    pub(super) fn meets(&self, from: f64, to: f64) -> bool {
        from < self.to && self.from < to
    }

    /// The caller's words for good.
    pub(super) fn caller_blocks(&self, timeline: &Timeline) -> Vec<Block> {
        let pieces = timeline.caller_words.iter().filter_map(|words| match words {
            CallerWords::Final { from, until, text } => self
                .piece(text, seconds(*from), seconds(*until))
                .map(|(x, text)| (x, vec![(text.to_owned(), Heard::Yes)])),
            CallerWords::Partial { .. } => None,
        });
        columns(pieces.collect())
    }

    /// The agent's words, heard and unheard.
    pub(super) fn agent_blocks(&self, timeline: &Timeline) -> Vec<Block> {
        let pieces = timeline.agent_words.iter().filter_map(|words| self.agent_piece(words));
        columns(pieces.collect())
    }

    fn agent_piece(&self, words: &AgentWords) -> Option<Piece> {
        let (from, until) = (seconds(words.from), seconds(words.until));
        let (x, heard) = self.piece(&words.heard, from, until)?;
        let mut texts = vec![(heard.to_owned(), Heard::Yes)];
        // What was not heard stands where the heard part broke off.
        if !words.unheard.is_empty() && (self.holds(until) || until <= self.from) {
            texts.push((words.unheard.clone(), Heard::No));
        }
        Some((x, texts))
    }

    /// The part of `text` that was said in this row, and where it begins.
    fn piece<'t>(&self, text: &'t str, from: f64, until: f64) -> Option<(f64, &'t str)> {
        let until = until.max(from + 0.01);
        if !self.meets(from, until) {
            return None;
        }
        let share = |at: f64| (at - from) / (until - from);
        let (before, rest) = split_at_share(text, share(self.from).max(0.0));
        let taken = if self.to < until {
            let (_, after) = split_at_share(text, share(self.to));
            &rest[..rest.len().saturating_sub(after.len())]
        } else {
            rest
        };
        debug_assert!(before.len() + taken.len() <= text.len());
        Some((self.x(from), taken.trim()))
    }

    /// What each partial added, where it came; what finds no room is left out.
    pub(super) fn partials(&self, timeline: &Timeline) -> Vec<Partial> {
        let mut taken = [f64::MIN; PARTIAL_LINES_MAX];
        let mut partials = Vec::new();
        let mut before = "";
        for words in &timeline.caller_words {
            let CallerWords::Partial { at, text } = words else {
                before = "";
                continue;
            };
            let fresh = added(before, text);
            before = text;
            if fresh.is_empty() || !self.holds(seconds(*at)) {
                continue;
            }
            let room = width(fresh, PARTIAL_SIZE);
            let x = self.x(seconds(*at)).min(RIGHT - room).max(LEFT);
            if let Some(line) = taken.iter().position(|&end| end + 6.0 <= x) {
                taken[line] = x + room;
                partials.push(Partial { x, line, text: fresh.to_owned() });
            }
        }
        partials
    }
}

type Piece = (f64, Vec<(String, Heard)>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heard {
    Yes,
    No,
}

/// Columns of words, each as wide as the one behind it allows.
fn columns(pieces: Vec<Piece>) -> Vec<Block> {
    let starts: Vec<f64> = pieces.iter().map(|(x, _)| *x).collect();
    let mut end = LEFT;
    let mut blocks = Vec::new();
    for (number, (x, texts)) in pieces.into_iter().enumerate() {
        let limit = starts.get(number + 1).map_or(RIGHT, |next| next - 10.0);
        let x = x.min(RIGHT - ROOM_MIN).max(end);
        let room = (limit - x).max(ROOM_MIN).min(RIGHT - x);
        let lines: Vec<Line> = texts
            .iter()
            .flat_map(|(text, heard)| {
                let is_heard = *heard == Heard::Yes;
                let line = move |text| Line { text, is_heard };
                wrap(text, WORDS_SIZE, room, LINES_MAX).into_iter().map(line)
            })
            .collect();
        let widest = lines.iter().map(|line| width(&line.text, WORDS_SIZE)).fold(0.0, f64::max);
        end = x + widest + 10.0;
        if !lines.is_empty() {
            blocks.push(Block { x, lines });
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_cover_the_call_and_end_where_nobody_speaks() {
        let busy = [(0.5, 9.0), (16.0, 19.0), (20.0, 41.0)];
        let rows = rows(60.0, &busy);
        assert!(rows.windows(2).all(|pair| pair[0].to == pair[1].from), "{rows:?}");
        assert_eq!(rows[0].from, 0.0);
        assert!(60.0 <= rows.last().unwrap().to);
        // The first ends before the speech at 16 s, the second within what never pauses.
        assert!(14.0 < rows[0].to && rows[0].to < 16.0, "{rows:?}");
        assert_eq!(rows[1].to, rows[0].to + rows[0].full);
        assert!(rows.iter().all(|row| row.scale() == rows[0].scale()));
    }

    #[test]
    fn a_call_without_length_has_a_row() {
        assert_eq!(rows(0.0, &[]).len(), 1);
    }
}

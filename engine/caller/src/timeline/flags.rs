//! Flags: what was decided and what went amiss, with the whole of it for who points at one.

use super::row::{LEFT, RIGHT, Row, seconds};
use super::svg::{Anchor, Svg};
use super::text::width;
use super::{Flag, FlagKind};

/// Size of a flag's words.
const SIZE: f64 = 10.5;

/// Height of a line of flags.
const LINE: f64 = 15.0;

/// More lines than this make a thicket: what finds no room is a dot, and still has its words for
/// who points at it.
const LINES_MAX: usize = 3;

/// How much wider bold text is.
const BOLD: f64 = 1.13;

/// A flag in its row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Placed {
    x: f64,
    /// Where its words stand; a dot has none.
    words: Option<Words>,
    kind: FlagKind,
    label: String,
    why: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Words {
    line: usize,
    x: f64,
}

/// The flags of `row`, each where its words find room.
pub(super) fn place(flags: &[Flag], row: Row) -> Vec<Placed> {
    let mut ends = [f64::MIN; LINES_MAX];
    let here = flags.iter().filter(|flag| row.holds(seconds(flag.at)));
    let placed = here.map(|flag| {
        let x = row.x(seconds(flag.at));
        let words = match flag.kind {
            FlagKind::Quiet => None,
            FlagKind::Turn
            | FlagKind::Caller
            | FlagKind::Agent
            | FlagKind::BargeIn
            | FlagKind::Fault => {
                let room = width(&flag.label, SIZE) * BOLD + 12.0;
                let left = x.min(RIGHT - room).max(LEFT);
                let line = ends.iter().position(|&end| end <= left);
                if let Some(line) = line {
                    ends[line] = left + room;
                }
                line.map(|line| Words { line, x: left })
            }
        };
        let (label, why) = (flag.label.clone(), flag.why.clone());
        Placed { x, words, kind: flag.kind, label, why }
    });
    placed.collect()
}

/// The height that `flags` take.
pub(super) fn height(flags: &[Placed]) -> f64 {
    let lines = flags.iter().filter_map(|flag| flag.words).map(|words| words.line + 1).max();
    match (flags.is_empty(), lines) {
        (true, _) => 0.0,
        (false, lines) => lines.unwrap_or(0) as f64 * LINE + 8.0,
    }
}

/// Draws `flags` below the track that begins at `track` and ends at `top`.
pub(super) fn draw(svg: &mut Svg, flags: &[Placed], (track, top): (f64, f64)) {
    for flag in flags {
        let class = class(flag.kind);
        svg.raw("<g>");
        svg.title(&format!("{}: {}", flag.label, flag.why));
        match flag.words {
            Some(words) => {
                let y = top + 10.0 + words.line as f64 * LINE;
                svg.line((flag.x, track), (flag.x, y - 4.0), &format!("flag-pole {class}"));
                svg.circle((flag.x, y - 3.0), 3.0, class);
                let text = (words.x + 6.0, y + 0.5);
                svg.text(text, Anchor::Start, &format!("flag-text {class}"), &flag.label);
            }
            None => svg.circle((flag.x, top), 2.2, class),
        }
        svg.raw("</g>\n");
    }
}

type Legend = (&'static str, Vec<(&'static str, String)>);

/// What the flags' colors mean, as far as there are any.
pub(super) fn legend(flags: &[Flag]) -> Option<Legend> {
    let kinds = [
        (FlagKind::Turn, "the caller's turn ends"),
        (FlagKind::Caller, "the caller presses a key"),
        (FlagKind::Agent, "the agent holds, goes on, does something"),
        (FlagKind::BargeIn, "the caller cuts in"),
        (FlagKind::Fault, "something goes amiss"),
        (FlagKind::Quiet, "a small decision"),
    ];
    let shown = |kind: FlagKind| flags.iter().any(|flag| flag.kind == kind);
    let entries: Vec<(&str, String)> = kinds
        .into_iter()
        .filter(|(kind, _)| shown(*kind))
        .map(|(kind, meaning)| (class(kind), meaning.to_owned()))
        .collect();
    let heading = "Flags are decisions: point at one to read what it was made from.";
    (!entries.is_empty()).then_some((heading, entries))
}

fn class(kind: FlagKind) -> &'static str {
    match kind {
        FlagKind::Turn => "f-turn",
        FlagKind::Caller => "f-caller",
        FlagKind::Agent => "f-agent",
        FlagKind::BargeIn => "f-barge",
        FlagKind::Fault => "f-fault",
        FlagKind::Quiet => "f-quiet",
    }
}

#[cfg(test)]
mod tests {
    use types::CallTime;

    use super::*;

    #[test]
    fn flags_that_crowd_do_not_cover_each_other_and_none_is_lost() {
        let row = Row { from: 0.0, to: 18.0, full: 18.0 };
        let flag = |ms| Flag {
            at: CallTime::from_millis(ms),
            kind: FlagKind::Turn,
            label: "turn over".into(),
            why: "silence".into(),
        };
        let placed = place(&[flag(1_000), flag(1_100), flag(1_200), flag(1_300)], row);
        assert_eq!(placed.len(), 4);
        let lines: Vec<_> = placed.iter().map(|p| p.words.map(|words| words.line)).collect();
        assert_eq!(lines, [Some(0), Some(1), Some(2), None]);
        assert!(3.0 * LINE < height(&placed));
        assert_eq!(height(&[]), 0.0);
        let last = place(&[flag(17_999)], row);
        assert!(last[0].words.unwrap().x + width("turn over", SIZE) < RIGHT);
    }
}

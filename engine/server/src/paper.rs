//! Where words are printed: how wide it is, and whether it has colors.

use std::io::IsTerminal;

/// The width of output that is no terminal and does not say how wide it is.
const WIDTH_DEFAULT: usize = 100;

/// Narrower than this nothing can be laid out: lines run over instead.
const WIDTH_MIN: usize = 40;

/// Colors, or none: what to print before and after a stretch of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ink {
    pub(crate) dim: &'static str,
    pub(crate) bold: &'static str,
    pub(crate) caller: &'static str,
    pub(crate) agent: &'static str,
    pub(crate) good: &'static str,
    pub(crate) warn: &'static str,
    pub(crate) bad: &'static str,
    pub(crate) event: &'static str,
    pub(crate) strike: &'static str,
    pub(crate) off: &'static str,
}

pub(crate) const COLORS: Ink = Ink {
    dim: "\x1b[2m",
    bold: "\x1b[1m",
    caller: "\x1b[36m",
    agent: "\x1b[33m",
    good: "\x1b[32m",
    warn: "\x1b[93m",
    bad: "\x1b[31m",
    event: "\x1b[35m",
    strike: "\x1b[2;9m",
    off: "\x1b[0m",
};

pub(crate) const PLAIN: Ink = Ink {
    dim: "",
    bold: "",
    caller: "",
    agent: "",
    good: "",
    warn: "",
    bad: "",
    event: "",
    strike: "",
    off: "",
};

/// A place to print on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paper {
    /// Columns of text.
    pub(crate) width: usize,
    /// Its colors.
    pub(crate) ink: &'static Ink,
}

impl Paper {
    /// Standard output as it is now: as wide as its terminal, in colors if they are wanted there.
    pub(crate) fn of_stdout() -> Self {
        let is_terminal = std::io::stdout().is_terminal();
        let told = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let width = if is_terminal {
            usize::from(console::Term::stdout().size().1)
        } else {
            told.unwrap_or(WIDTH_DEFAULT)
        };
        let unwanted = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        // no-color.org: present and not empty.
        let is_plain = !is_terminal || unwanted("NO_COLOR") || dumb;
        let ink = if is_plain { &PLAIN } else { &COLORS };
        Self { width: width.max(WIDTH_MIN), ink }
    }

    /// `text` in lines of at most `room` columns; a word longer than that stands alone.
    pub(crate) fn wrap(text: &str, room: usize) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        let mut used = 0;
        for word in text.split_whitespace() {
            let columns = columns(word);
            match lines.last_mut() {
                Some(line) if used + 1 + columns <= room => {
                    line.push(' ');
                    line.push_str(word);
                    used += 1 + columns;
                }
                Some(_) | None => {
                    lines.push(word.to_owned());
                    used = columns;
                }
            }
        }
        lines
    }
}

/// How many columns of a terminal `text` takes.
pub(crate) fn columns(text: &str) -> usize {
    console::measure_text_width(text)
}

/// `text`, cut to `room` columns, an ellipsis in place of what is missing.
pub(crate) fn cut(text: &str, room: usize) -> String {
    console::truncate_str(text, room, "…").into_owned()
}

/// The end of `text` in `room` columns, an ellipsis before it if there was more.
pub(crate) fn tail(text: &str, room: usize) -> String {
    if columns(text) <= room {
        return text.to_owned();
    }
    let mut rest = text;
    while room <= columns(rest) {
        let mut chars = rest.chars();
        if chars.next().is_none() {
            break;
        }
        rest = chars.as_str();
    }
    format!("…{rest}")
}

/// `text` without anything a terminal would obey: what callers say and carriers send is printed,
/// not carried out.
pub(crate) fn printable(text: &str) -> String {
    let shown = |c: char| if c.is_control() { ' ' } else { c };
    // Marks that turn the direction of everything after them.
    let is_turn = |c: &char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().filter(|c| !is_turn(c)).map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_to_their_room_and_lose_no_word() {
        let text = "We are open Monday to Friday from eight until five o'clock";
        let lines = Paper::wrap(text, 20);
        assert!(lines.iter().all(|line| columns(line) <= 20), "{lines:?}");
        assert_eq!(lines.join(" "), text);
        assert_eq!(Paper::wrap("incomprehensibilities are long", 5).len(), 3);
        assert_eq!(Paper::wrap("", 5), [""; 0]);
    }

    #[test]
    fn what_is_too_long_is_cut_where_it_may_be() {
        assert_eq!(cut("one two three", 8), "one two…");
        assert_eq!(tail("one two three", 8), "…o three");
        assert_eq!(tail("one", 8), "one");
        assert_eq!(columns(&tail("日本語の長い文章です", 7)), 7);
    }

    #[test]
    fn nothing_said_can_command_the_terminal() {
        assert_eq!(printable("a\x1b[2Jb\r\n\u{9b}c\u{202e}d"), "a [2Jb   cd");
    }
}

//! What there is to see of live calls, and how it is laid out.

use std::collections::VecDeque;
use std::time::Duration;

use types::{BusinessId, CallId, Millis};

use super::masked;
use super::screen::Size;
use crate::feed::{Note, Seen};
use crate::paper::{Ink, Paper, columns, cut, printable, tail};

/// Calls with a block of their own; more are counted.
const BLOCKS_MAX: usize = 12;

/// Calls remembered at once. A node carries more than anybody can watch.
const CALLS_MAX: usize = 512;

/// Lines of a call that are kept: what no screen shows is in the event log.
const LINES_MAX: usize = 40;

/// Finished calls that are still listed.
const FINISHED_MAX: usize = 8;

/// The rows of a block besides its words: its head and a free row behind it.
const BLOCK_FRAME: usize = 2;

/// Where the words of a block begin.
const INDENT: usize = 10;

/// What the time is: since the view began.
pub(crate) type Clock = Duration;

/// Everything on the screen.
#[derive(Debug, Default)]
pub(crate) struct Board {
    calls: Vec<Block>,
    finished: VecDeque<Finished>,
    finished_count: usize,
    responses: Vec<Millis>,
    headline: String,
    news: String,
    /// Who tells response times: the engine's own estimate, or the callers' measurement.
    measured: Measured,
}

/// Who measures response times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Measured {
    /// The engine, as far as marks and samples tell.
    #[default]
    ByEngine,
    /// The callers, at their ears.
    ByCallers,
}

/// A live call.
#[derive(Debug)]
struct Block {
    call: CallId,
    business: BusinessId,
    name: String,
    from: String,
    began: Clock,
    doing: &'static str,
    level: u8,
    lines: VecDeque<Line>,
    responses: Vec<Millis>,
}

/// Words of one party.
#[derive(Debug)]
struct Line {
    who: Who,
    text: String,
    response: Option<Millis>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    /// The caller, words that may still change.
    Hearing,
    Caller,
    Agent,
    /// Something that happened.
    Event,
}

#[derive(Debug)]
struct Finished {
    business: BusinessId,
    length: Duration,
    responses: Vec<Millis>,
}

impl Board {
    /// A board under this headline.
    pub(crate) fn new(headline: &str, measured: Measured) -> Self {
        Self { headline: printable(headline), measured, ..Self::default() }
    }

    /// Says something that belongs to no call.
    pub(crate) fn news(&mut self, text: &str) {
        self.news = printable(text);
    }

    /// Takes in what a call shows.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest is for the call's own block")]
    pub(crate) fn note(&mut self, note: &Note, now: Clock) {
        match &note.what {
            Seen::Began { carrier_call, from } => {
                if self.calls.len() < CALLS_MAX {
                    let from = from.as_ref().map_or("withheld".into(), |n| masked(*n.reveal()));
                    self.calls.push(Block {
                        call: note.call,
                        business: note.business,
                        name: carrier_call.reveal().clone(),
                        from,
                        began: now,
                        doing: "ringing",
                        level: 0,
                        lines: VecDeque::new(),
                        responses: Vec::new(),
                    });
                }
            }
            Seen::Ended => self.end(note.call, now),
            what => {
                let measured = self.measured;
                let Some(block) = self.calls.iter_mut().find(|block| block.call == note.call)
                else {
                    return;
                };
                if let Some(response) = block.note(what)
                    && measured == Measured::ByEngine
                {
                    block.respond(response);
                    self.responses.push(response);
                }
            }
        }
    }

    /// The caller of the call that its carrier calls `name` heard a reply after `response`.
    pub(crate) fn measured(&mut self, name: &str, response: Millis) {
        if let Some(block) = self.calls.iter_mut().find(|block| block.name == name) {
            block.respond(response);
            self.responses.push(response);
        }
    }

    /// Something happened to the call that its carrier calls `name`.
    pub(crate) fn happened(&mut self, name: &str, text: &str) {
        if let Some(block) = self.calls.iter_mut().find(|block| block.name == name) {
            block.push(Who::Event, text);
        }
    }

    fn end(&mut self, call: CallId, now: Clock) {
        let Some(at) = self.calls.iter().position(|block| block.call == call) else { return };
        let block = self.calls.remove(at);
        self.finished_count += 1;
        self.finished.push_front(Finished {
            business: block.business,
            length: now.saturating_sub(block.began),
            responses: block.responses,
        });
        self.finished.truncate(FINISHED_MAX);
    }

    /// The picture, at most `size.rows` lines of at most `size.columns` columns.
    pub(crate) fn render(&self, size: Size, now: Clock, ink: &Ink) -> Vec<String> {
        let width = size.columns;
        let mut lines = vec![self.head(width, now, ink), rule(width, ink)];
        let footer = self.footer(width, ink);
        // Finished calls take what the live ones leave, the live ones what is left of the screen.
        let room = size.rows.saturating_sub(lines.len() + footer.len());
        let blocks = self.calls.len().min(BLOCKS_MAX).min(room / (BLOCK_FRAME + 1));
        let finished_rows = self.finished.len().min(room / 4);
        if let Some(share) = (room - finished_rows).checked_div(blocks) {
            let words = share.saturating_sub(BLOCK_FRAME).min(LINES_MAX);
            for block in &self.calls[..blocks] {
                block.render(words, (width, now), ink, &mut lines);
            }
        } else if self.finished.is_empty() {
            lines.push(cut(&format!("{}  waiting for a call …{}", ink.dim, ink.off), width));
        }
        if blocks < self.calls.len() {
            let more = self.calls.len() - blocks;
            lines.push(cut(&format!("{}  and {more} more{}", ink.dim, ink.off), width));
        }
        for finished in self.finished.iter().take(finished_rows) {
            lines.push(finished.render(width, ink));
        }
        lines.truncate(size.rows.saturating_sub(footer.len()));
        while lines.len() + footer.len() < size.rows {
            lines.push(String::new());
        }
        lines.extend(footer);
        lines.truncate(size.rows);
        lines
    }

    fn head(&self, width: usize, now: Clock, ink: &Ink) -> String {
        let Ink { bold, dim, good, off, .. } = *ink;
        let live = self.calls.len();
        let counts = format!("{live} live · {} finished", self.finished_count);
        let right = |word: &str| match median(&self.responses) {
            Some(median) => format!("{counts} · {word} {median} · {}", clock(now)),
            None => format!("{counts} · {}", clock(now)),
        };
        // The dot, the name and their spaces.
        let name = "● Apex ".chars().count();
        let fits = |right: &String| columns(right) + name + columns(&self.headline) < width;
        let full = right("median response");
        let right = if fits(&full) { full } else { right("median") };
        let taken = columns(&right) + name;
        let left = cut(&self.headline, width.saturating_sub(taken + 1).max(4));
        let gap = width.saturating_sub(columns(&left) + taken);
        let live = if live == 0 { dim } else { good };
        cut(&format!("{live}●{off} {bold}Apex{off} {left}{:gap$}{dim}{right}{off}", ""), width)
    }

    fn footer(&self, width: usize, ink: &Ink) -> Vec<String> {
        let Ink { dim, warn, event, off, .. } = *ink;
        let mut lines = vec![rule(width, ink)];
        if let Some(line) = super::held::newest() {
            let line = printable(&console::strip_ansi_codes(&line));
            lines.push(cut(&format!("{warn}{}{off}", line.trim_end()), width));
        }
        let hint = "ctrl-C ends it";
        let room = width.saturating_sub(columns(hint) + 1);
        let news = cut(&self.news, room);
        let gap = room.saturating_sub(columns(&news));
        lines.push(cut(&format!("{event}{news}{off}{:gap$} {dim}{hint}{off}", ""), width));
        lines
    }
}

impl Block {
    /// Takes in what the call shows; gives the response time, if that is what it tells.
    fn note(&mut self, what: &Seen) -> Option<Millis> {
        match what {
            Seen::CallerSays { text } => self.hear(text.reveal()),
            Seen::CallerSaid { text, other } => {
                self.drop_hearing();
                if !text.reveal().trim().is_empty() {
                    self.push(Who::Caller, text.reveal());
                    if !other.reveal().is_empty() {
                        self.push(Who::Event, &format!("(or: {})", other.reveal()));
                    }
                }
            }
            Seen::AgentSays { text } => self.say(text.reveal()),
            Seen::AgentStopped => self.push(Who::Event, "(interrupted: the agent stops)"),
            Seen::Doing { what } => self.doing = what,
            Seen::Level { caller } => self.level = *caller,
            Seen::Replied { response } => return Some(*response),
            Seen::Began { .. } | Seen::Ended => (),
        }
        None
    }

    fn hear(&mut self, text: &str) {
        self.drop_hearing();
        self.push(Who::Hearing, text);
    }

    fn drop_hearing(&mut self) {
        self.lines.retain(|line| line.who != Who::Hearing);
    }

    /// Pieces of one reply are one line.
    fn say(&mut self, text: &str) {
        // The reply is to these words, whether or not better ones still come.
        for line in self.lines.iter_mut().filter(|line| line.who == Who::Hearing) {
            line.who = Who::Caller;
        }
        match self.lines.back_mut() {
            Some(Line { who: Who::Agent, text: said, response: None }) => {
                said.push(' ');
                said.push_str(&printable(text));
            }
            Some(_) | None => self.push(Who::Agent, text),
        }
    }

    fn respond(&mut self, response: Millis) {
        self.responses.push(response);
        if let Some(line) = self.lines.iter_mut().rev().find(|line| line.who == Who::Agent) {
            line.response = Some(response);
        }
    }

    fn push(&mut self, who: Who, text: &str) {
        if self.lines.len() == LINES_MAX {
            self.lines.pop_front();
        }
        self.lines.push_back(Line { who, text: printable(text), response: None });
    }

    /// The block in `words` rows of words and its frame: as many rows whatever is said.
    fn render(&self, words: usize, (width, now): (usize, Clock), ink: &Ink, out: &mut Vec<String>) {
        let Ink { bold, dim, good, off, .. } = *ink;
        let length = clock(now.saturating_sub(self.began));
        let left = format!(
            "{bold}{}{off}  {dim}{}{off}  {length}  {} {:<12}",
            self.business,
            self.from,
            meter(self.level, ink),
            self.doing
        );
        // As many of its figures as fit whole.
        let mut figures = Vec::new();
        if let (Some(last), Some(median)) = (self.responses.last(), median(&self.responses)) {
            figures.push(format!("{good}{last}{off} {dim}last, {median} median{off}"));
            figures.push(format!("{dim}median {median}{off}"));
        }
        let room = width.saturating_sub(columns(&left) + 1);
        let right = figures.into_iter().find(|text| columns(text) <= room).unwrap_or_default();
        let gap = width.saturating_sub(columns(&left) + columns(&right));
        out.push(cut(&format!("{left}{:gap$}{right}", ""), width));
        let mut rows: Vec<String> = Vec::new();
        for line in self.lines.iter().rev() {
            let mut wrapped = line.render(width, ink);
            wrapped.reverse();
            rows.extend(wrapped);
            if words <= rows.len() {
                break;
            }
        }
        rows.truncate(words);
        rows.reverse();
        rows.resize(words, String::new());
        out.append(&mut rows);
        out.push(String::new());
    }
}

impl Line {
    fn render(&self, width: usize, ink: &Ink) -> Vec<String> {
        let Ink { dim, caller, agent, event, good, off, .. } = *ink;
        let (name, color) = match self.who {
            Who::Hearing => ("caller", dim),
            Who::Caller => ("caller", caller),
            Who::Agent => ("agent", agent),
            Who::Event => ("", event),
        };
        let response = self.response.map_or(String::new(), |response| format!(" {response}"));
        let room = width.saturating_sub(INDENT + columns(&response)).max(10);
        let text = if self.who == Who::Hearing {
            vec![format!("{}▌", tail(&self.text, room - 1))]
        } else {
            Paper::wrap(&self.text, room)
        };
        let last = text.len().saturating_sub(1);
        text.iter()
            .enumerate()
            .map(|(number, text)| {
                let name = if number == 0 { name } else { "" };
                let (gap, response) = if number == last && self.response.is_some() {
                    (room.saturating_sub(columns(text)), response.as_str())
                } else {
                    (0, "")
                };
                let row = format!(
                    "  {dim}{name:<7}{off} {color}{text}{off}{:gap$}{good}{response}{off}",
                    ""
                );
                cut(&row, width)
            })
            .collect()
    }
}

impl Finished {
    fn render(&self, width: usize, ink: &Ink) -> String {
        let Ink { dim, off, .. } = *ink;
        let turns = self.responses.len();
        let median = median(&self.responses).map_or(String::new(), |m| format!(", median {m}"));
        let length = clock(self.length);
        let text = format!("  ended  {}  {length}  {turns} replies{median}", self.business);
        cut(&format!("{dim}{text}{off}"), width)
    }
}

fn rule(width: usize, ink: &Ink) -> String {
    format!("{}{}{}", ink.dim, "─".repeat(width), ink.off)
}

/// How loud the caller is, in eight steps.
fn meter(level: u8, ink: &Ink) -> String {
    const STEPS: usize = 8;
    let on = (usize::from(level) * STEPS).div_ceil(100).min(STEPS);
    let Ink { caller, dim, off, .. } = *ink;
    format!("{caller}{}{off}{dim}{}{off}", "▮".repeat(on), "▯".repeat(STEPS - on))
}

fn median(responses: &[Millis]) -> Option<Millis> {
    let mut sorted = responses.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied()
}

fn clock(span: Duration) -> String {
    format!("{}:{:02}", span.as_secs() / 60, span.as_secs() % 60)
}

#[cfg(test)]
mod tests;

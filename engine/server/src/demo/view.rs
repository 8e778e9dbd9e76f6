//! The demo in the terminal: who speaks, words as they come, response times. Plain lines when the
//! output is no terminal.
#![expect(clippy::print_stdout, reason = "this is what the demo shows")]

use std::io::{IsTerminal, Write, stdout};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use caller::Observation;
use types::{BusinessId, ConfigVersion, Millis};

use super::{LineVerdict, Outcome, Summary};
use crate::feed::{Note, Seen};

/// How often the notes of the engine are looked at between the callers' observations.
const LOOK_EVERY: Duration = Duration::from_millis(15);

/// The longest partial line shown: one row of a common terminal.
const PARTIAL_CHARACTERS_MAX: usize = 70;

/// Something to show.
#[derive(Debug)]
pub(super) enum Shown {
    /// The engine is up.
    Started { media: SocketAddr, control: SocketAddr },
    /// A caller noticed something.
    Observed { business: BusinessId, observation: Observation },
    /// A changed file is in force.
    Reloaded { what: String, version: ConfigVersion, took: Millis },
    /// All is over.
    Summary(Box<Summary>, PathBuf),
}

/// The running view.
pub(super) struct View(Option<JoinHandle<()>>);

impl View {
    /// Shows what comes until nobody can send any more.
    pub(super) fn start(shown: Receiver<Shown>, notes: Receiver<Note>, begun: Instant) -> Self {
        let mut terminal = Terminal::new(begun);
        let thread = std::thread::Builder::new().name("view".into()).spawn(move || {
            loop {
                while let Ok(note) = notes.try_recv() {
                    terminal.note(&note);
                }
                match shown.recv_timeout(LOOK_EVERY) {
                    Ok(shown) => terminal.show(shown),
                    Err(RecvTimeoutError::Timeout) => (),
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        });
        Self(thread.ok())
    }

    /// Waits until everything was shown.
    pub(super) fn finish(self) {
        if self.0.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the view had died");
        }
    }
}

/// Colors, if there is a terminal to show them.
struct Ink {
    dim: &'static str,
    caller: &'static str,
    agent: &'static str,
    good: &'static str,
    bad: &'static str,
    event: &'static str,
    off: &'static str,
}

const COLORS: Ink = Ink {
    dim: "\x1b[2m",
    caller: "\x1b[36m",
    agent: "\x1b[33m",
    good: "\x1b[32m",
    bad: "\x1b[31m",
    event: "\x1b[35m",
    off: "\x1b[0m",
};

const PLAIN: Ink = Ink { dim: "", caller: "", agent: "", good: "", bad: "", event: "", off: "" };

struct Terminal {
    begun: Instant,
    ink: &'static Ink,
    live: Live,
}

/// Whether the last row is one that will be overwritten.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Live {
    /// There is no terminal: rows are never overwritten.
    Never,
    /// It stays.
    Settled,
    /// It will be.
    Overwritten,
}

impl Terminal {
    fn new(begun: Instant) -> Self {
        let is_terminal = stdout().is_terminal();
        Self {
            begun,
            ink: if is_terminal { &COLORS } else { &PLAIN },
            live: if is_terminal { Live::Settled } else { Live::Never },
        }
    }

    fn row(&mut self, who: &str, color: &str, text: &str) {
        self.wipe();
        let at = self.begun.elapsed();
        let Ink { dim, off, .. } = self.ink;
        let (minutes, seconds) = (at.as_secs() / 60, at.as_secs_f64() % 60.0);
        println!("{dim}{minutes}:{seconds:04.1}{off}  {color}{who:<26}{off} {text}");
    }

    fn partial(&mut self, who: &str, text: &str) {
        if self.live == Live::Never {
            return;
        }
        self.wipe();
        let skipped = text.chars().count().saturating_sub(PARTIAL_CHARACTERS_MAX);
        let end: String = text.chars().skip(skipped).collect();
        let Ink { dim, caller, off, .. } = self.ink;
        print!("{dim}  ...{off}   {caller}{who:<26}{off} {dim}{end}{off}");
        if stdout().flush().is_ok() {
            self.live = Live::Overwritten;
        }
    }

    fn wipe(&mut self) {
        if self.live == Live::Overwritten {
            print!("\r\x1b[K");
            self.live = Live::Settled;
        }
    }

    fn note(&mut self, note: &Note) {
        let who = |side: &str| format!("{} {side}", note.business);
        match &note.what {
            Seen::Began { .. } | Seen::Ended => (),
            Seen::CallerSays { text } => self.partial(&who("caller"), text.reveal()),
            Seen::CallerSaid { text } if text.reveal().is_empty() => (),
            Seen::CallerSaid { text } => self.row(&who("caller"), self.ink.caller, text.reveal()),
            Seen::AgentSays { text } => self.row(&who("agent"), self.ink.agent, text.reveal()),
            Seen::AgentStopped => self.row(&who("agent"), self.ink.event, "(stops: interrupted)"),
        }
    }

    fn show(&mut self, shown: Shown) {
        match shown {
            Shown::Started { media, control } => {
                let text = format!("media on {media}, control on {control}");
                self.row("engine", self.ink.dim, &text);
            }
            Shown::Reloaded { what, version, took } => {
                let text = format!("{what} ({version}, in force {took} after the edit)");
                self.row("reload", self.ink.event, &text);
            }
            Shown::Observed { business, observation } => self.observed(business, &observation),
            Shown::Summary(summary, out) => self.summary(&summary, &out),
        }
    }

    fn observed(&mut self, business: BusinessId, observation: &Observation) {
        let Ink { good, event, dim, .. } = *self.ink;
        match observation {
            Observation::Opened { .. } => {
                self.row(&format!("{business} call"), dim, "rings");
            }
            Observation::ReplyBegan { turn: Some(_), response: Some(response), .. } => {
                let text = format!("heard {response} after the question");
                self.row(&format!("{business} response"), good, &text);
            }
            Observation::BargedIn { .. } => {
                self.row(&format!("{business} caller"), event, "(talks over the agent)");
            }
            Observation::Unanswered { .. } => {
                self.row(&format!("{business} call"), self.ink.bad, "no answer");
            }
            Observation::Closed { by, .. } => {
                self.row(&format!("{business} call"), dim, &format!("ended by {by:?}"));
            }
            Observation::QuestionBegan { .. }
            | Observation::QuestionEnded { .. }
            | Observation::ReplyBegan { .. }
            | Observation::ReplyEnded { .. }
            | Observation::Pressed { .. }
            | Observation::Cleared(_) => (),
        }
    }

    fn summary(&mut self, summary: &Summary, out: &std::path::Path) {
        self.wipe();
        println!();
        for line in &summary.lines {
            self.verdict(line);
        }
        let right = summary.questions().filter(|line| line.outcome == Outcome::Right).count();
        let mut responses: Vec<Millis> =
            summary.lines.iter().filter_map(|line| line.response).collect();
        responses.sort_unstable();
        println!();
        println!(
            "{right} of {} questions answered with the right facts",
            summary.questions().count()
        );
        if let (Some(median), Some(longest)) =
            (responses.get(responses.len() / 2), responses.last())
        {
            println!("response time: median {median}, longest {longest}");
        }
        for stop in summary.lines.iter().filter_map(|line| line.barge_in) {
            println!("interrupted: the agent fell silent {stop} after the caller began to speak");
        }
        println!("to hear and see: {0}/call.wav, {0}/timeline.svg, {0}/call.json", out.display());
    }

    fn verdict(&self, line: &LineVerdict) {
        let Ink { good, bad, dim, off, .. } = self.ink;
        let (color, word) = match &line.outcome {
            Outcome::Right => (good, "right"),
            Outcome::NotRight { .. } => (bad, "NOT"),
        };
        let response = line.response.map_or(String::from("-"), |response| response.to_string());
        println!("{color}{word:<5}{off} {:<17} {response:>8}  {}", line.business, line.text);
        if let Outcome::NotRight { why } = &line.outcome {
            println!("      {bad}{why}{off}");
            println!("      {dim}understood:{off} {}", line.understood);
            println!("      {dim}reply:{off} {}", line.reply);
        }
    }
}

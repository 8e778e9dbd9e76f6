//! The demo in the terminal: a screen with a block for each call. Plain lines when the output is no
//! terminal, or when they are asked for.
#![expect(clippy::print_stdout, reason = "this is what the demo shows")]

use std::collections::VecDeque;
use std::io::{IsTerminal, stdout};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use caller::Observation;
use types::{BusinessId, ConfigVersion, Millis};

use super::{Layout, LineVerdict, Outcome, Summary};
use crate::feed::{Note, Seen};
use crate::paper::{Ink, Paper, printable};
use crate::view::{Board, LiveView, Measured, restore_on_interrupt};

/// How often the notes of the engine are looked at between the callers' observations.
const LOOK_EVERY: Duration = Duration::from_millis(15);

/// Lines kept for when the screen closes; a demo says a few hundred.
const LINES_MAX: usize = 2_000;

/// Something to show.
#[derive(Debug)]
pub(super) enum Shown {
    /// The engine is up.
    Started { media: SocketAddr, control: SocketAddr },
    /// A caller noticed something.
    Observed { call: String, business: BusinessId, observation: Observation },
    /// A changed file is in force.
    Reloaded { what: String, version: ConfigVersion, took: Millis },
    /// All is over.
    Summary(Box<Summary>, PathBuf),
}

/// The running view.
pub(super) struct View(Option<JoinHandle<()>>);

impl View {
    /// Shows what comes until nobody can send any more.
    pub(super) fn start(
        shown: Receiver<Shown>,
        notes: Receiver<Note>,
        begun: Instant,
        layout: Layout,
    ) -> Self {
        let mut terminal = Terminal::new(begun, layout);
        let thread = std::thread::Builder::new().name("view".into()).spawn(move || {
            loop {
                while let Ok(note) = notes.try_recv() {
                    terminal.note(&note);
                }
                terminal.tick();
                match shown.recv_timeout(LOOK_EVERY) {
                    Ok(shown) => terminal.show(shown),
                    Err(RecvTimeoutError::Timeout) => (),
                    Err(RecvTimeoutError::Disconnected) => return terminal.close(),
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

struct Terminal {
    begun: Instant,
    ink: &'static Ink,
    place: Place,
}

/// Where things are shown.
enum Place {
    /// As they come, line by line: there is no terminal.
    Lines,
    /// On a screen; the lines are printed when it closes.
    Screen { view: Box<LiveView>, lines: VecDeque<String> },
}

impl Terminal {
    fn new(begun: Instant, layout: Layout) -> Self {
        let paper = Paper::of_stdout();
        let is_live = layout == Layout::Live && stdout().is_terminal();
        let place = if is_live {
            let board = Board::new("demo: recorded callers ring", Measured::ByCallers);
            restore_on_interrupt();
            let view = Box::new(LiveView::new(board, paper.ink, begun));
            Place::Screen { view, lines: VecDeque::new() }
        } else {
            Place::Lines
        };
        Self { begun, ink: paper.ink, place }
    }

    /// Draws the screen, if there is one and it is time.
    fn tick(&mut self) {
        if let Place::Screen { view, .. } = &mut self.place {
            view.draw_if_due();
        }
    }

    /// Closes the screen and prints what was said, as it would have been printed without one.
    fn close(&mut self) {
        if let Place::Screen { view, lines } = std::mem::replace(&mut self.place, Place::Lines) {
            drop(view);
            lines.iter().for_each(|line| println!("{line}"));
        }
    }

    fn row(&mut self, who: &str, color: &str, text: &str) {
        let at = self.begun.elapsed();
        let Ink { dim, off, .. } = self.ink;
        let (minutes, seconds) = (at.as_secs() / 60, at.as_secs_f64() % 60.0);
        let text = printable(text);
        let line = format!("{dim}{minutes}:{seconds:04.1}{off}  {color}{who:<26}{off} {text}");
        match &mut self.place {
            Place::Lines => println!("{line}"),
            Place::Screen { lines, .. } => {
                if lines.len() == LINES_MAX {
                    lines.pop_front();
                }
                lines.push_back(line);
            }
        }
    }

    fn note(&mut self, note: &Note) {
        if let Place::Screen { view, .. } = &mut self.place {
            view.note(note);
        }
        let who = |side: &str| format!("{} {side}", note.business);
        match &note.what {
            Seen::Began { .. }
            | Seen::Ended
            | Seen::CallerSays { .. }
            | Seen::Replied { .. }
            | Seen::Doing { .. }
            | Seen::Level { .. } => (),
            Seen::CallerSaid { text, .. } if text.reveal().is_empty() => (),
            Seen::CallerSaid { text, other } => {
                self.row(&who("caller"), self.ink.caller, text.reveal());
                if !other.reveal().is_empty() {
                    self.row("  or", self.ink.caller, other.reveal());
                }
            }
            Seen::AgentSays { text } => self.row(&who("agent"), self.ink.agent, text.reveal()),
            Seen::AgentStopped => self.row(&who("agent"), self.ink.event, "(stops: interrupted)"),
        }
    }

    fn show(&mut self, shown: Shown) {
        match shown {
            Shown::Started { media, control } => {
                let text = format!("media on {media}, control on {control}");
                self.news(&text);
                self.row("engine", self.ink.dim, &text);
            }
            Shown::Reloaded { what, version, took } => {
                let text = format!("{what} ({version}, in force {took} after the edit)");
                self.news(&text);
                self.row("reload", self.ink.event, &text);
            }
            Shown::Observed { call, business, observation } => {
                self.observed(&call, business, &observation);
            }
            Shown::Summary(summary, out) => self.summary(&summary, &out),
        }
    }

    fn observed(&mut self, call: &str, business: BusinessId, observation: &Observation) {
        if let Place::Screen { view, .. } = &mut self.place {
            match observation {
                Observation::ReplyBegan { turn: Some(_), response: Some(response), .. } => {
                    view.board.measured(call, *response);
                }
                Observation::Unanswered { .. } => view.board.happened(call, "no answer"),
                Observation::Opened { .. }
                | Observation::BargedIn { .. }
                | Observation::Closed { .. }
                | Observation::QuestionBegan { .. }
                | Observation::QuestionEnded { .. }
                | Observation::ReplyBegan { .. }
                | Observation::ReplyEnded { .. }
                | Observation::Pressed { .. }
                | Observation::Cleared(_) => (),
            }
        }
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

    fn news(&mut self, text: &str) {
        if let Place::Screen { view, .. } = &mut self.place {
            view.board.news(text);
        }
    }

    fn summary(&mut self, summary: &Summary, out: &std::path::Path) {
        self.close();
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

//! A call run again from its log, in virtual time.

use std::collections::VecDeque;

use types::{CallTime, Millis};

use crate::{Action, Call, LogEntry, LogError, LogLine, LogReader, Timer};

/// How to run a call again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReplayOptions {
    /// Silence after finished words, if other than it was.
    pub endpoint_delay_min: Option<Millis>,
    /// Silence after unfinished words, if other than it was.
    pub endpoint_delay_max: Option<Millis>,
}

/// What came of running a call again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayReport {
    /// Log lines that were run or compared, the header not counted.
    pub entries: usize,
    /// Actions among them.
    pub actions: usize,
    /// The end of the part that was run.
    pub until: CallTime,
    /// Whether the log ends in the middle of a line, as after a crash.
    pub torn: bool,
    /// Whether the call did the same again.
    pub outcome: Outcome,
}

/// Whether a call did the same again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It did.
    Same,
    /// It did not.
    Diverged {
        /// The first log line that differs, the header being line 1.
        entry: usize,
        /// When.
        at: CallTime,
        /// What the log says, as JSON. Holds the parties' words.
        expected: String,
        /// What happened instead, as JSON; empty if nothing.
        got: String,
    },
}

/// Runs a call again from its log.
///
/// Without options every action must come out again as logged: events and timeouts go in when they
/// did. With another endpoint delay, decisions may differ; the first *deed* that does, or a timer
/// that fires noticeably earlier or later than it did, is the divergence.
///
/// # Errors
/// [`LogError`] if a line cannot be read. A torn last line is no error.
pub fn replay(mut reader: LogReader<'_>, options: ReplayOptions) -> Result<ReplayReport, LogError> {
    let header = reader.header();
    let mut config = header.config.clone();
    let turns = &mut config.turns;
    turns.endpoint_delay_min = options.endpoint_delay_min.unwrap_or(turns.endpoint_delay_min);
    let max = options.endpoint_delay_max.unwrap_or(turns.endpoint_delay_max);
    turns.endpoint_delay_max = max.max(turns.endpoint_delay_min);
    let strictness =
        if *turns == header.config.turns { Strictness::Exact } else { Strictness::DeedsOnly };
    let mut run = Run {
        call: Call::new(config, header.seed),
        pending: VecDeque::new(),
        strictness,
        format: header.format,
        report: ReplayReport {
            entries: 0,
            actions: 0,
            until: CallTime::ZERO,
            torn: false,
            outcome: Outcome::Same,
        },
    };
    while let Some(line) = reader.next_line()? {
        if let Err(difference) = run.step(line) {
            run.report.outcome = Outcome::Diverged {
                entry: reader.line(),
                at: difference.at,
                expected: difference.expected,
                got: difference.got,
            };
            return Ok(run.report);
        }
    }
    // A log that was not torn ends with the last action of a step.
    run.report.torn = reader.is_torn();
    if !run.report.torn
        && let Some(action) = run.pending.front()
    {
        run.report.outcome = Outcome::Diverged {
            entry: reader.line() + 1,
            at: run.report.until,
            expected: String::new(),
            got: json(action),
        };
    }
    Ok(run.report)
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strictness {
    /// Everything.
    Exact,
    /// What is done, not why.
    DeedsOnly,
}

struct Run {
    call: Call,
    /// Actions that came out and were not compared yet.
    pending: VecDeque<Action>,
    strictness: Strictness,
    /// The log's: decisions are compared as it holds them.
    format: u32,
    report: ReplayReport,
}

struct Difference {
    at: CallTime,
    expected: String,
    got: String,
}

impl Run {
    fn step(&mut self, line: LogLine) -> Result<(), Difference> {
        let LogLine { at, entry } = line;
        match entry {
            LogEntry::Event(event) => {
                self.before_input(at, || json(&event))?;
                self.call.handle_event(at, event);
                self.drain();
            }
            LogEntry::Timeout(timer) => {
                self.before_input(at, || json(&timer))?;
                self.expect_timeout(at, timer)?;
                self.call.handle_timeout(at);
                self.drain();
            }
            LogEntry::Action(action) => self.compare(at, &action)?,
            LogEntry::Remark(_) => (),
        }
        self.report.entries += 1;
        self.report.until = at;
        Ok(())
    }

    /// Nothing may have been left over, or have been due long before.
    fn before_input(
        &mut self,
        at: CallTime,
        expected: impl Fn() -> String,
    ) -> Result<(), Difference> {
        if let Some(action) = self.pending.front() {
            let got = json(action);
            return Err(Difference { at: self.report.until, expected: expected(), got });
        }
        match (self.strictness, self.call.poll_timeout()) {
            (Strictness::DeedsOnly, Some((due, timer))) if due + LATENESS_MAX < at => {
                Err(Difference { at: due, expected: expected(), got: json(&timer) })
            }
            (Strictness::DeedsOnly | Strictness::Exact, _) => Ok(()),
        }
    }

    fn expect_timeout(&self, at: CallTime, timer: Timer) -> Result<(), Difference> {
        let got = match self.call.poll_timeout() {
            Some((due, next)) if due <= at && next == timer => return Ok(()),
            Some((due, next)) if due <= at => json(&next),
            Some(_) | None => String::new(),
        };
        Err(Difference { at, expected: json(&timer), got })
    }

    fn drain(&mut self) {
        while let Some(action) = self.call.poll_action() {
            match (self.strictness, action) {
                (Strictness::DeedsOnly, Action::Note { .. }) => (),
                (Strictness::Exact, Action::Note { decision }) => {
                    let decision = decision.as_of(self.format);
                    self.pending.extend(decision.map(|decision| Action::Note { decision }));
                }
                (Strictness::DeedsOnly | Strictness::Exact, action) => {
                    self.pending.push_back(action);
                }
            }
        }
    }

    fn compare(&mut self, at: CallTime, action: &Action) -> Result<(), Difference> {
        if self.strictness == Strictness::DeedsOnly && matches!(action, Action::Note { .. }) {
            return Ok(());
        }
        self.report.actions += 1;
        let expected = json(action);
        let got = self.pending.pop_front().map(|action| json(&action)).unwrap_or_default();
        if expected == got { Ok(()) } else { Err(Difference { at, expected, got }) }
    }
}

/// As the log holds it; the dialogue, which it does not hold, is not compared but by its effects.
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("plain data turns into JSON")
}

/// How late a busy engine may have fired a timer: up to this, it is not called a difference.
const LATENESS_MAX: Millis = Millis::new(30);

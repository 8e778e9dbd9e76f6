//! A live call brought back from its log, after the process that carried it died.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hasher};

use types::{CallTime, DialogueEntry, Heard};

use crate::{Action, Call, LogEntry, LogError, LogHeader, LogLine, LogReader};

/// A call as it stood at the end of its log.
#[derive(Debug)]
pub struct Rebuilt {
    /// The call. Its actions are drained.
    pub call: Call,
    /// What it depends on.
    pub header: LogHeader,
    /// When the last line was written.
    pub at: CallTime,
    /// How many bytes of the log are whole and make sense: it goes on behind them.
    pub bytes: usize,
    /// What came out of the last step and had not reached the log. Whether it was carried out
    /// nobody knows; the log is complete once it stands there.
    pub unlogged: Vec<Action>,
    /// Whether the call did again what the log says. It may not, where another version of the
    /// engine wrote the log: what was said and heard is right all the same.
    pub is_faithful: bool,
}

/// Runs a log's events through a new call and stops where the log does.
///
/// A torn line, or one that cannot be read, is where it stops.
///
/// # Errors
/// [`LogError`] if there is no header.
pub fn rebuild(bytes: &[u8]) -> Result<Rebuilt, LogError> {
    let mut reader = LogReader::new(bytes)?;
    let header = reader.header().clone();
    let mut run = Run {
        call: Call::new(header.config.clone(), header.seed),
        pending: VecDeque::new(),
        at: CallTime::ZERO,
        is_faithful: true,
    };
    let mut whole = reader.offset();
    while let Ok(Some(line)) = reader.next_line() {
        run.step(line);
        whole = reader.offset();
    }
    let Run { call, pending, at, is_faithful } = run;
    Ok(Rebuilt { call, header, at, bytes: whole, unlogged: pending.into(), is_faithful })
}

struct Run {
    call: Call,
    pending: VecDeque<Action>,
    at: CallTime,
    is_faithful: bool,
}

impl Run {
    fn step(&mut self, line: LogLine) {
        self.at = line.at;
        match line.entry {
            LogEntry::Event(event) => {
                self.before_input();
                self.call.handle_event(line.at, event);
                self.drain();
            }
            LogEntry::Timeout(timer) => {
                self.before_input();
                let due = self.call.poll_timeout();
                self.is_faithful &= due.is_some_and(|(due, next)| due <= line.at && next == timer);
                self.call.handle_timeout(line.at);
                self.drain();
            }
            LogEntry::Action(action) => {
                let json = |action: &Action| serde_json::to_string(action).ok();
                let is_same = self.pending.pop_front().is_some_and(|got| {
                    // The log does not hold the dialogue.
                    got == action || json(&got) == json(&action)
                });
                self.is_faithful &= is_same;
            }
            // The conversation does not depend on it.
            LogEntry::Remark(_) => (),
        }
    }

    fn before_input(&mut self) {
        self.is_faithful &= self.pending.is_empty();
        self.pending.clear();
    }

    fn drain(&mut self) {
        while let Some(action) = self.call.poll_action() {
            self.pending.push_back(action);
        }
    }
}

impl Call {
    /// A figure of all that decides what the call does next, words included: two calls that went
    /// the same way have the same. Not for storage: it changes with the engine.
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        // Personal data does not print: what is said goes in by itself.
        hasher.write(format!("{self:?}").as_bytes());
        for entry in &self.dialogue.entries {
            match entry {
                DialogueEntry::Caller { turn, text, others } => {
                    hasher.write_u32(turn.get());
                    hasher.write(text.reveal().as_bytes());
                    others.iter().for_each(|other| hasher.write(other.reveal().as_bytes()));
                }
                DialogueEntry::Keys { turn, digits } => {
                    hasher.write_u32(turn.get());
                    hasher.write(digits.reveal().as_bytes());
                }
                DialogueEntry::Agent { turn, text, heard, note } => {
                    hasher.write_u32(turn.get());
                    hasher.write(text.reveal().as_bytes());
                    hasher.write_u8(u8::from(*heard == Heard::Whole));
                    let note = note.as_ref().map_or("", |note| note.0.reveal());
                    hasher.write(note.as_bytes());
                }
                DialogueEntry::NoInput { turn } => hasher.write_u32(turn.get()),
            }
        }
        let left = (self.turns.records(), &self.messages);
        let json = serde_json::to_vec(&left).expect("plain data turns into JSON");
        hasher.write(&json);
        hasher.finish()
    }
}

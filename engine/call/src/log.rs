//! The event log of one call: what went in, what came out, when.
//!
//! JSON lines. The first is a [`LogHeader`], each other a [`LogLine`]. The log holds the words of
//! both parties, names, numbers and keys on purpose: config, seed and events reproduce every
//! action. It is the private record of one call; whoever stores it protects it accordingly.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use types::{AgentId, BusinessId, CallId, CallTime, ConfigVersion, WallTime};

use crate::{Action, CallConfig, Event, Remark, Timer};

/// The format of the log as written; grows when a reader must know.
/// 2: legs may lose their media and get it back; remarks; decisions carry what they were made from.
/// 3: an utterance may have several readings.
/// 4: the agent's own voice may come back.
pub const LOG_FORMAT: u32 = 4;

/// Events beyond this point of a call are not believed: a week.
const CALL_TIME_MAX: CallTime = CallTime::from_millis(7 * 24 * 3_600_000);

/// The first line of a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogHeader {
    /// [`LOG_FORMAT`].
    pub format: u32,
    /// Which call.
    pub call: CallId,
    /// Whose.
    pub business: BusinessId,
    /// Who answered.
    pub agent: AgentId,
    /// Under which published configuration.
    pub version: ConfigVersion,
    /// When the leg was accepted.
    pub began: WallTime,
    /// What decides where chance would.
    pub seed: u64,
    /// All the call depends on.
    pub config: CallConfig,
}

/// One line of a log.
#[derive(Clone, Debug, PartialEq)]
pub struct LogLine {
    /// When.
    pub at: CallTime,
    /// What.
    pub entry: LogEntry,
}

/// What a line of a log says.
#[derive(Clone, Debug, PartialEq)]
pub enum LogEntry {
    /// This went in.
    Event(Event),
    /// This timer fired.
    Timeout(Timer),
    /// This came out.
    Action(Action),
    /// This was noticed meanwhile, and changed nothing.
    Remark(Remark),
}

/// A log that cannot be read.
#[derive(Debug, Error)]
pub enum LogError {
    /// No complete header line.
    #[error("the log has no header")]
    NoHeader,
    /// The header line is no header.
    #[error("the log's header cannot be read")]
    Header(#[source] serde_json::Error),
    /// Written by a newer engine.
    #[error("the log has format {found}, this engine reads up to {LOG_FORMAT}")]
    Format {
        /// The format found.
        found: u32,
    },
    /// A line that is none.
    #[error("line {line} of the log cannot be read")]
    Line {
        /// Which, from 1.
        line: usize,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A line that says nothing or two things at once, goes back in time or leads far ahead.
    #[error("line {line} of the log makes no sense")]
    Nonsense {
        /// Which, from 1.
        line: usize,
    },
}

/// Writes a log into memory, for somebody else to carry away.
#[derive(Debug, Default)]
pub struct LogWriter {
    buffer: Vec<u8>,
}

#[derive(Serialize)]
struct WrittenLine<'a> {
    at: CallTime,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'a Event>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout: Option<Timer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'a Action>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remark: Option<&'a Remark>,
}

impl WrittenLine<'_> {
    const fn at(at: CallTime) -> Self {
        Self { at, event: None, timeout: None, action: None, remark: None }
    }
}

#[derive(Deserialize)]
struct ReadLine {
    at: CallTime,
    event: Option<Event>,
    timeout: Option<Timer>,
    action: Option<Action>,
    remark: Option<Remark>,
}

impl LogWriter {
    /// A writer that has written `header`.
    pub fn new(header: &LogHeader) -> Self {
        let mut writer = Self::default();
        writer.write(header);
        writer
    }

    /// A writer that goes on behind `lines`, written before.
    pub fn behind(lines: &[u8]) -> Self {
        Self { buffer: lines.to_vec() }
    }

    /// `event` is about to go in.
    pub fn event(&mut self, at: CallTime, event: &Event) {
        self.write(&WrittenLine { event: Some(event), ..WrittenLine::at(at) });
    }

    /// `timer` is about to fire.
    pub fn timeout(&mut self, at: CallTime, timer: Timer) {
        self.write(&WrittenLine { timeout: Some(timer), ..WrittenLine::at(at) });
    }

    /// `action` came out.
    pub fn action(&mut self, at: CallTime, action: &Action) {
        self.write(&WrittenLine { action: Some(action), ..WrittenLine::at(at) });
    }

    /// `remark` was noticed.
    pub fn remark(&mut self, at: CallTime, remark: &Remark) {
        self.write(&WrittenLine { remark: Some(remark), ..WrittenLine::at(at) });
    }

    /// Bytes not carried away yet; whole lines.
    pub fn pending(&self) -> &[u8] {
        &self.buffer
    }

    /// Moves all pending bytes to the end of `out`; the writer's memory stays for reuse.
    pub fn drain_into(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.buffer);
    }

    fn write(&mut self, line: &impl Serialize) {
        serde_json::to_writer(&mut self.buffer, line).expect("plain data turns into JSON");
        self.buffer.push(b'\n');
    }
}

/// Reads a log line by line. A last line without its line end is torn: it is left out.
#[derive(Debug)]
pub struct LogReader<'a> {
    header: LogHeader,
    bytes: usize,
    rest: &'a [u8],
    line: usize,
    at: CallTime,
    torn: Torn,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Torn {
    No,
    Yes,
}

impl<'a> LogReader<'a> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`LogError`] if there is none, or of a newer format.
    pub fn new(bytes: &'a [u8]) -> Result<Self, LogError> {
        #[derive(Deserialize)]
        struct Versioned {
            format: u32,
        }
        let end = bytes.iter().position(|&byte| byte == b'\n').ok_or(LogError::NoHeader)?;
        let (line, rest) = (&bytes[..end], &bytes[end + 1..]);
        // A newer header may not parse; its format still tells why.
        let Versioned { format } = serde_json::from_slice(line).map_err(LogError::Header)?;
        if LOG_FORMAT < format {
            return Err(LogError::Format { found: format });
        }
        let header = serde_json::from_slice(line).map_err(LogError::Header)?;
        Ok(Self { header, bytes: bytes.len(), rest, line: 1, at: CallTime::ZERO, torn: Torn::No })
    }

    /// The header.
    pub fn header(&self) -> &LogHeader {
        &self.header
    }

    /// Whether the last line was torn. Known once all lines were read.
    pub fn is_torn(&self) -> bool {
        self.torn == Torn::Yes
    }

    /// How many bytes have been read.
    pub fn offset(&self) -> usize {
        self.bytes - self.rest.len()
    }

    /// The number of the line read last, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The next line, if there is one.
    ///
    /// # Errors
    /// [`LogError::Line`], [`LogError::Nonsense`]: nothing behind such a line is believed.
    pub fn next_line(&mut self) -> Result<Option<LogLine>, LogError> {
        let Some(end) = self.rest.iter().position(|&byte| byte == b'\n') else {
            if !self.rest.is_empty() {
                self.torn = Torn::Yes;
            }
            return Ok(None);
        };
        let (line, rest) = (&self.rest[..end], &self.rest[end + 1..]);
        self.rest = rest;
        self.line += 1;
        let number = self.line;
        let read: ReadLine = serde_json::from_slice(line)
            .map_err(|source| LogError::Line { line: number, source })?;
        let entry = match (read.event, read.timeout, read.action, read.remark) {
            (Some(event), None, None, None) => LogEntry::Event(event),
            (None, Some(timer), None, None) => LogEntry::Timeout(timer),
            (None, None, Some(action), None) => LogEntry::Action(action),
            (None, None, None, Some(remark)) => LogEntry::Remark(remark),
            _ => return Err(LogError::Nonsense { line: number }),
        };
        if read.at < self.at || CALL_TIME_MAX < read.at {
            return Err(LogError::Nonsense { line: number });
        }
        self.at = read.at;
        Ok(Some(LogLine { at: read.at, entry }))
    }
}

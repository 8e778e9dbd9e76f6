//! What the caller measured, and what it tells while the call is up.

use std::ops::Range;

use serde::Serialize;
use types::{CallTime, DtmfDigit, E164, Millis, Pii, SampleRate, WallTime};

use crate::lateness::{Lateness, LatenessLog, Verdict};

/// One call as its caller heard it. Serializes without the audio; serialized names end in their
/// units.
#[derive(Clone, Debug, Serialize)]
pub struct CallReport {
    /// When the leg opened: the zero of all times in here.
    #[serde(rename = "started_unix_ms")]
    pub started: WallTime,
    /// How long it was open.
    #[serde(rename = "duration_ms")]
    pub duration: Millis,
    /// The number that was dialed.
    pub to: E164,
    /// The number that was shown, if any.
    pub from: Option<Pii<E164>>,
    /// The carrier's name of the call.
    pub call_control: String,
    /// Samples per second of both tracks.
    #[serde(rename = "rate_hz", serialize_with = "rate_as_hz")]
    pub rate: SampleRate,
    /// Who ended it.
    pub closed_by: ClosedBy,
    /// What was heard before the first question.
    pub greeting: Option<GreetingMeasure>,
    /// The questions asked, in order.
    pub turns: Vec<TurnMeasure>,
    /// The first time the caller talked over the agent on purpose. Each is also in its turn.
    pub barge_in: Option<BargeIn>,
    /// All gaps of the call, also those outside turns.
    pub gaps: Vec<Gap>,
    /// Marks in the order they came back.
    pub marks: Vec<MarkMeasure>,
    /// Clears in the order they came.
    pub clears: Vec<ClearMeasure>,
    /// How late the caller's own packets left.
    pub lateness: Lateness,
    /// The same packet by packet, to be merged over the calls of a run.
    #[serde(skip)]
    pub lateness_log: LatenessLog,
    /// Whether the figures of this call count at all (design.md §6).
    pub verdict: Verdict,
    /// What else happened.
    pub counters: Counters,
    /// What the caller said, from zero on, at `rate`.
    #[serde(skip)]
    pub caller_track: Vec<i16>,
    /// What the caller heard, from zero on, at `rate`; as long as `caller_track`.
    #[serde(skip)]
    pub agent_track: Vec<i16>,
}

impl CallReport {
    /// The response times of all answered turns, in order of the turns.
    pub fn responses(&self) -> impl Iterator<Item = Millis> {
        self.turns.iter().filter_map(|turn| turn.response)
    }

    /// What the agent said to this turn, as heard.
    pub fn reply_samples(&self, turn: &TurnMeasure) -> &[i16] {
        turn.reply_audio.clone().and_then(|range| self.agent_track.get(range)).unwrap_or(&[])
    }

    /// The report as JSON, indented, without the audio.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a report has string keys and plain values only")
    }
}

/// One question and its reply, as the caller heard it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TurnMeasure {
    /// The question's name in the script.
    pub label: String,
    /// First sample of speech in the question.
    #[serde(rename = "question_began_us")]
    pub question_began: CallTime,
    /// Behind its last sample of speech: by energy, not by the end of the file.
    #[serde(rename = "question_ended_us")]
    pub question_ended: CallTime,
    /// First audible sample of the reply. `None`: nothing was heard until the next question.
    #[serde(rename = "reply_began_us")]
    pub reply_began: Option<CallTime>,
    /// Behind its last audible sample.
    #[serde(rename = "reply_ended_us")]
    pub reply_ended: Option<CallTime>,
    /// From the end of the question to the beginning of the reply: the headline number.
    #[serde(rename = "response_ms")]
    pub response: Option<Millis>,
    /// Gaps within the reply.
    pub gaps: Vec<Gap>,
    /// Where the reply lies in the agent's track.
    pub reply_audio: Option<Range<usize>>,
    /// The agent began to speak while the question was still being asked, and not because it had
    /// been talking before.
    pub talked_over: bool,
    /// The question was asked into the agent's speech on purpose.
    pub barge_in: Option<BargeIn>,
}

/// What was heard before the first question.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GreetingMeasure {
    /// First audible sample: also the time from answer to greeting.
    #[serde(rename = "began_us")]
    pub began: CallTime,
    /// Behind the last audible sample.
    #[serde(rename = "ended_us")]
    pub ended: CallTime,
    /// Gaps within it.
    pub gaps: Vec<Gap>,
    /// Where it lies in the agent's track.
    pub audio: Range<usize>,
}

/// The caller talked over the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct BargeIn {
    /// First sample of the caller's speech.
    #[serde(rename = "onset_us")]
    pub onset: CallTime,
    /// Behind the last sample of the agent's that was heard.
    #[serde(rename = "silent_at_us")]
    pub silent_at: CallTime,
    /// From one to the other.
    #[serde(rename = "stop_ms")]
    pub stop: Millis,
}

/// Silence put into a reply by a queue that ran empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// Where the audio broke off.
    #[serde(rename = "at_us")]
    pub at: CallTime,
    /// How long nothing was there.
    #[serde(rename = "length_ms")]
    pub length: Millis,
    /// Whether a mark stood at the break.
    pub place: GapPlace,
}

/// Where a gap lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GapPlace {
    /// In the midst of audio: a stutter.
    InAudio,
    /// Behind a mark: between two segments, where a pause may belong.
    BetweenMarks,
}

/// A mark that came back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MarkMeasure {
    /// Its name.
    pub name: String,
    /// When.
    #[serde(rename = "at_us")]
    pub at: CallTime,
    /// Why.
    pub cause: EchoCause,
}

/// Why a mark came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EchoCause {
    /// The audio before it was heard.
    Heard,
    /// Nothing was queued.
    Idle,
    /// It was cleared.
    Cleared,
    /// Too many were pending.
    Refused,
}

/// A clear as it was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ClearMeasure {
    /// When.
    #[serde(rename = "at_us")]
    pub at: CallTime,
    /// How much audio was dropped unheard.
    #[serde(rename = "dropped_ms")]
    pub dropped: Millis,
    /// How many marks it brought back.
    pub marks: usize,
}

/// Who ended the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClosedBy {
    /// The caller hung up.
    Caller,
    /// The agent closed the socket properly.
    Agent,
    /// The socket broke.
    Lost,
    /// The engine stopped reading.
    Stalled,
    /// The call reached the longest duration of its plan.
    DurationMax,
}

/// What else happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// Media packets sent.
    pub packets_sent: u64,
    /// Media packets dropped on purpose.
    pub packets_lost: u64,
    /// Media packets sent twice on purpose.
    pub packets_doubled: u64,
    /// Media packets held back on purpose.
    pub packets_delayed: u64,
    /// Media messages heard.
    pub media_received: u64,
    /// Messages of unknown kind, or none at all.
    pub unknown: u64,
    /// Media whose payload could not be decoded.
    pub undecodable: u64,
    /// Media dropped without a word: the stream was started in the mode for whole files.
    pub ignored: u64,
    /// Binary messages: the protocol has none.
    pub binary: u64,
    /// Samples that did not fit into the play queue.
    pub overflowed: u64,
}

impl Counters {
    /// Adds the packets of another stream of the same leg.
    pub(crate) fn add_packets(&mut self, of: Self) {
        self.packets_sent += of.packets_sent;
        self.packets_lost += of.packets_lost;
        self.packets_doubled += of.packets_doubled;
        self.packets_delayed += of.packets_delayed;
    }
}

/// What the caller tells while the call is up.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation {
    /// The socket is open and the call announced.
    Opened {
        /// The carrier's name of the call.
        call_control: String,
    },
    /// The caller began to speak.
    QuestionBegan {
        /// Which of the script's questions, from 0.
        turn: usize,
        /// Its name.
        label: String,
        /// First sample of speech.
        at: CallTime,
    },
    /// The caller fell silent.
    QuestionEnded {
        /// Which.
        turn: usize,
        /// Behind the last sample of speech.
        at: CallTime,
    },
    /// The agent can be heard. `turn` is `None` for the greeting.
    ReplyBegan {
        /// To which question.
        turn: Option<usize>,
        /// First audible sample.
        at: CallTime,
        /// Since the end of the question.
        response: Option<Millis>,
    },
    /// The caller decided that the agent has finished.
    ReplyEnded {
        /// To which question.
        turn: Option<usize>,
        /// Behind the last audible sample.
        at: CallTime,
    },
    /// The caller has waited long enough.
    Unanswered {
        /// Which question.
        turn: Option<usize>,
        /// When the caller gave up.
        at: CallTime,
    },
    /// The caller talks over the agent.
    BargedIn {
        /// With which question.
        turn: usize,
        /// First sample of speech.
        onset: CallTime,
    },
    /// The caller pressed a key.
    Pressed {
        /// Which.
        digit: DtmfDigit,
        /// When.
        at: CallTime,
    },
    /// The engine dropped its queued audio.
    Cleared(ClearMeasure),
    /// The call is over.
    Closed {
        /// By whom.
        by: ClosedBy,
        /// When.
        at: CallTime,
    },
}

fn rate_as_hz<S: serde::Serializer>(rate: &SampleRate, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u32(rate.hz())
}

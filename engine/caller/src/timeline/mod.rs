//! A call as a picture: who spoke when, what was said and heard, and where the time went.
//!
//! [`Timeline`] is plain data; [`Timeline::to_svg`] is a pure function of it. The picture is one
//! self-contained SVG without scripts, fonts or links.

mod flags;
mod paint;
mod row;
mod style;
mod svg;
mod text;
mod wave;

use std::ops::Range;

use types::{CallTime, Millis, SampleRate};

use crate::{BargeIn, CallReport};

/// Everything a picture of a call shows. All times lie on the caller's timeline.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// Whose call it is: the business.
    pub title: String,
    /// Numbers, date, codec: one line.
    pub subtitle: String,
    /// Samples per second of both tracks.
    pub rate: SampleRate,
    /// What the caller said.
    pub caller: Vec<i16>,
    /// What the caller heard.
    pub agent: Vec<i16>,
    /// When the caller spoke.
    pub speech: Vec<Range<CallTime>>,
    /// The recognizer's words as they came, in order of time.
    pub caller_words: Vec<CallerWords>,
    /// What the agent said, in order of time.
    pub agent_words: Vec<AgentWords>,
    /// Where the time went between a question and its reply.
    pub turns: Vec<StagedTurn>,
    /// Where the caller talked over the agent.
    pub barge_ins: Vec<BargeIn>,
    /// What was decided and what went amiss, in order of time.
    pub flags: Vec<Flag>,
}

/// A moment worth pointing at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// When.
    pub at: CallTime,
    /// What kind of thing happened.
    pub kind: FlagKind,
    /// A word or two.
    pub label: String,
    /// The whole of it, for who points at the flag.
    pub why: String,
}

/// What kind of moment a flag points at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FlagKind {
    /// Where the caller's turn ends, and why.
    Turn,
    /// The caller did something besides speaking.
    Caller,
    /// The agent did something besides speaking.
    Agent,
    /// The caller stops the agent.
    BargeIn,
    /// Something went amiss.
    Fault,
    /// Of interest to who looks closely: a dot without words.
    Quiet,
}

/// Words of the caller as the engine understood them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallerWords {
    /// The words so far: they replace the partial before.
    Partial {
        /// When they came.
        at: CallTime,
        /// All words so far.
        text: String,
    },
    /// The words for good.
    Final {
        /// First sample of the speech they stand for.
        from: CallTime,
        /// Behind its last sample.
        until: CallTime,
        /// The words.
        text: String,
    },
}

/// A reply, or a piece of one, under its audio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentWords {
    /// First sample heard.
    pub from: CallTime,
    /// Behind the last sample heard.
    pub until: CallTime,
    /// The words that were heard.
    pub heard: String,
    /// The words that were not, because the caller talked over them.
    pub unheard: String,
}

/// Where the time between a question and its reply went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StagedTurn {
    /// Behind the last sample of the question.
    pub question_ended: CallTime,
    /// From there to the first sample of the reply, as heard.
    pub response: Millis,
    /// The stages, in order. What they leave of `response` is drawn as [`Stage::Rest`].
    pub stages: Vec<(Stage, Millis)>,
}

/// Why the caller has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Silence that was waited for, to be sure that the caller has finished.
    EndpointDelay,
    /// Until the words were there.
    Recognizer,
    /// Until the reply's first words were there.
    Brain,
    /// Until the reply's first sound was there.
    Voice,
    /// From the first sound to the caller's ear.
    Lead,
    /// Whatever else.
    Rest,
}

impl Stage {
    /// Every stage, in order of time.
    pub const ALL: [Self; 6] =
        [Self::EndpointDelay, Self::Recognizer, Self::Brain, Self::Voice, Self::Lead, Self::Rest];

    /// Its name in the picture.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EndpointDelay => "endpoint delay",
            Self::Recognizer => "recognizer",
            Self::Brain => "brain",
            Self::Voice => "voice",
            Self::Lead => "lead",
            Self::Rest => "rest",
        }
    }

    /// What it is, for somebody who has never heard of it.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::EndpointDelay => "making sure the caller has finished",
            Self::Recognizer => "speech to words",
            Self::Brain => "finding the answer",
            Self::Voice => "answer to speech",
            Self::Lead => "on the way to the caller's ear",
            Self::Rest => "everything else",
        }
    }
}

impl Timeline {
    /// The picture of `report` as far as the caller alone can tell: tracks, speech, response times
    /// without stages, barge-ins. Words and stages are the engine's to add.
    pub fn of(report: &CallReport, title: impl Into<String>, subtitle: impl Into<String>) -> Self {
        let turns = report.turns.iter().filter_map(|turn| {
            let response = turn.response?;
            Some(StagedTurn { question_ended: turn.question_ended, response, stages: Vec::new() })
        });
        Self {
            title: title.into(),
            subtitle: subtitle.into(),
            rate: report.rate,
            caller: report.caller_track.clone(),
            agent: report.agent_track.clone(),
            speech: report.turns.iter().map(|t| t.question_began..t.question_ended).collect(),
            caller_words: Vec::new(),
            agent_words: Vec::new(),
            turns: turns.collect(),
            barge_ins: report.turns.iter().filter_map(|turn| turn.barge_in).collect(),
            flags: Vec::new(),
        }
    }

    /// The picture.
    ///
    /// Output: an SVG document of 1,440 units width, 20 to 30 kB per 16 s of speech.
    /// Cost:   milliseconds per minute of call.
    pub fn to_svg(&self) -> String {
        paint::paint(self)
    }
}

//! What the caller does.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use codecs::dtmf;
use types::{DtmfDigit, Millis, SampleRate};

/// What the caller does, step by step. After the last step it hangs up.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// The steps, in order.
    pub steps: Vec<Step>,
}

/// One step of a script. Every one ends by itself: no agent can hold a caller for ever.
#[derive(Clone)]
pub enum Step {
    /// Listens until the agent has finished.
    WaitForReply(Wait),
    /// Says something.
    Say {
        /// What, at the leg's rate.
        audio: Arc<[i16]>,
        /// Its name in the report.
        label: String,
    },
    /// Listens until the agent has been speaking for `after`, then says something over it. If the
    /// agent falls silent before, says it then.
    Interrupt {
        /// What, at the leg's rate.
        audio: Arc<[i16]>,
        /// Its name in the report.
        label: String,
        /// After how much of the reply.
        after: Millis,
    },
    /// Presses keys, one per 200 ms.
    Dtmf {
        /// Which.
        digits: Vec<DtmfDigit>,
    },
    /// Is silent.
    Pause {
        /// For how long.
        span: Millis,
    },
    /// Is silent until somebody opens the gate, or `max` has passed.
    WaitForGate {
        /// Which.
        gate: Gate,
        /// For how long at most.
        max: Millis,
    },
    /// Listens until the agent hangs up, or `max` has passed.
    WaitForHangUp {
        /// For how long at most.
        max: Millis,
    },
    /// Hangs up.
    HangUp,
}

/// When a reply counts as finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// After something was heard: silence of this length, with nothing audible on its way.
    pub silence: Millis,
    /// Gives up if nothing was heard for this long.
    pub begin_max: Millis,
    /// Gives up on a reply that lasts longer than this.
    pub reply_max: Millis,
}

impl Wait {
    /// For the greeting: over after 600 ms of silence.
    pub const GREETING: Self = Self { silence: Millis::new(600), ..Self::REPLY };

    /// For a reply: over after 700 ms of silence; given up after 10 s without one.
    pub const REPLY: Self = Self {
        silence: Millis::new(700),
        begin_max: Millis::from_secs(10),
        reply_max: Millis::from_secs(60),
    };
}

/// Something to say.
#[derive(Clone, PartialEq, Eq)]
pub struct Question {
    /// Its name in the report.
    pub label: String,
    /// What, at the leg's rate.
    pub audio: Arc<[i16]>,
}

/// How a conversation ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The caller hangs up after the last reply.
    HangUp,
    /// The caller waits this long for the agent to hang up, then does so itself.
    WaitForAgent(Millis),
}

/// Holds a caller back until something elsewhere has happened. Clones are the same gate.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<AtomicBool>);

impl Gate {
    /// A closed gate.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets everybody pass from now on.
    pub fn open(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether it is open.
    pub fn is_open(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Step {
    /// Presses keys as tones in the audio of a leg at `rate`, as on a line whose carrier tells of no
    /// keys.
    pub fn tones(digits: &[DtmfDigit], rate: SampleRate) -> Self {
        let mut audio = Vec::new();
        dtmf::press(digits, rate, &mut audio);
        Self::Say { audio: audio.into(), label: "keys".to_owned() }
    }
}

impl Script {
    /// Hears the greeting, asks the questions one after the other, hears each reply to its end.
    pub fn conversation(questions: Vec<Question>, ending: Ending) -> Self {
        Self::interrupted(questions, None, ending)
    }

    /// As [`Self::conversation`], but question `interruption.0` is asked into the reply before it,
    /// when that has been heard for `interruption.1`.
    pub fn interrupted(
        questions: Vec<Question>,
        interruption: Option<(usize, Millis)>,
        ending: Ending,
    ) -> Self {
        let mut steps = Vec::with_capacity(2 * questions.len() + 2);
        let mut wait = Wait::GREETING;
        for (number, Question { label, audio }) in questions.into_iter().enumerate() {
            match interruption {
                Some((at, after)) if at == number => {
                    steps.push(Step::Interrupt { audio, label, after });
                }
                Some(_) | None => {
                    steps.push(Step::WaitForReply(wait));
                    steps.push(Step::Say { audio, label });
                }
            }
            wait = Wait::REPLY;
        }
        match ending {
            Ending::HangUp => steps.extend([Step::WaitForReply(wait), Step::HangUp]),
            Ending::WaitForAgent(max) => {
                steps.extend([Step::WaitForReply(wait), Step::WaitForHangUp { max }]);
            }
        }
        Self { steps }
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WaitForReply(wait) => f.debug_tuple("WaitForReply").field(wait).finish(),
            Self::Say { label, .. } => write!(f, "Say({label})"),
            Self::Interrupt { label, after, .. } => write!(f, "Interrupt({label}, {after})"),
            Self::Dtmf { digits } => write!(f, "Dtmf({} keys)", digits.len()),
            Self::Pause { span } => write!(f, "Pause({span})"),
            Self::WaitForGate { max, .. } => write!(f, "WaitForGate({max})"),
            Self::WaitForHangUp { max } => write!(f, "WaitForHangUp({max})"),
            Self::HangUp => f.write_str("HangUp"),
        }
    }
}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Question({}, {} samples)", self.label, self.audio.len())
    }
}

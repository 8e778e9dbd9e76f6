//! What a call is to be like.

use call::{CallConfig, Lines, ResumeLimits};
use types::{BargeIn, Limits, Millis, Persona, Tone, Turns};

use crate::caller::Said;

/// One call, ready to be run.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What decides where chance would.
    pub seed: u64,
    /// The agent.
    pub config: CallConfig,
    /// What the caller says and does.
    pub caller: Vec<Said>,
    /// What the line does to it.
    pub line: Line,
    /// When the media is lost, and how it comes back; by time.
    pub outages: Vec<Outage>,
    /// How the recognizer is.
    pub recognizer: RecognizerFaults,
    /// How the brain is.
    pub brain: BrainFaults,
    /// How the voice is.
    pub voice: VoiceFaults,
}

/// What goes wrong on the line. Shares are per mille of the messages.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// Caller's audio that never arrives.
    pub loss: u16,
    /// Caller's audio that arrives twice.
    pub duplicates: u16,
    /// Caller's audio that arrives behind what was sent after it.
    pub reorder: u16,
    /// Caller's audio that arrives up to `lateness_max` late.
    pub late: u16,
    /// See `late`.
    pub lateness_max: Millis,
    /// Marks that never come back.
    pub marks_lost: u16,
    /// One way.
    pub delay: Millis,
    /// How much faster the carrier's clock runs, in millionths.
    pub drift_ppm: i32,
    /// When the leg goes away without a word, if it does.
    pub breaks_at: Option<Millis>,
    /// From when to when the caller's audio stays away, the socket up, if it does.
    pub starves: Option<(Millis, Millis)>,
}

impl Line {
    /// A faultless line of 30 ms.
    pub const CLEAN: Self = Self {
        loss: 0,
        duplicates: 0,
        reorder: 0,
        late: 0,
        lateness_max: Millis::ZERO,
        marks_lost: 0,
        delay: Millis::new(30),
        drift_ppm: 0,
        breaks_at: None,
        starves: None,
    };

    /// A bad one.
    pub const BAD: Self = Self {
        loss: 10,
        duplicates: 20,
        reorder: 30,
        late: 20,
        lateness_max: Millis::new(120),
        marks_lost: 30,
        delay: Millis::new(60),
        drift_ppm: 80,
        breaks_at: None,
        starves: None,
    };
}

/// A stretch without media.
#[derive(Clone, Copy, Debug)]
pub struct Outage {
    /// When it begins.
    pub at: Millis,
    /// What is lost.
    pub lost: Lost,
    /// How the media comes back.
    pub back: Back,
}

/// What an outage takes away.
#[derive(Clone, Copy, Debug)]
pub enum Lost {
    /// The socket.
    Socket,
    /// The engine's process, for so long; the socket with it, if there is one.
    Process(Millis),
}

/// How media comes back.
#[derive(Clone, Copy, Debug)]
pub enum Back {
    /// By itself, after so long: perhaps before anybody asks for it.
    ByItself(Millis),
    /// As ordered, so long after the order, which is refused so often before.
    Ordered {
        /// Orders refused.
        refused: u32,
        /// From the order that is not refused to the media.
        after: Millis,
    },
    /// As ordered, once the carrier can be reached again and has stopped losing what it has taken.
    Reached {
        /// From the loss on nobody answers for so long: orders are tried for as long as the engine
        /// tries, and then refused.
        away: Millis,
        /// Orders that are taken then and come to nothing.
        void: u32,
        /// From the order that comes to something to the media.
        after: Millis,
    },
    /// Not at all, whatever is ordered.
    Never,
}

/// How a recognizer behaves.
#[derive(Clone, Copy, Debug)]
pub struct RecognizerFaults {
    /// From the order to the words, at most.
    pub latency_max: Millis,
    /// Finals that never come, per mille.
    pub silent: u16,
    /// When it dies, if it does.
    pub dies_at: Option<Millis>,
}

/// How a brain behaves.
#[derive(Clone, Copy, Debug)]
pub struct BrainFaults {
    /// To the first words, at most.
    pub latency_max: Millis,
    /// Replies that fail, per mille.
    pub fails: u16,
    /// Replies that never come, per mille.
    pub silent: u16,
}

/// How a voice behaves.
#[derive(Clone, Copy, Debug)]
pub struct VoiceFaults {
    /// To a segment's audio, at most.
    pub latency_max: Millis,
    /// Segments that fail, per mille.
    pub fails: u16,
    /// Segments that never come, per mille.
    pub silent: u16,
}

impl Scenario {
    /// A short call on a clean line to a healthy engine.
    pub fn new(seed: u64, caller: Vec<Said>) -> Self {
        let latency_max = Millis::new(200);
        Self {
            seed,
            config: config(),
            caller,
            line: Line::CLEAN,
            outages: Vec::new(),
            recognizer: RecognizerFaults { latency_max, silent: 0, dies_at: None },
            brain: BrainFaults { latency_max, fails: 0, silent: 0 },
            voice: VoiceFaults { latency_max, fails: 0, silent: 0 },
        }
    }
}

fn config() -> CallConfig {
    CallConfig {
        persona: Persona {
            greeting: "Thank you for calling Riverside Dental, how can I help you?".to_owned(),
            disclosure: None,
            tone: Tone::Warm,
            language: "en-US".to_owned(),
        },
        turns: Turns {
            endpoint_delay_min: Millis::new(300),
            endpoint_delay_max: Millis::new(1_500),
            barge_in: BargeIn::Allowed,
            no_input_delay: Millis::from_secs(8),
            no_input_prompts_max: 1,
            dtmf_gap_max: Millis::from_secs(2),
            greeting_protected: Millis::ZERO,
            keys: types::KeyRules::STANDARD,
        },
        limits: Limits { call_duration_max: Millis::from_secs(300), calls_max: 1 },
        lines: Lines::english(),
        resume: ResumeLimits::STANDARD,
    }
}

//! Where the caller's speech begins, pauses and ends.
//!
//! ```text
//!             p ≥ start, n windows          silence ≥ pause          silence ≥ hangover
//! Quiet ───────── Started ─────► Speaking ──── Paused ────► Pausing ────── Ended ─────► Quiet
//!                                   ▲                          │
//!                                   └──────── Resumed ─────────┘   p ≥ resume, 1 window
//! ```
//!
//! An energy gate looks at every frame; the model looks only while the gate is open or speech was
//! near. What the model finds is decided in [`Machine`], which sees probabilities only. All times
//! are counts of samples.

use codecs::gate::{EnergyGate, Gate, GateConfig, GateState};
use codecs::level::Dbfs;
use types::{Millis, SampleRate};

use crate::silero::{Vad, VadState, WINDOW};

/// Whether the caller hears the agent right now, and so might be heard with its echo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audibility {
    /// No agent in the line.
    AgentSilent,
    /// The agent speaks: be surer.
    AgentAudible,
    /// The agent speaks, and its voice is known to come back loud: be surer still.
    AgentEchoes,
}

/// A change in the caller's speech. `ago` counts back from the newest sample given in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// Speech has begun.
    Started {
        /// How long ago.
        ago: Millis,
    },
    /// A short silence: worth a speculation.
    Paused {
        /// How long ago the last speech was.
        ago: Millis,
    },
    /// The caller has gone on after [`Edge::Paused`].
    Resumed,
    /// Silence for the hangover.
    Ended {
        /// How long ago the last speech was.
        ago: Millis,
    },
}

/// When a [`SpeechDetector`] believes what it sees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DetectorSettings {
    /// Probability from which a window is speech while the agent is silent.
    pub start: f32,
    /// How many such windows of 32 ms in a row begin speech.
    pub start_windows: u32,
    /// The same while the agent is audible.
    pub start_audible: f32,
    /// The same while the agent is audible.
    pub start_audible_windows: u32,
    /// Probability from which a window is speech while the agent's echo is loud; so many windows as
    /// while it is audible.
    pub start_echoing: f32,
    /// Probability from which a window goes on with speech that has begun, while the agent is
    /// silent; while it is audible that takes `start_audible`.
    pub resume: f32,
    /// Probability below which a window within speech is silence; no greater than `resume`.
    pub stop: f32,
    /// Silence after which [`Edge::Paused`] is told.
    pub pause: Millis,
    /// Silence after which [`Edge::Ended`] is told.
    pub hangover: Millis,
    /// The gate in front.
    pub gate: GateConfig,
}

impl DetectorSettings {
    /// The values of conversation.md §7.2, but for `resume` and `stop`, which are 0.5 and 0.35
    /// there: with those the ends of what is said in noise are lost. Measured together with the
    /// recognizer's longer lead, words in error on the tuned noisy questions: 15.0 and 11.5 %.
    /// `pause` is three windows: told 96 to 116 ms after the last speech, so that a speculation is
    /// under way by 120 ms (§7.4).
    pub const STANDARD: Self = Self {
        start: 0.5,
        start_windows: 2,
        start_audible: 0.6,
        start_audible_windows: 4,
        start_echoing: 0.75,
        resume: 0.2,
        stop: 0.2,
        pause: Millis::new(96),
        hangover: Millis::new(200),
        gate: GateConfig::STANDARD,
    };
}

impl Default for DetectorSettings {
    fn default() -> Self {
        Self::STANDARD
    }
}

/// Detects speech in one call's audio.
///
/// Input: frames of 20 ms, mono at 8 kHz, in order.
/// Cost:  a closed gate: the gate's own microseconds. An open one: one run of the model per 32 ms,
///        which allocates. A few kilobytes of state.
///
/// A model that fails is taken to hear what the gate hears.
pub struct SpeechDetector {
    vad: Vad,
    gate: EnergyGate,
    windows: Windows,
    neural: Neural,
    machine: Machine,
    settings: DetectorSettings,
    counters: DetectorCounters,
}

/// What a detector has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DetectorCounters {
    /// Windows heard.
    pub windows: u64,
    /// Windows the model looked at.
    pub windows_neural: u64,
    /// Windows it failed at.
    pub failures: u64,
}

impl SpeechDetector {
    /// A detector that has heard nothing yet.
    pub fn new(vad: &Vad, settings: DetectorSettings) -> Self {
        Self {
            vad: vad.clone(),
            gate: EnergyGate::new(settings.gate),
            windows: Windows::new(),
            neural: Neural::new(),
            machine: Machine::new(),
            settings,
            counters: DetectorCounters::default(),
        }
    }

    /// Takes in the next `frame` and tells what has changed, if anything.
    ///
    /// # Panics
    /// If `frame` is longer than a window of 256 samples: framing has been done by then.
    pub fn frame(&mut self, frame: &[i16], audibility: Audibility) -> Option<Edge> {
        assert!(frame.len() <= WINDOW, "a frame holds at most one window's end");
        let state = self.gate.frame(frame);
        let threshold = self.gate.threshold();
        if let Some(window) = self.windows.push(frame, state, threshold) {
            let probability = self.look(&window);
            self.machine.window(probability, window.loud_end, audibility, &self.settings);
        }
        self.machine.advance(self.windows.newest, &self.settings)
    }

    /// Takes in a frame that was made up in place of a lost one: speech goes on, or does not, as
    /// before.
    ///
    /// # Panics
    /// As [`SpeechDetector::frame`].
    pub fn frame_concealed(&mut self, frame: &[i16], audibility: Audibility) -> Option<Edge> {
        assert!(frame.len() <= WINDOW, "a frame holds at most one window's end");
        let threshold = self.gate.threshold();
        if let Some(window) = self.windows.push(frame, GateState::Closed, threshold) {
            self.neural.state.skip(&window.samples);
            let held = self.machine.probability;
            self.machine.window(held, window.loud_end, audibility, &self.settings);
        }
        self.machine.advance(self.windows.newest, &self.settings)
    }

    /// Takes in that no audio has come for a moment: whoever spoke pauses, and goes on or has ended by
    /// what comes next.
    pub fn starve(&mut self) {
        if let Phase::Speaking { .. } = self.machine.phase {
            let silent_since = self.machine.speech_end.unwrap_or(self.machine.position);
            self.machine.phase = Phase::Pausing { silent_since };
        }
    }

    /// Takes in that no audio has come for so long that speech is over: what comes next begins anew.
    pub fn stop(&mut self) {
        self.machine.phase = Phase::QUIET;
        self.machine.probability = 0.0;
    }

    /// The probability of speech in the last window; 0 while the gate is closed.
    pub fn probability(&self) -> f32 {
        self.machine.probability
    }

    /// Whether the caller is speaking, short pauses included.
    pub fn is_speaking(&self) -> bool {
        !matches!(self.machine.phase, Phase::Quiet { .. })
    }

    /// What has been done so far.
    pub fn counters(&self) -> DetectorCounters {
        self.counters
    }

    fn look(&mut self, window: &Window) -> f32 {
        self.counters.windows += 1;
        let near = self.machine.is_speech_near(self.windows.newest);
        if window.gate == GateState::Closed && !near {
            self.neural.skip(window);
            return 0.0;
        }
        self.counters.windows_neural += 1;
        match self.neural.look(&self.vad, window) {
            Some(probability) => probability,
            None => {
                self.counters.failures += 1;
                match window.gate {
                    GateState::Open => 1.0,
                    GateState::Closed => 0.0,
                }
            }
        }
    }
}

/// Cuts frames into the model's windows.
struct Windows {
    samples: [i16; WINDOW],
    len: usize,
    /// Whether the gate was open in any frame of the window at hand.
    gate: GateState,
    /// Samples given in so far.
    newest: u64,
    /// End of the last block that stood out from the line's noise.
    loud_end: u64,
}

/// What the model looks at.
struct Window {
    samples: [i16; WINDOW],
    gate: GateState,
    /// End of the last block that stood out from the line's noise, up to the end of this window.
    loud_end: u64,
}

impl Windows {
    fn new() -> Self {
        Self { samples: [0; WINDOW], len: 0, gate: GateState::Closed, newest: 0, loud_end: 0 }
    }

    fn push(&mut self, frame: &[i16], gate: GateState, threshold: Dbfs) -> Option<Window> {
        let (now, later) = frame.split_at(frame.len().min(WINDOW - self.len));
        self.take(now, gate, threshold);
        if self.len < WINDOW {
            return None;
        }
        let window = Window { samples: self.samples, gate: self.gate, loud_end: self.loud_end };
        self.len = 0;
        self.gate = GateState::Closed;
        self.take(later, gate, threshold);
        Some(window)
    }

    fn take(&mut self, samples: &[i16], gate: GateState, threshold: Dbfs) {
        self.samples[self.len..self.len + samples.len()].copy_from_slice(samples);
        self.len += samples.len();
        if gate == GateState::Open && !samples.is_empty() {
            self.gate = GateState::Open;
        }
        for block in samples.chunks(LOUD_BLOCK) {
            self.newest += block.len() as u64;
            if threshold <= Dbfs::of_alternating(block) {
                self.loud_end = self.newest;
            }
        }
    }
}

/// The model's memory of the call, and what it has not been shown.
struct Neural {
    state: VadState,
    /// The last windows that were skipped: shown first when the gate opens, so that the model does
    /// not meet a word's first sound out of the blue.
    skipped: [[i16; WINDOW]; WARM_UP],
    skipped_len: usize,
    /// Windows since the memory was last wiped.
    age: u32,
    /// Windows of clear non-speech in a row.
    clear: u32,
}

impl Neural {
    fn new() -> Self {
        Self {
            state: VadState::new(),
            skipped: [[0; WINDOW]; WARM_UP],
            skipped_len: 0,
            age: 0,
            clear: 0,
        }
    }

    fn skip(&mut self, window: &Window) {
        if self.skipped_len == 0 {
            // The memory is of other things than what comes when the gate opens again.
            self.wipe();
        }
        self.skipped.rotate_left(1);
        self.skipped[WARM_UP - 1] = window.samples;
        self.skipped_len = (self.skipped_len + 1).min(WARM_UP);
        self.state.skip(&window.samples);
    }

    fn look(&mut self, vad: &Vad, window: &Window) -> Option<f32> {
        let skipped = std::mem::take(&mut self.skipped_len);
        for earlier in &self.skipped[WARM_UP - skipped..] {
            vad.probability(&mut self.state, earlier).ok()?;
        }
        let probability = vad.probability(&mut self.state, &window.samples).ok()?;
        self.age += 1;
        self.clear = if probability < CLEAR { self.clear + 1 } else { 0 };
        if RESET_AGE <= self.age && RESET_CLEAR <= self.clear {
            self.wipe();
        }
        Some(probability)
    }

    fn wipe(&mut self) {
        self.state.reset();
        self.age = 0;
        self.clear = 0;
    }
}

/// From probabilities to edges. Positions are counts of samples.
struct Machine {
    phase: Phase,
    /// End of the last window.
    position: u64,
    probability: f32,
    /// Where speech last was, if there was any.
    speech_end: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// No speech, but perhaps its beginning.
    Quiet {
        /// Where the windows that might be speech began.
        onset: Option<u64>,
        /// How many windows in a row were clear enough while the agent is silent, audible, echoing.
        clear: [u32; 3],
        begun: bool,
    },
    /// Speech.
    Speaking {
        /// Where silence began, if the last window was silent.
        silent_since: Option<u64>,
        /// Whether the caller was thought to pause until the last window.
        resumed: bool,
    },
    /// Silence that was told.
    Pausing { silent_since: u64 },
}

impl Machine {
    fn new() -> Self {
        Self { phase: Phase::QUIET, position: 0, probability: 0.0, speech_end: None }
    }

    /// Takes in the probability of the next window.
    fn window(
        &mut self,
        probability: f32,
        loud_end: u64,
        audibility: Audibility,
        settings: &DetectorSettings,
    ) {
        let begin = self.position;
        self.position += WINDOW as u64;
        self.probability = probability;
        let resume = match audibility {
            Audibility::AgentSilent => settings.resume,
            Audibility::AgentAudible => settings.start_audible,
            Audibility::AgentEchoes => settings.start_echoing,
        };
        // The model lags behind the end of speech, the gate does not; but a fading sound may
        // vanish in the noise, so the gate is believed only so far.
        let end = loud_end.clamp(self.position - LAG_MAX.min(self.position), self.position);
        match &mut self.phase {
            Phase::Quiet { onset, clear, begun } => {
                let thresholds = [settings.start, settings.start_audible, settings.start_echoing];
                for (count, threshold) in clear.iter_mut().zip(thresholds) {
                    *count = if threshold <= probability { *count + 1 } else { 0 };
                }
                *onset = (settings.stop <= probability).then_some(onset.unwrap_or(begin));
                *begun = match audibility {
                    Audibility::AgentSilent => settings.start_windows <= clear[0],
                    Audibility::AgentAudible => settings.start_audible_windows <= clear[1],
                    Audibility::AgentEchoes => settings.start_audible_windows <= clear[2],
                };
                if *begun {
                    self.speech_end = Some(end);
                }
            }
            Phase::Speaking { silent_since, .. } => {
                if resume <= probability {
                    *silent_since = None;
                } else if probability < settings.stop && silent_since.is_none() {
                    *silent_since = self.speech_end;
                }
                if silent_since.is_none() {
                    self.speech_end = Some(end);
                }
            }
            Phase::Pausing { .. } => {
                if resume <= probability {
                    self.phase = Phase::Speaking { silent_since: None, resumed: true };
                    self.speech_end = Some(end);
                }
            }
        }
    }

    /// Tells what has changed by the time `newest` samples are in.
    fn advance(&mut self, newest: u64, settings: &DetectorSettings) -> Option<Edge> {
        let ago = |position: u64| SampleRate::Hz8000.span_of(newest - position);
        match self.phase {
            Phase::Quiet { onset: Some(onset), begun: true, .. } => {
                self.phase = Phase::Speaking { silent_since: None, resumed: false };
                Some(Edge::Started { ago: ago(onset) })
            }
            Phase::Quiet { .. } => None,
            Phase::Speaking { resumed: true, .. } => {
                self.phase = Phase::Speaking { silent_since: None, resumed: false };
                Some(Edge::Resumed)
            }
            Phase::Speaking { silent_since: Some(since), .. } if settings.pause <= ago(since) => {
                self.phase = Phase::Pausing { silent_since: since };
                Some(Edge::Paused { ago: ago(since) })
            }
            Phase::Speaking { .. } => None,
            Phase::Pausing { silent_since } if settings.hangover <= ago(silent_since) => {
                self.phase = Phase::QUIET;
                Some(Edge::Ended { ago: ago(silent_since) })
            }
            Phase::Pausing { .. } => None,
        }
    }

    fn is_speech_near(&self, newest: u64) -> bool {
        self.phase != Phase::QUIET || self.speech_end.is_some_and(|end| newest < end + SPEECH_NEAR)
    }
}

impl Phase {
    const QUIET: Self = Self::Quiet { onset: None, clear: [0; 3], begun: false };
}

/// 5 ms: fine enough to place the end of a word, long enough to hold a period of a low voice.
const LOUD_BLOCK: usize = 40;

/// Three windows: how far the model's idea of the end of speech is corrected at most. Measured: it
/// lags by one to two windows.
const LAG_MAX: u64 = 3 * WINDOW as u64;

/// 1 s: how long the model keeps looking after speech (conversation.md §7.2).
const SPEECH_NEAR: u64 = 8_000;

/// 96 ms of what came before the gate opened.
const WARM_UP: usize = 3;

/// Windows below this are clear non-speech, and so many in a row allow a reset of the model's
/// memory once it is 2 s old: at 8 kHz it otherwise grows deaf in noise and silence
/// (conversation.md §3.1).
const CLEAR: f32 = 0.1;
const RESET_CLEAR: u32 = 5;
const RESET_AGE: u32 = 2_000 / 32;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Feeds one probability a window, written as tenths; returns the edges as letters with the
    /// windows between them as dots. All sound is loud, so that ends are those of windows.
    fn check(audibility: Audibility, tenths: &str, expected: &str) {
        let mut machine = Machine::new();
        let mut told = String::new();
        for tenth in tenths.bytes() {
            let probability = f32::from(tenth - b'0') / 10.0;
            let newest = machine.position + WINDOW as u64;
            machine.window(probability, newest, audibility, &DetectorSettings::STANDARD);
            told.push(match machine.advance(newest, &DetectorSettings::STANDARD) {
                None => '.',
                Some(Edge::Started { ago }) => {
                    assert!(ago <= Millis::new(160), "{ago}");
                    'S'
                }
                Some(Edge::Paused { ago }) => {
                    assert_eq!(ago, Millis::new(96));
                    'P'
                }
                Some(Edge::Resumed) => 'R',
                Some(Edge::Ended { ago }) => {
                    assert_eq!(ago, Millis::new(224));
                    'E'
                }
            });
        }
        assert_eq!(told, expected, "{tenths}");
    }

    #[test]
    fn edges_follow_the_probabilities() {
        use Audibility::{AgentAudible, AgentSilent};
        check(AgentSilent, "0099900000000", "...S...P...E.");
        // One window is a click, two are speech.
        check(AgentSilent, "0090000", ".......");
        check(AgentSilent, "0099", "...S");
        // Between the thresholds speech goes on.
        check(AgentSilent, "99444444", ".S......");
        // A pause that ends.
        check(AgentSilent, "99900009990000", ".S...P.R....P.");
        // The agent is audible: four windows, and surer ones.
        check(AgentAudible, "55555555", "........");
        check(AgentAudible, "0777700", "....S..");
        check(AgentAudible, "0777077", ".......");
        // And its echo is loud: surer still.
        check(Audibility::AgentEchoes, "0777777", ".......");
        check(Audibility::AgentEchoes, "0888800", "....S..");
    }

    #[test]
    fn speech_that_starved_goes_on_or_has_ended_by_what_comes_next() {
        let settings = DetectorSettings::STANDARD;
        let speaking = || {
            let mut machine = Machine::new();
            for _ in 0..4 {
                let newest = machine.position + WINDOW as u64;
                machine.window(0.9, newest, Audibility::AgentSilent, &settings);
                machine.advance(newest, &settings);
            }
            let speech_end = machine.speech_end.unwrap();
            machine.phase = Phase::Pausing { silent_since: speech_end };
            machine
        };
        let mut goes_on = speaking();
        goes_on.window(0.9, goes_on.position + WINDOW as u64, Audibility::AgentSilent, &settings);
        assert_eq!(goes_on.advance(goes_on.position, &settings), Some(Edge::Resumed));
        let mut ends = speaking();
        let mut told = Vec::new();
        for _ in 0..8 {
            ends.window(0.0, 0, Audibility::AgentSilent, &settings);
            told.extend(ends.advance(ends.position, &settings));
        }
        assert!(matches!(told[..], [Edge::Ended { .. }]), "{told:?}");
    }

    #[test]
    fn an_onset_reaches_back_to_the_first_doubt() {
        let mut machine = Machine::new();
        let settings = DetectorSettings::STANDARD;
        for probability in [0.0, 0.4, 0.6] {
            machine.window(probability, 0, Audibility::AgentSilent, &settings);
            assert_eq!(machine.advance(machine.position, &settings), None);
        }
        machine.window(0.9, 0, Audibility::AgentSilent, &settings);
        let edge = machine.advance(machine.position, &settings);
        assert_eq!(edge, Some(Edge::Started { ago: Millis::new(96) }));
    }

    #[test]
    fn a_quiet_end_is_older_than_the_models() {
        let mut machine = Machine::new();
        let settings = DetectorSettings::STANDARD;
        for _ in 0..4 {
            machine.window(0.9, 512, Audibility::AgentSilent, &settings);
            machine.advance(machine.position, &settings);
        }
        // Loud until sample 512, believed to be speech until 1,024: the pause is told at once.
        machine.window(0.0, 512, Audibility::AgentSilent, &settings);
        let edge = machine.advance(machine.position, &settings);
        assert_eq!(edge, Some(Edge::Paused { ago: Millis::new(96) }));
    }

    #[test]
    fn frames_make_windows_without_loss() {
        let mut windows = Windows::new();
        let samples: Vec<i16> = (0..1_600).collect();
        let mut seen = Vec::new();
        for frame in samples.chunks(160) {
            if let Some(window) = windows.push(frame, GateState::Open, Dbfs(-60.0)) {
                seen.extend(window.samples);
            }
        }
        assert_eq!(seen, samples[..seen.len()]);
        assert_eq!(seen.len() + windows.len, 1_600);
    }

    proptest! {
        /// Edges come in their order, and what they tell lies in the past.
        #[test]
        fn edges_alternate(tenths in prop::collection::vec(0u8..10, 0..200), loud in 0u64..9) {
            let mut machine = Machine::new();
            let settings = DetectorSettings::STANDARD;
            let mut before = None;
            for tenth in tenths {
                let newest = machine.position + WINDOW as u64;
                let loud_end = newest.saturating_sub(loud * 100);
                machine.window(f32::from(tenth) / 10.0, loud_end, Audibility::AgentSilent, &settings);
                let Some(edge) = machine.advance(newest, &settings) else { continue };
                let follows = match edge {
                    Edge::Started { .. } => matches!(before, None | Some(Edge::Ended { .. })),
                    Edge::Paused { .. } => matches!(before, Some(Edge::Started { .. } | Edge::Resumed)),
                    Edge::Resumed | Edge::Ended { .. } => matches!(before, Some(Edge::Paused { .. })),
                };
                prop_assert!(follows, "{edge:?} after {before:?}");
                before = Some(edge);
            }
        }
    }
}

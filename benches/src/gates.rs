//! Candidates for the first-stage gate, all behind `codecs`' own trait.
//!
//! They take telephone audio: frames of 20 ms at 8 kHz.

use std::fmt;

use codecs::gate::{Gate, GateState};
use codecs::resample::Resampler;
use types::SampleRate;
use webrtc_vad::{SampleRate as WebRtcRate, Vad, VadMode};

/// The Gaussian-mixture detector of WebRTC.
pub struct WebRtcGate {
    vad: Vad,
}

impl WebRtcGate {
    /// At 8 kHz in its most permissive mode: a gate may open for noise, not close for speech.
    pub fn new() -> Self {
        Self::with_mode(VadMode::Quality)
    }

    /// At 8 kHz in `mode`.
    pub fn with_mode(mode: VadMode) -> Self {
        Self { vad: Vad::new_with_rate_and_mode(WebRtcRate::Rate8kHz, mode) }
    }
}

impl Default for WebRtcGate {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for WebRtcGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebRtcGate").finish_non_exhaustive()
    }
}

impl Gate for WebRtcGate {
    fn frame(&mut self, frame: &[i16]) -> GateState {
        // It reads the first sample before it looks at the length.
        if frame.is_empty() {
            return GateState::Closed;
        }
        match self.vad.is_voice_segment(frame) {
            Ok(false) => GateState::Closed,
            // A frame it does not take is no reason to lose speech.
            Ok(true) | Err(()) => GateState::Open,
        }
    }
}

/// The small neural detector of the `earshot` crate, which wants 16 ms at 16 kHz.
pub struct EarshotGate {
    detector: Box<earshot::Detector>,
    resampler: Resampler,
    /// Samples at 16 kHz that do not fill a window yet.
    rest: Vec<i16>,
    score: f32,
    /// The score from which a frame opens the gate.
    score_min: f32,
}

impl EarshotGate {
    /// A detector with silence behind it, which opens where its documentation draws the line.
    pub fn new() -> Self {
        Self::with_score_min(EARSHOT_SPEECH)
    }

    /// A detector with silence behind it, which opens from `score_min`, 0.0 to 1.0.
    pub fn with_score_min(score_min: f32) -> Self {
        Self {
            detector: earshot::Detector::default_boxed(),
            resampler: Resampler::new(SampleRate::Hz8000, SampleRate::Hz16000),
            rest: Vec::with_capacity(2 * EARSHOT_WINDOW),
            score: 0.0,
            score_min,
        }
    }

    /// How sure the detector is of speech in the surest window that the last frame completed, 0.0
    /// to 1.0.
    pub fn score(&self) -> f32 {
        self.score
    }
}

impl Default for EarshotGate {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for EarshotGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EarshotGate").field("score", &self.score).finish_non_exhaustive()
    }
}

impl Gate for EarshotGate {
    fn frame(&mut self, frame: &[i16]) -> GateState {
        self.resampler.process(frame, &mut self.rest);
        let whole = self.rest.len() / EARSHOT_WINDOW * EARSHOT_WINDOW;
        let windows = self.rest[..whole].chunks_exact(EARSHOT_WINDOW);
        // A frame is longer than a window, so each completes at least one.
        self.score = windows.map(|window| self.detector.predict_i16(window)).fold(0.0, f32::max);
        self.rest.drain(..whole);
        if self.score_min <= self.score { GateState::Open } else { GateState::Closed }
    }
}

/// 16 ms at 16 kHz, the only length `earshot` takes.
const EARSHOT_WINDOW: usize = 256;

/// Where `earshot`'s documentation draws the line between speech and the rest.
const EARSHOT_SPEECH: f32 = 0.5;

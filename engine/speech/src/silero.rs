//! Silero's speech detector, version 6, at 8 kHz: is there speech in these 32 ms?

use std::sync::Arc;

use crate::models::{ModelDir, ModelError};
use crate::session::{InferenceError, Port, Session, Tensor};

/// Samples of a window: 32 ms at 8 kHz, the only size the model takes.
pub const WINDOW: usize = 256;

/// Samples of the window before that the model wants to see again.
const CONTEXT: usize = WINDOW / 8;

/// Size of the model's memory: two layers of 128.
const STATE: [usize; 3] = [2, 1, 128];

/// The detector's weights, shared by all calls. Cloning shares.
#[derive(Clone)]
pub struct Vad {
    weights: Arc<Weights>,
}

struct Weights {
    session: Session,
    rate: Tensor,
    input: Port,
    state: Port,
    sr: Port,
    output: Port,
    state_next: Port,
}

/// What the model remembers of one call: 1 kB.
#[derive(Clone, Debug)]
pub(crate) struct VadState {
    memory: Tensor,
    context: [f32; CONTEXT],
}

impl Vad {
    /// Loads the weights: 2.3 MB.
    ///
    /// # Errors
    /// [`ModelError`] if the file cannot be used.
    pub fn load(models: &ModelDir) -> Result<Self, ModelError> {
        let session = Session::load(&models.file("vad/silero_vad.onnx"))?;
        let weights = Weights {
            rate: Tensor::integers(&[], vec![8_000]),
            input: session.port("input")?,
            state: session.port("state")?,
            sr: session.port("sr")?,
            output: session.port("output")?,
            state_next: session.port("stateN")?,
            session,
        };
        Ok(Self { weights: Arc::new(weights) })
    }

    /// The probabilities of speech in each whole window of `samples`, mono at 8 kHz, heard as one
    /// recording from the start. For tests and tools.
    ///
    /// # Errors
    /// [`InferenceError`] if the model fails.
    pub fn probabilities(&self, samples: &[i16]) -> Result<Vec<f32>, InferenceError> {
        let mut state = VadState::new();
        let (windows, _) = samples.as_chunks::<WINDOW>();
        windows.iter().map(|window| self.probability(&mut state, window)).collect()
    }

    /// The probability of speech in `window`, which follows what `state` has heard.
    pub(crate) fn probability(
        &self,
        state: &mut VadState,
        window: &[i16; WINDOW],
    ) -> Result<f32, InferenceError> {
        let weights = &*self.weights;
        let mut samples = Vec::with_capacity(CONTEXT + WINDOW);
        samples.extend_from_slice(&state.context);
        samples.extend(window.iter().map(|&sample| f32::from(sample) / FULL_SCALE));
        state.context.copy_from_slice(&samples[WINDOW..]);
        let samples = Tensor::floats(&[1, CONTEXT + WINDOW], samples);
        let inputs = [
            (weights.input, &samples),
            (weights.state, &state.memory),
            (weights.sr, &weights.rate),
        ];
        let outputs = weights.session.run(&inputs, &[weights.output, weights.state_next])?;
        let Ok([output, memory]) = <[Tensor; 2]>::try_from(outputs) else {
            return Err(weights.session.unexpected());
        };
        state.memory = memory;
        match output.into_floats::<2>() {
            Some(([1, 1], probability)) => Ok(probability[0]),
            Some(_) | None => Err(weights.session.unexpected()),
        }
    }
}

impl VadState {
    pub(crate) fn new() -> Self {
        let memory = Tensor::floats(&STATE, vec![0.0; STATE.iter().product()]);
        Self { memory, context: [0.0; CONTEXT] }
    }

    /// Forgets everything but the last samples.
    pub(crate) fn reset(&mut self) {
        self.memory = Tensor::floats(&STATE, vec![0.0; STATE.iter().product()]);
    }

    /// Takes in the end of `window` as what comes before the next one, without looking at it.
    pub(crate) fn skip(&mut self, window: &[i16; WINDOW]) {
        for (kept, &sample) in self.context.iter_mut().zip(&window[WINDOW - CONTEXT..]) {
            *kept = f32::from(sample) / FULL_SCALE;
        }
    }
}

const FULL_SCALE: f32 = 32_768.0;

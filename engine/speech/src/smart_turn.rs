//! Smart Turn, version 3.2: does this sound as if the speaker had finished?

use std::sync::Arc;

use types::{Millis, SampleRate};

use crate::mel::{BANDS, HOP, LogMel};
use crate::models::{ModelDir, ModelError};
use crate::session::{InferenceError, Port, Session, Tensor};

/// Smart Turn's weights, shared by all calls. Cloning shares.
#[derive(Clone)]
pub struct SmartTurn {
    weights: Arc<Weights>,
}

struct Weights {
    session: Session,
    features: Port,
    probability: Port,
    log_mel: LogMel,
}

impl SmartTurn {
    /// Loads the weights: 8.7 MB.
    ///
    /// # Errors
    /// [`ModelError`] if the file cannot be used.
    pub fn load(models: &ModelDir) -> Result<Self, ModelError> {
        let session = Session::load(&models.file("turn/smart-turn-v3.2-cpu.onnx"))?;
        let weights = Weights {
            features: session.port("input_features")?,
            probability: session.port("logits")?,
            session,
            log_mel: LogMel::new(),
        };
        Ok(Self { weights: Arc::new(weights) })
    }

    /// How likely the speaker has finished, by the sound of the end of `samples`, mono at 16 kHz,
    /// the silence after the words included: 0 to 1.
    ///
    /// What comes before the last [`HEARD_MAX`] is not heard. Cost: 65 ms of a core, however little
    /// there is to hear.
    ///
    /// # Errors
    /// [`InferenceError`] if the model fails.
    pub fn finished(&self, samples: &[i16]) -> Result<f32, InferenceError> {
        let weights = &*self.weights;
        let mel = weights.log_mel.columns(&leveled(samples), COLUMNS);
        let mel = Tensor::floats(&[1, BANDS, COLUMNS], mel);
        let outputs = weights.session.run(&[(weights.features, &mel)], &[weights.probability])?;
        let Ok([output]) = <[Tensor; 1]>::try_from(outputs) else {
            return Err(weights.session.unexpected());
        };
        // Named for what goes into the last function; what comes out of it is a probability.
        match output.into_floats::<2>() {
            Some(([1, 1], probability)) => Ok(probability[0]),
            Some(_) | None => Err(weights.session.unexpected()),
        }
    }
}

/// The last of `samples` at the end of [`HEARD_MAX`], silence before them; brought to a mean of 0
/// and a variance of 1 as a whole, as Whisper's extractor does.
fn leveled(samples: &[i16]) -> Vec<f32> {
    let heard = &samples[samples.len().saturating_sub(SAMPLES)..];
    let mut leveled = vec![0.0; SAMPLES - heard.len()];
    leveled.extend(heard.iter().map(|&sample| f32::from(sample) / 32_768.0));
    let mean = leveled.iter().map(|&value| f64::from(value)).sum::<f64>() / SAMPLES as f64;
    let spread = |value: &f32| (f64::from(*value) - mean).powi(2);
    let variance = leveled.iter().map(spread).sum::<f64>() / SAMPLES as f64;
    let scale = 1.0 / (variance + VARIANCE_MIN).sqrt();
    leveled.iter_mut().for_each(|value| *value = ((f64::from(*value) - mean) * scale) as f32);
    leveled
}

/// How much of the end of a caller's speech is heard.
pub const HEARD_MAX: Millis = Millis::from_secs(8);

const SAMPLES: usize = SampleRate::Hz16000.samples_in(HEARD_MAX);
const COLUMNS: usize = SAMPLES / HOP;

/// Keeps silence from being blown up (transformers, feature_extraction_whisper.py).
const VARIANCE_MIN: f64 = 1e-7;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_heard_at_one_level() {
        let loud: Vec<i16> =
            (0..200_000).map(|n| if n % 2 == 0 { 8_000 } else { -8_000 }).collect();
        let quiet: Vec<i16> = loud.iter().map(|sample| sample / 8).collect();
        let (loud, quiet) = (leveled(&loud), leveled(&quiet));
        assert_eq!(loud.len(), SAMPLES);
        assert!(loud.iter().zip(&quiet).all(|(a, b)| (a - b).abs() < 1e-3));
        let short = leveled(&[8_000, -8_000]);
        assert_eq!((short.len(), short[0]), (SAMPLES, short[SAMPLES - 3]));
        assert!(short[0].abs() < 0.01 && 100.0 < short[SAMPLES - 2]);
        assert!(leveled(&[]).iter().all(|&value| value == 0.0));
    }
}

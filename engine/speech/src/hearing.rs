//! Which model hears what.

use std::sync::{Arc, OnceLock};

use types::{Millis, SampleRate};

use crate::bias::Bias;
use crate::denoise::Denoiser;
use crate::models::{ModelDir, ModelError};
use crate::moonshine::Moonshine;
use crate::session::InferenceError;
use crate::transcript::Transcript;
use crate::trim::speech_span;
use crate::whisper::Whisper;

/// Who hears the words of a turn that is over. Words so far are always Moonshine's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finals {
    /// Moonshine: all words come from one model, of half the size.
    Moonshine,
    /// Whisper, and Moonshine only in a hurry.
    Whisper,
}

/// How much time there is for a decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// One caller waits: the best words.
    Careful,
    /// Many wait: the soonest words.
    Hurried,
}

/// The recognizer's models, shared by all calls. Cloning shares.
#[derive(Clone)]
pub struct Ears {
    moonshine: Moonshine,
    whisper: Option<Whisper>,
    denoiser: Arc<Denoiser>,
}

impl Ears {
    /// Loads what `finals` needs.
    ///
    /// # Errors
    /// [`ModelError`] if a file cannot be used.
    pub fn load(models: &ModelDir, finals: Finals) -> Result<Self, ModelError> {
        let whisper = match finals {
            Finals::Moonshine => None,
            Finals::Whisper => Some(Whisper::load(models)?),
        };
        let denoiser = Arc::new(Denoiser::new());
        Ok(Self { moonshine: Moonshine::load(models)?, whisper, denoiser })
    }

    /// The words so far in `samples`, for showing.
    pub(crate) fn partial(&self, samples: &[i16]) -> Result<String, InferenceError> {
        match speech_of(samples) {
            Some(speech) => Ok(self.moonshine.transcribe(&padded(&speech))?.text),
            None => Ok(String::new()),
        }
    }

    /// The words of at most [`crate::PIECE_MAX`] of speech at 16 kHz, those of `expected` before
    /// others; none if there is no speech.
    ///
    /// # Errors
    /// [`InferenceError`] if a model fails.
    pub fn words(
        &self,
        samples: &[i16],
        expected: &Expected,
        pace: Pace,
    ) -> Result<Transcript, InferenceError> {
        let Some(speech) = speech_of(samples) else { return Ok(Transcript::default()) };
        let speech = self.denoiser.clean(&speech);
        match (&self.whisper, pace) {
            (Some(whisper), Pace::Careful) => {
                whisper.transcribe(&speech, expected.whisper(whisper))
            }
            (None, Pace::Careful) => {
                let bias = expected.moonshine(&self.moonshine);
                self.moonshine.transcribe_best(&padded(&speech), bias)
            }
            (_, Pace::Hurried) => self.moonshine.transcribe(&padded(&speech)),
        }
    }

    /// Whether there is another model for a second reading.
    pub(crate) fn has_second(&self) -> bool {
        self.whisper.is_some()
    }

    /// The words as the model hears them that [`Self::words`] does not ask.
    pub(crate) fn words_otherwise(
        &self,
        samples: &[i16],
        expected: &Expected,
    ) -> Result<Transcript, InferenceError> {
        let Some(speech) = speech_of(samples) else { return Ok(Transcript::default()) };
        let speech = self.denoiser.clean(&speech);
        self.moonshine.transcribe_best(&padded(&speech), expected.moonshine(&self.moonshine))
    }
}

/// The words that are likely in one call. A worker spells them out, once they are needed: the
/// thread that opens the session has other calls' audio to carry.
pub struct Expected {
    vocabulary: Vec<String>,
    moonshine: OnceLock<Bias>,
    whisper: OnceLock<Bias>,
}

impl Expected {
    /// The phrases of `vocabulary`.
    pub fn new(vocabulary: &[String]) -> Self {
        let vocabulary = vocabulary.to_vec();
        Self { vocabulary, moonshine: OnceLock::new(), whisper: OnceLock::new() }
    }

    fn moonshine(&self, model: &Moonshine) -> &Bias {
        self.moonshine.get_or_init(|| model.bias(&self.vocabulary))
    }

    fn whisper(&self, model: &Whisper) -> &Bias {
        self.whisper.get_or_init(|| model.bias(&self.vocabulary))
    }
}

/// The speech in `samples`, as loud as the models are used to, with a little silence around it;
/// `None` if there is none.
fn speech_of(samples: &[i16]) -> Option<Vec<f32>> {
    let span = speech_span(samples, RATE);
    if span.len() < RATE.samples_in(SPEECH_MIN) {
        return None;
    }
    let margin = RATE.samples_in(MARGIN);
    let speech =
        &samples[span.start.saturating_sub(margin)..(span.end + margin).min(samples.len())];
    let peak = speech.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0);
    let gain = (PEAK / f32::from(peak.max(1))).min(GAIN_MAX / 32_768.0);
    Some(speech.iter().map(|&sample| f32::from(sample) * gain).collect())
}

/// A lone short word is heard better with silence around it.
fn padded(speech: &[f32]) -> Vec<f32> {
    let len = speech.len().max(RATE.samples_in(PADDED_MIN));
    let lead = (len - speech.len()) / 2;
    let mut padded = vec![0.0; len];
    padded[lead..lead + speech.len()].copy_from_slice(speech);
    padded
}

/// What the models were trained on.
pub(crate) const RATE: SampleRate = SampleRate::Hz16000;

/// What is left of silence around speech.
const MARGIN: Millis = Millis::new(150);

/// Where the loudest sample is brought, full scale being 1.0: quiet lines are heard like loud ones.
/// Measured: from 0.3 to 0.8 it hardly matters.
const PEAK: f32 = 0.7;

/// What is quieter than a tenth of that stays so.
const GAIN_MAX: f32 = 10.0;

/// Shorter than any word.
const SPEECH_MIN: Millis = Millis::new(60);

/// The least that is given to Moonshine.
const PADDED_MIN: Millis = Millis::new(1_000);

//! What the engine hears of a turn: where the caller pauses, what was said by then, how finished it
//! sounds. The real detector, recognizer and model; what they find is kept beside the corpus, since
//! it takes minutes.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::Path;

use codecs::resample::resample_all;
use serde::{Deserialize, Serialize};
use speech::{
    Audibility, DetectorSettings, Ears, Edge, Expected, InferenceError, PIECE_MAX, Pace, SmartTurn,
    SpeechDetector, Vad,
};
use thiserror::Error;
use types::{Millis, PTIME, SampleRate};

use crate::audio::RATE;
use crate::corpus::Turn;

/// The models at work.
#[derive(Clone)]
pub struct Models {
    /// Where speech is.
    pub vad: Vad,
    /// What it says.
    pub ears: Ears,
    /// How finished it sounds.
    pub smart_turn: SmartTurn,
}

/// A silence that the detector found, in milliseconds from the start of the audio.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pause {
    /// Where speech was last, as the detector sees it.
    pub from: u32,
    /// When the detector told that the caller pauses.
    pub told: u32,
    /// When it told that the caller is silent; absent if the caller went on before.
    pub ended: Option<u32>,
    /// When it told that the caller goes on; absent at the end.
    pub resumed: Option<u32>,
    /// How long the caller had been speaking, pauses included.
    pub speech: u32,
    /// The words as decoded then.
    pub words: String,
    /// How finished it sounds after which silence: (milliseconds, 0 to 1).
    pub scores: Vec<(u32, f32)>,
}

/// Why there are no signals.
#[derive(Debug, Error)]
pub enum SignalError {
    /// A model failed.
    #[error(transparent)]
    Inference(#[from] InferenceError),
    /// What was found cannot be kept.
    #[error("{path} cannot be written: {source}")]
    Keep {
        /// Which file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
}

/// The pauses of `turn`. What the models find in a stretch of audio is kept in `cache`.
///
/// # Errors
/// [`SignalError`] if a model fails or the cache cannot be written.
pub fn pauses(turn: &Turn, models: &Models, cache: &Path) -> Result<Vec<Pause>, SignalError> {
    let mut pauses = edges(turn, models);
    let wide: Vec<i16> = resample_all(RATE, SampleRate::Hz16000, &turn.audio);
    let at = |ms: u32| SampleRate::Hz16000.samples_in(Millis::new(ms)).min(wide.len());
    let expected = Expected::new(&[]);
    for pause in &mut pauses {
        let began = pause.from.saturating_sub(pause.speech + LEAD.get());
        // What is longer is cut in the engine, too.
        let from = began.max(pause.told.saturating_sub(PIECE_MAX.get() - 200));
        let audio = &wide[at(from)..at(pause.told)];
        pause.words = kept(cache, "words", audio, || {
            Ok(models.ears.words(audio, &expected, Pace::Careful)?.text)
        })?;
        let until = pause.resumed.unwrap_or(u32::MAX);
        for silence in SCORED_AT.into_iter().filter(|silence| pause.from + silence < until) {
            let audio = &wide[at(began)..at(pause.from + silence)];
            let score =
                kept(cache, "score", audio, || Ok(models.smart_turn.finished(audio)?.to_string()))?;
            pause.scores.push((silence, score.parse().unwrap_or(0.0)));
        }
    }
    Ok(pauses)
}

/// What `find` finds in `audio`, unless that is known.
fn kept(
    cache: &Path,
    what: &str,
    audio: &[i16],
    find: impl FnOnce() -> Result<String, SignalError>,
) -> Result<String, SignalError> {
    let mut hasher = DefaultHasher::new();
    (VERSION, what, audio).hash(&mut hasher);
    let path = cache.join(format!("{what}-{:016x}", hasher.finish()));
    if let Ok(known) = fs::read_to_string(&path) {
        return Ok(known);
    }
    let found = find()?;
    let failed = |source| SignalError::Keep { path: path.display().to_string(), source };
    fs::create_dir_all(cache).map_err(failed)?;
    // Whole or not at all, also if the run is broken off.
    let partial = cache.join(format!("{what}-{:016x}.partial", hasher.finish()));
    fs::write(&partial, &found).and_then(|()| fs::rename(&partial, &path)).map_err(failed)?;
    Ok(found)
}

/// What the detector says, frame by frame.
fn edges(turn: &Turn, models: &Models) -> Vec<Pause> {
    let mut detector = SpeechDetector::new(&models.vad, DetectorSettings::STANDARD);
    let mut pauses: Vec<Pause> = Vec::new();
    let mut began = None;
    let mut now = 0;
    for frame in turn.audio.chunks_exact(RATE.samples_in(PTIME)) {
        now += PTIME.get();
        let goes_on = |pauses: &mut Vec<Pause>| {
            if let Some(pause) = pauses.last_mut() {
                pause.resumed.get_or_insert(now);
            }
        };
        match detector.frame(frame, Audibility::AgentSilent) {
            Some(Edge::Started { ago }) => {
                began.get_or_insert(now - ago.get());
                goes_on(&mut pauses);
            }
            Some(Edge::Resumed) => goes_on(&mut pauses),
            Some(Edge::Paused { ago }) => {
                let from = now - ago.get();
                let speech = from.saturating_sub(began.unwrap_or(from));
                let (words, scores) = (String::new(), Vec::new());
                pauses.push(Pause {
                    from,
                    told: now,
                    ended: None,
                    resumed: None,
                    speech,
                    words,
                    scores,
                });
            }
            Some(Edge::Ended { .. }) => {
                if let Some(pause) = pauses.last_mut() {
                    pause.ended = Some(now);
                }
            }
            None => (),
        }
    }
    pauses
}

/// After which silences it is scored (conversation.md §7.3).
pub const SCORED_AT: [u32; 4] = [200, 400, 700, 1_200];

/// What the recognizer and the model are given from before the onset.
const LEAD: Millis = Millis::new(500);

/// Changes when what is kept means something else.
const VERSION: u32 = 1;

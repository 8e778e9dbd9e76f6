//! hibari's voice: text into speech at 24 kHz, in one piece.

use std::ops::Range;
use std::sync::Arc;

use codecs::resample::resample_all;
use types::{Millis, SampleRate};
use vendor::WordTime;

use crate::g2p::{Phonemes, Phonemizer};
use crate::models::{ModelDir, ModelError};
use crate::session::{InferenceError, Port, Session, Tensor};
use crate::trim::loud_span;
use crate::verbalize::{Spoken, verbalize};
use crate::vocoder::{BINS, HOP, Spectra, Vocoder};

/// The rate the model speaks at.
pub const VOICE_RATE: SampleRate = SampleRate::Hz24000;

/// The voice, shared by all calls. Cloning shares.
#[derive(Clone)]
pub struct Synthesizer {
    parts: Arc<Parts>,
}

struct Parts {
    phonemizer: Phonemizer,
    session: Session,
    ids: Port,
    speed: Port,
    /// The five spectra, the pitch, and the length of each phoneme.
    outputs: [Port; 7],
    vocoder: Vocoder,
}

/// Some text as sound.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Speech {
    /// Mono.
    pub samples: Vec<i16>,
    /// When each word has been spoken, from the first sample; offsets are those of the whole text.
    pub words: Vec<WordTime>,
}

/// What the network makes of some phonemes, before it is sound.
pub struct Prediction {
    spectra: Spectra,
    /// The length of each phoneme, in steps.
    durations: Vec<u32>,
}

impl Synthesizer {
    /// Loads the voice: 11 MB of weights, and the lexicon.
    ///
    /// # Errors
    /// [`ModelError`] if a file cannot be used.
    pub fn load(models: &ModelDir) -> Result<Self, ModelError> {
        let session = Session::load(&models.file("tts/hibari.onnx"))?;
        let parts = Parts {
            phonemizer: Phonemizer::load(models)?,
            ids: session.port("ids")?,
            speed: session.port("speed")?,
            outputs: [
                session.port("lh")?,
                session.port("theta")?,
                session.port("ln")?,
                session.port("lr")?,
                session.port("phi")?,
                session.port("f0")?,
                // The predicted durations, rounded: an inner value of the network.
                session.port("/Clip_output_0")?,
            ],
            session,
            vocoder: Vocoder::new(),
        };
        Ok(Self { parts: Arc::new(parts) })
    }

    /// `text` as it is said, cut into pieces that are each said in one breath: the first one
    /// short, so that there is something to hear soon.
    pub fn clauses(&self, text: &str) -> Vec<Vec<Spoken>> {
        split(verbalize(text, &|word| self.parts.phonemizer.is_word(word)))
    }

    /// Speaks one piece. No samples if nothing of it can be said.
    ///
    /// Cost: 0.01 of the speech's length.
    ///
    /// # Errors
    /// [`InferenceError`] if the model fails.
    pub fn speak(&self, clause: &[Spoken], rate: SampleRate) -> Result<Speech, InferenceError> {
        let phonemes = self.parts.phonemizer.phonemes(clause);
        if phonemes.ids.is_empty() {
            return Ok(Speech::default());
        }
        let prediction = self.predict(&phonemes.ids)?;
        let sound = self.parts.vocoder.render(&prediction.spectra);
        Ok(finish(&sound, &prediction.durations, &phonemes, rate))
    }

    /// The model's numbers of what it would say for `clause`. For tests.
    pub fn phoneme_ids(&self, clause: &[Spoken]) -> Vec<i32> {
        self.parts.phonemizer.phonemes(clause).ids
    }

    /// What the network makes of `ids`, silence around them included.
    ///
    /// # Errors
    /// [`InferenceError`] if the model fails.
    pub fn predict(&self, ids: &[i32]) -> Result<Prediction, InferenceError> {
        let parts = &*self.parts;
        let padded: Vec<i32> = [&[0], ids, &[0]].concat();
        let ids = Tensor::integers(&[1, padded.len()], padded);
        let speed = Tensor::floats(&[1], vec![1.0]);
        let inputs = [(parts.ids, &ids), (parts.speed, &speed)];
        let mut outputs = parts.session.run(&inputs, &parts.outputs)?.into_iter();
        let mut frames = 0;
        let mut spectrum = || {
            let ([_, bins, count], values) = outputs.next()?.into_floats::<3>()?;
            frames = count;
            (bins == BINS).then_some(values)
        };
        let spectra = [spectrum(), spectrum(), spectrum(), spectrum(), spectrum()];
        let pitch = outputs.next().and_then(Tensor::into_floats::<2>);
        let durations = outputs.next().and_then(Tensor::into_floats::<1>);
        let prediction = (|| {
            let [harmonic, harmonic_phase, noise, rest, rest_phase] = spectra;
            let spectra = Spectra {
                frames,
                harmonic: harmonic?,
                harmonic_phase: harmonic_phase?,
                noise: noise?,
                rest: rest?,
                rest_phase: rest_phase?,
                pitch: pitch?.1,
            };
            let durations = durations?.1.iter().map(|&frames| frames as u32).collect();
            spectra.is_whole().then_some(Prediction { spectra, durations })
        })();
        prediction.ok_or_else(|| parts.session.unexpected())
    }
}

impl Prediction {
    /// The pitch of each frame in hertz.
    pub fn pitch(&self) -> &[f32] {
        &self.spectra.pitch
    }

    /// The harmonic spectrum, logarithmic: all frames of bin 0, then all of bin 1.
    pub fn harmonic(&self) -> &[f32] {
        &self.spectra.harmonic
    }

    /// How long each phoneme lasts, the silence before and after included; in the network's steps.
    pub fn durations(&self) -> &[u32] {
        &self.durations
    }
}

/// Levels, resamples and trims what the vocoder made, and finds the words in it.
fn finish(sound: &[f32], durations: &[u32], phonemes: &Phonemes, rate: SampleRate) -> Speech {
    let gain = gain(sound);
    let leveled: Vec<f32> = sound.iter().map(|value| value * gain).collect();
    let samples: Vec<i16> = resample_all(VOICE_RATE, rate, &leveled);
    // At the caller's rate: a soft consonant may lie above what a telephone carries.
    let loud = loud_span(&samples, rate, SILENCE_DB);
    if loud.is_empty() {
        return Speech::default();
    }
    let begin = loud.start.saturating_sub(rate.samples_in(LEAD));
    let end = (loud.end + rate.samples_in(TAIL)).min(samples.len());
    let words = word_times(durations, phonemes, samples.len(), begin..end);
    let words = words
        .into_iter()
        .map(|(text_end, sample)| WordTime { text_end, end: rate.span_of(sample as u64) });
    Speech { words: words.collect(), samples: samples[begin..end].to_vec() }
}

/// How much louder `sound` has to be: its speech at [`LEVEL`], but no peak above [`PEAK`].
fn gain(sound: &[f32]) -> f32 {
    let peak = sound.iter().fold(0.0_f32, |peak, value| peak.max(value.abs()));
    if peak <= 0.0 || !peak.is_finite() {
        return 0.0;
    }
    // Frames of speech only: how long the pauses are does not make a voice quieter.
    let power = |frame: &[f32]| frame.iter().map(|v| v * v).sum::<f32>() / frame.len() as f32;
    let powers: Vec<f32> = sound.chunks(HOP).map(power).collect();
    let loudest = powers.iter().copied().fold(0.0, f32::max);
    let spoken: Vec<f32> =
        powers.into_iter().filter(|power| loudest * SPOKEN_SHARE <= *power).collect();
    let level = (spoken.iter().sum::<f32>() / spoken.len() as f32).sqrt();
    (LEVEL / level).min(PEAK / peak)
}

/// The text and the sample at which each word ends, in audio of `total` samples that was cut out
/// from `range`.
fn word_times(
    durations: &[u32],
    phonemes: &Phonemes,
    total: usize,
    range: Range<usize>,
) -> Vec<(usize, usize)> {
    // The network counts durations in steps of its own, of some frames each.
    let steps: u64 = durations.iter().map(|&steps| u64::from(steps)).sum();
    // The first duration is that of the silence before the first phoneme.
    let mut ends = Vec::with_capacity(durations.len());
    let mut before = 0;
    for &duration in durations {
        before += u64::from(duration);
        ends.push((before * total as u64 / steps.max(1)) as usize);
    }
    let time = |&(ids, text_end): &(usize, usize)| {
        let sample = ends.get(ids)?.clamp(&range.start, &range.end) - range.start;
        Some((text_end, sample))
    };
    phonemes.ends.iter().filter_map(time).collect()
}

/// Cuts `pieces` into clauses. A short text stays whole, which sounds best.
fn split(pieces: Vec<Spoken>) -> Vec<Vec<Spoken>> {
    let total: usize = pieces.iter().map(|piece| piece.text.len() + 1).sum();
    let mut clauses = Vec::new();
    let mut clause: Vec<Spoken> = Vec::new();
    let mut len = 0;
    for piece in pieces {
        len += piece.text.len() + 1;
        let ends_sentence = piece.text.ends_with(['.', '?', '!']);
        let ends_clause = ends_sentence || piece.text.ends_with([',', ';', ':']);
        clause.push(piece);
        let enough = if clauses.is_empty() { FIRST_MIN } else { LATER_MIN };
        let is_cut = CLAUSE_MAX <= len
            || (WHOLE_MAX < total && enough <= len && ends_clause)
            || (SENTENCE_MIN <= len && ends_sentence && WHOLE_MAX < total);
        if is_cut {
            clauses.push(std::mem::take(&mut clause));
            len = 0;
        }
    }
    if !clause.is_empty() {
        clauses.push(clause);
    }
    clauses
}

/// -20 dBFS, as telephone prompts have it.
const LEVEL: f32 = 0.1;

/// -1 dBFS: room for what resampling adds.
const PEAK: f32 = 0.89;

/// 20 dB below the loudest frame: quieter ones are pauses and soft consonants.
const SPOKEN_SHARE: f32 = 0.01;

/// What is so far below the loudest place is silence.
const SILENCE_DB: f32 = 40.0;

/// Silence left before speech (conversation.md §7.7: at most 20 ms) and after it.
const LEAD: Millis = Millis::new(15);
const TAIL: Millis = Millis::new(120);

/// Texts up to so many letters, about 7 s of speech and 70 ms of work, are said in one piece.
const WHOLE_MAX: usize = 110;

/// The first clause of a longer one: 24 letters (conversation.md §7.8).
const FIRST_MIN: usize = 24;

/// Later ones: longer clauses sound better.
const LATER_MIN: usize = 80;
const SENTENCE_MIN: usize = 40;

/// The model is made for 400 phonemes at once, which are about as many letters.
const CLAUSE_MAX: usize = 280;

#[cfg(test)]
mod tests {
    use super::*;

    fn clauses(text: &str) -> Vec<String> {
        let join = |clause: Vec<Spoken>| {
            clause.into_iter().map(|piece| piece.text).collect::<Vec<_>>().join(" ")
        };
        split(verbalize(text, &|_| false)).into_iter().map(join).collect()
    }

    #[test]
    fn short_texts_stay_whole_and_long_ones_begin_short() {
        assert_eq!(clauses("Yes, of course."), ["Yes, of course."]);
        let long = "We open at nine in the morning, and close at five in the afternoon, from Monday \
                    to Friday. On Saturdays we close at noon, and on Sundays we stay closed all day.";
        assert_eq!(clauses(long)[0], "We open at nine in the morning,");
        assert_eq!(clauses(long).join(" "), long);
        let endless = "word ".repeat(200);
        assert!(clauses(&endless).iter().all(|clause| clause.len() <= CLAUSE_MAX));
    }

    #[test]
    fn speech_is_leveled_without_clipping() {
        let quiet: Vec<f32> = (0..24_000).map(|n| (n as f32 * 0.1).sin() * 0.01).collect();
        let gain_quiet = gain(&quiet);
        assert!((gain_quiet * 0.01 / 2.0_f32.sqrt() - LEVEL).abs() < 1e-3);
        let mut spiky = vec![0.001; 24_000];
        spiky[100] = 0.5;
        assert!((gain(&spiky) * 0.5 - PEAK).abs() < 1e-3);
        assert_eq!(gain(&[0.0; 600]), 0.0);
    }

    #[test]
    fn words_end_where_their_last_phoneme_does() {
        let phonemes = Phonemes { ids: vec![50, 51, 16, 52], ends: vec![(2, 5), (4, 9)] };
        // Silence of 2 steps, then 4, 4, 1, 4 and silence of 2, of two frames each; the first 3
        // frames are cut off.
        let words = word_times(&[2, 4, 4, 1, 4, 2], &phonemes, 34 * HOP, 3 * HOP..33 * HOP);
        assert_eq!(words, [(5, 17 * HOP), (9, 27 * HOP)]);
    }
}

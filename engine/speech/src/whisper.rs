//! Whisper tiny.en: slower than Moonshine, and right more often.

use std::sync::Arc;

use types::{Millis, SampleRate};

use crate::beam::{Ends, NextToken, log_sum, search};
use crate::bias::Bias;
use crate::guard::RepetitionGuard;
use crate::mel::{BANDS, HOP, LogMel};
use crate::models::{ModelDir, ModelError};
use crate::session::{InferenceError, Port, Session, Tensor};
use crate::tokens::{Alphabet, TokenTable, parse_byte_tokens};
use crate::transcript::Transcript;

/// Whisper's weights, shared by all calls. Cloning shares.
#[derive(Clone)]
pub struct Whisper {
    weights: Arc<Weights>,
}

struct Weights {
    encoder: Session,
    encoder_mel: Port,
    encoder_audio: Vec<Port>,
    decoder: Session,
    decoder_token: Port,
    decoder_position: Port,
    decoder_logits: Port,
    /// What the encoder made of the audio, in the order of `encoder_audio`.
    decoder_audio: Vec<Port>,
    /// What each layer remembers of the tokens: where it goes in and where it comes out.
    memory: Vec<(Port, Port)>,
    tokens: TokenTable,
    marks: Marks,
    /// Tokens that no caller says.
    unspoken: Vec<u32>,
    log_mel: LogMel,
}

/// The model's own tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Marks {
    end: u32,
    start: u32,
    no_speech: u32,
    no_timestamps: u32,
}

impl Whisper {
    /// Loads the weights: 42 MB.
    ///
    /// # Errors
    /// [`ModelError`] if a file cannot be used.
    pub fn load(models: &ModelDir) -> Result<Self, ModelError> {
        let encoder = Session::load(&models.file("stt/whisper_encoder.onnx"))?;
        let decoder = Session::load(&models.file("stt/whisper_decoder.onnx"))?;
        let list = "stt/whisper_tokens.txt";
        let unreadable =
            |reason: &str| ModelError::Load { path: models.file(list), reason: reason.to_owned() };
        let pieces = parse_byte_tokens(&models.read(list)?)
            .ok_or_else(|| unreadable("a line is no token"))?;
        let marks = Marks::of(&pieces).ok_or_else(|| unreadable("a mark is missing"))?;
        let layers = encoder.outputs().len() / 2;
        let ports = |session: &Session, kind: &str| -> Result<Vec<Port>, ModelError> {
            let names = (0..layers)
                .flat_map(|layer| ["key", "value"].map(|part| format!("{kind}.{layer}.{part}")));
            names.map(|name| session.port(&name)).collect()
        };
        let past = ports(&decoder, "past")?;
        let weights = Weights {
            encoder_mel: encoder.port("mel")?,
            encoder_audio: ports(&encoder, "audio")?,
            encoder,
            decoder_token: decoder.port("token")?,
            decoder_position: decoder.port("position")?,
            decoder_logits: decoder.port("logits")?,
            decoder_audio: ports(&decoder, "audio")?,
            memory: past.into_iter().zip(ports(&decoder, "present")?).collect(),
            decoder,
            unspoken: unspoken(&pieces, marks),
            tokens: TokenTable::new(pieces, Alphabet::Bytes),
            marks,
            log_mel: LogMel::new(),
        };
        Ok(Self { weights: Arc::new(weights) })
    }

    /// `vocabulary` as this model spells it, for [`Self::transcribe`].
    pub fn bias(&self, vocabulary: &[String]) -> Bias {
        Bias::new(&self.weights.tokens, vocabulary)
    }

    /// Turns `samples`, mono at 16 kHz with full scale at 1.0, into the words that are likeliest
    /// together, those of `bias` before others.
    ///
    /// Audio beyond 29 s is not heard.
    ///
    /// # Errors
    /// [`InferenceError`] if the model fails.
    pub fn transcribe(&self, samples: &[f32], bias: &Bias) -> Result<Transcript, InferenceError> {
        let weights = &*self.weights;
        let samples =
            &samples[..samples.len().min((FRAMES_MAX - FRAMES_AFTER) * SAMPLES_PER_FRAME)];
        let mut decode = Decode::new(weights, weights.encode(samples)?)?;
        let no_speech = decode.prime()?;
        let audio = SampleRate::Hz16000.span_of(samples.len() as u64) + GUARD_MARGIN;
        let ends = Ends { start: weights.marks.no_timestamps, end: weights.marks.end };
        let best = search(&mut decode, bias, RepetitionGuard::new(audio).once(), ends)?;
        if best.steps == 0 {
            return Err(weights.decoder.unexpected());
        }
        let log_probability = best.log_probability / best.steps as f32;
        if NO_SPEECH_MIN < no_speech && log_probability < GUESS_MAX {
            return Ok(Transcript::default());
        }
        Ok(Transcript {
            text: weights.tokens.decode(&best.tokens),
            log_probability,
            tokens: best.tokens,
            cut: best.cut,
        })
    }

    /// What the encoder is given of `samples`: bands by columns, row by row. For tests.
    pub fn spectrum(&self, samples: &[f32]) -> Vec<f32> {
        self.weights.spectrum(samples).1
    }

    /// What the encoder makes of `samples` for the decoder's first layer: heads by frames by
    /// features, row by row. For tests.
    ///
    /// # Errors
    /// [`InferenceError`] if the model fails.
    pub fn encode(&self, samples: &[f32]) -> Result<([usize; 4], Vec<f32>), InferenceError> {
        let first = self.weights.encode(samples)?.into_iter().next();
        let floats = first.and_then(Tensor::into_floats::<4>);
        floats.ok_or_else(|| self.weights.encoder.unexpected())
    }
}

impl Marks {
    /// Where they stand in the list of tokens; `None` if one does not.
    fn of(pieces: &[Vec<u8>]) -> Option<Self> {
        // They are the last tokens.
        let at = |mark: &[u8]| Some(pieces.iter().rposition(|piece| piece == mark)? as u32);
        Some(Self {
            end: at(b"<|endoftext|>")?,
            start: at(b"<|startoftranscript|>")?,
            no_speech: at(b"<|nocaptions|>")?,
            no_timestamps: at(b"<|notimestamps|>")?,
        })
    }
}

/// The tokens that stand for no spoken word: marks, brackets, notes, dashes between speakers. The
/// model writes captions, and captions have them ("[Music]", "- Hi.").
fn unspoken(pieces: &[Vec<u8>], marks: Marks) -> Vec<u32> {
    let is_spoken = |piece: &[u8]| {
        piece != b" -"
            && !piece.starts_with(b"--")
            && piece
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || b" .,?!'-:$%&".contains(byte))
    };
    (0..)
        .zip(pieces)
        .filter(|(token, piece)| *token != marks.end && (marks.end < *token || !is_spoken(piece)))
        .map(|(token, _)| token)
        .collect()
}

impl Weights {
    fn encode(&self, samples: &[f32]) -> Result<Vec<Tensor>, InferenceError> {
        let (columns, spectrum) = self.spectrum(samples);
        let mel = Tensor::floats(&[1, BANDS, columns], spectrum);
        self.encoder.run(&[(self.encoder_mel, &mel)], &self.encoder_audio)
    }

    /// How many columns, and what is in them.
    fn spectrum(&self, samples: &[f32]) -> (usize, Vec<f32>) {
        let frames = samples.len().div_ceil(SAMPLES_PER_FRAME) + FRAMES_AFTER;
        let columns = frames.clamp(FRAMES_MIN, FRAMES_MAX) * SAMPLES_PER_FRAME / HOP;
        (columns, self.log_mel.columns(samples, columns))
    }
}

/// The decoder at work: one row for each text on its way.
struct Decode<'a> {
    weights: &'a Weights,
    audio: Vec<Tensor>,
    memory: Vec<Tensor>,
    outputs: Vec<Port>,
    /// Tokens so far.
    position: i32,
}

impl<'a> Decode<'a> {
    fn new(weights: &'a Weights, audio: Vec<Tensor>) -> Result<Self, InferenceError> {
        let first = audio.first().cloned().and_then(Tensor::into_floats::<4>);
        let ([_, heads, _, size], _) = first.ok_or_else(|| weights.encoder.unexpected())?;
        let empty = || Tensor::floats(&[1, heads, 0, size], Vec::new());
        Ok(Self {
            weights,
            audio,
            memory: weights.memory.iter().map(|_| empty()).collect(),
            outputs: std::iter::once(weights.decoder_logits)
                .chain(weights.memory.iter().map(|&(_, present)| present))
                .collect(),
            position: 0,
        })
    }

    /// Begins a text; returns how likely there is no speech at all.
    fn prime(&mut self) -> Result<f32, InferenceError> {
        let marks = self.weights.marks;
        let logits = self.step(&[(0, marks.start)])?;
        let no_speech = logits.get(marks.no_speech as usize);
        Ok(no_speech.map_or(0.0, |logit| (logit - log_sum(&logits)).exp()))
    }

    fn step(&mut self, rows: &[(usize, u32)]) -> Result<Vec<f32>, InferenceError> {
        let weights = self.weights;
        let from: Vec<usize> = rows.iter().map(|&(row, _)| row).collect();
        let memory = std::mem::take(&mut self.memory).into_iter();
        let memory: Option<Vec<Tensor>> = memory.map(|kept| kept.select(&from)).collect();
        let memory = memory.ok_or_else(|| weights.decoder.unexpected())?;
        let tokens = rows.iter().map(|&(_, token)| token as i32).collect();
        let token = Tensor::integers(&[rows.len()], tokens);
        let position = Tensor::integers(&[1], vec![self.position]);
        let mut inputs =
            vec![(weights.decoder_token, &token), (weights.decoder_position, &position)];
        inputs.extend(weights.memory.iter().map(|&(past, _)| past).zip(&memory));
        inputs.extend(weights.decoder_audio.iter().copied().zip(&self.audio));
        let mut outputs = weights.decoder.run(&inputs, &self.outputs)?.into_iter();
        let logits = outputs.next().and_then(Tensor::into_floats::<2>);
        let (shape, logits) = logits.ok_or_else(|| weights.decoder.unexpected())?;
        if shape[0] != rows.len() || logits.is_empty() {
            return Err(weights.decoder.unexpected());
        }
        self.memory = outputs.collect();
        self.position += 1;
        Ok(logits)
    }
}

impl NextToken for Decode<'_> {
    type Error = InferenceError;

    fn next(&mut self, rows: &[(usize, u32)]) -> Result<Vec<f32>, InferenceError> {
        let weights = self.weights;
        let mut logits = self.step(rows)?;
        let len = logits.len() / rows.len();
        let is_first = rows.first().is_some_and(|&(_, token)| token == weights.marks.no_timestamps);
        for logits in logits.chunks_exact_mut(len) {
            let never = weights.unspoken.iter().copied();
            // There was speech, says the detector: a text has at least a word.
            for token in never.chain(is_first.then_some(weights.marks.end)) {
                if let Some(logit) = logits.get_mut(token as usize) {
                    *logit = f32::NEG_INFINITY;
                }
            }
        }
        Ok(logits)
    }
}

/// The encoder makes a frame of 20 ms.
const SAMPLES_PER_FRAME: usize = 320;

/// 8 s. With less audio than this, silence included, the model no longer knows when it is done and
/// begins the text anew. Measured on tuned questions with 0 to 512 frames.
const FRAMES_MIN: usize = 400;

/// The model's positions: 30 s.
const FRAMES_MAX: usize = 1_500;

/// Silence after the words, at least: 0.5 s.
const FRAMES_AFTER: usize = 25;

/// Marks of punctuation are tokens, too: room for them.
const GUARD_MARGIN: Millis = Millis::new(1_000);

/// From where on silence is believed, if the words are guesses (openai/whisper, transcribe.py).
const NO_SPEECH_MIN: f32 = 0.6;

/// The mean log probability below which words are guesses (the same).
const GUESS_MAX: f32 = -1.0;

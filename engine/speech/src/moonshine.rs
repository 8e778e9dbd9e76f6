//! Moonshine tiny: up to nine seconds of English at 16 kHz into words, in one piece.

use std::sync::Arc;

use types::{Millis, SampleRate};

use crate::beam::{Ends, NextToken, log_sum, search};
use crate::bias::Bias;
use crate::guard::{RepetitionGuard, Verdict};
use crate::models::{ModelDir, ModelError};
use crate::session::{InferenceError, Port, Session, Tensor};
use crate::tokens::{Alphabet, TokenTable, parse_tokens};
use crate::transcript::Transcript;

/// The longest audio it takes in one piece. Its encoder breaks at 388 frames, 9.3 s (models.md).
pub const PIECE_MAX: Millis = Millis::new(9_000);

/// Moonshine's weights, shared by all calls. Cloning shares.
#[derive(Clone)]
pub struct Moonshine {
    weights: Arc<Weights>,
}

struct Weights {
    encoder: Session,
    encoder_audio: Port,
    encoder_mask: Port,
    encoder_hidden: Port,
    decoder: Session,
    decoder_hidden: Port,
    decoder_mask: Port,
    decoder_token: Port,
    decoder_cached: Port,
    decoder_logits: Port,
    /// What each layer remembers: where it goes in and where it comes out.
    memory: Vec<Memory>,
    tokens: TokenTable,
}

struct Memory {
    past: Port,
    present: Port,
    kind: MemoryKind,
}

/// Of what a layer's memory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MemoryKind {
    /// Of the audio: made at the first token, and never again.
    Audio,
    /// Of the tokens: grows with each.
    Tokens,
}

impl Moonshine {
    /// Loads the weights: 43 MB, 70 ms.
    ///
    /// # Errors
    /// [`ModelError`] if a file cannot be used.
    pub fn load(models: &ModelDir) -> Result<Self, ModelError> {
        let encoder = Session::load(&models.file("stt/encoder_model.onnx"))?;
        let decoder = Session::load(&models.file("stt/decoder_model_merged.onnx"))?;
        let tokenizer = "stt/tokenizer.bin";
        let tokens = parse_tokens(&models.read(tokenizer)?).ok_or_else(|| ModelError::Load {
            path: models.file(tokenizer),
            reason: "the table of tokens is cut short".into(),
        })?;
        let weights = Weights {
            encoder_audio: encoder.port("input_values")?,
            encoder_mask: encoder.port("attention_mask")?,
            encoder_hidden: encoder.port("last_hidden_state")?,
            encoder,
            decoder_hidden: decoder.port("encoder_hidden_states")?,
            decoder_mask: decoder.port("encoder_attention_mask")?,
            decoder_token: decoder.port("input_ids")?,
            decoder_cached: decoder.port("use_cache_branch")?,
            decoder_logits: decoder.port("logits")?,
            memory: memory_of(&decoder)?,
            decoder,
            tokens: TokenTable::new(tokens, Alphabet::Characters),
        };
        Ok(Self { weights: Arc::new(weights) })
    }

    /// `vocabulary` as this model spells it, for [`Self::transcribe_best`]. Cost: 6 ms for 200
    /// phrases.
    pub fn bias(&self, vocabulary: &[String]) -> Bias {
        Bias::new(&self.weights.tokens, vocabulary)
    }

    /// Turns `samples`, mono at 16 kHz with full scale at 1.0, into the words that seem likeliest
    /// one by one.
    ///
    /// Audio beyond [`PIECE_MAX`] is not heard. Cost: 0.02 to 0.03 of the audio's length.
    ///
    /// # Errors
    /// [`InferenceError`] if the model fails.
    pub fn transcribe(&self, samples: &[f32]) -> Result<Transcript, InferenceError> {
        match self.decode(samples)? {
            Some((decode, guard)) => decode.greedy(guard),
            None => Ok(Transcript::default()),
        }
    }

    /// Like [`Self::transcribe`], but the words that are likeliest together, those of `bias` before
    /// others: a third fewer errors for about twice the cost.
    ///
    /// # Errors
    /// [`InferenceError`] if the model fails.
    pub fn transcribe_best(
        &self,
        samples: &[f32],
        bias: &Bias,
    ) -> Result<Transcript, InferenceError> {
        match self.decode(samples)? {
            Some((decode, guard)) => decode.best(guard, bias),
            None => Ok(Transcript::default()),
        }
    }

    /// A decode of what fits of `samples`; `None` if they are too short for a word.
    fn decode(
        &self,
        samples: &[f32],
    ) -> Result<Option<(Decode<'_>, RepetitionGuard)>, InferenceError> {
        let samples = &samples[..samples.len().min(SampleRate::Hz16000.samples_in(PIECE_MAX))];
        if samples.len() < SAMPLES_MIN {
            return Ok(None);
        }
        let decode = Decode::new(&self.weights, self.weights.encode(samples)?)?;
        let guard = RepetitionGuard::new(SampleRate::Hz16000.span_of(samples.len() as u64));
        Ok(Some((decode, guard)))
    }

    /// What the encoder makes of `samples`: frames by features, row by row. For tests.
    ///
    /// # Errors
    /// [`InferenceError`] if the model fails.
    pub fn encode(&self, samples: &[f32]) -> Result<([usize; 3], Vec<f32>), InferenceError> {
        let hidden = self.weights.encode(samples)?;
        hidden.into_floats().ok_or_else(|| self.weights.encoder.unexpected())
    }
}

impl Weights {
    fn encode(&self, samples: &[f32]) -> Result<Tensor, InferenceError> {
        let audio = Tensor::floats(&[1, samples.len()], samples.to_vec());
        let mask = Tensor::integers(&[1, samples.len()], vec![1; samples.len()]);
        let inputs = [(self.encoder_audio, &audio), (self.encoder_mask, &mask)];
        let outputs = self.encoder.run(&inputs, &[self.encoder_hidden])?;
        outputs.into_iter().next().ok_or_else(|| self.encoder.unexpected())
    }
}

/// The decoder at work: one row for each text on its way.
struct Decode<'a> {
    weights: &'a Weights,
    hidden: Tensor,
    mask: Tensor,
    memory: Vec<Tensor>,
    outputs: Vec<Port>,
    begun: bool,
}

impl<'a> Decode<'a> {
    fn new(weights: &'a Weights, hidden: Tensor) -> Result<Self, InferenceError> {
        let shape =
            hidden.clone().into_floats::<3>().ok_or_else(|| weights.encoder.unexpected())?;
        let frames = shape.0[1];
        let empty = || Tensor::floats(&[1, HEADS, 0, HEAD_SIZE], Vec::new());
        Ok(Self {
            weights,
            hidden,
            mask: Tensor::integers(&[1, frames], vec![1; frames]),
            memory: weights.memory.iter().map(|_| empty()).collect(),
            outputs: std::iter::once(weights.decoder_logits)
                .chain(weights.memory.iter().map(|memory| memory.present))
                .collect(),
            begun: false,
        })
    }

    /// Always the likeliest token.
    fn greedy(mut self, guard: RepetitionGuard) -> Result<Transcript, InferenceError> {
        let mut tokens = Vec::new();
        let mut token = TOKEN_START;
        let mut log_probability = 0.0;
        let mut steps = 0;
        let cut = loop {
            let logits = self.next(&[(0, token)])?;
            let (next, log) =
                likeliest(&logits).ok_or_else(|| self.weights.decoder.unexpected())?;
            log_probability += log;
            steps += 1;
            if next == TOKEN_END {
                break false;
            }
            token = next;
            tokens.push(next);
            match guard.judge(&tokens) {
                Verdict::Go => (),
                Verdict::TooMany => break true,
                Verdict::Loop { keep } => {
                    tokens.truncate(keep);
                    break true;
                }
            }
        };
        let text = self.weights.tokens.decode(&tokens);
        Ok(Transcript { text, tokens, log_probability: log_probability / steps as f32, cut })
    }

    /// The likeliest text.
    fn best(mut self, guard: RepetitionGuard, bias: &Bias) -> Result<Transcript, InferenceError> {
        let ends = Ends { start: TOKEN_START, end: TOKEN_END };
        let best = search(&mut self, bias, guard, ends)?;
        if best.steps == 0 {
            return Err(self.weights.decoder.unexpected());
        }
        Ok(Transcript {
            text: self.weights.tokens.decode(&best.tokens),
            log_probability: best.log_probability / best.steps as f32,
            tokens: best.tokens,
            cut: best.cut,
        })
    }
}

impl NextToken for Decode<'_> {
    type Error = InferenceError;

    fn next(&mut self, rows: &[(usize, u32)]) -> Result<Vec<f32>, InferenceError> {
        let weights = self.weights;
        if self.begun {
            let from: Vec<usize> = rows.iter().map(|&(row, _)| row).collect();
            let whole = std::mem::take(&mut self.memory).into_iter().zip(&weights.memory);
            let parts = whole.map(|(kept, memory)| match memory.kind {
                // The same for all rows.
                MemoryKind::Audio => Some(kept),
                MemoryKind::Tokens => kept.select(&from),
            });
            let parts: Option<Vec<Tensor>> = parts.collect();
            self.memory = parts.ok_or_else(|| weights.decoder.unexpected())?;
        }
        let tokens = rows.iter().map(|&(_, token)| token as i32).collect();
        let token = Tensor::integers(&[rows.len(), 1], tokens);
        let is_cached = Tensor::integers(&[1], vec![i32::from(self.begun)]);
        let mut inputs = vec![
            (weights.decoder_mask, &self.mask),
            (weights.decoder_hidden, &self.hidden),
            (weights.decoder_token, &token),
            (weights.decoder_cached, &is_cached),
        ];
        inputs.extend(weights.memory.iter().map(|memory| memory.past).zip(&self.memory));
        let mut outputs = weights.decoder.run(&inputs, &self.outputs)?.into_iter();
        let logits = outputs.next().and_then(Tensor::into_floats::<3>);
        let (shape, logits) = logits.ok_or_else(|| weights.decoder.unexpected())?;
        if shape[0] != rows.len() || logits.is_empty() {
            return Err(weights.decoder.unexpected());
        }
        for ((kept, memory), present) in self.memory.iter_mut().zip(&weights.memory).zip(outputs) {
            if !self.begun || memory.kind == MemoryKind::Tokens {
                *kept = present;
            }
        }
        self.begun = true;
        Ok(logits)
    }
}

/// The index of the greatest logit, and its log probability.
fn likeliest(logits: &[f32]) -> Option<(u32, f32)> {
    let (index, &greatest) = logits.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
    if !greatest.is_finite() {
        return None;
    }
    Some((index as u32, greatest - log_sum(logits)))
}

fn memory_of(decoder: &Session) -> Result<Vec<Memory>, ModelError> {
    let mut memory = Vec::new();
    for (name, past) in decoder.inputs() {
        let Some(rest) = name.strip_prefix("past_key_values") else { continue };
        let present = decoder.port(&format!("present{rest}"))?;
        let kind = if rest.contains(".encoder.") { MemoryKind::Audio } else { MemoryKind::Tokens };
        memory.push(Memory { past, present, kind });
    }
    Ok(memory)
}

/// The model's mark for the beginning and the end of a text.
const TOKEN_START: u32 = 1;
const TOKEN_END: u32 = 2;

/// The decoder's attention: heads and features of each.
const HEADS: usize = 8;
const HEAD_SIZE: usize = 36;

/// 0.1 s: the encoder's three strided layers make nothing of less.
const SAMPLES_MIN: usize = 1_600;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeliest_token_has_a_probability() {
        let (index, log) = likeliest(&[0.0, 3.0_f32.ln(), 0.0]).unwrap();
        assert_eq!(index, 1);
        assert!((log.exp() - 0.6).abs() < 1e-6);
        assert_eq!(likeliest(&[]), None);
        assert_eq!(likeliest(&[f32::NAN]), None);
    }
}

//! What a sentence means, as a direction: all-MiniLM-L6-v2 (Apache-2.0), weights of eight bits.

use std::path::Path;

use vendor::Meaning;

use crate::models::{ModelError, check_optional};
use crate::session::{InferenceError, Port, Session, Tensor};
use crate::wordpiece::WordPieces;

/// Numbers of a meaning.
pub const MEANING_LEN: usize = 384;

/// A question of more pieces is cut: what callers say in one turn is shorter.
const PIECES_MAX: usize = 64;

/// Turns sentences into directions: the nearer two are, the more alike they mean.
pub struct Sentences {
    session: Session,
    pieces: WordPieces,
    ids: Port,
    mask: Port,
    types: Port,
    output: Port,
}

impl Sentences {
    /// Loads the weights and the vocabulary from the directory `models`: 0.1 s, 160 MB, for the runtime
    /// keeps the weights unpacked.
    ///
    /// # Errors
    /// [`ModelError`] if a file is missing or cannot be used.
    pub fn load(models: &Path) -> Result<Self, ModelError> {
        check_optional(models, "meaning/")?;
        let session = Session::load(&models.join("meaning/model.onnx"))?;
        let path = models.join("meaning/tokenizer.json");
        let json = match std::fs::read(&path) {
            Ok(json) => json,
            Err(source) => return Err(ModelError::Read { path, source }),
        };
        let Some(pieces) = WordPieces::parse(&json) else {
            return Err(ModelError::Load { path, reason: "it holds no vocabulary".into() });
        };
        Ok(Self {
            ids: session.port("input_ids")?,
            mask: session.port("attention_mask")?,
            types: session.port("token_type_ids")?,
            output: session.port("last_hidden_state")?,
            session,
            pieces,
        })
    }

    /// The direction of `text`, of length one. About a millisecond for every two pieces of words.
    ///
    /// # Errors
    /// [`InferenceError`] if the model fails.
    pub fn embed(&self, text: &str) -> Result<[f32; MEANING_LEN], InferenceError> {
        let ids = self.pieces.encode(text, PIECES_MAX);
        let len = ids.len();
        let ids = Tensor::integers(&[1, len], ids);
        let mask = Tensor::integers(&[1, len], vec![1; len]);
        let types = Tensor::integers(&[1, len], vec![0; len]);
        let inputs = [(self.ids, &ids), (self.mask, &mask), (self.types, &types)];
        let hidden = self.session.run(&inputs, &[self.output])?.pop();
        let hidden = hidden.and_then(Tensor::into_floats::<3>);
        let Some(([1, _, MEANING_LEN], values)) = hidden else {
            return Err(self.session.unexpected());
        };
        let mut sum = [0.0_f32; MEANING_LEN];
        for row in values.as_chunks::<MEANING_LEN>().0 {
            for (sum, value) in sum.iter_mut().zip(row) {
                *sum += value;
            }
        }
        let length = sum.iter().map(|value| value * value).sum::<f32>().sqrt();
        Ok(sum.map(|value| value / length.max(f32::MIN_POSITIVE)))
    }
}

impl Meaning for Sentences {
    fn embed(&self, text: &str) -> Option<Vec<f32>> {
        Self::embed(self, text).ok().map(Into::into)
    }
}

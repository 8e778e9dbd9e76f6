//! What a model heard.

/// Words, and how sure the model is of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transcript {
    /// The words.
    pub text: String,
    /// The model's tokens.
    pub tokens: Vec<u32>,
    /// The mean of the tokens' log probabilities, the end of the text included: near 0 for clear
    /// speech, below -1 for guesses.
    pub log_probability: f32,
    /// Whether the text was ended by the guard against repetition.
    pub cut: bool,
}

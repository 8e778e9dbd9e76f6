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

/// The words of a piece of speech, and what else they may have been.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Heard {
    /// The likeliest words.
    pub(crate) text: String,
    /// Other readings, likeliest first; none sounds like `text` or another one.
    pub(crate) others: Vec<String>,
}

impl Heard {
    /// `text` and nothing else.
    pub(crate) fn only(text: impl Into<String>) -> Self {
        Self { text: text.into(), others: Vec::new() }
    }

    /// Adds a reading, if it has words and they are new.
    pub(crate) fn add(&mut self, other: String) {
        let is_known = |known: &String| same_words(known, &other);
        if self.others.len() < OTHERS_MAX
            && other.chars().any(char::is_alphanumeric)
            && !is_known(&self.text)
            && !self.others.iter().any(is_known)
        {
            self.others.push(other);
        }
    }

    /// All that was heard of `pieces`, one after the other: the first reading of each, the second of
    /// each, and so on. Of what has fewer readings the first stands in.
    pub(crate) fn joined(pieces: &[&Self]) -> Self {
        let join = |at: Option<usize>| {
            let reading = |piece: &&Self| {
                at.and_then(|at| piece.others.get(at)).unwrap_or(&piece.text).trim().to_owned()
            };
            let mut spoken: Vec<String> = pieces.iter().map(reading).collect();
            spoken.retain(|words| !words.is_empty());
            spoken.join(" ")
        };
        let mut heard = Self::only(join(None));
        let count = pieces.iter().map(|piece| piece.others.len()).max().unwrap_or(0);
        (0..count).for_each(|at| heard.add(join(Some(at))));
        heard
    }
}

/// Whether both are the same but for marks and capitals.
fn same_words(left: &str, right: &str) -> bool {
    let letters = |text: &str| {
        let kept = text.chars().filter(|c| c.is_alphanumeric() || c.is_whitespace());
        let lower: String = kept.flat_map(char::to_lowercase).collect();
        lower.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    letters(left) == letters(right)
}

/// More readings of one piece than this are noise.
const OTHERS_MAX: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_capitals_make_no_reading() {
        let mut heard = Heard::only("Hi, how much?");
        for other in ["hi how much", "Hi. How much!", "...", "", "Hi, how march?", "hi how march"] {
            heard.add(other.into());
        }
        assert_eq!(heard.others, ["Hi, how march?"]);
    }

    #[test]
    fn pieces_are_joined_reading_by_reading() {
        let heard = |text: &str, others: &[&str]| Heard {
            text: text.into(),
            others: others.iter().map(|&other| other.to_owned()).collect(),
        };
        let pieces = [heard("one", &["won"]), heard(" two ", &["to", "too"]), heard("", &[])];
        let pieces: Vec<&Heard> = pieces.iter().collect();
        assert_eq!(Heard::joined(&pieces), heard("one two", &["won to", "one too"]));
        assert_eq!(Heard::joined(&[]), Heard::default());
    }
}

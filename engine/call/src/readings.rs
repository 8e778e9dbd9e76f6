//! Words, and what else the same speech may have been.

use types::Pii;

use crate::reply::push_words;

/// What was heard of some speech: the likeliest words, and other readings of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Readings {
    /// The likeliest words.
    pub(crate) text: String,
    /// Other readings, likeliest first; none is `text`, none is there twice.
    pub(crate) others: Vec<String>,
}

impl Readings {
    /// `text`, or else one of `others`; what is too long or too much is cut off.
    pub(crate) fn new(text: Pii<String>, others: Vec<Pii<String>>) -> Self {
        let mut readings = Self { text: bounded(text), others: Vec::new() };
        others.into_iter().for_each(|other| readings.add(bounded(other)));
        readings
    }

    /// `text` followed by `next`: the first reading by the first, the second by the second. Of what
    /// has fewer readings the first stands in.
    pub(crate) fn push(&mut self, next: &Self) {
        let count = self.others.len().max(next.others.len());
        let others: Vec<String> = (0..count)
            .map(|at| {
                let mut words = self.others.get(at).unwrap_or(&self.text).clone();
                push_words(&mut words, next.others.get(at).unwrap_or(&next.text).trim());
                words
            })
            .collect();
        push_words(&mut self.text, next.text.trim());
        self.others.clear();
        others.into_iter().for_each(|other| self.add(other));
    }

    /// The other readings, as the dialogue keeps them.
    pub(crate) fn others(&self) -> Vec<Pii<String>> {
        self.others.iter().cloned().map(Pii::new).collect()
    }

    fn add(&mut self, other: String) {
        let is_new = other != self.text && !self.others.contains(&other);
        if is_new && self.others.len() < OTHERS_MAX {
            self.others.push(other);
        }
    }
}

fn bounded(text: Pii<String>) -> String {
    let mut text = text.into_revealed();
    if let Some((end, _)) = text.char_indices().nth(UTTERANCE_CHARACTERS_MAX) {
        text.truncate(end);
    }
    text
}

/// What 60 s of fast speech can hold, twice over; a recognizer that says more has gone astray.
const UTTERANCE_CHARACTERS_MAX: usize = 4_000;

/// More readings than this are noise: a brain looks at each.
const OTHERS_MAX: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn readings(text: &str, others: &[&str]) -> Readings {
        let others = others.iter().map(|&other| Pii::new(other.to_owned())).collect();
        Readings::new(Pii::new(text.to_owned()), others)
    }

    #[test]
    fn readings_are_joined_each_with_its_like() {
        let mut words = readings("how much", &["how march"]);
        words.push(&readings(" is it ", &[]));
        assert_eq!(words, readings("how much is it", &["how march is it"]));
        words.push(&readings("today", &["to day", "two days"]));
        let others = ["how march is it to day", "how much is it two days"];
        assert_eq!(words, readings("how much is it today", &others));
        let mut none = Readings::default();
        none.push(&readings("yes", &["yet"]));
        assert_eq!(none, readings("yes", &["yet"]));
    }

    #[test]
    fn readings_are_few_bounded_and_none_is_there_twice() {
        let words = readings("a", &["b", "a", "b", "c", "d", "e", "f"]);
        assert_eq!(words.others, ["b", "c", "d", "e"]);
        let long = "é".repeat(UTTERANCE_CHARACTERS_MAX + 1);
        let words = readings(&long, &[&long[2..]]);
        assert_eq!(words.text.chars().count(), UTTERANCE_CHARACTERS_MAX);
        assert!(words.others.is_empty(), "cut to the same length they are the same");
    }
}

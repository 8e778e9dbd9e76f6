//! Words that are likelier in one call than elsewhere.
//!
//! A business's words are rare in what the model has learned: "root canal" loses to "direct canal"
//! by a hair. A [`Bias`] is a tree of such phrases, token by token; a text on its way walks along
//! it, and is given a bonus for each token of a phrase. What a phrase that was not finished has
//! given is taken back, so that only whole phrases gain.

use std::collections::HashMap;

use crate::tokens::TokenTable;

/// Phrases that gain. The default knows none.
#[derive(Clone, Debug, Default)]
pub struct Bias {
    /// The tree, parents before their children; the first is the root.
    nodes: Vec<Node>,
}

#[derive(Clone, Debug, Default)]
struct Node {
    next: HashMap<u32, u32>,
    /// What the tokens up to here have been given.
    given: f32,
    /// What of it is for phrases that end here or before.
    kept: f32,
}

/// Where in a [`Bias`] a text is; the default is before a phrase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place(u32);

impl Bias {
    /// The phrases of `vocabulary`; those that `table` cannot write are left out.
    pub(crate) fn new(table: &TokenTable, vocabulary: &[String]) -> Self {
        let written = vocabulary.iter().flat_map(|phrase| spellings(phrase));
        Self::of_tokens(written.filter_map(|phrase| table.encode(&phrase)))
    }

    /// The phrases as they are.
    pub(crate) fn of_tokens(phrases: impl Iterator<Item = Vec<u32>>) -> Self {
        let mut bias = Self { nodes: vec![Node::default()] };
        for phrase in phrases {
            bias.insert(&phrase);
        }
        for index in 0..bias.nodes.len() {
            let kept = bias.nodes[index].kept;
            let next: Vec<u32> = bias.nodes[index].next.values().copied().collect();
            for child in next {
                let child = &mut bias.nodes[child as usize];
                child.kept = child.kept.max(kept);
            }
        }
        bias
    }

    fn insert(&mut self, phrase: &[u32]) {
        let mut at = 0;
        for &token in phrase {
            let new = self.nodes.len() as u32;
            let given = self.nodes[at].given + BONUS;
            let next = *self.nodes[at].next.entry(token).or_insert(new);
            if next == new {
                self.nodes.push(Node { given, ..Node::default() });
            }
            at = next as usize;
        }
        self.nodes[at].kept = self.nodes[at].given;
    }

    /// Where `token` leads from `place`, and what it gains: less than 0 if an unfinished phrase has
    /// to give back.
    pub(crate) fn step(&self, place: Place, token: u32) -> (Place, f32) {
        let Some(node) = self.nodes.get(place.0 as usize) else { return (place, 0.0) };
        if let Some(&next) = node.next.get(&token) {
            return (Place(next), self.nodes[next as usize].given - node.given);
        }
        let returned = self.end(place);
        match self.nodes[0].next.get(&token) {
            Some(&next) => (Place(next), returned + self.nodes[next as usize].given),
            None => (Place::default(), returned),
        }
    }

    /// What is given back, 0 or less, by a text that ends at `place`.
    pub(crate) fn end(&self, place: Place) -> f32 {
        self.nodes.get(place.0 as usize).map_or(0.0, |node| node.kept - node.given)
    }

    /// The tokens that begin a phrase or go on with the one at `place`.
    pub(crate) fn favored(&self, place: Place) -> impl Iterator<Item = u32> + '_ {
        let root = self.nodes.first().filter(|_| place != Place::default());
        let node = self.nodes.get(place.0 as usize);
        node.into_iter().chain(root).flat_map(|node| node.next.keys().copied())
    }
}

/// `phrase` as written, and with its first letter upper and lower: a text may begin with it.
fn spellings(phrase: &str) -> Vec<String> {
    let phrase = phrase.trim();
    let mut chars = phrase.chars();
    let Some(first) = chars.next() else { return Vec::new() };
    let rest = chars.as_str();
    let mut all = vec![
        phrase.to_owned(),
        first.to_uppercase().chain(rest.chars()).collect(),
        first.to_lowercase().chain(rest.chars()).collect(),
    ];
    all.sort();
    all.dedup();
    all
}

/// What a token of a phrase gains, as a log probability: each is taken to be 4.5 times likelier
/// than the model thinks. Measured on the tuned questions: from 1.0 to 2.0 it hardly matters, 3.0
/// puts the business's words into callers' mouths.
const BONUS: f32 = 1.5;

#[cfg(test)]
mod tests {
    use super::*;

    /// A bias for `phrases`, a letter a token; the gains of `text`'s letters and of its end, in
    /// bonuses.
    fn check(phrases: &[&str], text: &str, expected: &[i32]) {
        let tokens = |text: &str| text.bytes().map(u32::from).collect::<Vec<_>>();
        let bias = Bias::of_tokens(phrases.iter().map(|phrase| tokens(phrase)));
        let mut place = Place::default();
        let mut gains = Vec::new();
        for token in tokens(text) {
            let (next, gain) = bias.step(place, token);
            assert!(gain <= 0.0 || bias.favored(place).any(|favored| favored == token));
            place = next;
            gains.push(gain);
        }
        gains.push(bias.end(place));
        let gains: Vec<i32> = gains.iter().map(|gain| (gain / BONUS).round() as i32).collect();
        assert_eq!(gains, expected, "{text}");
    }

    #[test]
    fn whole_phrases_gain_and_others_give_back() {
        check(&["abc"], "xabcx", &[0, 1, 1, 1, 0, 0]);
        check(&["abc"], "abx", &[1, 1, -2, 0]);
        check(&["abc"], "ab", &[1, 1, -2]);
        // The token that ends one phrase may begin another.
        check(&["abc", "de"], "abde", &[1, 1, -1, 1, 0]);
        // What a shorter phrase has gained is kept.
        check(&["a", "abc"], "abx", &[1, 1, -1, 0]);
        check(&["abc", "a"], "abc", &[1, 1, 1, 0]);
        check(&["abcd", "ab"], "abcx", &[1, 1, 1, -1, 0]);
        check(&[], "ab", &[0, 0, 0]);
    }

    #[test]
    fn no_bias_gains_nothing() {
        let none = Bias::default();
        assert_eq!(none.step(Place::default(), 7), (Place::default(), 0.0));
        assert_eq!(none.end(Place::default()), 0.0);
        assert_eq!(none.favored(Place::default()).count(), 0);
    }

    #[test]
    fn phrases_are_spelled_as_sentences_begin() {
        assert_eq!(spellings(" oil change "), ["Oil change", "oil change"]);
        assert_eq!(spellings("Marcus"), ["Marcus", "marcus"]);
        assert!(spellings(" ").is_empty());
    }
}

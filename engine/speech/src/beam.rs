//! Several texts at once, so that a likely beginning cannot hide a likelier text.
//!
//! [`search`] follows the best few texts token by token. Where the model is sure of itself the
//! others fall behind at once and cost nothing; where it hesitates, or a [`Bias`] speaks for
//! another word, they are there.

use crate::bias::{Bias, Place};
use crate::guard::{RepetitionGuard, Verdict};

/// Texts that are followed at once. Measured on the tuned questions, words in error: 14.5 % with
/// one, 11.1 % with four; with a business's words 11.4 % with two, 9.9 % with three, 9.4 % with
/// four.
const WIDTH: usize = 4;

/// How much worse than the best a text may be, as a log probability: 20 times less likely.
/// Measured: 3 and 6 make as many errors, and 3 costs a third less. The cost goes with the rows, the
/// runtime gains nothing by taking several at once: 2.3 a token on average.
const MARGIN: f32 = 3.0;

/// What says how likely each token is.
pub(crate) trait NextToken {
    /// Why it cannot.
    type Error;

    /// The logits after each of `rows`, one row after the other. A row is one of the rows asked for
    /// last (by its index; at first there is but one) and a token that follows it.
    fn next(&mut self, rows: &[(usize, u32)]) -> Result<Vec<f32>, Self::Error>;
}

/// The tokens a text begins and ends with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ends {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// A text on its way, or at its end.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Text {
    /// Without the start and the end.
    pub(crate) tokens: Vec<u32>,
    /// The sum of the tokens' log probabilities, the end included.
    pub(crate) log_probability: f32,
    /// That, and what the bias gives.
    score: f32,
    /// How many log probabilities were summed.
    pub(crate) steps: usize,
    /// Whether it was ended by the guard against repetition.
    pub(crate) cut: bool,
    place: Place,
}

/// A token that may come next.
struct Candidate {
    row: usize,
    token: u32,
    log_probability: f32,
    /// Of the text it would make.
    score: f32,
    place: Place,
}

/// The best text that `next` has in mind.
///
/// # Errors
/// What `next` fails with.
pub(crate) fn search<N: NextToken>(
    next: &mut N,
    bias: &Bias,
    guard: RepetitionGuard,
    ends: Ends,
) -> Result<Text, N::Error> {
    let mut texts = vec![Text::default()];
    let mut rows = vec![(0, ends.start)];
    let mut best: Option<Text> = None;
    while !texts.is_empty() {
        let logits = next.next(&rows)?;
        let mut candidates = Vec::new();
        for (row, logits) in logits.chunks_exact(logits.len() / rows.len()).enumerate() {
            candidates.extend(expand(row, &texts[row], logits, bias, ends.end));
        }
        candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
        let floor = candidates.first().map_or(0.0, |best| best.score - MARGIN);
        let mut followed = Vec::with_capacity(WIDTH);
        rows.clear();
        for candidate in candidates.iter().take_while(|candidate| floor <= candidate.score) {
            if followed.len() == WIDTH {
                break;
            }
            match grow(&texts[candidate.row], candidate, guard, ends.end) {
                Grown::Goes(text) => {
                    rows.push((candidate.row, candidate.token));
                    followed.push(text);
                }
                Grown::Over(text) => {
                    if best.as_ref().is_none_or(|best| best.score < text.score) {
                        best = Some(text);
                    }
                }
            }
        }
        // A text only loses by going on, but for what its phrase may still gain.
        if let Some(best) = &best {
            let hopeful = followed.partition_point(|text: &Text| best.score < text.score);
            followed.truncate(hopeful);
            rows.truncate(hopeful);
        }
        texts = followed;
    }
    Ok(best.unwrap_or_default())
}

/// The likeliest tokens after `text`, and those that gain.
fn expand<'a>(
    row: usize,
    text: &'a Text,
    logits: &'a [f32],
    bias: &'a Bias,
    end: u32,
) -> impl Iterator<Item = Candidate> + 'a {
    let sum = log_sum(logits);
    // One more than is followed: the end may be among them.
    let mut tokens = likeliest(logits, WIDTH + 1);
    tokens.extend(bias.favored(text.place));
    tokens.sort_unstable();
    tokens.dedup();
    tokens.into_iter().filter_map(move |token| {
        let log_probability = logits.get(token as usize)? - sum;
        let (place, gain) = if token == end {
            (Place::default(), bias.end(text.place))
        } else {
            bias.step(text.place, token)
        };
        let score = text.score + log_probability + gain;
        // Not a number: a model out of its mind says nothing.
        score.is_finite().then_some(Candidate { row, token, log_probability, score, place })
    })
}

/// A text with one token more.
enum Grown {
    Goes(Text),
    Over(Text),
}

fn grow(old: &Text, candidate: &Candidate, guard: RepetitionGuard, end: u32) -> Grown {
    let mut text = old.clone();
    text.log_probability += candidate.log_probability;
    text.steps += 1;
    text.score = candidate.score;
    text.place = candidate.place;
    if candidate.token == end {
        return Grown::Over(text);
    }
    text.tokens.push(candidate.token);
    match guard.judge(&text.tokens) {
        Verdict::Go => return Grown::Goes(text),
        Verdict::TooMany => (),
        Verdict::Loop { keep } => text.tokens.truncate(keep),
    }
    text.cut = true;
    Grown::Over(text)
}

/// The `count` indexes with the greatest logits, greatest first.
fn likeliest(logits: &[f32], count: usize) -> Vec<u32> {
    let mut best: Vec<u32> = Vec::with_capacity(count + 1);
    let mut least = f32::NEG_INFINITY;
    for (index, &logit) in logits.iter().enumerate() {
        if best.len() == count && logit <= least {
            continue;
        }
        let at = best.partition_point(|&other| logit <= logits[other as usize]);
        best.insert(at, index as u32);
        best.truncate(count);
        least = best.last().map_or(least, |&last| logits[last as usize]);
    }
    best
}

/// What turns logits into log probabilities when it is taken from them.
pub(crate) fn log_sum(logits: &[f32]) -> f32 {
    let greatest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let floor = greatest - NEGLIGIBLE;
    let counted = logits.iter().filter(|&&logit| floor < logit);
    greatest + counted.map(|logit| (logit - greatest).exp()).sum::<f32>().ln()
}

/// Less likely tokens are not summed up: all 32,768 of them make 0.0005 of the likeliest.
const NEGLIGIBLE: f32 = 18.0;

#[cfg(test)]
mod tests {
    use types::Millis;

    use super::*;

    const ENDS: Ends = Ends { start: 0, end: 1 };

    /// What follows a text, with its probability, in letters; `.` is the end. What is not named
    /// has next to no probability.
    struct Model {
        rules: Vec<(&'static str, Vec<(u8, f32)>)>,
        rows: Vec<String>,
        most: usize,
    }

    impl NextToken for Model {
        type Error = ();

        fn next(&mut self, rows: &[(usize, u32)]) -> Result<Vec<f32>, ()> {
            let grow = |&(row, token): &(usize, u32)| {
                let before = self.rows.get(row).cloned().unwrap_or_default();
                if token == ENDS.start {
                    before
                } else {
                    format!("{before}{}", token as u8 as char)
                }
            };
            self.rows = rows.iter().map(grow).collect();
            self.most = self.most.max(rows.len());
            let mut logits = vec![-30.0; rows.len() * 128];
            for (row, logits) in self.rows.iter().zip(logits.chunks_mut(128)) {
                let rule = self.rules.iter().find(|(text, _)| text == row);
                for &(letter, probability) in rule.map_or(&[(b'.', 1.0)][..], |rule| &rule.1) {
                    let token = if letter == b'.' { ENDS.end as usize } else { letter as usize };
                    logits[token] = probability.ln();
                }
            }
            Ok(logits)
        }
    }

    fn found(rules: &[(&'static str, &[(u8, f32)])], phrases: &[&str]) -> (String, Text, usize) {
        let rules = rules.iter().map(|&(text, next)| (text, next.to_vec())).collect();
        let mut model = Model { rules, rows: Vec::new(), most: 0 };
        let tokens = |phrase: &&str| phrase.bytes().map(u32::from).collect();
        let bias = Bias::of_tokens(phrases.iter().map(tokens));
        let guard = RepetitionGuard::new(Millis::from_secs(9));
        let text = search(&mut model, &bias, guard, ENDS).unwrap();
        let letters = text.tokens.iter().map(|&token| token as u8 as char).collect();
        (letters, text, model.most)
    }

    #[test]
    fn a_likely_beginning_does_not_hide_a_likelier_text() {
        let rules: &[(&str, &[(u8, f32)])] = &[
            ("", &[(b'a', 0.6), (b'b', 0.4)]),
            ("a", &[(b'x', 0.3), (b'y', 0.3), (b'z', 0.4)]),
            ("b", &[(b'c', 1.0)]),
            ("bc", &[(b'd', 1.0)]),
        ];
        let (text, found, _) = found(rules, &[]);
        assert_eq!(text, "bcd");
        assert!((found.log_probability - 0.4_f32.ln()).abs() < 1e-3, "{found:?}");
        assert_eq!((found.steps, found.cut), (4, false));
    }

    #[test]
    fn phrases_win_if_they_are_finished() {
        let rules: &[(&str, &[(u8, f32)])] = &[
            ("", &[(b'a', 0.8), (b'b', 0.2)]),
            ("a", &[(b'.', 1.0)]),
            ("b", &[(b'c', 0.9), (b'd', 0.1)]),
        ];
        assert_eq!(found(rules, &[]).0, "a");
        assert_eq!(found(rules, &["bc"]).0, "bc");
        assert_eq!(found(rules, &["bcd"]).0, "a");
        assert_eq!(found(rules, &["bx"]).0, "a");
        // What was given does not count as heard.
        assert!((found(rules, &["bc"]).1.log_probability - 0.18_f32.ln()).abs() < 1e-3);
    }

    #[test]
    fn a_word_of_the_phrases_is_looked_at_however_many_are_likelier() {
        let many: &[(u8, f32)] = &[
            (b'a', 0.2),
            (b'b', 0.16),
            (b'c', 0.15),
            (b'd', 0.13),
            (b'e', 0.13),
            (b'f', 0.12),
            (b'g', 0.11),
        ];
        assert_eq!(found(&[("", many)], &["g"]).0, "g");
        let (text, _, most) = found(&[("", many)], &[]);
        assert_eq!((text.as_str(), most), ("a", WIDTH));
    }

    #[test]
    fn what_is_far_behind_is_not_followed() {
        let (text, _, most) = found(&[("", &[(b'a', 0.96), (b'b', 0.04)])], &[]);
        assert_eq!((text.as_str(), most), ("a", 1));
    }

    #[test]
    fn loops_are_cut() {
        let rules: Vec<(String, u8)> = (0..40).map(|n| ("no".repeat(n), b'n')).collect();
        let odd = (0..40).map(|n| (format!("{}n", "no".repeat(n)), b'o'));
        let all: Vec<(&'static str, Vec<(u8, f32)>)> = rules
            .into_iter()
            .chain(odd)
            .map(|(text, next)| (&*text.leak(), vec![(next, 1.0)]))
            .collect();
        let rules: Vec<(&'static str, &[(u8, f32)])> =
            all.iter().map(|(text, next)| (*text, next.as_slice())).collect();
        let (text, found, _) = found(&rules, &[]);
        assert_eq!(text, "no");
        assert!(found.cut);
    }

    #[test]
    fn logits_become_log_probabilities() {
        let logits = [0.0, 3.0_f32.ln(), 0.0, -40.0];
        assert!(((logits[1] - log_sum(&logits)).exp() - 0.6).abs() < 1e-6);
        assert_eq!(likeliest(&logits, 2), [1, 0]);
        assert_eq!(likeliest(&logits, 9), [1, 0, 2, 3]);
        assert!(likeliest(&[], 2).is_empty());
    }

    #[test]
    fn a_model_out_of_its_mind_says_nothing() {
        struct Mad;
        impl NextToken for Mad {
            type Error = ();

            fn next(&mut self, rows: &[(usize, u32)]) -> Result<Vec<f32>, ()> {
                Ok(vec![f32::NAN; rows.len() * 8])
            }
        }
        let guard = RepetitionGuard::new(Millis::from_secs(1));
        let found = search(&mut Mad, &Bias::default(), guard, ENDS).unwrap();
        assert_eq!(found, Text::default());
    }
}

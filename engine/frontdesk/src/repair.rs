//! Gaps between words where a recognizer misplaced them: "howmuch is a fil ling".

use crate::lexicon;
use crate::matching::Index;
use crate::words::{Token, Utterance};

/// Shorter words come together by chance.
const MERGED_LETTERS_MIN: usize = 5;
/// More words than these nobody runs together.
const SPLIT_WORDS_MAX: usize = 3;

/// `utterance` with words joined that only make sense together, and words split that only make
/// sense apart.
///
/// A word makes sense if it is one of everyday talk or stands in the business's table.
pub(crate) fn repair(utterance: Utterance, index: &Index) -> Utterance {
    let is_word =
        |token: &Token| token.is_common() || lexicon::is_common(&token.lemma) || index.knows(token);
    if utterance.tokens.iter().all(is_word) {
        return utterance;
    }
    let mut repaired: Vec<Token> = Vec::with_capacity(utterance.tokens.len());
    let mut tokens = utterance.tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let merged = tokens.peek().and_then(|next| {
            let strange = !is_word(&token) || !is_word(next);
            let whole = format!("{}{}", token.text, next.text);
            let merged =
                (strange && whole.len() >= MERGED_LETTERS_MIN).then(|| token.respelled(whole))?;
            is_word(&merged).then_some(merged)
        });
        if let Some(merged) = merged {
            tokens.next();
            repaired.push(merged);
        } else if is_word(&token) {
            repaired.push(token);
        } else {
            match split(&token, SPLIT_WORDS_MAX, &is_word) {
                // "Paychecks" are no "pay" and no "checks": two words that say something are run
                // together only where the table has them side by side.
                //
                // Nor is there a fire in a fireplace.
                Some(parts)
                    if parts.windows(2).all(|two| may_meet(&two[0], &two[1], index))
                        && !parts.iter().any(|part| index.alarms(part)) =>
                {
                    repaired.extend(parts);
                }
                Some(_) | None => repaired.push(token),
            }
        }
    }
    repaired.truncate(crate::words::TOKENS_MAX);
    Utterance { tokens: repaired }
}

fn may_meet(left: &Token, right: &Token, index: &Index) -> bool {
    left.weight < 0.5 || right.weight < 0.5 || index.has_side_by_side(&left.lemma, &right.lemma)
}

/// Whether `part` is no more than the end of another word: "make-up" is not "make" and "up".
fn is_too_short(part: &str) -> bool {
    const SHORT: [&str; 11] = ["is", "a", "do", "to", "on", "in", "an", "my", "it", "me", "i"];
    part.len() < 3 && !SHORT.contains(&part)
}

/// The words that `token` is made of, at most `words`.
fn split(token: &Token, words: usize, is_word: &impl Fn(&Token) -> bool) -> Option<Vec<Token>> {
    if words < 2 || !token.text.is_ascii() {
        return None;
    }
    // The longest first word that leaves a rest that makes sense.
    (1..token.text.len()).rev().find_map(|cut| {
        let (left, right) = token.text.split_at(cut);
        if is_too_short(left) || is_too_short(right) {
            return None;
        }
        let left = token.respelled(left.to_owned());
        if !is_word(&left) {
            return None;
        }
        let right = token.respelled(right.to_owned());
        if is_word(&right) {
            return Some(vec![left, right]);
        }
        let mut parts = split(&right, words - 1, is_word)?;
        parts.insert(0, left);
        Some(parts)
    })
}

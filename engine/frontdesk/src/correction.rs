//! What is left of an utterance when the caller takes back a part of it.

use crate::cues::Cue;
use crate::pattern::find_cues;
use crate::words::{Mask, Token, Utterance};

/// In a longer utterance a "not" is part of what is told.
const DENIED_WORDS_MAX: usize = 14;

/// What is left when the caller takes back the first words: "sorry, actually, how much is
/// whitening".
pub(crate) fn corrected(utterance: Utterance) -> Utterance {
    let utterance = without_denied(utterance);
    let cues = find_cues(&utterance);
    let hit = cues.iter().rev().find(|hit| hit.cue == Cue::Correction);
    let no = lone_no(&utterance);
    let Some(hit) = hit.filter(|hit| no.is_none_or(|at| at < hit.mask.first())) else {
        return no.map_or(utterance.clone(), |at| framed(&utterance, &cues, at + 1));
    };
    let tail = utterance.tail(hit.mask.last() + 1);
    if tail.weight(tail.all()) > 0.0 && !cues.iter().any(|cue| cue.mask.first() > hit.mask.last()) {
        framed(&utterance, &cues, hit.mask.last() + 1)
    } else if tail.weight(tail.all()) > 0.0
        || cues.iter().any(|cue| cue.mask.first() > hit.mask.last())
    {
        tail
    } else {
        utterance
    }
}

/// "How much is a flu shot, no, the tetanus one": a "no" by itself in the middle.
fn lone_no(utterance: &Utterance) -> Option<usize> {
    let tokens = &utterance.tokens;
    (HEAD_WORDS_MIN..tokens.len().saturating_sub(1)).find(|at| {
        tokens[*at].text == "no"
            && tokens[at - 1].part != tokens[*at].part
            && tokens[at + 1].part != tokens[*at].part
            && tokens[at + 1].sentence == tokens[*at].sentence
            && TAIL_WORDS_MAX >= tokens.len() - at - 1
    })
}

/// What is left from `start` on, in the frame of the question before it: what is taken back is the thing,
/// not what was asked of it.
fn framed(utterance: &Utterance, cues: &[crate::pattern::CueHit], start: usize) -> Utterance {
    let tail = utterance.tail(start);
    let asks = |cue: Cue| matches!(cue, Cue::Price | Cue::Duration);
    if cues.iter().any(|hit| asks(hit.cue) && hit.mask.first() >= start) {
        return tail;
    }
    let frame = cues.iter().filter(|hit| asks(hit.cue) && hit.mask.last() < start);
    let frame = frame.fold(Mask::default(), |mask, hit| mask.union(hit.mask));
    let (part, sentence) = tail.tokens.first().map_or((0, 0), |token| (token.part, token.sentence));
    let head = utterance.tokens.iter().enumerate().filter(|(at, _)| frame.holds(*at));
    let head = head.map(|(_, token)| Token { part, sentence, ..token.clone() });
    Utterance { tokens: head.chain(tail.tokens.iter().cloned()).collect() }
}

/// Fewer words before a "no" are no question that it takes back.
const HEAD_WORDS_MIN: usize = 4;
/// More words behind it say something of their own.
const TAIL_WORDS_MAX: usize = 5;

/// "Not the haircut, the color", "the color, not the haircut": without what is denied, if
/// something else is named.
fn without_denied(utterance: Utterance) -> Utterance {
    let tokens = &utterance.tokens;
    if tokens.len() > DENIED_WORDS_MAX {
        return utterance;
    }
    let article = |token: &Token| {
        ["the", "a", "an", "my", "your", "on", "for", "to", "from"].contains(&token.text.as_str())
    };
    let Some(not) = tokens.iter().position(|token| token.text == "not") else { return utterance };
    // "I do not know", "is it not open": only a "not" before a thing, at the start of a part.
    let starts = not.checked_sub(1).is_none_or(|before| {
        tokens[before].part != tokens[not].part
            || ["no", "and", "but", "sorry", "meant", "mean"]
                .contains(&tokens[before].text.as_str())
    });
    let Some(next) = tokens.get(not + 1).filter(|_| starts) else { return utterance };
    if !article(next) && next.weight < 1.0 && !crate::calendar::may_be_day(next) {
        return utterance;
    }
    // What is denied goes on to the next comma, "but", or the next article.
    let named = not + 1 + usize::from(article(next));
    let end = (named + 1..tokens.len())
        .find(|at| {
            tokens[*at].part != tokens[not].part
                || ["but", "rather"].contains(&tokens[*at].text.as_str())
                || article(&tokens[*at])
        })
        .unwrap_or(tokens.len());
    let kept: Vec<Token> =
        tokens.iter().take(not).chain(tokens.iter().skip(end)).cloned().collect();
    let kept = Utterance { tokens: kept };
    let telling = |token: &Token| token.weight > 0.0 || crate::calendar::may_be_day(token);
    if kept.tokens.iter().any(telling) { kept } else { utterance }
}

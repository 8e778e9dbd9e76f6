//! Numbers in words.

use types::english;

use super::figure::Span;
use super::lexer::Token;

pub(super) fn cardinal_word(word: &str) -> Option<u64> {
    english::cardinal(word).map(u64::from)
}

pub(super) fn ordinal_word(word: &str) -> Option<u64> {
    english::ordinal(word).map(u64::from)
}

pub(super) fn scale_word(word: &str) -> Option<u64> {
    match word {
        "hundred" => Some(100),
        "thousand" => Some(1_000),
        "million" => Some(1_000_000),
        _ => None,
    }
}

/// `tokens` with each run of number words as the number it is: "one hundred and twenty" is 120,
/// "twenty-first" the 21st, "five five five" three numbers, "double five" two.
pub(super) fn joined(tokens: Vec<(Token, Span)>) -> Vec<(Token, Span)> {
    let mut out: Vec<(Token, Span)> = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while let Some((token, span)) = tokens.get(at) {
        let rest = &tokens[at..];
        if let Some((times, taken)) = repeated(rest) {
            let digit = rest[1].clone();
            at += taken;
            for (token, span) in joined(vec![digit]) {
                out.extend(std::iter::repeat_n((token, span), times));
            }
            continue;
        }
        match number(rest) {
            Some((token, taken)) => {
                let end = rest[taken - 1].1.end;
                out.push((token, span.start..end));
                at += taken;
            }
            None => {
                out.push((token.clone(), span.clone()));
                at += 1;
            }
        }
    }
    out
}

fn word(tokens: &[(Token, Span)], at: usize) -> Option<&str> {
    match tokens.get(at) {
        Some((Token::Word(word), _)) => Some(word),
        _ => None,
    }
}

/// "Double five": how often, and how many tokens.
fn repeated(tokens: &[(Token, Span)]) -> Option<(usize, usize)> {
    let times = match word(tokens, 0)? {
        "double" => 2,
        "triple" => 3,
        _ => return None,
    };
    let is_digit = match tokens.get(1)? {
        (Token::Word(word), _) => {
            cardinal_word(word).is_some_and(|value| value < 10) || word == "oh"
        }
        (Token::Number { milli, digits: Some(_) }, _) => *milli < 10_000,
        _ => false,
    };
    is_digit.then_some((times, 2))
}

/// The number in words at the start of `tokens`, and how many of them it takes.
fn number(tokens: &[(Token, Span)]) -> Option<(Token, usize)> {
    let first = word(tokens, 0)?;
    if first == "oh" {
        // Only between digits is it one: the reader sees to that.
        return None;
    }
    if let Some(value) = ordinal_word(first) {
        return Some((Token::Ordinal { value, is_written: false }, 1));
    }
    let (mut value, mut taken) = match below_hundred(tokens)? {
        Piece { value, taken, is_ordinal: true } => {
            return Some((Token::Ordinal { value, is_written: false }, taken));
        }
        Piece { value, taken, is_ordinal: false } => (value, taken),
    };
    let mut is_ordinal = false;
    while let Some(scale) = word(tokens, taken).and_then(scale_word).filter(|_| value < 1_000_000) {
        value *= scale;
        taken += 1;
        let skipped = usize::from(word(tokens, taken) == Some("and"));
        let rest = tokens.get(taken + skipped..).unwrap_or_default();
        if let Some(more) = below_hundred(rest).filter(|more| more.value < scale && 0 < more.value)
        {
            // "Two thousand five hundred": the hundreds belong to what follows.
            let above = if scale == 1_000 { hundreds(rest, &more) } else { None };
            let (more_value, more_taken) = above.unwrap_or((more.value, more.taken));
            value += more_value;
            taken += skipped + more_taken;
            is_ordinal = more.is_ordinal;
            break;
        }
    }
    let token = if is_ordinal {
        Token::Ordinal { value, is_written: false }
    } else {
        Token::Number { milli: value * 1_000, digits: None }
    };
    Some((token, taken))
}

/// "Five hundred (and twenty)" after thousands.
fn hundreds(tokens: &[(Token, Span)], first: &Piece) -> Option<(u64, usize)> {
    (word(tokens, first.taken) == Some("hundred")).then_some(())?;
    let taken = first.taken + 1;
    let skipped = usize::from(word(tokens, taken) == Some("and"));
    let rest = tokens.get(taken + skipped..).unwrap_or_default();
    let base = first.value * 100;
    Some(match below_hundred(rest).filter(|more| 0 < more.value) {
        Some(more) => (base + more.value, taken + skipped + more.taken),
        None => (base, taken),
    })
}

struct Piece {
    value: u64,
    taken: usize,
    is_ordinal: bool,
}

/// "Twenty", "twenty one", "twenty-first"; "a hundred" begins with its "a".
fn below_hundred(tokens: &[(Token, Span)]) -> Option<Piece> {
    let first = word(tokens, 0)?;
    if matches!(first, "a" | "one")
        && word(tokens, 1).is_some_and(|next| scale_word(next).is_some())
    {
        return Some(Piece { value: 1, taken: 1, is_ordinal: false });
    }
    let value = cardinal_word(first)?;
    if 20 <= value {
        let dash = usize::from(matches!(tokens.get(1), Some((Token::Dash, _))));
        let next = word(tokens, 1 + dash);
        let below_ten = |value: &u64| (1..10).contains(value);
        if let Some(unit) = next.and_then(cardinal_word).filter(below_ten) {
            return Some(Piece { value: value + unit, taken: 2 + dash, is_ordinal: false });
        }
        if let Some(unit) = next.and_then(ordinal_word).filter(below_ten) {
            return Some(Piece { value: value + unit, taken: 2 + dash, is_ordinal: true });
        }
    }
    Some(Piece { value, taken: 1, is_ordinal: false })
}

//! Which words of a segment the caller has heard.

use types::Millis;

/// A word counts as heard from this share of its duration on (conversation.md §7.6).
const HEARD_SHARE_MIN_PERCENT: u64 = 60;

/// The beginning of `text` that was heard when `heard` of its audio, `duration` long, had played.
///
/// `words`: byte offset of each word's end in `text` and its end in the audio, if the voice told;
/// ends that do not fit the text or do not ascend are not believed, and the duration is spread
/// over the words by their letters and pauses instead.
pub(crate) fn heard_text<'a>(
    text: &'a str,
    duration: Millis,
    heard: Millis,
    words: &[(usize, Millis)],
) -> &'a str {
    if heard == Millis::ZERO {
        return "";
    }
    if duration <= heard {
        return text;
    }
    let spans = if is_plausible(text, words) { measured(words) } else { spread(text, duration) };
    let mut text_end = 0;
    for span in &spans {
        let word = span.end.saturating_sub(span.start).as_micros();
        if heard.as_micros() < span.start.as_micros() + word * HEARD_SHARE_MIN_PERCENT / 100 {
            break;
        }
        text_end = span.text_end;
    }
    if spans.last().is_some_and(|last| last.text_end == text_end) {
        return text;
    }
    text[..text_end].trim_end()
}

/// The place of a word in text and audio.
struct WordSpan {
    text_end: usize,
    start: Millis,
    end: Millis,
}

/// An estimate of how long `text` takes to say: 14 characters a second, as telephone voices do.
pub(crate) fn spoken_duration(text: &str) -> Millis {
    let characters = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    Millis::new(characters.saturating_mul(70))
}

fn is_plausible(text: &str, words: &[(usize, Millis)]) -> bool {
    let ascends = words.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1);
    !words.is_empty()
        && ascends
        && words.iter().all(|&(offset, _)| 0 < offset && text.is_char_boundary(offset))
}

fn measured(words: &[(usize, Millis)]) -> Vec<WordSpan> {
    let starts = std::iter::once(Millis::ZERO).chain(words.iter().map(|&(_, end)| end));
    let spans = words.iter().zip(starts);
    spans.map(|(&(text_end, end), start)| WordSpan { text_end, start, end }).collect()
}

/// Spreads `duration` over the words of `text`: by their letters, with pauses for the marks.
fn spread(text: &str, duration: Millis) -> Vec<WordSpan> {
    let total = text.chars().map(|c| letters(c) + pause(c)).sum::<u64>().max(1);
    let at = |letters: u64| {
        let ms = u64::from(duration.get()) * letters / total;
        Millis::new(u32::try_from(ms).unwrap_or(u32::MAX))
    };
    let mut spans = Vec::new();
    let (mut text_end, mut before) = (0, 0);
    for word in text.split_inclusive(char::is_whitespace) {
        text_end += word.len();
        let sound = before + word.chars().map(letters).sum::<u64>();
        if before < sound {
            spans.push(WordSpan { text_end, start: at(before), end: at(sound) });
        }
        before = sound + word.chars().map(pause).sum::<u64>();
    }
    spans
}

/// How long a character sounds, in letters: digits and signs are whole words.
fn letters(c: char) -> u64 {
    match c {
        '$' | '€' | '£' | '%' => 6,
        '0'..='9' => 4,
        c if c.is_alphabetic() => 1,
        _ => 0,
    }
}

/// How long the voice pauses at a character, in letters.
fn pause(c: char) -> u64 {
    match c {
        '.' | '!' | '?' => 6,
        ',' | ';' | ':' => 3,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(heard: u32, words: &[(usize, Millis)], expected: &str) {
        let text = "We open at nine.";
        assert_eq!(
            heard_text(text, Millis::new(1_800), Millis::new(heard), words),
            expected,
            "{heard}"
        );
    }

    #[test]
    fn a_word_counts_from_three_fifths_on() {
        let words = [2, 7, 10, 16].map(|offset| (offset, Millis::new(offset as u32 * 100)));
        check(0, &words, "");
        check(119, &words, "");
        check(120, &words, "We");
        check(499, &words, "We");
        check(500, &words, "We open");
        check(1_359, &words, "We open at");
        check(1_360, &words, "We open at nine.");
    }

    #[test]
    fn without_word_times_letters_and_pauses_stand_in() {
        check(0, &[], "");
        check(1, &[], "");
        check(200, &[], "We");
        check(719, &[], "We open");
        check(720, &[], "We open at");
        check(1_040, &[], "We open at nine.");
        check(1_800, &[], "We open at nine.");
        check(9_000, &[], "We open at nine.");
    }

    #[test]
    fn word_times_that_do_not_fit_are_not_believed() {
        let estimate = "We open at";
        check(720, &[(99, Millis::new(10))], estimate);
        check(720, &[(7, Millis::new(10)), (2, Millis::new(20))], estimate);
        let text = "é é";
        let heard = heard_text(text, Millis::new(100), Millis::new(30), &[(1, Millis::new(9))]);
        assert_eq!(heard, "é");
    }
}

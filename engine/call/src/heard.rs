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
    let spans =
        if is_plausible(text, words) { measured(text, words) } else { spread(text, duration) };
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

/// When each word of `text` ends, worked out from where there is sound in its audio: by letters within the
/// sound, nothing in the pauses, and at a pause that has a mark near by the word before the mark.
///
/// `spans`: begin and end of each stretch of sound, in order; without any nothing is known.
pub fn timed_words(text: &str, spans: &[(Millis, Millis)]) -> Vec<(usize, Millis)> {
    let sound: u64 =
        spans.iter().map(|(begin, end)| u64::from(end.saturating_sub(*begin).get())).sum();
    let words = words_of(text);
    let total: u64 = words.iter().map(|word| word.letters).sum();
    if sound == 0 || total == 0 {
        return Vec::new();
    }
    let mut times = Vec::with_capacity(words.len());
    // Where the present stretch began: letters said before it, and sound.
    let (mut said, mut passed) = (0, 0);
    let mut spans_left = spans.iter().peekable();
    let mut words_left = words.as_slice();
    while let Some(&(begin, end)) = spans_left.next() {
        let length = u64::from(end.saturating_sub(begin).get());
        let count = if spans_left.peek().is_none() {
            words_left.len()
        } else {
            words_before_pause(words_left, (said, total), (passed + length, sound))
        };
        let (here, later) = words_left.split_at(count);
        let letters = here.iter().map(|word| word.letters).sum::<u64>().max(1);
        let mut at = 0;
        for word in here {
            at += word.letters;
            let into = u32::try_from(length * at / letters).unwrap_or(u32::MAX);
            times.push((word.text_end, begin + Millis::new(into)));
        }
        said += at;
        passed += length;
        words_left = later;
    }
    times
}

/// How many of `words` are said before a pause: as many as the share of sound says, or, if a mark stands
/// near by, as many as lie before it.
fn words_before_pause(
    words: &[Word],
    (said, total): (u64, u64),
    (passed, sound): (u64, u64),
) -> usize {
    let due = total * passed / sound;
    let mut best = (0, u64::MAX);
    let mut letters = said;
    for (number, word) in (1..).zip(words) {
        letters += word.letters;
        let off = letters.abs_diff(due);
        // A mark is worth two words of five letters.
        let off = if word.is_marked { off.saturating_sub(MARK_WORTH) } else { off };
        if off < best.1 {
            best = (number, off);
        }
    }
    if due.abs_diff(said) < best.1 { 0 } else { best.0 }
}

/// How many letters off a pause may be from where they say it is, if a mark stands there.
const MARK_WORTH: u64 = 10;

struct Word {
    text_end: usize,
    letters: u64,
    /// Whether the voice pauses behind it.
    is_marked: bool,
}

fn words_of(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut text_end = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        let sound = word.chars().map(letters).sum::<u64>();
        let said_end = text_end + word.trim_end().len();
        text_end += word.len();
        if 0 < sound {
            let is_marked = 0 < word.chars().map(pause).sum::<u64>();
            words.push(Word { text_end: said_end, letters: sound, is_marked });
        }
    }
    words
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

fn measured(text: &str, words: &[(usize, Millis)]) -> Vec<WordSpan> {
    let mut before = (0, Millis::ZERO);
    let mut spans = Vec::with_capacity(words.len());
    for &(text_end, end) in words {
        // A word that ends long after the one before it comes behind a pause.
        let letters = text[before.0..text_end].chars().map(letters).sum::<u64>();
        let longest = Millis::new(u32::try_from(100 + 125 * letters).unwrap_or(u32::MAX));
        let start = before.1.max(end.saturating_sub(longest));
        spans.push(WordSpan { text_end, start, end });
        before = (text_end, end);
    }
    spans
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

    /// A voice of its own pace, with pauses where marks are and sometimes where none is: how far off
    /// the words are that count as heard, by measured sound and by lengths alone.
    #[test]
    fn measured_sound_places_words_within_one() {
        let texts = [
            "We are open from nine to five, Monday to Friday. On Saturday we close at noon.",
            "A cleaning is $120, and whitening costs 340 dollars; shall I book one for you?",
            "Certainly! I will take that down, and somebody will call you back before five.",
        ];
        let mut state = 7_u64;
        let mut below = move |end: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % end
        };
        let (mut by_sound, mut by_length) = (Vec::new(), Vec::new());
        for round in 0..2_000 {
            let text = texts[round % texts.len()];
            let (mut at, mut spans, mut truth) = (20 + below(180), Vec::new(), Vec::new());
            let mut begin = at;
            for word in words_of(text) {
                // A pace that differs by a third from word to word.
                at += word.letters * 65 * (67 + below(67)) / 100;
                truth.push((word.text_end, at));
                let is_last = word.text_end == text.len();
                let pauses = if word.is_marked { below(10) < 9 } else { below(20) == 0 };
                if pauses || is_last {
                    let ms = |ms: u64| Millis::new(ms as u32);
                    spans.push((ms(begin), ms(at)));
                    at += 90 + below(if word.is_marked { 500 } else { 200 });
                    begin = at;
                }
            }
            let duration = Millis::new(at as u32);
            let cut = Millis::new(below(at) as u32);
            let words = timed_words(text, &spans);
            assert!(is_plausible(text, &words), "{words:?}");
            let count = |text: &str| text.split_whitespace().count();
            let truth: Vec<_> =
                truth.iter().map(|&(end, at)| (end, Millis::new(at as u32))).collect();
            let truly = count(heard_text(text, duration, cut, &truth));
            by_sound.push(count(heard_text(text, duration, cut, &words)).abs_diff(truly));
            by_length.push(count(heard_text(text, duration, cut, &[])).abs_diff(truly));
        }
        by_sound.sort_unstable();
        by_length.sort_unstable();
        let p99 = |off: &[usize]| off[off.len() * 99 / 100];
        assert!(p99(&by_sound) <= 1, "{}", p99(&by_sound));
        assert!(2 <= p99(&by_length), "lengths alone would do: {}", p99(&by_length));
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

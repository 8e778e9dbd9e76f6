//! Text whose width must be guessed: nobody tells an SVG's writer which font will be there.

/// Average width of a character of a sans-serif font, as a share of its size. Measured on DejaVu
/// Sans, the widest of the usual fallbacks, over English sentences: 0.58.
const CHARACTER_SHARE: f64 = 0.58;

/// The width `text` takes at `size`, rather too much than too little.
pub(super) fn width(text: &str, size: f64) -> f64 {
    text.chars().count() as f64 * size * CHARACTER_SHARE
}

/// `text` in lines of at most `room` width; words longer than that stand alone. At most
/// `lines_max` lines, the last one ending in an ellipsis if there was more.
pub(super) fn wrap(text: &str, size: f64, room: f64, lines_max: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let fits = lines
            .last()
            .is_some_and(|line| width(line, size) + width(word, size) + size * 0.6 <= room);
        let is_full = lines.len() == lines_max;
        match lines.last_mut() {
            Some(line) if fits => {
                line.push(' ');
                line.push_str(word);
            }
            Some(line) if is_full => {
                line.push('…');
                break;
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    lines
}

/// `text` cut between two words, as near as possible to `share` of its characters.
pub(super) fn split_at_share(text: &str, share: f64) -> (&str, &str) {
    let wanted = text.len() as f64 * share.clamp(0.0, 1.0);
    let edges = text.match_indices(' ').map(|(at, _)| at).chain([0, text.len()]);
    let at = edges
        .min_by(|a, b| (*a as f64 - wanted).abs().total_cmp(&(*b as f64 - wanted).abs()))
        .unwrap_or(0);
    (text[..at].trim(), text[at..].trim())
}

/// The words `text` adds to `before`: all behind their common beginning.
pub(super) fn added<'a>(before: &str, text: &'a str) -> &'a str {
    let common =
        before.split_whitespace().zip(text.split_whitespace()).take_while(|(a, b)| a == b).count();
    let mut rest = text.trim_start();
    for _ in 0..common {
        let word = rest.find(char::is_whitespace).unwrap_or(rest.len());
        rest = rest[word..].trim_start();
    }
    rest.trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_to_their_room_and_lose_no_word() {
        let text = "We are open Monday to Friday from eight until five o'clock";
        let lines = wrap(text, 13.0, 160.0, 9);
        assert!(1 < lines.len());
        assert!(lines.iter().all(|line| width(line, 13.0) <= 160.0), "{lines:?}");
        assert_eq!(lines.join(" "), text);
        assert_eq!(wrap(text, 13.0, 160.0, 1).len(), 1);
        assert!(wrap(text, 13.0, 160.0, 1)[0].ends_with('…'));
        assert_eq!(wrap("", 13.0, 160.0, 3), [""; 0]);
    }

    #[test]
    fn text_is_cut_between_words() {
        assert_eq!(split_at_share("one two three", 0.5), ("one two", "three"));
        assert_eq!(split_at_share("one two three", 0.0), ("", "one two three"));
        assert_eq!(split_at_share("über", 0.6), ("über", ""));
        assert_eq!(split_at_share("", 0.6), ("", ""));
    }

    #[test]
    fn a_partial_adds_the_words_behind_what_was_there() {
        assert_eq!(added("what are", "what are your hours"), "your hours");
        assert_eq!(added("what art", "what are your"), "are your");
        assert_eq!(added("", " hi "), "hi");
        assert_eq!(added("hi", "hi"), "");
    }
}

//! Takes out the reasoning that some servers leak into the words of a reply.

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// Strips `<think>…</think>` from text that comes in any portions.
///
/// What might be the beginning of a mark is held back until it is known.
#[derive(Debug, Default)]
pub(crate) struct ReasoningFilter {
    held: String,
    is_inside: bool,
}

impl ReasoningFilter {
    /// Takes in `text`; what is certainly spoken is appended to `out`.
    pub(crate) fn push(&mut self, text: &str, out: &mut String) {
        self.held.push_str(text);
        loop {
            let mark = if self.is_inside { CLOSE } else { OPEN };
            let (kept, rest, found) = match self.held.find(mark) {
                Some(at) => (at, at + mark.len(), true),
                None => {
                    let end = self.held.len() - partial(&self.held, mark);
                    (end, end, false)
                }
            };
            if !self.is_inside {
                out.push_str(&self.held[..kept]);
            }
            self.held.drain(..rest);
            if !found {
                return;
            }
            self.is_inside = !self.is_inside;
        }
    }

    /// The text is over: what was held back is spoken after all.
    pub(crate) fn finish(&mut self, out: &mut String) {
        let held = std::mem::take(&mut self.held);
        if !self.is_inside {
            out.push_str(&held);
        }
    }
}

/// How many bytes at the end of `text` begin `mark`.
fn partial(text: &str, mark: &str) -> usize {
    (1..mark.len()).rev().find(|&len| text.ends_with(&mark[..len])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filtered(portions: &[&str]) -> String {
        let (mut filter, mut out) = (ReasoningFilter::default(), String::new());
        portions.iter().for_each(|portion| filter.push(portion, &mut out));
        filter.finish(&mut out);
        out
    }

    #[test]
    fn reasoning_is_not_spoken_whatever_the_portions() {
        let text = "<think>They ask for hours. 2 < 3.</think>We open at 8.<think>x</think> Bye <t";
        let expected = "We open at 8. Bye <t";
        assert_eq!(filtered(&[text]), expected);
        for size in 1..9 {
            let bytes: Vec<char> = text.chars().collect();
            let portions: Vec<String> =
                bytes.chunks(size).map(|part| part.iter().collect()).collect();
            let portions: Vec<&str> = portions.iter().map(String::as_str).collect();
            assert_eq!(filtered(&portions), expected, "portions of {size}");
        }
        assert_eq!(filtered(&["<think>never ends", " at all"]), "");
    }
}

//! Keeps a decoder from talking to itself.
//!
//! Small recognizers fall into loops, on noisy digits above all ("9093786678666…", models.md A). A
//! [`RepetitionGuard`] caps how much may be said of how much audio, and ends a text at the first
//! loop.

use types::Millis;

/// What the tokens so far look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Speech.
    Go,
    /// Too many tokens for so little audio.
    TooMany,
    /// A loop: only the first `keep` tokens are to be believed.
    Loop { keep: usize },
}

/// Watches the tokens of one decode.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RepetitionGuard {
    tokens_max: usize,
    /// The shortest phrase that is a loop when it is said a second time.
    phrase_min: usize,
}

impl RepetitionGuard {
    /// A guard over the tokens of `audio`.
    pub(crate) fn new(audio: Millis) -> Self {
        let by_rate = (u64::from(audio.get()) * TOKENS_PER_10_S).div_ceil(10_000) as usize;
        Self { tokens_max: by_rate.max(TOKENS_FLOOR), phrase_min: usize::MAX }
    }

    /// Takes a phrase of [`PHRASE_MIN`] tokens and more for a loop as soon as it is said twice: for
    /// models that begin anew at the end of the text, as Whisper does if it is given little audio.
    pub(crate) fn once(self) -> Self {
        Self { phrase_min: PHRASE_MIN, ..self }
    }

    /// Judges `tokens`, the last of which is new.
    pub(crate) fn judge(&self, tokens: &[u32]) -> Verdict {
        let longest = if self.phrase_min <= PERIOD_MAX { tokens.len() / 2 } else { PERIOD_MAX };
        for period in 1..=longest {
            let times = times_at_end(tokens, period);
            let allowed = if self.phrase_min <= period { 1 } else { repeats_max(period) };
            if allowed < times {
                // One round is what was said, the others are the loop.
                let keep = tokens.len() - (times - 1) * period;
                return Verdict::Loop { keep };
            }
        }
        if self.tokens_max <= tokens.len() { Verdict::TooMany } else { Verdict::Go }
    }
}

/// How many times in a row the last `period` tokens stand at the end of `tokens`.
fn times_at_end(tokens: &[u32], period: usize) -> usize {
    if tokens.len() < period {
        return 0;
    }
    let mut rounds = tokens.rchunks_exact(period);
    let Some(last) = rounds.next() else { return 0 };
    1 + rounds.take_while(|&round| round == last).count()
}

/// How often people say the same thing in a row: "no, no, no, no", "six six six six" in a number;
/// words and phrases less often.
const fn repeats_max(period: usize) -> usize {
    match period {
        1 => 5,
        2 => 4,
        3 | 4 => 3,
        _ => 2,
    }
}

/// 6.5 tokens a second: fast talkers stay below (models.md, risks).
const TOKENS_PER_10_S: u64 = 65;

/// Short words have as many tokens as they have letters at worst.
const TOKENS_FLOOR: usize = 8;

/// "Yes, yes, yes" and "five five five" are shorter; what callers say twice on purpose they say with
/// other words around it.
const PHRASE_MIN: usize = 4;

/// The longest phrase looked at: about eight words.
const PERIOD_MAX: usize = 12;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Feeds tokens one by one, written as letters; returns what is kept and why it ended.
    fn check(seconds: u32, said: &str, expected: &str) {
        let guard = RepetitionGuard::new(Millis::from_secs(seconds));
        let mut tokens = Vec::new();
        for letter in said.bytes() {
            tokens.push(u32::from(letter));
            let (keep, mark) = match guard.judge(&tokens) {
                Verdict::Go => continue,
                Verdict::TooMany => (tokens.len(), "|"),
                Verdict::Loop { keep } => (keep, "*"),
            };
            assert_eq!(format!("{}{mark}", &said[..keep]), expected);
            return;
        }
        assert_eq!(said, expected);
    }

    #[test]
    fn loops_end_and_speech_does_not() {
        check(9, "abcdefgh", "abcdefgh");
        check(9, "nnnnn", "nnnnn");
        check(9, "90937866786666666666", "90937866786*");
        check(9, "xababababababab", "xab*");
        check(9, "thecatthecatthecatthecat", "thecat*");
        check(9, "iwanttogotothewhiteh", "iwanttogotothewhiteh");
        check(1, "abcdefghijklmnop", "abcdefgh|");
        check(2, "abcdefghijklmnopqrs", "abcdefghijklm|");
    }

    #[test]
    fn some_models_may_say_a_phrase_but_once() {
        let guard = RepetitionGuard::new(Millis::from_secs(9)).once();
        let judged = |said: &str| guard.judge(&said.bytes().map(u32::from).collect::<Vec<_>>());
        assert_eq!(judged("xabcdabcd"), Verdict::Loop { keep: 5 });
        assert_eq!(judged("abcdefghijklmnopabcdefghijklmnop"), Verdict::Loop { keep: 16 });
        assert_eq!(judged("abcabc"), Verdict::Go);
        assert_eq!(judged("nnnnn"), Verdict::Go);
        assert_eq!(judged("nnnnnn"), Verdict::Loop { keep: 1 });
    }

    proptest! {
        #[test]
        fn nothing_outlasts_the_cap(tokens in prop::collection::vec(0u32..4, 1..200), secs in 0u32..10) {
            let guard = RepetitionGuard::new(Millis::from_secs(secs));
            let end = (1..=tokens.len()).find(|&n| guard.judge(&tokens[..n]) != Verdict::Go);
            prop_assert!(end.unwrap_or(tokens.len()) <= 8.max(secs as usize * 7));
            if let Some(Verdict::Loop { keep }) = end.map(|n| guard.judge(&tokens[..n])) {
                prop_assert!(0 < keep && keep < tokens.len());
            }
        }
    }
}

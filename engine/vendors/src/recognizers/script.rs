//! What a vendor has said of the audio, in the order of the audio.

/// A stretch of words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// The range of the audio they were heard in.
    pub(crate) from: u64,
    pub(crate) to: u64,
    /// All of it as one text.
    pub(crate) text: String,
    /// Word by word, if their places are known.
    pub(crate) words: Vec<Spoken>,
    /// Other readings of the whole.
    pub(crate) others: Vec<String>,
}

/// One word and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spoken {
    pub(crate) text: String,
    pub(crate) from: u64,
    pub(crate) to: u64,
}

/// What is known of the words of a range.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) text: String,
    pub(crate) others: Vec<String>,
}

/// Everything that was said and is still of interest.
#[derive(Debug, Default)]
pub(crate) struct Script {
    /// Final, by place, not overlapping.
    settled: Vec<Piece>,
    /// What may still change: everything after the newest final.
    tentative: Option<Piece>,
    /// Everything before is final, words or silence.
    settled_to: u64,
    /// Before this nobody spoke: a range may begin there without what lies before it.
    onset: u64,
    /// Final ranges behind that, which arrived before what lies between.
    ahead: Vec<(u64, u64)>,
}

/// Ranges that follow each other may miss each other by this many samples.
const SEAM: u64 = 400;

/// Finals kept at most: more than anybody says in one turn.
const PIECES_MAX: usize = 512;

/// Other readings kept of one range.
const OTHERS_MAX: usize = 3;

impl Script {
    /// Everything before `at` is settled: the vendor will hear nothing of it (again).
    pub(crate) fn begin_at(&mut self, at: u64) {
        self.settled_to = self.settled_to.max(at);
        self.join_ahead();
    }

    /// Nobody spoke since what is settled, and before `at`.
    pub(crate) const fn speech_from(&mut self, at: u64) {
        self.onset = at;
    }

    /// Everything before this is final.
    pub(crate) const fn settled_to(&self) -> u64 {
        self.settled_to
    }

    /// Words that may still change: they replace all such before.
    pub(crate) fn guess(&mut self, piece: Piece) {
        self.tentative = (!piece.text.is_empty()).then_some(piece);
    }

    /// Words that will not change.
    pub(crate) fn settle(&mut self, piece: Piece) {
        if self.tentative.as_ref().is_some_and(|guess| guess.from < piece.to) {
            self.tentative = None;
        }
        let range = (piece.from, piece.to);
        let place = self.settled.partition_point(|known| known.from < piece.from);
        let is_known = self.settled.iter().any(|known| overlap(known, &piece));
        if !piece.text.is_empty() && !is_known {
            self.settled.insert(place, piece);
        }
        if PIECES_MAX < self.settled.len() {
            self.settled.remove(0);
        }
        self.cover(range);
    }

    /// The vendor has said all there is to say before `to`.
    pub(crate) fn cover(&mut self, (from, to): (u64, u64)) {
        self.ahead.push((from, to));
        self.join_ahead();
        // As many as there are finals.
        if PIECES_MAX < self.ahead.len() {
            self.ahead.remove(0);
        }
    }

    fn join_ahead(&mut self) {
        self.ahead.sort_unstable();
        let mut settled_to = self.settled_to;
        self.ahead.retain(|&(from, to)| {
            let joins = from <= self.onset.max(settled_to + SEAM);
            if joins {
                settled_to = settled_to.max(to);
            }
            !joins
        });
        self.settled_to = settled_to;
    }

    /// Up to where the newest guess reaches.
    pub(crate) fn guess_to(&self) -> Option<u64> {
        self.tentative.as_ref().map(|guess| guess.to)
    }

    /// Nobody asks for anything before `at` any more.
    pub(crate) fn forget(&mut self, at: u64) {
        self.settled.retain(|piece| at < piece.to);
    }

    /// The words said from `from` up to `to`: finals, then what is guessed.
    pub(crate) fn reading(&self, from: u64, to: u64) -> Reading {
        let pieces = self.settled.iter().chain(&self.tentative);
        let mut reading = Reading::default();
        let mut others: Vec<String> = Vec::new();
        for piece in pieces {
            let Some(text) = piece.text_within(from, to) else { continue };
            // A reading that differs in one stretch is read with the best of all other stretches.
            for n in 0..others.len().max(piece.others.len()).min(OTHERS_MAX) {
                let here = piece.others.get(n).unwrap_or(&text);
                match others.get_mut(n) {
                    Some(other) => append(other, here),
                    None => {
                        let mut other = reading.text.clone();
                        append(&mut other, here);
                        others.push(other);
                    }
                }
            }
            append(&mut reading.text, &text);
        }
        others.retain(|other| *other != reading.text && !other.is_empty());
        others.dedup();
        reading.others = others;
        reading
    }
}

impl Piece {
    /// Its words that lie mostly between `from` and `to`; all of it, if the whole does.
    fn text_within(&self, from: u64, to: u64) -> Option<String> {
        let lies_within = |start: u64, end: u64| {
            let middle = u64::midpoint(start, end);
            from <= middle && middle < to
        };
        if self.words.is_empty() {
            return lies_within(self.from, self.to).then(|| self.text.clone());
        }
        let inside = |word: &&Spoken| lies_within(word.from, word.to);
        let count = self.words.iter().filter(inside).count();
        if count == self.words.len() {
            return Some(self.text.clone());
        }
        let words: Vec<&str> =
            self.words.iter().filter(inside).map(|word| word.text.as_str()).collect();
        (!words.is_empty()).then(|| words.join(" "))
    }
}

/// Whether two pieces are about the same audio: by more than half of the shorter.
fn overlap(one: &Piece, other: &Piece) -> bool {
    let common = one.to.min(other.to).saturating_sub(one.from.max(other.from));
    let shorter = (one.to - one.from.min(one.to)).min(other.to - other.from.min(other.to));
    shorter < 2 * common
}

fn append(text: &mut String, more: &str) {
    if !text.is_empty() && !more.is_empty() {
        text.push(' ');
    }
    text.push_str(more);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(from: u64, to: u64, text: &str) -> Piece {
        let count = text.split_whitespace().count().max(1) as u64;
        let step = (to - from) / count;
        let words = text.split_whitespace().zip(0..).map(|(word, n)| Spoken {
            text: word.to_owned(),
            from: from + n * step,
            to: from + (n + 1) * step,
        });
        Piece { from, to, text: text.to_owned(), words: words.collect(), others: Vec::new() }
    }

    fn text(script: &Script, from: u64, to: u64) -> String {
        script.reading(from, to).text
    }

    #[test]
    fn finals_follow_each_other_and_a_guess_is_replaced() {
        let mut script = Script::default();
        script.guess(piece(0, 3_000, "how mush"));
        assert_eq!(text(&script, 0, 9_000), "how mush");
        script.settle(piece(0, 4_000, "How much"));
        script.guess(piece(4_000, 8_000, "is a"));
        assert_eq!(text(&script, 0, 9_000), "How much is a");
        script.settle(piece(4_000, 9_000, "is a cleaning?"));
        assert_eq!(text(&script, 0, 9_000), "How much is a cleaning?");
        assert_eq!(script.settled_to(), 9_000);
    }

    #[test]
    fn words_belong_to_where_they_lie() {
        let mut script = Script::default();
        script.settle(piece(0, 8_000, "one two three four"));
        assert_eq!(text(&script, 0, 4_000), "one two");
        assert_eq!(text(&script, 4_000, 8_000), "three four");
    }

    #[test]
    fn what_arrives_out_of_order_falls_into_place_and_is_said_once() {
        let mut script = Script::default();
        script.settle(piece(4_000, 8_000, "three four"));
        assert_eq!(script.settled_to(), 0, "what lies before is missing");
        script.settle(piece(0, 4_000, "one two"));
        script.settle(piece(100, 4_000, "one two"));
        assert_eq!(text(&script, 0, 9_000), "one two three four");
        assert_eq!(script.settled_to(), 8_000);
    }

    #[test]
    fn other_readings_are_of_the_whole() {
        let mut script = Script::default();
        let other = |piece: Piece, other: &str| Piece { others: vec![other.into()], ..piece };
        script.settle(piece(0, 4_000, "book a"));
        script.settle(other(piece(4_000, 8_000, "table for two"), "cable for two"));
        let reading = script.reading(0, 9_000);
        assert_eq!(reading.text, "book a table for two");
        assert_eq!(reading.others, ["book a cable for two"]);
    }
}

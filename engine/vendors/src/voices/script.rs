//! The texts of a reply and what of them has become sound.

use types::{GenerationId, Millis, SampleRate, SegmentId};
use vendor::{Delivered, Precision, WordTime};

use super::gate::Epoch;

/// A reply on its way through a vendor.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) epoch: Epoch,
    pub(crate) generation: GenerationId,
    pub(crate) segments: Vec<Segment>,
    /// How many of them are complete.
    pub(crate) done: usize,
}

/// A piece of it.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) id: SegmentId,
    pub(crate) text: String,
    /// Delivered so far, at the leg's rate.
    pub(crate) samples: u64,
    /// Words as the vendor told them: end in the text, end on the reply's clock.
    pub(crate) words: Vec<(usize, Millis)>,
}

impl Reply {
    pub(crate) fn new(epoch: Epoch, generation: GenerationId) -> Self {
        Self { epoch, generation, segments: Vec::new(), done: 0 }
    }

    /// When segment `number` begins, on the reply's clock: its sound without pauses between.
    fn start(&self, number: usize, rate: SampleRate) -> Millis {
        rate.span_of(self.segments[..number].iter().map(|segment| segment.samples).sum())
    }

    /// The words of segment `number` on its own clock, none later than its end.
    pub(crate) fn words(&self, number: usize, rate: SampleRate) -> Vec<WordTime> {
        let start = self.start(number, rate);
        let segment = &self.segments[number];
        let duration = rate.span_of(segment.samples);
        let words = segment.words.iter();
        let own = words.map(|&(text_end, end)| WordTime {
            text_end,
            end: end.saturating_sub(start).min(duration),
        });
        own.collect()
    }

    /// How much of segment `number` has been delivered, for whoever goes on.
    pub(crate) fn delivered(&self, number: usize, rate: SampleRate) -> Delivered {
        let segment = &self.segments[number];
        if segment.samples == 0 {
            return Delivered::NOTHING;
        }
        let end = self.start(number, rate) + rate.span_of(segment.samples);
        if segment.words.is_empty() {
            let ms = u64::from(rate.span_of(segment.samples).get());
            let text_end = word_end_before(&segment.text, ms * CHARACTERS_PER_SECOND / 1_000);
            return Delivered { text_end, precision: Precision::Estimated };
        }
        let whole = segment.words.iter().take_while(|(_, word_end)| *word_end <= end);
        let text_end = whole.last().map_or(0, |&(text_end, _)| text_end);
        Delivered { text_end, precision: Precision::Exact }
    }

    /// Where a text that was cut after `spoken` bytes, all segments joined as they were sent, ends:
    /// segment and place in it.
    pub(crate) fn cut(&self, spoken: usize) -> Option<(SegmentId, usize)> {
        let mut before = 0;
        for segment in &self.segments {
            // Each is sent with a space behind it.
            let sent = segment.text.trim().len() + 1;
            if spoken <= before + sent {
                let lead = segment.text.len() - segment.text.trim_start().len();
                let end = (lead + spoken - before).min(segment.text.len());
                let end = floor_char_boundary(&segment.text, end);
                return Some((segment.id, segment.text[..end].trim_end().len()));
            }
            before += sent;
        }
        self.segments.last().map(|segment| (segment.id, segment.text.len()))
    }
}

/// How fast telephone voices speak (conversation.md §7.6); the engine estimates by the same.
pub(crate) const CHARACTERS_PER_SECOND: u64 = 14;

fn floor_char_boundary(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

/// The end of the last whole word within the first `characters` of `text`.
fn word_end_before(text: &str, characters: u64) -> usize {
    let (mut end, mut count) = (0, 0);
    let mut was_space = true;
    for (at, c) in text.char_indices() {
        if c.is_whitespace() && !was_space && count <= characters {
            end = at;
        }
        was_space = c.is_whitespace();
        count += 1;
        if characters < count {
            return end;
        }
    }
    if was_space { end } else { text.len() }
}

/// Texts as they are sent, followed by what a vendor says of them.
#[derive(Debug, Default)]
pub(crate) struct Follower {
    texts: Vec<String>,
    segment: usize,
    offset: usize,
}

/// Where a follower is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// In which segment.
    pub(crate) segment: usize,
    /// The end of the word that has just been finished, if one has.
    pub(crate) word_end: Option<usize>,
}

/// How far ahead a character is looked for that is not the next one: normalization may have eaten a
/// word.
const AHEAD_MAX: usize = 40;

impl Follower {
    pub(crate) fn push(&mut self, text: &str) {
        self.texts.push(text.to_owned());
    }

    /// How many segments were sent.
    pub(crate) fn len(&self) -> usize {
        self.texts.len()
    }

    /// Which segment is being spoken.
    pub(crate) const fn segment(&self) -> usize {
        self.segment
    }

    /// Whether all that was sent has been spoken.
    pub(crate) fn is_at_end(&self) -> bool {
        let mut rest = self.texts.iter().skip(self.segment);
        let begun = rest.next().is_none_or(|text| text[self.offset..].trim().is_empty());
        begun && rest.all(|text| text.trim().is_empty())
    }

    /// Everything up to segment `number` has been spoken.
    pub(crate) fn skip_to(&mut self, number: usize) {
        if self.segment < number {
            self.segment = number;
            self.offset = 0;
        }
    }

    /// A character has been spoken.
    pub(crate) fn character(&mut self, spoken: char) -> Option<Place> {
        if spoken.is_whitespace() {
            return None;
        }
        let (segment, offset) = self.find(|rest| {
            let mut ahead = rest.char_indices().take(AHEAD_MAX);
            ahead.find(|(_, c)| *c == spoken).map(|(at, c)| at + c.len_utf8())
        })?;
        Some(self.arrive(segment, offset))
    }

    /// A whole word has been spoken.
    pub(crate) fn word(&mut self, spoken: &str) -> Option<Place> {
        let spoken = spoken.trim();
        if spoken.is_empty() {
            return None;
        }
        let (segment, offset) = self.find(|rest| {
            let reach = rest.char_indices().nth(AHEAD_MAX + spoken.len());
            let reach = reach.map_or(rest.len(), |(at, _)| at);
            let end = rest[..reach].find(spoken).map(|at| at + spoken.len())?;
            // Marks belong to the word, whether the vendor says so or not.
            let is_mark = |c: char| !c.is_alphanumeric() && !c.is_whitespace();
            let marks = rest[end..].chars().take_while(|c| is_mark(*c));
            Some(end + marks.map(char::len_utf8).sum::<usize>())
        })?;
        Some(self.arrive(segment, offset))
    }

    /// The first place that `find` finds, in this segment or, if nothing but a little is left of
    /// it, in the next.
    fn find(&self, find: impl Fn(&str) -> Option<usize>) -> Option<(usize, usize)> {
        let mut segment = self.segment;
        let mut offset = self.offset;
        loop {
            let rest = self.texts.get(segment)?.get(offset..)?;
            if let Some(at) = find(rest) {
                return Some((segment, offset + at));
            }
            if AHEAD_MAX < rest.trim().len() {
                return None;
            }
            segment += 1;
            offset = 0;
        }
    }

    fn arrive(&mut self, segment: usize, offset: usize) -> Place {
        self.segment = segment;
        self.offset = offset;
        let rest = &self.texts[segment][offset..];
        let is_word = rest.chars().next().is_none_or(char::is_whitespace);
        Place { segment, word_end: is_word.then_some(offset) }
    }
}

#[cfg(test)]
mod tests {
    use types::TurnId;

    use super::*;

    const RATE: SampleRate = SampleRate::Hz8000;

    fn follower(texts: &[&str]) -> Follower {
        let mut follower = Follower::default();
        texts.iter().for_each(|text| follower.push(text));
        follower
    }

    fn ends(follower: &mut Follower, spoken: &str) -> Vec<(usize, usize)> {
        let places = spoken.chars().filter_map(|c| follower.character(c));
        places.filter_map(|place| Some((place.segment, place.word_end?))).collect()
    }

    #[test]
    fn characters_are_followed_through_words_and_segments() {
        let mut it = follower(&["Hi there.", " It is 5 €."]);
        assert_eq!(ends(&mut it, "Hi the"), [(0, 2)]);
        assert_eq!(ends(&mut it, "re. It"), [(0, 9), (1, 3)]);
        assert!(!it.is_at_end());
        assert_eq!(ends(&mut it, " is 5 €."), [(1, 6), (1, 8), (1, 13)]);
        assert!(it.is_at_end());
        assert_eq!(it.character('x'), None);
    }

    #[test]
    fn what_was_not_sent_is_passed_over() {
        let mut it = follower(&["One two three"]);
        assert_eq!(ends(&mut it, "Oneψ twree"), [(0, 3), (0, 13)]);
        let mut it = follower(&["One two.", "Three four."]);
        assert_eq!(it.word("One").map(|place| place.word_end), Some(Some(3)));
        assert_eq!(it.word("never"), None);
        let three = it.word("Three").unwrap();
        assert_eq!(three, Place { segment: 1, word_end: Some(5) });
        assert_eq!(it.word("four").unwrap().word_end, Some(11), "with its mark");
        assert!(it.is_at_end());
    }

    #[test]
    fn a_reply_knows_how_far_it_came() {
        let generation = GenerationId { turn: TurnId::new(1), attempt: 0 };
        let mut reply = Reply::new(Epoch(0), generation);
        let ms = Millis::new;
        for (id, samples, words) in [
            (0, 8_000, vec![(3, ms(400)), (8, ms(1_000))]),
            (1, 4_000, vec![(5, ms(1_400)), (11, ms(2_000))]),
            (2, 0, vec![]),
        ] {
            let text = ["One two.", "Three four.", "Five."][id];
            let id = SegmentId::new(id as u32);
            reply.segments.push(Segment { id, text: text.into(), samples, words });
        }
        let own: Vec<_> = reply.words(1, RATE).iter().map(|w| (w.text_end, w.end)).collect();
        assert_eq!(own, [(5, ms(400)), (11, ms(500))], "on its own clock, within its sound");
        let exact = Delivered { text_end: 5, precision: Precision::Exact };
        assert_eq!(reply.delivered(1, RATE), exact, "four is not whole");
        assert_eq!(reply.delivered(2, RATE), Delivered::NOTHING);
        reply.segments[1].words.clear();
        let guess = Delivered { text_end: 5, precision: Precision::Estimated };
        assert_eq!(reply.delivered(1, RATE), guess, "7 characters");
        assert_eq!(reply.cut(4), Some((SegmentId::new(0), 3)));
        assert_eq!(reply.cut(9), Some((SegmentId::new(0), 8)));
        assert_eq!(reply.cut(15), Some((SegmentId::new(1), 5)));
        assert_eq!(reply.cut(99), Some((SegmentId::new(2), 5)));
    }

    #[test]
    fn words_are_never_cut() {
        let text = "We open at nine.";
        for (characters, end) in
            [(0, 0), (1, 0), (2, 2), (6, 2), (7, 7), (15, 10), (16, 16), (99, 16)]
        {
            assert_eq!(word_end_before(text, characters), end, "{characters}");
        }
        assert_eq!(word_end_before("", 5), 0);
    }
}

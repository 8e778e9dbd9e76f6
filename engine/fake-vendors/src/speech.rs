//! Audio that says which word it is.

use codecs::g711::ulaw_decode;

/// Samples per millisecond on the line.
pub const SAMPLES_PER_MS: usize = 8;

/// A word is known by its level if this share of it arrived, in hundredths.
pub const KNOWN_SHARE_PERCENT: usize = 60;

/// All words one party says, in order: the level of a word follows from its place.
#[derive(Clone, Debug, Default)]
pub struct Lexicon {
    words: Vec<String>,
}

/// A word as it was found in audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its place in the lexicon.
    pub word: usize,
    /// Index of the first sample of it.
    pub at: u64,
    /// How many samples there were.
    pub samples: usize,
}

impl Lexicon {
    /// Appends the audio of `text` to `out`; returns where each word ends in `text` and, in
    /// samples, in the audio.
    pub fn say(&mut self, text: &str, out: &mut Vec<i16>) -> Vec<(usize, usize)> {
        let mut ends = Vec::new();
        let (mut offset, begin) = (0, out.len());
        for piece in text.split_inclusive(char::is_whitespace) {
            offset += piece.len();
            let word = piece.trim();
            if word.is_empty() {
                continue;
            }
            let level = level(self.words.len());
            self.words.push(word.to_owned());
            out.extend(std::iter::repeat_n(level, samples_of(word)));
            ends.push((offset, out.len() - begin));
        }
        ends
    }

    /// The word at a place.
    pub fn word(&self, place: usize) -> &str {
        &self.words[place]
    }

    /// How many words were said.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }
}

/// How long a word lasts: 45 ms a letter, at least a tenth of a second.
pub fn samples_of(word: &str) -> usize {
    (45 * word.chars().count()).max(100) * SAMPLES_PER_MS
}

/// The distinct levels words are told apart by: exactly those the line's codec keeps.
fn levels() -> Vec<i16> {
    let mut levels: Vec<i16> = (0..=255_u8).map(ulaw_decode).filter(|l| 600 < l.abs()).collect();
    levels.sort_unstable();
    levels.dedup();
    levels
}

fn level(place: usize) -> i16 {
    let levels = levels();
    // Neighbours sound far apart.
    levels[place * 37 % levels.len()]
}

/// Finds words in audio as it goes by.
#[derive(Debug)]
pub struct Listener {
    levels: Vec<i16>,
    at: u64,
    run: Option<(i16, u64, usize)>,
    last: Option<usize>,
    found: Vec<Found>,
}

impl Default for Listener {
    fn default() -> Self {
        Self { levels: levels(), at: 0, run: None, last: None, found: Vec::new() }
    }
}

impl Listener {
    /// One that hears words of a lexicon from place `first` on: levels repeat after a while.
    pub fn after(first: usize) -> Self {
        Self { last: Some(first), ..Self::default() }
    }

    /// Takes in the samples that follow.
    pub fn hear(&mut self, samples: &[i16]) {
        for &sample in samples {
            match &mut self.run {
                Some((level, _, count)) if *level == sample => *count += 1,
                Some(_) | None => {
                    self.end_run();
                    self.run = Some((sample, self.at, 1));
                }
            }
            self.at += 1;
        }
    }

    /// The words of `lexicon` heard so far.
    pub fn words(&mut self, lexicon: &Lexicon) -> Vec<Found> {
        let known = |found: &Found| {
            found.word < lexicon.len()
                && samples_of(lexicon.word(found.word)) * KNOWN_SHARE_PERCENT / 100 <= found.samples
        };
        let mut all = self.found.clone();
        if let Some(found) = self.present_run() {
            merge(&mut all, found);
        }
        all.retain(known);
        all
    }

    fn end_run(&mut self) {
        if let Some(found) = self.present_run() {
            self.last = Some(found.word);
            merge(&mut self.found, found);
        }
        self.run = None;
    }

    fn present_run(&self) -> Option<Found> {
        let (level, at, samples) = self.run?;
        let index = self.levels.binary_search(&level).ok()?;
        // Shorter stretches are fades and fillings.
        if samples < 10 * SAMPLES_PER_MS {
            return None;
        }
        let count = self.levels.len();
        // The next place with this level, not long before what was heard last: a voice that was
        // stopped says some words again.
        let first = self.last.unwrap_or(0).saturating_sub(AGAIN_WORDS);
        let word = (first..first + count).find(|place| place * 37 % count == index)?;
        Some(Found { word, at, samples })
    }
}

/// How many words may be said again: more than fit into the four seconds a voice goes back at most.
const AGAIN_WORDS: usize = 32;

/// A word that was interrupted by a hold or a loss counts as one.
fn merge(all: &mut Vec<Found>, found: Found) {
    match all.last_mut() {
        Some(last) if last.word == found.word => last.samples += found.samples,
        Some(_) | None => all.push(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_again_and_cut_ones_are_not() {
        let mut lexicon = Lexicon::default();
        let mut audio = vec![0; 800];
        lexicon.say("How much is a cleaning?", &mut audio);
        audio.truncate(audio.len() - 2_000);
        let mut listener = Listener::default();
        listener.hear(&audio);
        let words: Vec<&str> =
            listener.words(&lexicon).iter().map(|found| lexicon.word(found.word)).collect();
        assert_eq!(words, ["How", "much", "is", "a"]);
    }

    #[test]
    fn words_said_again_are_heard_again() {
        let (mut lexicon, mut audio) = (Lexicon::default(), Vec::new());
        let ends = lexicon.say("and it takes about an hour", &mut audio);
        let mut listener = Listener::default();
        listener.hear(&audio[..ends[2].1 - 400]);
        listener.hear(&audio[ends[0].1..]);
        let words: Vec<&str> =
            listener.words(&lexicon).iter().map(|found| lexicon.word(found.word)).collect();
        assert_eq!(words, ["and", "it", "takes", "it", "takes", "about", "an", "hour"]);
    }

    #[test]
    fn later_words_are_told_from_earlier_ones_of_the_same_level() {
        let (mut lexicon, mut audio) = (Lexicon::default(), Vec::new());
        let count = levels().len();
        lexicon.say(&"word ".repeat(count), &mut audio);
        audio.clear();
        lexicon.say("again", &mut audio);
        let found = |mut listener: Listener| {
            listener.hear(&audio);
            listener.words(&lexicon).first().map(|found| found.word)
        };
        assert_eq!(found(Listener::after(count)), Some(count));
        assert_eq!(found(Listener::default()), Some(0));
    }

    #[test]
    fn there_are_levels_enough_to_tell_a_reply_apart() {
        assert!(120 < levels().len(), "{}", levels().len());
        assert_ne!(levels().len() % 37, 0, "every level is used");
    }
}

//! A fake recognizer: knows the words whose audio arrived.

use std::collections::BTreeMap;

use call::Event;
use types::{Millis, Pii, UtteranceId};

use crate::random::Random;
use crate::scenario::RecognizerFaults;
use fake_vendors::speech::{Lexicon, Listener, SAMPLES_PER_MS};

/// The recognizer of one call.
#[derive(Debug)]
pub struct Recognizer {
    faults: RecognizerFaults,
    random: Random,
    ear: Listener,
    heard: u64,
    open: BTreeMap<UtteranceId, Open>,
    partial_in: u64,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    from: u64,
    epoch: u64,
    is_paused: bool,
}

/// An answer and how long it takes. A stable one is void if the utterance went on meanwhile.
#[derive(Debug)]
pub struct Answer {
    /// What.
    pub event: Event,
    /// After how long.
    pub latency: Millis,
    /// The utterance and its epoch, if the answer can become void.
    pub epoch: Option<(UtteranceId, u64)>,
}

/// Partials come this often.
const PARTIAL_EVERY: u64 = 300 * SAMPLES_PER_MS as u64;

impl Recognizer {
    /// A recognizer with `faults`.
    pub fn new(faults: RecognizerFaults, seed: u64) -> Self {
        Self {
            faults,
            random: Random::new(seed, 2),
            ear: Listener::default(),
            heard: 0,
            open: BTreeMap::new(),
            partial_in: 0,
        }
    }

    /// More of the caller's audio.
    pub fn hear(&mut self, samples: &[i16], lexicon: &Lexicon) -> Option<Answer> {
        self.ear.hear(samples);
        self.heard += samples.len() as u64;
        let (&utterance, open) = self.open.iter().next_back()?;
        if open.is_paused || self.heard < self.partial_in {
            return None;
        }
        let from = open.from;
        self.partial_in = self.heard + PARTIAL_EVERY;
        let text = self.text(from, lexicon);
        let latency = self.latency();
        Some(Answer { event: Event::Partial { utterance, text }, latency, epoch: None })
    }

    /// An utterance began `ago` before the newest sample.
    pub fn begin(&mut self, utterance: UtteranceId, ago: Millis) {
        // The detector's first sample may lie a little inside the word.
        let ago = u64::from((ago + Millis::new(60)).get()) * SAMPLES_PER_MS as u64;
        let open = Open { from: self.heard.saturating_sub(ago), epoch: 0, is_paused: false };
        self.open.insert(utterance, open);
        self.partial_in = self.heard + PARTIAL_EVERY;
    }

    /// The caller paused.
    pub fn pause(&mut self, utterance: UtteranceId, lexicon: &Lexicon) -> Option<Answer> {
        let open = self.open.get_mut(&utterance)?;
        open.epoch += 1;
        open.is_paused = true;
        let (from, epoch) = (open.from, Some((utterance, open.epoch)));
        let text = self.text(from, lexicon);
        let latency = self.latency();
        Some(Answer {
            event: Event::Stable { utterance, text, others: Vec::new() },
            latency,
            epoch,
        })
    }

    /// The caller went on.
    pub fn resume(&mut self, utterance: UtteranceId) {
        if let Some(open) = self.open.get_mut(&utterance) {
            open.epoch += 1;
            open.is_paused = false;
        }
    }

    /// The last words, please.
    pub fn finalize(&mut self, utterance: UtteranceId, lexicon: &Lexicon) -> Option<Answer> {
        let open = self.open.remove(&utterance)?;
        let text = self.text(open.from, lexicon);
        let audio = Millis::new(((self.heard - open.from) / SAMPLES_PER_MS as u64) as u32);
        let latency = self.latency();
        let is_silent = self.random.per_mille(self.faults.silent);
        let event = Event::Final { utterance, text, others: Vec::new(), audio };
        (!is_silent).then_some(Answer { event, latency, epoch: None })
    }

    /// Nobody waits for this utterance.
    pub fn discard(&mut self, utterance: UtteranceId) {
        self.open.remove(&utterance);
    }

    /// Whether a stable answer is still about the present pause.
    pub fn is_current(&self, (utterance, epoch): (UtteranceId, u64)) -> bool {
        self.open.get(&utterance).is_some_and(|open| open.epoch == epoch)
    }

    fn text(&mut self, from: u64, lexicon: &Lexicon) -> Pii<String> {
        let found = self.ear.words(lexicon);
        let words = found.iter().filter(|found| from <= found.at);
        let words: Vec<&str> = words.map(|found| lexicon.word(found.word)).collect();
        Pii::new(words.join(" "))
    }

    fn latency(&mut self) -> Millis {
        self.random.span(Millis::new(20), self.faults.latency_max)
    }
}

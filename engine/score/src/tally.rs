//! What comes of a strategy over many turns.

use call::Words;

use crate::audio::RATE;
use crate::corpus::{Kind, Turn};
use crate::signals::Pause;
use crate::strategy::{Strategy, decided};

/// A turn and what was heard of it.
#[derive(Clone, Debug)]
pub struct Heard {
    /// The turn.
    pub turn: Turn,
    /// Its pauses, as the detector found them.
    pub pauses: Vec<Pause>,
}

/// What a strategy did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// Pauses within turns.
    pub pauses: usize,
    /// In how many of them the caller was cut off.
    pub cut_offs: usize,
    /// Turns.
    pub turns: usize,
    /// In how many of them the caller was cut off.
    pub turns_cut: usize,
    /// From the end of each turn to the decision, in milliseconds, in ascending order.
    pub delays: Vec<u32>,
    /// Turns whose end was not found by the end of the audio; they count as [`ENDLESS`] delays.
    pub endless: usize,
}

impl Tally {
    /// The share of pauses with a cut-off.
    pub fn rate(&self) -> f64 {
        share(self.cut_offs, self.pauses)
    }

    /// Its bounds, with 95 % certainty.
    pub fn bounds(&self) -> (f64, f64) {
        wilson(self.cut_offs, self.pauses)
    }

    /// The delay that `permille` of the turns do not exceed.
    pub fn delay(&self, permille: usize) -> u32 {
        let last = self.delays.len().saturating_sub(1);
        self.delays.get((self.delays.len() * permille / 1_000).min(last)).copied().unwrap_or(0)
    }

    /// The mean delay.
    pub fn mean(&self) -> f64 {
        let sum: f64 = self.delays.iter().map(|&delay| f64::from(delay)).sum();
        sum / self.delays.len().max(1) as f64
    }
}

fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// The bounds of a share that was seen as `part` of `whole` (Wilson, 95 %).
pub fn wilson(part: usize, whole: usize) -> (f64, f64) {
    if whole == 0 {
        return (0.0, 1.0);
    }
    let (n, seen, z) = (whole as f64, share(part, whole), 1.959_964);
    let middle = seen + z * z / (2.0 * n);
    let spread = z * (seen * (1.0 - seen) / n + z * z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z * z / n;
    (((middle - spread) / scale).max(0.0), ((middle + spread) / scale).min(1.0))
}

/// What `strategy` does with those of `heard` that `wanted` takes.
pub fn tally(
    strategy: Strategy,
    heard: &[Heard],
    words: &Words,
    wanted: impl Fn(&Turn) -> bool,
) -> Tally {
    let mut tally = Tally::default();
    for heard in heard.iter().filter(|heard| wanted(&heard.turn)) {
        tally.add(strategy, heard, words);
    }
    tally.delays.sort_unstable();
    tally
}

impl Tally {
    fn add(&mut self, strategy: Strategy, heard: &Heard, words: &Words) {
        let turn = &heard.turn;
        let ms = |sample: usize| RATE.span_of(sample as u64).get();
        let end = ms(turn.end());
        let decisions: Vec<u32> = heard
            .pauses
            .iter()
            .filter_map(|pause| decided(strategy, pause, turn.plan.expect, words))
            .collect();
        let between = turn.parts.windows(2).map(|pair| (ms(pair[0].end), ms(pair[1].start)));
        // A decision within a part counts for the pause before it or, in the first one, the turn.
        let mut cuts: Vec<bool> = between.map(|_| false).collect();
        let mut is_cut = false;
        for &decision in decisions.iter().filter(|&&decision| decision < end) {
            is_cut = true;
            let place = turn.parts.iter().rposition(|part| ms(part.start) <= decision);
            let is_in_pause = place.is_some_and(|place| ms(turn.parts[place].end) <= decision);
            let pause =
                place.map(|place| if is_in_pause { place } else { place.saturating_sub(1) });
            if let Some(cut) = pause.and_then(|pause| cuts.get_mut(pause)) {
                *cut = true;
            }
        }
        self.pauses += cuts.len();
        self.cut_offs += cuts.iter().filter(|&&cut| cut).count();
        self.turns += 1;
        self.turns_cut += usize::from(is_cut);
        match decisions.iter().find(|&&decision| end <= decision) {
            Some(decision) => self.delays.push(decision - end),
            None => {
                self.endless += 1;
                self.delays.push(ENDLESS);
            }
        }
    }
}

/// What a caller is taken to wait, in milliseconds, where no end was found: the silence after each
/// turn. Noise that sounds like speech to the detector does that.
pub const ENDLESS: u32 = 3_600;

/// Every kind, in the order of reports.
pub const KINDS: [Kind; 7] = [
    Kind::Complete,
    Kind::Answer,
    Kind::Sentences,
    Kind::Phrase,
    Kind::Hesitation,
    Kind::Digits,
    Kind::Letters,
];

#[cfg(test)]
mod tests {
    use call::Permille;
    use types::{Expect, Millis};

    use super::*;
    use crate::corpus::{Half, Plan};

    /// Speech from 0 to 1 s and from 1.8 to 3 s, as a detector would hear it.
    fn paused(words: [&str; 2], scores: [f32; 2]) -> Heard {
        let plan = Plan {
            id: "a".into(),
            kind: Kind::Phrase,
            half: Half::Tuning,
            speaker: "b".into(),
            expect: Expect::Open,
            words: String::new(),
            parts: Vec::new(),
        };
        let turn = Turn { plan, audio: Vec::new(), parts: vec![0..8_000, 14_400..24_000] };
        let pause = |place: usize, from: u32, resumed| Pause {
            from,
            told: from + 100,
            ended: Some(from + 200),
            resumed,
            speech: from,
            words: words[place].into(),
            scores: vec![(200, scores[place]), (700, 0.9)],
        };
        Heard { turn, pauses: vec![pause(0, 1_000, Some(1_860)), pause(1, 3_000, None)] }
    }

    fn check(strategy: Strategy, heard: &Heard, cut_offs: usize, delay: u32) {
        let tally = tally(strategy, std::slice::from_ref(heard), &Words::english(), |_| true);
        assert_eq!((tally.pauses, tally.turns, tally.endless), (1, 1, 0));
        assert_eq!((tally.cut_offs, tally.delay(500)), (cut_offs, delay), "{strategy:?}");
    }

    #[test]
    fn a_pause_cuts_off_who_is_not_waited_for() {
        let silence = |delay| Strategy::Silence { delay: Millis::new(delay) };
        let once = |asked, threshold| Strategy::OneShot {
            asked: Millis::new(asked),
            threshold: Permille::new(threshold),
        };
        let (delay_min, delay_max) = (Millis::new(250), Millis::new(1_500));
        let ours = Strategy::Ours { delay_min, delay_max };
        let heard =
            paused(["I need a cleaning and", "I need a cleaning and a whitening?"], [0.6, 0.2]);
        check(silence(700), &heard, 1, 700);
        check(silence(900), &heard, 0, 900);
        check(silence(100), &heard, 1, 200);
        check(once(200, 500), &heard, 1, 3_000);
        check(once(200, 100), &heard, 1, 270);
        check(once(200, 700), &heard, 0, 3_000);
        check(once(700, 700), &heard, 1, 770);
        check(ours, &heard, 0, 253);
        check(ours, &paused(["How much is it?", "How much is it? And"], [0.0; 2]), 1, 1_262);
    }

    #[test]
    fn an_end_that_is_not_found_counts_as_the_longest_wait() {
        let mut heard = paused(["", ""], [0.0; 2]);
        heard.pauses.truncate(1);
        let silence = Strategy::Silence { delay: Millis::new(700) };
        let tally = tally(silence, &[heard], &Words::english(), |_| true);
        assert_eq!((tally.endless, tally.delays), (1, vec![ENDLESS]));
    }

    #[test]
    fn bounds_hold_what_was_seen() {
        let (low, high) = wilson(5, 100);
        assert!(0.0213 < low && low < 0.0216 && 0.1117 < high && high < 0.1119, "{low} {high}");
        assert_eq!(wilson(0, 10).0, 0.0);
        assert_eq!(wilson(0, 0), (0.0, 1.0));
        assert!(wilson(10, 10).1 > 0.999);
    }
}

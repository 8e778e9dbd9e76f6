//! What was sent last, kept so that a voice that was stopped in a word can begin the word again.

use std::collections::VecDeque;

use codecs::level::Dbfs;
use types::{Millis, SampleRate};

/// What is said again at most after a short hold (conversation.md §7.5).
pub const REPEAT_MAX: Millis = Millis::new(250);

/// After a longer hold the listener has lost the thread: the segment begins anew
/// (conversation.md §7.5).
pub const RESTART_HELD: Millis = Millis::new(1_200);

/// No more than this is said again even then.
const RESTART_MAX: Millis = Millis::from_secs(4);

/// Words are parted where it is quietest; looked for in steps of this.
const BLOCK: Millis = Millis::new(10);

/// A place is a gap between words if it is this much softer than what is around it.
const GAP_DB: f32 = 12.0;

/// The last four seconds that were sent, and what of it is said again.
#[derive(Debug)]
pub(super) struct Replay {
    rate: SampleRate,
    kept: VecDeque<i16>,
    /// How many of the newest samples are to be said again.
    again: usize,
    block: Vec<i16>,
}

impl Replay {
    pub(super) fn new(rate: SampleRate) -> Self {
        // Room for the frame that is added before the oldest goes.
        let room = rate.samples_in(RESTART_MAX) + rate.samples_in(types::PTIME);
        Self {
            rate,
            kept: VecDeque::with_capacity(room),
            again: 0,
            block: Vec::with_capacity(rate.samples_in(BLOCK)),
        }
    }

    /// What is still to be said again.
    pub(super) fn again(&self) -> usize {
        self.again
    }

    /// `samples` go out for the first time.
    pub(super) fn keep(&mut self, samples: &[i16]) {
        self.kept.extend(samples);
        let over = self.kept.len().saturating_sub(self.rate.samples_in(RESTART_MAX));
        self.kept.drain(..over);
    }

    /// Moves up to `samples` samples of what is said again to `out`.
    pub(super) fn take(&mut self, samples: usize, out: &mut Vec<i16>) -> usize {
        let taken = self.again.min(samples);
        let from = self.kept.len() - self.again;
        out.extend(self.kept.range(from..from + taken));
        self.again -= taken;
        taken
    }

    /// A hold of `held` is over; `sent` samples of the segment had been sent, and `word` samples since
    /// the end of its last whole word, if somebody knows.
    pub(super) fn rewind(&mut self, held: Millis, sent: usize, word: Option<usize>) {
        let kept = self.kept.len();
        // What was still to be said again had been heard before: it is not said a third time.
        self.again = if held < RESTART_HELD {
            let within = self.rate.samples_in(REPEAT_MAX).min(kept).min(sent);
            let word = word.filter(|&word| word <= within);
            word.unwrap_or_else(|| self.back_to_gap(within))
        } else if sent <= kept {
            sent
        } else {
            self.back_to_gap(kept)
        };
    }

    /// Nothing is said again.
    pub(super) fn forget(&mut self) {
        self.kept.clear();
        self.again = 0;
    }

    /// How far back the nearest gap between words lies, if one does; else the quietest place.
    fn back_to_gap(&mut self, within: usize) -> usize {
        let size = self.rate.samples_in(BLOCK);
        let from = self.kept.len() - within;
        let all = self.level(from, self.kept.len());
        let (mut softest, mut softest_at) = (Dbfs(f32::MAX), 0);
        for block in 1..=within / size {
            let begin = self.kept.len() - block * size;
            let level = self.level(begin, begin + size);
            // The word begins behind the gap.
            let back = (block - 1) * size;
            if level.raised_by(GAP_DB) <= all {
                return back;
            }
            if level < softest {
                (softest, softest_at) = (level, back);
            }
        }
        softest_at
    }

    fn level(&mut self, begin: usize, end: usize) -> Dbfs {
        self.block.clear();
        self.block.extend(self.kept.range(begin..end));
        Dbfs::of(&self.block)
    }
}

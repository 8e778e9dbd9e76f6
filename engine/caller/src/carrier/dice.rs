//! Decisions by seed: which leg, what about and the how many-eth decide, never what came before.

use types::Millis;

use crate::impairment::Random;

use super::faults::PerMille;

/// What is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    Names = 1,
    Webhook,
    Rest,
    Media,
}

/// The dice for the `n`-th decision about `what` on leg number `leg`.
pub(crate) fn dice(seed: u64, what: About, leg: u64, n: u64) -> Dice {
    let mut random = Random::new(seed);
    for part in [what as u64, leg, n] {
        random = Random::new(random.next() ^ part.wrapping_mul(0x2545_f491_4f6c_dd1d));
    }
    Dice(random)
}

/// Numbers for one decision.
#[derive(Clone, Debug)]
pub(crate) struct Dice(Random);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0.next()
    }

    pub(crate) fn happens(&mut self, share: PerMille) -> bool {
        // Always drawn: another share must not change what follows.
        self.0.per_mille(share.0)
    }

    /// A span from `from` to `to`, both included.
    pub(crate) fn span(&mut self, from: Millis, to: Millis) -> Millis {
        let width = to.saturating_sub(from).get();
        from + Millis::new(self.0.below(width.saturating_add(1)))
    }
}

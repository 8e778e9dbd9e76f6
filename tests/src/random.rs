//! Numbers that look like chance and repeat with their seed.

use types::Millis;

/// A generator of random numbers (SplitMix64, Steele et al. 2014).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The generator of `seed`, apart from others of the same seed by `purpose`.
    pub fn new(seed: u64, purpose: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ purpose)
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    ///
    /// # Panics
    /// If `end` is zero.
    pub fn below(&mut self, end: u64) -> u64 {
        self.draw() % end
    }

    /// Whether something that happens `share` times in a thousand happens now.
    pub fn per_mille(&mut self, share: u16) -> bool {
        self.below(1_000) < u64::from(share)
    }

    /// A span from `from` up to `to`, both included.
    pub fn span(&mut self, from: Millis, to: Millis) -> Millis {
        let width = u64::from(to.saturating_sub(from).get()) + 1;
        from + Millis::new(self.below(width) as u32)
    }
}

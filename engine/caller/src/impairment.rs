//! What goes wrong on a line, by seed.

use types::{CallTime, Millis};

/// What goes wrong with the caller's media packets. Shares are per mille; the default is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Impairments {
    /// Packets that never leave.
    pub loss: u16,
    /// Packets sent twice.
    pub duplicates: u16,
    /// Packets that leave behind their successor.
    pub reorder: u16,
    /// Packets held back for up to `lateness_max`; those behind may overtake.
    pub late: u16,
    /// See `late`.
    pub lateness_max: Millis,
}

impl Impairments {
    /// Whether the line is faultless.
    pub fn is_none(&self) -> bool {
        self.loss == 0 && self.duplicates == 0 && self.reorder == 0 && self.late == 0
    }

    /// What happens to a packet that is due at `due`: when its copies leave, none to two of them.
    pub(crate) fn fate(&self, due: CallTime, random: &mut Random) -> Fate {
        if random.per_mille(self.loss) {
            return Fate { leaves: None, again: None };
        }
        let mut leaves = due;
        if random.per_mille(self.reorder) {
            // One packet and a half: behind the next one, before the one after.
            leaves += Millis::new(30);
        }
        if random.per_mille(self.late) {
            leaves += Millis::new(random.below(self.lateness_max.get() + 1));
        }
        let again = random.per_mille(self.duplicates).then_some(leaves);
        Fate { leaves: Some(leaves), again }
    }
}

/// What happens to one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fate {
    pub(crate) leaves: Option<CallTime>,
    pub(crate) again: Option<CallTime>,
}

/// A small generator of random numbers (splitmix64, Steele et al. 2014): the same seed gives the
/// same line.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u32
    }

    pub(crate) fn per_mille(&mut self, share: u16) -> bool {
        self.below(1_000) < u32::from(share)
    }

    /// White noise between -1 and 1.
    pub(crate) fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / 8_388_608.0 - 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_kept_and_a_seed_repeats() {
        let line = Impairments { loss: 100, duplicates: 50, ..Impairments::default() };
        let fates = |seed| {
            let mut random = Random::new(seed);
            (0..10_000).map(|_| line.fate(CallTime::ZERO, &mut random)).collect::<Vec<_>>()
        };
        let first = fates(1);
        let lost = first.iter().filter(|fate| fate.leaves.is_none()).count();
        let doubled = first.iter().filter(|fate| fate.again.is_some()).count();
        assert!((900..1_100).contains(&lost), "{lost}");
        assert!((380..520).contains(&doubled), "{doubled}");
        assert_eq!(first, fates(1));
        assert_ne!(first, fates(2));
    }

    #[test]
    fn a_faultless_line_changes_nothing() {
        let mut random = Random::new(3);
        let due = CallTime::from_millis(40);
        for _ in 0..100 {
            let fate = Impairments::default().fate(due, &mut random);
            assert_eq!(fate, Fate { leaves: Some(due), again: None });
        }
    }
}

//! Which of several texts a stretch of sound belongs to, where the vendor does not say.

use super::script::CHARACTERS_PER_SECOND;

/// The speed of a voice, learned from whatever it finished.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Speed {
    /// Characters in a thousand seconds.
    per_kilosecond: u64,
}

impl Default for Speed {
    fn default() -> Self {
        Self { per_kilosecond: CHARACTERS_PER_SECOND * 1_000 }
    }
}

impl Speed {
    /// `characters` took `ms` to say.
    pub(crate) fn learn(&mut self, characters: u64, ms: u64) {
        // Shorter pieces say more about pauses than about speed.
        if 500 <= ms && 0 < characters {
            let fresh = characters * 1_000_000 / ms;
            self.per_kilosecond = (self.per_kilosecond + fresh) / 2;
        }
    }

    /// How many characters are said in `ms`.
    fn characters_in(self, ms: u64) -> u64 {
        ms * self.per_kilosecond / 1_000_000
    }

    /// Which of texts of so many `characters` is being said after `ms` of their sound.
    pub(crate) fn place(self, characters: impl Iterator<Item = u64>, ms: u64) -> usize {
        let spoken = self.characters_in(ms);
        let (mut before, mut place, mut count) = (0, 0, 0_usize);
        for (number, length) in characters.enumerate() {
            count = number + 1;
            before += length;
            if before <= spoken {
                place = number + 1;
            }
        }
        place.min(count.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_follows_from_the_length_and_the_speed_is_learned() {
        let mut speed = Speed::default();
        let place = |speed: Speed, ms| speed.place([14, 28, 14].into_iter(), ms);
        assert_eq!((place(speed, 0), place(speed, 999)), (0, 0));
        assert_eq!((place(speed, 1_000), place(speed, 2_999)), (1, 1));
        assert_eq!((place(speed, 3_000), place(speed, 9_000)), (2, 2), "never beyond the last");
        speed.learn(42, 1_500);
        assert_eq!(speed.per_kilosecond, 21_000);
        assert_eq!(place(speed, 999), 1);
        speed.learn(1, 10);
        assert_eq!(speed.per_kilosecond, 21_000, "too short to tell");
        assert_eq!(speed.place(std::iter::empty(), 5), 0);
    }
}

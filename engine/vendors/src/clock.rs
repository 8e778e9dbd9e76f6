//! Spans and points of time, as the runtime counts them. Under a paused runtime, time is the test's.

use std::time::Duration;

use tokio::time::Instant;
use types::Millis;

/// `span` as the runtime wants it.
pub const fn duration(span: Millis) -> Duration {
    Duration::from_millis(span.get() as u64)
}

/// The point `span` after `from`.
pub fn after(from: Instant, span: Millis) -> Instant {
    from + duration(span)
}

/// How much time has passed since `earlier`, rounded down.
pub fn since(now: Instant, earlier: Instant) -> Millis {
    let ms = now.saturating_duration_since(earlier).as_millis();
    Millis::new(u32::try_from(ms).unwrap_or(u32::MAX))
}

/// `span`, made up to a fifth longer, by chance: so that those who lost a vendor together do not come
/// back together. The same `seed` and `attempt` give the same span.
pub fn jittered(span: Millis, seed: u64, attempt: u32) -> Millis {
    // SplitMix64 (Steele, Lea, Flood 2014): one step is chance enough.
    let mut mixed = seed ^ u64::from(attempt).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let width = u64::from(span.get() / 5) + 1;
    span + Millis::new(((mixed ^ (mixed >> 31)) % width) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jittered_span_is_at_most_a_fifth_longer_and_repeats() {
        for attempt in 0..100 {
            let span = jittered(Millis::new(1_000), 7, attempt);
            assert!((1_000..=1_200).contains(&span.get()), "{span}");
            assert_eq!(span, jittered(Millis::new(1_000), 7, attempt));
        }
        assert_eq!(jittered(Millis::ZERO, 7, 1), Millis::ZERO);
    }
}

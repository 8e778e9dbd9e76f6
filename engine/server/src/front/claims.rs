//! Which webhooks have been seen: each is worked on once, also across restarts.

use std::collections::{HashSet, VecDeque};

use sha2::{Digest, Sha256};
use types::WallTime;

/// Events remembered: an hour of 18 a second. What is older than the signature's tolerance cannot
/// come back, so a flood of real events would have to push 65,536 through within minutes.
const CLAIMS_MAX: usize = 65_536;

/// How long they are remembered, in ms: the carrier retries within a minute (telnyx.md §2.5).
pub(crate) const CLAIM_LIFE_MS: i64 = 3_600_000;

/// An event's id, digested: of fixed size, whatever the carrier sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct EventKey([u8; 16]);

impl EventKey {
    pub(crate) fn of(id: &str) -> Self {
        let digest: [u8; 32] = Sha256::digest(id.as_bytes()).into();
        let mut key = [0; 16];
        key.copy_from_slice(&digest[..16]);
        Self(key)
    }

    /// The claim as the journal keeps it: key, then when, little-endian ms since 1970.
    pub(crate) fn encode(self, at: WallTime) -> Vec<u8> {
        [self.0.as_slice(), &at.as_unix_millis().to_le_bytes()].concat()
    }

    /// Reads what [`EventKey::encode`] wrote.
    pub(crate) fn decode(bytes: &[u8]) -> Option<(Self, WallTime)> {
        let (key, at) = bytes.split_first_chunk::<16>()?;
        let at = i64::from_le_bytes(at.try_into().ok()?);
        Some((Self(*key), WallTime::from_unix_millis(at)))
    }
}

/// The events of the last hour, bounded.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    seen: HashSet<EventKey>,
    order: VecDeque<(EventKey, WallTime)>,
}

impl Claims {
    /// Claims an event; whether nobody had.
    pub(crate) fn claim(&mut self, key: EventKey, now: WallTime) -> bool {
        let old = |at: WallTime| CLAIM_LIFE_MS <= now.as_unix_millis() - at.as_unix_millis();
        while let Some((oldest, at)) = self.order.front().copied()
            && (CLAIMS_MAX <= self.order.len() || old(at))
        {
            self.order.pop_front();
            self.seen.remove(&oldest);
        }
        if !self.seen.insert(key) {
            return false;
        }
        self.order.push_back((key, now));
        true
    }

    /// Gives a claim back: the event could not be worked on and will be delivered again.
    pub(crate) fn give_back(&mut self, key: EventKey) {
        if self.seen.remove(&key) {
            self.order.retain(|(claimed, _)| *claimed != key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> WallTime {
        WallTime::from_unix_millis(ms)
    }

    #[test]
    fn an_event_is_claimed_once_until_it_is_forgotten() {
        let (mut claims, key) = (Claims::default(), EventKey::of("ev-1"));
        assert!(claims.claim(key, at(0)));
        assert!(!claims.claim(key, at(CLAIM_LIFE_MS - 1)));
        assert!(claims.claim(key, at(CLAIM_LIFE_MS)));
        claims.give_back(key);
        assert!(claims.claim(key, at(CLAIM_LIFE_MS)));
    }

    #[test]
    fn memory_is_bounded_whatever_comes() {
        let mut claims = Claims::default();
        for n in 0..CLAIMS_MAX + 500 {
            assert!(claims.claim(EventKey::of(&n.to_string()), at(0)));
        }
        assert_eq!((claims.seen.len(), claims.order.len()), (CLAIMS_MAX, CLAIMS_MAX));
        assert!(!claims.claim(EventKey::of("501"), at(1)));
        assert!(claims.claim(EventKey::of("0"), at(1)), "the oldest made room");
    }

    #[test]
    fn a_claim_survives_the_journal() {
        let key = EventKey::of("ev-1");
        assert_eq!(EventKey::decode(&key.encode(at(-5))), Some((key, at(-5))));
        assert_eq!(EventKey::decode(b"short"), None);
    }
}

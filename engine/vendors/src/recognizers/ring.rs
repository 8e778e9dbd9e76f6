//! The newest audio, kept until nobody needs to hear it again.

use std::collections::VecDeque;

use bytes::BytesMut;

/// A bounded stretch of audio, addressed by sample.
///
/// Bound: `samples_max`; what falls out at the old end although it was still needed is counted as lost.
#[derive(Debug)]
pub struct Ring {
    bytes: VecDeque<u8>,
    sample_bytes: usize,
    /// The sample that the oldest bytes are.
    from: u64,
    samples_max: usize,
    lost: u64,
}

impl Ring {
    /// An empty ring for `samples_max` samples of `sample_bytes` each.
    pub const fn new(sample_bytes: usize, samples_max: usize) -> Self {
        Self { bytes: VecDeque::new(), sample_bytes, from: 0, samples_max, lost: 0 }
    }

    /// Takes in what follows.
    pub fn push(&mut self, bytes: &[u8]) {
        debug_assert!(bytes.len().is_multiple_of(self.sample_bytes), "whole samples");
        self.bytes.extend(bytes);
        let excess = self.len().saturating_sub(self.samples_max);
        self.lost += excess as u64;
        self.forget_samples(excess);
    }

    /// Forgets everything before sample `to`.
    pub fn forget(&mut self, to: u64) {
        let samples = usize::try_from(to.saturating_sub(self.from)).unwrap_or(usize::MAX);
        self.forget_samples(samples.min(self.len()));
    }

    fn forget_samples(&mut self, samples: usize) {
        self.bytes.drain(..samples * self.sample_bytes);
        self.from += samples as u64;
    }

    /// Appends at most `samples` samples from sample `at` on, or from the oldest that is there; which
    /// sample the first of them is.
    pub fn read(&self, at: u64, samples: usize, into: &mut BytesMut) -> u64 {
        let at = at.clamp(self.from, self.to());
        let skip = (at - self.from) as usize;
        let samples = samples.min(self.len() - skip);
        let (mut skip, mut left) = (skip * self.sample_bytes, samples * self.sample_bytes);
        let (older, newer) = self.bytes.as_slices();
        for part in [older, newer] {
            let part = &part[skip.min(part.len())..];
            let part = &part[..left.min(part.len())];
            skip = skip.saturating_sub(older.len());
            left -= part.len();
            into.extend_from_slice(part);
        }
        at
    }

    /// The oldest sample.
    pub const fn from(&self) -> u64 {
        self.from
    }

    /// One past the newest sample.
    pub fn to(&self) -> u64 {
        self.from + self.len() as u64
    }

    /// How many samples fell out that nobody had declared dispensable.
    pub const fn lost(&self) -> u64 {
        self.lost
    }

    fn len(&self) -> usize {
        self.bytes.len() / self.sample_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_forgotten_is_gone_and_what_falls_out_is_counted() {
        let mut ring = Ring::new(2, 4);
        ring.push(&[0, 0, 1, 1, 2, 2]);
        ring.forget(1);
        assert_eq!((ring.from(), ring.to(), ring.lost()), (1, 3, 0));
        ring.push(&[3, 3, 4, 4, 5, 5]);
        assert_eq!((ring.from(), ring.to(), ring.lost()), (2, 6, 1));
        let read = |at, samples| {
            let mut bytes = BytesMut::new();
            (ring.read(at, samples, &mut bytes), bytes.to_vec())
        };
        assert_eq!(read(0, 2), (2, vec![2, 2, 3, 3]));
        assert_eq!(read(5, 9), (5, vec![5, 5]));
        assert_eq!(read(99, 9), (6, vec![]));
        ring.forget(99);
        assert_eq!((ring.from(), ring.to()), (6, 6));
    }

    #[test]
    fn what_is_read_is_the_same_wherever_the_ring_is_bent() {
        let mut ring = Ring::new(1, 7);
        for newest in 0..100_u8 {
            ring.push(&[newest]);
            for at in ring.from()..ring.to() {
                for samples in 0..9 {
                    let mut bytes = BytesMut::new();
                    assert_eq!(ring.read(at, samples, &mut bytes), at);
                    let to = (at + samples as u64).min(ring.to());
                    assert_eq!(bytes.to_vec(), (at as u8..to as u8).collect::<Vec<_>>());
                }
            }
        }
    }
}

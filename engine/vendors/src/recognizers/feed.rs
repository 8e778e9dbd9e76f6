//! What one connection is sent, and when.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::time::Instant;
use types::{Millis, SampleRate};

use super::ring::Ring;
use super::track::Track;

/// A connection's place in the audio.
#[derive(Debug)]
pub(crate) struct Feed {
    rate: SampleRate,
    chunk: Millis,
    cursor: u64,
    /// When the next message may go out while the connection is behind.
    due: Instant,
    /// Messages are cut off from here; used again once they are written.
    block: BytesMut,
    pub(crate) track: Track,
}

/// Whether what is too little for a message is sent all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    Kept,
    Sent,
}

/// Audio is repeated at most so many times faster than it was spoken: vendors refuse faster.
const REPEAT_SPEED: u32 = 4;

/// Lateness of ours that a repetition makes up for.
const LATE_MAX: Duration = Duration::from_millis(50);

/// Half a second of 16-bit audio at 16 kHz: more than a socket that keeps up has not written yet.
const BLOCK_BYTES: usize = 16_000;

/// Behind by no more than this, a connection is fed at once: that is scheduling, not repetition.
const LIVE: Millis = Millis::new(160);

impl Feed {
    /// A new connection, which hears everything from `at` on.
    pub(crate) fn new(rate: SampleRate, chunk: Millis, at: u64, now: Instant) -> Self {
        let block = BytesMut::with_capacity(BLOCK_BYTES);
        Self { rate, chunk, cursor: at, due: now, block, track: Track::new(rate, at) }
    }

    /// The next message, if it is due.
    pub(crate) fn poll(&mut self, now: Instant, ring: &Ring, rest: Rest) -> Option<Bytes> {
        let behind = ring.to().saturating_sub(self.cursor.max(ring.from()));
        let chunk = self.rate.samples_in(self.chunk);
        let is_live = behind <= self.rate.samples_in(LIVE) as u64;
        let is_whole = chunk as u64 <= behind;
        if behind == 0 || (!is_whole && rest == Rest::Kept) || (!is_live && now < self.due) {
            return None;
        }
        let at = ring.read(self.cursor, chunk, &mut self.block);
        let bytes = self.block.split().freeze();
        let samples = behind.min(chunk as u64) as usize;
        self.track.sent(at, samples);
        self.cursor = at + samples as u64;
        let step = Duration::from_millis(u64::from(self.chunk.get())) / REPEAT_SPEED;
        // A little lateness is made up for; more would be faster than agreed.
        self.due = self.due.max(now.checked_sub(LATE_MAX).unwrap_or(now)) + step;
        Some(bytes)
    }

    /// When [`Self::poll`] has something to say by itself: while repeating.
    pub(crate) fn due(&self, ring: &Ring) -> Option<Instant> {
        let behind = ring.to().saturating_sub(self.cursor.max(ring.from()));
        (self.rate.samples_in(LIVE) as u64 <= behind).then_some(self.due)
    }

    /// One past the last sample sent.
    pub(crate) const fn cursor(&self) -> u64 {
        self.cursor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repetition_is_four_times_as_fast_as_speech_and_live_audio_goes_at_once() {
        let zero = Instant::now();
        let mut ring = Ring::new(1, 80_000);
        ring.push(&vec![7; 16_000]);
        let mut feed = Feed::new(SampleRate::Hz8000, Millis::new(40), 0, zero);
        let mut sent = 0;
        for ms in 0..250 {
            let now = zero + Duration::from_millis(ms);
            while let Some(bytes) = feed.poll(now, &ring, Rest::Kept) {
                sent += bytes.len();
            }
        }
        // 250 ms of repeating are one second of audio, and one message at each end.
        assert!((7_680..=8_640).contains(&sent), "{sent}");
        let later = zero + Duration::from_secs(9);
        let mut turns = 0;
        while feed.poll(later + Duration::from_millis(10 * turns), &ring, Rest::Sent).is_some() {
            turns += 1;
        }
        let now = later + Duration::from_secs(1);
        while feed.poll(now, &ring, Rest::Sent).is_some() {}
        ring.push(&[7; 400]);
        assert_eq!(feed.poll(now, &ring, Rest::Kept).map(|bytes| bytes.len()), Some(320));
        assert_eq!(feed.poll(now, &ring, Rest::Kept), None, "too little for a message");
        assert_eq!(feed.poll(now, &ring, Rest::Sent).map(|bytes| bytes.len()), Some(80));
        assert_eq!(feed.cursor(), ring.to());
    }
}

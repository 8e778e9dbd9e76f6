//! Counting what a session uses up, from its task, readable by its handle at any time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;
use vendor::{Count, VendorUsage};

use crate::clock::since;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Connections and requests.
    Requests,
    /// Milliseconds of audio sent to a recognizer.
    AudioMs,
    /// Milliseconds that a socket was open.
    ConnectedMs,
    /// Characters handed to a voice.
    Characters,
    /// Tokens a model read and had not read before.
    TokensIn,
    /// Tokens a model found in its cache.
    TokensCached,
    /// Tokens a model wrote.
    TokensOut,
}

/// One session's counters, shared by its handle and its task. True at every moment: what is under way
/// counts as far as it has come.
#[derive(Debug, Default)]
pub struct Meter {
    exact: [AtomicU64; UNITS],
    estimated: [AtomicU64; UNITS],
    /// Since when the socket is open that is open now.
    open: Mutex<Option<Instant>>,
}

/// One counter per [`Unit`].
const UNITS: usize = Unit::TokensOut as usize + 1;

impl Meter {
    /// Counts what the vendor counts the same way, or said itself.
    pub fn count(&self, unit: Unit, quantity: u64) {
        self.exact[unit as usize].fetch_add(quantity, Ordering::Relaxed);
    }

    /// Counts what we can only estimate: a cancelled stream tells no figure.
    pub fn estimate(&self, unit: Unit, quantity: u64) {
        self.estimated[unit as usize].fetch_add(quantity, Ordering::Relaxed);
    }

    /// Takes back an estimate: the vendor has told the figure.
    pub fn retract(&self, unit: Unit, quantity: u64) {
        self.estimated[unit as usize].fetch_sub(quantity, Ordering::Relaxed);
    }

    /// A socket is open from now on, until [`Self::disconnected`].
    pub fn connected(&self) {
        self.disconnected();
        *self.open() = Some(Instant::now());
    }

    /// The socket, if one was open, no longer is.
    pub fn disconnected(&self) {
        if let Some(opened) = self.open().take() {
            self.count(Unit::ConnectedMs, since(Instant::now(), opened).get().into());
        }
    }

    fn open(&self) -> MutexGuard<'_, Option<Instant>> {
        // A time is whole, whatever happened to who wrote it.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All of it.
    pub fn usage(&self) -> VendorUsage {
        let open = self.open().map_or(0, |opened| since(Instant::now(), opened).get().into());
        let count = |unit: Unit| Count {
            exact: self.exact[unit as usize].load(Ordering::Relaxed)
                + if unit == Unit::ConnectedMs { open } else { 0 },
            estimated: self.estimated[unit as usize].load(Ordering::Relaxed),
        };
        VendorUsage {
            requests: count(Unit::Requests),
            audio_ms: count(Unit::AudioMs),
            connected_ms: count(Unit::ConnectedMs),
            characters: count(Unit::Characters),
            tokens_in: count(Unit::TokensIn),
            tokens_cached: count(Unit::TokensCached),
            tokens_out: count(Unit::TokensOut),
        }
    }
}

/// About how many tokens `text` is: four bytes each, the rule of thumb that vendors publish for English.
/// For what a cancelled stream does not tell.
pub const fn tokens_in(text: &str) -> u64 {
    text.len().div_ceil(4) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_and_estimated_are_kept_apart() {
        let meter = Meter::default();
        meter.count(Unit::TokensOut, 40);
        meter.estimate(Unit::TokensOut, tokens_in("twelve bytes"));
        let usage = meter.usage();
        assert_eq!(usage.tokens_out, Count { exact: 40, estimated: 3 });
        assert_eq!(usage.tokens_out.total(), 43);
        assert_eq!(usage.characters, Count::default());
        meter.retract(Unit::TokensOut, 3);
        assert_eq!(meter.usage().tokens_out, Count { exact: 40, estimated: 0 });
    }

    #[tokio::test(start_paused = true)]
    async fn a_socket_counts_while_it_is_open_and_no_longer() {
        let meter = Meter::default();
        let pass = async |ms| tokio::time::advance(std::time::Duration::from_millis(ms)).await;
        meter.connected();
        pass(700).await;
        assert_eq!(meter.usage().connected_ms.exact, 700);
        meter.disconnected();
        pass(500).await;
        meter.disconnected();
        meter.connected();
        pass(40).await;
        assert_eq!(meter.usage().connected_ms.exact, 740);
    }
}

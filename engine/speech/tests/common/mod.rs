//! What the tests that need models share.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part of it")]

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use codecs::resample::resample_all;
use speech::ModelDir;
use types::SampleRate;
use vendor::{Offered, Sink};

/// The models, from `APEX_MODELS` or `models/` at the root of the repository.
pub fn models() -> ModelDir {
    let root = std::env::var_os("APEX_MODELS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../models"),
        PathBuf::from,
    );
    ModelDir::open(root).unwrap_or_else(|error| panic!("this test needs the local models: {error}"))
}

/// `golden.json`.
pub fn golden() -> serde_json::Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden/golden.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// `clip.pcm`: "He was not an ill-disposed young man", 3.5 s at 8 kHz.
pub fn clip() -> Vec<i16> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden/clip.pcm");
    let bytes = std::fs::read(path).unwrap();
    bytes.as_chunks::<2>().0.iter().map(|pair| i16::from_le_bytes(*pair)).collect()
}

pub fn to_16k(samples: &[i16]) -> Vec<i16> {
    resample_all(SampleRate::Hz8000, SampleRate::Hz16000, samples)
}

/// Background noise of about -60 dBFS, from a seed.
pub fn hiss(samples: usize) -> Vec<i16> {
    let mut seed = 7_u32;
    let mut next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 16) as i16 / 1_000
    };
    (0..samples).map(|_| next()).collect()
}

/// A sink that hands events to the test.
pub struct Probe<E>(SyncSender<E>);

/// How long a test waits for an event that must come; far more than any decode takes.
const PATIENCE: Duration = Duration::from_secs(60);

impl<E> Probe<E> {
    pub fn new() -> (std::sync::Arc<Self>, Receiver<E>) {
        let (send, receive) = sync_channel(1_024);
        (std::sync::Arc::new(Self(send)), receive)
    }
}

impl<E: Send> Sink<E> for Probe<E> {
    fn offer(&self, event: E) -> Offered {
        match self.0.try_send(event) {
            Ok(()) => Offered::Accepted,
            Err(std::sync::mpsc::TrySendError::Full(_)) => Offered::Shed,
            Err(std::sync::mpsc::TrySendError::Disconnected(_)) => Offered::Closed,
        }
    }
}

/// The next event; fails if none comes.
pub fn next<E>(events: &Receiver<E>) -> E {
    events.recv_timeout(PATIENCE).expect("an event comes")
}

/// Upper case, punctuation and hyphens do not matter.
pub fn plain(text: &str) -> String {
    let words: String = text
        .to_lowercase()
        .chars()
        .map(|c| if c.is_alphanumeric() || c == '\'' { c } else { ' ' })
        .collect();
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

//! What the caller says: real speech, in which each word is marked.

use std::sync::{Arc, Mutex, PoisonError};

use fake_vendors::speech::Lexicon;
use types::SampleRate;

/// The question, in words short enough for their marks not to be taken for pauses.
pub(super) const QUESTION: &str = "Hi so can you say how much is a cut?";

/// Speech between two marks, in milliseconds.
const SPEECH_MS: usize = 180;

/// Its samples: a mark per word, speech of `voice` before, between and behind them. The detector hears
/// the speech, the recognizers on the far side hear the marks.
pub(super) fn say(lexicon: &Mutex<Lexicon>, voice: &[i16], rate: SampleRate) -> Arc<[i16]> {
    let step = SPEECH_MS * rate.hz() as usize / 1_000;
    let voiced = voiced(voice, step);
    let mut pieces = voiced.iter().cycle();
    let mut lexicon = lexicon.lock().unwrap_or_else(PoisonError::into_inner);
    let mut out = Vec::new();
    let mut speak = |out: &mut Vec<i16>| {
        if let Some(piece) = pieces.next() {
            out.extend_from_slice(piece);
        }
    };
    speak(&mut out);
    for word in QUESTION.split_whitespace() {
        lexicon.say(word, &mut out);
        speak(&mut out);
    }
    out.into()
}

/// The stretches of `voice` that are loudest: those without pauses.
fn voiced(voice: &[i16], step: usize) -> Vec<&[i16]> {
    let energy = |piece: &[i16]| piece.iter().map(|s| i64::from(*s).pow(2)).sum::<i64>();
    let mut energies: Vec<i64> = voice.chunks_exact(step).map(energy).collect();
    energies.sort_unstable();
    let least = energies.get(energies.len() / 2).copied().unwrap_or(0);
    voice.chunks_exact(step).filter(|piece| least <= energy(piece)).collect()
}

//! The detector on recorded speech.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod common;

use speech::{Audibility, DetectorSettings, Edge, SpeechDetector, Vad};
use types::Millis;

/// Runs the detector; returns each edge with the moment it was told and the moment it is about, in
/// milliseconds from the start.
fn edges(samples: &[i16], audibility: Audibility) -> Vec<(Edge, u32, u32)> {
    let vad = Vad::load(&common::models()).unwrap();
    let mut detector = SpeechDetector::new(&vad, DetectorSettings::STANDARD);
    let mut edges = Vec::new();
    for (index, frame) in samples.as_chunks::<160>().0.iter().enumerate() {
        let told = (index as u32 + 1) * 20;
        if let Some(edge) = detector.frame(frame, audibility) {
            let ago = match edge {
                Edge::Started { ago } | Edge::Paused { ago } | Edge::Ended { ago } => ago,
                Edge::Resumed => Millis::ZERO,
            };
            edges.push((edge, told, told - ago.get()));
        }
    }
    edges
}

/// A second of hiss, the clip, and a second of hiss.
fn call() -> Vec<i16> {
    [common::hiss(8_000), common::clip(), common::hiss(8_000)].concat()
}

/// The first and the last moment of the clip in [`call`] that is louder than -38 dBFS: the speech.
fn speech(samples: &[i16]) -> (u32, u32) {
    let loud = |block: &[i16]| -38.0 < codecs::level::Dbfs::of(block).0;
    let blocks: Vec<bool> = samples.chunks(80).map(loud).collect();
    let first = blocks.iter().position(|loud| *loud).unwrap();
    let last = blocks.iter().rposition(|loud| *loud).unwrap();
    (first as u32 * 10, last as u32 * 10 + 10)
}

#[test]
fn speech_begins_and_ends_where_it_is_heard() {
    let samples = call();
    let edges = edges(&samples, Audibility::AgentSilent);
    let (begin, end) = speech(&samples);
    let (first, told, about) = edges[0];
    assert!(matches!(first, Edge::Started { .. }), "{edges:?}");
    assert!(about.abs_diff(begin) <= 100, "speech from {begin}: {edges:?}");
    assert!(told - about <= 160, "{edges:?}");
    let (last, told, about) = *edges.last().unwrap();
    assert!(matches!(last, Edge::Ended { .. }), "{edges:?}");
    assert!(about.abs_diff(end) <= 100, "speech to {end}: {edges:?}");
    assert!((200..=232).contains(&(told - about)), "{edges:?}");
}

#[test]
fn every_end_is_preceded_by_a_timely_pause() {
    let edges = edges(&call(), Audibility::AgentSilent);
    for pair in edges.windows(2) {
        if let [(Edge::Paused { .. }, told, about), (Edge::Ended { .. }, _, end)] = pair {
            assert_eq!(about, end);
            assert!((96..=140).contains(&(told - about)), "{edges:?}");
            return;
        }
    }
    panic!("no pause before an end in {edges:?}");
}

#[test]
fn an_audible_agent_makes_it_slower_but_not_deaf() {
    let silent = edges(&call(), Audibility::AgentSilent);
    let audible = edges(&call(), Audibility::AgentAudible);
    assert!(matches!(audible[0].0, Edge::Started { .. }));
    assert!(silent[0].1 < audible[0].1, "{silent:?} {audible:?}");
    assert!(audible[0].1 <= silent[0].1 + 200, "{silent:?} {audible:?}");
}

#[test]
fn noise_and_silence_are_no_speech() {
    let quiet = vec![0; 8_000 * 4];
    assert_eq!(edges(&quiet, Audibility::AgentSilent), []);
    let hiss = common::hiss(8_000 * 4);
    assert_eq!(edges(&hiss, Audibility::AgentSilent), []);
    let loud: Vec<i16> = hiss.iter().map(|sample| sample * 60).collect();
    assert_eq!(edges(&loud, Audibility::AgentSilent), []);
}

#[test]
fn a_closed_gate_spares_the_model() {
    let vad = Vad::load(&common::models()).unwrap();
    let mut detector = SpeechDetector::new(&vad, DetectorSettings::STANDARD);
    for frame in common::hiss(8_000 * 10).as_chunks::<160>().0 {
        detector.frame(frame, Audibility::AgentSilent);
    }
    let counters = detector.counters();
    assert_eq!(counters.failures, 0);
    assert!(counters.windows_neural * 5 < counters.windows, "{counters:?}");
}

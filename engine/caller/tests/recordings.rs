//! The fixtures' recordings as the caller reads them.

use std::path::{Path, PathBuf};

use caller::audio;
use types::{Millis, SampleRate};

fn recordings() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/calls/tuned");
    let mut recordings: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the fixtures are part of the repository")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.to_string_lossy().ends_with(".clean.flac"))
        .collect();
    recordings.sort();
    recordings
}

#[test]
fn the_end_of_speech_is_found_through_the_noise() {
    let rate = SampleRate::Hz8000;
    let mut worst = Vec::new();
    for clean in recordings().iter().step_by(12) {
        let noisy = clean.to_string_lossy().replace(".clean.", ".noisy.");
        let ends = [clean.clone(), noisy.into()].map(|path| {
            let samples = audio::load(&path, rate).expect("a recording");
            let span = audio::speech_span(rate, &samples).expect("somebody speaks");
            assert!(rate.samples_in(Millis::new(250)) < span.len(), "{}", path.display());
            span.end
        });
        worst.push((ends[0].abs_diff(ends[1]) / 8, clean.display().to_string()));
    }
    worst.sort();
    assert!(4 <= worst.len());
    // Noise covers faint last sounds; the end of a question must not move by more than that.
    let (median, _) = &worst[worst.len() / 2];
    assert!(*median <= 60, "{worst:?}");
    assert!(worst[worst.len() - 1].0 <= 300, "{worst:?}");
}

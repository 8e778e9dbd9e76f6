//! Recordings for the tests of this folder.

use std::path::{Path, PathBuf};

use types::SampleRate;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}

/// All recordings in `folder` of the fixtures whose names contain `part`, in order, at `rate`.
pub(crate) fn recordings(folder: &str, part: &str, rate: SampleRate) -> Vec<(String, Vec<i16>)> {
    let folder = fixtures().join(folder);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("fixtures are in the tree")
        .map(|entry| entry.expect("a folder that can be read").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "flac"))
        .filter(|path| path.to_string_lossy().contains(part))
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| {
            let name = path.file_stem().expect("a file").to_string_lossy().into_owned();
            (name, caller::audio::load(path, rate).expect("a recording"))
        })
        .collect()
}

//! Recorded callers in sets, with the noise of their lines.

use std::path::{Path, PathBuf};

use caller::audio::{AudioError, load};
use codecs::g711;
use codecs::level::Dbfs;
use types::{Millis, SampleRate};

use crate::recall::{COMMON, FRAME};

/// Recordings of one kind.
#[derive(Clone, Debug)]
pub struct Set {
    /// What to call it.
    pub name: String,
    /// Whether anybody speaks in it.
    pub content: Content,
    /// The recordings, by name of their files.
    pub recordings: Vec<Recording>,
}

/// What there is to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// A caller, and perhaps noise.
    Speech,
    /// Noise and nobody to understand.
    Noise,
}

/// One recording at 8 kHz, and what its line sounds like before it.
#[derive(Clone, Debug)]
pub struct Recording {
    /// [`PAUSE`] of the line's noise, as loud as the recording's quietest tenth.
    pub pause: Vec<i16>,
    /// The recording, filled up with the line's noise to whole frames and windows.
    pub samples: Vec<i16>,
}

/// How long a caller listens to the agent between two recordings of one call: 6 s.
pub const PAUSE: Millis = Millis::new(6_000);

/// All of `fixtures` that can be put to a gate.
///
/// # Errors
/// [`AudioError`] if one of the recordings cannot be read.
pub fn sets(fixtures: &Path) -> Result<Vec<Set>, AudioError> {
    let noise = |name: &str| load(fixtures.join("noise").join(name), SampleRate::Hz8000);
    let (pink, babble, street) =
        (noise("pink.flac")?, noise("babble.flac")?, noise("street.flac")?);
    let line = mixed(&pink, &babble, BABBLE_DB);
    let mut sets = Vec::new();
    for half in ["tuned", "held-out"] {
        for label in ["clean", "noisy"] {
            let folder = fixtures.join("calls").join(half);
            let files = files(&folder, &format!(".{label}.flac"))?;
            sets.push(set(&format!("{half}, {label}"), &files, &line, None)?);
        }
    }
    let people = files(&fixtures.join("speech"), ".flac")?;
    sets.push(set("people, clean", &people, &line, None)?);
    for (name, decibels) in [("people, street", STREET_DB), ("people, road", ROAD_DB)] {
        sets.push(set(name, &people, &street, Some(decibels))?);
    }
    for (name, decibels) in [("noise, loud", 0.0), ("noise, usual", USUAL_DB)] {
        let recordings =
            [&pink, &babble, &street].map(|noise| noise_only(&scaled(noise, decibels)));
        let recordings = recordings.into();
        sets.push(Set { name: name.to_owned(), content: Content::Noise, recordings });
    }
    Ok(sets)
}

/// The recordings in `files`; with `decibels`, mixed with `noise` that far below them.
fn set(
    name: &str,
    files: &[PathBuf],
    noise: &[i16],
    decibels: Option<f32>,
) -> Result<Set, AudioError> {
    let recording = |file: &PathBuf| {
        let mut samples = load(file, SampleRate::Hz8000)?;
        if let Some(decibels) = decibels {
            let level = Dbfs::of(&samples).raised_by(decibels);
            let noise: Vec<i16> = noise.iter().copied().cycle().take(samples.len()).collect();
            samples = mixed(&samples, &noise, level.0 - Dbfs::of(&noise).0);
        }
        Ok(on_a_line(samples, noise))
    };
    let recordings = files.iter().map(recording).collect::<Result<_, _>>()?;
    Ok(Set { name: name.to_owned(), content: Content::Speech, recordings })
}

/// `samples` on a line that sounds like `noise`.
fn on_a_line(mut samples: Vec<i16>, noise: &[i16]) -> Recording {
    let mut levels: Vec<f32> = samples.chunks_exact(FRAME).map(|frame| Dbfs::of(frame).0).collect();
    levels.sort_by(f32::total_cmp);
    let quiet = levels.get(levels.len() / 10).copied().unwrap_or(Dbfs::SILENCE.0);
    let noise = telephone(&scaled(noise, quiet - Dbfs::of(noise).0));
    let fill = samples.len().next_multiple_of(COMMON) - samples.len();
    samples.extend(noise.iter().cycle().take(fill));
    Recording { pause: looped(&noise, PAUSE), samples }
}

/// `noise` for as long as callers' recordings take together: half a minute.
fn noise_only(noise: &[i16]) -> Recording {
    let noise = telephone(noise);
    Recording { pause: looped(&noise, PAUSE), samples: looped(&noise, NOISE_TIME) }
}

fn looped(noise: &[i16], time: Millis) -> Vec<i16> {
    let len = SampleRate::Hz8000.samples_in(time).next_multiple_of(COMMON);
    noise.iter().copied().cycle().take(len).collect()
}

/// `samples` with `more`, that many decibels louder than it is, on top.
fn mixed(samples: &[i16], more: &[i16], decibels: f32) -> Vec<i16> {
    let more = scaled(more, decibels);
    samples.iter().zip(more).map(|(&sample, more)| sample.saturating_add(more)).collect()
}

fn scaled(samples: &[i16], decibels: f32) -> Vec<i16> {
    let factor = 10.0f32.powf(decibels / 20.0);
    samples.iter().map(|&sample| (f32::from(sample) * factor).round() as i16).collect()
}

/// `samples` after a telephone network's coding.
fn telephone(samples: &[i16]) -> Vec<i16> {
    let (mut codes, mut decoded) = (Vec::new(), Vec::new());
    g711::encode_ulaw(samples, &mut codes);
    g711::decode_ulaw(&codes, &mut decoded);
    decoded
}

/// The files in `folder` whose names end with `end`, by name.
fn files(folder: &Path, end: &str) -> Result<Vec<PathBuf>, AudioError> {
    let unreadable = |source| AudioError::Read { path: folder.to_owned(), source };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.to_string_lossy().ends_with(end) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// A quarter of the power, as in the noisy recordings (fixtures/README.md).
const BABBLE_DB: f32 = -6.0;

/// How far the street is below the people who are put into it: as in the noisy recordings, whose
/// noise lies 10 to 15 dB down.
const STREET_DB: f32 = -12.0;

/// Nearer than anybody should telephone: how low a gate can go.
const ROAD_DB: f32 = -6.0;

/// The recorded noise lies at -30 dBFS, which is a bad line. -45 dBFS is a usual one.
const USUAL_DB: f32 = -15.0;

const NOISE_TIME: Millis = Millis::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fixtures_are_all_there_and_aligned() {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
        let sets = sets(&fixtures).unwrap();
        let counts: Vec<usize> = sets.iter().map(|set| set.recordings.len()).collect();
        assert_eq!(counts, [120, 120, 112, 112, 17, 17, 17, 3, 3]);
        for recording in sets.iter().flat_map(|set| &set.recordings) {
            assert!(recording.samples.len().is_multiple_of(COMMON));
            assert!(recording.pause.len().is_multiple_of(COMMON));
        }
    }

    #[test]
    fn a_line_sounds_like_the_pauses_on_it() {
        let noise: Vec<i16> = (0..4_000).map(|n| if n % 2 == 0 { 900 } else { -900 }).collect();
        let mut samples = scaled(&noise, -12.0);
        samples.extend(scaled(&noise, 20.0));
        let quiet = Dbfs::of(&samples[..4_000]).0;
        let recording = on_a_line(samples, &noise);
        assert!((Dbfs::of(&recording.pause).0 - quiet).abs() < 0.5);
        assert_eq!(recording.samples.len(), 8_960);
    }
}

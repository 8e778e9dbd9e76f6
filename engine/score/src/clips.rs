//! Recorded speech as it lies in a folder.

use std::fs;
use std::path::{Path, PathBuf};

use codecs::level::Dbfs;
use thiserror::Error;
use types::Millis;

use crate::audio::{AudioError, RATE, load, speech_span};

/// One recording of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clip {
    /// Where it lies.
    pub file: PathBuf,
    /// Who speaks.
    pub speaker: String,
    /// The collection it comes from.
    pub source: String,
    /// What it is a part of.
    pub turn: String,
    /// Which part, from 0.
    pub place: usize,
    /// What is said; empty if that is not known.
    pub words: String,
}

/// Why there is no corpus.
#[derive(Debug, Error)]
pub enum ClipError {
    /// The list cannot be read.
    #[error("{} cannot be read ({reason}): lay it out with scripts/turn_corpus.py", path.display())]
    List {
        /// Which list.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A line of the list is not six fields.
    #[error("{}:{line}: six fields between tabs are wanted: file, speaker, source, turn, place, words", path.display())]
    Line {
        /// Which list.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
    },
    /// A recording cannot be used.
    #[error(transparent)]
    Audio(#[from] AudioError),
}

/// The clips that `folder`/clips.tsv lists.
///
/// # Errors
/// [`ClipError`] if it is missing or not a list.
pub fn read_list(folder: &Path) -> Result<Vec<Clip>, ClipError> {
    let path = folder.join("clips.tsv");
    let text = fs::read_to_string(&path)
        .map_err(|error| ClipError::List { path: path.clone(), reason: error.to_string() })?;
    parse_list(folder, &text).map_err(|line| ClipError::Line { path, line })
}

/// The clips in `text`, below `folder`; else the number of the line that is wrong.
fn parse_list(folder: &Path, text: &str) -> Result<Vec<Clip>, usize> {
    let mut clips = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [file, speaker, source, turn, place, words] = fields[..] else { return Err(number) };
        clips.push(Clip {
            file: folder.join(file),
            speaker: speaker.to_owned(),
            source: source.to_owned(),
            turn: turn.to_owned(),
            place: place.parse().map_err(|_| number)?,
            words: words.to_owned(),
        });
    }
    Ok(clips)
}

/// The speech of `clip` at [`RATE`], brought to one level, without the silence around it; `None`
/// if there is none.
///
/// # Errors
/// [`ClipError::Audio`] if the file cannot be used.
pub fn speech(clip: &Clip) -> Result<Option<Vec<i16>>, ClipError> {
    let samples = load(&clip.file)?;
    let Some(span) = speech_span(&samples) else { return Ok(None) };
    Ok(Some(leveled(&samples[span])))
}

/// `speech` at [`LEVEL`].
fn leveled(speech: &[i16]) -> Vec<i16> {
    let gain = 10_f32.powf((LEVEL - Dbfs::of(speech).0) / 20.0);
    let bounded = |sample: f32| sample.clamp(-32_000.0, 32_000.0) as i16;
    speech.iter().map(|&sample| bounded(f32::from(sample) * gain)).collect()
}

/// Where a speaker pauses within `speech`: silences of at least `gap`, as ranges of samples, not
/// within 300 ms of either end.
pub fn gaps(speech: &[i16], gap: Millis) -> Vec<std::ops::Range<usize>> {
    let window = RATE.samples_in(Millis::new(10));
    let margin = RATE.samples_in(Millis::new(300));
    let levels: Vec<f32> = speech.chunks(window).map(|part| Dbfs::of(part).0).collect();
    let mut sorted = levels.clone();
    sorted.sort_by(f32::total_cmp);
    let Some(&loud) = sorted.get(sorted.len() * 19 / 20) else { return Vec::new() };
    let is_quiet = |level: f32| level < loud - QUIETER;
    let mut gaps = Vec::new();
    let mut from = None;
    for (place, &level) in levels.iter().chain([&loud]).enumerate() {
        match (is_quiet(level), from) {
            (true, None) => from = Some(place),
            (false, Some(first)) => {
                let range = first * window..place * window;
                let is_inside = margin <= range.start && range.end + margin <= speech.len();
                if RATE.samples_in(gap) <= range.len() && is_inside {
                    gaps.push(range);
                }
                from = None;
            }
            (true, Some(_)) | (false, None) => (),
        }
    }
    gaps
}

/// Where speech is brought: a usual level on telephone lines.
const LEVEL: f32 = -22.0;

/// How far below its loud parts a speaker's silence lies, in decibels.
const QUIETER: f32 = 28.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_line_by_line() {
        let clips =
            parse_list(Path::new("x"), "a.mp3\tjoe\tq\tt1\t0\tHi.\nb.mp3\tjoe\tq\tt1\t1\t\n");
        let clips = clips.unwrap();
        assert_eq!((clips[0].file.as_path(), clips[1].place), (Path::new("x/a.mp3"), 1));
        assert_eq!(parse_list(Path::new("x"), "a\tb\n"), Err(1));
        assert_eq!(parse_list(Path::new("x"), "a\tb\tc\td\te\tf"), Err(1));
    }

    #[test]
    fn pauses_inside_are_found_and_those_at_the_ends_are_not() {
        let tone = |ms: u32, loud: i16| {
            let count = RATE.samples_in(Millis::new(ms));
            (0..count).map(move |n| if n % 8 < 4 { loud } else { -loud })
        };
        let speech: Vec<i16> = tone(500, 8_000)
            .chain(tone(200, 20))
            .chain(tone(400, 8_000))
            .chain(tone(60, 20))
            .chain(tone(500, 8_000))
            .collect();
        let found = gaps(&speech, Millis::new(120));
        assert_eq!((found.len(), found[0].clone()), (1, 4_000..5_600));
        assert_eq!(gaps(&speech, Millis::new(50)).len(), 2);
        assert!(gaps(&speech[..6_000], Millis::new(50)).is_empty());
        assert!((Dbfs::of(&leveled(&speech)).0 - LEVEL).abs() < 0.2);
    }
}

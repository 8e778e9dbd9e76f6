//! Recordings as telephone speech.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use codecs::level::Dbfs;
use codecs::resample::resample_all;
use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::errors::Error as DecodeError;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;
use thiserror::Error;
use types::{Millis, SampleRate};

/// Telephone speech.
pub const RATE: SampleRate = SampleRate::Hz8000;

/// Why a recording cannot be used.
#[derive(Debug, Error)]
#[error("{}: {reason}", path.display())]
pub struct AudioError {
    /// Which file.
    pub path: PathBuf,
    /// What is wrong.
    pub reason: String,
}

/// Reads the recording at `path`, WAV, MP3, FLAC or Ogg Vorbis, as mono samples at [`RATE`].
///
/// # Errors
/// [`AudioError`] if it cannot be read or is no recording.
pub fn load(path: &Path) -> Result<Vec<i16>, AudioError> {
    let failed = |reason: String| AudioError { path: path.to_owned(), reason };
    let bytes = fs::read(path).map_err(|error| failed(error.to_string()))?;
    let extension = path.extension().and_then(|extension| extension.to_str());
    let (hz, mono) = decode(bytes, extension).map_err(|error| failed(error.to_string()))?;
    if mono.is_empty() || !(4_000..=192_000).contains(&hz) {
        return Err(failed("holds no sound".into()));
    }
    Ok(match SampleRate::from_hz(hz) {
        Some(from) => resample_all::<f32, i16>(from, RATE, &mono),
        None => resample_odd(hz, &mono),
    })
}

fn decode(bytes: Vec<u8>, extension: Option<&str>) -> Result<(u32, Vec<f32>), DecodeError> {
    let source = MediaSourceStream::new(Box::new(Cursor::new(bytes)), Default::default());
    let mut hint = Hint::new();
    if let Some(extension) = extension {
        hint.with_extension(extension);
    }
    let (formats, metadata) = (FormatOptions::default(), MetadataOptions::default());
    let mut format = symphonia::default::get_probe().probe(&hint, source, formats, metadata)?;
    let missing = DecodeError::Unsupported("no sound in it");
    let Some(track) = format.default_track(TrackType::Audio) else { return Err(missing) };
    let id = track.id;
    let parameters = track.codec_params.as_ref().and_then(|parameters| parameters.audio());
    let Some(parameters) = parameters else { return Err(missing) };
    let options = AudioDecoderOptions::default();
    let mut decoder = symphonia::default::get_codecs().make_audio_decoder(parameters, &options)?;
    let (mut hz, mut mono, mut interleaved) = (0, Vec::new(), Vec::new());
    while let Ok(Some(packet)) = format.next_packet() {
        if packet.track_id != id {
            continue;
        }
        let Ok(decoded) = decoder.decode(&packet) else { continue };
        hz = decoded.spec().rate();
        let channels = decoded.num_planes().max(1);
        decoded.copy_to_vec_interleaved::<f32>(&mut interleaved);
        let mixed = |frame: &[f32]| frame.iter().sum::<f32>() / channels as f32;
        mono.extend(interleaved.chunks_exact(channels).map(mixed));
    }
    Ok((hz, mono))
}

/// From a rate no leg has, 11,025 or 22,050 Hz and the like: a windowed sinc, below both rates'
/// limits.
fn resample_odd(hz: u32, mono: &[f32]) -> Vec<i16> {
    let ratio = f64::from(RATE.hz()) / f64::from(hz);
    let cutoff = ratio.min(1.0) * 0.92;
    let reach = 16.0 / cutoff;
    let count = (mono.len() as f64 * ratio) as usize;
    let tap = |distance: f64| {
        let (x, w) = (distance * cutoff * std::f64::consts::PI, distance / reach);
        let sinc = if x.abs() < 1e-9 { 1.0 } else { x.sin() / x };
        sinc * cutoff * (0.5 + 0.5 * (w * std::f64::consts::PI).cos())
    };
    let sample = |place: usize| {
        let center = place as f64 / ratio;
        let first = (center - reach).ceil().max(0.0) as usize;
        let last = ((center + reach) as usize).min(mono.len() - 1);
        let near = mono.get(first..=last).unwrap_or_default().iter().zip(first..);
        let sum: f64 = near.map(|(&value, at)| f64::from(value) * tap(center - at as f64)).sum();
        (sum * 32_767.0).clamp(-32_768.0, 32_767.0) as i16
    };
    (0..count).map(sample).collect()
}

/// Where the speech in a recording lies: its first to its last loud stretch.
pub fn speech_span(samples: &[i16]) -> Option<std::ops::Range<usize>> {
    let window = RATE.samples_in(Millis::new(10));
    let levels: Vec<f32> =
        samples.chunks(window).map(|part| Dbfs::of_alternating(part).0).collect();
    let mut sorted = levels.clone();
    sorted.sort_by(f32::total_cmp);
    let loud = *sorted.get(sorted.len() * 19 / 20)?;
    let is_loud = |pair: &[f32]| pair.iter().all(|&level| (loud - 30.0).max(-50.0) <= level);
    let first = levels.windows(2).position(is_loud)?;
    let last = levels.windows(2).rposition(is_loud)? + 2;
    Some(first * window..(last * window).min(samples.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_rates_keep_pitch_level_and_length() {
        for hz in [11_025_u32, 22_050, 44_100] {
            let wave =
                |n: u32| (f64::from(n) * 440.0 * std::f64::consts::TAU / f64::from(hz)).sin();
            let tone: Vec<f32> = (0..hz).map(|n| 0.5 * wave(n) as f32).collect();
            let out = resample_odd(hz, &tone);
            assert!(out.len().abs_diff(8_000) <= 1);
            assert!((Dbfs::of(&out[1_000..7_000]).0 + 9.03).abs() < 0.1, "{hz}");
            let ups = out.windows(2).filter(|pair| pair[0] < 0 && 0 <= pair[1]).count();
            assert!((439..=441).contains(&ups), "{ups}");
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = load(Path::new("/nowhere/a.wav")).unwrap_err();
        assert!(error.to_string().starts_with("/nowhere/a.wav: "));
    }
}

//! Recordings of any format and rate, as samples of a leg; where the speech in them lies.

use std::fs;
use std::io::Cursor;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use codecs::level::Dbfs;
use codecs::resample::resample_all;
use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler};
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error as DecodeError;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;
use thiserror::Error;
use types::{Millis, SampleRate};

/// The longest recording taken, in seconds: a caller's turn is seconds, a call is minutes.
pub const RECORDING_SECONDS_MAX: usize = 1_800;

/// The largest recording file taken, in bytes: half an hour of stereo at 48 kHz is 345 MB.
pub const FILE_BYTES_MAX: u64 = 512 << 20;

/// Why a recording cannot be used.
#[derive(Debug, Error)]
pub enum AudioError {
    /// The file cannot be read.
    #[error("{}: cannot be read", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file is larger than [`FILE_BYTES_MAX`].
    #[error("{}: {bytes} bytes, at most {FILE_BYTES_MAX} are taken: cut it into questions", path.display())]
    TooLarge {
        /// Which file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// The bytes are no recording.
    #[error("{}: {problem}", path.display())]
    Recording {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        problem: RecordingError,
    },
}

/// Why bytes are no recording.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RecordingError {
    /// No container format was recognized.
    #[error("is no audio file we know: use WAV, MP3, FLAC or Ogg Vorbis ({reason})")]
    Unknown {
        /// What the decoder said.
        reason: String,
    },
    /// A container without an audio track, or with one in a codec we lack.
    #[error("holds no audio we can decode: use WAV, MP3, FLAC or Ogg Vorbis ({reason})")]
    NoTrack {
        /// What is missing.
        reason: String,
    },
    /// The decoder gave up.
    #[error("is damaged: {reason}; convert it anew from its source")]
    Damaged {
        /// What the decoder said.
        reason: String,
    },
    /// A rate nobody records at.
    #[error("has {hz} samples a second: 4000 to 192000 are taken")]
    Rate {
        /// The rate found.
        hz: u32,
    },
    /// Longer than [`RECORDING_SECONDS_MAX`].
    #[error("is longer than {RECORDING_SECONDS_MAX} s: cut it into questions")]
    TooLong,
    /// Not one sample.
    #[error("holds no samples")]
    Empty,
}

/// Reads the recording at `path`: mono samples at `rate`.
///
/// Input:  WAV, MP3, FLAC or Ogg Vorbis, 4 to 192 kHz, any number of channels (mixed down evenly).
/// Cost:   decodes the whole file; not for the live path.
///
/// # Errors
/// [`AudioError`]; damaged, truncated and foreign files are errors, never panics.
pub fn load(path: impl AsRef<Path>, rate: SampleRate) -> Result<Vec<i16>, AudioError> {
    let path = path.as_ref();
    let unreadable = |source| AudioError::Read { path: path.to_owned(), source };
    let bytes = fs::metadata(path).map_err(unreadable)?.len();
    if FILE_BYTES_MAX < bytes {
        return Err(AudioError::TooLarge { path: path.to_owned(), bytes });
    }
    let bytes = fs::read(path).map_err(unreadable)?;
    let extension = path.extension().and_then(|extension| extension.to_str());
    decode(bytes, extension, rate)
        .map_err(|problem| AudioError::Recording { path: path.to_owned(), problem })
}

/// Decodes a recording held in memory; `extension` is a hint at its format. As [`load`].
///
/// # Errors
/// [`RecordingError`].
pub fn decode(
    bytes: Vec<u8>,
    extension: Option<&str>,
    rate: SampleRate,
) -> Result<Vec<i16>, RecordingError> {
    // The decoders are not ours and the bytes come from outside: their faults end here.
    let decoded = catch_unwind(AssertUnwindSafe(|| decode_mono(bytes, extension)));
    let (hz, mono) = decoded
        .unwrap_or_else(|_| Err(RecordingError::Damaged { reason: "the decoder failed".into() }))?;
    if mono.is_empty() {
        return Err(RecordingError::Empty);
    }
    let samples = match SampleRate::from_hz(hz) {
        Some(from) => resample_all::<f32, i16>(from, rate, &mono),
        None => resample_odd(hz, rate, &mono)?,
    };
    if samples.is_empty() { Err(RecordingError::Empty) } else { Ok(samples) }
}

fn decode_mono(bytes: Vec<u8>, extension: Option<&str>) -> Result<(u32, Vec<f32>), RecordingError> {
    let source = MediaSourceStream::new(Box::new(Cursor::new(bytes)), Default::default());
    let mut hint = Hint::new();
    if let Some(extension) = extension {
        hint.with_extension(extension);
    }
    let mut format = symphonia::default::get_probe()
        .probe(&hint, source, FormatOptions::default(), MetadataOptions::default())
        .map_err(|e| RecordingError::Unknown { reason: e.to_string() })?;
    let (track, mut decoder) = open_track(format.as_ref())?;
    let mut recording = Recording { hz: 0, mono: Vec::new(), interleaved: Vec::new() };
    loop {
        let packet = match format.next_packet() {
            Ok(Some(packet)) => packet,
            // The end, or a chained stream's next part: what follows is another recording.
            Ok(None) | Err(DecodeError::ResetRequired) => break,
            // A file that was cut short: keep what there is.
            Err(DecodeError::IoError(e))
                if e.kind() == std::io::ErrorKind::UnexpectedEof && !recording.mono.is_empty() =>
            {
                break;
            }
            Err(e) => return Err(RecordingError::Damaged { reason: e.to_string() }),
        };
        if packet.track_id == track {
            recording.append(decoder.as_mut(), &packet)?;
        }
    }
    Ok((recording.hz, recording.mono))
}

fn open_track(format: &dyn FormatReader) -> Result<(u32, Box<dyn AudioDecoder>), RecordingError> {
    let missing = |reason: &str| RecordingError::NoTrack { reason: reason.to_owned() };
    let track = format.default_track(TrackType::Audio).ok_or_else(|| missing("no audio track"))?;
    let parameters = track
        .codec_params
        .as_ref()
        .and_then(|parameters| parameters.audio())
        .ok_or_else(|| missing("its codec is not named"))?;
    let decoder = symphonia::default::get_codecs()
        .make_audio_decoder(parameters, &AudioDecoderOptions::default())
        .map_err(|e| RecordingError::NoTrack { reason: e.to_string() })?;
    Ok((track.id, decoder))
}

/// A recording as it grows.
struct Recording {
    hz: u32,
    mono: Vec<f32>,
    interleaved: Vec<f32>,
}

impl Recording {
    fn append(
        &mut self,
        decoder: &mut dyn AudioDecoder,
        packet: &symphonia::core::packet::Packet,
    ) -> Result<(), RecordingError> {
        let decoded = match decoder.decode(packet) {
            Ok(decoded) => decoded,
            // A lone bad packet costs its own milliseconds only.
            Err(DecodeError::DecodeError(_) | DecodeError::IoError(_)) => return Ok(()),
            Err(e) => return Err(RecordingError::Damaged { reason: e.to_string() }),
        };
        let hz = decoded.spec().rate();
        if !(4_000..=192_000).contains(&hz) {
            return Err(RecordingError::Rate { hz });
        }
        if self.hz != 0 && self.hz != hz {
            return Err(RecordingError::Damaged { reason: "its rate changes".into() });
        }
        self.hz = hz;
        let channels = decoded.num_planes();
        if channels == 0 {
            return Ok(());
        }
        if RECORDING_SECONDS_MAX * (hz as usize) < self.mono.len() + decoded.frames() {
            return Err(RecordingError::TooLong);
        }
        decoded.copy_to_vec_interleaved(&mut self.interleaved);
        let share = 1.0 / channels as f32;
        let frames = self.interleaved.chunks_exact(channels);
        self.mono.extend(frames.map(|frame| frame.iter().sum::<f32>() * share));
        Ok(())
    }
}

/// From a rate no leg has, 11,025 or 44,100 Hz and the like.
fn resample_odd(hz: u32, to: SampleRate, mono: &[f32]) -> Result<Vec<i16>, RecordingError> {
    let refused = |reason: String| RecordingError::Damaged { reason };
    let mut resampler = Fft::<f32>::new(hz as usize, to.hz() as usize, 1_024, 1, FixedSync::Both)
        .map_err(|e| refused(e.to_string()))?;
    let input = InterleavedSlice::new(mono, 1, mono.len()).map_err(|e| refused(e.to_string()))?;
    let output = resampler
        .process_all(&input, mono.len(), None)
        .map_err(|e| refused(e.to_string()))?
        .take_data();
    Ok(output.iter().map(|&unit| codecs::resample::Sample::from_unit(unit)).collect())
}

/// Where the speech in a recording lies: its first to its last loud stretch, by energy.
///
/// A stretch counts as loud if two 10 ms windows in a row lie well above the recording's own noise
/// floor (8 dB above the quietest tenth), within 30 dB of its loud parts and above -50 dBFS.
/// Trailing breath and hiss are not speech. `None` if there is nothing loud at all.
pub fn speech_span(rate: SampleRate, samples: &[i16]) -> Option<Range<usize>> {
    let window = rate.samples_in(Millis::new(10));
    let levels: Vec<f32> =
        samples.chunks(window).map(|window| Dbfs::of_alternating(window).0).collect();
    let mut sorted = levels.clone();
    sorted.sort_by(f32::total_cmp);
    let floor = *sorted.get(sorted.len() / 10)?;
    let loud = *sorted.get(sorted.len() * 19 / 20)?;
    // Speech from the first to the last sample leaves no floor to stand on: the cap keeps it.
    let threshold = (floor + 8.0).max(loud - 30.0).min(loud - 6.0).max(-50.0);
    let is_loud = |pair: &[f32]| pair.iter().all(|&level| threshold <= level);
    let first = levels.windows(2).position(is_loud)?;
    let last = levels.windows(2).rposition(is_loud)? + 2;
    Some(first * window..(last * window).min(samples.len()))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    /// A WAV file of `channels` times the tone, each channel `1/channels` as loud.
    fn wav(hz: u32, channels: u16, seconds: f64) -> Vec<u8> {
        let spec = hound::WavSpec {
            channels,
            sample_rate: hz,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut bytes = Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
        for n in 0..(f64::from(hz) * seconds) as u32 {
            let t = f64::from(n) / f64::from(hz);
            for channel in 0..channels {
                let loud = if channel == 0 { 16_000.0 } else { 0.0 };
                writer
                    .write_sample((loud * (t * 440.0 * std::f64::consts::TAU).sin()) as i16)
                    .unwrap();
            }
        }
        writer.finalize().unwrap();
        bytes.into_inner()
    }

    #[test]
    fn every_rate_becomes_the_legs_rate_at_the_same_level_and_length() {
        for hz in [8_000, 11_025, 16_000, 22_050, 44_100, 48_000] {
            for rate in [SampleRate::Hz8000, SampleRate::Hz16000] {
                let samples = decode(wav(hz, 1, 1.0), Some("wav"), rate).unwrap();
                let second = rate.hz() as usize;
                assert!(samples.len().abs_diff(second) <= 2, "{hz} to {rate}: {}", samples.len());
                let level = Dbfs::of(&samples[second / 4..second * 3 / 4]).0;
                assert!((level + 9.24).abs() < 0.3, "{hz} to {rate}: {level}");
            }
        }
    }

    #[test]
    fn channels_are_mixed_down_evenly() {
        let samples = decode(wav(8_000, 2, 1.0), None, SampleRate::Hz8000).unwrap();
        assert!((Dbfs::of(&samples).0 + 15.26).abs() < 0.1);
    }

    #[test]
    fn a_missing_file_and_a_text_are_errors_that_name_the_file() {
        let missing = load("/nowhere/q1.wav", SampleRate::Hz8000).unwrap_err();
        assert_eq!(missing.to_string(), "/nowhere/q1.wav: cannot be read");
        let text = load(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"), SampleRate::Hz8000);
        let text = text.unwrap_err().to_string();
        assert!(text.contains("Cargo.toml: is no audio file we know"), "{text}");
        assert_eq!(
            decode(wav(8_000, 1, 0.0), None, SampleRate::Hz8000),
            Err(RecordingError::Empty)
        );
        assert_eq!(
            decode(wav(1_000, 1, 0.1), None, SampleRate::Hz8000),
            Err(RecordingError::Rate { hz: 1_000 })
        );
    }

    fn speech(noise: f32) -> Vec<i16> {
        let mut random = crate::impairment::Random::new(5);
        (0..16_000)
            .map(|n| {
                let voiced = (4_000..12_000).contains(&n);
                let loud = if voiced { 6_000.0 } else { 0.0 };
                let tone = loud * (f64::from(n) * 0.3).sin();
                (tone as f32 + noise * random.unit()) as i16
            })
            .collect()
    }

    #[test]
    fn speech_is_found_in_clean_and_noisy_recordings_and_not_in_silence() {
        let rate = SampleRate::Hz8000;
        for noise in [0.0, 30.0, 400.0] {
            let span = speech_span(rate, &speech(noise)).unwrap();
            assert!(span.start.abs_diff(4_000) <= 80, "{noise}: {span:?}");
            assert!(span.end.abs_diff(12_000) <= 80, "{noise}: {span:?}");
        }
        assert_eq!(speech_span(rate, &[0; 8_000]), None);
        assert_eq!(speech_span(rate, &[]), None);
        assert_eq!(speech_span(rate, &speech(0.0)[4_800..11_200]), Some(0..6_400));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn rubbish_is_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
            crate::fuzz::fuzz_recording(&bytes);
        }

        #[test]
        fn damaged_recordings_never_panic(
            cut in 0usize..1_700,
            wounds in proptest::collection::vec((0usize..1_700, any::<u8>()), 0..12),
        ) {
            let mut bytes = wav(8_000, 1, 0.1);
            for (at, byte) in wounds {
                if let Some(hit) = bytes.get_mut(at) {
                    *hit = byte;
                }
            }
            bytes.truncate(cut);
            let _ = decode(bytes, Some("wav"), SampleRate::Hz16000);
        }
    }
}

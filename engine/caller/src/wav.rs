//! The call as a stereo recording.

use std::path::Path;

use thiserror::Error;
use types::SampleRate;

/// Why a recording could not be written.
#[derive(Debug, Error)]
#[error("{path}: the recording cannot be written; check the folder and the space left")]
pub struct WavError {
    path: String,
    #[source]
    source: hound::Error,
}

/// Writes `caller` to the left channel and `agent` to the right one of a 16-bit WAV file; the
/// shorter one is filled up with silence.
///
/// # Errors
/// [`WavError`] if the file cannot be written.
pub fn write_stereo_wav(
    path: impl AsRef<Path>,
    rate: SampleRate,
    caller: &[i16],
    agent: &[i16],
) -> Result<(), WavError> {
    let path = path.as_ref();
    let failed = |source| WavError { path: path.display().to_string(), source };
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: rate.hz(),
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).map_err(failed)?;
    for at in 0..caller.len().max(agent.len()) {
        for channel in [caller, agent] {
            writer.write_sample(channel.get(at).copied().unwrap_or(0)).map_err(failed)?;
        }
    }
    writer.finalize().map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn left_is_the_caller_right_the_agent_and_a_bad_path_is_named() {
        let path = std::env::temp_dir().join(format!("caller-wav-{}.wav", std::process::id()));
        write_stereo_wav(&path, SampleRate::Hz8000, &[1, 2, 3], &[-1]).unwrap();
        let samples: Vec<i16> =
            hound::WavReader::open(&path).unwrap().samples().map(Result::unwrap).collect();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(samples, [1, -1, 2, 0, 3, 0]);
        let error = write_stereo_wav("/nowhere/c.wav", SampleRate::Hz8000, &[], &[]).unwrap_err();
        assert!(error.to_string().starts_with("/nowhere/c.wav: "));
    }
}

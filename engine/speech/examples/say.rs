//! Says each line of a file with the local voice, one WAV a line: what `fixtures/tools/read_back.py` listens to.
//!
//! ```sh
//! cargo run -p speech --profile fast --example say -- LINES OUT    # LINES: "id<TAB>text"; OUT/id.wav, 8 kHz mono
//! ```
//!
//! The models lie where `APEX_MODELS` says, else in `models/`.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use speech::{LocalVoice, ModelDir, WorkerPool};
use types::SampleRate;

/// The rate of the files: what a telephone carries.
const RATE: SampleRate = SampleRate::Hz8000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let (Some(lines), Some(out)) = (arguments.next(), arguments.next()) else {
        return Err("usage: say LINES OUT".into());
    };
    let models = ModelDir::open(env::var_os("APEX_MODELS").unwrap_or_else(|| "models".into()))?;
    let voice = LocalVoice::load(&models, WorkerPool::new(1))?;
    fs::create_dir_all(&out)?;
    for (number, line) in fs::read_to_string(&lines)?.lines().enumerate() {
        let Some((id, text)) = line.split_once('\t') else {
            return Err(format!("line {} has no tab between id and text", number + 1).into());
        };
        write_wav(&out.join(format!("{id}.wav")), &voice.synthesize(text, RATE)?)?;
    }
    Ok(())
}

/// Writes mono 16-bit samples with the 44-byte header of RIFF WAVE.
fn write_wav(path: &Path, samples: &[i16]) -> Result<(), Box<dyn Error>> {
    let data = u32::try_from(samples.len() * 2)?;
    let rate = RATE.hz();
    let mut file = Vec::with_capacity(44 + samples.len() * 2);
    file.extend(b"RIFF");
    file.extend((36 + data).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    file.extend(1_u16.to_le_bytes()); // PCM
    file.extend(1_u16.to_le_bytes()); // channels
    file.extend(rate.to_le_bytes());
    file.extend((rate * 2).to_le_bytes()); // bytes a second
    file.extend(2_u16.to_le_bytes()); // bytes a sample of all channels
    file.extend(16_u16.to_le_bytes()); // bits a sample
    file.extend(b"data");
    file.extend(data.to_le_bytes());
    file.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    fs::write(path, file)?;
    Ok(())
}

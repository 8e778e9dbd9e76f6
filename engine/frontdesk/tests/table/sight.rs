//! What sentences mean, from the local model where its files are; every text is worked out once and
//! kept beside the build.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use frontdesk::General;
use speech::{MEANING_LEN, Sentences};
use vendor::Meaning;

/// The model and what it has said so far.
pub(crate) struct Model {
    sentences: Option<Sentences>,
    known: Mutex<HashMap<String, Vec<f32>>>,
    fresh: Mutex<usize>,
}

impl Model {
    /// The model in the folder that APEX_MODELS names, else in `models`; `None` without its files.
    pub(crate) fn open() -> Option<Arc<Self>> {
        let root = std::env::var_os("APEX_MODELS").map_or_else(
            || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../models")),
            PathBuf::from,
        );
        let sentences = Sentences::load(&root).ok()?;
        let known = std::fs::read(kept()).map(|bytes| read(&bytes)).unwrap_or_default();
        let known = Mutex::new(known);
        Some(Arc::new(Self { sentences: Some(sentences), known, fresh: Mutex::default() }))
    }

    /// What is asked of every business.
    pub(crate) fn general(&self) -> Option<Arc<General>> {
        General::of(self).map(Arc::new)
    }

    /// Keeps what is new.
    pub(crate) fn keep(&self) {
        let mut fresh = self.fresh.lock().expect("nobody panics with it");
        if std::mem::take(&mut *fresh) == 0 {
            return;
        }
        let mut bytes = Vec::new();
        for (text, direction) in self.known.lock().expect("nobody panics with it").iter() {
            bytes.extend((text.len() as u32).to_le_bytes());
            bytes.extend(text.as_bytes());
            bytes.extend(direction.iter().flat_map(|number| number.to_le_bytes()));
        }
        let _ = std::fs::write(kept(), bytes);
    }
}

impl Meaning for Model {
    fn embed(&self, text: &str) -> Option<Vec<f32>> {
        if let Some(direction) = self.known.lock().expect("nobody panics with it").get(text) {
            return Some(direction.clone());
        }
        let direction = self.sentences.as_ref()?.embed(text).ok()?.to_vec();
        *self.fresh.lock().expect("nobody panics with it") += 1;
        self.known
            .lock()
            .expect("nobody panics with it")
            .insert(text.to_owned(), direction.clone());
        Some(direction)
    }
}

fn kept() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("table-meanings")
}

fn read(mut bytes: &[u8]) -> HashMap<String, Vec<f32>> {
    let mut known = HashMap::new();
    while let Some((len, rest)) = bytes.split_first_chunk::<4>() {
        let len = u32::from_le_bytes(*len) as usize;
        let Some((text, rest)) = rest.split_at_checked(len) else { break };
        let Some((numbers, rest)) = rest.split_at_checked(4 * MEANING_LEN) else { break };
        let numbers = numbers.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four));
        known.insert(String::from_utf8_lossy(text).into_owned(), numbers.collect());
        bytes = rest;
    }
    known
}

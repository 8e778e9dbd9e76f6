//! The recognizers, brains and voices of this node, by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use directory::{Directory, KnownVendors, LOCAL_BRAIN, LOCAL_RECOGNIZER, LOCAL_VOICE};
use frontdesk::Frontdesk;
use speech::{LocalRecognizer, LocalVoice, ModelDir, ModelError, Vad, WorkerPool};
use types::{SampleRate, VendorName};
use vendor::{Brain, Recognizer, Voice};

use crate::config::ModelsConfig;
use crate::insight::{self, Seer};
use crate::publish::{GREETING_RATE, Greeter};

/// Everybody who recognizes, thinks or speaks here. Weights are loaded once and shared by all calls.
pub struct Vendors {
    recognizers: BTreeMap<VendorName, Arc<dyn Recognizer>>,
    brains: BTreeMap<VendorName, Arc<dyn Brain>>,
    voices: BTreeMap<VendorName, Arc<dyn Voice>>,
    voice: Arc<LocalVoice>,
    seer: Option<Arc<Seer>>,
    vad: Vad,
    pool: Arc<WorkerPool>,
}

impl Vendors {
    /// The local ones as `config` has them, with the files in `models`.
    ///
    /// # Errors
    /// [`ModelError`], which names the file that is missing or damaged and how to get it. The model
    /// of meaning may be missing: that is said, and the brain does without.
    pub fn local(models: &ModelDir, config: &ModelsConfig) -> Result<Self, ModelError> {
        let pool = WorkerPool::new(config.threads);
        let vad = Vad::load(models)?;
        let recognizer: Arc<dyn Recognizer> =
            Arc::new(LocalRecognizer::load(models, config.finals, pool.clone())?);
        let voice = Arc::new(LocalVoice::load(models, pool.clone())?);
        let named = |name: &str| name.parse::<VendorName>().expect("a constant slug");
        let spoken: Arc<dyn Voice> = voice.clone();
        let sentences = insight::load(models, config.meaning);
        let seer = sentences.map(|sentences| Arc::new(Seer::start(sentences, pool.clone())));
        let brain: Arc<dyn Brain> = Arc::new(match seer.clone() {
            Some(seer) => Frontdesk::with(seer),
            None => Frontdesk::default(),
        });
        Ok(Self {
            recognizers: BTreeMap::from([(named(LOCAL_RECOGNIZER), recognizer)]),
            brains: BTreeMap::from([(named(LOCAL_BRAIN), brain)]),
            voices: BTreeMap::from([(named(LOCAL_VOICE), spoken)]),
            voice,
            seer,
            vad,
            pool,
        })
    }

    /// Their names, for checking business files.
    pub fn known(&self) -> KnownVendors {
        KnownVendors {
            recognizer: self.recognizers.keys().copied().collect(),
            brain: self.brains.keys().copied().collect(),
            voice: self.voices.keys().copied().collect(),
        }
    }

    /// The first of `choice` that is here.
    pub fn recognizer(&self, choice: &[VendorName]) -> Option<&Arc<dyn Recognizer>> {
        choice.iter().find_map(|name| self.recognizers.get(name))
    }

    /// The first of `choice` that is here.
    pub fn brain(&self, choice: &[VendorName]) -> Option<&Arc<dyn Brain>> {
        choice.iter().find_map(|name| self.brains.get(name))
    }

    /// The first of `choice` that is here.
    pub fn voice(&self, choice: &[VendorName]) -> Option<&Arc<dyn Voice>> {
        choice.iter().find_map(|name| self.voices.get(name))
    }

    /// The speech detector's weights.
    pub fn vad(&self) -> &Vad {
        &self.vad
    }

    /// The threads local inference runs on.
    pub fn pool(&self) -> &Arc<WorkerPool> {
        &self.pool
    }

    /// Who speaks greetings at publish.
    pub fn greeter(&self) -> Box<dyn Greeter> {
        Box::new(LocalGreeter { voice: self.voice.clone(), seer: self.seer.clone() })
    }
}

impl std::fmt::Debug for Vendors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vendors").field("known", &self.known()).finish_non_exhaustive()
    }
}

struct LocalGreeter {
    voice: Arc<LocalVoice>,
    seer: Option<Arc<Seer>>,
}

impl Greeter for LocalGreeter {
    fn synthesize(&self, text: &str) -> Option<Arc<[i16]>> {
        const RATE: SampleRate = GREETING_RATE;
        match self.voice.synthesize(text, RATE) {
            Ok(samples) => Some(samples.into()),
            Err(error) => {
                tracing::warn!(%error, "a greeting cannot be spoken beforehand");
                None
            }
        }
    }

    fn prepare(&self, next: &Directory) {
        if let Some(seer) = &self.seer {
            seer.prepare(next);
        }
    }
}

//! The recognizers, brains and voices of this node, by name.

mod cloud;
pub mod online;
mod opening;

use std::collections::BTreeMap;
use std::sync::Arc;

use directory::{Directory, KnownVendors, LOCAL_BRAIN, LOCAL_RECOGNIZER, LOCAL_VOICE};
use frontdesk::Frontdesk;
use speech::{LocalRecognizer, LocalVoice, ModelDir, ModelError, Vad, WorkerPool};
use types::{SampleRate, VendorName};
use vendor::{Brain, Recognizer, Voice};
use vendors::brains::tools::guard::Guard;
use vendors::failover::{BreakerLimits, Clinic};

use self::cloud::Cloud;
pub use self::cloud::{CloudError, Environment, unreachable};
use crate::config::{ModelsConfig, ToolsConfig};
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
    clinic: Clinic,
    /// Where sessions with others run; none if nobody but the local ones is here.
    cloud: Option<Cloud>,
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
            clinic: Clinic::new(BreakerLimits::STANDARD),
            cloud: None,
        })
    }

    /// The same, and those whose keys and addresses `environment` names; `tools` says what
    /// businesses' own may reach.
    ///
    /// # Errors
    /// [`CloudError`] if a variable is there and unusable: it names the variable, never its value.
    pub fn with_cloud(
        mut self,
        environment: Environment,
        tools: &ToolsConfig,
    ) -> Result<Self, CloudError> {
        let guard = Guard::new(tools.networks.clone());
        let Some(cloud) = Cloud::start(environment, guard)? else { return Ok(self) };
        self.recognizers.extend(cloud.recognizers()?);
        self.brains.extend(cloud.brains()?);
        self.voices.extend(cloud.voices()?);
        self.cloud = Some(cloud);
        Ok(self)
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

/// The names business files may use: the local vendors, and all whose protocols we speak, whether
/// this machine has their keys or not. A business's file is the same on every machine.
pub fn known() -> KnownVendors {
    let mut known = KnownVendors::local();
    let clouds = cloud::catalog();
    known.recognizer.extend(clouds.recognizer);
    known.brain.extend(clouds.brain);
    known.voice.extend(clouds.voice);
    known
}

fn named(name: &str) -> VendorName {
    name.parse().expect("a constant slug")
}

impl std::fmt::Debug for Vendors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vendors")
            .field("recognizers", &self.recognizers.keys())
            .field("brains", &self.brains.keys())
            .field("voices", &self.voices.keys())
            .finish_non_exhaustive()
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

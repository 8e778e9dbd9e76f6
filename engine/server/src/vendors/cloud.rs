//! Vendors that are not in this process: where they are, says the environment.

use std::fmt;
use std::io;
use std::sync::Arc;

use directory::{KnownVendor, KnownVendors, VendorKey};
use thiserror::Error;
use tokio::runtime::{Builder, Handle, Runtime};
use types::{ChosenVendor, Secret, VendorChoice, VendorName};
use vendor::{Brain, Recognizer, Voice};
use vendors::brains::catalog::PlaceError as BrainError;
use vendors::brains::tools::guard::Guard;
use vendors::brains::tools::{ToolNet, ToolNetError};
use vendors::keys::AccountError;
use vendors::net::{Net, NetError};
use vendors::{brains, recognizers, voices};

/// What the environment says: keys and addresses of vendors, secrets of tools.
#[derive(Clone)]
pub struct Environment(Arc<Lookup>);

/// Gives a variable's value, if it has one.
type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

impl Environment {
    /// The process's own.
    pub fn of_process() -> Self {
        Self::new(|name| std::env::var(name).ok())
    }

    /// One in which `lookup` gives a variable's value, if it has one.
    pub fn new(lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(lookup))
    }

    /// Whether `variable` is set, and not blank.
    pub(super) fn names(&self, variable: &str) -> bool {
        self.get(variable).is_some_and(|value| !value.trim().is_empty())
    }

    /// The value of `variable`: what an agent wants it to be, or what it is for all.
    pub(super) fn wanted(
        &self,
        variable: &str,
        wanted: &[(Option<&'static str>, &Option<String>)],
    ) -> Option<String> {
        let wanted = wanted.iter().find(|(name, _)| *name == Some(variable));
        wanted.and_then(|(_, value)| (*value).clone()).or_else(|| self.get(variable))
    }

    /// The value of `variable`, if it has one.
    fn get(&self, variable: &str) -> Option<String> {
        (self.0)(variable)
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}

/// Sockets and requests of all sessions together: they wait far more than they work.
const THREADS: usize = 2;

/// Why other vendors cannot be used.
#[derive(Debug, Error)]
pub enum CloudError {
    /// The system has no thread left.
    #[error("the system gives no more: {0}")]
    System(#[from] io::Error),
    /// No connections.
    #[error(transparent)]
    Net(#[from] NetError),
    /// No tools.
    #[error(transparent)]
    Tools(#[from] ToolNetError),
    /// A recognizer's or a voice's settings.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// A brain's settings.
    #[error(transparent)]
    Brain(#[from] BrainError),
}

/// The threads and connections of vendors that are not in this process.
pub(super) struct Cloud {
    environment: Environment,
    net: Net,
    tools: ToolNet,
    runtime: Threads,
}

/// A runtime that may be dropped anywhere, a call's thread included.
struct Threads(Option<Runtime>);

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Cloud {
    /// Starts what they need, if `environment` names any of them. `guard` judges tools' addresses.
    pub(super) fn start(
        environment: Environment,
        guard: Guard,
    ) -> Result<Option<Self>, CloudError> {
        if !is_any_named(&environment) {
            return Ok(None);
        }
        let runtime = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("vendors")
            .enable_all()
            .build()?;
        let net = Net::new(runtime.handle().clone())?;
        let keys = environment.clone();
        let secrets = Arc::new(move |variable: &str| keys.get(variable).map(Secret::new));
        let tools = ToolNet::new(guard, secrets)?;
        Ok(Some(Self { environment, net, tools, runtime: Threads(Some(runtime)) }))
    }

    pub(super) fn handle(&self) -> &Handle {
        self.runtime.0.as_ref().expect("it is taken when it is dropped only").handle()
    }

    pub(super) fn recognizers(&self) -> Result<Vec<Named<dyn Recognizer>>, CloudError> {
        let mut found: Vec<Named<dyn Recognizer>> = Vec::new();
        for place in recognizers::catalog::PLACES {
            let recognizer =
                place.recognizer(&self.net, |name: &str| self.environment.get(name))?;
            found.extend(recognizer.map(|recognizer| (place.vendor(), recognizer)));
        }
        Ok(found)
    }

    pub(super) fn brains(&self) -> Result<Vec<Named<dyn Brain>>, CloudError> {
        let mut found: Vec<Named<dyn Brain>> = Vec::new();
        for place in brains::catalog::PLACES {
            match place.brain(&self.net, &self.tools, |name: &str| self.environment.get(name)) {
                Ok(Some(brain)) => found.push((place.vendor(), Arc::new(brain))),
                Ok(None) => (),
                // It is there for agents that name a model themselves.
                Err(BrainError::Model { name, variable }) => {
                    tracing::info!(vendor = name, variable, "no model is named for all agents");
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(found)
    }

    pub(super) fn voices(&self) -> Result<Vec<Named<dyn Voice>>, CloudError> {
        let mut found: Vec<Named<dyn Voice>> = Vec::new();
        for place in voices::catalog::PLACES {
            let voice = place.voice(&self.net, |name: &str| self.environment.get(name))?;
            found.extend(voice.map(|voice| (place.vendor(), voice)));
        }
        Ok(found)
    }

    /// The recognizer `chosen`, with what its agent wants of it.
    pub(super) fn recognizer(&self, chosen: &ChosenVendor) -> Option<Arc<dyn Recognizer>> {
        let mut places = recognizers::catalog::PLACES.into_iter();
        let place = places.find(|place| place.vendor() == chosen.name)?;
        let wanted = [(place.model_variable, &chosen.model)];
        usable(place.recognizer(&self.net, |name: &str| self.environment.wanted(name, &wanted)))
    }

    /// The brain `chosen`, with what its agent wants of it.
    pub(super) fn brain(&self, chosen: &ChosenVendor) -> Option<Arc<dyn Brain>> {
        let mut places = brains::catalog::PLACES.into_iter();
        let place = places.find(|place| place.vendor() == chosen.name)?;
        let wanted = [(Some(place.model_variable), &chosen.model)];
        let lookup = |name: &str| self.environment.wanted(name, &wanted);
        let brain = usable(place.brain(&self.net, &self.tools, lookup))?;
        Some(Arc::new(brain))
    }

    /// The voice `chosen`, with what its agent wants of it.
    pub(super) fn voice(&self, chosen: &ChosenVendor) -> Option<Arc<dyn Voice>> {
        let mut places = voices::catalog::PLACES.into_iter();
        let place = places.find(|place| place.vendor() == chosen.name)?;
        let wanted =
            [(place.model_variable(), &chosen.model), (place.voice_variable(), &chosen.voice)];
        usable(place.voice(&self.net, |name: &str| self.environment.wanted(name, &wanted)))
    }
}

/// What can be used. The environment was read at the start: what is wrong with it now was said then.
fn usable<T, E: fmt::Display>(found: Result<Option<T>, E>) -> Option<T> {
    found.unwrap_or_else(|error| {
        tracing::warn!(%error, "a vendor that an agent chose cannot be used");
        None
    })
}

/// What agents may choose at the vendors whose protocols we speak.
pub(super) fn catalog() -> KnownVendors {
    let known = |name, model: Option<&str>, voice: Option<&str>| {
        let keys = [(VendorKey::Model, model), (VendorKey::Voice, voice)].into_iter();
        let takes = keys.filter(|(_, variable)| variable.is_some()).map(|(key, _)| key);
        KnownVendor { name, takes: takes.chain([VendorKey::LateAfter]).collect() }
    };
    KnownVendors {
        recognizer: recognizers::catalog::PLACES
            .map(|place| known(place.vendor(), place.model_variable, None))
            .into(),
        brain: brains::catalog::PLACES
            .map(|place| known(place.vendor(), Some(place.model_variable), None))
            .into(),
        voice: voices::catalog::PLACES
            .map(|place| known(place.vendor(), place.model_variable(), place.voice_variable()))
            .into(),
    }
}

/// Those of `choice` that `environment` does not say where to find, each with the variable that
/// would: they are passed over in a call.
pub fn unreachable(
    environment: &Environment,
    choice: &VendorChoice,
) -> Vec<(VendorName, &'static str)> {
    let recognizers = recognizers::catalog::PLACES.map(|place| {
        let service = place.service;
        (place.vendor(), service.key_variable(), service.base_variable())
    });
    let brains = brains::catalog::PLACES
        .map(|place| (place.vendor(), place.key_variable, place.base_variable));
    let voices = voices::catalog::PLACES.map(|place| {
        let service = place.service;
        (place.vendor(), service.key_variable(), service.base_variable())
    });
    let duties: [(&[ChosenVendor], &[Whereabouts]); 3] =
        [(&choice.recognizer, &recognizers), (&choice.brain, &brains), (&choice.voice, &voices)];
    let mut missing = Vec::new();
    for (named, places) in duties {
        let is_named = |vendor: &VendorName| named.iter().any(|chosen| chosen.name == *vendor);
        for (vendor, key, base) in places.iter().filter(|(vendor, ..)| is_named(vendor)) {
            let is_there = key.is_some_and(|key| environment.names(key)) || environment.names(base);
            if !is_there {
                missing.push((*vendor, key.unwrap_or(base)));
            }
        }
    }
    let named = missing.iter().map(|(vendor, _)| *vendor).collect::<Vec<_>>();
    let nameless = choice.brain.iter().filter(|chosen| !named.contains(&chosen.name));
    missing.extend(nameless.filter_map(|chosen| {
        let mut places = brains::catalog::PLACES.into_iter();
        let place = places.find(|place| place.vendor() == chosen.name)?;
        let is_told = chosen.model.is_some()
            || place.model_default.is_some()
            || environment.names(place.model_variable);
        (!is_told).then_some((chosen.name, place.model_variable))
    }));
    missing
}

/// A vendor, the variable of its key, if it takes one, and that of its address.
type Whereabouts = (VendorName, Option<&'static str>, &'static str);

/// A vendor by its name in agents' files.
type Named<T> = (VendorName, Arc<T>);

/// Whether a key or an address of any vendor is set.
fn is_any_named(environment: &Environment) -> bool {
    let services = vendors::keys::Service::ALL.iter();
    let mut services =
        services.flat_map(|service| [service.key_variable(), Some(service.base_variable())]);
    let models = brains::catalog::PLACES.iter();
    let mut models = models.flat_map(|place| [place.key_variable, Some(place.base_variable)]);
    services.any(|variable| variable.is_some_and(|name| environment.names(name)))
        || models.any(|variable| variable.is_some_and(|name| environment.names(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vendors_without_key_or_address_are_named_with_their_variable() {
        let named = |name: &&str| ChosenVendor::from(name.parse::<VendorName>().unwrap());
        let names = |names: &[&str]| names.iter().map(named).collect();
        let choice = VendorChoice {
            recognizer: names(&["deepgram", "wyoming", "local"]),
            brain: names(&["openai", "llama-cpp", "frontdesk"]),
            voice: names(&["cartesia", "local"]),
        };
        let missing = |variables: &'static [&'static str]| -> Vec<String> {
            let is_set = move |name: &str| variables.contains(&name).then(|| "x".to_owned());
            let missing = unreachable(&Environment::new(is_set), &choice).into_iter();
            missing.map(|(vendor, variable)| format!("{vendor}: {variable}")).collect()
        };
        let all = [
            "deepgram: DEEPGRAM_API_KEY",
            "wyoming: WYOMING_STT_URL",
            "openai: OPENAI_API_KEY",
            "llama-cpp: LLAMA_CPP_API_KEY",
            "cartesia: CARTESIA_API_KEY",
        ];
        assert_eq!(missing(&[]), all);
        assert_eq!(
            missing(&[
                "DEEPGRAM_API_KEY",
                "WYOMING_STT_URL",
                "OPENAI_BASE_URL",
                "CARTESIA_API_KEY"
            ]),
            ["llama-cpp: LLAMA_CPP_API_KEY"]
        );
    }
}

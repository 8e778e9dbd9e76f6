//! Vendors that are not in this process: where they are, says the environment.

use std::fmt;
use std::io;
use std::sync::Arc;

use thiserror::Error;
use tokio::runtime::{Builder, Handle, Runtime};
use types::{Secret, VendorName};
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
    /// Starts what they need, if `environment` names any of them.
    pub(super) fn start(environment: Environment) -> Result<Option<Self>, CloudError> {
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
        let tools = ToolNet::new(Guard::default(), secrets)?;
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
            if let Some(brain) =
                place.brain(&self.net, &self.tools, |name: &str| self.environment.get(name))?
            {
                found.push((place.vendor(), Arc::new(brain)));
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
}

/// A vendor by its name in agents' files.
type Named<T> = (VendorName, Arc<T>);

/// Whether a key or an address of any vendor is set.
fn is_any_named(environment: &Environment) -> bool {
    let is_set =
        |variable: &str| environment.get(variable).is_some_and(|value| !value.trim().is_empty());
    let services = vendors::keys::Service::ALL.iter();
    let mut services =
        services.flat_map(|service| [service.key_variable(), Some(service.base_variable())]);
    let models = brains::catalog::PLACES.iter();
    let mut models = models.flat_map(|place| [place.key_variable, Some(place.base_variable)]);
    services.any(|variable| variable.is_some_and(is_set))
        || models.any(|variable| variable.is_some_and(is_set))
}

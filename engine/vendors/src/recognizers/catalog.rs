//! The recognizers that agents can name, and the variables of the environment that say where they are.

use std::sync::Arc;

use types::VendorName;
use vendor::Recognizer;

use super::{DeepgramFlux, DeepgramNova, FluxSettings, NovaSettings, WyomingRecognizer};
use crate::keys::{Account, AccountError, Service};
use crate::net::Net;
use crate::probe::{Probe, Subject, Variables};

/// A place where speech is recognized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its name in agents' files: `deepgram`.
    pub name: &'static str,
    /// Whose account is used.
    pub service: Service,
    /// The variable of the model's name, if there is a choice.
    pub model_variable: Option<&'static str>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Nova,
    Flux,
    Wyoming,
}

/// All places.
pub const PLACES: [Place; 3] = [
    Place {
        name: "deepgram",
        service: Service::Deepgram,
        model_variable: Some("DEEPGRAM_STT_MODEL"),
        kind: Kind::Nova,
    },
    Place {
        name: "deepgram-flux",
        service: Service::Deepgram,
        model_variable: Some("DEEPGRAM_FLUX_STT_MODEL"),
        kind: Kind::Flux,
    },
    Place {
        name: "wyoming",
        service: Service::WyomingRecognizer,
        model_variable: None,
        kind: Kind::Wyoming,
    },
];

impl Place {
    /// The name as a vendor's.
    ///
    /// # Panics
    /// Never: the names are constants, and a test reads them all.
    pub fn vendor(&self) -> VendorName {
        self.name.parse().expect("a constant slug")
    }

    /// The question whether it knows us, or none if the environment names none.
    ///
    /// # Errors
    /// [`AccountError`] if a variable is there and unusable.
    pub fn probe(
        &self,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Probe>, AccountError> {
        let account = Account::from_env(self.service, &lookup)?;
        let subject = match self.kind {
            Kind::Nova | Kind::Flux => Subject::Projects,
            Kind::Wyoming => Subject::Wyoming,
        };
        let (key, base) = (self.service.key_variable(), self.service.base_variable());
        let variables = Variables { key, base };
        Ok(account.map(|account| Probe::new(self.vendor(), variables, account, subject)))
    }

    /// The recognizer at this place, or none if the environment names none. `lookup` gives a
    /// variable's value.
    ///
    /// # Errors
    /// [`AccountError`] if a variable is there and unusable.
    pub fn recognizer(
        &self,
        net: &Net,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Arc<dyn Recognizer>>, AccountError> {
        let Some(account) = Account::from_env(self.service, &lookup)? else { return Ok(None) };
        let (vendor, net) = (self.vendor(), net.clone());
        let named = self.model_variable.and_then(lookup);
        let named = named.filter(|name| !name.trim().is_empty());
        Ok(Some(match self.kind {
            Kind::Nova => {
                let standard = NovaSettings::default();
                let model = named.unwrap_or(standard.model);
                let settings = NovaSettings { model, ..NovaSettings::default() };
                Arc::new(DeepgramNova::new(vendor, net, account, settings))
            }
            Kind::Flux => {
                let standard = FluxSettings::default();
                let model = named.unwrap_or(standard.model);
                let settings = FluxSettings { model, ..FluxSettings::default() };
                Arc::new(DeepgramFlux::new(vendor, net, account, settings))
            }
            Kind::Wyoming => Arc::new(WyomingRecognizer::new(vendor, net, account)),
        }))
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime::Runtime;

    use super::*;

    #[test]
    fn a_recognizer_is_there_if_the_environment_says_where() {
        let runtime = Runtime::new().unwrap();
        let net = Net::new(runtime.handle().clone()).unwrap();
        let found = |variables: &[(&str, &str)]| -> Vec<&str> {
            let lookup = |name: &str| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            let is_there = |place: &&Place| place.recognizer(&net, lookup).unwrap().is_some();
            PLACES.iter().filter(is_there).map(|place| place.name).collect()
        };
        assert_eq!(found(&[]), Vec::<&str>::new());
        assert_eq!(found(&[("DEEPGRAM_API_KEY", "k")]), ["deepgram", "deepgram-flux"]);
        assert_eq!(found(&[("WYOMING_STT_URL", "tcp://127.0.0.1:10300")]), ["wyoming"]);
        let bad = PLACES[0]
            .recognizer(&net, |name| (name == "DEEPGRAM_BASE_URL").then(|| "nowhere".to_owned()));
        assert_eq!(bad.err(), Some(AccountError::Base { variable: "DEEPGRAM_BASE_URL" }));
        for place in PLACES {
            assert_eq!(place.vendor().as_str(), place.name);
        }
    }
}

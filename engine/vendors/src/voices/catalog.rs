//! The voices that agents can name, and the variables of the environment that say where they are.

use std::sync::Arc;

use types::{SampleRate, VendorName};
use vendor::Voice;

use super::adapters::{
    CartesiaSettings, CartesiaVoice, DeepgramSettings, DeepgramVoice, ElevenLabsSettings,
    ElevenLabsVoice, Seat,
};
use super::openai::{OpenAiSpeechSettings, OpenAiVoice};
use super::wyoming::WyomingVoice;
use crate::keys::{Account, AccountError, Service};
use crate::net::Net;
use crate::probe::{Probe, Subject, Variables};

/// A place where a voice is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its name in agents' files: `cartesia`.
    pub name: &'static str,
    /// Whose account it needs: names the variables of key and address.
    pub service: Service,
    /// What says with which model it speaks.
    pub model: Setting,
    /// What says with which voice, where that is not the model's.
    pub voice: Setting,
    kind: Kind,
}

/// A variable, and what it is if nobody sets it; an empty default lets the server choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The variable; none if there is nothing to say.
    pub variable: Option<&'static str>,
    /// Unless that is set.
    pub default: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    ElevenLabs,
    Cartesia,
    Deepgram,
    OpenAi,
    Wyoming,
}

const fn setting(variable: &'static str, default: &'static str) -> Setting {
    Setting { variable: Some(variable), default }
}

const NOTHING: Setting = Setting { variable: None, default: "" };

/// All places. The defaults are the vendors' quick models, and voices that their own examples use.
pub const PLACES: [Place; 6] = [
    Place {
        name: "elevenlabs",
        service: Service::ElevenLabs,
        model: setting("ELEVENLABS_MODEL", "eleven_flash_v2_5"),
        // Rachel.
        voice: setting("ELEVENLABS_VOICE_ID", "21m00Tcm4TlvDq8ikWAM"),
        kind: Kind::ElevenLabs,
    },
    Place {
        name: "cartesia",
        service: Service::Cartesia,
        model: setting("CARTESIA_MODEL", "sonic-3.5"),
        // Katie, the voice of the vendor's own examples.
        voice: setting("CARTESIA_VOICE_ID", "f786b574-daa5-4673-aa0c-cbe3e8534c02"),
        kind: Kind::Cartesia,
    },
    Place {
        name: "deepgram-aura",
        service: Service::Deepgram,
        model: setting("DEEPGRAM_AURA_MODEL", "aura-2-thalia-en"),
        voice: NOTHING,
        kind: Kind::Deepgram,
    },
    Place {
        name: "deepgram-flux",
        service: Service::Deepgram,
        model: setting("DEEPGRAM_FLUX_VOICE_MODEL", "flux-alexis-en"),
        voice: NOTHING,
        kind: Kind::Deepgram,
    },
    Place {
        name: "openai-speech",
        service: Service::OpenAi,
        model: setting("OPENAI_TTS_MODEL", "gpt-4o-mini-tts"),
        voice: setting("OPENAI_TTS_VOICE", "cedar"),
        kind: Kind::OpenAi,
    },
    Place {
        name: "wyoming",
        service: Service::WyomingVoice,
        model: NOTHING,
        voice: setting("WYOMING_TTS_VOICE", ""),
        kind: Kind::Wyoming,
    },
];

impl Setting {
    fn read(&self, lookup: impl Fn(&str) -> Option<String>) -> String {
        let named = self.variable.and_then(lookup).map(|value| value.trim().to_owned());
        named.filter(|value| !value.is_empty()).unwrap_or_else(|| self.default.to_owned())
    }
}

impl Place {
    /// The name as a vendor's.
    ///
    /// # Panics
    /// Never: the names are constants, and a test reads them all.
    pub fn vendor(&self) -> VendorName {
        self.name.parse().expect("a constant slug")
    }

    /// The variable of the model, where an agent may choose one. Deepgram's models are its voices.
    pub const fn model_variable(&self) -> Option<&'static str> {
        match self.kind {
            Kind::Deepgram => None,
            Kind::ElevenLabs | Kind::Cartesia | Kind::OpenAi | Kind::Wyoming => self.model.variable,
        }
    }

    /// The variable of the voice.
    pub const fn voice_variable(&self) -> Option<&'static str> {
        match self.kind {
            Kind::Deepgram => self.model.variable,
            Kind::ElevenLabs | Kind::Cartesia | Kind::OpenAi | Kind::Wyoming => self.voice.variable,
        }
    }

    /// The question whether it knows us, and has the voice that `lookup` names; none if the
    /// environment names no account.
    ///
    /// # Errors
    /// [`AccountError`] if a variable is there and unusable.
    pub fn probe(
        &self,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Probe>, AccountError> {
        let Some(account) = Account::from_env(self.service, &lookup)? else { return Ok(None) };
        let subject = match self.kind {
            Kind::ElevenLabs => Subject::ElevenLabsVoice(self.voice.read(&lookup)),
            Kind::Cartesia => Subject::CartesiaVoice(self.voice.read(&lookup)),
            Kind::Deepgram => Subject::Projects,
            // A server of one's own need not list what it speaks with.
            Kind::OpenAi => {
                let is_own = lookup(self.service.base_variable()).is_some();
                Subject::Models((!is_own).then(|| self.model.read(&lookup)))
            }
            Kind::Wyoming => Subject::Wyoming,
        };
        let (key, base) = (self.service.key_variable(), self.service.base_variable());
        Ok(Some(Probe::new(self.vendor(), Variables { key, base }, account, subject)))
    }

    /// The voice at this place, or none if the environment names no account. `lookup` gives a variable's
    /// value.
    ///
    /// # Errors
    /// [`AccountError`] if a variable is there and unusable.
    pub fn voice(
        &self,
        net: &Net,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Arc<dyn Voice>>, AccountError> {
        let Some(account) = Account::from_env(self.service, &lookup)? else { return Ok(None) };
        let seat = Seat::new(self.vendor(), account, net.clone());
        let (model, voice) = (self.model.read(&lookup), self.voice.read(&lookup));
        Ok(Some(match self.kind {
            Kind::ElevenLabs => {
                let settings = ElevenLabsSettings { voice, model, tuning: None };
                Arc::new(ElevenLabsVoice::new(seat, settings))
            }
            Kind::Cartesia => {
                Arc::new(CartesiaVoice::new(seat, CartesiaSettings { voice, model, speed: None }))
            }
            Kind::Deepgram => {
                Arc::new(DeepgramVoice::new(seat, DeepgramSettings { model, speed: None }))
            }
            Kind::OpenAi => {
                let (instructions, speed, rate) = (None, None, SampleRate::Hz24000);
                let settings = OpenAiSpeechSettings { model, voice, instructions, speed, rate };
                Arc::new(OpenAiVoice::new(seat, settings))
            }
            Kind::Wyoming => {
                Arc::new(WyomingVoice::new(seat, (!voice.is_empty()).then_some(voice)))
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime::Runtime;

    use super::*;

    #[test]
    fn a_voice_is_there_if_the_environment_says_where() {
        let runtime = Runtime::new().unwrap();
        let net = Net::new(runtime.handle().clone()).unwrap();
        let found = |variables: &[(&str, &str)]| -> Vec<&str> {
            let lookup = |name: &str| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            let is_there = |place: &&Place| place.voice(&net, lookup).unwrap().is_some();
            PLACES.iter().filter(is_there).map(|place| place.name).collect()
        };
        assert_eq!(found(&[]), Vec::<&str>::new());
        assert_eq!(found(&[("DEEPGRAM_API_KEY", "k")]), ["deepgram-aura", "deepgram-flux"]);
        assert_eq!(found(&[("OPENAI_API_KEY", "k")]), ["openai-speech"]);
        assert_eq!(found(&[("WYOMING_TTS_URL", "tcp://127.0.0.1:10200")]), ["wyoming"]);
        let bad =
            PLACES[1].voice(&net, |name| (name == "CARTESIA_API_KEY").then(|| "a b".to_owned()));
        assert_eq!(bad.err(), Some(AccountError::Key { variable: "CARTESIA_API_KEY" }));
        for place in PLACES {
            assert_eq!(place.vendor().as_str(), place.name);
        }
    }

    #[test]
    fn a_blank_variable_is_not_set() {
        let setting = setting("CARTESIA_MODEL", "sonic-3.5");
        assert_eq!(setting.read(|_| Some("  ".into())), "sonic-3.5");
        assert_eq!(setting.read(|_| Some(" sonic-3.6 ".into())), "sonic-3.6");
    }
}

//! The voices that agents can name, and the variables of the environment that say where they are.

use std::sync::Arc;

use thiserror::Error;
use types::{SampleRate, VendorName};
use vendor::Voice;

use super::{
    CartesiaSettings, CartesiaVoice, DeepgramSettings, DeepgramVoice, ElevenLabsSettings,
    ElevenLabsVoice, OpenAiSpeechSettings, OpenAiVoice, Seat, WyomingVoice,
};
use crate::keys::{Account, AccountError, Service};
use crate::net::Net;

/// A place where is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its name in agents' files: `elevenlabs`.
    pub name: &'static str,
    /// Whose account is used.
    pub service: Service,
    /// The model, if there is a choice.
    pub model: Option<Choice>,
    /// The voice, if it is not part of the model.
    pub voice: Option<Choice>,
    kind: Kind,
}

/// What an operator may choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The variable that says it.
    pub variable: &'static str,
    /// What holds if that is not set; none where the operator has to say it.
    pub default: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    ElevenLabs,
    Cartesia,
    Deepgram,
    OpenAi,
    Wyoming,
}

const fn choice(variable: &'static str, default: &'static str) -> Option<Choice> {
    Some(Choice { variable, default: Some(default) })
}

/// Voices belong to accounts: whose it is to be, the operator says.
const fn required(variable: &'static str) -> Option<Choice> {
    Some(Choice { variable, default: None })
}

/// All places. Models: providers.md §4.
pub const PLACES: [Place; 6] = [
    Place {
        name: "elevenlabs",
        service: Service::ElevenLabs,
        model: choice("ELEVENLABS_MODEL", "eleven_flash_v2_5"),
        voice: required("ELEVENLABS_VOICE_ID"),
        kind: Kind::ElevenLabs,
    },
    Place {
        name: "cartesia",
        service: Service::Cartesia,
        model: choice("CARTESIA_MODEL", "sonic-3.5"),
        voice: required("CARTESIA_VOICE_ID"),
        kind: Kind::Cartesia,
    },
    Place {
        name: "deepgram",
        service: Service::Deepgram,
        model: choice("DEEPGRAM_TTS_MODEL", "aura-2-thalia-en"),
        voice: None,
        kind: Kind::Deepgram,
    },
    Place {
        name: "deepgram-flux",
        service: Service::Deepgram,
        model: choice("DEEPGRAM_FLUX_TTS_MODEL", "flux-alexis-en"),
        voice: None,
        kind: Kind::Deepgram,
    },
    Place {
        name: "openai",
        service: Service::OpenAi,
        model: choice("OPENAI_TTS_MODEL", "gpt-4o-mini-tts"),
        voice: choice("OPENAI_TTS_VOICE", "cedar"),
        kind: Kind::OpenAi,
    },
    Place {
        name: "wyoming",
        service: Service::WyomingVoice,
        model: None,
        voice: Some(Choice { variable: "WYOMING_TTS_VOICE", default: Some("") }),
        kind: Kind::Wyoming,
    },
];

/// What is wrong with the settings of a place.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PlaceError {
    /// Its key or its address.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// Nobody says whose voice.
    #[error("{variable} is not set: which voice is {name} to speak with?")]
    Voice {
        /// Which place.
        name: &'static str,
        /// Which variable.
        variable: &'static str,
    },
}

impl Place {
    /// The name as a vendor's.
    ///
    /// # Panics
    /// Never: the names are constants, and a test reads them all.
    pub fn vendor(&self) -> VendorName {
        self.name.parse().expect("a constant slug")
    }

    /// The voice at this place, or none if the environment names none. `lookup` gives a variable's
    /// value.
    ///
    /// # Errors
    /// [`PlaceError`] if a variable is there and unusable, or one that is needed is not.
    pub fn voice(
        &self,
        net: &Net,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Arc<dyn Voice>>, PlaceError> {
        let Some(account) = Account::from_env(self.service, &lookup)? else { return Ok(None) };
        let model = self.chosen(self.model, &lookup)?;
        let voice = self.chosen(self.voice, &lookup)?;
        let seat = Seat::new(self.vendor(), account, net.clone());
        Ok(Some(match self.kind {
            Kind::ElevenLabs => Arc::new(ElevenLabsVoice::new(
                seat,
                ElevenLabsSettings { voice, model, tuning: None },
            )),
            Kind::Cartesia => {
                Arc::new(CartesiaVoice::new(seat, CartesiaSettings { voice, model, speed: None }))
            }
            Kind::Deepgram => {
                Arc::new(DeepgramVoice::new(seat, DeepgramSettings { model, speed: None }))
            }
            Kind::OpenAi => {
                let rate = SampleRate::Hz24000;
                let (instructions, speed) = (None, None);
                let settings = OpenAiSpeechSettings { model, voice, instructions, speed, rate };
                Arc::new(OpenAiVoice::new(seat, settings))
            }
            Kind::Wyoming => {
                Arc::new(WyomingVoice::new(seat, Some(voice).filter(|voice| !voice.is_empty())))
            }
        }))
    }

    /// What the operator chose, or what holds; empty where there is no choice.
    fn chosen(
        &self,
        choice: Option<Choice>,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<String, PlaceError> {
        let Some(Choice { variable, default }) = choice else { return Ok(String::new()) };
        let named = lookup(variable).map(|value| value.trim().to_owned());
        let named = named.filter(|value| !value.is_empty());
        let chosen = named.or_else(|| default.map(str::to_owned));
        chosen.ok_or(PlaceError::Voice { name: self.name, variable })
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime::Runtime;

    use super::*;

    #[test]
    fn a_voice_is_there_if_the_environment_says_where_and_whose() {
        let runtime = Runtime::new().unwrap();
        let net = Net::new(runtime.handle().clone()).unwrap();
        let ask = |name: &str, variables: &[(&str, &str)]| {
            let place = PLACES.iter().find(|place| place.name == name).unwrap();
            let voice = place.voice(&net, |name| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            });
            voice.map(|voice| voice.is_some())
        };
        for place in PLACES {
            assert_eq!(ask(place.name, &[]), Ok(false));
            assert_eq!(place.vendor().as_str(), place.name);
        }
        let key = ("ELEVENLABS_API_KEY", "k");
        let missing = PlaceError::Voice { name: "elevenlabs", variable: "ELEVENLABS_VOICE_ID" };
        assert_eq!(ask("elevenlabs", &[key]), Err(missing.clone()));
        assert_eq!(ask("elevenlabs", &[key, ("ELEVENLABS_VOICE_ID", " ")]), Err(missing));
        assert_eq!(ask("elevenlabs", &[key, ("ELEVENLABS_VOICE_ID", "v")]), Ok(true));
        assert_eq!(ask("deepgram", &[("DEEPGRAM_API_KEY", "k")]), Ok(true));
        assert_eq!(ask("openai", &[("OPENAI_API_KEY", "k")]), Ok(true));
        assert_eq!(ask("wyoming", &[("WYOMING_TTS_URL", "tcp://127.0.0.1:10200")]), Ok(true));
        let bad = ask("cartesia", &[("CARTESIA_API_KEY", "a b")]);
        assert_eq!(bad, Err(AccountError::Key { variable: "CARTESIA_API_KEY" }.into()));
    }
}

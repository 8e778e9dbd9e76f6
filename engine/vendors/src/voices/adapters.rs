//! The voices that speak over a socket, as the engine sees them.

use std::sync::Arc;

use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderName};
use types::{AudioFormat, Encoding, Millis, SampleRate, Secret, VendorName};
use vendor::{
    Alignment, Sink, VendorError, Voice, VoiceCapabilities, VoiceEvent, VoiceRequest, VoiceSession,
};
use wire::{cartesia, deepgram, elevenlabs};

use super::aura::Aura;
use super::cartesia::Cartesia;
use super::convert::Spoken;
use super::dialect::Dialect;
use super::elevenlabs::{ElevenLabs, INACTIVITY_SECS};
use super::flux::Flux;
use super::session;
use crate::keys::Account;
use crate::net::Net;
use crate::socket::SocketOrder;

/// How long a voice may owe us sound before it counts as failed (conversation.md §7.10).
pub const SOUND_WAIT: Millis = Millis::new(1_200);

/// What all voices of a vendor have in common.
#[derive(Clone, Debug)]
pub struct Seat {
    /// The name it goes by, for errors.
    pub vendor: VendorName,
    /// Where it is and who we are there.
    pub account: Account,
    /// The node's connections.
    pub net: Net,
    /// How long it may owe us sound: [`SOUND_WAIT`].
    pub sound_wait: Millis,
}

impl Seat {
    /// A seat with the usual patience.
    pub const fn new(vendor: VendorName, account: Account, net: Net) -> Self {
        Self { vendor, account, net, sound_wait: SOUND_WAIT }
    }

    /// A socket to `target`, a path with its query.
    fn socket(&self, target: &str) -> SocketOrder {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut url: Url = self.account.socket_url(path, &[]);
        url.set_query((!query.is_empty()).then_some(query));
        SocketOrder::new(self.vendor, url)
    }

    /// The same with our key in a header, behind `scheme`.
    fn signed(&self, order: SocketOrder, name: HeaderName, scheme: &str) -> SocketOrder {
        match &self.account.key {
            Some(key) => order.with_header(name, Secret::new(format!("{scheme}{}", key.expose()))),
            None => order,
        }
    }

    fn open(
        &self,
        dialect: Box<dyn Dialect>,
        format: (Spoken, SampleRate),
        events: Arc<dyn Sink<VoiceEvent>>,
    ) -> Box<dyn VoiceSession> {
        session::open(&self.net, dialect, format, self.sound_wait, events)
    }
}

/// ElevenLabs: Flash, Turbo and Multilingual over the multi-context socket.
#[derive(Clone, Debug)]
pub struct ElevenLabsVoice {
    seat: Seat,
    settings: ElevenLabsSettings,
    capabilities: VoiceCapabilities,
}

/// What is to be spoken with.
#[derive(Clone, Debug, PartialEq)]
pub struct ElevenLabsSettings {
    /// The voice's id.
    pub voice: String,
    /// `eleven_flash_v2_5`, `eleven_turbo_v2_5`, `eleven_multilingual_v2`.
    pub model: String,
    /// How it is to be used; the voice's own settings if absent.
    pub tuning: Option<elevenlabs::VoiceSettings>,
}

impl ElevenLabsVoice {
    /// A voice at `seat`.
    pub fn new(seat: Seat, settings: ElevenLabsSettings) -> Self {
        let linear = [SampleRate::Hz8000, SampleRate::Hz16000, SampleRate::Hz24000];
        Self { seat, settings, capabilities: capabilities(Alignment::Words, &linear) }
    }

    /// Only models that speak many languages by one voice take an order which to speak.
    fn language(&self, request: &VoiceRequest) -> Option<String> {
        self.settings.model.ends_with("_v2_5").then(|| primary(&request.language))
    }
}

impl Voice for ElevenLabsVoice {
    fn capabilities(&self) -> &VoiceCapabilities {
        &self.capabilities
    }

    fn open(
        &self,
        request: &VoiceRequest,
        events: Arc<dyn Sink<VoiceEvent>>,
    ) -> Result<Box<dyn VoiceSession>, VendorError> {
        let spoken = Spoken::choose(request.format, &self.capabilities.formats);
        let target = elevenlabs::Target {
            voice: self.settings.voice.clone(),
            model: self.settings.model.clone(),
            output_format: match spoken.encoding {
                Encoding::Pcmu => "ulaw_8000".into(),
                Encoding::Pcma => "alaw_8000".into(),
                Encoding::L16 | Encoding::G722 | Encoding::Opus => {
                    format!("pcm_{}", spoken.rate.hz())
                }
            },
            language: self.language(request),
            inactivity_secs: INACTIVITY_SECS,
        };
        let order = self.seat.socket(&target.encode());
        let order = self.seat.signed(order, HeaderName::from_static("xi-api-key"), "");
        let dialect = Box::new(ElevenLabs::new(order, spoken, self.settings.tuning));
        Ok(self.seat.open(dialect, (spoken, request.format.rate), events))
    }
}

/// Cartesia Sonic.
#[derive(Clone, Debug)]
pub struct CartesiaVoice {
    seat: Seat,
    settings: CartesiaSettings,
    capabilities: VoiceCapabilities,
}

/// What is to be spoken with.
#[derive(Clone, Debug, PartialEq)]
pub struct CartesiaSettings {
    /// The voice's id.
    pub voice: String,
    /// `sonic-3.5`, …
    pub model: String,
    /// 0.6 to 1.5, if it is not the voice's own.
    pub speed: Option<f32>,
}

impl CartesiaVoice {
    /// A voice at `seat`.
    pub fn new(seat: Seat, settings: CartesiaSettings) -> Self {
        Self { seat, settings, capabilities: capabilities(Alignment::Words, &SampleRate::ALL) }
    }
}

impl Voice for CartesiaVoice {
    fn capabilities(&self) -> &VoiceCapabilities {
        &self.capabilities
    }

    fn open(
        &self,
        request: &VoiceRequest,
        events: Arc<dyn Sink<VoiceEvent>>,
    ) -> Result<Box<dyn VoiceSession>, VendorError> {
        let spoken = Spoken::choose(request.format, &self.capabilities.formats);
        let version = Secret::new(cartesia::VERSION.to_owned());
        let order = self.seat.socket(cartesia::PATH);
        let order = order.with_header(HeaderName::from_static(cartesia::VERSION_HEADER), version);
        let order = self.seat.signed(order, HeaderName::from_static(cartesia::KEY_HEADER), "");
        let how = cartesia::Request {
            model: self.settings.model.clone(),
            voice: self.settings.voice.clone(),
            encoding: match spoken.encoding {
                Encoding::Pcmu => "pcm_mulaw".into(),
                Encoding::Pcma => "pcm_alaw".into(),
                Encoding::L16 | Encoding::G722 | Encoding::Opus => "pcm_s16le".into(),
            },
            sample_rate: spoken.rate.hz(),
            language: Some(primary(&request.language)),
            // Whole segments are sent: there is nothing to wait for.
            max_buffer_delay: Millis::ZERO,
            speed: self.settings.speed,
        };
        let dialect = Box::new(Cartesia::new(order, spoken, how));
        Ok(self.seat.open(dialect, (spoken, request.format.rate), events))
    }
}

/// Deepgram: Aura or Flux, whichever the model's name says.
#[derive(Clone, Debug)]
pub struct DeepgramVoice {
    seat: Seat,
    settings: DeepgramSettings,
    capabilities: VoiceCapabilities,
}

/// What is to be spoken with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeepgramSettings {
    /// Voice and language in one: `aura-2-thalia-en`, `flux-alexis-en`.
    pub model: String,
    /// As the vendor writes it, if it is not the voice's own: `1.1`.
    pub speed: Option<String>,
}

impl DeepgramSettings {
    fn generation(&self) -> deepgram::speak::Generation {
        if self.model.starts_with("flux-") {
            deepgram::speak::Generation::Flux
        } else {
            deepgram::speak::Generation::Aura
        }
    }
}

impl DeepgramVoice {
    /// A voice at `seat`.
    pub fn new(seat: Seat, settings: DeepgramSettings) -> Self {
        let alignment = match settings.generation() {
            deepgram::speak::Generation::Aura => Alignment::None,
            deepgram::speak::Generation::Flux => Alignment::Cut,
        };
        Self { seat, settings, capabilities: capabilities(alignment, &SampleRate::ALL) }
    }
}

impl Voice for DeepgramVoice {
    fn capabilities(&self) -> &VoiceCapabilities {
        &self.capabilities
    }

    fn open(
        &self,
        request: &VoiceRequest,
        events: Arc<dyn Sink<VoiceEvent>>,
    ) -> Result<Box<dyn VoiceSession>, VendorError> {
        let spoken = Spoken::choose(request.format, &self.capabilities.formats);
        let generation = self.settings.generation();
        let target = deepgram::speak::Target {
            generation,
            model: self.settings.model.clone(),
            encoding: match spoken.encoding {
                Encoding::Pcmu => "mulaw".into(),
                Encoding::Pcma => "alaw".into(),
                Encoding::L16 | Encoding::G722 | Encoding::Opus => "linear16".into(),
            },
            sample_rate: spoken.rate.hz(),
            speed: self.settings.speed.clone(),
        };
        let order = self.seat.signed(self.seat.socket(&target.encode()), AUTHORIZATION, "Token ");
        let dialect: Box<dyn Dialect> = match generation {
            deepgram::speak::Generation::Aura => Box::new(Aura::new(order, spoken)),
            deepgram::speak::Generation::Flux => Box::new(Flux::new(order, spoken)),
        };
        Ok(self.seat.open(dialect, (spoken, request.format.rate), events))
    }
}

/// G.711 both ways, and samples at `rates`.
fn capabilities(alignment: Alignment, rates: &[SampleRate]) -> VoiceCapabilities {
    let pcma = AudioFormat { encoding: Encoding::Pcma, rate: SampleRate::Hz8000 };
    let linear = rates.iter().map(|&rate| AudioFormat { encoding: Encoding::L16, rate });
    VoiceCapabilities {
        rate: SampleRate::Hz24000,
        formats: [AudioFormat::PCMU_8K, pcma].into_iter().chain(linear).collect(),
        alignment,
        languages: Vec::new(),
    }
}

/// The language without its region: `en` of `en-US`.
fn primary(tag: &str) -> String {
    tag.split('-').next().unwrap_or(tag).to_ascii_lowercase()
}

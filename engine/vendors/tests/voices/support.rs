//! The far side, a call's ear, and every voice there is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use codecs::g711;
use fake_vendors::speech::{Lexicon, Listener};
use fake_vendors::{FakeVendors, Options, Plan, Protocol};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::timeout;
use types::{
    Audio, AudioFormat, Encoding, GenerationId, Millis, Pii, SampleRate, SegmentId, TurnId,
};
use vendor::{Offered, Sink, Voice, VoiceEvent, VoiceRequest, VoiceSession};
use vendors::keys::{Account, Service};
use vendors::net::Net;
use vendors::voices::{
    CartesiaSettings, CartesiaVoice, DeepgramSettings, DeepgramVoice, ElevenLabsSettings,
    ElevenLabsVoice, OpenAiSpeechSettings, OpenAiVoice, Seat, WyomingVoice,
};

/// Every voice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    ElevenLabs,
    Cartesia,
    Aura,
    Flux,
    OpenAi,
    Wyoming,
}

impl Kind {
    pub(crate) const ALL: [Self; 6] =
        [Self::ElevenLabs, Self::Cartesia, Self::Aura, Self::Flux, Self::OpenAi, Self::Wyoming];

    pub(crate) const fn protocol(self) -> Protocol {
        match self {
            Self::ElevenLabs => Protocol::ElevenLabs,
            Self::Cartesia => Protocol::Cartesia,
            Self::Aura => Protocol::DeepgramAura,
            Self::Flux => Protocol::DeepgramSpeak,
            Self::OpenAi => Protocol::OpenAiSpeech,
            Self::Wyoming => Protocol::WyomingVoice,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::ElevenLabs => "elevenlabs",
            Self::Cartesia => "cartesia",
            Self::Aura => "aura",
            Self::Flux => "flux",
            Self::OpenAi => "openai",
            Self::Wyoming => "wyoming",
        }
    }

    /// Whether it keeps one connection, so that a refusal concerns all that is said.
    pub(crate) const fn is_socket(self) -> bool {
        !matches!(self, Self::OpenAi | Self::Wyoming)
    }

    const fn service(self) -> Service {
        match self {
            Self::ElevenLabs => Service::ElevenLabs,
            Self::Cartesia => Service::Cartesia,
            Self::Aura | Self::Flux => Service::Deepgram,
            Self::OpenAi => Service::OpenAi,
            Self::Wyoming => Service::WyomingVoice,
        }
    }

    /// This voice at the far side, as an environment of addresses and keys would have it.
    pub(crate) fn voice(self, far: &FakeVendors, sound_wait: Millis) -> Arc<dyn Voice> {
        let base = match self {
            Self::ElevenLabs | Self::Cartesia | Self::Aura | Self::Flux => far.base_url(),
            Self::OpenAi => format!("{}/v1", far.base_url()),
            Self::Wyoming => far.wyoming_url(),
        };
        let service = self.service();
        let account = Account::from_env(service, |name| {
            if name == service.base_variable() {
                Some(base.clone())
            } else {
                (Some(name) == service.key_variable()).then(|| "key-1".into())
            }
        });
        let net = Net::new(Handle::current()).unwrap();
        let seat = Seat::new(self.name().parse().unwrap(), account.unwrap().unwrap(), net);
        let seat = Seat { sound_wait, ..seat };
        match self {
            Self::ElevenLabs => Arc::new(ElevenLabsVoice::new(
                seat,
                ElevenLabsSettings {
                    voice: "VOICE".into(),
                    model: "eleven_flash_v2_5".into(),
                    tuning: None,
                },
            )),
            Self::Cartesia => {
                let (voice, model) = ("VOICE".into(), "sonic-3.5".into());
                Arc::new(CartesiaVoice::new(seat, CartesiaSettings { voice, model, speed: None }))
            }
            Self::Aura | Self::Flux => {
                let is_aura = self == Self::Aura;
                let model = if is_aura { "aura-2-thalia-en" } else { "flux-alexis-en" };
                let settings = DeepgramSettings { model: model.into(), speed: None };
                Arc::new(DeepgramVoice::new(seat, settings))
            }
            Self::OpenAi => Arc::new(OpenAiVoice::new(
                seat,
                OpenAiSpeechSettings {
                    model: "gpt-4o-mini-tts".into(),
                    voice: "cedar".into(),
                    instructions: None,
                    speed: None,
                    rate: SampleRate::Hz24000,
                },
            )),
            Self::Wyoming => Arc::new(WyomingVoice::new(seat, None)),
        }
    }
}

/// The far side with `plan` for every session of `kind`.
pub(crate) async fn far_side(kind: Kind, plan: Plan) -> FakeVendors {
    let far = FakeVendors::start(Options::default()).await.unwrap();
    far.set_plan(kind.protocol(), plan);
    far
}

pub(crate) fn generation(turn: u32) -> GenerationId {
    GenerationId { turn: TurnId::new(turn), attempt: 0 }
}

pub(crate) const fn linear(rate: SampleRate) -> AudioFormat {
    AudioFormat { encoding: Encoding::L16, rate }
}

/// A call as a voice sees it: a bounded way in, and a count of what came through for whom.
pub(crate) struct Ear {
    events: mpsc::Sender<VoiceEvent>,
    /// Samples delivered of the turn that is watched.
    watched: AtomicU64,
    pub(crate) samples: AtomicU64,
}

impl Ear {
    pub(crate) fn new() -> (Arc<Self>, mpsc::Receiver<VoiceEvent>) {
        let (events, inbox) = mpsc::channel(4_096);
        let (watched, samples) = (AtomicU64::new(u64::MAX), AtomicU64::new(0));
        (Arc::new(Self { events, watched, samples }), inbox)
    }

    /// Counts the samples of this turn from now on.
    pub(crate) fn watch(&self, turn: u32) {
        self.watched.store(turn.into(), Ordering::SeqCst);
        self.samples.store(0, Ordering::SeqCst);
    }
}

impl Sink<VoiceEvent> for Ear {
    fn offer(&self, event: VoiceEvent) -> Offered {
        if let VoiceEvent::Audio { generation, audio, .. } = &event
            && u64::from(generation.turn.get()) == self.watched.load(Ordering::SeqCst)
        {
            self.samples.fetch_add(audio.samples() as u64, Ordering::SeqCst);
        }
        match self.events.try_send(event) {
            Ok(()) => Offered::Accepted,
            Err(mpsc::error::TrySendError::Full(_)) => Offered::Shed,
            Err(mpsc::error::TrySendError::Closed(_)) => Offered::Closed,
        }
    }
}

/// One call's voice and all it has said.
pub(crate) struct Call {
    pub(crate) session: Box<dyn VoiceSession>,
    pub(crate) ear: Arc<Ear>,
    pub(crate) inbox: mpsc::Receiver<VoiceEvent>,
}

impl Call {
    pub(crate) fn open(voice: &dyn Voice, format: AudioFormat) -> Self {
        let (ear, inbox) = Ear::new();
        let request = VoiceRequest { language: "en-US".into(), format };
        let session = voice.open(&request, ear.clone()).unwrap();
        Self { session, ear, inbox }
    }

    pub(crate) fn speak(&mut self, turn: u32, number: u32, text: &str) {
        self.session.speak(generation(turn), SegmentId::new(number), &Pii::new(text.to_owned()));
    }

    /// The next event; a voice that says nothing for ten seconds fails the test.
    pub(crate) async fn next(&mut self) -> VoiceEvent {
        let next = timeout(Duration::from_secs(10), self.inbox.recv()).await;
        next.expect("the voice says something").expect("the ear is open")
    }

    /// All events until every one of `segments` is done or has failed.
    pub(crate) async fn until_settled(&mut self, segments: usize) -> Vec<VoiceEvent> {
        let (mut all, mut settled) = (Vec::new(), 0);
        while settled < segments {
            let event = self.next().await;
            let is_end =
                matches!(event, VoiceEvent::SegmentDone { .. } | VoiceEvent::Failed { .. });
            settled += usize::from(is_end);
            all.push(event);
        }
        all
    }
}

/// The words in the audio of `events`, by the words the far side said.
pub(crate) fn words_heard(
    events: &[VoiceEvent],
    leg: SampleRate,
    lexicon: &Lexicon,
) -> Vec<String> {
    let mut ear = Listener::default();
    for event in events {
        if let VoiceEvent::Audio { audio, .. } = event {
            ear.hear(&at_8k(audio, leg));
        }
    }
    ear.words(lexicon).iter().map(|found| lexicon.word(found.word).to_owned()).collect()
}

/// Samples at 8 kHz as the line's codec keeps them: levels that are told apart.
fn at_8k(audio: &Audio, leg: SampleRate) -> Vec<i16> {
    let mut samples = Vec::new();
    match audio {
        Audio::Pcmu(bytes) => g711::decode_ulaw(bytes, &mut samples),
        Audio::Pcma(bytes) => g711::decode_alaw(bytes, &mut samples),
        Audio::Linear(linear) => {
            let step = leg.hz() as usize / 8_000;
            samples.extend(linear.iter().step_by(step));
        }
    }
    // A-law and resampling move levels by a hair; µ-law's own grid brings them back.
    samples.into_iter().map(|s| g711::ulaw_decode(g711::ulaw_encode(s))).collect()
}

//! Which session has which faults, and how long everything takes.

use std::time::Duration;

use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until};
use types::Millis;

use crate::Fault;

/// What is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// Deepgram's recognizer Nova: socket `/v1/listen`.
    DeepgramNova,
    /// Deepgram's recognizer Flux: socket `/v2/listen`.
    DeepgramFlux,
    /// Deepgram's voice Aura: socket `/v1/speak`.
    DeepgramAura,
    /// Deepgram's voice Flux: socket `/v2/speak`.
    DeepgramSpeak,
    /// OpenAI's chat: `/v1/chat/completions`.
    OpenAiChat,
    /// OpenAI's voice: `/v1/audio/speech`.
    OpenAiSpeech,
    /// Anthropic's messages: `/v1/messages`.
    Anthropic,
    /// ElevenLabs' voice: sockets below `/v1/text-to-speech`.
    ElevenLabs,
    /// Cartesia's voice: socket `/tts/websocket`.
    Cartesia,
    /// Wyoming, recognizing: a socket of its own.
    WyomingRecognizer,
    /// Wyoming, speaking: the same socket as its recognizer.
    WyomingVoice,
}

impl Protocol {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::DeepgramNova,
        Self::DeepgramFlux,
        Self::DeepgramAura,
        Self::DeepgramSpeak,
        Self::OpenAiChat,
        Self::OpenAiSpeech,
        Self::Anthropic,
        Self::ElevenLabs,
        Self::Cartesia,
        Self::WyomingRecognizer,
        Self::WyomingVoice,
    ];

    /// Its name in a command line: `deepgram-nova`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DeepgramNova => "deepgram-nova",
            Self::DeepgramFlux => "deepgram-flux",
            Self::DeepgramAura => "deepgram-aura",
            Self::DeepgramSpeak => "deepgram-flux-speak",
            Self::OpenAiChat => "openai-chat",
            Self::OpenAiSpeech => "openai-speech",
            Self::Anthropic => "anthropic",
            Self::ElevenLabs => "elevenlabs",
            Self::Cartesia => "cartesia",
            Self::WyomingRecognizer => "wyoming-recognizer",
            Self::WyomingVoice => "wyoming-voice",
        }
    }

    /// Who is asked at `path`, if anybody.
    pub fn at(path: &str) -> Option<Self> {
        match path {
            "/v1/listen" => Some(Self::DeepgramNova),
            "/v2/listen" => Some(Self::DeepgramFlux),
            "/v1/speak" => Some(Self::DeepgramAura),
            "/v2/speak" => Some(Self::DeepgramSpeak),
            "/v1/chat/completions" => Some(Self::OpenAiChat),
            "/v1/audio/speech" => Some(Self::OpenAiSpeech),
            "/v1/messages" => Some(Self::Anthropic),
            "/tts/websocket" => Some(Self::Cartesia),
            path if path.starts_with("/v1/text-to-speech/") => Some(Self::ElevenLabs),
            _ => None,
        }
    }
}

/// How often: of a thousand times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct PerMille(pub u16);

/// What happens to the sessions of one protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The faults of the first session, the second, and so on. A session may have several.
    pub sessions: Vec<Vec<Fault>>,
    /// Those of all further sessions.
    pub rest: Vec<Fault>,
    /// Faults drawn by chance, on top of those.
    pub odds: Option<Odds>,
    /// How long everything takes.
    pub delays: Delays,
}

/// Faults by chance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Odds {
    /// The same seed, the same faults.
    pub seed: u64,
    /// How many sessions have one.
    pub share: PerMille,
    /// One of these.
    pub faults: Vec<Fault>,
}

/// How exactly delays are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Punctuality {
    /// As the runtime's timer keeps them, which is late by a millisecond or two; under a paused clock, too.
    #[default]
    Timer,
    /// To a tenth of it, for measurements: the last two milliseconds are spent looking at the clock.
    /// Not under a paused clock, which would stand still.
    Exact,
}

impl Punctuality {
    /// Waits until `due`, for ever if there is none.
    pub(crate) async fn until(self, due: Option<Instant>) {
        let Some(due) = due else { return std::future::pending().await };
        match self {
            Self::Timer => sleep_until(due).await,
            Self::Exact => {
                sleep_until(due.checked_sub(TIMER_LATE).unwrap_or(due)).await;
                while Instant::now() < due {
                    yield_now().await;
                }
            }
        }
    }
}

/// A timer is at most so late on a machine that is not busy.
const TIMER_LATE: Duration = Duration::from_millis(2);

/// How long a vendor takes. The standard is what the peers were measured with (peers.md).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delays {
    /// Until a handshake or a request is answered.
    pub connect: Millis,
    /// From audio received, or the order to finish, to its words.
    pub words: Millis,
    /// From a request to a model's first token.
    pub first_token: Millis,
    /// Between tokens.
    pub token: Millis,
    /// From text to the first audio.
    pub first_audio: Millis,
}

impl Default for Delays {
    fn default() -> Self {
        Self {
            connect: Millis::ZERO,
            words: Millis::new(150),
            first_token: Millis::new(150),
            token: Millis::new(5),
            first_audio: Millis::new(80),
        }
    }
}

impl Delays {
    /// All at once.
    pub const NONE: Self = Self {
        connect: Millis::ZERO,
        words: Millis::ZERO,
        first_token: Millis::ZERO,
        token: Millis::ZERO,
        first_audio: Millis::ZERO,
    };
}

impl Plan {
    /// Everything goes well, at once.
    pub fn quick() -> Self {
        Self { delays: Delays::NONE, ..Self::default() }
    }

    /// The first sessions have `sessions`' faults, all others none.
    pub fn of_sessions(sessions: impl IntoIterator<Item = Vec<Fault>>) -> Self {
        Self { sessions: sessions.into_iter().collect(), ..Self::default() }
    }

    /// Every session has `fault`.
    pub fn always(fault: Fault) -> Self {
        Self { rest: vec![fault], ..Self::default() }
    }

    /// The same, taking `delays`.
    #[must_use]
    pub fn with_delays(mut self, delays: Delays) -> Self {
        self.delays = delays;
        self
    }

    /// The faults of session `number`, from 0.
    pub fn faults(&self, number: u64) -> Vec<Fault> {
        let planned = usize::try_from(number).ok().and_then(|number| self.sessions.get(number));
        let mut faults = planned.unwrap_or(&self.rest).clone();
        faults.extend(self.odds.as_ref().and_then(|odds| odds.draw(number)));
        faults
    }
}

impl Odds {
    fn draw(&self, number: u64) -> Option<Fault> {
        let drawn = mix(self.seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        if u64::from(self.share.0) <= drawn % 1_000 || self.faults.is_empty() {
            return None;
        }
        let which = mix(drawn) % self.faults.len() as u64;
        self.faults.get(which as usize).copied()
    }
}

/// SplitMix64's finalizer (Steele, Lea, Flood 2014).
fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_have_the_faults_of_their_number() {
        let plan = Plan::of_sessions([vec![Fault::Refuse], vec![]]);
        assert_eq!(plan.faults(0), [Fault::Refuse]);
        assert_eq!(plan.faults(1), []);
        assert_eq!(plan.faults(2), []);
        assert_eq!(Plan::always(Fault::Hang).faults(99), [Fault::Hang]);
    }

    #[test]
    fn the_same_seed_draws_the_same_faults() {
        let odds = Odds {
            seed: 7,
            share: PerMille(250),
            faults: vec![Fault::Refuse, Fault::Hang, Fault::Unknown],
        };
        let plan = Plan { odds: Some(odds), ..Plan::default() };
        let drawn: Vec<Vec<Fault>> = (0..1_000).map(|number| plan.faults(number)).collect();
        let again: Vec<Vec<Fault>> = (0..1_000).map(|number| plan.faults(number)).collect();
        assert_eq!(drawn, again);
        let faulty = drawn.iter().filter(|faults| !faults.is_empty()).count();
        assert!((200..300).contains(&faulty), "{faulty}");
    }
}

//! Deepgram: Nova, and Flux, which follows turns.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::AUTHORIZATION;
use types::{AudioFormat, Encoding, Millis, SampleRate, Secret, VendorName};
use vendor::{
    Finalization, Recognizer, RecognizerCapabilities, RecognizerEvent, RecognizerRequest,
    RecognizerSession, Sink, TurnOpinion, VendorError,
};
use wire::deepgram::{AudioEncoding, Word, flux, keyterms, nova};

use crate::keys::Account;
use crate::net::Net;
use crate::refusal::{by_code, code_in};
use crate::socket::{KeepAlive, SocketOrder};

use super::dialect::{AnswersSilence, Asks, Certainty, Dialect, Greets, Manners, Said, Words};
use super::session::Session;

/// The vendor hangs up after 10 s without audio and without this (providers.md §1.4).
const KEEP_ALIVE_EVERY: Millis = Millis::from_secs(4);

/// No cap is published; the vendor's other sockets end after an hour (providers.md §1.4).
const SESSION_MAX: Millis = Millis::from_secs(55 * 60);

/// How Nova is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NovaSettings {
    /// `nova-3`, `nova-3-medical`, …
    pub model: String,
    /// Silence after which the vendor declares words final. Its own default, 10 ms, cuts sentences to
    /// pieces; 300 to 500 ms are for conversations (providers.md §2.1).
    pub endpointing: Millis,
    /// Readings asked for; not all models know more than one.
    pub readings: u32,
    /// Label for the vendor's usage reports.
    pub tag: Option<String>,
    /// How long one connection may live before it is replaced while nobody speaks.
    pub session_max: Millis,
}

impl Default for NovaSettings {
    fn default() -> Self {
        Self {
            model: "nova-3".into(),
            endpointing: Millis::new(300),
            readings: 1,
            tag: None,
            session_max: SESSION_MAX,
        }
    }
}

/// How Flux is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FluxSettings {
    /// `flux-general-en`, `flux-general-multi`.
    pub model: String,
    /// How sure the vendor is before it ends a turn, in hundredths, 50 to 100.
    pub end_threshold_percent: u8,
    /// How sure before it tells so early, 30 to 90; never if absent.
    pub early_threshold_percent: Option<u8>,
    /// Silence that ends a turn whatever the words.
    pub end_timeout: Millis,
    /// Label for the vendor's usage reports.
    pub tag: Option<String>,
    /// How long one connection may live before it is replaced while nobody speaks.
    pub session_max: Millis,
}

impl Default for FluxSettings {
    fn default() -> Self {
        Self {
            model: "flux-general-en".into(),
            end_threshold_percent: 70,
            early_threshold_percent: Some(50),
            end_timeout: Millis::from_secs(5),
            tag: None,
            session_max: SESSION_MAX,
        }
    }
}

/// Deepgram's recognizer for streams: `/v1/listen`.
#[derive(Debug)]
pub struct DeepgramNova {
    vendor: VendorName,
    net: Net,
    account: Account,
    settings: NovaSettings,
    capabilities: RecognizerCapabilities,
}

/// Deepgram's recognizer for conversations: `/v2/listen`.
#[derive(Debug)]
pub struct DeepgramFlux {
    vendor: VendorName,
    net: Net,
    account: Account,
    settings: FluxSettings,
    capabilities: RecognizerCapabilities,
}

impl DeepgramNova {
    /// Nova under `account`, called `vendor` in errors and settings.
    pub fn new(vendor: VendorName, net: Net, account: Account, settings: NovaSettings) -> Self {
        let languages = ["en", "en-US", "en-GB", "es", "fr", "de", "pt", "it", "nl", "multi"];
        let capabilities = capabilities(&languages);
        Self { vendor, net, account, settings, capabilities }
    }
}

impl DeepgramFlux {
    /// Flux under `account`, called `vendor` in errors and settings.
    pub fn new(vendor: VendorName, net: Net, account: Account, settings: FluxSettings) -> Self {
        let is_multilingual = settings.model.ends_with("-multi");
        let all = ["en", "en-US", "en-GB", "es", "fr", "de", "pt", "it", "nl"];
        let capabilities = capabilities(if is_multilingual { &all } else { &all[..3] });
        Self { vendor, net, account, settings, capabilities }
    }
}

fn capabilities(languages: &[&str]) -> RecognizerCapabilities {
    let linear = |rate| AudioFormat { encoding: Encoding::L16, rate };
    RecognizerCapabilities {
        formats: vec![
            linear(SampleRate::Hz16000),
            AudioFormat::PCMU_8K,
            linear(SampleRate::Hz8000),
        ],
        finalization: Finalization::Acked,
        utterance_max: None,
        languages: languages.iter().map(|language| (*language).to_owned()).collect(),
    }
}

impl Recognizer for DeepgramNova {
    fn capabilities(&self) -> &RecognizerCapabilities {
        &self.capabilities
    }

    fn open(
        &self,
        request: &RecognizerRequest,
        events: Arc<dyn Sink<RecognizerEvent>>,
    ) -> Result<Box<dyn RecognizerSession>, VendorError> {
        let (encoding, sample_rate) = encoding(self.vendor, request.format)?;
        let query = nova::Query {
            model: self.settings.model.clone(),
            language: request.language.clone(),
            encoding,
            sample_rate,
            endpointing_ms: self.settings.endpointing.get(),
            alternatives: self.settings.readings,
            keyterms: owned(keyterms(&request.vocabulary)),
            tag: self.settings.tag.clone(),
        };
        let mut order = order(self.vendor, &self.account, "v1/listen", &query.pairs());
        order.keep_alive = KeepAlive::Text { every: KEEP_ALIVE_EVERY, text: nova::KEEP_ALIVE };
        let dialect = Box::new(Nova { order, session_max: self.settings.session_max });
        Ok(Box::new(Session::begin(&self.net, request.format, dialect, events)))
    }
}

impl Recognizer for DeepgramFlux {
    fn capabilities(&self) -> &RecognizerCapabilities {
        &self.capabilities
    }

    fn open(
        &self,
        request: &RecognizerRequest,
        events: Arc<dyn Sink<RecognizerEvent>>,
    ) -> Result<Box<dyn RecognizerSession>, VendorError> {
        let (encoding, sample_rate) = encoding(self.vendor, request.format)?;
        let language = request.language.split('-').next().unwrap_or_default();
        let is_multilingual = self.settings.model.ends_with("-multi");
        let query = flux::Query {
            model: self.settings.model.clone(),
            encoding,
            sample_rate,
            eot_threshold_percent: self.settings.end_threshold_percent,
            eager_eot_threshold_percent: self.settings.early_threshold_percent,
            eot_timeout_ms: self.settings.end_timeout.get(),
            keyterms: owned(keyterms(&request.vocabulary)),
            language_hints: if is_multilingual { vec![language.to_owned()] } else { Vec::new() },
            tag: self.settings.tag.clone(),
        };
        let order = order(self.vendor, &self.account, "v2/listen", &query.pairs());
        let session_max = self.settings.session_max;
        let dialect = Box::new(Flux { order, session_max, sequence: None });
        Ok(Box::new(Session::begin(&self.net, request.format, dialect, events)))
    }
}

fn encoding(vendor: VendorName, format: AudioFormat) -> Result<(AudioEncoding, u32), VendorError> {
    let encoding = match format.encoding {
        Encoding::Pcmu => AudioEncoding::Mulaw,
        Encoding::L16 => AudioEncoding::Linear16,
        Encoding::Pcma | Encoding::G722 | Encoding::Opus => {
            let reason = format!("audio as {format} is not offered");
            return Err(VendorError::BadRequest { vendor, reason });
        }
    };
    Ok((encoding, format.rate.hz()))
}

fn owned(terms: Vec<&str>) -> Vec<String> {
    terms.into_iter().map(ToOwned::to_owned).collect()
}

fn order(
    vendor: VendorName,
    account: &Account,
    path: &str,
    pairs: &[(&'static str, String)],
) -> SocketOrder {
    let pairs: Vec<(&str, &str)> =
        pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let order = SocketOrder::new(vendor, account.socket_url(path, &pairs));
    match &account.key {
        Some(key) => {
            order.with_header(AUTHORIZATION, Secret::new(format!("Token {}", key.expose())))
        }
        None => order,
    }
}

/// Nova's side of a session.
struct Nova {
    order: SocketOrder,
    session_max: Millis,
}

impl Dialect for Nova {
    fn order(&self) -> &SocketOrder {
        &self.order
    }

    fn manners(&self) -> Manners {
        Manners {
            chunk: Millis::new(40),
            greets: Greets::No,
            answers_silence: AnswersSilence::Yes,
            asks: Asks::InPauses,
            filling: None,
            session_max: self.session_max,
        }
    }

    fn finalize(&self) -> String {
        nova::Control::Finalize.encode()
    }

    fn farewell(&self) -> String {
        nova::Control::CloseStream.encode()
    }

    fn decode(&mut self, text: &str) -> Result<Option<Said>, VendorError> {
        let vendor = self.order.vendor;
        let message = nova::Message::decode(text)
            .map_err(|error| VendorError::Malformed { vendor, reason: error.to_string() })?;
        match message {
            nova::Message::Results(results) => Ok(Some(Said::Words(nova_words(results)))),
            nova::Message::Error { code } => Err(told(vendor, &code)),
            nova::Message::ConfigureFailed { code } => {
                tracing::warn!(%vendor, code = code_in(&code), "key terms were not exchanged");
                Ok(None)
            }
            nova::Message::SpeechStarted { .. }
            | nova::Message::UtteranceEnd { .. }
            | nova::Message::Metadata { .. }
            | nova::Message::Configured
            | nova::Message::Unknown { .. } => Ok(None),
        }
    }
}

fn nova_words(results: nova::Results) -> Words {
    let certainty = match results.state {
        nova::State::Interim => Certainty::Guess,
        nova::State::Final | nova::State::SpeechFinal => Certainty::Final,
    };
    let (from, to) = (results.start, results.start + results.duration);
    let mut alternatives = results.alternatives.into_iter();
    let best = alternatives.next();
    let (text, words) = best.map_or_else(Default::default, |best| {
        (best.transcript.into_revealed(), placed(&best.words))
    });
    let others = alternatives.map(|other| other.transcript.into_revealed());
    Words {
        from,
        to,
        covers_from: from,
        certainty,
        answers: results.from_finalize,
        others: others.filter(|other| *other != text).collect(),
        text,
        words,
        opinion: None,
    }
}

/// Flux's side of a session.
struct Flux {
    order: SocketOrder,
    session_max: Millis,
    /// The newest message's place: what comes late is old.
    sequence: Option<u64>,
}

impl Dialect for Flux {
    fn order(&self) -> &SocketOrder {
        &self.order
    }

    fn manners(&self) -> Manners {
        Manners {
            // The vendor recommends messages of 80 ms (providers.md §1.4).
            chunk: Millis::new(80),
            greets: Greets::Yes,
            answers_silence: AnswersSilence::No,
            asks: Asks::AtTheEnd,
            filling: Some(Millis::new(80)),
            session_max: self.session_max,
        }
    }

    fn finalize(&self) -> String {
        flux::Control::ForceEndTurn.encode()
    }

    fn farewell(&self) -> String {
        flux::Control::CloseStream.encode()
    }

    fn decode(&mut self, text: &str) -> Result<Option<Said>, VendorError> {
        let vendor = self.order.vendor;
        let message = flux::Message::decode(text)
            .map_err(|error| VendorError::Malformed { vendor, reason: error.to_string() })?;
        match message {
            flux::Message::Connected => {
                self.sequence = None;
                Ok(Some(Said::Ready))
            }
            flux::Message::Turn(turn) => {
                // The end of a turn counts whenever it comes; what is older than what is known does not.
                let is_old = turn.sequence < self.sequence && turn.event != flux::TurnEvent::Ended;
                self.sequence = self.sequence.max(turn.sequence);
                Ok((!is_old).then(|| Said::Words(flux_words(turn))))
            }
            flux::Message::Error { code } => Err(told(vendor, &code)),
            flux::Message::Warning { code } => {
                tracing::debug!(%vendor, code = code_in(&code), "recognizer warns");
                Ok(None)
            }
            flux::Message::ConfigureFailed { code } => {
                tracing::warn!(%vendor, code = code_in(&code), "key terms were not exchanged");
                Ok(None)
            }
            flux::Message::Configured | flux::Message::Unknown { .. } => Ok(None),
        }
    }
}

fn flux_words(turn: flux::Turn) -> Words {
    let (certainty, opinion) = match turn.event {
        flux::TurnEvent::Started | flux::TurnEvent::Updated | flux::TurnEvent::Unknown => {
            (Certainty::Guess, None)
        }
        flux::TurnEvent::EndsEarly => (Certainty::Stable, Some(TurnOpinion::EndsEarly)),
        flux::TurnEvent::Resumed => (Certainty::Guess, Some(TurnOpinion::Resumed)),
        flux::TurnEvent::Ended => (Certainty::Final, Some(TurnOpinion::Ended)),
    };
    Words {
        from: turn.window.0,
        to: turn.window.1,
        // Turns come one after the other, with silence between them.
        covers_from: Duration::ZERO,
        certainty,
        answers: turn.trigger.as_deref() == Some("manual"),
        words: placed(&turn.words),
        text: turn.transcript.into_revealed(),
        others: Vec::new(),
        opinion,
    }
}

/// The words with their times, if every one has its own.
fn placed(words: &[Word]) -> Vec<(String, Duration, Duration)> {
    let all = words.iter().map(|word| {
        let (start, end) = word.span?;
        Some((word.text.reveal().clone(), start, end))
    });
    all.collect::<Option<Vec<_>>>().unwrap_or_default()
}

/// An error that a vendor tells within a session.
fn told(vendor: VendorName, code: &str) -> VendorError {
    let Some(code) = code_in(code) else { return VendorError::Transport { vendor } };
    by_code(vendor, code, None).unwrap_or(VendorError::Transport { vendor })
}

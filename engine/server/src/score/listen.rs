//! A recording, heard as a live call would hear it.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use caller::AudioError;
use codecs::framing::Framer;
use codecs::g711;
use codecs::resample::Resampler;
use speech::{Audibility, DetectorSettings, Edge, SpeechDetector, Vad};
use thiserror::Error;
use types::{AudioFormat, Encoding, Facts, Millis, PTIME, SampleRate, UtteranceId};
use vendor::{
    AudioChunk, Offered, Recognizer, RecognizerEvent, RecognizerRequest, RecognizerSession, Sink,
    VendorError,
};

use crate::vocabulary::vocabulary;

/// Events of one recording: a partial every 300 ms of 9 s, a stable and a final.
const EVENTS_MAX: usize = 256;

/// How long a final may take: far longer than any recording that is taken.
const FINAL_WAIT: Duration = Duration::from_secs(120);

/// Silence before and after each recording: a detector that begins in the middle of a word is no
/// live call, and the end of a turn is found by silence.
const SILENCE: Millis = Millis::new(600);

/// The language recordings are in.
const LINEAR: AudioFormat = AudioFormat { encoding: Encoding::L16, rate: SampleRate::Hz8000 };
const LANGUAGE: &str = "en-US";

/// Why a recording could not be heard.
#[derive(Debug, Error)]
pub enum ListenError {
    /// The file cannot be used.
    #[error(transparent)]
    Audio(#[from] AudioError),
    /// The recognizer gave up.
    #[error(transparent)]
    Vendor(#[from] VendorError),
    /// The recognizer did not answer.
    #[error("the recognizer gave no final words within {} s", FINAL_WAIT.as_secs())]
    Silent,
}

/// The words in the recording at `path`, said to a business with `facts`; `None` if the detector
/// found no speech in it.
///
/// From any format through µ-law at 8 kHz, detector and recognizer, as one turn: what is said after
/// a pause belongs to the same utterance.
///
/// # Errors
/// [`ListenError`].
pub fn listen(
    path: &Path,
    vad: &Vad,
    recognizer: &dyn Recognizer,
    facts: &Facts,
) -> Result<Option<String>, ListenError> {
    let recording = caller::audio::load(path, SampleRate::Hz8000)?;
    let request = RecognizerRequest {
        format: recognizer.capabilities().format_for(LINEAR),
        language: LANGUAGE.into(),
        vocabulary: vocabulary(facts),
    };
    hear(&through_telephone(&recording), vad, recognizer, &request)
}

/// `samples` at 8 kHz as they come out of a µ-law line.
fn through_telephone(samples: &[i16]) -> Vec<i16> {
    let (mut codes, mut heard) = (Vec::new(), Vec::new());
    g711::encode_ulaw(samples, &mut codes);
    g711::decode_ulaw(&codes, &mut heard);
    heard
}

fn hear(
    samples: &[i16],
    vad: &Vad,
    recognizer: &dyn Recognizer,
    request: &RecognizerRequest,
) -> Result<Option<String>, ListenError> {
    let (sender, events) = sync_channel(EVENTS_MAX);
    let session = recognizer.open(request, Arc::new(Events(sender)))?;
    let mut turn = Turn { session, utterance: UtteranceId::FIRST, begun: Begun::No };
    let mut detector = SpeechDetector::new(vad, DetectorSettings::STANDARD);
    let mut resampler = Resampler::new(SampleRate::Hz8000, request.format.rate);
    let mut framer = Framer::new(SampleRate::Hz8000, PTIME);
    let silence = vec![0; SampleRate::Hz8000.samples_in(SILENCE)];
    let mut wide = Vec::new();
    for part in [&silence[..], samples, &silence[..]] {
        framer.push(part);
        while let Some(frame) = framer.pop() {
            wide.clear();
            resampler.process(frame, &mut wide);
            turn.session.push_audio(AudioChunk::Linear(&wide));
            if let Some(edge) = detector.frame(frame, Audibility::AgentSilent) {
                turn.on_edge(edge);
            }
        }
    }
    match turn.begun {
        Begun::No => Ok(None),
        Begun::Yes => {
            turn.session.finalize(turn.utterance);
            final_words(&events, turn.utterance).map(Some)
        }
    }
}

fn final_words(
    events: &Receiver<RecognizerEvent>,
    wanted: UtteranceId,
) -> Result<String, ListenError> {
    loop {
        match events.recv_timeout(FINAL_WAIT) {
            Ok(RecognizerEvent::Final { utterance, text, .. }) if utterance == wanted => {
                return Ok(text.into_revealed());
            }
            Ok(RecognizerEvent::Failed { error }) => return Err(error.into()),
            Ok(
                RecognizerEvent::Final { .. }
                | RecognizerEvent::Partial { .. }
                | RecognizerEvent::Stable { .. }
                | RecognizerEvent::Turn { .. }
                | RecognizerEvent::Recovering { .. },
            ) => (),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                return Err(ListenError::Silent);
            }
        }
    }
}

/// The recording as one turn of a caller.
struct Turn {
    session: Box<dyn RecognizerSession>,
    utterance: UtteranceId,
    begun: Begun,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begun {
    No,
    Yes,
}

impl Turn {
    fn on_edge(&mut self, edge: Edge) {
        let utterance = self.utterance;
        match (edge, self.begun) {
            (Edge::Started { ago }, Begun::No) => {
                self.begun = Begun::Yes;
                self.session.begin(utterance, ago);
            }
            (Edge::Started { .. } | Edge::Resumed, _) => self.session.resume(utterance),
            (Edge::Paused { .. }, _) => self.session.pause(utterance),
            (Edge::Ended { .. }, _) => (),
        }
    }
}

/// Carries events to the thread that listens. Words so far may be shed, they are not looked at.
struct Events(SyncSender<RecognizerEvent>);

impl Sink<RecognizerEvent> for Events {
    fn offer(&self, event: RecognizerEvent) -> Offered {
        if matches!(event, RecognizerEvent::Partial { .. }) {
            return Offered::Shed;
        }
        match self.0.try_send(event) {
            Ok(()) => Offered::Accepted,
            Err(TrySendError::Full(_)) => Offered::Shed,
            Err(TrySendError::Disconnected(_)) => Offered::Closed,
        }
    }
}

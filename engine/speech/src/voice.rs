//! The local voice: hibari behind the vendors' trait.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use types::{GenerationId, Millis, Pii, SampleRate, SegmentId, VendorName};
use vendor::{
    Alignment, Offered, Sink, VendorError, Voice, VoiceCapabilities, VoiceEvent, VoiceRequest,
    VoiceSession, WordTime,
};

use crate::hibari::{Speech, Synthesizer, VOICE_RATE};
use crate::models::{ModelDir, ModelError};
use crate::pool::{Job, JobClass, JobFailure, WorkerPool};
use crate::recognizer::{is_english, local};
use crate::session::InferenceError;
use crate::verbalize::Spoken;

/// Segments of one call that may wait to be spoken: a reply has a dozen at most.
pub const SEGMENTS_MAX: usize = 64;

/// Speaks on this machine.
///
/// A segment is spoken clause by clause, one job each, so that a long reply of one call does not
/// hold up another.
pub struct LocalVoice {
    synthesizer: Synthesizer,
    pool: Arc<WorkerPool>,
    vendor: VendorName,
    capabilities: VoiceCapabilities,
}

impl LocalVoice {
    /// Loads the voice. Speaking happens on `pool`.
    ///
    /// # Errors
    /// [`ModelError`] if a file cannot be used.
    pub fn load(models: &ModelDir, pool: Arc<WorkerPool>) -> Result<Self, ModelError> {
        Ok(Self::new(Synthesizer::load(models)?, pool))
    }

    /// A voice that speaks with `synthesizer` on `pool`.
    pub fn new(synthesizer: Synthesizer, pool: Arc<WorkerPool>) -> Self {
        let capabilities = VoiceCapabilities {
            rate: VOICE_RATE,
            alignment: Alignment::Words,
            languages: vec!["en".into(), "en-US".into()],
        };
        Self { synthesizer, pool, vendor: local(), capabilities }
    }

    /// Speaks all of `text` at `rate`, on the calling thread: for what is said at every call.
    ///
    /// # Errors
    /// [`VendorError::Internal`] if the model fails.
    pub fn synthesize(&self, text: &str, rate: SampleRate) -> Result<Vec<i16>, VendorError> {
        self.synthesize_timed(text, rate).map(|speech| speech.samples)
    }

    /// As [`LocalVoice::synthesize`], with the time of each word.
    ///
    /// # Errors
    /// [`VendorError::Internal`] if the model fails.
    pub fn synthesize_timed(&self, text: &str, rate: SampleRate) -> Result<Speech, VendorError> {
        let whole = || {
            let mut whole = Speech::default();
            for clause in self.synthesizer.clauses(text) {
                let speech = self.synthesizer.speak(&clause, rate)?;
                append(&mut whole, speech, rate);
            }
            Ok(whole)
        };
        let vendor = self.vendor;
        match catch_unwind(AssertUnwindSafe(whole)) {
            Ok(Ok(speech)) => Ok(speech),
            Ok(Err(error)) => Err(internal(vendor, &error)),
            Err(_) => Err(panicked(vendor)),
        }
    }
}

fn append(whole: &mut Speech, speech: Speech, rate: SampleRate) {
    let before = rate.span_of(whole.samples.len() as u64);
    whole.words.extend(speech.words.into_iter().map(|word| later(word, before)));
    whole.samples.extend(speech.samples);
}

fn later(word: WordTime, by: Millis) -> WordTime {
    WordTime { end: word.end + by, ..word }
}

fn internal(vendor: VendorName, error: &InferenceError) -> VendorError {
    VendorError::Internal { vendor, reason: error.to_string() }
}

fn panicked(vendor: VendorName) -> VendorError {
    VendorError::Internal { vendor, reason: "the voice panicked".into() }
}

impl Voice for LocalVoice {
    fn capabilities(&self) -> &VoiceCapabilities {
        &self.capabilities
    }

    fn open(
        &self,
        request: &VoiceRequest,
        events: Arc<dyn Sink<VoiceEvent>>,
    ) -> Result<Box<dyn VoiceSession>, VendorError> {
        if !is_english(&request.language) {
            let reason = "the local voice speaks English only".into();
            return Err(VendorError::BadRequest { vendor: self.vendor, reason });
        }
        let state = State { waiting: VecDeque::new(), speaking: None, closed: false };
        Ok(Box::new(LocalSession(Arc::new(Speaker {
            synthesizer: self.synthesizer.clone(),
            pool: Arc::clone(&self.pool),
            vendor: self.vendor,
            rate: request.rate,
            events,
            state: Mutex::new(state),
        }))))
    }
}

/// One call's speaking. Dropping it stops all of it.
struct LocalSession(Arc<Speaker>);

struct Speaker {
    synthesizer: Synthesizer,
    pool: Arc<WorkerPool>,
    vendor: VendorName,
    rate: SampleRate,
    events: Arc<dyn Sink<VoiceEvent>>,
    /// Events are offered under this lock: who holds it decides what is still wanted.
    state: Mutex<State>,
}

struct State {
    waiting: VecDeque<Segment>,
    speaking: Option<Speaking>,
    closed: bool,
}

struct Segment {
    generation: GenerationId,
    segment: SegmentId,
    text: Pii<String>,
}

/// The segment a worker is at. There is at most one per call, which keeps segments in order.
struct Speaking {
    segment: Segment,
    /// What is left to be said; `None` until the text has been looked at.
    clauses: Option<VecDeque<Vec<Spoken>>>,
    delivered: u64,
    words: Vec<WordTime>,
    cancelled: bool,
}

impl VoiceSession for LocalSession {
    fn speak(&mut self, generation: GenerationId, segment: SegmentId, text: &Pii<String>) {
        let speaker = &self.0;
        let mut state = speaker.lock();
        if state.closed {
            return;
        }
        if SEGMENTS_MAX <= state.waiting.len() {
            let error = VendorError::Overloaded { vendor: speaker.vendor, retry_after: None };
            speaker.offer(&mut state, VoiceEvent::Failed { generation, segment, error });
            return;
        }
        state.waiting.push_back(Segment { generation, segment, text: text.clone() });
        let is_idle = state.speaking.is_none();
        if is_idle {
            state.start_next();
        }
        drop(state);
        if is_idle {
            submit(speaker);
        }
    }

    fn cancel(&mut self, generation: GenerationId, _heard: Millis) {
        let mut state = self.0.lock();
        state.waiting.retain(|segment| segment.generation != generation);
        if let Some(speaking) = &mut state.speaking
            && speaking.segment.generation == generation
        {
            speaking.cancelled = true;
        }
    }
}

impl Drop for LocalSession {
    fn drop(&mut self) {
        self.0.lock().close();
    }
}

impl State {
    /// Takes up the next segment; returns whether there is one.
    fn start_next(&mut self) -> bool {
        self.speaking = self.waiting.pop_front().map(|segment| Speaking {
            segment,
            clauses: None,
            delivered: 0,
            words: Vec::new(),
            cancelled: false,
        });
        self.speaking.is_some()
    }

    fn close(&mut self) {
        self.closed = true;
        self.waiting.clear();
        if let Some(speaking) = &mut self.speaking {
            speaking.cancelled = true;
        }
    }
}

impl Speaker {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A sink that panics has lost its event; the state stays consistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn offer(&self, state: &mut State, event: VoiceEvent) -> Offered {
        let offered = self.events.offer(event);
        if offered == Offered::Closed {
            state.close();
        }
        offered
    }

    /// The next clause to be said, or `None` if the segment is not wanted any more or has no more.
    fn next_clause(&self) -> Option<Vec<Spoken>> {
        let mut state = self.lock();
        let speaking = state.speaking.as_mut().filter(|speaking| !speaking.cancelled)?;
        if let Some(clauses) = &mut speaking.clauses {
            return clauses.pop_front();
        }
        // Not under the lock: the session must never wait for this.
        let text = speaking.segment.text.clone();
        drop(state);
        let mut clauses = VecDeque::from(self.synthesizer.clauses(text.reveal()));
        let first = clauses.pop_front();
        let mut state = self.lock();
        state.speaking.as_mut()?.clauses = Some(clauses);
        first
    }

    /// Delivers what was made of a clause, unless nobody wants it any more.
    fn deliver(&self, speech: Speech) {
        let mut state = self.lock();
        let Some(speaking) = state.speaking.as_mut().filter(|speaking| !speaking.cancelled) else {
            return;
        };
        let before = self.rate.span_of(speaking.delivered);
        speaking.delivered += speech.samples.len() as u64;
        speaking.words.extend(speech.words.into_iter().map(|word| later(word, before)));
        let (generation, segment) = (speaking.segment.generation, speaking.segment.segment);
        if speech.samples.is_empty() {
            return;
        }
        let samples = speech.samples.into();
        match self.offer(&mut state, VoiceEvent::Audio { generation, segment, samples }) {
            Offered::Accepted | Offered::Closed => (),
            // A hole in the middle of a sentence is worse than its end missing.
            Offered::Shed => self.fail(
                &mut state,
                VendorError::Overloaded { vendor: self.vendor, retry_after: None },
            ),
        }
    }

    /// Gives the segment at hand up.
    fn fail(&self, state: &mut State, error: VendorError) {
        if let Some(speaking) = state.speaking.as_mut().filter(|speaking| !speaking.cancelled) {
            speaking.cancelled = true;
            let (generation, segment) = (speaking.segment.generation, speaking.segment.segment);
            self.offer(state, VoiceEvent::Failed { generation, segment, error });
        }
    }

    /// Ends the segment at hand if nothing is left of it. Returns whether there is more to do.
    fn advance(&self) -> bool {
        let mut state = self.lock();
        if let Some(speaking) = &mut state.speaking {
            let has_more = speaking.clauses.as_ref().is_none_or(|clauses| !clauses.is_empty());
            if has_more && !speaking.cancelled {
                return true;
            }
            if !speaking.cancelled {
                let (generation, segment) = (speaking.segment.generation, speaking.segment.segment);
                let words = std::mem::take(&mut speaking.words);
                self.offer(&mut state, VoiceEvent::SegmentDone { generation, segment, words });
            }
        }
        state.start_next()
    }
}

/// Queues the next clause of a call's speech.
fn submit(speaker: &Arc<Speaker>) {
    speaker.pool.submit(JobClass::Voice, Box::new(Speak(Arc::clone(speaker))));
}

/// One clause on its way through the pool.
struct Speak(Arc<Speaker>);

impl Job for Speak {
    fn run(&mut self) {
        let speaker = &self.0;
        if let Some(clause) = speaker.next_clause() {
            match speaker.synthesizer.speak(&clause, speaker.rate) {
                Ok(speech) => speaker.deliver(speech),
                Err(error) => {
                    speaker.fail(&mut speaker.lock(), internal(speaker.vendor, &error));
                }
            }
        }
        if speaker.advance() {
            submit(speaker);
        }
    }

    fn fail(&mut self, failure: JobFailure) {
        let speaker = &self.0;
        let error = match failure {
            JobFailure::Shed => {
                VendorError::Overloaded { vendor: speaker.vendor, retry_after: None }
            }
            JobFailure::Panicked => panicked(speaker.vendor),
        };
        speaker.fail(&mut speaker.lock(), error);
        if speaker.advance() {
            submit(speaker);
        }
    }
}

//! The local recognizer: the models' ears behind the vendors' trait.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use types::{AudioFormat, Encoding, Millis, UtteranceId, VendorName};
use vendor::{
    AudioChunk, Finalization, Recognizer, RecognizerCapabilities, RecognizerEvent,
    RecognizerRequest, RecognizerSession, Sink, VendorError,
};

use crate::hearing::{Ears, Expected, Finals, RATE};
use crate::models::{ModelDir, ModelError};
use crate::moonshine::PIECE_MAX;
use crate::pool::{Job, JobClass, JobFailure, WorkerPool};
use crate::transcript::{Heard, Transcript};
use crate::trim::quietest;
use crate::utterance::{Board, Need, PieceId, Purpose, Seconds};

/// Turns speech into text on this machine.
///
/// Partials come every 300 ms of speech, less often the longer it gets; in a pause the words so far
/// are decoded on speculation, so that `finalize` can answer at once.
pub struct LocalRecognizer {
    ears: Ears,
    pool: Arc<WorkerPool>,
    vendor: VendorName,
    capabilities: RecognizerCapabilities,
    seconds: Seconds,
}

impl LocalRecognizer {
    /// Loads the models that `finals` needs. Decoding happens on `pool`.
    ///
    /// # Errors
    /// [`ModelError`] if a file cannot be used.
    pub fn load(
        models: &ModelDir,
        finals: Finals,
        pool: Arc<WorkerPool>,
    ) -> Result<Self, ModelError> {
        Ok(Self::new(Ears::load(models, finals)?, pool))
    }

    /// A recognizer that decodes with `ears` on `pool`.
    pub fn new(ears: Ears, pool: Arc<WorkerPool>) -> Self {
        let capabilities = RecognizerCapabilities {
            formats: vec![AudioFormat { encoding: Encoding::L16, rate: RATE }],
            finalization: Finalization::Acked,
            utterance_max: Some(PIECE_MAX),
            languages: vec!["en".into(), "en-US".into(), "en-GB".into()],
        };
        let seconds = if ears.has_second() { Seconds::InTime } else { Seconds::Never };
        Self { ears, pool, vendor: local(), capabilities, seconds }
    }

    /// One that always waits for the second reading of a turn, however late it makes the last words:
    /// for recordings, where nobody waits and what is heard must not depend on the machine.
    #[must_use]
    pub fn patient(mut self) -> Self {
        if self.seconds == Seconds::InTime {
            self.seconds = Seconds::Always;
        }
        self
    }
}

/// The name of the local models among the vendors.
pub(crate) fn local() -> VendorName {
    "local".parse().expect("the name is a slug")
}

/// Whether `language` is some English.
pub(crate) fn is_english(language: &str) -> bool {
    let primary = language.split('-').next().unwrap_or_default();
    primary.eq_ignore_ascii_case("en")
}

impl Recognizer for LocalRecognizer {
    fn capabilities(&self) -> &RecognizerCapabilities {
        &self.capabilities
    }

    fn open(
        &self,
        request: &RecognizerRequest,
        events: Arc<dyn Sink<RecognizerEvent>>,
    ) -> Result<Box<dyn RecognizerSession>, VendorError> {
        if !is_english(&request.language) {
            let reason = "the local recognizer knows English only".into();
            return Err(VendorError::BadRequest { vendor: self.vendor, reason });
        }
        Ok(Box::new(LocalSession {
            ears: self.ears.clone(),
            expected: Arc::new(Expected::new(&request.vocabulary)),
            pool: Arc::clone(&self.pool),
            board: Arc::new(Mutex::new(Board::new(events, self.vendor, self.seconds))),
            seconds: self.seconds,
            prefix: VecDeque::with_capacity(PREFIX_SAMPLES),
            active: None,
        }))
    }
}

/// One call's speech. Audio is kept here, without a lock; what is known of it is on the board.
struct LocalSession {
    ears: Ears,
    expected: Arc<Expected>,
    pool: Arc<WorkerPool>,
    board: Arc<Mutex<Board>>,
    seconds: Seconds,
    /// The newest audio.
    prefix: VecDeque<i16>,
    active: Option<Active>,
}

/// The utterance that audio goes to.
struct Active {
    id: UtteranceId,
    /// The growing piece.
    piece: Vec<i16>,
    /// Samples of the pieces cut off before.
    cut: u64,
    /// Length of the piece at which the next partial is due.
    partial_due: usize,
    /// Length of the piece when the caller paused.
    paused: Option<usize>,
}

impl RecognizerSession for LocalSession {
    fn push_audio(&mut self, audio: AudioChunk<'_>) {
        let samples = match audio {
            AudioChunk::Linear(samples) => samples,
            AudioChunk::Mulaw(_) => {
                debug_assert!(false, "a format that is not offered");
                return;
            }
        };
        let kept = &samples[samples.len().saturating_sub(PREFIX_SAMPLES)..];
        let excess = (self.prefix.len() + kept.len()).saturating_sub(PREFIX_SAMPLES);
        self.prefix.drain(..excess);
        self.prefix.extend(kept);
        if let Some(active) = &mut self.active {
            active.piece.extend_from_slice(samples);
            self.cut_if_long();
            self.partial_if_due();
        }
    }

    fn begin(&mut self, utterance: UtteranceId, ago: Millis) {
        self.close_active();
        let wanted = RATE.samples_in(ago + LEAD).min(self.prefix.len());
        let mut piece = Vec::with_capacity(RATE.samples_in(PIECE_MAX));
        piece.extend(self.prefix.range(self.prefix.len() - wanted..));
        lock(&self.board).begin(utterance);
        let partial_due = piece.len().max(RATE.samples_in(PARTIAL_FIRST));
        self.active = Some(Active { id: utterance, piece, cut: 0, partial_due, paused: None });
    }

    fn pause(&mut self, utterance: UtteranceId) {
        let Some(active) = self.active.as_mut().filter(|active| active.id == utterance) else {
            return;
        };
        active.paused = Some(active.piece.len());
        let Some(piece) = lock(&self.board).pause(utterance) else { return };
        let samples: Arc<[i16]> = active.piece.as_slice().into();
        self.submit_both(piece, Purpose::Speculation, samples);
    }

    fn resume(&mut self, utterance: UtteranceId) {
        if let Some(active) = self.active.as_mut().filter(|active| active.id == utterance) {
            active.paused = None;
            active.partial_due = active.piece.len() + partial_interval(active.piece.len());
            lock(&self.board).resume(utterance);
        }
    }

    fn finalize(&mut self, utterance: UtteranceId) {
        let active = self.active.take_if(|active| active.id == utterance);
        let audio = active.as_ref().map_or(Millis::ZERO, Active::span);
        let need = lock(&self.board).finalize(utterance, audio);
        if let Some(active) = active {
            self.decode_last(need, active);
        }
    }

    fn discard(&mut self, utterance: UtteranceId) {
        self.active.take_if(|active| active.id == utterance);
        lock(&self.board).discard(utterance);
    }
}

impl LocalSession {
    /// Ends the utterance at hand because another one begins; `finalize` may still come for it.
    fn close_active(&mut self) {
        if let Some(active) = self.active.take() {
            let need = lock(&self.board).close(active.id);
            self.decode_last(need, active);
        }
    }

    fn decode_last(&self, need: Need, active: Active) {
        // What came after the pause is silence.
        let samples = || active.piece[..active.paused.unwrap_or(active.piece.len())].into();
        match need {
            Need::Nothing => (),
            Need::Decode(piece) => self.submit_both(piece, Purpose::Final, samples()),
            // The caller waits for it now. The same one still waiting will find it done.
            Need::Second(piece) => self.submit(piece, Purpose::Second, JobClass::Final, samples()),
        }
    }

    fn submit_both(&self, piece: PieceId, purpose: Purpose, samples: Arc<[i16]>) {
        let class = match purpose {
            Purpose::Final => JobClass::Final,
            Purpose::Partial | Purpose::Speculation | Purpose::Second => JobClass::Speculation,
        };
        self.submit(piece, purpose, class, Arc::clone(&samples));
        if self.seconds != Seconds::Never {
            self.submit(piece, Purpose::Second, JobClass::Second, samples);
        }
    }

    fn cut_if_long(&mut self) {
        let Some(active) = &mut self.active else { return };
        if active.piece.len() < RATE.samples_in(PIECE_MAX) || active.paused.is_some() {
            return;
        }
        let mut board = lock(&self.board);
        if PIECES_MAX <= board.pieces(active.id) {
            // Minutes without a pause: not a caller. Nothing more is kept of it.
            active.piece.truncate(RATE.samples_in(PIECE_MAX));
            return;
        }
        let Some(piece) = board.cut(active.id) else { return };
        drop(board);
        let at = quietest(&active.piece, RATE, RATE.samples_in(CUT_FROM)..active.piece.len());
        let samples: Arc<[i16]> = active.piece[..at].into();
        active.piece.drain(..at);
        active.cut += at as u64;
        active.partial_due = active.piece.len() + partial_interval(active.piece.len());
        self.submit_both(piece, Purpose::Final, samples);
    }

    fn partial_if_due(&mut self) {
        let Some(active) = &mut self.active else { return };
        if active.piece.len() < active.partial_due || active.paused.is_some() {
            return;
        }
        active.partial_due = active.piece.len() + partial_interval(active.piece.len());
        let Some(piece) = lock(&self.board).want_partial(active.id) else { return };
        let samples = active.piece.as_slice().into();
        self.submit(piece, Purpose::Partial, JobClass::Partial, samples);
    }

    fn submit(&self, piece: PieceId, purpose: Purpose, class: JobClass, samples: Arc<[i16]>) {
        let job = Decode {
            ears: self.ears.clone(),
            expected: Arc::clone(&self.expected),
            board: Arc::clone(&self.board),
            pool: Arc::clone(&self.pool),
            piece,
            purpose,
            samples,
        };
        self.pool.submit(class, Box::new(job));
    }
}

impl Active {
    fn span(&self) -> Millis {
        RATE.span_of(self.cut + self.piece.len() as u64)
    }
}

/// One decode on its way through the pool.
struct Decode {
    ears: Ears,
    expected: Arc<Expected>,
    board: Arc<Mutex<Board>>,
    pool: Arc<WorkerPool>,
    piece: PieceId,
    purpose: Purpose,
    samples: Arc<[i16]>,
}

impl Decode {
    fn decode(&mut self) {
        if !lock(&self.board).start(self.piece, self.purpose) {
            return;
        }
        // Not under the lock: the session must never wait for a decode.
        let heard = |transcript: Transcript| Heard::only(transcript.text);
        let heard = match self.purpose {
            // Shown and gone: the likeliest words will do.
            Purpose::Partial => self.ears.partial(&self.samples).map(Heard::only),
            Purpose::Speculation | Purpose::Final => {
                let pace = self.pool.pace();
                self.ears.words(&self.samples, &self.expected, pace).map(heard)
            }
            Purpose::Second if self.pool.is_pressed() => {
                return lock(&self.board).without_second(self.piece);
            }
            Purpose::Second => self.ears.words_otherwise(&self.samples, &self.expected).map(heard),
        };
        let mut board = lock(&self.board);
        match heard {
            Ok(heard) => board.decoded(self.piece, self.purpose, heard),
            Err(error) => {
                let reason = error.to_string();
                let error = VendorError::Internal { vendor: board.vendor(), reason };
                board.failed(self.piece, self.purpose, error);
            }
        }
    }
}

impl Job for Decode {
    fn run(&mut self) {
        self.decode();
        // The caller waits, and nobody is at it: this worker goes on.
        if self.purpose != Purpose::Second && lock(&self.board).is_second_due(self.piece) {
            self.purpose = Purpose::Second;
            self.decode();
        }
    }

    fn fail(&mut self, failure: JobFailure) {
        let mut board = lock(&self.board);
        let vendor = board.vendor();
        let error = match failure {
            JobFailure::Shed => VendorError::Overloaded { vendor, retry_after: None },
            JobFailure::Panicked => {
                VendorError::Internal { vendor, reason: "a decode panicked".into() }
            }
        };
        board.failed(self.piece, self.purpose, error);
    }
}

fn lock(board: &Mutex<Board>) -> MutexGuard<'_, Board> {
    // A sink that panics has lost its event; the board stays consistent.
    board.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How much longer a piece of `len` samples grows until the next partial. A decode costs up to
/// 0.03 of its audio's length: at this pace a call takes no more than a third of a core.
fn partial_interval(len: usize) -> usize {
    RATE.samples_in(PARTIAL_INTERVAL).max(len / 8)
}

/// How much is kept from before the detector's onset: it is late at soft sounds, and at "do you" in
/// noise. Measured on the tuned noisy questions, words in error: 15.0 % with 250 ms, 11.8 % with
/// 500 ms (and a more patient detector).
const LEAD: Millis = Millis::new(500);

/// The prefix kept at all times: the lead, and the longest `ago` of an onset with room to spare.
const PREFIX_SAMPLES: usize = RATE.samples_in(Millis::new(1_500));

/// How often the words so far are decoded.
const PARTIAL_INTERVAL: Millis = Millis::new(300);

/// The first partial: with less there is no word yet.
const PARTIAL_FIRST: Millis = Millis::new(600);

/// From where on a piece that has grown too long may be cut.
const CUT_FROM: Millis = Millis::new(5_000);

/// Five to nine seconds each: eight minutes at most.
const PIECES_MAX: usize = 64;

//! What is known of the utterances of one call: which pieces are decoded, what may be told.
//!
//! A [`Board`] sits between a session, which gives out work, and the workers, which bring results
//! in any order. It tells each event as soon as it may be told, and none that may not.
//!
//! An utterance is a row of pieces. All but the last are cut off and will not change; the last
//! grows until the turn ends. During a pause it is decoded on speculation:
//!
//! ```text
//!          pause                 decoded
//! Growing ───────► Speculating ──────────► Stable      resume: back to Growing from either
//!    └───────── finalize ──┴───────────────────┴─────► Awaited, then Decoded
//! ```

use std::sync::Arc;

use types::{Millis, Pii, UtteranceId, VendorName};
use vendor::{Offered, RecognizerEvent, Sink, VendorError};

/// Utterances that may wait for their end at once. A call has one, or two when the caller goes on
/// while the turn before is being decoded.
pub(crate) const UTTERANCES_MAX: usize = 8;

/// Which piece of which utterance a decode is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PieceId {
    pub(crate) utterance: UtteranceId,
    pub(crate) piece: usize,
    /// Counts the pauses of an utterance: what was decoded in an earlier one is void.
    pub(crate) revision: u32,
}

/// Why a decode is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To show the words so far.
    Partial,
    /// To have the words should this be the end.
    Speculation,
    /// To have the words.
    Final,
}

/// What `finalize` needs from the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nothing: the answer is given, or will be.
    Nothing,
    /// This piece must be decoded.
    Decode(PieceId),
}

pub(crate) struct Board {
    sink: Arc<dyn Sink<RecognizerEvent>>,
    vendor: VendorName,
    utterances: Vec<Utterance>,
    failures_in_a_row: u32,
    closed: bool,
}

struct Utterance {
    id: UtteranceId,
    pieces: Vec<Piece>,
    revision: u32,
    /// How much audio it has, once it is to be finished.
    finalizing: Option<Millis>,
    partial_in_flight: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Growing,
    /// `begun` once a worker is at it.
    Speculating {
        begun: bool,
    },
    Stable(String),
    Awaited,
    Decoded(String),
}

impl Board {
    pub(crate) fn new(sink: Arc<dyn Sink<RecognizerEvent>>, vendor: VendorName) -> Self {
        Self { sink, vendor, utterances: Vec::new(), failures_in_a_row: 0, closed: false }
    }

    /// A new utterance. The oldest one gives way if there are too many.
    pub(crate) fn begin(&mut self, id: UtteranceId) -> PieceId {
        self.utterances.retain(|utterance| utterance.id != id);
        if self.utterances.len() == UTTERANCES_MAX {
            let oldest = self.utterances.remove(0);
            if let Some(audio) = oldest.finalizing {
                self.tell_final(oldest.id, oldest.words().unwrap_or_default(), audio);
            }
        }
        self.utterances.push(Utterance {
            id,
            pieces: vec![Piece::Growing],
            revision: 0,
            finalizing: None,
            partial_in_flight: false,
        });
        PieceId { utterance: id, piece: 0, revision: 0 }
    }

    /// Whether the words so far are worth a decode now; if so, one is taken to be under way.
    pub(crate) fn want_partial(&mut self, id: UtteranceId) -> Option<PieceId> {
        let utterance = self.find(id)?;
        if utterance.partial_in_flight || *utterance.last() != Piece::Growing {
            return None;
        }
        utterance.partial_in_flight = true;
        Some(utterance.last_id())
    }

    /// Cuts off the growing piece: it is awaited from now on, and another one grows.
    pub(crate) fn cut(&mut self, id: UtteranceId) -> Option<PieceId> {
        let utterance = self.find(id)?;
        let cut = utterance.last_id();
        *utterance.last() = Piece::Awaited;
        utterance.pieces.push(Piece::Growing);
        Some(cut)
    }

    /// How many pieces an utterance has.
    pub(crate) fn pieces(&mut self, id: UtteranceId) -> usize {
        self.find(id).map_or(0, |utterance| utterance.pieces.len())
    }

    /// The caller pauses: the growing piece is to be decoded on speculation.
    pub(crate) fn pause(&mut self, id: UtteranceId) -> Option<PieceId> {
        let utterance = self.find(id)?;
        if *utterance.last() != Piece::Growing {
            return None;
        }
        utterance.revision += 1;
        *utterance.last() = Piece::Speculating { begun: false };
        Some(utterance.last_id())
    }

    /// The caller goes on: what was decoded in the pause is void.
    pub(crate) fn resume(&mut self, id: UtteranceId) {
        if let Some(utterance) = self.find(id)
            && matches!(utterance.last(), Piece::Speculating { .. } | Piece::Stable(_))
        {
            utterance.revision += 1;
            *utterance.last() = Piece::Growing;
        }
    }

    /// The utterance is over, and its turn may be: no more audio will come for it.
    pub(crate) fn close(&mut self, id: UtteranceId) -> Need {
        let Some(utterance) = self.find(id) else { return Need::Nothing };
        let piece = utterance.last_id();
        match utterance.last() {
            Piece::Growing => {
                *utterance.last() = Piece::Awaited;
                Need::Decode(piece)
            }
            Piece::Speculating { .. } | Piece::Stable(_) => Need::Nothing,
            Piece::Awaited | Piece::Decoded(_) => Need::Nothing,
        }
    }

    /// The turn is over: tells the final words of `audio`, now or when they are there.
    pub(crate) fn finalize(&mut self, id: UtteranceId, audio: Millis) -> Need {
        let Some(utterance) = self.find(id) else {
            self.tell_final(id, String::new(), Millis::ZERO);
            return Need::Nothing;
        };
        if utterance.finalizing.is_some() {
            return Need::Nothing;
        }
        utterance.finalizing = Some(audio);
        let piece = utterance.last_id();
        let need = match utterance.last() {
            Piece::Growing | Piece::Speculating { begun: false } => {
                *utterance.last() = Piece::Awaited;
                Need::Decode(piece)
            }
            // A worker is at it: a second one would only be later.
            Piece::Speculating { begun: true } => {
                *utterance.last() = Piece::Awaited;
                Need::Nothing
            }
            Piece::Stable(words) => {
                *utterance.last() = Piece::Decoded(words.clone());
                Need::Nothing
            }
            Piece::Awaited | Piece::Decoded(_) => Need::Nothing,
        };
        self.finish(id);
        need
    }

    /// Forgets an utterance.
    pub(crate) fn discard(&mut self, id: UtteranceId) {
        self.utterances.retain(|utterance| utterance.id != id);
    }

    /// A worker is about to decode. Says whether it should.
    pub(crate) fn start(&mut self, id: PieceId, purpose: Purpose) -> bool {
        let closed = self.closed;
        let Some(utterance) = self.find(id.utterance) else { return false };
        let Some(piece) = utterance.pieces.get_mut(id.piece) else { return false };
        match (purpose, piece) {
            (Purpose::Partial, Piece::Growing) if !closed => true,
            (Purpose::Partial, _) => {
                utterance.partial_in_flight = false;
                false
            }
            (Purpose::Speculation, Piece::Speculating { begun }) => {
                let is_current = utterance.revision == id.revision;
                *begun |= is_current;
                is_current && !closed
            }
            (Purpose::Speculation, _) => false,
            (Purpose::Final, Piece::Awaited) => true,
            (Purpose::Final, _) => false,
        }
    }

    /// A worker has decoded a piece.
    pub(crate) fn decoded(&mut self, id: PieceId, purpose: Purpose, words: String) {
        self.failures_in_a_row = 0;
        let Some(utterance) = self.find(id.utterance) else { return };
        let Some(piece) = utterance.pieces.get_mut(id.piece) else { return };
        match (purpose, &*piece) {
            (Purpose::Partial, state) => {
                let is_growing = *state == Piece::Growing && utterance.revision == id.revision;
                utterance.partial_in_flight = false;
                if is_growing && let Some(text) = utterance.words_with(&words) {
                    let text = Pii::new(text);
                    self.offer(RecognizerEvent::Partial { utterance: id.utterance, text });
                }
            }
            (Purpose::Speculation, Piece::Speculating { .. })
                if utterance.revision == id.revision =>
            {
                *piece = Piece::Stable(words);
                self.tell_stable(id.utterance);
            }
            // Voided by a resume.
            (Purpose::Speculation, _) if utterance.revision != id.revision => (),
            (Purpose::Speculation | Purpose::Final, Piece::Awaited) => {
                *piece = Piece::Decoded(words);
                self.tell_stable(id.utterance);
                self.finish(id.utterance);
            }
            (Purpose::Speculation | Purpose::Final, _) => (),
        }
    }

    /// A worker could not decode a piece.
    pub(crate) fn failed(&mut self, id: PieceId, purpose: Purpose, error: VendorError) {
        let Some(utterance) = self.find(id.utterance) else { return };
        let Some(piece) = utterance.pieces.get_mut(id.piece) else { return };
        match (purpose, &*piece) {
            (Purpose::Partial, _) => utterance.partial_in_flight = false,
            (Purpose::Speculation, Piece::Speculating { .. })
                if utterance.revision == id.revision =>
            {
                *piece = Piece::Growing;
            }
            (Purpose::Speculation, _) if utterance.revision != id.revision => (),
            (Purpose::Speculation | Purpose::Final, Piece::Awaited) => {
                // Its words are lost; the others are not, and the answer is owed.
                *piece = Piece::Decoded(String::new());
                self.finish(id.utterance);
                self.count_failure(error);
            }
            (Purpose::Speculation | Purpose::Final, _) => (),
        }
    }

    fn count_failure(&mut self, error: VendorError) {
        self.failures_in_a_row += 1;
        if self.failures_in_a_row == FAILURES_MAX {
            self.offer(RecognizerEvent::Failed { error });
        }
    }

    /// Tells the final words if they are owed and there.
    fn finish(&mut self, id: UtteranceId) {
        let Some(index) = self.utterances.iter().position(|utterance| utterance.id == id) else {
            return;
        };
        let utterance = &self.utterances[index];
        let is_decoded = |piece: &Piece| matches!(piece, Piece::Decoded(_));
        let Some(audio) = utterance.finalizing else { return };
        if !utterance.pieces.iter().all(is_decoded) {
            return;
        }
        let words = utterance.words().unwrap_or_default();
        self.utterances.remove(index);
        self.tell_final(id, words, audio);
    }

    /// Tells the words as decoded in a pause, if all pieces are there.
    fn tell_stable(&mut self, id: UtteranceId) {
        let Some(utterance) = self.find(id) else { return };
        if matches!(utterance.last(), Piece::Stable(_))
            && utterance.finalizing.is_none()
            && let Some(words) = utterance.words()
        {
            self.offer(RecognizerEvent::Stable {
                utterance: id,
                text: Pii::new(words),
                others: Vec::new(),
            });
        }
    }

    fn tell_final(&mut self, utterance: UtteranceId, words: String, audio: Millis) {
        let (text, others) = (Pii::new(words), Vec::new());
        self.offer(RecognizerEvent::Final { utterance, text, others, audio });
    }

    fn offer(&mut self, event: RecognizerEvent) {
        // What is shed is counted by the sink.
        if self.sink.offer(event) == Offered::Closed {
            self.closed = true;
        }
    }

    fn find(&mut self, id: UtteranceId) -> Option<&mut Utterance> {
        self.utterances.iter_mut().find(|utterance| utterance.id == id)
    }

    /// The vendor errors speak of.
    pub(crate) fn vendor(&self) -> VendorName {
        self.vendor
    }
}

impl Utterance {
    fn last(&mut self) -> &mut Piece {
        self.pieces.last_mut().expect("an utterance has a piece from the start")
    }

    fn last_id(&self) -> PieceId {
        PieceId { utterance: self.id, piece: self.pieces.len() - 1, revision: self.revision }
    }

    /// The words of all pieces; `None` while any lacks them.
    fn words(&self) -> Option<String> {
        let words = |piece: &Piece| match piece {
            Piece::Stable(words) | Piece::Decoded(words) => Some(words.clone()),
            Piece::Growing | Piece::Speculating { .. } | Piece::Awaited => None,
        };
        let pieces: Option<Vec<String>> = self.pieces.iter().map(words).collect();
        Some(join(&pieces?))
    }

    /// The words of all pieces, `last` being the last one's.
    fn words_with(&self, last: &str) -> Option<String> {
        let mut pieces = Vec::with_capacity(self.pieces.len());
        for piece in &self.pieces[..self.pieces.len() - 1] {
            match piece {
                Piece::Decoded(words) => pieces.push(words.clone()),
                Piece::Growing | Piece::Speculating { .. } | Piece::Stable(_) | Piece::Awaited => {
                    return None;
                }
            }
        }
        pieces.push(last.to_owned());
        Some(join(&pieces))
    }
}

fn join(pieces: &[String]) -> String {
    let spoken: Vec<&str> = pieces.iter().map(|p| p.trim()).filter(|p| !p.is_empty()).collect();
    spoken.join(" ")
}

/// So many lost pieces in a row, and the model is no good: the session says so, once.
const FAILURES_MAX: u32 = 3;

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Collects what is told, one short word an event.
    #[derive(Default)]
    struct Told(Mutex<Vec<String>>);

    impl Sink<RecognizerEvent> for Told {
        fn offer(&self, event: RecognizerEvent) -> Offered {
            let word = match event {
                RecognizerEvent::Partial { text, .. } => format!("partial:{}", text.reveal()),
                RecognizerEvent::Stable { text, .. } => format!("stable:{}", text.reveal()),
                RecognizerEvent::Final { text, .. } => format!("final:{}", text.reveal()),
                RecognizerEvent::Turn { .. } | RecognizerEvent::Recovering { .. } => {
                    "news".into()
                }
                RecognizerEvent::Failed { .. } => "failed".into(),
            };
            self.0.lock().unwrap().push(word);
            Offered::Accepted
        }
    }

    struct Setup {
        board: Board,
        told: Arc<Told>,
    }

    const U: UtteranceId = UtteranceId::FIRST;

    impl Setup {
        fn new() -> Self {
            let told = Arc::new(Told::default());
            let board = Board::new(told.clone(), "local".parse().unwrap());
            Self { board, told }
        }

        /// A worker takes the piece up and brings `words`.
        fn work(&mut self, piece: PieceId, purpose: Purpose, words: &str) {
            assert!(self.board.start(piece, purpose), "the piece is wanted");
            self.board.decoded(piece, purpose, words.into());
        }

        fn told(&self) -> String {
            self.told.0.lock().unwrap().join(" ")
        }
    }

    fn error() -> VendorError {
        VendorError::Overloaded { vendor: "local".parse().unwrap(), retry_after: None }
    }

    #[test]
    fn speculation_answers_a_finalize_at_once() {
        let mut setup = Setup::new();
        setup.board.begin(U);
        let piece = setup.board.pause(U).unwrap();
        setup.work(piece, Purpose::Speculation, "yes");
        assert_eq!(setup.board.finalize(U, Millis::new(900)), Need::Nothing);
        assert_eq!(setup.told(), "stable:yes final:yes");
    }

    #[test]
    fn a_speculation_under_way_becomes_the_final() {
        let mut setup = Setup::new();
        setup.board.begin(U);
        let piece = setup.board.pause(U).unwrap();
        assert!(setup.board.start(piece, Purpose::Speculation));
        assert_eq!(setup.board.finalize(U, Millis::ZERO), Need::Nothing);
        setup.board.decoded(piece, Purpose::Speculation, "yes".into());
        assert_eq!(setup.told(), "final:yes");
    }

    #[test]
    fn a_waiting_speculation_gives_way_to_the_final() {
        let mut setup = Setup::new();
        setup.board.begin(U);
        let waiting = setup.board.pause(U).unwrap();
        let Need::Decode(piece) = setup.board.finalize(U, Millis::ZERO) else { panic!("a decode") };
        assert!(!setup.board.start(waiting, Purpose::Speculation));
        setup.work(piece, Purpose::Final, "yes");
        assert_eq!(setup.told(), "final:yes");
    }

    #[test]
    fn a_resume_voids_what_was_decoded_and_what_is_being_decoded() {
        let mut setup = Setup::new();
        setup.board.begin(U);
        let first = setup.board.pause(U).unwrap();
        assert!(setup.board.start(first, Purpose::Speculation));
        setup.board.resume(U);
        setup.board.decoded(first, Purpose::Speculation, "old".into());
        let second = setup.board.pause(U).unwrap();
        setup.work(second, Purpose::Speculation, "older");
        setup.board.resume(U);
        let Need::Decode(piece) = setup.board.finalize(U, Millis::ZERO) else { panic!("a decode") };
        setup.work(piece, Purpose::Final, "new");
        assert_eq!(setup.told(), "stable:older final:new");
    }

    #[test]
    fn a_void_speculation_does_not_answer_for_the_final() {
        let mut setup = Setup::new();
        setup.board.begin(U);
        let first = setup.board.pause(U).unwrap();
        assert!(setup.board.start(first, Purpose::Speculation));
        setup.board.resume(U);
        let Need::Decode(piece) = setup.board.finalize(U, Millis::ZERO) else { panic!("a decode") };
        setup.board.decoded(first, Purpose::Speculation, "half".into());
        assert_eq!(setup.told(), "");
        setup.work(piece, Purpose::Final, "half and half");
        assert_eq!(setup.told(), "final:half and half");
    }

    #[test]
    fn pieces_are_joined_in_order_whoever_is_first() {
        let mut setup = Setup::new();
        setup.board.begin(U);
        let first = setup.board.cut(U).unwrap();
        let second = setup.board.cut(U).unwrap();
        let last = setup.board.pause(U).unwrap();
        setup.work(last, Purpose::Speculation, "three");
        setup.work(second, Purpose::Final, " two ");
        assert_eq!(setup.told(), "");
        setup.board.finalize(U, Millis::ZERO);
        setup.work(first, Purpose::Final, "one");
        assert_eq!(setup.told(), "final:one two three");
    }

    #[test]
    fn partials_stop_at_a_pause() {
        let mut setup = Setup::new();
        setup.board.begin(U);
        let partial = setup.board.want_partial(U).unwrap();
        assert_eq!(setup.board.want_partial(U), None);
        setup.work(partial, Purpose::Partial, "so");
        let late = setup.board.want_partial(U).unwrap();
        assert!(setup.board.start(late, Purpose::Partial));
        setup.board.pause(U);
        setup.board.decoded(late, Purpose::Partial, "so far".into());
        assert_eq!(setup.board.want_partial(U), None);
        assert_eq!(setup.told(), "partial:so");
    }

    #[test]
    fn a_shed_partial_makes_room_for_the_next() {
        let mut setup = Setup::new();
        setup.board.begin(U);
        let partial = setup.board.want_partial(U).unwrap();
        setup.board.failed(partial, Purpose::Partial, error());
        assert!(setup.board.want_partial(U).is_some());
        let shed = setup.board.pause(U).unwrap();
        setup.board.failed(shed, Purpose::Speculation, error());
        assert!(matches!(setup.board.finalize(U, Millis::ZERO), Need::Decode(_)));
    }

    #[test]
    fn a_lost_decode_still_answers_and_the_third_is_told() {
        let mut setup = Setup::new();
        for number in 0..3 {
            let id = UtteranceId::new(number);
            setup.board.begin(id);
            let Need::Decode(piece) = setup.board.finalize(id, Millis::ZERO) else {
                panic!("a decode")
            };
            assert!(setup.board.start(piece, Purpose::Final));
            setup.board.failed(piece, Purpose::Final, error());
        }
        assert_eq!(setup.told(), "final: final: final: failed");
    }

    #[test]
    fn discarded_and_finished_utterances_are_silent() {
        let mut setup = Setup::new();
        setup.board.begin(U);
        let piece = setup.board.pause(U).unwrap();
        assert!(setup.board.start(piece, Purpose::Speculation));
        setup.board.discard(U);
        setup.board.decoded(piece, Purpose::Speculation, "lost".into());
        assert_eq!(setup.told(), "");
        assert!(!setup.board.start(piece, Purpose::Speculation));
    }

    #[test]
    fn too_many_utterances_push_the_oldest_out_with_an_answer() {
        let mut setup = Setup::new();
        setup.board.begin(U);
        assert!(matches!(setup.board.finalize(U, Millis::ZERO), Need::Decode(_)));
        for number in 1..=UTTERANCES_MAX as u32 {
            setup.board.begin(UtteranceId::new(number));
        }
        assert_eq!(setup.told(), "final:");
    }
}

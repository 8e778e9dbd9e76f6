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
//!
//! Beside it goes a second reading of the same audio, by another model: it is wanted from the pause
//! on, and the last words wait for it if a worker is at it.

use std::sync::Arc;

use types::{Millis, Pii, UtteranceId, VendorName};
use vendor::{Offered, RecognizerEvent, Sink, VendorError};

use crate::transcript::Heard;

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
    /// To have another reading of them.
    Second,
}

/// What `finalize` needs from the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nothing: the answer is given, or will be.
    Nothing,
    /// This piece must be decoded.
    Decode(PieceId),
    /// The words are there, and nobody is at their second reading yet.
    Second(PieceId),
}

/// Whether there is a second reading at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seconds {
    /// There is but one model.
    Never,
    /// The last words wait for it if a worker is at it.
    InTime,
    /// The last words wait for it.
    Always,
}

pub(crate) struct Board {
    sink: Arc<dyn Sink<RecognizerEvent>>,
    vendor: VendorName,
    seconds: Seconds,
    utterances: Vec<Utterance>,
    failures_in_a_row: u32,
    closed: bool,
}

struct Utterance {
    id: UtteranceId,
    pieces: Vec<Piece>,
    /// Counts the pauses.
    revision: u32,
    /// How much audio it has, once it is to be finished.
    finalizing: Option<Millis>,
    partial_in_flight: bool,
}

/// A stretch of audio and what is known of it.
#[derive(Debug)]
struct Piece {
    words: Words,
    second: Second,
    /// In which pause the second reading was asked for.
    asked: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Words {
    Growing,
    /// `begun` once a worker is at it.
    Speculating {
        begun: bool,
    },
    Stable(Heard),
    Awaited,
    Decoded(Heard),
}

/// The second reading of a piece.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Second {
    /// None is wanted, or none comes.
    None,
    /// `begun` once a worker is at it.
    Awaited {
        begun: bool,
    },
    There(String),
}

impl Board {
    pub(crate) fn new(
        sink: Arc<dyn Sink<RecognizerEvent>>,
        vendor: VendorName,
        seconds: Seconds,
    ) -> Self {
        let utterances = Vec::new();
        Self { sink, vendor, seconds, utterances, failures_in_a_row: 0, closed: false }
    }

    /// A new utterance. The oldest one gives way if there are too many.
    pub(crate) fn begin(&mut self, id: UtteranceId) -> PieceId {
        self.utterances.retain(|utterance| utterance.id != id);
        if self.utterances.len() == UTTERANCES_MAX {
            let oldest = self.utterances.remove(0);
            if let Some(audio) = oldest.finalizing {
                self.tell_final(oldest.id, oldest.heard().unwrap_or_default(), audio);
            }
        }
        self.utterances.push(Utterance {
            id,
            pieces: vec![Piece::growing()],
            revision: 0,
            finalizing: None,
            partial_in_flight: false,
        });
        PieceId { utterance: id, piece: 0, revision: 0 }
    }

    /// Whether the words so far are worth a decode now; if so, one is taken to be under way.
    pub(crate) fn want_partial(&mut self, id: UtteranceId) -> Option<PieceId> {
        let utterance = self.find(id)?;
        if utterance.partial_in_flight || utterance.last().words != Words::Growing {
            return None;
        }
        utterance.partial_in_flight = true;
        Some(utterance.last_id())
    }

    /// Cuts off the growing piece: it is awaited from now on, and another one grows.
    pub(crate) fn cut(&mut self, id: UtteranceId) -> Option<PieceId> {
        let second = self.wanted();
        let utterance = self.find(id)?;
        let cut = utterance.last_id();
        *utterance.last() = Piece { words: Words::Awaited, second, asked: cut.revision };
        utterance.pieces.push(Piece::growing());
        Some(cut)
    }

    /// How many pieces an utterance has.
    pub(crate) fn pieces(&mut self, id: UtteranceId) -> usize {
        self.find(id).map_or(0, |utterance| utterance.pieces.len())
    }

    /// The caller pauses: the growing piece is to be decoded on speculation.
    pub(crate) fn pause(&mut self, id: UtteranceId) -> Option<PieceId> {
        let second = self.wanted();
        let utterance = self.find(id)?;
        if utterance.last().words != Words::Growing {
            return None;
        }
        utterance.revision += 1;
        let paused = utterance.last_id();
        let words = Words::Speculating { begun: false };
        *utterance.last() = Piece { words, second, asked: paused.revision };
        Some(paused)
    }

    /// The caller goes on: what was decoded in the pause is void.
    pub(crate) fn resume(&mut self, id: UtteranceId) {
        if let Some(utterance) = self.find(id)
            && matches!(utterance.last().words, Words::Speculating { .. } | Words::Stable(_))
        {
            utterance.revision += 1;
            *utterance.last() = Piece::growing();
        }
    }

    /// The utterance is over, and its turn may be: no more audio will come for it.
    pub(crate) fn close(&mut self, id: UtteranceId) -> Need {
        let second = self.wanted();
        let Some(utterance) = self.find(id) else { return Need::Nothing };
        let piece = utterance.last_id();
        match utterance.last().words {
            Words::Growing => {
                *utterance.last() = Piece { words: Words::Awaited, second, asked: piece.revision };
                Need::Decode(piece)
            }
            Words::Speculating { .. } | Words::Stable(_) => Need::Nothing,
            Words::Awaited | Words::Decoded(_) => Need::Nothing,
        }
    }

    /// The turn is over: tells the final words of `audio`, now or when they are there.
    pub(crate) fn finalize(&mut self, id: UtteranceId, audio: Millis) -> Need {
        let (second, seconds) = (self.wanted(), self.seconds);
        let Some(utterance) = self.find(id) else {
            self.tell_final(id, Heard::default(), Millis::ZERO);
            return Need::Nothing;
        };
        if utterance.finalizing.is_some() {
            return Need::Nothing;
        }
        utterance.finalizing = Some(audio);
        let piece = utterance.last_id();
        let last = utterance.last();
        let need = match &last.words {
            Words::Growing => {
                *last = Piece { words: Words::Awaited, second, asked: piece.revision };
                Need::Decode(piece)
            }
            Words::Speculating { begun: false } => {
                last.words = Words::Awaited;
                Need::Decode(piece)
            }
            // A worker is at it: a second one would only be later.
            Words::Speculating { begun: true } => {
                last.words = Words::Awaited;
                Need::Nothing
            }
            Words::Stable(heard) => {
                last.words = Words::Decoded(heard.clone());
                match last.second {
                    Second::Awaited { begun: false } if seconds == Seconds::Always => {
                        Need::Second(piece)
                    }
                    Second::Awaited { begun: false } => Need::Nothing,
                    Second::Awaited { begun: true } | Second::None | Second::There(_) => {
                        Need::Nothing
                    }
                }
            }
            Words::Awaited | Words::Decoded(_) => Need::Nothing,
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
        let is_current = utterance.revision == id.revision;
        match (purpose, &mut piece.words) {
            (Purpose::Partial, Words::Growing) if !closed => true,
            (Purpose::Partial, _) => {
                utterance.partial_in_flight = false;
                false
            }
            (Purpose::Speculation, Words::Speculating { begun }) => {
                *begun |= is_current;
                is_current && !closed
            }
            (Purpose::Speculation, _) => false,
            (Purpose::Final, Words::Awaited) => true,
            (Purpose::Final, _) => false,
            (Purpose::Second, _) => {
                let is_due = piece.second == (Second::Awaited { begun: false })
                    && piece.asked == id.revision
                    && !closed;
                if is_due {
                    piece.second = Second::Awaited { begun: true };
                }
                is_due
            }
        }
    }

    /// A worker has decoded a piece.
    pub(crate) fn decoded(&mut self, id: PieceId, purpose: Purpose, heard: Heard) {
        self.failures_in_a_row = 0;
        let Some(utterance) = self.find(id.utterance) else { return };
        let is_current = utterance.revision == id.revision;
        let Some(piece) = utterance.pieces.get_mut(id.piece) else { return };
        match (purpose, &piece.words) {
            (Purpose::Partial, words) => {
                let is_growing = *words == Words::Growing && is_current;
                utterance.partial_in_flight = false;
                if is_growing && let Some(heard) = utterance.heard_with(&heard) {
                    let text = Pii::new(heard.text);
                    self.offer(RecognizerEvent::Partial { utterance: id.utterance, text });
                }
            }
            (Purpose::Speculation, Words::Speculating { .. }) if is_current => {
                piece.words = Words::Stable(heard);
                self.tell_stable(id.utterance);
            }
            // Voided by a resume.
            (Purpose::Speculation, _) if !is_current => (),
            (Purpose::Speculation | Purpose::Final, Words::Awaited) => {
                piece.words = Words::Decoded(heard);
                self.tell_stable(id.utterance);
                self.finish(id.utterance);
            }
            (Purpose::Speculation | Purpose::Final, _) => (),
            // The audio may have grown since.
            (Purpose::Second, _) if piece.asked != id.revision => (),
            (Purpose::Second, _) => {
                piece.second = Second::There(heard.text);
                self.finish(id.utterance);
            }
        }
    }

    /// Whether the last words wait for the second reading of a piece, and nobody is at it.
    pub(crate) fn is_second_due(&mut self, id: PieceId) -> bool {
        let waits = self.seconds == Seconds::Always;
        let Some(utterance) = self.find(id.utterance) else { return false };
        let is_finalizing = utterance.finalizing.is_some();
        let Some(piece) = utterance.pieces.get(id.piece) else { return false };
        waits
            && is_finalizing
            && piece.asked == id.revision
            && matches!(piece.words, Words::Decoded(_))
            && piece.second == (Second::Awaited { begun: false })
    }

    /// There will be no second reading of a piece.
    pub(crate) fn without_second(&mut self, id: PieceId) {
        let Some(utterance) = self.find(id.utterance) else { return };
        let Some(piece) = utterance.pieces.get_mut(id.piece) else { return };
        if piece.asked == id.revision {
            piece.second = Second::None;
            self.finish(id.utterance);
        }
    }

    /// A worker could not decode a piece.
    pub(crate) fn failed(&mut self, id: PieceId, purpose: Purpose, error: VendorError) {
        if purpose == Purpose::Second {
            return self.without_second(id);
        }
        let Some(utterance) = self.find(id.utterance) else { return };
        let is_current = utterance.revision == id.revision;
        let Some(piece) = utterance.pieces.get_mut(id.piece) else { return };
        match (purpose, &piece.words) {
            (Purpose::Partial, _) => utterance.partial_in_flight = false,
            (Purpose::Speculation, Words::Speculating { .. }) if is_current => {
                *piece = Piece::growing();
            }
            (Purpose::Speculation, _) if !is_current => (),
            (Purpose::Speculation | Purpose::Final, Words::Awaited) => {
                // Its words are lost; the others are not, and the answer is owed.
                piece.words = Words::Decoded(Heard::default());
                self.finish(id.utterance);
                self.count_failure(error);
            }
            (Purpose::Speculation | Purpose::Final | Purpose::Second, _) => (),
        }
    }

    fn wanted(&self) -> Second {
        match self.seconds {
            Seconds::Never => Second::None,
            Seconds::InTime | Seconds::Always => Second::Awaited { begun: false },
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
        let is_decoded = |piece: &Piece| {
            matches!(piece.words, Words::Decoded(_))
                && match piece.second {
                    Second::Awaited { begun } => !begun && self.seconds == Seconds::InTime,
                    Second::None | Second::There(_) => true,
                }
        };
        let Some(audio) = utterance.finalizing else { return };
        if !utterance.pieces.iter().all(is_decoded) {
            return;
        }
        let heard = utterance.heard().unwrap_or_default();
        self.utterances.remove(index);
        self.tell_final(id, heard, audio);
    }

    /// Tells the words as decoded in a pause, if all pieces are there.
    fn tell_stable(&mut self, id: UtteranceId) {
        let Some(utterance) = self.find(id) else { return };
        if matches!(utterance.last().words, Words::Stable(_))
            && utterance.finalizing.is_none()
            && let Some(heard) = utterance.heard()
        {
            let (text, others) = told(heard);
            self.offer(RecognizerEvent::Stable { utterance: id, text, others });
        }
    }

    fn tell_final(&mut self, utterance: UtteranceId, heard: Heard, audio: Millis) {
        let (text, others) = told(heard);
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

    /// What was heard of all pieces; `None` while any lacks its words.
    fn heard(&self) -> Option<Heard> {
        let pieces: Option<Vec<Heard>> = self.pieces.iter().map(Piece::heard).collect();
        Some(Heard::joined(&pieces?.iter().collect::<Vec<_>>()))
    }

    /// What was heard of all pieces, `last` being what was heard of the last one.
    fn heard_with(&self, last: &Heard) -> Option<Heard> {
        let mut pieces = Vec::with_capacity(self.pieces.len());
        for piece in &self.pieces[..self.pieces.len() - 1] {
            match &piece.words {
                Words::Decoded(heard) => pieces.push(heard),
                Words::Growing | Words::Speculating { .. } | Words::Stable(_) | Words::Awaited => {
                    return None;
                }
            }
        }
        pieces.push(last);
        Some(Heard::joined(&pieces))
    }
}

impl Piece {
    const fn growing() -> Self {
        Self { words: Words::Growing, second: Second::None, asked: 0 }
    }

    /// Its words, its second reading among the others; `None` without words.
    fn heard(&self) -> Option<Heard> {
        let (Words::Stable(first) | Words::Decoded(first)) = &self.words else { return None };
        let mut heard = first.clone();
        // Where the first heard nothing there is nothing: a model hears words in noise, too.
        if let Second::There(reading) = &self.second
            && !first.text.trim().is_empty()
        {
            heard.add(reading.clone());
        }
        Some(heard)
    }
}

/// `heard` as it is told.
fn told(heard: Heard) -> (Pii<String>, Vec<Pii<String>>) {
    (Pii::new(heard.text), heard.others.into_iter().map(Pii::new).collect())
}

/// So many lost pieces in a row, and the model is no good: the session says so, once.
const FAILURES_MAX: u32 = 3;

#[cfg(test)]
#[path = "utterance_tests.rs"]
mod tests;

//! What is unsent, and the account per segment of what was queued, sent and heard.

use std::collections::VecDeque;

use codecs::g711;
use thiserror::Error;
use types::{Audio, AudioFormat, Encoding, GenerationId, Millis, PTIME, SampleRate, SegmentId};

use super::mark::MarkKind;
use super::replay::Replay;
use super::{QUEUED_MAX, SegmentHeard};

/// How many pieces wait at most: 60 s in pieces of 15 ms.
const PIECES_MAX: usize = 4_096;

/// How many segments are accounted for at a time: far more than a reply has.
const SEGMENTS_MAX: usize = 512;

/// How many generations that are over are remembered, to refuse their late audio.
const OVER_MAX: usize = 16;

/// Whose samples: a generation's segment.
pub(super) type Owner = (GenerationId, SegmentId);

/// Why audio was not queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum QueueError {
    /// Too much is queued: wait until [`super::Playout::room`] says otherwise.
    #[error("{limit} of audio are queued: wait for room")]
    Full {
        /// How much is queued at most.
        limit: Millis,
    },
    /// The generation, or the segment, has been ended, or the generation cleared.
    #[error("audio for a generation or a segment that is over")]
    Over,
    /// G.711 for a leg that is not at its 8 kHz.
    #[error("audio at another rate than the leg's")]
    ForeignRate,
}

/// The account of a leg, in samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Everything that was queued.
    pub queued: u64,
    /// What has been sent of it.
    pub sent: u64,
    /// What has been heard of it.
    pub heard: u64,
    /// What will never be heard: cleared, or lost with the carrier's stream.
    pub cleared: u64,
    /// What may still be heard: `queued = heard + cleared + pending`.
    pub pending: u64,
}

#[derive(Debug)]
pub(super) struct Queue {
    rate: SampleRate,
    encoding: Encoding,
    pieces: VecDeque<Piece>,
    /// In order of play, until their generation is over.
    segments: VecDeque<Segment>,
    /// In order of play, until they are over.
    generations: VecDeque<Generation>,
    over: VecDeque<GenerationId>,
    unsent: u64,
    totals: Ledger,
    /// How many samples the last frame lacked.
    padding: usize,
    /// What was sent of late, to be said again after a hold.
    sent_of_late: Replay,
}

#[derive(Debug)]
struct Piece {
    audio: Audio,
    taken: usize,
}

#[derive(Debug)]
struct Segment {
    owner: Owner,
    queued: u64,
    sent: u64,
    heard: u64,
    lost: u64,
    end: End,
    /// Where its words end, if somebody knows.
    word_ends: Vec<u64>,
}

#[derive(Debug)]
struct Generation {
    id: GenerationId,
    unsent: u64,
    sent: u64,
    /// How much had been sent when the last mark was put.
    marked: u64,
    started: bool,
    end: End,
}

/// How far the end of something has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// More may come.
    Open,
    /// All of it is queued.
    Ended,
    /// All of it is sent, and a mark behind it.
    Marked,
}

impl Queue {
    pub(super) fn new(format: AudioFormat) -> Self {
        Self {
            rate: format.rate,
            encoding: format.encoding,
            pieces: VecDeque::with_capacity(64),
            segments: VecDeque::with_capacity(16),
            generations: VecDeque::with_capacity(4),
            over: VecDeque::with_capacity(OVER_MAX),
            unsent: 0,
            totals: Ledger::default(),
            padding: 0,
            sent_of_late: Replay::new(format.rate),
        }
    }

    pub(super) fn push(
        &mut self,
        generation: GenerationId,
        segment: SegmentId,
        audio: Audio,
    ) -> Result<(), QueueError> {
        let full = QueueError::Full { limit: QUEUED_MAX };
        let fresh = audio.samples() as u64;
        match &audio {
            Audio::Linear(_) => (),
            Audio::Pcmu(_) | Audio::Pcma(_) if self.rate == SampleRate::Hz8000 => (),
            Audio::Pcmu(_) | Audio::Pcma(_) => return Err(QueueError::ForeignRate),
        }
        if self.rate.samples_in(QUEUED_MAX) as u64 - self.unsent < fresh
            || PIECES_MAX <= self.pieces.len()
        {
            return Err(full);
        }
        let owner = (generation, segment);
        self.check_open(owner)?;
        let known = self.segments.back().is_some_and(|last| last.owner == owner);
        if !known && SEGMENTS_MAX <= self.segments.len() {
            return Err(full);
        }
        if self.generations.back().is_none_or(|last| last.id != generation) {
            self.open(generation);
        }
        if !known {
            self.end_last_segment();
            self.segments.push_back(Segment {
                owner,
                queued: 0,
                sent: 0,
                heard: 0,
                lost: 0,
                end: End::Open,
                word_ends: Vec::new(),
            });
        }
        let last = self.segments.back_mut().expect("a segment has just been found or made");
        last.queued += fresh;
        let last = self.generations.back_mut().expect("a generation has been found or made");
        last.unsent += fresh;
        self.unsent += fresh;
        self.totals.queued += fresh;
        if 0 < fresh {
            self.pieces.push_back(Piece { audio, taken: 0 });
        }
        Ok(())
    }

    pub(super) fn end_segment(&mut self, generation: GenerationId, segment: SegmentId) {
        let owner = (generation, segment);
        if self.segments.back().is_some_and(|last| last.owner == owner) {
            self.end_last_segment();
        }
    }

    /// The words of a segment end there.
    pub(super) fn note_words(&mut self, owner: Owner, ends: impl Iterator<Item = Millis>) {
        let rate = self.rate;
        if let Some(segment) = self.segments.iter_mut().find(|known| known.owner == owner) {
            segment.word_ends = ends.map(|end| rate.samples_in(end) as u64).collect();
        }
    }

    pub(super) fn end(&mut self, generation: GenerationId) {
        if self.over.contains(&generation) {
            return;
        }
        if !self.generations.iter().any(|known| known.id == generation) {
            if SEGMENTS_MAX <= self.generations.len() {
                return;
            }
            self.open(generation);
        }
        if self.generations.back().is_some_and(|last| last.id == generation) {
            self.end_last_generation();
        }
    }

    /// Whether sending can begin: there is enough, or what there is is complete.
    pub(super) fn is_ready(&self, threshold: Millis) -> bool {
        let Some(generation) = self.first_unsent() else { return false };
        let frame = self.rate.samples_in(PTIME) as u64;
        let enough = self.rate.samples_in(threshold) as u64 <= generation.unsent;
        let clause_is_complete = frame <= generation.unsent
            && self
                .segments
                .iter()
                .find(|segment| segment.sent < segment.queued)
                .is_some_and(|segment| segment.end != End::Open);
        let all_is_complete = generation.end != End::Open && 0 < generation.unsent;
        enough && 0 < generation.unsent || clause_is_complete || all_is_complete
    }

    /// Whether there is a frame to send: a whole one, or the last.
    pub(super) fn has_frame(&self) -> bool {
        self.first_unsent().is_some_and(|generation| {
            let again = self.sent_of_late.again() as u64;
            self.rate.samples_in(PTIME) as u64 <= again + generation.unsent
                || (generation.end != End::Open && 0 < generation.unsent)
        })
    }

    /// Appends up to 20 ms of one generation to `out`, telling `note` whose samples they are; to
    /// `coded` the same in the leg's encoding, if all of it came that way. What is said again after
    /// a hold goes first and is nobody's: it has been accounted for.
    pub(super) fn take(
        &mut self,
        (out, coded): (&mut Vec<i16>, &mut Vec<u8>),
        mut note: impl FnMut(Option<Owner>, usize),
    ) -> Option<GenerationId> {
        let frame = self.rate.samples_in(PTIME);
        self.padding = frame;
        let again = self.sent_of_late.take(frame, out);
        note(None, again);
        let frame = frame - again;
        let generation = self.generations.iter_mut().find(|known| known.end != End::Marked)?;
        let wanted = generation.unsent.min(frame as u64) as usize;
        generation.unsent -= wanted as u64;
        generation.sent += wanted as u64;
        self.unsent -= wanted as u64;
        self.totals.sent += wanted as u64;
        self.padding = frame - wanted;

        let mut left = wanted;
        for segment in self.segments.iter_mut().filter(|segment| segment.sent < segment.queued) {
            let taken = (segment.queued - segment.sent).min(left as u64);
            if taken == 0 {
                break;
            }
            debug_assert_eq!(segment.owner.0, generation.id);
            segment.sent += taken;
            left -= taken as usize;
            note(Some(segment.owner), taken as usize);
        }
        debug_assert_eq!(left, 0, "segments account for all that is unsent");
        let id = generation.id;
        self.copy(wanted, out, coded);
        if 0 < again {
            coded.clear();
        }
        Some(id)
    }

    /// Appends up to `samples` samples of what is sent next to `out`, and keeps them.
    pub(super) fn peek(&self, samples: usize, out: &mut Vec<i16>) {
        let unsent = self.first_unsent().map_or(0, |generation| generation.unsent);
        let mut left = unsent.min(samples as u64) as usize;
        for piece in &self.pieces {
            let taken = left.min(piece.rest());
            piece.copy(taken, out);
            left -= taken;
            if left == 0 {
                break;
            }
        }
    }

    /// How many samples the last [`Self::take`] lacked.
    pub(super) fn last_padding(&self) -> usize {
        self.padding
    }

    /// The next mark to put behind what has been sent: generation, its samples so far, kind.
    pub(super) fn label(&mut self, every: u64) -> Option<(GenerationId, u64, MarkKind)> {
        let generation = self.generations.iter_mut().find(|known| known.end != End::Marked)?;
        let mut unmarked =
            self.segments.iter_mut().filter(|s| s.owner.0 == generation.id && s.end != End::Marked);
        let complete = unmarked
            .next()
            .filter(|segment| segment.end == End::Ended && segment.sent == segment.queued);
        let is_last = unmarked.next().is_none();
        if generation.end == End::Ended && generation.unsent == 0 && is_last {
            generation.end = End::Marked;
            let last = complete.map(|segment| {
                segment.end = End::Marked;
                segment.owner.1
            });
            return Some((generation.id, generation.sent, MarkKind::Finish(last)));
        }
        if let Some(segment) = complete {
            segment.end = End::Marked;
            generation.marked = generation.sent;
            return Some((generation.id, generation.sent, MarkKind::Segment(segment.owner.1)));
        }
        if 0 < every && every <= generation.sent - generation.marked {
            generation.marked = generation.sent;
            return Some((generation.id, generation.sent, MarkKind::Progress));
        }
        None
    }

    pub(super) fn count_heard(&mut self, owner: Owner, samples: u64) {
        if let Some(segment) = self.segments.iter_mut().find(|known| known.owner == owner) {
            segment.heard += samples;
            self.totals.heard += samples;
            debug_assert!(segment.heard + segment.lost <= segment.sent);
        }
    }

    /// Counts sent samples as lost on their way.
    pub(super) fn lose(&mut self, lost: impl Iterator<Item = (Owner, u64)>) {
        for (owner, samples) in lost {
            if let Some(segment) = self.segments.iter_mut().find(|known| known.owner == owner) {
                segment.lost += samples;
                self.totals.cleared += samples;
            }
        }
    }

    /// A generation has been heard to its end.
    pub(super) fn finish(&mut self, generation: GenerationId) {
        self.generations.retain(|known| known.id != generation);
        self.segments.retain(|segment| segment.owner.0 != generation);
        self.remember_over(generation);
    }

    /// The hold of `held` is over: some of what was sent last is said again, so that the voice does not
    /// go on in the middle of a word.
    pub(super) fn rewind(&mut self, held: Millis) {
        let within = self.segments.iter().rev().find(|segment| 0 < segment.sent);
        let is_within = within.is_some_and(|segment| segment.sent < segment.queued);
        match within {
            Some(segment) if is_within => {
                let before = segment.word_ends.iter().rev().find(|&&end| end <= segment.sent);
                let word = before.map(|end| (segment.sent - end) as usize);
                self.sent_of_late.rewind(held, segment.sent as usize, word);
            }
            // A segment ends with its last word.
            Some(_) | None => self.sent_of_late.forget(),
        }
    }

    /// Drops everything.
    pub(super) fn clear(&mut self) {
        self.sent_of_late.forget();
        for segment in self.segments.drain(..) {
            self.totals.cleared += segment.queued - segment.heard - segment.lost;
        }
        while let Some(generation) = self.generations.pop_front() {
            self.remember_over(generation.id);
        }
        self.pieces.clear();
        self.unsent = 0;
    }

    /// Whether this is the first audio of the generation.
    pub(super) fn announce(&mut self, generation: GenerationId) -> bool {
        self.generations
            .iter_mut()
            .find(|known| known.id == generation && !known.started)
            .map(|known| known.started = true)
            .is_some()
    }

    /// The generation that is being heard, or about to be.
    pub(super) fn playing(&self) -> Option<GenerationId> {
        self.generations.front().map(|generation| generation.id)
    }

    /// The generation whose audio is sent next.
    pub(super) fn sending(&self) -> Option<GenerationId> {
        self.first_unsent().map(|generation| generation.id)
    }

    /// Whether there is, or will be, something to send.
    pub(super) fn is_open(&self) -> bool {
        self.first_unsent().is_some()
    }

    /// What has been heard of each segment, with what `more` adds.
    pub(super) fn heard(&self, more: impl Fn(Owner) -> u64) -> impl Iterator<Item = SegmentHeard> {
        self.segments.iter().map(move |segment| SegmentHeard {
            generation: segment.owner.0,
            segment: segment.owner.1,
            heard: self.rate.span_of(segment.heard + more(segment.owner)),
            of: self.rate.span_of(segment.queued),
        })
    }

    pub(super) fn unsent(&self) -> u64 {
        self.unsent
    }

    pub(super) fn ledger(&self) -> Ledger {
        let pending = self.segments.iter().map(|s| s.queued - s.heard - s.lost).sum();
        Ledger { pending, ..self.totals }
    }

    fn first_unsent(&self) -> Option<&Generation> {
        self.generations.iter().find(|generation| generation.end != End::Marked)
    }

    fn check_open(&self, owner: Owner) -> Result<(), QueueError> {
        let over = self.over.contains(&owner.0)
            || self.generations.iter().any(|known| known.id == owner.0 && known.end != End::Open)
            || self.segments.iter().any(|known| known.owner == owner && known.end != End::Open);
        if over { Err(QueueError::Over) } else { Ok(()) }
    }

    fn open(&mut self, generation: GenerationId) {
        self.end_last_generation();
        self.generations.push_back(Generation {
            id: generation,
            unsent: 0,
            sent: 0,
            marked: 0,
            started: false,
            end: End::Open,
        });
    }

    fn end_last_segment(&mut self) {
        if let Some(last) = self.segments.back_mut()
            && last.end == End::Open
        {
            last.end = End::Ended;
        }
    }

    fn end_last_generation(&mut self) {
        self.end_last_segment();
        if let Some(last) = self.generations.back_mut()
            && last.end == End::Open
        {
            last.end = End::Ended;
        }
    }

    fn remember_over(&mut self, generation: GenerationId) {
        if OVER_MAX <= self.over.len() {
            self.over.pop_front();
        }
        self.over.push_back(generation);
    }

    /// Moves `samples` samples out of the pieces.
    fn copy(&mut self, samples: usize, out: &mut Vec<i16>, coded: &mut Vec<u8>) {
        let mut left = samples;
        while 0 < left
            && let Some(piece) = self.pieces.front_mut()
        {
            let taken = left.min(piece.rest());
            piece.copy(taken, out);
            if let Some(bytes) = piece.audio.coded(self.encoding) {
                coded.extend_from_slice(&bytes[piece.taken..piece.taken + taken]);
            }
            piece.taken += taken;
            left -= taken;
            if piece.rest() == 0 {
                self.pieces.pop_front();
            }
        }
        debug_assert_eq!(left, 0, "pieces hold all that is unsent");
        self.sent_of_late.keep(&out[out.len() - samples..]);
        if coded.len() < samples {
            coded.clear();
        }
    }
}

impl Piece {
    /// How many samples are left.
    fn rest(&self) -> usize {
        self.audio.samples() - self.taken
    }

    /// Appends the next `samples` samples to `out`, and keeps them.
    fn copy(&self, samples: usize, out: &mut Vec<i16>) {
        let span = self.taken..self.taken + samples;
        match &self.audio {
            Audio::Linear(samples) => out.extend_from_slice(&samples[span]),
            Audio::Pcmu(bytes) => g711::decode_ulaw(&bytes[span], out),
            Audio::Pcma(bytes) => g711::decode_alaw(&bytes[span], out),
        }
    }
}

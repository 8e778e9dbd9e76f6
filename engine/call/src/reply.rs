//! What the agent is saying: one generation, from the question to the brain to the caller's ear.

use types::{
    BargeIn, BrainNote, CallTime, Effect, EndReason, Expect, GenerationId, Heard, Millis, SegmentId,
};

use crate::SegmentHeard;
use crate::heard::{heard_text, spoken_duration};
use crate::segment::Segmenter;
use crate::turn::Cut;

/// One reply on its way to the caller's ear.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) generation: GenerationId,
    pub(crate) source: Source,
    pub(crate) thought: Progress,
    pub(crate) stage: Stage,
    pub(crate) script: Script,
    pub(crate) outcome: Consequences,
    /// When its first sample was heard, if it was.
    pub(crate) audible_at: Option<CallTime>,
    /// How long it has been held in all.
    held: Millis,
}

/// Where a reply's words come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The agent's first words.
    Greeting,
    /// The brain.
    Brain,
    /// The engine's own sentences.
    Line,
    /// A reply that was cut for nothing goes on.
    Resumption,
}

/// How far the words are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// More may come.
    Thinking,
    /// All are there.
    Done,
    /// There will be no more; to be dealt with when the reply is no longer held.
    Failed,
}

/// How far the sound is.
///
/// ```text
/// Unspoken ── Speak ──▶ Voicing ── PlayoutStarted ──▶ Audible ── PlayoutFinished ──▶ gone
///     │                    │                             │
///     └────────── the caller speaks: Held ◀──────────────┘
///                  │ rejected: back │ confirmed
///                                   ▼
///                                Clearing ── PlayoutCleared ──▶ gone
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nothing was handed to the voice yet.
    Unspoken,
    /// The voice works, the caller hears nothing yet.
    Voicing,
    /// The caller hears it.
    Audible,
    /// Perhaps the caller barges in.
    Held {
        /// Since when.
        since: CallTime,
        /// Whether it was audible: what to return to.
        from: HeldFrom,
    },
    /// The caller does; the report of what was heard is under way.
    Clearing,
}

/// What a held reply was doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeldFrom {
    /// See [`Stage::Unspoken`].
    Unspoken,
    /// See [`Stage::Voicing`].
    Voicing,
    /// See [`Stage::Audible`].
    Audible,
}

/// The words of a reply in pieces.
#[derive(Debug, Default)]
pub(crate) struct Script {
    pub(crate) segmenter: Segmenter,
    pub(crate) pieces: Vec<Piece>,
    /// What was heard of it under an earlier generation.
    pub(crate) heard_before: String,
    /// Whether the voice was told that nothing follows.
    pub(crate) end: End,
    /// Bytes of text taken in.
    pub(crate) bytes: usize,
}

/// Whether the voice was told that nothing follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum End {
    #[default]
    Open,
    Told,
}

/// One segment.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) text: String,
    pub(crate) barge_in: BargeIn,
    pub(crate) kind: PieceKind,
    pub(crate) sound: Sound,
}

/// Whether a segment is words or law.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PieceKind {
    Words,
    Disclosure,
    /// An apology for a gap: it is not said again.
    Bridge,
}

/// How far a segment is.
#[derive(Debug)]
pub(crate) enum Sound {
    /// Not handed to the voice.
    Waiting,
    /// Handed to it.
    Ordered,
    /// Its first audio is there.
    Voiced,
    /// All its audio is in the playout buffer.
    Queued { duration: Millis, words: Vec<(usize, Millis)> },
    /// The caller heard it.
    Heard { duration: Millis },
    /// The voice could not.
    Failed,
}

/// What follows once a reply was heard.
#[derive(Debug, Default)]
pub(crate) struct Consequences {
    pub(crate) effects: Vec<Effect>,
    pub(crate) expect: Option<Expect>,
    pub(crate) note: Option<BrainNote>,
    pub(crate) hang_up: Option<EndReason>,
}

impl Piece {
    pub(crate) fn new(text: String, barge_in: BargeIn) -> Self {
        Self { text, barge_in, kind: PieceKind::Words, sound: Sound::Waiting }
    }

    /// Words that must be heard, whatever the caller says.
    pub(crate) fn disclosure(text: String) -> Self {
        let barge_in = BargeIn::Protected;
        Self { text, barge_in, kind: PieceKind::Disclosure, sound: Sound::Waiting }
    }

    /// An apology for a gap. Short, and both sides need it: it is not talked over.
    pub(crate) fn bridge(text: String) -> Self {
        let barge_in = BargeIn::Protected;
        Self { text, barge_in, kind: PieceKind::Bridge, sound: Sound::Waiting }
    }

    fn is_heard(&self) -> bool {
        matches!(self.sound, Sound::Heard { .. })
    }

    /// How long it lasts, as far as known.
    fn duration(&self) -> Millis {
        match &self.sound {
            Sound::Queued { duration, .. } | Sound::Heard { duration } => *duration,
            Sound::Waiting | Sound::Ordered | Sound::Voiced => spoken_duration(&self.text),
            Sound::Failed => Millis::ZERO,
        }
    }
}

/// What was heard of a reply that was cut.
#[derive(Debug)]
pub(crate) struct HeardPart {
    pub(crate) text: String,
    pub(crate) heard: Heard,
    pub(crate) audio: Millis,
}

impl Reply {
    /// A reply the brain is asked for.
    pub(crate) fn thought(generation: GenerationId) -> Self {
        Self {
            generation,
            source: Source::Brain,
            thought: Progress::Thinking,
            stage: Stage::Unspoken,
            script: Script::default(),
            outcome: Consequences::default(),
            audible_at: None,
            held: Millis::ZERO,
        }
    }

    /// A reply whose words are known.
    pub(crate) fn scripted(generation: GenerationId, source: Source, pieces: Vec<Piece>) -> Self {
        let script = Script { pieces, ..Script::default() };
        Self { source, thought: Progress::Done, script, ..Self::thought(generation) }
    }

    /// Falls silent at `now`, for now.
    pub(crate) fn hold(&mut self, now: CallTime, from: HeldFrom) {
        self.stage = Stage::Held { since: now, from };
    }

    /// Goes on at `now` as before the hold.
    pub(crate) fn release(&mut self, now: CallTime) {
        let Stage::Held { since, from } = self.stage else { return };
        self.held = self.held + now.since(since);
        self.stage = match from {
            HeldFrom::Unspoken => Stage::Unspoken,
            HeldFrom::Voicing => Stage::Voicing,
            HeldFrom::Audible => Stage::Audible,
        };
    }

    /// Whether these are the agent's first words.
    pub(crate) fn is_greeting(&self) -> bool {
        self.source == Source::Greeting
    }

    /// The words that the caller has heard since `span` ago, or shortly before, or is about to hear:
    /// those that may come back in speech that has lasted for `span`.
    pub(crate) fn said_lately(&self, now: CallTime, span: Millis) -> String {
        let Some(at) = self.audible_at else { return String::new() };
        let held = match self.stage {
            Stage::Held { since, .. } => self.held + now.since(since.max(at)),
            Stage::Unspoken | Stage::Voicing | Stage::Audible | Stage::Clearing => self.held,
        };
        let played = now.since(at).saturating_sub(held);
        let (from, to) = (played.saturating_sub(LATELY + span), played + SOON);
        let mut said = String::new();
        let mut begin = Millis::ZERO;
        for piece in &self.script.pieces {
            let duration = piece.duration();
            let words = match &piece.sound {
                Sound::Queued { words, .. } => words.as_slice(),
                Sound::Waiting
                | Sound::Ordered
                | Sound::Voiced
                | Sound::Heard { .. }
                | Sound::Failed => &[],
            };
            let until = |at: Millis| {
                heard_text(&piece.text, duration, at.saturating_sub(begin), words).len()
            };
            push_words(&mut said, piece.text[until(from)..until(to)].trim());
            begin = begin + duration;
        }
        said
    }

    /// Whether the caller may talk over what is being heard now.
    pub(crate) fn barge_in(&self) -> BargeIn {
        // Somebody who says hello before the first word is not interrupting anything.
        let greets = self.source == Source::Greeting && self.stage != Stage::Audible;
        let unheard = self.script.pieces.iter().find(|piece| !piece.is_heard());
        match unheard {
            _ if greets => BargeIn::Protected,
            Some(piece) => piece.barge_in,
            // All was heard: nothing is left to interrupt.
            None if self.script.end == End::Told => BargeIn::Protected,
            None => BargeIn::Allowed,
        }
    }

    /// Whether the voice knows of this reply.
    pub(crate) fn is_ordered(&self) -> bool {
        self.script.pieces.iter().any(|piece| !matches!(piece.sound, Sound::Waiting))
    }

    /// Whether the caller hears it or could, but for a hold.
    pub(crate) fn is_audible(&self) -> bool {
        match self.stage {
            Stage::Audible | Stage::Held { from: HeldFrom::Audible, .. } => true,
            Stage::Unspoken
            | Stage::Voicing
            | Stage::Clearing
            | Stage::Held { from: HeldFrom::Unspoken | HeldFrom::Voicing, .. } => false,
        }
    }

    /// Whether the caller hears the last segment, where a question stands.
    pub(crate) fn is_at_last_piece(&self) -> bool {
        let unheard = self.script.pieces.iter().filter(|piece| !piece.is_heard()).count();
        self.script.end == End::Told && unheard <= 1
    }

    /// Whether these words say goodbye.
    pub(crate) fn says_goodbye(&self) -> bool {
        self.outcome.hang_up.is_some() || self.outcome.effects.contains(&Effect::EndCall)
    }

    /// The segment with this id.
    pub(crate) fn piece_mut(&mut self, segment: SegmentId) -> Option<&mut Piece> {
        self.script.pieces.get_mut(usize::try_from(segment.get()).ok()?)
    }

    /// All words so far.
    pub(crate) fn text(&self) -> String {
        joined(self.script.pieces.iter().map(|piece| piece.text.as_str()))
    }

    /// Whether every segment was queued, and none can follow.
    pub(crate) fn is_all_queued(&self) -> bool {
        self.script.end == End::Told
            && self.script.pieces.iter().all(|piece| match piece.sound {
                Sound::Queued { .. } | Sound::Heard { .. } | Sound::Failed => true,
                Sound::Waiting | Sound::Ordered | Sound::Voiced => false,
            })
    }

    /// How much audio the caller has not heard for certain.
    pub(crate) fn unheard(&self) -> Millis {
        let unheard = self.script.pieces.iter().filter(|piece| !piece.is_heard());
        unheard.fold(Millis::ZERO, |sum, piece| sum + piece.duration())
    }

    /// What was heard when all was.
    pub(crate) fn heard_whole(&self) -> HeardPart {
        let spoken = || {
            let pieces = self.script.pieces.iter();
            pieces.filter(|piece| !matches!(piece.sound, Sound::Failed))
        };
        let before = Some(self.script.heard_before.as_str());
        let text = joined(before.into_iter().chain(spoken().map(|piece| piece.text.as_str())));
        let audio = spoken().fold(Millis::ZERO, |sum, piece| sum + piece.duration());
        let whole = spoken().count() == self.script.pieces.len();
        HeardPart { text, heard: if whole { Heard::Whole } else { Heard::Cut }, audio }
    }

    /// What was heard, segment by segment; segments nobody reports on count if known as heard.
    pub(crate) fn heard_part(&self, reports: &[SegmentHeard]) -> HeardPart {
        let mut part = HeardPart {
            text: self.script.heard_before.clone(),
            heard: Heard::Cut,
            audio: Millis::ZERO,
        };
        for (number, piece) in (0_u32..).zip(&self.script.pieces) {
            let report = reports.iter().find(|report| report.segment == SegmentId::new(number));
            let (text, heard) = match (&piece.sound, report) {
                (Sound::Heard { duration }, _) => (piece.text.as_str(), *duration),
                (Sound::Queued { duration, words }, Some(report)) => {
                    let heard = report.heard.min(*duration);
                    (heard_text(&piece.text, *duration, heard, words), heard)
                }
                // Not all of its audio was there: guess how long it would have been.
                (Sound::Ordered | Sound::Voiced | Sound::Failed, Some(report)) => {
                    let heard = report.heard.min(report.of);
                    let duration = spoken_duration(&piece.text).max(heard + Millis::new(1));
                    (heard_text(&piece.text, duration, heard, &[]), heard)
                }
                (_, None) | (Sound::Waiting, Some(_)) => break,
            };
            push_words(&mut part.text, text);
            part.audio = part.audio + heard;
            if text.len() < piece.text.len() {
                break;
            }
        }
        part
    }

    /// What could be said again: whole segments stay heard, the others are spoken anew.
    pub(crate) fn into_cut(self, reports: &[SegmentHeard]) -> Cut {
        let (turn, source) = (self.generation.turn, self.source);
        let mut heard = self.script.heard_before;
        let mut rest = Vec::new();
        for (number, piece) in (0_u32..).zip(self.script.pieces) {
            let report = reports.iter().find(|report| report.segment == SegmentId::new(number));
            let is_queued = matches!(piece.sound, Sound::Queued { .. });
            let is_whole = piece.is_heard()
                || is_queued && report.is_some_and(|report| piece.duration() <= report.heard);
            if is_whole && rest.is_empty() {
                push_words(&mut heard, &piece.text);
            } else if piece.kind != PieceKind::Bridge {
                rest.push(Piece { sound: Sound::Waiting, ..piece });
            }
        }
        Cut { turn, source, heard, rest, outcome: self.outcome }
    }
}

fn joined<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut all = String::new();
    texts.for_each(|text| push_words(&mut all, text));
    all
}

/// Appends `words` after a space.
pub(crate) fn push_words(text: &mut String, words: &str) {
    if !text.is_empty() && !words.is_empty() {
        text.push(' ');
    }
    text.push_str(words);
}

/// What was said this long ago may come back as words: a recognizer is that far behind
/// (conversation.md §7.5: 3 s, and an echo's own way).
const LATELY: Millis = Millis::new(3_600);

/// The playhead is an estimate.
const SOON: Millis = Millis::new(500);

//! From the voice to the caller's ear: sent is not heard.

use types::{BargeIn, CallTime, GenerationId, Heard, Millis, SegmentId};

use crate::arbitration::Confirmed;
use crate::call::Call;
use crate::decision::{Decision, Failure, Late};
use crate::echo::likeness;
use crate::phase::Phase;
use crate::reply::{End, HeldFrom, PieceKind, Progress, Reply, Sound, Source, Stage};
use crate::thinking::VOICE_WAIT_MAX;
use crate::turn::{Disclosure, Recovery};
use crate::words::{tokens, words_beside};
use crate::{Action, SegmentHeard, Timer};

impl Call {
    pub(crate) fn on_segment_voiced(&mut self, id: GenerationId, segment: SegmentId) {
        let now = self.now;
        let Some(reply) = self.spoken(id, segment) else { return };
        if let Some(piece) = reply.piece_mut(segment)
            && matches!(piece.sound, Sound::Ordered)
        {
            piece.sound = Sound::Voiced;
        }
        self.turns.present().stages.voiced.get_or_insert(now);
        self.timers.start(Timer::VoiceWait, now + SEGMENT_WAIT_MAX);
    }

    pub(crate) fn on_segment_queued(
        &mut self,
        id: GenerationId,
        segment: SegmentId,
        duration: Millis,
        mut words: Vec<(usize, Millis)>,
    ) {
        words.truncate(SEGMENT_WORDS_MAX);
        let now = self.now;
        let Some(reply) = self.spoken(id, segment) else { return };
        if let Some(piece) = reply.piece_mut(segment) {
            match piece.sound {
                Sound::Ordered | Sound::Voiced => piece.sound = Sound::Queued { duration, words },
                // The report that it was heard overtook this one, or it comes twice.
                Sound::Waiting | Sound::Queued { .. } | Sound::Heard { .. } | Sound::Failed => (),
            }
        }
        let waits = reply.script.pieces.iter().any(|p| matches!(p.sound, Sound::Ordered));
        if waits {
            self.timers.start(Timer::VoiceWait, now + VOICE_WAIT_MAX);
        } else {
            self.timers.stop(Timer::VoiceWait);
        }
        self.arm_playout_wait();
    }

    pub(crate) fn on_segment_failed(&mut self, id: GenerationId, segment: SegmentId) {
        let Some(reply) = self.spoken(id, segment) else { return };
        if let Some(piece) = reply.piece_mut(segment) {
            match piece.sound {
                Sound::Ordered | Sound::Voiced => piece.sound = Sound::Failed,
                // All of it was there before.
                Sound::Waiting | Sound::Queued { .. } | Sound::Heard { .. } | Sound::Failed => (),
            }
        }
        self.settle_failures();
    }

    /// The voice has been silent for too long.
    pub(crate) fn on_voice_wait(&mut self) {
        let Some(reply) = &mut self.reply else { return };
        for piece in &mut reply.script.pieces {
            match piece.sound {
                Sound::Ordered | Sound::Voiced => piece.sound = Sound::Failed,
                Sound::Waiting | Sound::Queued { .. } | Sound::Heard { .. } | Sound::Failed => (),
            }
        }
        self.settle_failures();
    }

    pub(crate) fn on_playout_sent(&mut self, id: GenerationId) {
        let now = self.now;
        if self.is_spoken(id) {
            self.turns.present().stages.sent.get_or_insert(now);
        }
    }

    pub(crate) fn on_playout_started(&mut self, id: GenerationId, at: CallTime) {
        if !self.is_spoken(id) {
            return;
        }
        let Some(reply) = &mut self.reply else { return };
        reply.audible_at.get_or_insert(at);
        match reply.stage {
            Stage::Voicing => reply.stage = Stage::Audible,
            Stage::Held { since, from: HeldFrom::Voicing } => {
                reply.stage = Stage::Held { since, from: HeldFrom::Audible };
            }
            Stage::Held { from: HeldFrom::Unspoken | HeldFrom::Audible, .. }
            | Stage::Unspoken
            | Stage::Audible
            | Stage::Clearing => (),
        }
        if reply.source == Source::Greeting {
            self.manners.greeted.get_or_insert(at);
        }
        self.turns.present().stages.heard.get_or_insert(at);
        self.arm_playout_wait();
    }

    pub(crate) fn on_segment_heard(&mut self, id: GenerationId, segment: SegmentId) {
        let Some(reply) = self.spoken(id, segment) else { return };
        let Some(piece) = reply.piece_mut(segment) else { return };
        let duration = match &piece.sound {
            Sound::Queued { duration, .. } => *duration,
            Sound::Ordered | Sound::Voiced => crate::heard::spoken_duration(&piece.text),
            Sound::Waiting | Sound::Heard { .. } | Sound::Failed => return,
        };
        piece.sound = Sound::Heard { duration };
        let kind = piece.kind;
        match kind {
            PieceKind::Disclosure => self.manners.disclosure = Disclosure::Settled,
            PieceKind::Words | PieceKind::Bridge => (),
        }
        self.arm_playout_wait();
        // What follows may not be protected as this was.
        if self.ear.hearing.is_some() {
            self.consider_barge_in();
            self.judge_barge_in();
        }
    }

    pub(crate) fn on_playout_finished(&mut self, id: GenerationId, at: CallTime) {
        if !self.is_spoken(id) {
            return;
        }
        let is_over = self
            .reply
            .as_ref()
            .is_some_and(|reply| reply.script.end == End::Told && reply.is_ordered());
        // Otherwise the buffer ran dry before the brain was done: more will come.
        if is_over {
            self.finish_reply(at);
        }
    }

    pub(crate) fn on_playout_cleared(&mut self, id: GenerationId, heard: &[SegmentHeard]) {
        match &self.reply {
            Some(reply) if reply.generation == id && reply.stage == Stage::Clearing => {
                self.on_cut(heard);
            }
            Some(_) | None => self.note(Decision::LateAnswer { to: Late::Generation(id) }),
        }
    }

    /// A cleared reply: what was heard of it stays, the rest never was.
    pub(crate) fn on_cut(&mut self, reports: &[SegmentHeard]) {
        self.timers.stop(Timer::ClearWait);
        let Some(reply) = self.reply.take() else { return };
        let generation = reply.generation;
        let mut part = reply.heard_part(reports);
        if reply.is_ordered() {
            self.act(Action::CancelSpeech { generation, heard: part.audio });
        }
        let whole = reply.heard_whole();
        let is_whole =
            reply.script.end == End::Told && whole.heard == Heard::Whole && whole.text == part.text;
        if is_whole {
            // The caller let it end before speaking.
            self.reply = Some(reply);
            return self.finish_reply(self.now);
        }
        if part.audio < HEARD_MIN {
            part.text.clone_from(&reply.script.heard_before);
        }
        if part.text.is_empty() {
            self.counts.heard = self.counts.heard + part.audio;
            self.note(Decision::Withdrawn { generation });
            match reply.source {
                Source::Brain | Source::Resumption => self.turns.withdraw(),
                Source::Greeting | Source::Line => (),
            }
        } else {
            self.remember_heard(&reply, &part);
            if let Some(expect) = reply.outcome.expect {
                self.manners.expect = expect;
            }
        }
        let is_known = reply.thought == Progress::Done;
        let is_wanted = !part.text.is_empty() || self.manners.recovery == Recovery::Speak;
        if is_known && is_wanted {
            self.manners.cut = Some(reply.into_cut(reports));
        }
    }

    /// A reply the caller has heard to its end: remember it and do what it promised.
    pub(crate) fn finish_reply(&mut self, at: CallTime) {
        let Some(reply) = self.reply.take() else { return };
        for timer in [
            Timer::BargeInArbitration,
            Timer::BargeInArmed,
            Timer::ClearWait,
            Timer::ThinkWait,
            Timer::VoiceWait,
            Timer::PlayoutWait,
            Timer::ClosingWait,
        ] {
            self.timers.stop(timer);
        }
        match reply.stage {
            // All of it was out before the hold: the next reply must not be held for this one.
            Stage::Held { .. } => self.act(Action::ResumePlayout { generation: reply.generation }),
            Stage::Unspoken | Stage::Voicing | Stage::Audible | Stage::Clearing => (),
        }
        let part = reply.heard_whole();
        self.remember_heard(&reply, &part);
        if reply.script.pieces.iter().any(|piece| piece.kind == PieceKind::Disclosure) {
            self.manners.disclosure = Disclosure::Settled;
        }
        self.manners.expect = reply.outcome.expect.unwrap_or(self.manners.expect);
        match reply.source {
            Source::Brain | Source::Resumption => self.manners.failures = 0,
            Source::Greeting | Source::Line => (),
        }
        self.carry_out(reply.outcome, at);
        // The caller may have begun to speak just before the end.
        self.arm_endpoint();
        if self.phase == Phase::Open && self.ear.is_idle() {
            self.timers.start(Timer::NoInput, at + self.config.turns.no_input_delay);
        }
    }

    /// The carrier has not said that all was heard, and it must have been.
    pub(crate) fn on_playout_wait(&mut self) {
        let Some(reply) = &self.reply else { return };
        let generation = reply.generation;
        if reply.is_audible() {
            self.note(Decision::PlayoutAssumed { generation });
            self.finish_reply(self.now);
        } else {
            self.fail(Failure::Playout);
        }
    }

    /// Starts the watch over the end of a reply whose audio is all there.
    pub(crate) fn arm_playout_wait(&mut self) {
        let Some(reply) = &self.reply else { return };
        let is_flowing = match reply.stage {
            Stage::Voicing | Stage::Audible => reply.is_all_queued(),
            Stage::Unspoken | Stage::Held { .. } | Stage::Clearing => false,
        };
        if is_flowing {
            self.timers.start(Timer::PlayoutWait, self.now + reply.unheard() + PLAYOUT_WAIT_EXTRA);
        } else {
            self.timers.stop(Timer::PlayoutWait);
        }
    }

    /// What the caller said into protected words interrupts the unprotected ones behind them.
    pub(crate) fn settle_protected(&mut self) {
        let Some(reply) = &self.reply else { return };
        let is_open = match (reply.stage, self.protection()) {
            (Stage::Audible, BargeIn::Allowed) => true,
            (Stage::Audible, BargeIn::Protected)
            | (Stage::Unspoken | Stage::Voicing | Stage::Held { .. } | Stage::Clearing, _) => false,
        };
        if !is_open || !self.ear.is_complete() {
            return;
        }
        let words = self.ear.words().text;
        let is_beside = self.is_beside_the_point(&words, self.ear.began);
        let tokens = tokens(&words);
        let span = self.ear.began.map_or(Millis::ZERO, |began| self.now.since(began));
        let own = reply.said_lately(self.now, span);
        let is_own = self.ear.echo.is_own(likeness(&tokens, &own, None));
        let words = &self.config.lines.words;
        let listens = is_own
            || is_beside
            || words_beside(&tokens, &[&words.backchannels, &words.fillers]) == 0;
        if listens && self.ear.keys.is_empty() {
            self.discard_ear();
        } else {
            self.interrupt(Confirmed::Unprotected);
        }
    }

    fn is_spoken(&mut self, id: GenerationId) -> bool {
        let is_spoken = self.reply.as_ref().is_some_and(|reply| reply.generation == id);
        if !is_spoken {
            self.note(Decision::LateAnswer { to: Late::Generation(id) });
        }
        is_spoken
    }

    /// The reply `id`, if `segment` was ordered under it.
    fn spoken(&mut self, id: GenerationId, segment: SegmentId) -> Option<&mut Reply> {
        let is_known = self.reply.as_mut().is_some_and(|reply| {
            reply.generation == id
                && reply
                    .piece_mut(segment)
                    .is_some_and(|piece| !matches!(piece.sound, Sound::Waiting))
        });
        if !is_known {
            self.note(Decision::LateAnswer { to: Late::Segment(id, segment) });
            return None;
        }
        self.reply.as_mut()
    }
}

/// From a segment's first audio to its last: 300 characters at a third of real time.
const SEGMENT_WAIT_MAX: Millis = Millis::from_secs(15);

/// What the carrier may be late in saying that all was heard (conversation.md §7.7).
const PLAYOUT_WAIT_EXTRA: Millis = Millis::new(1_500);

/// Whoever heard less of a reply has not heard it: the caller went on (conversation.md §7.3).
const HEARD_MIN: Millis = Millis::new(300);

/// A segment is at most 300 characters long.
const SEGMENT_WORDS_MAX: usize = 300;

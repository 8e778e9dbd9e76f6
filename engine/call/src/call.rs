//! One conversation as a state machine.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use types::{CallTime, Dialogue, EndReason, Limits, Message, Millis, Persona, Pii, Turns};

use crate::decision::Decision;
use crate::ear::{Ear, Edge};
use crate::endpoint::Certainty;
use crate::outage::{Bridge, Link, ResumeLimits};
use crate::phase::{Goodbye, Phase};
use crate::readings::Readings;
use crate::reply::{Piece, Reply, Source, Stage};
use crate::timers::Timers;
use crate::turn::{self, Disclosure, Manners};
use crate::{Action, CallSummary, Counts, Event, Lines, Timer};

/// All of its configuration that a conversation depends on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallConfig {
    /// What is said first.
    pub persona: Persona,
    /// How turns are taken.
    pub turns: Turns,
    /// What bounds the call.
    pub limits: Limits,
    /// The engine's own sentences and words.
    pub lines: Lines,
    /// How long a leg without media is tried for.
    #[serde(default)]
    pub resume: ResumeLimits,
}

/// One conversation. Its methods are of three kinds, to be called in this order:
///
/// - `handle_event`, `handle_timeout`: something happened;
/// - `poll_action`: what to do about it, until there is none; then `poll_timeout`: when to come back;
/// - `summary`, `phase_name`: looking on, at any time.
///
/// Outside answers carry the generation or utterance they were asked under; answers to dead ones
/// change nothing.
#[derive(Debug)]
pub struct Call {
    pub(crate) config: CallConfig,
    pub(crate) seed: u64,
    pub(crate) now: CallTime,
    pub(crate) phase: Phase,
    pub(crate) link: Link,
    pub(crate) ear: Ear,
    pub(crate) reply: Option<Reply>,
    pub(crate) turns: turn::Turns,
    pub(crate) manners: Manners,
    pub(crate) timers: Timers,
    pub(crate) dialogue: Arc<Dialogue>,
    pub(crate) messages: Vec<Message>,
    pub(crate) counts: Counts,
    actions: VecDeque<Action>,
}

impl Call {
    /// A call that has not been answered. `seed` decides where chance would.
    pub fn new(config: CallConfig, seed: u64) -> Self {
        Self {
            config,
            seed,
            now: CallTime::ZERO,
            phase: Phase::Ringing,
            link: Link::Up,
            ear: Ear::default(),
            reply: None,
            turns: turn::Turns::default(),
            manners: Manners::default(),
            timers: Timers::default(),
            dialogue: Arc::default(),
            messages: Vec::new(),
            counts: Counts::default(),
            actions: VecDeque::new(),
        }
    }

    /// Takes in that `event` happened.
    ///
    /// # Panics
    /// If actions of the step before were not drained, or `now` lies before an earlier one.
    pub fn handle_event(&mut self, now: CallTime, event: Event) {
        self.begin_step(now);
        match self.phase {
            // Nothing can happen to a call that is over.
            Phase::Ended { .. } => (),
            Phase::HangingUp { .. } => self.on_event_after_hang_up(event),
            Phase::Ringing
            | Phase::Open
            | Phase::Transferring
            | Phase::Closing { .. }
            | Phase::Leaving { .. } => {
                self.on_event(event);
                self.settle();
            }
        }
    }

    /// Fires the first timer that is due; does nothing if none is. Call it until
    /// [`Call::poll_timeout`] lies ahead, draining in between.
    ///
    /// # Panics
    /// As [`Call::handle_event`].
    pub fn handle_timeout(&mut self, now: CallTime) {
        self.begin_step(now);
        if let Some(timer) = self.timers.take_due(now) {
            self.on_timer(timer);
            self.settle();
        }
    }

    /// The next thing to do, in order.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When to call [`Call::handle_timeout`], unless something happens before, and what for. May lie
    /// in the past: then at once.
    pub fn poll_timeout(&self) -> Option<(CallTime, Timer)> {
        self.timers.next()
    }

    /// What the call has left behind so far.
    pub fn summary(&self) -> CallSummary {
        let reason = match self.phase {
            Phase::Ended { reason } => Some(reason),
            Phase::Ringing
            | Phase::Open
            | Phase::Transferring
            | Phase::Closing { .. }
            | Phase::Leaving { .. }
            | Phase::HangingUp { .. } => None,
        };
        CallSummary {
            turns: self.turns.records().to_vec(),
            messages: self.messages.clone(),
            counts: self.counts,
            reason,
        }
    }

    /// What has been said so far, the agent's words only as far as they were heard.
    pub fn dialogue(&self) -> &Arc<Dialogue> {
        &self.dialogue
    }

    /// Whether the leg carries media, as far as the call was told.
    pub fn has_media(&self) -> bool {
        !self.link.is_down()
    }

    /// Whether the caller's audio should be coming: while a transfer is tried it may not.
    pub fn expects_media(&self) -> bool {
        match self.phase {
            Phase::Transferring | Phase::Ended { .. } => false,
            Phase::Ringing
            | Phase::Open
            | Phase::Closing { .. }
            | Phase::Leaving { .. }
            | Phase::HangingUp { .. } => true,
        }
    }

    /// The response time of the present turn, once its reply is heard.
    pub fn response(&self) -> Option<Millis> {
        self.turns.records().last()?.stages.response()
    }

    /// What the caller is saying at this moment, as far as it is recognized.
    pub fn hearing(&self) -> Option<&str> {
        let utterance = self.ear.hearing.as_ref()?;
        let text = &utterance.words.text;
        (!text.is_empty()).then_some(text)
    }

    /// Whether the leg is being transferred: its media may go, and come back or not.
    pub fn is_transferring(&self) -> bool {
        self.phase == Phase::Transferring
    }

    /// One word for what is going on, for displays.
    pub fn phase_name(&self) -> &'static str {
        match self.phase {
            Phase::Ringing => "ringing",
            Phase::Transferring => "transferring",
            Phase::HangingUp { .. } => "hanging up",
            Phase::Ended { .. } => "ended",
            Phase::Closing { .. } | Phase::Leaving { .. } => "closing",
            Phase::Open if self.link.is_down() => "detached",
            Phase::Open => self.floor_name(),
        }
    }

    fn floor_name(&self) -> &'static str {
        match (self.reply.as_ref().map(|reply| reply.stage), &self.ear.hearing) {
            (Some(Stage::Unspoken | Stage::Voicing), _) => "thinking",
            (Some(Stage::Audible), _) => "speaking",
            (Some(Stage::Held { .. }), _) => "held",
            (None | Some(Stage::Clearing), Some(utterance)) => match utterance.edge {
                Edge::Speaking => "hearing",
                Edge::Paused { .. } | Edge::Ended { .. } => "waiting",
            },
            (None | Some(Stage::Clearing), None) if self.ear.is_idle() => "listening",
            (None | Some(Stage::Clearing), None) => "waiting",
        }
    }

    fn begin_step(&mut self, now: CallTime) {
        assert!(self.actions.is_empty(), "drain poll_action first");
        assert!(self.now <= now, "time is monotonic");
        self.now = now;
    }

    fn on_event(&mut self, event: Event) {
        // The audio timeline runs behind the clock, never ahead of it.
        let now = self.now;
        if self.link.is_down() && event.is_of_media() {
            // The last of an audio that has broken off: silence in it is none.
            return;
        }
        match event {
            Event::Answered => self.on_answered(),
            Event::SpeechStarted { at } => self.on_speech_started(at.min(now)),
            Event::SpeechPaused { at } => self.on_speech_paused(at.min(now)),
            Event::SpeechResumed => self.on_speech_resumed(),
            Event::SpeechEnded { at } => self.on_speech_ended(at.min(now)),
            Event::SpeechStopped { at } => self.on_speech_stopped(at.min(now)),
            Event::Echo { heard } => self.on_echo(heard),
            Event::Partial { utterance, text } => {
                let words = Readings::new(text, Vec::new());
                self.on_words(utterance, words, Certainty::Partial);
            }
            Event::Stable { utterance, text, others } => {
                self.on_words(utterance, Readings::new(text, others), Certainty::Stable);
            }
            Event::Final { utterance, text, others, audio } => {
                self.on_final(utterance, Readings::new(text, others), audio);
            }
            Event::RecognizerFailed => self.on_recognizer_failed(),
            Event::RecognizerRecovers => self.on_recognizer_recovers(),
            Event::Dtmf { digit } => self.on_dtmf(digit),
            Event::Detached { how } => self.on_detached(how),
            Event::Reattached { gap } => self.on_reattached(gap),
            Event::AttachAccepted => self.on_attach_accepted(),
            Event::AttachRefused { reason } => self.on_attach_refused(reason),
            Event::Restored { gap } => self.on_restored(gap),
            Event::LegRefused { reason: _ } => self.on_leg_refused(),
            Event::LegEnded { how } => self.on_leg_ended(how),
            Event::EndRequested { manner } => self.on_end_requested(manner),
            Event::Thought { .. }
            | Event::ThoughtPaused { .. }
            | Event::ThoughtEffect { .. }
            | Event::Understood { .. }
            | Event::ThoughtDone { .. }
            | Event::ThoughtFailed { .. } => self.on_brain_event(event),
            Event::SegmentVoiced { .. }
            | Event::SegmentQueued { .. }
            | Event::SegmentFailed { .. }
            | Event::PlayoutSent { .. }
            | Event::PlayoutStarted { .. }
            | Event::SegmentHeard { .. }
            | Event::PlayoutFinished { .. }
            | Event::PlayoutCleared { .. } => self.on_playout_event(event),
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events went elsewhere before")]
    fn on_brain_event(&mut self, event: Event) {
        match event {
            Event::Thought { generation, text, cites } => {
                self.on_thought(generation, text.reveal(), cites);
            }
            Event::ThoughtPaused { generation } => self.on_thought_paused(generation),
            Event::ThoughtEffect { generation, effect } => {
                self.on_thought_effect(generation, effect);
            }
            Event::Understood { generation, reading, because: _ } => {
                self.on_understood(generation, reading);
            }
            Event::ThoughtDone { generation, expect, note } => {
                self.on_thought_done(generation, expect, note);
            }
            Event::ThoughtFailed { generation } => self.on_thought_failed(generation),
            _ => unreachable!("only the brain's events come here"),
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events went elsewhere before")]
    fn on_playout_event(&mut self, event: Event) {
        let now = self.now;
        match event {
            Event::SegmentVoiced { generation, segment } => {
                self.on_segment_voiced(generation, segment);
            }
            Event::SegmentQueued { generation, segment, duration, words } => {
                self.on_segment_queued(generation, segment, duration, words);
            }
            Event::SegmentFailed { generation, segment } => {
                self.on_segment_failed(generation, segment);
            }
            Event::PlayoutSent { generation } => self.on_playout_sent(generation),
            Event::PlayoutStarted { generation, at } => {
                self.on_playout_started(generation, at);
            }
            Event::SegmentHeard { generation, segment } => {
                self.on_segment_heard(generation, segment);
            }
            Event::PlayoutFinished { generation, at } => {
                self.on_playout_finished(generation, at.min(now));
            }
            Event::PlayoutCleared { generation, heard } => {
                self.on_playout_cleared(generation, &heard);
            }
            _ => unreachable!("only playout's events come here"),
        }
    }

    /// Of all events only the leg's own matter once it was told to hang up.
    #[expect(clippy::wildcard_enum_match_arm, reason = "nobody hears, speaks or thinks any more")]
    fn on_event_after_hang_up(&mut self, event: Event) {
        match event {
            Event::LegEnded { how } => self.on_leg_ended(how),
            Event::LegRefused { reason: _ } => self.on_leg_refused(),
            Event::EndRequested { manner } => self.on_end_requested(manner),
            Event::Restored { gap } => self.on_restored(gap),
            _ => (),
        }
    }

    fn on_timer(&mut self, timer: Timer) {
        match timer {
            Timer::Endpoint => self.on_endpoint(),
            Timer::FinalWait => self.on_final_wait(),
            Timer::SpeechMax => self.on_speech_max(),
            Timer::BargeInArbitration => self.judge_barge_in(),
            Timer::BargeInArmed => self.on_barge_in_armed(),
            Timer::ClearWait => self.on_cut(&[]),
            Timer::DtmfGap => self.on_dtmf_gap(),
            Timer::ThinkWait => self.on_think_wait(),
            Timer::VoiceWait => self.on_voice_wait(),
            Timer::PlayoutWait => self.on_playout_wait(),
            Timer::NoInput => self.on_no_input(),
            Timer::GoodbyeWait => self.on_goodbye_wait(),
            Timer::ClosingWait => self.on_closing_wait(),
            Timer::TransferWait => self.on_leg_refused(),
            Timer::HangUpWait => self.on_hang_up_wait(),
            Timer::DetachedMax => self.on_detached_max(),
            Timer::Reattach => self.attach_again(),
            Timer::GoOnWait => self.on_go_on_wait(),
            Timer::DurationWarning => self.on_duration_warning(),
            Timer::DurationMax => self.start_closing(EndReason::DurationMax),
        }
    }

    fn on_answered(&mut self) {
        match self.phase {
            Phase::Ringing => self.phase = Phase::Open,
            Phase::Closing { reason, goodbye: Goodbye::AwaitsAnswer } => {
                self.phase = Phase::Closing { reason, goodbye: Goodbye::Due };
                return;
            }
            // A second start of the same leg: the call goes on.
            Phase::Open
            | Phase::Transferring
            | Phase::Closing { .. }
            | Phase::Leaving { .. }
            | Phase::HangingUp { .. }
            | Phase::Ended { .. } => return,
        }
        self.start_duration();
        self.turns.open();
        let barge_in = self.config.turns.barge_in;
        let persona = &self.config.persona;
        let mut pieces = Vec::new();
        if !persona.greeting.trim().is_empty() {
            pieces.push(Piece::new(persona.greeting.clone(), barge_in));
        }
        if let Some(disclosure) = &persona.disclosure {
            self.manners.disclosure = Disclosure::Due;
            pieces.push(Piece::disclosure(disclosure.clone()));
        }
        if pieces.is_empty() {
            return;
        }
        let generation = self.turns.next_generation();
        let reply = Reply::scripted(generation, Source::Greeting, pieces);
        self.turns.present().reply = Pii::new(reply.text());
        self.begin_reply(reply);
        self.speak_on();
    }

    /// After every step: whatever can follow by itself follows, and something is always awaited.
    fn settle(&mut self) {
        if self.link.is_down() {
            // Its own clocks run; the rest follows when the media is back.
            return;
        }
        match self.phase {
            Phase::Open | Phase::Transferring | Phase::Leaving { .. } => (),
            Phase::Closing { reason, goodbye: Goodbye::Due } if self.reply.is_none() => {
                return self.say_goodbye(reason);
            }
            Phase::Ringing
            | Phase::Closing { .. }
            | Phase::HangingUp { .. }
            | Phase::Ended { .. } => return,
        }
        self.settle_outage();
        self.settle_protected();
        if self.reply.is_none() && self.ear.is_idle() {
            self.recover();
        }
        if self.reply.is_none() && self.ear.is_complete() {
            self.conclude();
        }
        if self.reply.is_none() && self.ear.is_idle() {
            self.settle_silence();
        }
        if self.reply.is_none() {
            self.settle_cut_off();
        }
    }

    /// Nobody speaks: somebody must be woken up for it.
    fn settle_silence(&mut self) {
        match self.phase {
            Phase::Leaving { .. } if self.timers.runs(Timer::GoodbyeWait) => (),
            Phase::Leaving { .. } => self.timers.start(Timer::GoodbyeWait, self.now),
            Phase::Open if self.manners.due.is_some() => self.say_due_line(),
            Phase::Open if self.manners.bridge != Bridge::None => self.say_bridge(),
            Phase::Open if self.timers.runs(Timer::NoInput) => (),
            Phase::Open => {
                let due = self.now + self.config.turns.no_input_delay;
                self.timers.start(Timer::NoInput, due);
            }
            // Its own timer runs.
            Phase::Transferring => (),
            Phase::Ringing
            | Phase::Closing { .. }
            | Phase::HangingUp { .. }
            | Phase::Ended { .. } => (),
        }
    }

    pub(crate) fn act(&mut self, action: Action) {
        self.actions.push_back(action);
    }

    pub(crate) fn note(&mut self, decision: Decision) {
        self.act(Action::Note { decision });
    }
}

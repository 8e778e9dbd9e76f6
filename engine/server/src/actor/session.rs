//! One call inside the engine: the conversation, its hearing and its speaking, and what is kept.
//!
//! No socket here: messages come in as text, messages for the carrier are taken out. The loop is
//! the conversation's own, *mutate, then drain*: every `handle_*` ends with everything settled.

use std::collections::VecDeque;
use std::sync::Arc;

use axum::extract::ws::Utf8Bytes;
use call::{Action, Call, CallConfig, Event, LegEnd, Lines, Rebuilt, Remark, ResumeLimits};
use codecs::l16::ByteOrder;
use media::Starved;
use speech::Audibility;
use thiserror::Error;
use tokio::time::Instant;
use types::{
    AgentConfig, AudioFormat, CallId, CallTime, DialogueEntry, EndReason, LegControl, LegOrder,
    Millis, Pii, Recording as Record, Unavailable, WallTime,
};
use vendor::{BrainEvent, BrainSession, RecognizerEvent, Thought, VendorError};
use wire::telnyx::{self, Message, Track};

use super::hearing::Hearing;
use super::inbox::{InboxSink, Inner, LegNews};
use super::log::CallLog;
use super::opening::Opening;
use super::parts::{Conversation, open_brain, open_hearing, open_speaking, recording_path};
use super::speaking::{Speaking, Told};
use crate::control::{
    CONTROL_FORMAT, CallLine, CallView, CountsView, OpeningView, Party, TurnView, Words,
};
use crate::feed::{Note, Seen};
use crate::front::carrier::CarrierError;
use crate::front::{LegHandle, OwnShare};
use crate::node::Node;
use crate::publish::{GREETING_RATE, Published};
use crate::recording::Recording;
use crate::view::masked;

/// How often watchers are told how loud the caller is.
const LEVEL_EVERY: Millis = Millis::new(100);

/// A call that cannot begin.
#[derive(Debug, Error)]
pub(crate) enum SessionError {
    /// None of the agent's vendors is here.
    #[error("no {kind} of this agent's choice is on this node")]
    NoVendor {
        /// Which kind.
        kind: &'static str,
    },
    /// A vendor has no session for us.
    #[error(transparent)]
    Vendor(#[from] VendorError),
    /// The leg's audio cannot be coded.
    #[error(transparent)]
    Codec(#[from] codecs::CodecError),
}

/// What a session is made of besides its socket.
pub(crate) struct Beginning {
    pub(crate) node: Arc<Node>,
    pub(crate) call: CallId,
    pub(crate) seed: u64,
    pub(crate) opening: Opening,
    pub(crate) agent: Arc<AgentConfig>,
    pub(crate) published: Arc<Published>,
    pub(crate) inbox: InboxSink,
    pub(crate) leg: Box<dyn LegControl>,
    pub(crate) began: WallTime,
    pub(crate) ring: Option<RingShare>,
    /// The way to have the leg streamed again, if its carrier can be told to.
    pub(crate) again: Option<LegHandle>,
    /// What another process has left, if the call goes on from there.
    pub(crate) past: Option<Past>,
    /// The business file the agent came from, by its kept name.
    pub(crate) source: Option<String>,
}

/// A call that another process began.
pub(crate) struct Past {
    pub(crate) rebuilt: Rebuilt,
    /// Its event log.
    pub(crate) lines: Vec<u8>,
}

/// Our own share of the time from a ring to the greeting: what passed before its `start`, and when
/// that came.
pub(crate) struct RingShare {
    pub(crate) own: Arc<OwnShare>,
    pub(crate) opened: Instant,
}

/// One live call.
pub(crate) struct Session {
    node: Arc<Node>,
    pub(crate) id: CallId,
    pub(crate) opening: Opening,
    pub(crate) agent: Arc<AgentConfig>,
    published: Arc<Published>,
    pub(crate) began: WallTime,
    clock: Instant,
    /// What the call's clock showed when `clock` began.
    clock_offset: CallTime,
    pub(crate) call: Call,
    log: CallLog,
    hearing: Hearing,
    pub(crate) speaking: Speaking,
    brain: Box<dyn BrainSession>,
    leg: Box<dyn LegControl>,
    again: Option<LegHandle>,
    inbox: InboxSink,
    source: Option<String>,
    recording: Option<Recording>,
    events: VecDeque<Event>,
    payload: Vec<u8>,
    pub(crate) line: LineState,
    socket: Socket,
    stream: Stream,
    /// When media last arrived.
    media_at: CallTime,
    /// Until the greeting's first audio has left.
    ring: Option<RingShare>,
    /// What watchers were told is going on.
    doing: &'static str,
    /// When they were told how loud the caller is.
    level_at: CallTime,
}

/// Whether there is a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Socket {
    Open,
    /// It is gone, and another one is waited for.
    Gone,
}

/// Whether the carrier has been told to stream the leg again and has not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stream {
    NotOrdered,
    Ordered,
}

/// What is to become of the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineState {
    /// It goes on.
    Up,
    /// We hang up.
    HangingUp,
    /// The call is over.
    Over(EndReason),
}

/// What `agent` asks of its conversations, on a leg that may be without media as `resume` says.
fn call_config(agent: &AgentConfig, resume: &ResumeLimits) -> CallConfig {
    CallConfig {
        persona: agent.persona.clone(),
        turns: agent.turns.clone(),
        limits: agent.limits.clone(),
        lines: Lines::english(),
        resume: resume.clone(),
    }
}

impl Session {
    /// Opens every part of a call.
    pub(crate) fn begin(beginning: Beginning) -> Result<Self, SessionError> {
        let Beginning { node, call: id, seed, opening, agent, published, inbox, .. } = beginning;
        let Beginning { leg, began, ring, again, past, source, .. } = beginning;
        let sink = Arc::new(inbox.clone());
        let format = opening.format;
        let hearing = open_hearing(&node, &agent, format, sink.clone())?;
        let speaking = open_speaking(&node, &agent, format, sink.clone())?;
        let brain = open_brain(&node, &agent, &opening, sink)?;
        let resume =
            if again.is_some() { &node.config.resume.carrier } else { &node.config.resume.bare };
        let config = call_config(&agent, resume);
        let Conversation { call, log, clock_offset, gap } = match past {
            Some(past) => Conversation::goes_on(&node, id, began, past),
            None => Conversation::begins(&node, (id, began, seed), &agent, config),
        };
        let recording = (agent.recording == Record::On).then(|| {
            let path = recording_path(&node.archive.dir(agent.business, id));
            node.recorder.begin(id, path, format.rate, node.config.keeping.recording_backlog)
        });
        let mut session = Self {
            node,
            id,
            opening,
            agent,
            published,
            began,
            clock: Instant::now(),
            clock_offset,
            call,
            log,
            hearing,
            speaking,
            brain,
            leg,
            again,
            inbox,
            source,
            recording,
            events: VecDeque::with_capacity(16),
            payload: Vec::with_capacity(4_096),
            line: LineState::Up,
            socket: if gap.is_some() { Socket::Gone } else { Socket::Open },
            stream: Stream::NotOrdered,
            media_at: CallTime::ZERO,
            ring,
            doing: "",
            level_at: CallTime::ZERO,
        };
        let now = session.now();
        session.hearing.suspend_starvation(now);
        session.media_at = now;
        let leg = Remark::leg(session.opening.from.clone(), session.opening.to, format);
        session.log.remark(now, &leg);
        session.tell(now, gap.map_or(Event::Answered, |gap| Event::Restored { gap }));
        Ok(session)
    }

    /// Whether the leg's carrier can be told what to do.
    pub(crate) fn has_carrier(&self) -> bool {
        self.again.is_some()
    }

    /// The name under which the business file is kept that the agent came from.
    pub(crate) fn source(&self) -> Option<String> {
        self.source.clone()
    }

    /// The present on the call's clock.
    pub(crate) fn now(&self) -> CallTime {
        let passed = self.clock.elapsed().as_micros() as u64;
        CallTime::from_micros(self.clock_offset.as_micros() + passed)
    }

    /// Takes in a message of the carrier.
    pub(crate) fn handle_text(&mut self, text: &str) {
        let now = self.now();
        match telnyx::decode(text) {
            Ok(Message::Media(media)) => self.handle_media(now, &media),
            Ok(Message::Mark(mark)) => {
                self.speaking.handle_mark(now, &mark.name);
                self.settle_speaking(now);
            }
            Ok(Message::Dtmf(dtmf)) => {
                if let Some(event) = self.hearing.handle_key(now, dtmf.digit) {
                    self.tell(now, event);
                }
            }
            Ok(Message::Start(start)) => match Opening::read(&start) {
                Ok(opening) => self.attach(opening.format),
                Err(_) => self.node.telemetry.messages_bad.increment(1),
            },
            // Connecting the caller with somebody may take the stream; the leg says what became of it.
            Ok(Message::Stop(_)) if self.again.is_some() && self.call.is_transferring() => {
                self.socket = Socket::Gone;
                self.tell(now, Event::Detached { how: LegEnd::Stopped });
            }
            Ok(Message::Stop(_)) => self.tell(now, Event::LegEnded { how: LegEnd::Stopped }),
            Ok(Message::Error(error)) => {
                tracing::warn!(code = error.code, "carrier reports a fault of ours");
                self.node.telemetry.messages_bad.increment(1);
            }
            Ok(Message::Connected(_)) => (),
            Ok(Message::Unknown { .. }) => self.node.telemetry.messages_unknown.increment(1),
            Err(_) => self.node.telemetry.messages_bad.increment(1),
        }
    }

    fn handle_media(&mut self, now: CallTime, media: &telnyx::Media<'_>) {
        if media.track != Track::Inbound {
            return;
        }
        self.media_at = now;
        self.payload.clear();
        if media.decode_payload(&mut self.payload).is_err() {
            self.node.telemetry.media_bad.increment(1);
            return;
        }
        let payload = std::mem::take(&mut self.payload);
        let taken = self.hearing.handle_media(now, media.chunk, &payload, &mut self.events);
        if taken.is_err() {
            self.node.telemetry.media_bad.increment(1);
        }
        self.payload = payload;
        self.settle(now);
        if let Some(order) = self.hearing.poll_order() {
            self.switch_order(order);
        }
        self.hear(now);
    }

    /// The carrier's L16 comes the other way round: it is answered alike.
    fn switch_order(&mut self, order: ByteOrder) {
        self.node.telemetry.media_orders_switched.increment(1);
        tracing::warn!(call = %self.id, ?order, "L16 sounds the other way round: switched");
        if let Err(error) = self.speaking.swap_bytes(order) {
            tracing::error!(%error, "L16 cannot be sent the other way round");
        }
    }

    /// Works through the frames that are there.
    fn hear(&mut self, now: CallTime) {
        let audibility = if self.speaking.is_audible(now) {
            Audibility::AgentAudible
        } else {
            Audibility::AgentSilent
        };
        while let Some(()) =
            self.hearing.poll_frame(now, audibility, self.recording.as_mut(), &mut self.events)
        {
            self.settle(now);
        }
        self.hearing.record_late(self.recording.as_mut());
        if self.node.feed.is_watched() && LEVEL_EVERY <= now.since(self.level_at) {
            self.level_at = now;
            let caller = self.hearing.level();
            self.show(|| Seen::Level { caller });
        }
    }

    /// The carrier streams anew, on this socket or another: what it had queued is lost.
    pub(crate) fn attach(&mut self, format: AudioFormat) {
        let now = self.now();
        let gap = now.since(self.media_at);
        self.hearing.suspend_starvation(now);
        if format != self.hearing.format() || self.hearing.restart(format).is_err() {
            tracing::warn!(%format, "carrier comes back with another format");
            self.node.telemetry.refused_format.increment(1);
            self.tell(now, Event::LegEnded { how: LegEnd::Lost });
            return;
        }
        self.media_at = now;
        self.socket = Socket::Open;
        self.node.telemetry.legs_reattached.increment(1);
        self.log.remark(now, &Remark::Restarted);
        self.speaking.restart(now);
        self.settle_speaking(now);
        self.tell(now, Event::Reattached { gap });
    }

    /// Takes in what a vendor or the house has to say.
    pub(crate) fn handle_inner(&mut self, inner: Inner) {
        let now = self.now();
        if let Inner::Restreamed(_) = inner {
            self.stream = Stream::NotOrdered;
        }
        match inner {
            Inner::Recognizer(event) => self.handle_recognizer(now, event),
            Inner::Brain(event) => {
                if let Some(event) = brain_event(event) {
                    self.tell(now, event);
                }
            }
            Inner::Voice(event) => {
                let mut events = std::mem::take(&mut self.events);
                self.speaking.handle_voice(event, &mut events);
                self.events = events;
                self.settle(now);
                self.settle_speaking(now);
            }
            Inner::Look(reply) => {
                // Who asked may have gone meanwhile.
                let _ = reply.send(Box::new(self.look()));
            }
            Inner::End(manner) => self.tell(now, Event::EndRequested { manner }),
            Inner::Leg(LegNews::Gone) => self.tell(now, Event::LegEnded { how: LegEnd::Stopped }),
            Inner::Press(digits) => self.order(&LegOrder::SendDtmf { digits }),
            Inner::Leg(LegNews::HandedOver) => {
                self.tell(now, Event::LegEnded { how: LegEnd::HandedOver });
            }
            Inner::Leg(LegNews::KeysRefused { digits }) => {
                // Tones in our own audio are better than none.
                if let Err(error) = self.speaking.press(&digits) {
                    tracing::warn!(call = %self.id, %error, "keys cannot be pressed");
                }
            }
            Inner::Leg(LegNews::Refused(reason)) => self.tell(now, Event::LegRefused { reason }),
            Inner::Leg(LegNews::StreamFailed) => {
                self.tell(now, Event::AttachRefused { reason: Unavailable::Refused });
            }
            // Its socket follows.
            Inner::Restreamed(Ok(())) => (),
            Inner::Restreamed(Err(CarrierError::Ended)) => {
                self.tell(now, Event::LegEnded { how: LegEnd::Stopped });
            }
            Inner::Restreamed(Err(error)) => {
                tracing::warn!(call = %self.id, %error, "the leg is not streamed again");
                self.tell(now, Event::AttachRefused { reason: Unavailable::Refused });
            }
            // The actor has exchanged the socket by now.
            Inner::Attach { socket: _, format } => self.attach(format),
        }
    }

    fn handle_recognizer(&mut self, now: CallTime, event: RecognizerEvent) {
        let event = match event {
            RecognizerEvent::Partial { utterance, text } => Event::Partial { utterance, text },
            RecognizerEvent::Stable { utterance, text } => Event::Stable { utterance, text },
            RecognizerEvent::Final { utterance, text, audio } => {
                Event::Final { utterance, text, audio }
            }
            RecognizerEvent::Failed { error } => {
                tracing::error!(%error, "recognizer failed");
                Event::RecognizerFailed
            }
        };
        self.tell(now, event);
    }

    /// The pacer's tick, or a deadline: lets everything run that was waiting for time.
    pub(crate) fn handle_time(&mut self) {
        let now = self.now();
        self.hearing.handle_timeout(now);
        self.hear(now);
        self.speaking.handle_timeout(now);
        self.settle_speaking(now);
        while let Some((due, timer)) = self.call.poll_timeout()
            && due <= now
            && self.line == LineState::Up
        {
            self.log.timeout(now, timer);
            self.call.handle_timeout(now);
            self.settle(now);
        }
        self.handle_starvation(now);
    }

    /// No media has come for a while, perhaps.
    fn handle_starvation(&mut self, now: CallTime) {
        if !self.call.expects_media() || self.socket == Socket::Gone {
            self.hearing.suspend_starvation(now);
            return;
        }
        while self.line == LineState::Up
            && let Some(stage) = self.hearing.poll_starvation(now, &mut self.events)
        {
            if stage == Starved::Dead {
                self.node.telemetry.media_dead.increment(1);
                tracing::warn!(call = %self.id, "no media comes");
            }
            self.settle(now);
        }
    }

    /// Hands the event log's first lines to the journal at once: a call without them cannot be brought
    /// back.
    pub(crate) fn commit_header(&mut self) {
        self.log.commit(self.now());
    }

    /// Hands the event log's new lines to the journal, if it is time.
    pub(crate) fn commit_log(&mut self) {
        self.log.handle_timeout(self.now());
    }

    /// The socket is gone. The leg need not be.
    pub(crate) fn handle_gone(&mut self) {
        let now = self.now();
        self.socket = Socket::Gone;
        self.node.telemetry.legs_detached.increment(1);
        self.tell(now, Event::Detached { how: LegEnd::Lost });
    }

    /// The next message for the carrier that is due.
    pub(crate) fn poll_message(&mut self) -> Option<Utf8Bytes> {
        let now = self.now();
        let message = self.speaking.poll_message(now);
        if message.is_none() {
            self.settle_speaking(now);
        }
        message
    }

    /// When there is something to do if nothing else happens.
    pub(crate) fn deadline(&self) -> Instant {
        let times = [
            self.log.poll_timeout(),
            self.call.poll_timeout().map(|(due, _)| due),
            self.hearing.poll_timeout(),
            // While it plays the pacer's ticks are its clock.
            if self.speaking.is_playing() { None } else { self.speaking.poll_timeout() },
        ];
        let idle = self.now() + IDLE_MAX;
        let first = times.into_iter().flatten().fold(idle, CallTime::min);
        let ahead = first.as_micros().saturating_sub(self.clock_offset.as_micros());
        self.clock + std::time::Duration::from_micros(ahead)
    }

    /// Ends the session: what remains is its log.
    pub(crate) fn finish(mut self) -> (Vec<u8>, media::InboundCounters) {
        let now = self.now();
        if let Some(recording) = &mut self.recording {
            self.speaking.record(recording, self.hearing.timeline());
        }
        let counters = self.hearing.counters();
        let media = Remark::Media {
            received: counters.received,
            reordered: counters.reordered,
            duplicates: counters.duplicates,
            late: counters.late,
            filled: counters.gaps_filled,
            undecodable: counters.undecodable,
        };
        self.log.remark(now, &media);
        (self.log.finish(now), counters)
    }

    /// Passes on what the playout has to tell.
    fn settle_speaking(&mut self, now: CallTime) {
        while let Some(told) = self.speaking.poll_event() {
            match told {
                Told::Started { generation, at } => {
                    if let Some(RingShare { own, opened }) = self.ring.take() {
                        let share = own.total() + opened.elapsed();
                        self.node.telemetry.ring_own_ms.record(share.as_secs_f64() * 1_000.0);
                    }
                    self.tell(now, Event::PlayoutSent { generation });
                    self.tell(now, Event::PlayoutStarted { generation, at });
                }
                Told::Event(event) => self.tell(now, event),
                Told::Underrun { generation } => {
                    self.node.telemetry.underruns.increment(1);
                    self.log.remark(now, &Remark::Starved { generation });
                }
            }
        }
        if let Some(recording) = &mut self.recording {
            self.speaking.record(recording, self.hearing.timeline());
        }
    }

    /// Hands an event to the conversation and carries out what it orders.
    fn tell(&mut self, now: CallTime, event: Event) {
        self.events.push_back(event);
        self.settle(now);
    }

    fn settle(&mut self, now: CallTime) {
        loop {
            while let Some(action) = self.call.poll_action() {
                self.log.action(now, &action);
                self.perform(now, action);
            }
            // After the end nothing matters any more.
            if let LineState::Over(_) = self.line {
                self.events.clear();
                return;
            }
            let Some(event) = self.events.pop_front() else { return };
            self.log.event(now, &event);
            self.show_event(&event);
            let is_reply = matches!(event, Event::PlayoutStarted { .. });
            self.call.handle_event(now, event);
            if is_reply && let Some(response) = self.call.response() {
                self.show(|| Seen::Replied { response });
            }
            self.show_state();
        }
    }

    /// What an operator sees of this call.
    fn look(&self) -> CallView {
        let summary = self.call.summary();
        let last = self.call.dialogue().entries.iter().rev().find_map(|entry| {
            let (who, text) = match entry {
                DialogueEntry::Caller { text, .. } => (Party::Caller, text),
                DialogueEntry::Agent { text, .. } => (Party::Agent, text),
                DialogueEntry::Keys { digits, .. } => (Party::Caller, digits),
                DialogueEntry::NoInput { .. } => return None,
            };
            Some(Words { who, text: text.clone() })
        });
        let opening = &self.opening;
        CallView {
            format: CONTROL_FORMAT,
            line: CallLine {
                call: self.id,
                business: self.agent.business,
                from: opening.from.as_ref().map(|from| masked(*from.reveal())),
                duration: Some(self.now().since(CallTime::ZERO)),
                state: self.call.phase_name().to_owned(),
                last,
            },
            agent: self.agent.agent,
            version: self.agent.version,
            began: self.began,
            opening: OpeningView {
                to: opening.to.to_string(),
                carrier_call: opening.carrier_call.reveal().clone(),
                format: opening.format.to_string(),
            },
            hearing: self.call.hearing().map(|words| Pii::new(words.to_owned())),
            turns: summary.turns.iter().map(TurnView::of).collect(),
            counts: CountsView::of(summary.counts, self.hearing.counters()),
        }
    }

    /// Lets whoever watches see how the call stands after a step.
    fn show_state(&mut self) {
        if !self.node.feed.is_watched() {
            return;
        }
        let what = self.call.phase_name();
        if what != self.doing {
            self.doing = what;
            self.show(|| Seen::Doing { what });
        }
    }

    /// Lets whoever watches see the words.
    fn show_event(&self, event: &Event) {
        match event {
            Event::Partial { text, .. } | Event::Stable { text, .. } => {
                self.show(|| Seen::CallerSays { text: text.clone() });
            }
            Event::Final { text, .. } => self.show(|| Seen::CallerSaid { text: text.clone() }),
            Event::PlayoutCleared { .. } => self.show(|| Seen::AgentStopped),
            Event::Answered
            | Event::SpeechStarted { .. }
            | Event::SpeechPaused { .. }
            | Event::SpeechResumed
            | Event::SpeechEnded { .. }
            | Event::SpeechStopped { .. }
            | Event::RecognizerFailed
            | Event::Thought { .. }
            | Event::ThoughtEffect { .. }
            | Event::ThoughtDone { .. }
            | Event::ThoughtFailed { .. }
            | Event::SegmentVoiced { .. }
            | Event::SegmentQueued { .. }
            | Event::SegmentFailed { .. }
            | Event::PlayoutSent { .. }
            | Event::PlayoutStarted { .. }
            | Event::SegmentHeard { .. }
            | Event::PlayoutFinished { .. }
            | Event::Dtmf { .. }
            | Event::LegRefused { .. }
            | Event::Detached { .. }
            | Event::Reattached { .. }
            | Event::AttachRefused { .. }
            | Event::Restored { .. }
            | Event::LegEnded { .. }
            | Event::EndRequested { .. } => (),
        }
    }

    /// Lets whoever watches see something.
    pub(crate) fn show(&self, what: impl FnOnce() -> Seen) {
        let (call, business) = (self.id, self.agent.business);
        self.node.feed.show(|| Note { call, business, what: what() });
    }

    fn perform(&mut self, now: CallTime, action: Action) {
        match action {
            Action::BeginUtterance { utterance, at } => self.hearing.begin(utterance, at),
            Action::PauseUtterance { utterance } => self.hearing.recognizer().pause(utterance),
            Action::ResumeUtterance { utterance } => self.hearing.recognizer().resume(utterance),
            Action::FinalizeUtterance { utterance } => {
                self.hearing.recognizer().finalize(utterance);
            }
            Action::DiscardUtterance { utterance } => self.hearing.recognizer().discard(utterance),
            Action::Think { generation, dialogue } => {
                self.brain.think(Thought { generation, dialogue, now: wall_now() });
            }
            Action::CancelThought { generation } => self.brain.cancel(generation),
            Action::Speak { generation, segment, text, barge_in: _ } => {
                self.show(|| Seen::AgentSays { text: text.clone() });
                let sound = self.published.greeting(text.reveal());
                match sound {
                    Some(sound) => {
                        let sound = (sound, GREETING_RATE);
                        self.speaking.play(generation, segment, sound, &mut self.events);
                    }
                    None => self.speaking.speak(generation, segment, &text),
                }
            }
            Action::EndSpeech { generation } => self.speaking.end(generation),
            Action::CancelSpeech { generation, heard } => self.speaking.cancel(generation, heard),
            Action::HoldPlayout { generation: _ } => self.speaking.hold(now),
            Action::ResumePlayout { generation: _ } => self.speaking.resume(now),
            Action::ClearPlayout { generation } => {
                let cleared = self.speaking.clear(now, generation);
                self.events.push_back(cleared);
            }
            Action::Leg { order } => self.order(&order),
            Action::Reattach { attempt } => self.stream_again(attempt),
            Action::KeepMessage { message: _ } => {
                // It stands in the call's summary, and so in its record and the journal.
                tracing::info!(call = %self.id, "message taken");
            }
            Action::Note { decision } => tracing::debug!(call = %self.id, ?decision, "decided"),
            Action::Finish { reason } => self.line = LineState::Over(reason),
        }
    }

    fn order(&mut self, order: &LegOrder) {
        match self.leg.order(order) {
            Ok(()) if *order == LegOrder::HangUp => self.line = LineState::HangingUp,
            Ok(()) => (),
            Err(reason) => self.order_refused(order, reason),
        }
    }

    /// Where nobody presses keys for us, tones do.
    fn order_refused(&mut self, order: &LegOrder, reason: Unavailable) {
        let pressed = match order {
            LegOrder::SendDtmf { digits } if reason == Unavailable::Unsupported => {
                self.speaking.press(digits)
            }
            LegOrder::SendDtmf { .. } | LegOrder::HangUp | LegOrder::Transfer { .. } => Err(reason),
        };
        match pressed {
            Ok(()) => (),
            Err(reason) => self.events.push_back(Event::LegRefused { reason }),
        }
    }

    /// Has the carrier stream the leg again; what becomes of it comes into the inbox.
    fn stream_again(&mut self, attempt: u32) {
        let Some(leg) = self.again.clone() else {
            let reason = Unavailable::Unsupported;
            self.events.push_back(Event::AttachRefused { reason });
            return;
        };
        if self.stream == Stream::Ordered {
            // Its token would be void with a second one, and attempts are being made.
            return;
        }
        self.stream = Stream::Ordered;
        tracing::info!(call = %self.id, attempt, "streaming again");
        let inbox = self.inbox.clone();
        tokio::spawn(async move {
            let outcome = leg.restream().await;
            inbox.offer_inner(Inner::Restreamed(outcome));
        });
    }

    /// We have hung up: the leg is gone because we said so.
    pub(crate) fn handle_hung_up(&mut self) {
        let now = self.now();
        self.line = LineState::Up;
        self.tell(now, Event::LegEnded { how: LegEnd::Stopped });
    }
}

fn brain_event(event: BrainEvent) -> Option<Event> {
    Some(match event {
        BrainEvent::Text { generation, text } => {
            Event::Thought { generation, text: Pii::new(text.text), cites: text.cites }
        }
        BrainEvent::Effect { generation, effect } => Event::ThoughtEffect { generation, effect },
        BrainEvent::Done { generation, expect, note } => {
            Event::ThoughtDone { generation, expect, note }
        }
        BrainEvent::Failed { generation, error } => {
            tracing::warn!(%error, "brain failed");
            Event::ThoughtFailed { generation }
        }
    })
}

/// How long a session sleeps at most: whoever waits for nothing still looks around.
const IDLE_MAX: Millis = Millis::from_secs(10);

/// The present on the wall clock.
pub(crate) fn wall_now() -> WallTime {
    WallTime::from_unix_millis(jiff::Timestamp::now().as_millisecond())
}

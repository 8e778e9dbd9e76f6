//! One call inside the engine: the conversation, its hearing and its speaking, and what is kept.
//!
//! No socket here: messages come in as text, messages for the carrier are taken out. The loop is
//! the conversation's own, *mutate, then drain*: every `handle_*` ends with everything settled.
//! What concerns one matter stands in a file of its name.

mod actions;
mod beginning;
mod commit;
mod frames;
mod inner;
mod leg;
mod look;
mod usage;

use std::collections::VecDeque;
use std::sync::Arc;

use axum::extract::ws::Utf8Bytes;
use call::{Call, Event, LegEnd, Remark};
use tokio::time::Instant;
use types::{AgentConfig, CallId, CallTime, EndReason, LegControl, Millis, WallTime};
use vendor::BrainSession;
use wire::telnyx::{self, Message};

pub(super) use beginning::{Beginning, Past, RingShare, SessionError};

use commit::Commit;

use super::hearing::Hearing;
use super::inbox::InboxSink;
use super::log::CallLog;
use super::opening::Opening;
use super::speaking::{Speaking, Told};
use crate::feed::Seen;
use crate::front::LegHandle;
use crate::node::Node;
use crate::publish::Published;
use crate::recording::Recording;

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
    commit: Commit,
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

impl Session {
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

    /// The pacer's tick, or a deadline: lets everything run that was waiting for time.
    pub(crate) fn handle_time(&mut self) {
        let now = self.now();
        self.hearing.handle_timeout(now);
        self.hear(now);
        self.speaking.handle_timeout(now);
        self.settle_speaking(now);
        if let Some(heard) = self.commit.poll(now) {
            self.brain.commit(heard);
        }
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

    /// Hands the event log's first lines to the journal at once: a call without them cannot be brought
    /// back.
    pub(crate) fn commit_header(&mut self) {
        self.log.commit(self.now());
    }

    /// Hands the event log's new lines to the journal, if it is time.
    pub(crate) fn commit_log(&mut self) {
        self.log.handle_timeout(self.now());
    }

    /// The next message for the carrier that is due.
    pub(crate) fn poll_message(&mut self) -> Option<Utf8Bytes> {
        let now = self.now();
        let message = self.speaking.poll_message(now);
        if let Some((at, samples)) = self.speaking.take_sent() {
            self.hearing.note_sent(at, samples);
        }
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
                    self.commit.started(generation, at);
                }
                Told::Event(event) => {
                    if let Event::SegmentHeard { generation, .. }
                    | Event::PlayoutFinished { generation, .. } = event
                        && let Some(heard) = self.commit.heard(generation)
                    {
                        self.brain.commit(heard);
                    }
                    self.tell(now, event);
                }
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
}

/// How long a session sleeps at most: whoever waits for nothing still looks around.
const IDLE_MAX: Millis = Millis::from_secs(10);

/// The present on the wall clock.
pub(crate) fn wall_now() -> WallTime {
    WallTime::from_unix_millis(jiff::Timestamp::now().as_millisecond())
}

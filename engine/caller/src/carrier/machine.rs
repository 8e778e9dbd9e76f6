//! One leg's state at the carrier, clock-free: commands in, replies and effects out.

use std::borrow::Cow;
use std::collections::VecDeque;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use types::{AudioFormat, Millis, Pii};
use wire::telnyx::WallMicros;
use wire::telnyx::command::{Action, COMMAND_ID_SECONDS, RejectCause, Request, TargetLegs};
use wire::telnyx::reply::ErrorCode;
use wire::telnyx::webhook::{
    Answered, Direction, Event, Hangup, HangupCause, HangupSource, Initiated, LegState,
    RecordingSaved, SpeakStatus, StreamFailure,
};

use super::names::Names;
use super::order::StreamOrder;

/// Command ids remembered at most: a leg gets a handful of commands a minute.
const COMMAND_IDS_MAX: usize = 256;

/// One leg at the carrier.
///
/// Commands, the caller and the socket go in through `handle_*`; what follows from them comes out
/// of [`Machine::poll_effect`].
#[derive(Debug)]
pub(crate) struct Machine {
    names: Names,
    direction: Direction,
    tags: Vec<String>,
    /// The leg's own codec.
    codec: AudioFormat,
    phase: Phase,
    stream: Stream,
    is_bridged: bool,
    recording_since: Option<WallMicros>,
    /// When the last of the carrier's own words is out.
    speaking_until: Option<WallMicros>,
    began: WallMicros,
    answered_at: Option<WallMicros>,
    ended_at: Option<WallMicros>,
    /// Command ids and when they came.
    commands: VecDeque<(WallMicros, String)>,
    effects: VecDeque<Effect>,
}

/// How far a leg has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Rings and waits for our command.
    Parked,
    /// Is being set up by us.
    Bridging,
    /// Somebody answered.
    Answered,
    /// Is over.
    Over { cause: HangupCause },
}

/// Whether a leg streams.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stream {
    None,
    /// Its socket is being connected.
    Connecting {
        url: Pii<String>,
    },
    /// Its socket is open.
    Open {
        url: Pii<String>,
    },
}

/// What follows from what happened.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Tell the engine.
    Tell(Event<'static>),
    /// The caller may speak: time zero.
    Answer,
    /// Connect a socket.
    Connect(Box<StreamOrder>),
    /// Say `stop` on the socket and close it.
    Disconnect,
    /// Ring somebody for a transfer.
    Transfer(Transfer),
    /// The far side hears the carrier's voice say this.
    Say(String),
    /// The far side hears these keys.
    Press(String),
    /// The leg is over: the last effect but for what there is to tell.
    End { by: HangupSource },
}

/// Somebody to ring.
#[derive(Clone, Debug)]
pub(crate) struct Transfer {
    pub(crate) to: Pii<String>,
    pub(crate) from: Option<Pii<String>>,
    pub(crate) client_state: Option<Pii<String>>,
    pub(crate) timeout: Option<Millis>,
}

/// What a command came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is done.
    Done,
    /// It was done before, under the same id.
    Repeated,
}

impl Machine {
    /// A leg that begins now. It tells so.
    pub(crate) fn new(
        now: WallMicros,
        names: Names,
        direction: Direction,
        codec: AudioFormat,
        tags: Vec<String>,
    ) -> Self {
        let phase = match direction {
            Direction::Incoming => Phase::Parked,
            Direction::Outgoing => Phase::Bridging,
        };
        let mut machine = Self {
            names,
            direction,
            tags,
            codec,
            phase,
            stream: Stream::None,
            is_bridged: false,
            recording_since: None,
            speaking_until: None,
            began: now,
            answered_at: None,
            ended_at: None,
            commands: VecDeque::new(),
            effects: VecDeque::new(),
        };
        let state = match direction {
            Direction::Incoming => LegState::Parked,
            Direction::Outgoing => LegState::Bridging,
        };
        machine.tell(Event::Initiated(Initiated {
            direction: Some(direction),
            state: Some(state),
            start_time: Some(now),
            tags: machine.wire_tags(),
            connection_codecs: Some(Cow::Borrowed("G722,PCMA,PCMU")),
            offered_codecs: Some(Cow::Borrowed("PCMU,PCMA")),
            shaken_stir_attestation: Some(Cow::Borrowed("A")),
            shaken_stir_validated: Some(true),
            ..Initiated::default()
        }));
        machine
    }

    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    pub(crate) fn phase(&self) -> Phase {
        self.phase
    }

    pub(crate) fn codec(&self) -> AudioFormat {
        self.codec
    }

    pub(crate) fn began(&self) -> WallMicros {
        self.began
    }

    pub(crate) fn answered_at(&self) -> Option<WallMicros> {
        self.answered_at
    }

    pub(crate) fn ended_at(&self) -> Option<WallMicros> {
        self.ended_at
    }

    pub(crate) fn is_over(&self) -> bool {
        match self.phase {
            Phase::Over { .. } => true,
            Phase::Parked | Phase::Bridging | Phase::Answered => false,
        }
    }

    /// The next thing that follows, oldest first.
    pub(crate) fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// A command of the engine.
    ///
    /// # Errors
    /// The code to refuse it with; nothing has changed then.
    pub(crate) fn handle_command(
        &mut self,
        now: WallMicros,
        request: &Request<'_>,
        action: &Action<'_>,
    ) -> Result<Outcome, ErrorCode> {
        if let Some(state) = &request.client_state
            && STANDARD.decode(state.reveal().as_bytes()).is_err()
        {
            return Err(ErrorCode::BadClientState);
        }
        if let Some(id) = request.command_id.as_deref()
            && self.is_repeated(now, id)
        {
            return Ok(Outcome::Repeated);
        }
        self.check(action)?;
        if let Some(state) = &request.client_state {
            self.names.client_state = Some(Pii::new(state.reveal().to_string()));
        }
        if let Some(id) = request.command_id.as_deref() {
            self.remember(now, id);
        }
        self.carry_out(now, action);
        Ok(Outcome::Done)
    }

    /// When [`Machine::handle_time`] has something to do.
    pub(crate) fn poll_timeout(&self) -> Option<WallMicros> {
        self.speaking_until
    }

    /// The carrier's own words are out, if it is time.
    pub(crate) fn handle_time(&mut self, now: WallMicros) {
        if self.speaking_until.is_some_and(|until| until <= now) {
            self.stop_speaking(SpeakStatus::Completed);
        }
    }

    /// A document answers the call.
    pub(crate) fn handle_document_answer(&mut self, now: WallMicros) {
        if self.phase == Phase::Parked {
            self.answer(now);
        }
    }

    /// A document streams.
    pub(crate) fn handle_document_stream(&mut self, order: StreamOrder) {
        if self.phase == Phase::Answered && self.stream == Stream::None {
            self.connect(order);
        }
    }

    /// Whoever was dialed answers.
    pub(crate) fn handle_callee_answer(&mut self, now: WallMicros, stream: Option<StreamOrder>) {
        if self.phase == Phase::Bridging {
            self.answer(now);
            if let Some(order) = stream {
                self.connect(order);
            }
        }
    }

    /// The socket is open.
    pub(crate) fn handle_connected(&mut self) {
        if let Stream::Connecting { url } = &self.stream {
            let url = url.clone();
            self.stream = Stream::Open { url: url.clone() };
            self.tell(Event::StreamingStarted { stream_url: Some(wire_url(&url)) });
        }
    }

    /// The socket could not be opened. The call stays up.
    pub(crate) fn handle_unreachable(&mut self, reason: &'static str) {
        if let Stream::Connecting { url } = std::mem::replace(&mut self.stream, Stream::None) {
            self.tell(failure(reason, &url));
        }
    }

    /// The engine closed the socket, or it broke. The call stays up, and silent (telnyx.md §1.10).
    pub(crate) fn handle_socket_closed(&mut self) {
        if let Stream::Open { url } = std::mem::replace(&mut self.stream, Stream::None) {
            self.tell(Event::StreamingStopped { stream_url: Some(wire_url(&url)) });
        }
    }

    /// The carrier ends the stream.
    pub(crate) fn handle_stream_stop(&mut self) {
        self.stop_stream();
    }

    /// A transfer's other side is connected with the leg.
    pub(crate) fn handle_bridged(&mut self) {
        if self.phase == Phase::Answered {
            self.is_bridged = true;
            self.tell(Event::Bridged);
        }
    }

    /// The caller presses a key.
    pub(crate) fn handle_key(&mut self, digit: types::DtmfDigit) {
        self.tell(Event::Dtmf { digit: Some(digit) });
    }

    /// Somebody who is not the engine ends the leg.
    pub(crate) fn handle_hang_up(&mut self, now: WallMicros, cause: HangupCause, by: HangupSource) {
        if !self.is_over() {
            self.end(now, cause, by);
        }
    }

    fn check(&self, action: &Action<'_>) -> Result<(), ErrorCode> {
        match (self.phase, action) {
            (Phase::Over { .. }, _) => Err(ErrorCode::AlreadyEnded),
            (_, Action::Hangup | Action::UpdateClientState) => Ok(()),
            (Phase::Parked, Action::Answer(_) | Action::Reject { .. }) => Ok(()),
            (_, Action::Answer(_) | Action::Reject { .. }) => {
                let is_ours = self.direction == Direction::Outgoing;
                Err(if is_ours { ErrorCode::AnswerOnOutgoing } else { ErrorCode::BadRequest })
            }
            (Phase::Parked | Phase::Bridging, Action::RecordStart(_)) => {
                Err(ErrorCode::RecordingTooEarly)
            }
            (Phase::Parked | Phase::Bridging, _) => Err(ErrorCode::NotAnswered),
            (Phase::Answered, Action::StreamingStart(_)) => match &self.stream {
                Stream::None => Ok(()),
                Stream::Connecting { .. } | Stream::Open { .. } => Err(ErrorCode::AlreadyStreaming),
            },
            (Phase::Answered, Action::StreamingStop { .. }) => match &self.stream {
                Stream::None => Err(ErrorCode::NotStreaming),
                Stream::Connecting { .. } | Stream::Open { .. } => Ok(()),
            },
            (
                Phase::Answered,
                Action::Transfer(_)
                | Action::Speak(_)
                | Action::SendDtmf { .. }
                | Action::RecordStart(_)
                | Action::RecordStop,
            ) => Ok(()),
        }
    }

    fn carry_out(&mut self, now: WallMicros, action: &Action<'_>) {
        match action {
            Action::Answer(answer) => {
                self.answer(now);
                if let Some(stream) = &answer.stream {
                    self.connect(StreamOrder::of(stream, self.codec));
                }
            }
            Action::Reject { cause } => {
                let cause = match cause {
                    RejectCause::CallRejected => HangupCause::CallRejected,
                    RejectCause::UserBusy => HangupCause::UserBusy,
                    RejectCause::NotFound => HangupCause::NotFound,
                    RejectCause::TemporarilyUnavailable => HangupCause::NoAnswer,
                };
                self.end(now, cause, HangupSource::Callee);
            }
            Action::Hangup => self.end(now, HangupCause::NormalClearing, HangupSource::Callee),
            Action::StreamingStart(stream) => {
                self.connect(StreamOrder::of(stream, self.codec));
            }
            Action::StreamingStop { .. } => self.stop_stream(),
            Action::Transfer(transfer) => {
                let owned = |text: &Pii<Cow<'_, str>>| Pii::new(text.reveal().to_string());
                let timeout = transfer.timeout_seconds;
                self.effects.push_back(Effect::Transfer(Transfer {
                    to: owned(&transfer.to),
                    from: transfer.from.as_ref().map(owned),
                    client_state: transfer.target_leg_client_state.as_ref().map(owned),
                    timeout: timeout.and_then(|s| u32::try_from(s).ok()).map(Millis::from_secs),
                }));
            }
            Action::RecordStart(_) => self.recording_since = Some(now),
            Action::RecordStop => self.save_recording(now),
            Action::Speak(speak) => {
                let text = speak.text.clone().into_owned();
                // One text waits for the other.
                let from = self.speaking_until.unwrap_or(now);
                self.speaking_until = Some(from.after(spoken(&text)));
                self.effects.push_back(Effect::Say(text));
                self.tell(Event::SpeakStarted);
            }
            Action::SendDtmf { digits, .. } => {
                self.effects.push_back(Effect::Press(digits.reveal().to_string()));
            }
            Action::UpdateClientState => (),
        }
    }

    fn answer(&mut self, now: WallMicros) {
        self.phase = Phase::Answered;
        self.answered_at = Some(now);
        self.effects.push_back(Effect::Answer);
        let event = Event::Answered(Answered {
            start_time: Some(self.began),
            tags: self.wire_tags(),
            codec: Some(Cow::Borrowed(self.codec.encoding.name())),
            sampling_rate: Some(u64::from(self.codec.rate.hz())),
        });
        self.tell(event);
    }

    fn connect(&mut self, order: StreamOrder) {
        // Seen in the wild (telnyx.md §1.9): nobody is opposite a leg that is not connected with
        // another, and asking for it outright makes the stream fail.
        if order.target == Some(TargetLegs::Opposite) && !self.is_bridged {
            self.tell(failure("no_opposite_leg", &order.url));
            return;
        }
        self.stream = Stream::Connecting { url: order.url.clone() };
        self.effects.push_back(Effect::Connect(Box::new(order)));
    }

    fn stop_stream(&mut self) {
        match std::mem::replace(&mut self.stream, Stream::None) {
            Stream::None => (),
            Stream::Connecting { url } | Stream::Open { url } => {
                self.effects.push_back(Effect::Disconnect);
                self.tell(Event::StreamingStopped { stream_url: Some(wire_url(&url)) });
            }
        }
    }

    fn stop_speaking(&mut self, status: SpeakStatus) {
        if self.speaking_until.take().is_some() {
            self.tell(Event::SpeakEnded { status: Some(status) });
        }
    }

    fn save_recording(&mut self, now: WallMicros) {
        if let Some(since) = self.recording_since.take() {
            let url = |end: &str| {
                let name = format!("https://recordings.example/{}.{end}", self.names.call_leg);
                Some(Pii::new(Cow::Owned(name)))
            };
            let (mp3, wav) = (url("mp3"), url("wav"));
            self.tell(Event::RecordingSaved(RecordingSaved {
                started_at: Some(since),
                ended_at: Some(now),
                channels: Some(Cow::Borrowed("dual")),
                mp3,
                wav,
            }));
        }
    }

    fn end(&mut self, now: WallMicros, cause: HangupCause, by: HangupSource) {
        self.phase = Phase::Over { cause };
        self.ended_at = Some(now);
        self.stop_stream();
        self.stop_speaking(SpeakStatus::CallHangup);
        self.effects.push_back(Effect::End { by });
        self.save_recording(now);
        self.tell(Event::Hangup(Hangup {
            cause: Some(cause),
            source: Some(by),
            sip_cause: Some(Cow::Borrowed(sip_code(cause))),
            start_time: Some(self.began),
            end_time: Some(now),
            quality: None,
        }));
    }

    fn tell(&mut self, event: Event<'static>) {
        self.effects.push_back(Effect::Tell(event));
    }

    fn wire_tags(&self) -> Vec<Cow<'static, str>> {
        self.tags.iter().cloned().map(Cow::Owned).collect()
    }

    fn is_repeated(&mut self, now: WallMicros, id: &str) -> bool {
        let window = Millis::from_secs(COMMAND_ID_SECONDS);
        self.commands.retain(|(at, _)| now.since(*at) < window);
        self.commands.iter().any(|(_, known)| known == id)
    }

    fn remember(&mut self, now: WallMicros, id: &str) {
        if self.commands.len() == COMMAND_IDS_MAX {
            self.commands.pop_front();
        }
        self.commands.push_back((now, id.to_owned()));
    }
}

/// How long the carrier's voice takes for `text`: three words a second.
pub(crate) fn spoken(text: &str) -> Millis {
    let words = u32::try_from(text.split_whitespace().count()).unwrap_or(u32::MAX);
    Millis::new(words.saturating_mul(1_000) / 3)
}

fn wire_url(url: &Pii<String>) -> Pii<Cow<'static, str>> {
    Pii::new(Cow::Owned(url.reveal().clone()))
}

fn failure(reason: &'static str, url: &Pii<String>) -> Event<'static> {
    Event::StreamingFailed(StreamFailure {
        reason: Some(Cow::Borrowed(reason)),
        stream_id: None,
        stream_url: Some(wire_url(url)),
    })
}

fn sip_code(cause: HangupCause) -> &'static str {
    match cause {
        HangupCause::NormalClearing | HangupCause::TimeLimit => "200",
        HangupCause::CallRejected => "603",
        HangupCause::OriginatorCancel => "487",
        HangupCause::Timeout | HangupCause::NoAnswer => "480",
        HangupCause::UserBusy => "486",
        HangupCause::NotFound => "404",
        HangupCause::Unspecified => "unspecified",
    }
}

#[cfg(test)]
mod tests;

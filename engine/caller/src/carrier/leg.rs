//! One leg's task: carries out what its machine says, plays its caller, keeps its socket.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::sleep_until;
use types::{CallTime, Millis, Pii, WallTime};
use wire::telnyx::WallMicros;
use wire::telnyx::command::{self, Command, Method};
use wire::telnyx::webhook::{Event, HangupCause, HangupSource};

use crate::line::{Line, LinePlan, stream_id};
use crate::{CarrierLeg, ClosedBy, Observation};

use super::courier::{self, Parcel};
use super::dice::{About, dice};
use super::document;
use super::ledger::{Happened, LegReport, StreamNews, Verdict};
use super::machine::{Effect, Machine, Outcome, Phase};
use super::options::{Bridge, RingPlan, Way};
use super::order::StreamOrder;
use super::seat::{Answer, Input, Seat, StreamEnd};
use super::server::Shared;
use super::socket::{self, OUTBOX_MESSAGES_MAX, Order, SocketNews};
use super::transfer;

/// What a leg's task is made of.
pub(crate) struct LegTask {
    pub(crate) shared: Arc<Shared>,
    pub(crate) seat: Seat,
    pub(crate) machine: Machine,
    pub(crate) phone: CarrierLeg,
    pub(crate) plan: RingPlan,
    pub(crate) inputs: mpsc::Receiver<Input>,
    /// When a leg nobody answers ends, or whoever was dialed answers.
    pub(crate) deadline: WallMicros,
    /// What whoever was dialed streams, once answered.
    pub(crate) dialed: Option<(Callee, Option<StreamOrder>)>,
    pub(crate) media: Media,
    /// Deliveries of this leg's events.
    pub(crate) deliveries: JoinSet<()>,
    pub(crate) told: u64,
}

/// Whether whoever was dialed answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Callee {
    Answers,
    DoesNot,
}

/// A leg's stream.
#[derive(Debug, Default)]
pub(crate) struct Media {
    /// How many streams there have been.
    streams: u64,
    socket: Option<Socket>,
    /// When the carrier will notice that a socket has broken.
    noticed_at: Option<WallMicros>,
    /// What a document waits for.
    over: Option<oneshot::Sender<StreamEnd>>,
}

/// A socket, from the attempt to connect on.
#[derive(Debug)]
struct Socket {
    number: u64,
    orders: mpsc::Sender<Order>,
    task: AbortHandle,
    /// Opened when the socket is.
    line: Option<Line>,
    drop_after: Option<Millis>,
    drop_at: Option<WallMicros>,
    heard: bool,
}

impl LegTask {
    /// Plays the leg to its end, and waits until all of it has been told.
    pub(crate) async fn run(mut self) -> LegReport {
        self.seat.note(self.machine.began(), Happened::Rang);
        if self.plan.way == Way::Texml {
            let run = document::run(self.shared.clone(), self.seat.clone(), self.machine.codec());
            self.shared.spawn(run);
        }
        loop {
            self.settle();
            if self.machine.is_over() {
                break;
            }
            let due = self.due();
            tokio::select! {
                // Time first: a flood of messages must not make us late.
                biased;
                () = sleep_until(self.shared.clock.instant(due)) => self.on_time(),
                Some(_) = self.deliveries.join_next() => (),
                input = self.inputs.recv() => match input {
                    Some(input) => self.on_input(input),
                    None => break,
                },
            }
        }
        self.inputs.close();
        self.finish().await
    }

    async fn finish(mut self) -> LegReport {
        self.shared.retire(&self.seat);
        self.leave_document(StreamEnd::LegOver);
        // Commands that came with the end learn of it.
        while let Ok(input) = self.inputs.try_recv() {
            if let Input::Command { reply, .. } = input {
                let _ = reply.send(Answer::Refused(wire::telnyx::reply::ErrorCode::AlreadyEnded));
            }
        }
        while self.deliveries.join_next().await.is_some() {}
        let call = self.machine.answered_at().map(|_| self.phone.into_report());
        let board = self.seat.board();
        LegReport {
            call_control_id: board.names.call_control.clone(),
            from: board.from.clone(),
            to: board.to.clone(),
            began: self.machine.began(),
            answered_at: self.machine.answered_at(),
            ended_at: self.machine.ended_at(),
            cause: match self.machine.phase() {
                Phase::Over { cause } => Some(cause),
                Phase::Parked | Phase::Bridging | Phase::Answered => None,
            },
            entries: board.ledger.entries.clone(),
            entries_lost: board.ledger.lost,
            call,
        }
    }

    /// When something is to happen next.
    fn due(&self) -> WallMicros {
        let ringing = match self.machine.phase() {
            Phase::Parked | Phase::Bridging => Some(self.deadline),
            Phase::Answered | Phase::Over { .. } => None,
        };
        let playing = self.machine.answered_at().and_then(|zero| {
            let due = i64::try_from(self.phone.poll_timeout()?.as_micros()).ok()?;
            Some(WallMicros::from_unix_micros(zero.as_unix_micros().saturating_add(due)))
        });
        let dropping = self.media.socket.as_ref().and_then(|socket| socket.drop_at);
        let saying = self.machine.poll_timeout();
        let far = self.machine.began().after(Millis::from_secs(86_400));
        [ringing, playing, dropping, saying, self.media.noticed_at]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(far)
    }

    fn now(&self) -> WallMicros {
        self.shared.clock.now()
    }

    /// Where the caller's timeline is.
    fn call_time(&self, now: WallMicros) -> Option<CallTime> {
        let zero = self.machine.answered_at()?;
        let passed = now.as_unix_micros().saturating_sub(zero.as_unix_micros());
        Some(CallTime::from_micros(u64::try_from(passed).unwrap_or(0)))
    }

    fn on_time(&mut self) {
        let now = self.now();
        match (self.machine.phase(), self.dialed.take()) {
            (Phase::Parked, _) if self.deadline <= now => self.machine.handle_hang_up(
                now,
                HangupCause::OriginatorCancel,
                HangupSource::Caller,
            ),
            (Phase::Bridging, Some((Callee::Answers, stream))) if self.deadline <= now => {
                self.machine.handle_callee_answer(now, stream);
            }
            (Phase::Bridging, _) if self.deadline <= now => {
                self.machine.handle_hang_up(now, HangupCause::NoAnswer, HangupSource::Unknown);
            }
            (_, dialed) => self.dialed = dialed,
        }
        self.machine.handle_time(now);
        if let Some(at) = self.call_time(now) {
            self.phone.handle_timeout(at);
        }
        let is_due = |socket: &Socket| socket.drop_at.is_some_and(|at| at <= now);
        if self.media.socket.as_ref().is_some_and(is_due) {
            self.drop_socket(Millis::ZERO);
        }
        if self.media.noticed_at.is_some_and(|at| at <= now) {
            self.notice();
        }
    }

    fn on_input(&mut self, input: Input) {
        let now = self.now();
        match input {
            Input::Command { method, path, body, reply } => {
                let answer = self.on_command(now, method, (&path, &body));
                // The engine may have gone in the meantime.
                let _ = reply.send(answer);
            }
            Input::Socket { number, news } => self.on_socket(now, number, news),
            Input::HangUp => {
                self.machine.handle_hang_up(now, HangupCause::NormalClearing, HangupSource::Caller)
            }
            Input::DropSocket { noticed_after } => self.drop_socket(noticed_after),
            Input::Bridged => {
                if self.shared.options.bridge == Bridge::StopsStream {
                    self.machine.handle_stream_stop();
                }
                self.machine.handle_bridged();
            }
            Input::PeerLeft => {
                self.machine.handle_hang_up(now, HangupCause::NormalClearing, HangupSource::Callee)
            }
            Input::DocumentAnswers => self.machine.handle_document_answer(now),
            Input::DocumentStreams { order, over } => {
                self.media.over = Some(over);
                self.machine.handle_document_stream(*order);
            }
            Input::DocumentEnds { cause } => {
                self.machine.handle_hang_up(now, cause, HangupSource::Callee);
            }
        }
    }

    fn on_command(
        &mut self,
        now: WallMicros,
        method: Method,
        (path, body): (&str, &[u8]),
    ) -> Answer {
        // It was decoded before it came here.
        let Ok(request) = command::decode(method, path, body) else { return Answer::Done };
        let Command::Act { action, .. } = &request.command else { return Answer::Done };
        let answer = match self.machine.handle_command(now, &request, action) {
            Ok(Outcome::Done) => Answer::Done,
            Ok(Outcome::Repeated) => Answer::Repeated,
            Err(code) => Answer::Refused(code),
        };
        let verdict = match answer {
            Answer::Done => Verdict::Done,
            Answer::Repeated => Verdict::Repeated,
            Answer::Refused(code) => Verdict::Refused(code),
        };
        let command_id = request.command_id.as_deref().map(str::to_owned);
        let verb = request.verb().to_owned();
        self.seat.note(now, Happened::Command { verb, command_id, verdict });
        answer
    }

    fn on_socket(&mut self, now: WallMicros, number: u64, news: SocketNews) {
        let at = self.call_time_of(now);
        let Some(socket) = self.media.socket.as_mut().filter(|s| s.number == number) else {
            return;
        };
        match news {
            SocketNews::Opened => self.on_opened(now),
            SocketNews::Unreachable => {
                self.media.socket = None;
                self.seat.note(now, Happened::Stream(StreamNews::Unreachable));
                self.machine.handle_unreachable("connection_failed");
                self.leave_document(StreamEnd::Unreachable);
            }
            SocketNews::Text(text) => {
                let first = !std::mem::replace(&mut socket.heard, true);
                if first {
                    self.seat.note(now, Happened::Stream(StreamNews::FirstMedia));
                }
                self.phone.handle_message(at, &text);
            }
            SocketNews::Binary => self.phone.handle_binary(at),
            SocketNews::Closed => self.on_closed(now, StreamNews::ClosedByEngine, Millis::ZERO),
            SocketNews::Lost => self.on_closed(now, StreamNews::Lost, Millis::ZERO),
        }
    }

    fn call_time_of(&self, now: WallMicros) -> CallTime {
        self.call_time(now).unwrap_or_default()
    }

    fn on_opened(&mut self, now: WallMicros) {
        let at = self.call_time_of(now);
        if let Some(socket) = &mut self.media.socket {
            socket.drop_at = socket.drop_after.map(|after| now.after(after));
            if let Some(line) = socket.line.take() {
                self.phone.handle_line(at, line);
            }
        }
        self.seat.note(now, Happened::Stream(StreamNews::Opened));
        self.machine.handle_connected();
    }

    fn on_closed(&mut self, now: WallMicros, news: StreamNews, noticed_after: Millis) {
        if let Some(socket) = self.media.socket.take() {
            socket.task.abort();
        }
        self.seat.note(now, Happened::Stream(news));
        self.phone.handle_line_closed(self.call_time_of(now));
        self.media.noticed_at = Some(now.after(noticed_after));
        if noticed_after == Millis::ZERO {
            self.notice();
        }
        self.leave_document(match news {
            StreamNews::ClosedByEngine | StreamNews::Stopped => StreamEnd::Closed,
            StreamNews::Lost
            | StreamNews::DroppedByUs
            | StreamNews::Unreachable
            | StreamNews::Opened
            | StreamNews::FirstMedia => StreamEnd::Lost,
        });
    }

    fn drop_socket(&mut self, noticed_after: Millis) {
        if self.media.socket.is_some() {
            self.on_closed(self.now(), StreamNews::DroppedByUs, noticed_after);
        }
    }

    /// The carrier knows by now that the stream is over.
    fn notice(&mut self) {
        if self.media.noticed_at.take().is_some() {
            self.machine.handle_socket_closed();
        }
    }

    fn leave_document(&mut self, end: StreamEnd) {
        if let Some(over) = self.media.over.take() {
            // The document's runner may have left first.
            let _ = over.send(end);
        }
    }

    /// Carries out all that follows from what happened.
    fn settle(&mut self) {
        loop {
            self.send();
            while let Some(observation) = self.phone.poll_observation() {
                self.on_observation(observation);
            }
            let Some(effect) = self.machine.poll_effect() else { break };
            self.act(effect);
        }
        let mut board = self.seat.board();
        board.phase = self.machine.phase();
        board.answered_at = self.machine.answered_at();
        board.ended_at = self.machine.ended_at();
        board.names.clone_from(self.machine.names());
    }

    /// Hands what the caller's phone has to say to the socket.
    fn send(&mut self) {
        while let Some(outgoing) = self.phone.poll_message() {
            let Some(socket) = &self.media.socket else { continue };
            // A full queue is an engine that stopped reading: its packets are lost on the way.
            let sent = socket.orders.try_send(Order::Text(outgoing.text)).is_ok();
            if let (true, Some(due)) = (sent, outgoing.due) {
                let at = self.call_time_of(self.shared.clock.now());
                self.phone.handle_sent(at, due);
            }
        }
    }

    fn on_observation(&mut self, observation: Observation) {
        let now = self.now();
        match observation {
            Observation::Closed { by: ClosedBy::Caller, .. } => {
                self.machine.handle_hang_up(now, HangupCause::NormalClearing, HangupSource::Caller)
            }
            Observation::Closed { by: ClosedBy::DurationMax, .. } => {
                self.machine.handle_hang_up(now, HangupCause::TimeLimit, HangupSource::Unknown)
            }
            Observation::Pressed { digit, .. } => {
                self.seat.note(now, Happened::Key);
                self.machine.handle_key(digit);
            }
            Observation::Closed {
                by: ClosedBy::Agent | ClosedBy::Lost | ClosedBy::Stalled,
                ..
            }
            | Observation::Opened { .. }
            | Observation::QuestionBegan { .. }
            | Observation::QuestionEnded { .. }
            | Observation::ReplyBegan { .. }
            | Observation::ReplyEnded { .. }
            | Observation::Unanswered { .. }
            | Observation::BargedIn { .. }
            | Observation::Cleared(_) => (),
        }
    }

    fn act(&mut self, effect: Effect) {
        let now = self.now();
        match effect {
            Effect::Tell(event) => self.tell(now, event),
            Effect::Say(text) => self.seat.note(now, Happened::Said { text }),
            Effect::Press(digits) => self.seat.note(now, Happened::Pressed { digits }),
            Effect::Answer => {
                self.seat.note(now, Happened::Answered);
                let zero = self.machine.answered_at().unwrap_or(now);
                let zero = WallTime::from_unix_millis(zero.as_unix_micros().div_euclid(1_000));
                self.phone.handle_answered(zero);
            }
            Effect::Connect(order) => self.connect(*order),
            Effect::Disconnect => self.disconnect(now),
            Effect::Transfer(order) => {
                let play = transfer::play(self.shared.clone(), self.seat.clone(), order);
                self.shared.spawn(play);
            }
            Effect::End { by } => {
                if self.machine.answered_at().is_some() {
                    self.phone.handle_hung_up(self.call_time_of(now), ClosedBy::Agent);
                }
                if let Phase::Over { cause } = self.machine.phase() {
                    self.seat.note(now, Happened::Over { cause, by });
                }
            }
        }
    }

    fn tell(&mut self, now: WallMicros, event: Event<'static>) {
        if self.plan.way == Way::Texml {
            self.tell_by_form(&event);
            return;
        }
        self.told += 1;
        let board = self.seat.board();
        let parcel = Parcel {
            names: self.machine.names().clone(),
            from: board.from.clone(),
            to: board.to.clone(),
            occurred_at: now,
            n: self.told,
            event,
        };
        drop(board);
        let delivery = courier::deliver(self.shared.clone(), self.seat.clone(), parcel);
        self.deliveries.spawn(delivery);
    }

    /// Documents know of the end only.
    fn tell_by_form(&mut self, event: &Event<'static>) {
        let url = self.shared.options.texml_status_url.clone();
        if let (Event::Hangup(_), Some(url)) = (event, url) {
            let form = document::form(&self.shared, &self.seat, "completed");
            let shared = self.shared.clone();
            self.deliveries.spawn(async move {
                // Nothing depends on whether the engine takes note.
                let _ = courier::ask(&shared, &url, form).await;
            });
        }
    }

    fn connect(&mut self, order: StreamOrder) {
        self.media.noticed_at = None;
        self.media.streams += 1;
        let number = self.media.streams;
        let faults = &self.shared.options.faults;
        let mut dice = dice(faults.seed, About::Media, self.seat.number, number);
        let fate = faults.media.plan(&mut dice);
        let order = match fate.codec {
            Some(codec) => order.with_codec(codec),
            None => order,
        };
        let names = self.machine.names().clone();
        let owned = |text: &Pii<String>| text.reveal().clone();
        let board = self.seat.board();
        let plan = LinePlan {
            stream_id: stream_id(dice.next()),
            call_control: names.call_control,
            call_session: names.call_session,
            to: owned(&board.to),
            from: board.from.as_ref().map(owned),
            client_state: names.client_state.as_ref().map(owned),
            tags: self.plan.tags.clone(),
            parameters: order.parameters.clone(),
            token: None,
            codec: order.codec,
            announced: order.announced.clone(),
            replies: order.replies,
            impairments: if faults.media.line.is_none() {
                self.plan.call.impairments
            } else {
                faults.media.line
            },
            seed: dice.next(),
            flow: fate.flow,
        };
        drop(board);
        let Ok(line) = Line::new(plan, self.machine.codec().rate) else {
            self.machine.handle_unreachable("unsupported_codec");
            return;
        };
        if fate.unreachable {
            self.seat.note(self.now(), Happened::Stream(StreamNews::Unreachable));
            self.machine.handle_unreachable("connection_failed");
            self.leave_document(StreamEnd::Unreachable);
            return;
        }
        let (orders, waiting) = mpsc::channel(OUTBOX_MESSAGES_MAX);
        let target = socket::Target {
            url: order.url.reveal().clone(),
            token: order.token,
            client: self.shared.client.clone(),
        };
        let serve = socket::serve(number, target, self.seat.inputs.clone(), waiting);
        let task = self.shared.spawn(serve);
        let drop_after = fate.drop_after;
        let line = Some(line);
        self.media.socket =
            Some(Socket { number, orders, task, line, drop_after, drop_at: None, heard: false });
    }

    /// Says `stop`, and closes the socket behind it.
    fn disconnect(&mut self, now: WallMicros) {
        self.media.noticed_at = None;
        if self.machine.answered_at().is_some() {
            self.phone.handle_line_stopped(self.call_time_of(now));
        }
        self.send();
        if let Some(socket) = self.media.socket.take() {
            self.seat.note(now, Happened::Stream(StreamNews::Stopped));
            if socket.orders.try_send(Order::Close).is_err() {
                // Nobody reads: no farewell gets through.
                socket.task.abort();
            }
        }
        self.leave_document(StreamEnd::Closed);
    }
}

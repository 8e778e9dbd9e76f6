//! The carrier's and the caller's part of one call, without socket and clock.

use std::collections::VecDeque;

use codecs::level::Dbfs;
use types::{CallTime, DtmfDigit, PTIME, Pii, SampleRate, WallTime};
use wire::telnyx::carrier::{self, COMMAND_BYTES_MAX, Command};
use wire::telnyx::{PayloadBase64, StreamFault};

use crate::impairment::Random;
use crate::lateness::LatenessLog;
use crate::line::{Line, LinePlan, Reply};
use crate::measure::Heard;
use crate::outbox::Outgoing;
use crate::performer::{Deed, Performer, Scene};
use crate::playout::{PlayoutModel, time_of};
use crate::{CallPlan, CallReport, CallerError, ClosedBy, Counters, Observation};

/// One call's far side: connects nothing, knows no clock.
///
/// A leg of its own carries one stream, from its answer to its end. At a carrier, streams come and
/// go: between them the caller speaks to nobody, and what was queued plays on.
///
/// Call [`Self::handle_opened`] once; then whatever happens through `handle_*`, each followed by
/// draining [`Self::poll_message`] and [`Self::poll_observation`]; sleep until
/// [`Self::poll_timeout`]. When [`Self::closed_by`] says so the call is over:
/// [`Self::into_report`].
///
/// Time is microseconds since the leg opened and does not run backwards. Frame `n` is spoken from
/// `n·20 ms` on and leaves 20 ms later; what the caller does in it is decided when it begins.
#[derive(Debug)]
pub struct CarrierLeg {
    plan: CallPlan,
    rate: SampleRate,
    started: WallTime,
    closed: Option<(ClosedBy, CallTime)>,
    performer: Performer,
    mouth: Mouth,
    playout: PlayoutModel,
    line: LineState,
    observations: VecDeque<Observation>,
    counters: Counters,
    lateness: LatenessLog,
}

/// Whether the leg streams.
#[derive(Debug)]
enum LineState {
    /// It does not.
    None,
    /// It will when it is opened.
    Ready(Box<Line>),
    /// It does.
    Open(Box<Line>),
    /// It did; the last messages are still to be sent.
    Closed(Box<Line>),
}

/// What is said.
#[derive(Debug)]
struct Mouth {
    /// The frame being spoken; leaves at the next tick.
    frame: Vec<i16>,
    track: Vec<i16>,
    /// Frames begun so far.
    ticks: u64,
    noise: Option<f32>,
    random: Random,
}

impl CarrierLeg {
    /// A leg that is not open yet.
    ///
    /// # Errors
    /// [`CallerError::Format`] if a codec of the plan does not exist at its rate.
    pub fn new(plan: CallPlan) -> Result<Self, CallerError> {
        let line = Line::new(LinePlan::of(&plan), plan.codec.rate)?;
        let mut leg = Self::parked(plan);
        leg.line = LineState::Ready(Box::new(line));
        Ok(leg)
    }

    /// A leg that nobody has answered, without a stream.
    pub(crate) fn parked(plan: CallPlan) -> Self {
        let rate = plan.codec.rate;
        Self {
            rate,
            started: WallTime::default(),
            closed: None,
            performer: Performer::new(rate, plan.script.clone()),
            mouth: Mouth {
                frame: Vec::new(),
                track: Vec::new(),
                ticks: 0,
                noise: plan.line_noise.map(noise_peak),
                // Another stream of numbers than the line's faults.
                random: Random::new(!plan.seed),
            },
            playout: PlayoutModel::new(rate, plan.playout),
            line: LineState::None,
            observations: VecDeque::new(),
            counters: Counters::default(),
            lateness: LatenessLog::default(),
            plan,
        }
    }

    /// The socket is open and the call answered: time zero.
    pub fn handle_opened(&mut self, started: WallTime) {
        if let LineState::Ready(mut line) = std::mem::replace(&mut self.line, LineState::None) {
            line.open(CallTime::ZERO, started);
            self.line = LineState::Open(line);
        }
        self.handle_answered(started);
    }

    /// The call is answered, whether it streams or not: time zero, and the caller's script begins.
    pub(crate) fn handle_answered(&mut self, started: WallTime) {
        self.started = started;
        let call_control = self.plan.call_control();
        self.observations.push_back(Observation::Opened { call_control });
        self.speak();
    }

    /// A stream is open. One that was open before is replaced.
    pub(crate) fn handle_line(&mut self, now: CallTime, mut line: Line) {
        self.handle_line_closed(now);
        line.open(now, self.started);
        self.line = LineState::Open(Box::new(line));
    }

    /// The stream's socket is gone: what was queued plays on, marks come back to nobody.
    pub(crate) fn handle_line_closed(&mut self, now: CallTime) {
        self.handle_timeout(now);
        match std::mem::replace(&mut self.line, LineState::None) {
            LineState::Open(line) | LineState::Closed(line) => {
                self.counters.add_packets(line.counters());
            }
            LineState::None | LineState::Ready(_) => (),
        }
    }

    /// The carrier ends the stream: says `stop`. Drain [`Self::poll_message`] before the next
    /// stream.
    pub(crate) fn handle_line_stopped(&mut self, now: CallTime) {
        self.handle_timeout(now);
        self.stop_line();
    }

    /// The leg is over, by somebody who is not the caller: says `stop`.
    pub(crate) fn handle_hung_up(&mut self, now: CallTime, by: ClosedBy) {
        self.handle_timeout(now);
        if self.closed.is_none() {
            self.hang_up(now, by);
        }
    }

    /// A text message of the engine. Whatever it holds: at worst it is counted.
    pub fn handle_message(&mut self, now: CallTime, text: &str) {
        self.handle_timeout(now);
        if self.closed.is_some() {
            return;
        }
        if COMMAND_BYTES_MAX < text.len() {
            self.counters.unknown += 1;
            return;
        }
        match carrier::decode_command(text) {
            Ok(Command::Media { payload }) => self.on_media(now, &payload),
            Ok(Command::Mark { name }) => self.playout.handle_mark(now, &name),
            Ok(Command::Clear) => {
                self.playout.handle_clear(now);
                if let Some(clear) = self.playout.clears().last() {
                    self.observations.push_back(Observation::Cleared(*clear));
                }
            }
            Ok(Command::Unknown { .. }) => self.counters.unknown += 1,
            Err(_) => {
                self.counters.unknown += 1;
                self.complain(StreamFault::MalformedMessage);
            }
        }
        self.return_marks();
    }

    /// A binary message: the protocol has none.
    pub fn handle_binary(&mut self, now: CallTime) {
        self.handle_timeout(now);
        self.counters.binary += 1;
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: CallTime) {
        while let Some(due) = self.poll_timeout().filter(|&due| due <= now) {
            self.playout.advance(due);
            self.return_marks();
            if let LineState::Open(line) = &mut self.line {
                line.outbox.release(due);
            }
            if self.tick_time() <= due {
                self.on_tick(due);
            }
        }
        if self.closed.is_none() {
            self.playout.advance(now);
        }
    }

    /// A message that was due at `due` has been handed to the system.
    pub fn handle_sent(&mut self, now: CallTime, due: CallTime) {
        self.lateness.record(due, now);
    }

    /// The socket is gone, or useless.
    pub fn handle_closed(&mut self, now: CallTime, by: ClosedBy) {
        self.handle_timeout(now);
        self.close(now, by);
    }

    /// The next message for the engine, oldest first.
    pub fn poll_message(&mut self) -> Option<Outgoing> {
        match &mut self.line {
            LineState::Open(line) | LineState::Closed(line) => line.outbox.poll(),
            LineState::None | LineState::Ready(_) => None,
        }
    }

    /// The next thing to tell, oldest first.
    pub fn poll_observation(&mut self) -> Option<Observation> {
        self.observations.pop_front()
    }

    /// When to call [`Self::handle_timeout`] next; `None` once the call is over.
    pub fn poll_timeout(&self) -> Option<CallTime> {
        if self.closed.is_some() {
            return None;
        }
        let held = match &self.line {
            LineState::Open(line) => line.outbox.poll_timeout(),
            LineState::None | LineState::Ready(_) | LineState::Closed(_) => None,
        };
        let others = [held, self.playout.poll_timeout()];
        others.into_iter().flatten().chain([self.tick_time()]).min()
    }

    /// Who ended the call, once it is over.
    pub fn closed_by(&self) -> Option<ClosedBy> {
        self.closed.map(|(by, _)| by)
    }

    /// How late the messages reported by [`Self::handle_sent`] were, to be merged over a run.
    pub fn lateness(&self) -> &LatenessLog {
        &self.lateness
    }

    /// What was heard and measured.
    pub fn into_report(self) -> CallReport {
        let mut agent_track = self.playout.track().to_vec();
        let mut caller_track = self.mouth.track;
        // Both tracks end with the call, the frame being spoken then included.
        let end = agent_track.len().max(caller_track.len());
        agent_track.resize(end, 0);
        caller_track.resize(end, 0);
        let (spans, gaps) = (self.playout.ear().spans(), self.playout.gaps());
        let clears = self.playout.clears();
        let heard = Heard { rate: self.rate, spans, gaps, clears };
        let turns = heard.turns(self.performer.asked());
        let lateness = self.lateness.lateness();
        let (by, at) = self.closed.unwrap_or((ClosedBy::Lost, time_of(self.rate, end)));
        let mut counters = self.counters;
        if let LineState::Open(line) | LineState::Closed(line) = &self.line {
            counters.add_packets(line.counters());
        }
        CallReport {
            started: self.started,
            duration: at - CallTime::ZERO,
            to: self.plan.to,
            from: self.plan.from.map(Pii::new),
            call_control: self.plan.call_control(),
            rate: self.rate,
            closed_by: by,
            greeting: heard.greeting(self.performer.asked()),
            barge_in: turns.iter().find_map(|turn| turn.barge_in),
            turns,
            gaps: gaps.to_vec(),
            marks: self.playout.marks().to_vec(),
            clears: self.playout.clears().to_vec(),
            lateness,
            lateness_log: self.lateness,
            verdict: lateness.verdict(),
            counters: Counters { overflowed: self.playout.overflowed(), ..counters },
            caller_track,
            agent_track,
        }
    }

    fn tick_time(&self) -> CallTime {
        CallTime::from_micros(self.mouth.ticks * PTIME.as_micros())
    }

    fn on_tick(&mut self, due: CallTime) {
        self.send_frame(due);
        if self.plan.duration_max.as_micros() <= due.as_micros() {
            self.hang_up(due, ClosedBy::DurationMax);
        } else {
            self.speak();
        }
    }

    /// Begins the next frame.
    fn speak(&mut self) {
        let now = self.tick_time();
        let samples = self.rate.samples_in(PTIME);
        self.mouth.frame.clear();
        let mut scene = Scene {
            position: self.mouth.track.len(),
            playout: &self.playout,
            observations: &mut self.observations,
        };
        let deed = self.performer.perform(&mut scene, &mut self.mouth.frame);
        self.mouth.frame.resize(samples, 0);
        self.mouth.add_noise();
        self.mouth.track.extend_from_slice(&self.mouth.frame);
        self.mouth.ticks += 1;
        match deed {
            Some(Deed::Press(digit)) => self.press(digit, now),
            Some(Deed::HangUp) => self.hang_up(now, ClosedBy::Caller),
            None => (),
        }
    }

    fn send_frame(&mut self, due: CallTime) {
        if let LineState::Open(line) = &mut self.line {
            line.send_frame(due, &self.mouth.frame);
        }
    }

    fn press(&mut self, digit: DtmfDigit, now: CallTime) {
        if let LineState::Open(line) = &mut self.line {
            line.outbox.press(digit, now);
        }
    }

    fn on_media(&mut self, now: CallTime, payload: &PayloadBase64<'_>) {
        let LineState::Open(line) = &mut self.line else { return };
        match line.decode(payload) {
            Reply::Samples(samples) => {
                self.counters.media_received += 1;
                self.playout.handle_audio(now, samples);
            }
            Reply::NotBase64 => {
                self.counters.undecodable += 1;
                self.complain(StreamFault::InvalidMedia);
            }
            Reply::Undecodable => self.counters.undecodable += 1,
            Reply::Ignored => self.counters.ignored += 1,
        }
    }

    fn complain(&mut self, fault: StreamFault) {
        if let LineState::Open(line) = &mut self.line {
            line.outbox.complain(fault);
        }
    }

    fn return_marks(&mut self) {
        while let Some(name) = self.playout.poll_echo() {
            if let LineState::Open(line) = &mut self.line {
                line.outbox.mark(&name);
            }
        }
    }

    fn stop_line(&mut self) {
        match std::mem::replace(&mut self.line, LineState::None) {
            LineState::Open(mut line) => {
                line.outbox.close();
                line.outbox.stop();
                self.line = LineState::Closed(line);
            }
            other @ (LineState::None | LineState::Ready(_) | LineState::Closed(_)) => {
                self.line = other;
            }
        }
    }

    fn hang_up(&mut self, now: CallTime, by: ClosedBy) {
        self.stop_line();
        self.close(now, by);
    }

    fn close(&mut self, now: CallTime, by: ClosedBy) {
        if self.closed.is_none() {
            self.closed = Some((by, now));
            if let LineState::Open(line) = &mut self.line {
                line.outbox.close();
            }
            self.observations.push_back(Observation::Closed { by, at: now });
        }
    }
}

impl Mouth {
    fn add_noise(&mut self) {
        if let Some(peak) = self.noise {
            for sample in &mut self.frame {
                // The cast saturates and so does the sum: noise never wraps.
                *sample = sample.saturating_add((self.random.unit() * peak) as i16);
            }
        }
    }
}

/// The peak of white noise, evenly spread between its peaks, at `level`.
fn noise_peak(level: Dbfs) -> f32 {
    (32_768.0 * 10f32.powf(level.0 / 20.0) * 3f32.sqrt()).min(32_767.0)
}

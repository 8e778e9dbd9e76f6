//! The carrier's and the caller's part of one call, without socket and clock.

use std::collections::VecDeque;

use codecs::leg::{Decoder, Encoder};
use codecs::level::Dbfs;
use codecs::resample::Resampler;
use types::{CallTime, Millis, PTIME, Pii, SampleRate, WallTime};
use wire::telnyx::PayloadBase64;
use wire::telnyx::carrier::{self, COMMAND_BYTES_MAX, Command};

use crate::impairment::Random;
use crate::lateness::LatenessLog;
use crate::measure::Heard;
use crate::outbox::{Outbox, Outgoing};
use crate::performer::{Deed, Performer, Scene};
use crate::playout::{PlayoutModel, time_of};
use crate::{CallPlan, CallReport, CallerError, ClosedBy, Counters, Observation};

/// One call's far side: connects nothing, knows no clock.
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
    rate: SampleRate,
    duration_max: Millis,
    closed: Option<(ClosedBy, CallTime)>,
    performer: Performer,
    mouth: Mouth,
    playout: PlayoutModel,
    replies: Replies,
    outbox: Outbox,
    observations: VecDeque<Observation>,
    counters: Counters,
    lateness: LatenessLog,
}

/// What is said, and how it becomes packets.
#[derive(Debug)]
struct Mouth {
    encoder: Encoder,
    /// The frame being spoken; leaves at the next tick.
    frame: Vec<i16>,
    payload: Vec<u8>,
    track: Vec<i16>,
    /// Frames begun so far.
    ticks: u64,
    noise: Option<f32>,
    random: Random,
}

/// How what the engine sends becomes samples.
#[derive(Debug)]
struct Replies {
    decoder: Decoder,
    resampler: Resampler,
    payload: Vec<u8>,
    decoded: Vec<i16>,
    samples: Vec<i16>,
}

impl CarrierLeg {
    /// A leg that is not open yet.
    ///
    /// # Errors
    /// [`CallerError::Format`] if a codec of the plan does not exist at its rate.
    pub fn new(plan: CallPlan) -> Result<Self, CallerError> {
        let rate = plan.codec.rate;
        let decoder = Decoder::new(plan.reply_codec.unwrap_or(plan.codec))?;
        Ok(Self {
            rate,
            duration_max: plan.duration_max,
            closed: None,
            performer: Performer::new(rate, plan.script.clone()),
            mouth: Mouth {
                encoder: Encoder::new(plan.codec)?,
                frame: Vec::new(),
                payload: Vec::new(),
                track: Vec::new(),
                ticks: 0,
                noise: plan.line_noise.map(noise_peak),
                // Another stream of numbers than the line's faults.
                random: Random::new(!plan.seed),
            },
            playout: PlayoutModel::new(rate, plan.playout),
            replies: Replies {
                resampler: Resampler::new(decoder.format().rate, rate),
                decoder,
                payload: Vec::new(),
                decoded: Vec::new(),
                samples: Vec::new(),
            },
            observations: VecDeque::new(),
            counters: Counters::default(),
            lateness: LatenessLog::default(),
            outbox: Outbox::new(plan),
        })
    }

    /// The socket is open and the call answered: time zero.
    pub fn handle_opened(&mut self, started: WallTime) {
        self.outbox.announce(started);
        let call_control = self.outbox.identity.call_control.clone();
        self.observations.push_back(Observation::Opened { call_control });
        self.speak();
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
            Ok(Command::Unknown { .. }) | Err(_) => self.counters.unknown += 1,
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
            self.outbox.release(due);
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
        self.outbox.poll()
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
        let others = [self.outbox.poll_timeout(), self.playout.poll_timeout()];
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
        let identity = self.outbox.identity;
        CallReport {
            started: identity.started,
            duration: at - CallTime::ZERO,
            to: identity.plan.to,
            from: identity.plan.from.map(Pii::new),
            call_control: identity.call_control,
            rate: self.rate,
            closed_by: by,
            greeting: heard.greeting(self.performer.asked()),
            barge_in: turns.iter().find_map(|turn| turn.barge_in),
            turns,
            gaps: gaps.to_vec(),
            marks: self.playout.marks().to_vec(),
            clears: self.playout.clears().to_vec(),
            lateness,
            verdict: lateness.verdict(),
            counters: Counters {
                packets_sent: self.outbox.counters.packets_sent,
                packets_lost: self.outbox.counters.packets_lost,
                packets_doubled: self.outbox.counters.packets_doubled,
                packets_delayed: self.outbox.counters.packets_delayed,
                overflowed: self.playout.overflowed(),
                ..self.counters
            },
            caller_track,
            agent_track,
        }
    }

    fn tick_time(&self) -> CallTime {
        CallTime::from_micros(self.mouth.ticks * PTIME.as_micros())
    }

    fn on_tick(&mut self, due: CallTime) {
        self.send_frame(due);
        if self.duration_max.as_micros() <= due.as_micros() {
            self.hang_up(due, ClosedBy::DurationMax);
        } else {
            self.speak();
        }
    }

    /// Begins the next frame.
    fn speak(&mut self) {
        let now = self.tick_time();
        let samples = self.mouth.encoder.samples_per_frame();
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
            Some(Deed::Press(digit)) => self.outbox.press(digit, now),
            Some(Deed::HangUp) => self.hang_up(now, ClosedBy::Caller),
            None => (),
        }
    }

    fn send_frame(&mut self, due: CallTime) {
        self.mouth.payload.clear();
        let encoded = self.mouth.encoder.encode_frame(&self.mouth.frame, &mut self.mouth.payload);
        let timestamp = (self.mouth.track.len() - self.mouth.frame.len()) as u64;
        if encoded.is_ok() {
            self.outbox.media(due, timestamp, &self.mouth.payload);
        }
    }

    fn on_media(&mut self, now: CallTime, payload: &PayloadBase64<'_>) {
        match self.replies.decode(payload) {
            Some(samples) => {
                self.counters.media_received += 1;
                self.playout.handle_audio(now, samples);
            }
            None => self.counters.undecodable += 1,
        }
    }

    fn return_marks(&mut self) {
        while let Some(name) = self.playout.poll_echo() {
            self.outbox.mark(&name);
        }
    }

    fn hang_up(&mut self, now: CallTime, by: ClosedBy) {
        self.outbox.stop();
        self.close(now, by);
    }

    fn close(&mut self, now: CallTime, by: ClosedBy) {
        if self.closed.is_none() {
            self.closed = Some((by, now));
            self.outbox.close();
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

impl Replies {
    /// The samples of `payload` at the leg's rate, or `None` if it holds none.
    fn decode(&mut self, payload: &PayloadBase64<'_>) -> Option<&[i16]> {
        self.decoded.clear();
        self.samples.clear();
        payload.decode(&mut self.payload).ok()?;
        self.decoder.decode(&self.payload, &mut self.decoded).ok()?;
        self.resampler.process(&self.decoded, &mut self.samples);
        Some(&self.samples)
    }
}

/// The peak of white noise, evenly spread between its peaks, at `level`.
fn noise_peak(level: Dbfs) -> f32 {
    (32_768.0 * 10f32.powf(level.0 / 20.0) * 3f32.sqrt()).min(32_767.0)
}

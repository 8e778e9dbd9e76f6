//! What the carrier plays and when the caller hears it: a model, corrected by marks.
//!
//! The carrier plays what it gets as soon as it gets it, one after the other. So a frame sent at
//! `t` is played from `max(t, end of the one before)`, all of it one delay later at the ear.

use std::collections::VecDeque;

use types::{CallTime, GenerationId, Millis, PTIME, SampleRate, SegmentId};

use super::queue::Owner;
use super::settings::Tap;

/// One way to the ear before any mark has come back (conversation.md §7.6).
const DELAY_INITIAL: Millis = Millis::new(80);

/// No telephone line takes longer: beyond it something else is late.
const DELAY_MAX: Millis = Millis::new(1_000);

/// How far back the quickest echo is looked for (conversation.md §7.6).
const ECHOES_SPAN: Millis = Millis::from_secs(10);

/// How long heard frames wait for the first echo: marks lie half a second apart.
const PLACE_WAIT: Millis = Millis::new(1_000);

/// Two marks a second, and some.
const ECHOES_MAX: usize = 32;

/// How many heard frames wait to be taken: 2 s.
const HEARD_MAX: usize = 100;

/// Audio that the caller has heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeardFrame {
    /// Index of its first sample, counted from [`CallTime::ZERO`], on the clock by which the caller's
    /// audio arrives here: what the caller said while hearing it arrived at that time. Never
    /// before the end of the one before it.
    pub at: u64,
    /// Whose reply it belongs to.
    pub generation: Option<GenerationId>,
}

#[derive(Debug)]
pub(super) struct Carrier {
    rate: SampleRate,
    /// When the carrier runs dry, but for the delay.
    end: CallTime,
    /// How many samples have been sent.
    sent: u64,
    /// How many of them count as heard.
    settled: u64,
    /// How many had been sent when the carrier was last cleared.
    cleared: u64,
    /// Whose samples were sent and are not settled, oldest first.
    spans: VecDeque<Span>,
    /// Frames that have not reached the ear, oldest first.
    frames: VecDeque<SentFrame>,
    delay: Delay,
    tap: TapBuffer,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    owner: Option<Owner>,
    samples: u64,
}

#[derive(Clone, Copy, Debug)]
struct SentFrame {
    /// How many samples were sent before it.
    wire: u64,
    samples: u64,
    /// When the carrier begins to play it, but for the delay.
    start: CallTime,
    generation: Option<GenerationId>,
}

#[derive(Debug)]
struct Delay {
    estimate_us: u64,
    /// The whole way: to the ear and back.
    echo_us: u64,
    /// When an echo came and how long after the model's end of play.
    echoes: VecDeque<(CallTime, u64)>,
    measured: bool,
}

#[derive(Debug)]
struct TapBuffer {
    tap: Tap,
    /// Samples of the heard frames, then of those not placed, then of those not heard yet.
    samples: VecDeque<i16>,
    heard: VecDeque<(HeardFrame, usize)>,
    /// Frames that have been heard while nobody knew how long the way is.
    unplaced: VecDeque<SentFrame>,
    /// Where the last heard frame ended: at the carrier, at the ear.
    last: Option<(CallTime, u64)>,
    dropped: u64,
}

impl Carrier {
    pub(super) fn new(rate: SampleRate, tap: Tap) -> Self {
        Self {
            rate,
            end: CallTime::ZERO,
            sent: 0,
            settled: 0,
            cleared: 0,
            spans: VecDeque::with_capacity(64),
            frames: VecDeque::with_capacity(64),
            delay: Delay {
                estimate_us: DELAY_INITIAL.as_micros(),
                echo_us: DELAY_INITIAL.as_micros(),
                echoes: VecDeque::with_capacity(ECHOES_MAX),
                measured: false,
            },
            tap: TapBuffer::new(tap, rate),
        }
    }

    /// Says whose the next samples of the frame being made are.
    pub(super) fn note(&mut self, owner: Option<Owner>, samples: usize) {
        match self.spans.back_mut() {
            _ if samples == 0 => (),
            Some(last) if last.owner == owner => last.samples += samples as u64,
            Some(_) | None => self.spans.push_back(Span { owner, samples: samples as u64 }),
        }
    }

    /// A frame goes out.
    pub(super) fn send(&mut self, now: CallTime, generation: Option<GenerationId>, frame: &[i16]) {
        let samples = frame.len() as u64;
        let start = self.end.max(now);
        self.frames.push_back(SentFrame { wire: self.sent, samples, start, generation });
        self.end = start + PTIME;
        self.sent += samples;
        if self.tap.tap == Tap::On {
            self.tap.samples.extend(frame);
        }
    }

    /// When the carrier runs dry, but for the delay.
    pub(super) fn end(&self) -> CallTime {
        self.end
    }

    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    /// When the caller hears what the carrier plays at `played`.
    pub(super) fn ear(&self, played: CallTime) -> CallTime {
        CallTime::from_micros(played.as_micros() + self.delay.estimate_us)
    }

    pub(super) fn delay(&self) -> Millis {
        Millis::new((self.delay.estimate_us / 1_000) as u32)
    }

    /// A mark came back at `now`; what was before it has been played at `play_end`.
    pub(super) fn observe_echo(&mut self, now: CallTime, play_end: CallTime) {
        self.delay.observe(now, now.as_micros().saturating_sub(play_end.as_micros()));
    }

    /// How many samples have been played at the carrier at `time`, but for the delay.
    pub(super) fn position(&self, time: CallTime) -> u64 {
        let begun = self.frames.iter().rev().find(|frame| frame.start <= time);
        let played = begun.map_or_else(
            || self.frames.front().map_or(self.sent, |frame| frame.wire),
            |frame| {
                let us = time.as_micros() - frame.start.as_micros();
                frame.wire + self.samples_in(us).min(frame.samples)
            },
        );
        played.clamp(self.settled, self.sent)
    }

    /// How many samples have reached the ear at `now`.
    pub(super) fn heard_position(&self, now: CallTime) -> u64 {
        let us = now.as_micros().saturating_sub(self.delay.estimate_us);
        self.position(CallTime::from_micros(us))
    }

    /// Counts all samples before `position` as heard.
    pub(super) fn settle(&mut self, position: u64, mut heard: impl FnMut(Owner, u64)) {
        while self.settled < position
            && let Some(span) = self.spans.front_mut()
        {
            let samples = span.samples.min(position - self.settled);
            if let Some(owner) = span.owner {
                heard(owner, samples);
            }
            self.settled += samples;
            span.samples -= samples;
            if span.samples == 0 {
                self.spans.pop_front();
            }
        }
    }

    /// How many samples of a segment lie between what is settled and `position`.
    pub(super) fn unsettled(
        &self,
        generation: GenerationId,
        segment: SegmentId,
        position: u64,
    ) -> u64 {
        let owner = Some((generation, segment));
        let mut left = position.saturating_sub(self.settled);
        let mut samples = 0;
        for span in &self.spans {
            let within = span.samples.min(left);
            if span.owner == owner {
                samples += within;
            }
            left -= within;
        }
        samples
    }

    /// Whose samples were sent and do not count as heard.
    pub(super) fn unheard(&self) -> impl Iterator<Item = (Owner, u64)> {
        self.spans.iter().filter_map(|span| span.owner.map(|owner| (owner, span.samples)))
    }

    /// Hands frames that have been heard to the tap.
    pub(super) fn release(&mut self, now: CallTime) {
        while let Some(&frame) = self.frames.front()
            && self.ear(self.end_of(frame)) <= now
        {
            self.frames.pop_front();
            if self.tap.tap == Tap::On {
                self.tap.unplaced.push_back(frame);
            }
        }
        self.place(now);
    }

    /// Says of frames that have been heard when that was, on the caller's own timeline: what the
    /// caller says at that moment arrives here when a mark behind the frame would, one echo after
    /// it was played by the model. Until an echo has been measured frames wait for it.
    fn place(&mut self, now: CallTime) {
        while let Some(&frame) = self.tap.unplaced.front()
            && (self.delay.measured || self.ear(self.end_of(frame)) + PLACE_WAIT <= now)
        {
            self.tap.unplaced.pop_front();
            let heard = frame.start.as_micros() + self.delay.echo_us;
            self.tap.hear(frame, CallTime::from_micros(heard), self.end_of(frame), self.rate);
        }
    }

    /// The carrier drops what it has not played at `now`.
    pub(super) fn clear(&mut self, now: CallTime) {
        while let Some(&frame) = self.frames.back() {
            let us = now.as_micros().saturating_sub(frame.start.as_micros());
            let played = self.samples_in(us).min(frame.samples);
            self.tap.cut(frame.samples - played);
            self.frames.pop_back();
            if 0 < played {
                self.frames.push_back(SentFrame { samples: played, ..frame });
                break;
            }
        }
        self.spans.clear();
        self.settled = self.sent;
        self.cleared = self.sent;
        self.end = self.end.min(now);
    }

    /// Whether the carrier may still have something to play.
    pub(super) fn may_hold(&self, now: CallTime) -> bool {
        self.cleared < self.sent && now < self.ear(self.end)
    }

    pub(super) fn audible(&self, now: CallTime) -> bool {
        self.frames
            .iter()
            .any(|&frame| self.ear(frame.start) <= now && now < self.ear(self.end_of(frame)))
    }

    pub(super) fn pop_heard(&mut self, out: &mut Vec<i16>) -> Option<HeardFrame> {
        let (frame, samples) = self.tap.heard.pop_front()?;
        out.clear();
        out.extend(self.tap.samples.drain(..samples));
        Some(frame)
    }

    pub(super) fn tap_dropped(&self) -> u64 {
        self.tap.dropped
    }

    fn end_of(&self, frame: SentFrame) -> CallTime {
        let us = frame.samples * 1_000_000 / u64::from(self.rate.hz());
        CallTime::from_micros(frame.start.as_micros() + us)
    }

    fn samples_in(&self, us: u64) -> u64 {
        us.saturating_mul(u64::from(self.rate.hz())) / 1_000_000
    }
}

impl Delay {
    /// Half of the quickest echo of late, smoothed (conversation.md §7.6).
    fn observe(&mut self, now: CallTime, echo_us: u64) {
        let recent = now.saturating_sub(ECHOES_SPAN);
        while self.echoes.len() == ECHOES_MAX
            || self.echoes.front().is_some_and(|&(at, _)| at < recent)
        {
            self.echoes.pop_front();
        }
        self.echoes.push_back((now, echo_us));
        let quickest = self.echoes.iter().map(|&(_, echo)| echo).min().unwrap_or(echo_us);
        let one_way = (quickest / 2).min(DELAY_MAX.as_micros());
        let echo = quickest.min(DELAY_MAX.as_micros());
        if self.measured {
            self.estimate_us = (self.estimate_us * 9 + one_way) / 10;
            self.echo_us = (self.echo_us * 9 + echo) / 10;
        } else {
            self.measured = true;
            (self.estimate_us, self.echo_us) = (one_way, echo);
        }
    }
}

impl TapBuffer {
    fn new(tap: Tap, rate: SampleRate) -> Self {
        let frames = match tap {
            Tap::Off => 0,
            Tap::On => HEARD_MAX,
        };
        Self {
            tap,
            samples: VecDeque::with_capacity(frames * rate.samples_in(PTIME)),
            heard: VecDeque::with_capacity(frames),
            unplaced: VecDeque::with_capacity(frames),
            last: None,
            dropped: 0,
        }
    }

    /// A frame has reached the ear.
    fn hear(&mut self, frame: SentFrame, ear: CallTime, end: CallTime, rate: SampleRate) {
        if self.tap == Tap::Off {
            return;
        }
        let by_clock = ear.as_micros().saturating_mul(u64::from(rate.hz())) / 1_000_000;
        let at = match self.last {
            // Played without a break: heard without a break, whatever the delay's estimate does.
            Some((played, after)) if played == frame.start => after,
            Some((_, after)) => by_clock.max(after),
            None => by_clock,
        };
        self.last = Some((end, at + frame.samples));
        if HEARD_MAX <= self.heard.len()
            && let Some((_, samples)) = self.heard.pop_front()
        {
            self.samples.drain(..samples);
            self.dropped += 1;
        }
        let heard = HeardFrame { at, generation: frame.generation };
        self.heard.push_back((heard, frame.samples as usize));
    }

    /// The last `samples` samples will not be heard.
    fn cut(&mut self, samples: u64) {
        let kept = self.samples.len().saturating_sub(samples as usize);
        self.samples.truncate(kept);
    }
}

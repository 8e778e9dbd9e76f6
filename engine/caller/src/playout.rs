//! The carrier's play queue, as the caller's ear meets it.
//!
//! What the engine sends is appended to a queue and played in real time. A queue that was empty
//! starts after a short delay, as any jitter buffer does, and plays until it is empty again. A mark
//! comes back when the audio before it has been played, at once if there is none; `clear` drops
//! the queue and brings back all pending marks (telnyx.md §1.6).

use std::collections::VecDeque;

use types::{CallTime, Millis, SampleRate};

use crate::Ear;
use crate::report::{ClearMeasure, EchoCause, Gap, GapPlace, MarkMeasure};

/// Pending marks at most; further ones come back at once and are counted. No reply has a hundred.
pub const MARKS_MAX: usize = 1_024;

/// Cleared and echoed marks, clears and gaps kept at most, each: a measurement, not a flood.
pub const MEASURES_MAX: usize = 65_536;

/// How the modelled carrier plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlayoutConfig {
    /// From the first audio in an empty queue to the first sample played. 40 ms: two packets, the
    /// usual minimum of a jitter buffer.
    pub start_delay: Millis,
    /// Silence of at least this length, put in by an empty queue, is a gap.
    pub gap_min: Millis,
    /// Audio that arrives within this time after the queue ran empty belongs to the same reply.
    pub reply_join: Millis,
    /// Audio the queue holds at most; what exceeds it is dropped and counted. The carrier takes
    /// messages of up to 30 s (telnyx.md §1.7).
    pub queue_max: Millis,
}

impl Default for PlayoutConfig {
    fn default() -> Self {
        Self {
            start_delay: Millis::new(40),
            gap_min: Millis::new(20),
            reply_join: Millis::new(400),
            queue_max: Millis::from_secs(300),
        }
    }
}

/// The carrier's play queue.
///
/// Input:  samples at `rate`, marks and clears, each with the time they arrive at. Time does not
///         run backwards: an earlier time counts as the latest one seen.
/// Output: the track of what was heard, sample-exact; mark echoes; gaps.
#[derive(Debug)]
pub struct PlayoutModel {
    rate: SampleRate,
    config: PlayoutConfig,
    state: State,
    queue: Queue,
    track: Vec<i16>,
    ear: Ear,
    echoes: VecDeque<String>,
    measures: Measures,
}

/// What the queue is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing queued. `ran_dry` if audio was playing until then and nothing ended the reply since.
    Idle { ran_dry: Option<RanDry> },
    /// Audio is queued and starts at this position of the track.
    Starting { at: usize, after: Option<RanDry> },
    /// Playing.
    Playing,
}

/// A queue that ran empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct RanDry {
    /// First position without audio.
    at: usize,
    place: GapPlace,
}

#[derive(Debug, Default)]
struct Queue {
    samples: VecDeque<i16>,
    /// How many of `samples` can be heard.
    audible: usize,
    /// Samples ever queued, and ever taken out again.
    queued: u64,
    taken: u64,
    /// Each mark and how many samples were queued before it.
    marks: VecDeque<(u64, String)>,
}

/// What the model has measured so far.
#[derive(Debug, Default)]
struct Measures {
    marks: Vec<MarkMeasure>,
    clears: Vec<ClearMeasure>,
    gaps: Vec<Gap>,
    overflowed: u64,
}

impl PlayoutModel {
    /// A silent line.
    pub fn new(rate: SampleRate, config: PlayoutConfig) -> Self {
        Self {
            rate,
            config,
            state: State::Idle { ran_dry: None },
            queue: Queue::default(),
            track: Vec::new(),
            ear: Ear::new(rate),
            echoes: VecDeque::new(),
            measures: Measures::default(),
        }
    }

    /// Audio arrives. What exceeds [`PlayoutConfig::queue_max`] is dropped and counted.
    pub fn handle_audio(&mut self, now: CallTime, samples: &[i16]) {
        self.advance(now);
        let room = self.rate.samples_in(self.config.queue_max) - self.queue.samples.len();
        let taken = &samples[..room.min(samples.len())];
        self.measures.overflowed += (samples.len() - taken.len()) as u64;
        if taken.is_empty() {
            return;
        }
        if let State::Idle { ran_dry } = self.state {
            let join = self.rate.samples_in(self.config.reply_join);
            let here = self.track.len();
            let after = ran_dry.filter(|dry| here - dry.at <= join);
            let at = here + self.rate.samples_in(self.config.start_delay);
            self.state = State::Starting { at, after };
        }
        self.queue.push(taken);
    }

    /// A mark arrives. It comes back by [`Self::poll_echo`] when the audio before it was heard.
    pub fn handle_mark(&mut self, now: CallTime, name: &str) {
        self.advance(now);
        if let State::Idle { ran_dry: Some(dry) } = &mut self.state {
            dry.place = GapPlace::BetweenMarks;
        }
        if self.queue.samples.is_empty() || MARKS_MAX <= self.queue.marks.len() {
            let is_idle = self.queue.samples.is_empty();
            let cause = if is_idle { EchoCause::Idle } else { EchoCause::Refused };
            self.echo(self.position_time(), name.to_owned(), cause);
        } else {
            self.queue.marks.push_back((self.queue.queued, name.to_owned()));
        }
    }

    /// `clear` arrives: the queue is dropped and all pending marks come back.
    pub fn handle_clear(&mut self, now: CallTime) {
        self.advance(now);
        let at = self.position_time();
        let dropped = self.rate.span_of(self.queue.samples.len() as u64);
        let marks = std::mem::take(&mut self.queue).into_marks();
        let returned = marks.len();
        for (_, name) in marks {
            self.echo(at, name, EchoCause::Cleared);
        }
        if self.measures.clears.len() < MEASURES_MAX {
            self.measures.clears.push(ClearMeasure { at, dropped, marks: returned });
        }
        self.state = State::Idle { ran_dry: None };
    }

    /// Plays up to `now`.
    pub fn advance(&mut self, now: CallTime) {
        let target = samples_at(self.rate, now);
        while self.track.len() < target {
            match self.state {
                State::Idle { .. } => self.play_silence(target),
                State::Starting { at, after } if at <= self.track.len() => {
                    self.note_gap(after);
                    self.state = State::Playing;
                }
                State::Starting { at, .. } => self.play_silence(at.min(target)),
                State::Playing => self.play_audio(target),
            }
        }
    }

    /// The next mark that has come back, oldest first.
    pub fn poll_echo(&mut self) -> Option<String> {
        self.echoes.pop_front()
    }

    /// When the next mark comes back, unless something arrives before.
    pub fn poll_timeout(&self) -> Option<CallTime> {
        let (index, _) = self.queue.marks.front()?;
        let ahead = (index - self.queue.taken) as usize;
        let from = match self.state {
            State::Idle { .. } => return None,
            State::Starting { at, .. } => at.max(self.track.len()),
            State::Playing => self.track.len(),
        };
        Some(time_of(self.rate, from + ahead))
    }

    /// What has been heard, from the start of the timeline up to now.
    pub fn track(&self) -> &[i16] {
        &self.track
    }

    /// When the agent could be heard.
    pub fn ear(&self) -> &Ear {
        &self.ear
    }

    /// Whether the queue holds anything that will be heard.
    pub fn is_audio_pending(&self) -> bool {
        0 < self.queue.audible
    }

    /// Silences put in by a queue that ran empty within a reply.
    pub fn gaps(&self) -> &[Gap] {
        &self.measures.gaps
    }

    /// The marks that have come back.
    pub fn marks(&self) -> &[MarkMeasure] {
        &self.measures.marks
    }

    /// The clears that were taken.
    pub fn clears(&self) -> &[ClearMeasure] {
        &self.measures.clears
    }

    /// How many samples did not fit into the queue.
    pub fn overflowed(&self) -> u64 {
        self.measures.overflowed
    }

    fn play_silence(&mut self, until: usize) {
        self.ear.hear_silence(until - self.track.len());
        self.track.resize(until, 0);
    }

    fn play_audio(&mut self, target: usize) {
        let start = self.track.len();
        let count = (target - start).min(self.queue.samples.len());
        let first_taken = self.queue.taken;
        self.queue.take(count, &mut self.track);
        self.ear.hear(&self.track[start..]);
        let mut place = GapPlace::InAudio;
        while let Some((index, _)) = self.queue.marks.front() {
            if self.queue.taken < *index {
                break;
            }
            if *index == self.queue.queued {
                place = GapPlace::BetweenMarks;
            }
            let at = time_of(self.rate, start + index.saturating_sub(first_taken) as usize);
            let (_, name) = self.queue.marks.pop_front().expect("the front was just seen");
            self.echo(at, name, EchoCause::Heard);
        }
        if self.queue.samples.is_empty() {
            let dry = RanDry { at: self.track.len(), place };
            self.state = State::Idle { ran_dry: Some(dry) };
        }
    }

    fn note_gap(&mut self, after: Option<RanDry>) {
        let Some(dry) = after else { return };
        let samples = self.track.len() - dry.at;
        let length = self.rate.span_of(samples as u64);
        if self.config.gap_min <= length && self.measures.gaps.len() < MEASURES_MAX {
            let at = time_of(self.rate, dry.at);
            self.measures.gaps.push(Gap { at, length, place: dry.place });
        }
    }

    fn echo(&mut self, at: CallTime, name: String, cause: EchoCause) {
        if self.measures.marks.len() < MEASURES_MAX {
            self.measures.marks.push(MarkMeasure { name: name.clone(), at, cause });
        }
        self.echoes.push_back(name);
    }

    fn position_time(&self) -> CallTime {
        time_of(self.rate, self.track.len())
    }
}

impl Queue {
    fn push(&mut self, samples: &[i16]) {
        self.samples.extend(samples);
        self.audible += audible(samples);
        self.queued += samples.len() as u64;
    }

    /// Moves the oldest `count` samples to the end of `track`.
    fn take(&mut self, count: usize, track: &mut Vec<i16>) {
        let start = track.len();
        track.extend(self.samples.drain(..count));
        self.audible -= audible(&track[start..]);
        self.taken += count as u64;
    }

    fn into_marks(self) -> VecDeque<(u64, String)> {
        self.marks
    }
}

fn audible(samples: &[i16]) -> usize {
    samples.iter().filter(|&&sample| Ear::is_audible(sample)).count()
}

/// How many whole samples of a timeline at `rate` have passed at `now`.
pub(crate) fn samples_at(rate: SampleRate, now: CallTime) -> usize {
    (u128::from(now.as_micros()) * u128::from(rate.hz()) / 1_000_000) as usize
}

/// The first moment at which `samples` samples of a timeline at `rate` have passed.
pub(crate) fn time_of(rate: SampleRate, samples: usize) -> CallTime {
    CallTime::from_micros((samples as u64 * 1_000_000).div_ceil(u64::from(rate.hz())))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RATE: SampleRate = SampleRate::Hz8000;

    fn ms(ms: u64) -> CallTime {
        CallTime::from_millis(ms)
    }

    fn model() -> PlayoutModel {
        PlayoutModel::new(RATE, PlayoutConfig::default())
    }

    fn echoes(model: &mut PlayoutModel) -> Vec<String> {
        std::iter::from_fn(|| model.poll_echo()).collect()
    }

    #[test]
    fn audio_starts_after_the_delay_and_is_heard_sample_by_sample() {
        let mut model = model();
        let audio: Vec<i16> = (1_000..1_160).collect();
        model.handle_audio(ms(100), &audio);
        assert!(model.is_audio_pending());
        model.advance(ms(200));
        assert_eq!(model.track().len(), 1_600);
        assert_eq!(model.track()[1_120..1_280], audio, "100 ms of waiting, 40 ms of delay");
        assert!(model.track()[..1_120].iter().chain(&model.track()[1_280..]).all(|&s| s == 0));
        assert_eq!(model.ear().spans().first(), Some(&(1_120..1_280)));
        assert_eq!(model.ear().spans().len(), 1);
        assert!(!model.is_audio_pending());
        assert_eq!(model.ear().silence(), 320);
    }

    #[test]
    fn a_mark_comes_back_when_the_audio_before_it_was_heard_not_later_audio() {
        let mut model = model();
        model.handle_audio(ms(0), &[1_000; 160]);
        model.handle_mark(ms(1), "one");
        model.handle_audio(ms(2), &[1_000; 160]);
        model.handle_mark(ms(3), "two");
        model.handle_audio(ms(4), &[1_000; 160]);
        assert_eq!(model.poll_timeout(), Some(ms(60)));
        model.advance(CallTime::from_micros(59_999));
        assert_eq!(echoes(&mut model), [""; 0]);
        model.advance(ms(60));
        assert_eq!(echoes(&mut model), ["one"]);
        assert_eq!(model.poll_timeout(), Some(ms(80)));
        model.advance(ms(500));
        assert_eq!(echoes(&mut model), ["two"]);
        assert_eq!(model.poll_timeout(), None);
        let at: Vec<CallTime> = model.marks().iter().map(|mark| mark.at).collect();
        assert_eq!(at, [ms(60), ms(80)], "when they were due, not when we looked");
        assert!(model.marks().iter().all(|mark| mark.cause == EchoCause::Heard));
    }

    #[test]
    fn a_mark_on_an_idle_line_comes_back_at_once() {
        let mut model = model();
        model.handle_mark(ms(10), "idle");
        assert_eq!(echoes(&mut model), ["idle"]);
        assert_eq!(model.marks()[0].cause, EchoCause::Idle);
    }

    #[test]
    fn clear_drops_the_queue_and_brings_all_marks_back_unheard() {
        let mut model = model();
        model.handle_audio(ms(0), &[1_000; 8_000]);
        model.handle_mark(ms(0), "a");
        model.handle_mark(ms(0), "b");
        model.handle_clear(ms(140));
        assert_eq!(echoes(&mut model), ["a", "b"]);
        assert_eq!(
            model.clears(),
            [ClearMeasure { at: ms(140), dropped: Millis::new(900), marks: 2 }]
        );
        assert!(model.marks().iter().all(|mark| mark.cause == EchoCause::Cleared));
        model.advance(ms(1_000));
        assert_eq!(model.ear().spans().first(), Some(&(320..1_120)), "silent from the clear on");
        assert_eq!(model.ear().spans().len(), 1);
        model.handle_audio(ms(1_000), &[1_000; 160]);
        model.advance(ms(1_100));
        assert_eq!(model.ear().spans()[1], 8_320..8_480);
        assert_eq!(model.gaps(), [], "a clear ends the reply");
    }

    #[test]
    fn a_late_frame_within_a_reply_is_a_gap_and_a_new_reply_is_none() {
        let mut model = model();
        model.handle_audio(ms(0), &[1_000; 160]);
        model.handle_audio(ms(90), &[1_000; 160]);
        model.advance(ms(140));
        let gap = |at, length, place| Gap { at: ms(at), length: Millis::new(length), place };
        assert_eq!(model.gaps(), [gap(60, 70, GapPlace::InAudio)]);
        model.handle_mark(ms(200), "end of segment");
        model.handle_audio(ms(210), &[1_000; 160]);
        model.advance(ms(280));
        assert_eq!(model.gaps()[1..], [gap(150, 100, GapPlace::BetweenMarks)]);
        model.handle_audio(ms(280 + 401), &[1_000; 160]);
        model.advance(ms(1_000));
        assert_eq!(model.gaps().len(), 2, "another reply");
    }

    #[test]
    fn frames_paced_within_the_delay_leave_no_gap() {
        let mut model = model();
        for frame in 0..500u64 {
            model.handle_audio(ms(frame * 20 + (frame * 7) % 40), &[1_000; 160]);
        }
        model.advance(ms(20_000));
        assert_eq!(model.gaps(), []);
        assert_eq!(model.ear().spans().first(), Some(&(320..80_320)));
        assert_eq!(model.ear().spans().len(), 1);
    }

    #[test]
    fn the_queue_and_the_marks_are_bounded() {
        let mut model = model();
        model.handle_audio(ms(0), &vec![1_000; 2_400_100]);
        assert_eq!(model.overflowed(), 100);
        for _ in 0..=MARKS_MAX {
            model.handle_mark(ms(0), "m");
        }
        assert_eq!(echoes(&mut model).len(), 1);
        assert_eq!(model.marks()[0].cause, EchoCause::Refused);
    }

    #[derive(Clone, Debug)]
    enum Arrival {
        Audio(usize),
        Mark,
        Clear,
        Nothing,
    }

    fn arrivals() -> impl Strategy<Value = Vec<(u64, Arrival)>> {
        let arrival = prop_oneof![
            (0usize..4_000).prop_map(Arrival::Audio),
            Just(Arrival::Mark),
            Just(Arrival::Clear),
            Just(Arrival::Nothing),
        ];
        proptest::collection::vec((0u64..300_000, arrival), 0..40)
    }

    proptest! {
        /// Whatever arrives whenever: the track is as long as time, every mark comes back once and
        /// in order, and what is heard is what was sent but for what was cleared.
        #[test]
        fn nothing_is_lost_doubled_or_invented(arrivals in arrivals(), looks in 1u64..5) {
            let mut model = model();
            let (mut now, mut sent, mut marks, mut back) = (0, 0usize, 0, Vec::new());
            for (after, arrival) in arrivals {
                for _ in 0..looks {
                    now += after / looks;
                    model.advance(CallTime::from_micros(now));
                }
                let at = CallTime::from_micros(now);
                match arrival {
                    Arrival::Audio(samples) => {
                        sent += samples;
                        model.handle_audio(at, &vec![1_000; samples]);
                    }
                    Arrival::Mark => {
                        model.handle_mark(at, &marks.to_string());
                        marks += 1;
                    }
                    Arrival::Clear => model.handle_clear(at),
                    Arrival::Nothing => (),
                }
                back.extend(echoes(&mut model));
                prop_assert_eq!(model.track().len(), samples_at(RATE, at));
            }
            model.advance(CallTime::from_micros(now + 60_000_000));
            back.extend(echoes(&mut model));
            let expected: Vec<String> = (0..marks).map(|mark| mark.to_string()).collect();
            prop_assert_eq!(back, expected);
            let heard = model.track().iter().filter(|&&sample| sample == 1_000).count();
            let cleared: u32 = model.clears().iter().map(|clear| clear.dropped.get()).sum();
            // Cleared spans are rounded down to whole milliseconds, 8 samples each.
            let missing = sent - heard;
            let low = cleared as usize * 8;
            prop_assert!(low <= missing && missing <= low + 8 * model.clears().len());
        }
    }
}

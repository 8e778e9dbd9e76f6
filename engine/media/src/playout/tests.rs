use std::sync::Arc;

use proptest::prelude::*;
use types::{SampleRate, TurnId};

use super::*;
use crate::Tap;

const L16_8K: AudioFormat = AudioFormat { encoding: Encoding::L16, rate: SampleRate::Hz8000 };

fn ms(ms: u64) -> CallTime {
    CallTime::from_millis(ms)
}

fn generation(turn: u32) -> GenerationId {
    GenerationId { turn: TurnId::new(turn), attempt: 0 }
}

fn segment(number: u32) -> SegmentId {
    SegmentId::new(number)
}

/// `ms` milliseconds of samples counting up from `from`.
fn ramp(from: i16, ms: usize) -> Arc<[i16]> {
    (0..ms * 8).map(|n| from.wrapping_add(n as i16)).collect()
}

/// A playout with a carrier and a caller behind it, `delay` away.
struct Line {
    playout: Playout,
    now: CallTime,
    delay: Millis,
    /// What the carrier gathers before it plays.
    buffer: Millis,
    /// When the carrier has played all it has.
    end: CallTime,
    /// What the caller hears, by sample index since the start.
    ear: std::collections::BTreeMap<u64, i16>,
    /// Marks on their way back.
    echoes: Vec<(CallTime, String)>,
    /// When messages of audio were sent.
    sent: Vec<CallTime>,
    marks: Vec<(CallTime, MarkName)>,
    clears: usize,
    events: Vec<PlayoutEvent>,
    recorded: std::collections::BTreeMap<u64, i16>,
}

impl Line {
    fn new(delay: u32) -> Self {
        let settings = PlayoutSettings { tap: Tap::On, ..PlayoutSettings::STANDARD };
        Self {
            playout: Playout::new(L16_8K, settings).unwrap(),
            now: ms(0),
            delay: Millis::new(delay),
            buffer: Millis::ZERO,
            end: ms(0),
            ear: std::collections::BTreeMap::new(),
            echoes: Vec::new(),
            sent: Vec::new(),
            marks: Vec::new(),
            clears: 0,
            events: Vec::new(),
            recorded: std::collections::BTreeMap::new(),
        }
    }

    fn say(&mut self, turn: u32, number: u32, samples: Arc<[i16]>) {
        self.playout.queue(generation(turn), segment(number), samples.into()).unwrap();
    }

    /// Ticks every `step` milliseconds until `until`.
    fn run(&mut self, until: u64, step: u32) {
        self.tick();
        while self.now + Millis::new(step) <= ms(until) {
            self.now += Millis::new(step);
            self.tick();
        }
    }

    fn tick(&mut self) {
        let now = self.now;
        let (back, still): (Vec<_>, _) = self.echoes.drain(..).partition(|&(at, _)| at <= now);
        self.echoes = still;
        for (_, name) in back {
            self.playout.handle_mark(now, &name);
        }
        let mut payload = Vec::new();
        while let Some(outgoing) = self.playout.poll_message(now, &mut payload) {
            let arrival = now + self.delay;
            match outgoing {
                Outgoing::Media => {
                    assert_eq!(payload.len(), 320, "messages are 20 ms");
                    let ready = if self.end < arrival { arrival + self.buffer } else { arrival };
                    let start = self.end.max(ready);
                    self.end = start + PTIME;
                    let at = start.as_micros() * 8 / 1_000;
                    for (n, pair) in payload.as_chunks::<2>().0.iter().enumerate() {
                        self.ear.insert(at + n as u64, i16::from_le_bytes(*pair));
                    }
                    self.sent.push(now);
                }
                Outgoing::Mark(name) => {
                    self.marks.push((now, name));
                    self.echoes.push((self.end.max(arrival) + self.delay, name.to_string()));
                }
                Outgoing::Clear => {
                    self.clears += 1;
                    self.ear.split_off(&(arrival.as_micros() * 8 / 1_000));
                    self.end = self.end.min(arrival);
                    for (at, _) in &mut self.echoes {
                        *at = (*at).min(arrival + self.delay);
                    }
                }
            }
        }
        self.events.extend(std::iter::from_fn(|| self.playout.poll_event()));
        let mut heard = Vec::new();
        while let Some(frame) = self.playout.poll_heard(&mut heard) {
            for (n, &sample) in heard.iter().enumerate() {
                let before = self.recorded.insert(frame.at + n as u64, sample);
                assert_eq!(before, None, "the recording never overlaps");
            }
        }
        let ledger = self.playout.ledger();
        assert_eq!(ledger.queued, ledger.heard + ledger.cleared + ledger.pending);
    }

    /// What the caller has heard, by the index of what the caller says meanwhile when that arrives.
    fn heard_on_arrival(&self) -> std::collections::BTreeMap<u64, i16> {
        let way = u64::from(self.delay.get()) * 8;
        self.ear.iter().map(|(&at, &sample)| (at + way, sample)).collect()
    }

    /// What the caller has heard.
    fn ear(&self) -> Vec<i16> {
        self.ear.values().copied().collect()
    }
}

/// Samples may differ from the ramp in the first 5 ms, which are faded in.
#[track_caller]
fn check_ramp(heard: &[i16], ramp: &[i16]) {
    assert!(ramp.len() <= heard.len(), "{} of {} samples", heard.len(), ramp.len());
    let differs = (40..ramp.len()).find(|&n| heard[n] != ramp[n]);
    assert_eq!(differs.map(|n| (n, heard[n], ramp[n])), None);
}

#[test]
fn a_reply_starts_after_sixty_milliseconds_and_keeps_the_lead() {
    let mut line = Line::new(40);
    line.say(1, 0, ramp(1, 59));
    line.run(100, 20);
    assert_eq!((line.sent.len(), line.playout.state()), (0, PlayoutState::Buffering));
    line.say(1, 0, ramp(473, 941));
    line.playout.end(generation(1));
    line.tick();
    assert_eq!(line.sent, [ms(100); 6], "the lead, at once");
    assert_eq!(line.playout.state(), PlayoutState::Playing);
    line.run(1_200, 10);
    let expected: Vec<CallTime> =
        (0..50_u64).map(|k| ms((100 + 20 * (k + 1)).max(220) - 120)).collect();
    assert_eq!(line.sent, expected);
    check_ramp(&line.ear(), &ramp(1, 1_000));
    let marks: Vec<String> = line.marks.iter().map(|(_, name)| name.to_string()).collect();
    assert_eq!(marks, ["1.0.1.4000", "1.0.2.8000"]);
    line.run(1_400, 10);
    let (generation, segment) = (generation(1), segment(0));
    assert_eq!(
        line.events,
        [
            // Before the first mark the delay is taken to be 80 ms.
            PlayoutEvent::Started { generation, at: ms(180) },
            PlayoutEvent::SegmentHeard { generation, segment, at: ms(1_140) },
            PlayoutEvent::Finished { generation, at: ms(1_140) },
        ]
    );
    assert_eq!(line.playout.delay(), Millis::new(40));
    assert_eq!(line.playout.state(), PlayoutState::Idle);
    assert!(line.playout.audible(ms(1_130)) || line.playout.poll_timeout().is_none());
    let ledger = line.playout.ledger();
    assert_eq!((ledger.queued, ledger.heard, ledger.pending), (8_000, 8_000, 0));
}

#[test]
fn a_complete_clause_starts_and_a_tail_is_carried_into_the_next() {
    let mut line = Line::new(10);
    line.say(1, 0, ramp(1, 50));
    line.run(40, 20);
    assert_eq!(line.sent.len(), 0);
    line.playout.end_segment(generation(1), segment(0));
    line.tick();
    assert_eq!(line.sent.len(), 2, "the tail of 10 ms waits");
    line.say(1, 1, ramp(401, 25));
    line.tick();
    assert_eq!(line.sent.len(), 3, "with the beginning of the next segment");
    assert_eq!(line.marks.len(), 1);
    line.playout.end(generation(1));
    line.run(200, 20);
    assert_eq!(line.sent.len(), 4, "75 ms, filled up with silence");
    check_ramp(&line.ear(), &ramp(1, 75));
    assert_eq!(line.ear()[600..], [0; 40]);
    let heard: Vec<_> = line
        .events
        .iter()
        .filter(|event| matches!(event, PlayoutEvent::SegmentHeard { .. }))
        .collect();
    assert_eq!(heard.len(), 2);
    assert_eq!(line.playout.counters().underruns, 0);
}

#[test]
fn late_ticks_send_all_that_is_due_and_the_schedule_never_moves() {
    let mut line = Line::new(30);
    let mut seed = 7_u64;
    let mut queued = 0;
    while line.now < ms(600_000) {
        while line.playout.room() > Millis::from_secs(58) {
            line.say(1, 0, ramp(1, 1_000));
            queued += 50;
        }
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        line.now += Millis::new(1 + (seed >> 33) as u32 % 100);
        line.tick();
        // Memory of the test.
        line.recorded.clear();
        line.ear.clear();
    }
    assert!(29_000 < line.sent.len() && line.sent.len() < queued);
    for (k, &sent) in line.sent.iter().enumerate() {
        let due = line.sent[0] + Millis::new((20 * (k as u32 + 1)).saturating_sub(120));
        assert!(due <= sent && sent - due <= Millis::new(100), "frame {k}: {sent}, due {due}");
    }
    let counters = line.playout.counters();
    assert_eq!(counters.underruns, 0);
    assert!(0 < counters.late_ticks);
    // The carrier's end of play is where a clock without any drift would have it.
    let played = (line.end - (line.sent[0] + Millis::new(30))).get();
    assert_eq!(played, line.sent.len() as u32 * 20);
}

#[test]
fn a_stall_is_caught_up_without_burying_the_carrier() {
    let mut line = Line::new(0);
    line.say(1, 0, ramp(1, 5_000));
    line.run(1_000, 20);
    line.now += Millis::new(1_000);
    line.tick();
    let ahead = line.end - line.now;
    assert_eq!(ahead, PlayoutSettings::STANDARD.lead_max);
    assert_eq!(line.playout.counters().late_ticks, 1);
    line.run(2_500, 20);
    assert!(line.end - line.now <= PlayoutSettings::STANDARD.lead_max);
}

#[test]
fn a_clear_says_what_was_heard_and_its_marks_prove_nothing() {
    for delay in [0, 5, 40, 150] {
        let mut line = Line::new(delay);
        // A first reply teaches the delay.
        line.say(1, 0, ramp(1, 1_000));
        line.playout.end(generation(1));
        line.run(1_500, 10);
        assert_eq!(line.playout.delay(), Millis::new(delay));
        line.ear.clear();
        line.recorded.clear();

        line.say(2, 0, ramp(1, 600));
        line.say(2, 1, ramp(4_801, 250));
        line.say(2, 2, ramp(6_801, 600));
        line.playout.end(generation(2));
        line.run(2_270, 10);
        let cleared = line.playout.clear(line.now);
        assert_eq!(cleared.generation, Some(generation(2)));
        let heard: Vec<_> =
            cleared.segments.iter().map(|s| (s.segment.get(), s.heard.get(), s.of.get())).collect();
        assert_eq!(heard, [(0, 600, 600), (1, 170, 250), (2, 0, 600)], "delay {delay}");
        assert_eq!(line.playout.state(), PlayoutState::Idle);
        let events = line.events.len();
        line.run(2_700, 10);
        assert_eq!(line.clears, 1);
        assert_eq!(line.ear().last(), Some(&6_160), "what the caller heard, delay {delay}");
        assert_eq!(line.events[events..], [], "no mark proves anything");
        assert!(0 < line.playout.counters().marks_ignored);
        let heard = line.heard_on_arrival();
        assert_eq!(line.recorded, heard, "the recording is what was heard, delay {delay}");

        let late = line.playout.queue(generation(2), segment(3), ramp(1, 20).into());
        assert_eq!(late, Err(QueueError::Over));
        line.say(3, 0, ramp(1, 100));
        line.playout.end(generation(3));
        line.run(3_500, 10);
        assert!(line.events.iter().any(|event| matches!(
            event,
            PlayoutEvent::Finished { generation, .. } if generation.turn == TurnId::new(3)
        )));
        let ledger = line.playout.ledger();
        assert_eq!((ledger.cleared, ledger.pending), (5_440, 0));
    }
}

/// The carrier's own buffer is most of the way to the ear, and nothing of the way back.
#[test]
fn a_recording_lies_where_it_was_heard_however_the_way_is_made_up() {
    for (delay, buffer) in [(0, 0), (0, 40), (10, 40), (30, 60), (80, 0)] {
        let mut line = Line::new(delay);
        line.buffer = Millis::new(buffer);
        line.say(1, 0, ramp(1, 1_000));
        line.playout.end(generation(1));
        line.run(3_000, 10);
        let heard = line.heard_on_arrival();
        let first = |samples: &std::collections::BTreeMap<u64, i16>| {
            samples.first_key_value().map_or(0, |(&at, _)| at)
        };
        assert_eq!(line.recorded.len(), heard.len());
        // From the greeting's first word on.
        let off = first(&line.recorded).abs_diff(first(&heard)) / 8;
        assert!(off <= 10, "{off} ms off, delay {delay}, buffer {buffer}");
    }
}

#[test]
fn without_any_mark_a_recording_is_laid_by_an_assumption() {
    let mut line = Line::new(40);
    line.say(1, 0, ramp(1, 400));
    line.playout.end(generation(1));
    for _ in 0..100 {
        line.tick();
        line.echoes.clear();
        line.now += PTIME;
    }
    assert_eq!(line.recorded.len(), 3_200);
}

#[test]
fn clearing_nothing_sends_nothing() {
    let mut line = Line::new(20);
    assert_eq!(line.playout.clear(ms(0)), Cleared::default());
    line.say(1, 0, ramp(1, 10));
    let cleared = line.playout.clear(ms(0));
    assert_eq!(cleared.segments[0].heard, Millis::ZERO);
    line.run(100, 20);
    assert_eq!((line.clears, line.sent.len(), line.playout.counters().clears), (0, 0, 0));
}

#[test]
fn a_hold_stops_within_a_frame_and_resumes_without_loss() {
    let mut line = Line::new(0);
    line.say(1, 0, ramp(1, 2_000));
    line.playout.end(generation(1));
    line.run(500, 10);
    let before = line.sent.len();
    line.playout.hold(line.now);
    assert_eq!(line.playout.state(), PlayoutState::Held);
    line.run(1_500, 10);
    assert_eq!(line.sent.len(), before + 1, "one frame that fades");
    assert!(line.end - ms(500) <= Millis::new(120 + 20));
    assert!(!line.playout.audible(ms(700)));
    assert_eq!(line.playout.counters().underruns, 0);
    let heard: Vec<_> = line.playout.heard(line.now).collect();
    assert_eq!(heard[0].heard, Millis::new(before as u32 * 20), "the fade is heard again");
    line.playout.resume(line.now);
    line.run(4_500, 10);
    let kept = before * 160;
    check_ramp(&line.ear(), &ramp(1, 2_000)[..kept]);
    // The faded frame, and what is said again: nobody stops hearing in the middle of a word.
    let again = line.ear().len() - 16_000 - 160;
    assert!(again <= 8 * REPEAT_MAX.get() as usize, "{again}");
    check_ramp(&line.ear()[kept + 160..], &ramp(1, 2_000)[kept - again..]);
    let ledger = line.playout.ledger();
    assert_eq!((ledger.queued, ledger.sent, ledger.heard), (16_000, 16_000, 16_000));
    assert!(matches!(line.events.last(), Some(PlayoutEvent::Finished { .. })));
    assert!(line.recorded.values().eq(line.ear.values()));
}

/// Words of 300 ms at a level of their own, with 60 ms of near silence between them.
fn words(count: usize) -> Vec<i16> {
    let word = |n: usize| {
        let tone = move |at: usize| {
            if (at / 8).is_multiple_of(2) { 2_000 + 100 * n as i16 } else { -2_000 }
        };
        (0..2_400).map(tone).chain(std::iter::repeat_n(3, 480))
    };
    (0..count).flat_map(word).collect()
}

/// What is said again after a hold of `held`, begun `at` ms into ten words.
fn said_again(at: u64, held: u64, ends: &[u32]) -> usize {
    let mut line = Line::new(0);
    line.say(1, 0, words(10).into());
    let ends = ends.iter().map(|&end| Millis::new(end));
    line.playout.note_words(generation(1), SegmentId::FIRST, ends);
    line.playout.end(generation(1));
    line.run(at, 10);
    line.playout.hold(line.now);
    line.run(at + held, 10);
    line.playout.resume(line.now);
    line.run(at + held + 5_000, 10);
    let ledger = line.playout.ledger();
    assert_eq!(ledger.queued, ledger.heard, "all of it counts once");
    (line.ear().len() - 28_800 - 160) / 8
}

#[test]
fn a_voice_goes_on_where_its_word_began() {
    // Held at 500 ms, 620 are out; the word of 360 to 660 began 260 before: too far, so where it is
    // softest. At 400 ms 520 are out, and the word began 160 before.
    assert_eq!(said_again(400, 300, &[]), 160);
    assert!(said_again(500, 300, &[]) <= 250);
    // Who knows where words end is believed.
    assert_eq!(said_again(400, 300, &[300, 420, 660]), 100);
    assert_eq!(said_again(400, 300, &[100, 900]), 160, "none is near");
    // After a long hold the sentence begins anew.
    assert_eq!(said_again(400, 1_200, &[]), 520);
    assert_eq!(said_again(400, 1_190, &[]), 160);
}

#[test]
fn a_voice_held_again_while_it_says_a_word_again_loses_nothing() {
    let mut line = Line::new(0);
    line.say(1, 0, words(10).into());
    line.playout.end(generation(1));
    line.run(400, 10);
    for _ in 0..5 {
        line.playout.hold(line.now);
        line.run(line.now.as_millis() + 200, 10);
        line.playout.resume(line.now);
        line.run(line.now.as_millis() + 60, 10);
    }
    line.run(9_000, 10);
    let ledger = line.playout.ledger();
    assert_eq!((ledger.queued, ledger.heard, ledger.pending), (28_800, 28_800, 0));
    assert!(matches!(line.events.last(), Some(PlayoutEvent::Finished { .. })));
}

#[test]
fn a_hold_before_the_start_and_a_quick_change_of_mind() {
    let mut line = Line::new(0);
    line.playout.hold(ms(0));
    line.say(1, 0, ramp(1, 1_000));
    line.run(100, 20);
    assert_eq!(line.sent.len(), 0);
    line.playout.resume(line.now);
    line.run(200, 20);
    let before = line.sent.len();
    line.playout.hold(line.now);
    line.playout.resume(line.now);
    line.run(300, 20);
    assert_eq!(line.sent.len(), before + 5, "as if nothing had been");
    check_ramp(&line.ear(), &ramp(1, 1_000)[..1_600]);
    line.playout.hold(line.now);
    line.playout.clear(line.now);
    assert_eq!(line.playout.state(), PlayoutState::Idle);
}

#[test]
fn audio_that_does_not_come_in_time_is_one_underrun() {
    let mut line = Line::new(20);
    line.say(1, 0, ramp(1, 205));
    line.run(1_000, 10);
    assert_eq!(line.playout.counters().underruns, 1);
    assert_eq!(line.events.last(), Some(&PlayoutEvent::Underrun { generation: generation(1) }));
    assert_eq!(line.sent.len(), 11, "10 frames, then the tail and comfort");
    assert_eq!(line.sent[10], ms(180), "only when the carrier is about to run dry");
    line.say(1, 0, ramp(1_641, 79));
    line.run(1_100, 10);
    assert_eq!(line.sent.len(), 11, "80 ms are needed to go on");
    line.say(1, 0, ramp(2_273, 21));
    line.tick();
    assert_eq!(line.sent.len(), 16);
    line.playout.end(generation(1));
    line.run(2_000, 10);
    assert!(matches!(line.events.last(), Some(PlayoutEvent::Finished { .. })));
    assert_eq!(line.playout.ledger().heard, 305 * 8);
}

#[test]
fn audio_just_in_time_is_no_underrun() {
    let mut line = Line::new(20);
    for n in 0..50 {
        line.say(1, 0, ramp(1, 100));
        line.run(100 * (n + 1) - 50, 10);
    }
    assert_eq!(line.playout.counters().underruns, 0);
    assert_eq!(line.playout.counters().late_ticks, 0, "no tick was late");
    assert!(line.ear.len() >= 4_900 * 8);
}

#[test]
fn a_mark_that_never_comes_is_waited_for_a_second() {
    let mut line = Line::new(0);
    line.say(1, 0, ramp(1, 200));
    line.playout.end(generation(1));
    line.run(100, 20);
    line.echoes.clear();
    assert_eq!(line.playout.poll_timeout(), Some(ms(200 + 80 + 1_000)));
    line.run(1_260, 20);
    assert!(!line.events.iter().any(|event| matches!(event, PlayoutEvent::Finished { .. })));
    line.run(1_280, 20);
    let at = ms(280);
    assert_eq!(line.events.last(), Some(&PlayoutEvent::Finished { generation: generation(1), at }));
    assert_eq!(line.playout.counters().marks_missed, 1);
    assert_eq!(line.playout.poll_timeout(), None);
    assert_eq!(line.playout.handle_mark(ms(1_300), "1.0.1.1600"), None);
}

#[test]
fn a_mark_before_its_time_proves_nothing() {
    let mut line = Line::new(0);
    line.say(1, 0, ramp(1, 1_000));
    line.playout.end(generation(1));
    line.run(900, 20);
    let (_, last) = *line.marks.last().unwrap();
    assert_eq!(line.playout.handle_mark(ms(900), &last.to_string()), None);
    assert_eq!(line.playout.counters().marks_early, 1);
    let finished = line.playout.handle_mark(ms(1_000), &last.to_string());
    assert_eq!(finished, Some(MarkEvent::Finished { generation: generation(1) }));
    for name in ["", "1.0.1", "1.0.1.8000.", "+1.0.1.8000", "1.0.1.8000.1", "x.y.z.w", "9.9.9.9"] {
        assert_eq!(line.playout.handle_mark(ms(1_000), name), None, "{name}");
    }
}

#[test]
fn the_quickest_echo_says_how_long_the_way_is() {
    let mut line = Line::new(30);
    let mut seen = 0;
    line.say(1, 0, ramp(1, 8_000));
    line.playout.end(generation(1));
    while line.now < ms(9_000) {
        line.now += Millis::new(10);
        line.tick();
        // Every echo but each third is held up on its way back.
        for (_, mark) in &line.marks[seen..] {
            let name = mark.to_string();
            for (at, _) in line.echoes.iter_mut().filter(|(_, echo)| *echo == name) {
                *at += Millis::new(if mark.seq % 3 == 0 { 0 } else { 170 });
            }
        }
        seen = line.marks.len();
    }
    assert_eq!(seen, 16);
    assert!(line.playout.delay() < Millis::new(60), "{}", line.playout.delay());
    // A reply that is cleared: what was heard is not thrown off by late echoes.
    line.say(2, 0, ramp(1, 1_000));
    line.run(9_600, 10);
    assert_eq!(line.playout.clear(line.now).segments[0].heard, Millis::new(600));
}

#[test]
fn marks_name_segments_progress_and_the_end() {
    let mut line = Line::new(0);
    line.say(7, 0, ramp(1, 300));
    line.say(7, 1, ramp(1, 1_200));
    line.say(7, 2, ramp(1, 100));
    line.playout.end(generation(7));
    line.run(3_000, 20);
    let names: Vec<String> = line.marks.iter().map(|(_, name)| name.to_string()).collect();
    assert_eq!(names, ["7.0.1.2400", "7.0.2.6400", "7.0.3.10400", "7.0.4.12000", "7.0.5.12800"]);
    let name = "7.0.5.12800".parse::<MarkName>().unwrap();
    assert_eq!(name.generation, generation(7));
    assert_eq!((name.seq, name.sample), (5, 12_800));
}

#[test]
fn replies_follow_each_other_without_a_gap() {
    let mut line = Line::new(10);
    for turn in 1..=5 {
        line.say(turn, 0, ramp(1, 90));
        line.playout.end(generation(turn));
    }
    line.playout.end(generation(6));
    line.run(2_000, 20);
    assert_eq!(line.sent.len(), 25);
    assert_eq!(line.end, ms(510));
    let finished =
        line.events.iter().filter(|event| matches!(event, PlayoutEvent::Finished { .. })).count();
    assert_eq!(finished, 6, "even the one without a word");
}

#[test]
fn a_second_start_loses_what_was_on_its_way_and_goes_on() {
    let mut line = Line::new(0);
    line.say(1, 0, ramp(1, 1_000));
    line.playout.end(generation(1));
    line.run(500, 20);
    line.echoes.clear();
    line.playout.handle_restart(line.now);
    line.end = line.now;
    line.run(1_500, 20);
    assert!(matches!(line.events.last(), Some(PlayoutEvent::Finished { .. })));
    let ledger = line.playout.ledger();
    assert_eq!(ledger.queued, 8_000);
    assert_eq!(ledger.pending, 0);
    assert!(0 < ledger.cleared && ledger.cleared <= (120 + 80 + 20) * 8);
}

#[test]
fn there_is_an_end_to_what_can_be_queued() {
    let mut playout = Playout::new(L16_8K, PlayoutSettings::STANDARD).unwrap();
    let full = Err(QueueError::Full { limit: QUEUED_MAX });
    for _ in 0..60 {
        playout.queue(generation(1), segment(0), vec![0_i16; 8_000].into()).unwrap();
    }
    assert_eq!(playout.room(), Millis::ZERO);
    assert_eq!(playout.queue(generation(1), segment(0), vec![0_i16; 1].into()), full);
    playout.clear(ms(0));
    assert_eq!(playout.room(), QUEUED_MAX);
    let mut playout = Playout::new(L16_8K, PlayoutSettings::STANDARD).unwrap();
    let refused = (0..1_000)
        .filter(|&n| playout.queue(generation(1), segment(n), Vec::new().into()) == full)
        .count();
    assert!(0 < refused);
}

const PCMA_8K: AudioFormat = AudioFormat { encoding: Encoding::Pcma, rate: SampleRate::Hz8000 };

/// All payloads that a leg in `format` sends of `pieces`, one reply.
fn payloads(format: AudioFormat, pieces: &[Audio]) -> Vec<Vec<u8>> {
    let mut playout = Playout::new(format, PlayoutSettings::STANDARD).unwrap();
    for piece in pieces {
        playout.queue(generation(1), segment(0), piece.clone()).unwrap();
    }
    playout.end(generation(1));
    let (mut payload, mut sent, mut now) = (Vec::new(), Vec::new(), ms(0));
    for _ in 0..200 {
        while let Some(outgoing) = playout.poll_message(now, &mut payload) {
            if outgoing == Outgoing::Media {
                sent.push(payload.clone());
            }
        }
        now += PTIME;
    }
    sent
}

#[test]
fn bytes_in_the_leg_s_own_codec_go_out_as_they_came() {
    // Negative zero tells: it does not survive being decoded and encoded.
    let bytes: Vec<u8> = (0..2_000_usize).map(|n| if n % 3 == 0 { 0x7f } else { 0x23 }).collect();
    let sent = payloads(AudioFormat::PCMU_8K, &[Audio::Pcmu(bytes.clone().into())]).concat();
    let faded = SampleRate::Hz8000.samples_in(codecs::fade::FADE_IN);
    assert_eq!(sent[faded..2_000], bytes[faded..], "but for the fade at the beginning");
    assert_ne!(sent[..faded], bytes[..faded], "which touches what it has to");
    assert_eq!(sent.len(), 2_080, "whole messages");
    assert!(sent[2_000..].iter().all(|&code| code == codecs::g711::ULAW_SILENCE));
    let sent = payloads(PCMA_8K, &[Audio::Pcma(bytes.clone().into())]).concat();
    assert_eq!(sent[faded..2_000], bytes[faded..]);
}

#[test]
fn bytes_of_another_codec_are_turned_into_the_leg_s() {
    let bytes: Vec<u8> = (0..1_600_usize).map(|n| (n % 251) as u8).collect();
    let mut samples = Vec::new();
    codecs::g711::decode_ulaw(&bytes, &mut samples);
    for format in [PCMA_8K, L16_8K] {
        let foreign = payloads(format, &[Audio::Pcmu(bytes.clone().into())]);
        assert_eq!(foreign, payloads(format, &[samples.clone().into()]), "{format}");
    }
    let wide = AudioFormat { encoding: Encoding::L16, rate: SampleRate::Hz16000 };
    let mut playout = Playout::new(wide, PlayoutSettings::STANDARD).unwrap();
    let refused = playout.queue(generation(1), segment(0), Audio::Pcmu(bytes.into()));
    assert_eq!(refused, Err(QueueError::ForeignRate));
}

proptest! {
    /// However audio is cut and in whatever form its pieces come, the caller hears the same.
    #[test]
    fn the_form_of_audio_is_not_heard(
        bytes in proptest::collection::vec(any::<u8>(), 1..3_000),
        cuts in proptest::collection::vec((1_usize..700, 0_u8..3), 0..8),
    ) {
        let mut samples = Vec::new();
        codecs::g711::decode_ulaw(&bytes, &mut samples);
        let (mut pieces, mut at) = (Vec::new(), 0);
        for (length, form) in cuts.into_iter().chain([(bytes.len(), 0)]) {
            let end = (at + length).min(bytes.len());
            pieces.push(match form {
                0 => Audio::Pcmu(bytes[at..end].to_vec().into()),
                _ => samples[at..end].to_vec().into(),
            });
            at = end;
        }
        let plain = |sent: Vec<Vec<u8>>| {
            let codes = sent.concat().into_iter();
            codes.map(codecs::g711::ulaw_decode).collect::<Vec<i16>>()
        };
        let mixed = plain(payloads(AudioFormat::PCMU_8K, &pieces));
        prop_assert_eq!(mixed, plain(payloads(AudioFormat::PCMU_8K, &[samples.into()])));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Whatever is said, held, cleared and delayed: the account is right, messages are whole, and
    /// the recording is what the caller heard.
    #[test]
    fn no_sample_is_lost_or_doubled(
        steps in proptest::collection::vec((0_u8..12, 1_u32..140, 1_u32..60), 1..80),
        delay in 0_u32..120,
    ) {
        let mut line = Line::new(delay);
        let mut turn = 1;
        let mut queued = 0;
        for (kind, amount, pause) in steps {
            match kind {
                0..=5 => {
                    let samples = ramp(1, amount as usize);
                    let number = segment(u32::from(kind > 3));
                    if line.playout.queue(generation(turn), number, samples.into()).is_ok() {
                        queued += u64::from(amount) * 8;
                    }
                }
                6 => line.playout.end_segment(generation(turn), segment(0)),
                7 | 8 => {
                    line.playout.end(generation(turn));
                    turn += 1;
                }
                9 => line.playout.hold(line.now),
                10 => line.playout.resume(line.now),
                _ => {
                    let cleared = line.playout.clear(line.now);
                    for heard in cleared.segments {
                        prop_assert!(heard.heard <= heard.of);
                    }
                    turn += 1;
                }
            }
            for heard in line.playout.heard(line.now) {
                prop_assert!(heard.heard <= heard.of);
            }
            line.run(line.now.as_millis() + u64::from(pause), 7);
            prop_assert_eq!(line.playout.ledger().queued, queued);
        }
        line.playout.resume(line.now);
        line.playout.end(generation(turn));
        let until = line.now.as_millis() + 20_000;
        line.run(until, 20);
        let ledger = line.playout.ledger();
        prop_assert_eq!(ledger.pending, 0);
        prop_assert_eq!(ledger.heard + ledger.cleared, queued);
        prop_assert_eq!(line.playout.state(), PlayoutState::Idle);
        prop_assert_eq!(line.recorded.len(), line.ear.len());
        prop_assert!(line.recorded.values().eq(line.ear.values()));
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        crate::fuzz_playout(&bytes);
    }
}

//! Whole calls against a world of random latencies, faults and callers: what must always hold.

use std::collections::{BTreeMap, BTreeSet};

use call::{
    Action, Call, CallConfig, Event, LegEnd, Lines, LogHeader, LogReader, LogWriter, Outcome,
    ReplayOptions, ResumeLimits, SegmentHeard, fuzz_events, fuzz_log, rebuild, replay,
};
use proptest::prelude::*;
use types::{
    BargeIn, CallId, CallTime, ConfigVersion, DialogueEntry, DtmfDigit, Effect, Expect,
    GenerationId, LegOrder, Limits, Message, Millis, Persona, Pii, SegmentId, Tone, Turns,
    Unavailable, Urgency, UtteranceId, WallTime,
};

/// A generator of numbers small enough to be written here (Steele et al., SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// Agent audio on its way to the caller's ear.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts about a fake")]
struct Line {
    segments: Vec<(SegmentId, String, u64)>,
    ended: bool,
    held: bool,
    started: bool,
    heard_ms: u64,
    reported: usize,
}

struct World {
    call: Call,
    log: LogWriter,
    now: u64,
    random: Random,
    coming: BTreeMap<(u64, u64), Event>,
    number: u64,
    lines: BTreeMap<GenerationId, Line>,
    speaking: Option<GenerationId>,
    utterances: BTreeMap<UtteranceId, &'static str>,
    faults: u64,
    cleared: BTreeSet<GenerationId>,
    heard_whole: BTreeSet<GenerationId>,
    promised: BTreeMap<String, GenerationId>,
    ended: bool,
    breaks: Vec<u64>,
    steps: Option<Vec<(usize, u64)>>,
}

const CALLER: [&str; 8] = [
    "How much is a cleaning?",
    "Uh-huh.",
    "",
    "Stop.",
    "Yes.",
    "I would like to and",
    "Are you open on Sunday?",
    "bye bye",
];
const AGENT: [&str; 4] = [
    "We are open from nine to five, Monday to Friday. On Saturday we close at noon.",
    "It is $120.",
    "Certainly, I will take that down for you, and somebody will call you back. Goodbye!",
    "One moment.",
];

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let faults = [1_000_000, 60, 12, 4][random.below(4) as usize];
        let config = config(&mut random);
        let mut breaks: Vec<u64> = (0..random.below(4)).map(|_| random.below(60_000)).collect();
        breaks.sort_unstable();
        let header = LogHeader {
            format: call::LOG_FORMAT,
            call: CallId::new(u128::from(seed)),
            business: "riverside-dental".parse().expect("a slug"),
            agent: "main".parse().expect("a slug"),
            version: ConfigVersion::new(7),
            began: WallTime::from_unix_millis(1_760_000_000_000),
            seed,
            config: config.clone(),
        };
        Self {
            call: Call::new(config, seed),
            log: LogWriter::new(&header),
            now: 0,
            random,
            coming: BTreeMap::new(),
            number: 0,
            lines: BTreeMap::new(),
            speaking: None,
            utterances: BTreeMap::new(),
            faults,
            cleared: BTreeSet::new(),
            heard_whole: BTreeSet::new(),
            promised: BTreeMap::new(),
            ended: false,
            breaks,
            steps: None,
        }
    }

    fn soon(&mut self, ms: u64, event: Event) {
        self.number += 1;
        self.coming.insert((self.now + ms, self.number), event);
    }

    fn fails(&mut self) -> bool {
        let faults = self.faults;
        self.random.one_in(faults)
    }

    /// Other readings of an utterance: mostly none.
    fn others(&mut self) -> Vec<Pii<String>> {
        let count = self.random.below(6).saturating_sub(3);
        let place = |random: &mut Random| random.below(CALLER.len() as u64) as usize;
        (0..count).map(|_| Pii::new(CALLER[place(&mut self.random)].to_owned())).collect()
    }

    /// The caller's side of the call, laid out in advance.
    fn call_in(&mut self) {
        self.soon(0, Event::Answered);
        let mut at = self.random.below(6_000);
        for _ in 0..self.random.below(12) {
            let length = 100 + self.random.below(2_500);
            let start = CallTime::from_millis(at);
            let end = CallTime::from_millis(at + length);
            self.soon(at + 60, Event::SpeechStarted { at: start });
            self.soon(at + length + 120, Event::SpeechPaused { at: end });
            if self.random.one_in(3) {
                self.soon(at + length + 160, Event::SpeechResumed);
            }
            self.soon(at + length + 200, Event::SpeechEnded { at: end });
            if self.random.one_in(6) {
                let digit =
                    DtmfDigit::new(['1', '#', '5'][self.random.below(3) as usize]).expect("a key");
                self.soon(at + length + 300, Event::Dtmf { digit });
            }
            at += length + self.random.below(9_000);
        }
        if self.random.one_in(3) {
            let how =
                [LegEnd::Stopped, LegEnd::Lost, LegEnd::MediaDead][self.random.below(3) as usize];
            self.soon(at, Event::LegEnded { how });
        }
    }

    fn run(&mut self) {
        self.call_in();
        for _ in 0..20_000 {
            let tick = self.now + 20;
            let event = self.coming.keys().next().map_or(u64::MAX, |&(at, _)| at);
            let timer = self
                .call
                .poll_timeout()
                .map_or(u64::MAX, |(due, _)| due.as_micros().div_ceil(1_000));
            let audio = if self.speaking.is_some() { tick } else { u64::MAX };
            let next = event.min(timer).min(audio).max(self.now);
            assert!(next < u64::MAX, "somebody must be waited for: {}", self.call.phase_name());
            // The end of all time is no answer to silence: a transfer that rings waits 40 s, and nothing
            // but that end waits longer.
            let is_stuck = event == u64::MAX && self.now + 45_000 < next;
            assert!(!is_stuck, "silence for ever: {}", self.call.phase_name());
            self.advance_audio(next);
            self.now = next;
            if self.breaks.first().is_some_and(|&at| at <= next) {
                self.breaks.remove(0);
                match self.random.below(3) {
                    0 => self.crash(),
                    _ => self.break_media(),
                }
                if self.ended {
                    return;
                }
                continue;
            }
            if timer <= next {
                let (_, timer) = self.call.poll_timeout().expect("it is due");
                self.log.timeout(self.time(), timer);
                self.call.handle_timeout(self.time());
            } else if event <= next {
                let (_, event) = self.coming.pop_first().expect("it is due");
                self.log.event(self.time(), &event);
                self.call.handle_event(self.time(), event);
            }
            self.drain();
            if self.ended {
                return;
            }
        }
        panic!("the call does not end: {}", self.call.phase_name());
    }

    fn time(&self) -> CallTime {
        CallTime::from_millis(self.now)
    }

    /// The caller hears on until `until`.
    fn advance_audio(&mut self, until: u64) {
        let Some(generation) = self.speaking else { return };
        let passed = until.saturating_sub(self.now);
        let line = self.lines.get_mut(&generation).expect("it speaks");
        let total: u64 = line.segments.iter().map(|segment| segment.2).sum();
        let mut events = Vec::new();
        if !line.held && 0 < total {
            if !line.started {
                line.started = true;
                let at = CallTime::from_millis(until);
                events.push(Event::PlayoutSent { generation });
                events.push(Event::PlayoutStarted { generation, at });
            }
            line.heard_ms = (line.heard_ms + passed).min(total);
            let mut end = 0;
            for (number, &(segment, _, length)) in line.segments.iter().enumerate() {
                end += length;
                if end <= line.heard_ms && line.reported <= number {
                    line.reported = number + 1;
                    events.push(Event::SegmentHeard { generation, segment });
                }
            }
            if line.ended && line.heard_ms == total {
                let at = CallTime::from_millis(until);
                events.push(Event::PlayoutFinished { generation, at });
                self.heard_whole.insert(generation);
                self.speaking = None;
            }
        }
        for event in events {
            let is_lost = self.fails();
            if !is_lost {
                let wait = until - self.now;
                self.soon(wait, event);
            }
        }
    }

    fn drain(&mut self) {
        while let Some(action) = self.call.poll_action() {
            assert!(!self.ended, "nothing follows the end");
            self.log.action(self.time(), &action);
            self.carry_out(action);
        }
        if let Some(steps) = &mut self.steps {
            steps.push((self.log.pending().len(), self.call.fingerprint()));
        }
    }

    fn carry_out(&mut self, action: Action) {
        match action {
            Action::BeginUtterance { utterance, .. } => {
                let text = CALLER[self.random.below(CALLER.len() as u64) as usize];
                self.utterances.insert(utterance, text);
                let latency = 100 + self.random.below(500);
                if !text.is_empty() && !self.fails() {
                    let start = text.char_indices().nth(text.len() / 2).map_or(text.len(), |c| c.0);
                    let text = Pii::new(text[..start].to_owned());
                    self.soon(latency, Event::Partial { utterance, text });
                }
            }
            Action::PauseUtterance { utterance } => {
                let text = Pii::new(self.utterances[&utterance].to_owned());
                let latency = 50 + self.random.below(200);
                let others = self.others();
                self.soon(latency, Event::Stable { utterance, text, others });
            }
            Action::FinalizeUtterance { utterance } => {
                let text = Pii::new(self.utterances[&utterance].to_owned());
                let latency = self.random.below(1_200);
                if !self.fails() {
                    let (audio, others) = (Millis::new(700), self.others());
                    self.soon(latency, Event::Final { utterance, text, others, audio });
                }
            }
            Action::Think { generation, dialogue } => self.think(generation, &dialogue.entries),
            Action::Speak { generation, segment, text, .. } => {
                assert!(!self.cleared.contains(&generation), "nothing is spoken after a clear");
                self.speak(generation, segment, text.into_revealed());
            }
            Action::EndSpeech { generation } => {
                self.lines.get_mut(&generation).expect("spoken before").ended = true;
                self.number += 1;
            }
            Action::HoldPlayout { generation } => {
                self.lines.get_mut(&generation).expect("spoken before").held = true;
            }
            Action::ResumePlayout { generation } => {
                self.lines.get_mut(&generation).expect("spoken before").held = false;
            }
            Action::ClearPlayout { generation } => self.clear(generation),
            Action::Leg { order } => self.order(&order),
            Action::KeepMessage { message } => {
                let generation = self.promised[message.reason.reveal()];
                // A reply that was cut for nothing is completed under the next attempt.
                let is_heard = self.heard_whole.iter().any(|heard| heard.turn == generation.turn);
                // Where reports get lost, the call may have to assume it.
                assert!(is_heard || self.faults < 1_000, "{generation} was not heard");
            }
            Action::Finish { .. } => self.ended = true,
            Action::Reattach { .. } => self.reattach(),
            Action::ResumeUtterance { .. }
            | Action::DiscardUtterance { .. }
            | Action::CancelThought { .. }
            | Action::CancelSpeech { .. }
            | Action::Note { .. } => (),
        }
    }

    fn think(&mut self, generation: GenerationId, entries: &[DialogueEntry]) {
        let asked = match entries.last() {
            Some(
                DialogueEntry::Caller { .. }
                | DialogueEntry::Keys { .. }
                | DialogueEntry::NoInput { .. },
            ) => true,
            // Thought again after noise.
            Some(DialogueEntry::Agent { .. }) | None => false,
        };
        assert!(asked, "the brain answers somebody");
        if self.fails() {
            if self.random.one_in(2) {
                self.soon(300, Event::ThoughtFailed { generation });
            }
            return;
        }
        let latency = 20 + self.random.below(900);
        let text = Pii::new(AGENT[self.random.below(AGENT.len() as u64) as usize].to_owned());
        self.soon(latency, Event::Thought { generation, text, cites: Vec::new() });
        let effect = match self.random.below(8) {
            0 => Some(Effect::EndCall),
            1 => Some(Effect::Transfer { to: "+14155550100".parse().expect("a number") }),
            2 | 3 => {
                let reason = format!("{generation}");
                self.promised.insert(reason.clone(), generation);
                let (name, number) = (Pii::default(), Pii::default());
                let (reason, urgency) = (Pii::new(reason), Urgency::Normal);
                Some(Effect::TakeMessage(Message { name, number, reason, urgency }))
            }
            _ => None,
        };
        if let Some(effect) = effect {
            self.soon(latency, Event::ThoughtEffect { generation, effect });
        }
        let later = latency + self.random.below(200);
        if self.fails() {
            self.soon(later, Event::ThoughtFailed { generation });
        } else {
            let expect = [Expect::Open, Expect::Choice][self.random.below(2) as usize];
            self.soon(later, Event::ThoughtDone { generation, expect, note: None });
        }
    }

    fn speak(&mut self, generation: GenerationId, segment: SegmentId, text: String) {
        let mut others = self.lines.iter().filter(|(other, _)| **other != generation);
        assert!(others.all(|(_, line)| !line.held), "nobody is held for a reply that is gone");
        let line = self.lines.entry(generation).or_default();
        if self.random.one_in(self.faults) {
            if self.random.one_in(2) {
                self.soon(200, Event::SegmentFailed { generation, segment });
            }
            return;
        }
        let length = 200 + 60 * text.len() as u64;
        line.segments.push((segment, text, length));
        self.speaking = Some(generation);
        let duration = Millis::new(length as u32);
        let latency = 30 + self.random.below(300);
        self.soon(latency, Event::SegmentVoiced { generation, segment });
        self.soon(
            latency,
            Event::SegmentQueued { generation, segment, duration, words: Vec::new() },
        );
    }

    fn clear(&mut self, generation: GenerationId) {
        assert!(self.cleared.insert(generation), "one clear per generation");
        if let Some(line) = self.lines.get_mut(&generation) {
            line.held = false;
        }
        let line = self.lines.get(&generation);
        let mut heard = Vec::new();
        let mut start = 0;
        let total = line.map_or(0, |line| line.segments.iter().map(|segment| segment.2).sum());
        // A word counts as heard from three fifths on, and the pause after the last is no word.
        if line.is_some_and(|line| line.ended && total <= line.heard_ms + 700) {
            self.heard_whole.insert(generation);
        }
        for &(segment, _, length) in line.map_or(&[][..], |line| &line.segments) {
            let played = line.map_or(0, |line| line.heard_ms).saturating_sub(start).min(length);
            let (played, of) = (Millis::new(played as u32), Millis::new(length as u32));
            heard.push(SegmentHeard { segment, heard: played, of });
            start += length;
        }
        if self.speaking == Some(generation) {
            self.speaking = None;
        }
        if !self.fails() {
            self.soon(5, Event::PlayoutCleared { generation, heard });
        }
    }

    fn order(&mut self, order: &LegOrder) {
        let ends = Event::LegEnded { how: LegEnd::Stopped };
        let refuses = Event::LegRefused { reason: Unavailable::Refused };
        match (order, self.random.below(3)) {
            (LegOrder::HangUp, 0 | 1) => self.soon(80, ends),
            (LegOrder::Transfer { .. }, 0) => self.soon(4_000, ends),
            (LegOrder::Transfer { .. }, 1) => self.soon(200, refuses),
            // Nothing comes of it.
            (LegOrder::HangUp | LegOrder::Transfer { .. } | LegOrder::SendDtmf { .. }, _) => (),
        }
    }

    /// What comes of an order to carry media again.
    fn reattach(&mut self) {
        let wait = self.random.below(3_000);
        if self.random.below(2) == 0 {
            self.soon(wait / 2, Event::AttachAccepted);
        }
        match self.random.below(5) {
            0..=2 => self.soon(wait, Event::Reattached { gap: Millis::new(wait as u32) }),
            3 => self.soon(wait, Event::AttachRefused { reason: Unavailable::Refused }),
            // Nothing comes of it.
            _ => (),
        }
    }

    /// The media goes: what is on its way to the ear does not get there.
    fn break_media(&mut self) {
        let how = [LegEnd::Lost, LegEnd::MediaDead][self.random.below(2) as usize];
        self.tell(Event::Detached { how });
    }

    /// The process dies, and another goes on from the log: whatever was under way is lost.
    fn crash(&mut self) {
        let rebuilt = rebuild(self.log.pending()).expect("a log");
        assert!(rebuilt.is_faithful, "the log tells it all");
        assert!(rebuilt.unlogged.is_empty(), "every step is logged");
        assert_eq!(rebuilt.call.fingerprint(), self.call.fingerprint(), "the same call");
        self.call = rebuilt.call;
        let gap = 300 + self.random.below(20_000);
        let is_edge = |event: &Event| {
            matches!(event, Event::SpeechStarted { .. } | Event::SpeechPaused { .. })
                || matches!(event, Event::SpeechResumed | Event::SpeechEnded { .. })
        };
        let is_callers = |event: &Event| {
            is_edge(event) || matches!(event, Event::Dtmf { .. } | Event::LegEnded { .. })
        };
        // What the caller does meanwhile nobody notices.
        let now = self.now + gap;
        self.coming.retain(|&(at, _), event| now <= at && is_callers(event));
        if let Some(line) = self.speaking.take().and_then(|id| self.lines.get_mut(&id)) {
            line.held = false;
        }
        self.lines.values_mut().for_each(|line| line.held = false);
        self.now = now;
        self.tell(Event::Restored { gap: Millis::new(gap as u32) });
    }

    fn tell(&mut self, event: Event) {
        self.log.event(self.time(), &event);
        self.call.handle_event(self.time(), event);
        self.drain();
    }

    /// Every word the brain may remember as the agent's reached the caller's ear.
    fn check_memory(&self) {
        for entry in &self.call.dialogue().entries {
            let DialogueEntry::Agent { turn, text, .. } = entry else { continue };
            let mut spoken: Vec<&str> = Vec::new();
            for (_, line) in self.lines.iter().filter(|(generation, _)| generation.turn == *turn) {
                let mut start = 0;
                for (_, words, length) in &line.segments {
                    // A word is heard from three fifths on: allow for the rest of it.
                    if start < line.heard_ms {
                        spoken.extend(words.split_whitespace());
                    }
                    start += length;
                }
            }
            for word in text.reveal().split_whitespace() {
                assert!(spoken.contains(&word), "{turn}: {word} was never heard");
            }
        }
    }
}

fn config(random: &mut Random) -> CallConfig {
    CallConfig {
        persona: Persona {
            greeting: ["Hello, front desk.", ""][random.below(2) as usize].to_owned(),
            disclosure: random.one_in(2).then(|| "This call is recorded.".to_owned()),
            tone: Tone::Warm,
            language: "en-US".to_owned(),
        },
        turns: Turns {
            endpoint_delay_min: Millis::new(300),
            endpoint_delay_max: Millis::new(1_500),
            barge_in: if random.one_in(5) { BargeIn::Protected } else { BargeIn::Allowed },
            no_input_delay: Millis::from_secs(4),
            no_input_prompts_max: random.below(3) as u32,
            dtmf_gap_max: Millis::from_secs(3),
            greeting_protected: Millis::ZERO,
            keys: types::KeyRules::STANDARD,
        },
        limits: Limits { call_duration_max: Millis::from_secs(150), calls_max: 1 },
        lines: Lines::english(),
        resume: ResumeLimits::STANDARD,
    }
}

fn run(seed: u64) {
    let mut world = World::new(seed);
    world.run();
    if world.faults == 1_000_000 {
        world.check_memory();
    }
    let summary = world.call.summary();
    assert!(summary.reason.is_some());
    let log = world.log.pending();
    let again = |options| replay(LogReader::new(log).expect("a log"), options).expect("lines");
    let report = again(ReplayOptions::default());
    assert_eq!(report.outcome, Outcome::Same);
    // A log that stops anywhere is as good as far as it goes.
    let torn = &log[..log.len() / 2];
    if let Ok(reader) = LogReader::new(torn) {
        let outcome = replay(reader, ReplayOptions::default()).expect("whole lines").outcome;
        let in_step = matches!(&outcome, Outcome::Diverged { expected, .. } if expected.is_empty());
        assert!(outcome == Outcome::Same || in_step, "{outcome:?}");
    }
}

#[test]
fn a_thousand_calls_end_remember_what_was_heard_and_replay() {
    for seed in 0..1_000 {
        let outcome = std::panic::catch_unwind(|| run(seed));
        assert!(outcome.is_ok(), "seed {seed}");
    }
}

/// Each step's end in the log, and the call as it was.
fn steps(seed: u64) -> (Vec<u8>, Vec<(usize, u64)>) {
    let mut world = World::new(seed);
    world.steps = Some(Vec::new());
    world.run();
    let steps = world.steps.take().expect("just asked for");
    (world.log.pending().to_vec(), steps)
}

#[test]
fn a_log_cut_after_any_step_brings_the_call_back_as_it_was() {
    for seed in 0..150 {
        let (log, steps) = steps(seed);
        let mut random = Random(seed);
        for _ in 0..12 {
            let (end, fingerprint) = steps[random.below(steps.len() as u64) as usize];
            let rebuilt = rebuild(&log[..end]).expect("a log");
            assert!(rebuilt.is_faithful, "seed {seed}, byte {end}");
            assert_eq!(rebuilt.bytes, end);
            assert_eq!(rebuilt.call.fingerprint(), fingerprint, "seed {seed}, byte {end}");
        }
    }
}

#[test]
fn a_log_torn_within_a_step_brings_back_the_step_and_what_was_not_logged_of_it() {
    for seed in 0..60 {
        let (log, steps) = steps(seed);
        let mut random = Random(seed);
        let header = log.iter().position(|&byte| byte == b'\n').expect("a header") + 1;
        for _ in 0..12 {
            let cut = header + random.below((log.len() - header) as u64) as usize;
            let rebuilt = rebuild(&log[..cut]).expect("a log");
            assert!(rebuilt.is_faithful && rebuilt.bytes <= cut);
            // Completed, the log goes on as if it had never been torn.
            let mut whole = log[..rebuilt.bytes].to_vec();
            let mut writer = LogWriter::default();
            rebuilt.unlogged.iter().for_each(|action| writer.action(rebuilt.at, action));
            writer.drain_into(&mut whole);
            let again = rebuild(&whole).expect("a log");
            assert!(again.is_faithful && again.unlogged.is_empty());
            assert_eq!(again.call.fingerprint(), rebuilt.call.fingerprint());
            let last = steps.iter().rev().find(|(end, _)| *end <= whole.len());
            let is_step = last.is_some_and(|(end, _)| *end == whole.len());
            assert!(is_step || whole.len() == header, "seed {seed}, byte {cut}");
        }
    }
}

#[test]
fn another_endpoint_delay_names_where_the_call_would_have_gone_another_way() {
    let delay = Some(Millis::new(600));
    let options = ReplayOptions { endpoint_delay_min: delay, endpoint_delay_max: None };
    let mut diverged = 0;
    for seed in 0..40 {
        let mut world = World::new(seed);
        world.run();
        let log = LogReader::new(world.log.pending()).unwrap();
        let Outcome::Diverged { expected, got, .. } = replay(log, options).unwrap().outcome else {
            continue;
        };
        diverged += 1;
        // The turn that ended, or what happened next because it had.
        assert!(expected.contains("endpoint") || got.contains("endpoint"), "{expected} {got}");
    }
    assert!(20 < diverged, "{diverged}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn any_events_in_any_order_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        fuzz_events(&bytes);
    }

    #[test]
    fn any_bytes_are_no_worse_than_a_bad_log(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        seed in 0_u64..50,
        flips in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..6),
    ) {
        fuzz_log(&bytes);
        let mut world = World::new(seed);
        world.run();
        let mut log = world.log.pending().to_vec();
        for (index, byte) in flips {
            let index = index.index(log.len());
            log[index] = byte;
        }
        fuzz_log(&log);
    }
}

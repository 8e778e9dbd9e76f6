//! Stopped for nothing, the agent goes on: whatever was heard, at whatever moment.

#[allow(dead_code, reason = "only its configuration is used here")]
mod script;

use std::collections::BTreeMap;

use call::{
    Action, Call, Decibels, Decision, EchoHeard, Event, LOG_FORMAT, LogHeader, LogReader,
    LogWriter, Outcome, Permille, ReplayOptions, SegmentHeard, replay,
};
use types::{
    CallId, CallTime, ConfigVersion, GenerationId, Millis, Pii, SegmentId, UtteranceId, WallTime,
};

/// Steele et al., SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}

const REPLY: [&str; 3] = [
    "We are open from nine to five, Monday to Friday.",
    "On Saturday we close at noon.",
    "You can park behind the house, which costs nothing.",
];

/// How long a character takes to say.
const CHARACTER_MS: u64 = 65;

/// A reply on its way to the ear: it plays unless it is held.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts about a fake")]
struct Playing {
    generation: Option<GenerationId>,
    lengths: Vec<u64>,
    played: u64,
    reported: usize,
    held: bool,
    started: bool,
}

struct World {
    call: Call,
    log: LogWriter,
    now: u64,
    coming: BTreeMap<(u64, u64), Event>,
    number: u64,
    playing: Playing,
    words: &'static str,
    partials: bool,
    /// The longest the agent was held without a barge-in.
    silent: u64,
    silent_max: u64,
    heard: Vec<String>,
    clears: usize,
    ignored: usize,
    rejected: usize,
    resumed: Option<u64>,
    /// The shortest from going on to the next stop, for sound without words.
    peace_min: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        let config = script::config();
        let header = LogHeader {
            format: LOG_FORMAT,
            call: CallId::new(1),
            business: "riverside-dental".parse().expect("a slug"),
            agent: "front-desk".parse().expect("a slug"),
            version: ConfigVersion::new(1),
            began: WallTime::from_unix_millis(1_760_000_000_000),
            seed,
            config: config.clone(),
        };
        Self {
            call: Call::new(config, seed),
            log: LogWriter::new(&header),
            now: 0,
            coming: BTreeMap::new(),
            number: 0,
            playing: Playing::default(),
            words: "",
            partials: !seed.is_multiple_of(4),
            silent: 0,
            silent_max: 0,
            heard: Vec::new(),
            clears: 0,
            ignored: 0,
            rejected: 0,
            resumed: None,
            peace_min: u64::MAX,
        }
    }

    fn soon(&mut self, at: u64, event: Event) {
        self.number += 1;
        self.coming.insert((at.max(self.now), self.number), event);
    }

    fn happen(&mut self, event: Event) {
        let now = CallTime::from_millis(self.now);
        self.log.event(now, &event);
        self.call.handle_event(now, event);
        self.drain();
    }

    fn run(&mut self, until: u64) {
        while self.now < until {
            self.now += 10;
            while let Some(entry) = self.coming.first_entry().filter(|e| e.key().0 <= self.now) {
                let event = entry.remove();
                self.happen(event);
            }
            let now = CallTime::from_millis(self.now);
            while let Some((_, timer)) = self.call.poll_timeout().filter(|&(due, _)| due <= now) {
                self.log.timeout(now, timer);
                self.call.handle_timeout(now);
                self.drain();
            }
            self.play();
        }
    }

    fn play(&mut self) {
        let Some(generation) = self.playing.generation else { return };
        if self.playing.held {
            self.silent += 10;
            self.silent_max = self.silent_max.max(self.silent);
            return;
        }
        self.silent = 0;
        if !self.playing.started {
            self.playing.started = true;
            let at = CallTime::from_millis(self.now);
            self.happen(Event::PlayoutStarted { generation, at });
        }
        self.playing.played += 10;
        let mut end = 0;
        for number in 0..self.playing.lengths.len() {
            end += self.playing.lengths[number];
            if end <= self.playing.played && self.playing.reported <= number {
                self.playing.reported = number + 1;
                let segment = SegmentId::new(number as u32);
                self.happen(Event::SegmentHeard { generation, segment });
            }
        }
        if end <= self.playing.played {
            self.playing.generation = None;
            let at = CallTime::from_millis(self.now);
            self.happen(Event::PlayoutFinished { generation, at });
        }
    }

    fn drain(&mut self) {
        let now = CallTime::from_millis(self.now);
        while let Some(action) = self.call.poll_action() {
            self.log.action(now, &action);
            self.carry_out(action);
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the others concern nobody here")]
    fn carry_out(&mut self, action: Action) {
        let text = Pii::new(self.words.to_owned());
        match action {
            Action::BeginUtterance { utterance, .. } if self.partials && !self.words.is_empty() => {
                self.soon(self.now + 250, Event::Partial { utterance, text });
            }
            Action::PauseUtterance { utterance } => {
                let others = Vec::new();
                self.soon(self.now + 90, Event::Stable { utterance, text, others });
            }
            Action::FinalizeUtterance { utterance } => {
                let (others, audio) = (Vec::new(), Millis::new(500));
                self.soon(self.now + 90, Event::Final { utterance, text, others, audio });
            }
            Action::Think { generation, .. } => {
                for text in REPLY {
                    let text = Pii::new(format!("{text} "));
                    self.soon(self.now, Event::Thought { generation, text, cites: Vec::new() });
                }
                let (expect, note) = (types::Expect::Open, None);
                self.soon(self.now, Event::ThoughtDone { generation, expect, note });
            }
            Action::Speak { generation, segment, text, .. } => {
                let length = text.reveal().len() as u64 * CHARACTER_MS;
                if self.playing.generation != Some(generation) {
                    self.playing = Playing { generation: Some(generation), ..Playing::default() };
                }
                self.playing.lengths.push(length);
                let (duration, words) = (Millis::new(length as u32), Vec::new());
                self.soon(self.now, Event::SegmentQueued { generation, segment, duration, words });
            }
            Action::HoldPlayout { .. } => {
                self.playing.held = true;
                let resumed = self.resumed.filter(|_| self.words.is_empty());
                let peace = resumed.map_or(u64::MAX, |at| self.now - at);
                self.peace_min = self.peace_min.min(peace);
            }
            Action::ResumePlayout { .. } => {
                self.playing.held = false;
                self.resumed = Some(self.now);
            }
            Action::ClearPlayout { generation } => {
                self.clears += 1;
                let heard = Vec::<SegmentHeard>::new();
                self.playing = Playing::default();
                self.soon(self.now, Event::PlayoutCleared { generation, heard });
            }
            Action::Note { decision: Decision::HeardText { text, .. } } => {
                self.heard.push(text.into_revealed());
            }
            Action::Note { decision: Decision::BargeInIgnored { .. } } => self.ignored += 1,
            Action::Note { decision: Decision::BargeInRejected { .. } } => self.rejected += 1,
            _ => (),
        }
    }

    /// The caller asks, and the agent begins to answer.
    fn ask(&mut self) {
        self.happen(Event::Answered);
        self.run(1_500);
        self.words = "What are your hours?";
        self.speak(1_500, 900, None);
        self.run(3_400);
        assert!(self.playing.generation.is_some(), "the agent answers");
    }

    /// Sound from `at` on for `length`, like the agent by `likeness`.
    fn speak(&mut self, at: u64, length: u64, likeness: Option<u16>) {
        if let Some(likeness) = likeness {
            let heard = EchoHeard {
                likeness: Permille::new(likeness),
                lag: Millis::new(230),
                gain: Decibels::new(-24),
            };
            self.soon(at + 130, Event::Echo { heard });
        }
        let (began, ended) = (CallTime::from_millis(at), CallTime::from_millis(at + length));
        self.soon(at + 130, Event::SpeechStarted { at: began });
        self.soon(at + length + 110, Event::SpeechPaused { at: ended });
        self.soon(at + length + 200, Event::SpeechEnded { at: ended });
    }
}

/// Disturbs a reply; what became of it.
fn disturb(seed: u64) -> World {
    let mut random = Random(seed);
    let mut world = World::new(seed);
    world.ask();
    let mut at = world.now;
    let until = at + 4_000;
    // All within the reply, which lasts for eight seconds.
    for _ in 0..1 + random.below(3) {
        let gap = random.below(1_200);
        world.run(at + gap);
        at = world.now;
        if until < at {
            break;
        }
        let (words, length, likeness) = match random.below(4) {
            0 => ("", 80 + random.below(300), Some(random.below(350) as u16)),
            1 => ("", 400 + random.below(3_000), Some(random.below(350) as u16)),
            2 => (
                ["Uh-huh.", "Okay.", "Mm-hm, right."][random.below(3) as usize],
                250 + random.below(450),
                None,
            ),
            _ => (
                "We are open from nine",
                300 + random.below(3_000),
                Some(650 + random.below(300) as u16),
            ),
        };
        // Only a recognizer that tells words as they come makes noise of silence.
        let length = if world.partials { length } else { length.min(300) };
        world.words = words;
        world.speak(at, length, likeness);
        at += length + 350;
        world.run(at);
    }
    // Before the agent speaks up for silence.
    world.run(19_300);
    world
}

#[test]
fn after_a_thousand_disturbances_there_is_no_dead_air() {
    let (mut rejected, mut ignored, mut silent_max, mut peace_min) = (0, 0, 0, u64::MAX);
    for seed in 0..1_000 {
        let world = disturb(seed);
        assert_eq!(world.clears, 0, "seed {seed}: stopped for nothing");
        let reply = REPLY.join(" ");
        let whole = world.heard.iter().filter(|heard| **heard == reply).count();
        assert_eq!(whole, 1, "seed {seed}: {:?}", world.heard);
        // A hold, and what a second disturbance adds to it.
        assert!(world.silent_max <= 1_050, "seed {seed}: silent for {} ms", world.silent_max);
        if seed.is_multiple_of(20) {
            let reader = LogReader::new(world.log.pending()).unwrap();
            let report = replay(reader, ReplayOptions::default()).unwrap();
            assert_eq!(report.outcome, Outcome::Same, "seed {seed}");
        }
        peace_min = peace_min.min(world.peace_min);
        rejected += world.rejected;
        ignored += world.ignored;
        silent_max = silent_max.max(world.silent_max);
    }
    assert!(500 < rejected && 100 < ignored, "{rejected} rejected, {ignored} ignored");
    assert!(300 < silent_max, "{silent_max}");
    // Stopped for nothing, it is not stopped again at once; but it is when that is over.
    assert!((400..1_000).contains(&peace_min), "stopped again after {peace_min} ms");
}

#[test]
fn words_behind_noise_or_echo_stop_the_agent_all_the_same() {
    for seed in 1..200 {
        let mut random = Random(seed);
        let mut world = World::new(seed | 1);
        world.ask();
        // Noise or an echo first, then words within the same stretch of sound.
        let likeness = [120, 800][random.below(2) as usize];
        let at = world.now + random.below(1_500);
        world.words = "";
        world.speak(at, 4_000, Some(likeness));
        let spoken = at + 600 + random.below(1_500);
        world.run(spoken);
        let heard = EchoHeard {
            likeness: Permille::new(100),
            lag: Millis::new(70),
            gain: Decibels::new(-40),
        };
        world.happen(Event::Echo { heard });
        world.words = "Wait, how about Sunday?";
        let text = Pii::new(world.words.to_owned());
        let utterance = UtteranceId::new(1);
        world.soon(spoken + 300, Event::Partial { utterance, text });
        world.run(spoken + 320);
        assert_eq!(world.clears, 1, "seed {seed}: not stopped");
    }
}

/// The reply lasts until 12.4 s at the most; what is said behind it sounds much like the agent.
#[test]
fn a_question_that_sounds_like_the_agent_is_answered_and_its_echo_is_not() {
    for (words, answers) in [("Do you sell gift cards?", 2), ("costs nothing.", 1), ("", 1)] {
        let mut world = World::new(1);
        world.ask();
        world.run(13_000);
        assert!(world.playing.generation.is_none(), "the agent is still speaking");
        world.words = words;
        world.speak(13_050, 900, Some(850));
        world.run(15_500);
        let reply = REPLY.join(" ");
        let started = world.heard.iter().filter(|heard| **heard == reply).count()
            + usize::from(world.playing.generation.is_some());
        assert_eq!(started, answers, "{words:?}: {:?}", world.heard);
    }
}

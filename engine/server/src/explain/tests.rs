//! A made-up call, told.

use call::{
    Action, Call, CallConfig, Event, LOG_FORMAT, Lines, LogHeader, LogWriter, Remark, ResumeLimits,
    SegmentHeard,
};
use types::{
    BargeIn, CallId, CallTime, ConfigVersion, DtmfDigit, EndReason, Expect, GenerationId, Limits,
    Millis, Persona, Pii, SegmentId, Tone, TurnId, Turns, UtteranceId, WallTime,
};

use super::{Story, What, tell, timeline};
use crate::explain::Sound;
use crate::paper::{COLORS, PLAIN, Paper};

fn config() -> CallConfig {
    CallConfig {
        persona: Persona {
            greeting: "Riverside Dental, how can I help?".into(),
            disclosure: None,
            tone: Tone::Warm,
            language: "en-US".into(),
        },
        turns: Turns {
            endpoint_delay_min: Millis::new(350),
            endpoint_delay_max: Millis::new(1_200),
            barge_in: BargeIn::Allowed,
            no_input_delay: Millis::from_secs(8),
            no_input_prompts_max: 2,
            dtmf_gap_max: Millis::from_secs(3),
            greeting_protected: Millis::ZERO,
            keys: types::KeyRules::STANDARD,
        },
        limits: Limits { call_duration_max: Millis::from_secs(900), calls_max: 1 },
        lines: Lines::english(),
        resume: ResumeLimits::STANDARD,
    }
}

/// A call as its log: events go in when they are told, timers fire in between.
struct Teller {
    call: Call,
    log: LogWriter,
    now: CallTime,
}

impl Teller {
    fn new() -> Self {
        let header = LogHeader {
            format: LOG_FORMAT,
            call: CallId::new(7),
            business: "riverside-dental".parse().unwrap(),
            agent: "front-desk".parse().unwrap(),
            version: ConfigVersion::new(3),
            began: WallTime::from_unix_millis(1_790_000_000_000),
            seed: 1,
            config: config(),
        };
        let mut log = LogWriter::new(&header);
        let from = Some(Pii::new("+12125550199".parse().unwrap()));
        let to = "+12125550142".parse().unwrap();
        log.remark(CallTime::ZERO, &Remark::leg(from, to, types::AudioFormat::PCMU_8K));
        Self { call: Call::new(config(), 1), log, now: CallTime::ZERO }
    }

    fn at(&mut self, ms: u64, event: Event) {
        self.until(ms);
        self.log.event(self.now, &event);
        self.call.handle_event(self.now, event);
        self.drain();
    }

    /// Lets time pass, timers firing.
    fn until(&mut self, ms: u64) {
        let until = CallTime::from_millis(ms);
        while let Some((due, timer)) = self.call.poll_timeout().filter(|(due, _)| *due <= until) {
            self.now = self.now.max(due);
            self.log.timeout(self.now, timer);
            self.call.handle_timeout(self.now);
            self.drain();
        }
        self.now = until;
    }

    fn drain(&mut self) {
        while let Some(action) = self.call.poll_action() {
            self.log.action(self.now, &action);
            if let Action::ClearPlayout { generation } = action {
                let heard = SegmentHeard {
                    segment: SegmentId::FIRST,
                    heard: Millis::new(900),
                    of: Millis::new(3_000),
                };
                let cleared = Event::PlayoutCleared { generation, heard: vec![heard] };
                self.at(self.now.as_millis(), cleared);
            }
        }
    }

    fn speaks(&mut self, (from, until): (u64, u64), number: u32, text: &str) {
        let utterance = UtteranceId::new(number);
        let text = || Pii::new(text.to_owned());
        let ms = CallTime::from_millis;
        self.at(from + 60, Event::SpeechStarted { at: ms(from) });
        self.at(from + 300, Event::Partial { utterance, text: text() });
        self.at(until + 150, Event::SpeechPaused { at: ms(until) });
        self.at(until + 200, Event::Stable { utterance, text: text(), others: Vec::new() });
        self.at(until + 210, Event::SpeechEnded { at: ms(until) });
        self.until(until + 420);
        let audio = Millis::new((until - from) as u32);
        self.at(until + 430, Event::Final { utterance, text: text(), others: Vec::new(), audio });
    }

    fn replies(&mut self, at: u64, generation: GenerationId, (text, ms): (&str, u32)) {
        let segment = SegmentId::FIRST;
        let cites = vec!["service.cleaning.price".parse().unwrap()];
        let thought = Event::Thought { generation, text: Pii::new(text.to_owned()), cites };
        self.at(at, thought);
        self.at(at + 2, Event::ThoughtDone { generation, expect: Expect::Open, note: None });
        self.hears(at + 60, generation, (segment, ms));
    }

    fn hears(&mut self, at: u64, generation: GenerationId, (segment, ms): (SegmentId, u32)) {
        let duration = Millis::new(ms);
        self.at(at, Event::SegmentVoiced { generation, segment });
        self.at(at + 1, Event::PlayoutSent { generation });
        let heard = CallTime::from_millis(at + 20);
        self.at(at + 1, Event::PlayoutStarted { generation, at: heard });
        let words = Vec::new();
        self.at(at + 5, Event::SegmentQueued { generation, segment, duration, words });
    }

    fn heard(&mut self, at: u64, generation: GenerationId) {
        self.at(at, Event::SegmentHeard { generation, segment: SegmentId::FIRST });
        let heard = CallTime::from_millis(at);
        self.at(at, Event::PlayoutFinished { generation, at: heard });
    }
}

fn generation(turn: u32) -> GenerationId {
    GenerationId { turn: TurnId::new(turn), attempt: 0 }
}

/// Greeting; a question; a reply that is cut by another; a sign of listening; a key; the end.
fn log() -> Vec<u8> {
    let mut teller = Teller::new();
    teller.at(0, Event::Answered);
    teller.hears(10, generation(0), (SegmentId::FIRST, 2_000));
    teller.heard(2_030, generation(0));
    teller.speaks((3_000, 4_500), 0, "How much is a cleaning?");
    teller.replies(4_940, generation(1), ("A cleaning is $120, takes forty minutes.", 3_000));
    teller.log.remark(teller.now, &Remark::Starved { generation: generation(1) });
    teller.speaks((5_800, 7_400), 1, "Sorry, and what is whitening?");
    teller.replies(7_840, generation(2), ("Whitening is $350.", 1_500));
    teller.heard(9_420, generation(2));
    teller.at(9_800, Event::Dtmf { digit: DtmfDigit::new('5').unwrap() });
    teller.until(12_900);
    teller.at(13_000, Event::LegEnded { how: call::LegEnd::Stopped });
    teller.log.pending().to_vec()
}

fn story() -> Story {
    Story::read(&log()).expect("a sound log")
}

fn paper(width: usize) -> Paper {
    Paper { width, ink: &PLAIN }
}

#[test]
fn every_turn_says_why_it_ended_and_what_was_heard() {
    let story = story();
    assert_eq!(story.turns.len(), 4, "{:#?}", story.turns);
    let [greeting, first, second, keys] = &story.turns[..] else { panic!("four turns") };
    assert_eq!(greeting.response, None);
    assert_eq!(first.caller.reveal(), "How much is a cleaning?");
    let ends: Vec<_> = first
        .moments
        .iter()
        .filter_map(|moment| {
            let What::Decided { turn_end, .. } = &moment.what else { return None };
            *turn_end
        })
        .collect();
    assert_eq!(ends.len(), 1);
    assert_eq!(ends[0].rule, Some(call::Rule::Finished));
    assert_eq!(ends[0].chosen, Some(Millis::new(352)));
    assert_eq!(first.response, Some(Millis::new(520)));
    let reply = first.heard_reply().unwrap();
    assert!(reply.heard.reveal().starts_with("A cleaning"), "{reply:?}");
    assert!(reply.unheard.reveal().ends_with("minutes."), "{reply:?}");
    assert_eq!(reply.gaps, 1);
    assert_eq!(second.caller.reveal(), "Sorry, and what is whitening?");
    assert_eq!(second.heard_reply().unwrap().unheard.reveal(), "");
    assert_eq!(keys.keys.reveal(), "5");
    assert_eq!(story.ended.unwrap().reason, EndReason::CallerHungUp);
}

#[test]
fn words_that_came_too_late_are_told_with_those_that_were_used() {
    let mut teller = Teller::new();
    teller.at(0, Event::Answered);
    teller.hears(10, generation(0), (SegmentId::FIRST, 2_000));
    teller.heard(2_030, generation(0));
    let (utterance, ms) = (UtteranceId::FIRST, CallTime::from_millis);
    let text = Pii::new("How much is a cleaning?".to_owned());
    teller.at(3_060, Event::SpeechStarted { at: ms(3_000) });
    teller.at(3_900, Event::Partial { utterance, text });
    teller.at(4_600, Event::SpeechPaused { at: ms(4_500) });
    teller.at(4_700, Event::SpeechEnded { at: ms(4_500) });
    teller.replies(6_100, generation(1), ("A cleaning is $120.", 1_500));
    teller.heard(7_700, generation(1));
    let story = Story::read(teller.log.pending()).unwrap();
    assert_eq!(story.turns.len(), 2);
    let turn = &story.turns[1];
    assert_eq!(turn.caller.reveal(), "How much is a cleaning?");
    assert_eq!(turn.response, Some(Millis::new(1_680)));
    assert_eq!(turn.began, ms(3_000), "the speech belongs to the turn that answers it");
    let told = tell(&story, paper(100));
    assert!(told.contains("the last ones did not come in time"), "{told}");
    assert!(told.contains("understood “How much is a cleaning?”"), "{told}");
}

#[test]
fn a_stranger_can_read_it() {
    let text = tell(&story(), paper(100));
    for wanted in [
        "riverside-dental · front-desk · v3",
        "+12125550199 → +12125550142 · PCMU 8000 Hz",
        "1 barge-in",
        "ended: the caller hung up",
        "── Greeting from 0:00.00",
        "── Turn 1 from 0:03.00  heard 520 ms after the caller's last sound",
        "to wait for 352 ms of silence: the words sound finished (95 % finished)",
        "5 words in 1.5 s, silent for 210 ms; 350 to 1200 ms to choose from",
        "the caller's turn is over: 352 ms of silence, 352 ms were needed: the words sound finished",
        "understood “How much is a cleaning?”",
        "520 ms = endpoint delay 352 + recognizer 78 + brain 10 + voice 60 + to the ear 20",
        "the agent was telling something",
        "the caller barges in: a word that means stop",
        "the voice was slower than the caller's ear",
        "facts      service.cleaning.price",
        "presses 5",
        "the carrier says the call is over",
    ] {
        let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let wanted = wanted.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(joined.contains(&wanted), "{wanted}\n{text}");
    }
    assert!(!text.contains('\x1b'), "no colors where none are wanted");
    assert!(text.lines().all(|line| !line.ends_with(' ')), "{text}");
}

#[test]
fn it_keeps_to_the_width_of_the_page() {
    for width in [60, 80, 132] {
        let text = tell(&story(), paper(width));
        for line in text.lines() {
            assert!(crate::paper::columns(line) <= width, "{width}: {line:?}");
        }
    }
    let colored = tell(&story(), Paper { width: 100, ink: &COLORS });
    assert_eq!(console::strip_ansi_codes(&colored), tell(&story(), paper(100)));
}

#[test]
fn what_was_said_cannot_command_the_terminal() {
    let text = String::from_utf8(log()).unwrap().replace("$350", "\\u001b[2J$350");
    let story = Story::read(text.as_bytes()).unwrap();
    let told = tell(&story, paper(100));
    assert!(told.contains("$350") && !told.contains('\x1b'), "{told}");
}

#[test]
fn as_json_it_carries_the_inputs() {
    let json = serde_json::to_value(story()).unwrap();
    assert_eq!(json["format"], 1);
    assert_eq!(json["turns"][1]["response_ms"], 520);
    assert_eq!(json["turns"][1]["replies"][0]["cites"][0], "service.cleaning.price");
    let moments = json["turns"][1]["moments"].as_array().unwrap();
    let delay = moments.iter().find(|moment| moment["decision"] == "endpoint_delay").unwrap();
    assert_eq!(delay["moment"], "decided");
    assert_eq!(delay["rule"], "finished");
    assert_eq!(delay["seen"]["delay_max"], 1_200);
    let moments = json["turns"][2]["moments"].as_array().unwrap();
    let barge_in = moments.iter().find(|m| m["decision"] == "barge_in_confirmed").unwrap();
    assert_eq!(barge_in["seen"]["manner"], "telling");
    assert_eq!(barge_in["seen"]["text"], "Sorry, and what is whitening?");
}

#[test]
fn a_torn_or_odd_log_is_told_as_far_as_it_goes() {
    let log = log();
    for cut in (0..log.len()).step_by(97) {
        if let Ok(story) = Story::read(&log[..cut]) {
            let text = tell(&story, paper(80));
            let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let open = joined.contains("the log ends before the call does");
            assert!(open || story.ended.is_some(), "{text}");
        }
    }
    // Turns that go backwards, utterances nobody began.
    let odd = String::from_utf8(log).unwrap().replace("\"turn\":2", "\"turn\":4294967295");
    let story = Story::read(odd.replace("begin_utterance", "pause_utterance").as_bytes());
    assert!(story.is_err() || !tell(&story.unwrap(), paper(80)).is_empty());
}

#[test]
fn the_picture_shows_what_the_story_tells() {
    let story = story();
    let track = vec![0; 13 * 8_000];
    let (rate, offset) = (types::SampleRate::Hz8000, Millis::new(50));
    let sound = Sound { rate, caller: track.clone(), agent: track, offset };
    let picture = timeline(&story, sound);
    assert_eq!(picture.turns.len(), 2);
    assert_eq!(picture.turns[0].question_ended, CallTime::from_millis(4_550));
    assert_eq!(picture.barge_ins.len(), 1);
    assert_eq!(picture.barge_ins[0].onset, CallTime::from_millis(5_850));
    let svg = picture.to_svg();
    for wanted in [
        "turn over: sounds finished",
        "the words sound finished",
        ">gap<",
        ">cuts in<",
        ">key 5<",
        "words unheard",
        "520 ms",
    ] {
        assert!(svg.contains(wanted), "{wanted}");
    }
}

//! Audio that stays away: the conversation does not wait for it, and goes on when it is back.

use call::{
    Action, Call, Event, LOG_FORMAT, LegEnd, LogHeader, LogReader, LogWriter, ReplayOptions, replay,
};
use media::{Starvation, StarvationSettings, Starved};
use sim::caller::{asks, hangs_up};
use sim::{Report, Scenario, World};
use types::{
    CallId, CallTime, ConfigVersion, DtmfDigit, Effect, EndReason, Expect, GenerationId, Millis,
    Pii, SegmentId, WallTime,
};

const QUESTION: &str = "How much is a cleaning please tell me?";

/// A call in which the caller's audio stays away for `span`, `after` the question's beginning.
fn run(after: u64, span: u64) -> (Report, CallTime) {
    let caller = vec![asks(QUESTION), hangs_up(9_000)];
    #[expect(clippy::wildcard_enum_match_arm, reason = "one action is looked for")]
    let began = |report: &Report| {
        let begins = report.actions.iter().filter_map(|(_, action)| match action {
            Action::BeginUtterance { at, .. } => Some(*at),
            _ => None,
        });
        begins.min().expect("the question is heard")
    };
    let undisturbed = World::new(Scenario::new(3, caller.clone())).run();
    let from = began(&undisturbed) + Millis::new(after as u32);
    let mut scenario = Scenario::new(3, caller);
    // The caller speaks one way before it arrives.
    let sent = from.saturating_sub(scenario.line.delay).since(CallTime::ZERO);
    scenario.line.starves = Some((sent, sent + Millis::new(span as u32)));
    let report = World::new(scenario).run();
    report.check();
    report.check_memory();
    (report, from)
}

fn finalized(report: &Report) -> Vec<CallTime> {
    let actions = report.actions.iter();
    let finals = actions.filter(|(_, action)| matches!(action, Action::FinalizeUtterance { .. }));
    finals.map(|(at, _)| *at).collect()
}

#[test]
fn a_short_gap_within_a_sentence_is_none() {
    let (report, _) = run(500, 150);
    assert_eq!(report.questions().len(), 1);
    assert_eq!(finalized(&report).len(), 1);
}

#[test]
fn a_sentence_that_goes_on_after_the_gap_is_one() {
    let (report, from) = run(500, 320);
    let ends = finalized(&report);
    assert!(from + Millis::new(600) < ends[0], "not ended by the gap: {ends:?}");
    assert_eq!(report.questions().len(), 1);
}

#[test]
fn what_was_being_said_is_over_a_second_after_the_last_sample() {
    let (report, from) = run(900, 4_000);
    let first = finalized(&report)[0];
    assert!(from < first && first <= from + Millis::new(1_060), "{first:?} after {from:?}");
    assert!(!report.questions().is_empty(), "what had been said was answered");
    assert_eq!(report.summary.reason, Some(EndReason::CallerHungUp));
}

/// A call and nothing else: who sends audio, and when, is written down.
struct Bare {
    call: Call,
    log: LogWriter,
    starvation: Starvation,
    now: CallTime,
    told: Vec<(u64, String)>,
    thinking: Option<GenerationId>,
}

impl Bare {
    fn new() -> Self {
        let mut config = Scenario::new(1, Vec::new()).config;
        // An agent that waits long for a sentence to go on.
        config.turns.endpoint_delay_max = Millis::from_secs(5);
        let header = LogHeader {
            format: LOG_FORMAT,
            call: CallId::new(1),
            business: "riverside-dental".parse().expect("a slug"),
            agent: "main".parse().expect("a slug"),
            version: ConfigVersion::new(1),
            began: WallTime::from_unix_millis(1_760_000_000_000),
            seed: 1,
            config: config.clone(),
        };
        let mut bare = Self {
            call: Call::new(config, 1),
            log: LogWriter::new(&header),
            starvation: Starvation::new(StarvationSettings::STANDARD, CallTime::ZERO),
            now: CallTime::ZERO,
            told: Vec::new(),
            thinking: None,
        };
        bare.happen(Event::Answered);
        bare.say(GenerationId::default());
        bare
    }

    fn happen(&mut self, event: Event) {
        self.log.event(self.now, &event);
        self.call.handle_event(self.now, event);
        self.drain();
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "four actions are looked for")]
    fn drain(&mut self) {
        while let Some(action) = self.call.poll_action() {
            self.log.action(self.now, &action);
            let ms = self.now.as_micros() / 1_000;
            match action {
                Action::Finish { reason } => self.told.push((ms, format!("{reason:?}"))),
                Action::FinalizeUtterance { .. } => self.told.push((ms, "finalize".into())),
                Action::Reattach { .. } => self.told.push((ms, "reattach".into())),
                Action::Think { generation, .. } => self.thinking = Some(generation),
                _ => (),
            }
        }
    }

    /// Time passes, with or without the caller's audio.
    fn run(&mut self, until: u64, is_sent: impl Fn(u64) -> bool) {
        while self.now < CallTime::from_millis(until) {
            self.now += Millis::new(10);
            if is_sent(self.now.as_micros() / 1_000)
                && let Some(gap) = self.starvation.handle_media(self.now)
            {
                self.happen(Event::Reattached { gap });
            }
            if !self.call.expects_media() {
                self.starvation.suspend(self.now);
            }
            while let Some(stage) = self.starvation.poll(self.now) {
                let at = self.now;
                self.happen(match stage {
                    Starved::Silent => {
                        Event::SpeechEnded { at: at.saturating_sub(Millis::new(200)) }
                    }
                    Starved::Stopped => {
                        Event::SpeechStopped { at: at.saturating_sub(Millis::from_secs(1)) }
                    }
                    Starved::Dead => Event::Detached { how: LegEnd::MediaDead },
                    Starved::Ended => Event::LegEnded { how: LegEnd::MediaDead },
                });
            }
            while let Some((due, timer)) = self.call.poll_timeout()
                && due <= self.now
            {
                self.log.timeout(self.now, timer);
                self.call.handle_timeout(self.now);
                self.drain();
            }
        }
    }

    /// The caller hears a reply of one piece.
    fn say(&mut self, generation: GenerationId) {
        let segment = SegmentId::FIRST;
        let (duration, at) = (Millis::new(100), self.now);
        self.happen(Event::SegmentVoiced { generation, segment });
        self.happen(Event::SegmentQueued { generation, segment, duration, words: Vec::new() });
        self.happen(Event::PlayoutSent { generation });
        self.happen(Event::PlayoutStarted { generation, at });
        self.happen(Event::SegmentHeard { generation, segment });
        self.happen(Event::PlayoutFinished { generation, at });
    }

    fn times(&self, what: &str) -> Vec<u64> {
        self.told.iter().filter(|(_, told)| told == what).map(|(at, _)| *at).collect()
    }

    /// The log alone gives the same call again.
    fn check_replay(&self) {
        let reader = LogReader::new(self.log.pending()).expect("a log");
        let report = replay(reader, ReplayOptions::default()).expect("whole lines");
        assert!(matches!(report.outcome, call::Outcome::Same), "{:?}", report.outcome);
    }
}

#[test]
fn ten_seconds_without_audio_ask_for_the_stream_and_thirty_end_the_call() {
    let mut bare = Bare::new();
    bare.run(2_000, |_| true);
    let at = bare.now;
    bare.happen(Event::SpeechStarted { at });
    bare.run(3_000, |_| true);
    bare.run(40_000, |_| false);
    let ends = bare.times("finalize");
    assert!(matches!(ends[..], [4_000]), "a second after the last message: {ends:?}");
    let asked = bare.times("reattach");
    assert_eq!(asked.first(), Some(&13_000), "{:?}", bare.told);
    assert_eq!(bare.times("MediaDead"), [33_000], "{:?}", bare.told);
    bare.check_replay();
}

#[test]
fn audio_that_comes_back_by_itself_keeps_the_call() {
    let mut bare = Bare::new();
    bare.run(2_000, |_| true);
    bare.run(60_000, |ms| 20_000 <= ms);
    assert_eq!(bare.times("MediaDead"), Vec::<u64>::new());
    assert_eq!(bare.times("reattach").first(), Some(&12_000));
    bare.check_replay();
}

#[test]
fn a_transfer_without_audio_is_not_starved() {
    let mut bare = Bare::new();
    bare.run(1_000, |_| true);
    let number = "+12125550143".parse().expect("a number");
    // Keys open a turn; its answer transfers.
    for key in ['0', '#'] {
        bare.happen(Event::Dtmf { digit: DtmfDigit::new(key).expect("a key") });
    }
    let generation = bare.thinking.expect("the keys are thought about");
    let text = Pii::new("One moment please.".to_owned());
    bare.happen(Event::Thought { generation, text, cites: Vec::new() });
    let effect = Effect::Transfer { to: number };
    bare.happen(Event::ThoughtEffect { generation, effect });
    bare.happen(Event::ThoughtDone { generation, expect: Expect::Open, note: None });
    bare.say(generation);
    assert_eq!(bare.call.phase_name(), "transferring");
    bare.run(26_000, |_| false);
    assert_eq!(bare.times("reattach"), Vec::<u64>::new());
    assert_eq!(bare.times("MediaDead"), Vec::<u64>::new());
    bare.check_replay();
}

//! Entry points for fuzzing: any bytes will do.

use types::{
    BargeIn, Because, CallTime, DtmfDigit, Effect, Expect, FactId, GenerationId, Limits, Message,
    Millis, Persona, Pii, SegmentId, Tone, TurnId, Turns, Unavailable, Urgency, UtteranceId,
};

use crate::{
    Action, Call, CallConfig, EndManner, Event, LegEnd, Lines, LogReader, ReplayOptions,
    ResumeLimits, SegmentHeard, replay,
};

/// Reads `bytes` as a log and replays what can be read.
pub fn fuzz_log(bytes: &[u8]) {
    let Ok(reader) = LogReader::new(bytes) else { return };
    let _ = replay(reader, ReplayOptions::default());
    let Ok(reader) = LogReader::new(bytes) else { return };
    let delay = Some(Millis::new(700));
    let _ = replay(reader, ReplayOptions { endpoint_delay_min: delay, endpoint_delay_max: delay });
}

/// Reads `bytes` as a sequence of events and puts a call through it.
///
/// # Panics
/// If the call does not finish when its leg ends, finishes twice, acts after the end, clears a
/// generation twice or waits for nothing.
pub fn fuzz_events(bytes: &[u8]) {
    let mut bytes = bytes.iter().copied();
    let mut next = || bytes.next();
    let seed = u64::from(next().unwrap_or_default());
    let mut run = Run { call: Call::new(config(), seed), ids: Ids::default(), finished: 0 };
    let mut now = CallTime::ZERO;
    while let (Some(kind), Some(detail), Some(delay)) = (next(), next(), next()) {
        // Mostly short steps, now and then a long one.
        now += Millis::new(u32::from(delay) * if delay < 200 { 5 } else { 100 });
        run.fire_until(now);
        let event = run.event(kind, detail, now);
        run.call.handle_event(now, event);
        run.drain();
    }
    run.call.handle_event(now, Event::LegEnded { how: LegEnd::Stopped });
    run.drain();
    assert_eq!(run.finished, 1, "a call whose leg has ended is over");
    assert!(run.call.poll_timeout().is_none(), "nothing is awaited any more");
}

struct Run {
    call: Call,
    ids: Ids,
    finished: usize,
}

/// The last ids the call spoke of: events about others are dull.
#[derive(Default)]
struct Ids {
    utterance: UtteranceId,
    generation: GenerationId,
    segment: SegmentId,
    cleared: Vec<GenerationId>,
}

impl Run {
    fn fire_until(&mut self, now: CallTime) {
        // Each timer fires a few times within the longest step, no more.
        for _ in 0..1_000 {
            match self.call.poll_timeout() {
                Some((due, _)) if due <= now => {
                    self.call.handle_timeout(now);
                    self.drain();
                }
                Some(_) | None => return,
            }
        }
        panic!("timers fire for ever");
    }

    fn drain(&mut self) {
        while let Some(action) = self.call.poll_action() {
            assert_eq!(self.finished, 0, "nothing follows the end");
            self.learn(&action);
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "only ids are of interest")]
    fn learn(&mut self, action: &Action) {
        match action {
            Action::BeginUtterance { utterance, .. } => self.ids.utterance = *utterance,
            Action::Think { generation, .. } => self.ids.generation = *generation,
            Action::Speak { generation, segment, .. } => {
                self.ids.generation = *generation;
                self.ids.segment = *segment;
            }
            Action::ClearPlayout { generation } => {
                assert!(!self.ids.cleared.contains(generation), "one clear per generation");
                self.ids.cleared.push(*generation);
            }
            Action::Finish { .. } => self.finished += 1,
            _ => (),
        }
    }

    fn event(&self, kind: u8, detail: u8, now: CallTime) -> Event {
        let at = now.saturating_sub(Millis::new(u32::from(detail)));
        let generation = match detail {
            // Now and then somebody answers to what was never asked.
            250.. => GenerationId { turn: TurnId::new(u32::from(detail)), attempt: 1 },
            0..250 => self.ids.generation,
        };
        let segment = match detail {
            240.. => SegmentId::new(u32::from(detail)),
            0..240 => self.ids.segment,
        };
        let utterance = match detail {
            250.. => UtteranceId::new(u32::from(detail)),
            0..250 => self.ids.utterance,
        };
        let text = Pii::new(TEXTS[usize::from(detail) % TEXTS.len()].to_owned());
        let audio = Millis::new(u32::from(detail) * 20);
        match kind % 27 {
            0 => Event::SpeechPaused { at },
            1 | 2 => Event::SpeechStarted { at },
            3 => Event::SpeechResumed,
            4 => Event::SpeechEnded { at },
            5 => Event::SpeechStopped { at },
            6 => Event::Partial { utterance, text },
            7 => Event::Stable { utterance, text, others: others(detail) },
            8 | 9 => Event::Final { utterance, text, others: others(detail), audio },
            10 | 11 => Event::Thought { generation, text, cites: vec![fact()] },
            12 if detail % 8 == 7 => Event::ThoughtPaused { generation },
            12 => Event::ThoughtEffect { generation, effect: effect(detail) },
            13 if detail.is_multiple_of(4) => {
                let reading = usize::from(detail % 3);
                Event::Understood { generation, reading, because: Because::Clearer }
            }
            13 | 14 => Event::ThoughtDone { generation, expect: expect(detail), note: None },
            15 => Event::ThoughtFailed { generation },
            16 => Event::SegmentVoiced { generation, segment },
            17 | 18 => {
                let words = vec![(usize::from(detail), audio)];
                Event::SegmentQueued { generation, segment, duration: audio, words }
            }
            19 => Event::PlayoutSent { generation },
            20 => Event::PlayoutStarted { generation, at },
            21 => Event::SegmentHeard { generation, segment },
            22 => Event::PlayoutFinished { generation, at },
            23 => {
                let heard = vec![SegmentHeard { segment, heard: audio, of: audio }];
                Event::PlayoutCleared { generation, heard }
            }
            24 => Event::Dtmf { digit: digit(detail) },
            25 => Event::Answered,
            26.. => rare(detail, generation, segment),
        }
    }
}

fn rare(detail: u8, generation: GenerationId, segment: SegmentId) -> Event {
    match detail {
        0..4 => Event::EndRequested { manner: EndManner::Polite },
        4..8 => Event::EndRequested { manner: EndManner::AtOnce },
        8..10 => Event::RecognizerFailed,
        10..12 => Event::RecognizerRecovers,
        12..20 => Event::Detached { how: LegEnd::Lost },
        20..24 => Event::Detached { how: LegEnd::MediaDead },
        24..34 => Event::Reattached { gap: Millis::new(u32::from(detail) * 100) },
        34..38 => Event::AttachRefused { reason: Unavailable::Refused },
        38..40 => Event::AttachAccepted,
        40..42 => Event::AttachRefused { reason: Unavailable::Unsupported },
        42..46 => Event::Restored { gap: Millis::new(u32::from(detail) * 100) },
        46..60 => Event::LegRefused { reason: Unavailable::Unsupported },
        60..160 => Event::SegmentFailed { generation, segment },
        160.. => Event::Answered,
    }
}

fn others(detail: u8) -> Vec<Pii<String>> {
    let places = usize::from(detail)..usize::from(detail) + usize::from(detail % 3);
    places.map(|at| Pii::new(TEXTS[at * 5 % TEXTS.len()].to_owned())).collect()
}

fn fact() -> FactId {
    FactId::Name
}

fn digit(detail: u8) -> DtmfDigit {
    let symbols = ['0', '5', '9', '*', '#', 'A'];
    DtmfDigit::new(symbols[usize::from(detail) % symbols.len()]).expect("a key")
}

fn expect(detail: u8) -> Expect {
    match detail % 4 {
        0 => Expect::Open,
        1 => Expect::Choice,
        2 => Expect::Digits,
        3.. => Expect::Dictation,
    }
}

fn effect(detail: u8) -> Effect {
    match detail % 4 {
        0 => Effect::EndCall,
        1 => Effect::Transfer { to: "+14155550100".parse().expect("a number") },
        2 => Effect::PressKeys { digits: Pii::new("1".to_owned()) },
        3.. => Effect::TakeMessage(Message {
            name: Pii::default(),
            number: Pii::default(),
            reason: Pii::default(),
            urgency: Urgency::Normal,
        }),
    }
}

fn config() -> CallConfig {
    CallConfig {
        persona: Persona {
            greeting: "Hello, this is the front desk.".to_owned(),
            disclosure: Some("This call may be recorded.".to_owned()),
            tone: Tone::Warm,
            language: "en-US".to_owned(),
        },
        turns: Turns {
            endpoint_delay_min: Millis::new(300),
            endpoint_delay_max: Millis::new(1_600),
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

/// Words that matter to turn-taking, and some that do not.
const TEXTS: [&str; 12] = [
    "",
    "yes",
    "um",
    "uh-huh",
    "stop",
    "How much is a cleaning?",
    "I would like to",
    "It is $120.50, and it takes an hour. Anything else I can do for you?",
    "five five five 0 1",
    "bye bye",
    "Grüße – naïve “words”… 你好",
    "We are open from nine to five, Monday to Friday. On Saturday until noon.",
];

//! The engine without sockets: media and call, put together as the server does.

use std::collections::{BTreeMap, BTreeSet};

use call::{Action, Call, Event, LOG_FORMAT, LegEnd, LogHeader, LogWriter, SegmentHeard, rebuild};
use media::{
    Inbound, Origin, Outgoing, Playout, PlayoutEvent, PlayoutSettings, Starvation,
    StarvationSettings, Starved,
};
use types::{
    AudioFormat, CallId, CallTime, ConfigVersion, GenerationId, LegOrder, Millis, SegmentId,
    Unavailable, UtteranceId, WallTime,
};
use wire::telnyx::{self, Message, encode_clear, encode_mark, encode_media};

use crate::brain::Brain;
use crate::carrier::Carrier;
use crate::recognizer::{Answer, Recognizer};
use crate::scenario::Scenario;
use crate::voice::{Sound, Voice};
use fake_vendors::speech::{Lexicon, SAMPLES_PER_MS};

/// One call's engine.
#[derive(Debug)]
pub struct Node {
    /// The conversation.
    pub call: Call,
    /// Its log.
    pub log: LogWriter,
    /// Everything it did.
    pub actions: Vec<(CallTime, Action)>,
    /// When each step was, and where in the log it ends.
    pub steps: Vec<(CallTime, usize)>,
    /// The fake voice, which knows all that was to be said.
    pub voice: Voice,
    inbound: Inbound,
    playout: Playout,
    detector: Detector,
    /// From the first message on.
    starvation: Option<Starvation>,
    /// When the last sample was spoken.
    heard_until: CallTime,
    recognizer: Recognizer,
    brain: Brain,
    coming: BTreeMap<(CallTime, u64), Coming>,
    number: u64,
    speaking: BTreeMap<GenerationId, Speaking>,
    sent: BTreeSet<GenerationId>,
    finished: bool,
    /// Orders to have the leg carry media again, since somebody asked.
    wants_media: u32,
    /// What vendors were asked and have not answered.
    asked: BTreeSet<Asked>,
    scenario: Scenario,
    recognizer_dies: Option<CallTime>,
    frame: Vec<i16>,
    payload: Vec<u8>,
    text: Vec<u8>,
}

/// Something a vendor was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Asked {
    Words(UtteranceId),
    Thought(GenerationId),
    Sound(GenerationId, SegmentId),
}

/// Something a vendor will say.
#[derive(Debug)]
enum Coming {
    Event(Event),
    Stable(Event, (UtteranceId, u64)),
    Sound(GenerationId, SegmentId, Sound),
}

/// A reply the voice works on.
#[derive(Debug, Default)]
struct Speaking {
    open: usize,
    end: End,
}

/// How a reply stands with the voice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum End {
    /// More segments may come.
    #[default]
    Open,
    /// All were ordered.
    Told,
    /// It was cleared or canceled.
    Dead,
}

/// Speech by its loudness: fine for speech that is noise.
#[derive(Debug, Default)]
struct Detector {
    voiced: u32,
    silent: u32,
    state: Heard,
    start: u64,
    last: u64,
}

/// What the detector believes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Heard {
    #[default]
    Silence,
    Speech,
    Pause,
}

impl Node {
    /// The engine of `scenario`.
    ///
    /// # Panics
    /// Never: the format is a telephone's.
    pub fn new(scenario: &Scenario) -> Self {
        let seed = scenario.seed;
        let header = LogHeader {
            format: LOG_FORMAT,
            call: CallId::new(u128::from(seed)),
            business: "riverside-dental".parse().expect("a slug"),
            agent: "main".parse().expect("a slug"),
            version: ConfigVersion::new(1),
            began: WallTime::from_unix_millis(1_760_000_000_000),
            seed,
            config: scenario.config.clone(),
        };
        let format = AudioFormat::PCMU_8K;
        let settings = PlayoutSettings::STANDARD;
        Self {
            call: Call::new(scenario.config.clone(), seed),
            log: LogWriter::new(&header),
            actions: Vec::new(),
            steps: Vec::new(),
            voice: Voice::new(scenario.voice, seed),
            inbound: Inbound::new(format).expect("a telephone's format"),
            playout: Playout::new(format, settings).expect("a telephone's format"),
            detector: Detector::default(),
            starvation: None,
            heard_until: CallTime::ZERO,
            recognizer: Recognizer::new(scenario.recognizer, seed),
            brain: Brain::new(scenario.brain, seed),
            coming: BTreeMap::new(),
            number: 0,
            speaking: BTreeMap::new(),
            sent: BTreeSet::new(),
            finished: false,
            wants_media: 0,
            asked: BTreeSet::new(),
            scenario: scenario.clone(),
            recognizer_dies: scenario.recognizer.dies_at.map(|at| CallTime::ZERO + at),
            frame: Vec::new(),
            payload: Vec::new(),
            text: Vec::new(),
        }
    }

    /// Whether the call is over.
    pub fn is_finished(&self) -> bool {
        self.finished
    }

    /// Whether a vendor has been asked and has not answered: then silence is not the engine's.
    pub fn awaits_vendors(&self) -> bool {
        !self.asked.is_empty()
    }

    /// Vendors' words on their way.
    pub fn coming(&self) -> usize {
        self.coming.len()
    }

    /// Whether the leg was to be told to carry media again since the last question.
    pub fn take_wants_media(&mut self) -> bool {
        0 < std::mem::take(&mut self.wants_media)
    }

    /// The leg carries media again, after `gap`.
    pub fn attach(&mut self, now: CallTime, gap: Millis, carrier: &mut Carrier, said: &Lexicon) {
        self.inbound = Inbound::new(AudioFormat::PCMU_8K).expect("a telephone's format");
        self.detector = Detector::default();
        if let Some(starvation) = &mut self.starvation {
            starvation.suspend(now);
        }
        self.playout.handle_restart(now);
        self.report(now, carrier, said);
        self.happen(now, Event::Reattached { gap }, carrier, said);
    }

    /// Another process goes on: it knows the log, but for the last `lost`, and nothing else.
    ///
    /// # Panics
    /// If the log does not bring the call back.
    pub fn restore(&mut self, died: CallTime, lost: Millis, now: CallTime) {
        let cut = died.saturating_sub(lost);
        let lines = self.log.pending();
        let end = self.steps.iter().rev().find(|(at, _)| *at <= cut).map_or(0, |&(_, end)| end);
        let end = if end == 0 { self.steps[0].1 } else { end };
        let rebuilt = rebuild(&lines[..end]).expect("a log");
        assert!(rebuilt.is_faithful, "the log tells it all");
        assert!(rebuilt.unlogged.is_empty(), "steps are logged whole");
        if lost == Millis::ZERO {
            assert_eq!(rebuilt.call.fingerprint(), self.call.fingerprint(), "the same call");
        }
        self.log = LogWriter::behind(&lines[..end]);
        self.steps.retain(|&(_, step)| step <= end);
        let at = rebuilt.at;
        self.call = rebuilt.call;
        self.actions.retain(|&(when, _)| when <= at);
        let fresh = Self::new(&self.scenario);
        self.inbound = fresh.inbound;
        self.playout = fresh.playout;
        self.detector = fresh.detector;
        self.recognizer = fresh.recognizer;
        self.coming.clear();
        self.speaking.clear();
        self.sent.clear();
        self.asked.clear();
        self.finished = false;
        assert!(at <= now, "time goes on");
    }

    /// Something happened to the leg.
    pub fn happen(&mut self, now: CallTime, event: Event, carrier: &mut Carrier, said: &Lexicon) {
        if self.finished {
            return;
        }
        self.note_answered(&event);
        self.log.event(now, &event);
        self.call.handle_event(now, event);
        self.drain(now, carrier, said);
    }

    /// Time passes.
    pub fn advance(&mut self, now: CallTime, carrier: &mut Carrier, said: &Lexicon) {
        while let Some(text) = carrier.poll_message(now) {
            self.on_message(now, &text, carrier, said);
        }
        self.inbound.handle_timeout(now);
        self.hear(now, carrier, said);
        self.starve(now, carrier, said);
        if self.recognizer_dies.is_some_and(|at| at <= now) {
            self.recognizer_dies = None;
            self.happen(now, Event::RecognizerFailed, carrier, said);
        }
        while let Some(entry) = self.coming.first_entry().filter(|entry| entry.key().0 <= now) {
            let coming = entry.remove();
            self.on_coming(now, coming, carrier, said);
        }
        self.play(now, carrier, said);
        while let Some((_, timer)) = self.call.poll_timeout().filter(|&(due, _)| due <= now) {
            if self.finished {
                return;
            }
            self.log.timeout(now, timer);
            self.call.handle_timeout(now);
            self.drain(now, carrier, said);
        }
    }

    fn on_message(&mut self, now: CallTime, text: &str, carrier: &mut Carrier, said: &Lexicon) {
        match telnyx::decode(text).expect("the carrier speaks the protocol") {
            Message::Media(media) => {
                let mut bytes = Vec::new();
                media.decode_payload(&mut bytes).expect("base64");
                let fresh = Starvation::new(StarvationSettings::STANDARD, now);
                let gap = self.starvation.get_or_insert(fresh).handle_media(now);
                if let Some(gap) = gap {
                    self.happen(now, Event::Reattached { gap }, carrier, said);
                }
                // What is late or doubled is the inbound's business.
                let _ = self.inbound.handle_media(now, media.chunk, &bytes);
                self.hear(now, carrier, said);
            }
            Message::Dtmf(dtmf) => {
                self.happen(now, Event::Dtmf { digit: dtmf.digit }, carrier, said);
            }
            Message::Mark(mark) => {
                self.playout.handle_mark(now, &mark.name);
                self.report(now, carrier, said);
            }
            Message::Stop(_) => {
                self.happen(now, Event::LegEnded { how: LegEnd::Stopped }, carrier, said);
            }
            Message::Connected(_)
            | Message::Start(_)
            | Message::Error(_)
            | Message::Unknown { .. } => panic!("the fake carrier sends no such thing"),
        }
    }

    fn hear(&mut self, now: CallTime, carrier: &mut Carrier, said: &Lexicon) {
        let mut frame = std::mem::take(&mut self.frame);
        while let Some(info) = self.inbound.poll_frame(&mut frame) {
            if let Some(answer) = self.recognizer.hear(&frame, said) {
                self.answer(now, answer);
            }
            let origin = self.inbound.origin().unwrap_or(now);
            let edge = self.detector.edge(info.at, info.origin, &frame, origin);
            let end = info.at + frame.len() as u64;
            self.heard_until = CallTime::from_micros(origin.as_micros() + end * 125);
            if let Some(event) = edge {
                self.happen(now, event, carrier, said);
            }
        }
        self.frame = frame;
    }

    /// No audio has come for a while, perhaps: as the server has it.
    fn starve(&mut self, now: CallTime, carrier: &mut Carrier, said: &Lexicon) {
        let Some(mut starvation) = self.starvation else { return };
        if !self.call.expects_media() || !carrier.is_streaming() {
            starvation.suspend(now);
        }
        let at = self.heard_until;
        while let Some(stage) = starvation.poll(now) {
            let is_speaking = self.detector.state != Heard::Silence;
            let event = match stage {
                Starved::Silent if is_speaking => {
                    self.detector.state = Heard::Pause;
                    Event::SpeechEnded { at }
                }
                Starved::Stopped if is_speaking => {
                    self.detector.state = Heard::Silence;
                    Event::SpeechStopped { at }
                }
                Starved::Silent | Starved::Stopped => continue,
                Starved::Dead => Event::Detached { how: LegEnd::MediaDead },
                Starved::Ended => Event::LegEnded { how: LegEnd::MediaDead },
            };
            self.happen(now, event, carrier, said);
        }
        self.starvation = Some(starvation);
    }

    fn on_coming(&mut self, now: CallTime, coming: Coming, carrier: &mut Carrier, said: &Lexicon) {
        match coming {
            Coming::Event(event) => self.happen(now, event, carrier, said),
            Coming::Stable(event, epoch) if self.recognizer.is_current(epoch) => {
                self.happen(now, event, carrier, said);
            }
            Coming::Stable(..) => (),
            Coming::Sound(generation, segment, sound) => {
                let speaking = self.speaking.entry(generation).or_default();
                if speaking.end == End::Dead {
                    return;
                }
                speaking.open -= 1;
                match sound {
                    Sound::Failed => {
                        let event = Event::SegmentFailed { generation, segment };
                        self.happen(now, event, carrier, said);
                    }
                    Sound::Audio { samples, words } => {
                        let duration = Millis::new((samples.len() / SAMPLES_PER_MS) as u32);
                        self.playout.queue(generation, segment, samples.into()).expect("room");
                        self.playout.end_segment(generation, segment);
                        self.end_if_complete(generation);
                        let event = Event::SegmentVoiced { generation, segment };
                        self.happen(now, event, carrier, said);
                        let event = Event::SegmentQueued { generation, segment, duration, words };
                        self.happen(now, event, carrier, said);
                    }
                }
            }
        }
    }

    fn end_if_complete(&mut self, generation: GenerationId) {
        let speaking = self.speaking.entry(generation).or_default();
        if speaking.end == End::Told && speaking.open == 0 {
            self.playout.end(generation);
        }
    }

    fn play(&mut self, now: CallTime, carrier: &mut Carrier, said: &Lexicon) {
        let mut payload = std::mem::take(&mut self.payload);
        let mut began = None;
        while let Some(outgoing) = self.playout.poll_message(now, &mut payload) {
            match outgoing {
                Outgoing::Media => {
                    encode_media(&payload, &mut self.text);
                    began = self.playout.heard(now).map(|heard| heard.generation).next();
                }
                Outgoing::Mark(name) => encode_mark(&name.to_string(), &mut self.text),
                Outgoing::Clear => encode_clear(&mut self.text),
            }
            let text = String::from_utf8(self.text.clone()).expect("JSON is UTF-8");
            carrier.command(now, text);
        }
        self.payload = payload;
        if let Some(generation) = began
            && self.sent.insert(generation)
        {
            self.happen(now, Event::PlayoutSent { generation }, carrier, said);
        }
        self.report(now, carrier, said);
    }

    fn report(&mut self, now: CallTime, carrier: &mut Carrier, said: &Lexicon) {
        while let Some(event) = self.playout.poll_event() {
            let event = match event {
                PlayoutEvent::Started { generation, at } => {
                    Event::PlayoutStarted { generation, at }
                }
                PlayoutEvent::SegmentHeard { generation, segment, .. } => {
                    Event::SegmentHeard { generation, segment }
                }
                PlayoutEvent::Finished { generation, at } => {
                    Event::PlayoutFinished { generation, at }
                }
                PlayoutEvent::Underrun { .. } => continue,
            };
            self.happen(now, event, carrier, said);
        }
    }

    fn drain(&mut self, now: CallTime, carrier: &mut Carrier, said: &Lexicon) {
        while let Some(action) = self.call.poll_action() {
            assert!(!self.finished, "nothing follows the end");
            self.log.action(now, &action);
            self.actions.push((now, action.clone()));
            self.note_asked(&action);
            self.carry_out(now, action, carrier, said);
        }
        self.steps.push((now, self.log.pending().len()));
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "only what asks or takes back matters")]
    fn note_asked(&mut self, action: &Action) {
        match *action {
            Action::FinalizeUtterance { utterance } => {
                self.asked.insert(Asked::Words(utterance));
            }
            Action::DiscardUtterance { utterance } => {
                self.asked.remove(&Asked::Words(utterance));
            }
            Action::Think { generation, .. } => {
                self.asked.insert(Asked::Thought(generation));
            }
            Action::CancelThought { generation } => {
                self.asked.remove(&Asked::Thought(generation));
            }
            Action::Speak { generation, segment, .. } => {
                self.asked.insert(Asked::Sound(generation, segment));
            }
            Action::CancelSpeech { generation: dead, .. }
            | Action::ClearPlayout { generation: dead } => {
                self.asked.retain(|asked| !matches!(asked, Asked::Sound(of, _) if *of == dead));
            }
            _ => (),
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "only answers matter")]
    fn note_answered(&mut self, event: &Event) {
        match *event {
            Event::Final { utterance, .. } => self.asked.remove(&Asked::Words(utterance)),
            Event::ThoughtDone { generation, .. } | Event::ThoughtFailed { generation } => {
                self.asked.remove(&Asked::Thought(generation))
            }
            Event::SegmentQueued { generation, segment, .. }
            | Event::SegmentFailed { generation, segment } => {
                self.asked.remove(&Asked::Sound(generation, segment))
            }
            _ => false,
        };
    }

    fn carry_out(&mut self, now: CallTime, action: Action, carrier: &mut Carrier, said: &Lexicon) {
        match action {
            Action::BeginUtterance { utterance, at } => {
                self.recognizer.begin(utterance, now.since(at));
            }
            Action::PauseUtterance { utterance } => {
                let answer = self.recognizer.pause(utterance, said);
                answer.into_iter().for_each(|answer| self.answer(now, answer));
            }
            Action::ResumeUtterance { utterance } => self.recognizer.resume(utterance),
            Action::FinalizeUtterance { utterance } => {
                let answer = self.recognizer.finalize(utterance, said);
                answer.into_iter().for_each(|answer| self.answer(now, answer));
            }
            Action::DiscardUtterance { utterance } => self.recognizer.discard(utterance),
            Action::Think { generation, dialogue } => {
                for (latency, event) in self.brain.think(generation, &dialogue) {
                    self.soon(now + latency, Coming::Event(event));
                }
            }
            Action::Speak { generation, segment, text, .. } => {
                self.speaking.entry(generation).or_default().open += 1;
                if let Some((latency, sound)) = self.voice.speak(text.reveal()) {
                    // Segments are delivered in the order they were asked for.
                    let last = self.last_sound(generation).unwrap_or(now);
                    let at = (now + latency).max(last);
                    self.soon(at, Coming::Sound(generation, segment, sound));
                }
            }
            Action::EndSpeech { generation } => {
                self.speaking.entry(generation).or_default().end = End::Told;
                self.end_if_complete(generation);
            }
            Action::CancelSpeech { generation, .. } => {
                self.speaking.entry(generation).or_default().end = End::Dead;
            }
            Action::HoldPlayout { .. } => self.playout.hold(now),
            Action::ResumePlayout { .. } => self.playout.resume(now),
            Action::ClearPlayout { generation } => {
                self.speaking.entry(generation).or_default().end = End::Dead;
                let segments = self.playout.clear(now).segments.into_iter();
                let heard = segments.filter(|heard| heard.generation == generation);
                let heard = heard.map(|heard| SegmentHeard {
                    segment: heard.segment,
                    heard: heard.heard,
                    of: heard.of,
                });
                let event = Event::PlayoutCleared { generation, heard: heard.collect() };
                self.soon(now, Coming::Event(event));
            }
            Action::Leg { order: LegOrder::HangUp } => {
                carrier.hang_up(now);
                if !carrier.is_streaming() {
                    let event = Event::LegEnded { how: LegEnd::Stopped };
                    self.soon(now + Millis::new(50), Coming::Event(event));
                }
            }
            Action::Reattach { .. } => self.wants_media += 1,
            Action::Leg { order: LegOrder::Transfer { .. } | LegOrder::SendDtmf { .. } } => {
                let reason = Unavailable::Unsupported;
                self.soon(now, Coming::Event(Event::LegRefused { reason }));
            }
            Action::Finish { .. } => self.finished = true,
            Action::CancelThought { .. } | Action::KeepMessage { .. } | Action::Note { .. } => (),
        }
    }

    fn answer(&mut self, now: CallTime, answer: Answer) {
        let coming = match answer.epoch {
            Some(epoch) => Coming::Stable(answer.event, epoch),
            None => Coming::Event(answer.event),
        };
        self.soon(now + answer.latency, coming);
    }

    fn soon(&mut self, at: CallTime, coming: Coming) {
        self.number += 1;
        self.coming.insert((at, self.number), coming);
    }

    fn last_sound(&self, generation: GenerationId) -> Option<CallTime> {
        let sounds = self.coming.iter().rev();
        let mut of_it = sounds
            .filter(|(_, coming)| matches!(coming, Coming::Sound(of, ..) if *of == generation));
        of_it.next().map(|((at, _), _)| *at)
    }
}

impl Detector {
    /// 40 ms of sound begin speech; 120 ms of silence pause it, 200 ms end it.
    fn edge(&mut self, at: u64, origin: Origin, frame: &[i16], zero: CallTime) -> Option<Event> {
        let is_loud = frame.iter().any(|sample| 300 < sample.saturating_abs());
        // What is made up changes no opinion.
        let is_voiced = match origin {
            Origin::Received => is_loud,
            Origin::Concealed => self.state == Heard::Speech,
            Origin::Filled => false,
        };
        let time = |sample: u64| CallTime::from_micros(zero.as_micros() + sample * 125);
        if is_voiced {
            if self.voiced == 0 {
                self.start = at;
            }
            self.voiced += 1;
            self.silent = 0;
            self.last = at + frame.len() as u64;
        } else {
            self.voiced = 0;
            self.silent += 1;
        }
        match (self.state, is_voiced) {
            (Heard::Silence, true) if self.voiced == 2 => {
                self.state = Heard::Speech;
                Some(Event::SpeechStarted { at: time(self.start) })
            }
            (Heard::Pause, true) => {
                self.state = Heard::Speech;
                Some(Event::SpeechResumed)
            }
            (Heard::Speech, false) if self.silent == 6 => {
                self.state = Heard::Pause;
                Some(Event::SpeechPaused { at: time(self.last) })
            }
            (Heard::Pause, false) if self.silent == 10 => {
                self.state = Heard::Silence;
                Some(Event::SpeechEnded { at: time(self.last) })
            }
            (Heard::Silence | Heard::Speech, true) | (_, false) => None,
        }
    }
}

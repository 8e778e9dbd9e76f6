//! The caller's side of a call: media in order, speech found, speech on its way into text.

use std::collections::VecDeque;

use call::{Decibels, EchoHeard, Event, LegEnd, Permille};
use codecs::dtmf::DtmfDetector;
use codecs::g711;
use codecs::l16::{ByteOrder, OrderChoice};
use codecs::resample::Resampler;
use media::{
    EchoGuard, EchoNews, EchoSeen, Inbound, KeyFilter, KeySource, MediaFault, Origin, Starvation,
    StarvationSettings, Starved,
};
use speech::{Audibility, DetectorSettings, Edge, SpeechDetector, Vad};
use types::{
    AudioFormat, CallTime, DtmfDigit, Millis, PTIME, SampleRate, UtteranceId, VendorName,
    VendorUsage,
};
use vendor::{AudioChunk, RecognizerSession};

use super::timeline::Timeline;
use crate::recording::Recording;

/// The rate the speech detector listens at.
const DETECTOR_RATE: SampleRate = SampleRate::Hz8000;

/// An echo louder than this may be taken for a caller (conversation.md §7.5).
const LOUD_ECHO_DB: f32 = -28.0;

/// The caller's side of one call.
pub(crate) struct Hearing {
    inbound: Inbound,
    timeline: Timeline,
    /// Samples of silence before the inbound's own index 0: outages that it does not contain.
    base: u64,
    place: Place,
    starvation: Starvation,
    tones: DtmfDetector,
    keys: KeyFilter,
    order: ByteOrder,
    /// One past the newest sample.
    end: u64,
    detector: SpeechDetector,
    guard: EchoGuard,
    news: EchoNews,
    to_detector: Resampler,
    to_recognizer: Resampler,
    recognizer: Box<dyn RecognizerSession>,
    frame: Vec<i16>,
    detected: Vec<i16>,
    recognized: Vec<i16>,
    /// The recognizer's format, and a frame of it as bytes.
    wanted: AudioFormat,
    codes: Vec<u8>,
}

/// Where the next frame belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Behind the one before it.
    Behind,
    /// Where the clock says: the carrier streams anew after an outage.
    ByClock,
}

/// How a leg is listened to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HearingSettings {
    /// When media that does not come means what.
    pub(crate) starvation: StarvationSettings,
    /// Which way round L16 comes.
    pub(crate) order: OrderChoice,
}

impl Hearing {
    /// Hears a leg in `format` through `recognizer`, which was opened for audio in `wanted`.
    pub(crate) fn new(
        format: AudioFormat,
        settings: HearingSettings,
        vad: &Vad,
        recognizer: Box<dyn RecognizerSession>,
        wanted: AudioFormat,
    ) -> Result<Self, codecs::CodecError> {
        let samples = SampleRate::Hz48000.samples_in(PTIME);
        let inbound = Inbound::with_byte_order(format, settings.order)?;
        Ok(Self {
            order: inbound.byte_order(),
            inbound,
            place: Place::Behind,
            starvation: Starvation::new(settings.starvation, CallTime::ZERO),
            tones: DtmfDetector::new(),
            keys: KeyFilter::new(),
            timeline: Timeline::new(format.rate),
            base: 0,
            end: 0,
            detector: SpeechDetector::new(vad, DetectorSettings::STANDARD),
            guard: EchoGuard::new(format.rate),
            news: EchoNews::default(),
            to_detector: Resampler::new(format.rate, DETECTOR_RATE),
            to_recognizer: Resampler::new(format.rate, wanted.rate),
            recognizer,
            frame: Vec::with_capacity(samples),
            detected: Vec::with_capacity(samples),
            recognized: Vec::with_capacity(samples),
            wanted,
            codes: Vec::with_capacity(samples),
        })
    }

    /// The carrier streams anew: its counters restart, the timeline goes on.
    pub(crate) fn restart(&mut self, format: AudioFormat) -> Result<(), codecs::CodecError> {
        assert_eq!(format.rate, self.inbound.format().rate, "checked by the session");
        self.inbound.restart(format)?;
        self.place = Place::ByClock;
        self.order = self.inbound.byte_order();
        // Speech that was going on is new speech.
        self.detector.stop();
        Ok(())
    }

    /// The leg's format.
    pub(crate) fn format(&self) -> AudioFormat {
        self.inbound.format()
    }

    /// Takes a payload in. A leg that was told dead and comes back by itself is told, too.
    pub(crate) fn handle_media(
        &mut self,
        now: CallTime,
        chunk: Option<u64>,
        payload: &[u8],
        events: &mut VecDeque<Event>,
    ) -> Result<(), MediaFault> {
        let gap = self.starvation.handle_media(now);
        events.extend(gap.map(|gap| Event::Reattached { gap }));
        self.inbound.handle_media(now, chunk, payload)
    }

    /// The carrier tells of a key; it counts if its tone has not been heard.
    pub(crate) fn handle_key(&mut self, now: CallTime, digit: DtmfDigit) -> Option<Event> {
        let news = self.keys.handle_key(now, digit, KeySource::Carrier);
        news.map(|digit| Event::Dtmf { digit })
    }

    /// No media is expected now.
    pub(crate) fn suspend_starvation(&mut self, now: CallTime) {
        self.starvation.suspend(now);
    }

    /// Tells what it means that no media came for so long.
    pub(crate) fn poll_starvation(
        &mut self,
        now: CallTime,
        events: &mut VecDeque<Event>,
    ) -> Option<Starved> {
        let stage = self.starvation.poll(now)?;
        let at = self.timeline.time_of(self.end);
        match stage {
            Starved::Silent => {
                if self.detector.is_speaking() {
                    self.detector.starve();
                    events.push_back(Event::SpeechEnded { at });
                }
            }
            Starved::Stopped => {
                if self.detector.is_speaking() {
                    self.detector.stop();
                    events.push_back(Event::SpeechStopped { at });
                }
            }
            Starved::Dead => events.push_back(Event::Detached { how: LegEnd::MediaDead }),
            Starved::Ended => events.push_back(Event::LegEnded { how: LegEnd::MediaDead }),
        }
        Some(stage)
    }

    /// The byte order of L16, if it turned out to be another one.
    pub(crate) fn poll_order(&mut self) -> Option<ByteOrder> {
        let order = self.inbound.byte_order();
        (std::mem::replace(&mut self.order, order) != order).then_some(order)
    }

    /// Lets gaps run out.
    pub(crate) fn handle_timeout(&mut self, now: CallTime) {
        self.inbound.handle_timeout(now);
    }

    /// When a gap runs out, or media has stayed away for long.
    pub(crate) fn poll_timeout(&self) -> Option<CallTime> {
        let times = [self.inbound.poll_timeout(), self.starvation.poll_timeout()];
        times.into_iter().flatten().min()
    }

    /// Works through one frame of what has arrived, if there is one: records it, shows it to the
    /// recognizer and the detectors. `None` if there was none; else what they saw goes to `events`.
    pub(crate) fn poll_frame(
        &mut self,
        now: CallTime,
        audibility: Audibility,
        recording: Option<&mut Recording>,
        events: &mut VecDeque<Event>,
    ) -> Option<()> {
        self.frame.clear();
        let info = self.inbound.poll_frame(&mut self.frame)?;
        let at = self.place_of(now, info.at);
        self.end = at + self.frame.len() as u64;
        self.timeline.note_arrival(self.end, now);
        if let Some(recording) = recording {
            recording.caller(at, &self.frame);
        }
        self.show_recognizer();
        self.detected.clear();
        self.to_detector.process(&self.frame, &mut self.detected);
        let seen = self.guard.heard(self.timeline.time_of(at), &self.detected);
        let edge = match info.origin {
            Origin::Received => {
                let keys = &mut self.keys;
                self.tones.push(&self.detected, |digit| {
                    let news = keys.handle_key(now, digit, KeySource::Tone);
                    events.extend(news.map(|digit| Event::Dtmf { digit }));
                });
                match self.tones.sounding() {
                    // A key is no speech, and no pause in it.
                    Some(_) => self.detector.frame_concealed(&self.detected, audibility),
                    None => self.detector.frame(&self.detected, audibility),
                }
            }
            Origin::Concealed => {
                self.tones.skip(self.detected.len());
                self.detector.frame_concealed(&self.detected, audibility)
            }
            // So much is lost that it is heard as what fills it: the line's noise.
            Origin::Filled => {
                self.tones.skip(self.detected.len());
                self.detector.frame(&self.detected, audibility)
            }
        };
        if self.detector.is_speaking() {
            // Before the edge: what is known of it decides whether the agent stops.
            events.extend(self.news.speech(seen).map(echo));
        } else {
            self.news.silence();
        }
        events.extend(edge.map(|edge| self.event(edge)));
        Some(())
    }

    /// Takes in what was sent and is played from `at` on: it may come back.
    pub(crate) fn note_sent(&mut self, at: CallTime, samples: &[i16]) {
        self.guard.sent(at, samples);
    }

    /// What was to be played from `at` on is not.
    pub(crate) fn note_cleared(&mut self, at: CallTime) {
        self.guard.clear(at);
    }

    /// How sure of speech to be: while the agent's voice comes back loud, surer.
    pub(crate) fn audibility(&self, speaking: Audibility) -> Audibility {
        let echoes = self.guard.path().is_some_and(|path| LOUD_ECHO_DB < path.gain_db);
        let is_ours = self.guard.seen().is_some();
        match speaking {
            Audibility::AgentAudible if echoes => Audibility::AgentEchoes,
            // The end of what was said is still on its way back.
            Audibility::AgentSilent if echoes && is_ours => Audibility::AgentEchoes,
            Audibility::AgentAudible | Audibility::AgentSilent | Audibility::AgentEchoes => {
                speaking
            }
        }
    }

    /// Hands the frame to the recognizer: the line's own bytes, if it takes those.
    fn show_recognizer(&mut self) {
        let is_mulaw = self.wanted == AudioFormat::PCMU_8K;
        if let Some(codes) = self.inbound.frame_codes().filter(|_| is_mulaw) {
            return self.recognizer.push_audio(AudioChunk::Mulaw(codes));
        }
        self.recognized.clear();
        self.to_recognizer.process(&self.frame, &mut self.recognized);
        if !is_mulaw {
            return self.recognizer.push_audio(AudioChunk::Linear(&self.recognized));
        }
        // The leg has changed its format in the middle of the call.
        self.codes.clear();
        g711::encode_ulaw(&self.recognized, &mut self.codes);
        self.recognizer.push_audio(AudioChunk::Mulaw(&self.codes));
    }

    /// Lays what came too late into the recording.
    pub(crate) fn record_late(&mut self, mut recording: Option<&mut Recording>) {
        while let Some(late) = self.inbound.poll_late(&mut self.frame) {
            if let Some(recording) = &mut recording {
                recording.caller(self.base + late.at, &self.frame);
            }
        }
    }

    /// Where the frame belongs that begins at the inbound's sample `index`.
    fn place_of(&mut self, now: CallTime, index: u64) -> u64 {
        if self.place == Place::ByClock {
            self.place = Place::Behind;
            let by_clock = self.timeline.sample_at(now).saturating_sub(self.frame.len() as u64);
            self.base = by_clock.max(self.end).saturating_sub(index);
        }
        self.base + index
    }

    fn event(&self, edge: Edge) -> Event {
        let newest = self.timeline.time_of(self.end);
        match edge {
            Edge::Started { ago } => Event::SpeechStarted { at: newest.saturating_sub(ago) },
            Edge::Paused { ago } => Event::SpeechPaused { at: newest.saturating_sub(ago) },
            Edge::Resumed => Event::SpeechResumed,
            Edge::Ended { ago } => Event::SpeechEnded { at: newest.saturating_sub(ago) },
        }
    }

    /// Tells the recognizer that an utterance began at `at`.
    pub(crate) fn begin(&mut self, utterance: UtteranceId, at: CallTime) {
        let ago: Millis = self.timeline.time_of(self.end).since(at);
        self.recognizer.begin(utterance, ago);
    }

    /// The recognizer, for the orders that need nothing else.
    pub(crate) fn recognizer(&mut self) -> &mut dyn RecognizerSession {
        &mut *self.recognizer
    }

    /// What the recognizer has used up: each vendor's share if it is several, and all together.
    pub(crate) fn usage(&self) -> (Vec<(VendorName, VendorUsage)>, VendorUsage) {
        (self.recognizer.shares(), self.recognizer.usage())
    }

    /// The caller's timeline.
    pub(crate) fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// How loud the newest frame is: per cent of full scale over the 48 dB that speech moves in.
    pub(crate) fn level(&self) -> u8 {
        let peak = self.frame.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0);
        let decibels = 20.0 * (f32::from(peak.max(1)) / f32::from(i16::MAX)).log10();
        ((decibels / 48.0 + 1.0) * 100.0).clamp(0.0, 100.0) as u8
    }

    /// Counters of the leg's media.
    pub(crate) fn counters(&self) -> media::InboundCounters {
        self.inbound.counters()
    }
}

/// What the guard has seen, as the conversation takes it.
fn echo(seen: EchoSeen) -> Event {
    let heard = EchoHeard {
        likeness: Permille::new((seen.likeness * 1_000.0) as u16),
        lag: seen.lag,
        gain: Decibels::new(seen.gain_db as i16),
    };
    Event::Echo { heard }
}

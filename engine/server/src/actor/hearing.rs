//! The caller's side of a call: media in order, speech found, speech on its way into text.

use call::Event;
use codecs::resample::Resampler;
use media::{Inbound, MediaFault, Origin};
use speech::{Audibility, DetectorSettings, Edge, SpeechDetector, Vad};
use types::{AudioFormat, CallTime, Millis, PTIME, SampleRate, UtteranceId};
use vendor::RecognizerSession;

use super::timeline::Timeline;
use crate::recording::Recording;

/// The rate the speech detector listens at.
const DETECTOR_RATE: SampleRate = SampleRate::Hz8000;

/// The caller's side of one call.
pub(crate) struct Hearing {
    inbound: Inbound,
    timeline: Timeline,
    /// Samples nobody sent: the inbound's own index does not count outages.
    base: u64,
    /// One past the newest sample.
    end: u64,
    detector: SpeechDetector,
    to_detector: Resampler,
    to_recognizer: Resampler,
    recognizer: Box<dyn RecognizerSession>,
    frame: Vec<i16>,
    detected: Vec<i16>,
    recognized: Vec<i16>,
    /// When media last arrived.
    pub(crate) media_at: CallTime,
}

impl Hearing {
    /// Hears a leg in `format` through `recognizer`, which wants its audio at `rate`.
    pub(crate) fn new(
        format: AudioFormat,
        vad: &Vad,
        recognizer: Box<dyn RecognizerSession>,
        rate: SampleRate,
    ) -> Result<Self, codecs::CodecError> {
        let samples = SampleRate::Hz48000.samples_in(PTIME);
        Ok(Self {
            inbound: Inbound::new(format)?,
            timeline: Timeline::new(format.rate),
            base: 0,
            end: 0,
            detector: SpeechDetector::new(vad, DetectorSettings::STANDARD),
            to_detector: Resampler::new(format.rate, DETECTOR_RATE),
            to_recognizer: Resampler::new(format.rate, rate),
            recognizer,
            frame: Vec::with_capacity(samples),
            detected: Vec::with_capacity(samples),
            recognized: Vec::with_capacity(samples),
            media_at: CallTime::ZERO,
        })
    }

    /// The carrier streams anew, `gap` after its last audio: its counters restart, the timeline
    /// goes on with a silence that nobody hears. Speech that was going on is new speech.
    pub(crate) fn restart(
        &mut self,
        format: AudioFormat,
        (vad, gap): (&Vad, Millis),
    ) -> Result<(), codecs::CodecError> {
        assert_eq!(format.rate, self.inbound.format().rate, "checked by the session");
        self.inbound.restart(format)?;
        // The inbound's own index goes on over a restart, without the gap.
        self.base += format.rate.samples_in(gap) as u64;
        self.detector = SpeechDetector::new(vad, DetectorSettings::STANDARD);
        Ok(())
    }

    /// The leg's format.
    pub(crate) fn format(&self) -> AudioFormat {
        self.inbound.format()
    }

    /// Takes a payload in.
    pub(crate) fn handle_media(
        &mut self,
        now: CallTime,
        chunk: Option<u64>,
        payload: &[u8],
    ) -> Result<(), MediaFault> {
        self.media_at = now;
        self.inbound.handle_media(now, chunk, payload)
    }

    /// Lets gaps run out.
    pub(crate) fn handle_timeout(&mut self, now: CallTime) {
        self.inbound.handle_timeout(now);
    }

    /// When a gap runs out.
    pub(crate) fn poll_timeout(&self) -> Option<CallTime> {
        self.inbound.poll_timeout()
    }

    /// Works through one frame of what has arrived, if there is one: records it, shows it to the
    /// recognizer and the detector. Says what the detector saw.
    pub(crate) fn poll_frame(
        &mut self,
        now: CallTime,
        audibility: Audibility,
        recording: Option<&mut Recording>,
    ) -> Option<Option<Event>> {
        self.frame.clear();
        let info = self.inbound.poll_frame(&mut self.frame)?;
        let at = self.base + info.at;
        self.end = at + self.frame.len() as u64;
        self.timeline.note_arrival(self.end, now);
        if let Some(recording) = recording {
            recording.caller(at, &self.frame);
        }
        self.recognized.clear();
        self.to_recognizer.process(&self.frame, &mut self.recognized);
        self.recognizer.push_audio(&self.recognized);
        self.detected.clear();
        self.to_detector.process(&self.frame, &mut self.detected);
        let edge = match info.origin {
            Origin::Received => self.detector.frame(&self.detected, audibility),
            Origin::Concealed | Origin::Filled => {
                self.detector.frame_concealed(&self.detected, audibility)
            }
        };
        Some(edge.map(|edge| self.event(edge)))
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

    /// The caller's timeline.
    pub(crate) fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// Counters of the leg's media.
    pub(crate) fn counters(&self) -> media::InboundCounters {
        self.inbound.counters()
    }
}

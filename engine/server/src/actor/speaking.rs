//! The agent's side of a call: words to the voice, audio to the playout, messages to the carrier.

use std::collections::VecDeque;
use std::sync::Arc;

use axum::extract::ws::Utf8Bytes;
use bytes::BytesMut;
use call::{Event, SegmentHeard, timed_words};
use codecs::dtmf;
use codecs::l16::ByteOrder;
use codecs::resample::resample_all;
use media::{Outgoing, Playout, PlayoutEvent, PlayoutSettings, PlayoutState, SoundSpans};
use types::{
    Audio, AudioFormat, CallTime, DtmfDigit, GenerationId, Millis, Pii, SampleRate, SegmentId,
    TurnId, Unavailable, VendorName, VendorUsage,
};
use vendor::{Precision, VoiceEvent, VoiceSession};
use wire::telnyx;

use super::timeline::Timeline;
use crate::recording::Recording;

/// Room for the messages of a few ticks: 20 ms of 16-bit audio at 16 kHz take 900 bytes.
const MESSAGES_BYTES: usize = 16_384;

/// Frames of the recording that lie no further apart than this belong together.
const SEAM_MAX: Millis = Millis::new(5);

/// Keys that wait at most: more than any number has.
const KEYS_MAX: usize = 32;

/// The turn that keys are pressed in: none of the conversation's, which takes no notice.
const KEYS_TURN: TurnId = TurnId::new(u32::MAX);

/// A reply on its way through the voice.
struct Reply {
    generation: GenerationId,
    /// Segments asked for of which the voice has not said the last word.
    open: VecDeque<Open>,
    last: Last,
}

/// A segment the voice works on.
struct Open {
    segment: SegmentId,
    samples: u64,
    text: Pii<String>,
    /// Where there is sound in it: for a voice that does not know when its words end.
    sound: SoundSpans,
}

/// Whether more segments will be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    Open,
    Asked,
}

/// What the last message for the carrier was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    Audio,
    Other,
}

/// The agent's side of one call.
pub(crate) struct Speaking {
    playout: Playout,
    voice: Box<dyn VoiceSession>,
    rate: SampleRate,
    reply: Option<Reply>,
    payload: Vec<u8>,
    heard: Vec<i16>,
    scratch: Vec<u8>,
    /// Whether the last message was audio that nobody has asked for yet.
    sent: Sent,
    messages: BytesMut,
    /// One past the last sample recorded, on the caller's timeline.
    recorded_end: Option<u64>,
    /// Keys to be pressed when the agent has finished.
    keys: Vec<DtmfDigit>,
    /// How often keys have been pressed.
    presses: u16,
    /// Agent audio sent, for the bill.
    pub(crate) frames_sent: u64,
}

impl Speaking {
    /// Speaks to a leg in `format` through `voice`.
    pub(crate) fn new(
        format: AudioFormat,
        settings: PlayoutSettings,
        voice: Box<dyn VoiceSession>,
    ) -> Result<Self, codecs::CodecError> {
        Ok(Self {
            playout: Playout::new(format, settings)?,
            voice,
            rate: format.rate,
            reply: None,
            payload: Vec::with_capacity(1_024),
            heard: Vec::with_capacity(1_024),
            scratch: Vec::with_capacity(2_048),
            sent: Sent::Other,
            messages: BytesMut::with_capacity(MESSAGES_BYTES),
            recorded_end: None,
            keys: Vec::new(),
            presses: 0,
            frames_sent: 0,
        })
    }

    /// Has the voice speak `text`.
    pub(crate) fn speak(
        &mut self,
        generation: GenerationId,
        segment: SegmentId,
        text: &Pii<String>,
    ) {
        self.open(generation, segment, text);
        self.voice.speak(generation, segment, text);
    }

    /// Plays `sound`, made beforehand at its own rate, as the whole of a segment.
    pub(crate) fn play(
        &mut self,
        generation: GenerationId,
        (segment, text): (SegmentId, &Pii<String>),
        (sound, rate): (&Arc<[i16]>, SampleRate),
        events: &mut VecDeque<Event>,
    ) {
        self.open(generation, segment, text);
        let audio: Audio = if rate == self.rate {
            sound.clone().into()
        } else {
            resample_all::<i16, i16>(rate, self.rate, sound).into()
        };
        self.handle_voice(VoiceEvent::Audio { generation, segment, audio }, events);
        let (words, precision) = (Vec::new(), Precision::Estimated);
        let done = VoiceEvent::SegmentDone { generation, segment, words, precision };
        self.handle_voice(done, events);
    }

    fn open(&mut self, generation: GenerationId, segment: SegmentId, text: &Pii<String>) {
        let sound = SoundSpans::new(self.rate);
        let open = Open { segment, samples: 0, text: text.clone(), sound };
        match &mut self.reply {
            Some(reply) if reply.generation == generation => reply.open.push_back(open),
            Some(_) | None => {
                let open = VecDeque::from([open]);
                self.reply = Some(Reply { generation, open, last: Last::Open });
            }
        }
    }

    /// No further segment of `generation` will be asked for.
    pub(crate) fn end(&mut self, generation: GenerationId) {
        self.voice.end(generation);
        match &mut self.reply {
            Some(reply) if reply.generation == generation => {
                reply.last = Last::Asked;
                self.end_if_complete();
            }
            // A reply without a single segment is over at once.
            Some(_) | None => self.playout.end(generation),
        }
    }

    fn end_if_complete(&mut self) {
        if let Some(reply) = &self.reply
            && reply.last == Last::Asked
            && reply.open.is_empty()
        {
            self.playout.end(reply.generation);
            self.reply = None;
            self.press_keys();
        }
    }

    /// Presses keys as tones, behind what the agent is saying: what can be done where nobody else
    /// presses them.
    pub(crate) fn press(&mut self, keys: &str) -> Result<(), Unavailable> {
        let digits = keys.chars().map(DtmfDigit::new).collect::<Option<Vec<_>>>();
        let digits = digits.ok_or(Unavailable::Refused)?;
        if KEYS_MAX < self.keys.len() + digits.len() {
            return Err(Unavailable::Refused);
        }
        self.keys.extend(digits);
        self.press_keys();
        Ok(())
    }

    /// Queues the keys that wait, unless the agent speaks: tones would cut its reply in two.
    fn press_keys(&mut self) {
        if self.reply.is_some() || self.keys.is_empty() {
            return;
        }
        let generation = GenerationId { turn: KEYS_TURN, attempt: self.presses };
        self.presses = self.presses.wrapping_add(1);
        let mut tones = Vec::new();
        dtmf::press(&self.keys, self.rate, &mut tones);
        self.keys.clear();
        if let Err(error) = self.playout.queue(generation, SegmentId::FIRST, tones.into()) {
            tracing::warn!(%error, "keys do not fit into the playout");
        }
        self.playout.end(generation);
    }

    /// Takes in what the voice delivered. Audio of a reply that is no longer wanted is dropped.
    pub(crate) fn handle_voice(&mut self, event: VoiceEvent, events: &mut VecDeque<Event>) {
        match event {
            VoiceEvent::Audio { generation, segment, audio } => {
                let Some(open) = self.open_segment(generation, segment) else { return };
                let first = open.samples == 0;
                open.samples += audio.samples() as u64;
                open.sound.push(&audio);
                match self.playout.queue(generation, segment, audio) {
                    Ok(()) if first => {
                        events.push_back(Event::SegmentVoiced { generation, segment });
                    }
                    Ok(()) => (),
                    Err(error) => {
                        tracing::warn!(%error, "audio does not fit into the playout");
                        self.fail(generation, segment, events);
                    }
                }
            }
            VoiceEvent::SegmentDone { generation, segment, words, precision } => {
                let rate = self.rate;
                let Some(open) = self.open_segment(generation, segment) else { return };
                let duration = rate.span_of(open.samples);
                // What the voice knows is believed; lengths alone tell less than its sound does.
                let words: Vec<_> = match precision {
                    Precision::Exact if !words.is_empty() => {
                        let ends = words.iter().map(|word| word.end);
                        self.playout.note_words(generation, segment, ends);
                        words.into_iter().map(|word| (word.text_end, word.end)).collect()
                    }
                    Precision::Exact | Precision::Estimated => {
                        timed_words(open.text.reveal(), open.sound.spans())
                    }
                };
                events.push_back(Event::SegmentQueued { generation, segment, duration, words });
                self.playout.end_segment(generation, segment);
                self.close(segment);
            }
            VoiceEvent::Heard { generation, segment, text_end } => {
                // Memory has been written by what marks and samples proved.
                tracing::debug!(%generation, %segment, text_end, "the voice's own account");
            }
            VoiceEvent::Failed { generation, segment, delivered: _, error } => {
                tracing::warn!(%error, "a segment cannot be spoken");
                if self.open_segment(generation, segment).is_some() {
                    self.fail(generation, segment, events);
                }
            }
        }
    }

    fn open_segment(&mut self, generation: GenerationId, segment: SegmentId) -> Option<&mut Open> {
        let reply = self.reply.as_mut().filter(|reply| reply.generation == generation)?;
        reply.open.iter_mut().find(|open| open.segment == segment)
    }

    fn fail(&mut self, generation: GenerationId, segment: SegmentId, events: &mut VecDeque<Event>) {
        events.push_back(Event::SegmentFailed { generation, segment });
        self.close(segment);
    }

    fn close(&mut self, segment: SegmentId) {
        if let Some(reply) = &mut self.reply {
            reply.open.retain(|open| open.segment != segment);
        }
        self.end_if_complete();
    }

    /// What the voice has used up: each vendor's share if it is several, and all together.
    pub(crate) fn usage(&self) -> (Vec<(VendorName, VendorUsage)>, VendorUsage) {
        (self.voice.shares(), self.voice.usage())
    }

    /// Stops the voice.
    pub(crate) fn cancel(&mut self, generation: GenerationId, heard: Millis) {
        self.voice.cancel(generation, heard);
        if self.reply.as_ref().is_some_and(|reply| reply.generation == generation) {
            self.reply = None;
            self.press_keys();
        }
    }

    /// Stops sending, for now.
    pub(crate) fn hold(&mut self, now: CallTime) {
        self.playout.hold(now);
    }

    /// Goes on sending.
    pub(crate) fn resume(&mut self, now: CallTime) {
        self.playout.resume(now);
    }

    /// Drops what has not been heard and says what has.
    pub(crate) fn clear(&mut self, now: CallTime, generation: GenerationId) -> Event {
        let cleared = self.playout.clear(now);
        let of_generation = cleared.segments.iter().filter(|heard| heard.generation == generation);
        let heard = of_generation
            .map(|heard| SegmentHeard { segment: heard.segment, heard: heard.heard, of: heard.of })
            .collect();
        if self.reply.as_ref().is_some_and(|reply| reply.generation == generation) {
            self.reply = None;
            self.press_keys();
        }
        Event::PlayoutCleared { generation, heard }
    }

    /// A mark came back.
    pub(crate) fn handle_mark(&mut self, now: CallTime, name: &str) {
        // What it proves comes out as an event as well.
        self.playout.handle_mark(now, name);
    }

    /// L16 goes out in `order` from now on.
    pub(crate) fn swap_bytes(&mut self, order: ByteOrder) -> Result<(), codecs::CodecError> {
        self.playout.swap_bytes(order)
    }

    /// The carrier streams anew: what it had is lost.
    pub(crate) fn restart(&mut self, now: CallTime) {
        self.playout.handle_restart(now);
    }

    /// The next message for the carrier that is due.
    pub(crate) fn poll_message(&mut self, now: CallTime) -> Option<Utf8Bytes> {
        self.scratch.clear();
        match self.playout.poll_message(now, &mut self.payload)? {
            Outgoing::Media => {
                self.frames_sent += 1;
                self.sent = Sent::Audio;
                telnyx::encode_media(&self.payload, &mut self.scratch);
            }
            Outgoing::Mark(name) => telnyx::encode_mark(&name.to_string(), &mut self.scratch),
            Outgoing::Clear => telnyx::encode_clear(&mut self.scratch),
        }
        // The socket copies a message as it takes it and lets go of it at once: the block below
        // is used again and again.
        self.messages.extend_from_slice(&self.scratch);
        let text = self.messages.split().freeze();
        Some(Utf8Bytes::try_from(text).expect("messages are encoded as ASCII"))
    }

    /// The audio of the last message, if it was audio, and when the carrier plays it.
    pub(crate) fn take_sent(&mut self) -> Option<(CallTime, &[i16])> {
        match std::mem::replace(&mut self.sent, Sent::Other) {
            Sent::Audio => Some(self.playout.last_frame()),
            Sent::Other => None,
        }
    }

    /// Lets waits for marks run out.
    pub(crate) fn handle_timeout(&mut self, now: CallTime) {
        self.playout.handle_timeout(now);
    }

    /// Takes out what the playout has to tell, as events of the call.
    pub(crate) fn poll_event(&mut self) -> Option<Told> {
        Some(match self.playout.poll_event()? {
            PlayoutEvent::Started { generation, at } => Told::Started { generation, at },
            PlayoutEvent::SegmentHeard { generation, segment, at: _ } => {
                Told::Event(Event::SegmentHeard { generation, segment })
            }
            PlayoutEvent::Finished { generation, at } => {
                Told::Event(Event::PlayoutFinished { generation, at })
            }
            PlayoutEvent::Underrun { generation } => Told::Underrun { generation },
        })
    }

    /// Gives what has been heard to the recording, at its place on the caller's timeline.
    pub(crate) fn record(&mut self, recording: &mut Recording, timeline: &Timeline) {
        let hz = u64::from(self.rate.hz());
        let seam = self.rate.samples_in(SEAM_MAX) as u64;
        while let Some(frame) = self.playout.poll_heard(&mut self.heard) {
            let heard_at = CallTime::from_micros(frame.at * 1_000_000 / hz);
            let mapped = timeline.sample_at(heard_at);
            // Rounding and an anchor that moves a little must not cut speech at frame edges.
            let at = match self.recorded_end {
                Some(end) if end.abs_diff(mapped) <= seam => end,
                Some(_) | None => mapped,
            };
            recording.agent(at, &self.heard);
            self.recorded_end = Some(at + self.heard.len() as u64);
        }
    }

    /// When there is something to do if nothing else happens.
    pub(crate) fn poll_timeout(&self) -> Option<CallTime> {
        self.playout.poll_timeout()
    }

    /// Whether the caller hears us.
    pub(crate) fn is_audible(&self, now: CallTime) -> bool {
        self.playout.audible(now)
    }

    /// Whether the pacer should wake us.
    pub(crate) fn is_playing(&self) -> bool {
        match self.playout.state() {
            PlayoutState::Idle => false,
            PlayoutState::Buffering | PlayoutState::Playing | PlayoutState::Held => true,
        }
    }
}

/// What a playout told.
#[derive(Debug)]
pub(crate) enum Told {
    /// The first frame of a reply has left and will be heard soon.
    Started {
        /// Which reply.
        generation: GenerationId,
        /// When it is heard.
        at: CallTime,
    },
    /// Something the conversation must know.
    Event(Event),
    /// A reply ran dry: only the operator must know.
    Underrun {
        /// Which.
        generation: GenerationId,
    },
}

#[cfg(test)]
mod tests {
    use codecs::dtmf::DtmfDetector;
    use codecs::leg::Decoder;
    use types::PTIME;
    use wire::telnyx::carrier::{Command, decode_command};

    use super::*;

    /// A voice that never says anything.
    struct Mute;

    impl VoiceSession for Mute {
        fn speak(&mut self, _: GenerationId, _: SegmentId, _: &Pii<String>) {}
        fn cancel(&mut self, _: GenerationId, _: Millis) {}
    }

    #[test]
    fn keys_are_pressed_behind_the_reply_and_found_on_the_line() {
        let format = AudioFormat::PCMU_8K;
        let mut speaking =
            Speaking::new(format, PlayoutSettings::STANDARD, Box::new(Mute)).unwrap();
        let (generation, segment) = (GenerationId::default(), SegmentId::FIRST);
        let mut events = VecDeque::new();
        let hum: Arc<[i16]> = vec![300; 1_600].into();
        speaking.open(generation, segment, &Pii::default());
        let audio = VoiceEvent::Audio { generation, segment, audio: hum.into() };
        speaking.handle_voice(audio, &mut events);
        assert_eq!(speaking.press("12x"), Err(Unavailable::Refused));
        assert_eq!(speaking.press(&"5".repeat(33)), Err(Unavailable::Refused));
        assert_eq!(speaking.press("40#"), Ok(()));
        assert_eq!(speaking.presses, 0, "the agent speaks");
        let (words, precision) = (Vec::new(), Precision::Exact);
        let done = VoiceEvent::SegmentDone { generation, segment, words, precision };
        speaking.handle_voice(done, &mut events);
        speaking.end(generation);
        let mut decoder = Decoder::new(format).unwrap();
        let (mut now, mut payload, mut line) = (CallTime::ZERO, Vec::new(), Vec::new());
        for _ in 0..100 {
            while let Some(message) = speaking.poll_message(now) {
                if let Ok(Command::Media { payload: bytes }) = decode_command(message.as_str()) {
                    bytes.decode(&mut payload).unwrap();
                    decoder.decode(&payload, &mut line).unwrap();
                }
            }
            now += PTIME;
        }
        let mut keys = String::new();
        DtmfDetector::new().push(&line, |digit| keys.push(digit.symbol()));
        assert_eq!(keys, "40#");
    }

    #[test]
    fn a_voice_s_own_mu_law_goes_to_the_carrier_byte_for_byte() {
        let format = AudioFormat::PCMU_8K;
        let mut speaking =
            Speaking::new(format, PlayoutSettings::STANDARD, Box::new(Mute)).unwrap();
        let (generation, segment) = (GenerationId::default(), SegmentId::FIRST);
        let mut events = VecDeque::new();
        // Negative zeros: whoever decodes and encodes them makes positive ones.
        let audio = Audio::Pcmu(vec![0x7f; 1_600].into());
        speaking.open(generation, segment, &Pii::default());
        speaking.handle_voice(VoiceEvent::Audio { generation, segment, audio }, &mut events);
        let (words, precision) = (Vec::new(), Precision::Exact);
        let done = VoiceEvent::SegmentDone { generation, segment, words, precision };
        speaking.handle_voice(done, &mut events);
        speaking.end(generation);
        let is_queued = |event: &Event| matches!(event, Event::SegmentQueued { duration, .. } if *duration == Millis::new(200));
        assert!(events.iter().any(is_queued), "{events:?}");
        let (mut now, mut payload, mut sent) = (CallTime::ZERO, Vec::new(), Vec::new());
        for _ in 0..20 {
            while let Some(message) = speaking.poll_message(now) {
                if let Ok(Command::Media { payload: bytes }) = decode_command(message.as_str()) {
                    bytes.decode(&mut payload).unwrap();
                    sent.extend_from_slice(&payload);
                }
            }
            now += PTIME;
        }
        assert_eq!(sent.len(), 1_600);
        let faded = SampleRate::Hz8000.samples_in(codecs::fade::FADE_IN);
        assert!(sent[faded..].iter().all(|&code| code == 0x7f), "but for the fade");
    }
}

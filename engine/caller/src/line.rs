//! One media stream of a leg: from its `connected` to its end, numbered from one.

use codecs::leg::{Decoder, Encoder};
use codecs::resample::Resampler;
use types::{AudioFormat, CallTime, Millis, PTIME, SampleRate, Secret, WallTime};
use wire::telnyx::{MediaFormat, PayloadBase64};

use crate::outbox::Outbox;
use crate::{CallPlan, CallerError, Counters, Impairments};

/// What a stream announces and carries.
#[derive(Clone, Debug)]
pub(crate) struct LinePlan {
    pub(crate) stream_id: String,
    pub(crate) call_control: String,
    pub(crate) call_session: String,
    pub(crate) to: String,
    pub(crate) from: Option<String>,
    pub(crate) client_state: Option<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) parameters: Vec<(String, String)>,
    /// Comes in `connected`, where the carrier sends it there.
    pub(crate) token: Option<Secret<String>>,
    /// What the engine gets.
    pub(crate) codec: AudioFormat,
    /// What the engine is told it gets.
    pub(crate) announced: MediaFormat<'static>,
    /// What the engine sends; none if all it sends is dropped.
    pub(crate) replies: Option<AudioFormat>,
    pub(crate) impairments: Impairments,
    pub(crate) seed: u64,
    pub(crate) flow: Flow,
}

/// How far a stream gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Flow {
    /// All the way.
    #[default]
    Whole,
    /// `start` never comes.
    NoStart,
    /// No media after `start`.
    NoMedia,
    /// Media that stops this long after `start`.
    Stops(Millis),
}

impl LinePlan {
    /// The one stream of a call that is nothing but a stream.
    pub(crate) fn of(plan: &CallPlan) -> Self {
        let stream_id = stream_id(plan.seed);
        Self {
            call_session: stream_id.clone(),
            stream_id,
            call_control: plan.call_control(),
            to: plan.to.to_string(),
            from: plan.from.map(|number| number.to_string()),
            client_state: None,
            tags: Vec::new(),
            parameters: plan.parameters.clone(),
            token: None,
            codec: plan.codec,
            announced: MediaFormat::of(plan.codec),
            replies: Some(plan.reply_codec.unwrap_or(plan.codec)),
            impairments: plan.impairments,
            seed: plan.seed,
            flow: Flow::Whole,
        }
    }
}

/// A name of a stream, by seed.
pub(crate) fn stream_id(seed: u64) -> String {
    let mut random = crate::impairment::Random::new(seed);
    format!("{:016x}{:016x}", random.next(), random.next())
}

/// One media stream.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) outbox: Outbox,
    encoder: Encoder,
    upsampler: Resampler,
    replies: Option<Replies>,
    flow: Flow,
    opened: CallTime,
    resampled: Vec<i16>,
    payload: Vec<u8>,
    /// Samples given to the engine so far: the stream's own timeline.
    timestamp: u64,
}

/// How what the engine sends becomes samples.
#[derive(Debug)]
struct Replies {
    decoder: Decoder,
    resampler: Resampler,
    payload: Vec<u8>,
    decoded: Vec<i16>,
    samples: Vec<i16>,
}

/// What became of a media message.
pub(crate) enum Reply<'a> {
    /// These samples, at the leg's rate.
    Samples(&'a [i16]),
    /// The payload was no base64.
    NotBase64,
    /// The payload was not of the codec.
    Undecodable,
    /// It was dropped without a word, as the carrier does in the other mode (telnyx.md §5).
    Ignored,
}

impl Line {
    /// # Errors
    /// [`CallerError::Format`] if a codec does not exist at its rate.
    pub(crate) fn new(plan: LinePlan, rate: SampleRate) -> Result<Self, CallerError> {
        let replies = plan.replies.map(|format| Replies::new(format, rate)).transpose()?;
        Ok(Self {
            encoder: Encoder::new(plan.codec)?,
            upsampler: Resampler::new(rate, plan.codec.rate),
            replies,
            flow: plan.flow,
            opened: CallTime::ZERO,
            resampled: Vec::new(),
            payload: Vec::new(),
            timestamp: 0,
            outbox: Outbox::new(plan),
        })
    }

    /// Says `connected` and `start`.
    pub(crate) fn open(&mut self, now: CallTime, started: WallTime) {
        self.opened = now;
        self.outbox.connected(started);
        if self.flow != Flow::NoStart {
            self.outbox.start();
        }
    }

    /// Sends a frame of the leg that is due at `due`.
    pub(crate) fn send_frame(&mut self, due: CallTime, frame: &[i16]) {
        self.resampled.clear();
        self.payload.clear();
        self.upsampler.process(frame, &mut self.resampled);
        let timestamp = self.timestamp;
        self.timestamp += self.resampled.len() as u64;
        let flows = match self.flow {
            Flow::Whole => true,
            Flow::NoStart | Flow::NoMedia => false,
            Flow::Stops(after) => due <= self.opened + after,
        };
        // The frame in which the stream opened began before it.
        let is_ours = self.opened + PTIME <= due;
        if flows && is_ours && self.encoder.encode_frame(&self.resampled, &mut self.payload).is_ok()
        {
            self.outbox.media(due, timestamp, &self.payload);
        }
    }

    /// What the payload of a media message holds.
    pub(crate) fn decode(&mut self, payload: &PayloadBase64<'_>) -> Reply<'_> {
        match &mut self.replies {
            Some(replies) => replies.decode(payload),
            None => Reply::Ignored,
        }
    }

    pub(crate) fn counters(&self) -> Counters {
        self.outbox.counters
    }
}

impl Replies {
    fn new(format: AudioFormat, rate: SampleRate) -> Result<Self, CallerError> {
        let decoder = Decoder::new(format)?;
        Ok(Self {
            resampler: Resampler::new(decoder.format().rate, rate),
            decoder,
            payload: Vec::new(),
            decoded: Vec::new(),
            samples: Vec::new(),
        })
    }

    fn decode(&mut self, payload: &PayloadBase64<'_>) -> Reply<'_> {
        self.decoded.clear();
        self.samples.clear();
        if payload.decode(&mut self.payload).is_err() {
            return Reply::NotBase64;
        }
        if self.decoder.decode(&self.payload, &mut self.decoded).is_err() {
            return Reply::Undecodable;
        }
        self.resampler.process(&self.decoded, &mut self.samples);
        Reply::Samples(&self.samples)
    }
}

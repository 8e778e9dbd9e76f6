//! What a stream is to be, as it was asked for and as a carrier takes it (telnyx.md §1.3, §1.8).

use std::borrow::Cow;

use types::{AudioFormat, Encoding, Pii, SampleRate, Secret};
use wire::telnyx::command::{Stream, StreamCodec, StreamMode, TargetLegs};
use wire::telnyx::texml::StreamNoun;
use wire::telnyx::{MediaFormat, Parameter};

/// A stream to be opened.
#[derive(Clone, Debug)]
pub(crate) struct StreamOrder {
    pub(crate) url: Pii<String>,
    pub(crate) token: Option<Secret<String>>,
    pub(crate) parameters: Vec<(String, String)>,
    /// What the engine gets, and is told it gets.
    pub(crate) codec: AudioFormat,
    pub(crate) announced: MediaFormat<'static>,
    /// What the engine is to send; none if all it sends is dropped without a word.
    pub(crate) replies: Option<AudioFormat>,
    pub(crate) target: Option<TargetLegs>,
}

impl StreamOrder {
    /// The stream asked for on a leg that has `own` as its codec.
    pub(crate) fn of(stream: &Stream<'_>, own: AudioFormat) -> Self {
        // What was not asked for is not what a conversation needs (telnyx.md §1.3).
        let is_rtp = stream.mode == Some(StreamMode::Rtp);
        let hz = stream.sampling_rate.unwrap_or(8_000);
        let replies = stream.bidirectional_codec.unwrap_or(StreamCodec::Pcmu);
        let both_l16 = is_rtp && replies == StreamCodec::L16;
        let codec = match stream.codec.unwrap_or(StreamCodec::Default) {
            StreamCodec::Default => Announced::plain(own),
            // Seen in the wild (telnyx.md §1.9): without L16 back there is no L16.
            StreamCodec::L16 if !both_l16 => Announced::of(StreamCodec::G722, hz, own),
            codec @ (StreamCodec::Pcmu
            | StreamCodec::Pcma
            | StreamCodec::G722
            | StreamCodec::Opus
            | StreamCodec::AmrWb
            | StreamCodec::L16) => Announced::of(codec, hz, own),
        };
        let (codec, announced) = (codec.format, codec.announced);
        Self {
            url: Pii::new(stream.url.reveal().to_string()),
            token: stream.auth_token.as_ref().map(|token| Secret::new(token.expose().to_string())),
            parameters: pairs(&stream.custom_parameters),
            codec,
            announced,
            replies: is_rtp.then(|| format(replies, hz).unwrap_or(own)),
            target: stream.target_legs,
        }
    }

    /// The stream a document asks for.
    pub(crate) fn of_noun(noun: &StreamNoun<'_>, own: AudioFormat) -> Self {
        Self::of(
            &Stream {
                url: Pii::new(Cow::Borrowed(noun.url.reveal())),
                track: noun.track,
                codec: noun.codec,
                mode: noun.mode,
                bidirectional_codec: noun.bidirectional_codec,
                sampling_rate: noun.sampling_rate,
                custom_parameters: noun.parameters.clone(),
                ..Stream::default()
            },
            own,
        )
    }

    /// This stream with another codec toward the engine than was asked for.
    pub(crate) fn with_codec(self, codec: StreamCodec) -> Self {
        let Announced { format, announced } = Announced::of(codec, 8_000, self.codec);
        Self { codec: format, announced, ..self }
    }
}

/// A format and what it is called.
struct Announced {
    format: AudioFormat,
    announced: MediaFormat<'static>,
}

impl Announced {
    fn plain(format: AudioFormat) -> Self {
        Self { format, announced: MediaFormat::of(format) }
    }

    /// Something we cannot encode is announced all the same, and µ-law sent.
    fn of(codec: StreamCodec, hz: u64, own: AudioFormat) -> Self {
        if codec == StreamCodec::Default {
            return Self::plain(own);
        }
        match format(codec, hz) {
            Some(format) => Self::plain(format),
            None => Self {
                format: AudioFormat::PCMU_8K,
                announced: MediaFormat {
                    encoding: Some(Cow::Borrowed(codec.name())),
                    sample_rate: Some(8_000),
                    channels: Some(1),
                },
            },
        }
    }
}

/// The format of `codec` at `hz`, as far as we speak it.
fn format(codec: StreamCodec, hz: u64) -> Option<AudioFormat> {
    let named = |rate: u64| {
        let announced = MediaFormat {
            encoding: Some(Cow::Borrowed(codec.name())),
            sample_rate: Some(rate),
            channels: Some(1),
        };
        announced.check().ok()
    };
    match codec {
        StreamCodec::Pcmu => Some(AudioFormat::PCMU_8K),
        StreamCodec::Pcma => {
            Some(AudioFormat { encoding: Encoding::Pcma, rate: SampleRate::Hz8000 })
        }
        // Its clock is called 8 kHz whatever it carries (telnyx.md §1.8).
        StreamCodec::G722 => named(8_000),
        StreamCodec::L16 | StreamCodec::Opus => named(hz),
        StreamCodec::AmrWb | StreamCodec::Default => None,
    }
}

fn pairs(parameters: &[Parameter<'_>]) -> Vec<(String, String)> {
    parameters
        .iter()
        .map(|parameter| (parameter.name.to_string(), parameter.value.reveal().to_string()))
        .collect()
}

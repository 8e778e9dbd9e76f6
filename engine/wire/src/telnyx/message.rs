//! The carrier's messages as values.

use std::borrow::Cow;

use types::{AudioFormat, DtmfDigit, Encoding, Pii, SampleRate, Secret};

use super::{DecodeError, FormatError, PayloadBase64};

/// One message of the carrier. Text is borrowed from the message unless it held escapes.
#[derive(Clone, Debug, PartialEq)]
pub enum Message<'a> {
    /// The socket is open. The call may still be ringing: nothing starts yet.
    Connected(Connected<'a>),
    /// The leg is answered and audio follows. Comes again if the carrier reconnects.
    Start(Start<'a>),
    /// A piece of audio.
    Media(Media<'a>),
    /// The caller pressed a key.
    Dtmf(Dtmf<'a>),
    /// A mark of ours has been played, or cleared.
    Mark(Mark<'a>),
    /// The carrier complains about us.
    Error(StreamError<'a>),
    /// The stream is over.
    Stop(Stop<'a>),
    /// An event this version does not know.
    Unknown {
        /// Its name, as sent.
        event: Cow<'a, str>,
    },
}

/// The socket is open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connected<'a> {
    /// The protocol's version.
    pub version: Option<Cow<'a, str>>,
    /// The stream's token, where the carrier sends it here and not with the upgrade request
    /// (telnyx.md §1.4).
    pub token: Option<Secret<Cow<'a, str>>>,
}

/// A stream begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Start<'a> {
    /// Position among all events of this socket.
    pub sequence: Option<u64>,
    /// The carrier's name of this stream.
    pub stream_id: Option<Cow<'a, str>>,
    /// The carrier's account.
    pub user_id: Option<Cow<'a, str>>,
    /// The leg, as the carrier's API knows it.
    pub call_control_id: Option<Cow<'a, str>>,
    /// The call, as the carrier's API knows it.
    pub call_session_id: Option<Cow<'a, str>>,
    /// Who rings. Absent for anonymous callers.
    pub from: Option<Pii<Cow<'a, str>>>,
    /// The dialed number.
    pub to: Option<Pii<Cow<'a, str>>>,
    /// Labels of the call.
    pub tags: Vec<Cow<'a, str>>,
    /// What we gave when we started the stream, base64.
    pub client_state: Option<Pii<Cow<'a, str>>>,
    /// What we, or a document of ours, gave when the stream was started.
    pub custom_parameters: Vec<Parameter<'a>>,
    /// What the carrier is going to send. Says nothing about what it takes.
    pub media_format: MediaFormat<'a>,
}

impl Start<'_> {
    /// The announced audio, if it is some that we speak. Without an announcement: µ-law at 8 kHz.
    ///
    /// # Errors
    /// [`FormatError`] names what can be spoken instead.
    pub fn format(&self) -> Result<AudioFormat, FormatError> {
        self.media_format.check()
    }

    /// The value of the custom parameter named `name`.
    pub fn parameter(&self, name: &str) -> Option<&Pii<Cow<'_, str>>> {
        self.custom_parameters.iter().find(|parameter| parameter.name == name).map(|p| &p.value)
    }
}

/// One custom parameter of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// Its value: may hold a token or a number.
    pub value: Pii<Cow<'a, str>>,
}

/// An announced audio format, unchecked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MediaFormat<'a> {
    /// The encoding's name.
    pub encoding: Option<Cow<'a, str>>,
    /// Samples per second, in hertz.
    pub sample_rate: Option<u64>,
    /// Number of channels.
    pub channels: Option<u64>,
}

impl MediaFormat<'static> {
    /// How the carrier announces `format`.
    pub fn of(format: AudioFormat) -> Self {
        let rate = match format.encoding {
            // RFC 3551 §4.5.2: its time stamps count at 8 kHz.
            Encoding::G722 => SampleRate::Hz8000,
            Encoding::Pcmu | Encoding::Pcma | Encoding::L16 | Encoding::Opus => format.rate,
        };
        Self {
            encoding: Some(Cow::Borrowed(format.encoding.name())),
            sample_rate: Some(u64::from(rate.hz())),
            channels: Some(1),
        }
    }
}

impl MediaFormat<'_> {
    /// This format, checked. Absent fields mean µ-law, one channel and the encoding's usual rate:
    /// 8 kHz for G.711, 16 kHz for the others; G.722 is announced as 8 kHz and has 16 (telnyx.md §1.8).
    ///
    /// # Errors
    /// [`FormatError`] names what can be spoken instead.
    pub fn check(&self) -> Result<AudioFormat, FormatError> {
        let name = self.encoding.as_deref().unwrap_or(Encoding::Pcmu.name());
        if AMR_WB.iter().any(|other| other.eq_ignore_ascii_case(name)) {
            return Err(FormatError::AmrWb);
        }
        let Some(encoding) =
            Encoding::ALL.into_iter().find(|e| e.name().eq_ignore_ascii_case(name))
        else {
            return Err(FormatError::Encoding { encoding: printable(name) });
        };
        match self.channels {
            None | Some(1) => (),
            Some(channels) => return Err(FormatError::Channels { channels }),
        }
        let rate = match (encoding, self.sample_rate) {
            (Encoding::Pcmu | Encoding::Pcma, None | Some(8_000)) => Some(SampleRate::Hz8000),
            (Encoding::Pcmu | Encoding::Pcma, Some(_)) => None,
            // 8000 is the clock of its time stamps, 16000 what is meant: the audio is the same.
            (Encoding::G722, None | Some(8_000 | 16_000)) => Some(SampleRate::Hz16000),
            (Encoding::G722, Some(_)) => None,
            (Encoding::L16 | Encoding::Opus, None) => Some(SampleRate::Hz16000),
            (Encoding::L16 | Encoding::Opus, Some(hz)) => {
                u32::try_from(hz).ok().and_then(SampleRate::from_hz)
            }
        };
        let rate = rate.ok_or(FormatError::Rate {
            encoding: encoding.name(),
            rate: self.sample_rate.unwrap_or(0),
        })?;
        Ok(AudioFormat { encoding, rate })
    }
}

/// A piece of audio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media<'a> {
    /// Whose audio it is.
    pub track: Track,
    /// Position among the pieces of this track: the order to play them in.
    pub chunk: Option<u64>,
    /// Position among all events of this socket.
    pub sequence: Option<u64>,
    /// Opaque and growing: some measured samples, some milliseconds (telnyx.md §1.5).
    pub timestamp: Option<u64>,
    /// The codec's bytes.
    pub payload: PayloadBase64<'a>,
}

impl Media<'_> {
    /// Replaces the contents of `out` by the codec's bytes. Allocates only to grow `out`.
    ///
    /// # Errors
    /// [`DecodeError::BadBase64`]; `out` is then empty.
    pub fn decode_payload(&self, out: &mut Vec<u8>) -> Result<(), DecodeError> {
        self.payload.decode(out)
    }
}

/// Whose audio a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Track {
    /// The caller's. Also what a message without a track is taken for.
    Inbound,
    /// Ours, or the bridged party's: not for a recognizer.
    Outbound,
    /// A track this version does not know.
    Unknown,
}

impl Track {
    /// The track of this name, with or without the suffix `_track` (telnyx.md §1.5).
    pub(super) fn of(name: &str) -> Self {
        match name.strip_suffix("_track").unwrap_or(name) {
            "inbound" => Self::Inbound,
            "outbound" => Self::Outbound,
            _ => Self::Unknown,
        }
    }
}

/// The caller pressed a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dtmf<'a> {
    /// Position among all events of this socket.
    pub sequence: Option<u64>,
    /// The carrier's name of this stream.
    pub stream_id: Option<Cow<'a, str>>,
    /// When, RFC 3339. Keys may arrive out of order; texts of this form sort by time
    /// (telnyx.md §1.5).
    pub occurred_at: Option<Cow<'a, str>>,
    /// Which.
    pub digit: DtmfDigit,
}

/// A mark comes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark<'a> {
    /// Position among all events of this socket.
    pub sequence: Option<u64>,
    /// The carrier's name of this stream.
    pub stream_id: Option<Cow<'a, str>>,
    /// What we called it.
    pub name: Cow<'a, str>,
}

/// The carrier complains.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamError<'a> {
    /// The carrier's name of this stream.
    pub stream_id: Option<Cow<'a, str>>,
    /// The complaint's number.
    pub code: Option<u64>,
    /// The complaint's name.
    pub title: Option<Cow<'a, str>>,
    /// The complaint in words: may quote what we sent.
    pub detail: Option<Pii<Cow<'a, str>>>,
}

impl StreamError<'_> {
    /// What the complaint is about.
    pub fn fault(&self) -> StreamFault {
        match self.code {
            Some(100_003) => StreamFault::MalformedMessage,
            Some(100_004) => StreamFault::InvalidMedia,
            Some(100_005) => StreamFault::RateLimit,
            Some(_) | None => StreamFault::Unspecified,
        }
    }
}

/// What the carrier complains about (telnyx.md §1.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StreamFault {
    /// Anything else.
    Unspecified,
    /// Our JSON was wrong.
    MalformedMessage,
    /// Our payload was not base64.
    InvalidMedia,
    /// We sent too much.
    RateLimit,
}

/// The stream is over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stop<'a> {
    /// Position among all events of this socket.
    pub sequence: Option<u64>,
    /// The carrier's name of this stream.
    pub stream_id: Option<Cow<'a, str>>,
    /// The carrier's account.
    pub user_id: Option<Cow<'a, str>>,
    /// The leg, as the carrier's API knows it.
    pub call_control_id: Option<Cow<'a, str>>,
}

/// A name from outside, fit for an error text.
fn printable(name: &str) -> String {
    let fit = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    name.chars().filter(fit).take(16).collect()
}

/// The names that the carrier and others write.
const AMR_WB: [&str; 3] = ["AMR-WB", "AMR_WB", "AMRWB"];

//! What can be done with a leg.

use std::borrow::Cow;

use types::{Encoding, Pii, Secret};

use crate::telnyx::Parameter;
use crate::telnyx::word::words;

/// What to do with a leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action<'a> {
    /// Take an incoming call.
    Answer(Box<Answer<'a>>),
    /// Refuse an incoming call.
    Reject {
        /// What the caller is told.
        cause: RejectCause,
    },
    /// End the leg.
    Hangup,
    /// Stream its audio to us.
    StreamingStart(Box<Stream<'a>>),
    /// Stop that.
    StreamingStop {
        /// Which stream; all of the leg if absent.
        stream_id: Option<Cow<'a, str>>,
    },
    /// Ring somebody and connect the leg with them.
    Transfer(Box<Transfer<'a>>),
    /// Say something in the carrier's own voice, to the far side of the leg.
    Speak(Box<Speak<'a>>),
    /// Press keys.
    SendDtmf {
        /// `0-9 A-D * #`, `w` for half a second and `W` for a second of pause.
        digits: Pii<Cow<'a, str>>,
        /// How long each sounds, in milliseconds: 100 to 500, 250 if absent.
        duration_ms: Option<u64>,
    },
    /// Record the leg at the carrier.
    RecordStart(RecordStart),
    /// Stop that.
    RecordStop,
    /// Keep another client state; it is the request's.
    UpdateClientState,
}

impl Action<'_> {
    /// The action's name: the last part of its path.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Answer(_) => "answer",
            Self::Reject { .. } => "reject",
            Self::Hangup => "hangup",
            Self::StreamingStart(_) => "streaming_start",
            Self::StreamingStop { .. } => "streaming_stop",
            Self::Transfer(_) => "transfer",
            Self::Speak(_) => "speak",
            Self::SendDtmf { .. } => "send_dtmf",
            Self::RecordStart(_) => "record_start",
            Self::RecordStop => "record_stop",
            Self::UpdateClientState => "client_state_update",
        }
    }
}

/// Taking a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer<'a> {
    /// Streaming from the answer on. Of it [`Stream::sampling_rate`], [`Stream::auth_token`] and
    /// [`Stream::custom_parameters`] are not sent: the carrier takes them with `streaming_start`
    /// only (telnyx.md §1.3).
    pub stream: Option<Stream<'a>>,
    /// Whether the carrier keeps sending to the telephone while we send nothing.
    pub send_silence_when_idle: Option<bool>,
    /// Codecs in order of preference, by comma.
    pub preferred_codecs: Option<Cow<'a, str>>,
    /// Where this leg's events go, if not where the application's go.
    pub webhook_url: Option<Cow<'a, str>>,
}

/// Streaming a leg's audio. What is absent is left to the carrier, whose defaults are not what a
/// conversation needs: [`StreamMode::Mp3`], the opposite leg, 8 kHz (telnyx.md §1.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stream<'a> {
    /// Where the carrier connects: may hold a token.
    pub url: Pii<Cow<'a, str>>,
    /// Which directions we get.
    pub track: Option<StreamTrack>,
    /// The codec toward us.
    pub codec: Option<StreamCodec>,
    /// How what we send is taken.
    pub mode: Option<StreamMode>,
    /// The codec of what we send.
    pub bidirectional_codec: Option<StreamCodec>,
    /// Samples per second of what we send: 8000, 16000, 22050, 24000 or 48000.
    pub sampling_rate: Option<u64>,
    /// Who hears what we send.
    pub target_legs: Option<TargetLegs>,
    /// Comes with the upgrade request, at most 4,000 characters.
    pub auth_token: Option<Secret<Cow<'a, str>>>,
    /// Come back in the stream's `start`.
    pub custom_parameters: Vec<Parameter<'a>>,
}

/// Ringing somebody to connect a leg with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transfer<'a> {
    /// The number, or SIP address, to ring.
    pub to: Pii<Cow<'a, str>>,
    /// The number shown; the one that was dialed if absent.
    pub from: Option<Pii<Cow<'a, str>>>,
    /// The name shown.
    pub from_display_name: Option<Pii<Cow<'a, str>>>,
    /// For how many seconds it may ring: 5 to 600, 30 if absent.
    pub timeout_seconds: Option<u64>,
    /// How many seconds the call may last then.
    pub time_limit_seconds: Option<u64>,
    /// The new leg's client state, base64.
    pub target_leg_client_state: Option<Pii<Cow<'a, str>>>,
    /// Whether the leg comes back to us when the other one hangs up.
    pub park_after_unbridge: Option<bool>,
}

/// Saying something in the carrier's own voice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Speak<'a> {
    /// What: at most [`SPEAK_CHARS_MAX`] characters.
    pub text: Cow<'a, str>,
    /// Which voice: `male`, `female`, or `Provider.Model.Voice`.
    pub voice: Cow<'a, str>,
    /// Which language, such as `en-US`: `male` and `female` need it.
    pub language: Option<Cow<'a, str>>,
}

/// The longest text the carrier speaks in one command (its API reference, "Speak text").
pub const SPEAK_CHARS_MAX: usize = 3_000;

/// Recording at the carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordStart {
    /// Both voices in one track or in two.
    pub channels: RecordChannels,
    /// The file's format.
    pub format: RecordFormat,
    /// Longest duration in seconds, 0 for no limit.
    pub length_seconds_max: Option<u64>,
    /// Whether both hear a beep.
    pub play_beep: Option<bool>,
}

words! {
    /// What a refused caller is told.
    RejectCause {
        /// Refused: SIP 603.
        CallRejected = "CALL_REJECTED",
        /// Busy: SIP 486.
        UserBusy = "USER_BUSY",
        /// No such number: SIP 404.
        NotFound = "NOT_FOUND",
        /// Not now: SIP 480.
        TemporarilyUnavailable = "TEMPORARILY_UNAVAILABLE",
    }
}

words! {
    /// Which directions of a leg are streamed.
    StreamTrack {
        /// What the far side says.
        Inbound = "inbound_track",
        /// What it hears.
        Outbound = "outbound_track",
        /// Both: a recognizer must look at each piece's track.
        Both = "both_tracks",
    }
}

words! {
    /// A codec of a stream. The carrier minds the case.
    StreamCodec {
        /// G.711 µ-law.
        Pcmu = "PCMU",
        /// G.711 A-law.
        Pcma = "PCMA",
        /// G.722.
        G722 = "G722",
        /// Opus.
        Opus = "OPUS",
        /// AMR-WB.
        AmrWb = "AMR-WB",
        /// Linear 16 bit.
        L16 = "L16",
        /// Whatever the leg has.
        Default = "default",
    }
}

words! {
    /// How what we send is taken.
    StreamMode {
        /// Whole MP3 files, one a second: not for conversation.
        Mp3 = "mp3",
        /// Pieces of the codec's bytes.
        Rtp = "rtp",
    }
}

words! {
    /// Who hears what we send.
    TargetLegs {
        /// The far side of the streamed leg.
        Own = "self",
        /// The leg it is connected with.
        Opposite = "opposite",
        /// Both.
        Both = "both",
    }
}

words! {
    /// Tracks of a recording.
    RecordChannels {
        /// Both voices in one.
        Single = "single",
        /// One each.
        Dual = "dual",
    }
}

words! {
    /// A recording's file format.
    RecordFormat {
        /// WAV.
        Wav = "wav",
        /// MP3.
        Mp3 = "mp3",
    }
}

words! {
    /// Whether to find out what answers.
    MachineDetectionMode {
        /// Not.
        Disabled = "disabled",
        /// Person or machine.
        Detect = "detect",
        /// And the end of the greeting.
        GreetingEnd = "greeting_end",
        /// And the beep.
        DetectBeep = "detect_beep",
        /// By words.
        DetectWords = "detect_words",
        /// The better model.
        Premium = "premium",
    }
}

impl StreamCodec {
    /// The stream's codec for `encoding`; none if the carrier has none of this name.
    pub fn of_encoding(encoding: Encoding) -> Option<Self> {
        Self::of(encoding.name())
    }
}

//! Events as values.

use std::borrow::Cow;

use types::{DtmfDigit, Pii};

use crate::telnyx::WallMicros;
use crate::telnyx::word::words;

/// What happened to a leg.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<'a> {
    /// `call.initiated`: somebody rings us, or a leg of ours is being set up. Look at
    /// [`Initiated::direction`] before answering.
    Initiated(Initiated<'a>),
    /// `call.answered`.
    Answered(Answered<'a>),
    /// `call.bridged`: one per leg.
    Bridged,
    /// `call.hangup`: the leg is over.
    Hangup(Hangup<'a>),
    /// `streaming.started`.
    StreamingStarted {
        /// Where it streams to: may hold a token.
        stream_url: Option<Pii<Cow<'a, str>>>,
    },
    /// `streaming.stopped`.
    StreamingStopped {
        /// Where it streamed to: may hold a token.
        stream_url: Option<Pii<Cow<'a, str>>>,
    },
    /// `streaming.failed`: the carrier could not connect, or lost the socket.
    StreamingFailed(StreamFailure<'a>),
    /// `call.dtmf.received`. Also arrives on the socket, if one is open.
    Dtmf {
        /// Which key; absent if it is on no telephone.
        digit: Option<DtmfDigit>,
    },
    /// `call.speak.started`.
    SpeakStarted,
    /// `call.speak.ended`.
    SpeakEnded {
        /// How; absent if the word is new to us.
        status: Option<SpeakStatus>,
    },
    /// `call.hold`.
    Held,
    /// `call.unhold`.
    Unheld,
    /// `call.refer.*`: a transfer by SIP REFER.
    Refer {
        /// How far it came.
        stage: ReferStage,
        /// The SIP answer reported back, if there is one yet.
        sip_notify_response: Option<u64>,
    },
    /// `call.recording.saved`.
    RecordingSaved(RecordingSaved<'a>),
    /// `call.recording.error`.
    RecordingError {
        /// In words.
        reason: Option<Cow<'a, str>>,
    },
    /// `call.cost`.
    Cost(Cost<'a>),
    /// `call.machine.*`: whether a person or a machine answered a leg of ours.
    Machine(MachineDetection<'a>),
    /// An event this version does not act on.
    Other {
        /// Its name, as sent.
        event_type: Cow<'a, str>,
    },
}

impl Event<'_> {
    /// The event's name as the carrier writes it, with dots.
    pub fn name(&self) -> &str {
        match self {
            Self::Initiated(_) => "call.initiated",
            Self::Answered(_) => "call.answered",
            Self::Bridged => "call.bridged",
            Self::Hangup(_) => "call.hangup",
            Self::StreamingStarted { .. } => "streaming.started",
            Self::StreamingStopped { .. } => "streaming.stopped",
            Self::StreamingFailed(_) => "streaming.failed",
            Self::Dtmf { .. } => "call.dtmf.received",
            Self::SpeakStarted => "call.speak.started",
            Self::SpeakEnded { .. } => "call.speak.ended",
            Self::Held => "call.hold",
            Self::Unheld => "call.unhold",
            Self::Refer { stage, .. } => stage.name(),
            Self::RecordingSaved(_) => "call.recording.saved",
            Self::RecordingError { .. } => "call.recording.error",
            Self::Cost(_) => "call.cost",
            Self::Machine(machine) => machine.stage.name(),
            Self::Other { event_type } => event_type,
        }
    }
}

/// A leg comes into being.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Initiated<'a> {
    /// Who set it up. Absent or unknown: do not answer.
    pub direction: Option<Direction>,
    /// What it does now.
    pub state: Option<LegState>,
    /// When it began.
    pub start_time: Option<WallMicros>,
    /// The name shown.
    pub caller_id_name: Option<Pii<Cow<'a, str>>>,
    /// Labels of the dialed number.
    pub tags: Vec<Cow<'a, str>>,
    /// The codecs our application allows, by comma.
    pub connection_codecs: Option<Cow<'a, str>>,
    /// The codecs the far side offers, by comma.
    pub offered_codecs: Option<Cow<'a, str>>,
    /// How sure the far side's carrier is of the number shown: A, B or C.
    pub shaken_stir_attestation: Option<Cow<'a, str>>,
    /// Whether that was checked.
    pub shaken_stir_validated: Option<bool>,
    /// The carrier's own screening of the caller.
    pub call_screening_result: Option<Cow<'a, str>>,
    /// `User-to-User` and `Diversion`.
    pub sip_headers: Vec<Header<'a>>,
    /// Headers beginning with `X-`.
    pub custom_headers: Vec<Header<'a>>,
}

/// A SIP header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// Its value: may hold numbers.
    pub value: Pii<Cow<'a, str>>,
}

/// A leg was answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answered<'a> {
    /// When the leg began.
    pub start_time: Option<WallMicros>,
    /// Labels of the dialed number.
    pub tags: Vec<Cow<'a, str>>,
    /// What the leg carries at the carrier, as the carrier hints.
    pub codec: Option<Cow<'a, str>>,
    /// At how many samples per second.
    pub sampling_rate: Option<u64>,
}

/// A leg is over.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hangup<'a> {
    /// Why; absent if the word is new to us.
    pub cause: Option<HangupCause>,
    /// Who hung up.
    pub source: Option<HangupSource>,
    /// The SIP code as text, or `unspecified`.
    pub sip_cause: Option<Cow<'a, str>>,
    /// When the leg began.
    pub start_time: Option<WallMicros>,
    /// When it ended.
    pub end_time: Option<WallMicros>,
    /// How well the audio travelled.
    pub quality: Option<CallQuality>,
}

/// How well the audio of a leg travelled. Counts are packets.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CallQuality {
    /// Mean opinion score of what came in, 1 to 5.
    pub inbound_mos: Option<f32>,
    /// Largest variance of the jitter of what came in.
    pub inbound_jitter_max_variance: Option<f32>,
    /// Packets that came in.
    pub inbound_packets: Option<u64>,
    /// Packets that did not.
    pub inbound_skipped: Option<u64>,
    /// Packets that went out.
    pub outbound_packets: Option<u64>,
    /// Packets that did not.
    pub outbound_skipped: Option<u64>,
}

/// A stream did not come about, or broke.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamFailure<'a> {
    /// In words.
    pub reason: Option<Cow<'a, str>>,
    /// The carrier's name of the stream.
    pub stream_id: Option<Cow<'a, str>>,
    /// Where it was to go: may hold a token.
    pub stream_url: Option<Pii<Cow<'a, str>>>,
}

/// A recording is ready.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordingSaved<'a> {
    /// When it began.
    pub started_at: Option<WallMicros>,
    /// When it ended.
    pub ended_at: Option<WallMicros>,
    /// `single` or `dual`.
    pub channels: Option<Cow<'a, str>>,
    /// Where it can be had as MP3, for ten minutes: whoever has the address has the recording.
    pub mp3: Option<Pii<Cow<'a, str>>>,
    /// The same as WAV.
    pub wav: Option<Pii<Cow<'a, str>>>,
}

/// What a leg cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cost<'a> {
    /// `success` or `error`.
    pub status: Option<Cow<'a, str>>,
    /// The sum, a decimal number as text: money is no float.
    pub total: Option<Cow<'a, str>>,
    /// In what currency, as its first part says.
    pub currency: Option<Cow<'a, str>>,
    /// For how many seconds.
    pub billed_seconds: Option<u64>,
}

/// Whether a person or a machine answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineDetection<'a> {
    /// Which question this answers.
    pub stage: MachineStage,
    /// The answer; absent if the word is new to us: treat as not sure.
    pub result: Option<MachineResult>,
    /// The answer as sent.
    pub word: Option<Cow<'a, str>>,
}

words! {
    /// Who set up a leg.
    Direction {
        /// Somebody rings us.
        Incoming = "incoming" | "inbound",
        /// We ring somebody.
        Outgoing = "outgoing" | "outbound",
    }
}

words! {
    /// What a leg does.
    LegState {
        /// It rings and waits for our command.
        Parked = "parked",
        /// It is being set up.
        Bridging = "bridging",
        /// It was answered.
        Answered = "answered",
        /// It is over.
        Hangup = "hangup",
    }
}

words! {
    /// Why a leg ended.
    HangupCause {
        /// Somebody hung up, as people do.
        NormalClearing = "normal_clearing",
        /// The callee, or we, refused.
        CallRejected = "call_rejected",
        /// The caller gave up before the answer.
        OriginatorCancel = "originator_cancel",
        /// Nobody answered in time.
        Timeout = "timeout",
        /// The longest duration was reached.
        TimeLimit = "time_limit",
        /// The callee was busy.
        UserBusy = "user_busy",
        /// There is no such number.
        NotFound = "not_found",
        /// Nobody answered.
        NoAnswer = "no_answer",
        /// The carrier does not say.
        Unspecified = "unspecified",
    }
}

words! {
    /// Who hung up.
    HangupSource {
        /// Who rang.
        Caller = "caller",
        /// Who was rung.
        Callee = "callee",
        /// The carrier does not say.
        Unknown = "unknown",
    }
}

words! {
    /// How the carrier's own words ended.
    SpeakStatus {
        /// They were said.
        Completed = "completed",
        /// The leg was over first.
        CallHangup = "call_hangup",
        /// An answering machine was found.
        CancelledAmd = "cancelled_amd",
    }
}

words! {
    /// How far a transfer by REFER came; written as the event's name.
    ReferStage {
        /// The far side was asked.
        Started = "call.refer.started",
        /// It took the call over.
        Completed = "call.refer.completed",
        /// It did not.
        Failed = "call.refer.failed",
    }
}

words! {
    /// Which question about an answering machine; written as the event's name.
    MachineStage {
        /// Person or machine.
        Detection = "call.machine.detection.ended",
        /// Whether its greeting is over.
        Greeting = "call.machine.greeting.ended",
        /// Person or machine, premium.
        PremiumDetection = "call.machine.premium.detection.ended",
        /// Whether its greeting is over, premium.
        PremiumGreeting = "call.machine.premium.greeting.ended",
        /// A telephone that asks callers for their name.
        PremiumScreening = "call.machine.premium.call_screening.detected",
    }
}

words! {
    /// What answered, or what its greeting did.
    MachineResult {
        /// A person.
        Human = "human",
        /// A person at home.
        HumanResidence = "human_residence",
        /// A person at work.
        HumanBusiness = "human_business",
        /// A machine.
        Machine = "machine",
        /// Nothing was heard.
        Silence = "silence",
        /// A fax machine.
        Fax = "fax_detected",
        /// Cannot tell: treat as a person.
        NotSure = "not_sure",
        /// The beep came.
        BeepDetected = "beep_detected",
        /// The greeting ended without a beep.
        NoBeepDetected = "no_beep_detected",
        /// The greeting ended.
        Ended = "ended",
        /// The prompt ended.
        PromptEnded = "prompt_ended",
        /// A screening assistant asks who rings.
        Screening = "screening",
    }
}

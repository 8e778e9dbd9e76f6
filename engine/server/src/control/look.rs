//! What a live call shows of itself to an operator.

use call::Counts;
use serde::{Deserialize, Serialize};
use types::{
    AgentId, BusinessId, CallId, ConfigVersion, Heard, Millis, Pii, Stages, TurnId, TurnRecord,
    VendorShare, WallTime,
};

/// The version of everything below `/v1`; grows when a reader must know.
pub const CONTROL_FORMAT: u32 = 1;

/// The calls that are up.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CallList {
    /// [`CONTROL_FORMAT`].
    pub format: u32,
    /// How many calls are up; more than are listed if there are very many.
    pub live: usize,
    /// The calls, oldest first.
    pub calls: Vec<CallLine>,
}

/// One call in a list.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CallLine {
    /// Which call.
    pub call: CallId,
    /// Whose.
    pub business: BusinessId,
    /// The caller's number, its middle hidden; absent if withheld or not known yet.
    pub from: Option<String>,
    /// How long it has lasted; absent if the call did not answer in time.
    #[serde(rename = "duration_ms")]
    pub duration: Option<Millis>,
    /// What is going on, in a word or two.
    pub state: String,
    /// The words said last.
    pub last: Option<Words>,
}

/// Words of one party.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// Who said them.
    pub who: Party,
    /// They.
    pub text: Pii<String>,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// Who called.
    Caller,
    /// Who answered.
    Agent,
}

/// Everything a live call shows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CallView {
    /// [`CONTROL_FORMAT`].
    pub format: u32,
    /// Its line in the list.
    #[serde(flatten)]
    pub line: CallLine,
    /// Who answers.
    pub agent: AgentId,
    /// Under which published configuration; it keeps that to its end.
    pub version: ConfigVersion,
    /// When the leg was accepted.
    #[serde(rename = "began_unix_ms")]
    pub began: WallTime,
    /// How the carrier opened it.
    pub opening: OpeningView,
    /// What the caller is saying at this moment, as far as it is recognized.
    pub hearing: Option<Pii<String>>,
    /// The exchanges so far.
    pub turns: Vec<TurnView>,
    /// What happened how often.
    pub counts: CountsView,
    /// What each vendor that bills has been used for.
    #[serde(default)]
    pub vendors: Vec<VendorShare>,
}

/// How a call was opened.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OpeningView {
    /// The dialed number.
    pub to: String,
    /// The carrier's name of the leg.
    pub carrier_call: String,
    /// What the leg carries.
    pub format: String,
}

/// One exchange.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TurnView {
    /// Which.
    pub turn: TurnId,
    /// The caller's words.
    pub caller: Pii<String>,
    /// The reply as it was thought.
    pub reply: Pii<String>,
    /// The part of it that was heard.
    pub heard: Pii<String>,
    /// Whether it was cut.
    pub cut: Option<Heard>,
    /// The end of the caller's speech to the first sound of the reply.
    #[serde(rename = "response_ms")]
    pub response: Option<Millis>,
    /// When each stage was done.
    pub stages: Stages,
}

/// What happened how often.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct CountsView {
    /// Barge-ins that stopped the agent.
    pub barge_ins: u32,
    /// Barge-ins that turned out to be none.
    pub barge_ins_rejected: u32,
    /// Turns without words.
    pub empty_turns: u32,
    /// Failures of vendors that were noticed.
    pub vendor_failures: u32,
    /// Characters handed to the voice.
    pub voiced_characters: u64,
    /// Messages of the carrier with audio.
    pub media_received: u64,
    /// Those that never came in time.
    pub media_filled: u64,
    /// Those that could not be decoded.
    pub media_undecodable: u64,
}

impl TurnView {
    /// What is shown of `record`.
    pub fn of(record: &TurnRecord) -> Self {
        Self {
            turn: record.turn,
            caller: record.caller.clone(),
            reply: record.reply.clone(),
            heard: record.heard.clone(),
            cut: record.cut,
            response: record.stages.response(),
            stages: record.stages,
        }
    }
}

impl CountsView {
    pub(crate) fn of(counts: Counts, media: media::InboundCounters) -> Self {
        Self {
            barge_ins: counts.barge_ins,
            barge_ins_rejected: counts.barge_ins_rejected,
            empty_turns: counts.empty_turns,
            vendor_failures: counts.vendor_failures,
            voiced_characters: counts.voiced_characters,
            media_received: media.received,
            media_filled: media.gaps_filled,
            media_undecodable: media.undecodable,
        }
    }
}

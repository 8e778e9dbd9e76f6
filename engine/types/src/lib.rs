//! The words every room of the house shares, as checked plain data.
//!
//! Nothing here acts: no sockets, no clocks, no files. A value of a type from here has already
//! been checked; who holds one need not check again.

mod agent;
mod audio;
mod dialogue;
mod e164;
pub mod english;
mod facts;
mod id;
mod leg;
mod money;
mod pii;
mod record;
mod time;
mod tool;
mod usage;

pub use agent::{
    AgentConfig, BargeIn, ChosenVendor, Intake, KeyRules, Limits, Overflow, Persona, Recording,
    Tone, Turns, VendorChoice,
};
pub use audio::{Audio, AudioFormat, Encoding, PTIME, SampleRate};
pub use dialogue::{
    Because, BrainNote, CitedText, Dialogue, DialogueEntry, Effect, Expect, Heard, Message, Urgency,
};
pub use e164::{E164, E164Error};
pub use facts::{
    Contact, Escalation, FactId, FactIdError, Facts, Faq, Hours, HoursException, OpenSpan, Policy,
    Price, Service, Staff, TimeOfDay,
};
pub use id::{
    AgentId, BusinessId, CallId, CallIdError, ConfigVersion, GenerationId, SLUG_BYTES_MAX,
    SegmentId, Slug, SlugError, TurnId, UtteranceId, VendorName,
};
pub use leg::{DtmfDigit, LegAbilities, LegControl, LegOrder, Unavailable};
pub use money::{AmountError, Currency, Money};
pub use pii::{Pii, Secret};
pub use record::{CALL_RECORD_FORMAT, CallRecord, EndReason, Parties, Stages, TurnRecord, Usage};
pub use time::{CallTime, Millis, WallTime};
pub use tool::{ToolMethod, ToolOnCancel, ToolRepeat, ToolSpec};
pub use usage::{Count, VendorDuty, VendorShare, VendorUsage};

//! The carrier's far side: a simulated caller over the carrier's media-stream protocol.
//!
//! [`CarrierLeg`] is the machine: clock-free, socket-free; messages and time go in, messages and
//! observations come out. After each `handle_*` drain [`CarrierLeg::poll_message`] and
//! [`CarrierLeg::poll_observation`], then sleep until [`CarrierLeg::poll_timeout`]. [`run`] is the
//! thin driver that does so over a WebSocket in real time. Everything is measured where the caller
//! hears it: at the play-out of a modelled carrier, not at the socket.
//!
//! ```text
//! Script -> CarrierLeg --media, dtmf, mark echoes, stop--> engine
//!               ^ Ear <- PlayoutModel <--media, mark, clear-- engine
//!               `-> CallReport: response times, gaps, barge-in, both tracks, own lateness
//! ```
//!
//! The caller's timeline starts at zero when the leg opens. A sample is *spoken* at its place on
//! that line; the packet that holds it leaves when its last sample has been spoken.

pub mod audio;
pub mod carrier;
pub mod fuzz;
pub mod playout;
pub mod timeline;

mod ear;
mod error;
mod impairment;
mod lateness;
mod leg;
mod line;
mod measure;
mod options;
mod outbox;
mod performer;
mod plan;
mod report;
mod run;
mod script;
mod wav;

pub use audio::AudioError;
pub use ear::{AUDIBLE_AMPLITUDE, Ear, SPAN_SPLIT};
pub use error::CallerError;
pub use impairment::Impairments;
pub use lateness::{LATE_P99_MAX, Lateness, LatenessLog, VERY_LATE, VERY_LATE_SHARE, Verdict};
pub use leg::CarrierLeg;
pub use options::{CallOptions, OptionsError};
pub use outbox::Outgoing;
pub use plan::{CallPlan, Token};
pub use playout::{PlayoutConfig, PlayoutModel};
pub use report::{
    BargeIn, CallReport, ClearMeasure, ClosedBy, Counters, EchoCause, Gap, GapPlace,
    GreetingMeasure, MarkMeasure, Observation, TurnMeasure,
};
pub use run::{drive, run};
pub use script::{Ending, Gate, Question, Script, Step, Wait};
pub use wav::{WavError, write_stereo_wav};

//! One leg's audio, clock-free: ordered frames in, a playout buffer with its ledger out.
//!
//! [`Inbound`] turns what arrives, in whatever order, into a gapless timeline of 20 ms frames.
//! [`Playout`] turns what is to be said into messages that are due, keeps account of what the
//! caller has heard of it, and can take back what has not been heard yet. [`Starvation`] says how
//! far a leg has come on which nothing arrives, [`KeyFilter`] which keys have been told twice,
//! [`EchoGuard`] whether what arrives is what was sent.
//!
//! Neither opens a socket, reads a clock or knows what is being said. Time comes in as an
//! argument and never runs backwards; the loop of both is: change something, then drain every
//! `poll_*` until it gives nothing, then wait for the next message or for `poll_timeout`.

pub mod echo;
pub mod inbound;
pub mod keys;
pub mod playout;
pub mod sound;
pub mod starvation;

mod fuzz;

pub use echo::{EchoGuard, EchoNews, EchoPath, EchoSeen};
pub use fuzz::{fuzz_inbound, fuzz_playout};
pub use inbound::{FrameInfo, Inbound, InboundCounters, LateAudio, MediaFault, Origin};
pub use keys::{KeyFilter, KeySource};
pub use playout::{
    Cleared, HeardFrame, Ledger, MarkEvent, MarkName, MarkNameError, Outgoing, Playout,
    PlayoutCounters, PlayoutEvent, PlayoutSettings, PlayoutState, QueueError, SegmentHeard, Tap,
};
pub use sound::SoundSpans;
pub use starvation::{Starvation, StarvationSettings, Starved};

//! One conversation, clock-free: events in, actions out.
//!
//! The loop that drives a [`Call`] has one rule, *mutate, then drain*:
//!
//! 1. wait for the next event, or for the time [`Call::poll_timeout`] names, whichever is first;
//! 2. hand it over: [`Call::handle_event`] or [`Call::handle_timeout`], with the present time;
//! 3. take every action out with [`Call::poll_action`] and carry it out, in order;
//! 4. after [`Action::Finish`] collect [`Call::summary`] and stop; otherwise back to 1.
//!
//! A [`LogWriter`] beside the loop writes down what went in and came out; [`replay`] runs the same
//! call again from that log alone. The log holds the words of both parties, names, numbers and
//! keys: it is the private record of one call and is to be kept as such.
//!
//! How the state is split: `Phase` is the life of the call, the *ear* is what the caller
//! is saying, the *reply* is what the agent is saying. Both talk at once in real conversations, so
//! both sides have a state of their own.
//!
//! Not here: sockets, clocks, threads, audio, vendors' names. Time comes in with every event.

mod action;
mod arbitration;
mod barge_in;
mod call;
mod closing;
mod decision;
mod dtmf;
mod ear;
mod echo;
mod endpoint;
mod event;
mod failure;
mod fuzz;
mod heard;
mod lines;
mod log;
mod outage;
mod phase;
mod playout;
mod readings;
mod rebuild;
mod remark;
mod replay;
mod reply;
mod segment;
mod summary;
mod thinking;
mod timers;
mod turn;
mod words;

pub use action::Action;
pub use arbitration::{Confirmed, Manner, Rejected};
pub use call::{Call, CallConfig};
pub use decision::{
    BargeInSeen, CallerVoice, Decision, Emptied, EndpointSeen, Failure, Late, NoInputSeen,
};
pub use echo::{Decibels, EchoHeard};
pub use endpoint::{Certainty, EndpointInputs, Permille, Rule, endpoint_delay};
pub use event::{EndManner, Event, LegEnd, SegmentHeard};
pub use fuzz::{fuzz_events, fuzz_log};
pub use heard::timed_words;
pub use lines::Lines;
pub use log::{LOG_FORMAT, LogEntry, LogError, LogHeader, LogLine, LogReader, LogWriter};
pub use outage::ResumeLimits;
pub use rebuild::{Rebuilt, rebuild};
pub use remark::Remark;
pub use replay::{Outcome, ReplayOptions, ReplayReport, replay};
pub use summary::{CallSummary, Counts};
pub use timers::Timer;
pub use words::Words;

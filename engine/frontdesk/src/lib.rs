//! The built-in brain: a business's [`Facts`](types::Facts), the dialogue and the moment give a
//! grounded reply.
//!
//! Deterministic and pure: no network, no clock, no randomness, no I/O. [`reply`] is the core,
//! [`Frontdesk`] puts it behind the vendor trait. It says only what stands in the table, names the
//! row behind every figure ([`CitedText::cites`](types::CitedText)), asks back when two rows are
//! equally likely, and says plainly what it does not know.
//!
//! ```text
//! dialogue ── reading ── words ──── cues, days, rows ──── asks ──── turn ──── sentences,
//!             memory     repair     pattern, calendar,    questions  hours,    effects,
//!                        sound      matching, subjects    evidence   services  note
//! ```
//!
//! What it wants to remember travels in the [`BrainNote`](types::BrainNote) of its own replies, so
//! a reply that nobody heard leaves nothing behind.

mod alignment;
mod answering;
mod answers;
mod arbitration;
mod brain;
mod calendar;
mod contact;
mod correction;
mod cues;
mod described;
mod desk;
mod dictation;
mod doubt;
mod everyday;
mod evidence;
mod fuzz;
mod holidays;
mod hours;
mod intent;
mod kinds;
mod lexicon;
mod matching;
mod meaning;
mod meanings;
mod memory;
mod message;
mod numbers;
mod pattern;
mod pending;
mod phrase;
mod questions;
mod relative;
mod relay;
mod relevance;
mod repair;
mod reply;
mod services;
mod sound;
mod subjects;
mod talk;
mod turn;
mod words;

pub use brain::{Frontdesk, Insight, Then};
pub use fuzz::fuzz_reply;
pub use meaning::{General, Meanings};
pub use reply::{Chosen, Context, Intent, Reply, Sight, reply, reply_by_meaning, unanswered};

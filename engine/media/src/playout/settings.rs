//! How a playout paces itself.

use types::Millis;

/// How a playout paces itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlayoutSettings {
    /// How far ahead of the ear audio is sent: what a late tick may cost, and what is still heard
    /// after a hold.
    pub lead: Millis,
    /// How much the carrier has at most, by the model, when ticks were late.
    pub lead_max: Millis,
    /// How much audio there has to be before a generation begins; less if its first segment is
    /// complete.
    pub start_after: Millis,
    /// How much audio there has to be before it goes on after it ran out.
    pub restart_after: Millis,
    /// How much audio there is between two marks at most.
    pub mark_every: Millis,
    /// Whether heard audio is kept for [`super::Playout::poll_heard`].
    pub tap: Tap,
}

impl PlayoutSettings {
    /// The values of conversation.md §7.6 and §7.7, without a tap.
    pub const STANDARD: Self = Self {
        lead: Millis::new(120),
        lead_max: Millis::new(200),
        start_after: Millis::new(60),
        restart_after: Millis::new(80),
        mark_every: Millis::new(500),
        tap: Tap::Off,
    };
}

const _: () =
    assert!(PlayoutSettings::STANDARD.lead.get() < PlayoutSettings::STANDARD.lead_max.get());

/// Whether audio is kept until it has been heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tap {
    /// No recording.
    Off,
    /// For a recording: drain [`super::Playout::poll_heard`] on every tick. At most 2 s wait.
    On,
}

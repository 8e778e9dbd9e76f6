//! What a file is checked against besides itself.

use types::{Intake, Limits, Turns, VendorName};

/// What an agent's file may leave out, and which vendors it may name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The engine's values for what a file leaves out.
    pub defaults: Defaults,
    /// The vendors this engine can reach.
    pub vendors: KnownVendors,
}

/// The engine's values for what an agent's file leaves out; they stand in its `config.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defaults {
    /// How turns are taken.
    pub turns: Turns,
    /// What bounds a call.
    pub limits: Limits,
    /// How calls are let in.
    pub intake: Intake,
}

/// The vendors a file may name, by what they do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownVendors {
    /// Who can turn speech into text.
    pub recognizer: Vec<KnownVendor>,
    /// Who can think of a reply.
    pub brain: Vec<KnownVendor>,
    /// Who can speak it.
    pub voice: Vec<KnownVendor>,
}

/// A vendor a file may name, and what may be said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownVendor {
    /// Who.
    pub name: VendorName,
    /// What an agent may choose there.
    pub takes: Vec<VendorKey>,
}

/// Something an agent may choose at a vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VendorKey {
    /// One of its models.
    Model,
    /// One of its voices.
    Voice,
    /// How long it may be silent.
    LateAfter,
}

impl VendorKey {
    /// What it is called in a file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Voice => "voice",
            Self::LateAfter => "late_after_ms",
        }
    }
}

impl From<VendorName> for KnownVendor {
    /// One at which nothing is chosen.
    fn from(name: VendorName) -> Self {
        Self { name, takes: Vec::new() }
    }
}

impl KnownVendors {
    /// The vendors that need no network and no key.
    pub fn local() -> Self {
        let named = |name: &str| {
            let name: VendorName = name.parse().expect("a constant slug");
            vec![KnownVendor::from(name)]
        };
        Self {
            recognizer: named(LOCAL_RECOGNIZER),
            brain: named(LOCAL_BRAIN),
            voice: named(LOCAL_VOICE),
        }
    }
}

/// The recognizer in this process. `local-…` are profiles of it, and as good a last resort.
pub const LOCAL_RECOGNIZER: &str = "local";
/// The brain in this process.
pub const LOCAL_BRAIN: &str = "frontdesk";
/// The voice in this process.
pub const LOCAL_VOICE: &str = "local";

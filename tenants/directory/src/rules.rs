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
    pub recognizer: Vec<VendorName>,
    /// Who can think of a reply.
    pub brain: Vec<VendorName>,
    /// Who can speak it.
    pub voice: Vec<VendorName>,
}

impl KnownVendors {
    /// The vendors that need no network and no key.
    pub fn local() -> Self {
        let named = |name: &str| vec![name.parse().expect("a constant slug")];
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

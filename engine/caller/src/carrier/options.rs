//! How a carrier is set up, and what a call to it looks like.

use std::net::SocketAddr;

use types::{E164, Millis, Secret};
use wire::telnyx::webhook::Envelope;

use crate::CallPlan;

use super::Faults;

/// How a carrier is set up. [`CarrierOptions::new`] fills in what a real one does.
#[derive(Clone, Debug)]
pub struct CarrierOptions {
    /// Where its API listens; port 0 for any.
    pub listen: SocketAddr,
    /// What commands must bring as bearer; anything goes if absent.
    pub api_key: Option<Secret<String>>,
    /// Makes the signing key.
    pub signing_seed: [u8; 32],
    /// The application that numbers belong to.
    pub connection_id: String,
    /// The numbers that belong to it, as far as its list tells: any number rings all the same.
    pub numbers: Vec<E164>,
    /// Where events go.
    pub webhook_url: String,
    /// Where they go when that has failed [`CarrierOptions::retries`] times and once.
    pub webhook_failover_url: Option<String>,
    /// How events are wrapped.
    pub envelope: Envelope,
    /// How long an engine may take to acknowledge: 2 s (telnyx.md §2.5).
    pub webhook_timeout: Millis,
    /// Time before each retry: two retries, so three attempts per address (telnyx.md §2.5).
    pub retries: Vec<Millis>,
    /// Where documents are asked for.
    pub texml_url: Option<String>,
    /// Where a TeXML call's end is told.
    pub texml_status_url: Option<String>,
    /// What happens to transfers.
    pub transfer: TransferOutcome,
    /// What a transfer does to the stream when it is connected.
    pub bridge: Bridge,
    /// Who answers what the engine dials: nobody if absent.
    pub callee: Option<CallPlan>,
    /// Legs up at the same time at most.
    pub legs_max: usize,
    /// Whether certificates of the engine are taken unchecked, as one signed by itself must be.
    pub trust: Trust,
    /// What goes wrong.
    pub faults: Faults,
}

/// Which certificates of the engine are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// Those the system trusts.
    #[default]
    System,
    /// All of them: only for an engine on this machine.
    Anything,
}

/// What happens to transfers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferOutcome {
    /// Somebody answers after `ring`, talks for `talk` and hangs up.
    Answered {
        /// How long it rings.
        ring: Millis,
        /// How long they talk.
        talk: Millis,
    },
    /// Nobody does: the caller stays with us.
    NoAnswer {
        /// How long it rings.
        ring: Millis,
    },
    /// Somebody is busy, or declines: the caller stays with us.
    Busy {
        /// How long it rings.
        ring: Millis,
    },
}

/// What becomes of a leg's stream when the leg is connected with another. The carrier does not say
/// (telnyx.md §6): an engine has to live with both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bridge {
    /// It goes on.
    #[default]
    KeepsStream,
    /// It is stopped, just before `call.bridged` is told.
    StopsStream,
}

/// How the carrier is told what to do with a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// By webhooks and commands.
    #[default]
    CallControl,
    /// By documents.
    Texml,
}

/// A call to the engine.
#[derive(Clone, Debug)]
pub struct RingPlan {
    /// Who rings whom, and what the caller does once somebody answers. Its codec is the leg's own;
    /// its address, token and name are not used, nor is its reply codec.
    pub call: CallPlan,
    /// How the carrier is told what to do.
    pub way: Way,
    /// How long the caller lets it ring.
    pub patience: Millis,
    /// Labels of the dialed number.
    pub tags: Vec<String>,
}

impl CarrierOptions {
    /// A faultless carrier that tells events to `webhook_url`, on a free port of this machine.
    pub fn new(webhook_url: impl Into<String>) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            api_key: Some(Secret::new(String::from("KEY-fake-carrier"))),
            signing_seed: [42; 32],
            connection_id: String::from("2811000000000000001"),
            numbers: Vec::new(),
            webhook_url: webhook_url.into(),
            webhook_failover_url: None,
            envelope: Envelope::V2,
            webhook_timeout: Millis::from_secs(2),
            retries: vec![Millis::from_secs(1), Millis::from_secs(4)],
            texml_url: None,
            texml_status_url: None,
            transfer: TransferOutcome::Answered {
                ring: Millis::from_secs(2),
                talk: Millis::from_secs(5),
            },
            bridge: Bridge::KeepsStream,
            callee: None,
            legs_max: 4_096,
            trust: Trust::System,
            faults: Faults::default(),
        }
    }
}

impl RingPlan {
    /// A call by webhooks and commands; the caller lets it ring for half a minute.
    pub fn new(call: CallPlan) -> Self {
        Self { call, way: Way::CallControl, patience: Millis::from_secs(30), tags: Vec::new() }
    }

    /// The same by documents.
    pub fn texml(call: CallPlan) -> Self {
        Self { way: Way::Texml, ..Self::new(call) }
    }
}

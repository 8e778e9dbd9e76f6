//! How a leg is named.

use std::borrow::Cow;

use types::Pii;
use wire::telnyx::webhook::LegNames;

use super::dice::{About, dice};

/// How a leg is named, and its client state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Names {
    pub(crate) call_control: String,
    pub(crate) call_leg: String,
    pub(crate) call_session: String,
    pub(crate) connection: String,
    pub(crate) client_state: Option<Pii<String>>,
}

impl Names {
    /// The names of leg number `leg`, in a session of its own.
    pub(crate) fn of(seed: u64, leg: u64, connection: &str) -> Self {
        let mut dice = dice(seed, About::Names, leg, 0);
        Self {
            call_control: format!("v3:{:016x}{:016x}", dice.next(), dice.next()),
            call_leg: uuid(dice.next(), dice.next()),
            call_session: uuid(dice.next(), dice.next()),
            connection: connection.to_owned(),
            client_state: None,
        }
    }

    /// As events and replies carry them.
    pub(crate) fn to_wire(&self) -> LegNames<'static> {
        let owned = |name: &String| Some(Cow::Owned(name.clone()));
        LegNames {
            call_control_id: owned(&self.call_control),
            call_leg_id: owned(&self.call_leg),
            call_session_id: owned(&self.call_session),
            connection_id: owned(&self.connection),
            client_state: self
                .client_state
                .as_ref()
                .map(|state| Pii::new(Cow::Owned(state.reveal().clone()))),
        }
    }
}

/// Looks like a random UUID (RFC 9562 §5.4).
pub(crate) fn uuid(high: u64, low: u64) -> String {
    let (a, b, c) = (high >> 32, high >> 16 & 0xffff, high & 0x0fff);
    let (d, e) = (low >> 48 & 0x3fff | 0x8000, low & 0xffff_ffff_ffff);
    format!("{a:08x}-{b:04x}-4{c:03x}-{d:04x}-{e:012x}")
}

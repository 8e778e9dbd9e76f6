//! The legs a desk follows, and those it remembers to be gone.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use tokio::time::Instant;
use types::{CallId, CallTime, Secret, WallTime};

use super::super::carrier::{LegName, LegParties};
use super::super::handle::{LegHandle, SeatSlot};
use super::super::leg::{LegLife, Way};

/// Ended legs remembered, so that a late `call.initiated` does not answer the dead.
const GONE_MAX: usize = 16_384;

/// One leg, and all that is ours about it.
pub(super) struct Leg {
    pub(super) life: LegLife,
    pub(super) begun: Instant,
    pub(super) way: Way,
    pub(super) call: CallId,
    pub(super) epoch: u64,
    pub(super) handle: LegHandle,
    pub(super) parties: Option<LegParties>,
    pub(super) seat: Arc<SeatSlot>,
    /// When it was answered, for the record of a call that never began.
    pub(super) answered_at: Option<WallTime>,
    pub(super) token: Option<Secret<String>>,
    /// Streams ordered, by us and by its call.
    pub(super) streams: u32,
    pub(super) wishes: u32,
    pub(super) deadline: Option<Instant>,
}

impl Leg {
    pub(super) fn now(&self) -> CallTime {
        CallTime::from_micros(self.begun.elapsed().as_micros() as u64)
    }
}

/// Ended legs, the oldest forgotten first.
#[derive(Default)]
pub(super) struct Gone {
    names: HashSet<LegName>,
    order: VecDeque<LegName>,
}

impl Gone {
    pub(super) fn insert(&mut self, leg: LegName) {
        if GONE_MAX <= self.order.len()
            && let Some(oldest) = self.order.pop_front()
        {
            self.names.remove(&oldest);
        }
        if self.names.insert(leg.clone()) {
            self.order.push_back(leg);
        }
    }

    pub(super) fn contains(&self, leg: &LegName) -> bool {
        self.names.contains(leg)
    }
}

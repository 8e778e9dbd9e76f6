//! The carrier's list of live legs, held against ours.

use std::collections::HashSet;
use std::time::Duration;

use super::super::carrier::{ActiveCall, CommandId, LegMark, LegName, LegRole};
use super::super::handle::Work;
use super::super::leg::{LegEvent, Way};
use super::Desk;

/// Legs that one look hangs up at most: a list that is wrong must not end everything at once.
const SWEPT_MAX: usize = 50;

/// A leg this young may be missing from the carrier's list without being gone.
const LISTED_AFTER: Duration = Duration::from_secs(5);

impl Desk {
    /// Has the carrier list the legs it has, beside the desk.
    pub(super) fn ask_active(&self) {
        if self.config.connections.is_empty() {
            return;
        }
        let (carrier, work) = (self.carrier.clone(), self.work.clone());
        tokio::spawn(async move {
            let active = carrier.active_calls().await;
            if let Err(error) = &active {
                tracing::warn!(%error, "the carrier's live legs cannot be listed");
            }
            // A desk that is gone needs to know nothing.
            let _ = work.send(Work::Active(active.ok())).await;
        });
    }

    /// Compares the carrier's live legs with ours, twice before anything is done: what is on its way
    /// looks like what is lost.
    pub(super) fn on_active(&mut self, active: &[ActiveCall]) {
        self.sweeps = self.sweeps.wrapping_add(1);
        let unowned = active.iter().filter(|active| match &active.mark {
            LegMark::None => !self.legs.contains_key(&active.leg),
            LegMark::Ours(state) => {
                state.node == self.config.node
                    && state.role == LegRole::Call
                    && !self.legs.contains_key(&active.leg)
            }
            LegMark::Foreign => false,
        });
        let unowned: HashSet<LegName> = unowned.map(|active| active.leg.clone()).collect();
        let lost: Vec<LegName> =
            unowned.intersection(&self.suspects).take(SWEPT_MAX).cloned().collect();
        for leg in lost {
            self.node.telemetry.legs_swept.increment(1);
            tracing::warn!("a leg nobody owns is hung up");
            let (carrier, epoch, n) = (self.carrier.clone(), self.epoch, self.sweeps);
            tokio::spawn(async move {
                // What could not be hung up is found again at the next look.
                let _ = carrier.hang_up(&leg, CommandId { epoch, n }).await;
            });
        }
        self.suspects = unowned;
        let listed: HashSet<&LegName> = active.iter().map(|active| &active.leg).collect();
        let missing = self.legs.iter().filter(|(name, leg)| {
            leg.way != Way::Document && LISTED_AFTER < leg.begun.elapsed() && !listed.contains(name)
        });
        let missing: HashSet<LegName> = missing.map(|(name, _)| name.clone()).collect();
        let ended: Vec<LegName> = missing.intersection(&self.missing).cloned().collect();
        self.missing = missing;
        for name in ended {
            // Its `call.hangup` was lost.
            self.tell(&name, LegEvent::HungUp);
        }
    }
}

//! How legs come to the desk: rung, asked for by a document, or left by an earlier process.

use std::sync::Arc;

use tokio::time::Instant;
use types::{CallId, CallTime};

use super::super::carrier::{LegName, LegParties, RejectCause};
use super::super::handle::{LegHandle, Seat, SeatSlot, Taken};
use super::super::leg::{LegLife, Way, Why};
use super::super::news::Ring;
use super::super::record;
use super::Desk;
use super::book::Leg;
use crate::admission::{Refusal, new_call_id};
use crate::config::Streaming;

/// Legs followed at once beyond the calls a node carries: those that are being refused or ended.
const LEGS_SPARE: usize = 4_096;

/// Whom a leg is for.
enum Decision {
    Take(Box<Seat>),
    Refuse(RejectCause),
}

impl Desk {
    fn is_known(&self, leg: &LegName) -> bool {
        self.legs.contains_key(leg) || self.gone.contains(leg)
    }

    pub(super) fn on_rings(&mut self, ring: &Ring) {
        if self.is_known(&ring.leg) {
            return;
        }
        let settings = self.config.leg;
        match self.decide(ring) {
            Decision::Take(seat) => {
                let way = self.way();
                let life = LegLife::take(CallTime::ZERO, way, settings);
                self.insert(ring, (way, life), (new_call_id(), Some(*seat)));
            }
            Decision::Refuse(cause) => {
                let life = LegLife::refuse(CallTime::ZERO, cause, settings);
                self.insert(ring, (Way::Ordered, life), (new_call_id(), None));
            }
        }
        self.settle(&ring.leg);
    }

    /// A document is asked for: the carrier answers the leg itself.
    pub(super) fn on_document(&mut self, ring: &Ring) -> Taken {
        if self.gone.contains(&ring.leg) {
            return Taken::Over;
        }
        if let Some(leg) = self.legs.get(&ring.leg) {
            // Our first document got lost: the same again, with a token that still opens.
            let (way, call) = (leg.way, leg.call);
            let order = if way == Way::Document { self.stream_order(&ring.leg) } else { None };
            return order.map_or(Taken::Over, |order| Taken::Connect { url: order.url, call });
        }
        let seat = match self.decide(ring) {
            Decision::Take(seat) => seat,
            Decision::Refuse(cause) => {
                record::refused(&self.node, &ring.leg, ring.to, Why::Refused(cause));
                self.gone.insert(ring.leg.clone());
                return Taken::Refused(cause);
            }
        };
        let call = new_call_id();
        let life = LegLife::take(CallTime::ZERO, Way::Document, self.config.leg);
        self.insert(ring, (Way::Document, life), (call, Some(*seat)));
        let order = self.stream_order(&ring.leg);
        self.settle(&ring.leg);
        match order {
            Some(order) => Taken::Connect { url: order.url, call },
            None => Taken::Refused(RejectCause::Unavailable),
        }
    }

    pub(super) fn on_answered_before(&mut self, ring: &Ring, call: CallId) {
        if self.is_known(&ring.leg) {
            return;
        }
        // A call that lives here is being resumed, and knows what to do with its leg.
        if self.node.live.contains_key(&call) {
            return self.on_adopt(ring.leg.clone(), call);
        }
        if let Decision::Take(seat) = self.decide(ring) {
            let life = LegLife::take_answered(CallTime::ZERO, self.config.leg);
            self.insert(ring, (Way::Ordered, life), (call, Some(*seat)));
            self.settle(&ring.leg);
        }
    }

    /// Whose number it is, and whether there is a place. Read once: the call keeps what was found.
    fn decide(&self, ring: &Ring) -> Decision {
        let telemetry = &self.node.telemetry;
        let published = self.node.routes.load();
        let Some(agent) = ring.to.and_then(|to| published.agent_for(to)) else {
            telemetry.refused_number.increment(1);
            return Decision::Refuse(RejectCause::NotFound);
        };
        if self.node.config.media.calls_max + LEGS_SPARE <= self.legs.len() {
            telemetry.refused_full.increment(1);
            return Decision::Refuse(RejectCause::Unavailable);
        }
        match self.node.admit(&agent) {
            Ok(place) => Decision::Take(Box::new(Seat { agent, published, place })),
            Err(refusal) => {
                tracing::warn!(business = %agent.business, %refusal, "call refused");
                Decision::Refuse(match refusal {
                    Refusal::BusinessFull | Refusal::Pace => match agent.intake.overflow {
                        types::Overflow::Busy => RejectCause::Busy,
                        types::Overflow::Reject => RejectCause::Rejected,
                        types::Overflow::Unavailable => RejectCause::Unavailable,
                    },
                    Refusal::NodeFull
                    | Refusal::Draining
                    | Refusal::NoToken
                    | Refusal::BadToken => RejectCause::Unavailable,
                })
            }
        }
    }

    /// Streams that need more than an answer can carry are ordered by themselves (telnyx.md §1.3).
    fn way(&self) -> Way {
        let telephone = self.config.format.rate == types::SampleRate::Hz8000;
        match self.config.streaming {
            Streaming::Inline if telephone => Way::Inline,
            Streaming::Inline | Streaming::Command => Way::Ordered,
        }
    }

    fn insert(
        &mut self,
        ring: &Ring,
        (way, life): (Way, LegLife),
        (call, seat): (CallId, Option<Seat>),
    ) {
        let telemetry = self.node.telemetry.clone();
        let handle = LegHandle::new(ring.leg.clone(), self.work.clone(), telemetry);
        let parties = ring.to.map(|to| LegParties { from: ring.from.clone(), to });
        let leg = Leg {
            life,
            begun: Instant::now(),
            way,
            call,
            epoch: 0,
            handle,
            parties,
            seat: Arc::new(seat.map_or_else(SeatSlot::default, SeatSlot::new)),
            answered_at: None,
            token: None,
            streams: 0,
            wishes: 0,
            deadline: None,
        };
        self.legs.insert(ring.leg.clone(), leg);
    }

    pub(super) fn on_adopt(&mut self, name: LegName, call: CallId) {
        if self.legs.contains_key(&name) {
            return;
        }
        let ring = Ring { leg: name.clone(), from: None, to: None };
        let life = LegLife::adopt(self.config.leg);
        self.insert(&ring, (Way::Ordered, life), (call, None));
        if let Some(leg) = self.legs.get_mut(&name) {
            // Commands of the process before must not be taken for these.
            leg.epoch = self.epoch;
        }
    }
}

//! A session's leg: its socket lost and found again, and what is ordered of it.

use call::{Event, LegEnd, Remark};
use types::{AudioFormat, LegOrder, Unavailable};

use super::{LineState, Session, Socket, Stream};
use crate::actor::inbox::Inner;

impl Session {
    /// The carrier streams anew, on this socket or another: what it had queued is lost.
    pub(crate) fn attach(&mut self, format: AudioFormat) {
        let now = self.now();
        let gap = now.since(self.media_at);
        self.hearing.suspend_starvation(now);
        if format != self.hearing.format() || self.hearing.restart(format).is_err() {
            tracing::warn!(%format, "carrier comes back with another format");
            self.node.telemetry.refused_format.increment(1);
            self.tell(now, Event::LegEnded { how: LegEnd::Lost });
            return;
        }
        self.media_at = now;
        self.socket = Socket::Open;
        self.node.telemetry.legs_reattached.increment(1);
        self.log.remark(now, &Remark::Restarted);
        self.speaking.restart(now);
        self.settle_speaking(now);
        self.tell(now, Event::Reattached { gap });
    }

    /// The socket is gone. The leg need not be.
    pub(crate) fn handle_gone(&mut self) {
        let now = self.now();
        self.socket = Socket::Gone;
        self.node.telemetry.legs_detached.increment(1);
        self.tell(now, Event::Detached { how: LegEnd::Lost });
    }

    /// Has the carrier stream the leg again; what becomes of it comes into the inbox.
    pub(super) fn stream_again(&mut self, attempt: u32) {
        let Some(leg) = self.again.clone() else {
            let reason = Unavailable::Unsupported;
            self.events.push_back(Event::AttachRefused { reason });
            return;
        };
        if self.stream == Stream::Ordered {
            // Its token would be void with a second one, and attempts are being made.
            return;
        }
        self.stream = Stream::Ordered;
        tracing::info!(call = %self.id, attempt, "streaming again");
        let inbox = self.inbox.clone();
        tokio::spawn(async move {
            let outcome = leg.restream().await;
            inbox.offer_inner(Inner::Restreamed(outcome));
        });
    }

    /// We have hung up: the leg is gone because we said so.
    pub(crate) fn handle_hung_up(&mut self) {
        let now = self.now();
        self.line = LineState::Up;
        self.tell(now, Event::LegEnded { how: LegEnd::Stopped });
    }

    pub(super) fn order(&mut self, order: &LegOrder) {
        match self.leg.order(order) {
            Ok(()) if *order == LegOrder::HangUp => self.line = LineState::HangingUp,
            Ok(()) => (),
            Err(reason) => self.order_refused(order, reason),
        }
    }

    /// Where nobody presses keys for us, tones do.
    fn order_refused(&mut self, order: &LegOrder, reason: Unavailable) {
        let pressed = match order {
            LegOrder::SendDtmf { digits } if reason == Unavailable::Unsupported => {
                self.speaking.press(digits)
            }
            LegOrder::SendDtmf { .. } | LegOrder::HangUp | LegOrder::Transfer { .. } => Err(reason),
        };
        match pressed {
            Ok(()) => (),
            Err(reason) => self.events.push_back(Event::LegRefused { reason }),
        }
    }
}

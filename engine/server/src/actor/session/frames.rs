//! The carrier's media: taken in, listened to, and missed when it does not come.

use codecs::l16::ByteOrder;
use media::Starved;
use speech::Audibility;
use types::{CallTime, Millis};
use wire::telnyx::{self, Track};

use super::{LineState, Session, Socket};
use crate::feed::Seen;

/// How often watchers are told how loud the caller is.
const LEVEL_EVERY: Millis = Millis::new(100);

impl Session {
    pub(super) fn handle_media(&mut self, now: CallTime, media: &telnyx::Media<'_>) {
        if media.track != Track::Inbound {
            return;
        }
        self.media_at = now;
        self.payload.clear();
        if media.decode_payload(&mut self.payload).is_err() {
            self.node.telemetry.media_bad.increment(1);
            return;
        }
        let payload = std::mem::take(&mut self.payload);
        let taken = self.hearing.handle_media(now, media.chunk, &payload, &mut self.events);
        if taken.is_err() {
            self.node.telemetry.media_bad.increment(1);
        }
        self.payload = payload;
        self.settle(now);
        if let Some(order) = self.hearing.poll_order() {
            self.switch_order(order);
        }
        self.hear(now);
    }

    /// The carrier's L16 comes the other way round: it is answered alike.
    fn switch_order(&mut self, order: ByteOrder) {
        self.node.telemetry.media_orders_switched.increment(1);
        tracing::warn!(call = %self.id, ?order, "L16 sounds the other way round: switched");
        if let Err(error) = self.speaking.swap_bytes(order) {
            tracing::error!(%error, "L16 cannot be sent the other way round");
        }
    }

    /// Works through the frames that are there.
    pub(super) fn hear(&mut self, now: CallTime) {
        let audibility = if self.speaking.is_audible(now) {
            Audibility::AgentAudible
        } else {
            Audibility::AgentSilent
        };
        let audibility = self.hearing.audibility(audibility);
        while let Some(()) =
            self.hearing.poll_frame(now, audibility, self.recording.as_mut(), &mut self.events)
        {
            self.settle(now);
        }
        self.hearing.record_late(self.recording.as_mut());
        if self.node.feed.is_watched() && LEVEL_EVERY <= now.since(self.level_at) {
            self.level_at = now;
            let caller = self.hearing.level();
            self.show(|| Seen::Level { caller });
        }
    }

    /// No media has come for a while, perhaps.
    pub(super) fn handle_starvation(&mut self, now: CallTime) {
        if !self.call.expects_media() || self.socket == Socket::Gone {
            self.hearing.suspend_starvation(now);
            return;
        }
        while self.line == LineState::Up
            && let Some(stage) = self.hearing.poll_starvation(now, &mut self.events)
        {
            if stage == Starved::Dead {
                self.node.telemetry.media_dead.increment(1);
                tracing::warn!(call = %self.id, "no media comes");
            }
            self.settle(now);
        }
    }
}

//! What a leg orders, and what its call wishes, carried out.

use tokio::sync::oneshot;
use types::{CallId, EndReason, LegOrder as Wish, Unavailable};

use super::super::carrier::{
    CarrierError, ClientState, Command, CommandId, LegName, LegRole, StreamOrder,
};
use super::super::handle::Work;
use super::super::leg::{Close, LegEvent, LegOrder, RecordBy, Verb, Way, Why};
use super::super::record;
use super::Desk;
use crate::actor::{Inner, LegNews};
use crate::admission::{Purpose, Ticket};

impl Desk {
    pub(super) fn perform(&mut self, name: &LegName, order: LegOrder) {
        match order {
            LegOrder::Answer => {
                let Some(leg) = self.legs.get(name) else { return };
                let (state, way) = (self.state(leg.call, LegRole::Call), leg.way);
                let inline = way == Way::Inline;
                let stream = inline.then(|| self.stream_order(name)).flatten().map(Box::new);
                self.command(name, Verb::Answer, 0, Command::Answer { state, stream });
            }
            LegOrder::Reject(cause) => {
                self.command(name, Verb::Reject, 0, Command::Reject(cause));
            }
            LegOrder::StartStream { n: _ } => {
                let Some(order) = self.stream_order(name) else { return };
                let n = self.legs.get(name).map_or(0, |leg| leg.streams);
                let command = Command::StartStream(Box::new(order));
                self.command(name, Verb::StartStream, n, command);
            }
            LegOrder::HangUp { n } => {
                self.revoke(name);
                self.command(name, Verb::HangUp, n, Command::HangUp);
            }
            LegOrder::EndCall => self.tell_call(name, LegNews::Gone),
            LegOrder::TellStreamFailed => self.tell_call(name, LegNews::StreamFailed),
            LegOrder::Close(close) => self.close(name, close),
        }
    }

    /// Runs a command beside the desk; its outcome comes back as work.
    fn command(&self, name: &LegName, verb: Verb, n: u32, command: Command) {
        let epoch = self.legs.get(name).map_or(0, |leg| leg.epoch);
        let (carrier, work, leg) = (self.carrier.clone(), self.work.clone(), name.clone());
        tokio::spawn(async move {
            let outcome = carrier.command(&leg, CommandId { epoch, n }, command).await;
            let done = Work::Leg { leg, event: LegEvent::Done(verb, outcome) };
            // A desk that is gone needs to know nothing.
            let _ = work.send(done).await;
        });
    }

    /// A stream with a new token; the one before opens nothing any more.
    pub(super) fn stream_order(&mut self, name: &LegName) -> Option<StreamOrder> {
        self.revoke(name);
        let leg = self.legs.get_mut(name)?;
        let seat = leg.seat.clone();
        let ticket =
            Ticket { leg: leg.handle.clone(), call: leg.call, purpose: Purpose::Begin(seat) };
        Some(self.mint(name, ticket))
    }

    fn mint(&mut self, name: &LegName, ticket: Ticket) -> StreamOrder {
        let call = ticket.call;
        let token = self.node.tokens.mint_for(ticket);
        if let Some(leg) = self.legs.get_mut(name) {
            leg.streams += 1;
            leg.token = Some(token.clone());
        }
        StreamOrder {
            url: format!("{}/media/telnyx/{}", self.config.media_url, token.expose()),
            token,
            format: self.config.format,
            state: self.state(call, LegRole::Call),
            parameters: vec![("call".into(), call.to_string())],
        }
    }

    fn revoke(&mut self, name: &LegName) {
        if let Some(token) = self.legs.get_mut(name).and_then(|leg| leg.token.take()) {
            self.node.tokens.revoke(&token);
        }
    }

    fn state(&self, call: CallId, role: LegRole) -> ClientState {
        ClientState { call, node: self.config.node.clone(), role }
    }

    fn tell_call(&self, name: &LegName, news: LegNews) {
        let Some(leg) = self.legs.get(name) else { return };
        // The handle is copied out: no shard stays locked while an inbox is offered something.
        let inbox = self.node.live.get(&leg.call).map(|live| live.inbox.clone());
        if let Some(inbox) = inbox {
            inbox.offer_inner(Inner::Leg(news));
        }
    }

    pub(super) fn on_wish(&mut self, name: &LegName, wish: Wish) {
        let Some(leg) = self.legs.get_mut(name) else { return };
        leg.wishes += 1;
        let (n, call, epoch) = (leg.wishes, leg.call, leg.epoch);
        let command = match wish {
            Wish::HangUp => return self.tell(name, LegEvent::HangUp),
            Wish::Transfer { to } => {
                Command::Transfer { to, state: self.state(call, LegRole::HandedOver) }
            }
            Wish::SendDtmf { digits } => Command::SendDtmf { digits },
        };
        let hands_over = matches!(command, Command::Transfer { .. });
        let (carrier, work, leg) = (self.carrier.clone(), self.work.clone(), name.clone());
        let inbox = self.node.live.get(&call).map(|live| live.inbox.clone());
        tokio::spawn(async move {
            match carrier.command(&leg, CommandId { epoch, n }, command).await {
                Ok(()) if hands_over => {
                    let event = LegEvent::HandedOver;
                    // A desk that is gone needs to know nothing.
                    let _ = work.send(Work::Leg { leg, event }).await;
                }
                Ok(()) => (),
                Err(_) => {
                    if let Some(inbox) = inbox {
                        inbox.offer_inner(Inner::Leg(LegNews::Refused(Unavailable::Refused)));
                    }
                }
            }
        });
    }

    pub(super) fn on_restream(
        &mut self,
        name: &LegName,
        reply: oneshot::Sender<Result<(), CarrierError>>,
    ) {
        self.revoke(name);
        let Some(leg) = self.legs.get(name) else {
            // Who asked may have gone; then nobody hears it.
            let _ = reply.send(Err(CarrierError::Ended));
            return;
        };
        let (n, epoch) = (leg.streams + 1, leg.epoch);
        let ticket = Ticket { leg: leg.handle.clone(), call: leg.call, purpose: Purpose::Again };
        let order = self.mint(name, ticket);
        let (carrier, leg) = (self.carrier.clone(), name.clone());
        tokio::spawn(async move {
            let outcome = carrier.streaming_start(&leg, CommandId { epoch, n }, order).await;
            let _ = reply.send(outcome);
        });
    }

    fn close(&mut self, name: &LegName, close: Close) {
        self.revoke(name);
        let Some(leg) = self.legs.remove(name) else { return };
        if let Some(deadline) = leg.deadline {
            self.deadlines.remove(&(deadline, name.clone()));
        }
        self.gone.insert(name.clone());
        let seat = leg.seat.take();
        let (to, why) = (leg.parties.as_ref().map(|parties| parties.to), close.why);
        if why == Why::NoMedia {
            self.node.telemetry.legs_without_media.increment(1);
        }
        match (close.record, seat, leg.parties) {
            // Nobody took the seat, so no call began, nor can one begin now.
            (RecordBy::Front, Some(seat), Some(parties)) => {
                let began = leg.answered_at.unwrap_or_else(crate::actor::wall_now);
                let lost = record::Lost { call: leg.call, began, ended: reason(why) };
                record::lost(&self.node, name, &seat.agent, (&parties, lost));
            }
            (RecordBy::Nobody, _, _) => record::refused(&self.node, name, to, why),
            // A call took the seat meanwhile: the record is its.
            (RecordBy::Front | RecordBy::Call, _, _) => (),
        }
    }
}

/// What a record says of a leg that no call began on.
const fn reason(why: Why) -> EndReason {
    match why {
        Why::CallerGone => EndReason::CallerHungUp,
        Why::NoMedia => EndReason::MediaDead,
        Why::Shutdown => EndReason::Shutdown,
        Why::Ended | Why::Refused(_) | Why::AnswerFailed => EndReason::LegLost,
    }
}

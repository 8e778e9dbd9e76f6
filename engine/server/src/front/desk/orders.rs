//! What a leg orders, and what its call wishes, carried out.

use tokio::sync::oneshot;
use types::{AgentConfig, CallId, EndReason, LegOrder as Wish, Secret, Unavailable};

use super::super::again;
use super::super::carrier::{
    CarrierError, ClientState, Command, CommandId, LegName, LegRole, StreamOrder,
};
use super::super::handle::{Spoken, Work};
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
                let CommandId { n, epoch: _ } = self.stream_id(name);
                let command = Command::StartStream(Box::new(order));
                self.command(name, Verb::StartStream, n, command);
            }
            LegOrder::Speak => {
                let leg = self.legs.get(name);
                let Some(agent) = leg.and_then(|leg| leg.turned_away.as_ref()) else { return };
                let Spoken { text, voice, language, .. } = self.spoken(agent);
                self.command(name, Verb::Speak, 0, Command::Speak { text, voice, language });
            }
            LegOrder::Transfer { to } => {
                let Some(leg) = self.legs.get_mut(name) else { return };
                leg.wishes += 1;
                let (n, call, ring) = (leg.wishes, leg.call, self.config.leg.transfer_ring);
                let state = self.state(call, LegRole::HandedOver);
                self.command(name, Verb::Transfer, n, Command::Transfer { to, ring, state });
            }
            LegOrder::HangUpOther => self.hang_up_other(name),
            LegOrder::TellTransferFailed => {
                self.mark_ours(name);
                self.tell_call(name, LegNews::Refused(Unavailable::Refused));
            }
            LegOrder::TellHandedOver => self.tell_call(name, LegNews::HandedOver),
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

    /// Whoever rings for the caller of `name` need not pick up any more.
    fn hang_up_other(&self, name: &LegName) {
        let Some(leg) = self.legs.get(name) else { return };
        let Some(other) = leg.other.clone() else { return };
        let (carrier, id) = (self.carrier.clone(), CommandId { epoch: leg.epoch, n: leg.wishes });
        tokio::spawn(async move {
            // It stops ringing by itself, a little later.
            let _ = carrier.hang_up(&other, id).await;
        });
    }

    /// A leg that came back from a transfer carries again that it is ours.
    fn mark_ours(&mut self, name: &LegName) {
        let Some(leg) = self.legs.get_mut(name) else { return };
        leg.other = None;
        let (id, call) = (CommandId { epoch: leg.epoch, n: leg.wishes }, leg.call);
        let command = Command::Mark { state: self.state(call, LegRole::Call) };
        let (carrier, leg) = (self.carrier.clone(), name.clone());
        tokio::spawn(async move {
            // Without it the sweeper would spare the leg if nobody owned it; it is ours all the same.
            let _ = carrier.command(&leg, id, command).await;
        });
    }

    /// What a caller of `agent` is told for whom there is no place.
    pub(super) fn spoken(&self, agent: &AgentConfig) -> Spoken {
        Spoken {
            text: agent.intake.message.clone().into_owned(),
            voice: self.config.message_voice.clone(),
            language: agent.persona.language.clone(),
            then: agent.intake.transfer_to,
            ring: self.config.leg.transfer_ring,
        }
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
            leg.token = Some(token.clone());
        }
        self.order(call, token)
    }

    fn order(&self, call: CallId, token: Secret<String>) -> StreamOrder {
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
        let digits = match wish {
            Wish::HangUp => return self.tell(name, LegEvent::HangUp),
            Wish::Transfer { to } => return self.tell(name, LegEvent::Transfer { to }),
            Wish::SendDtmf { digits } => digits,
        };
        let Some(leg) = self.legs.get_mut(name) else { return };
        leg.wishes += 1;
        let (id, call) = (CommandId { epoch: leg.epoch, n: leg.wishes }, leg.call);
        let (carrier, leg) = (self.carrier.clone(), name.clone());
        let inbox = self.node.live.get(&call).map(|live| live.inbox.clone());
        tokio::spawn(async move {
            let command = Command::SendDtmf { digits: digits.clone() };
            if carrier.command(&leg, id, command).await.is_err()
                && let Some(inbox) = inbox
            {
                inbox.offer_inner(Inner::Leg(LegNews::KeysRefused { digits }));
            }
        });
    }

    pub(super) fn on_restream(
        &mut self,
        name: &LegName,
        reply: oneshot::Sender<Result<(), CarrierError>>,
    ) {
        let Some(order) = self.order_again(name) else {
            // Who asked may have gone; then nobody hears it.
            let _ = reply.send(Err(CarrierError::Ended));
            return;
        };
        let ids = [self.stream_id(name), self.stream_id(name)];
        let (carrier, node, leg) = (self.carrier.clone(), self.node.clone(), name.clone());
        tokio::spawn(async move {
            let is_waited_for = || node.tokens.renew(&order.token);
            let outcome = again::stream_again(&carrier, (&leg, ids), &order, is_waited_for).await;
            let _ = reply.send(outcome);
        });
    }

    /// A stream for a call that goes on: with the token of the order before, if its socket has not
    /// come. Both orders then open the same door, whichever the carrier follows.
    fn order_again(&mut self, name: &LegName) -> Option<StreamOrder> {
        let leg = self.legs.get(name)?;
        let call = leg.call;
        if let Some(token) = leg.token.clone().filter(|token| self.node.tokens.renew(token)) {
            return Some(self.order(call, token));
        }
        let ticket = Ticket { leg: leg.handle.clone(), call, purpose: Purpose::Again };
        Some(self.mint(name, ticket))
    }

    /// The name of the next order to stream.
    fn stream_id(&mut self, name: &LegName) -> CommandId {
        let leg = self.legs.get_mut(name);
        let (epoch, n) = leg.map_or((0, 0), |leg| {
            leg.streams += 1;
            (leg.epoch, leg.streams)
        });
        CommandId { epoch, n }
    }

    fn close(&mut self, name: &LegName, close: Close) {
        self.revoke(name);
        let Some(leg) = self.legs.remove(name) else { return };
        if let Some(deadline) = leg.deadline {
            self.deadlines.remove(&(deadline, name.clone()));
        }
        self.gone.insert(name.clone());
        let agent = leg.seat.take().map(|seat| seat.agent).or(leg.turned_away);
        let (to, why) = (leg.parties.as_ref().map(|parties| parties.to), close.why);
        if why == Why::NoMedia {
            self.node.telemetry.legs_without_media.increment(1);
        }
        match (close.record, agent, leg.parties) {
            // Nobody took the seat, so no call began, nor can one begin now; or there was none.
            (RecordBy::Front, Some(agent), Some(parties)) => {
                let began = leg.answered_at.unwrap_or_else(crate::actor::wall_now);
                let lost = record::Lost { call: leg.call, began, ended: reason(why) };
                record::lost(&self.node, name, &agent, (&parties, lost));
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
        Why::Overflow => EndReason::Overflow,
        Why::Transferred => EndReason::Transferred,
        Why::Ended | Why::Refused(_) | Why::AnswerFailed => EndReason::LegLost,
    }
}

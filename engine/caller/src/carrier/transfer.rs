//! The other side of a transfer: rings, answers, talks and hangs up, or does not answer.

use std::sync::Arc;

use tokio::time::sleep;
use types::Millis;
use wire::telnyx::webhook::{
    Answered, Direction, Event, Hangup, HangupCause, HangupSource, Initiated, LegState,
};

use super::clock::duration;
use super::courier::{Parcel, deliver};
use super::ledger::Happened;
use super::machine::{Phase, Transfer};
use super::names::Names;
use super::options::TransferOutcome;
use super::seat::{Board, Input, Seat};
use super::server::Shared;

/// How long a transfer rings unless it says otherwise (telnyx.md §3.1).
const RING_DEFAULT: Millis = Millis::from_secs(30);

/// Plays the other side of a transfer of `first` to its end.
pub(crate) async fn play(shared: Arc<Shared>, first: Seat, transfer: Transfer) {
    let session = first.board().names.call_session.clone();
    let Some(mut peer) = Peer::ring(&shared, &transfer, session) else { return };
    peer.tell(Event::Initiated(Initiated {
        direction: Some(Direction::Outgoing),
        state: Some(LegState::Bridging),
        start_time: Some(shared.clock.now()),
        ..Initiated::default()
    }));
    let patience = transfer.timeout.unwrap_or(RING_DEFAULT);
    let (ring, talk) = match shared.options.transfer {
        TransferOutcome::Answered { ring, talk } if ring < patience => (ring, Some(talk)),
        TransferOutcome::Answered { .. } => (patience, None),
        TransferOutcome::NoAnswer { ring } => (ring.min(patience), None),
    };
    sleep(duration(ring)).await;
    let Some(talk) = talk else {
        peer.end(HangupCause::NoAnswer, HangupSource::Unknown);
        return;
    };
    if first.board().is_over() {
        peer.end(HangupCause::OriginatorCancel, HangupSource::Caller);
        return;
    }
    peer.answer();
    // A leg that is over needs no news.
    let _ = first.inputs.send(Input::Bridged).await;
    peer.tell(Event::Bridged);
    sleep(duration(talk)).await;
    peer.end(HangupCause::NormalClearing, HangupSource::Callee);
    let _ = first.inputs.send(Input::PeerLeft).await;
}

/// The other side's leg.
struct Peer {
    shared: Arc<Shared>,
    seat: Seat,
    told: u64,
}

impl Peer {
    fn ring(shared: &Arc<Shared>, transfer: &Transfer, session: String) -> Option<Self> {
        let number = shared.next_number();
        let mut names =
            Names::of(shared.options.faults.seed, number, &shared.options.connection_id);
        names.call_session = session;
        names.client_state.clone_from(&transfer.client_state);
        let board = Board {
            names,
            phase: Phase::Bridging,
            began: shared.clock.now(),
            answered_at: None,
            ended_at: None,
            from: transfer.from.clone(),
            to: transfer.to.clone(),
            ledger: super::ledger::Ledger::default(),
        };
        // Nobody commands this leg: its inputs are refused by a closed channel.
        let (seat, _) = Seat::new(number, board, shared.news.clone());
        shared.admit(&seat).ok()?;
        seat.note(shared.clock.now(), Happened::Rang);
        Some(Self { shared: shared.clone(), seat, told: 0 })
    }

    fn answer(&mut self) {
        let now = self.shared.clock.now();
        {
            let mut board = self.seat.board();
            board.phase = Phase::Answered;
            board.answered_at = Some(now);
        }
        self.seat.note(now, Happened::Answered);
        self.tell(Event::Answered(Answered::default()));
    }

    fn end(&mut self, cause: HangupCause, by: HangupSource) {
        let now = self.shared.clock.now();
        {
            let mut board = self.seat.board();
            board.phase = Phase::Over { cause };
            board.ended_at = Some(now);
        }
        self.seat.note(now, Happened::Over { cause, by });
        self.tell(Event::Hangup(Hangup {
            cause: Some(cause),
            source: Some(by),
            end_time: Some(now),
            ..Hangup::default()
        }));
        self.shared.retire(&self.seat);
    }

    fn tell(&mut self, event: Event<'static>) {
        self.told += 1;
        let board = self.seat.board();
        let parcel = Parcel {
            names: board.names.clone(),
            from: board.from.clone(),
            to: board.to.clone(),
            occurred_at: self.shared.clock.now(),
            n: self.told,
            event,
        };
        drop(board);
        self.shared.spawn(deliver(self.shared.clone(), self.seat.clone(), parcel));
    }
}

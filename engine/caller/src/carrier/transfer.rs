//! The other side of a transfer: rings, answers, talks and hangs up, or does not answer.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::sleep;
use types::Millis;
use wire::telnyx::command;
use wire::telnyx::reply::ErrorCode;
use wire::telnyx::webhook::{
    Answered, Direction, Event, Hangup, HangupCause, HangupSource, Initiated, LegState,
};

use super::clock::duration;
use super::courier::{Parcel, deliver};
use super::ledger::{Happened, Verdict};
use super::machine::{Phase, Transfer};
use super::names::Names;
use super::options::TransferOutcome;
use super::seat::{Answer, Board, Input, Seat};
use super::server::Shared;

/// What a transfer's other side says to other commands.
const REFUSED: ErrorCode = ErrorCode::BadRequest;

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
    let unanswered = HangupCause::NoAnswer;
    let (ring, talk) = match shared.options.transfer {
        TransferOutcome::Answered { ring, talk } if ring < patience => (ring, Ok(talk)),
        TransferOutcome::Answered { .. } => (patience, Err(unanswered)),
        TransferOutcome::NoAnswer { ring } => (ring.min(patience), Err(unanswered)),
        TransferOutcome::Busy { ring } => (ring.min(patience), Err(HangupCause::UserBusy)),
    };
    if peer.wait(ring).await == Waited::HungUp {
        peer.end(HangupCause::OriginatorCancel, HangupSource::Caller);
        return;
    }
    let talk = match talk {
        Ok(talk) => talk,
        Err(cause) => {
            peer.end(cause, HangupSource::Unknown);
            return;
        }
    };
    if first.board().is_over() {
        peer.end(HangupCause::OriginatorCancel, HangupSource::Caller);
        return;
    }
    peer.answer();
    // A leg that is over needs no news.
    let _ = first.inputs.send(Input::Bridged).await;
    peer.tell(Event::Bridged);
    // Hung up by us or by themselves: the leg they were connected with goes, too.
    peer.wait(talk).await;
    peer.end(HangupCause::NormalClearing, HangupSource::Callee);
    let _ = first.inputs.send(Input::PeerLeft).await;
}

/// The other side's leg.
struct Peer {
    shared: Arc<Shared>,
    seat: Seat,
    inputs: mpsc::Receiver<Input>,
    told: u64,
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waited {
    Passed,
    /// The engine, or a test, hung the leg up.
    HungUp,
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
        let (seat, inputs) = Seat::new(number, board, shared.news.clone());
        shared.admit(&seat).ok()?;
        seat.note(shared.clock.now(), Happened::Rang);
        Some(Self { shared: shared.clone(), seat, inputs, told: 0 })
    }

    /// Lets `span` pass. Of all commands this leg knows only the hang-up.
    async fn wait(&mut self, span: Millis) -> Waited {
        let passed = sleep(duration(span));
        tokio::pin!(passed);
        loop {
            let input = tokio::select! {
                () = &mut passed => return Waited::Passed,
                Some(input) = self.inputs.recv() => input,
            };
            let Input::Command { method, path, body, reply } = input else { continue };
            let request = command::decode(method, &path, &body);
            let verb = request.as_ref().map_or("", |request| request.verb()).to_owned();
            let hangs_up = verb == "hangup";
            let verdict = if hangs_up { Verdict::Done } else { Verdict::Refused(REFUSED) };
            let what = Happened::Command { verb, command_id: None, verdict };
            self.seat.note(self.shared.clock.now(), what);
            // The engine may have gone in the meantime.
            let _ = reply.send(if hangs_up { Answer::Done } else { Answer::Refused(REFUSED) });
            if hangs_up {
                return Waited::HungUp;
            }
        }
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

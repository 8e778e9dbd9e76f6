//! What others may see of a leg, and how they reach it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{broadcast, mpsc, oneshot};
use types::{Millis, Pii};
use wire::telnyx::WallMicros;
use wire::telnyx::command::Method;
use wire::telnyx::reply::{CallState, ErrorCode};

use super::ledger::{Happened, Ledger};
use super::machine::Phase;
use super::names::Names;
use super::order::StreamOrder;
use super::server::News;
use super::socket::SocketNews;

/// Inputs of a leg that wait at most: commands, a socket's messages, orders of a test.
pub(crate) const INPUTS_MAX: usize = 256;

/// Something for a leg's task.
#[derive(Debug)]
pub(crate) enum Input {
    /// A command of the engine, as it came.
    Command { method: Method, path: String, body: Vec<u8>, reply: oneshot::Sender<Answer> },
    /// News of the socket with this number.
    Socket { number: u64, news: SocketNews },
    /// The caller hangs up now.
    HangUp,
    /// The socket breaks now, and the carrier notices after so long.
    DropSocket { noticed_after: Millis },
    /// The transfer's other side is connected with the leg.
    Bridged,
    /// The transfer's other side hung up.
    PeerLeft,
    /// A document answers the call.
    DocumentAnswers,
    /// A document streams, and wants to know how that ends.
    DocumentStreams { order: Box<StreamOrder>, over: oneshot::Sender<StreamEnd> },
    /// A document refuses the call, or ends it.
    DocumentEnds { cause: wire::telnyx::webhook::HangupCause },
}

/// What a command came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Done,
    Repeated,
    Refused(ErrorCode),
}

/// How a document's stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StreamEnd {
    /// It never came about.
    Unreachable,
    /// The engine closed it.
    Closed,
    /// It broke.
    Lost,
    /// The leg is over.
    LegOver,
}

/// A leg as others see it.
#[derive(Clone, Debug)]
pub(crate) struct Seat {
    pub(crate) inputs: mpsc::Sender<Input>,
    board: Arc<Mutex<Board>>,
    news: broadcast::Sender<News>,
    pub(crate) number: u64,
}

/// What a leg shows.
#[derive(Debug)]
pub(crate) struct Board {
    pub(crate) names: Names,
    pub(crate) phase: Phase,
    pub(crate) began: WallMicros,
    pub(crate) answered_at: Option<WallMicros>,
    pub(crate) ended_at: Option<WallMicros>,
    pub(crate) from: Option<Pii<String>>,
    pub(crate) to: Pii<String>,
    pub(crate) ledger: Ledger,
}

impl Board {
    pub(crate) fn is_over(&self) -> bool {
        match self.phase {
            Phase::Over { .. } => true,
            Phase::Parked | Phase::Bridging | Phase::Answered => false,
        }
    }

    /// As the API shows it.
    pub(crate) fn to_wire(&self, now: WallMicros) -> CallState<'static> {
        let end = self.ended_at.unwrap_or(now);
        let lasted = self.answered_at.map_or(Millis::ZERO, |answered| end.since(answered));
        CallState {
            leg: self.names.to_wire(),
            is_alive: Some(!self.is_over()),
            duration_seconds: Some(u64::from(lasted.get() / 1_000)),
            start_time: Some(self.began),
            end_time: self.ended_at,
        }
    }
}

impl Seat {
    pub(crate) fn new(
        number: u64,
        board: Board,
        news: broadcast::Sender<News>,
    ) -> (Self, mpsc::Receiver<Input>) {
        let (inputs, receiver) = mpsc::channel(INPUTS_MAX);
        (Self { inputs, board: Arc::new(Mutex::new(board)), news, number }, receiver)
    }

    pub(crate) fn board(&self) -> MutexGuard<'_, Board> {
        // A board is plain data: whoever panicked over it left it readable.
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down what happened and tells whoever watches.
    pub(crate) fn note(&self, at: WallMicros, what: Happened) {
        let news = {
            let mut board = self.board();
            board.ledger.note(at, what.clone());
            News {
                leg: self.number,
                call_control_id: board.names.call_control.clone(),
                to: board.to.clone(),
                at,
                what,
            }
        };
        // Nobody may be watching.
        let _ = self.news.send(news);
    }
}

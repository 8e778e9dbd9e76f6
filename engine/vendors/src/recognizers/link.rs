//! One session's connections, one after the other.

use std::future::Future;
use std::pin::Pin;

use tokio::time::{Instant, sleep_until};
use types::Millis;
use vendor::{Phase, Remedy, VendorError};

use crate::clock::{after, jittered};
use crate::net::Net;
use crate::socket::{Incoming, Socket, SocketOrder};

/// How long to wait before each attempt to connect, from the first after a loss (conversation.md
/// §7.10). When all have failed, the session has.
pub(crate) const RETRY_WAITS: [Millis; 4] =
    [Millis::ZERO, Millis::new(100), Millis::new(300), Millis::new(1_000)];

/// A connection that has lived this long may be lost again without counting against it.
const STEADY: Millis = Millis::from_secs(5);

type Connecting = Pin<Box<dyn Future<Output = Result<Socket, VendorError>> + Send>>;

/// The connection there is, or the next one.
pub(crate) struct Link {
    net: Net,
    seed: u64,
    /// Attempts since a connection was last steady.
    attempts: usize,
    state: State,
}

enum State {
    Waiting { until: Instant },
    Connecting(Connecting),
    Up { socket: Box<Socket>, since: Instant },
    Over,
}

/// News of the connection.
#[derive(Debug)]
pub(crate) enum LinkNews {
    /// There is one.
    Connected,
    /// It said something.
    Incoming(Incoming),
    /// It is lost, or could not be had; the next attempt is under way.
    Lost(VendorError),
    /// There will be none.
    Failed(VendorError),
}

impl Link {
    /// A first connection is attempted at once.
    pub(crate) fn new(net: Net, now: Instant) -> Self {
        let seed = net.next_session();
        Self { net, seed, attempts: 0, state: State::Waiting { until: now } }
    }

    /// What happens next. May be dropped at any await.
    pub(crate) async fn next(&mut self, order: &SocketOrder) -> LinkNews {
        loop {
            let done = match &mut self.state {
                State::Waiting { until } => {
                    sleep_until(*until).await;
                    let (net, order) = (self.net.clone(), order.clone());
                    let connecting = async move { Socket::open(&net, &order).await };
                    self.state = State::Connecting(Box::pin(connecting));
                    continue;
                }
                State::Connecting(connecting) => connecting.await.map(Some),
                State::Up { socket, .. } => match socket.next().await {
                    Ok(Incoming::Closed) => {
                        Err(VendorError::SessionExpired { vendor: order.vendor })
                    }
                    Ok(incoming) => return LinkNews::Incoming(incoming),
                    Err(error) => Err(error),
                },
                State::Over => std::future::pending().await,
            };
            return match done {
                Ok(Some(socket)) => {
                    let since = Instant::now();
                    self.state = State::Up { socket: Box::new(socket), since };
                    LinkNews::Connected
                }
                Ok(None) => continue,
                Err(error) => self.lost(error),
            };
        }
    }

    /// The connection is of no further use, or there was none.
    pub(crate) fn lost(&mut self, error: VendorError) -> LinkNews {
        let now = Instant::now();
        if let State::Up { since, .. } = &self.state
            && after(*since, STEADY) <= now
        {
            self.attempts = 0;
        }
        let wait = RETRY_WAITS.get(self.attempts);
        let (Some(wait), Remedy::Retry) = (wait, error.remedy()) else {
            self.state = State::Over;
            return LinkNews::Failed(error);
        };
        let attempt = u32::try_from(self.attempts).unwrap_or(u32::MAX);
        // Who does not even begin costs more time than there is: it gets one more chance.
        let is_dead =
            matches!(error, VendorError::Timeout { phase: Phase::Connect | Phase::FirstByte, .. });
        self.attempts += if is_dead { RETRY_WAITS.len() } else { 1 };
        let until = after(now, jittered(*wait, self.seed, attempt));
        self.state = State::Waiting { until };
        LinkNews::Lost(error)
    }

    /// Replaces the connection by a new one, at once; the old one is handed back.
    pub(crate) fn replace(&mut self) -> Option<Socket> {
        let waiting = State::Waiting { until: Instant::now() };
        match std::mem::replace(&mut self.state, waiting) {
            State::Up { socket, .. } => Some(*socket),
            State::Waiting { .. } | State::Connecting(_) | State::Over => None,
        }
    }

    /// The connection, if there is one.
    pub(crate) fn socket(&mut self) -> Option<&mut Socket> {
        match &mut self.state {
            State::Up { socket, .. } => Some(socket),
            State::Waiting { .. } | State::Connecting(_) | State::Over => None,
        }
    }

    /// Since when there is a connection, if there is one.
    pub(crate) fn since(&self) -> Option<Instant> {
        match &self.state {
            State::Up { since, .. } => Some(*since),
            State::Waiting { .. } | State::Connecting(_) | State::Over => None,
        }
    }

    /// Whether there is a connection that takes more.
    pub(crate) fn has_room(&self) -> bool {
        match &self.state {
            State::Up { socket, .. } => socket.has_room(),
            State::Waiting { .. } | State::Connecting(_) | State::Over => false,
        }
    }
}

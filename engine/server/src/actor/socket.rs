//! A carrier's socket and everything else a call waits for, as one thing to await.
//!
//! Reading never waits for writing: what the socket cannot take at once is queued here, and a
//! carrier that does not read for long is gone.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use futures_util::{Sink, Stream};
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, Sleep, sleep_until};

use super::inbox::Inner;
use crate::pacer::Ticker;

/// Messages that may wait for a carrier that reads slowly: five seconds of audio. Beyond that the
/// line is dead to the caller anyway.
const OUTGOING_MAX: usize = 256;

/// What a call wakes up for.
#[derive(Debug)]
pub(crate) enum Wake {
    /// The carrier sent a text message.
    Text(Utf8Bytes),
    /// The carrier sent a binary message: the protocol has none.
    Binary,
    /// Somebody of the house has something to say.
    Inner(Inner),
    /// The pacer's tick.
    Tick,
    /// The deadline has come.
    Deadline,
    /// The socket was closed.
    Gone,
    /// The socket broke: the carrier vanished, or sent what no reader can take.
    Broken,
}

/// Whether a call wants the pacer's ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ticks {
    /// It plays.
    Wanted,
    /// It only listens: the carrier's frames are its clock.
    Unwanted,
}

/// A carrier that does not read what it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stalled;

/// A socket, a call's inbox, its place at the pacer and its alarm.
pub(crate) struct Line {
    /// Absent while the call waits for the carrier to come back.
    socket: Option<WebSocket>,
    outgoing: VecDeque<Message>,
    unflushed: Unflushed,
    inbox: Receiver<Inner>,
    ticker: Ticker,
    alarm: Pin<Box<Sleep>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unflushed {
    Nothing,
    Something,
}

impl Line {
    pub(crate) fn new(socket: WebSocket, inbox: Receiver<Inner>) -> Self {
        Self::with(Some(socket), inbox)
    }

    /// A line without a socket: one is waited for.
    pub(crate) fn detached(inbox: Receiver<Inner>) -> Self {
        Self::with(None, inbox)
    }

    fn with(socket: Option<WebSocket>, inbox: Receiver<Inner>) -> Self {
        Self {
            socket,
            outgoing: VecDeque::with_capacity(OUTGOING_MAX),
            unflushed: Unflushed::Nothing,
            inbox,
            ticker: Ticker::default(),
            alarm: Box::pin(sleep_until(Instant::now())),
        }
    }

    /// The socket alone: nothing has been sent on it.
    pub(crate) fn into_socket(self) -> Option<WebSocket> {
        self.socket
    }

    /// The carrier is gone, perhaps not for ever: what waited for it is not waited with.
    pub(crate) fn drop_socket(&mut self) {
        self.socket = None;
        self.outgoing.clear();
        self.unflushed = Unflushed::Nothing;
    }

    /// The carrier has come back with a new socket: the old one and what waited for it are gone.
    pub(crate) fn replace_socket(&mut self, socket: WebSocket) {
        self.socket = Some(socket);
        self.outgoing.clear();
        self.unflushed = Unflushed::Nothing;
    }

    /// Queues a text message. It leaves at the next wait, or at once if the socket takes it.
    pub(crate) fn send(&mut self, text: Utf8Bytes) -> Result<(), Stalled> {
        self.queue(Message::Text(text))
    }

    /// Queues a ping.
    pub(crate) fn ping(&mut self) -> Result<(), Stalled> {
        self.queue(Message::Ping(Bytes::new()))
    }

    fn queue(&mut self, message: Message) -> Result<(), Stalled> {
        if self.socket.is_none() {
            // Nobody hears it: the call knows, and says again what matters.
            return Ok(());
        }
        if OUTGOING_MAX <= self.outgoing.len() {
            return Err(Stalled);
        }
        self.outgoing.push_back(message);
        Ok(())
    }

    /// Waits for whatever comes first. `deadline` may change from call to call.
    pub(crate) async fn wait(&mut self, deadline: Instant, ticks: Ticks) -> Wake {
        // An alarm that rings too early only costs a look around; so it is moved only forward,
        // and a call whose frames keep pushing the deadline on leaves the timer alone.
        if deadline < self.alarm.deadline() || self.alarm.is_elapsed() {
            self.alarm.as_mut().reset(deadline);
        }
        poll_fn(|context| self.poll(context, ticks)).await
    }

    fn poll(&mut self, context: &mut Context<'_>, ticks: Ticks) -> Poll<Wake> {
        if let Err(error) = self.poll_write(context) {
            tracing::warn!(%error, "socket broke");
            return Poll::Ready(Wake::Broken);
        }
        if let Poll::Ready(Some(inner)) = self.inbox.poll_recv(context) {
            return Poll::Ready(Wake::Inner(inner));
        }
        if ticks == Ticks::Wanted && self.ticker.poll_tick(context).is_ready() {
            return Poll::Ready(Wake::Tick);
        }
        if self.alarm.as_mut().poll(context).is_ready() {
            return Poll::Ready(Wake::Deadline);
        }
        let Some(socket) = &mut self.socket else { return Poll::Pending };
        loop {
            return match Pin::new(&mut *socket).poll_next(context) {
                Poll::Ready(Some(Ok(Message::Text(text)))) => Poll::Ready(Wake::Text(text)),
                Poll::Ready(Some(Ok(Message::Binary(_)))) => Poll::Ready(Wake::Binary),
                // Pings are answered by the library, when we next write or read.
                Poll::Ready(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => continue,
                Poll::Ready(Some(Ok(Message::Close(_))) | None) => Poll::Ready(Wake::Gone),
                Poll::Ready(Some(Err(error))) => {
                    tracing::warn!(%error, "socket broke");
                    Poll::Ready(Wake::Broken)
                }
                Poll::Pending => Poll::Pending,
            };
        }
    }

    /// Writes what the socket takes now. Pending or not makes no difference to the caller.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Result<(), axum::Error> {
        let Some(socket) = &mut self.socket else { return Ok(()) };
        while !self.outgoing.is_empty() {
            match Pin::new(&mut *socket).poll_ready(context) {
                Poll::Pending => return Ok(()),
                Poll::Ready(ready) => ready?,
            }
            if let Some(message) = self.outgoing.pop_front() {
                Pin::new(&mut *socket).start_send(message)?;
                self.unflushed = Unflushed::Something;
            }
        }
        if self.unflushed == Unflushed::Something
            && let Poll::Ready(flushed) = Pin::new(&mut *socket).poll_flush(context)
        {
            flushed?;
            self.unflushed = Unflushed::Nothing;
        }
        Ok(())
    }

    /// Says goodbye to the carrier, within `limit`.
    pub(crate) async fn close(mut self, code: u16, reason: &'static str, limit: Duration) {
        if self.socket.is_none() {
            return;
        }
        let frame = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
        self.outgoing.push_back(Message::Close(Some(frame)));
        let written = poll_fn(|context| match self.poll_write(context) {
            Ok(()) if self.outgoing.is_empty() && self.unflushed == Unflushed::Nothing => {
                Poll::Ready(())
            }
            Ok(()) => Poll::Pending,
            Err(_) => Poll::Ready(()),
        });
        // A carrier that does not take even this is closed by dropping the socket.
        if tokio::time::timeout(limit, written).await.is_err() {
            tracing::debug!("carrier did not take the close");
        }
    }
}

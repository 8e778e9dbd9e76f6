//! One WebSocket session as the vendor holds it: what is sent goes out when it is due, with its faults.

use std::collections::VecDeque;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use bytes::Bytes;
use tokio::time::Instant;
use types::Millis;

use crate::Fault;
use crate::session::Session;

/// Messages that wait to become due at most: a client that makes more than these wait is hung up on.
const WAITING_MAX: usize = 10_000;

/// What a client sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    Text(String),
    Binary(Bytes),
}

/// Whether a message may change places with its neighbor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Fixed,
    Free,
}

/// One session's socket. `next` drives it: sends what is due, receives what comes.
pub(crate) struct Line {
    socket: WebSocket,
    session: Session,
    /// A message of a kind that nobody knows.
    unknown: &'static str,
    waiting: VecDeque<(Instant, Order, Message)>,
    is_mute: bool,
    ends: Option<Fault>,
}

impl Line {
    pub(crate) fn new(socket: WebSocket, session: Session, unknown: &'static str) -> Self {
        let mut line =
            Self { socket, session, unknown, waiting: VecDeque::new(), is_mute: false, ends: None };
        line.progress(Millis::ZERO);
        line
    }

    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    /// So much has been received, or sent: whatever the session is for.
    pub(crate) fn progress(&mut self, passed: Millis) {
        self.session.note_passed(passed);
        for fault in self.session.faults().iter().copied() {
            match fault {
                Fault::Mute { after } if after <= passed => self.is_mute = true,
                Fault::Drop { after } | Fault::Close { after, .. } if after <= passed => {
                    self.ends = self.ends.or(Some(fault));
                }
                Fault::Mute { .. }
                | Fault::Drop { .. }
                | Fault::Close { .. }
                | Fault::Refuse
                | Fault::Unauthorized
                | Fault::TooMany { .. }
                | Fault::Broken { .. }
                | Fault::Hang
                | Fault::Drip { .. }
                | Fault::Malformed { .. }
                | Fault::WrongOrder
                | Fault::LateAudio { .. }
                | Fault::Unknown
                | Fault::Slow { .. } => (),
            }
        }
    }

    /// Sends `text` after `delay`.
    pub(crate) fn send_text(&mut self, delay: Millis, order: Order, text: String) {
        if self.session.has(Fault::Unknown) {
            self.schedule(delay, Order::Fixed, Message::text(self.unknown));
        }
        self.schedule(delay, order, Message::text(text));
    }

    fn schedule(&mut self, delay: Millis, order: Order, message: Message) {
        let mut due = Instant::now() + self.session.slowed(delay);
        if let Some((before, _, _)) = self.waiting.back() {
            due = due.max(*before);
        }
        let gap = self
            .session
            .fault(|fault| if let Fault::Drip { gap } = fault { Some(gap) } else { None });
        if let (Some(gap), Some((before, _, _))) = (gap, self.waiting.back()) {
            due = due.max(*before + std::time::Duration::from_millis(u64::from(gap.get())));
        }
        self.waiting.push_back((due, order, message));
        let count = self.waiting.len();
        if WAITING_MAX < count {
            self.ends = self.ends.or(Some(Fault::Refuse));
        }
        // Every second pair of neighbors changes places.
        if self.session.has(Fault::WrongOrder)
            && order == Order::Free
            && 2 <= count
            && self.waiting[count - 2].1 == Order::Free
        {
            let earlier = self.waiting[count - 2].0;
            self.waiting.swap(count - 2, count - 1);
            self.waiting[count - 2].0 = earlier;
            self.waiting[count - 1].0 = due;
            self.waiting[count - 1].1 = Order::Fixed;
        }
    }

    /// What the client sends next; `None` when the session is over, from either side.
    pub(crate) async fn next(&mut self) -> Option<Received> {
        loop {
            match self.ends {
                Some(Fault::Close { code, .. }) => {
                    let frame = CloseFrame { code, reason: "".into() };
                    // Whoever is gone needs no goodbye.
                    let _ = self.socket.send(Message::Close(Some(frame))).await;
                    return None;
                }
                Some(_) => return None,
                None => (),
            }
            let due = self.waiting.front().map(|(due, _, _)| *due);
            tokio::select! {
                received = self.socket.recv() => match received {
                    Some(Ok(Message::Text(text))) => {
                        self.session.note_text(text.as_str());
                        return Some(Received::Text(text.as_str().to_owned()));
                    }
                    Some(Ok(Message::Binary(bytes))) => {
                        self.session.note_audio(&bytes);
                        return Some(Received::Binary(bytes));
                    }
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => (),
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                },
                () = self.session.punctuality().until(due) => self.send_due().await?,
            }
        }
    }

    /// Sends all that waits when it is due, then closes as agreed.
    pub(crate) async fn finish(mut self) {
        while let Some((due, _, _)) = self.waiting.front() {
            self.session.punctuality().until(Some(*due)).await;
            if self.send_due().await.is_none() {
                return;
            }
        }
        let frame = CloseFrame { code: 1_000, reason: "".into() };
        // As above.
        let _ = self.socket.send(Message::Close(Some(frame))).await;
        while let Some(Ok(_)) = self.socket.recv().await {}
    }

    async fn send_due(&mut self) -> Option<()> {
        let (due, _, message) = self.waiting.pop_front()?;
        if self.is_mute {
            return Some(());
        }
        self.session.note_due(due);
        let sent = self.session.note_sent();
        let message =
            if self.session.is_malformed(sent) { Message::text("{\"type\":") } else { message };
        self.socket.send(message).await.ok()
    }
}

//! One socket of a voice: what is said goes out when it is due, with the session's faults.

use std::collections::VecDeque;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use tokio::time::Instant;
use types::Millis;

use super::planned::{self, End};
use crate::Fault;
use crate::plan::Punctuality;
use crate::session::Session;

/// Messages that wait at most: a client that makes more than these wait is hung up on.
const WAITING_MAX: usize = 20_000;

/// Whether a message may change places with its neighbor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Fixed,
    Free,
}

/// A message that waits to be due.
struct Waiting {
    due: Instant,
    message: Message,
    /// Whose work it is: what a cancel takes back.
    work: u64,
    /// How much sound it carries.
    sound: Millis,
    order: Order,
}

/// A voice's end of a socket.
pub(crate) struct Line {
    socket: WebSocket,
    session: Session,
    waiting: VecDeque<Waiting>,
    /// Sound sent so far.
    sounded: Millis,
    end: Option<End>,
}

impl Line {
    pub(crate) fn new(socket: WebSocket, session: Session) -> Self {
        let waiting = VecDeque::new();
        let mut line = Self { socket, session, waiting, sounded: Millis::ZERO, end: None };
        line.progress();
        line
    }

    /// How long the first sound of a text takes.
    pub(crate) fn first_sound(&self) -> Millis {
        self.session.delays.first_audio
    }

    /// Sends a message of `work` after `delay`, not before what was queued earlier.
    pub(crate) fn send(
        &mut self,
        (work, delay): (u64, Millis),
        message: Message,
        sound: Millis,
        order: Order,
    ) {
        if self.session.has(Fault::Unknown) {
            let unknown = Message::text("{\"type\":\"AddedLater\",\"event\":{\"deep\":[1,null]}}");
            self.queue((work, delay), unknown, Millis::ZERO, Order::Fixed);
        }
        self.queue((work, delay), message, sound, order);
    }

    /// Sends a text that is nobody's work.
    pub(crate) fn tell(&mut self, text: String) {
        self.send((0, Millis::ZERO), Message::text(text), Millis::ZERO, Order::Fixed);
    }

    fn queue(
        &mut self,
        (work, delay): (u64, Millis),
        message: Message,
        sound: Millis,
        order: Order,
    ) {
        let mut due = Instant::now() + self.session.slowed(delay);
        if let Some(before) = self.waiting.back() {
            let gap = planned::gap(&self.session);
            due = due.max(before.due + gap);
        }
        self.waiting.push_back(Waiting { due, message, work, sound, order });
        if WAITING_MAX < self.waiting.len() {
            self.end = Some(End::Drop);
        }
        let count = self.waiting.len();
        if self.session.has(Fault::WrongOrder)
            && 2 <= count
            && self.waiting.range(count - 2..).all(|waiting| waiting.order == Order::Free)
        {
            self.waiting.swap(count - 2, count - 1);
            let earlier = self.waiting[count - 1].due;
            let later = std::mem::replace(&mut self.waiting[count - 2].due, earlier);
            self.waiting[count - 1].due = later;
            self.waiting[count - 1].order = Order::Fixed;
        }
    }

    /// Takes back what was going to be sent of `work`; of sound that was made already, some goes out
    /// all the same if so planned.
    pub(crate) fn cancel(&mut self, work: u64) {
        let mut left = planned::late(&self.session);
        let now = Instant::now();
        self.waiting.retain_mut(|waiting| {
            if waiting.work != work {
                return true;
            }
            let stays = Millis::ZERO < left && Millis::ZERO < waiting.sound;
            left = left.saturating_sub(waiting.sound);
            waiting.due = waiting.due.min(now);
            stays
        });
    }

    /// Whether anything of `work` waits to be sent.
    pub(crate) fn has_work(&self, work: u64) -> bool {
        self.waiting.iter().any(|waiting| waiting.work == work)
    }

    /// Says goodbye with this code, behind all that waits.
    pub(crate) async fn close(mut self, code: u16) {
        while !self.waiting.is_empty() && self.end.is_none() {
            if self.send_due().await.is_none() {
                return;
            }
        }
        let frame = CloseFrame { code, reason: "".into() };
        // Whoever is gone needs no goodbye.
        let _ = self.socket.send(Message::Close(Some(frame))).await;
        while let Some(Ok(_)) = self.socket.recv().await {}
    }

    /// The next text that comes; `None` when the session is over.
    pub(crate) async fn next(&mut self) -> Option<String> {
        loop {
            // Something may have befallen it meanwhile.
            self.progress();
            match self.end {
                Some(End::Close(code)) => {
                    let frame = CloseFrame { code, reason: "".into() };
                    // As above.
                    let _ = self.socket.send(Message::Close(Some(frame))).await;
                    return None;
                }
                Some(End::Drop) => return None,
                Some(End::Mute) | None => (),
            }
            let due = self.waiting.front().map(|waiting| waiting.due);
            tokio::select! {
                received = self.socket.recv() => match received {
                    Some(Ok(Message::Text(text))) => {
                        self.session.note_text(text.as_str());
                        return Some(text.as_str().to_owned());
                    }
                    Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_))) => (),
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                },
                () = at(self.session.punctuality(), due) => self.send_due().await?,
            }
        }
    }

    async fn send_due(&mut self) -> Option<()> {
        let waiting = self.waiting.pop_front()?;
        at(self.session.punctuality(), Some(waiting.due)).await;
        if self.end == Some(End::Mute) {
            return Some(());
        }
        self.session.note_due(waiting.due);
        let sent = self.session.note_sent();
        let message = if planned::is_malformed(&self.session, sent) {
            Message::text("{\"type\":")
        } else {
            waiting.message
        };
        self.socket.send(message).await.ok()?;
        self.sounded = self.sounded + waiting.sound;
        self.progress();
        Some(())
    }

    /// What is planned for after so much sound.
    fn progress(&mut self) {
        self.session.note_passed(self.sounded);
        self.end = self.end.or_else(|| planned::end(&self.session, self.sounded));
    }
}

async fn at(punctuality: Punctuality, due: Option<Instant>) {
    // A timer takes a millisecond for what is due already.
    if due.is_none_or(|due| Instant::now() < due) {
        punctuality.until(due).await;
    }
}

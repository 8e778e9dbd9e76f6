//! One well-behaved WebSocket to a vendor.
//!
//! A [`Socket`] is a value that its session's task owns and polls: its `push` queues and never
//! waits, [`Socket::next`] writes, reads, keeps alive and watches the peer, all at once, and may be
//! dropped at any await. So one task serves orders and socket alike:
//!
//! ```text
//! loop { select! { order = orders.recv() => socket.push(…), event = socket.next() => … } }
//! ```
//!
//! Control messages go as text, audio as binary (providers.md §1.6). Keys go into headers only.

mod connect;
mod exchange;

use std::collections::VecDeque;

use bytes::Bytes;
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use types::{Millis, Secret, VendorName};
use vendor::{Offered, Phase, VendorError};

use crate::clock::after;
use crate::net::{CONNECT_WAIT, Net};

use exchange::Stream;

/// Bytes that wait to be written at most: four seconds of linear audio at 16 kHz. Beyond that the
/// vendor does not read, and the session has to know.
pub const QUEUE_BYTES_MAX: usize = 128 << 10;

/// The longest message taken in. Voices send some seconds of audio in one, as base64.
pub const MESSAGE_BYTES_MAX: usize = 4 << 20;

/// Where a socket goes, and how it behaves.
#[derive(Clone, Debug)]
pub struct SocketOrder {
    /// Whose it is, for errors.
    pub vendor: VendorName,
    /// `ws` or `wss`; holds no key.
    pub url: Url,
    /// Sent with the handshake; keys stand here.
    pub headers: Vec<(HeaderName, Secret<String>)>,
    /// How it is kept open while nothing is said.
    pub keep_alive: KeepAlive,
    /// How long the handshake may take, TLS included.
    pub connect_max: Millis,
    /// How often the peer is asked for a sign of life; it has as long again to answer.
    pub ping_every: Millis,
}

impl SocketOrder {
    /// A socket to `url` with the usual patience and no keep-alive of its own.
    pub const fn new(vendor: VendorName, url: Url) -> Self {
        Self {
            vendor,
            url,
            headers: Vec::new(),
            keep_alive: KeepAlive::None,
            connect_max: CONNECT_WAIT,
            ping_every: PING_EVERY,
        }
    }

    /// The same with one more header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: Secret<String>) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// A dead peer is found out within twice this: well within the 10 s in which Deepgram would miss us.
const PING_EVERY: Millis = Millis::from_secs(5);

/// What a vendor wants to hear so that it does not hang up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeepAlive {
    /// Nothing.
    None,
    /// This text whenever nothing else has been sent for so long.
    Text {
        /// For how long.
        every: Millis,
        /// The text.
        text: &'static str,
    },
}

/// What came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A text message.
    Text(Utf8Bytes),
    /// A binary one.
    Binary(Bytes),
    /// The vendor said goodbye as agreed, after [`Socket::close`] or by itself with status 1000.
    Closed,
}

/// A connected socket. Dropping it breaks the connection without a goodbye.
pub struct Socket {
    vendor: VendorName,
    stream: Stream,
    headers: HeaderMap,
    queue: VecDeque<Message>,
    queued_bytes: usize,
    keep_alive: KeepAlive,
    ping_every: Millis,
    opened: Instant,
    /// When something other than a ping was sent last.
    sent: Instant,
    /// When anything was received last.
    received: Instant,
    pinged: Option<Instant>,
    goodbye: Goodbye,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goodbye {
    Unsaid,
    Said,
}

impl Socket {
    /// Connects, within [`SocketOrder::connect_max`].
    ///
    /// # Errors
    /// [`VendorError`]: what the vendor's refusal means, or that it could not be reached.
    pub async fn open(net: &Net, order: &SocketOrder) -> Result<Self, VendorError> {
        let (stream, headers) = connect::connect(net, order).await?;
        let now = Instant::now();
        Ok(Self {
            vendor: order.vendor,
            stream,
            headers,
            queue: VecDeque::new(),
            queued_bytes: 0,
            keep_alive: order.keep_alive.clone(),
            ping_every: order.ping_every,
            opened: now,
            sent: now,
            received: now,
            pinged: None,
            goodbye: Goodbye::Unsaid,
        })
    }

    /// A header of the vendor's answer to the handshake: its name of the session, for the log.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// When the handshake was done.
    pub const fn opened(&self) -> Instant {
        self.opened
    }

    /// Whether audio may be queued: `push` would take it.
    pub const fn has_room(&self) -> bool {
        self.queued_bytes < QUEUE_BYTES_MAX
    }

    /// Queues a binary message: audio.
    pub fn push_binary(&mut self, bytes: Bytes) -> Offered {
        self.push(Message::Binary(bytes))
    }

    /// Queues a text message.
    pub fn push_text(&mut self, text: impl Into<String>) -> Offered {
        self.push(Message::text(text.into()))
    }

    /// Queues a goodbye behind all that is queued; [`Self::next`] then ends with
    /// [`Incoming::Closed`].
    pub fn close(&mut self) {
        if self.goodbye == Goodbye::Unsaid {
            self.goodbye = Goodbye::Said;
            self.queue.push_back(Message::Close(None));
        }
    }

    fn push(&mut self, message: Message) -> Offered {
        if self.goodbye == Goodbye::Said {
            return Offered::Closed;
        }
        if !self.has_room() {
            return Offered::Shed;
        }
        self.queued_bytes += message.len();
        self.queue.push_back(message);
        Offered::Accepted
    }

    /// Writes what is queued, keeps alive, and waits for what comes next. May be dropped at any
    /// await; nothing is lost.
    ///
    /// # Errors
    /// [`VendorError`] once the connection is of no further use: broken, closed, silent for too long.
    pub async fn next(&mut self) -> Result<Incoming, VendorError> {
        loop {
            let deadline = self.deadline();
            if let Ok(done) = tokio::time::timeout_at(deadline, self.exchange()).await {
                return done;
            }
            self.on_deadline(Instant::now())?;
        }
    }

    /// When there is something to do although nothing comes.
    fn deadline(&self) -> Instant {
        let watch = match self.pinged {
            Some(pinged) => after(pinged, self.ping_every),
            None => after(self.received, self.ping_every),
        };
        match &self.keep_alive {
            KeepAlive::None => watch,
            KeepAlive::Text { every, .. } => watch.min(after(self.sent, *every)),
        }
    }

    fn on_deadline(&mut self, now: Instant) -> Result<(), VendorError> {
        match self.pinged {
            Some(pinged) if after(pinged, self.ping_every) <= now => {
                let (vendor, limit) = (self.vendor, self.ping_every);
                return Err(VendorError::Timeout { vendor, phase: Phase::BetweenBytes, limit });
            }
            None if after(self.received, self.ping_every) <= now => {
                self.pinged = Some(now);
                self.queue.push_back(Message::Ping(Bytes::new()));
            }
            Some(_) | None => (),
        }
        if let KeepAlive::Text { every, text } = self.keep_alive
            && after(self.sent, every) <= now
        {
            self.sent = now;
            self.push_text(text);
        }
        Ok(())
    }
}

impl std::fmt::Debug for Socket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Socket").field("vendor", &self.vendor).finish_non_exhaustive()
    }
}

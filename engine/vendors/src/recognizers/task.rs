//! The task of a session: orders, connection and time, one at a time.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use types::{AudioFormat, Encoding, Millis};
use vendor::{Offered, Phase, RecognizerEvent, Sink, VendorError};

use crate::clock::{after, duration};
use crate::net::Net;
use crate::socket::{Incoming, Socket};
use crate::usage::{Meter, Unit};

use super::dialect::{Certainty, Dialect, Greets, Manners, Said, Words};
use super::ear::{ANSWER_MAX, Ear, LinkState, Silence};
use super::feed::{Feed, Rest};
use super::link::{Link, LinkNews};
use super::ring::Ring;
use super::script::{Piece, Spoken};
use super::session::Order;

/// Audio that a vendor may have to hear again, at most; what lies beyond is counted as lost.
const RING_MAX: Millis = Millis::from_secs(30);

/// How long a vendor may take over its goodbye.
const FAREWELL_MAX: Millis = Millis::from_secs(2);

/// A session that is ready takes this long to say so at most.
const READY_MAX: Millis = Millis::from_secs(2);

/// Without audio for so long, silence is filled in where the vendor needs it (providers.md §2.2).
const STARVED: Millis = Millis::new(500);

/// One session.
pub(crate) struct Task {
    net: Net,
    format: AudioFormat,
    dialect: Box<dyn Dialect>,
    manners: Manners,
    events: Arc<dyn Sink<RecognizerEvent>>,
    meter: Arc<Meter>,
    link: Link,
    ring: Ring,
    ear: Ear,
    /// What this connection was sent; none while it is not ready.
    feed: Option<Feed>,
    /// When audio came last.
    audio: Instant,
}

/// Whether the session goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Course {
    GoesOn,
    Ends,
}

impl Task {
    pub(crate) fn new(
        net: Net,
        format: AudioFormat,
        dialect: Box<dyn Dialect>,
        events: Arc<dyn Sink<RecognizerEvent>>,
        meter: Arc<Meter>,
    ) -> Self {
        let now = Instant::now();
        let manners = dialect.manners();
        let sample_bytes = if format.encoding == Encoding::Pcmu { 1 } else { 2 };
        Self {
            link: Link::new(net.clone(), now),
            net,
            format,
            manners,
            dialect,
            events,
            meter,
            ring: Ring::new(sample_bytes, format.rate.samples_in(RING_MAX)),
            ear: Ear::new(format.rate, &manners, now),
            feed: None,
            audio: now,
        }
    }

    pub(crate) async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        loop {
            self.feed_socket(Instant::now());
            if self.tell() == Course::Ends {
                break;
            }
            let due = self.poll_timeout();
            let course = tokio::select! {
                biased;
                order = orders.recv() => match order {
                    Some(order) => self.handle_order(order),
                    None => Course::Ends,
                },
                news = self.link.next(self.dialect.order()) => self.handle_link(news),
                () = wait(due) => self.handle_timeout(),
            };
            if course == Course::Ends {
                break;
            }
        }
        // What was asked is answered, whatever becomes of it.
        self.tell();
        self.meter.disconnected();
        let lost = self.format.rate.span_of(self.ring.lost());
        if Millis::ZERO < lost {
            let vendor = self.dialect.order().vendor;
            tracing::warn!(%vendor, lost_ms = lost.get(), "audio was never recognized");
        }
        if let Some(socket) = self.link.replace() {
            farewell(socket, self.dialect.farewell()).await;
        }
    }

    fn handle_order(&mut self, order: Order) -> Course {
        let now = Instant::now();
        match order {
            Order::Audio { at, bytes } => self.handle_audio(now, at, &bytes),
            Order::Begin { utterance, ago } => self.ear.begin(now, utterance, ago),
            Order::Pause { utterance } => self.ear.pause(utterance),
            Order::Resume { utterance } => self.ear.resume(now, utterance),
            Order::Finalize { utterance } => self.ear.finalize(now, utterance),
            Order::Discard { utterance } => self.ear.discard(utterance),
        }
        Course::GoesOn
    }

    fn handle_audio(&mut self, now: Instant, at: u64, bytes: &[u8]) {
        self.audio = now;
        // What was shed on the way here is silence: places stay true.
        let missing = at.saturating_sub(self.ring.to());
        if 0 < missing {
            let (silence, sample_bytes) = match self.format.encoding {
                Encoding::Pcmu => (codecs::g711::ULAW_SILENCE, 1),
                Encoding::Pcma | Encoding::G722 | Encoding::L16 | Encoding::Opus => (0, 2),
            };
            let missing = usize::try_from(missing).unwrap_or(usize::MAX);
            let filled = missing.min(self.format.rate.samples_in(RING_MAX)) * sample_bytes;
            self.ring.push(&vec![silence; filled]);
        }
        self.ring.push(bytes);
        self.ear.handle_audio(self.ring.to());
        let cursor = self.feed.as_ref().map(Feed::cursor);
        let needed = self.ear.needed();
        // What has not been sent yet is needed all the same.
        self.ring.forget(cursor.map_or(needed, |cursor| needed.min(cursor)));
    }

    /// Sends what is due, and asks what is to be asked.
    fn feed_socket(&mut self, now: Instant) {
        let (Some(feed), Some(socket)) = (&mut self.feed, self.link.socket()) else { return };
        let wants_finalize = self.ear.wants_finalize();
        let rest = if wants_finalize.is_some() { Rest::Sent } else { Rest::Kept };
        while socket.has_room()
            && let Some(bytes) = feed.poll(now, &self.ring, rest)
        {
            let samples =
                bytes.len() as u64 / if self.format.encoding == Encoding::Pcmu { 1 } else { 2 };
            let ms = samples * 1_000 / u64::from(self.format.rate.hz());
            self.meter.count(Unit::AudioMs, ms);
            socket.push_binary(bytes);
        }
        if wants_finalize.is_some_and(|place| place <= feed.cursor()) {
            let asked = socket.push_text(self.dialect.finalize());
            if asked == Offered::Accepted {
                self.ear.was_asked(now, feed.cursor());
            }
        }
    }

    fn handle_link(&mut self, news: LinkNews) -> Course {
        let now = Instant::now();
        match news {
            LinkNews::Connected => {
                self.meter.count(Unit::Requests, 1);
                self.meter.connected();
                if let Some(socket) = self.link.socket() {
                    let vendor_session = socket.header("dg-request-id").map(ToOwned::to_owned);
                    tracing::debug!(vendor_session, "recognizer connected");
                }
                if self.manners.greets == Greets::No {
                    self.begin_feed(now);
                }
            }
            LinkNews::Incoming(Incoming::Text(text)) => {
                return self.handle_text(now, text.as_str());
            }
            LinkNews::Incoming(Incoming::Binary(_) | Incoming::Closed) => (),
            LinkNews::Lost(error) => self.handle_lost(&error),
            LinkNews::Failed(error) => return self.fail(error),
        }
        Course::GoesOn
    }

    fn begin_feed(&mut self, now: Instant) {
        let at = self.ear.connected(now, self.ring.from());
        self.feed = Some(Feed::new(self.format.rate, self.manners.chunk, at, now));
    }

    fn handle_lost(&mut self, error: &VendorError) {
        self.meter.disconnected();
        tracing::warn!(%error, "recognizer lost its connection");
        self.feed = None;
        self.ear.lost();
        if self.ear.is_busy() {
            let behind = self.ear.unsettled();
            self.events.offer(RecognizerEvent::Recovering { behind });
        }
    }

    fn fail(&mut self, error: VendorError) -> Course {
        self.meter.disconnected();
        // Before the words that must do: whoever has another recognizer does not take them.
        self.events.offer(RecognizerEvent::Failed { error });
        self.ear.give_up();
        self.tell();
        Course::Ends
    }

    fn handle_text(&mut self, now: Instant, text: &str) -> Course {
        match self.dialect.decode(text) {
            Ok(None) => Course::GoesOn,
            Ok(Some(Said::Ready)) => {
                if self.feed.is_none() {
                    self.begin_feed(now);
                }
                Course::GoesOn
            }
            Ok(Some(Said::Words(words))) => {
                self.handle_words(now, words);
                Course::GoesOn
            }
            // One that cannot be read does no harm: if its words were needed, they are asked for.
            Err(VendorError::Malformed { vendor, reason }) => {
                tracing::debug!(%vendor, reason, "a message cannot be read");
                self.ear.handle_damage();
                Course::GoesOn
            }
            Err(error) => match self.link.lost(error) {
                LinkNews::Lost(error) => {
                    self.handle_lost(&error);
                    Course::GoesOn
                }
                LinkNews::Failed(error) => self.fail(error),
                LinkNews::Connected | LinkNews::Incoming(_) => Course::GoesOn,
            },
        }
    }

    fn handle_words(&mut self, now: Instant, words: Words) {
        let Some(feed) = &self.feed else { return };
        let track = &feed.track;
        let spoken = words.words.into_iter();
        let spoken = spoken.map(|(text, from, to)| Spoken {
            text,
            from: track.place(from),
            to: track.place(to),
        });
        let piece = Piece {
            from: track.place(words.from),
            to: track.place(words.to),
            text: words.text,
            words: spoken.collect(),
            others: words.others,
        };
        let (covers_from, to) = (track.place(words.covers_from), piece.to);
        if words.certainty == Certainty::Final {
            self.ear.handle_covered(covers_from, to);
        }
        self.ear.handle_words(now, piece, words.certainty, words.opinion);
        if words.answers {
            self.ear.handle_answer(now, to);
        }
    }

    /// Hands over what is known; a call that is over ends the session.
    fn tell(&mut self) -> Course {
        while let Some(event) = self.ear.poll_event() {
            match self.events.offer(event) {
                Offered::Accepted => (),
                // Whoever holds the other end has counted it.
                Offered::Shed => tracing::debug!("a recognizer's event was shed"),
                Offered::Closed => return Course::Ends,
            }
        }
        Course::GoesOn
    }

    fn poll_timeout(&self) -> Option<Instant> {
        // A socket that takes no more wakes us by itself.
        let feed = self.feed.as_ref().filter(|_| self.link.has_room());
        let feed = feed.and_then(|feed| feed.due(&self.ring));
        let ready = self.link.since().filter(|_| self.feed.is_none());
        let ready = ready.map(|since| after(since, READY_MAX));
        let idle = self.ear.is_idle().then(|| self.link.since()).flatten();
        let recycle = idle.map(|since| after(since, self.manners.session_max));
        [feed, ready, recycle, self.filling_due(), self.ear.poll_timeout()]
            .into_iter()
            .flatten()
            .min()
    }

    fn filling_due(&self) -> Option<Instant> {
        let is_wanted = self.manners.filling.is_some() && self.feed.is_some() && self.ear.is_busy();
        is_wanted.then(|| after(self.audio, STARVED))
    }

    fn handle_timeout(&mut self) -> Course {
        let now = Instant::now();
        if self.filling_due().is_some_and(|due| due <= now) {
            self.fill(now);
        }
        let order = self.dialect.order();
        let (vendor, limit) = (order.vendor, READY_MAX);
        let up = self.link.since();
        if self.feed.is_none() && up.is_some_and(|since| after(since, READY_MAX) <= now) {
            return self.give_up_link(VendorError::Timeout {
                vendor,
                phase: Phase::FirstByte,
                limit,
            });
        }
        let is_old = |since| after(since, self.manners.session_max) <= now;
        if self.ear.is_idle() && up.is_some_and(is_old) {
            self.recycle();
        }
        let link = match &self.feed {
            Some(_) => LinkState::Up,
            None => LinkState::Down,
        };
        let error = if self.ear.is_damaged() {
            let reason = "words that cannot be read".to_owned();
            VendorError::Malformed { vendor, reason }
        } else {
            VendorError::Timeout { vendor, phase: Phase::BetweenBytes, limit: ANSWER_MAX }
        };
        match self.ear.handle_timeout(now, link) {
            None => Course::GoesOn,
            Some(Silence::Reconnect) => self.give_up_link(error),
            Some(Silence::Hopeless) => self.fail(error),
        }
    }

    fn give_up_link(&mut self, error: VendorError) -> Course {
        match self.link.lost(error) {
            LinkNews::Failed(error) => return self.fail(error),
            LinkNews::Lost(error) => self.handle_lost(&error),
            LinkNews::Connected | LinkNews::Incoming(_) => (),
        }
        Course::GoesOn
    }

    /// No audio comes, and the vendor cannot know that this is silence.
    fn fill(&mut self, now: Instant) {
        let Some(filling) = self.manners.filling else { return };
        self.audio = now;
        let samples = self.format.rate.samples_in(filling);
        let bytes = match self.format.encoding {
            Encoding::Pcmu => vec![codecs::g711::ULAW_SILENCE; samples],
            Encoding::Pcma | Encoding::G722 | Encoding::L16 | Encoding::Opus => {
                vec![0; 2 * samples]
            }
        };
        if let (Some(feed), Some(socket)) = (&mut self.feed, self.link.socket())
            && socket.push_binary(bytes.into()) == Offered::Accepted
        {
            feed.track.filled(samples);
            self.meter.count(Unit::AudioMs, u64::from(filling.get()));
        }
    }

    /// A connection that grows too old is replaced while nobody speaks.
    fn recycle(&mut self) {
        self.meter.disconnected();
        self.feed = None;
        self.ear.lost();
        if let Some(socket) = self.link.replace() {
            let text = self.dialect.farewell();
            self.net.handle().spawn(farewell(socket, text));
        }
    }
}

/// Says goodbye as the vendor wants it, and does not wait for long.
async fn farewell(mut socket: Socket, text: String) {
    socket.push_text(text);
    let ended =
        async { while let Ok(Incoming::Text(_) | Incoming::Binary(_)) = socket.next().await {} };
    if timeout(duration(FAREWELL_MAX), ended).await.is_err() {
        tracing::debug!("a recognizer does not say goodbye");
    }
}

async fn wait(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}

//! A session over a socket: one task that owns the connection and keeps it warm.
//!
//! ```text
//!            +--------------------- broken: what is open fails, with how far it came
//!            v                                       |
//! connect --> serve: orders --> dialect --> socket --+--> worn out: replaced in a pause
//!    |                 ^                       |
//!    | refused         +-- found <-- dialect <-+
//!    v
//! wait: 0, 100, 300, 1,000 ms, then for the next word
//! ```

use std::sync::Arc;

use tokio::time::{Instant, sleep_until, timeout};
use types::{GenerationId, Millis, Pii, SampleRate, SegmentId};
use vendor::{Phase, Sink, VendorError, VendorUsage, VoiceEvent, VoiceSession};

use super::convert::Spoken;
use super::delivery::{Delivery, Verdict};
use super::dialect::{Dialect, Out};
use super::gate::{Gate, Order};
use crate::clock::{after, duration, jittered, since};
use crate::net::Net;
use crate::socket::{Incoming, Socket};
use crate::usage::{Meter, Unit};

/// Waits before the attempts to connect anew (conversation.md §7.10); after the last, the next word is
/// waited for.
const WAITS: [Millis; 4] = [Millis::ZERO, Millis::new(100), Millis::new(300), Millis::new(1_000)];

/// A connection that lived so long was a good one: its end begins the attempts anew.
const GOOD_AFTER: Millis = Millis::from_secs(10);

/// How long the vendor has to say goodbye.
const GOODBYE_WAIT: Millis = Millis::new(500);

/// The handle of a session. Dropping it ends it.
pub(crate) struct Session {
    gate: Arc<Gate>,
    meter: Arc<Meter>,
}

impl Session {
    /// A handle and what its task works with.
    pub(crate) fn new(gate: Arc<Gate>, meter: Arc<Meter>) -> Self {
        Self { gate, meter }
    }
}

impl VoiceSession for Session {
    fn speak(&mut self, generation: GenerationId, segment: SegmentId, text: &Pii<String>) {
        self.gate.speak(generation, segment, text.reveal());
    }

    fn end(&mut self, generation: GenerationId) {
        self.gate.end(generation);
    }

    fn cancel(&mut self, generation: GenerationId, heard: Millis) {
        self.gate.cancel(generation, heard);
    }

    fn usage(&self) -> VendorUsage {
        self.meter.usage()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.gate.close();
    }
}

/// Opens a session that speaks `dialect`, and begins to connect.
pub(crate) fn open(
    net: &Net,
    dialect: Box<dyn Dialect>,
    (spoken, rate): (Spoken, SampleRate),
    patience: Millis,
    events: Arc<dyn Sink<VoiceEvent>>,
) -> Box<dyn VoiceSession> {
    let gate = Arc::new(Gate::new(dialect.socket().vendor, events));
    let meter = Arc::new(Meter::default());
    let task = Task {
        net: net.clone(),
        seed: net.next_session(),
        delivery: Delivery::new(gate.clone(), meter.clone(), spoken, rate),
        gate: gate.clone(),
        meter: meter.clone(),
        dialect,
        patience,
        watch: Watch::new(Instant::now()),
    };
    net.handle().spawn(task.run());
    Box::new(Session::new(gate, meter))
}

struct Task {
    net: Net,
    seed: u64,
    gate: Arc<Gate>,
    meter: Arc<Meter>,
    dialect: Box<dyn Dialect>,
    delivery: Delivery,
    patience: Millis,
    watch: Watch,
}

/// What is being waited for.
struct Watch {
    /// Since when sound is owed without a sound.
    owed: Option<Instant>,
    /// Since when a reply waits for an earlier one to be out of the way.
    blocked: Option<Instant>,
    /// When something was last asked for.
    ordered: Instant,
    has_sounded: bool,
}

impl Watch {
    const fn new(now: Instant) -> Self {
        Self { owed: None, blocked: None, ordered: now, has_sounded: false }
    }
}

/// How long a vendor is not worth asking.
#[derive(Clone, Copy, Debug)]
enum Bar {
    None,
    Until(Instant),
    /// Nothing will change within a call.
    Ever,
}

impl Bar {
    fn of(error: &VendorError, now: Instant) -> Self {
        match (error, error.retry_after()) {
            (_, Some(span)) => Self::Until(after(now, span)),
            (
                VendorError::Auth { .. }
                | VendorError::Quota { .. }
                | VendorError::BadRequest { .. }
                | VendorError::Missing { .. },
                None,
            ) => Self::Ever,
            (_, None) => Self::None,
        }
    }

    fn is_up(self, now: Instant) -> bool {
        match self {
            Self::None => false,
            Self::Until(until) => now < until,
            Self::Ever => true,
        }
    }
}

/// How a connection ended.
enum End {
    /// The session is over.
    Closed,
    /// It is to be replaced; nothing was under way.
    Worn,
    Broken(VendorError),
}

impl Task {
    async fn run(mut self) {
        let mut attempt = 0;
        loop {
            let error = match self.connect().await {
                None => return,
                Some(Err(error)) => {
                    // Who waits for a word does not wait for the next attempt.
                    self.refuse(&error);
                    error
                }
                Some(Ok(mut socket)) => {
                    self.watch = Watch::new(Instant::now());
                    let opened = socket.opened();
                    self.meter.connected();
                    let end = self.serve(&mut socket).await;
                    let lived = since(Instant::now(), opened);
                    self.meter.disconnected();
                    if self.watch.has_sounded || GOOD_AFTER <= lived {
                        attempt = 0;
                    }
                    match end {
                        End::Closed => return say_goodbye(socket, self.dialect.goodbye()).await,
                        End::Worn => {
                            // Nobody waits for the old one's goodbye.
                            self.net.handle().spawn(say_goodbye(socket, self.dialect.goodbye()));
                            continue;
                        }
                        End::Broken(error) => error,
                    }
                }
            };
            self.delivery.fail_all(&error);
            if !self.wait(&error, attempt).await {
                return;
            }
            attempt += 1;
        }
    }

    /// A connection, or why there is none; nothing if nobody wants one any more.
    async fn connect(&mut self) -> Option<Result<Socket, VendorError>> {
        let order = self.dialect.socket();
        let opening = Socket::open(&self.net, &order);
        tokio::pin!(opening);
        let (vendor, limit) = (order.vendor, self.patience);
        let mut waiting = None;
        loop {
            // A word that waits has no more patience with a handshake than with silence.
            if self.gate.has_speech() {
                waiting = waiting.or(Some(after(Instant::now(), limit)));
            }
            tokio::select! {
                () = at(waiting) => {
                    self.meter.count(Unit::Requests, 1);
                    let phase = Phase::Connect;
                    return Some(Err(VendorError::Timeout { vendor, phase, limit }));
                }
                opened = &mut opening => {
                    self.meter.count(Unit::Requests, 1);
                    return Some(opened);
                }
                () = self.gate.wait() => {
                    if self.gate.is_closed() {
                        return None;
                    }
                }
            }
        }
    }

    /// Waits before the next attempt; a word that is to be said ends the wait. Returns whether to go
    /// on.
    async fn wait(&mut self, error: &VendorError, attempt: usize) -> bool {
        let now = Instant::now();
        let pause = WAITS.get(attempt).map(|pause| {
            let count = u32::try_from(attempt).unwrap_or(u32::MAX);
            after(now, jittered(*pause, self.seed, count))
        });
        // One that has spoken took offense at a text, not at us: the next may be welcome.
        let is_about_text =
            self.watch.has_sounded && matches!(error, VendorError::BadRequest { .. });
        let bar = if is_about_text { Bar::None } else { Bar::of(error, now) };
        loop {
            if self.gate.is_closed() {
                return false;
            }
            if self.gate.has_speech() {
                if bar.is_up(Instant::now()) {
                    self.refuse(error);
                } else {
                    return true;
                }
            }
            let resume = match bar {
                Bar::None => pause,
                Bar::Until(until) => pause.map(|pause| pause.max(until)),
                Bar::Ever => None,
            };
            tokio::select! {
                () = self.gate.wait() => (),
                () = at(resume) => return true,
            }
        }
    }

    /// Everything that is asked for fails.
    fn refuse(&mut self, error: &VendorError) {
        while let Some(order) = self.gate.next_order(|_| true) {
            if let Order::Speak { epoch, generation, segment, text } = order {
                self.delivery.begin((epoch, generation), segment, text);
            }
        }
        self.delivery.fail_all(error);
    }

    async fn serve(&mut self, socket: &mut Socket) -> End {
        let mut out = Out::default();
        self.dialect.connected(Instant::now(), &mut out);
        loop {
            if self.gate.is_closed() {
                return End::Closed;
            }
            let now = Instant::now();
            self.take_orders(now, &mut out);
            if let Err(error) = self.settle(now, &mut out, socket) {
                return End::Broken(error);
            }
            if self.is_worn(now, socket.opened()) {
                return End::Worn;
            }
            let deadline = self.deadline(socket.opened());
            let incoming = tokio::select! {
                () = self.gate.wait() => continue,
                incoming = socket.next() => Some(incoming),
                () = sleep_until(deadline) => None,
            };
            let now = Instant::now();
            let handled = match incoming {
                Some(incoming) => self.handle_incoming(incoming, &mut out),
                None => self.overdue(now).map_or(Ok(()), Err),
            };
            if let Err(error) = handled {
                // What came before still counts.
                let _ = self.settle(now, &mut out, socket);
                return End::Broken(error);
            }
            self.dialect.handle_timeout(now, &mut out);
        }
    }

    fn take_orders(&mut self, now: Instant, out: &mut Out) {
        loop {
            let (dialect, delivery) = (&self.dialect, &self.delivery);
            let next = self.gate.next_order(|order| match order {
                Order::Speak { epoch, .. } => dialect.has_room(*epoch) || delivery.knows(*epoch),
                Order::End { .. } | Order::Cancel { .. } => true,
            });
            let Some(order) = next else { break };
            self.watch.ordered = now;
            match order {
                Order::Speak { epoch, generation, segment, text } => {
                    if let Some(characters) = self.dialect.charge(&text) {
                        self.meter.count(Unit::Characters, characters);
                    }
                    let number = self.delivery.begin((epoch, generation), segment, text.clone());
                    self.dialect.speak(now, (epoch, number), &text, out);
                }
                Order::End { epoch } => self.dialect.end(now, epoch, out),
                Order::Cancel { epoch, heard } => {
                    self.delivery.forget(epoch);
                    self.dialect.cancel(epoch, heard, out);
                }
            }
        }
        let is_blocked = self.gate.has_speech();
        self.watch.blocked = is_blocked.then(|| self.watch.blocked.unwrap_or(now));
    }

    /// Sends and delivers all there is.
    fn settle(
        &mut self,
        now: Instant,
        out: &mut Out,
        socket: &mut Socket,
    ) -> Result<(), VendorError> {
        while !out.found.is_empty() {
            for found in std::mem::take(&mut out.found) {
                if matches!(found, super::dialect::Found::Sound { .. }) {
                    self.watch.owed = None;
                    self.watch.has_sounded = true;
                }
                match self.delivery.handle(found) {
                    Verdict::Fine => (),
                    Verdict::Unwanted(epoch) => {
                        let vendor = self.dialect.socket().vendor;
                        let error = VendorError::Overloaded { vendor, retry_after: None };
                        self.delivery.fail(epoch, &error);
                        self.dialect.cancel(epoch, Millis::ZERO, out);
                    }
                }
            }
        }
        for message in out.messages.drain(..) {
            if socket.push_text(message) != vendor::Offered::Accepted {
                let vendor = self.dialect.socket().vendor;
                return Err(VendorError::Overloaded { vendor, retry_after: None });
            }
        }
        let owes = self.dialect.owing().is_some();
        self.watch.owed = owes.then(|| self.watch.owed.unwrap_or(now));
        Ok(())
    }

    fn handle_incoming(
        &mut self,
        incoming: Result<Incoming, VendorError>,
        out: &mut Out,
    ) -> Result<(), VendorError> {
        let now = Instant::now();
        match incoming? {
            Incoming::Text(text) => self.dialect.handle_text(now, &text, out),
            Incoming::Binary(bytes) => {
                self.dialect.handle_binary(now, bytes, out);
                Ok(())
            }
            Incoming::Closed => {
                Err(VendorError::SessionExpired { vendor: self.dialect.socket().vendor })
            }
        }
    }

    /// Whether the connection is to be replaced now.
    fn is_worn(&self, now: Instant, opened: Instant) -> bool {
        if !self.dialect.is_idle() {
            return false;
        }
        // A reply waits, and nothing but what is dead stands in its way.
        self.watch.blocked.is_some() || self.expiry(opened).is_some_and(|expiry| expiry <= now)
    }

    /// When the vendor would hang up.
    fn expiry(&self, opened: Instant) -> Option<Instant> {
        let lifetime = self.dialect.lifetime();
        let idle = lifetime.idle_max.map(|span| after(self.watch.ordered, span));
        let age = lifetime.age_max.map(|span| after(opened, span));
        [idle, age].into_iter().flatten().min()
    }

    fn deadline(&self, opened: Instant) -> Instant {
        let limit = self.patience;
        let expiry = self.expiry(opened).filter(|_| self.dialect.is_idle());
        let waits = [
            self.watch.owed.map(|since| after(since, limit)),
            self.watch.blocked.map(|since| after(since, limit)),
            self.dialect.timeout(),
            expiry,
        ];
        let next = waits.into_iter().flatten().min();
        // Something to wait for when there is nothing: the hour is none of ours.
        next.unwrap_or_else(|| after(Instant::now(), Millis::from_secs(3_600)))
    }

    /// Whose sound has not come in time.
    fn overdue(&self, now: Instant) -> Option<VendorError> {
        let limit = self.patience;
        let is_over = |since: Option<Instant>| since.is_some_and(|s| after(s, limit) <= now);
        if !is_over(self.watch.owed) && !is_over(self.watch.blocked) {
            return None;
        }
        let has_sound = self.dialect.owing().is_some_and(|epoch| self.delivery.has_sound(epoch));
        let phase = if has_sound { Phase::BetweenBytes } else { Phase::FirstByte };
        Some(VendorError::Timeout { vendor: self.dialect.socket().vendor, phase, limit })
    }
}

async fn say_goodbye(mut socket: Socket, goodbye: Option<String>) {
    if let Some(goodbye) = goodbye {
        socket.push_text(goodbye);
    }
    socket.close();
    let closing = async { while !matches!(socket.next().await, Ok(Incoming::Closed) | Err(_)) {} };
    // Who does not answer has had the chance.
    let _ = timeout(duration(GOODBYE_WAIT), closing).await;
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;

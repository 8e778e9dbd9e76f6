//! Between a session's handle and its task: orders in, events out, and nothing of the dead.
//!
//! ```text
//! handle --speak, end, cancel--> [orders] --> task --deliver--> is it live? --> sink
//! ```
//!
//! Events are offered under the lock under which [`Gate::cancel`] forgets a reply: whatever a vendor
//! still sends, nothing of a reply is delivered once its cancel has returned.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use types::{GenerationId, Millis, SegmentId, VendorName};
use vendor::{Delivered, Offered, Sink, VendorError, VoiceEvent};

/// Orders that wait at most: a reply has a dozen segments, and a session has one reply at a time.
pub(crate) const ORDERS_MAX: usize = 64;

/// Replies that may still be cancelled: one is heard, one is made, and some are on their way out.
const LIVE_MAX: usize = 8;

/// One reply's name inside a session. A generation that is spoken anew after its cancel has another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Epoch(pub(super) u64);

impl Epoch {
    /// The number, for names on the wire.
    pub(crate) const fn number(self) -> u64 {
        self.0
    }
}

/// What the handle wants.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Order {
    /// Speak.
    Speak {
        /// Of which reply.
        epoch: Epoch,
        /// The engine's name of it.
        generation: GenerationId,
        /// Which piece.
        segment: SegmentId,
        /// The words.
        text: String,
    },
    /// No more segments.
    End {
        /// Of which reply.
        epoch: Epoch,
    },
    /// Stop.
    Cancel {
        /// Which reply.
        epoch: Epoch,
        /// How much of it was heard.
        heard: Millis,
    },
}

impl Order {
    /// The reply it is about.
    pub(crate) const fn epoch(&self) -> Epoch {
        match self {
            Self::Speak { epoch, .. } | Self::End { epoch } | Self::Cancel { epoch, .. } => *epoch,
        }
    }
}

/// One session's door.
pub(crate) struct Gate {
    vendor: VendorName,
    state: Mutex<State>,
    wake: Notify,
    events: Arc<dyn Sink<VoiceEvent>>,
}

#[derive(Default)]
struct State {
    /// Oldest first.
    live: VecDeque<(GenerationId, Epoch)>,
    next: u64,
    orders: VecDeque<Order>,
    /// Nobody speaks, or nobody listens, any more.
    is_closed: bool,
}

impl Gate {
    pub(crate) fn new(vendor: VendorName, events: Arc<dyn Sink<VoiceEvent>>) -> Self {
        Self { vendor, state: Mutex::default(), wake: Notify::new(), events }
    }

    /// Queues a segment; one too many fails at once.
    pub(crate) fn speak(&self, generation: GenerationId, segment: SegmentId, text: &str) {
        let mut state = self.lock();
        if state.is_closed {
            return;
        }
        if ORDERS_MAX <= state.orders.len() {
            let error = VendorError::Overloaded { vendor: self.vendor, retry_after: None };
            let delivered = Delivered::NOTHING;
            self.events.offer(VoiceEvent::Failed { generation, segment, delivered, error });
            return;
        }
        let epoch = state.epoch(generation);
        let text = text.to_owned();
        state.orders.push_back(Order::Speak { epoch, generation, segment, text });
        drop(state);
        self.wake.notify_one();
    }

    /// Queues the end of a reply, if anything of it was asked for.
    pub(crate) fn end(&self, generation: GenerationId) {
        let mut state = self.lock();
        let Some(epoch) = state.find(generation) else { return };
        // A reply has one end: there are never more of these than replies.
        state.orders.push_back(Order::End { epoch });
        drop(state);
        self.wake.notify_one();
    }

    /// Forgets a reply. From here on nothing of it is delivered.
    pub(crate) fn cancel(&self, generation: GenerationId, heard: Millis) {
        let mut state = self.lock();
        let Some(epoch) = state.find(generation) else { return };
        state.live.retain(|(_, known)| *known != epoch);
        state.orders.retain(|order| order.epoch() != epoch);
        // Bounded as the replies are.
        state.orders.push_back(Order::Cancel { epoch, heard });
        drop(state);
        self.wake.notify_one();
    }

    /// Nobody will speak any more.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.close();
        drop(state);
        self.wake.notify_one();
    }

    /// Whether the task may stop.
    pub(crate) fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    /// Waits for an order. May be dropped at any await; nothing is lost.
    pub(crate) async fn wait(&self) {
        self.wake.notified().await;
    }

    /// Whether something is to be said.
    pub(crate) fn has_speech(&self) -> bool {
        self.lock().orders.iter().any(|order| matches!(order, Order::Speak { .. }))
    }

    /// The next order that `is_ready`: cancels before all others, which keep their order.
    pub(crate) fn next_order(&self, is_ready: impl Fn(&Order) -> bool) -> Option<Order> {
        let mut state = self.lock();
        let cancel = state.orders.iter().position(|order| matches!(order, Order::Cancel { .. }));
        match cancel {
            Some(at) => state.orders.remove(at),
            None => state.orders.pop_front_if(|order| is_ready(order)),
        }
    }

    /// Hands over what belongs to a reply, unless it is dead.
    pub(crate) fn deliver(&self, epoch: Epoch, event: VoiceEvent) -> Offered {
        let mut state = self.lock();
        if !state.live.iter().any(|(_, known)| *known == epoch) {
            return Offered::Closed;
        }
        let offered = self.events.offer(event);
        if offered == Offered::Closed {
            state.close();
        }
        offered
    }

    /// Hands over what is told about a reply that is over.
    pub(crate) fn tell(&self, event: VoiceEvent) {
        debug_assert!(matches!(event, VoiceEvent::Heard { .. }), "no sound of the dead");
        let _ = self.events.offer(event);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A sink that panics has lost its event; the state stays consistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn find(&self, generation: GenerationId) -> Option<Epoch> {
        self.live.iter().find(|(known, _)| *known == generation).map(|(_, epoch)| *epoch)
    }

    fn epoch(&mut self, generation: GenerationId) -> Epoch {
        if let Some(epoch) = self.find(generation) {
            return epoch;
        }
        let epoch = Epoch(self.next);
        self.next += 1;
        if LIVE_MAX <= self.live.len()
            && let Some((_, oldest)) = self.live.pop_front()
        {
            self.orders.retain(|order| order.epoch() != oldest);
        }
        self.live.push_back((generation, epoch));
        epoch
    }

    fn close(&mut self) {
        self.is_closed = true;
        self.live.clear();
        self.orders.clear();
    }
}

#[cfg(test)]
mod tests {
    use types::{Audio, TurnId};

    use super::*;

    #[derive(Default)]
    struct Heap(Mutex<Vec<VoiceEvent>>);

    impl Sink<VoiceEvent> for Heap {
        fn offer(&self, event: VoiceEvent) -> Offered {
            self.0.lock().unwrap().push(event);
            Offered::Accepted
        }
    }

    fn generation(turn: u32) -> GenerationId {
        GenerationId { turn: TurnId::new(turn), attempt: 0 }
    }

    fn sound(turn: u32) -> VoiceEvent {
        let audio = Audio::from(vec![1_i16]);
        VoiceEvent::Audio { generation: generation(turn), segment: SegmentId::FIRST, audio }
    }

    #[test]
    fn nothing_of_a_cancelled_reply_passes_even_if_it_is_spoken_anew() {
        let heap = Arc::new(Heap::default());
        let gate = Gate::new("aura".parse().unwrap(), heap.clone());
        gate.speak(generation(1), SegmentId::FIRST, "one");
        let first = gate.next_order(|_| true).unwrap().epoch();
        assert_eq!(gate.deliver(first, sound(1)), Offered::Accepted);
        gate.speak(generation(1), SegmentId::new(1), "two");
        gate.cancel(generation(1), Millis::ZERO);
        assert_eq!(gate.deliver(first, sound(1)), Offered::Closed);
        gate.speak(generation(1), SegmentId::FIRST, "anew");
        assert!(matches!(gate.next_order(|_| false), Some(Order::Cancel { .. })));
        let second = gate.next_order(|_| true).unwrap().epoch();
        assert_ne!(first, second);
        assert!(gate.next_order(|_| true).is_none(), "what waited is forgotten");
        assert_eq!(gate.deliver(first, sound(1)), Offered::Closed);
        assert_eq!(gate.deliver(second, sound(1)), Offered::Accepted);
        assert_eq!(heap.0.lock().unwrap().len(), 2);
    }

    #[test]
    fn there_is_an_end_to_what_waits() {
        let heap = Arc::new(Heap::default());
        let gate = Gate::new("aura".parse().unwrap(), heap.clone());
        for n in 0..ORDERS_MAX as u32 + 3 {
            gate.speak(generation(1), SegmentId::new(n), "word");
        }
        let failed = heap.0.lock().unwrap().len();
        assert_eq!(failed, 3, "one too many fails at once");
        for turn in 2..100 {
            gate.cancel(generation(turn - 1), Millis::ZERO);
            gate.speak(generation(turn), SegmentId::FIRST, "word");
            while gate.next_order(|_| true).is_some() {}
        }
        assert!(gate.lock().live.len() <= LIVE_MAX);
    }
}

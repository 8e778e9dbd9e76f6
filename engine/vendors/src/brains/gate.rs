//! The gate between a reply's task and whoever listens.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use types::GenerationId;
use vendor::{BrainEvent, Offered, Sink};

/// Lets events of the living generation through, and of no other.
///
/// Offering happens under the lock, and offering never blocks: so once [`Gate::close`] has
/// returned, nothing of what it closed can follow.
pub(crate) struct Gate {
    living: Mutex<Option<GenerationId>>,
    events: Arc<dyn Sink<BrainEvent>>,
}

/// What is behind the gate is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Closed;

impl Gate {
    pub(crate) fn new(events: Arc<dyn Sink<BrainEvent>>) -> Self {
        Self { living: Mutex::new(None), events }
    }

    fn lock(&self) -> MutexGuard<'_, Option<GenerationId>> {
        self.living.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on `generation` lives, and no other.
    pub(crate) fn open(&self, generation: GenerationId) {
        *self.lock() = Some(generation);
    }

    /// If `generation` lives, it does so no longer.
    pub(crate) fn close(&self, generation: GenerationId) {
        let mut living = self.lock();
        if *living == Some(generation) {
            *living = None;
        }
    }

    /// Offers `event` of `generation` if that lives.
    pub(crate) fn offer(&self, generation: GenerationId, event: BrainEvent) -> Result<(), Closed> {
        let living = self.lock();
        if *living != Some(generation) {
            return Err(Closed);
        }
        match self.events.offer(event) {
            Offered::Accepted => Ok(()),
            // Words with a hole may say the opposite: a listener that cannot keep up hears no more,
            // and its own patience ends the reply.
            Offered::Shed | Offered::Closed => Err(Closed),
        }
    }
}

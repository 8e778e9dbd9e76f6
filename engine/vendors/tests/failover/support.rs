//! Puppets, what they were told, and what the call heard.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use types::{GenerationId, TurnId, VendorName};
use vendor::{Count, Offered, Sink, VendorError};
use vendors::failover::{BreakerLimits, Clinic, Duty, Health, Holder};

/// What somebody was told or heard, in order.
#[derive(Debug)]
pub(crate) struct Record<T>(Arc<Mutex<Vec<T>>>);

impl<T> Clone for Record<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Default for Record<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Send> Record<T> {
    pub(crate) fn put(&self, item: T) {
        self.0.lock().unwrap().push(item);
    }

    /// All since the last time.
    pub(crate) fn take(&self) -> Vec<T> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// The call's ear.
pub(crate) struct Ear<E>(pub(crate) Record<E>);

impl<E: Send> Sink<E> for Ear<E> {
    fn offer(&self, event: E) -> Offered {
        self.0.put(event);
        Offered::Accepted
    }
}

pub(crate) fn name(name: &str) -> VendorName {
    name.parse().unwrap()
}

pub(crate) fn holder(name: &str) -> Holder {
    Holder(name.parse().unwrap())
}

/// So much, as the vendor counts.
pub(crate) const fn exact(exact: u64) -> Count {
    Count { exact, estimated: 0 }
}

pub(crate) fn generation(turn: u32) -> GenerationId {
    GenerationId { turn: TurnId::new(turn), attempt: 0 }
}

pub(crate) fn clinic() -> Clinic {
    Clinic::new(BreakerLimits::STANDARD)
}

pub(crate) fn health(clinic: &Clinic, duty: Duty, vendor: &str) -> Health {
    clinic.health(holder("one"), duty, name(vendor))
}

pub(crate) fn broken(vendor: &str) -> VendorError {
    VendorError::Transport { vendor: name(vendor) }
}

/// Lets every task run that can.
pub(crate) async fn settle() {
    for _ in 0..16 {
        tokio::task::yield_now().await;
    }
}

/// Lets `ms` pass.
pub(crate) async fn pass(ms: u64) {
    tokio::time::advance(Duration::from_millis(ms)).await;
    settle().await;
}

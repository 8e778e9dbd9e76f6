//! Who answers which number: an immutable directory behind an atomic pointer.

use std::sync::Arc;

use arc_swap::ArcSwap;

/// A value that is swapped, never edited. Readers keep what they loaded for as long as they like.
///
/// Reads are wait-free. Only whole `Arc`s leave: guards of the underlying crate have had
/// memory-ordering reports, and one reference count per call costs nothing.
#[derive(Debug)]
pub struct Snapshot<T>(ArcSwap<T>);

impl<T> Snapshot<T> {
    /// The first version.
    pub fn new(value: T) -> Self {
        Self(ArcSwap::from_pointee(value))
    }

    /// The version of this moment.
    pub fn load(&self) -> Arc<T> {
        self.0.load_full()
    }

    /// Replaces the version for all reads to come; earlier readers keep theirs.
    pub fn publish(&self, value: Arc<T>) {
        self.0.store(value);
    }
}

//! One of several vendors that may do the same.

use std::sync::Arc;

use types::VendorName;

use super::health::Health;

/// A vendor in an agent's order.
pub struct Member<T: ?Sized> {
    /// Its name in the agent's file.
    pub name: VendorName,
    /// Who.
    pub vendor: Arc<T>,
    /// How it does for this account.
    pub health: Health,
}

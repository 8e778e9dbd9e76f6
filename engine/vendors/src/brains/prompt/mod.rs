//! A business's facts as instructions for a model that speaks.
//!
//! Two parts that must not mix: [`system`], the same for every call of an agent's version, so that
//! a vendor can keep it, and [`moment`], what code computes anew for each turn (the date, the time,
//! what is open), which goes to the very end.

mod moment;
mod phrase;
mod system;
#[cfg(test)]
mod tests;

pub use moment::{Moment, moment};
pub use phrase::{date, duration, money, price, spans, time};
pub use system::{Abridged, System, facts_found, system};

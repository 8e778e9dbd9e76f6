//! Several vendors for one duty: who is asked, and who takes over when that goes wrong.
//!
//! A vendor's health is known per holder of an account ([`Clinic`]): a breaker that opens on
//! failures, and how long the first answer usually takes. On top of it one session per duty that
//! behaves like a single vendor's: [`open_brains`] races a late brain with the next,
//! [`open_voices`] lets the next voice go on in the middle of a text, [`open_recognizers`] lets the
//! next recognizer hear again what was not final.

mod brain;
mod breaker;
mod health;
mod member;
mod pace;
mod recognizer;
mod voice;

pub use brain::open_brains;
pub use breaker::{Admission, BREAKER_WINDOW, Breaker, BreakerLimits};
pub use health::{Clinic, Duty, Health, Holder};
pub use member::Member;
pub use pace::{Pace, PaceLimits};
pub use recognizer::open_recognizers;
pub use voice::open_voices;

/// Who is to blame where none of the members is.
fn ourselves() -> types::VendorName {
    "failover".parse().expect("a constant slug")
}

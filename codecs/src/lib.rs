//! Bytes to samples and back, and what is done to samples on the way.
//!
//! Everything is mono `i16`. This crate knows samples and bytes; it knows no calls, no clocks and
//! no sockets. Nothing here allocates once warm: results are appended to the caller's buffers,
//! and state has its final size when it is made.
//!
//! ```text
//! payload --leg::Decoder--> samples --resample--> samples at another rate --> gate, recognizer
//! voice --resample--> samples --fade, framing--> frames --leg::Encoder--> payload
//! ```

pub mod comfort;
pub mod conceal;
pub mod dtmf;
pub mod fade;
pub mod framing;
pub mod fuzz;
pub mod g711;
pub mod g722;
pub mod gate;
pub mod l16;
pub mod leg;
pub mod level;
pub mod opus;
pub mod resample;

mod error;

pub use error::CodecError;

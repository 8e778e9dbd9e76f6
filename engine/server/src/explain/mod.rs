//! The call explains itself: an event log read back as a story that a person can follow, and drawn
//! as a picture.
//!
//! [`Story`] is plain data, made from a log alone; `apex replay --explain` puts it into words.

mod build;
mod moment;
mod phrases;
mod picture;
mod reply;
mod story;
mod tell;
#[cfg(test)]
mod tests;

pub use moment::{Moment, TurnEnd, What};
pub use picture::{PictureError, draw};
pub(crate) use picture::{Sound, timeline};
pub use story::{Ending, Leg, Partial, Reply, STORY_FORMAT, Span, Story, Turn};
pub(crate) use tell::tell;

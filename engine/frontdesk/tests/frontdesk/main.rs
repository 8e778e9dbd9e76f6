//! The built-in brain as its callers meet it: businesses from the fixtures, dialogues, replies.

mod dialogues;
mod noise;
mod rows;
mod support;
mod tuned;

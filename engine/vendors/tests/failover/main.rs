//! Several vendors for one duty, on a paused clock: members are puppets whose strings the test pulls.

mod brain;
mod health;
mod recognizer;
mod support;
mod voice;

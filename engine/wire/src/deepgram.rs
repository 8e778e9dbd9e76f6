//! Deepgram's sockets.

pub mod speak;

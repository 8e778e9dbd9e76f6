//! All of the engine's I/O: listeners, actors, pacer, routes, reload, recording, journal, telemetry.
//!
//! [`Engine`](engine::Engine) is the whole of it. Media and control run on threads and listeners of
//! their own; whatever touches a disk has a thread of its own and a bounded queue before it.

pub mod admission;
pub mod archive;
pub mod cli;
pub mod config;
pub mod control;
pub mod demo;
pub mod doctor;
pub mod engine;
pub mod explain;
pub mod feed;
pub mod front;
pub mod insight;
pub mod journal;
pub mod listen;
pub mod matrix;
pub mod node;
pub mod publish;
pub mod recording;
pub mod rehearse;
pub mod routes;
pub mod score;
pub mod telemetry;
pub mod vendors;

mod actor;
mod pacer;
mod paper;
mod view;
mod vocabulary;

//! The board on the screen, frame by frame, on a thread of its own.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::signal::unix::{SignalKind, signal};

use super::board::Measured;
use super::{Board, Screen, screen};
use crate::feed::Note;
use crate::paper::Ink;

/// Frame to frame: quick enough for words, slow enough for a terminal far away.
const FRAME: Duration = Duration::from_millis(80);

/// The exit code of a process that ctrl-C ended, as shells expect it.
const INTERRUPTED: i32 = 130;

/// A board on its screen.
#[derive(Debug)]
pub(crate) struct LiveView {
    /// What is seen.
    pub(crate) board: Board,
    screen: Screen,
    ink: &'static Ink,
    begun: Instant,
    drawn: Option<Instant>,
}

impl LiveView {
    /// Takes the terminal and shows `board` on it.
    pub(crate) fn new(board: Board, ink: &'static Ink, begun: Instant) -> Self {
        Self { board, screen: Screen::enter(), ink, begun, drawn: None }
    }

    /// Takes in what a call shows.
    pub(crate) fn note(&mut self, note: &Note) {
        self.board.note(note, self.begun.elapsed());
    }

    /// Draws, if a frame is due.
    pub(crate) fn draw_if_due(&mut self) {
        if self.drawn.is_some_and(|drawn| drawn.elapsed() < FRAME) {
            return;
        }
        self.drawn = Some(Instant::now());
        let size = Screen::size();
        let lines = self.board.render(size, self.begun.elapsed(), self.ink);
        self.screen.draw(size, &lines);
    }
}

/// Shows what comes of `notes` until nobody can send any more.
pub(crate) fn watch_calls(
    notes: Receiver<Note>,
    headline: &str,
    ink: &'static Ink,
) -> std::io::Result<JoinHandle<()>> {
    let board = Board::new(headline, Measured::ByEngine);
    std::thread::Builder::new().name("view".into()).spawn(move || {
        let mut view = LiveView::new(board, ink, Instant::now());
        loop {
            match notes.recv_timeout(FRAME) {
                Ok(note) => {
                    view.note(&note);
                    while let Ok(note) = notes.try_recv() {
                        view.note(&note);
                    }
                }
                Err(RecvTimeoutError::Timeout) => (),
                Err(RecvTimeoutError::Disconnected) => return,
            }
            view.draw_if_due();
        }
    })
}

/// From now on ctrl-C gives the terminal back before it ends the process. For commands that have
/// no signals of their own.
pub(crate) fn restore_on_interrupt() {
    let spawned = std::thread::Builder::new().name("signals".into()).spawn(|| {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
            return;
        };
        let signaled = runtime.block_on(async {
            let mut interrupt = signal(SignalKind::interrupt())?;
            let mut terminate = signal(SignalKind::terminate())?;
            let mut hang_up = signal(SignalKind::hangup())?;
            tokio::select! {
                _ = interrupt.recv() => (),
                _ = terminate.recv() => (),
                _ = hang_up.recv() => (),
            }
            Ok::<(), std::io::Error>(())
        });
        if signaled.is_ok() {
            screen::restore();
            std::process::exit(INTERRUPTED);
        }
    });
    if let Err(error) = spawned {
        tracing::debug!(%error, "ctrl-C ends the process as it is");
    }
}

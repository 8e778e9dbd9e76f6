//! The terminal as a whole screen, given back as it was.

use std::io::{self, Write, stdout};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use super::held;

/// Another screen, no cursor, and lines that end where the terminal does.
const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J";

/// All of that undone.
const LEAVE: &str = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";

/// Whether the terminal shows our screen.
static ENTERED: AtomicBool = AtomicBool::new(false);

/// A terminal's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
}

/// The screen. Dropping it gives the terminal back.
#[derive(Debug)]
pub(crate) struct Screen {
    drawn: Option<Size>,
}

impl Screen {
    /// Takes the terminal.
    pub(crate) fn enter() -> Self {
        guard();
        held::hold();
        Self { drawn: None }
    }

    /// Its size at this moment.
    pub(crate) fn size() -> Size {
        let (rows, columns) = console::Term::stdout().size();
        // Behind the last column a terminal's cursor stands on it, and wiping the rest of the line
        // would wipe it, too.
        Size { columns: usize::from(columns.saturating_sub(1)), rows: usize::from(rows) }
    }

    /// Shows `lines`, each cut to the screen already, in one go: no half pictures are seen.
    pub(crate) fn draw(&mut self, size: Size, lines: &[String]) {
        let mut frame = String::with_capacity(4_096);
        // A panic elsewhere, or a first frame: the screen must be taken (again).
        if !ENTERED.swap(true, Ordering::SeqCst) {
            frame.push_str(ENTER);
        } else if self.drawn != Some(size) {
            // What the terminal made of the old picture on the new size is anybody's guess.
            frame.push_str("\x1b[2J");
        }
        self.drawn = Some(size);
        frame.push_str("\x1b[?2026h\x1b[H");
        for (number, line) in lines.iter().take(size.rows).enumerate() {
            if 0 < number {
                frame.push_str("\r\n");
            }
            frame.push_str(line);
            frame.push_str("\x1b[0m\x1b[K");
        }
        frame.push_str("\x1b[J\x1b[?2026l");
        // A terminal that is gone shows nothing; the calls go on.
        let mut out = stdout().lock();
        let _ = out.write_all(frame.as_bytes()).and_then(|()| out.flush());
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
        held::release();
    }
}

/// Gives the terminal back, if we have it.
pub(super) fn restore() {
    if ENTERED.swap(false, Ordering::SeqCst) {
        let mut out = stdout().lock();
        let _: io::Result<()> = out.write_all(LEAVE.as_bytes()).and_then(|()| out.flush());
    }
}

/// A panic is reported on the terminal as it was; a screen that is still needed comes back with
/// its next frame.
fn guard() {
    static GUARDED: Once = Once::new();
    GUARDED.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            restore();
            report(panic);
        }));
    });
}

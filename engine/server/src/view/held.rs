//! Log lines, held back while a screen is drawn: they would run through the picture.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tracing_subscriber::fmt::MakeWriter;

/// Lines held at most; older ones give way. A screen shows one, the rest is for afterwards.
const LINES_MAX: usize = 200;

/// The lines, while there is a screen.
static HELD: Mutex<Option<VecDeque<String>>> = Mutex::new(None);

fn held() -> MutexGuard<'static, Option<VecDeque<String>>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on lines are held back.
pub(super) fn hold() {
    held().get_or_insert_default();
}

/// Lines go to standard error again, those held first.
pub(super) fn release() {
    let lines = held().take();
    let mut out = io::stderr().lock();
    for line in lines.into_iter().flatten() {
        // Nowhere to complain to.
        let _ = out.write_all(line.as_bytes());
    }
}

/// The newest line held.
pub(super) fn newest() -> Option<String> {
    held().as_ref()?.back().cloned()
}

/// Where the log goes: standard error, or behind the screen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogWriter;

impl Write for LogWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(lines) = held().as_mut() {
            if lines.len() == LINES_MAX {
                lines.pop_front();
            }
            lines.push_back(String::from_utf8_lossy(bytes).into_owned());
            return Ok(bytes.len());
        }
        io::stderr().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogWriter {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        Self
    }
}

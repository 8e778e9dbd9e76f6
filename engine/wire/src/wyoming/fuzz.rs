//! An entry point for a fuzzer.

use super::{Decoder, Event};

/// Decodes any bytes as a stream, whole and byte by byte alike; what is an event survives being written
/// and read again.
///
/// # Panics
/// If it does not, or the portions matter.
pub fn fuzz_wyoming(bytes: &[u8]) {
    let whole = events(std::iter::once(bytes));
    assert_eq!(whole, events(bytes.chunks(1)), "portions do not matter");
    for event in whole {
        let mut written = Vec::new();
        event.encode(&mut written);
        assert_eq!(events(std::iter::once(&written[..])), [event]);
    }
}

fn events<'a>(portions: impl Iterator<Item = &'a [u8]>) -> Vec<Event> {
    let mut decoder = Decoder::default();
    let mut events = Vec::new();
    for portion in portions {
        decoder.push(portion);
        loop {
            match decoder.poll() {
                Ok(Some(event)) => events.push(event),
                Ok(None) => break,
                Err(_) => return events,
            }
        }
    }
    events
}

//! Server-sent events: a byte stream into events (WHATWG HTML §9.2.6), whatever its portions.

use std::collections::VecDeque;

use thiserror::Error;

/// The longest event. A chat model's largest is a tool call's arguments in one piece; a stream
/// that goes on for longer without an end is none.
pub const EVENT_BYTES_MAX: usize = 1 << 20;

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// Its `event:` field; empty if there was none.
    pub name: String,
    /// Its `data:` lines, joined with line feeds.
    pub data: String,
}

/// Why a stream makes no sense any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SseError {
    /// An event longer than [`EVENT_BYTES_MAX`].
    #[error("an event of more than {EVENT_BYTES_MAX} bytes")]
    TooLong,
}

/// Collects bytes and gives out events.
///
/// Input: any portions; lines end with LF, CR LF or CR, comments and unknown fields are skipped,
/// bytes that are no UTF-8 become U+FFFD.
/// Output: the same events whatever the portions. One that is cut off by the end of the stream
/// comes out of [`Parser::finish`]: servers exist that forget the last empty line.
#[derive(Debug, Default)]
pub struct Parser {
    line: Vec<u8>,
    name: String,
    data: Option<String>,
    ready: VecDeque<Event>,
    place: Place,
}

/// Where in the stream the next byte stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// In the first line: a byte order mark may begin it.
    #[default]
    FirstLine,
    /// In a later one.
    Line,
    /// After a CR: a LF belongs to it.
    AfterCr,
}

impl Parser {
    /// Takes in more of the stream. Drain [`Parser::poll`] afterwards.
    ///
    /// # Errors
    /// [`SseError::TooLong`]; the stream is of no further use then.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), SseError> {
        for &byte in bytes {
            let follows_cr = self.place == Place::AfterCr;
            if follows_cr {
                self.place = Place::Line;
            }
            match byte {
                b'\n' if follows_cr => (),
                b'\n' => self.end_line(Place::Line),
                b'\r' => self.end_line(Place::AfterCr),
                _ => self.line.push(byte),
            }
            let held = self.line.len() + self.data.as_ref().map_or(0, String::len);
            if EVENT_BYTES_MAX < held {
                return Err(SseError::TooLong);
            }
        }
        Ok(())
    }

    /// The next complete event.
    pub fn poll(&mut self) -> Option<Event> {
        self.ready.pop_front()
    }

    /// The event the stream ended within, if any. Drain [`Parser::poll`] first.
    pub fn finish(&mut self) -> Option<Event> {
        if !self.line.is_empty() {
            self.end_line(Place::Line);
        }
        self.dispatch();
        self.poll()
    }

    fn end_line(&mut self, next: Place) {
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        let line = match std::mem::replace(&mut self.place, next) {
            Place::FirstLine => line.trim_start_matches('\u{feff}'),
            Place::Line | Place::AfterCr => &line,
        };
        if line.is_empty() {
            return self.dispatch();
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            // Comments have an empty name; `id` and `retry` serve reconnecting, which nobody does
            // in the middle of a reply.
            _ => (),
        }
    }

    fn dispatch(&mut self) {
        let name = std::mem::take(&mut self.name);
        if let Some(data) = self.data.take() {
            self.ready.push_back(Event { name, data });
        }
    }
}

/// Reads any bytes as a stream, whole and in portions: the events are the same.
///
/// # Panics
/// If they are not.
pub fn fuzz_sse(bytes: &[u8]) {
    let size = bytes.first().map_or(1, |byte| usize::from(*byte % 7) + 1);
    assert!(events(&[bytes]) == events(&bytes.chunks(size).collect::<Vec<_>>()), "any portions");
}

fn events(portions: &[&[u8]]) -> Vec<Event> {
    let mut parser = Parser::default();
    let mut events = Vec::new();
    for portion in portions {
        if parser.push(portion).is_err() {
            return events;
        }
        events.extend(std::iter::from_fn(|| parser.poll()));
    }
    events.extend(parser.finish());
    events
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: &[(&str, &str)]) {
        let got = events(&[text.as_bytes()]);
        let got: Vec<_> =
            got.iter().map(|event| (event.name.as_str(), event.data.as_str())).collect();
        assert_eq!(got, expected, "{text:?}");
    }

    #[test]
    fn events_end_with_an_empty_line() {
        check("data: {\"a\":1}\n\ndata: [DONE]\n\n", &[("", "{\"a\":1}"), ("", "[DONE]")]);
        check("event: ping\ndata: {}\n\n", &[("ping", "{}")]);
        check("data: a\r\ndata: b\r\n\r\n", &[("", "a\nb")]);
        check("data: a\rdata: b\r\r", &[("", "a\nb")]);
        check(": comment\n\nevent: lonely\n\ndata:no space\nretry: 3\nid\n\n", &[("", "no space")]);
        check("\u{feff}data: marked\n\n", &[("", "marked")]);
        check("data:\n\n", &[("", "")]);
        check("data: cut off", &[("", "cut off")]);
        check("data: x\n", &[("", "x")]);
    }

    #[test]
    fn an_event_without_end_is_refused() {
        let mut parser = Parser::default();
        assert_eq!(parser.push(&vec![b'x'; EVENT_BYTES_MAX]), Ok(()));
        assert_eq!(parser.push(b"x"), Err(SseError::TooLong));
        let mut parser = Parser::default();
        let line = b"data: 0123456789012345678901234567890123456789\n".repeat(20_000);
        assert_eq!(parser.push(&line), Ok(()));
        assert_eq!(parser.push(&line), Err(SseError::TooLong));
    }

    proptest! {
        #[test]
        fn portions_do_not_matter(
            text in "(data: [a-z\u{e9}]{0,5}|event: [a-z]{1,3}|:x|\r\n|\n|\r|\u{feff}){0,30}",
            cuts in proptest::collection::vec(1_usize..9, 1..8),
        ) {
            let bytes = text.as_bytes();
            let (mut portions, mut at, mut turn) = (Vec::new(), 0, 0);
            while at < bytes.len() {
                let end = (at + cuts[turn % cuts.len()]).min(bytes.len());
                portions.push(&bytes[at..end]);
                (at, turn) = (end, turn + 1);
            }
            prop_assert_eq!(events(&[bytes]), events(&portions));
        }

        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            fuzz_sse(&bytes);
        }
    }
}

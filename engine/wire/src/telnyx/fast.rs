//! The short cut for `media`, 50 of which come in every second of every call.
//!
//! Takes exactly this shape, fields in any order, each at most once, no white space, no escapes:
//!
//! ```text
//! {"event":"media","sequence_number":"4","stream_id":"…",
//!  "media":{"track":"inbound","chunk":"2","timestamp":"320","payload":"…"}}
//! ```
//!
//! Whatever surprises it goes the thorough way. A property test holds both ways equal.

use super::PayloadBase64;
use super::message::{Media, Track};

/// The `media` message that `text` is, if it has exactly the usual shape.
pub(super) fn media(text: &str) -> Option<Media<'_>> {
    let mut scan = Scan { rest: text };
    let (mut event, mut sequence, mut stream_id, mut media) = (None, None, None, None);
    scan.take("{")?;
    loop {
        match scan.key()? {
            "event" => once(&mut event, scan.string()?)?,
            "sequence_number" => once(&mut sequence, scan.counter()?)?,
            "stream_id" => once(&mut stream_id, scan.string()?)?,
            "media" => once(&mut media, scan.media()?)?,
            _ => return None,
        }
        if scan.is_last()? {
            break;
        }
    }
    if !scan.rest.is_empty() || event != Some("media") {
        return None;
    }
    media.map(|media| Media { sequence, ..media })
}

/// Sets a field for the first time.
fn once<T>(field: &mut Option<T>, value: T) -> Option<()> {
    field.replace(value).is_none().then_some(())
}

struct Scan<'a> {
    rest: &'a str,
}

impl<'a> Scan<'a> {
    fn media(&mut self) -> Option<Media<'a>> {
        let (mut track, mut chunk, mut timestamp, mut payload) = (None, None, None, None);
        self.take("{")?;
        loop {
            match self.key()? {
                "track" => once(&mut track, Track::of(self.string()?))?,
                "chunk" => once(&mut chunk, self.counter()?)?,
                "timestamp" => once(&mut timestamp, self.counter()?)?,
                "payload" => once(&mut payload, self.string()?)?,
                _ => return None,
            }
            if self.is_last()? {
                break;
            }
        }
        Some(Media {
            track: track.unwrap_or(Track::Inbound),
            chunk,
            sequence: None,
            timestamp,
            payload: PayloadBase64::new(payload?),
        })
    }

    fn take(&mut self, expected: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(expected)?;
        Some(())
    }

    fn key(&mut self) -> Option<&'a str> {
        let key = self.string()?;
        self.take(":")?;
        Some(key)
    }

    /// A string without escapes and without what JSON wants escaped.
    fn string(&mut self) -> Option<&'a str> {
        let inner = self.rest.strip_prefix('"')?;
        let bytes = inner.as_bytes();
        let mut len = 0;
        // The payload in vector registers: no early exit within a block.
        while let Some(block) = bytes[len..].first_chunk::<32>() {
            if block.iter().fold(0, |odd, &b| odd | u8::from(is_odd(b))) != 0 {
                break;
            }
            len += block.len();
        }
        len += bytes[len..].iter().position(|&b| is_odd(b))?;
        // A quote is a character of its own: both sides of it are text.
        let (string, rest) = inner.split_at(len);
        self.rest = rest.strip_prefix('"')?;
        Some(string)
    }

    /// At most 19 digits, so that they fit: quoted or not.
    fn counter(&mut self) -> Option<u64> {
        if self.rest.starts_with('"') {
            return digits(self.string()?);
        }
        let len = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = self.rest.split_at(len);
        // JSON knows no leading zeros, and what follows may make this a fraction: `is_last`
        // refuses that.
        if 1 < len && number.starts_with('0') {
            return None;
        }
        self.rest = rest;
        digits(number)
    }

    /// Whether the object ends here; `None` if neither that nor another field follows.
    fn is_last(&mut self) -> Option<bool> {
        let (&next, _) = self.rest.as_bytes().split_first()?;
        let last = match next {
            b'}' => true,
            b',' => false,
            _ => return None,
        };
        self.rest = &self.rest[1..];
        Some(last)
    }
}

/// What ends a plain string, or cannot stand in one.
fn is_odd(b: u8) -> bool {
    (b == b'"') | (b == b'\\') | (b < 0x20)
}

fn digits(text: &str) -> Option<u64> {
    if text.is_empty() || 19 < text.len() {
        return None;
    }
    text.bytes()
        .try_fold(0_u64, |number, b| b.is_ascii_digit().then(|| number * 10 + u64::from(b - b'0')))
}

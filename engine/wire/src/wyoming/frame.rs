//! Bytes of a stream into events.

use serde_json::{Map, Value};
use thiserror::Error;

use super::event::Event;

/// The longest header line, and the longest data behind it: a list of every voice a server has.
pub const HEADER_BYTES_MAX: usize = 1 << 20;

/// The longest payload: a minute of audio at 48 kHz.
pub const PAYLOAD_BYTES_MAX: usize = 8 << 20;

/// Why the bytes are no events. The stream cannot be read any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// The line is too long to be one.
    #[error("a header of more than {HEADER_BYTES_MAX} bytes")]
    HeaderTooLong,
    /// The line is not JSON, or has no type.
    #[error("a header that is no JSON object with a type")]
    Header,
    /// The data behind it is none.
    #[error("data that is no JSON object of the announced length")]
    Data,
    /// The payload is too long to be one.
    #[error("a payload of more than {PAYLOAD_BYTES_MAX} bytes")]
    PayloadTooLong,
}

/// Splits a stream of bytes into events.
///
/// Input:  bytes in any portions.
/// Output: whole events, in order.
/// Bound:  no more than one event's bytes are kept, none of more than a header, its data and a payload.
#[derive(Debug, Default)]
pub struct Decoder {
    bytes: Vec<u8>,
    head: Option<Head>,
}

#[derive(Debug)]
struct Head {
    kind: String,
    data: Map<String, Value>,
    data_bytes: usize,
    payload_bytes: usize,
}

impl Decoder {
    /// Takes in the bytes that follow.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next event, if all of it is there.
    ///
    /// # Errors
    /// [`DecodeError`]; then the stream is of no further use.
    pub fn poll(&mut self) -> Result<Option<Event>, DecodeError> {
        if self.head.is_none() {
            let Some(end) = self.bytes.iter().position(|&byte| byte == b'\n') else {
                let is_long = HEADER_BYTES_MAX < self.bytes.len();
                return if is_long { Err(DecodeError::HeaderTooLong) } else { Ok(None) };
            };
            self.head = Some(Head::of(&self.bytes[..end])?);
            self.bytes.drain(..=end);
        }
        let Some(head) = &self.head else { return Ok(None) };
        let whole = head.data_bytes + head.payload_bytes;
        if self.bytes.len() < whole {
            return Ok(None);
        }
        let (kind, mut data) = (head.kind.clone(), head.data.clone());
        let split = head.data_bytes;
        self.head = None;
        let rest = self.bytes.split_off(whole);
        let mut both = std::mem::replace(&mut self.bytes, rest);
        let payload = both.split_off(split);
        if !both.is_empty() {
            let behind = serde_json::from_slice(&both).map_err(|_| DecodeError::Data)?;
            let Value::Object(behind) = behind else { return Err(DecodeError::Data) };
            data.extend(behind);
        }
        Ok(Some(Event::of(&kind, &data, payload)))
    }
}

impl Head {
    fn of(line: &[u8]) -> Result<Self, DecodeError> {
        let raw: Value = serde_json::from_slice(line).map_err(|_| DecodeError::Header)?;
        let length = |name: &str| {
            let length = &raw[name];
            if length.is_null() {
                return Some(0);
            }
            length.as_u64().and_then(|length| usize::try_from(length).ok())
        };
        let data_bytes = length("data_length").ok_or(DecodeError::Header)?;
        let payload_bytes = length("payload_length").ok_or(DecodeError::Header)?;
        if HEADER_BYTES_MAX < data_bytes {
            return Err(DecodeError::HeaderTooLong);
        }
        if PAYLOAD_BYTES_MAX < payload_bytes {
            return Err(DecodeError::PayloadTooLong);
        }
        let kind = raw["type"].as_str().ok_or(DecodeError::Header)?.to_owned();
        let data = raw["data"].as_object().cloned().unwrap_or_default();
        Ok(Self { kind, data, data_bytes, payload_bytes })
    }
}

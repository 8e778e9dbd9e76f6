//! One node's durable record of its calls: append-only, checksummed, committed in groups.
//!
//! A journal is a directory of numbered files. A file is a header and records; a record is
//! `length u32 | crc32 u32 | kind u8 | call u128 | payload`, little-endian, where `length` counts
//! what follows the checksum and the checksum covers the same. A torn last record is what a crash
//! leaves behind: readers stop there.

mod began;
mod kept;
mod reader;
mod writer;

use types::CallId;

pub(crate) use began::{Began, LegKind};
pub use kept::Kept;
pub use reader::{Fault, JournalReader, Orphan, Recovered, Unfolded, orphans, recover};
pub use writer::{Journal, JournalError, JournalSettings};

/// The first bytes of every file: name and format version.
const HEADER: [u8; 8] = *b"APEXJ\0\0\x01";

/// Kind and call.
const PREFIX_BYTES: usize = 1 + 16;

/// The largest payload; a piece of an event log is far smaller.
pub(crate) const PAYLOAD_BYTES_MAX: usize = 16 << 20;

/// What a record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A call began: a JSON object that tells whose it is and who is on the line.
    Began,
    /// More of its event log: JSON lines.
    Events,
    /// It ended: its [`types::CallRecord`] as JSON.
    Record,
    /// Its node died, and nothing can be made of it: found at the next start. A JSON object with the
    /// reason.
    Closed,
    /// Its record is kept elsewhere: nothing here is needed any more. Empty.
    Folded,
    /// All of its event log so far, in place of the pieces before: another process goes on with it.
    Log,
    /// A webhook was seen: its digested id and when, 24 bytes. Belongs to no call.
    Webhook,
    /// A leg was not answered: a JSON object with the reason.
    Refused,
}

impl Kind {
    const fn code(self) -> u8 {
        match self {
            Self::Began => 1,
            Self::Events => 2,
            Self::Record => 3,
            Self::Closed => 4,
            Self::Folded => 5,
            Self::Log => 6,
            Self::Webhook => 8,
            Self::Refused => 9,
        }
    }

    const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Began),
            2 => Some(Self::Events),
            3 => Some(Self::Record),
            4 => Some(Self::Closed),
            5 => Some(Self::Folded),
            6 => Some(Self::Log),
            8 => Some(Self::Webhook),
            9 => Some(Self::Refused),
            _ => None,
        }
    }
}

/// One entry of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it says.
    pub kind: Kind,
    /// Of which call.
    pub call: CallId,
    /// How it says it.
    pub payload: Vec<u8>,
}

impl Entry {
    /// Appends the record's bytes to `out`.
    fn encode(&self, out: &mut Vec<u8>) {
        let length = PREFIX_BYTES + self.payload.len();
        assert!(self.payload.len() <= PAYLOAD_BYTES_MAX, "pieces are bounded where they are made");
        let begin = out.len();
        out.extend_from_slice(&(length as u32).to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        out.push(self.kind.code());
        out.extend_from_slice(&self.call.get().to_le_bytes());
        out.extend_from_slice(&self.payload);
        let sum = crc32fast::hash(&out[begin + 8..]);
        out[begin + 4..begin + 8].copy_from_slice(&sum.to_le_bytes());
    }

    /// The record at the front of `bytes` and how long it is; `None` if it is torn.
    fn decode(bytes: &[u8]) -> Result<Option<(Self, usize)>, Fault> {
        let Some((head, rest)) = bytes.split_at_checked(8) else { return Ok(None) };
        let word =
            |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let length = word(0) as usize;
        if !(PREFIX_BYTES..=PREFIX_BYTES + PAYLOAD_BYTES_MAX).contains(&length) {
            return Err(Fault::Length);
        }
        let Some(body) = rest.get(..length) else { return Ok(None) };
        if crc32fast::hash(body) != word(4) {
            return Err(Fault::Checksum);
        }
        let kind = Kind::from_code(body[0]).ok_or(Fault::Kind)?;
        let mut call = [0; 16];
        call.copy_from_slice(&body[1..PREFIX_BYTES]);
        let call = CallId::new(u128::from_le_bytes(call));
        Ok(Some((Self { kind, call, payload: body[PREFIX_BYTES..].to_vec() }, 8 + length)))
    }
}

/// Reads `bytes` as a journal file; any bytes are fine.
pub fn fuzz_journal(bytes: &[u8]) {
    let mut rest = bytes;
    while let Ok(Some((entry, length))) = Entry::decode(rest) {
        let mut again = Vec::new();
        entry.encode(&mut again);
        assert_eq!(again, &rest[..length], "a record survives being read and written");
        rest = &rest[length..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flipped_bit_is_found_and_a_torn_tail_is_not_a_fault() {
        let entry = Entry { kind: Kind::Events, call: CallId::new(7), payload: b"hello".to_vec() };
        let mut bytes = Vec::new();
        entry.encode(&mut bytes);
        assert_eq!(Entry::decode(&bytes), Ok(Some((entry, bytes.len()))));
        for cut in 0..bytes.len() {
            assert_eq!(Entry::decode(&bytes[..cut]), Ok(None), "cut at {cut}");
        }
        for bit in 8 * 8..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Entry::decode(&flipped), Err(Fault::Checksum), "bit {bit}");
        }
    }

    #[test]
    fn any_bytes_can_be_read() {
        let entry = Entry { kind: Kind::Began, call: CallId::new(9), payload: vec![7; 40] };
        let mut record = Vec::new();
        entry.encode(&mut record);
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        let mut draw = || {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random
        };
        for _ in 0..20_000 {
            // Good records with a few bytes changed, then cut: what damage looks like.
            let mut bytes = record.repeat(1 + draw() as usize % 3);
            for _ in 0..draw() % 4 {
                let at = draw() as usize % bytes.len();
                bytes[at] = draw() as u8;
            }
            bytes.truncate(draw() as usize % (bytes.len() + 1));
            fuzz_journal(&bytes);
        }
    }
}

//! The copy of a good file that a later process falls back on.

use types::BusinessId;

use crate::business::Source;

/// The last good version of a business as some process stored it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastGood {
    /// Whose it is.
    pub business: BusinessId,
    /// What it said, and the name of the file it was read from.
    pub source: Source,
}

impl LastGood {
    /// What to store, whole and under a name made of the business's id: a line that says whose it
    /// is and which file it was, then the file's bytes.
    pub fn encode(business: BusinessId, source: &Source) -> Vec<u8> {
        // A name with a line break in it is found again by its business only.
        let file = source.file.lines().next().unwrap_or_default();
        let mut bytes = format!("{MAGIC}{business} {file}\n").into_bytes();
        bytes.extend_from_slice(&source.bytes);
        bytes
    }

    /// What was stored; none if it is something else. Whether it is still good is found out when
    /// it is needed.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        let head = std::str::from_utf8(&bytes[..end]).ok()?.strip_prefix(MAGIC)?;
        let (business, file) = head.split_once(' ')?;
        let source = Source { file: file.to_owned(), bytes: bytes[end + 1..].to_vec() };
        Some(Self { business: business.parse().ok()?, source })
    }
}

/// How a stored copy begins; the digit is the version of the format.
const MAGIC: &str = "# apex last good 1: ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_copy_comes_back() {
        let business: BusinessId = "riverside-dental".parse().unwrap();
        let source = Source { file: "my dentist.toml".into(), bytes: b"a = 1\nb = 2\n".to_vec() };
        let stored = LastGood::encode(business, &source);
        assert_eq!(LastGood::decode(&stored), Some(LastGood { business, source }));
        for rubbish in [&b""[..], b"a = 1\n", b"# apex last good 1: x\n", &stored[..20]] {
            assert_eq!(LastGood::decode(rubbish), None);
        }
    }
}

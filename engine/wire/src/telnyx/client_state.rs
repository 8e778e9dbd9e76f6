//! Client state: bytes of ours that the carrier returns with every later event of a leg.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// `state` as the carrier takes it: padded base64.
pub fn encode(state: &[u8]) -> String {
    STANDARD.encode(state)
}

/// The bytes of a client state the carrier returned; `None` if it is not base64: it is not ours.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_comes_back() {
        assert_eq!(decode(&encode(b"call_7f|2")).as_deref(), Some(b"call_7f|2".as_slice()));
        assert_eq!(decode("not base64!"), None);
    }
}

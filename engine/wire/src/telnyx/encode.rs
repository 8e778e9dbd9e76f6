//! What we send to the carrier (telnyx.md §1.6).

use super::json::append_string;
use super::payload::append_base64;

/// Replaces the contents of `out` by a `media` message with the codec's bytes `payload`: 20 ms to
/// 30 s of audio, one packet if it is Opus (telnyx.md §1.7).
///
/// Cost: about 60 ns for 160 bytes; allocates only to grow `out`.
pub fn encode_media(payload: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(br#"{"event":"media","media":{"payload":""#);
    append_base64(payload, out);
    out.extend_from_slice(br#""}}"#);
}

/// Replaces the contents of `out` by a `mark` message: it comes back when what was sent before it
/// has been played, or cleared.
pub fn encode_mark(name: &str, out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(br#"{"event":"mark","mark":{"name":"#);
    append_string(name, out);
    out.extend_from_slice(b"}}");
}

/// Replaces the contents of `out` by a `clear` message: the carrier drops what it has queued and
/// returns all marks at once.
pub fn encode_clear(out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(br#"{"event":"clear"}"#);
}

//! Entry points for a fuzzer.

use super::{StreamDecoder, decode_fault};
use crate::chat::fuzz_decoder;

/// Reads any bytes as a streamed reply, whole and in portions.
///
/// # Panics
/// If the pieces differ, if something follows the end, or a call comes without a name.
pub fn fuzz_openai_stream(bytes: &[u8]) {
    fuzz_decoder(bytes, &|| Box::<StreamDecoder>::default());
}

/// Reads any bytes as an error's body.
pub fn fuzz_openai_fault(bytes: &[u8]) {
    let status = bytes.first().map_or(500, |byte| 400 + u16::from(*byte) % 200);
    let _ = decode_fault(status, bytes);
}

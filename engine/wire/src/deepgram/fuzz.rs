//! Entry points for a fuzzer.

use super::{flux, nova};

/// Decodes any bytes as Nova's message and as an order to it; what is one survives being written and
/// read again.
///
/// # Panics
/// If it does not.
pub fn fuzz_deepgram_nova(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(message) = nova::Message::decode(&text) {
        let again = nova::Message::decode(&message.encode());
        assert!(again.is_ok(), "what is written can be read");
    }
    if let Ok(Some(control)) = nova::Control::decode(&text) {
        assert_eq!(nova::Control::decode(&control.encode()), Ok(Some(control)));
    }
}

/// Decodes any bytes as Flux's message and as an order to it; what is one survives being written and
/// read again.
///
/// # Panics
/// If it does not.
pub fn fuzz_deepgram_flux(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(message) = flux::Message::decode(&text) {
        let again = flux::Message::decode(&message.encode());
        assert!(again.is_ok(), "what is written can be read");
    }
    if let Ok(Some(control)) = flux::Control::decode(&text) {
        assert_eq!(flux::Control::decode(&control.encode()), Ok(Some(control)));
    }
}

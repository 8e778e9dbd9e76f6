//! Entry points for a fuzzer.

use super::carrier::{Command, decode_command};
use super::{Message, decode, decode_thoroughly};

/// Decodes any bytes as a message of the carrier; both ways of decoding agree.
///
/// # Panics
/// If they do not.
pub fn fuzz_telnyx_message(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let message = decode(&text);
    assert!(message == decode_thoroughly(&text), "the short cut decodes as the thorough way");
    match message {
        Ok(Message::Media(media)) => {
            let _ = media.decode_payload(&mut Vec::new());
        }
        Ok(Message::Start(start)) => drop(start.format()),
        Ok(
            Message::Connected(_)
            | Message::Dtmf(_)
            | Message::Mark(_)
            | Message::Error(_)
            | Message::Stop(_)
            | Message::Unknown { .. },
        )
        | Err(_) => (),
    }
}

/// Decodes any bytes as a command to the carrier.
pub fn fuzz_telnyx_command(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(Command::Media { payload }) = decode_command(&text) {
        let _ = payload.decode(&mut Vec::new());
    }
}

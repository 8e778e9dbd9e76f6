//! Entry points for a fuzzer.

use super::{Message, decode, decode_order};

/// Decodes any bytes as a message of the voice; what is one survives being written and read again.
///
/// # Panics
/// If it does not.
pub fn fuzz_cartesia_message(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(message) = decode(&text) else { return };
    let written = message.encode();
    assert!(decode(&written).is_ok_and(|again| again == message), "a message stays what it is");
    if let Message::Chunk { audio, .. } = message {
        let _ = audio.decode(&mut Vec::new());
    }
}

/// Decodes any bytes as an order to the voice; what is one survives being written and read again.
///
/// # Panics
/// If it does not.
pub fn fuzz_cartesia_order(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(order) = decode_order(&text) else { return };
    let written = order.encode();
    assert!(decode_order(&written).is_ok_and(|again| again == order), "an order stays what it is");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fuzzing::broken;

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            fuzz_cartesia_message(&bytes);
            fuzz_cartesia_order(&bytes);
        }

        #[test]
        fn no_broken_shape_panics(
            bytes in broken(include_str!("../../../../fixtures/wire/cartesia/messages.jsonl")),
            order in broken(include_str!("../../../../fixtures/wire/cartesia/orders.jsonl")),
        ) {
            fuzz_cartesia_message(&bytes);
            fuzz_cartesia_order(&order);
        }
    }
}

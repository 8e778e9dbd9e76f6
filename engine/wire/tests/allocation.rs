//! A warm leg's messages are decoded and encoded without allocation.

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use wire::telnyx::{Message, Track, carrier, decode, decode_thoroughly, encode_mark, encode_media};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[test]
fn media_is_decoded_and_encoded_without_allocation() {
    let head = carrier::MediaHead {
        sequence: 4,
        stream_id: "9b1e",
        track: Track::Inbound,
        chunk: 2,
        timestamp: 320,
    };
    let (mut text, mut payload, mut out) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..3 {
        let region = Region::new(ALLOCATOR);
        carrier::encode_media(&head, &[n; 160], &mut text);
        for decode in [decode, decode_thoroughly] {
            let Ok(Message::Media(media)) = decode(std::str::from_utf8(&text).unwrap()) else {
                panic!("a media message");
            };
            media.decode_payload(&mut payload).unwrap();
        }
        encode_media(&payload, &mut out);
        encode_mark("1.0.2.3", &mut out);
        let change = region.change();
        if 0 < n {
            assert_eq!(change.allocations + change.reallocations, 0, "message {n}");
        }
    }
    assert_eq!(payload, [2; 160]);
}

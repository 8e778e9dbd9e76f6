//! Broken messages for tests.

use proptest::prelude::*;

/// A line of `shapes` with some bytes changed, moved or lost.
pub(crate) fn broken(shapes: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let lines: Vec<&str> = shapes.lines().filter(|line| !line.is_empty()).collect();
    let wounds =
        proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>(), 0_u8..3), 0..4);
    (proptest::sample::select(lines), wounds).prop_map(|(line, wounds)| {
        let mut bytes = line.as_bytes().to_vec();
        for (place, byte, kind) in wounds {
            if bytes.is_empty() {
                break;
            }
            let place = place.index(bytes.len());
            match kind {
                0 => bytes[place] = byte,
                1 => bytes.truncate(place),
                _ => bytes.insert(place, byte),
            }
        }
        bytes
    })
}

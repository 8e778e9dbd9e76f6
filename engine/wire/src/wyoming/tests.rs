use proptest::prelude::*;

use super::super::{DecodeError, Decoder, fuzz_wyoming};
use super::*;

fn decoded(bytes: &[u8]) -> Result<Vec<Event>, DecodeError> {
    let mut decoder = Decoder::default();
    decoder.push(bytes);
    std::iter::from_fn(|| decoder.poll().transpose()).collect()
}

#[test]
fn data_stands_in_the_header_or_behind_it() {
    let inside = b"{\"type\":\"transcript\",\"data\":{\"text\":\"book a table\"}}\n";
    let text = Pii::new("book a table".to_owned());
    assert_eq!(decoded(inside), Ok(vec![Event::Transcript { text: text.clone() }]));
    let behind = b"{\"type\":\"transcript\",\"version\":\"1.10.2\",\"data_length\":24}\n{\"text\":\"book a table\"}  ";
    assert_eq!(decoded(behind), Ok(vec![Event::Transcript { text }]));
}

#[test]
fn a_chunk_is_as_captured_from_the_documentation() {
    let head = include_bytes!("../../../../fixtures/wire/wyoming/audio_chunk.head");
    let mut bytes = head.to_vec();
    bytes.extend([1; 640]);
    let format = AudioFormat::mono(16_000);
    assert_eq!(decoded(&bytes), Ok(vec![Event::AudioChunk { format, payload: vec![1; 640] }]));
}

#[test]
fn all_kinds_survive_the_wire() {
    let text = Pii::new("hello \u{2603}\n".to_owned());
    let all = vec![
        Event::Describe,
        Event::Info { recognizes: true, speaks: false },
        Event::Transcribe { language: Some("en".into()), names: vec!["Zoë".into()] },
        Event::AudioStart(AudioFormat::mono(22_050)),
        Event::AudioChunk { format: AudioFormat::mono(8_000), payload: b"\n{}\n".to_vec() },
        Event::AudioStop,
        Event::Transcript { text: text.clone() },
        Event::TranscriptStart,
        Event::TranscriptChunk { text: text.clone() },
        Event::TranscriptStop,
        Event::Synthesize { text: text.clone(), voice: None },
        Event::SynthesizeStart { voice: Some("amy".into()) },
        Event::SynthesizeChunk { text },
        Event::SynthesizeStop,
        Event::SynthesizeStopped,
        Event::Error { code: Some("busy".into()) },
        Event::Ping,
        Event::Pong,
        Event::Unknown { kind: "voice-started".into() },
    ];
    let mut bytes = Vec::new();
    all.iter().for_each(|event| event.encode(&mut bytes));
    assert_eq!(decoded(&bytes), Ok(all));
}

#[test]
fn what_is_too_long_is_refused_before_it_is_there() {
    let long = b"{\"type\":\"audio-chunk\",\"payload_length\":99999999999}\n";
    assert_eq!(decoded(long), Err(DecodeError::PayloadTooLong));
    let odd = b"{\"type\":\"audio-chunk\",\"payload_length\":-1}\n";
    assert_eq!(decoded(odd), Err(DecodeError::Header));
    let endless = vec![b' '; super::super::HEADER_BYTES_MAX + 1];
    assert_eq!(decoded(&endless), Err(DecodeError::HeaderTooLong));
}

proptest! {
    #[test]
    fn any_bytes_decode(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        fuzz_wyoming(&bytes);
    }

    #[test]
    fn any_damage_to_an_event_decodes(at in 0_usize..200, to in any::<u8>()) {
        let mut bytes = Vec::new();
        Event::AudioChunk { format: AudioFormat::mono(16_000), payload: vec![7; 20] }.encode(&mut bytes);
        let at = at % bytes.len();
        bytes[at] = to;
        fuzz_wyoming(&bytes);
    }
}

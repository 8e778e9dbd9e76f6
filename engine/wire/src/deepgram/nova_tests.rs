use proptest::prelude::*;

use super::*;
use crate::deepgram::fuzz_deepgram_nova;

fn decoded(text: &str) -> Message {
    Message::decode(text).unwrap()
}

#[test]
fn a_final_has_words_times_and_other_readings() {
    let text = include_str!("../../../../fixtures/wire/deepgram/nova_final.json");
    let Message::Results(results) = decoded(text) else { panic!("results") };
    assert_eq!(results.start, Duration::from_millis(2_100));
    assert_eq!(results.duration, Duration::from_millis(900));
    assert_eq!(results.state, State::SpeechFinal);
    assert!(!results.from_finalize);
    let best = &results.alternatives[0];
    assert_eq!(best.transcript.reveal(), "Book a table.");
    assert_eq!(best.words[2].text.reveal(), "table.");
    let span = (Duration::from_millis(2_500), Duration::from_millis(2_900));
    assert_eq!(best.words[2].span, Some(span));
    assert_eq!(results.alternatives[1].transcript.reveal(), "Look, a table.");
    let again = Message::decode(&Message::Results(results.clone()).encode()).unwrap();
    assert_eq!(again, Message::Results(results));
}

#[test]
fn the_answer_to_finalize_may_be_empty() {
    let text = include_str!("../../../../fixtures/wire/deepgram/nova_from_finalize.json");
    let Message::Results(results) = decoded(text) else { panic!("results") };
    assert!(results.from_finalize);
    assert_eq!(results.alternatives[0].transcript.reveal(), "");
}

#[test]
fn the_other_kinds_are_told_apart_and_new_ones_are_values() {
    let text = include_str!("../../../../fixtures/wire/deepgram/nova_others.jsonl");
    let all: Vec<Message> = text.lines().map(decoded).collect();
    assert_eq!(
        all,
        [
            Message::SpeechStarted { at: Duration::from_millis(2_050) },
            Message::UtteranceEnd { last_word_end: Duration::from_millis(2_900) },
            Message::Metadata { request_id: "r1".into(), duration: Duration::from_millis(12_500) },
            Message::Configured,
            Message::ConfigureFailed { code: "CONFIGURE_KEYTERM_LIMIT_EXCEEDED".into() },
            Message::Error { code: "SchemaError".into() },
            Message::Unknown { kind: "SentimentChanged".into() },
        ]
    );
}

#[test]
fn orders_are_the_documented_texts() {
    assert_eq!(Control::Finalize.encode(), r#"{"type":"Finalize"}"#);
    assert_eq!(Control::KeepAlive.encode(), r#"{"type":"KeepAlive"}"#);
    let configure = Control::Configure { keyterms: vec!["Acme".into()] };
    assert_eq!(Control::decode(&configure.encode()), Ok(Some(configure)));
    assert_eq!(Control::decode(r#"{"type":"Dance"}"#), Ok(None));
}

#[test]
fn the_query_asks_for_what_the_leg_carries() {
    let query = Query {
        model: "nova-3".into(),
        language: "en-US".into(),
        encoding: AudioEncoding::Mulaw,
        sample_rate: 8_000,
        endpointing_ms: 300,
        alternatives: 1,
        keyterms: vec!["root canal".into()],
        tag: None,
    };
    let pairs = query.pairs();
    assert!(pairs.contains(&("encoding", "mulaw".into())));
    assert!(pairs.contains(&("sample_rate", "8000".into())));
    assert!(pairs.contains(&("interim_results", "true".into())));
    assert!(pairs.contains(&("keyterm", "root canal".into())));
    assert!(!pairs.iter().any(|(name, _)| *name == "alternatives" || *name == "tag"));
}

#[test]
fn nonsense_is_an_error_that_repeats_nothing() {
    let error = Message::decode("{\"type\":").unwrap_err();
    assert!(matches!(error, DecodeError::Malformed { .. }));
    assert_eq!(Message::decode("[1]"), Err(DecodeError::NoType));
    let odd = r#"{"type":"Results","start":-1,"duration":"x","is_final":"yes","channel":[]}"#;
    assert_eq!(Message::decode(odd), Ok(Message::Results(Results::default())));
}

proptest! {
    #[test]
    fn any_bytes_decode(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        fuzz_deepgram_nova(&bytes);
    }

    #[test]
    fn any_damage_to_a_message_decodes(at in 0_usize..600, to in any::<u8>()) {
        let text = include_str!("../../../../fixtures/wire/deepgram/nova_final.json");
        let mut bytes = text.as_bytes().to_vec();
        let at = at % bytes.len();
        bytes[at] = to;
        fuzz_deepgram_nova(&bytes);
    }
}

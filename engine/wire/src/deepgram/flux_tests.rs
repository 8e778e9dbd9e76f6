use proptest::prelude::*;

use super::*;
use crate::deepgram::fuzz_deepgram_flux;

const TURN: &str = include_str!("../../../../fixtures/wire/deepgram/flux_turn.jsonl");

#[test]
fn a_turn_goes_its_way() {
    let all: Vec<Message> = TURN.lines().map(|line| Message::decode(line).unwrap()).collect();
    assert_eq!(all[0], Message::Connected);
    let events: Vec<TurnEvent> = all
        .iter()
        .filter_map(
            |message| if let Message::Turn(turn) = message { Some(turn.event) } else { None },
        )
        .collect();
    assert_eq!(
        events,
        [
            TurnEvent::Started,
            TurnEvent::EndsEarly,
            TurnEvent::Resumed,
            TurnEvent::Ended,
            TurnEvent::Unknown
        ]
    );
    let Message::Turn(early) = &all[2] else { panic!("a turn") };
    assert_eq!((early.index, early.sequence), (3, Some(41)));
    assert_eq!(early.window, (Duration::from_millis(10_200), Duration::from_millis(12_000)));
    assert_eq!(early.transcript.reveal(), "cancel my order");
    assert_eq!(early.words[2].text.reveal(), "order");
    let Message::Turn(start) = &all[1] else { panic!("a turn") };
    assert_eq!(start.words[0].span, None, "times of words are optional");
    let Message::Turn(end) = &all[4] else { panic!("a turn") };
    assert_eq!(end.trigger.as_deref(), Some("model"));
    assert_eq!(all[6], Message::Configured);
    assert_eq!(all[7], Message::Warning { code: "AUDIO_TOO_FAST".into() });
    assert_eq!(all[8], Message::Error { code: "INTERNAL_SERVER_ERROR".into() });
    assert_eq!(all[9], Message::Unknown { kind: "Applause".into() });
    let again = Message::decode(&Message::Turn(end.clone()).encode());
    assert_eq!(again, Ok(Message::Turn(end.clone())));
}

#[test]
fn thresholds_are_written_as_shares() {
    let query = Query {
        model: "flux-general-en".into(),
        encoding: AudioEncoding::Mulaw,
        sample_rate: 8_000,
        eot_threshold_percent: 100,
        eager_eot_threshold_percent: Some(5),
        eot_timeout_ms: 5_000,
        keyterms: vec![],
        language_hints: vec![],
        tag: Some("biz".into()),
    };
    let pairs = query.pairs();
    assert!(pairs.contains(&("eot_threshold", "1.00".into())));
    assert!(pairs.contains(&("eager_eot_threshold", "0.05".into())));
    assert!(pairs.contains(&("tag", "biz".into())));
}

#[test]
fn orders_are_the_documented_texts() {
    assert_eq!(Control::ForceEndTurn.encode(), r#"{"type":"ForceEndTurn"}"#);
    assert_eq!(Control::decode(r#"{"type":"KeepAlive"}"#), Ok(None), "Flux knows none");
}

proptest! {
    #[test]
    fn any_bytes_decode(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        fuzz_deepgram_flux(&bytes);
    }

    #[test]
    fn any_damage_to_a_message_decodes(line in 0_usize..10, at in 0_usize..600, to in any::<u8>()) {
        let line = TURN.lines().nth(line).unwrap_or_default();
        let mut bytes = line.as_bytes().to_vec();
        let at = at % bytes.len();
        bytes[at] = to;
        fuzz_deepgram_flux(&bytes);
    }
}

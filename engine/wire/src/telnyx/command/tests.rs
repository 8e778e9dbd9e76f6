use proptest::prelude::*;
use types::{Encoding, Secret};

use super::*;
use crate::telnyx::Parameter;

fn stream() -> Stream<'static> {
    Stream {
        url: Pii::new("wss://media.example.net/t/7f3c".into()),
        track: Some(StreamTrack::Inbound),
        codec: Some(StreamCodec::L16),
        mode: Some(StreamMode::Rtp),
        bidirectional_codec: Some(StreamCodec::L16),
        sampling_rate: Some(16_000),
        target_legs: Some(TargetLegs::Own),
        auth_token: Some(Secret::new("one-shot".into())),
        custom_parameters: vec![Parameter { name: "agent".into(), value: Pii::new("a_42".into()) }],
    }
}

#[test]
fn streaming_start_is_what_the_reference_shows() {
    let request = Request::act("v3:abc", Action::StreamingStart(Box::new(stream())))
        .with_client_state("eyJ9")
        .with_command_id("5e0c-stream");
    let encoded = request.encode();
    assert_eq!(encoded.method, Method::Post);
    assert_eq!(encoded.path, "/calls/v3%3Aabc/actions/streaming_start");
    let body: serde_json::Value = serde_json::from_slice(&encoded.body).unwrap();
    let expected = serde_json::json!({
        "stream_url": "wss://media.example.net/t/7f3c",
        "stream_track": "inbound_track",
        "stream_codec": "L16",
        "stream_bidirectional_mode": "rtp",
        "stream_bidirectional_codec": "L16",
        "stream_bidirectional_sampling_rate": 16000,
        "stream_bidirectional_target_legs": "self",
        "stream_auth_token": "one-shot",
        "custom_parameters": [{"name": "agent", "value": "a_42"}],
        "client_state": "eyJ9",
        "command_id": "5e0c-stream",
    });
    assert_eq!(body, expected);
    let shown = format!("{request:?} {encoded:?}");
    assert!(!shown.contains("one-shot") && !shown.contains("7f3c"), "{shown}");
}

#[test]
fn answer_leaves_out_what_the_carrier_takes_elsewhere_only() {
    let answer = Answer { stream: Some(stream()), ..Answer::default() };
    let encoded = Request::act("v3:abc", Action::Answer(Box::new(answer))).encode();
    let body = String::from_utf8(encoded.body).unwrap();
    for field in ["sampling_rate", "auth_token", "custom_parameters"] {
        assert!(!body.contains(field), "{body}");
    }
    assert!(body.contains("stream_bidirectional_mode"));
}

#[test]
fn a_new_client_state_is_put_and_has_no_command_id() {
    let request = Request::act("v3:abc", Action::UpdateClientState)
        .with_client_state("YQ==")
        .with_command_id("ignored");
    let encoded = request.encode();
    assert_eq!(encoded.method, Method::Put);
    assert_eq!(encoded.path, "/calls/v3%3Aabc/actions/client_state_update");
    assert_eq!(encoded.body, br#"{"client_state":"YQ=="}"#);
}

#[test]
fn words_to_be_spoken_are_neither_none_nor_too_many() {
    let speak = |words: String| {
        let speak = Speak { text: words.into(), voice: "female".into(), language: None };
        let encoded = Request::act("v3:abc", Action::Speak(Box::new(speak))).encode();
        decode(encoded.method, &encoded.path, &encoded.body).map(|_| ())
    };
    let invalid = Err(CommandError::Invalid { field: "payload" });
    assert_eq!(speak("é".repeat(SPEAK_CHARS_MAX)), Ok(()));
    assert_eq!(speak("é".repeat(SPEAK_CHARS_MAX + 1)), invalid);
    assert_eq!(speak(String::new()), invalid);
}

#[test]
fn questions_have_a_path_and_no_body() {
    let get = Request::new(Command::GetCall { call_control_id: "v3:a/b".into() }).encode();
    assert_eq!((get.method, get.path.as_str()), (Method::Get, "/calls/v3%3Aa%2Fb"));
    assert!(get.body.is_empty());
    let list = Request::new(Command::ActiveCalls {
        connection_id: "1234".into(),
        after: Some("v1:g3Q=".into()),
        limit: Some(50),
    });
    assert_eq!(
        list.encode().path,
        "/connections/1234/active_calls?page%5Blimit%5D=50&page%5Bafter%5D=v1%3Ag3Q%3D"
    );
    let plain = b"";
    let decoded = decode(Method::Get, "/connections/1234/active_calls?page[limit]=2", plain);
    assert_eq!(
        decoded.unwrap().command,
        Command::ActiveCalls { connection_id: "1234".into(), after: None, limit: Some(2) }
    );
}

#[test]
fn wrong_requests_say_what_is_wrong() {
    let post = |path, body: &'static str| decode(Method::Post, path, body.as_bytes());
    let act = |verb: &str, body: &'static str| {
        let path = format!("/calls/v3:a/actions/{verb}");
        decode(Method::Post, &path, body.as_bytes()).map(|_| ())
    };
    let missing = |field| Err(CommandError::Missing { field });
    let invalid = |field| Err(CommandError::Invalid { field });
    assert_eq!(act("hangup", ""), Ok(()));
    assert_eq!(act("reject", "{}"), missing("cause"));
    assert_eq!(act("reject", r#"{"cause":"BORED"}"#), invalid("cause"));
    assert_eq!(act("streaming_start", "{}"), missing("stream_url"));
    let lower = r#"{"stream_url":"wss://x","stream_codec":"pcmu"}"#;
    assert_eq!(act("streaming_start", lower), invalid("stream_codec"));
    assert_eq!(act("send_dtmf", r#"{"digits":"12x"}"#), invalid("digits"));
    let long = r#"{"digits":"1","duration_millis":900}"#;
    assert_eq!(act("send_dtmf", long), invalid("duration_millis"));
    assert_eq!(act("record_start", r#"{"channels":"dual"}"#), missing("format"));
    assert_eq!(act("dance", "{}"), Err(CommandError::NoSuchPath));
    assert!(matches!(act("hangup", "{"), Err(CommandError::Malformed { .. })));
    assert!(matches!(act("hangup", "[]"), Err(CommandError::Malformed { .. })));
    assert_eq!(
        post("/calls", r#"{"to":"+1"}"#),
        Err(CommandError::Missing { field: "connection_id" })
    );
    assert_eq!(post("/nowhere", "{}"), Err(CommandError::NoSuchPath));
    assert_eq!(post("/calls/a/actions/hangup/now", "{}"), Err(CommandError::NoSuchPath));
    assert_eq!(
        decode(Method::Put, "/calls/a/actions/client_state_update", b"{}"),
        Err(CommandError::Missing { field: "client_state" })
    );
}

#[test]
fn our_encodings_have_the_carriers_names() {
    assert_eq!(StreamCodec::of_encoding(Encoding::Pcmu), Some(StreamCodec::Pcmu));
    assert_eq!(StreamCodec::of_encoding(Encoding::Opus), Some(StreamCodec::Opus));
    assert_eq!(StreamCodec::of_encoding(Encoding::L16), Some(StreamCodec::L16));
}

fn text() -> impl Strategy<Value = Cow<'static, str>> {
    any::<String>().prop_map(Cow::Owned)
}

fn segment() -> impl Strategy<Value = Cow<'static, str>> {
    "\\PC{1,40}".prop_map(Cow::Owned)
}

fn hidden() -> impl Strategy<Value = Pii<Cow<'static, str>>> {
    text().prop_map(Pii::new)
}

fn word<T: Copy + std::fmt::Debug + 'static>(
    all: &'static [T],
) -> impl Strategy<Value = Option<T>> {
    proptest::option::of(proptest::sample::select(all))
}

/// What every way of starting a stream takes.
fn plain_stream() -> impl Strategy<Value = Stream<'static>> {
    let codecs = (word(StreamCodec::ALL), word(StreamCodec::ALL));
    (hidden(), word(StreamTrack::ALL), codecs, word(StreamMode::ALL), word(TargetLegs::ALL))
        .prop_map(|(url, track, (codec, bidirectional_codec), mode, target_legs)| Stream {
            url,
            track,
            codec,
            mode,
            bidirectional_codec,
            target_legs,
            ..Stream::default()
        })
}

fn dialed_stream() -> impl Strategy<Value = Stream<'static>> {
    (plain_stream(), any::<Option<u64>>(), proptest::option::of(text())).prop_map(
        |(stream, sampling_rate, token)| Stream {
            sampling_rate,
            auth_token: token.map(Secret::new),
            ..stream
        },
    )
}

fn full_stream() -> impl Strategy<Value = Stream<'static>> {
    let parameter = (text(), hidden()).prop_map(|(name, value)| Parameter { name, value });
    (dialed_stream(), proptest::collection::vec(parameter, 0..4))
        .prop_map(|(stream, custom_parameters)| Stream { custom_parameters, ..stream })
}

fn transfer() -> impl Strategy<Value = Transfer<'static>> {
    let maybe = || proptest::option::of(hidden());
    let park = proptest::option::of(Just(true));
    (hidden(), maybe(), maybe(), maybe(), any::<[Option<u64>; 2]>(), park).prop_map(
        |(to, from, from_display_name, target_leg_client_state, seconds, park)| Transfer {
            to,
            from,
            from_display_name,
            timeout_seconds: seconds[0],
            time_limit_seconds: seconds[1],
            target_leg_client_state,
            park_after_unbridge: park,
        },
    )
}

fn answer() -> impl Strategy<Value = Answer<'static>> {
    let maybe = || proptest::option::of(text());
    (proptest::option::of(plain_stream()), any::<Option<bool>>(), maybe(), maybe()).prop_map(
        |(stream, send_silence_when_idle, preferred_codecs, webhook_url)| Answer {
            stream,
            send_silence_when_idle,
            preferred_codecs,
            webhook_url,
        },
    )
}

fn action() -> impl Strategy<Value = Action<'static>> {
    let digits = "[0-9A-D*#wW]{1,20}".prop_map(|digits| Pii::new(Cow::Owned(digits)));
    let record = (
        proptest::sample::select(RecordChannels::ALL),
        proptest::sample::select(RecordFormat::ALL),
        any::<Option<u64>>(),
        any::<Option<bool>>(),
    );
    prop_oneof![
        answer().prop_map(|answer| Action::Answer(Box::new(answer))),
        proptest::sample::select(RejectCause::ALL).prop_map(|cause| Action::Reject { cause }),
        Just(Action::Hangup),
        full_stream().prop_map(|stream| Action::StreamingStart(Box::new(stream))),
        proptest::option::of(text()).prop_map(|stream_id| Action::StreamingStop { stream_id }),
        transfer().prop_map(|transfer| Action::Transfer(Box::new(transfer))),
        ("[ -~]{1,40}", text(), proptest::option::of(text())).prop_map(
            |(words, voice, language)| {
                Action::Speak(Box::new(Speak { text: words.into(), voice, language }))
            }
        ),
        (digits, proptest::option::of(100_u64..=500))
            .prop_map(|(digits, duration_ms)| Action::SendDtmf { digits, duration_ms }),
        record.prop_map(|(channels, format, length_seconds_max, play_beep)| {
            Action::RecordStart(RecordStart { channels, format, length_seconds_max, play_beep })
        }),
        Just(Action::RecordStop),
        Just(Action::UpdateClientState),
    ]
}

fn dial() -> impl Strategy<Value = Dial<'static>> {
    let names = (text(), hidden(), hidden(), proptest::option::of(text()));
    let detection = word(MachineDetectionMode::ALL);
    let stream = proptest::option::of(dialed_stream());
    (names, stream, any::<[Option<u64>; 2]>(), detection, any::<Option<bool>>()).prop_map(
        |((connection_id, from, to, link_to), stream, seconds, machine_detection, bridge)| Dial {
            connection_id,
            from,
            to,
            stream,
            timeout_seconds: seconds[0],
            time_limit_seconds: seconds[1],
            machine_detection,
            link_to,
            bridge_on_answer: bridge,
        },
    )
}

fn request() -> impl Strategy<Value = Request<'static>> {
    let commands = prop_oneof![
        6 => (segment(), action())
            .prop_map(|(call_control_id, action)| Command::Act { call_control_id, action }),
        1 => dial().prop_map(|dial| Command::Dial(Box::new(dial))),
        1 => segment().prop_map(|call_control_id| Command::GetCall { call_control_id }),
        1 => (segment(), proptest::option::of(text()), any::<Option<u64>>()).prop_map(
            |(connection_id, after, limit)| Command::ActiveCalls { connection_id, after, limit },
        ),
        1 => segment().prop_map(|connection_id| Command::GetApplication { connection_id }),
        1 => (text(), any::<u64>(), any::<u64>()).prop_map(|(connection_id, page, limit)| {
            Command::ListNumbers { connection_id, page, limit }
        }),
    ];
    (commands, proptest::option::of(hidden()), proptest::option::of(text())).prop_map(
        |(command, client_state, command_id)| match &command {
            Command::GetCall { .. }
            | Command::ActiveCalls { .. }
            | Command::GetApplication { .. }
            | Command::ListNumbers { .. } => Request::new(command),
            Command::Act { action: Action::UpdateClientState, .. } => {
                let state = client_state.unwrap_or_default();
                Request { command, client_state: Some(state), command_id: None }
            }
            Command::Act { .. } | Command::Dial(_) => Request { command, client_state, command_id },
        },
    )
}

proptest! {
    #[test]
    fn every_request_survives(request in request()) {
        let encoded = request.encode();
        prop_assert!(encoded.path.is_ascii() && !encoded.path.contains(' '), "{}", encoded.path);
        let decoded = decode(encoded.method, &encoded.path, &encoded.body);
        prop_assert_eq!(decoded.as_ref(), Ok(&request), "{}", encoded.path);
    }

    #[test]
    fn rubbish_is_an_error(
        verb in "(/calls(/[a-z:%0-9]{0,8}(/actions(/[a-z_]{0,12})?)?)?)?",
        body in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let bytes = [verb.as_bytes(), b"\n", &body].concat();
        crate::telnyx::fuzz_telnyx_rest_command(&bytes);
    }

    #[test]
    fn damaged_requests_never_panic(
        request in request(),
        wounds in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let encoded = request.encode();
        let mut bytes = [encoded.path.as_bytes(), b"\n", &encoded.body].concat();
        for (at, byte) in wounds {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        crate::telnyx::fuzz_telnyx_rest_command(&bytes);
    }
}

use proptest::prelude::*;
use types::{AudioFormat, Encoding, SampleRate};

use super::*;
use crate::telnyx::carrier::{self, Command, MediaHead, decode_command};
use crate::telnyx::{
    FormatError, StreamFault, encode_clear, encode_mark, encode_media, fuzz_telnyx_command,
    fuzz_telnyx_message,
};

const MEDIA: &str = r#"{"event":"media","sequence_number":"4","stream_id":"9b1e","media":{"track":"inbound","chunk":"2","timestamp":"320","payload":"//7+"}}"#;

/// Decodes both ways.
fn check(text: &str) -> Result<Message<'_>, DecodeError> {
    let message = decode(text);
    assert_eq!(message, decode_thoroughly(text), "{text}");
    message
}

fn start(text: &str) -> Start<'_> {
    match check(text) {
        Ok(Message::Start(start)) => start,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_documented_messages_decode() {
    let connected = check(r#"{"event":"connected","version":"1.0.0"}"#).unwrap();
    let expected = Connected { version: Some("1.0.0".into()), token: None };
    assert_eq!(connected, Message::Connected(expected));

    let start = start(
        r#"{"event":"start","sequence_number":"1","stream_id":"9b1e",
        "start":{"user_id":"c0ff","call_control_id":"v3:abc","call_session_id":"5d2a",
        "from":"+15550100","to":"+15550199","tags":["eu"],"client_state":"eyJ",
        "custom_parameters":{"agent":"a_42"},
        "media_format":{"encoding":"PCMU","sample_rate":8000,"channels":1}}}"#,
    );
    assert_eq!((start.sequence, start.stream_id.as_deref()), (Some(1), Some("9b1e")));
    assert_eq!(start.call_control_id.as_deref(), Some("v3:abc"));
    assert_eq!(start.from.as_ref().unwrap().reveal(), "+15550100");
    assert_eq!(start.parameter("agent").unwrap().reveal(), "a_42");
    assert_eq!(start.parameter("other"), None);
    assert_eq!(start.format(), Ok(AudioFormat::PCMU_8K));
    assert!(!format!("{start:?}").contains("5550"), "numbers are not printed");

    let Message::Media(media) = check(MEDIA).unwrap() else { panic!() };
    assert_eq!((media.track, media.chunk, media.sequence), (Track::Inbound, Some(2), Some(4)));
    let mut payload = Vec::new();
    media.decode_payload(&mut payload).unwrap();
    assert_eq!(payload, [0xff, 0xfe, 0xfe]);
    assert_eq!(fast::media(MEDIA), Some(media), "the usual shape takes the short cut");

    let dtmf = r#"{"event":"dtmf","stream_id":"s","occurred_at":"2026-06-05T08:54:19.698408Z",
        "sequence_number":"9","dtmf":{"digit":"5"}}"#;
    let Message::Dtmf(dtmf) = check(dtmf).unwrap() else { panic!() };
    assert_eq!((dtmf.digit.symbol(), dtmf.sequence), ('5', Some(9)));

    let mark = r#"{"event":"mark","stream_id":"s","sequence_number":"12","mark":{"name":"3"}}"#;
    let Message::Mark(mark) = check(mark).unwrap() else { panic!() };
    assert_eq!(mark.name, "3");

    let error = r#"{"event":"error","stream_id":"s",
        "payload":{"code":100004,"title":"invalid_media","detail":"x"}}"#;
    let Message::Error(error) = check(error).unwrap() else { panic!() };
    assert_eq!(error.fault(), StreamFault::InvalidMedia);

    let stop = r#"{"event":"stop","sequence_number":"900","stream_id":"s",
        "stop":{"user_id":"u","call_control_id":"v3:abc"}}"#;
    let Message::Stop(stop) = check(stop).unwrap() else { panic!() };
    assert_eq!(stop.call_control_id.as_deref(), Some("v3:abc"));
}

#[test]
fn what_can_be_understood_is_not_an_error() {
    let bare = start(r#"{"event":"start","start":{}}"#);
    assert_eq!(bare.format(), Ok(AudioFormat::PCMU_8K));
    assert_eq!((bare.from, bare.sequence), (None, None));

    let odd = start(
        r#"{"start":{"from":null,"to":15550199,"tags":"eu","future":[{}],
        "custom_parameters":[{"name":"a","value":"1"},{"name":"b"},7,{"name":"c","value":2}],
        "media_format":{"encoding":"L16","sample_rate":"16000"}},"event":"start","new":{"x":[1]}}"#,
    );
    assert_eq!(odd.from, None);
    assert_eq!(odd.to.as_ref().unwrap().reveal(), "15550199");
    assert_eq!(odd.parameter("a").unwrap().reveal(), "1");
    assert_eq!(odd.parameter("c").unwrap().reveal(), "2");
    assert_eq!(odd.custom_parameters.len(), 2);
    let format = AudioFormat { encoding: Encoding::L16, rate: SampleRate::Hz16000 };
    assert_eq!(odd.format(), Ok(format));

    for (text, chunk) in [
        (r#"{"event":"media","media":{"payload":"AA==","chunk":7}}"#, Some(7)),
        (r#"{"event":"media","media":{"payload":"AA==","chunk":7.0}}"#, Some(7)),
        (r#"{"event":"media","media":{"payload":"AA==","chunk":"007"}}"#, Some(7)),
        (r#"{"event":"media","media":{"payload":"AA==","chunk":"+7"}}"#, None),
        (r#"{"event":"media","media":{"payload":"AA==","chunk":-7}}"#, None),
        (r#"{"event":"media","media":{"payload":"AA==","chunk":""}}"#, None),
        (r#"{"event":"media","media":{"payload":"AA==","chunk":[1]}}"#, None),
        (
            r#"{"event":"media","media":{"payload":"AA==","chunk":"18446744073709551615"}}"#,
            Some(u64::MAX),
        ),
        (r#"{"event":"media","media":{"payload":"AA==","chunk":"18446744073709551616"}}"#, None),
        (r#"{"event":"media","media":{"payload":"\/w==","track":"outbound_track"}}"#, None),
    ] {
        let Ok(Message::Media(media)) = check(text) else { panic!("{text}") };
        assert_eq!(media.chunk, chunk, "{text}");
    }
    let unknown = check(r#"{"event":"gather","payload":"text","media":3,"start":null}"#);
    assert_eq!(unknown, Ok(Message::Unknown { event: "gather".into() }));
    let token =
        check(r#"{"event":"connected","connected":{"x-telnyx-streaming-auth-token":"s3cret"}}"#)
            .unwrap();
    assert!(!format!("{token:?}").contains("s3cret"));
    let Message::Connected(connected) = token else { panic!() };
    assert_eq!(connected.token.unwrap().expose(), "s3cret");
    let error = check(r#"{"event":"error"}"#).unwrap();
    assert_eq!(error, Message::Error(StreamError::default()));
}

#[test]
fn what_cannot_be_understood_says_what_is_wrong() {
    let missing = |event, field| Err(DecodeError::Missing { event, field });
    for (text, expected) in [
        ("", Err(DecodeError::Malformed { line: 1, column: 0 })),
        ("{", Err(DecodeError::Malformed { line: 1, column: 1 })),
        ("[]", Err(DecodeError::NoEvent)),
        ("17", Err(DecodeError::NoEvent)),
        ("{}", Err(DecodeError::NoEvent)),
        (r#"{"event":null}"#, Err(DecodeError::NoEvent)),
        (r#"{"event":"start"}"#, missing("start", "start")),
        (r#"{"event":"media"}"#, missing("media", "media.payload")),
        (r#"{"event":"media","media":{"payload":null}}"#, missing("media", "media.payload")),
        (r#"{"event":"mark","mark":{}}"#, missing("mark", "mark.name")),
        (r#"{"event":"dtmf","dtmf":{}}"#, missing("dtmf", "dtmf.digit")),
        (r#"{"event":"dtmf","dtmf":{"digit":"55"}}"#, Err(DecodeError::NoSuchKey)),
        (r#"{"event":"dtmf","dtmf":{"digit":"e"}}"#, Err(DecodeError::NoSuchKey)),
    ] {
        assert_eq!(check(text), expected, "{text}");
    }
    for number in ["01", "1.", "-", "+1", "0x1", "1e", "\"1", "\"\\x\"", "\"a\nb\""] {
        let text = MEDIA.replace(r#""2""#, number);
        assert!(matches!(check(&text), Err(DecodeError::Malformed { .. })), "{text}");
    }
    let twice = MEDIA.replace(r#""chunk":"2""#, r#""chunk":"2","chunk":"3""#);
    assert!(matches!(check(&twice), Err(DecodeError::Malformed { .. })));
    assert!(check(&format!("{MEDIA} x")).is_err());
    let deep = format!(r#"{{"event":"x","y":{}{}}}"#, "[".repeat(9_000), "]".repeat(9_000));
    drop(check(&deep));
    let deep = format!(r#"{{"event":{}"#, r#"{"a":"#.repeat(9_000));
    assert!(check(&deep).is_err());
}

#[test]
fn formats_we_do_not_speak_are_named_with_what_we_do() {
    let format = |encoding: &str, sample_rate, channels| {
        let encoding = Some(Cow::Owned(encoding.to_owned()));
        MediaFormat { encoding, sample_rate, channels }.check()
    };
    let opus = AudioFormat { encoding: Encoding::Opus, rate: SampleRate::Hz16000 };
    assert_eq!(format("opus", Some(16_000), Some(1)), Ok(opus));
    assert_eq!(format("OPUS", None, None), Ok(opus));
    let wide = AudioFormat { encoding: Encoding::G722, rate: SampleRate::Hz16000 };
    for announced in [None, Some(8_000), Some(16_000)] {
        assert_eq!(format("G722", announced, Some(1)), Ok(wide));
    }
    assert!(format("g722", Some(48_000), None).is_err());
    assert_eq!(MediaFormat::of(wide).sample_rate, Some(8_000), "as the carrier announces it");
    let error = format("G729", Some(8_000), Some(1)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "encoding G729 is not spoken here: start the stream with stream_codec PCMU, PCMA, G722, L16 \
         or OPUS"
    );
    for name in ["AMR-WB", "amr_wb"] {
        assert_eq!(format(name, Some(16_000), Some(1)), Err(FormatError::AmrWb));
    }
    let told = FormatError::AmrWb.to_string();
    assert!(told.starts_with("AMR-WB is not spoken here: start the stream with"), "{told}");
    let error = format("\x1b[2J<script>AAAAAAAAAAAAAAAAAAAAAAAAAA", None, None).unwrap_err();
    assert_eq!(error, FormatError::Encoding { encoding: "2JscriptAAAAAAAA".into() });
    assert_eq!(
        format("PCMA", Some(16_000), None),
        Err(FormatError::Rate { encoding: "PCMA", rate: 16_000 })
    );
    assert!(format("L16", Some(22_050), None).is_err());
    assert!(format("L16", Some(u64::MAX), None).is_err());
    assert_eq!(format("PCMU", None, Some(2)), Err(FormatError::Channels { channels: 2 }));
}

#[test]
fn commands_survive_the_way_to_the_carrier() {
    let mut out = vec![1, 2, 3];
    encode_media(&[0xff; 160], &mut out);
    assert_eq!(out.len(), 216 + 40);
    let Ok(Command::Media { payload }) = decode_command(std::str::from_utf8(&out).unwrap()) else {
        panic!()
    };
    let mut bytes = Vec::new();
    payload.decode(&mut bytes).unwrap();
    assert_eq!(bytes, [0xff; 160]);
    encode_mark("1.0.2.\"x", &mut out);
    let mark = decode_command(std::str::from_utf8(&out).unwrap());
    assert_eq!(mark, Ok(Command::Mark { name: "1.0.2.\"x".into() }));
    encode_clear(&mut out);
    assert_eq!(out, br#"{"event":"clear"}"#);
    assert_eq!(decode_command(r#"{"event":"clear","stream_id":"s"}"#), Ok(Command::Clear));
    assert_eq!(
        decode_command(r#"{"event":"hangup"}"#),
        Ok(Command::Unknown { event: "hangup".into() })
    );
    assert!(decode_command(r#"{"event":"mark"}"#).is_err());
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z0-9:+-]{0,12}", "\\PC{0,12}", any::<String>()]
}

fn cow() -> impl Strategy<Value = Cow<'static, str>> {
    text().prop_map(Cow::Owned)
}

fn maybe() -> impl Strategy<Value = Option<Cow<'static, str>>> {
    proptest::option::of(cow())
}

fn pii() -> impl Strategy<Value = Option<Pii<Cow<'static, str>>>> {
    proptest::option::of(cow().prop_map(Pii::new))
}

fn any_start() -> impl Strategy<Value = Start<'static>> {
    let ids = (any::<Option<u64>>(), maybe(), maybe(), maybe(), maybe());
    let parameters = proptest::collection::btree_map(text(), text(), 0..4);
    let rest = (pii(), pii(), proptest::collection::vec(cow(), 0..3), pii(), parameters);
    let format = (maybe(), any::<Option<u64>>(), any::<Option<u64>>());
    (ids, rest, format).prop_map(|(ids, rest, format)| Start {
        sequence: ids.0,
        stream_id: ids.1,
        user_id: ids.2,
        call_control_id: ids.3,
        call_session_id: ids.4,
        from: rest.0,
        to: rest.1,
        tags: rest.2,
        client_state: rest.3,
        custom_parameters: rest
            .4
            .into_iter()
            .map(|(name, value)| Parameter { name: name.into(), value: Pii::new(value.into()) })
            .collect(),
        media_format: MediaFormat { encoding: format.0, sample_rate: format.1, channels: format.2 },
    })
}

/// JSON values as a carrier, or nobody, would send them.
fn any_value() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<u64>().prop_map(|n| n.to_string()),
        any::<u64>().prop_map(|n| format!("\"{n}\"")),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<f64>().prop_map(|n| n.to_string()),
        text().prop_map(|text| serde_json::to_string(&text).unwrap()),
        "[A-Za-z0-9+/]{0,24}".prop_map(|text| format!("\"{text}\"")),
        Just(r#""\/\u0041=""#.to_owned()),
        Just("\"a\nb\"".to_owned()),
        Just("null".to_owned()),
        Just("01".to_owned()),
        Just("1e3".to_owned()),
        Just("1.0".to_owned()),
        Just("[{}]".to_owned()),
        Just("\"inbound\"".to_owned()),
        Just("\"outbound_track\"".to_owned()),
        Just("\"media\"".to_owned()),
    ]
}

/// A field as it should be, or with anything in it.
fn field(name: &'static str, good: &'static str) -> impl Strategy<Value = String> {
    let value = prop_oneof![6 => Just(good.to_owned()), 1 => any_value()];
    let shape = prop_oneof![
        30 => Just("\"{name}\":{value}"),
        1 => Just("\"{name}\" : {value}"),
        1 => Just("\"{name}\":{value} "),
        1 => Just("\"{name}\":{value},\"{name}\":{value}"),
        1 => Just("\"\\u0065{name}\":{value}"),
        1 => Just("\"{name}\":{value},"),
        1 => Just("\"{name}\":"),
    ];
    (shape, value)
        .prop_map(move |(shape, value)| shape.replace("{name}", name).replace("{value}", &value))
}

/// Some of the fields, mostly all, in any order.
fn object(fields: Vec<BoxedStrategy<String>>) -> impl Strategy<Value = String> {
    let all = fields.len();
    let picks = (0..all).collect::<Vec<_>>();
    let order = prop_oneof![
        3 => Just(picks.clone()).prop_shuffle(),
        1 => proptest::sample::subsequence(picks, 0..=all).prop_shuffle(),
    ];
    (fields, order).prop_map(|(fields, order)| {
        let picked: Vec<&str> = order.iter().map(|&n| fields[n].as_str()).collect();
        format!("{{{}}}", picked.join(","))
    })
}

/// Near misses of the usual shape: fields shuffled, doubled, missing, odd.
fn almost_media() -> impl Strategy<Value = String> {
    let inner = object(vec![
        field("track", "\"inbound\"").boxed(),
        field("chunk", "\"2\"").boxed(),
        field("timestamp", "320").boxed(),
        field("payload", "\"//7+\"").boxed(),
    ]);
    let media = inner.prop_map(|inner| format!("\"media\":{inner}"));
    object(vec![
        field("event", "\"media\"").boxed(),
        field("sequence_number", "\"4\"").boxed(),
        field("stream_id", "\"9b1e\"").boxed(),
        media.boxed(),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// The short cut and serde_json agree on everything near the usual shape.
    #[test]
    fn the_short_cut_decodes_as_the_thorough_way(text in almost_media()) {
        if let Some(media) = fast::media(&text) {
            prop_assert_eq!(decode_thoroughly(&text), Ok(Message::Media(media)));
        }
    }

    /// The usual shape, in any order of fields, takes the short cut.
    #[test]
    fn the_usual_shape_takes_the_short_cut(
        order in Just([0, 1, 2, 3]).prop_shuffle(),
        numbers in any::<[u32; 3]>(),
        payload in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut out = Vec::new();
        let [sequence, chunk, timestamp] = numbers.map(u64::from);
        let head =
            MediaHead { sequence, stream_id: "9b1e-é", track: Track::Inbound, chunk, timestamp };
        carrier::encode_media(&head, &payload, &mut out);
        let text = std::str::from_utf8(&out).unwrap();
        let media = text.split_once(r#""media":{"#).unwrap().1;
        let media = media.strip_suffix("}}").unwrap();
        let fields = [
            r#""event":"media""#.to_owned(),
            format!("\"sequence_number\":\"{sequence}\""),
            format!("\"stream_id\":\"{}\"", head.stream_id),
            format!("\"media\":{{{media}}}"),
        ];
        let fields: Vec<&str> = order.iter().map(|&n| fields[n].as_str()).collect();
        for text in [text, &format!("{{{}}}", fields.join(","))] {
            let media = fast::media(text).expect("the usual shape");
            prop_assert_eq!(media.chunk, Some(chunk));
            prop_assert_eq!(decode_thoroughly(text), Ok(Message::Media(media.clone())));
            let mut bytes = Vec::new();
            media.decode_payload(&mut bytes).unwrap();
            prop_assert_eq!(&bytes, &payload);
        }
    }

    #[test]
    fn starts_survive(start in any_start()) {
        let mut out = Vec::new();
        carrier::encode_start(&start, &mut out);
        prop_assert_eq!(decode(std::str::from_utf8(&out).unwrap()), Ok(Message::Start(start)));
    }

    #[test]
    fn other_messages_survive(
        ids in (any::<Option<u64>>(), maybe(), maybe(), maybe()),
        name in cow(),
        code in any::<Option<u64>>(),
        digit in proptest::sample::select("0123456789*#ABCD".chars().collect::<Vec<_>>()),
    ) {
        let (sequence, stream_id, user_id, call_control_id) = ids;
        let version = user_id.clone();
        let token = call_control_id.clone().map(Secret::new);
        let messages = [
            Message::Connected(Connected { version, token }),
            Message::Dtmf(Dtmf {
                sequence,
                stream_id: stream_id.clone(),
                occurred_at: user_id.clone(),
                digit: DtmfDigit::new(digit).unwrap(),
            }),
            Message::Mark(Mark { sequence, stream_id: stream_id.clone(), name }),
            Message::Error(StreamError {
                stream_id: stream_id.clone(),
                code,
                title: user_id.clone(),
                detail: call_control_id.clone().map(Pii::new),
            }),
            Message::Stop(Stop { sequence, stream_id, user_id, call_control_id }),
        ];
        let mut out = Vec::new();
        for message in messages {
            match &message {
                Message::Connected(connected) => carrier::encode_connected(connected, &mut out),
                Message::Dtmf(dtmf) => carrier::encode_dtmf(dtmf, &mut out),
                Message::Mark(mark) => carrier::encode_mark(mark, &mut out),
                Message::Error(error) => carrier::encode_error(error, &mut out),
                Message::Stop(stop) => carrier::encode_stop(stop, &mut out),
                Message::Start(_) | Message::Media(_) | Message::Unknown { .. } => unreachable!(),
            }
            prop_assert_eq!(decode(std::str::from_utf8(&out).unwrap()), Ok(message));
        }
    }

    #[test]
    fn marks_survive_with_any_name(name in any::<String>()) {
        let mut out = Vec::new();
        encode_mark(&name, &mut out);
        let command = decode_command(std::str::from_utf8(&out).unwrap());
        prop_assert_eq!(command, Ok(Command::Mark { name: name.into() }));
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        fuzz_telnyx_message(&bytes);
        fuzz_telnyx_command(&bytes);
    }

    /// One byte of a good message changed.
    #[test]
    fn no_flipped_byte_panics(place in 0..MEDIA.len(), byte: u8) {
        let mut bytes = MEDIA.as_bytes().to_vec();
        bytes[place] = byte;
        fuzz_telnyx_message(&bytes);
        fuzz_telnyx_command(&bytes);
    }
}

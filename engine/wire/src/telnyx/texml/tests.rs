use proptest::prelude::*;

use super::*;
use crate::telnyx::webhook::Direction;

#[test]
fn a_document_that_connects_a_stream() {
    let stream = StreamNoun {
        url: Pii::new("wss://a.example/t?x=1&y=2".into()),
        track: Some(StreamTrack::Inbound),
        mode: Some(StreamMode::Rtp),
        bidirectional_codec: Some(StreamCodec::Pcmu),
        enable_reconnect: Some(true),
        parameters: vec![Parameter { name: "token".into(), value: Pii::new("a\"<b>'".into()) }],
        ..StreamNoun::default()
    };
    let say = Verb::Say { text: "Salt & pepper <now>".into(), voice: None, language: None };
    let verbs = [say, Verb::Connect(Box::new(stream)), Verb::Hangup];
    let text = encode_document(&verbs);
    assert_eq!(
        text,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Say>Salt &amp; pepper \
         &lt;now&gt;</Say><Connect><Stream url=\"wss://a.example/t?x=1&amp;y=2\" \
         track=\"inbound_track\" bidirectionalMode=\"rtp\" bidirectionalCodec=\"PCMU\" \
         enableReconnect=\"true\"><Parameter name=\"token\" \
         value=\"a&quot;&lt;b&gt;&apos;\"/></Stream></Connect><Hangup/></Response>"
    );
    assert_eq!(decode_document(text.as_bytes()).unwrap(), verbs);
}

#[test]
fn documents_as_people_write_them() {
    let text = r#"<?xml version='1.0'?>
        <!-- greeting -->
        <Response>
          <Say voice='alice'><![CDATA[A <tea>]]> &#38; &#x42;</Say>
          <Start><Stream url = "wss://x" /></Start>
          <Pause length="3"/> <Gather numDigits="1"><Say>one</Say></Gather>
          <Reject reason="busy"/><Redirect>https://x/y</Redirect>
        </Response>"#;
    let verbs = decode_document(text.as_bytes()).unwrap();
    let names: Vec<_> = verbs.iter().map(Verb::name).collect();
    assert_eq!(names, ["Say", "Start", "Pause", "Gather", "Reject", "Redirect"]);
    let Verb::Say { text, voice, .. } = &verbs[0] else { panic!() };
    assert_eq!((text.as_ref(), voice.as_deref()), ("A <tea> & B", Some("alice")));
    assert_eq!(verbs[2], Verb::Pause { seconds: Some(3) });
    assert_eq!(verbs[4], Verb::Reject { reason: Some(RejectReason::Busy) });
}

#[test]
fn what_is_no_document_says_why() {
    let decode = |text: &'static str| decode_document(text.as_bytes()).unwrap_err();
    assert_eq!(decode("<Answer/>"), TexmlError::NoResponse);
    assert_eq!(decode(""), TexmlError::Malformed { at: 0 });
    assert_eq!(decode("<Response>"), TexmlError::Malformed { at: 10 });
    assert_eq!(decode("<Response></Reply>"), TexmlError::Malformed { at: 17 });
    assert_eq!(decode("<Response/><More/>"), TexmlError::Malformed { at: 11 });
    assert!(matches!(decode("<Response>&nbsp;</Response>"), TexmlError::Malformed { .. }));
    assert!(matches!(decode("<Response>&#0;</Response>"), TexmlError::Malformed { .. }));
    let missing = |field| TexmlError::Missing { field };
    assert_eq!(decode("<Response><Connect/></Response>"), missing("Stream"));
    assert_eq!(decode("<Response><Start><Stream/></Start></Response>"), missing("url"));
    assert_eq!(
        decode("<Response><Pause length='long'/></Response>"),
        TexmlError::Invalid { attribute: "length" }
    );
    assert_eq!(decode_document(b"\xff"), Err(TexmlError::NotText));
    // Nesting without end must not exhaust the stack.
    let deep = "<Response>".repeat(100_000);
    assert!(decode_document(deep.as_bytes()).is_err());
}

#[test]
fn the_carriers_forms() {
    let form = b"CallSid=v3%3Aabc&CallSidLegacy=v3%3Aabc&ConnectionId=28&From=%2B15550100\
        &To=%2B15550199&Direction=inbound&CallStatus=ringing&SomethingNew=1";
    let request = decode_request(form).unwrap();
    assert_eq!(request.call_sid, "v3:abc");
    assert_eq!(request.to.unwrap().reveal(), "+15550199");
    assert_eq!(request.direction, Some(Direction::Incoming));
    assert_eq!(request.call_status.as_deref(), Some("ringing"));
    assert_eq!(decode_request(b"From=x"), Err(TexmlError::Missing { field: "CallSid" }));
    assert_eq!(decode_request(b"CallSid=a&From=").unwrap().from, None);
    for word in ["stream-failed", "stream-error"] {
        let form = format!("CallSid=a&StreamSid=s&StreamEvent={word}&StreamError=no+route");
        let status = decode_stream_status(form.as_bytes()).unwrap();
        assert_eq!(status.event, StreamEvent::Failed, "{word}");
        assert_eq!(status.error.as_deref(), Some("no route"));
    }
    assert_eq!(
        decode_stream_status(b"CallSid=a"),
        Err(TexmlError::Missing { field: "StreamEvent" })
    );
}

/// Text that XML can hold.
fn text() -> impl Strategy<Value = Cow<'static, str>> {
    any::<String>()
        .prop_map(|text| Cow::Owned(text.chars().filter(|&c| xml::is_allowed(c)).collect()))
}

fn maybe() -> impl Strategy<Value = Option<Cow<'static, str>>> {
    proptest::option::of(text())
}

fn word<T: Copy + std::fmt::Debug + 'static>(
    all: &'static [T],
) -> impl Strategy<Value = Option<T>> {
    proptest::option::of(proptest::sample::select(all))
}

fn stream() -> impl Strategy<Value = Box<StreamNoun<'static>>> {
    let parameter =
        (text(), text()).prop_map(|(name, value)| Parameter { name, value: Pii::new(value) });
    let texts = (text(), maybe(), maybe());
    let codecs = (word(StreamCodec::ALL), word(StreamCodec::ALL));
    let words = (word(StreamTrack::ALL), codecs, word(StreamMode::ALL));
    let rest = (any::<Option<u64>>(), any::<Option<bool>>());
    (texts, words, rest, proptest::collection::vec(parameter, 0..3)).prop_map(
        |(texts, (track, codecs, mode), (sampling_rate, enable_reconnect), parameters)| {
            Box::new(StreamNoun {
                url: Pii::new(texts.0),
                track,
                name: texts.1,
                codec: codecs.0,
                mode,
                bidirectional_codec: codecs.1,
                sampling_rate,
                status_callback: texts.2,
                enable_reconnect,
                parameters,
            })
        },
    )
}

fn verb() -> impl Strategy<Value = Verb<'static>> {
    prop_oneof![
        stream().prop_map(Verb::Connect),
        stream().prop_map(Verb::Start),
        (text(), maybe(), maybe()).prop_map(|(text, voice, language)| Verb::Say {
            text,
            voice,
            language
        }),
        any::<Option<u64>>().prop_map(|seconds| Verb::Pause { seconds }),
        word(RejectReason::ALL).prop_map(|reason| Verb::Reject { reason }),
        ("[!-~]{1,20}", any::<Option<u64>>()).prop_map(|(number, timeout_seconds)| Verb::Dial {
            number: Pii::new(number.into()),
            timeout_seconds
        }),
        Just(Verb::Hangup),
        text().prop_map(|url| Verb::Redirect { url: Pii::new(url) }),
        "[A-Z][a-z]{0,9}x".prop_map(|name| Verb::Other { name: Cow::Owned(name) }),
    ]
}

proptest! {
    #[test]
    fn every_document_survives(verbs in proptest::collection::vec(verb(), 0..6)) {
        let text = encode_document(&verbs);
        prop_assert_eq!(decode_document(text.as_bytes()), Ok(verbs), "{}", text);
    }

    #[test]
    fn no_text_breaks_out_of_its_place(text in any::<String>()) {
        let say = Verb::Say { text: text.clone().into(), voice: Some(text.into()), language: None };
        let document = encode_document(&[say, Verb::Hangup]);
        let verbs = decode_document(document.as_bytes()).unwrap();
        prop_assert_eq!(verbs.len(), 2);
    }

    #[test]
    fn every_form_survives(
        sid in "\\PC{1,20}",
        texts in proptest::collection::vec(proptest::option::of("\\PC{1,20}"), 6),
        direction in word(Direction::ALL),
    ) {
        let text = |n: usize| texts[n].clone().map(Cow::Owned);
        let request = TexmlRequest {
            call_sid: Cow::Owned(sid.clone()),
            account_sid: text(0),
            connection_id: text(1),
            call_session_id: text(2),
            from: text(3).map(Pii::new),
            to: text(4).map(Pii::new),
            direction,
            call_status: text(5),
        };
        let form = encode_request(&request);
        prop_assert_eq!(decode_request(form.as_bytes()), Ok(request));
        let events =
            [StreamEvent::Started, StreamEvent::Stopped, StreamEvent::Failed, StreamEvent::Other {
                word: "stream-odd".into(),
            }];
        for event in events {
            let status = StreamStatus {
                call_sid: Cow::Owned(sid.clone()),
                stream_sid: text(0),
                stream_name: text(1),
                event,
                error: text(2),
            };
            let form = encode_stream_status(&status);
            prop_assert_eq!(decode_stream_status(form.as_bytes()), Ok(status));
        }
    }

    #[test]
    fn rubbish_is_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        crate::telnyx::fuzz_telnyx_texml(&bytes);
    }

    #[test]
    fn damaged_documents_never_panic(
        verbs in proptest::collection::vec(verb(), 0..4),
        wounds in proptest::collection::vec((any::<proptest::sample::Index>(), 0_u8..128), 1..6),
    ) {
        let mut bytes = encode_document(&verbs).into_bytes();
        for (at, byte) in wounds {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        crate::telnyx::fuzz_telnyx_texml(&bytes);
    }
}

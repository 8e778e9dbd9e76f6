use proptest::prelude::*;
use types::DtmfDigit;

use super::*;

fn ring() -> &'static [u8] {
    br#"{"data":{"record_type":"event","event_type":"call.initiated","id":"0d6f",
        "occurred_at":"2026-03-02T10:11:12.131415Z",
        "payload":{"call_control_id":"v3:abc","call_leg_id":"leg","call_session_id":"session",
          "connection_id":"2811","client_state":null,"from":"+15550100","to":"+15550199",
          "direction":"incoming","state":"parked","tags":["eu"],"offered_codecs":"G722,PCMU",
          "shaken_stir_validated":true,"sip_headers":[{"name":"Diversion","value":"<sip:x>"}],
          "something_new":{"deep":[1,2]}}},
        "meta":{"attempt":2,"delivered_to":"https://hooks.example.net/telnyx"}}"#
}

#[test]
fn a_ring_in_the_current_envelope() {
    let webhook = decode(ring()).unwrap();
    assert_eq!((webhook.envelope, webhook.id.as_ref()), (Envelope::V2, "0d6f"));
    assert!(matches!(webhook.id, Cow::Borrowed(_)));
    assert_eq!(webhook.attempt, 2);
    assert_eq!(webhook.occurred_at.unwrap().as_unix_micros(), 1_772_446_272_131_415);
    assert_eq!(webhook.leg.call_control_id.as_deref(), Some("v3:abc"));
    assert_eq!(webhook.leg.client_state, None);
    assert_eq!(webhook.to.as_ref().unwrap().reveal(), "+15550199");
    let Event::Initiated(ring) = &webhook.event else { panic!("{webhook:?}") };
    assert_eq!(ring.direction, Some(Direction::Incoming));
    assert_eq!(ring.state, Some(LegState::Parked));
    assert_eq!(ring.tags, ["eu"]);
    assert_eq!(ring.shaken_stir_validated, Some(true));
    assert_eq!(ring.sip_headers[0].value.reveal(), "<sip:x>");
    assert!(!format!("{webhook:?}").contains("+1555"), "numbers are not printed");
}

#[test]
fn the_old_envelope_is_flat_and_has_underscores() {
    let body = br##"{"record_type":"event","id":"7","event_type":"call_dtmf_received",
        "created_at":"2026-03-02T10:11:12Z","payload":{"call_control_id":"v2:x","digit":"#"}}"##;
    let webhook = decode(body).unwrap();
    assert_eq!((webhook.envelope, webhook.attempt), (Envelope::V1, 1));
    assert_eq!(webhook.event, Event::Dtmf { digit: DtmfDigit::new('#') });
    assert!(webhook.occurred_at.is_some());
    let body = br#"{"id":"8","event_type":"call_machine_premium_call_screening_detected",
        "payload":{"result":"screening"}}"#;
    let Event::Machine(machine) = decode(body).unwrap().event else { panic!() };
    assert_eq!(machine.stage, MachineStage::PremiumScreening);
    assert_eq!(machine.result, Some(MachineResult::Screening));
}

#[test]
fn the_end_of_a_leg_with_numbers_as_text() {
    let body = br#"{"data":{"event_type":"call.hangup","id":"9","payload":{
        "hangup_cause":"normal_clearing","hangup_source":"caller","sip_hangup_cause":"200",
        "call_quality_stats":{"inbound":{"mos":"4.50","jitter_max_variance":"1.5",
          "packet_count":"900","skip_packet_count":"3"},"outbound":{"packet_count":901}}}}}"#;
    let Event::Hangup(hangup) = decode(body).unwrap().event else { panic!() };
    assert_eq!(hangup.cause, Some(HangupCause::NormalClearing));
    assert_eq!(hangup.source, Some(HangupSource::Caller));
    let quality = hangup.quality.unwrap();
    assert_eq!(quality.inbound_mos, Some(4.5));
    assert_eq!((quality.inbound_packets, quality.inbound_skipped), (Some(900), Some(3)));
    assert_eq!(quality.outbound_packets, Some(901));
}

#[test]
fn new_events_are_values_and_new_words_are_absent() {
    let body = br#"{"data":{"event_type":"message.received","id":"9","payload":{"from":{}}}}"#;
    let webhook = decode(body).unwrap();
    assert_eq!(webhook.event, Event::Other { event_type: "message.received".into() });
    let body = br#"{"data":{"event_type":"call.hangup","id":"9","payload":{
        "hangup_cause":"solar_flare"}}}"#;
    let Event::Hangup(hangup) = decode(body).unwrap().event else { panic!() };
    assert_eq!(hangup, Hangup::default());
    // What never comes (telnyx.md §2.2) is not taken for what does.
    let body = br#"{"data":{"event_type":"call.streaming.started","id":"9"}}"#;
    assert!(matches!(decode(body).unwrap().event, Event::Other { .. }));
}

#[test]
fn what_is_no_webhook_says_why() {
    assert_eq!(decode(b"[]"), Err(WebhookError::NoEvent));
    assert_eq!(decode(b"{\"data\":{\"id\":\"1\"}}"), Err(WebhookError::NoEvent));
    let no_id = br#"{"data":{"event_type":"call.hangup"}}"#;
    assert_eq!(decode(no_id), Err(WebhookError::NoId));
    let empty = br#"{"data":{"event_type":"call.hangup","id":""}}"#;
    assert_eq!(decode(empty), Err(WebhookError::NoId));
    assert_eq!(decode(b"{\n x"), Err(WebhookError::Malformed { line: 2, column: 2 }));
    assert!(matches!(decode(b"\xff"), Err(WebhookError::Malformed { .. })));
}

fn text() -> impl Strategy<Value = Cow<'static, str>> {
    any::<String>().prop_map(Cow::Owned)
}

fn maybe() -> impl Strategy<Value = Option<Cow<'static, str>>> {
    proptest::option::of(text())
}

fn hidden() -> impl Strategy<Value = Option<Pii<Cow<'static, str>>>> {
    maybe().prop_map(|text| text.map(Pii::new))
}

fn time() -> impl Strategy<Value = Option<WallMicros>> {
    proptest::option::of((0_i64..4_000_000_000_000_000).prop_map(WallMicros::from_unix_micros))
}

fn word<T: Copy + std::fmt::Debug + 'static>(
    all: &'static [T],
) -> impl Strategy<Value = Option<T>> {
    proptest::option::of(proptest::sample::select(all))
}

fn headers() -> impl Strategy<Value = Vec<Header<'static>>> {
    let header = (text(), text()).prop_map(|(name, value)| Header { name, value: Pii::new(value) });
    proptest::collection::vec(header, 0..3)
}

fn initiated() -> impl Strategy<Value = Event<'static>> {
    let words = (word(Direction::ALL), word(LegState::ALL), proptest::option::of(any::<bool>()));
    let texts = (maybe(), maybe(), maybe(), maybe(), hidden());
    let lists = (proptest::collection::vec(text(), 0..3), headers(), headers());
    (words, texts, lists, time()).prop_map(|(words, texts, lists, start_time)| {
        Event::Initiated(Initiated {
            direction: words.0,
            state: words.1,
            start_time,
            caller_id_name: texts.4,
            tags: lists.0,
            connection_codecs: texts.0,
            offered_codecs: texts.1,
            shaken_stir_attestation: texts.2,
            shaken_stir_validated: words.2,
            call_screening_result: texts.3,
            sip_headers: lists.1,
            custom_headers: lists.2,
        })
    })
}

fn hangup() -> impl Strategy<Value = Event<'static>> {
    let number = || proptest::option::of(0.0_f32..1_000.0);
    let count = || proptest::option::of(any::<u64>());
    let quality =
        (number(), number(), count(), count(), count(), count()).prop_map(|q| CallQuality {
            inbound_mos: q.0,
            inbound_jitter_max_variance: q.1,
            inbound_packets: q.2,
            inbound_skipped: q.3,
            outbound_packets: q.4,
            outbound_skipped: q.5,
        });
    let words = (word(HangupCause::ALL), word(HangupSource::ALL), maybe());
    (words, time(), time(), proptest::option::of(quality)).prop_map(
        |((cause, source, sip_cause), start_time, end_time, quality)| {
            Event::Hangup(Hangup { cause, source, sip_cause, start_time, end_time, quality })
        },
    )
}

fn event() -> impl Strategy<Value = Event<'static>> {
    let digit = proptest::sample::select("0123456789*#ABCD".chars().collect::<Vec<_>>());
    let answered = (time(), proptest::collection::vec(text(), 0..3), maybe(), any::<Option<u64>>());
    let failure = (maybe(), maybe(), hidden());
    let recording = (time(), time(), maybe(), hidden(), hidden());
    let cost = (maybe(), maybe(), maybe(), any::<Option<u64>>());
    let machine = (proptest::sample::select(MachineStage::ALL), word(MachineResult::ALL));
    let refer = (proptest::sample::select(ReferStage::ALL), any::<Option<u64>>());
    prop_oneof![
        initiated(),
        hangup(),
        answered.prop_map(|(start_time, tags, codec, sampling_rate)| {
            Event::Answered(Answered { start_time, tags, codec, sampling_rate })
        }),
        Just(Event::Bridged),
        Just(Event::SpeakStarted),
        word(SpeakStatus::ALL).prop_map(|status| Event::SpeakEnded { status }),
        Just(Event::Held),
        Just(Event::Unheld),
        hidden().prop_map(|stream_url| Event::StreamingStarted { stream_url }),
        hidden().prop_map(|stream_url| Event::StreamingStopped { stream_url }),
        failure.prop_map(|(reason, stream_id, stream_url)| {
            Event::StreamingFailed(StreamFailure { reason, stream_id, stream_url })
        }),
        digit.prop_map(|digit| Event::Dtmf { digit: DtmfDigit::new(digit) }),
        refer.prop_map(|(stage, sip_notify_response)| Event::Refer { stage, sip_notify_response }),
        recording.prop_map(|(started_at, ended_at, channels, mp3, wav)| {
            Event::RecordingSaved(RecordingSaved { started_at, ended_at, channels, mp3, wav })
        }),
        maybe().prop_map(|reason| Event::RecordingError { reason }),
        cost.prop_map(|(status, total, currency, billed_seconds)| {
            Event::Cost(Cost { status, total, currency, billed_seconds })
        }),
        machine.prop_map(|(stage, result)| {
            let word = result.map(|result| Cow::Borrowed(result.name()));
            Event::Machine(MachineDetection { stage, result, word })
        }),
        "x[a-z.]{0,20}".prop_map(|name| Event::Other { event_type: Cow::Owned(name) }),
    ]
}

fn webhook() -> impl Strategy<Value = Webhook<'static>> {
    let leg = (maybe(), maybe(), maybe(), maybe(), hidden()).prop_map(|leg| LegNames {
        call_control_id: leg.0,
        call_leg_id: leg.1,
        call_session_id: leg.2,
        connection_id: leg.3,
        client_state: leg.4,
    });
    let envelope = prop_oneof![Just(Envelope::V1), Just(Envelope::V2)];
    let head = ("\\PC{1,40}".prop_map(Cow::Owned), time(), any::<u64>());
    (envelope, head, leg, hidden(), hidden(), event()).prop_map(
        |(envelope, (id, occurred_at, attempt), leg, from, to, event)| Webhook {
            envelope,
            id,
            occurred_at,
            attempt,
            leg,
            from,
            to,
            event: match (envelope, event) {
                // The old names have no dots to give back.
                (Envelope::V1, Event::Other { event_type }) => {
                    Event::Other { event_type: Cow::Owned(event_type.replace('.', "_")) }
                }
                (_, event) => event,
            },
        },
    )
}

proptest! {
    #[test]
    fn every_webhook_survives_both_envelopes(webhook in webhook()) {
        let mut body = Vec::new();
        encode(&webhook, &mut body);
        let decoded = decode(&body);
        prop_assert_eq!(decoded.as_ref(), Ok(&webhook), "{}", String::from_utf8_lossy(&body));
    }

    #[test]
    fn rubbish_is_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        crate::telnyx::fuzz_telnyx_webhook(&bytes);
    }

    #[test]
    fn damaged_webhooks_never_panic(
        webhook in webhook(),
        wounds in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut body = Vec::new();
        encode(&webhook, &mut body);
        for (at, byte) in wounds {
            let at = at.index(body.len());
            body[at] = byte;
        }
        crate::telnyx::fuzz_telnyx_webhook(&body);
    }
}

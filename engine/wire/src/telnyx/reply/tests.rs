use proptest::prelude::*;

use super::*;
use crate::telnyx::command::{Action, Command, Dial};

fn act() -> Command<'static> {
    Command::Act { call_control_id: "v3:a".into(), action: Action::Hangup }
}

fn get() -> Command<'static> {
    Command::GetCall { call_control_id: "v3:a".into() }
}

fn list() -> Command<'static> {
    Command::ActiveCalls { connection_id: "1".into(), after: None, limit: None }
}

fn which_application() -> Command<'static> {
    Command::GetApplication { connection_id: "1".into() }
}

fn list_numbers() -> Command<'static> {
    Command::ListNumbers { connection_id: "1".into(), page: 1, limit: 250 }
}

fn name() -> impl Strategy<Value = Option<Cow<'static, str>>> {
    proptest::option::of(any::<String>().prop_map(Cow::Owned))
}

#[test]
fn applications_and_their_numbers() {
    let body = br#"{"data":{"id":"2811","record_type":"call_control_application","active":true,
        "application_name":"desk","webhook_event_url":"https://h.example/webhooks/telnyx",
        "webhook_api_version":"2","inbound":{"channel_limit":10}}}"#;
    let Ok(Reply::Application(application)) = decode(&which_application(), 200, body) else {
        panic!()
    };
    assert_eq!(application.active, Some(true));
    assert_eq!(application.webhook_url.as_deref(), Some("https://h.example/webhooks/telnyx"));
    let body = br#"{"data":[{"phone_number":"+12125550142","connection_id":"2811","tags":[],
        "status":"active"},3],"meta":{"total_pages":2,"page_number":1}}"#;
    let Ok(Reply::Numbers(page)) = decode(&list_numbers(), 200, body) else { panic!() };
    assert_eq!((page.numbers.len(), page.pages), (1, Some(2)));
    assert!(decode(&list_numbers(), 200, b"{}").is_err(), "nothing is not the same as none");
    assert!(decode(&which_application(), 200, b"{}").is_err());
}

#[test]
fn any_success_accepts_an_action() {
    assert_eq!(decode(&act(), 200, br#"{"data":{"result":"ok"}}"#), Ok(Reply::Accepted));
    assert_eq!(decode(&act(), 204, b""), Ok(Reply::Accepted));
}

#[test]
fn the_state_of_a_leg() {
    let body = br#"{"data":{"record_type":"call","call_control_id":"v3:a","call_leg_id":"l",
        "call_session_id":"s","client_state":"YQ==","is_alive":false,"call_duration":50,
        "start_time":"2026-03-02T10:11:12Z","end_time":null}}"#;
    let Ok(Reply::Call(call)) = decode(&get(), 200, body) else { panic!() };
    assert_eq!(call.is_alive, Some(false));
    assert_eq!(call.duration_seconds, Some(50));
    assert_eq!(call.leg.call_control_id.as_deref(), Some("v3:a"));
    assert_eq!((call.start_time.is_some(), call.end_time), (true, None));
    assert_eq!(decode(&get(), 200, b"{}"), Err(ReplyError::Unreadable { status: 200 }));
}

#[test]
fn live_legs_come_in_pages() {
    let body = br#"{"data":[{"call_control_id":"v3:a"},17,{"call_control_id":"v3:b"}],
        "meta":{"cursors":{"after":"v1:g3Q=","before":null},"total_items":5}}"#;
    let Ok(Reply::ActiveCalls(page)) = decode(&list(), 200, body) else { panic!() };
    assert_eq!(page.calls.len(), 2);
    assert_eq!((page.after.as_deref(), page.total), (Some("v1:g3Q="), Some(5)));
    let last = br#"{"data":[],"meta":{"cursors":{"after":""}}}"#;
    let Ok(Reply::ActiveCalls(page)) = decode(&list(), 200, last) else { panic!() };
    assert_eq!(page, ActiveCalls::default());
    // Nothing at all is not the same as no legs.
    assert!(decode(&list(), 200, b"{}").is_err());
}

#[test]
fn refusals_have_codes() {
    let body = br#"{"errors":[{"code":"90018","title":"Call has already ended",
        "detail":"leg of +15550100","source":{"pointer":"/x"}},{"code":12345}]}"#;
    let Err(ReplyError::Refused(refusal)) = decode(&act(), 422, body) else { panic!() };
    assert!(refusal.is(ErrorCode::AlreadyEnded) && refusal.is_leg_gone());
    assert!(!refusal.is_passing());
    assert_eq!(refusal.errors[1].code, "12345");
    assert_eq!(refusal.errors[1].kind(), None);
    assert_eq!(refusal.to_string(), "status 422, error 90018, error 12345");
    assert!(!format!("{refusal:?}").contains("+1555"));
    for (status, is_passing) in [(400, false), (408, true), (429, true), (500, true), (503, true)] {
        let refusal = decode_refusal(status, b"<html>nginx</html>");
        assert_eq!(refusal.is_passing(), is_passing, "{status}");
        assert_eq!(refusal.errors, []);
    }
    assert_eq!(ErrorCode::of("10027"), Some(ErrorCode::BadRequest));
}

fn call() -> impl Strategy<Value = CallState<'static>> {
    let text = || proptest::option::of(any::<String>().prop_map(Cow::Owned));
    let time = || {
        proptest::option::of((0..4_000_000_000_000_000_i64).prop_map(WallMicros::from_unix_micros))
    };
    let state = text().prop_map(|state| state.map(Pii::new));
    let flags = (any::<Option<bool>>(), any::<Option<u64>>(), time(), time());
    ((text(), text(), text(), text(), state), flags).prop_map(
        |(names, (is_alive, duration_seconds, start_time, end_time))| CallState {
            leg: LegNames {
                call_control_id: names.0,
                call_leg_id: names.1,
                call_session_id: names.2,
                connection_id: names.3,
                client_state: names.4,
            },
            is_alive,
            duration_seconds,
            start_time,
            end_time,
        },
    )
}

fn reply() -> impl Strategy<Value = (Command<'static>, Reply<'static>)> {
    let after = proptest::option::of(".{1,20}".prop_map(Cow::Owned));
    let page = (proptest::collection::vec(call(), 0..4), after, any::<Option<u64>>());
    prop_oneof![
        Just((act(), Reply::Accepted)),
        call().prop_map(|call| (Command::Dial(Box::<Dial<'_>>::default()), Reply::Dialed(call))),
        call().prop_map(|call| (get(), Reply::Call(call))),
        page.prop_map(|(calls, after, total)| {
            (list(), Reply::ActiveCalls(ActiveCalls { calls, after, total }))
        }),
        ([name(), name(), name(), name()], any::<Option<bool>>()).prop_map(
            |([id, name, webhook_url, webhook_api_version], active)| {
                let application =
                    Application { id, name, active, webhook_url, webhook_api_version };
                (which_application(), Reply::Application(application))
            }
        ),
        (proptest::collection::vec([name(), name(), name()], 0..4), any::<Option<u64>>()).prop_map(
            |(numbers, pages)| {
                let number = |[number, connection_id, status]: [_; 3]| Number {
                    number: Option::<Cow<'_, str>>::map(number, Pii::new),
                    connection_id,
                    status,
                };
                let numbers = numbers.into_iter().map(number).collect();
                (list_numbers(), Reply::Numbers(Numbers { numbers, pages }))
            }
        ),
    ]
}

proptest! {
    #[test]
    fn every_reply_survives((command, reply) in reply()) {
        let mut body = Vec::new();
        encode(&reply, &mut body);
        prop_assert_eq!(decode(&command, 200, &body), Ok(reply));
    }

    #[test]
    fn every_refusal_survives(
        status in 400_u16..600,
        errors in proptest::collection::vec(any::<[String; 3]>(), 0..4),
    ) {
        let errors: Vec<_> = errors
            .into_iter()
            .map(|[code, title, detail]| ApiError { code, title, detail: Pii::new(detail) })
            .collect();
        let mut body = Vec::new();
        encode_errors(&errors, &mut body);
        let refusal = decode_refusal(status, &body);
        prop_assert_eq!(&refusal.errors, &errors);
        prop_assert!(refusal.to_string().is_ascii());
    }

    #[test]
    fn rubbish_is_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        crate::telnyx::fuzz_telnyx_reply(&bytes);
    }
}

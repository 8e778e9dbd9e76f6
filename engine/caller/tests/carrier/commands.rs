//! Each command, its refusals in the wrong state, and what switches make of it.

use caller::carrier::{CarrierOptions, Faults, RestFault, RestOutcome, TransferOutcome, When};
use types::{Millis, Pii};
use wire::telnyx::command::{
    Action, Command, Dial, RecordChannels, RecordFormat, RecordStart, RejectCause, Request,
    Transfer,
};
use wire::telnyx::reply::{ErrorCode, Refusal, Reply, ReplyError};
use wire::telnyx::webhook::HangupCause;

use crate::engine::{Engine, Manner, call_state};
use crate::{pair, ringing, silent};

pub(crate) fn code(reply: Result<Reply<'static>, ReplyError>) -> ErrorCode {
    let Err(ReplyError::Refused(refusal)) = reply else { panic!("accepted: {reply:?}") };
    refusal.errors[0].kind().unwrap()
}

fn refusal(reply: Result<Reply<'static>, ReplyError>) -> Refusal {
    let Err(ReplyError::Refused(refusal)) = reply else { panic!("accepted: {reply:?}") };
    refusal
}

fn dtmf() -> Action<'static> {
    Action::SendDtmf { digits: Pii::new("12#".into()), duration_ms: None }
}

fn answer() -> Action<'static> {
    Action::Answer(Box::default())
}

fn record() -> Action<'static> {
    Action::RecordStart(RecordStart {
        channels: RecordChannels::Dual,
        format: RecordFormat::Wav,
        length_seconds_max: None,
        play_beep: None,
    })
}

async fn told(engine: &Engine, name: &str) {
    engine.until(name, |e| e.names().iter().any(|told| told == name)).await;
}

#[tokio::test]
async fn commands_in_the_wrong_state_get_the_carriers_codes() {
    let (carrier, engine) = pair(Manner::Watches, |_, _| ()).await;
    let leg = carrier.ring(ringing(Millis::from_secs(60))).unwrap();
    told(&engine, "call.initiated").await;
    let name = leg.call_control_id();
    let give = async |action| engine.give(&Request::act(name.clone(), action)).await;
    let stream = || Action::StreamingStart(Box::new(engine.stream("t1")));
    let stop = || Action::StreamingStop { stream_id: None };
    assert_eq!(code(give(stream()).await), ErrorCode::NotAnswered);
    assert_eq!(code(give(dtmf()).await), ErrorCode::NotAnswered);
    assert_eq!(code(give(record()).await), ErrorCode::RecordingTooEarly);
    give(answer()).await.unwrap();
    assert_eq!(code(give(answer()).await), ErrorCode::BadRequest);
    assert_eq!(code(give(stop()).await), ErrorCode::NotStreaming);
    give(stream()).await.unwrap();
    assert_eq!(code(give(stream()).await), ErrorCode::AlreadyStreaming);
    told(&engine, "streaming.started").await;
    give(stop()).await.unwrap();
    told(&engine, "streaming.stopped").await;
    give(dtmf()).await.unwrap();
    give(record()).await.unwrap();
    give(Action::RecordStop).await.unwrap();
    told(&engine, "call.recording.saved").await;
    let state = Request::act(name.clone(), Action::UpdateClientState).with_client_state("not b64");
    assert_eq!(code(engine.give(&state).await), ErrorCode::BadClientState);
    give(Action::Hangup).await.unwrap();
    let report = leg.ended().await.unwrap();
    assert_eq!(refusal(give(Action::Hangup).await).status, 422);
    assert_eq!(code(give(Action::Hangup).await), ErrorCode::AlreadyEnded);
    assert_eq!(report.done("answer"), 1);
    let stranger = Request::act("v3:nobody", Action::Hangup);
    assert_eq!(code(engine.give(&stranger).await), ErrorCode::BadCallControlId);
    assert_eq!(engine.give_with_key(&call_state(&name), "KEY-wrong").await, 401);
}

#[tokio::test]
async fn a_repeated_command_id_does_nothing_and_a_client_state_stays() {
    let (carrier, engine) = pair(Manner::Watches, |_, _| ()).await;
    let leg = carrier.ring(ringing(Millis::from_secs(60))).unwrap();
    told(&engine, "call.initiated").await;
    let name = leg.call_control_id();
    let request =
        Request::act(name.clone(), answer()).with_command_id("one").with_client_state("b25l");
    engine.give(&request).await.unwrap();
    engine.give(&request).await.unwrap();
    let Ok(Reply::Call(call)) = engine.give(&call_state(&name)).await else { panic!() };
    assert_eq!(call.leg.client_state.unwrap().reveal(), "b25l");
    leg.hang_up().await;
    let report = leg.ended().await.unwrap();
    assert_eq!(report.done("answer"), 1);
    assert_eq!(engine.names().iter().filter(|name| *name == "call.answered").count(), 1);
}

#[tokio::test]
async fn a_refused_call_ends() {
    let (carrier, engine) = pair(Manner::Watches, |_, _| ()).await;
    let leg = carrier.ring(ringing(Millis::from_secs(60))).unwrap();
    told(&engine, "call.initiated").await;
    let reject = Action::Reject { cause: RejectCause::UserBusy };
    engine.give(&Request::act(leg.call_control_id(), reject)).await.unwrap();
    let report = leg.ended().await.unwrap();
    assert_eq!(report.cause, Some(HangupCause::UserBusy));
    assert!(report.call.is_none());
}

#[tokio::test]
async fn live_legs_are_listed_page_by_page() {
    let (carrier, engine) = pair(Manner::Watches, |_, _| ()).await;
    let legs: Vec<_> =
        (0..5).map(|_| carrier.ring(ringing(Millis::from_secs(60))).unwrap()).collect();
    assert_eq!(carrier.legs_live(), 5);
    let connection = CarrierOptions::new("").connection_id;
    let (mut names, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        let command = Command::ActiveCalls {
            connection_id: connection.clone().into(),
            after,
            limit: Some(2),
        };
        let Ok(Reply::ActiveCalls(page)) = engine.give(&Request::new(command)).await else {
            panic!()
        };
        assert_eq!(page.total, Some(5));
        names.extend(page.calls.iter().map(|call| call.leg.call_control_id.clone().unwrap()));
        pages += 1;
        after = page.after;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(pages, 3);
    let expected: Vec<_> = legs.iter().map(|leg| leg.call_control_id()).collect();
    assert_eq!(names, expected);
    for leg in legs {
        leg.hang_up().await;
        leg.ended().await.unwrap();
    }
    assert_eq!(carrier.legs_live(), 0);
}

#[tokio::test]
async fn a_transfer_rings_somebody_and_connects_them_or_gives_the_caller_back() {
    let transfer = |to: &'static str| {
        Action::Transfer(Box::new(Transfer { to: Pii::new(to.into()), ..Transfer::default() }))
    };
    for outcome in [
        TransferOutcome::Answered { ring: Millis::new(100), talk: Millis::new(200) },
        TransferOutcome::NoAnswer { ring: Millis::new(100) },
        TransferOutcome::Busy { ring: Millis::new(100) },
    ] {
        let (carrier, engine) =
            pair(Manner::Answers, |options, _| options.transfer = outcome).await;
        let leg = carrier.ring(ringing(Millis::from_secs(60))).unwrap();
        told(&engine, "streaming.started").await;
        let name = leg.call_control_id();
        engine.give(&Request::act(name.clone(), transfer("+15550177"))).await.unwrap();
        let hung_up = |e: &Engine| e.names().iter().filter(|n| *n == "call.hangup").count();
        match outcome {
            TransferOutcome::Answered { .. } => {
                let report = leg.ended().await.unwrap();
                assert_eq!(report.cause, Some(HangupCause::NormalClearing));
                engine.until("both legs end", |e| hung_up(e) == 2).await;
                let bridged = engine.names().iter().filter(|n| *n == "call.bridged").count();
                assert_eq!(bridged, 2);
            }
            TransferOutcome::NoAnswer { .. } | TransferOutcome::Busy { .. } => {
                engine.until("the other leg ends", |e| hung_up(e) == 1).await;
                assert!(leg.is_live());
                leg.hang_up().await;
                leg.ended().await.unwrap();
            }
        }
        assert_eq!(carrier.legs_live(), 0);
    }
}

#[tokio::test]
async fn the_engine_may_dial_and_must_not_answer_its_own_leg() {
    let (carrier, engine) = pair(Manner::Watches, |options, _| {
        options.callee = Some(silent(Millis::from_secs(1)));
    })
    .await;
    let dial = Dial {
        connection_id: "2811000000000000001".into(),
        from: Pii::new("+15550100".into()),
        to: Pii::new("+12125550199".into()),
        stream: Some(engine.stream("t9")),
        ..Dial::default()
    };
    let request = Request::new(Command::Dial(Box::new(dial))).with_command_id("dial-1");
    let Ok(Reply::Dialed(call)) = engine.give(&request).await else { panic!() };
    let name = call.leg.call_control_id.unwrap().to_string();
    let Ok(Reply::Dialed(again)) = engine.give(&request).await else { panic!() };
    assert_eq!(again.leg.call_control_id.as_deref(), Some(name.as_str()), "not dialed twice");
    let reply = engine.give(&Request::act(name, answer())).await;
    assert_eq!(code(reply), ErrorCode::AnswerOnOutgoing);
    engine.until("it streams", |e| e.started().len() == 1).await;
    told(&engine, "call.hangup").await;
    assert_eq!(carrier.legs_live(), 0);
}

#[tokio::test]
async fn switches_refuse_commands_by_verb_and_number() {
    let fault = |verb: &str, when, outcome| RestFault { verb: Some(verb.into()), when, outcome };
    let rest = vec![
        fault("answer", When::Nth(1), RestOutcome::TooMany { retry_after: Some(3) }),
        fault("answer", When::Nth(2), RestOutcome::Broken { status: 503 }),
        fault("streaming_start", When::First(1), RestOutcome::Refused(ErrorCode::StreamingFailed)),
        fault("hangup", When::Nth(1), RestOutcome::Slow(Millis::new(50))),
    ];
    let (carrier, engine) = pair(Manner::Watches, |options, _| {
        options.faults = Faults { seed: 1, rest, ..Faults::default() };
    })
    .await;
    let leg = carrier.ring(ringing(Millis::from_secs(60))).unwrap();
    told(&engine, "call.initiated").await;
    let name = leg.call_control_id();
    let give = async |action| engine.give(&Request::act(name.clone(), action)).await;
    let first = refusal(give(answer()).await);
    assert_eq!((first.status, first.is_passing()), (429, true));
    let second = refusal(give(answer()).await);
    assert_eq!((second.status, second.errors.len()), (503, 0));
    give(answer()).await.unwrap();
    let stream = || Action::StreamingStart(Box::new(engine.stream("t1")));
    assert_eq!(code(give(stream()).await), ErrorCode::StreamingFailed);
    give(stream()).await.unwrap();
    give(Action::Hangup).await.unwrap();
    let report = leg.ended().await.unwrap();
    assert_eq!((report.done("answer"), report.done("streaming_start")), (1, 1));
}

//! Calls by documents.

use caller::carrier::RingPlan;
use types::{Millis, Pii};
use wire::telnyx::Parameter;
use wire::telnyx::command::{StreamCodec, StreamMode};
use wire::telnyx::texml::{RejectReason, StreamNoun, Verb, encode_document};
use wire::telnyx::webhook::HangupCause;

use crate::engine::{Engine, Manner};
use crate::{pair, silent};

fn connect(engine: &Engine) -> Verb<'static> {
    Verb::Connect(Box::new(StreamNoun {
        url: Pii::new(engine.media_url("doc").into()),
        mode: Some(StreamMode::Rtp),
        bidirectional_codec: Some(StreamCodec::Pcmu),
        status_callback: Some(engine.url("/status").into()),
        parameters: vec![Parameter { name: "agent".into(), value: Pii::new("a_7".into()) }],
        ..StreamNoun::default()
    }))
}

async fn call(
    manner: Manner,
    verbs: impl FnOnce(&Engine) -> Vec<Verb<'static>>,
) -> (caller::carrier::LegReport, Engine) {
    let (carrier, engine) = pair(manner, |options, engine| {
        options.texml_url = Some(engine.url("/texml"));
        options.texml_status_url = Some(engine.url("/status"));
    })
    .await;
    engine.document(encode_document(&verbs(&engine)));
    let leg = carrier.ring(RingPlan::texml(silent(Millis::from_secs(2)))).unwrap();
    (leg.ended().await.unwrap(), engine)
}

#[tokio::test]
async fn a_document_connects_a_stream_until_the_caller_leaves() {
    let (report, engine) = call(Manner::Answers, |e| vec![connect(e)]).await;
    assert_eq!(report.cause, Some(HangupCause::NormalClearing));
    let started = &engine.started()[0];
    assert_eq!((started.path_token.as_str(), started.agent.as_deref()), ("doc", Some("a_7")));
    assert!(report.call.unwrap().greeting.is_some());
    let forms = engine.forms();
    assert!(forms.iter().any(|form| form.contains("stream-started")), "{forms:?}");
    assert!(forms.iter().any(|form| form.contains("CallStatus=completed")), "{forms:?}");
    assert_eq!(engine.told().len(), 0, "no webhooks besides");
}

#[tokio::test]
async fn when_the_engine_closes_the_stream_the_document_goes_on_and_its_end_hangs_up() {
    let (report, _) = call(Manner::ClosesAfterSpeaking, |e| vec![connect(e)]).await;
    let lasted = report.ended_at.unwrap().since(report.answered_at.unwrap());
    assert!(lasted < Millis::from_secs(2), "{lasted}");
    let (report, _) =
        call(Manner::ClosesAfterSpeaking, |e| vec![connect(e), Verb::Pause { seconds: Some(60) }])
            .await;
    let lasted = report.ended_at.unwrap().since(report.answered_at.unwrap());
    assert!(Millis::from_secs(2) <= lasted, "the caller leaves: {lasted}");
}

#[tokio::test]
async fn a_document_refuses_or_hangs_up() {
    let busy = Verb::Reject { reason: Some(RejectReason::Busy) };
    let (report, _) = call(Manner::Watches, |_| vec![busy]).await;
    assert_eq!((report.cause, report.call.is_none()), (Some(HangupCause::UserBusy), true));
    let (report, _) = call(Manner::Watches, |_| vec![Verb::Hangup]).await;
    assert_eq!(report.cause, Some(HangupCause::NormalClearing));
    let say = Verb::Say { text: "bye".into(), voice: None, language: None };
    let (report, _) = call(Manner::Watches, |_| vec![say, Verb::Hangup]).await;
    assert!(report.answered_at.is_some());
}

#[tokio::test]
async fn a_stream_that_broke_is_connected_again() {
    let (carrier, engine) = pair(Manner::Answers, |options, engine| {
        options.texml_url = Some(engine.url("/texml"));
    })
    .await;
    engine.document(encode_document(&[connect(&engine)]));
    let leg = carrier.ring(RingPlan::texml(silent(Millis::from_secs(60)))).unwrap();
    engine.until("it streams", |e| e.started().len() == 1).await;
    leg.drop_socket().await;
    engine.until("it streams again", |e| e.started().len() == 2).await;
    leg.hang_up().await;
    leg.ended().await.unwrap();
    assert_eq!(carrier.legs_live(), 0);
}

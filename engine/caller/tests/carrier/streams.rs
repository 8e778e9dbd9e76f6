//! Media streams: opened, closed, broken, wrong, and opened again.

use caller::carrier::{Codec, Faults, Happened, MediaFaults, PerMille, SocketDrop, StreamNews};
use types::Millis;
use wire::telnyx::command::{Action, Request, StreamCodec, StreamMode, TargetLegs};
use wire::telnyx::reply::ErrorCode;
use wire::telnyx::webhook::HangupCause;

use crate::commands::code;
use crate::engine::{Engine, Manner, call_state};
use crate::{pair, ringing};

fn count(engine: &Engine, name: &str) -> usize {
    engine.names().iter().filter(|told| *told == name).count()
}

#[tokio::test]
async fn a_call_from_ring_to_hang_up() {
    let (carrier, engine) = pair(Manner::Answers, |_, _| ()).await;
    let leg = carrier.ring(ringing(Millis::from_secs(2))).unwrap();
    let report = leg.ended().await.unwrap();
    assert_eq!(report.cause, Some(HangupCause::NormalClearing));
    assert_eq!((report.done("answer"), report.done("streaming_start")), (1, 1));
    let call = report.call.as_ref().unwrap();
    let greeting = call.greeting.as_ref().unwrap();
    assert!(greeting.began < types::CallTime::from_millis(1_000), "{greeting:?}");
    assert_eq!(call.marks.len(), 1);
    let started = &engine.started()[0];
    assert_eq!(started.path_token, "t1");
    assert_eq!(started.header_token.as_deref(), Some("one-shot"));
    assert_eq!((started.encoding.as_str(), started.rate), ("PCMU", 8_000));
    assert_eq!(started.client_state.as_deref(), Some("bWluZQ=="));
    assert_eq!(started.agent.as_deref(), Some("a_42"));
    let names = engine.names();
    for name in
        ["call.initiated", "call.answered", "streaming.started", "streaming.stopped", "call.hangup"]
    {
        assert_eq!(count(&engine, name), 1, "{name}: {names:?}");
    }
    let answered = engine.told().into_iter().find(|told| told.name == "call.answered").unwrap();
    assert_eq!(answered.client_state.as_deref(), Some("bWluZQ=="));
    assert!(engine.messages().iter().any(|message| message.contains("\"stop\"")));
    assert_eq!((engine.refused(), carrier.legs_live()), (0, 0));
    assert!(report.heard_after(report.answered_at.unwrap()).is_some());
}

#[tokio::test]
async fn a_closed_socket_leaves_the_call_up_and_what_was_queued_plays_on() {
    let (carrier, engine) = pair(Manner::ClosesAfterSpeaking, |_, _| ()).await;
    let leg = carrier.ring(ringing(Millis::from_secs(3))).unwrap();
    engine.until("the socket is closed", |e| count(e, "streaming.stopped") == 1).await;
    assert!(leg.is_live());
    // The same leg streams again, under another stream's name.
    let name = leg.call_control_id();
    let again = Action::StreamingStart(Box::new(engine.stream("t2")));
    engine.give(&Request::act(name, again)).await.unwrap();
    engine.until("it streams again", |e| e.started().len() == 2).await;
    let started = engine.started();
    assert_eq!(started[1].path_token, "t2");
    assert_ne!(started[0].stream_id, started[1].stream_id);
    let report = leg.ended().await.unwrap();
    let call = report.call.unwrap();
    let loud = call.agent_track.iter().filter(|s| 1_000 < s.unsigned_abs()).count();
    assert_eq!(loud, 8_000, "both greetings to their ends: half a second each");
    assert!(report.entries.iter().any(|e| e.what == Happened::Stream(StreamNews::ClosedByEngine)));
}

#[tokio::test]
async fn a_stream_that_cannot_connect_is_told_and_the_call_stays_up() {
    let (carrier, engine) = pair(Manner::Watches, |_, _| ()).await;
    let leg = carrier.ring(ringing(Millis::from_secs(30))).unwrap();
    engine.until("it rings", |e| count(e, "call.initiated") == 1).await;
    let name = leg.call_control_id();
    engine.give(&Request::act(name.clone(), Action::Answer(Box::default()))).await.unwrap();
    let mut stream = engine.stream("t1");
    stream.url = types::Pii::new("ws://127.0.0.1:1/nobody".into());
    let start = |stream| Request::act(name.clone(), Action::StreamingStart(Box::new(stream)));
    engine.give(&start(stream)).await.unwrap();
    engine.until("it failed", |e| count(e, "streaming.failed") == 1).await;
    // Asking outright for a leg that is not there fails too (telnyx.md §1.9).
    let mut stream = engine.stream("t1");
    stream.target_legs = Some(TargetLegs::Opposite);
    engine.give(&start(stream)).await.unwrap();
    engine.until("it failed again", |e| count(e, "streaming.failed") == 2).await;
    assert!(leg.is_live());
    let reply = engine.give(&call_state(&name)).await.unwrap();
    let wire::telnyx::reply::Reply::Call(call) = reply else { panic!("{reply:?}") };
    assert_eq!(call.is_alive, Some(true));
    leg.hang_up().await;
    leg.ended().await.unwrap();
    let reply = engine.give(&call_state(&name)).await.unwrap();
    let wire::telnyx::reply::Reply::Call(call) = reply else { panic!("{reply:?}") };
    assert_eq!(call.is_alive, Some(false));
}

#[tokio::test]
async fn media_in_the_mode_for_files_is_dropped_without_a_word() {
    let (carrier, engine) = pair(Manner::Watches, |_, _| ()).await;
    let leg = carrier.ring(ringing(Millis::from_secs(2))).unwrap();
    engine.until("it rings", |e| count(e, "call.initiated") == 1).await;
    let name = leg.call_control_id();
    engine.give(&Request::act(name.clone(), Action::Answer(Box::default()))).await.unwrap();
    let mut stream = engine.stream("t1");
    stream.mode = None;
    assert_ne!(stream.mode, Some(StreamMode::Rtp));
    engine.give(&Request::act(name, Action::StreamingStart(Box::new(stream)))).await.unwrap();
    let call = leg.ended().await.unwrap().call.unwrap();
    assert_eq!((call.counters.ignored, call.greeting), (1, None));
}

#[tokio::test]
async fn wrong_messages_are_complained_about() {
    let (carrier, engine) = pair(Manner::Answers, |_, _| ()).await;
    let leg = carrier.ring(ringing(Millis::from_secs(30))).unwrap();
    engine.until("it streams", |e| e.started().len() == 1).await;
    let name = leg.call_control_id();
    engine.say(&name, "{").await;
    engine.say(&name, r#"{"event":"media","media":{"payload":"%%%"}}"#).await;
    let has = |e: &Engine, code: &str| e.messages().iter().any(|m| m.contains(code));
    engine.until("both come back", |e| has(e, "100003") && has(e, "100004")).await;
    leg.hang_up().await;
    leg.ended().await.unwrap();
}

#[tokio::test]
async fn switches_drop_sockets_change_codecs_and_keep_media_back() {
    let with = |media| {
        pair(Manner::Answers, move |options, _| {
            options.faults = Faults { seed: 3, media, ..Faults::default() };
        })
    };
    let drop = SocketDrop { share: PerMille::ALWAYS, from: Millis::new(300), to: Millis::new(300) };
    let media = MediaFaults { dropped: Some(drop), ..MediaFaults::default() };
    let (carrier, engine) = with(media).await;
    let leg = carrier.ring(ringing(Millis::from_secs(2))).unwrap();
    let report = leg.ended().await.unwrap();
    assert!(report.entries.iter().any(|e| e.what == Happened::Stream(StreamNews::DroppedByUs)));
    assert_eq!(engine.messages().iter().filter(|m| m.contains("\"stop\"")).count(), 0);
    assert_eq!(count(&engine, "streaming.stopped"), 1);

    let codec = Codec { share: PerMille::ALWAYS, codec: StreamCodec::Pcma };
    let media = MediaFaults { codec: Some(codec), ..MediaFaults::default() };
    let (carrier, engine) = with(media).await;
    let leg = carrier.ring(ringing(Millis::from_secs(1))).unwrap();
    leg.ended().await.unwrap();
    assert_eq!(engine.started()[0].encoding, "PCMA");

    let media = MediaFaults { no_media: PerMille::ALWAYS, ..MediaFaults::default() };
    let (carrier, engine) = with(media).await;
    let leg = carrier.ring(ringing(Millis::from_secs(1))).unwrap();
    let call = leg.ended().await.unwrap().call.unwrap();
    assert_eq!((engine.started().len(), call.counters.packets_sent), (1, 0));
    assert!(call.greeting.is_some(), "the other way works");

    let media = MediaFaults { no_start: PerMille::ALWAYS, ..MediaFaults::default() };
    let (carrier, engine) = with(media).await;
    let leg = carrier.ring(ringing(Millis::from_secs(1))).unwrap();
    leg.ended().await.unwrap();
    assert_eq!((engine.started().len(), count(&engine, "streaming.started")), (0, 1));

    let stops = Some((PerMille::ALWAYS, Millis::new(400)));
    let (carrier, _engine) = with(MediaFaults { stops, ..MediaFaults::default() }).await;
    let leg = carrier.ring(ringing(Millis::from_secs(2))).unwrap();
    let call = leg.ended().await.unwrap().call.unwrap();
    assert!((18..=21).contains(&call.counters.packets_sent), "{:?}", call.counters);
}

#[tokio::test]
async fn the_engine_hangs_up_and_nothing_is_left() {
    let (carrier, engine) = pair(Manner::HangsUp, |_, _| ()).await;
    let leg = carrier.ring(ringing(Millis::from_secs(60))).unwrap();
    let report = leg.ended().await.unwrap();
    assert_eq!(report.cause, Some(HangupCause::NormalClearing));
    assert_eq!(report.done("hangup"), 1);
    assert_eq!(carrier.legs_live(), 0);
    assert_eq!(count(&engine, "call.hangup"), 1);
}

#[tokio::test]
async fn a_break_that_the_carrier_has_not_noticed_leaves_the_leg_streamed_until_it_is_stopped() {
    let (carrier, engine) = pair(Manner::Answers, |_, _| ()).await;
    let leg = carrier.ring(ringing(Millis::from_secs(30))).unwrap();
    engine.until("it streams", |e| e.started().len() == 1).await;
    leg.drop_socket_unnoticed(Millis::from_secs(600)).await;
    let name = leg.call_control_id();
    let act = |action| Request::act(name.clone(), action);
    let again = act(Action::StreamingStart(Box::new(engine.stream("t2"))));
    let is_broken =
        |e: &caller::carrier::Entry| e.what == Happened::Stream(StreamNews::DroppedByUs);
    engine.until("it is broken", |_| leg.entries().iter().any(is_broken)).await;
    assert_eq!(code(engine.give(&again).await), ErrorCode::AlreadyStreaming);
    assert_eq!(count(&engine, "streaming.stopped"), 0);
    engine.give(&act(Action::StreamingStop { stream_id: None })).await.unwrap();
    engine.give(&again).await.unwrap();
    engine.until("it streams again", |e| e.started().len() == 2).await;
    // One that is noticed is free by itself, and what is noticed late ends no stream but its own.
    leg.drop_socket_unnoticed(Millis::new(1)).await;
    engine.until("it is noticed", |e| count(e, "streaming.stopped") == 2).await;
    let third = act(Action::StreamingStart(Box::new(engine.stream("t3"))));
    engine.give(&third).await.unwrap();
    engine.until("it streams once more", |e| e.started().len() == 3).await;
    leg.hang_up().await;
    leg.ended().await.unwrap();
}

//! How sessions behave while all goes well.

use std::time::Duration;

use fake_vendors::{Plan, Protocol};
use tokio::time::{Instant, interval};
use types::{AudioFormat, Encoding, Millis};
use vendor::{RecognizerEvent, TurnOpinion};

use crate::caller::{Caller, recognizer, serve};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mu_law_line_stays_mu_law_and_the_session_is_warm_before_anybody_speaks() {
    for protocol in [Protocol::DeepgramNova, Protocol::DeepgramFlux] {
        let mut caller = Caller::call(protocol, Plan::default()).await;
        caller.silence(50).await;
        let sessions = caller.vendors.sessions();
        assert_eq!(sessions.len(), 1, "connected before the first word");
        let query = &sessions[0].query;
        assert!(query.contains("encoding=mulaw") && query.contains("sample_rate=8000"), "{query}");
        assert!(query.contains("keyterm=root+canal"), "{query}");
        assert!(!query.contains("k1"), "no key in an address");
        let understood = caller.turn("Good morning").await;
        assert_eq!(understood.text, "Good morning");
        assert!(0 < understood.partials, "words show while they are spoken");
        let sent = caller.vendors.sessions()[0].audio_bytes;
        let usage = caller.session.usage();
        assert!(usage.audio_ms.exact.abs_diff(sent / 8) <= 80, "{usage:?} {sent}");
        assert_eq!(usage.requests.exact, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_that_are_final_already_are_taken_at_once() {
    let mut caller = Caller::call(Protocol::DeepgramNova, Plan::default()).await;
    let utterance = caller.say("How much is a cleaning").await;
    // Long enough for the vendor to have said its last word.
    caller.silence(60).await;
    let understood = caller.finish(utterance).await;
    assert_eq!(understood.text, "How much is a cleaning");
    assert!(understood.wait < Duration::from_millis(25), "{understood:?}");
    let texts = caller.vendors.sessions()[0].texts.clone();
    let asked = texts.iter().filter(|text| text.contains("Finalize")).count();
    assert_eq!(asked, 1, "{texts:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_who_pauses_and_goes_on_is_one_utterance() {
    for protocol in [Protocol::DeepgramNova, Protocol::DeepgramFlux] {
        let mut caller = Caller::call(protocol, Plan::default()).await;
        let utterance = caller.say("I would like").await;
        caller.silence(20).await;
        caller.session.resume(utterance);
        // The rest of the same utterance: its own beginning is told and means nothing.
        let second = caller.say("to book a table").await;
        caller.session.discard(second);
        let understood = caller.finish(utterance).await;
        assert!(understood.text.starts_with("I would like"), "{protocol:?} {understood:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn turns_as_the_vendor_sees_them_are_told() {
    let mut caller = Caller::call(Protocol::DeepgramFlux, Plan::default()).await;
    let utterance = caller.say("How much is a cleaning").await;
    caller.silence(60).await;
    caller.finish(utterance).await;
    let opinions: Vec<TurnOpinion> = caller
        .all
        .iter()
        .filter_map(|event| {
            if let RecognizerEvent::Turn { opinion, .. } = event { Some(*opinion) } else { None }
        })
        .collect();
    assert_eq!(opinions, [TurnOpinion::EndsEarly, TurnOpinion::Ended]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_no_audio_comes_the_socket_is_kept_open() {
    let mut caller = Caller::call(Protocol::DeepgramNova, Plan::default()).await;
    caller.silence(5).await;
    let began = Instant::now();
    let mut clock = interval(Duration::from_millis(50));
    while began.elapsed() < Duration::from_millis(4_300) {
        clock.tick().await;
    }
    let sessions = caller.vendors.sessions();
    assert_eq!(sessions[0].texts, [r#"{"type":"KeepAlive"}"#]);
    assert_eq!(sessions[0].ended, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flux_hears_silence_when_the_line_falls_silent_in_a_turn() {
    let mut caller = Caller::call(Protocol::DeepgramFlux, Plan::default()).await;
    let utterance = caller.say("How much is a cleaning").await;
    let before = caller.vendors.sessions()[0].audio_bytes;
    let began = Instant::now();
    let mut clock = interval(Duration::from_millis(20));
    while caller.vendors.sessions()[0].audio_bytes < before + 1_280 {
        assert!(began.elapsed() < Duration::from_secs(5), "no silence is sent");
        clock.tick().await;
    }
    let understood = caller.finish(utterance).await;
    assert_eq!(understood.text, "How much is a cleaning");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_says_goodbye_when_its_call_is_over() {
    for protocol in [Protocol::DeepgramNova, Protocol::DeepgramFlux] {
        let mut caller = Caller::call(protocol, Plan::default()).await;
        caller.turn("Goodbye").await;
        let Caller { vendors, session, .. } = caller;
        drop(session);
        let mut clock = interval(Duration::from_millis(5));
        let began = Instant::now();
        while vendors.sessions()[0].ended.is_none() {
            assert!(began.elapsed() < Duration::from_secs(3), "{protocol:?}");
            clock.tick().await;
        }
        let texts = vendors.sessions()[0].texts.clone();
        assert_eq!(texts.last().map(String::as_str), Some(r#"{"type":"CloseStream"}"#));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn formats_are_chosen_by_the_leg() {
    let (vendors, _) = serve(Protocol::DeepgramNova, Plan::default()).await;
    let nova = recognizer(&vendors, Protocol::DeepgramNova, "k1");
    let wide = AudioFormat { encoding: Encoding::Opus, rate: types::SampleRate::Hz48000 };
    let capabilities = nova.capabilities();
    assert_eq!(capabilities.format_for(AudioFormat::PCMU_8K), AudioFormat::PCMU_8K);
    let linear = AudioFormat { encoding: Encoding::L16, rate: types::SampleRate::Hz16000 };
    assert_eq!(capabilities.format_for(wide), linear);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_key_is_told_as_such() {
    let (vendors, _) = serve(Protocol::DeepgramNova, Plan::default()).await;
    let nova = recognizer(&vendors, Protocol::DeepgramNova, "k2");
    let (sink, mut events) = tokio::sync::mpsc::channel(10);
    let request = vendor::RecognizerRequest {
        format: AudioFormat::PCMU_8K,
        language: "en".into(),
        vocabulary: Vec::new(),
    };
    let _session = nova.open(&request, std::sync::Arc::new(crate::caller::sink(sink))).unwrap();
    let failed = tokio::time::timeout(Duration::from_secs(5), events.recv()).await.unwrap();
    let Some(RecognizerEvent::Failed { error }) = failed else { panic!("{failed:?}") };
    assert!(matches!(error, vendor::VendorError::Auth { .. }), "{error:?}");
    assert!(!error.to_string().contains("k2"));
    assert_eq!(error.retry_after(), None::<Millis>);
}

/// What is said in a call that outlives several connections.
const LINES: [&str; 8] = [
    "Good morning",
    "How much is a cleaning",
    "And a root canal",
    "Do you take cards",
    "When do you open on Friday",
    "And when do you close",
    "Please book me in",
    "Goodbye",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_past_its_time_is_replaced_in_a_pause_and_no_word_is_lost() {
    for protocol in [Protocol::DeepgramNova, Protocol::DeepgramFlux] {
        // Shorter than any of what is said: each pause is one to replace it in.
        let mut caller = Caller::recycling(protocol, Plan::default(), Millis::new(200)).await;
        for (line, pause) in LINES.into_iter().zip([0, 5, 20, 40, 60, 80, 3, 0]) {
            let understood = caller.turn(line).await;
            assert_eq!(understood.text, line, "{protocol:?}");
            assert!(understood.wait < Duration::from_millis(2_400), "{protocol:?} {understood:?}");
            caller.silence(pause).await;
        }
        assert_eq!(caller.failure(), None);
        let recovered =
            caller.all.iter().any(|event| matches!(event, RecognizerEvent::Recovering { .. }));
        assert!(!recovered, "{protocol:?}: nobody was told to wait");
        let sessions = caller.vendors.sessions();
        assert!(sessions.iter().all(|session| session.protocol == protocol), "nobody took over");
        assert!(5 <= sessions.len(), "{protocol:?}: {}", sessions.len());
        // Two at a time at most: the old one's goodbye, and its successor.
        for (old, after_next) in sessions.iter().zip(sessions.iter().skip(2)) {
            assert!(old.ended.is_some_and(|ended| ended <= after_next.began), "{protocol:?}");
            let said = old.texts.last().map(String::as_str);
            assert_eq!(said, Some(r#"{"type":"CloseStream"}"#), "{protocol:?}");
        }
        // All that was heard is billed: the share of each connection is in the sum.
        let heard: u64 = sessions.iter().map(|session| session.audio_bytes / 8).sum();
        let usage = caller.session.usage();
        assert!(usage.audio_ms.exact.abs_diff(heard) <= 80, "{usage:?} {heard}");
        assert_eq!(usage.requests.exact, sessions.len() as u64);
        assert_eq!(usage, caller.session.shares()[0].1);
    }
}

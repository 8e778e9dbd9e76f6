//! The driver over a WebSocket in memory, on a paused clock; and over a real one for refusals.

use std::time::Duration;

use caller::{
    CallPlan, CallerError, CarrierLeg, ClosedBy, Script, Step, Token, Verdict, drive, run,
};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;
use types::{Millis, Secret};

fn plan(url: &str, span: Millis) -> CallPlan {
    let to = "+15550100".parse().expect("a number by E.164");
    CallPlan::new(url, to, Script { steps: vec![Step::Pause { span }] })
}

async fn sockets(bytes: usize) -> [WebSocketStream<DuplexStream>; 2] {
    let (near, far) = duplex(bytes);
    [
        WebSocketStream::from_raw_socket(near, Role::Client, None).await,
        WebSocketStream::from_raw_socket(far, Role::Server, None).await,
    ]
}

#[tokio::test(start_paused = true)]
async fn a_call_runs_in_real_time_and_ends_with_stop_and_close() {
    let [near, mut far] = sockets(1 << 16).await;
    let leg = CarrierLeg::new(plan("ws://localhost", Millis::from_secs(2))).unwrap();
    let engine = tokio::spawn(async move {
        let (mut texts, zero) = (Vec::new(), Instant::now());
        while let Some(Ok(message)) = far.next().await {
            if message.is_close() {
                break;
            }
            let text = message.into_text().expect("all messages are text");
            texts.push((zero.elapsed(), text.to_string()));
        }
        texts
    });
    let report = drive(near, leg, |_| ()).await;
    let texts = engine.await.unwrap();
    assert_eq!(report.closed_by, ClosedBy::Caller);
    assert_eq!((texts.len(), report.lateness.packets), (2 + 100 + 1, 100));
    assert!(texts.last().unwrap().1.contains("\"stop\""));
    for ((at, text), frame) in texts[2..102].iter().zip(1u64..) {
        let due = Duration::from_millis(frame * 20);
        assert!(due <= *at && *at <= due + Duration::from_millis(2), "{at:?}: {text}");
    }
    assert_eq!(report.verdict, Verdict::Sound);
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_vanishes_or_stops_reading_ends_the_call() {
    let [near, far] = sockets(1 << 16).await;
    let leg = CarrierLeg::new(plan("ws://localhost", Millis::from_secs(60))).unwrap();
    let engine = tokio::spawn(async move {
        sleep(Duration::from_millis(500)).await;
        drop(far);
    });
    let report = drive(near, leg, |_| ()).await;
    engine.await.unwrap();
    assert_eq!(report.closed_by, ClosedBy::Lost);
    assert_eq!(report.duration.get() / 20, 25);

    let [near, far] = sockets(2_000).await;
    let leg = CarrierLeg::new(plan("ws://localhost", Millis::from_secs(60))).unwrap();
    let report = drive(near, leg, |_| ()).await;
    assert_eq!(report.closed_by, ClosedBy::Stalled);
    drop(far);
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_hangs_up_is_not_lost() {
    let [near, mut far] = sockets(1 << 16).await;
    let leg = CarrierLeg::new(plan("ws://localhost", Millis::from_secs(60))).unwrap();
    let engine = tokio::spawn(async move {
        sleep(Duration::from_millis(500)).await;
        far.send(Message::binary(vec![1, 2])).await.unwrap();
        far.close(None).await.unwrap();
        while let Some(Ok(_)) = far.next().await {}
    });
    let report = drive(near, leg, |_| ()).await;
    assert_eq!((report.closed_by, report.counters.binary), (ClosedBy::Agent, 1));
    engine.await.unwrap();
}

#[tokio::test]
async fn a_refused_socket_says_why_and_what_to_do() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/media/telnyx", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let mut requests = Vec::new();
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4_096];
            let length = stream.read(&mut request).await.unwrap();
            requests.push(String::from_utf8_lossy(&request[..length]).into_owned());
            let reply = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(reply.as_bytes()).await.unwrap();
        }
        requests
    });
    let mut header = plan(&url, Millis::ZERO);
    header.token = Some(Token::Header(Secret::new("t0k".into())));
    let mut path = plan(&url, Millis::ZERO);
    path.token = Some(Token::Path(Secret::new("t0k".into())));
    for plan in [header, path] {
        let error = run(plan, |_| ()).await.unwrap_err();
        assert_eq!(error.to_string(), "the server refused the media socket with status 401");
        assert!(error.remedy().contains("--token"));
    }
    let requests = server.await.unwrap();
    assert!(requests[0].to_lowercase().contains("x-telnyx-streaming-auth-token: t0k"));
    assert!(requests[1].starts_with("GET /media/telnyx/t0k HTTP/1.1"));
}

#[tokio::test]
async fn addresses_that_cannot_be_dialed_are_told_before_dialing() {
    for (url, expected) in [
        ("wss://example.net/x", "speaks ws:// only"),
        ("http://127.0.0.1:1/x", "must start with ws://"),
        ("ws://", "ws://: is no address"),
        ("nonsense", "must start with ws://"),
    ] {
        let error = run(plan(url, Millis::ZERO), |_| ()).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert!(matches!(error, CallerError::Url { .. }));
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = run(plan(&format!("ws://{address}/x"), Millis::ZERO), |_| ()).await.unwrap_err();
    assert_eq!(error.to_string(), format!("no connection to {address}"));
    assert!(error.remedy().contains("apex serve"));
}

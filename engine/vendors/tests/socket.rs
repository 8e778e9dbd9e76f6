//! The socket that all vendors share, on loopback: encrypted, refused, silent, too slow.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use reqwest::Url;
use reqwest::header::AUTHORIZATION;
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use types::{Millis, Secret, VendorName};
use vendor::{Offered, Phase, VendorError};
use vendors::net::Net;
use vendors::socket::{Incoming, KeepAlive, QUEUE_BYTES_MAX, Socket, SocketOrder};

fn vendor() -> VendorName {
    "vendor".parse().unwrap()
}

async fn listen() -> (TcpListener, Url) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/socket?model=m", listener.local_addr().unwrap());
    (listener, url.parse().unwrap())
}

fn net() -> Net {
    Net::new(Handle::current()).unwrap()
}

/// A peer that sends back what it gets, until `bye`.
async fn echo(stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
    while let Some(Ok(message)) = socket.next().await {
        if message == Message::text("bye") {
            let reason = "NET-0001 secret words of a caller".into();
            let frame = CloseFrame { code: 1_011.into(), reason };
            socket.close(Some(frame)).await.unwrap();
        } else if !message.is_close() && !message.is_ping() {
            socket.send(message).await.unwrap();
        }
    }
}

#[tokio::test]
async fn text_and_audio_go_and_come_and_a_close_says_why() {
    let (listener, url) = listen().await;
    tokio::spawn(async move { echo(listener.accept().await.unwrap().0).await });
    let mut socket = Socket::open(&net(), &SocketOrder::new(vendor(), url)).await.unwrap();
    assert_eq!(socket.push_text("{}"), Offered::Accepted);
    assert_eq!(socket.push_binary(Bytes::from_static(&[1, 2])), Offered::Accepted);
    assert_eq!(socket.next().await, Ok(Incoming::Text("{}".into())));
    assert_eq!(socket.next().await, Ok(Incoming::Binary(Bytes::from_static(&[1, 2]))));
    socket.push_text("bye");
    let error = socket.next().await.unwrap_err();
    assert_eq!(error, VendorError::Overloaded { vendor: vendor(), retry_after: None });
    assert!(!error.to_string().contains("secret"));
}

#[tokio::test]
async fn our_own_goodbye_is_no_error() {
    let (listener, url) = listen().await;
    tokio::spawn(async move { echo(listener.accept().await.unwrap().0).await });
    let mut socket = Socket::open(&net(), &SocketOrder::new(vendor(), url)).await.unwrap();
    socket.push_text("last");
    socket.close();
    assert_eq!(socket.push_text("too late"), Offered::Closed);
    assert_eq!(socket.next().await, Ok(Incoming::Text("last".into())));
    assert_eq!(socket.next().await, Ok(Incoming::Closed));
}

/// A certificate for `localhost`, and an acceptor that shows it.
fn certificate() -> (CertificateDer<'static>, TlsAcceptor) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let certificate: CertificateDer<'static> = made.cert.der().clone();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    (certificate, TlsAcceptor::from(Arc::new(config)))
}

#[tokio::test]
async fn an_encrypted_socket_is_believed_only_with_a_certificate_we_trust() {
    let (root, acceptor) = certificate();
    let (listener, url) = listen().await;
    let url: Url = format!("wss://localhost:{}/", url.port().unwrap()).parse().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    echo(stream).await;
                }
            });
        }
    });
    let order = SocketOrder::new(vendor(), url);
    let trusting = Net::trusting(Handle::current(), &[root]).unwrap();
    let mut socket = Socket::open(&trusting, &order).await.unwrap();
    socket.push_text("hello");
    assert_eq!(socket.next().await, Ok(Incoming::Text("hello".into())));
    let refused = Socket::open(&net(), &order).await.unwrap_err();
    assert_eq!(refused, VendorError::Transport { vendor: vendor() });
}

/// Answers every request with `answer`; the first request's text is given back.
async fn answer(listener: TcpListener, answer: &'static str) -> String {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut request = vec![0; 4_096];
    let read = stream.read(&mut request).await.unwrap();
    stream.write_all(answer.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    String::from_utf8_lossy(&request[..read]).into_owned()
}

#[tokio::test]
async fn a_refusal_tells_its_code_and_the_key_stands_in_a_header_only() {
    let (listener, url) = listen().await;
    let refusing = tokio::spawn(answer(
        listener,
        "HTTP/1.1 400 Bad Request\r\ndg-error: Ada said INVALID_MODEL\r\ncontent-length: 0\r\n\r\n",
    ));
    let key = Secret::new("Token k-123".to_owned());
    let order = SocketOrder::new(vendor(), url).with_header(AUTHORIZATION, key);
    assert!(!format!("{order:?}").contains("k-123"));
    let error = Socket::open(&net(), &order).await.unwrap_err();
    let reason = "status 400, INVALID_MODEL".to_owned();
    assert_eq!(error, VendorError::BadRequest { vendor: vendor(), reason });
    let request = refusing.await.unwrap();
    assert!(request.starts_with("GET /socket?model=m HTTP/1.1\r\n"), "{request}");
    assert!(request.to_lowercase().contains("authorization: token k-123\r\n"));
    assert_eq!(request.matches("k-123").count(), 1);
}

#[tokio::test]
async fn a_handshake_that_takes_too_long_is_given_up() {
    let (listener, url) = listen().await;
    let limit = Millis::new(50);
    let order = SocketOrder { connect_max: limit, ..SocketOrder::new(vendor(), url) };
    let error = Socket::open(&net(), &order).await.unwrap_err();
    assert_eq!(error, VendorError::Timeout { vendor: vendor(), phase: Phase::Connect, limit });
    drop(listener);
}

/// A peer that shakes hands, and then does nothing more.
async fn stand_still(listener: TcpListener) -> tokio_tungstenite::WebSocketStream<TcpStream> {
    let (stream, _) = listener.accept().await.unwrap();
    tokio_tungstenite::accept_async(stream).await.unwrap()
}

#[tokio::test]
async fn a_peer_that_shows_no_sign_of_life_is_given_up() {
    let (listener, url) = listen().await;
    let standing = tokio::spawn(stand_still(listener));
    let limit = Millis::new(40);
    let order = SocketOrder { ping_every: limit, ..SocketOrder::new(vendor(), url) };
    let mut socket = Socket::open(&net(), &order).await.unwrap();
    let peer = standing.await.unwrap();
    let error = timeout(Duration::from_secs(5), socket.next()).await.unwrap().unwrap_err();
    let phase = Phase::BetweenBytes;
    assert_eq!(error, VendorError::Timeout { vendor: vendor(), phase, limit });
    drop(peer);
}

#[tokio::test]
async fn a_peer_that_answers_pings_is_kept_and_told_that_we_are_there() {
    let (listener, url) = listen().await;
    let standing = tokio::spawn(stand_still(listener));
    let order = SocketOrder {
        ping_every: Millis::new(30),
        keep_alive: KeepAlive::Text { every: Millis::new(50), text: "still here" },
        ..SocketOrder::new(vendor(), url)
    };
    let mut socket = Socket::open(&net(), &order).await.unwrap();
    let mut peer = standing.await.unwrap();
    let (mut pings, mut texts) = (0, 0);
    let watching = async {
        while pings < 3 || texts < 3 {
            tokio::select! {
                ended = socket.next() => panic!("{ended:?}"),
                message = peer.next() => match message.unwrap().unwrap() {
                    Message::Text(text) => {
                        assert_eq!(text.as_str(), "still here");
                        texts += 1;
                    }
                    Message::Ping(_) => pings += 1,
                    other @ (Message::Binary(_)
                    | Message::Pong(_)
                    | Message::Close(_)
                    | Message::Frame(_)) => panic!("{other:?}"),
                },
            }
        }
    };
    timeout(Duration::from_secs(5), watching).await.unwrap();
}

#[tokio::test]
async fn a_peer_that_does_not_read_fills_a_queue_that_has_an_end() {
    let (listener, url) = listen().await;
    let standing = tokio::spawn(stand_still(listener));
    let mut socket = Socket::open(&net(), &SocketOrder::new(vendor(), url)).await.unwrap();
    let peer = standing.await.unwrap();
    let chunk = Bytes::from(vec![0; 8 << 10]);
    let mut taken = 0;
    while socket.push_binary(chunk.clone()) == Offered::Accepted {
        taken += chunk.len();
    }
    assert!(!socket.has_room());
    assert!(taken <= QUEUE_BYTES_MAX + chunk.len(), "{taken}");
    drop(peer);
}

#[tokio::test]
async fn a_connection_that_breaks_is_told_apart_from_a_goodbye() {
    let (listener, url) = listen().await;
    let standing = tokio::spawn(stand_still(listener));
    let mut socket = Socket::open(&net(), &SocketOrder::new(vendor(), url)).await.unwrap();
    drop(standing.await.unwrap());
    let error = socket.next().await.unwrap_err();
    assert_eq!(error, VendorError::Transport { vendor: vendor() });
}

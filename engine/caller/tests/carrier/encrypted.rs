//! Media sockets over TLS.

use std::sync::Arc;

use caller::carrier::Trust;
use futures_util::StreamExt;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use types::{Millis, Pii};
use wire::telnyx::command::{Action, Request};

use crate::engine::Manner;
use crate::{pair, ringing};

/// A listener with a certificate nobody knows, and its port.
async fn listener() -> (TcpListener, TlsAcceptor, u16) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, TlsAcceptor::from(Arc::new(config)), port)
}

#[tokio::test]
async fn media_over_tls_where_the_certificate_is_trusted() {
    for trust in [Trust::Anything, Trust::System] {
        let (listener, acceptor, port) = listener().await;
        let (carrier, engine) = pair(Manner::Watches, |options, _| options.trust = trust).await;
        let leg = carrier.ring(ringing(Millis::from_secs(60))).unwrap();
        engine.until("it rings", |e| !e.names().is_empty()).await;
        let name = leg.call_control_id();
        engine.give(&Request::act(name.clone(), Action::Answer(Box::default()))).await.unwrap();
        let mut stream = engine.stream("t1");
        stream.url = Pii::new(format!("wss://localhost:{port}/media/t1").into());
        let start = Action::StreamingStart(Box::new(stream));
        engine.give(&Request::act(name, start)).await.unwrap();
        let (tcp, _) = listener.accept().await.unwrap();
        match (trust, acceptor.accept(tcp).await) {
            (Trust::Anything, Ok(tls)) => {
                let mut socket = tokio_tungstenite::accept_async(tls).await.unwrap();
                let first = socket.next().await.unwrap().unwrap().into_text().unwrap();
                assert!(first.contains("connected"), "{first}");
                let second = socket.next().await.unwrap().unwrap().into_text().unwrap();
                assert!(second.contains("\"start\""), "{second}");
            }
            (Trust::System, refused) => {
                assert!(refused.is_err(), "the carrier leaves the handshake");
                let failed = |name: &String| name == "streaming.failed";
                engine.until("it failed", |e| e.names().iter().any(failed)).await;
            }
            (Trust::Anything, Err(error)) => panic!("{error}"),
        }
        leg.hang_up().await;
        leg.ended().await.unwrap();
    }
}

//! The accept loop of every listener: limits before the first byte, handshake and header on a clock,
//! and each connection a task of its own, so that a slow one holds up nobody.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use types::Millis;

use super::doors::{Doors, Pass, Shut};
use super::{Run, Running};
use crate::telemetry::Telemetry;

/// A request's line and headers together: a webhook's take 1 KiB, a stream's URL with its token less.
const HEADER_BYTES_MAX: usize = 16 << 10;

/// How long a stopping listener waits for requests that are under way.
const STOP_WAIT: Duration = Duration::from_secs(2);

/// How long an accept loop rests when the system has no file descriptor left.
const EXHAUSTED_REST: Duration = Duration::from_millis(50);

/// What every connection of a listener is held to.
#[derive(Clone)]
pub(crate) struct Port {
    pub(crate) doors: Arc<Doors>,
    pub(crate) tls: Option<TlsAcceptor>,
    pub(crate) handshake_wait: Millis,
    pub(crate) header_wait: Millis,
    pub(crate) headers_max: usize,
    pub(crate) telemetry: Telemetry,
}

fn duration(span: Millis) -> Duration {
    Duration::from_micros(span.as_micros())
}

/// Takes connections on `listener` until told to stop.
pub(crate) async fn serve(listener: TcpListener, router: Router, port: Port, mut running: Running) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!(%error, "a listener is lost");
            return;
        }
    };
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(&mut running) => return,
        };
        match accepted {
            Ok((stream, peer)) => admit(stream, peer, &router, &port, &running),
            // The peer was gone already: nobody else waits for that.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
                ) => {}
            Err(error) => {
                // Files have run out: others must end first.
                tracing::debug!(%error, "a connection could not be taken");
                tokio::time::sleep(EXHAUSTED_REST).await;
            }
        }
    }
}

/// Waits until the engine stops. One that is gone without a word has stopped, too.
pub(crate) async fn stopped(running: &mut Running) {
    if running.wait_for(|run| *run == Run::Stop).await.is_err() {
        tracing::debug!("engine is gone");
    }
}

fn admit(stream: TcpStream, peer: SocketAddr, router: &Router, port: &Port, running: &Running) {
    let pass = match port.doors.enter(peer.ip(), Instant::now()) {
        Ok(pass) => Arc::new(pass),
        Err(shut) => {
            // Closed without a word: an answer would cost more than the question.
            match shut {
                Shut::Total | Shut::Unproven => port.telemetry.doors_full.increment(1),
                Shut::Source | Shut::Pace => port.telemetry.doors_source.increment(1),
            }
            return;
        }
    };
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps its delay");
    }
    let (router, port, running) = (router.clone(), port.clone(), running.clone());
    tokio::spawn(async move {
        let prove_wait = pass.prove_wait();
        let carried = carry(stream, router, &port, pass.clone(), running);
        tokio::pin!(carried);
        // Who has not proven itself by then does not get to: slow by intent looks like this.
        if tokio::time::timeout(prove_wait, &mut carried).await.is_err() {
            if pass.is_proven() {
                carried.await;
            } else {
                port.telemetry.doors_slow.increment(1);
            }
        }
    });
}

async fn carry(stream: TcpStream, router: Router, port: &Port, pass: Arc<Pass>, running: Running) {
    let Some(tls) = &port.tls else {
        return speak(stream, router, port, pass, running).await;
    };
    match tokio::time::timeout(duration(port.handshake_wait), tls.accept(stream)).await {
        Ok(Ok(stream)) => speak(stream, router, port, pass, running).await,
        Ok(Err(error)) => {
            port.telemetry.tls_failed.increment(1);
            tracing::debug!(%error, "no handshake");
        }
        Err(_) => port.telemetry.doors_slow.increment(1),
    }
}

async fn speak(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    port: &Port,
    pass: Arc<Pass>,
    mut running: Running,
) {
    let service = TowerToHyperService::new(router.layer(Extension(pass.clone())));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(duration(port.header_wait))
        .max_headers(port.headers_max)
        .max_buf_size(HEADER_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped(&mut running) => {
            connection.as_mut().graceful_shutdown();
            match tokio::time::timeout(STOP_WAIT, connection.as_mut()).await {
                Ok(ended) => ended,
                Err(_) => return,
            }
        }
    };
    if let Err(error) = ended {
        // One that has proven itself was merely idle.
        if error.is_timeout() && !pass.is_proven() {
            port.telemetry.doors_slow.increment(1);
        } else if error.is_parse() || error.is_parse_too_large() {
            port.telemetry.doors_bad.increment(1);
        }
        tracing::debug!(%error, "a connection ended");
    }
}

#[cfg(test)]
#[path = "serve_tests.rs"]
mod tests;

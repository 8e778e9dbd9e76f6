//! The two ports: carriers' sockets on the media threads, operators' pages on a thread of their own.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use metrics_exporter_prometheus::PrometheusHandle;
use socket2::{Domain, Protocol, Socket, Type};
use thiserror::Error;
use tokio::runtime::Builder;
use tokio::sync::watch;
use types::Secret;

use crate::admission::Admitted;
use crate::control::control_router;
use crate::node::Node;
use crate::{actor, pacer};

pub mod doors;
pub(crate) mod serve;
pub mod tls;

use doors::Pass;
use serve::{Port, serve};
use tls::Certificates;

/// Connections the system may keep for a thread that is busy.
const BACKLOG: i32 = 1_024;

/// Read buffer of a socket: a message of 20 ms fits many times (crates.md §3.8: the library's
/// default of 128 KiB costs ten times the memory and half the speed).
const READ_BYTES: usize = 8 << 10;

/// What may wait in a socket's own write buffer; we queue whole messages before it.
const WRITE_BYTES_MAX: usize = 256 << 10;

/// What the system may hold for a carrier that does not read: seconds of audio, where its own
/// choice is megabytes, minutes of a dead line. Many times what is on its way over the worst line.
const SEND_BYTES: usize = 64 << 10;

/// The header a carrier's token comes in (telnyx.md §1.4).
const TOKEN_HEADER: &str = "x-telnyx-streaming-auth-token";

/// A port that cannot be had.
#[derive(Debug, Error)]
#[error("{address} cannot be listened on: {source} (is another engine running? set another port)")]
pub struct ListenError {
    /// Which.
    pub address: SocketAddr,
    /// What the system says.
    #[source]
    pub source: io::Error,
}

/// Whether the engine goes on; every listener follows it.
pub type Running = watch::Receiver<Run>;

/// Whether the engine goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    /// It does.
    On,
    /// Listeners close, their threads end.
    Stop,
}

/// Listeners on one address, one per thread: the system spreads the connections over them.
///
/// # Errors
/// [`ListenError`].
pub fn bind(address: SocketAddr, count: usize) -> Result<Vec<TcpListener>, ListenError> {
    let first = bind_one(address).map_err(|source| ListenError { address, source })?;
    // Port 0 has become a real one: the others join it there.
    let address = first.local_addr().map_err(|source| ListenError { address, source })?;
    let mut listeners = vec![first];
    for _ in 1..count {
        listeners.push(bind_one(address).map_err(|source| ListenError { address, source })?);
    }
    Ok(listeners)
}

fn bind_one(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    // Accepted sockets inherit it.
    socket.set_send_buffer_size(SEND_BYTES)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Runs one media thread: its listener, its calls, its pacer.
///
/// # Errors
/// The system has no thread left.
pub(crate) fn spawn_media(
    number: usize,
    listener: TcpListener,
    (node, port): (Arc<Node>, Port),
    running: Running,
) -> io::Result<JoinHandle<()>> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name(format!("media-{number}")).spawn(move || {
        // The speech detector runs here, for every window of speech: without a hop to another
        // thread and back.
        speech::on_inference_thread(move || {
            runtime.block_on(async {
                let telemetry = node.telemetry.clone();
                let pacer = tokio::spawn(async move { pacer::run(&telemetry).await });
                serve(listener, media_router(node), port, running).await;
                pacer.abort();
            });
        });
    })
}

/// What the control thread is given besides its listener: metrics to show, the token that opens
/// its calls, certificates to look after.
pub(crate) type ControlExtras =
    (Option<PrometheusHandle>, Option<Secret<String>>, Option<Arc<Certificates>>);

/// Runs the control thread.
///
/// # Errors
/// The system has no thread left.
pub(crate) fn spawn_control(
    listener: TcpListener,
    (node, port): (Arc<Node>, Port),
    (metrics, token, certificates): ControlExtras,
    running: Running,
) -> io::Result<JoinHandle<()>> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("control".into()).spawn(move || {
        runtime.block_on(async {
            if let Some(certificates) = certificates {
                tokio::spawn(certificates.watch());
            }
            serve(listener, control_router(node, metrics, token), port, running).await;
        });
    })
}

fn media_router(node: Arc<Node>) -> Router {
    Router::new()
        .route("/media/telnyx", get(media))
        .route("/media/telnyx/{token}", get(media_with_token))
        .with_state(node)
}

async fn media(
    State(node): State<Arc<Node>>,
    Extension(pass): Extension<Arc<Pass>>,
    headers: HeaderMap,
    ws: WebSocketUpgrade,
) -> Response {
    upgrade(node, pass, (None, header_token(&headers)), ws)
}

async fn media_with_token(
    State(node): State<Arc<Node>>,
    Extension(pass): Extension<Arc<Pass>>,
    Path(token): Path<String>,
    headers: HeaderMap,
    ws: WebSocketUpgrade,
) -> Response {
    upgrade(node, pass, (Some(&token), header_token(&headers)), ws)
}

fn header_token(headers: &HeaderMap) -> Option<&str> {
    headers.get(TOKEN_HEADER).and_then(|token| token.to_str().ok())
}

fn upgrade(
    node: Arc<Node>,
    pass: Arc<Pass>,
    (path, header): (Option<&str>, Option<&str>),
    ws: WebSocketUpgrade,
) -> Response {
    let admitted = match node.tokens.admit(path, header) {
        Ok(admitted) => admitted,
        Err(refusal) => {
            node.telemetry.refused_token.increment(1);
            tracing::warn!(%refusal, "socket refused");
            return (StatusCode::UNAUTHORIZED, refusal.to_string()).into_response();
        }
    };
    pass.prove();
    // A leg that was answered has its place: only strangers are turned away.
    if node.places.is_draining() && matches!(admitted, Admitted::Anyone) {
        node.telemetry.refused_full.increment(1);
        return (StatusCode::SERVICE_UNAVAILABLE, "this node admits no more calls").into_response();
    }
    let bytes_max = node.config.media.message_bytes_max;
    ws.read_buffer_size(READ_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BYTES_MAX)
        .max_message_size(bytes_max)
        .max_frame_size(bytes_max)
        .on_upgrade(move |socket| async move {
            actor::run(node, socket, admitted).await;
            // The connection counts for as long as its call.
            drop(pass);
        })
}

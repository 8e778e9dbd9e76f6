//! A leg over a WebSocket, in real time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue, Uri};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use types::{CallTime, Millis, WallTime};
use wire::telnyx::carrier::COMMAND_BYTES_MAX;

use crate::{CallPlan, CallReport, CallerError, CarrierLeg, ClosedBy, Observation, Token};

/// For the connection and the upgrade, each.
pub(crate) const CONNECT_MAX: Millis = Millis::from_secs(5);

/// An engine that takes none of our messages for this long has stopped reading.
pub(crate) const SEND_MAX: Millis = Millis::from_secs(5);

/// For the engine to answer our close.
pub(crate) const CLOSE_MAX: Millis = Millis::from_secs(1);

/// Places the call of `plan` and plays it to its end, in real time.
///
/// Runs on any tokio runtime with time and sockets; for sound figures on one with little else to
/// do. `observer` is called on the way and must not block: what it costs, the call is late.
///
/// # Errors
/// [`CallerError`] if the call cannot be placed. Once it is open, everything is in the report.
pub async fn run(
    plan: CallPlan,
    observer: impl FnMut(Observation),
) -> Result<CallReport, CallerError> {
    let request = upgrade_request(&plan.url, plan.token.as_ref())?;
    let leg = CarrierLeg::new(plan)?;
    let socket = connect(request).await?;
    Ok(drive(socket, leg, observer).await)
}

/// Plays `leg` over an open socket to its end.
pub async fn drive<S>(
    mut socket: WebSocketStream<S>,
    mut leg: CarrierLeg,
    mut observer: impl FnMut(Observation),
) -> CallReport
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let zero = Instant::now();
    let now = || CallTime::from_micros(zero.elapsed().as_micros() as u64);
    leg.handle_opened(wall_time());
    loop {
        if let Err(by) = send(&mut socket, &mut leg, &now).await {
            leg.handle_closed(now(), by);
        }
        while let Some(observation) = leg.poll_observation() {
            observer(observation);
        }
        let Some(due) = leg.poll_timeout() else { break };
        tokio::select! {
            // Time first: a flood of messages must not make us late.
            biased;
            () = sleep_until(zero + Duration::from_micros(due.as_micros())) => {
                leg.handle_timeout(now());
            }
            received = socket.next() => receive(&mut leg, received, now()),
        }
    }
    if matches!(leg.closed_by(), Some(ClosedBy::Caller | ClosedBy::DurationMax)) {
        close(&mut socket).await;
    }
    leg.into_report()
}

fn receive(leg: &mut CarrierLeg, received: Option<Result<Message, SocketError>>, now: CallTime) {
    match received {
        Some(Ok(Message::Text(text))) => leg.handle_message(now, &text),
        Some(Ok(Message::Binary(_))) => leg.handle_binary(now),
        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => (),
        Some(Ok(Message::Close(_)) | Err(SocketError::ConnectionClosed)) => {
            leg.handle_closed(now, ClosedBy::Agent);
        }
        Some(Err(_)) | None => leg.handle_closed(now, ClosedBy::Lost),
    }
}

/// Sends all that is ready.
async fn send<S>(
    socket: &mut WebSocketStream<S>,
    leg: &mut CarrierLeg,
    now: &impl Fn() -> CallTime,
) -> Result<(), ClosedBy>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(outgoing) = leg.poll_message() {
        let sent = socket.send(Message::text(outgoing.text));
        match timeout(duration(SEND_MAX), sent).await {
            Ok(Ok(())) => (),
            Ok(Err(_)) => return Err(ClosedBy::Lost),
            Err(_) => return Err(ClosedBy::Stalled),
        }
        if let Some(due) = outgoing.due {
            leg.handle_sent(now(), due);
        }
    }
    Ok(())
}

/// Closes the socket as one should, but does not wait for ever; nothing depends on the outcome.
async fn close<S>(socket: &mut WebSocketStream<S>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let farewell = async {
        if socket.close(None).await.is_ok() {
            while let Some(Ok(_)) = socket.next().await {}
        }
    };
    // An engine that does not answer has been told all the same.
    let _ = timeout(duration(CLOSE_MAX), farewell).await;
}

pub(crate) async fn connect(request: Request) -> Result<WebSocketStream<TcpStream>, CallerError> {
    let address = address(request.uri());
    let unreachable = |source| CallerError::Connect { address: address.clone(), source };
    let late = |_| CallerError::HandshakeTimeout { address: address.clone(), limit: CONNECT_MAX };
    let stream = timeout(duration(CONNECT_MAX), TcpStream::connect(&address))
        .await
        .map_err(late)?
        .map_err(unreachable)?;
    stream.set_nodelay(true).map_err(unreachable)?;
    let upgrade = client_async_with_config(request, stream, Some(socket_config()));
    match timeout(duration(CONNECT_MAX), upgrade).await.map_err(late)? {
        Ok((socket, _)) => Ok(socket),
        Err(SocketError::Http(response)) => {
            Err(CallerError::Refused { status: response.status().as_u16() })
        }
        Err(e) => Err(CallerError::Handshake { address, reason: e.to_string() }),
    }
}

/// Buffers and bounds of a carrier's socket.
pub(crate) fn socket_config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(16 << 10)
        .write_buffer_size(0)
        .max_write_buffer_size(1 << 20)
        .max_message_size(Some(COMMAND_BYTES_MAX))
        .max_frame_size(Some(COMMAND_BYTES_MAX))
}

/// The upgrade request for `url`, with its token.
pub(crate) fn upgrade_request(url: &str, token: Option<&Token>) -> Result<Request, CallerError> {
    let refused = |reason| CallerError::Url { url: url.to_owned(), reason };
    let mut url = url.to_owned();
    if let Some(Token::Path(token)) = token {
        if !token.expose().bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b)) {
            return Err(CallerError::Token);
        }
        url = format!("{}/{}", url.trim_end_matches('/'), token.expose());
    }
    let uri: Uri = url.parse().map_err(|_| refused("is no address"))?;
    match uri.scheme_str() {
        Some("ws") => (),
        Some("wss") => {
            return Err(refused("is encrypted, and the bundled caller speaks ws:// only"));
        }
        Some(_) | None => return Err(refused("must start with ws://")),
    }
    if uri.host().is_none_or(str::is_empty) {
        return Err(refused("names no host"));
    }
    let mut request = uri.into_client_request().map_err(|_| refused("is no address"))?;
    if let Some(Token::Header(token)) = token {
        let value = HeaderValue::from_str(token.expose()).map_err(|_| CallerError::Token)?;
        request.headers_mut().insert(TOKEN_HEADER, value);
    }
    Ok(request)
}

fn address(uri: &Uri) -> String {
    format!("{}:{}", uri.host().unwrap_or_default(), uri.port_u16().unwrap_or(80))
}

fn duration(span: Millis) -> Duration {
    Duration::from_millis(u64::from(span.get()))
}

fn wall_time() -> WallTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    WallTime::from_unix_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// How the token reaches the engine (telnyx.md §1.4).
pub(crate) const TOKEN_HEADER: HeaderName =
    HeaderName::from_static("x-telnyx-streaming-auth-token");

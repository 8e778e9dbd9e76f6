//! The carrier's end of one media socket.

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{Error, Message};
use types::Secret;

use crate::run::{
    CLOSE_MAX, CONNECT_MAX, SEND_MAX, TOKEN_HEADER, connect, socket_config, upgrade_request,
};
use crate::{CallerError, Token};

use super::clock::duration;
use super::seat::Input;

/// Messages on their way to the engine at most: five seconds of media.
pub(crate) const OUTBOX_MESSAGES_MAX: usize = 256;

/// Something for the socket.
#[derive(Debug)]
pub(crate) enum Order {
    Text(String),
    Close,
}

/// News of a socket.
#[derive(Debug)]
pub(crate) enum SocketNews {
    Opened,
    Unreachable,
    Text(String),
    Binary,
    /// The engine closed it.
    Closed,
    /// It broke, or the engine stopped reading.
    Lost,
}

/// Where a socket goes, and with what.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) url: String,
    pub(crate) token: Option<Secret<String>>,
    /// Opens encrypted sockets, trusting whom the carrier trusts.
    pub(crate) client: reqwest::Client,
}

/// Connects and carries messages both ways until either side ends it. Every news goes to `inputs`
/// under `number`.
pub(crate) async fn serve(
    number: u64,
    target: Target,
    inputs: mpsc::Sender<Input>,
    orders: mpsc::Receiver<Order>,
) {
    let last = if target.url.starts_with("wss://") {
        match timeout(duration(CONNECT_MAX), open_encrypted(&target)).await {
            Ok(Some(socket)) => carry(number, socket, &inputs, orders).await,
            Ok(None) | Err(_) => Some(SocketNews::Unreachable),
        }
    } else {
        match open(target).await {
            Ok(socket) => carry(number, socket, &inputs, orders).await,
            Err(_) => Some(SocketNews::Unreachable),
        }
    };
    if let Some(news) = last {
        // A leg that is over needs no news.
        let _ = inputs.send(Input::Socket { number, news }).await;
    }
}

async fn open(target: Target) -> Result<WebSocketStream<TcpStream>, CallerError> {
    connect(upgrade_request(&target.url, target.token.map(Token::Header).as_ref())?).await
}

/// The upgrade over TLS (RFC 6455 §4.1), by the client that webhooks go through.
async fn open_encrypted(target: &Target) -> Option<WebSocketStream<reqwest::Upgraded>> {
    let key = generate_key();
    let mut request = target
        .client
        .get(target.url.replacen("wss://", "https://", 1))
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", &key);
    if let Some(token) = &target.token {
        request = request.header(TOKEN_HEADER, token.expose());
    }
    let response = request.send().await.ok()?;
    let accept = response.headers().get("sec-websocket-accept")?.as_bytes();
    if response.status() != reqwest::StatusCode::SWITCHING_PROTOCOLS
        || accept != derive_accept_key(key.as_bytes()).as_bytes()
    {
        return None;
    }
    let stream = response.upgrade().await.ok()?;
    Some(WebSocketStream::from_raw_socket(stream, Role::Client, Some(socket_config())).await)
}

/// What ended the socket, if it was not us.
async fn carry<S: AsyncRead + AsyncWrite + Unpin>(
    number: u64,
    socket: WebSocketStream<S>,
    inputs: &mpsc::Sender<Input>,
    mut orders: mpsc::Receiver<Order>,
) -> Option<SocketNews> {
    let opened = Input::Socket { number, news: SocketNews::Opened };
    if inputs.send(opened).await.is_err() {
        return None;
    }
    let (mut write, mut read) = socket.split();
    let writing = async {
        while let Some(order) = orders.recv().await {
            match order {
                Order::Text(text) => {
                    match timeout(duration(SEND_MAX), write.send(Message::text(text))).await {
                        Ok(Ok(())) => (),
                        Ok(Err(_)) | Err(_) => return Some(SocketNews::Lost),
                    }
                }
                Order::Close => {
                    // An engine that does not answer has been told all the same.
                    let _ = timeout(duration(CLOSE_MAX), write.close()).await;
                    return None;
                }
            }
        }
        None
    };
    let reading = async {
        loop {
            let news = match read.next().await {
                Some(Ok(Message::Text(text))) => SocketNews::Text(text.to_string()),
                Some(Ok(Message::Binary(_))) => SocketNews::Binary,
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                Some(Ok(Message::Close(_)) | Err(Error::ConnectionClosed)) => {
                    return Some(SocketNews::Closed);
                }
                Some(Err(_)) | None => return Some(SocketNews::Lost),
            };
            if inputs.send(Input::Socket { number, news }).await.is_err() {
                return None;
            }
        }
    };
    let end = tokio::select! {
        end = writing => end,
        end = reading => end,
    };
    if matches!(end, Some(SocketNews::Closed)) {
        // The engine waits for our half of the farewell, not for long.
        let _ = timeout(duration(CLOSE_MAX), write.close()).await;
    }
    end
}

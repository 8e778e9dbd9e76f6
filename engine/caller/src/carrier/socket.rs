//! The carrier's end of one media socket.

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error, Message};
use types::Secret;

use crate::run::{CLOSE_MAX, SEND_MAX, connect, upgrade_request};
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

/// Connects and carries messages both ways until either side ends it. Every news goes to `inputs`
/// under `number`.
pub(crate) async fn serve(
    number: u64,
    url: String,
    token: Option<Secret<String>>,
    inputs: mpsc::Sender<Input>,
    orders: mpsc::Receiver<Order>,
) {
    let last = match open(&url, token).await {
        Ok(socket) => {
            let opened = Input::Socket { number, news: SocketNews::Opened };
            if inputs.send(opened).await.is_err() {
                return;
            }
            carry(number, socket, &inputs, orders).await
        }
        Err(_) => Some(SocketNews::Unreachable),
    };
    if let Some(news) = last {
        // A leg that is over needs no news.
        let _ = inputs.send(Input::Socket { number, news }).await;
    }
}

async fn open(
    url: &str,
    token: Option<Secret<String>>,
) -> Result<WebSocketStream<TcpStream>, CallerError> {
    connect(upgrade_request(url, token.map(Token::Header).as_ref())?).await
}

/// What ended the socket, if it was not us.
async fn carry<S: AsyncRead + AsyncWrite + Unpin>(
    number: u64,
    socket: WebSocketStream<S>,
    inputs: &mpsc::Sender<Input>,
    mut orders: mpsc::Receiver<Order>,
) -> Option<SocketNews> {
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

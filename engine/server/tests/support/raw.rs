//! A carrier that says exactly what a test wants, however wrong.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{FutureExt, SinkExt, StreamExt};
use server::engine::Engine;
use socket2::SockRef;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};
use wire::telnyx::carrier::{Command, decode_command};

use super::SOON;

/// Runs `client` on this thread.
pub(crate) fn block_on<T>(client: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(client)
}

/// How a socket ended, as its carrier saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closed {
    /// With this code.
    Code(u16),
    /// Without a word.
    Dropped,
}

/// A carrier's socket.
pub(crate) struct Raw {
    socket: WebSocketStream<TcpStream>,
    chunk: u64,
}

impl Raw {
    /// Opens a socket with a token minted for it.
    pub(crate) async fn open(engine: &Engine) -> Self {
        use std::sync::atomic::{AtomicU32, Ordering};
        static MINTED: AtomicU32 = AtomicU32::new(0);
        let token = format!("raw-{}", MINTED.fetch_add(1, Ordering::Relaxed));
        engine.node.tokens.mint(token.clone());
        Self::connect(engine.media, Some(&token), None).await.expect("a socket with a good token")
    }

    /// Opens a socket; `window` bounds what may be on its way to us.
    ///
    /// # Errors
    /// The status it was refused with.
    pub(crate) async fn connect(
        address: SocketAddr,
        token: Option<&str>,
        window: Option<usize>,
    ) -> Result<Self, u16> {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        };
        let socket = socket.expect("a socket");
        if let Some(window) = window {
            SockRef::from(&socket).set_recv_buffer_size(window).expect("a smaller window");
        }
        let stream = socket.connect(address).await.expect("the engine listens");
        stream.set_nodelay(true).expect("a socket");
        let url = format!("ws://{address}/media/telnyx");
        let mut request = url.into_client_request().expect("an address");
        if let Some(token) = token {
            let value = token.parse().expect("a header's value");
            request.headers_mut().insert("x-telnyx-streaming-auth-token", value);
        }
        match timeout(SOON, client_async(request, stream)).await.expect("an answer") {
            Ok((socket, _)) => Ok(Self { socket, chunk: 0 }),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("neither let in nor refused: {error}"),
        }
    }

    /// Says `text`. An engine that has hung up already is none of our concern.
    pub(crate) async fn say(&mut self, text: impl Into<String>) {
        self.send(Message::text(text.into())).await;
    }

    /// Sends a message of any kind.
    pub(crate) async fn send(&mut self, message: Message) {
        // What comes of it shows in the engine's counters and in how the socket ends.
        let _ = timeout(SOON, self.socket.send(message)).await.expect("the engine reads");
    }

    /// Announces a µ-law call.
    pub(crate) async fn start(&mut self, to: &str, carrier_call: &str) {
        self.say(start(Some(to), carrier_call, "PCMU")).await;
    }

    /// Sends 20 ms of silence as the next chunk.
    pub(crate) async fn frame(&mut self) {
        self.sound(&[0xFF; 160]).await;
    }

    /// Sends so many frames of silence at their pace.
    pub(crate) async fn frames(&mut self, count: u32) {
        let mut pace = tokio::time::interval(Duration::from_millis(20));
        for _ in 0..count {
            pace.tick().await;
            self.frame().await;
        }
    }

    /// Sends 20 ms of µ-law sound as the next chunk.
    pub(crate) async fn sound(&mut self, payload: &[u8]) {
        self.chunk += 1;
        self.say(media_of(self.chunk, payload)).await;
    }

    /// Hangs up as carriers do.
    pub(crate) async fn stop(&mut self) {
        self.say(r#"{"event":"stop","stop":{"reason":"hangup"}}"#).await;
    }

    /// Hangs up and hears the engine out: a socket that goes with messages unread is reset, and may
    /// take the farewell along.
    pub(crate) async fn hang_up(mut self) {
        self.stop().await;
        self.closed().await;
    }

    /// Reads until the engine ends the socket.
    pub(crate) async fn closed(&mut self) -> Closed {
        self.closed_within(SOON).await
    }

    /// Reads until the engine ends the socket.
    pub(crate) async fn closed_within(&mut self, limit: Duration) -> Closed {
        let end = async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Close(Some(frame)))) => {
                        return Closed::Code(frame.code.into());
                    }
                    Some(Ok(Message::Close(None)) | Err(_)) | None => return Closed::Dropped,
                    Some(Ok(_)) => (),
                }
            }
        };
        timeout(limit, end).await.expect("the engine ends the socket")
    }

    /// Reads what the agent says next: the name of the event.
    pub(crate) async fn heard(&mut self) -> String {
        let message = timeout(SOON, self.socket.next()).await.expect("the agent speaks");
        let Some(Ok(Message::Text(text))) = message else { panic!("a message: {message:?}") };
        let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        json["event"].as_str().expect("an event").to_owned()
    }

    /// Takes in what of the agent's sound has arrived, byte by byte.
    pub(crate) fn hear(&mut self, sound: &mut Vec<u8>) {
        while let Some(Some(Ok(message))) = self.socket.next().now_or_never() {
            let Message::Text(text) = message else { continue };
            if let Ok(Command::Media { payload }) = decode_command(text.as_str()) {
                let mut bytes = Vec::new();
                payload.decode(&mut bytes).expect("base64");
                sound.extend_from_slice(&bytes);
            }
        }
    }

    /// Vanishes: the connection is reset, nobody says goodbye.
    pub(crate) fn vanish(self) {
        let stream = self.socket.get_ref();
        let gone = SockRef::from(stream).set_linger(Some(Duration::ZERO));
        gone.expect("a socket that can be reset");
    }
}

/// A `start` message.
pub(crate) fn start(to: Option<&str>, carrier_call: &str, encoding: &str) -> String {
    let rate = if encoding == "PCMU" || encoding == "PCMA" { 8_000 } else { 16_000 };
    let mut start = serde_json::json!({
        "event": "start",
        "sequence_number": "1",
        "stream_id": "stream-1",
        "start": {
            "call_control_id": carrier_call,
            "from": "+12125550199",
            "media_format": { "encoding": encoding, "sample_rate": rate, "channels": 1 },
        },
    });
    if let Some(to) = to {
        start["start"]["to"] = to.into();
    }
    start.to_string()
}

/// A `media` message of 20 ms of µ-law silence.
pub(crate) fn media(chunk: u64) -> String {
    media_of(chunk, &[0xFF; 160])
}

/// A `media` message of 20 ms of µ-law sound.
fn media_of(chunk: u64, payload: &[u8]) -> String {
    let mut text = Vec::new();
    let head = wire::telnyx::carrier::MediaHead {
        sequence: chunk + 1,
        stream_id: "stream-1",
        track: wire::telnyx::Track::Inbound,
        chunk,
        timestamp: chunk * 20,
    };
    wire::telnyx::carrier::encode_media(&head, payload, &mut text);
    String::from_utf8(text).expect("JSON")
}

//! An engine of a few lines: takes webhooks, gives commands, speaks on sockets.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::ws::{Message as WsMessage, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use wire::telnyx::command::{Action, Command, Method, Request, Stream, StreamCodec, StreamMode};
use wire::telnyx::reply::{Reply, ReplyError};
use wire::telnyx::signature::{PublicKey, SIGNATURE_HEADER, TIMESTAMP_HEADER, verify};
use wire::telnyx::webhook::{Direction, Event, decode};
use wire::telnyx::{Message, decode as decode_message, encode_media};

/// How the engine behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Takes webhooks and does nothing.
    Watches,
    /// Answers, streams, speaks for half a second at each `start`.
    Answers,
    /// As before, and closes the socket as soon as it has spoken.
    ClosesAfterSpeaking,
    /// As [`Manner::Answers`], and hangs up when a mark comes back.
    HangsUp,
}

/// One webhook that was believed.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) leg: String,
    pub(crate) client_state: Option<String>,
    pub(crate) attempt: u64,
}

/// One socket's beginning.
#[derive(Clone, Debug)]
pub(crate) struct Started {
    pub(crate) path_token: String,
    pub(crate) header_token: Option<String>,
    pub(crate) encoding: String,
    pub(crate) rate: u64,
    pub(crate) client_state: Option<String>,
    pub(crate) agent: Option<String>,
    pub(crate) stream_id: String,
}

#[derive(Default)]
struct Seen {
    told: Vec<Told>,
    refused: usize,
    started: Vec<Started>,
    messages: Vec<String>,
    documents: Vec<String>,
    forms: Vec<String>,
}

struct Inner {
    manner: Manner,
    address: SocketAddr,
    carrier: Mutex<Option<(String, PublicKey)>>,
    seen: Mutex<Seen>,
    acted: Mutex<HashSet<String>>,
    client: reqwest::Client,
    changed: watch::Sender<u64>,
    legs: Mutex<HashMap<String, mpsc::Sender<Vec<u8>>>>,
    document: Mutex<String>,
}

/// The engine, listening.
#[derive(Clone)]
pub(crate) struct Engine(Arc<Inner>);

impl Engine {
    pub(crate) async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let inner = Arc::new(Inner {
            manner,
            address: listener.local_addr().unwrap(),
            carrier: Mutex::default(),
            seen: Mutex::default(),
            acted: Mutex::default(),
            client: reqwest::Client::new(),
            changed: watch::channel(0).0,
            legs: Mutex::default(),
            document: Mutex::default(),
        });
        let router = Router::new()
            .route("/webhooks", post(webhook))
            .route("/texml", post(texml))
            .route("/status", post(status))
            .route("/media/{token}", get(media))
            .with_state(inner.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self(inner)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.0.address)
    }

    pub(crate) fn know(&self, api: String, key: PublicKey) {
        *self.0.carrier.lock().unwrap() = Some((api, key));
    }

    pub(crate) fn document(&self, text: String) {
        *self.0.document.lock().unwrap() = text;
    }

    pub(crate) fn media_url(&self, token: &str) -> String {
        format!("ws://{}/media/{token}", self.0.address)
    }

    pub(crate) fn told(&self) -> Vec<Told> {
        self.0.seen.lock().unwrap().told.clone()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.told().into_iter().map(|told| told.name).collect()
    }

    pub(crate) fn refused(&self) -> usize {
        self.0.seen.lock().unwrap().refused
    }

    pub(crate) fn started(&self) -> Vec<Started> {
        self.0.seen.lock().unwrap().started.clone()
    }

    pub(crate) fn forms(&self) -> Vec<String> {
        self.0.seen.lock().unwrap().forms.clone()
    }

    /// Messages of all sockets but media, in order.
    pub(crate) fn messages(&self) -> Vec<String> {
        self.0.seen.lock().unwrap().messages.clone()
    }

    /// Says something on the socket of `leg`, the newest one.
    pub(crate) async fn say(&self, leg: &str, text: &str) {
        let sender = self.0.legs.lock().unwrap().get(leg).cloned().unwrap();
        sender.send(text.as_bytes().to_vec()).await.unwrap();
    }

    /// Waits until `is_so` holds.
    pub(crate) async fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let mut changed = self.0.changed.subscribe();
        let waiting = async {
            while !is_so(self) {
                changed.changed().await.unwrap();
            }
        };
        let limit = std::time::Duration::from_secs(20);
        tokio::time::timeout(limit, waiting)
            .await
            .unwrap_or_else(|_| panic!("{what}; told: {:?}", self.names()));
    }

    /// Gives a command.
    pub(crate) async fn give(&self, request: &Request<'_>) -> Result<Reply<'static>, ReplyError> {
        self.0.give(request).await
    }
}

impl Inner {
    fn note(&self, write: impl FnOnce(&mut Seen)) {
        write(&mut self.seen.lock().unwrap());
        self.changed.send_modify(|n| *n += 1);
    }

    async fn give(&self, request: &Request<'_>) -> Result<Reply<'static>, ReplyError> {
        let (status, body) = self.raw(request, "KEY-fake-carrier").await;
        let body: &'static [u8] = Box::leak(body.into_boxed_slice());
        wire::telnyx::reply::decode(&request.command, status, body)
    }

    async fn raw(&self, request: &Request<'_>, key: &str) -> (u16, Vec<u8>) {
        let encoded = request.encode();
        let base = self.carrier.lock().unwrap().as_ref().unwrap().0.clone();
        let url = format!("{base}{}", encoded.path);
        let builder = match encoded.method {
            Method::Get => self.client.get(url),
            Method::Post => self.client.post(url),
            Method::Put => self.client.put(url),
        };
        let response = builder.bearer_auth(key).body(encoded.body).send().await.unwrap();
        (response.status().as_u16(), response.bytes().await.unwrap().to_vec())
    }

    /// The stream this engine asks for.
    fn stream(&self, token: &str) -> Stream<'static> {
        Stream {
            url: types::Pii::new(format!("ws://{}/media/{token}", self.address).into()),
            codec: Some(StreamCodec::Pcmu),
            mode: Some(StreamMode::Rtp),
            bidirectional_codec: Some(StreamCodec::Pcmu),
            auth_token: Some(types::Secret::new("one-shot".into())),
            custom_parameters: vec![wire::telnyx::Parameter {
                name: "agent".into(),
                value: types::Pii::new("a_42".into()),
            }],
            ..Stream::default()
        }
    }

    async fn act(self: Arc<Self>, name: String, leg: String) {
        if self.manner == Manner::Watches {
            return;
        }
        let action = match name.as_str() {
            "call.initiated" => Action::Answer(Box::default()),
            "call.answered" => Action::StreamingStart(Box::new(self.stream("t1"))),
            _ => return,
        };
        let id = format!("{leg}:{name}");
        let request = Request::act(leg.clone(), action)
            .with_command_id(id)
            .with_client_state(STANDARD.encode("mine"));
        let _ = self.give(&request).await;
    }
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn is_believed(inner: &Inner, headers: &HeaderMap, body: &[u8]) -> bool {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let key = inner.carrier.lock().unwrap().as_ref().unwrap().1;
    let (timestamp, signature) =
        (header(headers, TIMESTAMP_HEADER), header(headers, SIGNATURE_HEADER));
    verify(&[key], timestamp, body, signature, now.as_secs()).is_ok()
}

async fn webhook(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    if !is_believed(&inner, &headers, &body) {
        inner.note(|seen| seen.refused += 1);
        return StatusCode::UNAUTHORIZED;
    }
    let webhook = decode(&body).unwrap();
    let told = Told {
        id: webhook.id.to_string(),
        name: webhook.event.name().to_owned(),
        leg: webhook.leg.call_control_id.as_deref().unwrap_or_default().to_owned(),
        client_state: webhook.leg.client_state.as_ref().map(|s| s.reveal().to_string()),
        attempt: webhook.attempt,
    };
    let is_incoming = matches!(
        &webhook.event,
        Event::Initiated(initiated) if initiated.direction == Some(Direction::Incoming)
    );
    let (name, leg) = (told.name.clone(), told.leg.clone());
    let is_new = inner.acted.lock().unwrap().insert(told.id.clone());
    inner.note(|seen| seen.told.push(told));
    // A leg of its own, from a transfer, is not for the engine to answer.
    if is_new && (is_incoming || name != "call.initiated") {
        tokio::spawn(inner.act(name, leg));
    }
    StatusCode::OK
}

async fn texml(
    State(inner): State<Arc<Inner>>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    if !is_believed(&inner, &headers, &body) {
        return (StatusCode::UNAUTHORIZED, String::new());
    }
    let form = String::from_utf8(body.to_vec()).unwrap();
    inner.note(|seen| seen.documents.push(form));
    (StatusCode::OK, inner.document.lock().unwrap().clone())
}

async fn status(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    assert!(is_believed(&inner, &headers, &body), "forms are signed too");
    let form = String::from_utf8(body.to_vec()).unwrap();
    inner.note(|seen| seen.forms.push(form));
    StatusCode::OK
}

async fn media(
    State(inner): State<Arc<Inner>>,
    Path(token): Path<String>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let carried = header(&headers, "x-telnyx-streaming-auth-token").to_owned();
    upgrade.on_upgrade(move |socket| talk(inner, socket, token, carried))
}

/// Half a second of something loud, in µ-law.
fn greeting() -> String {
    let mut text = Vec::new();
    encode_media(&[0x10; 4_000], &mut text);
    String::from_utf8(text).unwrap()
}

async fn talk(inner: Arc<Inner>, mut socket: WebSocket, token: String, carried: String) {
    let (sender, mut orders) = mpsc::channel::<Vec<u8>>(16);
    loop {
        let message = tokio::select! {
            order = orders.recv() => {
                let text = String::from_utf8(order.unwrap()).unwrap();
                socket.send(WsMessage::text(text)).await.unwrap();
                continue;
            }
            message = socket.recv() => message,
        };
        let Some(Ok(WsMessage::Text(text))) = message else {
            inner.note(|seen| seen.messages.push("socket over".into()));
            return;
        };
        match decode_message(&text).unwrap() {
            Message::Start(start) => {
                let leg = start.call_control_id.clone().unwrap().to_string();
                inner.legs.lock().unwrap().insert(leg, sender.clone());
                let started = Started {
                    path_token: token.clone(),
                    header_token: (!carried.is_empty()).then(|| carried.clone()),
                    encoding: start.media_format.encoding.as_deref().unwrap().to_owned(),
                    rate: start.media_format.sample_rate.unwrap(),
                    client_state: start.client_state.as_ref().map(|s| s.reveal().to_string()),
                    agent: start.parameter("agent").map(|agent| agent.reveal().to_string()),
                    stream_id: start.stream_id.as_deref().unwrap().to_owned(),
                };
                inner.note(|seen| seen.started.push(started));
                if socket.send(WsMessage::text(greeting())).await.is_err() {
                    return;
                }
                let mark = r#"{"event":"mark","mark":{"name":"greeting"}}"#;
                socket.send(WsMessage::text(mark)).await.unwrap();
                if inner.manner == Manner::ClosesAfterSpeaking {
                    let _ = socket.send(WsMessage::Close(None)).await;
                }
            }
            Message::Media(_) => {
                let count = inner.seen.lock().unwrap().messages.len();
                if count == 0 {
                    inner.note(|seen| seen.messages.push("media".into()));
                }
            }
            Message::Mark(_) if inner.manner == Manner::HangsUp => {
                let leg = inner.legs.lock().unwrap().keys().next().unwrap().clone();
                let inner = inner.clone();
                tokio::spawn(async move {
                    let _ = inner.give(&Request::act(leg, Action::Hangup)).await;
                });
            }
            Message::Connected(_)
            | Message::Dtmf(_)
            | Message::Mark(_)
            | Message::Error(_)
            | Message::Stop(_)
            | Message::Unknown { .. } => {
                let text = text.to_string();
                inner.note(|seen| seen.messages.push(text));
            }
        }
    }
}

/// A question about a leg.
pub(crate) fn call_state(leg: &str) -> Request<'static> {
    Request::new(Command::GetCall { call_control_id: leg.to_owned().into() })
}

impl Engine {
    /// The status of a command with another key.
    pub(crate) async fn give_with_key(&self, request: &Request<'_>, key: &str) -> u16 {
        self.0.raw(request, key).await.0
    }

    /// The stream this engine asks for.
    pub(crate) fn stream(&self, token: &str) -> Stream<'static> {
        self.0.stream(token)
    }
}
